"""A call through a dialplan, and why it starts where it does: what is noted of its steps, and what is hinted at."""

from __future__ import annotations

from pathlib import Path

import pytest

from stasis_sim.conf.extensions import load_extensions
from stasis_sim.conf.lookup import why_not
from stasis_sim.conf.syntax import Source
from stasis_sim.conf.walk import walk


@pytest.mark.parametrize(
    ("step", "notes"),
    [
        ("Log(WARNING,careful)", ["careful"]),
        ("Log(NOTICE,hello)", []),
        ("Verbose(1,hello)", []),
        ("NoOp(${NONE()}${NONE()})", ["Function NONE not registered"]),
    ],
)
def test_a_step_tells_what_asterisk_warns_of(tmp_path: Path, step: str, notes: list[str]) -> None:
    """Warnings and errors, each once; what the log says besides is none."""
    (tmp_path / "extensions.conf").write_text(f"[c]\nexten => 1,1,{step}\n same => n,Hangup()\n", "utf-8")
    assert walk(tmp_path / "extensions.conf", "1@c").steps[0].notes == notes


def test_what_is_wrong_with_an_argument_is_noted_of_its_step(tmp_path: Path) -> None:
    """It is read before the step runs, and the step before has nothing to do with it."""
    (tmp_path / "extensions.conf").write_text("[c]\nexten => 1,1,NoOp()\n same => n,NoOp(${NONE()})\n", "utf-8")
    before, step = walk(tmp_path / "extensions.conf", "1@c").steps
    assert before.notes == []
    assert step.notes == ["Function NONE not registered", "falls off the end, UNKNOWN"]


def test_a_context_that_is_searched_now_is_not_reached_at_other_times() -> None:
    """It has the extension, and no priority 1 of it."""
    loaded, _ = load_extensions(Source("[c]\nexten => 1,2,NoOp()\ninclude => d\n[d]\nexten => 1,2,NoOp()\n"))
    assert list(why_not(loaded, "c", "1", 0)) == []


@pytest.mark.parametrize(
    ("callee", "loop"),
    [
        ("Goto(s,1)", "s@d:1 Goto(s,1)"),
        ("Dial(Local/s@d&Local/s@d)", "s@d:1 Dial(Local/s@d&Local/s@d)"),
    ],
)
def test_what_is_dialled_may_loop_too(tmp_path: Path, callee: str, loop: str) -> None:
    """It is said where; of that channel no step is shown."""
    text = f"[c]\nexten => 1,1,Dial(Local/s@d)\n[d]\nexten => s,1,{callee}\n"
    (tmp_path / "extensions.conf").write_text(text, "utf-8")
    found = walk(tmp_path / "extensions.conf", "1@c")
    assert found.end == f"given up: what it dials loops for ever without taking time: {loop}"
    assert [step.app for step in found.steps] == ["Dial"]
