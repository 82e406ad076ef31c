"""The judge and how it draws what it finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stasis_sim.conformance.recordings import Recording, Step
from stasis_sim.conformance.referee import Difference, canonical, differences, steps_agreeing, subject
from stasis_sim.conformance.render import render, score, verdict


def event(kind: str, channel: str, app: str = "Intro-IVR") -> dict[str, Any]:
    """An event about a channel."""
    return {"type": kind, "application": app, "channel": {"id": channel}}


def recording(*saws: dict[str, Any], not_judged: tuple[str, ...] = ()) -> Recording:
    """A recording of calls in which this was seen."""
    steps = tuple(Step(at * 400_000, {"do": "call", "id": "c1"}, saw, not_judged) for at, saw in enumerate(saws))
    return Recording("made", "up", "22.10.1", {}, steps)


def test_events_of_two_channels_may_mix() -> None:
    """How the events of two channels interleave within a step is not judged."""
    one = {"events": {"A": [event("StasisStart", "c1"), event("StasisStart", "c2")]}}
    other = {"events": {"A": [event("StasisStart", "c2"), event("StasisStart", "c1")]}}
    assert differences(recording(one), [other]) == []


def test_events_of_one_channel_keep_their_order() -> None:
    """The order within one client, application and channel is judged."""
    one = {"events": {"A": [event("StasisStart", "c1"), event("StasisEnd", "c1")]}}
    other = {"events": {"A": [event("StasisEnd", "c1"), event("StasisStart", "c1")]}}
    assert [found.field for found in differences(recording(one), [other])] == ["events"]


def test_what_is_not_judged_is_passed_over() -> None:
    """A field that a step lists as not judged may differ."""
    assert differences(recording({"missed": {"X": 1}}, not_judged=("missed",)), [{}]) == []


def test_what_is_for_reading_is_passed_over() -> None:
    """The log and the registry are for reading."""
    assert differences(recording({"log": ["x"], "registry": [["creating", "X"]]}), [{}]) == []


def test_nothing_and_empty_are_the_same() -> None:
    """No applications and an empty list of them are the same."""
    assert canonical("apps", {}) is None
    assert differences(recording({"apps": {}}), [{}]) == []


def test_an_event_is_about_a_channel_a_bridge_or_a_playback() -> None:
    """The subject of an event is the first of these that it carries, else it is the application's own."""
    assert subject(event("StasisStart", "c1")) == "c1"
    assert subject({"type": "BridgeCreated", "bridge": {"id": "b1"}}) == "b1"
    assert subject({"type": "PlaybackStarted", "playback": {"id": "p1"}}) == "p1"
    assert subject({"type": "ApplicationReplaced"}) == ""


def test_a_step_agrees_or_not() -> None:
    """A step with two differences is one step that does not agree."""
    made = recording({"closed": ["A"], "missed": {"X": 1}}, {}, {})
    assert steps_agreeing(made, differences(made, [{}, {}, {}])) == 2


def test_differences_are_drawn() -> None:
    """A drawing names the step, the stream, and what each of the two did."""
    place = {"context": "default", "exten": "ivr", "priority": 2, "app_name": "Stasis", "app_data": "Intro-IVR"}
    start = {
        "type": "StasisStart",
        "application": "Intro-IVR",
        "args": [],
        "channel": {"id": "c1", "state": "Ring", "dialplan": place},
    }
    made = recording({"events": {"A": [start]}}, {"missed": {"Intro-IVR": 2}})
    found = differences(made, [{}, {"missed": {"Intro-IVR": 1}}])
    assert render(made, found) == (
        "step 0 at 0.0 s: call id=c1\n"
        "  events A Intro-IVR/c1\n"
        "    - StasisStart args=[] channel=c1 Ring default,ivr,2 Stasis(Intro-IVR)\n"
        "step 1 at 0.4 s: call id=c1\n"
        "  missed Intro-IVR\n"
        "    - 2\n"
        "    + 1"
    )
    assert render(made, found, limit=1).endswith("and 1 more")
    assert verdict(Path("asterisk-22/made.json"), made, found) == "asterisk-22/made: differs in 2 of 2 steps"
    assert verdict(Path("made.json"), made, []) == "made: agrees (2 steps)"


def test_the_closing_line() -> None:
    """The score says recordings and steps."""
    assert score(1, 2, 3, 4) == "1 of 2 recordings agree (3 of 4 steps)"
    assert Difference(0, "answer", 1, 2).field == "answer"
