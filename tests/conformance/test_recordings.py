"""Every recording of a real Asterisk, replayed on the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stasis_sim.conformance.recordings import Recording, find, load
from stasis_sim.conformance.referee import differences, steps_agreeing
from stasis_sim.conformance.render import render, score, verdict
from stasis_sim.conformance.replay import MakeDriver, replay
from stasis_sim.handoff.profiles import ASTERISK_16, ASTERISK_22, DOCUMENTED

RECORDINGS = Path(__file__).parent.parent / "recordings"


@pytest.fixture(scope="module")
def recordings() -> dict[Path, Recording]:
    """All recordings."""
    return {path: load(path) for path in find([RECORDINGS])}


def test_every_recording_agrees(
    recordings: dict[Path, Recording], make_driver: MakeDriver, record_property: Callable[[str, object], None]
) -> None:
    """The model does what real Asterisks did, with every judged field of every step."""
    agree = steps_agree = steps = 0
    failures: list[str] = []
    for path, recording in recordings.items():
        found = differences(recording, replay(recording, make_driver))
        agree += not found
        steps += len(recording.steps)
        steps_agree += steps_agreeing(recording, found)
        if found:
            failures.append(f"{verdict(path, recording, found)}\n{render(recording, found)}")
    line = score(agree, len(recordings), steps_agree, steps)
    record_property("score", line)
    assert not failures, "\n".join([*failures[:5], line])


def test_a_recording_knows_its_profile(recordings: dict[Path, Recording]) -> None:
    """The profile of a replay is that of the recording's own version."""
    for path, recording in recordings.items():
        assert recording.profile.name == path.parent.name
    assert {recording.profile for recording in recordings.values()} == {ASTERISK_16, ASTERISK_22}


def test_another_profile_differs(recordings: dict[Path, Recording], make_driver: MakeDriver) -> None:
    """Under `documented` a call enters an application whose connection has closed: that is no real Asterisk."""
    recording = recordings[RECORDINGS / "asterisk-22" / "drop-empty.json"]
    found = differences(recording, replay(recording, make_driver, DOCUMENTED))
    assert {(one.step, one.field) for one in found} >= {(1, "apps"), (2, "dialplan"), (2, "missed")}


def test_replays_are_repeatable(recordings: dict[Path, Recording], make_driver: MakeDriver) -> None:
    """The same recording gives the same replay, byte for byte."""
    recording = recordings[RECORDINGS / "asterisk-22" / "bridge.json"]
    first, second = (json.dumps(replay(recording, make_driver)) for _ in range(2))
    assert first == second
