"""The same chart for tickets."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.experiments.choosing import Choice
from stasis_sim.experiments.retelling import Story
from stasis_sim.observe.happenings import Happening
from stasis_sim.report.mermaid import MOST, diagram, escaped
from tests.report.two_calls import long_story, story

DIAGRAM = """\
sequenceDiagram
    participant lane0 as caller
    participant lane1 as dialplan
    participant lane2 as Stasis
    participant lane3 as ivr
    Note over lane0,lane3: Outage 2 of Intro-IVR in replication 1: torn at 0:10.000, away for 5.018 s#59; \
1 attempt ejected, 1 event missed or lost, 1 call orphaned. Told of: call 1, inside when it began (served)#59; \
call 2, ejected in it (fallback).
    Note over lane3: 0:09.000 ivr is connected since 0:00.000
    lane0->>lane1: 0:09.000 call 1 dials ivr@default
    Note over lane1: 0:09.000 [ivr@default:1] NoOp(hello)
    Note over lane1: 0:09.000 [ivr@default:2] Stasis(Intro-IVR,a)
    lane1->>lane2: 0:09.000 call 1 enters Intro-IVR with a
    lane2->>lane3: 0:09.000 StasisStart
    lane3->>lane1: 0:09.004 POST /ari/channels/c1/answer: 204
    lane2->>lane3: 0:09.006 ChannelStateChange
    lane3->>lane1: 0:09.009 POST /ari/channels/c1/play: 201
    lane2->>lane3: 0:09.011 PlaybackStarted
    Note over lane2: 0:10.000 Intro-IVR is away: its connection was torn
    lane3->>lane2: 0:10.000 WebSocket torn
    Note over lane2: 0:10.000 VERBOSE: Deactivating Stasis app 'Intro-IVR'
    lane3->>lane2: 0:11.000 4 tries to connect refused: network, the last at 0:14.012
    lane0->>lane1: 0:12.000 call 2 dials ivr@default
    Note over lane1: 0:12.000 [ivr@default:1] NoOp(hello)
    Note over lane1: 0:12.000 [ivr@default:2] Stasis(Intro-IVR,a)
    Note over lane1: 0:12.000 ERROR: Stasis app 'Intro-IVR' not active
    Note over lane1: 0:12.000 call 2 is ejected: not active, STASISSTATUS=FAILED
    Note over lane1: 0:12.000 [ivr@default:3] VoiceMail(100)
    lane2-xlane3: 0:15.011 PlaybackFinished is missed
    Note over lane2: 0:15.011 VERBOSE: Inactive Stasis app 'Intro-IVR' missed message
    lane3->>lane2: 0:15.016 opens a WebSocket for Intro-IVR
    Note over lane2: 0:15.018 Intro-IVR is back after 5.018 s
    Note over lane2: 0:15.018 VERBOSE: Activating Stasis app 'Intro-IVR'
    lane0->>lane1: 0:17.000 call 2 hangs up
    lane1->>lane0: 0:17.000 call 2 ends, cause 16 (Normal Clearing)
    lane0->>lane1: 0:17.006 call 1 hangs up
    lane2->>lane3: 0:17.006 ChannelHangupRequest
    lane2->>lane3: 0:17.006 StasisEnd
    lane2->>lane1: 0:17.006 call 1 leaves Intro-IVR: hangup
    lane1->>lane0: 0:17.006 call 1 ends, cause 16 (Normal Clearing)"""

TEXT = r"(?:[^#;<>&%{}\r\n]|#[0-9]+;)*"
LINES = (
    rf"    participant lane\d+ as {TEXT}",
    rf"    Note over lane\d+(?:,lane\d+)?: {TEXT}",
    rf"    lane\d+(?:->>|-x)lane\d+: {TEXT}",
)
"""The lines of Mermaid's sequence diagrams that are used; see its grammar, sequenceDiagram.jison."""


def test_the_whole_story_of_two_calls() -> None:
    """As a sequenceDiagram."""
    assert diagram(story()) == DIAGRAM


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_name_and_no_text_is_taken_for_syntax(name: str, text: str) -> None:
    """Each line is one of three kinds, and as many as there are lanes and happenings."""
    lanes = ("caller", "dialplan", "Stasis", name)
    happenings = (
        Happening(0, "Stasis", name, "event", text, 1, "missed"),
        Happening(1, name, "dialplan", "command", text, 1),
        Happening(2, "dialplan", "dialplan", "step", text, 1),
    )
    whole = Story(Choice(1, {1: text}, (), 0, 1), {1: "served"}, lanes, happenings, 0)
    first, *lines = diagram(whole).split("\n")
    assert first == "sequenceDiagram"
    assert len(lines) == len(set(lanes)) + 1 + len(happenings)
    assert all(any(re.fullmatch(kind, line) for kind in LINES) for line in lines)


def test_signs_are_written_as_entities() -> None:
    """So that the picture shows them."""
    assert escaped("Set(A=1;2) #3 <b> & 50 %") == "Set(A=1#59;2) #35;3 #60;b#62; #38; 50 #37;"


def test_a_long_story_is_shortened() -> None:
    """Mermaid refuses more than 50,000 characters."""
    text = diagram(long_story(5000))
    assert text.count("step ") == MOST
    assert "more happenings are left out" in text
    assert len(text) < 50_000
