"""Pictures to files: PNG and SVG, the same bytes for the same figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

from stasis_sim.files import writing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 130


def save(figure: Figure, path: Path | str) -> None:
    """Write a figure; the file appears whole or not at all. The ending of its name says what it becomes."""
    path = Path(path)
    # No date and no version in the file, so that equal figures are equal files.
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with writing(path) as place, mpl.rc_context({"svg.hashsalt": "stasis-sim"}):
        figure.savefig(place, dpi=DPI, metadata=metadata)
