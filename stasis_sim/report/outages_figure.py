"""Ejections over time, against the outages of their app: whether Asterisk turned calls away, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import FixedLocator, MaxNLocator, PercentFormatter

from stasis_sim.report.drawing import (
    BINS,
    BLACK,
    MOST_APPS,
    STYLE,
    WIDTH,
    below,
    blank,
    clock,
    colours_of,
    legend,
    outages_of,
)
from stasis_sim.report.sentences import percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from stasis_sim.experiments.replications import Results

_ATTEMPTS: Final = ("replication", "app", "at_s", "result")
_OUTAGES: Final = ("replication", "app", "from_s", "to_s")

ENOUGH: Final = 5
"""So many attempts should fall into a bin."""

FEWEST: Final = 30
"""Bins over the length of a run, however few calls there are."""

HALF: Final = 50
"""Percent; an axis that has to go further goes to 100."""


class Course(NamedTuple):
    """How it went with one app, over all replications.

    Attributes:
        app: The app.
        ejected: For each bin how many attempts were ejected.
        decided: For each bin how many attempts were decided.
        away: For each bin which share of the time the app was away.
        within: How many of the ejections fell into outages.
    """

    app: str
    ejected: NDArray[np.int64]
    decided: NDArray[np.int64]
    away: NDArray[np.float64]
    within: int


def ejections_over_time(results: Results, *, width: float = WIDTH) -> Figure:
    """Draw which share of attempts was ejected, and over which share of the time the app was away, through the run.

    Where Asterisk turns calls away only while it knows that nobody is there, and callers come at random, the two are
    equal within their noise.

    Args:
        results: What a run gave; all replications count together.
        width: Of the picture in inches.

    Returns:
        A figure with a panel for each app, those with most ejections where they are many.

    Raises:
        ValueError: The scenario says ``record: measures``, so that there are no tables.
    """
    ends = {each.number: max(each.notes["end_us"] / 1e6, 1e-6) for each in results.replications}
    courses = _courses(results, ends)
    edges = np.linspace(0, max(ends.values()), len(courses[0].away) + 1 if courses else 2)
    shown = sorted(courses, key=lambda course: -int(course.ejected.sum()))[:MOST_APPS]
    time = clock(float(edges[-1]))
    with mpl.rc_context(STYLE):
        figure = blank(1.2 + 1.35 * max(len(shown), 1), _title(results, courses), width)
        panels: Any = figure.subplots(max(len(shown), 1), 1, sharex=True, squeeze=False)[:, 0]
        colours, warmup = colours_of(results), results.scenario.run.warmup_us / 1e6
        for axes, course in zip(panels, shown, strict=False):
            _panel(axes, course, edges / time.length, colours[course.app])
        for axes in panels if warmup else ():
            axes.axvline(warmup / time.length, color=BLACK, linewidth=0.8, linestyle=":", alpha=0.6)
        top = max((_highest(course) for course in shown), default=0.0)
        for axes in panels:
            axes.set_ylim(0, 104 if top > HALF else max(1.1 * top, 1))
            axes.yaxis.set_major_locator(FixedLocator([0, 50, 100]) if top > HALF else MaxNLocator(3))
            axes.yaxis.set_major_formatter(PercentFormatter(decimals=0, symbol=" %"))
            axes.set_ylabel("share")
        if shown:
            # Above the legend: a name may be as long as the picture is wide.
            panels[0].set_title(shown[0].app, loc="left", fontsize=9, pad=22)
        legend(panels[0])
        many = len(results.replications)
        of = "" if many == 1 else f"; {many} replications together"
        of += "; dotted: end of the warm-up, which is counted here" if warmup else ""
        hidden = len(courses) - len(shown)
        rest = f"; apps with fewer ejections that are not shown: {hidden}" if hidden else ""
        panels[-1].set_xlabel(below(f"{time.unit} since the start{of}{rest}", width))
        panels[-1].set_xlim(0, edges[-1] / time.length)
        figure.align_ylabels(panels)
    return figure


def _courses(results: Results, ends: dict[int, float]) -> list[Course]:
    """Return the course of each app that anybody asked for."""
    attempts = results.table("attempts", _ATTEMPTS, {"result": ("entered", "ejected")})
    apps = max(attempts["app"].nunique(), 1)
    edges = np.linspace(0, max(ends.values()), min(max(len(attempts) // apps // ENOUGH, FEWEST), BINS) + 1)
    outages = results.table("outages", _OUTAGES)
    outages["to_s"] = outages["to_s"].fillna(outages["replication"].map(ends))
    found = []
    for app, own in attempts.groupby("app", sort=False):
        gone = own[own["result"] == "ejected"]
        away = outages[outages["app"] == app]
        decided, ejected = (np.histogram(each["at_s"], edges)[0] for each in (own, gone))
        found.append(Course(str(app), ejected, decided, _share(away, edges, ends), _within(gone, away, ends)))
    return found


def _share(outages: pd.DataFrame, edges: NDArray[np.float64], ends: dict[int, float]) -> NDArray[np.float64]:
    """Return for each bin the share of the replications' time in which there was an outage."""
    starts, stops = np.sort(outages["from_s"].to_numpy()), np.sort(outages["to_s"].to_numpy())
    # The time that lies in outages up to each edge: outages of one replication never overlap.
    spent = [np.clip(edge - starts, 0, None).sum() - np.clip(edge - stops, 0, None).sum() for edge in edges]
    there = [np.clip(np.array(list(ends.values())), None, edge).sum() for edge in edges]
    share: NDArray[np.float64] = np.diff(spent) / np.maximum(np.diff(there), 1e-9)
    return share.clip(0, 1)


