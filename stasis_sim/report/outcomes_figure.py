"""The picture of what became of the calls that no app served: one bar for each variant, app or extension.

Colours are those of Okabe and Ito, which people with any kind of colour vision can tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from stasis_sim.observe.intervals import Intervals
from stasis_sim.report.drawing import GREEN, ORANGE, PURPLE, SKY, STYLE, VERMILION, YELLOW
from stasis_sim.report.tables import cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final = {
    "fallback": GREEN,
    "abandoned": YELLOW,
    "unanswered": SKY,
    "stranded": PURPLE,
    "blocked": ORANGE,
    "dropped": VERMILION,
}
"""Outcomes of calls that no app served, from the mildest to the worst, each with its colour."""


def outcomes(columns: Mapping[str, Intervals]) -> Figure:
    """Draw which part of the calls no app served, and what became of them.

    Calls that were served, that are still there at the end, or that never asked for Stasis are not drawn: they would
    make the others too small to see.

    Args:
        columns: Measures by the name of whose they are: ``{name: results.measures["total"], …}`` of variants, or
            ``results.measures["apps"]``.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 1.5 + 0.42 * len(columns)), layout="constrained")
        figure.suptitle(_title(columns), x=0.01, ha="left", fontsize=10, fontweight="bold")
        axes: Axes = figure.subplots()
        _bars(axes, columns)
    return figure


def _bars(axes: Axes, columns: Mapping[str, Intervals]) -> None:
    """Draw a bar for each name, made of its outcomes."""
    rows = np.arange(len(columns))
    left = np.zeros(len(columns))
    for outcome, colour in COLOURS.items():
        shares = np.array([100 * _share(found, outcome) for found in columns.values()])
        if shares.any():
            axes.barh(rows, shares, 0.7, left, color=colour, label=outcome)
            left += shares
    for row, total in enumerate(left):
        axes.text(total, row, f"  {total:.3g} %", va="center")
    axes.set_yticks(rows, list(columns))
    axes.invert_yaxis()
    axes.set_xlabel("calls that no app served (% of calls)")
    axes.set_xlim(0, max(1.12 * float(left.max(initial=0.0)), 1.0))
    axes.grid(visible=True, axis="x", alpha=0.25)
    axes.set_axisbelow(True)
    if left.any():
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))


def _share(found: Intervals, outcome: str) -> float:
    interval = found.get(f"calls.share.{outcome}")
    return 0.0 if interval is None else interval["mean"] or 0.0


def _title(columns: Mapping[str, Intervals]) -> str:
    """Say who drops the fewest calls, and who the most."""
    least, most = (end(columns, key=lambda name: _share(columns[name], "dropped")) for end in (min, max))
    name = "calls.share.dropped"
    low, high = (cell(name, columns[of].get(name)) for of in (least, most))
    if low == high:
        return f"{low} of calls are dropped in all of them"
    return f"calls dropped: from {low} ({least}) to {high} ({most})"
