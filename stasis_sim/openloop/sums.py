"""The sums of a replication out of whole bunches of calls: what the ledger counts call by call."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from stasis_sim.observe.hearing import GONE, HEARD
from stasis_sim.observe.ledger import TOTAL, Ledger, Lengths
from stasis_sim.observe.timeline import Timeline
from stasis_sim.openloop.links import FOR_EVER
from stasis_sim.openloop.searching import count_before
from stasis_sim.openloop.standings import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from stasis_sim.observe.trace import Connection
    from stasis_sim.openloop.batch import Bunch
    from stasis_sim.openloop.happenings import AttemptRow, EventRow
    from stasis_sim.openloop.history import History
    from stasis_sim.openloop.links import Ints, Link
    from stasis_sim.openloop.paths import Path
    from stasis_sim.openloop.values import Bits

_NONE: Final = np.empty(0, np.int64)

_UNHEARD: Final = frozenset({"missed", "lost", "late"})

FEW: Final = 256
"""Fewer calls of a way than this wait for more of them before they are counted."""


class Tally:
    """How often each of some small numbers has occurred."""

    def __init__(self) -> None:
        self._counts = np.zeros(0, np.int64)

    def add(self, values: Ints, times: int = 1) -> None:
        """Count numbers, each so many times."""
        fresh = times * np.bincount(values)
        room = len(self._counts)
        if len(fresh) > room:
            # Half as much again, so that room is seldom made.
            self._counts = np.concatenate([self._counts, np.zeros(len(fresh) - room + (room >> 1), np.int64)])
        self._counts[: len(fresh)] += fresh

    def __getitem__(self, number: int) -> int:
        """Return how often a number has occurred."""
        return int(self._counts[number]) if number < len(self._counts) else 0

    def items(self) -> list[tuple[int, int]]:
        """Return what has occurred, and how often."""
        distinct = np.flatnonzero(self._counts)
        return list(zip(distinct.tolist(), self._counts[distinct].tolist(), strict=True))


class Spread:
    """Lengths of time in microseconds, counted many at a time.

    Attributes:
        n: How many there are.
    """

    def __init__(self) -> None:
        self.n = 0
        self._total = 0
        self._longest = 0
        self._bins = Tally()

    def add(self, values: Ints) -> None:
        """Count lengths."""
        if len(values):
            self.n += len(values)
            self._total += int(values.sum())
            self._longest = max(self._longest, int(values.max()))
            self._bins.add(_bins(values))

    def lengths(self) -> Lengths:
        """Return them as the ledger has lengths."""
        found = Lengths()
        found.n, found.total, found.longest = self.n, self._total, self._longest
        found.bins.update(self._bins.items())
        return found


def _bins(values: Ints) -> Ints:
    """Return the bins of lengths, as :func:`~stasis_sim.observe.ledger.bin_of` has them."""
    # The exponent of a float is the length of the number in bits, as a float has 53 of them.
    length = (values.astype(np.float64).view(np.int64) >> 52) - 1022
    shift = np.maximum(length - 9, 0)
    bins: Ints = (shift << 8) + (values >> shift)
    return bins


class Measured:
    """Which calls of a bunch came after the warm-up.

    Args:
        mask: Whether each of them did.

    Attributes:
        number: How many did.
        all: Whether all did.
    """

    def __init__(self, mask: Bits) -> None:
        self._mask = mask
        self.number = int(np.count_nonzero(mask))
        self.all = self.number == len(mask)

    def of(self, values: Ints) -> Ints:
        """Return the values of those that count."""
        return values if self.all else values[self._mask]

    def among(self, rows: Ints, values: Ints) -> Ints:
        """Return of the values of some calls those that count."""
        return values if self.all else values[self._mask[rows]]


def _together(parts: list[tuple[Ints, Ints]], counted: Measured) -> Ints:
    """Return the sums of what several parts say of the same calls, of those that count."""
    if len(parts) == 1:
        return counted.among(*parts[0])
    rows, inverse = np.unique(np.concatenate([_NONE, *(rows for rows, _ in parts)]), return_inverse=True)
    sums = np.zeros(len(rows), np.int64)
    np.add.at(sums, inverse, np.concatenate([_NONE, *(values for _, values in parts)]))
    return counted.among(rows, sums)


def _connections(bunch: Bunch, events: Sequence[EventRow], link: Link) -> Iterator[tuple[Ints, int]]:
    """Yield the connections to which some events were written, which are in the order of time; each so many times."""
    first, last = events[0], events[-1]
    places = link.look(bunch.at(first.when), first.when.rank, bunch.numbers)
    if len(events) == 1:
        yield link.numbers(places), 1
        return
    steady = link.stays(places, bunch.at(last.when))
    yield link.numbers(places[steady]), len(events)
    if not steady.all():
        rest = bunch.of(np.flatnonzero(~steady))
        places = places[~steady]
        for event in events:
            places = link.look(rest.at(event.when), event.when.rank, rest.numbers, places)
            yield link.numbers(places), 1


class Outages:
    """The outages of one app as arrays, for as long as they are known."""

    def __init__(self, timeline: Timeline) -> None:
        outages = timeline.outages
        self.starts = np.array([outage.start for outage in outages], np.int64)
        self.ends = np.array([FOR_EVER if outage.end is None else outage.end for outage in outages], np.int64)
        self._begins = np.append(self.starts, FOR_EVER)
        lengths = self.ends - self.starts
        self._before = np.concatenate([[0], np.cumsum(lengths[:-1])]).astype(np.int64)

    def down(self, at: Ints) -> Ints:
        """Return the time without a working connection up to instants."""
        if not len(self.starts):
            return np.zeros(len(at), np.int64)
        place = count_before(self.starts, at, "right") - 1
        down = self._before[place] + np.minimum(at, self.ends[place]) - self.starts[place]
        return np.where(place < 0, 0, down)

    def within(self, at: Ints) -> Ints:
        """Return the outages in which instants lie, where they lie in one; the instant of its end lies in it."""
        place = count_before(self.starts, at, "right") - 1
        if not len(self.starts):
            return place[:0]
        return place[(place >= 0) & (at <= self.ends[place])]

    def touched(self, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
        """Say which stretches have more than an instant in common with an outage.

        Returns:
            Which of them do, and for each of these the first outage.
        """
        following = count_before(self.ends, begin, "right")
        hit = np.flatnonzero(self._begins[following] < end)
        return hit, following[hit]

    def begins(self, outages: Ints) -> Ints:
        """Return when outages begin, FOR_EVER behind the last one."""
        return self._begins[outages]


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
        self._lengths: defaultdict[tuple[str, str | None], Spread] = defaultdict(Spread)
        self._few: dict[tuple[str, Path], Bunch] = {}
        # By app and outage.
        self._ejected: defaultdict[str, Tally] = defaultdict(Tally)
        self._missed: defaultdict[str, Tally] = defaultdict(Tally)
        self._orphaned: defaultdict[str, Tally] = defaultdict(Tally)
        # By connection.
        self._delivered = Tally()
        self._lost = Tally()

    def add(self, bunches: Iterable[Bunch], end: int, *, last: bool) -> None:
        """Count calls that are through.

        Args:
            bunches: The calls.
            end: Of the run, in microseconds, where it is known.
            last: Whether no others follow.
        """
        outages = _Known(self._warmup, self._history.timelines)
        for each in bunches:
            key = each.source, each.path
            few = self._few.pop(key, None)
            bunch = each if few is None else few.joined(each)
            if len(bunch.numbers) < FEW:
                self._few[key] = bunch.joined() if few is None else bunch
            else:
                self._count(bunch, outages, end)
            each.values.forget()
        if last:
            for bunch in self._few.values():
                self._count(bunch, outages, end)

    def _count(self, bunch: Bunch, outages: Mapping[str, Outages], end: int) -> None:
        path, ledger, n = bunch.path, self._ledger, len(bunch.numbers)
        counted = Measured(bunch.value(path.arrival) >= self._warmup)
        self.calls += n
        self.raised += n * len(path.events)
        if counted.number:
            first = path.attempts[0].app if path.attempts else None
            ledger.outcomes[first, path.outcome] += counted.number
            if path.final_answer is not None:
                ledger.answers[first, path.final_answer] += counted.number
            ledger.deceive(path.deceived, counted.number)
        commanded = [attempt.first_command for attempt in path.attempts if attempt.first_command is not None]
        if commanded:
            reached = bunch.value(commanded[0]) - bunch.value(path.arrival)
            self._lengths["reached", path.attempts[0].app].add(counted.of(reached))
        orphaned: list[tuple[Ints, Ints]] = []
        for place, attempt in enumerate(path.attempts):
            self._meet(attempt.app, bunch.at(attempt.when))
            self._count_result(bunch, place, attempt, counted)
            if attempt.first_command is not None:
                orphaned.append(self._commanded(bunch, attempt, counted, outages, end))
            elif attempt.result == "ejected" and attempt.app:
                self._ejected[attempt.app].add(outages[attempt.app].within(bunch.at(attempt.when)))
        self._lengths["orphaned", TOTAL].add(_together(orphaned, counted))
        self._strand(bunch, counted, end)
        self._count_events(bunch, outages, counted)
        for command in path.commands:
            measured = self._measured(bunch, command.at, counted)
            if measured:
                ledger.commands[command.client, command.status] += measured

    def _measured(self, bunch: Bunch, at: int, counted: Measured) -> int:
        """Return for how many calls an instant is not in the warm-up; what is about a call that counts is not."""
        return counted.number if counted.all else int(np.count_nonzero(bunch.value(at) >= self._warmup))

    def _meet(self, app: str, at: Ints) -> None:
        """Note when an app was asked for that no client serves."""
        if app and app not in self._history.timelines:
            self.strange[app] = min(self.strange.get(app, FOR_EVER), int(at.min()))

    def _count_result(self, bunch: Bunch, place: int, attempt: AttemptRow, counted: Measured) -> None:
        words = bunch.reasons.get(place)
        if words is None:
            if counted.number:
                self._ledger.attempts[attempt.app, attempt.result, attempt.reason] += counted.number
            return
        for word, reason in enumerate(REASONS):
            measured = int(np.count_nonzero(counted.of(words) == word))
            if measured:
                self._ledger.attempts[attempt.app, attempt.result, reason] += measured

    def _commanded(
        self, bunch: Bunch, attempt: AttemptRow, counted: Measured, outages: Mapping[str, Outages], end: int
    ) -> tuple[Ints, Ints]:
        """Count the handoff; return which channels were without their app after that, and for how long."""
        first = bunch.value(attempt.first_command)
        self._lengths["handoff", attempt.app].add(counted.of(first - bunch.at(attempt.when)))
        app, left = outages[attempt.app], np.minimum(bunch.value(attempt.left), end)
        hit, outage = app.touched(first, left)
        left = left[hit]
        orphaned = app.down(left) - app.down(first[hit])
        some = orphaned > 0
        hit, outage, left, orphaned = hit[some], outage[some], left[some], orphaned[some]
        self._lengths["orphaned", attempt.app].add(counted.among(hit, orphaned))
        while len(outage):
            self._orphaned[attempt.app].add(outage)
            further = app.begins(outage + 1) < left
            outage, left = outage[further] + 1, left[further]
        return hit, orphaned

    def _strand(self, bunch: Bunch, counted: Measured, end: int) -> None:
        """Count the time inside of calls whose StasisStart did not come, or came late."""
        stranded: Ints | int = 0
        unheard = [attempt for attempt, fate in bunch.path.starts if fate in _UNHEARD]
        for attempt in unheard:
            until = attempt.left if attempt.first_command is None else attempt.first_command
            inside = np.minimum(bunch.value(until), end) - bunch.at(attempt.when)
            self._lengths["stranded", attempt.app].add(counted.of(inside))
            stranded = stranded + inside
        if unheard:
            self._lengths["stranded", TOTAL].add(counted.of(np.asarray(stranded)))

    def _count_events(self, bunch: Bunch, outages: Mapping[str, Outages], counted: Measured) -> None:
        """Count the events of calls, and put those that nobody heard down to the outages they were raised in."""
        clients, events = self._history.clients, bunch.path.events
        for event in events:
            if event.fate in GONE:
                self._missed[event.app].add(outages[event.app].within(bunch.at(event.when)))
            measured = self._measured(bunch, event.when.at, counted)
            if measured:
                client = None if event.link is None else clients[event.link]
                self._ledger.events[event.app, event.type, event.fate, client] += measured
        for place, link in enumerate(self._history.links):
            for fates, tally in ((HEARD, self._delivered), (GONE, self._lost)):
                written = [event for event in events if event.link == place and event.fate in fates]
                if written:
                    for numbers, times in _connections(bunch, written, link):
                        tally.add(numbers, times)

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
        for (name, app), spread in self._lengths.items():
            if spread.n:
                getattr(ledger, name)[app].merge(spread.lengths())
        for connection in connections:
            connection.delivered += self._delivered[connection.number]
            connection.missed += self._lost[connection.number]
        for app, timeline in ledger.timelines.items():
            for number, outage in enumerate(timeline.outages):
                outage.ejected += self._ejected[app][number]
                outage.missed += self._missed[app][number]
                outage.orphaned += self._orphaned[app][number]
