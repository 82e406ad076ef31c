"""The clients of the laboratory: real ones, whose links and doors are as history has them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from stasis_sim.observe import trace
from stasis_sim.openloop.doors import OPEN, SILENT
from stasis_sim.openloop.links import DOWN, FOR_EVER, NEVER, STANDING, STOPPED, Glance
from stasis_sim.scenario.distributions import Constant
from stasis_sim.simulated.clients import Client, Life
from stasis_sim.simulated.doors import Door
from stasis_sim.simulated.network import Connection, Message

if TYPE_CHECKING:
    from stasis_sim.handoff.http_server.access import HttpRequest
    from stasis_sim.simulated.actions import Plan
    from stasis_sim.simulated.clock import Clock


class Bench(Protocol):
    """What the laboratory decides, and wants to hear of."""

    def take(self, client: int, arrives: int, service: int, message: Message) -> int:
        """A message is on its way to a client: say when its worker will be through with it."""
        ...

    def held_up(self) -> int:
        """Return how long those before it hold up the message that is written now."""
        ...

    def holds_back(self, wire: Wire, message: Message, arrives: int) -> bool:
        """A message is written to a link of which nothing is read: say whether it will arrive when the link thaws."""
        ...

    def stalled(self, client: int, at: int, *, instant: bool) -> int | None:
        """Return up to when a client's program stalls at an instant; None: it does not.

        Args:
            client: Its position.
            at: The instant.
            instant: Whether it stalls already if it is at this instant that it begins to.
        """
        ...

    def admit(self, connection: Connection, request: HttpRequest) -> None:
        """Let a handshake reach Asterisk that once came through."""
        ...

    def look_at_door(self, client: int) -> int:
        """Return the state of a client's door as something happens."""
        ...

    def turned_away(self, client: int) -> None:
        """A request has come to a door that was shut."""
        ...


class _Door(Door):
    """A door that is as history has it whenever somebody asks; nothing shuts it here.

    Args:
        bench: The laboratory.
        clock: The clock.
        client: Position of the client.
    """

    def __init__(self, bench: Bench, clock: Clock, client: int) -> None:
        super().__init__(clock)
        self.shut_until = FOR_EVER  # a request must look
        self._bench = bench
        self._client = client

    def is_shut(self) -> bool:
        """Look at it."""
        state = self._bench.look_at_door(self._client)
        self.silent = state == SILENT
        return state != OPEN

    def turn_away(self) -> None:
        """Note whom it has turned away."""
        self._bench.turned_away(self._client)


class Wire(Connection):
    """A connection that holds back what will arrive, and nothing else.

    Attributes:
        fellow: Whose it is.
    """

    __slots__ = ("_bench", "fellow")

    def __init__(self, bench: Bench, fellow: Fellow, row: trace.Connection) -> None:
        super().__init__(f"{fellow.name}/{row.number}", fellow, row)
        self._bench = bench
        self.fellow = fellow

    def _deliver(self, message: Message, now: int, arrives: int, fate: str) -> None:
        if self.fellow.varies:
            self.fellow.latest = 0  # how long those before it hold it up is in its latency
        super()._deliver(message, now, arrives, fate)

    def _hold(self, message: Message, arrives: int, fate: str) -> None:
        if self._bench.holds_back(self, message, arrives):
            super()._hold(message, arrives, fate)


class _Line:
    """Stands in for a client's workers: says how long a message waits for one, instead of finding out."""

    queue: tuple[()] = ()

    def __init__(self, take: Callable[[int, int, Message], int]) -> None:
        self.take = take


class Fellow(Client):
    """A client that lives no life of its own: its connection is put where history has it.

    Attributes:
        seen: How its link was when somebody last looked.
        varies: Whether not all messages take as long as others to it, so that one may hold up others.
    """

    seen = Glance(NEVER, 0, 0, 0)
    varies = False

    @property
    def recovers(self) -> Sequence[Plan]:
        """What it does for channels that it takes up."""
        return self._plans.get("StasisStart", ())

    def _life(self, start: int) -> Life:  # noqa: ARG002 - its link says it
        return
        yield

    def awake(self) -> Generator[int, Any, None]:
        """Wait until the program does not stall, as history has it."""
        while self.stalled_until:
            now = self.world.clock.now
            until = self._bench.stalled(self.index, now, instant=True)
            if until is None:
                return
            yield until - now

    def receive(self, message: Message, arrives: int, now: int) -> None:
        """Take a message; one that is lost is known to be."""
        super().receive(message, arrives, now)
        if message[0].fate == "lost":
            self.leave(message)

    def prepare(self, bench: Bench, *, door: bool, stalls: bool) -> None:
        """Let the laboratory decide how long messages wait, and what gets through.

        Args:
            bench: The laboratory.
            door: Whether anything ever shuts its door.
            stalls: Whether it ever stalls.
        """
        self.stalled_until = int(stalls)  # a request must look
        self._bench = bench
        self._workers = _Line(partial(bench.take, self.index))  # type: ignore[assignment]
        self._own_latency = self.latency
        self.varies = not isinstance(self.spec.latency, Constant)
        if self.varies:
            self.latency = lambda message: self._own_latency(message) + bench.held_up()
        if door:
            self.door = _Door(bench, self.world.clock, self.index)

    def own_latency(self, message: Message) -> int | None:
        """Return how long a message takes that nothing holds up; None: as long as all others."""
        return self._own_latency(message) if self.varies else None

    def release(self, link: Glance) -> None:
        """Let the connection be gone that does not stand any more, or does not hold the apps."""
        standing = link.connection if link.state in STANDING else 0
        if self.connection is not None and self.connection.row.number != standing:
            self.cut()

    def bring(self, link: Glance) -> None:
        """Bring the connection into a state; what is in flight, or waits for a worker, is the laboratory's business."""
        self.release(link)
        before, self.seen = self.seen, link
        if link.deaths != before.deaths:
            self.generation += 1
            self.forget_all()
        if link.state in STANDING:
            connection = self.connection or self.stand(link.connection)
            if connection.frozen != (link.state in STOPPED):
                now = self.world.clock.now
                (connection.thaw if connection.frozen else connection.freeze)(now)
        elif link.state == DOWN and link.stood != before.stood:
            # It has stood and gone since anybody looked.
            self.stand(0)
            self.cut()

    def cut(self) -> None:
        """Let the connection be gone, if there is one."""
        connection, self.connection = self.connection, None
        if connection is not None:
            self.latest = 0
            connection.open = False
            self.world.closed(connection, "torn", "torn")

    def stand(self, number: int) -> Connection:
        """Let a connection stand."""
        row = trace.Connection(number, self.name, self.spec.apps, 0)
        self.connection = connection = Wire(self._bench, self, row)
        self._bench.admit(connection, self._request("GET", self._path, self._subscription()))
        return connection
