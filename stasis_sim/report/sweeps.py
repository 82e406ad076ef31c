"""A sweep as a table, a sentence and a picture: which values lose the fewest calls, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from stasis_sim.errors import InputError
from stasis_sim.experiments.precision import of
from stasis_sim.experiments.sweeps import Swept, label, short
from stasis_sim.observe.intervals import Interval, of_scope, paired
from stasis_sim.report.sentences import LOSSES, lost_otherwise
from stasis_sim.report.tables import cell
from stasis_sim.scenario.measured import Scopes, scope_and_measure
from stasis_sim.scenario.misfit import MisfitError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from stasis_sim.scenario import Scenario

MOST_ROWS: Final = 60
"""Points that the terminal shows; the table on disk has all."""

USUAL: Final = ("ejection_rate", "calls.share.stranded", "missed_rate", "availability")
"""Measures that people ask for first."""

NOTHING: Final[Interval] = {"mean": None, "low": None, "high": None, "n": 0}


class Place(NamedTuple):
    """A point with the interval of one measure."""

    settings: dict[str, Any]
    interval: Interval


def check_measures(names: Sequence[str], scenario: Scenario | None = None) -> list[str]:
    """Return the measures that a user named.

    Args:
        names: ``[APP.]measure``.
        scenario: Whose apps and clients are meant; None: any.

    Raises:
        InputError: One does not exist, or is of an app or client that the scenario does not have.
    """
    for name in names:
        try:
            scope, measure = scope_and_measure(name)
        except MisfitError as misfit:
            raise InputError.at("--measure", misfit.faults[0][1]) from None
        text = "" if scenario is None else Scopes(scenario).misfit(scope, measure)
        if text:
            raise InputError.at("--measure", text)
    return list(names)


def places(found: Swept, name: str) -> list[Place]:
    """Return a measure at each point.

    Args:
        found: The sweep.
        name: ``[APP.]measure``; the app may be a client.
    """
    app, measure = scope_and_measure(name)
    result = []
    for position, point in enumerate(found.points):
        values = of_scope(found.measures(position), app, measure)
        result.append(Place(point.settings, values.get(measure, NOTHING)))
    return result


def telling(found: Swept) -> list[str]:
    """Return what a page shows: what of :data:`USUAL` is not the same at all points, behind what :func:`first` adds."""
    means = {name: {place.interval["mean"] for place in places(found, name)} for name in USUAL}
    told = [name for name, values in means.items() if len(values) > 1] or [USUAL[0]]
    return list(dict.fromkeys((*first(found)[:-1], *told)))


def first(found: Swept) -> list[str]:
    """Return what is shown if nobody says: ejections, and before them lost callers where ejections do not tell."""
    means = {name: [place.interval["mean"] or 0.0 for place in places(found, name)] for name in LOSSES}
    points = range(len(found.points))
    apart = ({name: {"mean": values[at] - values[0]} for name, values in means.items()} for at in points)
    return [LOSSES[0], USUAL[0]] if any(map(lost_otherwise, apart)) else [USUAL[0]]


def listing(found: Swept, names: Sequence[str]) -> str:
    """Return a table with a row for each point: the values of the keys, and the measures."""
    keys = list(found.design.over)
    columns = [places(found, name)[:MOST_ROWS] for name in names]
    head = [*(short(keys, key) for key in keys), *names]
    rows = [head]
    for position, point in enumerate(found.points[:MOST_ROWS]):
        cells = [
            cell(scope_and_measure(name)[1], column[position].interval)
            for name, column in zip(names, columns, strict=True)
        ]
        rows.append([*(label(point.settings[key]) for key in keys), *cells])
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    lines = [_line(row, widths, len(keys)) for row in rows]
    lines.insert(1, "─" * len(max(lines, key=len)))
    rest = len(found.points) - MOST_ROWS
    return "\n".join([*lines, *([f"and {rest} more points, in sweep.parquet"] if rest > 0 else [])])


def _line(row: Sequence[str], widths: Sequence[int], left: int) -> str:
    parts = [
        text.ljust(width) if at < left else text.rjust(width)
        for at, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "   ".join(parts).rstrip()


def span(found: Swept, name: str) -> str:
    """Return the least and the most of a measure: ``0.24 ± 0.07 % to 66.7 ± 0.5 %``."""
    known = [place.interval for place in places(found, name) if place.interval["mean"] is not None]
    if not known:
        return "nothing to measure it by at any point"
    measure = scope_and_measure(name)[1]
    ends = [cell(measure, end(known, key=lambda interval: interval["mean"] or 0.0)) for end in (min, max)]
    return f"{ends[0]} at all points" if ends[0] == ends[1] else " to ".join(ends)


def answer(found: Swept, name: str) -> str:
    """Say where a measure is least and where most, and by how much, pair by pair of replications."""
    known = {at: place for at, place in enumerate(places(found, name)) if place.interval["mean"] is not None}
    measure = scope_and_measure(name)[1]
    if not known:
        return f"{name}: nothing to measure it by at any point."
    least, most = (end(known, key=lambda at: known[at].interval["mean"] or 0.0) for end in (min, max))
    if known[least].interval["mean"] == known[most].interval["mean"]:
        return f"{name} is {cell(measure, known[least].interval)} at all points."
    low, high = ([of(each, name) for each in found.replications(at)] for at in (least, most))
    # A precision may have given one of them more replications; the rest has no pair.
    n = min(len(low), len(high))
    apart = paired(low[:n], high[:n])
    text = (
        f"{name} is least, {cell(measure, known[least].interval)}, at {_said(found, known[least])}, "
        f"and most, {cell(measure, known[most].interval)}, at {_said(found, known[most])}"
    )
    if apart["low"] is None:
        why = "one replication does not say" if apart["n"] else "no replication has both, so that none says"
        return f"{text}; {why} how sure that is.{_left_out(found, name, least, len(known))}"
    sure = "" if apart["low"] > 0 else ", which may be chance: more replications will tell"
    difference = f"with the same callers the difference is {_points(cell(measure, apart))}{sure}"
    return f"{text}; {difference}.{_left_out(found, name, least, len(known))}"


def _left_out(found: Swept, name: str, least: int, known: int) -> str:
    """Say how many points have no such measure, and of times to return which outages: who stays away takes no time.

    Args:
        found: The sweep.
        name: ``[APP.]measure``.
        least: The point at which it is least.
        known: At how many points there is something to measure it by.
    """
    app, measure = scope_and_measure(name)
    values = of_scope(found.measures(least), app, "outages")
    rest, said = len(found.points) - known, ""
    if measure == "recovery_s" and (unended := values["outages.in_progress"])["mean"]:
        counts = [cell("outages", each) for each in (unended, values["outages"])]
        said = f" Where it is least {counts[0]} of {counts[1]} outages were not over at the end, and are left out."
    return f"{said} At {rest} of {len(found.points)} points there is nothing to measure it by." if rest else said


def _points(text: str) -> str:
    """Call a difference of two shares what it is."""
    return text.replace(" %", " points")


def _said(found: Swept, place: Place) -> str:
    keys = list(found.design.over)
    return ", ".join(f"{short(keys, key)} = {label(value)}" for key, value in place.settings.items())


def picture(found: Swept, name: str, width: float | None = None) -> Figure:
    """Draw a measure over the keys that were swept: a curve, curves, or a heat map.

    Args:
        found: The sweep.
        name: ``[APP.]measure``.
        width: Of the picture in inches; None: the usual one.
    """
    from stasis_sim.report.sweep_figure import WIDTH, figure  # noqa: PLC0415 - loads matplotlib

    names = {key: short(list(found.design.over), key) for key in found.design.over}
    return figure(found, name, places(found, name), names, answer(found, name), width=width or WIDTH)
