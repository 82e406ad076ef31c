"""The calls of one source that are being computed: their draws, how long their messages wait, and which way they go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stasis_sim.openloop.history import FOR_EVER, History, Ints
from stasis_sim.openloop.laboratory import ARRIVAL, HORIZON, Subject, Symbols, examine
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.openloop.paths import Columns, Path
from stasis_sim.randomness import BLOCK, BLOCK_BITS

if TYPE_CHECKING:
    from stasis_sim.randomness import Streams
    from stasis_sim.simulated.preparation import Prepared

MOST_PATHS: Final = 256
"""Calls that go in more ways than this are not computed here."""

NOBODY: Final = -1


def _begins(ordered: NDArray[np.integer[Any]]) -> Ints:
    """Return where in a sorted array each value begins."""
    return np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))


def _distinct(values: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """Return each value once, in rising order; NumPy's own ``unique`` would first load its masked arrays."""
    ordered = np.sort(values)
    return ordered[_begins(ordered)]


class Ways:
    """All ways that calls of one source have gone, in this replication and in others: they are the same for all.

    Attributes:
        symbols: What instants are made of.
        paths: The ways, in the order in which they were found.
    """

    def __init__(self) -> None:
        self.symbols = Symbols()
        self.paths: list[Path] = []


class Group(NamedTuple):
    """Calls of a cohort that go the same way.

    Attributes:
        path: Their way.
        rows: Their places in the cohort.
        columns: The values of the symbols of the path.
    """

    path: Path
    rows: Ints
    columns: Columns


class Messages:
    """Messages about the calls of a cohort: a row for each place in the order of a call's messages, a column a call.

    Attributes:
        at: When each is written, in microseconds; FOR_EVER: it is not, or never arrives.
        service: How long a worker needs for it.
        waits: How long it waits for a worker.
        rank: Of the happening that writes it.
        client: To whom.
        loose: See :class:`~stasis_sim.openloop.laboratory.Happening`.
    """

    NOTHING: Final = {"at": FOR_EVER, "service": 0, "waits": 0, "rank": 0, "client": 0, "loose": 0}
    """What stands where there is no message."""

    def __init__(self) -> None:
        self.at, self.service, self.waits = (np.empty((0, 0), np.int64) for _ in range(3))
        self.rank, self.client, self.loose = (np.empty((0, 0), np.int8) for _ in range(3))

    def reshape(self, places: int, calls: int) -> None:
        """Have room for so many messages of so many calls."""
        rows, columns = self.at.shape
        if (places, calls) != (rows, columns):
            for name, nothing in self.NOTHING.items():
                old = getattr(self, name)
                new = np.full((places, calls), nothing, old.dtype)
                new[:rows, :columns] = old
                setattr(self, name, new)

    def keep(self, calls: Ints) -> None:
        """Keep some calls."""
        for name in self.NOTHING:
            setattr(self, name, np.ascontiguousarray(getattr(self, name)[:, calls]))


