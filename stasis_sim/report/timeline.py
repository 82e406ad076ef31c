"""The timeline of a run: who was connected when, who called, how many were inside, and what was lost meanwhile."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from stasis_sim.errors import InputError
from stasis_sim.observe.vocabulary import OUTCOMES
from stasis_sim.report.drawing import (
    BINS,
    BLUE,
    COLUMNS,
    GREEN,
    GREY,
    ORANGE,
    OTHERS,
    PURPLE,
    SKY,
    STYLE,
    VERMILION,
    WIDTH,
    YELLOW,
    Clock,
    below,
    blank,
    clock,
    colours_of,
    grouped,
    instants,
    legend,
    merged,
    outages_of,
    shade,
    staircase,
)
from stasis_sim.report.sentences import percent, seconds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from stasis_sim.experiments.replications import Results
    from stasis_sim.scenario import Scenario

MOST_BANDS: Final = 16
"""So many clients have a band of their own: those that were away, in the order of the scenario."""

REASONS: Final = {
    "never_registered": PURPLE,
    "forgotten": VERMILION,
    "not_active": ORANGE,
    "connect_failed": SKY,
    "no_name": YELLOW,
    "claim_timeout": GREEN,
}
"""The colour of each reason of an ejection."""

_TABLES: Final[Mapping[str, tuple[str, tuple[str, ...], Mapping[str, tuple[str, ...]]]]] = {
    "taken": ("calls", ("arrived_s",), {"outcome": tuple(word for word in OUTCOMES if word != "blocked")}),
    "blocked": ("calls", ("arrived_s",), {"outcome": ("blocked",)}),
    "stranded": ("calls", ("arrived_s",), {"outcome": ("stranded",)}),
    "entered": ("attempts", ("app", "at_s", "left_s"), {"result": ("entered",)}),
    "ejected": ("attempts", ("at_s", "reason"), {"result": ("ejected",)}),
    "events": ("events", ("raised_s", "fate"), {"fate": ("missed", "lost")}),
    "connections": ("connections", ("client", "apps", "opened_s", "closed_s", "how"), {}),
    "outages": ("outages", ("app", "from_s", "to_s"), {}),
}
"""What is read of which table, and of which rows: of a million calls no more than is drawn."""

Spans = list[tuple[float, float]]


class Band(NamedTuple):
    """The life of one client, as far as one app sees it.

    Attributes:
        app: The app.
        client: The client.
        heard: From when to when it was connected and messages of the app came through.
        deaf: From when to when it was connected, and nothing came through.
        refused: Instants of tries that failed.
    """

    app: str
    client: str
    heard: Spans
    deaf: Spans
    refused: Sequence[float]


def timeline(results: Results, replication: int = 1, *, width: float = WIDTH) -> Figure:
    """Draw one replication over time.

    Args:
        results: What a run gave.
        replication: Which one, from 1.
        width: Of the picture in inches.

    Returns:
        A figure with five panels over one axis of time, which show for each app the connections of its clients,
        arrivals, calls inside each app, ejections, and events missed or lost.

    Raises:
        InputError: There is no such replication.
        ValueError: The scenario says ``record: measures``, so that there are no tables.
    """
    if not 1 <= replication <= len(results.replications):
        there = f"write a number from 1 to {len(results.replications)}"
        raise InputError.at("replication", f"no such replication (got {replication}); {there}")
    here = {"replication": (replication,)}
    tables = {
        name: results.table(table, columns, {**here, **where}) for name, (table, columns, where) in _TABLES.items()
    }
    end = max(results.replications[replication - 1].notes["end_us"] / 1e6, 1e-6)
    warmup, time = results.scenario.run.warmup_us / 1e6, clock(end)
    bands = _bands_of(tables["connections"], tables["outages"], results.scenario, end)
    shown = _most_troubled(bands)
    with mpl.rc_context(STYLE):
        heights = [0.3 + 0.22 * len(shown), 0.8, 1.5, 0.8, 0.8]
        figure = blank(2.6 + sum(heights), _title(results, tables), width)
        panels = figure.subplots(5, 1, sharex=True, height_ratios=heights)
        _bands(panels[0], shown, len(bands), end, time)
        _arrivals(panels[1], tables, end, time)
        _inside(panels[2], tables["entered"], colours_of(results), end, time)
        _ejections(panels[3], tables["ejected"], end, time)
        _missed(panels[4], tables["events"], end, time)
        away = merged(outages_of(tables["outages"], end), end)
        for axes in panels[1:]:
            shade(axes, away, time.length)
        for axes in panels if warmup else ():
            axes.axvline(warmup / time.length, color="#000000", linewidth=0.8, linestyle=":", alpha=0.6)
        note = "grey: an app is away" + ("; dotted: end of the warm-up" if warmup else "")
        # In the middle of the picture: below a panel that long names push aside it would be cut off.
        figure.supxlabel(below(f"{time.unit} since the start (replication {replication}; {note})", width), fontsize=9)
        panels[-1].set_xlim(0, end / time.length)
        figure.align_ylabels(panels[1:])
    return figure


def _title(results: Results, tables: dict[str, pd.DataFrame]) -> str:
    """Say what the picture shows of the replication: ejections, calls that were blocked or stranded, events."""
    rows = {name: len(table) for name, table in tables.items()}
    ejected, decided = rows["ejected"], rows["entered"] + rows["ejected"]
    found = [f"{percent(ejected / decided) if ejected else 'none'} of {decided:,} attempts ejected"]
    calls = rows["taken"] + rows["blocked"]
    found += [f"{percent(rows[name] / calls)} of calls {name}" for name in ("blocked", "stranded") if rows[name]]
    found.append(f"{rows['events']:,} events missed or lost")
    return f"{results.scenario.asterisk.profile}: {', '.join(found)}"


# ---- who is connected -------------------------------------------------------------------------------------------


def _bands_of(connections: pd.DataFrame, outages: pd.DataFrame, scenario: Scenario, end: float) -> list[Band]:
    """Return a band for each app and each client that serves it, in the order of the table."""
    away = {str(app): outages_of(own, end) for app, own in outages.groupby("app", sort=False)}
    taken = _taken(connections, scenario)
    found = []
    for (apps, client), own in connections.groupby(["apps", "client"], sort=False):
        stood = own[own["how"] != "refused"]
        spans = sorted(zip(stood["opened_s"].tolist(), stood["closed_s"].fillna(end).tolist(), strict=True))
        refused = instants(own[own["how"] == "refused"]["opened_s"], end).tolist()
        for app in str(apps).split(","):
            own_takes = taken[app] if _takes(scenario, str(client)) else []
            hearing, replaced = _replaced(spans, own_takes)
            heard, deaf = _divided(hearing, away.get(app, []))
            # Each connection takes a moment until it stands; what is too short to be seen is not made longer.
            deaf = [(start, until) for start, until in sorted(deaf + replaced) if until - start >= end / COLUMNS]
            found.append(Band(app, str(client), merged(heard, end), merged(deaf, end), refused))
    order = {app: at for at, app in reversed(list(enumerate(dict.fromkeys(band.app for band in found))))}
    return sorted(found, key=lambda band: order[band.app])


def _takes(scenario: Scenario, client: str) -> bool:
    """Whether a client takes names from whoever had them: one behind a proxy does not, nor one that listens."""
    spec = scenario.clients[client.partition("#")[0]]
    return spec.behind is None and spec.transport == "inbound"


def _taken(connections: pd.DataFrame, scenario: Scenario) -> dict[str, list[float]]:
    """Return for each app when a connection took its name, in order: from then on the one before it is deaf."""
    found: dict[str, list[float]] = defaultdict(list)
    stood = connections[connections["how"] != "refused"].sort_values("opened_s", kind="stable")
    for client, apps, opened in zip(stood["client"], stood["apps"], stood["opened_s"].tolist(), strict=True):
        if _takes(scenario, client):
            for app in apps.split(","):
                found[app].append(opened)
    return found


def _replaced(spans: Spans, taken: Sequence[float]) -> tuple[Spans, Spans]:
    """Divide spans into the parts before and after another connection has taken the name."""
    before: Spans = []
    after: Spans = []
    for start, until in spans:
        place = bisect_right(taken, start)
        cut = min(taken[place], until) if place < len(taken) else until
        before.append((start, cut))
        if cut < until:
            after.append((cut, until))
    return before, after


def _divided(spans: Spans, away: Spans) -> tuple[Spans, Spans]:
    """Divide spans into the parts outside and inside of others; both lists are in order."""
    outside: Spans = []
    inside: Spans = []
    first = 0
    for start, until in spans:
        at = start
        while first < len(away) and away[first][1] <= start:
            first += 1
        for begin, stop in away[first:]:
            if begin >= until:
                break
            if begin > at:
                outside.append((at, begin))
            inside.append((max(begin, at), min(stop, until)))
            at = min(stop, until)
        if at < until:
            outside.append((at, until))
    return outside, inside


def _most_troubled(bands: list[Band]) -> list[Band]:
    """Return the bands that are drawn: where they are too many, those in which most has happened."""
    if len(bands) <= MOST_BANDS:
        return bands
    trouble = sorted(bands, key=lambda band: -len(band.heard) - len(band.deaf) - len(band.refused))
    chosen = {(band.app, band.client) for band in trouble[:MOST_BANDS]}
    return [band for band in bands if (band.app, band.client) in chosen]


def _bands(axes: Axes, bands: Sequence[Band], of: int, end: float, time: Clock) -> None:
    """Draw a bar for each connection, and a mark for each try that failed."""
    for row, band in enumerate(bands):
        axes.broken_barh([(0, end / time.length)], (row - 0.3, 0.6), color=GREY, alpha=0.2, linewidth=0)
        for spans, colour in ((band.heard, GREEN), (band.deaf, ORANGE)):
            bars = [(start / time.length, (until - start) / time.length) for start, until in spans]
            axes.broken_barh(bars, (row - 0.3, 0.6), color=colour, linewidth=0)
        x = np.array(band.refused) / time.length
        axes.plot(x, np.full(len(x), row), "|", color=VERMILION, markersize=7)
    axes.set_yticks(range(len(bands)), [_name(band) for band in bands])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(max(len(bands), 1) - 0.4, -0.6)
    marks: list[Any] = [Patch(color=GREEN, label="connected")]
    if any(band.deaf for band in bands):
        marks.append(Patch(color=ORANGE, label="connected, unheard"))
    if any(band.refused for band in bands):
        marks.append(axes.plot([], [], "|", color=VERMILION, markersize=7, label="try refused")[0])
    legend(axes, marks)
    if of > len(bands):
        axes.set_ylabel(f"{len(bands)} of {of} clients,\nthose with most trouble")


def _name(band: Band) -> str:
    """Name a band: by its app, and by its client where that says more."""
    names = (band.app,) if band.app == band.client else (band.app, band.client)
    return " · ".join(name if len(name) <= 18 else f"{name[:17]}…" for name in names)  # noqa: PLR2004 - a margin


# ---- calls and events -------------------------------------------------------------------------------------------


def _arrivals(axes: Axes, tables: dict[str, pd.DataFrame], end: float, time: Clock) -> None:
    """Draw how many calls arrive, and how many of them Asterisk blocks."""
    groups = [("calls", tables["taken"]["arrived_s"], SKY)]
    blocked = tables["blocked"]["arrived_s"]
    if not blocked.empty:
        groups.append(("blocked", blocked, VERMILION))
    _bars(axes, groups, end, time, "arrivals", named=not blocked.empty)


def _inside(axes: Axes, entered: pd.DataFrame, colours: dict[str, str], end: float, time: Clock) -> None:
    """Draw how many calls are inside each app."""
    sizes = {str(app): float(count) for app, count in entered.groupby("app", sort=False).size().items()}
    names = grouped(list(sizes), sizes)
    drawn = entered["app"].map(names)
    for app in sorted(dict.fromkeys(names.values()), key=lambda name: name == OTHERS):
        own = entered[drawn == app]
        left = own["left_s"].dropna().to_numpy()
        times = np.concatenate([own["at_s"].to_numpy(), left])
        moments, levels = staircase(times, np.concatenate([np.ones(len(own)), -np.ones(len(left))]), end)
        axes.step(moments / time.length, levels, where="post", color=colours[app], linewidth=1.1, label=str(app))
    axes.set_ylabel("calls\ninside")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    legend(axes)


def _bars(
    axes: Axes, groups: Sequence[tuple[str, Any, str]], end: float, time: Clock, label: str, *, named: bool = True
) -> None:
    """Draw stacked counts over time."""
    edges = np.linspace(0, end, BINS + 1)
    floor = np.zeros(BINS)
    for name, times, colour in groups:
        counts, _ = np.histogram(times, edges)
        axes.stairs(floor + counts, edges / time.length, baseline=floor, fill=True, color=colour, label=name)
        floor = floor + counts
    axes.set_ylabel(f"{label}\nin {seconds(end / BINS)}")
    axes.set_ylim(0, max(float(floor.max()) * 1.1, 1))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=3))
    if not floor.any():
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", color=GREY)
        axes.set_yticks([])
    elif named:
        legend(axes)


def _ejections(axes: Axes, ejected: pd.DataFrame, end: float, time: Clock) -> None:
    groups = [
        (str(reason).replace("_", " "), own["at_s"], REASONS[str(reason)])
        for reason, own in ejected.groupby("reason", sort=True)
    ]
    _bars(axes, groups, end, time, "ejections")


def _missed(axes: Axes, events: pd.DataFrame, end: float, time: Clock) -> None:
    fates: Iterable[tuple[str, str]] = (("missed", BLUE), ("lost", SKY))
    _bars(
        axes,
        [(fate, events[events["fate"] == fate]["raised_s"], colour) for fate, colour in fates],
        end,
        time,
        "events",
    )
