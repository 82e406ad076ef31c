"""The link of a program: how it breaks, freezes and thaws, and when the program and the other end notice.

Which program has one, and how it comes by it again, is not decided here: see :mod:`stasis_sim.simulated.clients`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import simpy

from stasis_sim.simulated.clock import Happening, Rank
from stasis_sim.simulated.network import Connection
from stasis_sim.simulated.pings import Pings
from stasis_sim.simulated.programs import Program

if TYPE_CHECKING:
    from stasis_sim.scenario.clients import Client as ClientSpec
    from stasis_sim.simulated.world import World


class Linked(Program):
    """A program to which events come over a link.

    Attributes:
        connection: The WebSocket that it holds or opens, if any.
    """

    def __init__(self, world: World, index: int, name: str, spec: ClientSpec) -> None:
        super().__init__(world, index, name, spec)
        self.connection: Connection | None = None
        self._gone: simpy.Event = world.clock.env.event()
        self._pings = Pings(spec.reconnect, 0)
        self._notice: Happening | None = None
        self._given_up: list[Connection] = []
        self._freezes = 0

    def standing(self) -> list[Connection]:
        """Return the connections that stand."""
        return [] if self.connection is None else [self.connection]

    @property
    def frozen(self) -> bool:
        """Whether the link passes nothing to and from WebSockets."""
        return self._freezes > 0

    @property
    def _idle(self) -> bool:
        """Whether its comings and goings end no call; one that takes up what is inside may when it is back."""
        return self.spec.recover == "none"

    # ---- the other end -----------------------------------------------------

    def _ended(self, connection: Connection, how: str, cause: str) -> None:
        """Let the other end notice that a connection is gone."""
        self.world.closed(connection, how, cause)

    def _link_changed(self, connection: Connection) -> None:
        """The link of a connection froze or thawed."""
        self.world.apps.frozen(connection)

    def asterisk_killed(self) -> int:
        """Asterisk is killed, and what connected it to this client with it; return how many connections stood."""
        stood = self.lose("restart", "restart")
        self.settle_given_up(for_good=True)
        return stood

    def asterisk_off(self) -> int:
        """Asterisk's machine is off: nothing is closed, and nothing comes any more; return how many connections stood.

        What Asterisk had written before is still on its way; what a frozen link held back is gone with the machine.
        """
        self.settle_given_up(for_good=True)
        connection = self.connection
        if connection is not None:
            for message in connection.take_held():
                self._lose(message)
            self.world.forgotten(connection)
        return self.freeze_for_good()

    # ---- it breaks ---------------------------------------------------------

    def lose(self, how: str, cause: str) -> int:
        """The connection breaks, and both ends know it; return how many there were.

        Args:
            how: What the results say of the connection.
            cause: What they say of the outage.
        """
        connection = self._let_go()
        if connection is None:
            return 0
        self._ended(connection, how, cause)
        self._gone.succeed()
        return 1

    def _let_go(self) -> Connection | None:
        """Return the connection, which is the client's no more; what was on its way to it is lost."""
        connection = self.connection
        if connection is not None:
            self.connection = None
            self.latest = 0
            connection.open = False
            for message in (*self._workers.take_back(self.world.clock.now), *connection.take_held()):
                self._lose(message)
        return connection

    def _unanswered(self, happening: Happening) -> None:
        """Nothing has come over a frozen link for too long: the client gives it up. Asterisk cannot hear of that."""
        connection: Connection
        connection, frozen = happening.payload
        if self.connection is connection and connection.frozen_at == frozen:
            self._let_go()
            connection.give_up(self.world.lost)
            self._given_up.append(connection)
            self.world.given_up(connection, "torn" if connection.resets else "frozen")
            self._gone.succeed()

    def settle_given_up(self, *, for_good: bool) -> None:
        """Asterisk is rid of the connections that the client has given up: their ends come through, or it died itself.

        Args:
            for_good: Also of those over which nothing will ever come through.
        """
        over = [connection for connection in self._given_up if for_good or not connection.for_good]
        self._given_up = [connection for connection in self._given_up if connection not in over]
        for connection in over:
            self._ended(connection, "frozen", "frozen")

    # ---- it freezes --------------------------------------------------------

    def freeze(self) -> int:
        """The link passes nothing more and closes nothing; return how many WebSockets stood on it."""
        self._freezes += 1
        return self._stop_passing()

    def freeze_for_good(self) -> int:
        """The WebSocket that stands passes nothing more, ever; new ones do. Return how many stood."""
        if self.connection is not None:
            self.connection.for_good = True
        return self._stop_passing()

    def pinged(self, at: int, within: int) -> int:
        """Return when the last ping was sent up to an instant, 0 if none was.

        Args:
            at: The instant, in microseconds.
            within: TCP sends something by itself at least as often, if its keepalive would notice a dead link in less.
        """
        keepalive = self.spec.reconnect.keepalive_us
        return at if keepalive is not None and keepalive < within else self._pings.last(at)

    def forgotten(self, connection: Connection) -> None:
        """Something on the way has forgotten a connection: it passes nothing more, ever."""
        connection.for_good = True
        if connection.frozen_at is None:
            connection.freeze(self.world.clock.now)
            self._watch(connection, self.world.clock.now)
        self.world.apps.frozen(connection)

    def _stop_passing(self) -> int:
        connection, clock = self.connection, self.world.clock
        if connection is None:
            return 0
        if connection.frozen_at is None:
            connection.freeze(clock.now)
            self._watch(connection, clock.now)
        self._link_changed(connection)
        return 1

    def _watch(self, connection: Connection, silent: int) -> None:
        """Let the client notice in its time that nothing comes over a link since an instant."""
        clock = self.world.clock
        if self._notice is not None:
            clock.cancel(self._notice)
        noticed = self._pings.noticed(silent, reset=connection.resets)
        if noticed is None:
            return
        payload = (connection, silent)
        self._notice = clock.after(noticed - clock.now, Rank.CLIENT, self.index, self._unanswered, payload)
        self._notice.idle = self._idle

    def thaw(self) -> None:
        """One freeze is over; after the last one the link passes again."""
        self._freezes -= 1
        connection = self.connection
        if self._freezes:
            return
        self.settle_given_up(for_good=False)
        if connection is not None and connection.frozen and not connection.for_good:
            connection.thaw(self.world.clock.now)
            self._link_changed(connection)
            self.hear(connection)

    def hear(self, connection: Connection) -> None:
        """Let the client hear of the end of a connection that Asterisk has given up, behind all that it had taken."""
        if connection.over and not connection.stopped:
            clock = self.world.clock
            wait = max(0, self.latest - clock.now)
            clock.after(wait, Rank.NETWORK, self.index, self._heard, connection).idle = self._idle

    def _heard(self, happening: Happening) -> None:
        connection: Connection = happening.payload
        if self.connection is connection and not connection.stopped:
            self._let_go()
            self._gone.succeed()