class Cohort:
    """The calls of one source that are being computed.

    Attributes:
        numbers: Of the calls in the run.
        messages: What is written about them.
    """

    def __init__(self, prepared: Prepared, streams: Streams, history: History, source: int, ways: Ways) -> None:
        self._prepared = prepared
        self._streams = streams
        self._history = history
        self._source = source
        self._clients = tuple(prepared.scenario.clients)
        self._symbols = ways.symbols
        self._paths = ways.paths
        self._taken: set[int] = set()
        self.messages = Messages()
        self.numbers = self._indices = self._arrivals = np.empty(0, np.int64)
        self._ways: NDArray[np.int32] = np.empty(0, np.int32)
        self._drawn: dict[int, Ints] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def extend(self, numbers: Ints, indices: Ints, arrivals: Ints) -> Ints:
        """Take in further calls, and return their places."""
        before = len(self)
        self.numbers = np.concatenate([self.numbers, numbers])
        self._indices = np.concatenate([self._indices, indices])
        self._arrivals = np.concatenate([self._arrivals, arrivals])
        self._ways = np.concatenate([self._ways, np.full(len(numbers), NOBODY, np.int32)])
        self.messages.reshape(len(self.messages.at), len(self))
        for symbol, column in self._drawn.items():
            self._drawn[symbol] = np.concatenate([column, self._draw(symbol, indices)])
        return np.arange(before, len(self))

    def keep(self, rows: Ints) -> None:
        """Keep some calls, in rising order."""
        self.numbers, self._indices = self.numbers[rows], self._indices[rows]
        self._arrivals, self._ways = self._arrivals[rows], self._ways[rows]
        self.messages.keep(rows)
        self._drawn = {symbol: column[rows] for symbol, column in self._drawn.items()}

    # -- symbols --------------------------------------------------------------------------------------------------

    def _draw(self, symbol: int, indices: Ints) -> Ints:
        """Return the draws of calls, whose numbers within the source rise."""
        name, quantile = self._symbols.draws[symbol]
        drawn = self._streams.durations(name, quantile)
        blocks = indices >> BLOCK_BITS
        values = np.empty(len(indices), np.int64)
        for block in _distinct(blocks):
            begin, end = np.searchsorted(blocks, [block, block + 1])
            values[begin:end] = drawn.block(int(block))[indices[begin:end] & (BLOCK - 1)]
        return values

    def _column(self, symbol: int) -> Ints:
        if symbol == ARRIVAL:
            return self._arrivals
        wait = self._symbols.waits.get(symbol)
        if wait is not None:
            self._widen(wait + 1)
            waits: Ints = self.messages.waits[wait]
            return waits
        column = self._drawn.get(symbol)
        if column is None:
            column = self._drawn[symbol] = self._draw(symbol, self._indices)
        return column

    def columns(self, path: Path, rows: Ints | None, horizon: int) -> Columns:
        """Return the values of a path's symbols for some calls; None: for all."""
        values: dict[int, Ints | int] = {HORIZON: horizon}
        for symbol in path.symbols:
            if symbol != HORIZON:
                column = self._column(symbol)
                values[symbol] = column if rows is None else column[rows]
        return values

    # -- ways -----------------------------------------------------------------------------------------------------

    def settle(self, rows: Ints, horizon: int) -> None:
        """Find the ways of calls whose waits are new, and what is written about them."""
        ways = self._ways[rows]
        for way in _distinct(ways[ways != NOBODY]):
            self._try(self._paths[way], int(way), rows[ways == way], horizon)
        rest = rows[self._ways[rows] == NOBODY]
        for way in sorted(range(len(self._paths)), key=lambda way: (-self._paths[way].count, way)):
            if not len(rest):
                return
            self._try(self._paths[way], way, rest, horizon)
            rest = rest[self._ways[rest] == NOBODY]
        while len(rest):
            way = self._explore(int(rest[0]), horizon)
            self._try(self._paths[way], way, rest, horizon)
            if self._ways[rest[0]] == NOBODY:
                raise AssertionError(f"call {self.numbers[rest[0]]} does not go its own way")
            rest = rest[self._ways[rest] == NOBODY]

    def _try(self, path: Path, way: int, rows: Ints, horizon: int) -> None:
        """Send the calls that fit on a way, and note what is written about them."""
        columns = self.columns(path, rows, horizon)
        numbers = self.numbers[rows]
        fit = path.fits(columns, numbers, self._history.links)
        self._ways[rows] = np.where(fit, way, NOBODY)
        if fit.all():
            self._write(path, rows, columns)
        elif fit.any():
            rows = rows[fit]
            self._write(path, rows, self.columns(path, rows, horizon))
        if fit.any():
            self._taken.add(way)
            path.count += int(fit.sum())

    def _explore(self, row: int, horizon: int) -> int:
        """Look at one call in the laboratory, and return the way that it goes."""
        # Those of this replication alone: what else a worker has done must not decide which engine computes it.
        if len(self._taken) >= MOST_PATHS:
            raise ClosedLoopError(f"calls that go in more than {MOST_PATHS:,} ways")
        waits = [int(column[row]) for column in self.messages.waits]
        subject = Subject(
            int(self.numbers[row]),
            self._source,
            int(self._indices[row]),
            int(self._arrivals[row]),
            horizon,
            lambda symbol: int(self._column(symbol)[row]),
            waits,
            self._history.links,
        )
        record = examine(self._prepared, self._streams, self._symbols, subject)
        self._paths.append(Path(record, self._clients))
        return len(self._paths) - 1

    def _write(self, path: Path, rows: Ints, columns: Columns) -> None:
        """Note the messages about calls that go a way."""
        messages = self.messages
        self._widen(len(path.messages))
        for place, message in enumerate(path.messages):
            messages.at[place, rows] = FOR_EVER if message.lost else path.value(message.when.at, columns)
            messages.service[place, rows] = path.value(message.service, columns)
            messages.rank[place, rows] = message.when.rank
            messages.client[place, rows] = message.client
            messages.loose[place, rows] = message.when.loose
        for place in range(len(path.messages), len(messages.at)):
            messages.at[place, rows] = FOR_EVER

    def _widen(self, places: int) -> None:
        if places > len(self.messages.at):
            self.messages.reshape(places, len(self))

    def groups(self, horizon: int) -> list[Group]:
        """Return all calls, by the way they go."""
        if not len(self):
            return []
        order = np.argsort(self._ways, kind="stable")
        ordered = self._ways[order]
        begins = _begins(ordered)
        parts = np.split(order, begins[1:])
        return [
            Group(self._paths[way], rows, self.columns(self._paths[way], rows, horizon))
            for way, rows in zip(ordered[begins], parts, strict=True)
        ]
