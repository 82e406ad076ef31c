"""The picture of a sweep: curves with bands over a quantity, intervals over names, or a heat map over two quantities.

Colours are those of Okabe and Ito, and of cividis, which people with any kind of colour vision can tell apart.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from stasis_sim.experiments.sweeps import Swept, label
from stasis_sim.observe.intervals import Interval
from stasis_sim.report.drawing import APPS, STYLE
from stasis_sim.report.tables import cell
from stasis_sim.report.words import called
from stasis_sim.scenario.measured import kind_of, scope_and_measure
from stasis_sim.scenario.sweep import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from stasis_sim.report.sweeps import Place

WIDTH: Final = 9.0
"""Of a picture, in inches."""

MOST_CURVES: Final = 7
"""So many colours there are."""

BEYOND: Final = 5.0
"""Percent that an axis of shares shows beyond 0 and 100 %, one of others below 0, of its length."""

UNITS: Final = {"duration": " (s)", "rate": " (per s)", "share": "", "count": "", "number": ""}


def figure(
    found: Swept, name: str, places: Sequence[Place], short: Mapping[str, str], title: str, *, width: float = WIDTH
) -> Figure:
    """Draw one measure of a sweep.

    Args:
        found: The sweep.
        name: ``[APP.]measure``.
        places: The measure at each point.
        short: For each key how it is called.
        title: What is to be seen.
        width: Of the picture in inches.
    """
    varied = [key for key in found.design.over if len({label(place.settings[key]) for place in places}) > 1]
    quantities = [key for key in varied if all(number(place.settings[key]) is not None for place in places)]
    names = [key for key in varied if key not in quantities]
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(width, 5), layout="constrained")
        drawn.suptitle(textwrap.fill(title, round(11 * width)), x=0.01, ha="left", fontsize=10, fontweight="bold")
        if found.design.latin_hypercube is not None or len(varied) > 2:  # noqa: PLR2004 - a page has two dimensions
            _clouds(drawn, name, places, varied, short)
        elif len(varied) == 2 and not names and _grid(places, quantities):  # noqa: PLR2004
            _heat_map(drawn, name, places, quantities, short)
        elif quantities:
            others = [key for key in varied if key != quantities[-1]]
            _curves(drawn.subplots(), name, places, across=quantities[-1], others=others, short=short)
        else:
            _intervals(drawn.subplots(), name, places, names, short)
    return drawn


def _scale(name: str) -> tuple[float, str]:
    """Return what numbers of a measure are multiplied by, and the text of its axis."""
    text = called(name)
    return {"share": (100.0, f"{text} (%)"), "seconds": (1.0, f"{text} (s)"), "count": (1.0, text)}[
        kind_of(scope_and_measure(name)[1])
    ]


def _shown(name: str, limits: tuple[float, float]) -> tuple[float, float]:
    """Return from where to where an axis goes: from 0, and not far beyond what a measure can be.

    The interval of few replications may reach further, and would make the picture one of itself.
    """
    return _possible(name, (min(0.0, limits[0]), limits[1]))


def _possible(name: str, limits: tuple[float, float]) -> tuple[float, float]:
    """Return from where to where an axis goes that need not begin at 0."""
    if limits[1] < 0.1 and math.isclose(limits[0], -limits[1]):  # noqa: PLR2004 - around points that are all at 0
        # As much below 0 as above it would be where no measure can be.
        return -0.05, 1.0
    if kind_of(scope_and_measure(name)[1]) != "share":
        # Neither a time nor a count is less than 0.
        return max(limits[0], -BEYOND / 100 * max(limits[1], 0.0)), limits[1]
    return max(limits[0], -BEYOND), min(limits[1], 100 + BEYOND)


def _axis(key: str, places: Sequence[Place], short: Mapping[str, str]) -> str:
    found = number(places[0].settings[key])
    return short[key] + ("" if found is None else UNITS[found[0]])


def _value(place: Place, key: str) -> float:
    found = number(place.settings[key])
    return float("nan") if found is None else found[1]


def _bounds(interval: Interval, scale: float) -> tuple[float, float, float]:
    """Return mean and bounds; without an interval the bounds are the mean."""
    mean, low, high = interval["mean"], interval["low"], interval["high"]
    middle = float("nan") if mean is None else mean * scale
    return middle, middle if low is None else low * scale, middle if high is None else high * scale


def _curves(
    axes: Axes, name: str, places: Sequence[Place], *, across: str, others: Sequence[str], short: Mapping[str, str]
) -> None:
    """Draw a curve over a quantity, one for each value of the other key."""
    scale, text = _scale(name)
    groups: dict[str, list[Place]] = {}
    for place in places:
        groups.setdefault(", ".join(label(place.settings[key]) for key in others), []).append(place)
    styles = ("-", "--", ":", "-.")
    for at, (group, members) in enumerate(groups.items()):
        members.sort(key=lambda place: _value(place, across))
        x = [_value(place, across) for place in members]
        mean, low, high = zip(*(_bounds(place.interval, scale) for place in members), strict=True)
        colour = APPS[at % MOST_CURVES]
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(x, mean, styles[at // MOST_CURVES % len(styles)], color=colour, marker="o", markersize=4, label=group)
    axes.set_xlabel(_axis(across, places, short))
    axes.set_ylabel(text)
    axes.set_ylim(*_shown(name, axes.get_ylim()))
    axes.grid(visible=True, alpha=0.25)
    if len(groups) > 1:
        # Above, as on a narrow page there is no room at the side.
        axes.legend(
            title=", ".join(short[key] for key in others),
            frameon=False,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=2,
            alignment="left",
        )


def _intervals(axes: Axes, name: str, places: Sequence[Place], keys: Sequence[str], short: Mapping[str, str]) -> None:
    """Draw an interval for each combination of names, the least at the top."""
    scale, text = _scale(name)
    ordered = sorted(places, key=lambda place: -(place.interval["mean"] or 0.0))
    for at, place in enumerate(ordered):
        mean, low, high = _bounds(place.interval, scale)
        axes.plot([low, high], [at, at], color=APPS[0], linewidth=3, alpha=0.4)
        axes.plot([mean], [at], "o", color=APPS[0], markersize=5)
    axes.set_yticks(range(len(ordered)), [", ".join(label(place.settings[key]) for key in keys) for place in ordered])
    axes.set_xlabel(text)
    axes.set_ylabel(", ".join(short[key] for key in keys))
    axes.set_xlim(*_shown(name, axes.get_xlim()))
    axes.grid(visible=True, axis="x", alpha=0.25)


def _grid(places: Sequence[Place], keys: Sequence[str]) -> bool:
    """Whether both quantities have three values or more, so that a map says more than curves."""
    return all(len({_value(place, key) for place in places}) > 2 for key in keys)  # noqa: PLR2004


def _heat_map(drawn: Figure, name: str, places: Sequence[Place], keys: Sequence[str], short: Mapping[str, str]) -> None:
    """Draw a map over two quantities, with the numbers in it."""
    scale, text = _scale(name)
    across, up = keys
    columns = sorted({_value(place, across) for place in places})
    rows = sorted({_value(place, up) for place in places})
    field = np.full((len(rows), len(columns)), np.nan)
    cells: dict[tuple[int, int], str] = {}
    written = {key: {_value(place, key): label(place.settings[key]) for place in places} for key in keys}
    for place in places:
        at = rows.index(_value(place, up)), columns.index(_value(place, across))
        field[at] = _bounds(place.interval, scale)[0]
        cells[at] = cell(scope_and_measure(name)[1], place.interval).replace(" ± ", "\n± ")
    axes: Axes = drawn.subplots()
    axes.spines[:].set_visible(False)
    image = axes.pcolormesh(field, cmap="cividis", edgecolors="white", linewidth=1)
    middle = float(np.nanmin(field) + np.nanmax(field)) / 2
    for (row, column), content in cells.items():
        # Not plain black, which a page turns white in the dark: the colour below it stays.
        colour = "white" if field[row, column] < middle else "#101010"
        axes.text(column + 0.5, row + 0.5, content, ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(np.arange(len(columns)) + 0.5, [written[across][value] for value in columns])
    axes.set_yticks(np.arange(len(rows)) + 0.5, [written[up][value] for value in rows])
    axes.set_xlabel(short[across])
    axes.set_ylabel(short[up])
    drawn.colorbar(image, ax=axes, label=text)


def _clouds(drawn: Figure, name: str, places: Sequence[Place], keys: Sequence[str], short: Mapping[str, str]) -> None:
    """Draw a panel for each key: all points over its values, whatever the other keys are."""
    scale, text = _scale(name)
    panels: Any = drawn.subplots(1, len(keys), sharey=True, squeeze=False)[0]
    for axes, key in zip(panels, keys, strict=True):
        labels = list(dict.fromkeys(label(place.settings[key]) for place in places))
        plain = all(number(place.settings[key]) is not None for place in places)
        for place in places:
            x = _value(place, key) if plain else labels.index(label(place.settings[key]))
            mean, low, high = _bounds(place.interval, scale)
            axes.plot([x, x], [low, high], color=APPS[0], alpha=0.25, linewidth=1)
            axes.plot([x], [mean], "o", color=APPS[0], markersize=3, alpha=0.7)
        axes.set_xlabel(_axis(key, places, short))
        axes.grid(visible=True, alpha=0.25)
        if not plain:
            axes.set_xticks(range(len(labels)), labels, rotation=30, ha="right")
    panels[0].set_ylabel(text)
    panels[0].set_ylim(*_possible(name, panels[0].get_ylim()))
