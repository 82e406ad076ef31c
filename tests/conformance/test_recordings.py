"""Every recording of a real Asterisk, replayed on the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stasis_sim.conformance.judgement import judge
from stasis_sim.conformance.recordings import Recording, find, load
from stasis_sim.conformance.referee import differences, steps_agreeing
from stasis_sim.conformance.render import render, score, verdict
from stasis_sim.conformance.replay import MakeDriver, replay
from stasis_sim.errors import InputError
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


STEP = {"t": 0.0, "do": {"do": "wait", "s": 1.0}, "saw": {}}
PARTS: dict[str, Any] = {"name": "n", "asterisk": "22.10.1", "files": {}, "steps": [STEP]}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"{", ":1:2: not JSON: "),
        (b"\xff", ": not UTF-8 (invalid start byte); recordings are JSON in UTF-8"),
        (b"[" * 100_000, ": not a recording: it nests too deep"),
        ([], ": not a recording: it needs asterisk, files, name, steps"),
        (PARTS | {"asterisk": 22}, ": not a recording: its name or its asterisk is no text"),
        (PARTS | {"files": {"ari.conf": 1}}, ": not a recording: its files are not texts by name"),
        (PARTS | {"steps": 1}, ": not a recording: its steps are no list"),
        (PARTS | {"steps": [STEP, STEP | {"do": "wait"}]}, ": not a recording: step 2 needs t, do and saw"),
        (PARTS | {"steps": [STEP | {"t": 1e300}]}, ": not a recording: step 1 is at no time from 0 to 86,400 s"),
        (PARTS | {"steps": [STEP | {"do": {"do": "sing"}}]}, ": step 1: unknown (got sing); write one of call, dtmf, "),
        (PARTS | {"asterisk": "18.2"}, ": of Asterisk 18.2, which is none of the model's; write --profile asterisk-22"),
    ],
)
def test_what_is_no_recording_is_one_clear_message(tmp_path: Path, content: Any, text: str) -> None:
    """It names the file and what is wrong in it; nothing is replayed."""
    file = tmp_path / "r.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(InputError) as caught:
        judge(file)
    assert str(caught.value).startswith(f"{file}{text}")
    assert "\n" not in str(caught.value)
