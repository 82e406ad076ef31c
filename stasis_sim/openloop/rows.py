"""The rows of the tables out of whole bunches of calls, as Arrow arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stasis_sim.observe.columns import TABLES
from stasis_sim.openloop.links import FOR_EVER
from stasis_sim.openloop.standings import REASONS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from stasis_sim.observe.tables import Tables
    from stasis_sim.openloop.batch import Bunch
    from stasis_sim.openloop.happenings import AttemptRow, CommandRow
    from stasis_sim.openloop.links import Ints, Link


class Texts:
    """A column of words, as numbers of the words."""

    def __init__(self, rows: int) -> None:
        self.places = np.zeros(rows, np.int32)
        self._words: dict[str | None, int] = {}

    def put(self, rows: Ints, word: str | None) -> None:
        """Write one word into rows."""
        self.places[rows] = self._words.setdefault(word, len(self._words))

    def array(self) -> pa.Array:
        """Return it for Arrow."""
        from stasis_sim.observe.arrow import words  # noqa: PLC0415 - a run without tables does not load it

        return words(self.places, list(self._words))


class Numbers:
    """A column of whole numbers, FOR_EVER where there is none."""

    def __init__(self, rows: int) -> None:
        self.values = np.full(rows, FOR_EVER, np.int64)

    def put(self, rows: Ints, values: Ints | int) -> None:
        """Write numbers into rows."""
        self.values[rows] = values

    def maybe(self, rows: Ints, value: int | None) -> None:
        """Write a number into rows, if there is one."""
        if value is not None:
            self.values[rows] = value

    def array(self) -> pa.Array:
        """Return it for Arrow."""
        from stasis_sim.observe.arrow import numbers  # noqa: PLC0415 - a run without tables does not load it

        return numbers(self.values, self.values != FOR_EVER)


class Channels:
    """A column of paths of requests, in which the name of the channel stands between the same words."""

    def __init__(self, rows: int) -> None:
        self._calls = np.zeros(rows, np.int64)
        self._before, self._after = Texts(rows), Texts(rows)

    def put(self, rows: Ints, command: CommandRow, calls: Ints) -> None:
        """Write the paths of one request about many calls."""
        self._calls[rows] = calls
        self._before.put(rows, command.before)
        self._after.put(rows, command.after)

    def array(self) -> pa.Array:
        """Return it for Arrow."""
        from stasis_sim.observe.arrow import joined, numbers  # noqa: PLC0415 - a run without tables does not load it

        calls = numbers(self._calls, np.ones(len(self._calls), np.bool_))
        return joined(self._before.array(), calls, self._after.array())


Grid = dict[str, Any]
Filler = Callable[[Grid, "Bunch", "Ints"], None]
"""Writes the rows of a bunch, the first one of each call into given places."""


class Placed(NamedTuple):
    """A bunch, and where its calls stand among all that are written now."""

    bunch: Bunch
    places: Ints


def write(tables: Tables, bunches: Sequence[Bunch], links: Sequence[Link]) -> None:
    """Write the rows of calls that are through, in the order in which they ended; unfinished ones are the last."""
    if not bunches:
        return
    ended = np.concatenate([bunch.value(bunch.path.ended) for bunch in bunches])
    numbers = np.concatenate([bunch.numbers for bunch in bunches])
    places = np.empty(len(numbers), np.int64)
    places[np.lexsort((numbers, ended))] = np.arange(len(numbers))
    ends = np.cumsum([len(bunch.numbers) for bunch in bunches])
    placed = [Placed(bunch, part) for bunch, part in zip(bunches, np.split(places, ends[:-1]), strict=True)]
    _put(tables, "calls", len(numbers), placed, _calls)
    fillers: tuple[tuple[str, Filler], ...] = (
        ("attempts", _attempts),
        ("events", partial(_events, links)),
        ("commands", _commands),
    )
    for name, fill in fillers:
        rows, counted = _unfold(placed, len(numbers), name)
        _put(tables, name, counted, rows, fill)


def _unfold(placed: Sequence[Placed], calls: int, name: str) -> tuple[list[Placed], int]:
    """Return where the first row of each call stands in a table with several rows a call, and the number of rows."""
    counts = np.zeros(calls, np.int64)
    for bunch, places in placed:
        counts[places] = len(getattr(bunch.path, name))
    ends = np.cumsum(counts)
    begins = ends - counts
    return [Placed(bunch, begins[places]) for bunch, places in placed], int(ends[-1])


def _put(tables: Tables, name: str, rows: int, placed: Sequence[Placed], fill: Filler) -> None:
    if not rows:
        return
    columns = TABLES[name]
    grid: Grid = {column.name: (Numbers if column.type is int else Texts)(rows) for column in columns}
    if name == "commands":
        grid["path"] = Channels(rows)
    grid["replication"].put(slice(None), tables.replication)
    for bunch, places in placed:
        fill(grid, bunch, places)
    tables.arrays(name, [grid[column.name].array() for column in columns])


def _calls(grid: Grid, bunch: Bunch, rows: Ints) -> None:
    path = bunch.path
    grid["call"].put(rows, bunch.numbers)
    grid["source"].put(rows, bunch.source)
    grid["arrived_us"].put(rows, bunch.value(path.arrival))
    grid["ended_us"].put(rows, bunch.value(path.ended))
    grid["outcome"].put(rows, path.outcome)
    grid["attempts"].put(rows, len(path.attempts))
    grid["first_app"].put(rows, path.attempts[0].app if path.attempts else None)
    grid["held_us"].put(rows, bunch.value(path.held))
    grid["hangup_cause"].maybe(rows, path.hangup_cause)
    grid["final_answer"].put(rows, path.final_answer)
    grid["redial"].put(rows, 0)  # none: they close the loop


def _attempts(grid: Grid, bunch: Bunch, rows: Ints) -> None:
    for place, attempt in enumerate(bunch.path.attempts):
        at = rows + place
        grid["call"].put(at, bunch.numbers)
        for column in ("app", "args", "result", "left_by"):
            grid[column].put(at, getattr(attempt, column))
        for number, reason in _reasons(bunch, place, attempt):
            grid["reason"].put(at[number], reason)
        grid["at_us"].put(at, bunch.at(attempt.when))
        grid["left_us"].put(at, bunch.value(attempt.left))
        grid["first_command_us"].put(at, bunch.value(attempt.first_command))


def _reasons(bunch: Bunch, place: int, attempt: AttemptRow) -> Iterator[tuple[slice | NDArray[np.bool_], str]]:
    words = bunch.reasons.get(place)
    if words is None:
        yield slice(None), attempt.reason
    else:
        for word, reason in enumerate(REASONS):
            yield words == word, reason


def _events(links: Sequence[Link], grid: Grid, bunch: Bunch, rows: Ints) -> None:
    for place, event in enumerate(bunch.path.events):
        at = rows + place
        grid["call"].put(at, bunch.numbers)
        for column in ("app", "type", "fate"):
            grid[column].put(at, getattr(event, column))
        grid["raised_us"].put(at, bunch.at(event.when))
        grid["delivered_us"].put(at, bunch.value(event.delivered))
        if event.link is not None:
            grid["connection"].put(at, bunch.connections(event, links))


def _commands(grid: Grid, bunch: Bunch, rows: Ints) -> None:
    for place, command in enumerate(bunch.path.commands):
        at = rows + place
        grid["call"].put(at, bunch.numbers)
        for column in ("client", "method", "reason"):
            grid[column].put(at, getattr(command, column))
        grid["path"].put(at, command, bunch.numbers)
        grid["at_us"].put(at, bunch.value(command.at))
        grid["status"].maybe(at, command.status)
