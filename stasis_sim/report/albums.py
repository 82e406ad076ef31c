"""All pictures of a run, into a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stasis_sim.report.differences_figure import paired_differences
from stasis_sim.report.distributions import handoff_latency, stranded_time
from stasis_sim.report.outages_figure import ejections_over_time
from stasis_sim.report.pictures import save
from stasis_sim.report.swimlane import swimlane
from stasis_sim.report.timeline import timeline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from stasis_sim.experiments.replications import Results

RUN: Final[Mapping[str, Callable[[Results], Figure]]] = {
    "timeline": timeline,
    "ejections": ejections_over_time,
    "stranded": stranded_time,
    "handoff": handoff_latency,
    "swimlane": swimlane,
}
"""The pictures of a run, by the names of their files."""


def draw_run(results: Results, folder: Path, suffix: str) -> Iterator[Path]:
    """Draw all pictures of a run, and yield their files.

    Args:
        results: What it gave.
        folder: Where to put them.
        suffix: ``.png`` or ``.svg``.
    """
    for name, draw in RUN.items():
        path = folder / f"{name}{suffix}"
        save(draw(results), path)
        yield path


def draw_differences(variants: Mapping[str, Results], folder: Path, suffix: str) -> Path:
    """Draw by how much runs differ from the first one; return the file."""
    path = folder / f"differences{suffix}"
    save(paired_differences(variants), path)
    return path
