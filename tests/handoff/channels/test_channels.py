"""Channels: what they publish, and their way in, through and out of Stasis."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from stasis_sim.handoff.effects import ENDED, LEFT, SEND, STASIS, STEP
from stasis_sim.handoff.profiles import ASTERISK_16, ASTERISK_22
from stasis_sim.handoff.stimuli import Call, Hangup

if TYPE_CHECKING:
    from tests.handoff.conftest import Asterisk


def bodies(asterisk: Asterisk) -> list[dict[str, Any]]:
    """The bodies of all messages sent so far."""
    return [effect[5] for effect in asterisk.of(asterisk.log, SEND)]


def test_a_watcher_sees_a_whole_life(asterisk: Asterisk) -> None:
    """Who hears of everything hears of the channel from its creation to its end (subscribe-all)."""
    asterisk.open("A", "Watcher", subscribeAll="true")
    asterisk.call("c1")
    assert asterisk.types(asterisk.log) == [
        "ChannelCreated",
        "ChannelDialplan",
        "ChannelDialplan",
        "ChannelVarset",
        "ChannelVarset",
        "ChannelDialplan",
        "ChannelDialplan",
        "ChannelHangupRequest",
        "ChannelDialplan",
        "ChannelDestroyed",
    ]
    assert bodies(asterisk)[-1]["cause_txt"] == "Normal Clearing"


def test_its_own_application_hears_of_the_stay_only(asterisk: Asterisk) -> None:
    """An application hears of its channel from StasisStart to StasisEnd."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    asterisk.rest("POST", "/channels/c1/answer")
    asterisk.rest("POST", "/channels/c1/answer")
    asterisk.rest("POST", "/channels/c1/continue")
    assert asterisk.types(asterisk.log) == ["StasisStart", "ChannelStateChange", "StasisEnd"]


@pytest.mark.parametrize(("profile", "place"), [(ASTERISK_16, ("h", 0)), (ASTERISK_22, ("ivr", 2))])
def test_where_stasis_end_shows_the_channel(
    make: Callable[..., Asterisk], profile: Any, place: tuple[str, int]
) -> None:
    """16 shows it where `continue` has sent it, less one; 22 where it was (continue-elsewhere)."""
    asterisk = make(profile)
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    asterisk.rest("POST", "/channels/c1/continue", extension="h")
    shown = bodies(asterisk)[-1]["channel"]["dialplan"]
    assert (shown["exten"], shown["priority"]) == place


def test_a_move_is_a_leave_and_an_entry(asterisk: Asterisk) -> None:
    """A move ends the stay with one application and begins one with the other (move)."""
    asterisk.open("A", "Intro-IVR")
    asterisk.open("B", "Super-Conference")
    asterisk.call("c1")
    asterisk.rest("POST", "/channels/c1/move", app="Super-Conference", appArgs="x,y")
    assert asterisk.of(asterisk.log, LEFT) == [("c1", "Intro-IVR", "move")]
    assert asterisk.of(asterisk.log, STASIS)[-1] == ("c1", "Super-Conference", ("x", "y"), "entered", "")


def test_a_move_to_nobody_fails(asterisk: Asterisk) -> None:
    """It leaves the channel where it is and tells its application (move-unknown)."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    assert asterisk.rest("POST", "/channels/c1/move", app="Nobody") == (204, None)
    assert asterisk.types(asterisk.log)[-1] == "ApplicationMoveFailed"
    assert asterisk.of(asterisk.log, LEFT) == []


def test_delete_gives_the_cause(asterisk: Asterisk) -> None:
    """DELETE's reason is what `h` sees and the channel ends with; the event says 32 (delete-reasons)."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    asterisk.rest("DELETE", "/channels/c1", reason="busy")
    assert bodies(asterisk)[1]["cause"] == 32
    assert asterisk.of(asterisk.log, STEP)[-1][5] == "h SUCCESS 17"
    assert asterisk.of(asterisk.log, ENDED) == [("c1", 17, None)]


def test_delete_outside(asterisk: Asterisk) -> None:
    """DELETE works on a channel that is not inside (rest-on-outsiders)."""
    asterisk.call("c1", "wait")
    assert asterisk.rest("DELETE", "/channels/c1") == (204, None)
    assert asterisk.of(asterisk.log, ENDED) == [("c1", 16, None)]


