"""A path: what happens to every call that fulfils the same conditions, ready to be computed for many at once.

A record of the laboratory speaks of one call. Here its instants become numbered sums of symbols, its conditions tests
of arrays, and its rows the places of those sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stasis_sim.observe.hearing import deceived, starts
from stasis_sim.openloop.links import FOR_EVER, TIED
from stasis_sim.openloop.moments import ClosedLoopError, Condition, Moment, Sum
from stasis_sim.openloop.records import Happening, Record, Sent
from stasis_sim.openloop.symbols import HORIZON
from stasis_sim.simulated.clock import Rank

if TYPE_CHECKING:
    from stasis_sim.observe import trace
    from stasis_sim.openloop.links import Ints, Link

Bits = NDArray[np.bool_]

NOTHING: Final[Sum] = (0, ())
"""No time at all."""

_HOLDS: Final = {"<0": np.less, ">=0": np.greater_equal, "==0": np.equal, "!=0": np.not_equal}


class Numbered(list[Sum]):
    """Instants and durations, each once, by number: what two paths have in common has the same number."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[Sum, int] = {}

    def number(self, made: Sum) -> int:
        """Return the number of a sum."""
        number = self._numbers.setdefault(made, len(self))
        if number == len(self):
            self.append(made)
        return number


class When(NamedTuple):
    """A happening whose instant is a sum.

    Attributes:
        at: Number of the sum.
        rank: What kind of happening it is.
        loose: See :class:`~stasis_sim.openloop.records.Happening`.
    """

    at: int
    rank: int
    loose: bool


class Message(NamedTuple):
    """A message that is written to a connection.

    Attributes:
        client: Position of the client.
        when: When it is written.
        arrives: Number of the sum of when it arrives.
        service: Number of the sum of how long a worker needs for it.
        finish: Number of the sum of when a worker is through with it; None: nothing hangs on that.
        lost: Whether the connection broke before it arrived.
        abandoned: Whether the program died after that, and before a worker was through with it.
        queues: Whether it matters in the queue of the client: it keeps a worker busy, or its wait decides something.
    """

    client: int
    when: When
    arrives: int
    service: int
    finish: int | None
    lost: bool
    abandoned: bool
    queues: bool = False


class Look(NamedTuple):
    """How the link of a client must have been: as :class:`~stasis_sim.openloop.records.Look` has it."""

    client: int
    when: When
    state: int
    died: bool
    renewed: bool


class Passage(NamedTuple):
    """A call enters (+1) or leaves (-1) an app."""

    app: str
    change: int
    when: When


class AttemptRow(NamedTuple):
    """A row of attempts; what is an instant is the number of a sum."""

    app: str
    args: str
    when: When
    result: str
    reason: str
    left: int | None
    left_by: str
    first_command: int | None


class EventRow(NamedTuple):
    """A row of events; `link`: to the connection of which client it was written."""

    app: str
    type: str
    when: When
    fate: str
    delivered: int | None
    link: int | None


class CommandRow(NamedTuple):
    """A row of commands; the path in front of and behind the name of the channel."""

    client: str
    method: str
    before: str
    after: str
    at: int
    status: int | None
    reason: str


