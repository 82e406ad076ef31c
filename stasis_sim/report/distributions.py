"""How long callers waited: for an app that had not heard of them, and for the first command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from stasis_sim.observe.hearing import starts
from stasis_sim.report.drawing import BLACK, GREY, OTHERS, STYLE, WIDTH, below, blank, colours_of, grouped, legend
from stasis_sim.report.sentences import seconds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from stasis_sim.experiments.replications import Results

BARS: Final = 60
"""Bars from the shortest time to the longest."""

DECADES: Final = 30.0
"""Times that are so many times as long as others stand on a logarithmic axis."""

SHORTEST: Final = 1e-3
"""Seconds; on a logarithmic axis what is shorter counts as this."""

QUANTILES: Final = (0.5, 0.95)
"""What is marked and said of many times."""

_DECADES: Final = (1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 36000, 360000)
"""Ticks of a logarithmic axis, in seconds."""

_STEPS: Final = (
    *(digit * 10.0**power for power in (-3, -2, -1) for digit in (1, 2, 5)),
    *(1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000, 86400),
)
"""How far the ticks of another axis may be from each other, in seconds."""

UNHEARD: Final = ("missed", "lost", "late")
"""Fates of a StasisStart whose caller is stranded, for a while or for good."""


class _Stay(NamedTuple):
    """An attempt; what :func:`stasis_sim.observe.hearing.starts` asks of it."""

    at: int
    result: str
    first_command: int | None
    app: str
    left: int


class _Start(NamedTuple):
    """A StasisStart."""

    app: str
    type: str
    raised: int
    fate: str


class Words(NamedTuple):
    """What a distribution says: that there is nothing, of whom it is, what they did, and what its axes are called."""

    none: str
    who: str
    verb: str
    time: str
    counted: str


def stranded_time(results: Results, *, width: float = WIDTH) -> Figure:
    """Draw how long calls were inside an app that had not heard of them: until the first command, or their end.

    It is the distribution of the measure ``stranded_s`` of each app, over all replications.

    Args:
        results: What a run gave.
        width: Of the picture in inches.

    Raises:
        ValueError: The scenario says ``record: measures``, so that there are no tables.
    """
    words = Words(
        "no call was stranded",
        "stranded calls",
        "were unheard of for",
        "time inside before the app did anything",
        "calls",
    )
    return _distribution(results, stranded(results), words, width)


def handoff_latency(results: Results, *, width: float = WIDTH) -> Figure:
    """Draw how long it took from Stasis() to the first command that was carried out.

    It is the distribution of the measure ``handoff_s``, over all replications.

    Args:
        results: What a run gave.
        width: Of the picture in inches.

    Raises:
        ValueError: The scenario says ``record: measures``, so that there are no tables.
    """
    words = Words("no call had a command", "handoffs", "took", "time from Stasis() to the first command", "handoffs")
    return _distribution(results, handoffs(results), words, width)


def handoffs(results: Results) -> dict[str, NDArray[np.float64]]:
    """Return the handoff times of each app in seconds, of calls that arrived after the warm-up."""
    columns = ("replication", "call", "app", "at_s", "first_command_s")
    attempts = _counted(results, results.table("attempts", columns)).dropna(subset="first_command_s")
    times = (attempts["first_command_s"] - attempts["at_s"]).round(6)
    return {str(app): own.to_numpy() for app, own in times.groupby(attempts["app"], sort=False)}


def stranded(results: Results) -> dict[str, NDArray[np.float64]]:
    """Return for each app how long calls were inside before it did anything whose StasisStart it did not hear in time.

    Times are seconds, of calls that arrived after the warm-up.
    """
    unheard = results.table(
        "events", ("replication", "call", "type", "fate"), {"type": ("StasisStart",), "fate": UNHEARD}
    )
    calls = _counted(results, unheard.dropna(subset="call"))[["replication", "call"]].drop_duplicates()
    if calls.empty:
        return {}
    numbers = calls["call"].unique().tolist()
    events = results.table(
        "events",
        ("replication", "call", "app", "type", "raised_s", "fate"),
        {"type": ("StasisStart",), "call": numbers},
    )
    columns = ("replication", "call", "app", "at_s", "result", "left_s", "first_command_s")
    stays = _stays(results, results.table("attempts", columns, {"call": numbers}).merge(calls))
    told: dict[tuple[int, int], list[_Start]] = {}
    for replication, call, app, type_, raised, fate in _rows(events.merge(calls), "app", "type", "raised_s", "fate"):
        told.setdefault((replication, call), []).append(_Start(app, type_, _us(raised), fate))
    found: dict[str, list[float]] = {}
    for key, own in stays.items():
        for stay, start in starts(told.get(key, []), own):
            if start.fate in UNHEARD:
                end = stay.left if stay.first_command is None else stay.first_command
                found.setdefault(stay.app, []).append((end - stay.at) / 1e6)
    return {app: np.array(times) for app, times in found.items()}


def _stays(results: Results, attempts: pd.DataFrame) -> dict[tuple[int, int], list[_Stay]]:
    """Return the attempts of each call, in order."""
    ends = {each.number: each.notes["end_us"] for each in results.replications}
    found: dict[tuple[int, int], list[_Stay]] = {}
    names = ("app", "at_s", "result", "left_s", "first_command_s")
    for replication, call, app, at, result, left, first in _rows(attempts, *names):
        command = None if np.isnan(first) else _us(first)
        stay = _Stay(_us(at), result, command, app, ends[replication] if np.isnan(left) else _us(left))
        found.setdefault((replication, call), []).append(stay)
    return found


def _rows(frame: pd.DataFrame, *columns: str) -> Any:
    """Yield replication, call and other columns of each row."""
    return zip(*(frame[name].tolist() for name in ("replication", "call", *columns)), strict=True)


def _us(time: float) -> int:
    """Return the microsecond that a time in seconds was made of."""
    return round(time * 1e6)


def _counted(results: Results, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of calls that arrived after the warm-up, so that the measures count them."""
    warmup = results.scenario.run.warmup_us / 1e6
    if not warmup:
        return rows
    calls = results.table("calls", ("replication", "call", "arrived_s"))
    return rows.merge(calls[calls["arrived_s"] >= warmup][["replication", "call"]])


