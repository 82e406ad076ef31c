"""The sequence chart for the terminal."""

from __future__ import annotations

from stasis_sim.report.sequence import MOST, WIDTH, chart
from tests.report.two_calls import long_story, story

CHART = """\
Outage 2 of Intro-IVR in replication 1: torn at 0:10.000, away for 5.018 s; 1 attempt ejected, 1
event missed or lost, 1 call orphaned. Told of: call 1, inside when it began (served); call 2,
ejected in it (fallback).

            caller
            │      dialplan
            │      │      Stasis
            │      │      │      ivr
  0:09.000  │      │      │      ●   ivr is connected since 0:00.000
            │─────>│      │      │   call 1 dials ivr@default
            │      ●      │      │   [ivr@default:1] NoOp(hello)
            │      ●      │      │   [ivr@default:2] Stasis(Intro-IVR,a)
            │      │─────>│      │   call 1 enters Intro-IVR with a
            │      │      │─────>│   StasisStart
  0:09.004  │      │<────────────│   POST /ari/channels/c1/answer: 204
  0:09.006  │      │      │─────>│   ChannelStateChange
  0:09.009  │      │<────────────│   POST /ari/channels/c1/play: 201
  0:09.011  │      │      │─────>│   PlaybackStarted
  0:10.000  │      │      ●      │   Intro-IVR is away: its connection was torn
            │      │      │<─────│   WebSocket torn
            │      │      ●      │   VERBOSE: Deactivating Stasis app 'Intro-IVR'
  0:11.000  │      │      │<─────│   4 tries to connect refused: network, the last at 0:14.012
  0:12.000  │─────>│      │      │   call 2 dials ivr@default
            │      ●      │      │   [ivr@default:1] NoOp(hello)
            │      ●      │      │   [ivr@default:2] Stasis(Intro-IVR,a)
            │      ●      │      │   ERROR: Stasis app 'Intro-IVR' not active
            │      ●      │      │   call 2 is ejected: not active, STASISSTATUS=FAILED
            │      ●      │      │   [ivr@default:3] VoiceMail(100)
  0:15.011  │      │      │──x───│   PlaybackFinished is missed
            │      │      ●      │   VERBOSE: Inactive Stasis app 'Intro-IVR' missed message
  0:15.016  │      │      │<─────│   opens a WebSocket for Intro-IVR
  0:15.018  │      │      ●      │   Intro-IVR is back after 5.018 s
            │      │      ●      │   VERBOSE: Activating Stasis app 'Intro-IVR'
  0:17.000  │─────>│      │      │   call 2 hangs up
            │<─────│      │      │   call 2 ends, cause 16 (Normal Clearing)
  0:17.006  │─────>│      │      │   call 1 hangs up
            │      │      │─────>│   ChannelHangupRequest
            │      │      │─────>│   StasisEnd
            │      │<─────│      │   call 1 leaves Intro-IVR: hangup
            │<─────│      │      │   call 1 ends, cause 16 (Normal Clearing)"""


def test_the_whole_story_of_two_calls() -> None:
    """One is inside when the connection breaks, and its handler waits for ever; one is ejected."""
    assert chart(story()) == CHART


def test_no_line_is_longer_than_a_terminal() -> None:
    """Long texts go on below, and names of any length are cut."""
    lanes = ("caller", "dialplan", "Stasis", "a" * 200, "b" * 20, "c", "d")
    lines = chart(long_story(30, lanes)).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert sum("step 7 " in line for line in lines) == 1
    assert sum(line.count("and on") for line in lines) == 30 * 20


def test_a_long_story_is_shortened_and_says_so() -> None:
    """The beginning and the end stay, and it is said how one sees the rest."""
    text = chart(long_story(500))
    drawn = [line for line in text.splitlines() if " step " in line]
    assert len(drawn) == MOST
    assert "step 0 " in drawn[0]
    assert "step 499 " in drawn[-1]
    assert (
        "… 380 more happenings are left out; trace --json has all of them, trace --call N those of one call …" in text
    )
