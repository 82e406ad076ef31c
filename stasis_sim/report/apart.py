"""What sets variants apart in single apps and clients: a table of the total does not show it.

Only what chance does not explain is told, in the measures that people ask for of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from stasis_sim.experiments.results import Json, differences
from stasis_sim.observe.intervals import Interval, scopes
from stasis_sim.report.tables import LABELS, cell, laid_out

if TYPE_CHECKING:
    from stasis_sim.experiments.replications import Results

OF_APPS: Final = (
    "callers.lost",
    "ejection_rate",
    "missed_rate",
    "orphaned",
    "orphaned_s",
    "handoff_s.p95",
    "availability",
    "outages",
    "outages.in_progress",
    "outages.longest_s",
    "recovery_s",
)
"""What is told of an app, where calls asked for several."""

OF_CLIENTS: Final = {
    "connections": "tries to connect",
    "connections.refused": "tries refused",
    "events.lost": "events lost",
    "commands.failed": "requests refused",
    "commands.unanswered": "requests unanswered",
}
"""What is told of a client, and what it is called."""

MOST_ROWS: Final = 12
"""So many rows the terminal shows; the page and the JSON have all."""


class Apart(NamedTuple):
    """A measure of one app or client in which variants are apart.

    Attributes:
        app: The app, or None.
        client: The client, or None.
        measure: Its name.
        label: Whose it is, and what it is called.
        differences: From the first variant, by variant: rows of :func:`stasis_sim.experiments.results.differences`.
    """

    app: str | None
    client: str | None
    measure: str
    label: str
    differences: dict[str, Json]


def chance(row: Mapping[str, Any]) -> bool:
    """Return whether a difference may be nought; one replication does not say."""
    return row["low"] is not None and row["high"] is not None and row["low"] <= 0 <= row["high"]


def _sure(row: Mapping[str, Any]) -> bool:
    """Whether a difference is there, and several replications say that it is none of chance."""
    return bool(row["mean"]) and row["low"] is not None and not chance(row)


def of_each(variants: Mapping[str, Results]) -> list[Apart]:
    """Return in what apps and clients are apart from the first variant, the apps first."""
    (first, base), *others = ((name, [each.measures for each in run.replications]) for name, run in variants.items())
    found: dict[tuple[str | None, str | None, str], dict[str, Json]] = {}
    for name, other in others:
        for row in differences(first, base, name, other):
            found.setdefault((row["app"], row["client"], row["measure"]), {})[name] = row
    told = (Apart(*key, label, found.get(key, {})) for key, label in _told(variants))
    return [each for each in told if any(_sure(row) for row in each.differences.values())]


def _told(variants: Mapping[str, Results]) -> Iterator[tuple[tuple[str | None, str | None, str], str]]:
    """Yield app, client and measure of all that may be told, and the label."""
    summaries = [run.measures for run in variants.values()]
    asked = sorted({app for each in summaries for app, values in each["apps"].items() if values["attempts"]["mean"]})
    for app in asked if len(asked) > 1 else ():
        yield from (((app, None, name), f"{app}: {LABELS[name]}") for name in OF_APPS)
    for client in sorted({client for each in summaries for client in each["clients"]}):
        yield from (((None, client, name), f"{client}: {text}") for name, text in OF_CLIENTS.items())


def apart_table(variants: Mapping[str, Results]) -> str:
    """Return a table of them, a column for each variant; empty where no app and no client is apart."""
    found = of_each(variants)
    if not found:
        return ""
    known: list[dict[tuple[str | None, str | None], Mapping[str, Interval]]] = [
        {(app, client): values for app, client, values in scopes(run.measures)} for run in variants.values()
    ]
    shown = [
        (
            each.label,
            [cell(each.measure, values.get((each.app, each.client), {}).get(each.measure)) for values in known],
        )
        for each in found[:MOST_ROWS]
    ]
    rest = len(found) - MOST_ROWS
    more = f"\nand {rest} more of single apps and clients; --json has all" if rest > 0 else ""
    return f"{laid_out(shown, list(variants), 'they differ in')}{more}"
