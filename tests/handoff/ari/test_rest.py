"""ARI's resources: what is answered, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from stasis_sim.handoff.effects import ENDED, LEFT, RESPONSE, SEND, STASIS, STEP
from stasis_sim.handoff.profiles import ASTERISK_16, PROFILES, Profile
from stasis_sim.handoff.stimuli import Hangup

if TYPE_CHECKING:
    from tests.handoff.conftest import Asterisk

COMMANDS = (
    "answer",
    "continue",
    "ring",
    "hold",
    "mute",
    "moh",
    "silence",
    "dtmf",
    "move",
    "play",
    "redirect",
    "variable",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_need_a_channel_inside(asterisk: Asterisk, command: str) -> None:
    """A channel that is not inside is 409, one that is not there 404 (rest-on-outsiders)."""
    asterisk.call("c1", "wait")
    query = {"variable": "A"} if command == "variable" else {}
    assert asterisk.rest("POST", f"/channels/c1/{command}", None, "asterisk", **query) == (
        409,
        {"message": "Channel not in Stasis application"},
    )
    assert asterisk.rest("POST", f"/channels/c9/{command}", None, "asterisk", **query) == (
        404,
        {"message": "Channel not found"},
    )


@pytest.mark.parametrize("profile", list(PROFILES.values()), ids=list(PROFILES))
def test_an_inactive_application_never_blocks_rest(make: Callable[..., Asterisk], profile: Profile) -> None:
    """A channel whose application has no connection can be answered, sent on and hung up (twice-drop-between)."""
    asterisk = make(profile)
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    asterisk.call("c2")
    asterisk.close("A")
    assert asterisk.rest("POST", "/channels/c1/answer") == (204, None)
    assert asterisk.rest("POST", "/channels/c1/continue") == (204, None)
    assert asterisk.rest("DELETE", "/channels/c2") == (204, None)
    assert [how for _, _, how in asterisk.of(asterisk.log, LEFT)] == ["continue", "delete"]


def test_parameters_that_are_wrong(asterisk: Asterisk) -> None:
    """Each command says what it misses (command-errors)."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    for path, query, status, text in (
        ("variable", {}, 400, "Variable name is required"),
        ("mute", {}, 400, "Direction is required"),
        ("mute", {"direction": "x"}, 400, "Invalid direction specified"),
        ("dtmf", {}, 400, "DTMF is required"),
        ("redirect", {}, 400, "Required parameter 'endpoint' not provided."),
        ("redirect", {"endpoint": "SIP/x"}, 422, "Endpoint technology 'SIP' does not match channel technology 'Local'"),
        ("continue", {"label": "nothing"}, 404, "Requested label can not be found"),
        ("continue", {"label": "0"}, 400, "Requested priority is illegal"),
        ("play", {"media": "sound:x", "skipms": "-1"}, 400, "skipms cannot be negative"),
        ("play", {}, 500, "Failed to queue media for playback"),
    ):
        found = asterisk.rest("POST", f"/channels/c1/{path}", None, "asterisk", **query)
        assert found == (status, {"message": text})


def test_a_body_wins_over_the_query(asterisk: Asterisk) -> None:
    """What the JSON body says counts where both say something."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    asterisk.rest("POST", "/channels/c1/variable", {"variable": "F", "value": "1"}, variable="G", value="2")
    assert asterisk.rest("GET", "/channels/c1/variable", variable="F") == (200, {"value": "1"})
    assert asterisk.rest("GET", "/channels/c1/variable", variable="G")[0] == 404


def test_media_keeps_the_channel_busy(asterisk: Asterisk) -> None:
    """Commands wait until a playback is over, and one that Asterisk waits for keeps its requester waiting."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    status, playback = asterisk.rest("POST", "/channels/c1/play/p1", media="sound:hello,sound:nobody")
    assert (status, playback["state"], playback["next_media_uri"]) == (201, "queued", "sound:nobody")
    assert asterisk.rest("POST", "/channels/c1/answer") == (0, None)
    assert asterisk.rest("POST", "/channels/c1/continue") == (204, None)
    assert asterisk.of(asterisk.log, LEFT) == []
    effects = asterisk.run(1)
    assert asterisk.types(effects) == [
        "PlaybackContinuing",
        "PlaybackStarted",
        "PlaybackFinished",
        "ChannelStateChange",
        "StasisEnd",
    ]
    assert [status for _, status, *_ in asterisk.of(effects, RESPONSE)] == [204]
    assert asterisk.of(effects, STEP)


