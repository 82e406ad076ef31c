"""Recordings that no recorded Asterisk shows, for want of media: when the frames of a caller end them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from stasis_sim.handoff.effects import RESPONSE
from stasis_sim.handoff.profiles import PROFILES, Profile
from stasis_sim.handoff.stimuli import Call, Hangup, Vanish

if TYPE_CHECKING:
    from tests.handoff.conftest import Asterisk

LIVE = "/recordings/live/r1"


def recorded(asterisk: Asterisk, media_us: int | None = 0, **query: str) -> None:
    """A SIP caller, with media or not, is answered and recorded from 0.3 s on."""
    asterisk.open("A", "Intro-IVR")
    asterisk.run(0.3)
    asterisk.step(Call("c1", "ivr", "default", {}, kind="sip", media_us=media_us))
    asterisk.rest("POST", "/channels/c1/answer")
    status, body = asterisk.rest("POST", "/channels/c1/record", name="r1", format="wav", **query)
    assert (status, body["state"]) == (201, "queued")


def lasts(asterisk: Asterisk) -> float:
    """How long the recording goes on from now, in seconds, to the hundredth; at most 20."""
    begun = asterisk.now
    while asterisk.rest("GET", LIVE)[0] == 200 and asterisk.now < begun + 20_000_000:
        asterisk.run(0.01)
    return (asterisk.now - begun) / 1_000_000


def test_a_limit_counts_the_seconds_that_the_clock_begins(asterisk: Asterisk) -> None:
    """A recording with a limit of 2 s that begins at 0.3 s ends at 3.0 s (measured on both versions)."""
    recorded(asterisk, maxDurationSeconds="2")
    assert lasts(asterisk) == 2.7
    assert asterisk.types(asterisk.log)[-1] == "RecordingFinished"


def test_silence_ends_a_recording(asterisk: Asterisk) -> None:
    """A caller with media is silent: after maxSilenceSeconds it is over (measured on both versions)."""
    recorded(asterisk, maxSilenceSeconds="3")
    assert lasts(asterisk) == 3.0


def test_media_keeps_a_recording_going(asterisk: Asterisk) -> None:
    """A caller with media is recorded until somebody ends it; one who is gone without a word, for four seconds more."""
    recorded(asterisk)
    assert lasts(asterisk) >= 20
    asterisk.step(Vanish("c1"))
    assert lasts(asterisk) == 4.0


def test_media_may_come_late(asterisk: Asterisk) -> None:
    """A recording goes on if the first frame comes within four seconds of its beginning, and ends before that if not.

    What has begun before there are frames is limited by the first of them.
    """
    recorded(asterisk, media_us=3_000_000, maxDurationSeconds="1")
    assert lasts(asterisk) == 3.0


def test_media_that_comes_too_late(asterisk: Asterisk) -> None:
    """Four seconds without a frame end a recording, although media comes after that."""
    recorded(asterisk, media_us=5_000_000)
    assert lasts(asterisk) == 4.0


@pytest.mark.parametrize("profile", list(PROFILES.values()), ids=list(PROFILES))
def test_recording_answers_and_waits_for_media(make: Callable[..., Asterisk], profile: Profile) -> None:
    """A caller who is not up is answered, and the recording begins with his media, or half a second later."""
    asterisk = make(profile)
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    asterisk.rest("POST", "/channels/c1/record", name="r1", format="wav")
    asterisk.run(0.45)
    assert asterisk.types(asterisk.log)[-1] == "ChannelStateChange"
    asterisk.run(0.1)
    assert asterisk.types(asterisk.log)[-1] == "RecordingStarted"


def test_a_key_ends_the_wait_for_media(asterisk: Asterisk) -> None:
    """A key begins the recording with its beginning and may end it with its end, 100 ms later (measured on both)."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    asterisk.rest("POST", "/channels/c1/record", name="r1", format="wav", terminateOn="any")
    asterisk.run(0.2)
    assert asterisk.types(asterisk.key("c1", "5")) == ["ChannelDtmfReceived", "RecordingStarted"]
    assert asterisk.types(asterisk.run(0.09)) == []
    assert asterisk.types(asterisk.run(0.02)) == ["RecordingFinished"]


def test_a_caller_who_is_gone_leaves_his_recording(asterisk: Asterisk) -> None:
    """The hangup ends a recording, which stays as a file; a restart loses what is recorded now, but no file."""
    recorded(asterisk)
    effects = asterisk.step(Hangup("c1"))
    assert [type_ for type_ in asterisk.types(effects) if type_ != "ChannelVarset"] == [
        "ChannelHangupRequest",
        "RecordingFinished",
        "StasisEnd",
    ]
    assert asterisk.rest("GET", "/recordings/stored") == (200, [{"name": "r1", "format": "wav"}])


def test_what_was_made_is_told_where_it_is(asterisk: Asterisk) -> None:
    """Location begins with /ari; of a recording's name what is no part of a path is escaped (measured on both)."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    asterisk.rest("POST", "/channels/c1/record", name="d/a b", format="ulaw")
    asterisk.rest("POST", "/channels/c1/play", media="sound:hello", playbackId="p1")
    told = [dict(headers).get("Location") for _, _, _, headers, _ in asterisk.of(asterisk.log, RESPONSE)]
    assert told[1:] == ["/ari/recordings/live/d%2Fa%20b", "/ari/playbacks/p1"]


def test_the_file_itself_is_not_modelled(asterisk: Asterisk) -> None:
    """GET file of one that is there is 501, of one that is not 404."""
    recorded(asterisk)
    assert asterisk.rest("GET", "/recordings/stored/r1/file")[0] == 501
    assert asterisk.rest("GET", "/recordings/stored/r2/file")[0] == 404