def _within(ejected: pd.DataFrame, outages: pd.DataFrame, ends: dict[int, float]) -> int:
    """Count the ejections that fell into an outage; one at its very end counts."""
    count = 0
    for number, own in ejected.groupby("replication"):
        spans = outages_of(outages[outages["replication"] == number], ends[int(str(number))])
        starts, stops = np.array([start for start, _ in spans]), np.array([stop for _, stop in spans])
        at = np.searchsorted(starts, own["at_s"], side="right") - 1
        count += int((at >= 0).sum() and (own["at_s"].to_numpy()[at >= 0] <= stops[at[at >= 0]]).sum())
    return count


def _title(results: Results, courses: list[Course]) -> str:
    """Say how many were ejected, and whether outages explain it; and of calls that did not get so far."""
    decided, ejected = (sum(int(getattr(each, name).sum()) for each in courses) for name in ("decided", "ejected"))
    profile = results.scenario.asterisk.profile
    if not decided:
        return f"{profile}: nobody tried to enter an app"
    longest = max(courses, key=lambda course: float(course.away.mean()))
    away = float(longest.away.mean())
    gone = f"app {longest.app} was away for {percent(away)} of the time" if away else "no app was ever away"
    if blocked := len(results.table("calls", ("outcome",), {"outcome": ("blocked",)})):
        gone += f"; {percent(blocked / len(results.table('calls', ('outcome',))))} of calls were blocked"
    if not ejected:
        return f"{profile}: none of {decided:,} attempts was ejected, {'though' if away else 'and'} {gone}"
    within = sum(each.within for each in courses)
    share = "all" if within == ejected else percent(within / ejected)
    where = f"{share} of them in outages" if within else "none of them in an outage"
    return f"{profile}: {percent(ejected / decided)} of {decided:,} attempts were ejected, {where}; {gone}"


def _highest(course: Course) -> float:
    """Return the highest share that is to be drawn, in percent."""
    return 100 * max(float(course.away.max()), float((course.ejected / np.maximum(course.decided, 1)).max()))


def _panel(axes: Axes, course: Course, edges: NDArray[np.float64], colour: str) -> None:
    """Draw both shares of one app."""
    with np.errstate(invalid="ignore"):
        rate = course.ejected / course.decided  # none where nobody has tried
    axes.stairs(100 * course.away, edges, fill=True, color=BLACK, alpha=0.15, label="app away, of the time")
    axes.stairs(100 * rate, edges, baseline=None, color=colour, linewidth=1.3, label="attempts ejected")
    axes.set_title(course.app, loc="left", fontsize=9)