def test_what_waits_behind_a_busy_command_is_carried_out_before_the_channel_leaves(asterisk: Asterisk) -> None:
    """A sound that was queued behind `continue` is played to its end first (measured with a sound that is there)."""
    asterisk.open("W", "Intro-IVR")
    asterisk.call("c1")
    asterisk.rest("POST", "/channels/c1/dtmf", dtmf="1")
    asterisk.rest("POST", "/channels/c1/continue")
    asterisk.rest("POST", "/channels/c1/play/p1", media="sound:hello")
    assert asterisk.types(asterisk.run(0.4)) == ["PlaybackStarted"]
    assert asterisk.types(asterisk.run(0.8)) == []
    assert asterisk.types(asterisk.run(0.3)) == ["PlaybackFinished", "StasisEnd"]


def test_what_can_be_done_to_a_playback_hangs_on_its_state(asterisk: Asterisk) -> None:
    """One that is paused may be paused again or go on; nothing else (measured with a sound that is there)."""
    asterisk.open("W", "Intro-IVR")
    asterisk.call("c1")
    asterisk.rest("POST", "/channels/c1/play/p1", media="sound:hello")

    def answers(*operations: str) -> list[int]:
        return [asterisk.rest("POST", "/playbacks/p1/control", operation=one)[0] for one in operations]

    assert answers("unpause", "forward", "reverse", "restart", "pause") == [204] * 5
    assert answers("pause", "restart", "reverse", "forward") == [204, 409, 409, 409]
    assert answers("unpause", "restart") == [204, 204]


def test_a_hangup_ends_a_playback(asterisk: Asterisk) -> None:
    """The playback fails and the channel leaves; who waited for an answer is told that it failed."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    asterisk.rest("POST", "/channels/c1/play", media="sound:hello")
    asterisk.rest("POST", "/channels/c1/answer")
    effects = asterisk.hangup("c1")
    assert asterisk.types(effects) == ["ChannelHangupRequest", "PlaybackFinished", "StasisEnd"]
    assert [status for _, status, *_ in asterisk.of(effects, RESPONSE)] == [500]


def test_a_playback_can_be_stopped_and_paused(asterisk: Asterisk) -> None:
    """DELETE ends it, pause holds it; one that is over is not found."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    asterisk.rest("POST", "/channels/c1/play/p1", media="sound:hello")
    assert asterisk.rest("POST", "/playbacks/p1/control", operation="pause")[0] == 204
    assert asterisk.types(asterisk.run(5)) == []
    assert asterisk.rest("GET", "/playbacks/p1")[1]["state"] == "paused"
    asterisk.rest("POST", "/playbacks/p1/control", operation="unpause")
    assert asterisk.types(asterisk.run(0.9)) == []
    assert asterisk.rest("DELETE", "/playbacks/p1")[0] == 204
    assert asterisk.types(asterisk.log)[-1] == "PlaybackFinished"
    assert asterisk.rest("DELETE", "/playbacks/p1") == (404, {"message": "Playback not found"})


def test_a_read_only_user_looks_only(asterisk: Asterisk) -> None:
    """GET is served, anything else is 403 (read-only)."""
    asterisk.call("c1", "wait")
    assert asterisk.rest("GET", "/channels/c1", None, "viewer")[0] == 200
    assert asterisk.rest("DELETE", "/channels/c1", None, "viewer") == (403, {"message": "Write access denied"})


def test_a_short_cut_checks_as_much(make: Callable[..., Asterisk]) -> None:
    """Commands that are let in by memory are let in for the same user only."""
    asterisk = make(bodies=False)
    asterisk.open("A", "Intro-IVR")
    for channel in ("c1", "c2"):
        asterisk.call(channel)
    assert asterisk.rest("POST", "/channels/c1/answer")[0] == 204
    assert asterisk.rest("POST", "/channels/c2/answer")[0] == 204
    assert asterisk.rest("POST", "/channels/c2/answer", None, "viewer")[0] == 403
    assert asterisk.rest("POST", "/channels/c2/answer", None, "nobody")[0] == 401
    # Asterisk's oddity: this is POST /channels/{channelId}, which wants an endpoint.
    assert asterisk.rest("POST", "/channels/externalMedia/answer")[0] == 400


def test_what_is_not_modelled(asterisk: Asterisk) -> None:
    """A resource that Asterisk has and the model has not says so."""
    assert asterisk.rest("GET", "/mailboxes")[0] == 501


