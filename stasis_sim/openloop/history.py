"""When the connections of the clients stood: the world of a scenario without its callers, run once.

Where no call acts back on a connection, this is how it stands in the world with callers too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from stasis_sim.openloop.doors import Door
from stasis_sim.openloop.files import Files
from stasis_sim.openloop.links import DEAF, FOR_EVER, FROZEN, NOWHERE, UP, Link
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.openloop.restarts import Restarts
from stasis_sim.openloop.stalls import Stalls
from stasis_sim.openloop.sums import Tally
from stasis_sim.openloop.symbols import RECOVERY, THAW
from stasis_sim.openloop.thaws import STOPPING, Thaws
from stasis_sim.scenario.distributions import Constant
from stasis_sim.simulated.buffers import BYTES, OTHER_BYTES
from stasis_sim.simulated.preparation import Prepared
from stasis_sim.simulated.statuses import SWITCHING_PROTOCOLS
from stasis_sim.simulated.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stasis_sim.handoff.effects import Effect
    from stasis_sim.handoff.http_server.access import HttpRequest
    from stasis_sim.observe.ledger import Ledger
    from stasis_sim.observe.timeline import Timeline
    from stasis_sim.observe.trace import Recorder
    from stasis_sim.openloop.batch import Bunch
    from stasis_sim.openloop.links import Ints
    from stasis_sim.randomness import Streams
    from stasis_sim.scenario import Scenario
    from stasis_sim.scenario.clients import Client
    from stasis_sim.simulated.actions import Plan
    from stasis_sim.simulated.faults import Fault
    from stasis_sim.simulated.network import Connection
    from stasis_sim.simulated.programs import Program

FEW: Final = 256
"""So many changes of links are soon put in order."""

FATAL: Final = ("crash", "restart")
"""Faults in which the program of a client dies."""


class History:
    """The links of all clients, known as far as somebody has asked.

    Args:
        prepared: The scenario.
        streams: Random numbers of the replication.
        recorder: Takes down the world without callers.

    Attributes:
        clients: Names of the clients, each instance by itself.
        latencies: How long a message takes to each of them, in microseconds; None: not all take as long.
        workers: How many each of them has.
        links: By position of the client among them.
        thaws: When they thaw, likewise.
        doors: Of the requests of the clients, likewise.
        files: What Asterisk has read.
        watched: All that a look may be at: the links, behind them the doors, and behind these the files.
        holders: For each app that a client serves the link of whoever holds it.
        restarts: When Asterisk is killed.
        loose: For each client how many octets it may not read for a while that are about no call.
    """

    def __init__(self, prepared: Prepared, streams: Streams, recorder: Recorder) -> None:
        clients = programs(prepared.scenario)
        self.clients = tuple(clients)
        scenario = prepared.scenario
        targets = [name for name, client in scenario.clients.items() for _ in client.programs(name)]
        self.thaws = [Thaws(target, scenario, streams) for target in targets]
        stalling = {fault.target for fault in scenario.faults if fault.verb == "stall"}
        self.links = [
            Link(self.reach, each, Stalls(any=target in stalling), thaws)
            for each, thaws, target in zip(mortal(scenario), self.thaws, targets, strict=True)
        ]
        self.doors = [Door(target, scenario, streams) for target in targets]
        self.files = Files(self.reach, any=any(fault.verb == "reload" for fault in scenario.faults))
        self.watched: list[Link] = [*self.links, *self.doors, self.files]
        self.latencies = [
            client.latency.value_us if isinstance(client.latency, Constant) else None for client in clients.values()
        ]
        self.workers = [client.workers for client in clients.values()]
        self._specs = list(clients.values())
        self._piled = [Tally() for _ in clients]
        self.loose = dict.fromkeys(clients, 0)
        run = scenario.run
        self._known = -1
        self._end = FOR_EVER if run.until == "drained" else run.duration_us or 0
        self._recorder = recorder
        self.restarts = Restarts(scenario, streams)
        self._touched = Tally()
        self.holders = self._shared(clients.values())
        self._world = _Unattended(without_calls(prepared), streams, self._recorder, self)

    def _shared(self, clients: Iterable[Client]) -> dict[str, Link]:
        """Return the links of the apps: those of their clients, and one of its own for each that is shared."""
        holders: dict[str, Link] = {}
        together: dict[tuple[str, ...], Link] = {}
        for client, own in zip(clients, self.links, strict=True):
            shared = client.apps[0] in holders
            link = together.setdefault(client.apps, Link(self.reach, mortal=False, stalls=Stalls())) if shared else own
            holders |= dict.fromkeys(client.apps, link)
        return holders

    @property
    def timelines(self) -> dict[str, Timeline]:
        """The states of the apps so far."""
        return self._recorder.timelines

    def count(self, calls: Bunch) -> None:
        """Count what faults have hit of calls that are through, and what nobody reads of what was written about them.

        Raises:
            ClosedLoopError: That is more than the buffers of a connection hold, which ends it.
        """
        path = calls.path
        if path.killed:
            self.restarts.kill(calls.value(path.ended))
        for client, when in path.knocks:
            self._touched.add(self.doors[client].shut_by(calls.at(when), when.rank, calls.numbers))
        for client, when, octets in path.piles:
            name, spec, piled = self.clients[client], self._specs[client], self._piled[client]
            latency = self.latencies[client] or 0  # who stalls has one
            unread = self.links[client].unread(calls.at(when), when.rank, calls.numbers, latency)
            piled.add(unread[unread != NOWHERE], octets)
            if any(self.loose[name] + piled[since] > spec.buffer for since in set(unread.tolist()) - {NOWHERE}):
                raise ClosedLoopError(f"{name} is written more than the buffers hold of a link")

    def touched(self, fault: int) -> int:
        """Return how much a fault has hit of calls."""
        return self.restarts.touched(fault) + self._touched[fault]

    def following(self, what: int, client: int, number: int, arrivals: Ints) -> Ints:
        """Return when something comes to a client after arrivals; FOR_EVER where it does not, as far as is known."""
        if what == RECOVERY:
            return self.links[client].recovered(arrivals, number)
        if what == THAW:
            return self.thaws[client].following(arrivals, number)
        return self.links[client].stalls.following(what, arrivals, number)

    def reach(self, until: int) -> None:
        """Know all that happens up to and with an instant, or the end of the run."""
        if min(until, self._end) > self._known:
            # Many changes are known a good deal further each time, so that they are not put in order at every step.
            ahead = until >> 3 if sum(len(link.times) for link in self.links) > FEW else 0
            self._known = min(until + ahead, self._end)
            self._world.advance(self._known)

    def finish(self, end: int) -> tuple[Ledger, list[Fault]] | None:
        """End the run at an instant, and return its sums and faults; None: something after it has happened already."""
        world = self._world
        if world.clock.now > end:
            return None
        world.clock.run(end)
        return world.finish(), world.faults


def programs(scenario: Scenario) -> dict[str, Client]:
    """Return all programs by name, each instance of a client by itself."""
    return {program: client for name, client in scenario.clients.items() for program in client.programs(name)}


def mortal(scenario: Scenario) -> list[bool]:
    """Say of each program whether it may die, and take with it what it has not dealt with."""
    struck = {fault.target for fault in scenario.faults if fault.verb in FATAL}
    return [
        name in struck or client.reconnect.gives_up not in {None, "stays"}
        for name, client in scenario.clients.items()
        for _ in client.programs(name)
    ]


class _Unattended(World):
    """The world without callers; notes when connections come and go, and programs die."""

    def __init__(self, prepared: Prepared, streams: Streams, recorder: Recorder, history: History) -> None:
        clients = programs(prepared.scenario)
        self._links = dict(zip(clients, history.links, strict=True))
        # For each client the links of those that serve the same apps, and the one of the apps themselves.
        self._others = {
            name: [self._links[other] for other, its in clients.items() if its.apps == client.apps]
            for name, client in clients.items()
        }
        self._holders = {name: history.holders[client.apps[0]] for name, client in clients.items()}
        self._varied = {name for name, us in zip(clients, history.latencies, strict=True) if us is None}
        self._place = 0
        self._generations = [0 for _ in history.links]
        self._loose = history.loose
        self._files = history.files
        super().__init__(prepared, streams, recorder)
        self._files.notice(0, 0, self.asterisk.engine)
        stopped = {fault.target for fault in self.scenario.faults if fault.verb in STOPPING}
        self._stopped = [client for client in self.clients if client.name.partition("#")[0] in stopped]

    def advance(self, until: int) -> None:
        """Let time pass."""
        env = self.clock.env
        queue = env._queue  # noqa: SLF001 - SimPy shows the instant of what is next, not its priority
        while queue and queue[0][0] <= until:
            self._place = int(queue[0][1])
            env.step()
            self._note()

    def _note(self) -> None:
        """Note what the last step has changed: whose program died, whose link froze or thawed, which files are read."""
        now = self.clock.now
        if self._files.any:
            self._files.notice(now, self._place, self.asterisk.engine)
        for client in self.clients:
            if client.generation != self._generations[client.index]:
                self._generations[client.index] = client.generation
                self._links[client.name].die(now, self._place)
        for client in self._stopped:
            connection, link = client.connection, self._links[client.name]
            if connection is not None:
                state = UP if not connection.frozen else DEAF if connection.for_good else FROZEN
                link.see(now, self._place, connection.row.number, state)
            if link.stalls.any:
                link.stalls.see(now, client.stalled_until, asleep=connection is not None and connection.stalled)

    def open(self, connection: Connection, request: HttpRequest) -> tuple[int, str]:
        """Note a connection that stands."""
        answer = super().open(connection, request)
        if answer[0] == SWITCHING_PROTOCOLS:
            now, name, number = self.clock.now, connection.row.client, connection.row.number
            for link in self._others[name]:
                link.replace(now, self._place)
            self._links[name].change(now, self._place, number)
            self._note_holder(name)
        return answer

    def _note_holder(self, name: str) -> None:
        """Note who holds the apps of a client now, where several serve them."""
        holder = self._holders[name]
        if holder is not self._links[name]:
            held = [link.connections[-1] for link in self._others[name] if link.connections]
            holder.change(self.clock.now, self._place, max(held, default=0))

    def closed(self, connection: Connection, how: str, cause: str) -> None:
        """Note a connection that is gone."""
        name = connection.row.client
        self._links[name].close(self.clock.now, self._place, connection.row.number)
        self._note_holder(name)
        super().closed(connection, how, cause)

    def given_up(self, connection: Connection, how: str) -> None:
        """Note a connection that its client has given up."""
        self._links[connection.row.client].give_up(self.clock.now, self._place, connection.row.number)
        super().given_up(connection, how)

    def send(self, effect: Effect) -> None:
        """Note what may not be read for a while.

        Raises:
            ClosedLoopError: It may hold up messages about calls.
        """
        connection = self._connections[effect[1]]
        name = connection.row.client
        if name in self._varied:
            raise ClosedLoopError(f"a message to {name} about no call, behind which others may wait")
        if connection.frozen or self._links[name].stalls.any:
            self._loose[name] += BYTES.get(effect[4], OTHER_BYTES)
        super().send(effect)

    def found(self, client: Program, todo: Sequence[Plan]) -> None:
        """Note when a client that is back knows which channels there are."""
        super().found(client, todo)
        self._links[client.name].recoveries.append(self.clock.now)

    def restart(self, boot: int, *, silent: bool, off: bool = False) -> int:
        """Note that Asterisk has forgotten all."""
        hit = super().restart(boot, silent=silent, off=off)
        for link in dict.fromkeys((*self._links.values(), *self._holders.values())):
            link.kill(self.clock.now, self._place)
        return hit


def without_calls(prepared: Prepared, end: int | None = None) -> Prepared:
    """Return the scenario without its callers; with an end in microseconds, one that stops there."""
    changes: dict[str, object] = {"calls": ()}
    if end is not None:
        changes["run"] = prepared.scenario.run.model_copy(update={"until": None, "duration_us": end})
    return replace(prepared, scenario=prepared.scenario.model_copy(update=changes))
