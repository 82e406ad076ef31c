"""What breaks, and when: each fault of the scenario as a SimPy process that strikes and heals.

What becomes of messages in flight:

- ``drop``: the WebSocket is torn, or closed in order; both ends know at once. What Asterisk has written and the
  client has not yet received is lost. REST goes on.
- ``crash``: the system of the dead client closes the WebSocket, which loses messages just so, and what the client had
  received and not yet dealt with is lost too; its unfinished handlers die.
  ``restart`` of a client is the same in an orderly way: the WebSocket is closed, the rest dies likewise.
- ``freeze``: the WebSocket passes nothing and closes nothing; what Asterisk writes comes late, after the thaw.
- ``partition``: a freeze, and REST requests are not answered.
- ``restart`` of Asterisk: every channel and registration is gone, every WebSocket torn.

A fault that finds nothing to break has touched nothing; each counts what it touched.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import simpy

from stasis_sim.scenario.distributions import Constant
from stasis_sim.simulated.clock import Rank
from stasis_sim.simulated.draws import durations

if TYPE_CHECKING:
    from stasis_sim.scenario.faults import Fault as FaultSpec
    from stasis_sim.simulated.clients import Client
    from stasis_sim.simulated.world import World


class Fault:
    """One fault of the scenario over a whole run.

    Attributes:
        touched: How many connections, clients or channels it has hit.
    """

    def __init__(self, world: World, number: int, spec: FaultSpec) -> None:
        self.world = world
        self.number = number
        self.spec = spec
        self.touched = 0
        name = f"faults/{number}"
        none = Constant(0)
        self._every = durations(world.streams, f"{name}/every", spec.every or none)
        self._for = durations(world.streams, f"{name}/for", spec.lasts or none)
        self._start = durations(world.streams, f"{name}/start", spec.start or none)
        world.clock.env.process(self._timeline())

    def _timeline(self) -> Generator[simpy.Event, Any, None]:
        clock = self.world.clock
        for strike, at in enumerate(self._instants()):
            pause = self._every[strike] if at is None else at - clock.now
            yield clock.sleep(max(pause, 0), Rank.FAULT, self.number)
            lasts = self._for[strike]
            self._strike(lasts, self._start[strike])
            if lasts:
                yield clock.sleep(lasts, Rank.FAULT, self.number)
                self._heal()

    def _instants(self) -> Iterator[int | None]:
        """Return when it strikes; None: a random time after the last one was over."""
        if self.spec.every is not None:
            return itertools.repeat(None)
        return iter((self.spec.at_us or ()) if self.spec.csv is None else self.spec.csv.at_us)

    def _targets(self) -> list[Client]:
        return [client for client in self.world.clients if client.name.partition("#")[0] == self.spec.target]

    def _strike(self, lasts: int, start: int) -> None:
        world, spec = self.world, self.spec
        if spec.verb == "restart" and spec.target == "asterisk":
            self.touched += world.restart(lasts, silent=spec.mode == "blackhole")
            return
        for client in self._targets():
            if spec.verb in {"drop", "crash", "restart"}:
                client.refused_until = max(client.refused_until, world.clock.now + lasts)
                client.blackhole = spec.mode == "blackhole"
            if spec.verb == "drop":
                how = spec.how or "torn"
                self.touched += client.lose(how, how)
            elif spec.verb in {"crash", "restart"}:
                client.crash(start)
                self.touched += 1
            else:
                self.touched += client.freeze(lasting=lasts > 0, partition=spec.verb == "partition")

    def _heal(self) -> None:
        if self.spec.verb in {"freeze", "partition"}:
            for client in self._targets():
                client.thaw()
