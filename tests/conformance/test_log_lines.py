"""What stands in Asterisk's log about applications: the lines of the recordings that have some, and the model's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stasis_sim.conformance.driver import SimulatedDriver
from stasis_sim.conformance.recordings import find, load
from stasis_sim.conformance.replay import replay
from stasis_sim.handoff.effects import LOG, Effect
from stasis_sim.handoff.engine import Engine

RECORDINGS = Path(__file__).parent.parent / "recordings"
LOGGED = [path for path in find([RECORDINGS]) if '"log"' in path.read_text("utf-8")]
"""Older recordings do not tell of the log."""


@pytest.mark.parametrize("path", LOGGED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_model_logs_of_apps_what_asterisk_has_logged(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each WARNING and ERROR about an app that stands in the recording, in its words and order, and no other."""
    lines: list[str] = []
    names: dict[str, str] = {}

    def overheard(engine: Engine) -> SimulatedDriver:
        nonlocal names
        names = engine.house.channels.names
        step = engine.step

        def loud(*arguments: Any) -> Sequence[Effect]:
            done = step(*arguments)
            lines.extend(f"{each[1]}: {each[2]}" for each in done if each[0] == LOG and " app '" in each[2])
            return done

        monkeypatch.setattr(engine, "step", loud)
        return SimulatedDriver(engine)

    recording = load(path)
    replay(recording, overheard)
    calls = {step.do["id"] for step in recording.steps if step.do["do"] == "call"}
    for ident in calls & names.keys():
        lines = [line.replace(names[ident], ident) for line in lines]  # as the recorder does
    logged = [line for step in recording.steps for line in step.saw.get("log", []) if " app '" in line]
    assert lines == logged
