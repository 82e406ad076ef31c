"""Proxies: clients that hold the WebSocket for other programs, and hand on what comes over a bus.

Asterisk knows the proxy alone. Behind it are the *consumers* (:mod:`stasis_sim.simulated.consumers`), each with a
connection to the bus. What the proxy has received it hands on at once, to one of those that the bus takes for there.
What nobody takes is lost, or the bus keeps it until who is to get it comes back, up to a number; then it loses the
oldest, as RabbitMQ does. Who of several gets a call's StasisStart hangs on the call's number
within its source and on who is there, never on other calls: two variants of a scenario share out their calls alike.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from stasis_sim.simulated.clients import Client
from stasis_sim.simulated.clock import Happening, Rank
from stasis_sim.simulated.service import Workers

if TYPE_CHECKING:
    from stasis_sim.scenario.clients import Client as ClientSpec
    from stasis_sim.simulated.callers import Caller
    from stasis_sim.simulated.consumers import Consumer
    from stasis_sim.simulated.network import Connection, Message
    from stasis_sim.simulated.world import World

Owner: TypeAlias = "tuple[Consumer, int]"
"""Who works for a call, and the generation of that program: after its death nobody does."""

Seat: TypeAlias = "tuple[Consumer, Connection]"
"""A consumer that the bus takes for there, and the connection over which it would hear."""


class _Wire(Workers):
    """What is on its way to a proxy: nobody works on it there, and it is dealt with elsewhere."""

    __slots__ = ()

    def done(self, now: int) -> list[Message]:
        """Return nothing: what has come is handed on."""
        del now
        return []

    def abandon(self, now: int) -> list[Message]:
        """Take out and return all messages; the last of them come at this very instant."""
        del now
        lost = [message for _, _, _, message in self.queue]
        self.queue.clear()
        return lost


class Proxy(Client):
    """A program that connects to Asterisk for others."""

    def __init__(self, world: World, index: int, name: str, spec: ClientSpec) -> None:
        super().__init__(world, index, name, spec)
        self._workers = _Wire(1)
        self._consumers: list[Consumer] = []
        self._seats: dict[str, list[Seat]] = {app: [] for app in spec.apps}
        self._kept: deque[Message] = deque()

    # ---- who is behind it --------------------------------------------------

    def carry(self, consumer: Consumer) -> None:
        """A program of the scenario is behind it, whether it runs yet or not."""
        self._consumers.append(consumer)

    def see_again(self) -> None:
        """A consumer has come or gone, or its link froze or thawed."""
        for app in self._seats:
            mine = [consumer for consumer in self._consumers if app in consumer.spec.apps]
            self._seats[app] = [(consumer, connection) for consumer in mine for connection in consumer.seats]
        if self.connection is not None:
            self.connection.deaf = self._nobodys()
            self.world.apps.unheard(self.connection)
        waiting, self._kept = self._kept, deque()
        for message in waiting:
            self._hand(message, kept=True)

    def _nobodys(self) -> frozenset[str]:
        """Return the apps of whose events no consumer would hear."""
        heard = (
            app
            for app, seats in self._seats.items()
            for consumer, connection in seats
            if connection is consumer.connection and not connection.frozen
        )
        return frozenset(self._seats).difference(heard)

    def _admitted(self, connection: Connection) -> str:
        connection.deaf = self._nobodys()
        return super()._admitted(connection)

    # ---- what it hands on --------------------------------------------------

    def receive(self, message: Message, arrives: int, now: int) -> None:
        """Take a message that will arrive at a known instant, if nothing breaks before, and hand it on then."""
        self._workers.take(arrives, 0, message)
        after = self.world.clock.after
        self._awaited[message[0].serial] = after(arrives - now, Rank.NETWORK, 0, self._hand_on, message)

    def _hand_on(self, happening: Happening) -> None:
        message: Message = happening.payload
        del self._awaited[message[0].serial]
        self._workers.queue.popleft()
        self._hand(message, kept=False)

    def _hand(self, message: Message, *, kept: bool) -> None:
        """Hand a message on to who is to get it, and keep or lose it if that one is away."""
        event, caller, number = message
        seats = self._seats[event.app]
        turn = event.serial if caller is None else caller.index + number
        seat = seats[turn % len(seats)] if seats else None
        owner = None if caller is None or caller.taken is None else caller.taken.get(event.app)
        if caller is not None and event.type == "StasisStart":
            if seat is not None or not self.spec.keeps:
                _take(caller, event.app, seat)
            if owner is not None and not _lives(owner):
                owner = None  # what the dead one knew of the call is gone: it begins anew
        elif caller is not None and self.spec.deliver == "owner" and event.app in (caller.taken or ()):
            seat = self._own_seat(owner)
        if seat is None:
            # Where others are there and nobody has the call, nobody will ever be there for it.
            self._miss(message, comes=owner is not None or not seats)
            return
        consumer, connection = seat
        if event.connection is not None:
            event.connection.delivered += 1
        known = owner is None or owner == (consumer, consumer.generation)
        fate = ("late" if kept else event.fate) if known else "misdelivered"
        event.fate, event.delivered = "pending", None
        connection.send(message, self.world.clock.now, fate)

    def _own_seat(self, owner: Owner | None) -> Seat | None:
        """Return where the events of a call go that somebody works for; None: nowhere.

        Where the bus keeps events it keeps them under a name, so they come to the next program of that name as well.
        """
        if owner is None or owner[0].connection is None or not (self.spec.keeps or _lives(owner)):
            return None
        return owner[0], owner[0].connection

    def _miss(self, message: Message, *, comes: bool) -> None:
        """Nobody is there to take a message: keep it if somebody may come, and there is room."""
        if not comes or not self.spec.keeps:
            self.world.lost(message)
            return
        event = message[0]
        event.fate, event.delivered = "pending", None
        self._kept.append(message)
        if len(self._kept) > self.spec.keeps:
            self.world.lost(self._kept.popleft())


def _take(caller: Caller, app: str, seat: Seat | None) -> None:
    """A StasisStart goes to a seat: who sits there works for the call from now on, if anybody does."""
    if caller.taken is None:
        caller.taken = {}
    caller.taken[app] = None
    if seat is not None:
        consumer, connection = seat
        if connection is consumer.connection:  # else it is gone, and the bus does not know it
            caller.taken[app] = (consumer, consumer.generation)


def _lives(owner: Owner) -> bool:
    consumer, generation = owner
    return consumer.generation == generation
