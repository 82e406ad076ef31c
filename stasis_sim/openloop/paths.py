"""A path: what happens to every call that fulfils the same conditions, ready to be computed for many at once.

A record of the laboratory speaks of one call. Here its instants become numbered sums of symbols, its conditions tests
of arrays, and its rows the places of those sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from stasis_sim.observe.hearing import deceived, starts
from stasis_sim.openloop.happenings import AttemptRow, CommandRow, EventRow, Look, Message, Passage, When
from stasis_sim.openloop.links import FOR_EVER, NOWHERE
from stasis_sim.openloop.moments import ClosedLoopError, Condition, Moment, Sum
from stasis_sim.openloop.questions import Kind, Question, sign
from stasis_sim.openloop.records import Happening, Record, Sent
from stasis_sim.openloop.symbols import HORIZON
from stasis_sim.openloop.watches import Watch

if TYPE_CHECKING:
    from stasis_sim.observe import trace
    from stasis_sim.openloop.links import Ints, Link
    from stasis_sim.openloop.questions import Questions
    from stasis_sim.openloop.values import Bits, Numbered, Values

NOTHING: Final[Sum] = (0, ())
"""No time at all."""

_HOLDS: Final = {">=0": np.greater_equal, "==0": np.equal, "!=0": np.not_equal}


class Path:
    """What happens to calls that go the same way.

    Args:
        record: How one of them went.
        clients: Names of the clients, by position.
        mortal: For each client whether its program can die.
        serial: For each client whether it has one worker.
        sums: Instants and durations of all paths of the source; new ones are added.
        questions: What all of them ask, likewise.

    Attributes:
        sums: Those of all paths, by number.
        symbols: What its own are made of.
        messages: In the order in which they are written.
        passages: Entries and exits, in order.
        knocks: When requests come to the doors of which clients while these are shut.
        piles: To the links of which clients something is written that may not be read, when, and how many octets.
        arrival: When they arrive.
        starts: For each attempt that entered and had a StasisStart of its own what became of that.
        questions: What it asks of a call, by number.
        kept: Whether nothing was lost, and all happens to each of them that happens to one.
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

    def __init__(
        self,
        record: Record,
        clients: Sequence[str],
        sums: Numbered,
        questions: Questions,
        *,
        mortal: Sequence[bool],
        serial: Sequence[bool],
    ) -> None:
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
        self._happened = [_moment(at).sum for at in record.happened]
        self.cut = record.cut
        self.left = tuple(self._sum(at) for at in (record.last.at, *record.left))
        looks = [Look(look.client, self._when(look.happening), *look[2:]) for look in record.looks]
        self._watches = tuple(
            Watch(
                client,
                list(dict.fromkeys(look for look in looks if look.client == client)),
                [message for message in self.messages if message.client == client],
                mortal=client < len(mortal) and mortal[client],
                serial=client >= len(serial) or serial[client],
            )
            for client in dict.fromkeys(look.client for look in looks)
        )
        self.kept = not self._happened and all(watch.kept for watch in self._watches)
        conditions = self._conditions(record)
        tests = [(self._number(each.sum), each.relation) for each in conditions]
        self._ends = [test for test in tests if test[1] == ">=0" and (HORIZON, 1) in sums[test[0]][1]]
        self._tests = [test for test in tests if test not in self._ends]
        self.questions = [questions.number(each) for each in self._asked(conditions, questions)]
        self.symbols = tuple(dict.fromkeys(symbol for _, terms in self._own for symbol, _ in terms))
        self.messages = tuple(
            message._replace(queues=self._queues(message, sent))
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
        return Message(
            sent.client,
            self._when(sent.happening),
            arrives=self._sum(sent.arrives),
            service=self._sum(sent.service),
            finish=self._maybe(sent.finish) if finite else None,
            leaves=self._sum(sent.leaves),
            latency=self._maybe(sent.latency),
            lost=sent.lost,
            abandoned=sent.abandoned,
        )

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
        uncertain = list(dict.fromkeys(_stated(condition) for condition in conditions if not condition.certain))
        needed: list[Condition] = []
        for place, condition in enumerate(uncertain):
            if not _implied(condition, [*needed, *uncertain[place + 1 :]]):
                needed.append(condition)
        return needed

    def _asked(self, conditions: Iterable[Condition], questions: Questions) -> Iterator[Question]:
        """Yield all that is asked of a call that may go this way."""
        for (constant, terms), relation in conditions:
            if relation == ">=0":
                yield self._sign((constant, terms), negative=False)
            else:
                number = self._number((constant, terms))
                yield Question(Kind.ZERO, NOWHERE, number, right=relation == "==0")
        for constant, terms in self._happened:
            yield self._sign((constant - FOR_EVER, terms), negative=True)
        for watch in self._watches:
            yield from watch.questions(questions)

    def _sign(self, made: Sum, *, negative: bool) -> Question:
        stated, right = sign(made, negative=negative)
        return Question(Kind.NEGATIVE, NOWHERE, self._number(stated), right)

    def _queues(self, message: Message, sent: Sent) -> bool:
        """Whether others may wait behind a message, or something hangs on how long it waits."""
        if sent.latency is not None:
            return True
        return not message.lost and (self.sums[message.service] != NOTHING or sent.wait in self.symbols)

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
        """Say which calls surely go this way, because no link changes while it must be the same; nothing is lost on it.

        Args:
            values: The sums of the calls.
            numbers: Of the calls.
            links: The links of the clients, behind them their doors, and behind these the files.
        """
        fit = np.ones(len(numbers), np.bool_)
        # Nothing is later than an end that is not known yet.
        for number, relation in (*self._tests, *(self._ends if values.horizon < FOR_EVER else ())):
            fit &= _HOLDS[relation](values.raw(number), 0)
        for watch in self._watches:
            fit &= watch.stays(links[watch.client], values, numbers)
        return fit

    def latest(self, values: Values) -> Ints:
        """Return when the last thing happens about each call, and the last message about it arrives."""
        latest = values[self.done]
        for number in {*self.left, *(message.arrives for message in self.messages)}:
            latest = np.maximum(latest, values.raw(number))
        return latest

    def heard(self, client: int, values: Values, now: int, *, lost: bool = False) -> int:
        """Return when the last message about the calls reaches a client that is on its way at an instant, else 0.

        Args:
            client: Its position.
            values: The sums of the calls.
            now: The instant.
            lost: Whether what is lost on its way counts too.
        """
        last = 0
        for message in reversed(self.messages):
            if message.client == client and (lost or not message.lost):
                within = values[message.leaves] <= now
                last = max(last, int(values[message.arrives][within].max(initial=0)))
                if within.all():
                    break  # those before it arrive no later
        return last


def _moment(value: int) -> Moment:
    """Return an instant of the laboratory as what it is: all of them are sums with the arrival in them."""
    if not isinstance(value, Moment):
        raise ClosedLoopError("an instant that does not depend on when the call arrives")
    return value


def _stated(condition: Condition) -> Condition:
    """Return a condition so that no other one says the same: of whole numbers."""
    if condition.relation != "<0":
        return condition
    constant, terms = condition.sum
    return Condition((-1 - constant, tuple((symbol, -factor) for symbol, factor in terms)), ">=0")


def _implied(condition: Condition, others: Iterable[Condition]) -> bool:
    """Whether a condition holds wherever one of others does."""
    constant, terms = condition.sum
    if condition.relation != ">=0":
        above = Condition((constant - 1, terms), ">=0")
        return not {above, _stated(Condition(condition.sum, "<0"))}.isdisjoint(others)
    return any(
        other.relation == ">=0" and other != condition and _never_less(condition.sum, other.sum) for other in others
    )


def _never_less(more: Sum, less: Sum) -> bool:
    """Whether a sum is never less than another: no symbol is ever negative."""
    factors = dict(more[1])
    for symbol, factor in less[1]:
        factors[symbol] = factors.get(symbol, 0) - factor
    return more[0] >= less[0] and all(factor >= 0 for factor in factors.values())