def _halves(values: NDArray[np.float64], nouns: str, verb: str) -> str:
    """Say how long half of them took, and how long the longest of twenty."""
    half, most = (seconds(float(np.quantile(values, share))) for share in QUANTILES)
    if half == most:
        return f"most of {len(values):,} {nouns} {verb} {half}"
    return f"half of {len(values):,} {nouns} {verb} {half} or longer, 5 % {verb} {most} or longer"


# ---- drawing ----------------------------------------------------------------------------------------------------


def _nobody(title: str, width: float) -> Figure:
    """Draw that there is nothing to be drawn."""
    with mpl.rc_context(STYLE):
        figure = blank(1.4, title, width)
        axes: Axes = figure.subplots()
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", color=GREY)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    return figure


def _distribution(results: Results, waits: dict[str, NDArray[np.float64]], words: Words, width: float) -> Figure:
    """Draw how often each length of time occurred, and below it how many waited longer."""
    profile = results.scenario.asterisk.profile
    if not waits:
        return _nobody(f"{profile}: {words.none}", width)
    colours = colours_of(results)
    names = grouped(list(waits), {app: float(len(own)) for app, own in waits.items()})
    groups: dict[str, NDArray[np.float64]] = {}
    for app, own in waits.items():
        groups[names[app]] = np.concatenate([groups.get(names[app], np.empty(0)), own])
    values = np.concatenate(list(waits.values()))
    edges = _edges(values)
    with mpl.rc_context(STYLE):
        figure = blank(4.4, f"{profile}: {_halves(values, words.who, words.verb)}", width)
        often, longer = figure.subplots(2, 1, sharex=True, height_ratios=[1.3, 1])
        floor = np.zeros(len(edges) - 1)
        for app, own in sorted(groups.items(), key=lambda group: group[0] == OTHERS):
            colour = colours[app]
            counts, _ = np.histogram(np.clip(own, edges[0], edges[-1]), edges)
            often.stairs(floor + counts, edges, baseline=floor, fill=True, color=colour, label=app)
            floor = floor + counts
            times, share = _exceeding(own, edges)
            longer.step(times, share, where="post", color=colour, linewidth=1.3, label=app)
        often.set_ylabel(words.counted)
        often.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
        _mark(often, values)
        legend(often)
        _axes_of_shares(longer, len(values))
        longer.set_ylabel(f"{words.counted} that\ntook longer")
        _axis_of_times(longer, edges)
        longer.set_xlabel(below(f"{words.time}{', on a logarithmic axis' if edges[0] else ''}", width))
        figure.align_ylabels()
    return figure


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the edges of the bars: equal lengths from 0, or equal ratios where some are many times as long."""
    longest = float(values.max())
    common = max(float(np.quantile(values, 0.05)), SHORTEST)
    if longest <= DECADES * common:
        return np.linspace(0, max(longest, SHORTEST) * 1.02, BARS + 1)
    least = max(float(values.min()), SHORTEST)
    return np.geomspace(least * 0.98, longest * 1.02, BARS + 1)


def _exceeding(own: NDArray[np.float64], edges: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times and the percentage that took longer, at no more of them than can be seen."""
    spaced = np.geomspace(edges[0], edges[-1], 4 * BARS) if edges[0] else np.linspace(0, edges[-1], 4 * BARS)
    ordered = np.sort(own)
    times = ordered if len(ordered) <= len(spaced) else spaced
    share = 100 * (1 - np.searchsorted(ordered, times, side="right") / len(ordered))
    return np.concatenate([[edges[0]], times]), np.concatenate([[100.0], share])


