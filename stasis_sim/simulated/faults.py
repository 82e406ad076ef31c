"""What breaks, and when: each fault of the scenario as a SimPy process that strikes and heals.

What becomes of messages in flight:

- ``drop``: the WebSocket is torn, or closed in order; both ends know at once. What Asterisk has written and the
  client has not yet received is lost. REST goes on.
- ``crash``: the system of the dead client closes the WebSocket, which loses messages just so, and what the client had
  received and not yet dealt with is lost too; its unfinished handlers die.
  ``restart`` of a client is the same in an orderly way: the WebSocket is closed, the rest dies likewise.
- ``freeze``: the WebSocket passes nothing and closes nothing; what Asterisk writes comes late, after the thaw, or is
  lost where the client has given the WebSocket up by then. What finds no room in the buffers ends it.
- ``shut_out``: nothing new that the client opens gets to Asterisk, neither a request nor a WebSocket; what stands goes
  on. A request that is refused fails; one that hears nothing comes late, as TCP sends its SYN again.
- ``partition``: a freeze, and requests hear nothing.
- ``stall``: the program does nothing, and its links stand. What arrives meanwhile is read and handled afterwards.
- ``restart`` of Asterisk: every channel and registration is gone, every WebSocket torn. When its power is cut nothing
  tears them: their clients take them for alive, as on a link that is frozen for good.
- ``reload`` of Asterisk: nothing; what comes next meets other files.

A freeze without an end makes the WebSocket that stands deaf for good, and lets new ones pass. While Asterisk boots it
can be killed again, and then boots anew: the last restart says when it is back.

A fault that finds nothing to break has touched nothing; each counts what it touched.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import simpy

from stasis_sim.simulated.clock import Happening, Rank
from stasis_sim.simulated.strikes import Strikes

if TYPE_CHECKING:
    from stasis_sim.scenario.faults import Fault as FaultSpec
    from stasis_sim.simulated.clients import Client
    from stasis_sim.simulated.world import World


class Fault:
    """One fault of the scenario over a whole run.

    Attributes:
        touched: How many connections, clients, channels, attempts to connect, requests and files it has hit.
    """

    def __init__(self, world: World, number: int, spec: FaultSpec) -> None:
        self.world = world
        self.number = number
        self.spec = spec
        self.touched = 0
        self._strikes = Strikes(number, spec, world.streams)
        if spec.every is not None:
            world.clock.env.process(self._again_and_again())
        else:
            for strike, at in enumerate(self._strikes):
                world.clock.after(at, Rank.FAULT, number, self._due, strike)

    def _again_and_again(self) -> Generator[simpy.Event, Any, None]:
        """Strike at random, each time a while after the last one was over."""
        clock = self.world.clock
        for strike, at in enumerate(self._strikes):
            yield clock.sleep(at - clock.now, Rank.FAULT, self.number, idle=True)
            self._strike(strike)

    def _due(self, happening: Happening) -> None:
        self._strike(happening.payload)

    def _targets(self) -> list[Client]:
        return [client for client in self.world.clients if client.name.partition("#")[0] == self.spec.target]

    def _strike(self, strike: int) -> None:
        """Break what there is to break; those that strike while another one lasts add to it."""
        world, spec, lasts = self.world, self.spec, self._strikes.lasts[strike]
        if spec.verb == "restart" and spec.target == "asterisk":
            self.touched += world.restart(lasts, silent=spec.mode == "blackhole", off=spec.how == "power_cut")
            return
        if spec.verb == "reload":
            self.touched += world.files.change(spec)
            return
        for client in self._targets():
            if spec.verb in {"freeze", "partition"}:
                self._freeze(client, lasts)
            elif spec.verb == "shut_out":
                self._shut_out(client, lasts)
            elif spec.verb == "stall":
                self.touched += client.stall(lasts)
            elif spec.verb == "drop":
                self._refuse(client, lasts)
                how = spec.how or "torn"
                self.touched += client.lose(how, how)
            elif client.started and not (client.dead and spec.verb == "crash"):  # who does not run cannot crash
                self._refuse(client, lasts)
                client.crash(self._strikes.start[strike])
                self.touched += 1

    def _refuse(self, client: Client, lasts: int) -> None:
        until = self.world.clock.now + lasts
        if until > client.refused_until:
            client.refuse(until, self, silent=self.spec.mode == "blackhole")

    def _shut_out(self, client: Client, lasts: int) -> None:
        if client.spec.transport == "inbound":  # else it is Asterisk that connects, and it may
            self._refuse(client, lasts)
        client.shut_out(self.world.clock.now + lasts, self, silent=self.spec.mode == "blackhole")

    def _freeze(self, client: Client, lasts: int) -> None:
        if self.spec.lasts is None:
            self.touched += client.freeze_for_good()
            return
        client.refused_by = self
        self.touched += client.freeze()
        if self.spec.verb == "partition":
            client.shut_out(self.world.clock.now + lasts, self, silent=True)
        self.world.clock.after(lasts, Rank.FAULT, self.number, self._thaw, client)

    def _thaw(self, happening: Happening) -> None:
        client: Client = happening.payload
        client.thaw()