def test_a_broadcast_goes_to_whoever_claims_first(asterisk: Asterisk) -> None:
    """All that match are asked; the first claim wins, later ones conflict, after the end it is unknown."""
    asterisk.open("A", "Intro-IVR")
    asterisk.open("B", "Super-Conference")
    assert asterisk.types(asterisk.call("c1", "offer")) == ["CallBroadcast"]
    claim = {"channelId": "c1", "application": "Intro-IVR"}
    assert asterisk.rest("POST", "/events/claim", None, "asterisk", **claim)[0] == 204
    assert asterisk.of(asterisk.log, STASIS) == [
        ("c1", "", ("a", "b"), "in_progress", ""),
        ("c1", "Intro-IVR", ("a", "b"), "entered", ""),
    ]
    assert asterisk.rest("POST", "/events/claim", None, "asterisk", **claim)[0] == 409
    asterisk.rest("POST", "/channels/c1/continue")
    assert asterisk.rest("POST", "/events/claim", None, "asterisk", **claim)[0] == 404


def test_a_broadcast_that_nobody_claims(asterisk: Asterisk) -> None:
    """After the timeout the dialplan goes on (broadcast-unclaimed)."""
    asterisk.call("c1", "offer")
    effects = asterisk.run(1)
    assert asterisk.of(effects, STASIS) == [("c1", "", ("a", "b"), "ejected", "claim_timeout")]
    assert asterisk.of(effects, STEP)[0][5] == "TIMEOUT"


def test_a_broadcast_whose_caller_hangs_up(asterisk: Asterisk) -> None:
    """The offer ends, and the cause of the hangup has not been read."""
    asterisk.call("c1", "offer")
    asterisk.hangup("c1")
    assert asterisk.of(asterisk.log, ENDED) == [("c1", 0, None)]
    assert asterisk.rest("POST", "/events/claim", channelId="c1", application="X")[0] == 404


def sip_hangup(asterisk: Asterisk, *, answered: bool) -> tuple[list[str], int]:
    """What an application hears when a SIP caller hangs up, and the cause at the end."""
    asterisk.open("A", "Intro-IVR")
    asterisk.step(Call("s1", "ivr", "default", {}, "", "sip"))
    if answered:
        asterisk.rest("POST", "/channels/s1/answer")
    effects = asterisk.step(Hangup("s1"))
    return asterisk.types(effects), asterisk.of(effects, ENDED)[0][1]


def test_a_sip_caller_hangs_up(make: Callable[..., Asterisk]) -> None:
    """22 tells of the quality of the media first and of no cause; before the answer a CANCEL is 127."""
    quality = ["ChannelVarset"] * 5
    told = ["ChannelHangupRequest", "StasisEnd"]
    assert sip_hangup(make(ASTERISK_22), answered=True) == (quality + told, 0)
    assert sip_hangup(make(ASTERISK_16), answered=True) == (told, 16)
    assert sip_hangup(make(ASTERISK_22), answered=False) == (told, 127)
    assert sip_hangup(make(ASTERISK_16), answered=False) == (told, 127)


def test_a_sip_call_to_nowhere_never_was(asterisk: Asterisk) -> None:
    """An INVITE for an extension that does not exist makes no channel."""
    asterisk.open("A", "Watcher", subscribeAll="true")
    effects = asterisk.step(Call("s1", "nowhere", "default", {}, "", "sip"))
    assert effects == [(ENDED, "s1", 1, "404 Not Found")]


def test_variables_of_a_call(asterisk: Asterisk) -> None:
    """A call's variables are told last ones first, as a Local channel copies them."""
    asterisk.open("A", "Watcher", subscribeAll="true")
    asterisk.call("c1", "wait", AA="1", __BB="2")
    found = [(body["variable"], body["value"]) for body in bodies(asterisk) if body["type"] == "ChannelVarset"]
    assert found == [("__BB", "2"), ("AA", "1")]
    assert asterisk.rest("GET", "/channels/c1/variable", variable="BB") == (200, {"value": "2"})
