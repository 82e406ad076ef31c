"""The outages that cost most, and what happened in each, step by step.

Read off the tables of a result, column by column and only the rows that are needed, so that a million calls take
little memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stasis_sim.observe.tables import read_rows

if TYPE_CHECKING:
    import pyarrow as pa

    Times = NDArray[np.int64]

STEPS_US: Final = tuple(
    seconds * 1_000_000 for seconds in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
)
"""Lengths that a step may have; those of a minute and an hour are easy to read."""

MOST_STEPS: Final = 10
"""Steps that an outage itself is cut into, at most; longer ones than the longest step give more."""

AROUND: Final = (2, 3)
"""Steps that are shown before and after an outage."""


ALL: Final = -1
"""No outage is over by then."""


class Outage(NamedTuple):
    """An outage and what it cost.

    Attributes:
        directory: Where the tables of its replication lie.
        replication: In which replication it was.
        number: Which of the app's it was there, from 1.
        app: Who was away.
        cause: What began it.
        start: When, in microseconds.
        end: When it was over, in microseconds; None: not before the end of the run.
        noticed: When Asterisk ceased to take the app for active; None: never.
        ejected: Attempts that were ejected in it.
        unheard: Calls that entered in it, and whose StasisStart was missed or lost.
        missed: Events that were raised in it and missed or lost.
        orphaned: Calls that were inside in it after their first command.
    """

    directory: Path
    replication: int
    number: int
    app: str
    cause: str
    start: int
    end: int | None
    noticed: int | None
    ejected: int
    unheard: int
    missed: int
    orphaned: int

    def cost(self) -> tuple[int, ...]:
        """What outages are ranked by: callers who were not served, then what else was lost, then its length."""
        length = 0 if self.end is None else self.end - self.start
        return self.ejected + self.unheard, self.orphaned + self.missed, int(self.end is None), length


class Moment(NamedTuple):
    """Something that happened once.

    Attributes:
        at: When, in microseconds.
        what: ``away``, ``noticed``, ``back``, ``opened``, ``refused`` or how a connection ended.
        who: The app, or the client.
        reason: Why a try was refused; else empty.
    """

    at: int
    what: str
    who: str
    reason: str = ""


class Step(NamedTuple):
    """What happened in a stretch of time, to one app.

    Attributes:
        start: Its beginning, in microseconds.
        moments: What happened once, in order of time.
        entered: Calls that entered.
        ejected: Calls that were ejected.
        inside: Calls inside at its end.
        heard: Events that were raised in it and delivered, some of them late.
        missed: Events that were raised in it and missed or lost.
        commands: Requests of the app's clients that Asterisk carried out.
        refused: Requests that it refused.
    """

    start: int
    moments: tuple[Moment, ...]
    entered: int
    ejected: int
    inside: int
    heard: int
    missed: int
    commands: int
    refused: int


def worst(directories: Iterable[Path], warmup: int, most: int) -> list[Outage]:
    """Return the outages that cost most, the worst one first.

    Args:
        directories: Those of the replications, with their Parquet files.
        warmup: Of the run, in microseconds; outages that were over by then do not count. :data:`ALL`: all do.
        most: How many at most.
    """
    found = [outage for directory in directories for outage in _outages(directory, warmup)]
    # Of equal ones the first one of the first replication.
    return sorted(found, key=lambda outage: tuple(-number for number in outage.cost()))[:most]


def _outages(directory: Path, warmup: int) -> Iterable[Outage]:
    rows = read_rows(directory, "outages").to_pylist()
    if not rows:
        return
    raised = _unheard(directory)
    numbers: dict[str, int] = {}
    for row in rows:
        app, start, end = row["app"], row["from_us"], row["to_us"]
        number = numbers[app] = numbers.get(app, 0) + 1
        if end is not None and end <= warmup:
            continue
        times = raised.get(app, np.array([], np.int64))
        inside = (times >= start) & (times <= (np.iinfo(np.int64).max if end is None else end))
        yield Outage(
            directory,
            row["replication"],
            number,
            app,
            row["cause"],
            start,
            end,
            row["noticed_us"],
            row["ejected"],
            int(inside.sum()),
            row["missed"],
            row["orphaned"],
        )


def _unheard(directory: Path) -> dict[str, Times]:
    """Return when StasisStarts were raised that nobody heard, by app."""
    table = read_rows(directory, "events", ["app", "raised_us"], type=["StasisStart"], fate=["missed", "lost"])
    apps = np.array(table["app"].to_pylist())
    times = _times(table, "raised_us")
    return {str(app): times[apps == app] for app in np.unique(apps)}


def steps(outage: Outage, end: int) -> list[Step]:
    """Return what happened in an outage, shortly before and after it.

    Args:
        outage: Which one.
        end: Of the run, in microseconds.
    """
    edges = _edges(outage, end)
    clients, moments = _connections(outage, edges)
    counts = _counts(outage, edges, clients)
    place = np.searchsorted(edges, [moment.at for moment in moments], side="right") - 1
    return [
        Step(
            int(edges[number]),
            tuple(moment for moment, at in zip(moments, place, strict=True) if at == number),
            *(int(count[number]) for count in counts),
        )
        for number in range(len(edges) - 1)
    ]


def _counts(outage: Outage, edges: Times, clients: Sequence[str]) -> list[Times]:
    """Return the numbers of each step, in the order in which :class:`Step` has them."""
    window = int(edges[0]), int(edges[-1])
    mine = [outage.app]
    attempts = read_rows(outage.directory, "attempts", ["at_us", "result", "left_us"], app=mine)
    at, left = _times(attempts, "at_us"), _times(attempts, "left_us")
    entered, ejected = (_is(attempts, "result", [word]) for word in ("entered", "ejected"))
    events = read_rows(outage.directory, "events", ["raised_us", "fate"], ("raised_us", *window), app=mine)
    raised = _times(events, "raised_us")
    commands = read_rows(outage.directory, "commands", ["at_us", "status"], ("at_us", *window), client=clients)
    sent, status = _times(commands, "at_us"), commands["status"].fill_null(0).to_numpy()
    return [
        _count(at[entered], edges),
        _count(at[ejected], edges),
        _level(at[entered], left[entered], edges[1:]),
        _count(raised[_is(events, "fate", ["delivered", "late", "misdelivered"])], edges),
        _count(raised[_is(events, "fate", ["missed", "lost"])], edges),
        _count(sent[(status > 0) & (status < _REFUSED)], edges),
        _count(sent[status >= _REFUSED], edges),
    ]


_REFUSED: Final = 400
"""Statuses from here on say that a command was not carried out."""


def _edges(outage: Outage, end: int) -> Times:
    """Cut an outage and what is around it into steps of a round length."""
    until = end if outage.end is None else outage.end
    step = next((step for step in STEPS_US if until - outage.start <= step * MOST_STEPS), STEPS_US[-1])
    before, after = AROUND
    first = max(outage.start // step - before, 0)
    last = min(-(-until // step) + after, -(-end // step))
    return np.arange(first, max(last, first + 1) + 1, dtype=np.int64) * step


def _connections(outage: Outage, edges: Times) -> tuple[list[str], list[Moment]]:
    """Return the app's clients, and what happened once within the steps, in order."""
    app = outage.app
    moments = [Moment(outage.start, "away", app)]
    if outage.noticed is not None and outage.noticed > outage.start:
        moments.append(Moment(outage.noticed, "noticed", app))
    if outage.end is not None:
        moments.append(Moment(outage.end, "back", app))
    clients: dict[str, None] = {}
    for row in read_rows(outage.directory, "connections").to_pylist():
        client = row["client"]
        if app not in row["apps"].split(","):
            continue
        clients[client] = None
        if row["how"] == "refused":
            moments.append(Moment(row["opened_us"], "refused", client, row["reason"]))
            continue
        moments.append(Moment(row["opened_us"], "opened", client))
        if row["closed_us"] is not None:
            moments.append(Moment(row["closed_us"], row["how"], client))
    shown = [moment for moment in moments if edges[0] <= moment.at < edges[-1]]
    return list(clients), sorted(shown, key=lambda moment: moment.at)


def _times(table: pa.Table, column: str) -> Times:
    """Return instants; what has not happened yet is later than everything."""
    times: Times = table[column].fill_null(np.iinfo(np.int64).max).to_numpy()
    return times


def _is(table: pa.Table, column: str, words: Sequence[str]) -> NDArray[np.bool_]:
    import pyarrow as pa  # noqa: PLC0415 - the command line loads it only where it is needed
    import pyarrow.compute as pc  # noqa: PLC0415

    found: NDArray[np.bool_] = pc.is_in(table[column], value_set=pa.array(words)).to_numpy()
    return found


def _count(times: Times, edges: Times) -> Times:
    return np.diff(np.searchsorted(np.sort(times), edges, side="left"))


def _level(began: Times, ended: Times, at: Times) -> Times:
    """Return how many have begun and not ended."""
    began, ended = np.sort(began), np.sort(ended)
    return np.searchsorted(began, at, side="left") - np.searchsorted(ended, at, side="left")
