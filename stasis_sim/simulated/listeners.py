"""Clients that listen: Asterisk connects to them, and comes back by its own timers.

One program takes any number of WebSockets at one address, and all lead into its one queue. All of them hang on the
same link: a fault of the client strikes them all, and what Asterisk tries to open meanwhile.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import simpy

from stasis_sim.simulated.clients import BROKEN, Client
from stasis_sim.simulated.clock import Happening, Rank
from stasis_sim.simulated.network import Connection

if TYPE_CHECKING:
    from stasis_sim.scenario.clients import Client as ClientSpec
    from stasis_sim.simulated.clients import Life
    from stasis_sim.simulated.faults import Fault
    from stasis_sim.simulated.outgoing import Try
    from stasis_sim.simulated.world import World


class Listener(Client):
    """A program to which Asterisk connects."""

    def __init__(self, world: World, index: int, name: str, spec: ClientSpec) -> None:
        super().__init__(world, index, name, spec)
        self._links: list[Connection] = []
        self._listening = False
        self._bereft = False

    # ---- its life ----------------------------------------------------------

    def _life(self, start: int) -> Life:
        """Start, and listen."""
        try:
            yield self._sleep(start)
        except simpy.Interrupt:
            return
        self._start()
        self._listening = True
        self.world.apps.reach(self.spec.apps, "start")

    @property
    def reachable(self) -> bool:
        """Whether Asterisk could connect now."""
        return self._listening and not self.frozen and self.world.clock.now >= self.refused_until

    @property
    def _mute(self) -> bool:
        """Whether tries hear nothing, instead of a refusal."""
        return self.frozen or (self.blackhole and self.world.clock.now < self.refused_until)

    @property
    def _idle(self) -> bool:
        """Whether its comings end no call; what waits for it in Asterisk may."""
        return False

    def dialled(self, attempt: Try) -> None:
        """Asterisk tries to connect."""
        self.world.clock.env.process(self._taken(attempt))

    def _taken(self, attempt: Try) -> Life:
        """Take a WebSocket, if the try gets through."""
        world = self.world
        row = world.recorder.connection(self.name, attempt.apps, world.clock.now)
        refused = yield from self._refusal(attempt)
        if refused:
            if refused in BROKEN and self.refused_by is not None:
                self.refused_by.touched += 1
            world.recorder.refused(row, world.clock.now, refused)
            world.outgoing.failed(attempt)
            return
        connection = self._link(attempt.session, row)
        self._links.append(connection)
        world.outgoing.succeeded(attempt, connection)
        if self._bereft and self.spec.recover == "list-channels":
            self._recover()
        self._bereft = False

    def _refusal(self, attempt: Try) -> Generator[simpy.Event, Any, str]:
        """Let a try go there and back, and return why it fails; empty if it does not."""
        clock = self.world.clock
        deadline = clock.now + attempt.timeout
        self._tries += 1
        there, back = (self._handshakes[2 * self._tries + way] for way in (0, 1))
        if not self._mute and there + back <= attempt.timeout:
            refused = yield from self._answer(attempt, there, back, deadline)
            if refused is not None:
                return refused
        yield self._sleep(deadline - clock.now)
        return "timeout"

    def _answer(self, attempt: Try, there: int, back: int, deadline: int) -> Generator[simpy.Event, Any, str | None]:
        """Let a try go there and back, and return why it fails; None where Asterisk hears nothing in time."""
        clock, generation = self.world.clock, self.generation
        yield self._sleep(there)
        refused = self._obstacle(attempt, generation)
        if self._mute or refused:
            return None if self._mute else refused
        for left in self.awake():
            if clock.now + left + back > deadline:
                return None
            yield self._sleep(left)
        yield self._sleep(back)
        return None if self._mute else self._obstacle(attempt, generation)

    def _obstacle(self, attempt: Try, generation: int) -> str:
        """Return what stops a try at this point of its way; empty if nothing does."""
        if not self.world.outgoing.wants(attempt):
            return "withdrawn"
        if self.world.clock.now < self.refused_until:
            return "network"
        if not self._listening:
            return "not_listening"
        return "" if self.generation == generation else "crash"

    # ---- its links ---------------------------------------------------------

    def standing(self) -> list[Connection]:
        """Return the WebSockets that stand."""
        return list(self._links)

    def refuse(self, until: int, fault: Fault, *, silent: bool) -> None:
        """Let tries fail up to an instant."""
        super().refuse(until, fault, silent=silent)
        over = self.world.clock.after(until - self.world.clock.now, Rank.FAULT, self.index, self._let_in)
        over.idle = True

    def _let_in(self, happening: Happening) -> None:
        del happening
        self.world.apps.reach(self.spec.apps, "start")

    def lose(self, how: str, cause: str) -> int:
        """All WebSockets break, and both ends know it; return how many there were."""
        links, self._links = self._links, []
        self.latest = 0
        lost = self._workers.take_back(self.world.clock.now)
        for connection in links:
            connection.open = False
            lost += connection.take_held()
        for message in lost:
            self._lose(message)
        for connection in links:
            self.world.closed(connection, how, cause)
        self._bereft = self._bereft or bool(links)
        self.world.apps.reach(self.spec.apps, cause)
        return len(links)

    def asterisk_off(self) -> int:
        """Asterisk is off; once it is back it opens new WebSockets, whatever this end believes of the old ones."""
        return self.asterisk_killed()

    def hung_up(self, connection: Connection) -> None:
        """Asterisk has closed a WebSocket; what a frozen link holds back is lost."""
        self._links.remove(connection)
        connection.open = False
        for message in connection.take_held():
            self._lose(message)

    def _heard(self, happening: Happening) -> None:
        connection: Connection = happening.payload
        if connection.open and not connection.stopped:
            self.hung_up(connection)
            self._bereft = True

    def freeze_for_good(self) -> int:
        """The WebSockets that stand pass nothing more, ever; new ones do. Return how many stood."""
        for connection in self._links:
            connection.for_good = True
        return self._stop_passing()

    def _stop_passing(self) -> int:
        for connection in self._links:
            if connection.frozen_at is None:
                connection.freeze(self.world.clock.now)
            self.world.apps.frozen(connection)
        self.world.apps.reach(self.spec.apps, "frozen")
        return len(self._links)

    def thaw(self) -> None:
        """One freeze is over; after the last one the links pass again."""
        self._freezes -= 1
        if self._freezes:
            return
        for connection in self._links:
            if connection.frozen and not connection.for_good:
                connection.thaw(self.world.clock.now)
                self.world.apps.frozen(connection)
                self.hear(connection)
        self.world.apps.reach(self.spec.apps, "frozen")

    def _die(self) -> None:
        """The program dies with its queue and all that it knows."""
        self._listening = False
        self._bereft = True
        super()._die()
