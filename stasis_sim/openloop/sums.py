"""The sums of a replication out of whole bunches of calls: what the ledger counts call by call."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from stasis_sim.observe.hearing import GONE
from stasis_sim.observe.ledger import TOTAL, Ledger, Lengths
from stasis_sim.observe.timeline import Timeline
from stasis_sim.openloop.history import FOR_EVER
from stasis_sim.openloop.standings import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stasis_sim.observe.trace import Connection
    from stasis_sim.openloop.batch import Bunch
    from stasis_sim.openloop.history import History, Ints
    from stasis_sim.openloop.paths import AttemptRow, Bits

_UNHEARD: Final = frozenset({"missed", "lost", "late"})


def counted(values: Ints) -> list[tuple[int, int]]:
    """Return how often each of some small numbers occurs."""
    counts = np.bincount(values)
    distinct = np.flatnonzero(counts)
    return list(zip(distinct.tolist(), counts[distinct].tolist(), strict=True))


def add_lengths(lengths: Lengths, values: Ints) -> None:
    """Count many lengths of time, in microseconds."""
    if not len(values):
        return
    lengths.n += len(values)
    lengths.total += int(values.sum())
    lengths.longest = max(lengths.longest, int(values.max()))
    for bin_, count in counted(_bins(values)):
        lengths.bins[bin_] += count


def _bins(values: Ints) -> Ints:
    """Return the bins of lengths, as :func:`~stasis_sim.observe.ledger.bin_of` has them."""
    small = values < 1 << 9
    # A float has 53 bits: the exponent of the nearest one is that of the number itself below 2 ** 53.
    shift = np.frexp(values.astype(np.float64))[1].astype(np.int64) - 9
    shift = np.where(small, 0, shift)
    return np.where(small, values, (shift << 8) + (values >> shift))


class Outages:
    """The outages of one app as arrays, for as long as they are known."""

    def __init__(self, timeline: Timeline) -> None:
        outages = timeline.outages
        self.starts = np.array([outage.start for outage in outages], np.int64)
        self.ends = np.array([FOR_EVER if outage.end is None else outage.end for outage in outages], np.int64)
        lengths = self.ends - self.starts
        self._before = np.concatenate([[0], np.cumsum(lengths[:-1])]).astype(np.int64)

    def down(self, at: Ints) -> Ints:
        """Return the time without a working connection up to instants."""
        if not len(self.starts):
            return np.zeros(len(at), np.int64)
        place = np.searchsorted(self.starts, at, side="right") - 1
        down = self._before[place] + np.minimum(at, self.ends[place]) - self.starts[place]
        return np.where(place < 0, 0, down)

    def within(self, at: Ints) -> Ints:
        """Return in which outages instants lie, -1 for none; the instant of an outage's end lies in it."""
        place = np.searchsorted(self.starts, at, side="right") - 1
        if not len(self.starts):
            return np.full(len(at), -1)
        return np.where((place >= 0) & (at <= self.ends[place]), place, -1)

    def between(self, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
        """Return the first and the last-but-one outage that stretches have an instant in common with."""
        return np.searchsorted(self.ends, begin, side="right"), np.searchsorted(self.starts, end, side="left")


class _Known(dict[str, Outages]):
    """The outages of all apps; one that no client serves is away from first to last."""

    def __init__(self, warmup: int, timelines: Mapping[str, Timeline]) -> None:
        super().__init__({app: Outages(timeline) for app, timeline in timelines.items()})
        self._warmup = warmup

    def __missing__(self, app: str) -> Outages:
        outages = self[app] = Outages(Timeline(app, self._warmup))
        return outages


class Sums:
    """All sums of a replication.

    Attributes:
        calls: How many calls have been counted.
        raised: How many messages.
        strange: Apps that no client serves, and when they were first asked for, in microseconds.
    """

    def __init__(self, warmup: int, history: History) -> None:
        self.calls = 0
        self.raised = 0
        self.strange: dict[str, int] = {}
        self._warmup = warmup
        self._history = history
        self._ledger = Ledger(warmup, {})
        self._ejected: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._missed: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._orphaned: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._delivered: defaultdict[int, int] = defaultdict(int)
        self._lost: defaultdict[int, int] = defaultdict(int)

    def add(self, bunches: Iterable[Bunch], end: int) -> None:
        """Count calls that are through; `end`: of the run, in microseconds, where it is known."""
        outages = _Known(self._warmup, self._history.timelines)
        for bunch in bunches:
            self._count(bunch, outages, end)

    def _count(self, bunch: Bunch, outages: Mapping[str, Outages], end: int) -> None:
        path, ledger, n = bunch.path, self._ledger, len(bunch.numbers)
        counted = bunch.value(path.arrival) >= self._warmup
        measured = int(counted.sum())
        self.calls += n
        if measured:
            first = path.attempts[0].app if path.attempts else None
            ledger.outcomes[first, path.outcome] += measured
            if path.final_answer is not None:
                ledger.answers[first, path.final_answer] += measured
            ledger.deceive(path.deceived, measured)
        orphaned = np.zeros(n, np.int64)
        commanded = [attempt.first_command for attempt in path.attempts if attempt.first_command is not None]
        if commanded:
            reached = bunch.value(commanded[0]) - bunch.value(path.arrival)
            add_lengths(ledger.reached[path.attempts[0].app], reached[counted])
        for place, attempt in enumerate(path.attempts):
            self._meet(attempt.app, bunch.at(attempt.when))
            self._count_result(bunch, place, attempt, counted)
            if attempt.first_command is not None:
                orphaned += self._commanded(bunch, attempt, counted, outages, end)
            elif attempt.result == "ejected" and attempt.app:
                _tally(self._ejected, attempt.app, outages[attempt.app].within(bunch.at(attempt.when)))
        add_lengths(ledger.orphaned[TOTAL], orphaned[counted & (orphaned > 0)])
        self._strand(bunch, counted, end)
        self._count_events(bunch, outages)
        for command in path.commands:
            measured = int((bunch.value(command.at) >= self._warmup).sum())
            if measured:
                ledger.commands[command.client, command.status] += measured

    def _meet(self, app: str, at: Ints) -> None:
        """Note when an app was asked for that no client serves."""
        if app and app not in self._history.timelines:
            self.strange[app] = min(self.strange.get(app, FOR_EVER), int(at.min()))

    def _count_result(self, bunch: Bunch, place: int, attempt: AttemptRow, counted: Bits) -> None:
        words = bunch.reasons.get(place)
        if words is None:
            measured = int(counted.sum())
            if measured:
                self._ledger.attempts[attempt.app, attempt.result, attempt.reason] += measured
            return
        for word, reason in enumerate(REASONS):
            measured = int((counted & (words == word)).sum())
            if measured:
                self._ledger.attempts[attempt.app, attempt.result, reason] += measured

    def _commanded(
        self, bunch: Bunch, attempt: AttemptRow, counted: Bits, outages: Mapping[str, Outages], end: int
    ) -> Ints:
        """Count the handoff; return the time that each channel was without its app after that."""
        first = bunch.value(attempt.first_command)
        add_lengths(self._ledger.handoff[attempt.app], (first - bunch.at(attempt.when))[counted])
        app, left = outages[attempt.app], np.minimum(bunch.value(attempt.left), end)
        orphaned = app.down(left) - app.down(first)
        hit = np.flatnonzero(orphaned)
        if len(hit):
            begin, stop = app.between(first[hit], left[hit])
            for outage in np.concatenate([np.arange(*stretch) for stretch in zip(begin, stop, strict=True)]).tolist():
                self._orphaned[attempt.app, outage] += 1
            add_lengths(self._ledger.orphaned[attempt.app], orphaned[hit][counted[hit]])
        return orphaned

    def _strand(self, bunch: Bunch, counted: Bits, end: int) -> None:
        """Count the time inside of calls whose StasisStart did not come, or came late."""
        stranded = np.zeros(len(bunch.numbers), np.int64)
        found = False
        for attempt, fate in bunch.path.starts:
            if fate in _UNHEARD:
                found = True
                until = attempt.left if attempt.first_command is None else attempt.first_command
                inside = np.minimum(bunch.value(until), end) - bunch.at(attempt.when)
                add_lengths(self._ledger.stranded[attempt.app], inside[counted])
                stranded += inside
        if found:
            add_lengths(self._ledger.stranded[TOTAL], stranded[counted])

    def _count_events(self, bunch: Bunch, outages: Mapping[str, Outages]) -> None:
        """Count the events of calls, and put those that nobody heard down to the outages they were raised in."""
        clients, links = self._history.clients, self._history.links
        self.raised += len(bunch.path.events) * len(bunch.numbers)
        for event in bunch.path.events:
            raised = bunch.at(event.when)
            if event.fate in GONE:
                _tally(self._missed, event.app, outages[event.app].within(raised))
            if event.link is not None and event.fate in {"delivered", "lost"}:
                tally = self._delivered if event.fate == "delivered" else self._lost
                for number, count in counted(bunch.connections(event, links)):
                    tally[number] += count
            measured = int((raised >= self._warmup).sum())
            if measured:
                client = None if event.link is None else clients[event.link]
                self._ledger.events[event.app, event.type, event.fate, client] += measured

    def pour(self, ledger: Ledger, connections: Iterable[Connection]) -> None:
        """Put all sums into the ledger of a run, and what belongs to connections and outages where it belongs."""
        for mine, theirs in (
            (self._ledger.outcomes, ledger.outcomes),
            (self._ledger.answers, ledger.answers),
            (self._ledger.attempts, ledger.attempts),
            (self._ledger.events, ledger.events),
            (self._ledger.commands, ledger.commands),
        ):
            for key, count in mine.items():
                theirs[key] += count
        for app, calls in self._ledger.deceived.items():
            ledger.deceived[app] += calls
        for name in ("handoff", "reached", "stranded", "orphaned"):
            for app, lengths in getattr(self._ledger, name).items():
                if lengths.n:
                    getattr(ledger, name)[app].merge(lengths)
        for connection in connections:
            connection.delivered += self._delivered[connection.number]
            connection.missed += self._lost[connection.number]
        for app, timeline in ledger.timelines.items():
            for number, outage in enumerate(timeline.outages):
                outage.ejected += self._ejected[app, number]
                outage.missed += self._missed[app, number]
                outage.orphaned += self._orphaned[app, number]


def _tally(tally: defaultdict[tuple[str, int], int], app: str, places: Ints) -> None:
    """Count how often each place occurs; -1 is none."""
    for place, count in counted(places[places >= 0]):
        tally[app, place] += count
