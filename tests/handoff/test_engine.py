"""The engine as a whole: stories of one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from stasis_sim.handoff.effects import ENDED, LEFT, RESPONSE, SEND, STASIS, STEP, TIMER
from stasis_sim.handoff.profiles import PROFILES, Profile
from stasis_sim.handoff.stimuli import Call, Closed, Hangup, Restart, Start, Timer

if TYPE_CHECKING:
    from tests.handoff.conftest import Asterisk

ALL = pytest.mark.parametrize("profile", list(PROFILES.values()), ids=list(PROFILES))


@ALL
def test_an_ordinary_call(make: Callable[..., Asterisk], profile: Profile) -> None:
    """A call is handed over, answered and sent on, and its effects come in the order of happening."""
    asterisk = make(profile)
    assert asterisk.open("A", "Intro-IVR") == 101
    entered = asterisk.call("c1")
    assert [effect[0] for effect in entered] == [STEP, STEP, STASIS, SEND]
    assert entered[2] == (STASIS, "c1", "Intro-IVR", (), "entered", "")
    assert asterisk.rest("POST", "/channels/c1/answer") == (204, None)
    left = asterisk.step(Hangup("nobody"))
    assert left == []
    assert asterisk.rest("POST", "/channels/c1/continue") == (204, None)
    kinds = [effect[0] for effect in asterisk.log[-6:]]
    assert kinds == [SEND, LEFT, STEP, STEP, STEP, ENDED]
    assert asterisk.log[-1] == (ENDED, "c1", 16, None)


@ALL
def test_a_caller_hangs_up_inside(make: Callable[..., Asterisk], profile: Profile) -> None:
    """The application hears ChannelHangupRequest and StasisEnd, and `h` sees that Stasis was a success."""
    asterisk = make(profile)
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    effects = asterisk.hangup("c1")
    assert asterisk.types(effects) == ["ChannelHangupRequest", "StasisEnd"]
    assert asterisk.of(effects, STEP)[0][5] == "h SUCCESS 16"
    assert asterisk.of(effects, LEFT) == [("c1", "Intro-IVR", "hangup")]


@ALL
def test_keys_of_a_long_answer_that_got_stuck_are_not_read_by_entering(
    make: Callable[..., Asterisk], profile: Profile
) -> None:
    """Wait() has read the beginning of the first; only another frame, here a key, brings the ends of all."""
    asterisk = make(profile)
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1", "long")
    asterisk.key("c1", "1")
    asterisk.key("c1", "2")
    assert asterisk.types(asterisk.run(2)) == ["StasisStart"]
    assert asterisk.types(asterisk.key("c1", "3")) == ["ChannelDtmfReceived"] * 3


@ALL
def test_without_bodies_the_effects_are_the_same(make: Callable[..., Asterisk], profile: Profile) -> None:
    """Leaving bodies out changes nothing but the bodies."""
    runs = []
    for bodies in (True, False):
        asterisk = make(profile, bodies=bodies)
        asterisk.open("A", "Intro-IVR")
        asterisk.open("B", "Watcher", subscribeAll="true")
        asterisk.call("c1")
        asterisk.rest("POST", "/channels/c1/answer")
        asterisk.key("c1", "1")
        asterisk.rest("POST", "/channels/c1/continue")
        runs.append([effect if effect[0] != RESPONSE else effect[:4] for effect in asterisk.log])
    with_bodies, without = runs
    assert len(with_bodies) == len(without)
    for one, other in zip(with_bodies, without, strict=True):
        assert one[:6] == other[:6]
        if one[0] == SEND:
            assert one[6]["type"] == one[4]
            assert other[6] is None


def test_a_stale_timer_is_ignored(asterisk: Asterisk) -> None:
    """A timer whose wait is over, or that nobody asked for, does nothing."""
    effects = asterisk.call("c1", "wait")
    serial = asterisk.of(effects, TIMER)[0][0]
    asterisk.hangup("c1")
    assert asterisk.step(Timer(serial)) == []
    assert asterisk.step(Timer(999)) == []


def test_what_is_nobodys_is_ignored(asterisk: Asterisk) -> None:
    """Stimuli for channels and sessions that are not there do nothing, nor does a second call by the same name."""
    asterisk.call("c1", "wait")
    assert asterisk.step(Call("c1", "ivr", "default", {})) == []
    assert asterisk.step(Closed("nobody")) == []
    assert asterisk.key("nobody", "1") == []
    assert asterisk.step(Start()) == []


def test_nobody_can_be_called(asterisk: Asterisk) -> None:
    """A call to an extension that does not exist ends at once, without a dialplan step."""
    effects = asterisk.call("c1", "nowhere")
    assert [effect[0] for effect in effects] == [ENDED]


def test_a_restart_forgets_everything(asterisk: Asterisk) -> None:
    """After a restart there are no channels and no applications, and a call is ejected as forgotten."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    effects = asterisk.step(Restart())
    assert asterisk.of(effects, LEFT) == [("c1", "Intro-IVR", "restart")]
    assert asterisk.of(effects, ENDED) == [("c1", 0, None)]
    assert asterisk.of(asterisk.call("c2"), STASIS) == [("c2", "Intro-IVR", (), "ejected", "forgotten")]
    assert asterisk.rest("GET", "/channels") == (200, [])
    assert asterisk.rest("GET", "/applications") == (200, [])


def test_reasons_of_an_ejection(asterisk: Asterisk) -> None:
    """A name that never was, one that is inactive and one that is forgotten are told apart."""
    assert asterisk.of(asterisk.call("c1"), STASIS)[0][4] == "never_registered"
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c2")
    asterisk.close("A")
    assert asterisk.of(asterisk.call("c3"), STASIS)[0][4] == "not_active"
    asterisk.hangup("c2")
    assert asterisk.of(asterisk.call("c4"), STASIS)[0][4] == "forgotten"


def test_the_clock_stands_in_the_timers(asterisk: Asterisk) -> None:
    """A wait in the dialplan is a timer of so many microseconds that names the channel."""
    assert asterisk.of(asterisk.call("c1", "wait"), TIMER) == [(1, 60_000_000, "c1", True)]
