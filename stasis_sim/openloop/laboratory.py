"""The laboratory: one call alone in the real world of a scenario, with durations that remember what they are made of.

Nothing of the model is written again here. A call is put into a :class:`~stasis_sim.simulated.world.World` of its own,
whose connections are held in the state that :class:`~stasis_sim.openloop.history.History` tells, and whose queues
answer with the waiting time that all calls together have brought about. What comes out is a
:class:`~stasis_sim.openloop.records.Record`: the rows of the call, the instants as sums of its draws, and under which
conditions another call gives the same.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Never

from stasis_sim.handoff import effects, stimuli
from stasis_sim.handoff.effects import Effect
from stasis_sim.observe import trace
from stasis_sim.openloop import dialplan_steps
from stasis_sim.openloop.fellows import Fellow, Wire
from stasis_sim.openloop.history import programs
from stasis_sim.openloop.links import FOR_EVER, FROZEN, KILLED, STANDING, Glance
from stasis_sim.openloop.moments import ClosedLoopError, Condition, Conditions, Moment
from stasis_sim.openloop.records import Happening, Knock, Look, Passage, Pile, Record, Sent, Subject
from stasis_sim.openloop.standins import Draws, Measured, Notes, Sealed
from stasis_sim.openloop.symbols import AGAIN, ARRIVAL, BACK, HORIZON, KILL, RECOVERY, STALL, THAW, UNTIL, WAKE, Symbols
from stasis_sim.simulated import clock
from stasis_sim.simulated.buffers import BYTES, OTHER_BYTES
from stasis_sim.simulated.clock import KEY_BITS, Rank
from stasis_sim.simulated.network import Connection, Message
from stasis_sim.simulated.statuses import SWITCHING_PROTOCOLS
from stasis_sim.simulated.world import World

if TYPE_CHECKING:
    from stasis_sim.handoff.http_server.access import HttpRequest
    from stasis_sim.randomness import Streams
    from stasis_sim.simulated.preparation import Prepared

MOST_LOOKS: Final = 600
"""Looks at links, one a client and happening; a call that goes on for longer is left to the event engine."""

_KEY: Final = (1 << KEY_BITS) - 1


def examine(prepared: Prepared, streams: Streams, symbols: Symbols, subject: Subject) -> Record:
    """Look at one call.

    Args:
        prepared: The scenario.
        streams: Random numbers of the replication.
        symbols: Those of the call's source; new ones are added.
        subject: The call, and what surrounds it.

    Raises:
        ClosedLoopError: It does something that cannot be computed for all calls at once.
    """
    conditions: Conditions = {}
    configuration = replace(prepared.configuration, sounds=Measured(prepared.scenario.asterisk.sounds_us, conditions))
    world = _Bench(
        replace(prepared, configuration=configuration),
        Draws(streams, symbols, conditions, subject),  # type: ignore[arg-type]
        Notes(),  # type: ignore[arg-type]
    )
    return world.examine(subject, symbols, conditions)


class _Bench(World):
    """The world of one call."""

    clients: list[Fellow]  # type: ignore[assignment]
    recorder: Notes  # type: ignore[assignment]

    def _begin(self) -> None:
        scenario = self.scenario
        for client in scenario.clients.values():
            for app in client.apps:
                self.apps.know(app)
        self.clients = [Fellow(self, place, *item) for place, item in enumerate(programs(scenario).items())]
        self.faults = []
        self.callers.limit = sys.maxsize

    def examine(self, subject: Subject, symbols: Symbols, conditions: Conditions) -> Record:
        """Put a call in and see what becomes of it."""
        env = self.clock.env
        queue: list[Any] = env._queue  # noqa: SLF001 - SimPy shows the instant of what is next, not its priority
        while queue:
            env.step()
        self._subject, self._symbols, self._conditions = subject, symbols, conditions
        # Messages that links hold back, by their serials; and when links thaw, by client and number since the arrival.
        self._held: dict[int, Sent] = {}
        self._version = 0
        self._repeats = any(entry.repeat is not None for entry in self.scenario.calls[subject.source].keys)
        self._stalls = any(link.stalls.any for link in subject.links)
        self._thaws: dict[tuple[int, int], Moment] = {}
        self._seal()
        self._relive()
        arrives = Moment(subject.arrives, 0, {ARRIVAL: 1}, conditions)
        env._now = arrives  # noqa: SLF001 - nothing has happened before
        if subject.restarts:
            self._await_restarts(arrives)
        for client in self.clients:
            self._await_recovery(client, 0)
        self._record = record = Record(self.recorder.row, conditions)
        self._highest = 0
        self.recorder.passed = self._passed
        self._now(arrives, Rank.ARRIVAL << KEY_BITS)
        self.callers.arrive(subject.number, arrives, subject.source, subject.index)
        record.call = self.recorder.row
        while queue and not self._is_done():
            at, place, _, event = queue[0]
            if not event.callbacks:
                env.step()  # an alarm that rings for nobody
                continue
            if int.__gt__(at, subject.horizon):
                record.following = at
                break
            if int.__ge__(at, FOR_EVER):
                # The end is not known, and this does not happen: Asterisk is not killed any more.
                conditions[Condition((at - FOR_EVER).sum, ">=0")] = None
                break
            self._now(at, int(place))
            if self._stalls and any(int.__eq__(at, other[0]) and place == other[1] for other in queue[1:3]):
                raise ClosedLoopError("two things about a call at one instant, and a stall may put off one of them")
            if len(record.looks) > MOST_LOOKS:
                raise ClosedLoopError("a call to which more happens than is worth computing at once")
            env.step()
        return self._finish()

    def _seal(self) -> None:
        """Let nothing be changed that other calls could find, by whatever way."""
        pbx = self.asterisk.engine.house.calls.pbx
        pbx.globals = Sealed("a global variable that a call sets", pbx.globals)
        pbx.members = Sealed("a group that a call joins", pbx.members)
        pbx.database = Sealed("a database entry that a call writes", pbx.database)

    def _relive(self) -> None:
        """Let clients that have been there before the call have been there."""
        subject = self._subject
        links = [link.one(subject.arrives, Rank.ARRIVAL, subject.number) for link in subject.links]
        for client, door, link in zip(self.clients, subject.doors, subject.links, strict=True):
            client.prepare(self, door=door.any, stalls=link.stalls.any)
        for client, glance in zip(self.clients, links, strict=True):
            if glance.state == KILLED:
                client.stand(0)
                client.bring(glance)
                self.asterisk.apply(stimuli.Kill())
        self._bring(links)

    def _bring(self, links: Sequence[Glance]) -> None:
        """Bring all clients into their states; of several for one app only one holds it."""
        pairs = list(zip(self.clients, links, strict=True))
        for client, link in pairs:
            client.release(link)
        for client, link in sorted(pairs, key=lambda pair: pair[1].state in STANDING):
            client.bring(link)

    def _await_restarts(self, arrives: Moment) -> None:
        """Put down when Asterisk is killed; whoever is through with a call by then does not wait for that."""
        self._down_until = self._value(UNTIL)
        for symbol, action in ((KILL, self._killed), (AGAIN, self._killed_again)):
            self.clock.after(self._value(symbol) - arrives, Rank.FAULT, 0, action).idle = True

    def _await_recovery(self, client: Fellow, number: int) -> None:
        """Put down when a client will be told which channels there are."""
        if client.spec.recover != "none" and client.recovers:
            wait = self._value(self._symbols.comes(RECOVERY, client.index, number)) - self.clock.now
            self.clock.after(wait, Rank.CLIENT, 0, self._recovered, (client, number)).idle = True

    def _recovered(self, happening: clock.Happening) -> None:
        """A client is told which channels there are."""
        self._record.happened.append(self.clock.now)
        client, number = happening.payload
        self.found(client, client.recovers)
        self._await_recovery(client, number + 1)

    def _value(self, symbol: int) -> Moment:
        return Moment(self._subject.draw(symbol), 0, {symbol: 1}, self._conditions)

    def _killed(self, _: object) -> None:
        """Asterisk is killed, with whatever is left of the call."""
        self._record.happened.append(self.clock.now)
        if any(int.__eq__(thaw, self.clock.now) for thaw in self._thaws.values()):
            raise ClosedLoopError("a link thaws at the instant at which Asterisk is killed")
        self._record.killed = self._record.call.ended is None
        self._kill(self._value(BACK))
        for client in self.clients:
            client.cut()

    @staticmethod
    def _killed_again(_: object) -> Never:
        raise ClosedLoopError("work about a call that goes on through two restarts of Asterisk")

    def _now(self, at: int, place: int) -> None:
        """Something happens: the links are as they were at that instant."""
        record, subject = self._record, self._subject
        rank, key = place >> KEY_BITS, place & _KEY
        # What something of a higher rank has brought about at the same instant is behind it, whatever its own rank.
        self._highest = max(rank, self._highest if int.__eq__(record.last.at, at) else 0)
        loose = rank < self._highest or (key != subject.number and rank != Rank.ARRIVAL)
        self._happening = happening = Happening(at, rank, loose)
        record.last = happening
        if rank == Rank.FAULT:
            return  # what Asterisk does when it is killed hangs on no link
        self.clock.env._now = at  # noqa: SLF001 - connections come and go before it happens, and not when the last did
        links = [link.one(int.__add__(at, 0), rank, subject.number) for link in subject.links]
        for client, link in zip(self.clients, links, strict=True):
            died, renewed = link.deaths != client.seen.deaths, link.stood != client.seen.stood
            record.looks.append(Look(client.index, happening, link.state, died, renewed))
        if subject.files.any:
            version = subject.files.one(int.__add__(at, 0), rank, subject.number).state
            record.looks.append(Look(2 * len(links), happening, version, died=False, renewed=False))
            self._reread(version)
        self._bring(links)

    def admit(self, connection: Connection, request: HttpRequest) -> None:
        """Let a handshake reach Asterisk that once came through, by the files of now or by those of another time."""
        now = self._version
        for version in (now, *range(len(self._subject.files.read))):
            self._reread(version)
            if self.open(connection, request)[0] == SWITCHING_PROTOCOLS:
                break
        self._reread(now)

    def _reread(self, version: int) -> None:
        """Let Asterisk have read its files so many times."""
        if version != self._version:
            self._version = version
            pbx = self.asterisk.engine.house.calls.pbx
            pbx.globals = dict(pbx.globals)
            self.asterisk.apply(self._subject.files.read[version])
            self._seal()

    def look_at_door(self, client: int) -> int:
        """Return the state of a client's door as something happens."""
        happening, subject = self._happening, self._subject
        door = subject.doors[client]
        state = door.one(int.__add__(happening.at, 0), happening.rank, subject.number).state
        self._record.looks.append(Look(len(self.clients) + client, happening, state, died=False, renewed=False))
        return state

    def turned_away(self, client: int) -> None:
        """Note a request that came to a door that was shut."""
        self._record.knocks.append(Knock(client, self._happening))

    def _is_done(self) -> bool:
        row = self.recorder.row
        return row.ended is not None and not row.open

    def _passed(self, app: str, change: int) -> None:
        self._record.passages.append(Passage(app, change, self._happening))

    def _listeners(self) -> dict[str, Any]:
        return {**super()._listeners(), effects.STASIS: self._stasis, effects.STEP: self._step}

    def _stasis(self, effect: Effect) -> None:
        self._record.asked.append(self._happening)
        self.callers.stasis(effect)

    def _step(self, effect: Effect) -> None:
        _, _, context, exten, priority, application, data = effect
        calls = self.asterisk.engine.house.calls
        code = calls.pbx.routes.code(calls, None, context, exten, priority)
        place = f"{exten}@{context}:{priority}"
        if code is None:
            raise ClosedLoopError(f"{place} is there for some callers only")
        dialplan_steps.examine(place, application, data, code.template)
        self.callers.step(effect)

    def holds_back(self, wire: Wire, message: Message, arrives: int) -> bool:
        """A message is written to a link of which nothing is read: say whether it will arrive when the link thaws."""
        event, client = message[0], wire.fellow
        record, happening, subject = self._record, self._happening, self._subject
        record.piles.append(Pile(client.index, happening, BYTES.get(event.type, OTHER_BYTES)))
        sent = Sent(client.index, event, happening, happening.at, arrives, None, 0, None, None, abandoned=False)
        if client.seen.state == FROZEN:
            number, thaw = self._thaw(client.index, happening.at)
            sent = replace(sent, leaves=thaw, arrives=thaw + client.latency(message))
            written = int.__add__(happening.at, 0), happening.rank, subject.number
            # What breaks after the end of the run has not broken.
            if subject.links[client.index].holds(*written, min(int.__add__(sent.arrives, 0), subject.horizon + 1)):
                self._held[event.serial] = sent
                self._await_thaw(wire, number, thaw)
                return True
        self.lost(message)
        record.sent.append(sent)
        return False

    def _thaw(self, client: int, at: int) -> tuple[int, Moment]:
        """Return when a link thaws that is frozen at an instant, and its number among all thaws after the arrival."""
        subject = self._subject
        number = subject.thaws[client].between(subject.arrives, int.__add__(at, 0))
        thaw = self._value(self._symbols.comes(THAW, client, number))
        before = at if not number else self._value(self._symbols.comes(THAW, client, number - 1))
        if not before <= at < thaw:
            raise AssertionError(f"a link is frozen at {at}, between thaws at {before} and {thaw}")
        self._record.happened.append(thaw)
        return number, thaw

    def _await_thaw(self, wire: Wire, number: int, thaw: Moment) -> None:
        """Put down when a link thaws that holds a message back."""
        key = wire.fellow.index, number
        if key not in self._thaws:
            if any(int.__eq__(thaw, other) for other in self._thaws.values()):
                raise ClosedLoopError("two links that thaw at one instant, with messages about one call")
            self._thaws[key] = thaw
            self.clock.after(thaw - self.clock.now, Rank.FAULT, 0, self._thawed, wire)

    def _thawed(self, happening: clock.Happening) -> None:
        """A link thaws, and passes what it has held back."""
        wire: Wire = happening.payload
        wire.thaw(self.clock.now)

    def stalled(self, client: int, at: int, *, instant: bool) -> int | None:
        """Return up to when a client's program stalls at an instant; None: it does not."""
        subject, symbols = self._subject, self._symbols
        number = subject.links[client].stalls.between(subject.arrives, int.__add__(at, 0))
        begins, ends = (self._value(symbols.comes(what, client, number)) for what in (STALL, WAKE))
        # So it is this one of all that end after the arrival.
        before = at if not number else self._value(symbols.comes(WAKE, client, number - 1))
        if not before <= at < ends:
            raise AssertionError(f"a stall that ends at {ends}, and the one before at {before}, around {at}")
        if not (begins <= at if instant else begins < at):
            return None
        self._record.happened.append(ends)
        return ends

    def held_up(self) -> int:
        """Return how long those before it hold up the message that is written now."""
        place = len(self._record.sent)
        return Moment(self._subject.delay(place), 0, {self._symbols.delay(place): 1}, self._conditions)

    def take(self, client: int, arrives: int, service: int, message: Message) -> int:
        """A message is on its way to a client: say when its worker will be through with it."""
        event, caller, _ = message
        if caller is None:
            raise ClosedLoopError("a message that is about no call")
        record, subject = self._record, self._subject
        held = self._held.pop(event.serial, None)
        happening = self._happening if held is None else held.happening
        link, written = subject.links[client], (int.__add__(happening.at, 0), happening.rank, subject.number)
        if link.stalls.any:
            record.piles.append(Pile(client, happening, BYTES.get(event.type, OTHER_BYTES)))
            until = self.stalled(client, arrives, instant=int.__eq__(arrives, happening.at))
            if until is not None:
                arrives = event.delivered = until
        # What breaks after the end of the run has not broken.
        lost = not link.holds(*written, min(int.__add__(arrives, 0), subject.horizon + 1))
        finish, wait, abandoned = arrives + service, None, False
        if not lost:
            wait = self._symbols.wait(len(record.sent))
            finish += Moment(subject.wait(len(record.sent)), 0, {wait: 1}, self._conditions)
            abandoned = not link.lives(*written, min(int.__add__(finish, 0), subject.horizon + 1))
        if abandoned and self._repeats and event.type == "ChannelDtmfReceived":
            # Up to the death it counts as heard, and from then on not.
            raise ClosedLoopError("a key that may be pressed again, and a program that dies before it has come to it")
        if lost or abandoned:
            event.fate, event.delivered = "lost", None
        latency = self.clients[client].own_latency(message)
        leaves, due = self.clock.now, None if lost else finish
        record.sent.append(Sent(client, event, happening, leaves, arrives, latency, service, wait, due, abandoned))
        caller.trace.open -= 1
        return finish

    def _finish(self) -> Record:
        record, subject = self._record, self._subject
        for held in self._held.values():
            record.sent.append(replace(held, wait=self._symbols.wait(len(record.sent))))
        record.cut = not self._is_done()
        record.left = self._left()
        record.done = Moment(subject.horizon, 0, {HORIZON: 1}, self._conditions) if record.cut else record.last.at
        for sent in record.sent:
            if not sent.lost and int.__gt__(sent.arrives, subject.horizon):
                sent.event.fate, sent.event.delivered = "pending", None
        record.call.outcome = trace.outcome(record.call)
        if not record.cut:
            record.conditions = dict(record.conditions)
            self._outlive()
        return record

    def _outlive(self) -> None:
        """See whether anything is still told of the call when it is over: a playback that goes on without it is.

        Raises:
            ClosedLoopError: It is, or would be where clients that hear of everything are connected.
        """
        for client in self.clients:
            if client.spec.subscribe_all and client.connection is None:
                client.stand(0)
        queue: list[Any] = self.clock.env._queue  # noqa: SLF001 - SimPy shows the instant of what is next alone
        while self._left() and int(queue[0][1]) >> KEY_BITS != Rank.FAULT:  # a dead Asterisk says nothing
            self.clock.env.step()

    def _left(self) -> tuple[int, ...]:
        """Return when things are still to happen, beside those that need not happen."""
        queue: list[Any] = self.clock.env._queue  # noqa: SLF001 - SimPy shows the instant of what is next alone
        return tuple(at for at, _, _, event in queue if event.callbacks and not getattr(event, "idle", False))
