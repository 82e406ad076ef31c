"""Clients: programs that connect for their apps, lose the connection, come back or give up, and serve events.

A client is a program (:mod:`stasis_sim.simulated.programs`) with a *life*, which is a SimPy process: start, connect,
stay connected, lose the connection, back off, try again, give up, perhaps be started again. It hangs on links, faults
and Asterisk's answers to its handshakes. On calls it hangs in three ways: what nobody reads fills a buffer; where
something on the way forgets a quiet link, they keep it alive; and a program may crash at an error.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import simpy

from stasis_sim.observe import trace
from stasis_sim.scenario.reconnect import ENDING
from stasis_sim.simulated.actions import recover
from stasis_sim.simulated.buffers import Buffer
from stasis_sim.simulated.clock import Happening, Rank
from stasis_sim.simulated.draws import durations
from stasis_sim.simulated.links import Linked
from stasis_sim.simulated.middleboxes import Middlebox
from stasis_sim.simulated.network import Connection, Message
from stasis_sim.simulated.pings import Pings
from stasis_sim.simulated.process import Process
from stasis_sim.simulated.statuses import SWITCHING_PROTOCOLS
from stasis_sim.simulated.subscribing import subscribe
from stasis_sim.simulated.tries import Tries

if TYPE_CHECKING:
    from stasis_sim.scenario.clients import Client as ClientSpec
    from stasis_sim.simulated.faults import Fault
    from stasis_sim.simulated.world import World

Life = Generator[simpy.Event, Any, None]

BROKEN = ("network", "timeout")
"""Refusals for which a fault is to blame."""


class Client(Linked):
    """One program that connects to Asterisk, or one instance of it.

    Args:
        world: Where it lives.
        index: Its position among all clients; orders what clients do at one instant.
        name: As the results call it; the second instance of ``ivr`` is ``ivr#2``.
        spec: What the scenario says of it.

    Attributes:
        refused_until: Until when attempts to connect fail, whatever the policy.
        blackhole: Whether they fail by silence instead of a refusal.
        refused_by: The fault that makes them fail.
        started: Whether it has begun to run.
        dead: Whether its program has ended, and nothing has started it again.
    """

    def __init__(self, world: World, index: int, name: str, spec: ClientSpec) -> None:
        super().__init__(world, index, name, spec)
        self.refused_until = 0
        self.blackhole = False
        self.refused_by: Fault | None = None
        self.started = False
        self.dead = False
        self._path = spec.path
        # Of its own, so that profiles which send different numbers of messages have the same outages.
        self._handshakes = durations(world.streams, f"clients/{name}/handshakes", spec.latency)
        self._tries = 0
        self._backoff = Tries(spec.reconnect, world.streams, name)
        self._process = world.clock.env.process(self._life(spec.start_us))

    # ---- its life ----------------------------------------------------------

    def _life(self, start: int) -> Life:
        """Start and serve, again and again where something starts the program again after its end."""
        wait: int | None = start
        try:
            while wait is not None:
                yield self._sleep(wait)
                if self.dead:
                    self._die()  # what a program that returned had begun, it could finish until now
                self._start()
                yield from self._serve()
                wait = self._end()
        except simpy.Interrupt:
            return

    def _start(self) -> None:
        """The program starts, or is started again."""
        if self.started:
            self.world.turn(self, "started")
        self.started, self.dead = True, False

    def _serve(self) -> Life:
        """Connect, and come back each time the connection is lost, until the policy gives up."""
        clock, policy = self.world.clock, self.spec.reconnect
        tries, since = 0, clock.now
        connected, again = False, self.generation > 0
        while True:
            if (yield from self._connect()):
                subscribe(self, again=connected)
                if again and self.spec.recover == "list-channels":
                    self._recover()
                connected = again = True
                opened = clock.now
                yield self._gone
                yield from self._stalls()
                if policy.afresh(clock.now - opened):
                    tries, since = 0, clock.now
            tries += 1
            if policy.over(clock.now - since, connected=connected):
                return
            wait = self._backoff.wait(tries, self.refused_until - clock.now)
            if wait is None:
                return
            yield from self._rest(wait)

    def _end(self) -> int | None:
        """No attempt is left; return how long it takes until something has started the program again, if anything."""
        policy = self.spec.reconnect
        self.world.turn(self, policy.gives_up or "stays")
        if policy.gives_up in {"hangs", "crashes"}:
            self._die()
        self.dead = policy.gives_up in ENDING
        if not self.dead:
            return None
        return self.spec.supervisor_us if policy.supervisor_us is None else policy.supervisor_us

    def _connect(self) -> Generator[simpy.Event, Any, bool]:
        """Try once to open the WebSocket; say whether it stands when the answer is there."""
        row = self.world.recorder.connection(self.name, self.spec.apps, self.world.clock.now)
        try:
            refused = yield from self._try(row)
        except simpy.Interrupt:
            if row.closed is None:
                self.world.recorder.refused(row, self.world.clock.now, "crash")
            raise
        if refused:
            if refused in BROKEN and self.refused_by is not None:
                self.refused_by.touched += 1
            self.world.recorder.refused(row, self.world.clock.now, refused)
            return False
        return row.closed is None

    def _try(self, row: trace.Connection) -> Generator[simpy.Event, Any, str]:
        """Ask for the WebSocket, and return why it is refused; empty if it is not."""
        world = self.world
        self._tries += 1
        if (yield from self._unheard()):
            return "timeout"
        yield self._sleep(self._handshakes[2 * self._tries])
        obstacle = self._barred()
        if not obstacle:
            connection = self._link(f"{self.name}/{row.number}", row)
            self._gone = world.clock.env.event()
            self._opened(world.clock.now + self._handshakes[2 * self._tries + 1])
            self.connection = connection
            obstacle = self._admitted(connection)
            if obstacle:
                self.connection = None
        yield from self._rest(self._handshakes[2 * self._tries + 1])
        return obstacle

    def _link(self, session: str, row: trace.Connection) -> Connection:
        """Return a new connection, of which a program that stalls reads nothing yet."""
        connection = Connection(session, self, row, Buffer(self))
        if self.spec.idle_timeout is not None:
            connection.lead_through(Middlebox(self, connection, self.spec.idle_timeout))
        if self.stalled_until > self.world.clock.now:
            connection.stall(())
        return connection

    def _opened(self, at: int) -> None:
        """A connection will stand for the client from an instant on: it pings from then on."""
        now, stalled = self.world.clock.now, self.stalled_until
        self._pings = Pings(self.spec.reconnect, max(at, stalled))
        if stalled > now:
            self._pings.stall(now, stalled)

    def _unheard(self) -> Generator[simpy.Event, Any, bool]:
        """Knock until something answers or the patience is over; say whether nothing has answered."""
        for wait in self._backoff.knocks():
            if not (self._barred() and self._barred_silently()):
                return False
            yield from self._rest(wait)
        return True

    # ---- the other end -----------------------------------------------------

    def _barred(self) -> str:
        """Return what stands between it and the other end, empty if nothing does."""
        return self.world.obstacle(self)

    def _barred_silently(self) -> bool:
        """Whether what stands there swallows tries instead of refusing them."""
        return self.world.silent(self)

    def _admitted(self, connection: Connection) -> str:
        """Let the handshake reach the other end; return why it is refused, empty if it is not."""
        status, reason = self.world.open(connection, self._request("GET", self._path, self._subscription()))
        return "" if status == SWITCHING_PROTOCOLS else reason

    def _recover(self) -> None:
        """Back again: ask for the channels and take up those that nobody here works for."""
        todo = self._plans.get("StasisStart")
        if todo:
            process = Process(self.world.clock, Rank.CLIENT, 0)
            process.start(recover(process, self, todo))

    def _subscription(self) -> tuple[tuple[str, str], ...]:
        apps = ("app", ",".join(self.spec.apps))
        return (apps, ("subscribeAll", "true")) if self.spec.subscribe_all else (apps,)

    def _rest(self, delay: int) -> Generator[simpy.Event, Any, None]:
        """Wait for a while, and then until the program does not stall."""
        yield self._sleep(delay)
        yield from self._stalls()

    def _stalls(self) -> Generator[simpy.Event, Any, None]:
        """Wait until the program does not stall."""
        for left in self.awake():
            yield self._sleep(left)

    def _sleep(self, delay: int) -> simpy.Event:
        return self.world.clock.sleep(delay, Rank.CLIENT, self.index, idle=self._idle)

    def refuse(self, until: int, fault: Fault, *, silent: bool) -> None:
        """Let tries to connect fail up to an instant, by silence or by a refusal."""
        self.refused_until, self.refused_by, self.blackhole = until, fault, silent

    def shut_out(self, until: int, fault: Fault, *, silent: bool) -> None:
        """Let its requests not get to Asterisk up to an instant, by silence or by a refusal."""
        self.door.shut(until, fault, silent=silent)

    def stall(self, lasts: int) -> int:
        """The program's event loop stalls, and its links stand; return whether there was a program to stall.

        Args:
            lasts: How long, in microseconds; of two stalls at a time the one that ends later counts.
        """
        if not self.started or self.dead:
            return 0
        clock = self.world.clock
        now, until = clock.now, clock.now + lasts
        if until > self.stalled_until:
            unread: dict[trace.Connection | None, list[Message]] = {link.row: [] for link in self.standing()}
            closed: list[Message] = []
            for message in self._stand_still(until):
                unread.get(message[0].connection, closed).append(message)
            for connection in self.standing():
                connection.stall(unread[connection.row])
            for message in closed:
                # Asterisk has closed its connection in order, and what was written to it still arrives.
                arrives = self.reads(max(message[0].delivered or 0, until, self.latest))
                self.latest = message[0].delivered = arrives
                self.receive(message, self.latest, now)
            self._pings.stall(now, until)
            if self.connection is not None and self.connection.frozen_at is not None:
                self._watch(self.connection, self.connection.frozen_at)
            clock.after(lasts, Rank.FAULT, self.index, self._go_on)
        return 1

    def _go_on(self, happening: Happening) -> None:
        """A stall is over, if no other one has begun meanwhile."""
        del happening
        now = self.world.clock.now
        if now >= self.stalled_until:
            for connection in self.standing():
                connection.wake(now)
                self.hear(connection)

    def crash(self, start: int) -> None:
        """The program dies with its queue and all that it knows, and starts again after ``start`` microseconds."""
        self.world.turn(self, "struck")
        self._die()
        self._live_again(start)

    def fail(self) -> None:
        """A request was answered with an error, and the program does not catch it: it dies."""
        self.world.turn(self, "failed")
        self._die()
        self._over()

    def _over(self) -> None:
        """The program has ended by itself; a supervisor may start it again."""
        if not self.dead:
            self.dead = True
            self._live_again(self.spec.supervisor_us)

    def _live_again(self, start: int | None) -> None:
        """Its life up to now is over, and another one begins after ``start`` microseconds, if any does."""
        if self._process.is_alive:
            self._process.interrupt()
        if start is not None:
            self._process = self.world.clock.env.process(self._life(start))

    def replaced(self, event: trace.Event, after: int) -> None:
        """The news that an app is another's reaches a worker after so many microseconds; it may be lost until then."""
        if self.spec.on_replaced != "stays":
            news = self.world.clock.after(
                after, Rank.CLIENT, self.index, self._replaced, (event.serial, self.index, event)
            )
            news.idle = self._idle
            self._awaited[event.serial] = news

    def _replaced(self, happening: Happening) -> None:
        """The program hears that another has taken an app from the connection that it holds."""
        event: trace.Event
        serial, _, event = happening.payload
        del self._awaited[serial]
        # Of several apps that are taken at once the first ends the connection.
        if self.connection is not None and event.connection is self.connection.row:
            self.lose("closed", "closed")
            if self.spec.on_replaced == "returns":
                self.world.turn(self, "replaced")
                self._over()

    def _die(self) -> None:
        """The program dies with its queue and all that it knows."""
        self.generation += 1
        self.stalled_until = 0
        self._settle(self.world.clock.now)
        self.lose("closed", "crash")  # its system closes the socket for it
        for message in self._workers.abandon(self.world.clock.now):
            self._lose(message)
        self.forget_all()

    def finish(self) -> None:
        """Settle what has arrived by the end of the run; the rest is pending, but for what never will arrive."""
        if self.connection is not None and self.connection.for_good:
            for message in self.connection.take_held():
                self._lose(message)
        for event, _, _ in self._workers.take_back(self.world.clock.now):
            event.fate = "pending"
            event.delivered = None
        self.world.settled([entry[3] for entry in self._workers.queue])
