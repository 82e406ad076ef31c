"""The calls of one source that are being computed: their draws, how long their messages wait, and which way they go."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stasis_sim.openloop.history import History
from stasis_sim.openloop.laboratory import examine
from stasis_sim.openloop.links import FOR_EVER, Ints
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.openloop.paths import Path
from stasis_sim.openloop.questions import Questions, Table
from stasis_sim.openloop.records import Subject
from stasis_sim.openloop.symbols import AGAIN, ARRIVAL, Symbols
from stasis_sim.openloop.values import Numbered, Values
from stasis_sim.randomness import BLOCK, BLOCK_BITS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stasis_sim.openloop.records import Record
    from stasis_sim.randomness import Drawn, Streams
    from stasis_sim.simulated.preparation import Prepared

MANY: Final = 16
"""So many ways are looked at, however few calls go them: to look at one takes as long as dozens of calls by events."""

ENOUGH: Final = 16
"""Of more ways each must be gone by so many calls on average; otherwise calls are not computed here."""

PIECE: Final = 6_144
"""Calls that are computed at a time: the sums of so many stay near the processor."""

SORTED: Final = 1024
"""Calls that are sorted onto all ways at a time, if these do not ask too much."""

ANSWERS: Final = 1 << 20
"""Answers of calls to all questions known by then that are looked for at a time: each takes about 16 octets."""

FEW: Final = 1024
"""Fewer calls than this are sorted out at once, without looking at popular ways first."""

SOME: Final = 64
"""Fewer calls than this are sorted onto all ways together, whichever way they went before."""

POPULAR: Final = 16
"""A way is looked at by itself if at least one call in so many goes it."""

NOBODY: Final = -1


def _begins(ordered: NDArray[np.integer[Any]]) -> Ints:
    """Return where in a sorted array each value begins."""
    new = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return np.flatnonzero(new)


def _distinct(values: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """Return each value once, in rising order; NumPy's own ``unique`` would first load its masked arrays."""
    ordered = np.sort(values)
    return ordered[_begins(ordered)]


class Ways:
    """All ways that calls of one source have gone, in this replication and in others: they are the same for all.

    Attributes:
        symbols: What instants are made of.
        sums: The instants and durations of all ways.
        paths: The ways, in the order in which they were found.
        questions: What they ask.
    """

    def __init__(self) -> None:
        self.symbols = Symbols()
        self.sums = Numbered()
        self.paths: list[Path] = []
        self.questions = Questions()

    @cached_property
    def table(self) -> Table:
        """All that they ask, ready to be put."""
        return Table(self.questions, range(len(self.questions)))

    def add(self, record: Record, history: History) -> Table:
        """Add the way of a call, and return its questions."""
        mortal = [link.mortal for link in history.links]
        serial = [workers == 1 for workers in history.workers]
        path = Path(record, history.clients, self.sums, self.questions, mortal=mortal, serial=serial)
        self.paths.append(path)
        # Most ways are found one right after the other, and nobody asks for all of them in between.
        self.__dict__.pop("table", None)
        return Table(self.questions, path.questions)

    def by_count(self) -> list[int]:
        """Return them with the most trodden ones first, by their places."""
        return sorted(range(len(self.paths)), key=lambda way: (-self.paths[way].count, way))


class Group(NamedTuple):
    """Calls of a cohort that go the same way.

    Attributes:
        path: Their way.
        rows: Their places in the cohort.
        values: The sums of the path.
    """

    path: Path
    rows: Ints
    values: Values


