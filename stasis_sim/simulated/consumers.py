"""Consumers: programs behind a proxy, which hear of events over a bus and send their requests over it.

A consumer lives as any client does; what it connects to, and comes back to after a loss, is the bus. Asterisk does not
know of it: neither does its restart break that connection, nor does the proxy's. Events and requests go over the same
connection, so a request that is sent while it does not pass is never answered.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from stasis_sim.simulated.clients import Client
from stasis_sim.simulated.network import Connection

if TYPE_CHECKING:
    from stasis_sim.observe import trace
    from stasis_sim.scenario.clients import Client as ClientSpec
    from stasis_sim.simulated.callers import Caller
    from stasis_sim.simulated.delays import Name
    from stasis_sim.simulated.faults import Fault
    from stasis_sim.simulated.process import Process
    from stasis_sim.simulated.proxies import Proxy
    from stasis_sim.simulated.world import World


class Consumer(Client):
    """A program behind a proxy, or one instance of it.

    Attributes:
        seats: The connections over which the bus believes that it hears; of one that it has given up on a frozen link
            the bus knows nothing until the link thaws.
        proxy: What it is behind.
    """

    proxy: Proxy

    def __init__(self, world: World, index: int, name: str, spec: ClientSpec) -> None:
        super().__init__(world, index, name, spec)
        self.seats: list[Connection] = []
        self._over_the_bus, self.delays_of = self.delays_of, self._through_the_proxy

    def hang_on(self, proxy: Proxy) -> None:
        """Be behind a proxy."""
        self.proxy, self.door = proxy, proxy.door
        proxy.carry(self)

    def _link(self, session: str, row: trace.Connection) -> Connection:
        """Return a connection to the bus, which takes whatever is written."""
        connection = Connection(session, self, row)
        if self.stalled_until > self.world.clock.now:
            connection.stall(())
        return connection

    # ---- the bus -----------------------------------------------------------

    def _barred(self) -> str:
        return "network" if self.frozen or self.world.clock.now < self.refused_until else ""

    def _barred_silently(self) -> bool:
        return self.frozen or self.blackhole

    def _admitted(self, connection: Connection) -> str:
        self.seats.append(connection)
        self.proxy.see_again()
        return ""

    def _ended(self, connection: Connection, how: str, cause: str) -> None:
        del cause  # to Asterisk nothing has happened
        row = connection.row
        if row.closed is None:
            row.closed = self.world.clock.now
        row.how = row.how or how
        self.seats.remove(connection)
        self.proxy.see_again()

    def _link_changed(self, connection: Connection) -> None:
        del connection
        self.proxy.see_again()

    def asterisk_killed(self) -> int:
        """Return 0: its connection is to the bus."""
        return 0

    def asterisk_off(self) -> int:
        """Return 0: its connection is to the bus."""
        return 0

    # ---- its requests ------------------------------------------------------

    def shut_out(self, until: int, fault: Fault, *, silent: bool) -> None:
        """Do nothing: its requests go over the bus, and what stands between that and Asterisk is the proxy's."""

    def _through_the_proxy(self, caller: Caller | None, name: Name) -> tuple[int, int]:
        """Return how long a request takes there and its answer back: over the bus, and between proxy and Asterisk."""
        mine, its = self._over_the_bus(caller, name), self.proxy.delays_of(caller, ("proxy", *name))
        return mine[0] + its[0], mine[1] + its[1]

    @property
    def cut_off(self) -> str:
        """Why a request that the bus has taken does not come to Asterisk; empty if it does."""
        return "" if self.proxy.connection is not None else "no_proxy"

    def rest(
        self,
        method: str,
        path: str,
        query: tuple[tuple[str, str], ...],
        caller: Caller | None,
        process: Process,
        *,
        name: Name,
        awaited: bool = True,
        but: tuple[int, ...] = (),
        done: Callable[[int], None] | None = None,
    ) -> Generator[int | None, Any, int]:
        """Send a REST request over the bus and return its status, 0 where no answer comes back."""
        connection = self.connection
        if connection is None or connection.frozen:
            now, call = self.world.clock.now, None if caller is None else caller.trace
            row = self.world.recorder.command(self.name, method, self._base + path, now, call)
            row.status, row.reason = 0, "no_bus"
            return 0
        sent = super().rest(method, path, query, caller, process, name=name, awaited=awaited, but=but, done=done)
        return (yield from sent)

    def _line(self) -> Connection | None:
        return self.connection

    def _hears(self, line: Connection | None) -> bool:
        return line is not None and line is self.connection and not line.frozen

    def take_up(self, caller: Caller, app: str) -> None:
        """It works for a call from now on, and is sent its events."""
        super().take_up(caller, app)
        if caller.taken is None:
            caller.taken = {}
        caller.taken[app] = (self, self.generation)