class Path:
    """What happens to calls that go the same way.

    Args:
        record: How one of them went.
        clients: Names of the clients, by position.
        mortal: For each client whether its program can die.
        sums: Instants and durations of all paths of the source; new ones are added.

    Attributes:
        sums: Those of all paths, by number.
        symbols: What its own are made of.
        messages: In the order in which they are written.
        passages: Entries and exits, in order.
        knocks: When requests come to the doors of which clients while these are shut.
        piles: To the links of which clients something is written that may not be read, when, and how many octets.
        arrival: When they arrive.
        starts: For each attempt that entered and had a StasisStart of its own what became of that.
        steady: Whether every link is as it was when they arrived, at every look at it.
        deceived: Apps that believe in them although they are gone.
        done: When nothing can change its rows any more.
        killed: Whether it ends with Asterisk.
        cut: Whether it is not over at the end of the run.
        left: When the last things happen about it, whether they change anything or not.
        attempts, events, commands: Its rows.
        ended: When the call ended; None: it has not.
        held: From the first command to the end.
        outcome, hangup_cause, final_answer: As in the table of calls.
        count: How often a call was found to go this way; the most trodden ones are tried first.
    """

    def __init__(self, record: Record, clients: Sequence[str], mortal: Sequence[bool], sums: Numbered) -> None:
        self.count = 0
        self.sums = sums
        self._own: dict[Sum, None] = {}
        call = record.call
        channel = f"c{call.number}"
        self.passages = tuple(Passage(*passage[:2], self._when(passage.happening)) for passage in record.passages)
        self.knocks = tuple((knock.client, self._when(knock.happening)) for knock in record.knocks)
        self.piles = tuple((pile.client, self._when(pile.happening), pile.octets) for pile in record.piles)
        self.messages = tuple(self._message(sent, finite=mortal[sent.client]) for sent in record.sent)
        self.attempts = tuple(
            self._attempt(attempt, asked) for attempt, asked in zip(call.attempts, record.asked, strict=True)
        )
        sent = {id(message.event): message.happening for message in record.sent}
        places = {name: place for place, name in enumerate(clients)}
        self.events = tuple(self._event(event, sent, places) for event in call.events)
        self.commands = tuple(self._command(command, channel) for command in call.commands)
        self.ended = None if call.ended is None else self._sum(call.ended)
        self.outcome = call.outcome
        self.hangup_cause = call.hangup_cause
        self.final_answer = call.final_answer
        self.held = self._held(call)
        self.done = self._sum(record.done)
        self.arrival = self._sum(call.arrived)
        rows = dict(zip(map(id, call.attempts), self.attempts, strict=True))
        self.starts = tuple((rows[id(stay)], start.fate) for stay, start in starts(call.events, call.attempts))
        self.deceived = deceived(call.events, call.attempts, over=call.ended is not None)
        self.killed = record.killed
        self._happened = [self._sum(at) for at in record.happened]
        self.cut = record.cut
        self.left = tuple(self._sum(at) for at in (record.last.at, *record.left))
        looks = [Look(look.client, self._when(look.happening), *look[2:]) for look in record.looks]
        self._watches = tuple(
            Watch(
                client,
                list(dict.fromkeys(look for look in looks if look.client == client)),
                [message for message in self.messages if message.client == client],
            )
            for client in dict.fromkeys(look.client for look in looks)
        )
        self.steady = not self._happened and all(watch.steady for watch in self._watches)
        tests = [(self._number(each.sum), each.relation) for each in self._conditions(record)]
        self._ends = [test for test in tests if test[1] == ">=0" and (HORIZON, 1) in sums[test[0]][1]]
        self._tests = [test for test in tests if test not in self._ends]
        self.symbols = tuple(dict.fromkeys(symbol for _, terms in self._own for symbol, _ in terms))
        self.messages = tuple(
            message._replace(queues=not message.lost and (sums[message.service] != NOTHING or self._waits(sent)))
            for message, sent in zip(self.messages, record.sent, strict=True)
        )

    # -- making ---------------------------------------------------------------------------------------------------

    def _sum(self, value: int) -> int:
        """Return the number of a sum."""
        return self._number(value.sum if isinstance(value, Moment) else (value, ()))

    def _number(self, made: Sum) -> int:
        self._own[made] = None
        return self.sums.number(made)

    def _maybe(self, value: int | None) -> int | None:
        return None if value is None else self._sum(value)

    def _when(self, happening: Happening) -> When:
        return When(self._sum(happening.at), happening.rank, happening.loose)

    def _message(self, sent: Sent, *, finite: bool) -> Message:
        arrives, service, finish = self._sum(sent.arrives), self._sum(sent.service), None
        if finite and sent.finish is not None:
            finish = self._sum(sent.finish)
        return Message(sent.client, self._when(sent.happening), arrives, service, finish, sent.lost, sent.abandoned)

    def _attempt(self, attempt: trace.Attempt, asked: Happening) -> AttemptRow:
        left, first = self._maybe(attempt.left), self._maybe(attempt.first_command)
        args = ",".join(attempt.args)
        when = self._when(asked)
        return AttemptRow(attempt.app, args, when, attempt.result, attempt.reason, left, attempt.left_by, first)

    def _event(self, event: trace.Event, sent: Mapping[int, Happening], places: Mapping[str, int]) -> EventRow:
        # One that was missed has been written to nobody: all that is asked of it is when it was raised.
        when = self._when(sent.get(id(event), Happening(event.raised, 0, loose=False)))
        link = None if event.connection is None else places[event.connection.client]
        return EventRow(event.app, event.type, when, event.fate, self._maybe(event.delivered), link)

    def _command(self, command: trace.Command, channel: str) -> CommandRow:
        before, name, after = command.path.partition(f"/{channel}")
        if after.startswith(tuple("0123456789")) or channel in command.reason:
            raise ClosedLoopError(f"a request that names its channel in an odd place: {command.path}")
        at, status = self._sum(command.at), command.status or None
        return CommandRow(command.client, command.method, before + "/c" * bool(name), after, at, status, command.reason)

    def _held(self, call: trace.Call) -> int | None:
        first = next((each.first_command for each in call.attempts if each.first_command is not None), None)
        return None if first is None or call.ended is None else self._sum(call.ended - first)

    def _conditions(self, record: Record) -> list[Condition]:
        """Return what must hold: what the laboratory has compared, and on which side of the horizon things are."""
        conditions = dict(record.conditions)
        for earlier, later in self._around(record):
            conditions[Condition((later - earlier).sum, ">=0")] = None
        uncertain = [condition for condition in conditions if not condition.certain]
        needed: list[Condition] = []
        for place, condition in enumerate(uncertain):
            if not _implied(condition, [*needed, *uncertain[place + 1 :]]):
                needed.append(condition)
        return needed

    def _waits(self, sent: Sent) -> bool:
        """Whether something hangs on how long a message waits for a worker."""
        return sent.wait in self.symbols

    @staticmethod
    def _around(record: Record) -> list[tuple[Moment, Moment]]:
        """Return pairs of instants, the first no later than the second, that keep things on their side of the end."""
        horizon = Moment(0, 0, {HORIZON: 1}, record.conditions)
        pairs = [(_moment(record.last.at), horizon)]
        if record.following is not None:
            pairs.append((horizon + 1, _moment(record.following)))
        for sent in record.sent:
            if not sent.lost:
                arrives = _moment(sent.arrives)
                pairs.append((horizon + 1, arrives) if sent.event.fate == "pending" else (arrives, horizon))
        return pairs

    # -- computing ------------------------------------------------------------------------------------------------

    def undisturbed(self, values: Values, numbers: Ints, links: Sequence[Link]) -> Bits:
        """Say which calls surely go this way, because no link changes while they last. It is a steady one.

        Args:
            values: The sums of the calls.
            numbers: Of the calls.
            links: The links of the clients, behind them their doors, and behind these the files.
        """
        fit = self._meant(values, np.ones(len(numbers), np.bool_))
        for watch in self._watches:
            fit &= watch.stays(links[watch.client], values, numbers)
        return fit

    def fits(self, values: Values, numbers: Ints, links: Sequence[Link], asked: Bits) -> Bits:
        """Say which calls go this way.

        Args:
            values: The sums of the calls.
            numbers: Of the calls.
            links: The links of the clients, behind them their doors, and behind these the files.
            asked: Of which calls it is asked; the others do not.
        """
        happens = asked
        for number in self._happened:
            happens = happens & (values.raw(number) < FOR_EVER)
        if self._happened and not happens.all():
            # What does not happen has no instant: nothing may be looked up for the others.
            fit, some = np.zeros(len(numbers), np.bool_), np.flatnonzero(happens)
            if len(some):
                fit[some] = self._fits(values.of(some), numbers[some], links, np.ones(len(some), np.bool_))
            return fit
        return self._fits(values, numbers, links, asked)

    def _fits(self, values: Values, numbers: Ints, links: Sequence[Link], asked: Bits) -> Bits:
        """Say which calls go this way, of those to which all happens that happens on it."""
        fit = self._meant(values, asked)
        for watch in self._watches:
            if not fit.any():
                break
            fit = watch.holds(links[watch.client], values, numbers, fit)
        return fit

    def _meant(self, values: Values, asked: Bits) -> Bits:
        """Say of which calls the sums are as they must be."""
        fit = asked.copy()
        # Nothing is later than an end that is not known yet.
        for number, relation in (*self._tests, *(self._ends if values.horizon < FOR_EVER else ())):
            fit &= _HOLDS[relation](values.raw(number), 0)
        return fit

    def latest(self, values: Values) -> Ints:
        """Return when the last thing happens about each call, and the last message about it arrives."""
        latest = values[self.done]
        for number in {*self.left, *(message.arrives for message in self.messages)}:
            latest = np.maximum(latest, values.raw(number))
        return latest

    def heard(self, client: int, values: Values, until: int) -> int:
        """Return when the last message about the calls arrives at a client up to an instant, 0 if none does."""
        last = 0
        for message in reversed(self.messages):
            if message.client == client and not message.lost:
                arrives = values[message.arrives]
                within = arrives <= until
                last = max(last, int(arrives[within].max(initial=0)))
                if within.all():
                    break  # those before it arrive no later
        return last


