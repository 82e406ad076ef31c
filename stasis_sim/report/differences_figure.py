"""Paired differences between variants: by how much each gives more or less than the first, with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import matplotlib as mpl
from matplotlib.ticker import MaxNLocator

from stasis_sim.experiments.results import differences, in_total
from stasis_sim.report.drawing import BLACK, BLUE, GREY, NARROW, STYLE, VERMILION, WIDTH, below, blank
from stasis_sim.report.sentences import comparison, lost_otherwise
from stasis_sim.report.tables import NEGLIGIBLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from stasis_sim.experiments.replications import Results

MEASURES: Final[Mapping[str, tuple[str, float, str]]] = {
    "callers.lost": ("callers lost", 1.0, ""),
    "ejection_rate": ("attempts ejected", 100.0, "points"),
    "calls.share.stranded": ("calls stranded", 100.0, "points"),
    "calls.share.served": ("calls served", 100.0, "points"),
    "missed_rate": ("events missed", 100.0, "points"),
    "handoff_s.p95": ("handoff, 95 %", 1000.0, "ms"),
    "availability": ("app available", 100.0, "points"),
}
"""What is compared: how it is called, by what it is multiplied, and in what it is then counted; callers lost only where
:func:`~stasis_sim.report.sentences.lost_otherwise` says that no other measure tells it."""

COUNTED: Final = ("attempts", "calls", "callers", "events")
"""Begins what there may be fewer of; of the rest there is less."""

MOST_VARIANTS: Final = 12
"""So many variants beside the first are drawn: those that differ most in the first measure."""


class Row(NamedTuple):
    """By how much one variant gives more of a measure than the first, in the unit of the axis.

    Attributes:
        variant: Its name.
        mean: The mean difference.
        low: Lower end of the interval; None: there is none, of a single replication.
        high: Upper end.
    """

    variant: str
    mean: float
    low: float | None
    high: float | None

    @property
    def chance(self) -> bool:
        """Whether the difference may be nought."""
        return self.low is not None and self.high is not None and self.low <= 0 <= self.high

    @property
    def give_or_take(self) -> str:
        """Half the width of its interval, in words; empty where there is none."""
        half = 0.0 if self.low is None or self.high is None else (self.high - self.low) / 2
        return f" ± {_digits(half)}" if half > NEGLIGIBLE * abs(self.mean) else ""


def paired_differences(variants: Mapping[str, Results], *, width: float = WIDTH) -> Figure:
    """Draw by how much variants differ from the first one, in the measures that matter most to callers.

    Each replication is taken with that of the same number, which met the same callers; see decision 14.

    Args:
        variants: What each gave, by name; two or more. All are held against the first.
        width: Of the picture in inches.

    Returns:
        A figure with a panel for each measure that occurs, and a row for each variant but the first.

    Raises:
        ValueError: There is only one variant.
    """
    if len(variants) < 2:  # noqa: PLR2004 - a difference is one of two
        raise ValueError(f"differences of {len(variants)} variants; give two or more")
    rows = rows_of(variants)
    first, *_ = variants
    others = _most_different(rows, list(variants)[1:])
    panels = {name: [row for row in found if row.variant in others] for name, found in rows.items()}
    n = min(len(each.replications) for each in variants.values())
    with mpl.rc_context(STYLE):
        figure = blank(0.7 + sum(0.62 + 0.24 * len(others) for _ in panels), _title(variants, panels), width)
        heights = [0.5 + 0.24 * len(others)] * len(panels)
        drawn: Any = figure.subplots(max(len(panels), 1), 1, squeeze=False, height_ratios=heights or [1])[:, 0]
        for axes, (name, found) in zip(drawn, panels.items(), strict=False):
            _panel(axes, name, found, others)
        hidden = len(variants) - 1 - len(others)
        rest = f"; not shown, as they differ less: {hidden}" if hidden else ""
        bars = "1 replication" if n == 1 else f"95 % intervals of {n} paired replications; grey: may be chance"
        figure.supxlabel(below(f"more or less than {first} ({bars}{rest})", width), fontsize=9)
    return figure


def rows_of(variants: Mapping[str, Results]) -> dict[str, list[Row]]:
    """Return for each measure of :data:`MEASURES` that occurs the difference of each variant from the first."""
    (first, base), *others = variants.items()
    measures = [each.measures for each in base.replications]
    found: dict[str, list[Row]] = {}
    otherwise = False
    for name, other in others:
        total = in_total(differences(first, measures, name, [each.measures for each in other.replications]))
        otherwise |= lost_otherwise(total)
        for measure in MEASURES:
            if measure in total:
                scale, row = MEASURES[measure][1], total[measure]
                low, high = (None if row[end] is None else row[end] * scale for end in ("low", "high"))
                found.setdefault(measure, []).append(Row(name, row["mean"] * scale, low, high))
    if not otherwise:
        found.pop("callers.lost", None)
    # What is nought for all of them says nothing.
    return {
        name: found[name] for name in MEASURES if any(row.mean or row.low or row.high for row in found.get(name, ()))
    }


def _most_different(rows: Mapping[str, Sequence[Row]], names: list[str]) -> list[str]:
    """Return the variants that are drawn, in their order."""
    if len(names) <= MOST_VARIANTS or not rows:
        return names[:MOST_VARIANTS]
    size = {row.variant: abs(row.mean) for row in next(iter(rows.values()))}
    chosen = set(sorted(names, key=lambda name: -size.get(name, 0.0))[:MOST_VARIANTS])
    return [name for name in names if name in chosen]


def _title(variants: Mapping[str, Results], panels: Mapping[str, Sequence[Row]]) -> str:
    """Say the difference that is greatest in the first measure that is drawn and that is no chance."""
    first, other, *_ = variants
    for name, rows in panels.items():
        sure = [row for row in rows if not row.chance and row.mean]
        if sure:
            row, (what, _, unit) = max(sure, key=lambda row: abs(row.mean)), MEASURES[name]
            fewer = "fewer" if what.startswith(COUNTED) else "less"
            side = "more" if row.mean > 0 else fewer
            amount = f"{_digits(abs(row.mean))}{row.give_or_take}"
            return " ".join(filter(None, (f"{row.variant}: {amount}", unit, side, what, "than", first)))
    if panels:
        return f"No variant differs from {first} by more than chance"
    sentences = comparison({name: variants[name].replications for name in (first, other)})
    return sentences[0] if len(variants) == 2 else f"No variant differs from {first}"  # noqa: PLR2004


def _digits(number: float) -> str:
    """Write a number with two digits that say something, a whole one whole."""
    if number == round(number):
        return f"{number:,.0f}"
    places = max(1 - math.floor(math.log10(abs(number))), 0)
    return f"{number:,.{min(places, 6)}f}"


def _panel(axes: Axes, name: str, rows: Sequence[Row], variants: Sequence[str]) -> None:
    """Draw one measure: a point and an interval for each variant, and the number beside it."""
    what, _, unit = MEASURES[name]
    there = {row.variant: row for row in rows}
    axes.axvline(0, color=BLACK, linewidth=0.8)
    for at, variant in enumerate(variants):
        row = there.get(variant)
        if row is None:
            continue
        colour = GREY if row.chance else BLUE if row.mean < 0 else VERMILION
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [at, at], color=colour, linewidth=3, alpha=0.45, solid_capstyle="butt")
        axes.plot([row.mean], [at], "o", color=colour, markersize=5)
        axes.annotate(_number(row), (1.01, at), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    names = [name if len(name) <= 24 else f"{name[:23]}…" for name in variants]  # noqa: PLR2004 - a margin
    axes.set_yticks(range(len(variants)), names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(variants) - 0.4, -0.6)
    axes.set_title(f"{what} ({unit})" if unit else what, loc="left", fontsize=9)
    narrow = axes.get_figure(root=True).get_figwidth() <= NARROW  # type: ignore[union-attr]
    axes.xaxis.set_major_locator(MaxNLocator(4 if narrow else 7))
    axes.margins(x=0.06)
    axes.grid(visible=True, axis="x", alpha=0.25)


def _number(row: Row) -> str:
    sign = "+" if row.mean > 0 else "\N{MINUS SIGN}" if row.mean < 0 else ""
    return f"{sign}{_digits(abs(row.mean))}{row.give_or_take}"
