"""A path: what happens to every call that fulfils the same conditions, ready to be computed for many at once.

A record of the laboratory speaks of one call. Here its instants become numbered sums of symbols, its conditions tests
of arrays, and its rows the places of those sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stasis_sim.observe.hearing import deceived, starts
from stasis_sim.openloop.laboratory import HORIZON, Happening, Record
from stasis_sim.openloop.moments import ClosedLoopError, Condition, Moment, Relation, Sum

if TYPE_CHECKING:
    from stasis_sim.observe import trace
    from stasis_sim.openloop.history import Ints, Link

Bits = NDArray[np.bool_]
Columns: TypeAlias = Mapping[int, "Ints | int"]
"""For each symbol its values, one a call or the same for all."""

_HOLDS: Final = {"<0": np.less, ">=0": np.greater_equal, "==0": np.equal, "!=0": np.not_equal}


class When(NamedTuple):
    """A happening whose instant is a sum.

    Attributes:
        at: Number of the sum.
        rank: What kind of happening it is.
        loose: See :class:`~stasis_sim.openloop.laboratory.Happening`.
    """

    at: int
    rank: int
    loose: bool


class Message(NamedTuple):
    """A message that is written to a connection; `arrives` and `service` are numbers of sums."""

    client: int
    when: When
    arrives: int
    service: int
    lost: bool


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

    Attributes:
        sums: All instants and durations, by number.
        symbols: What they are made of.
        messages: In the order in which they are written.
        passages: Entries and exits, in order.
        arrival: When they arrive.
        starts: For each attempt that entered and had a StasisStart of its own what became of that.
        deceived: Apps that believe in them although they are gone.
        done: When nothing can change its rows any more.
        cut: Whether it is not over at the end of the run.
        left: When the last things happen about it, whether they change anything or not.
        attempts, events, commands: Its rows.
        ended: When the call ended; None: it has not.
        held: From the first command to the end.
        outcome, hangup_cause, final_answer: As in the table of calls.
        count: How often a call was found to go this way; the most trodden ones are tried first.
    """

    def __init__(self, record: Record, clients: Sequence[str]) -> None:
        self.count = 0
        self.sums: list[Sum] = []
        self._numbers: dict[Sum, int] = {}
        call = record.call
        channel = f"c{call.number}"
        self.passages = tuple(Passage(*passage[:2], self._when(passage.happening)) for passage in record.passages)
        self.messages = tuple(
            Message(
                sent.client, self._when(sent.happening), self._sum(sent.arrives), self._sum(sent.service), sent.lost
            )
            for sent in record.sent
        )
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
        self.cut = record.cut
        self.left = tuple(self._sum(at) for at in (record.last.at, *record.left))
        self._looks = tuple(
            dict.fromkeys((look.client, self._when(look.happening), look.state) for look in record.looks)
        )
        self._last = self._when(record.last)
        self._tests = self._conditions(record)
        self.symbols = tuple(dict.fromkeys(symbol for _, terms in self.sums for symbol, _ in terms))

    # -- making ---------------------------------------------------------------------------------------------------

    def _sum(self, value: int) -> int:
        """Return the number of a sum."""
        return self._number(value.sum if isinstance(value, Moment) else (value, ()))

    def _number(self, made: Sum) -> int:
        number = self._numbers.setdefault(made, len(self.sums))
        if number == len(self.sums):
            self.sums.append(made)
        return number

    def _maybe(self, value: int | None) -> int | None:
        return None if value is None else self._sum(value)

    def _when(self, happening: Happening) -> When:
        return When(self._sum(happening.at), happening.rank, happening.loose)

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

    def _conditions(self, record: Record) -> tuple[tuple[int, Relation], ...]:
        """Return what must hold: what the laboratory has compared, and on which side of the horizon things are."""
        conditions = dict(record.conditions)
        for earlier, later in self._around(record):
            conditions[Condition((later - earlier).sum, ">=0")] = None
        strict = {condition.sum for condition in conditions if condition.relation == "<0"}
        return tuple(
            (self._number(condition.sum), condition.relation)
            for condition in conditions
            if not condition.certain and not (condition.relation == "!=0" and condition.sum in strict)
        )

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

    def value(self, number: int, columns: Columns) -> Ints | int:
        """Return a sum for all calls at once, in microseconds."""
        constant, terms = self.sums[number]
        total: Ints | int = constant
        for symbol, factor in terms:
            column = columns[symbol]
            total = total + (column if factor == 1 else factor * column)
        return total

    def fits(self, columns: Columns, numbers: Ints, links: Sequence[Link]) -> Bits:
        """Say which calls go this way.

        Args:
            columns: The values of the symbols.
            numbers: Of the calls.
            links: The links of the clients, known up to the last instant that is looked at.
        """
        fit = np.ones(len(numbers), np.bool_)
        for number, relation in self._tests:
            fit &= _HOLDS[relation](self.value(number, columns), 0)
        for client, link in enumerate(links):
            if fit.any():
                fit &= self._linked(client, link, columns, numbers, fit)
        return fit

    def _linked(self, client: int, link: Link, columns: Columns, numbers: Ints, fit: Bits) -> Bits:
        """Say for which calls a link was as this path needs it."""
        looks = [(when, state) for place, when, state in self._looks if place == client]
        messages = [message for message in self.messages if message.client == client]
        first, last = looks[0][0], looks[-1][0]
        begin = link.look(self._at(first, columns, numbers), first.rank, numbers)
        end = link.look(self._at(last, columns, numbers), last.rank, numbers)
        steady = begin == end
        good = np.zeros(len(numbers), np.bool_)
        states = {state for _, state in looks}
        if len(states) == 1 and not any(message.lost for message in messages):
            good = steady & (link.states(begin) == states.pop())
            if messages:
                good &= link.lasts(begin, self._due(messages[-1], columns, numbers))
        rest = np.flatnonzero(fit & ~steady)
        if len(rest):
            good[rest] = self._followed(link, looks, messages, _some(columns, rest), numbers[rest])
        if any(message.lost for message in messages):
            rest = np.flatnonzero(fit & steady)
            good[rest] = self._followed(link, looks, messages, _some(columns, rest), numbers[rest])
        return good

    def _followed(
        self,
        link: Link,
        looks: Sequence[tuple[When, int]],
        messages: Sequence[Message],
        columns: Columns,
        numbers: Ints,
    ) -> Bits:
        """Hold a link against every look at it and every message on it."""
        good = np.ones(len(numbers), np.bool_)
        for when, state in looks:
            good &= link.states(link.look(self._at(when, columns, numbers), when.rank, numbers)) == state
        for message in messages:
            when = message.when
            places = link.look(self._at(when, columns, numbers), when.rank, numbers)
            good &= link.lasts(places, self._due(message, columns, numbers)) != message.lost
        return good

    def _due(self, message: Message, columns: Columns, numbers: Ints) -> Ints:
        """How long a link must last for a message to arrive; what breaks after the end of the run has not broken."""
        due = np.minimum(self.value(message.arrives, columns), columns[HORIZON] + 1)
        return np.broadcast_to(due, numbers.shape)

    def _at(self, when: When, columns: Columns, numbers: Ints) -> Ints:
        return np.broadcast_to(np.asarray(self.value(when.at, columns), np.int64), numbers.shape)


def _moment(value: int) -> Moment:
    """Return an instant of the laboratory as what it is: all of them are sums with the arrival in them."""
    if not isinstance(value, Moment):
        raise ClosedLoopError("an instant that does not depend on when the call arrives")
    return value


def _some(columns: Columns, rows: Ints) -> Columns:
    """Return the values of some calls."""
    return {symbol: column if isinstance(column, int) else column[rows] for symbol, column in columns.items()}
