"""Running sums of one replication: whole numbers only, so that neither order nor workers change a bit of them.

The ledger is fed by the recorder with calls that are complete. What a measure is made of these sums says
:mod:`stasis_sim.observe.metrics`. A vectorised engine may fill the same sums by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias

from stasis_sim.observe.hearing import GONE, deceived, starts
from stasis_sim.observe.invariants import InvariantError, conserve
from stasis_sim.observe.timeline import Timeline
from stasis_sim.observe.vocabulary import FATES, HOWS, OUTCOMES, REASONS, RESULTS, WHYS

if TYPE_CHECKING:
    from stasis_sim.observe.trace import Attempt, Call, Command, Connection, Event

Counts: TypeAlias = defaultdict[tuple[str | int | None, ...], int]

TOTAL: Final = None
"""The key of sums over all apps, where a call may touch several."""

_BITS: Final = 8


def bin_of(value: int) -> int:
    """The bin of a length of time: 256 bins for each doubling, so a bin is at most 1/256 of its length wide."""
    shift = value.bit_length() - _BITS - 1
    return value if shift <= 0 else (shift << _BITS) + (value >> shift)


def middle_of(bin_: int) -> int:
    """The middle of a bin, at most 0.2 % away from whatever was put into it; exact below 0.5 ms."""
    shift = (bin_ >> _BITS) - 1
    return bin_ if shift <= 0 else ((bin_ - (shift << _BITS)) << shift) + (1 << shift >> 1)


class Lengths:
    """Lengths of time, summed exactly and counted in bins, so that memory does not grow with their number."""

    __slots__ = ("bins", "longest", "n", "total")

    def __init__(self) -> None:
        self.n = 0
        self.total = 0
        self.longest = 0
        self.bins: defaultdict[int, int] = defaultdict(int)

    def add(self, value: int) -> None:
        """Count a length."""
        self.n += 1
        self.total += value
        if value > self.longest:  # noqa: PLR1730 - max() takes three times as long, and this is done for every call
            self.longest = value
        self.bins[bin_of(value)] += 1

    def merge(self, other: Lengths) -> None:
        """Count what another has counted."""
        self.n += other.n
        self.total += other.total
        self.longest = max(self.longest, other.longest)
        if not self.bins:
            self.bins.update(other.bins)  # mostly so, and a fortieth of a short replication went into the loop below
            return
        for bin_, count in other.bins.items():
            self.bins[bin_] += count

    def quantile(self, percent: int) -> int | None:
        """The middle of the bin in which so many percent are reached; None if nothing was counted."""
        rank = -(-self.n * percent // 100)
        for bin_ in sorted(self.bins):
            rank -= self.bins[bin_]
            if rank <= 0:
                return min(middle_of(bin_), self.longest)
        return None


class Level:
    """How many are inside, over time.

    The peak is of what stands when all that happens at an instant is done: whoever leaves at the instant at which he
    entered has not been inside at any, in whatever order the others come and go.
    """

    __slots__ = ("area", "count", "peak", "since")

    def __init__(self, warmup: int) -> None:
        self.count = 0
        self.peak = 0
        self.area = 0
        self.since = warmup

    def change(self, change: int, now: int) -> None:
        """One more or one less from now on; the peak and the area leave out the warm-up."""
        count, since = self.count, self.since
        level = self.count = count + change
        if now > since:
            self.area += count * (now - since)
            self.since = now
            if count > self.peak:  # noqa: PLR1730 - as in `Lengths`
                self.peak = count
        if level < 0:
            raise InvariantError(f"{level} channels inside at {now} µs")

    def close(self, end: int) -> None:
        """The run is over, and nothing happens any more at its last instant."""
        self.change(0, end)
        if end >= self.since and self.count > self.peak:
            self.peak = self.count


class Ledger:
    """All sums of a replication.

    Attributes:
        outcomes: Calls by (first app or None, outcome).
        redials: Calls that are redials, by (first app or None, number of the redial).
        redialled: Calls after which the caller calls again, by (first app or None, number of the redial).
        answers: Calls by (first app or None, final answer), where there was one.
        attempts: Attempts by (app, result, reason).
        events: Events by (app, type, fate, client or None).
        commands: Commands by (client, status or None).
        connections: Tries at a connection by (client, how, reason).
        handoff: From Stasis to the first command, by app.
        reached: From the arrival of a call to the first command on it, by the app that it asked for first.
        stranded: Time of calls that waited in vain for their StasisStart to arrive; by app and in TOTAL.
        orphaned: Time of calls that had a command and lost their app; by app and in TOTAL.
        deceived: Calls that are gone and in which an app believes; by app and in TOTAL.
        talked: Time of channels in a bridge with another one; by app and in TOTAL.
        talked_orphaned: The part of it in which their app was away after their first command.
        levels: Channels inside, by app and in TOTAL.
        end: The end of the run.
    """

    def __init__(self, warmup: int, timelines: dict[str, Timeline]) -> None:
        self.warmup = warmup
        self.timelines = timelines
        self.end = 0
        self.outcomes: Counts = defaultdict(int)
        self.redials: Counts = defaultdict(int)
        self.redialled: Counts = defaultdict(int)
        self.answers: Counts = defaultdict(int)
        self.attempts: Counts = defaultdict(int)
        self.events: Counts = defaultdict(int)
        self.commands: Counts = defaultdict(int)
        self.connections: Counts = defaultdict(int)
        self.handoff: defaultdict[str, Lengths] = defaultdict(Lengths)
        self.reached: defaultdict[str, Lengths] = defaultdict(Lengths)
        self.stranded: defaultdict[str | None, Lengths] = defaultdict(Lengths)
        self.orphaned: defaultdict[str | None, Lengths] = defaultdict(Lengths)
        self.deceived: defaultdict[str | None, int] = defaultdict(int)
        self.talked: defaultdict[str | None, int] = defaultdict(int)
        self.talked_orphaned: defaultdict[str | None, int] = defaultdict(int)
        self.levels: dict[str | None, Level] = {TOTAL: Level(warmup)}
        self._calls = 0
        self._raised = 0

    def inside(self, app: str, change: int, now: int) -> None:
        """A channel entered (+1) or left (-1) an app."""
        level = self.levels.get(app)
        if level is None:
            level = self.levels[app] = Level(self.warmup)
        level.change(change, now)
        self.levels[TOTAL].change(change, now)

    def level(self, app: str | None) -> Level:
        """Return how many are inside an app, or in TOTAL."""
        return self.levels.setdefault(app, Level(self.warmup))

    def counted(self, calls: int, raised: int) -> None:
        """Somebody else has filled the sums with so many calls, and the messages that were raised about them."""
        self._calls += calls
        self._raised += raised

    def add(self, call: Call) -> None:
        """Count a call to which nothing can happen any more."""
        attempts = call.attempts
        counted = call.arrived >= self.warmup
        self._calls += 1
        if counted:
            self._caller(call)
        orphaned = 0
        for attempt in attempts:
            if counted:
                self.attempts[attempt.app, attempt.result, attempt.reason] += 1
            if attempt.first_command is not None:
                orphaned += self._commanded(attempt, call, counted)
            elif attempt.result == "ejected":
                self._bear(attempt)
        if orphaned and counted:
            self.orphaned[TOTAL].add(orphaned)
        if not self._all_arrived(call.events) and counted:
            self._strand(call)
        if call.commands:
            self.add_commands(call.commands)

    def deceive(self, apps: tuple[str, ...], calls: int) -> None:
        """So many calls are gone, and these apps believe in them."""
        if apps:
            for app in (TOTAL, *apps):
                self.deceived[app] += calls

    def _reach(self, call: Call) -> None:
        """Count how long the caller waited for the first command, through whatever came before."""
        for attempt in call.attempts:
            if attempt.first_command is not None:
                self.reached[call.attempts[0].app].add(attempt.first_command - call.arrived)
                return

    def _caller(self, call: Call) -> None:
        """Count what became of the caller."""
        first = call.attempts[0].app if call.attempts else None
        self.outcomes[first, call.outcome] += 1
        if call.redial:
            self.redials[first, call.redial] += 1
        if call.redialled:
            self.redialled[first, call.redial + 1] += 1
        if call.final_answer is not None:
            self.answers[first, call.final_answer] += 1
        self.deceive(deceived(call.events, call.attempts, over=call.ended is not None), 1)
        self._reach(call)

    def _all_arrived(self, call_events: list[Event]) -> bool:
        """Count the events of a call; True if each was simply delivered."""
        self._raised += len(call_events)
        warmup, events, smooth = self.warmup, self.events, True
        for event in call_events:
            connection, fate = event.connection, event.fate
            if fate != "delivered":
                smooth = False
                self._miss(event)
            if event.raised >= warmup:
                events[event.app, event.type, fate, None if connection is None else connection.client] += 1
        return smooth

    def _left(self, attempt: Attempt, call: Call) -> int:
        """When the channel left, or the end of the run."""
        if attempt.left is not None:
            return attempt.left
        if call.ended is not None:
            raise InvariantError(f"call {call.number} ended at {call.ended} µs and never left {attempt.app}")
        return self.end

    def _commanded(self, attempt: Attempt, call: Call, counted: bool) -> int:
        """Count the handoff; return the time that the channel was without its app after that."""
        first, left = attempt.first_command, self._left(attempt, call)
        assert first is not None  # noqa: S101 - the caller looked
        if counted:
            self.handoff[attempt.app].add(first - attempt.at)
            if attempt.talks:
                self._talk(attempt, left)
        timeline = self.timelines.get(attempt.app)
        if timeline is None or not timeline.outages:
            return 0
        last_end = timeline.outages[-1].end
        if last_end is not None and last_end <= first:
            return 0
        orphaned = timeline.down(left) - timeline.down(first)
        if orphaned:
            for outage in timeline.between(first, left):
                outage.orphaned += 1
            if counted:
                self.orphaned[attempt.app].add(orphaned)
        return orphaned

    def _talk(self, attempt: Attempt, left: int) -> None:
        """Count the time in which the caller was not alone; all of it is after the command that bridged the channel."""
        timeline = self.timelines.get(attempt.app)
        for begin, end in attempt.talks or ():
            over = left if end is None else end
            away = 0 if timeline is None else timeline.down(over) - timeline.down(begin)
            for key in (attempt.app, TOTAL):
                self.talked[key] += over - begin
                self.talked_orphaned[key] += away

    def _bear(self, attempt: Attempt) -> None:
        """Put an ejection down to the outage in which it happened."""
        timeline = self.timelines.get(attempt.app)
        if timeline is None and attempt.app:
            # Nobody ever spoke of this app: no client serves it, it is away from first to last.
            timeline = self.timelines[attempt.app] = Timeline(attempt.app, self.warmup)
        outage = None if timeline is None else timeline.outage(attempt.at)
        if outage is not None:
            outage.ejected += 1

    def _miss(self, event: Event) -> None:
        """Put a missed or lost event down to the outage in which it was raised."""
        if event.fate not in GONE:
            return
        timeline = self.timelines.get(event.app)
        outage = None if timeline is None else timeline.outage(event.raised)
        if outage is not None:
            outage.missed += 1

    def _strand(self, call: Call) -> None:
        """Count the time inside of a call whose StasisStart did not come, or came late."""
        stranded = None
        for attempt, start in starts(call.events, call.attempts):
            if start.fate not in {"missed", "lost", "late"}:
                continue
            end = self._left(attempt, call) if attempt.first_command is None else attempt.first_command
            self.stranded[attempt.app].add(end - attempt.at)
            stranded = (stranded or 0) + end - attempt.at
        if stranded is not None:
            self.stranded[TOTAL].add(stranded)

    def add_events(self, events: Iterable[Event]) -> None:
        """Count events that belong to no call."""
        for event in events:
            self._raised += 1
            self._miss(event)
            if event.raised >= self.warmup:
                client = None if event.connection is None else event.connection.client
                self.events[event.app, event.type, event.fate, client] += 1

    def add_commands(self, commands: Iterable[Command]) -> None:
        """Count commands."""
        for command in commands:
            if command.at >= self.warmup:
                self.commands[command.client, command.status or None] += 1

    def add_connection(self, connection: Connection) -> None:
        """Count a try at a connection."""
        if connection.opened >= self.warmup:
            self.connections[connection.client, connection.how, connection.reason] += 1

    def finish(self, offered: int, raised: int | None) -> None:
        """Close the sums at the end of the run, and hold the laws of conservation."""
        for level in self.levels.values():
            level.close(self.end)
        conserve("calls offered", offered, rows=self._calls)
        if raised is not None:
            conserve("messages raised", raised, rows=self._raised)
        _known("outcome", OUTCOMES, (key[1] for key in self.outcomes))
        _known("result", RESULTS, (key[1] for key in self.attempts))
        _known("reason", ("", *REASONS), (key[2] for key in self.attempts))
        _known("fate", FATES, (key[2] for key in self.events))
        _known("end of a connection", ("", *HOWS), (key[1] for key in self.connections))
        _known("reason of a refusal", ("", *WHYS), (key[2] for key in self.connections))
        for app, level in self.levels.items():
            if app is not TOTAL and app not in self.timelines and level.peak:
                raise InvariantError(f"{level.peak} channels inside {app}, which has no state: call app_state first")


def _known(what: str, vocabulary: tuple[str, ...], words: Iterable[str | int | None]) -> None:
    unknown = sorted({str(word) for word in words} - set(chain(vocabulary)))
    if unknown:
        raise InvariantError(f"unknown {what}: {', '.join(unknown)}; known: {', '.join(filter(None, vocabulary))}")
