"""The rows of the tables out of whole bunches of calls, as Arrow arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stasis_sim.observe.columns import TABLES, Column
from stasis_sim.openloop.links import FOR_EVER
from stasis_sim.openloop.standings import REASONS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from stasis_sim.observe.tables import Tables
    from stasis_sim.openloop.batch import Bunch
    from stasis_sim.openloop.happenings import AttemptRow
    from stasis_sim.openloop.links import Ints, Link


class Grid:
    """The rows of a table, as they are filled in: numbers by column, and for each row which words it has.

    Args:
        name: The table.
        rows: How many rows there are.
        replication: The number of the replication.
    """

    def __init__(self, name: str, rows: int, replication: int) -> None:
        self.columns = TABLES[name]
        self._numbers = {
            column.name: np.full(rows, FOR_EVER, np.int64) if column.null else np.empty(rows, np.int64)
            for column in self.columns
            if column.type is int
        }
        self._numbers["replication"][:] = replication
        self._words = [column.name for column in self.columns if column.type is str and not column.distinct]
        self._said = np.empty(rows, np.int32)
        self._sayings: dict[tuple[str | None, ...], int] = {}

    def put(self, rows: Ints, *words: str | None, **numbers: Ints | int | None) -> None:
        """Write into rows.

        Args:
            rows: Which ones.
            *words: What all of them say, by the order of the table's columns; what stands in a path before and after
                the number of the call comes last.
            **numbers: What each of them says, by column; None, or FOR_EVER: it is missing.
        """
        self._said[rows] = self._sayings.setdefault(words, len(self._sayings))
        for column, values in numbers.items():
            if values is not None:
                self._numbers[column][rows] = values

    def arrays(self) -> list[pa.Array]:
        """Return the columns for Arrow."""
        return [self._array(column) for column in self.columns]

    def _array(self, column: Column) -> pa.Array:
        from stasis_sim.observe import arrow  # noqa: PLC0415 - a run without tables does not load it

        if column.distinct:
            before, after = len(self._words), len(self._words) + 1
            return arrow.joined(self._spoken(before), arrow.numbers(self._numbers["call"]), self._spoken(after))
        if column.type is str:
            return self._spoken(self._words.index(column.name))
        values = self._numbers[column.name]
        return arrow.numbers(values, values != FOR_EVER if column.null else None)

    def _spoken(self, place: int) -> pa.DictionaryArray:
        from stasis_sim.observe.arrow import words  # noqa: PLC0415 - a run without tables does not load it

        distinct: dict[str | None, int] = {}
        places = [distinct.setdefault(saying[place], len(distinct)) for saying in self._sayings]
        return words(np.array(places, np.int32).take(self._said), list(distinct))


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
    grid = Grid(name, rows, tables.replication)
    for bunch, places in placed:
        fill(grid, bunch, places)
    tables.arrays(name, grid.arrays())


def _calls(grid: Grid, bunch: Bunch, rows: Ints) -> None:
    path = bunch.path
    grid.put(
        rows,
        *(bunch.source, path.outcome, path.attempts[0].app if path.attempts else None, path.final_answer),
        call=bunch.numbers,
        arrived_us=bunch.value(path.arrival),
        ended_us=bunch.value(path.ended),
        attempts=len(path.attempts),
        held_us=_maybe(bunch, path.held),
        hangup_cause=path.hangup_cause,
        redial=0,  # none: they close the loop
    )


def _attempts(grid: Grid, bunch: Bunch, rows: Ints) -> None:
    for place, attempt in enumerate(bunch.path.attempts):
        at = rows + place
        numbers = {
            "call": bunch.numbers,
            "at_us": bunch.at(attempt.when),
            "left_us": _maybe(bunch, attempt.left),
            "first_command_us": _maybe(bunch, attempt.first_command),
        }
        for some, reason in _reasons(bunch, place, attempt):
            words = (attempt.app, attempt.args, attempt.result, reason, attempt.left_by)
            of_some = {name: None if values is None else values[some] for name, values in numbers.items()}
            grid.put(at[some], *words, **of_some)


def _reasons(bunch: Bunch, place: int, attempt: AttemptRow) -> Iterator[tuple[slice | NDArray[np.bool_], str]]:
    words = bunch.reasons.get(place)
    if words is None:
        yield slice(None), attempt.reason
    else:
        for word, reason in enumerate(REASONS):
            yield words == word, reason


def _events(links: Sequence[Link], grid: Grid, bunch: Bunch, rows: Ints) -> None:
    for place, (event, connections) in enumerate(zip(bunch.path.events, bunch.connections(links), strict=True)):
        grid.put(
            rows + place,
            *(event.app, event.type, event.fate),
            call=bunch.numbers,
            raised_us=bunch.at(event.when),
            delivered_us=_maybe(bunch, event.delivered),
            connection=connections,
        )


def _commands(grid: Grid, bunch: Bunch, rows: Ints) -> None:
    for place, command in enumerate(bunch.path.commands):
        grid.put(
            rows + place,
            *(command.client, command.method, command.reason, command.before, command.after),
            call=bunch.numbers,
            at_us=bunch.value(command.at),
            status=command.status,
        )


def _maybe(bunch: Bunch, sum_: int | None) -> Ints | None:
    """Return an instant or a duration of all calls, None where there is none."""
    return None if sum_ is None else bunch.value(sum_)
