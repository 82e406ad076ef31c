"""All pictures of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from stasis_sim.report.albums import draw_differences, draw_run
from tests.report.two_calls import results


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_same_results_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    """Of each picture, and of the differences."""
    drawn = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        files = [*draw_run(results(), folder, suffix)]
        assert [path.stem for path in files] == ["timeline", "ejections", "handoff", "swimlane"]
        files += draw_differences({"one": results(), "other": results()}, folder, suffix)
        drawn.append([path.read_bytes() for path in files])
    assert drawn[0] == drawn[1]