class Messages:
    """Messages about the calls of a cohort that matter in the queues.

    There is a row for each place among a call's messages at which one matters, in the order of the places.

    Attributes:
        at: When each is written, in microseconds; FOR_EVER: it is not, or does not matter. Shape (rows, calls).
        service: How long a worker needs for it.
        waits: How long it waits for a worker.
        latency: How long it takes to a client whose messages do not all take as long, if nothing holds it up.
        delays: How long those before it hold it up on its way there.
        lost: Whether it is lost on its way there.
        rank: Of the happening that writes it.
        client: To whom.
        loose: See :class:`~stasis_sim.openloop.records.Happening`.
    """

    NOTHING: Final = {"at": FOR_EVER, "service": 0, "waits": 0, "rank": 0, "client": 0, "loose": 0}
    """What stands where there is no message."""

    UNDELAYED: Final = {"latency": 0, "delays": 0, "lost": 0}
    """The same of what is kept only where messages take times of their own."""

    def __init__(self, *, varied: bool) -> None:
        self.at, self.service, self.waits, self.latency, self.delays = (np.empty((0, 0), np.int64) for _ in range(5))
        self.rank, self.client, self.loose, self.lost = (np.empty((0, 0), np.int8) for _ in range(4))
        self._nothing = {**self.NOTHING, **(self.UNDELAYED if varied else {})}
        self._places: list[int] = []

    def row(self, place: int) -> int:
        """Return the row of the messages that stand at a place among those of their call."""
        row = bisect_left(self._places, place)
        if self._places[row : row + 1] != [place]:
            self._places.insert(row, place)
            for name, nothing in self._nothing.items():
                setattr(self, name, np.insert(getattr(self, name), row, nothing, axis=0))
        return row

    def one(self, fact: Literal["waits", "delays"], place: int, call: int) -> int:
        """Return how long a message of a call waits or is held up, in microseconds."""
        return int(getattr(self, fact)[self.row(place), call]) if place in self._places else 0

    def write(self, path: Path, calls: Ints, values: Values, some: Ints) -> None:
        """Note the messages about calls that go a way: of those whose sums are given, some."""

        def of(number: int) -> Ints | int:
            value = values.raw(number)
            return value if isinstance(value, int) else value[some]

        queued = {place: each for place, each in enumerate(path.messages) if each.queues}
        for place in queued:
            self.row(place)
        for row, place in enumerate(self._places):
            message = queued.get(place)
            if message is None:
                self.at[row][calls] = FOR_EVER
            else:
                self.at[row][calls] = of(message.when.at)
                self.service[row][calls] = of(message.service)
                self.rank[row][calls] = message.when.rank
                self.client[row][calls] = message.client
                self.loose[row][calls] = message.when.loose
                if message.latency is not None:
                    self.latency[row][calls] = of(message.latency)
                    self.lost[row][calls] = message.lost

    def widen(self, calls: int) -> None:
        """Have room for so many calls."""
        rows, before = self.at.shape
        for name, nothing in self._nothing.items():
            old = getattr(self, name)
            new = np.full((rows, calls), nothing, old.dtype)
            new[:, :before] = old
            setattr(self, name, new)

    def keep(self, calls: Ints) -> None:
        """Keep some calls."""
        for name in self._nothing:
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
        self._all_ways = ways
        self._symbols = ways.symbols
        self._paths = ways.paths
        self._taken: set[int] = set()
        self._gone = 0
        self.messages = Messages(varied=None in history.latencies)
        self.numbers = self._indices = self._arrivals = np.empty(0, np.int64)
        self._ways: NDArray[np.int32] = np.empty(0, np.int32)
        self._drawn: dict[int, Ints] = {}
        self._durations: dict[int, Drawn] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def extend(self, numbers: Ints, indices: Ints, arrivals: Ints) -> Ints:
        """Take in further calls, and return their places."""
        before = len(self)
        self.numbers = np.concatenate([self.numbers, numbers])
        self._indices = np.concatenate([self._indices, indices])
        self._arrivals = np.concatenate([self._arrivals, arrivals])
        self._ways = np.concatenate([self._ways, np.full(len(numbers), NOBODY, np.int32)])
        self.messages.widen(len(self))
        for symbol, column in self._drawn.items():
            self._drawn[symbol] = np.concatenate([column, self._draw(symbol, indices)])
        return np.arange(before, len(self))

    def keep(self, rows: Ints) -> None:
        """Keep some calls, in rising order."""
        self._gone += len(self) - len(rows)
        self.numbers, self._indices = self.numbers[rows], self._indices[rows]
        self._arrivals, self._ways = self._arrivals[rows], self._ways[rows]
        self.messages.keep(rows)
        self._drawn = {symbol: column[rows] for symbol, column in self._drawn.items()}

    # -- symbols --------------------------------------------------------------------------------------------------

    def _draw(self, symbol: int, indices: Ints) -> Ints:
        """Return the draws of calls, whose numbers within the source rise."""
        if not len(indices):
            return np.empty(0, np.int64)
        drawn = self._durations.get(symbol)
        if drawn is None:
            drawn = self._durations[symbol] = self._streams.durations(*self._symbols.draws[symbol])
        first, last = int(indices[0]), int(indices[-1])
        if last - first + 1 == len(indices):
            return drawn.stretch(first, last + 1)
        values = np.empty(len(indices), np.int64)
        for block in range(first >> BLOCK_BITS, (last >> BLOCK_BITS) + 1):
            start, stop = np.searchsorted(indices, [block << BLOCK_BITS, (block + 1) << BLOCK_BITS])
            if start < stop:
                values[start:stop] = drawn.block(block)[indices[start:stop] & (BLOCK - 1)]
        return values

    def _column(self, symbol: int) -> Ints:
        column = self._drawn.get(symbol)
        if column is not None:
            return column
        if symbol == ARRIVAL:
            return self._arrivals
        if symbol <= AGAIN:
            return self._history.restarts.column(symbol, self._arrivals)
        coming = self._symbols.coming.get(symbol)
        if coming is not None:
            return self._history.following(*coming, self._arrivals)
        for places, fact in ((self._symbols.waits, "waits"), (self._symbols.delays, "delays")):
            place = places.get(symbol)
            if place is not None:
                row = self.messages.row(place)
                found: Ints = getattr(self.messages, fact)[row]
                return found
        column = self._drawn[symbol] = self._draw(symbol, self._indices)
        return column

    def values(self, rows: Ints, horizon: int) -> Values:
        """Return the sums of some calls, as long as they are kept."""
        return Values(self._all_ways.sums, self._column, rows, horizon)

    # -- ways -----------------------------------------------------------------------------------------------------

    def settle(self, rows: Ints, horizon: int) -> None:
        """Find the ways of calls whose waits are new, and what is written about them."""
        before = self._ways[rows]
        known = _distinct(before[before != NOBODY]).tolist()
        rest = [self._keep_to(way, rows[before == way], horizon) for way in known]
        rest.append(self._undisturbed(rows[before == NOBODY], horizon))
        left = np.sort(np.concatenate(rest))
        while len(left):
            # Those before may have found ways that ask a lot.
            size = max(1, min(SORTED, ANSWERS // max(1, len(self._all_ways.questions))))
            self._sort(left[:size], horizon)
            left = left[size:]

    def _undisturbed(self, rows: Ints, horizon: int) -> Ints:
        """Send calls on the most trodden ways, where no link changes at an odd time, and return the others."""
        enough = sum(path.count for path in self._paths) // POPULAR
        for way in self._all_ways.by_count():
            if len(rows) < FEW or self._paths[way].count < enough:
                break
            rows = self._keep_to(way, rows, horizon)
        return rows

    def _keep_to(self, way: int, rows: Ints, horizon: int) -> Ints:
        """Send calls on a way that they probably go, and return those of which that is not sure yet."""
        path = self._paths[way]
        if len(rows) < SOME or not path.kept:
            return rows
        rest = []
        for begin in range(0, len(rows), PIECE):
            some = rows[begin : begin + PIECE]
            values = self.values(some, horizon)
            fit = path.undisturbed(values, self.numbers[some], self._history.watched)
            self._send(way, some, values, np.flatnonzero(fit))
            rest.append(some[~fit])
        return np.concatenate(rest)

    def _sort(self, rows: Ints, horizon: int) -> None:
        """Send calls on whatever ways they go."""
        values, numbers, left = self.values(rows, horizon), self.numbers[rows], np.ones(len(rows), np.bool_)

        def send(table: Table, ways: Iterable[int]) -> int:
            """Send calls that are left on ways, and return how many still are."""
            answers, count = table.put(values, numbers, self._history.watched), int(np.count_nonzero(left))
            for way in ways:
                some = np.flatnonzero(answers.fit(self._paths[way].questions) & left)
                self._send(way, rows, values, some)
                left[some] = False
                count -= len(some)
                if not count:
                    break
            return count

        count = send(self._all_ways.table, self._all_ways.by_count()) if self._paths else len(rows)
        while count:
            first = int(rows[np.argmax(left)])
            count = send(self._explore(first, horizon), [len(self._paths) - 1])
            if self._ways[first] != len(self._paths) - 1:
                raise AssertionError(f"call {self.numbers[first]} does not go its own way")

    def _send(self, way: int, rows: Ints, values: Values, some: Ints) -> None:
        """Send some calls on a way, and note what is written about them."""
        if len(some):
            path = self._paths[way]
            self._ways[rows[some]] = way
            self.messages.write(path, rows[some], values, some)
            self._take(way)
            path.count += len(some)

    def _take(self, way: int) -> None:
        """Note that calls go a way.

        Raises:
            ClosedLoopError: They go in too many ways.
        """
        self._taken.add(way)
        # Those of this replication alone: what else a worker has done must not decide which engine computes it.
        most = max(MANY, (self._gone + len(self)) // ENOUGH)
        if len(self._taken) > most:
            raise ClosedLoopError(f"calls that go in more than {most:,} ways")

    def _explore(self, row: int, horizon: int) -> Table:
        """Look at one call in the laboratory, add the way that it goes, and return the questions of that."""
        subject = Subject(
            int(self.numbers[row]),
            self._source,
            int(self._indices[row]),
            int(self._arrivals[row]),
            horizon,
            self._history.restarts.any,
            lambda symbol: int(self._column(symbol)[row]),
            lambda place: self.messages.one("waits", place, row),
            lambda place: self.messages.one("delays", place, row),
            self._history.links,
            self._history.thaws,
            self._history.doors,
            self._history.files,
        )
        record = examine(self._prepared, self._streams, self._symbols, subject)
        return self._all_ways.add(record, self._history)

    def groups(self, horizon: int) -> list[Group]:
        """Return all calls, in pieces that go the same way."""
        if not len(self):
            return []
        order = np.argsort(self._ways, kind="stable")
        ordered = self._ways[order]
        begins = _begins(ordered)
        parts = np.split(order, begins[1:])
        return [
            Group(self._paths[way], some, self.values(some, horizon))
            for way, rows in zip(ordered[begins].tolist(), parts, strict=True)
            for some in (rows[begin : begin + PIECE] for begin in range(0, len(rows), PIECE))
        ]
