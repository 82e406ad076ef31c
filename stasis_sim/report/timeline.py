"""The timeline of a run: who was connected when, how many calls were inside, and what was lost meanwhile.

Colours are those of Okabe and Ito, which people with any kind of colour vision can tell apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from stasis_sim.report.sentences import percent, seconds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

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
APPS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW)
"""One colour an app, in the order of the tables."""

BINS = 120
"""Bars over the length of a run."""

STYLE: Any = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}


def timeline(results: Results, replication: int = 1) -> Figure:
    """Draw one replication over time.

    Args:
        results: What a run gave.
        replication: Which one, from 1.

    Returns:
        A figure with four panels over one axis of time in minutes: the clients' connections, calls inside each app,
        ejections, and events missed or lost.
    """
    tables = {name: _of(results.table(name), replication) for name in ("calls", "attempts", "events", "connections")}
    outages = _of(results.table("outages"), replication)
    end = max(results.replications[replication - 1].notes["end_us"] / 1e6, 1e-6)
    warmup = results.scenario.run.warmup_us / 1e6
    clients = list(dict.fromkeys(tables["connections"]["client"]))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, 5.4 + 0.25 * len(clients)), layout="constrained")
        heights = [0.5 + 0.25 * len(clients), 1.6, 1, 1]
        bands, inside, ejections, missed = figure.subplots(4, 1, sharex=True, height_ratios=heights)
        figure.suptitle(_title(results, tables), x=0.01, ha="left", fontsize=11, fontweight="bold")
        _bands(bands, tables["connections"], clients, end)
        _inside(inside, tables["attempts"], end)
        _ejections(ejections, tables["attempts"], end)
        _missed(missed, tables["events"], end)
        for axes in (inside, ejections, missed):
            _shade(axes, outages, end)
        for axes in (bands, inside, ejections, missed):
            axes.axvline(warmup / 60, color="#000000", linewidth=0.8, linestyle=":", alpha=0.6 if warmup else 0.0)
        note = "grey: an app is away" + ("; dotted: end of the warm-up" if warmup else "")
        missed.set_xlabel(f"minutes since the start (replication {replication}; {note})")
        missed.set_xlim(0, end / 60)
        figure.align_ylabels()
    return figure


def _of(table: pd.DataFrame, replication: int) -> pd.DataFrame:
    return table[table["replication"] == replication]


def _title(results: Results, tables: dict[str, pd.DataFrame]) -> str:
    """Say what the picture shows of the replication: ejections, stranded calls, events."""
    attempts, outcomes, fates = tables["attempts"]["result"], tables["calls"]["outcome"], tables["events"]["fate"]
    decided, ejected = attempts.isin(["entered", "ejected"]).sum(), (attempts == "ejected").sum()
    found = [f"{percent(float(ejected / decided)) if decided else 'none'} of {decided:,} attempts ejected"]
    stranded = (outcomes == "stranded").sum()
    if stranded:
        found.append(f"{percent(float(stranded / len(outcomes)))} of calls stranded")
    found.append(f"{fates.isin(['missed', 'lost']).sum():,} events missed or lost")
    return f"{results.scenario.asterisk.profile}: {', '.join(found)}"


def _bands(axes: Axes, connections: pd.DataFrame, clients: list[str], end: float) -> None:
    """Draw a bar for each connection, and a mark for each try that failed."""
    for row, client in enumerate(clients):
        own = connections[connections["client"] == client]
        stood = own[own["how"] != "refused"]
        closed = stood["closed_s"].fillna(end)
        spans = list(zip(stood["opened_s"] / 60, (closed - stood["opened_s"]) / 60, strict=True))
        axes.broken_barh(spans, (row - 0.35, 0.7), color=GREEN)
        refused = own[own["how"] == "refused"]["opened_s"] / 60
        axes.plot(refused, np.full(len(refused), row), "|", color=VERMILION, markersize=9)
    axes.set_yticks(range(len(clients)), clients)
    axes.set_ylim(len(clients) - 0.4, -0.6)
    marks: list[Any] = [Patch(color=GREEN, label="connected")]
    marks.append(axes.plot([], [], "|", color=VERMILION, markersize=9, label="try refused")[0])
    axes.legend(handles=marks, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)


def _inside(axes: Axes, attempts: pd.DataFrame, end: float) -> None:
    """Draw how many calls are inside each app."""
    entered = attempts[attempts["result"] == "entered"]
    for number, (app, own) in enumerate(entered.groupby("app", sort=False)):
        left = own["left_s"].dropna()
        times = np.concatenate([own["at_s"].to_numpy(), left.to_numpy()])
        changes = np.concatenate([np.ones(len(own)), -np.ones(len(left))])
        order = np.argsort(times, kind="stable")
        moments = np.concatenate([[0.0], times[order], [end]]) / 60
        level = np.concatenate([[0.0], np.cumsum(changes[order])])
        axes.step(moments, np.append(level, level[-1]), where="post", color=APPS[number % len(APPS)], label=str(app))
    axes.set_ylabel("calls inside")
    axes.set_ylim(bottom=0)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False)


def _bars(axes: Axes, groups: list[tuple[str, pd.Series, str]], end: float, label: str) -> None:
    """Draw stacked counts over time."""
    edges = np.linspace(0, end, BINS + 1)
    below = np.zeros(BINS)
    for name, times, colour in groups:
        counts, _ = np.histogram(times, edges)
        axes.bar(edges[:-1] / 60, counts, np.diff(edges) / 60, below, align="edge", color=colour, label=name)
        below += counts
    axes.set_ylabel(f"{label}\nin {seconds(end / BINS)}")
    axes.set_ylim(0, max(float(below.max()) * 1.1, 1))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    if groups:
        axes.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=4, frameon=False)


def _ejections(axes: Axes, attempts: pd.DataFrame, end: float) -> None:
    ejected = attempts[attempts["result"] == "ejected"]
    colours = {"never_registered": PURPLE, "forgotten": VERMILION, "not_active": ORANGE}
    groups = [
        (str(reason).replace("_", " "), own["at_s"], colours.get(str(reason), SKY))
        for reason, own in ejected.groupby("reason", sort=True)
    ]
    _bars(axes, groups, end, "ejections")


def _missed(axes: Axes, events: pd.DataFrame, end: float) -> None:
    groups = [
        (fate, events[events["fate"] == fate]["raised_s"], colour) for fate, colour in (("missed", BLUE), ("lost", SKY))
    ]
    _bars(axes, groups, end, "events")


def _shade(axes: Axes, outages: pd.DataFrame, end: float) -> None:
    """Shade the times in which some app was away."""
    for start, until in zip(outages["from_s"], outages["to_s"].fillna(end), strict=True):
        axes.axvspan(start / 60, until / 60, color="#000000", alpha=0.08, linewidth=0, zorder=0)