class Seen(NamedTuple):
    """How a link was when something happened to each call.

    Attributes:
        places: The last change before that, as :meth:`Link.find` has it.
        tied: Where nothing says which goes first, if anywhere.
        states: Of the link.
        stood: How many connections there had been.
    """

    places: Ints
    tied: Bits | None
    states: NDArray[np.int16]
    stood: Ints


class Values:
    """The sums of some calls, each computed once, when it is asked for, and how links were at those instants.

    Args:
        sums: What they are made of, by number.
        column: Gives the values of a symbol for all calls of a cohort.
        rows: Which of them are meant.
        horizon: When the run ends, in microseconds; FOR_EVER while that is not known.
    """

    __slots__ = ("_column", "_columns", "_known", "_looks", "_rows", "_sums", "horizon")

    def __init__(self, sums: Sequence[Sum], column: Callable[[int], Ints], rows: Ints, horizon: int) -> None:
        self._sums = sums
        self._column = column
        self._rows = rows
        self._columns: dict[int, Ints | int] = {HORIZON: horizon}
        self._known: dict[int, Ints | int] = {}
        self._looks: dict[tuple[int, int, int], Seen] = {}
        self.horizon = horizon

    def column(self, symbol: int) -> Ints | int:
        """Return what a symbol stands for in each call, in microseconds."""
        column = self._columns.get(symbol)
        if column is None:
            column = self._columns[symbol] = self._column(symbol)[self._rows]
        return column

    def raw(self, number: int) -> Ints | int:
        """Return a sum in microseconds, a single number where it is the same for all."""
        known = self._known.get(number)
        if known is None:
            known, terms = self._sums[number]
            for symbol, factor in terms:
                column = self.column(symbol)
                if factor == 1:
                    known = known + column
                elif factor == -1:
                    known = known - column
                else:
                    known = known + factor * column
            self._known[number] = known
        return known

    def __getitem__(self, number: int) -> Ints:
        """Return a sum of each call, in microseconds."""
        value = self.raw(number)
        if isinstance(value, int):
            value = self._known[number] = np.full(len(self._rows), value, np.int64)
        return value

    def look(self, client: int, link: Link, when: When, numbers: Ints, since: Ints | None) -> Seen:
        """See how a link is when something happens to each call.

        Args:
            client: Position of the client.
            link: Its link.
            when: What happens.
            numbers: Of the calls.
            since: Changes before the calls arrived.
        """
        key = client, when.at, when.rank
        found = self._looks.get(key)
        if found is None:
            places, tied = link.find(self[when.at], when.rank, numbers, since)
            found = self._looks[key] = Seen(places, tied, link.states(places), link.stood(places))
        return found

    def forget(self) -> None:
        """Let the sums go; what is asked for after that is computed again."""
        self._known.clear()

    def of(self, rows: Ints) -> Values:
        """Return those of some of the calls."""
        return Values(self._sums, self._column, self._rows[rows], self.horizon)


