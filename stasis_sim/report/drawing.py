"""What all pictures share: colours, sizes, axes of time, and how much is drawn of very much.

Colours are those of Okabe and Ito, which people with any kind of colour vision can tell apart. However many calls there
are, a picture has as many elements as it has columns (:data:`COLUMNS`): what falls into one column is one element.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from stasis_sim.experiments.replications import Results

BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#56B4E9",
    "#CC79A7",
    "#F0E442",
)
BLACK: Final = "#000000"
GREY: Final = "#999999"
APPS: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW)
"""One colour an app, in the order of the tables."""

STYLE: Final[Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.handlelength": 1.4,
    "legend.columnspacing": 1.2,
    "legend.borderaxespad": 0.2,
    "legend.fontsize": 8.5,
    "hatch.linewidth": 0.5,
}

WIDTH: Final = 7.5
"""Of a picture, in inches: letters of 9 points are then read with ease on a page, and on a phone held across."""

NARROW: Final = 4.2
"""Of a picture for a phone held upright, in inches."""

COLUMNS: Final = 800
"""So many columns are told apart from left to right."""

BINS: Final = 120
"""Bars over the length of a run."""

MOST_APPS: Final = 6
"""So many apps have a colour or a panel of their own; the others are one."""

OTHERS: Final = "others"


class Clock(NamedTuple):
    """The unit of an axis of time.

    Attributes:
        unit: As the axis calls it, in the plural.
        length: In seconds.
    """

    unit: str
    length: float


def clock(end: float) -> Clock:
    """Return the unit for a run of so many seconds: no axis shall count to thousands, or to a fraction of one."""
    if end <= 120:  # noqa: PLR2004 - two minutes
        return Clock("seconds", 1.0)
    if end <= 3 * 3600:
        return Clock("minutes", 60.0)
    return Clock("hours", 3600.0) if end <= 4 * 86400 else Clock("days", 86400.0)


def blank(height: float, title: str, width: float = WIDTH) -> Figure:
    """Return an empty figure with a title at its left.

    Args:
        height: In inches, without the title.
        title: What is to be seen.
        width: In inches.
    """
    lines = textwrap.wrap(title, round(width * 10.8), break_on_hyphens=False)
    figure = Figure(figsize=(width, height + 0.2 * len(lines)), layout="constrained")
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    return figure


def below(text: str, width: float) -> str:
    """Break what stands below an axis into lines that are no wider than the picture."""
    return textwrap.fill(text, round(width * 12.5), break_on_hyphens=False)


def legend(axes: Axes, marks: Sequence[Any] | None = None) -> None:
    """Put a legend above the right end of a panel, where no data are."""
    columns = 4 if axes.get_figure(root=True).get_figwidth() > (WIDTH + NARROW) / 2 else 2  # type: ignore[union-attr]
    handles = axes.get_legend_handles_labels()[0] if marks is None else marks
    if handles:
        axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=columns, frameon=False)


def merged(spans: Iterable[tuple[float, float]], end: float) -> list[tuple[float, float]]:
    """Join spans of time that no eye could tell apart, and widen those that none could see.

    Args:
        spans: From when to when, in the order of their beginnings.
        end: Of the run; one column is this by :data:`COLUMNS`.
    """
    column = end / COLUMNS
    joined: list[tuple[float, float]] = []
    for start, until in spans:
        stop = max(until, start + column)
        if joined and start <= joined[-1][1] + column:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        else:
            joined.append((start, stop))
    return joined


def instants(times: ArrayLike, end: float) -> NDArray[np.float64]:
    """Return one instant of each column in which there are some: the first."""
    ordered = np.sort(np.asarray(times, float))
    if not len(ordered):
        return ordered
    columns = np.floor(ordered * (COLUMNS / end)).astype(int)
    return ordered[np.flatnonzero(np.diff(columns, prepend=-1))]


def staircase(times: ArrayLike, changes: ArrayLike, end: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the steps of a level that changes, with no more of them than can be seen.

    Of each column stay the level with which it begins, its least and its greatest, in their order, and the last: the
    line covers the same points of the picture.

    Args:
        times: When it changes.
        changes: By how much.
        end: Of the run.

    Returns:
        Instants and the levels from then on, from 0 to the end.
    """
    order = np.argsort(np.asarray(times, float), kind="stable")
    moments = np.concatenate([[0.0], np.asarray(times, float)[order]])
    levels = np.concatenate([[0.0], np.cumsum(np.asarray(changes, float)[order])])
    # What happens at one instant is one step.
    last = np.append(np.diff(moments) > 0, True)
    moments, levels = moments[last], levels[last]
    if len(moments) > 4 * COLUMNS:
        kept = _outline(np.floor(moments * (COLUMNS / end)), levels)
        moments, levels = moments[kept], levels[kept]
    return np.append(moments, end), np.append(levels, levels[-1])


def _outline(columns: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return which steps stay: of each column the first, the least, the greatest and the last."""
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    stops = np.append(starts[1:], len(levels))
    kept: set[int] = set()
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        part = levels[start:stop]
        kept.update((start, start + int(part.argmin()), start + int(part.argmax()), stop - 1))
    return np.array(sorted(kept))


def shade(axes: Axes, spans: Iterable[tuple[float, float]], scale: float) -> None:
    """Shade spans of time, such as outages; they are merged already.

    Args:
        axes: Where.
        spans: In seconds.
        scale: Seconds in a unit of the axis.
    """
    for start, until in spans:
        axes.axvspan(start / scale, until / scale, color=BLACK, alpha=0.09, linewidth=0, zorder=0)


def outages_of(outages: pd.DataFrame, end: float) -> list[tuple[float, float]]:
    """Return from when to when outages were, in order; what goes on at the end of the run goes on up to there."""
    starts, stops = outages["from_s"].tolist(), outages["to_s"].fillna(end).tolist()
    return sorted(zip(starts, stops, strict=True))


def colours_of(results: Results) -> dict[str, str]:
    """Return one colour for each app, the same in all pictures of a run; those with most calls differ for sure."""
    apps = results.measures["apps"]
    ordered = sorted(apps, key=lambda app: -(apps[app]["calls"]["mean"] or 0.0))
    return {app: APPS[place % len(APPS)] for place, app in enumerate(ordered)} | {OTHERS: GREY}


def grouped(names: Sequence[str], weight: dict[str, float]) -> dict[str, str]:
    """Return for each app under which name it is drawn: its own, or :data:`OTHERS` where there are too many.

    Args:
        names: The apps in the order of the tables.
        weight: How much is to be seen of each; those with most keep their names.
    """
    if len(names) <= MOST_APPS + 1:
        return {name: name for name in names}
    own = set(sorted(names, key=lambda name: -weight.get(name, 0.0))[:MOST_APPS])
    return {name: name if name in own else OTHERS for name in names}
