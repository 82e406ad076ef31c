"""The reference measures of results/baselines, held as a user holds them: nothing has moved beyond noise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
KEPT = sorted((ROOT / "results" / "baselines").glob("*.json"))

ASKED = {"connection-previously-existed", "fallback-dialplan", "never-connected", "two-applications"}
"""The questions that users of the handoff ask first."""


def test_what_users_ask_first_has_a_baseline() -> None:
    """Each of these scenarios has its reference measures in the repository."""
    assert {path.stem for path in KEPT} >= ASKED


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.stem)
def test_no_measure_has_moved(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command_line: Callable[..., tuple[int, str, str]]
) -> None:
    """``baseline diff`` finds nothing beyond noise; what was meant to move is kept anew by ``baseline save``."""
    shutil.copytree(kept.parent, tmp_path / kept.parent.name)
    monkeypatch.chdir(ROOT)
    arguments = (f"scenarios/{kept.stem}.yaml", "--out", str(tmp_path), "--workers", "1")
    code, out, err = command_line("baseline", "diff", *arguments, "--set", "run.record=measures")
    assert code == 0, f"{out}{err}"
