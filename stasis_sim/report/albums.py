"""All pictures of a run, into a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stasis_sim.report import figures
from stasis_sim.report.drawing import WIDTH
from stasis_sim.report.pictures import save

if TYPE_CHECKING:
    from stasis_sim.experiments.replications import Results


def draw_run(results: Results, folder: Path, suffix: str) -> Iterator[Path]:
    """Draw all pictures of a run in which there is something to see, and yield their files.

    Args:
        results: What it gave.
        folder: Where to put them.
        suffix: ``.png`` or ``.svg``.
    """
    for name, draw in figures.of_run(results, alone=True):
        path = folder / f"{name}{suffix}"
        save(draw(width=WIDTH), path)
        yield path


def draw_differences(variants: Mapping[str, Results], folder: Path, suffix: str) -> Iterator[Path]:
    """Draw what sets runs apart from the first one, and yield the files."""
    for name, draw in figures.of_comparison(variants):
        path = folder / f"{name}{suffix}"
        save(draw(width=WIDTH), path)
        yield path