class Watch:
    """What a path demands of the link of one client.

    Args:
        client: Position of the client.
        looks: At it, in the order of time.
        messages: What was written to it, in order.

    Attributes:
        client: As given.
        steady: Whether it is the same at every look.
    """

    def __init__(self, client: int, looks: Sequence[Look], messages: Sequence[Message]) -> None:
        self.client = client
        self._steps = [(look, [message for message in messages if message.when == look.when]) for look in looks]
        self._last = messages[-1] if messages else None
        states = {look.state for look in looks}
        kept = not any(message.lost or message.abandoned for message in messages)
        self.steady = len(states) == 1 and kept and not any(look.died or look.renewed for look in looks)

    def stays(self, link: Link, values: Values, numbers: Ints) -> Bits:
        """Say for which calls the link was as demanded because it did not change at all while they lasted.

        Args:
            link: The link.
            values: The sums of the calls.
            numbers: Of the calls.
        """
        first, last = self._steps[0][0], self._steps[-1][0]
        begin = link.look(values[first.when.at], first.when.rank, numbers)
        steady: Bits = link.stays(begin, values[last.when.at]) & (link.states(begin) == first.state)
        if self._last is not None:
            # None is through sooner than one that was written before it.
            due = self._last.arrives if self._last.finish is None else self._last.finish
            steady &= link.lasts(begin, _due(due, values))
        return steady

    def holds(self, link: Link, values: Values, numbers: Ints, asked: Bits) -> Bits:
        """Say for which calls the link was as demanded at every look at it, and for every message on it.

        Args:
            link: The link.
            values: The sums of the calls.
            numbers: Of the calls.
            asked: Of which calls it is asked; of the others it is not said.

        Raises:
            ClosedLoopError: Nothing says whether a call or a change of the link goes first.
        """
        mine = asked.copy()
        arrived: Ints | None = None
        before: Seen | None = None
        for look, messages in self._steps:
            seen = values.look(self.client, link, look.when, numbers, arrived)
            if seen.tied is not None and (seen.tied & mine).any():
                raise ClosedLoopError(TIED)
            mine &= seen.states == look.state
            if look.when.rank == Rank.ARRIVAL:
                arrived = seen.places  # the first look, but for doors: they are looked at when a request comes
            if before is not None:
                mine &= (seen.stood != before.stood) == look.renewed
                if link.mortal:
                    mine &= link.died(seen.places, before.places) == look.died
            if not mine.any():
                return mine
            for message in messages:
                mine &= link.lasts(seen.places, _due(message.arrives, values)) != message.lost
                if message.finish is not None:
                    mine &= link.survives(seen.places, _due(message.finish, values)) != message.abandoned
            before = seen
        return mine


def _due(sum_: int, values: Values) -> Ints:
    """Return up to when something must last; what breaks after the end of the run has not broken."""
    due = values[sum_]
    return due if values.horizon == FOR_EVER else np.minimum(due, values.horizon + 1)


def _moment(value: int) -> Moment:
    """Return an instant of the laboratory as what it is: all of them are sums with the arrival in them."""
    if not isinstance(value, Moment):
        raise ClosedLoopError("an instant that does not depend on when the call arrives")
    return value


def _implied(condition: Condition, others: Iterable[Condition]) -> bool:
    """Whether a condition holds wherever one of others does: no symbol is ever negative."""
    sign = {">=0": 1, "<0": -1}.get(condition.relation)
    if sign is None:
        return Condition(condition.sum, "<0") in others
    constant, terms = condition.sum
    for other in others:
        if other.relation == condition.relation and other != condition:
            less, its = other.sum
            factors = dict(terms)
            for symbol, factor in its:
                factors[symbol] = factors.get(symbol, 0) - factor
            if all(sign * rest >= 0 for rest in (constant - less, *factors.values())):
                return True
    return False