def _mark(axes: Axes, values: NDArray[np.float64]) -> None:
    """Mark the median, and what 1 of 20 takes longer than."""
    for share, style, name in zip(QUANTILES, ("-", "--"), ("median", "95 %"), strict=True):
        time = float(np.quantile(values, share))
        axes.axvline(time, color=BLACK, linewidth=0.9, linestyle=style, alpha=0.7, label=f"{name}: {seconds(time)}")


def _axis_of_times(axes: Axes, edges: NDArray[np.float64]) -> None:
    """Let an axis count as clocks do."""
    if edges[0]:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        ticks = [time for time in _DECADES if edges[0] <= time <= edges[-1]]
        if len(ticks) < 2:  # noqa: PLR2004 - one number is no axis
            ticks = [
                time * factor for time in _DECADES for factor in (1, 2, 5) if edges[0] <= time * factor <= edges[-1]
            ]
    else:
        step = next((each for each in _STEPS if edges[-1] / each <= 7), edges[-1])  # noqa: PLR2004 - as many fit
        ticks = np.arange(0, edges[-1], step).tolist()
    axes.set_xticks(ticks, [seconds(time).removesuffix(" 0 s").replace(".0 ", " ") if time else "0" for time in ticks])
    axes.set_xlim(edges[0], edges[-1])


def _axes_of_shares(axes: Axes, n: int) -> None:
    """Let shares go down to the one of a single call, where they are many."""
    if n >= 100:  # noqa: PLR2004 - below it a logarithm shows nothing that a line does not
        axes.set_yscale("log")
        axes.set_ylim(max(100 / n, 1e-4), 130)
        axes.yaxis.set_major_locator(LogLocator(numticks=5))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0, 104)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:g} %"))
    axes.grid(visible=True, alpha=0.2)