def test_originate_with_an_application(asterisk: Asterisk) -> None:
    """Both halves are subscribed to; when the dialplan answers `;1` enters, and they end together (originate-app)."""
    asterisk.open("A", "Intro-IVR")
    query = {"endpoint": "Local/answer@default", "app": "Intro-IVR", "appArgs": "x", "otherChannelId": "o2"}
    status, channel = asterisk.rest("POST", "/channels/o1", None, "asterisk", **query)
    assert (status, channel["state"], channel["name"]) == (200, "Down", "Local/answer@default-00000000;1")
    assert asterisk.of(asterisk.log, STASIS) == [("o1", "Intro-IVR", ("x",), "entered", "")]
    assert asterisk.rest("GET", "/applications/Intro-IVR")[1]["channel_ids"] == ["o1", "o2"]
    asterisk.rest("DELETE", "/channels/o1")
    assert [channel for channel, *_ in asterisk.of(asterisk.log, ENDED)] == ["o1", "o2"]


def test_originate_that_cannot_be(asterisk: Asterisk) -> None:
    """What is wrong is said (originate-continue)."""
    for query, status, text in (
        ({"app": "X"}, 400, "Endpoint must be specified"),
        ({"endpoint": "Local", "app": "X"}, 400, "Invalid endpoint specified"),
        ({"endpoint": "Local/wait@default"}, 400, "Application or extension must be specified"),
        ({"endpoint": "Local/wait@default", "extension": "ivr", "label": "x"}, 404, "Requested label can not be found"),
    ):
        assert asterisk.rest("POST", "/channels", None, "asterisk", **query) == (status, {"message": text})
    assert asterisk.rest("POST", "/channels", endpoint="SIP/x", app="X") == (500, {"error": "Allocation failed"})


def test_nobody_answers_an_originate(make: Callable[..., Asterisk]) -> None:
    """After the timeout both halves end (originate-unanswered)."""
    asterisk = make(ASTERISK_16)
    asterisk.rest("POST", "/channels/o1", endpoint="Local/wait@default", extension="ivr", timeout="1")
    assert len(asterisk.rest("GET", "/channels")[1]) == 2
    asterisk.run(1)
    assert asterisk.rest("GET", "/channels") == (200, [])


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        *((cause, "NOANSWER") for cause in (1, 2, 16, 18, 19, 21, 22, 27, 38, 41, 42, 44, 50, 58, 66, 88, 127)),
        *((cause, "CHANUNAVAIL") for cause in (3, 20)),
        (17, "BUSY"),
        (34, "CONGESTION"),
    ],
)
def test_a_dial_event_says_why_an_originate_ended(asterisk: Asterisk, cause: int, status: str) -> None:
    """The cause of the half that ran the dialplan decides; both versions were asked for all causes up to 129."""
    asterisk.open("A", "Watcher", subscribeAll="true")
    asterisk.rest("POST", "/channels/o1", endpoint="Local/wait@default", extension="ivr", otherChannelId="o2")
    asterisk.step(Hangup("o2", cause))
    told = [body for *_, body in asterisk.of(asterisk.log, SEND) if body["type"] == "Dial"]
    assert [(body["dialstatus"], body["dialstring"], body["peer"]["id"]) for body in told] == [
        ("", "wait@default", "o1"),
        (status, "wait@default", "o1"),
    ]


def test_an_originate_that_is_deleted_is_not_waited_for(asterisk: Asterisk) -> None:
    """Nothing happens when the time to answer would be over: the call is not there any more."""
    asterisk.rest("POST", "/channels/o1", endpoint="Local/wait@default", extension="ivr", timeout="1")
    asterisk.rest("DELETE", "/channels/o1")
    assert asterisk.rest("GET", "/channels") == (200, [])
    assert asterisk.run(2) == []


def test_variables_wait_or_not(make: Callable[..., Asterisk], asterisk: Asterisk) -> None:
    """22 answers when the variable is set, 16 before (busy-variable)."""
    for one, status in ((asterisk, 0), (make(ASTERISK_16), 204)):
        one.open("A", "Intro-IVR")
        one.call("c1")
        one.rest("POST", "/channels/c1/dtmf", dtmf="12")
        assert one.rest("POST", "/channels/c1/variable", variable="A", value="1")[0] == status
        assert one.types(one.run(1)) == ["ChannelVarset"]
