"""The tables that the command line prints: measures down, apps or variants across, within 80 columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from stasis_sim.experiments.baselines import Moved
from stasis_sim.observe.catalogue import lookup
from stasis_sim.observe.intervals import Interval, Intervals, Summary
from stasis_sim.observe.vocabulary import OUTCOMES, REASONS

WIDTH = 80

ROWS: tuple[tuple[str, str], ...] = (
    ("calls", "calls"),
    *((f"calls.share.{outcome}", f"  {outcome.replace('_', ' ')}") for outcome in OUTCOMES),
    ("redials", "redials"),
    ("ejection_rate", "ejection rate"),
    *((f"attempts.reason.{reason}", f"  {reason.replace('_', ' ')}") for reason in REASONS),
    ("saved_rate", "saved by the fallback"),
    ("events.raised", "events raised"),
    ("missed_rate", "missed events"),
    ("events.misdelivered", "misdelivered events"),
    ("stranded_s", "stranded for, mean"),
    ("orphaned", "orphaned calls"),
    ("orphaned_s", "orphaned for, mean"),
    ("handoff_s.p50", "handoff, median"),
    ("handoff_s.p95", "handoff, 95 %"),
    ("inside_peak", "peak inside"),
    ("availability", "app available"),
    ("registered", "app registered"),
    ("outages", "outages"),
    ("outages.in_progress", "outages in progress"),
    ("outages.longest_s", "longest outage"),
    ("recovery_s", "mean time to return"),
)
"""What a table shows of all measures, in its order; measures.json has the rest."""

LABELS = {**{name: text.strip() for name, text in ROWS}, "callers.lost": "callers lost"}
"""What measures are called; lost callers are in no table of a run, as outcomes are, and in comparisons and sweeps."""

NEGLIGIBLE = 1e-4
"""A half-width that is so small a part of its mean is not shown."""

FINEST = 9
"""Digits after the point at most: rates of one in a hundred million are asked for too."""

ALWAYS = frozenset({"calls", "ejection_rate", "missed_rate", "availability", "registered", "outages"})
"""Rows that are shown where they are nought too."""


def cell(name: str, interval: Interval | None) -> str:
    """Write the mean of a measure with the half-width of its interval, two digits of it."""
    measure = lookup(name)
    if measure is None or interval is None or interval["mean"] is None:
        return "-"
    mean, low, high = interval["mean"], interval["low"], interval["high"]
    scale, unit = {"share": (100.0, " %"), "seconds": (1.0, " s"), "count": (1.0, "")}[measure.kind]
    if unit == " s" and abs(mean) < 1:
        scale, unit = 1000.0, " ms"
    half = 0.0 if low is None or high is None else (high - low) / 2 * scale
    if half <= NEGLIGIBLE * abs(mean * scale):
        return f"{_digits(mean * scale)}{unit}"
    places = min(max(1 - math.floor(math.log10(half)), 0), FINEST)
    return f"{mean * scale:,.{places}f} ± {half:,.{places}f}{unit}"


def _digits(number: float) -> str:
    """Write a number with three digits, whole ones whole."""
    if number == round(number) or abs(number) >= 100:  # noqa: PLR2004 - three digits stand before the point
        return f"{number:,.0f}"
    text = f"{number:.3g}"
    return f"{number:.{min(2 - math.floor(math.log10(abs(number))), FINEST)}f}" if "e" in text else text


def rows(columns: Mapping[str, Intervals]) -> list[tuple[str, str, list[str]]]:
    """Return the rows that a table shows: the measure, its label, and a cell for each mapping of measures."""
    return [
        (name, label, [cell(name, column.get(name)) for column in columns.values()])
        for name, label in ROWS
        if name in ALWAYS
        or any((found := column.get(name)) is not None and found["mean"] for column in columns.values())
    ]


def table(columns: Mapping[str, Intervals]) -> str:
    """Return a table with one column for each mapping of measures."""
    return laid_out([(label, cells) for _, label, cells in rows(columns)], list(columns))


def laid_out(shown: Sequence[tuple[str, list[str]]], titles: Sequence[str], heading: str = "") -> str:
    """Return a table in as many blocks as its width takes.

    Args:
        shown: The label of each row, with a cell for each column.
        titles: Of the columns.
        heading: What stands over the labels.
    """
    first = max(len(label) for label in (heading, *(label for label, _ in shown))) + 2
    widths = [max(len(title), *(len(cells[at]) for _, cells in shown)) + 3 for at, title in enumerate(titles)]
    blocks: list[str] = []
    start = 0
    while start < len(titles):
        end = start + 1
        while end < len(titles) and first + sum(widths[start : end + 1]) <= WIDTH:
            end += 1
        part = [(label, cells[start:end]) for label, cells in shown]
        blocks.append(_block([(heading, list(titles[start:end])), *part], first, widths[start:end]))
        start = end
    return "\n\n".join(blocks)


def _block(rows: Sequence[tuple[str, list[str]]], first: int, widths: Sequence[int]) -> str:
    """Lay out rows, of which the first is the heading."""
    lines = [
        label.ljust(first) + "".join(text.rjust(width) for text, width in zip(cells, widths, strict=True))
        for label, cells in rows
    ]
    lines.insert(1, "─" * (first + sum(widths)))
    return "\n".join(line.rstrip() for line in lines)


def columns_of(summary: Summary) -> dict[str, Intervals]:
    """Return what the table of a run has columns for: the total, and each app that calls tried if there are several."""
    apps = {name: values for name, values in summary["apps"].items() if values["attempts"]["mean"]}
    return {"total": summary["total"], **(apps if len(apps) > 1 else {})}


def run_table(summary: Summary) -> str:
    """Return the table of a run."""
    return table(columns_of(summary))


def moved_table(moved: Sequence[Moved], most: int = 20) -> str:
    """Return a table of measures that are not what they were.

    Each is called as ``expect:`` would call it. An app or a client of which it is the total again, as where there is no
    other, has no line.
    """
    total = {_amount(each) for each in moved if each.app is each.client is None}
    told = [each for each in moved if each.app is each.client is None or _amount(each) not in total]
    lines = [f"  {_named(each)}  {_signed(each.mean)}{_between(each.low, each.high)}" for each in told[:most]]
    rest, same = len(told) - most, len(moved) - len(told)
    lines += [f"  and {rest} more"] if rest > 0 else []
    lines += [f"  and {same} of apps and clients that are those in total again"] if same else []
    return "\n".join(lines)


def _amount(each: Moved) -> tuple[str, float, float | None, float | None]:
    """Return the measure, and by how much it has moved."""
    return each.measure, each.mean, each.low, each.high


def _named(each: Moved) -> str:
    """Return ``[APP.]measure``; of a client says so where apps have such a measure too."""
    name = ".".join(filter(None, (each.app, each.client, each.measure)))
    found = lookup(each.measure)
    both = each.client is not None and found is not None and "apps" in found.scopes
    return f"{name} (client)" if both else name


def _signed(number: float) -> str:
    return f"{number:+.4g}"


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" ({_signed(low)} to {_signed(high)})"
