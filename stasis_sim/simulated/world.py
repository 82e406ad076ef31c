"""One replication: Asterisk, its clients, the callers and the faults, in one virtual time.

The world listens to what Asterisk does and hands it on: messages to the connections that carry them, answers to
the requests that wait for them. It writes down what happened as it happens (:mod:`stasis_sim.observe.trace`), and
decides nothing that Asterisk, a client or a caller would decide.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from simpy.core import EmptySchedule

from stasis_sim.handoff import effects, stimuli
from stasis_sim.handoff.effects import Effect
from stasis_sim.observe import trace
from stasis_sim.scenario.actions import Originate
from stasis_sim.simulated.actions import CLAIM, ENDS, Plan, take_up_unknown
from stasis_sim.simulated.apps import Apps
from stasis_sim.simulated.asterisk import Asterisk
from stasis_sim.simulated.callers import Caller, Callers
from stasis_sim.simulated.clients import Client
from stasis_sim.simulated.clock import Clock, Happening, Rank
from stasis_sim.simulated.consumers import Consumer
from stasis_sim.simulated.faults import Fault
from stasis_sim.simulated.listeners import Listener
from stasis_sim.simulated.network import Connection, Message
from stasis_sim.simulated.outgoing import Outgoing
from stasis_sim.simulated.process import Process
from stasis_sim.simulated.programs import Program
from stasis_sim.simulated.proxies import Proxy
from stasis_sim.simulated.reloads import Files
from stasis_sim.simulated.statuses import CARRIED_OUT, SWITCHING_PROTOCOLS
from stasis_sim.simulated.subscribing import SUBSCRIPTION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stasis_sim.handoff.http_server.access import HttpRequest
    from stasis_sim.observe.ledger import Ledger
    from stasis_sim.observe.trace import Recorder
    from stasis_sim.randomness import Streams
    from stasis_sim.scenario.clients import Client as ClientSpec
    from stasis_sim.scenario.model import Scenario
    from stasis_sim.simulated.overheard import Turn, Witness
    from stasis_sim.simulated.preparation import Prepared


IN_VAIN_US = 24 * 3600 * 1_000_000
"""How long a run goes on in which something happens for ever, and no call begins or ends or is about to."""

Command: TypeAlias = tuple[Caller, trace.Attempt | None]
"""Whom a command is about, and the stay in Stasis in which it came."""


def _kind(spec: ClientSpec) -> type[Client]:
    """Return what a client of the scenario is."""
    if spec.behind is not None:
        return Consumer
    if spec.deliver is not None:
        return Proxy
    return Listener if spec.transport == "outbound" else Client


def goes_on_for_ever(scenario: Scenario) -> bool:
    """Whether something may go on for ever that could end a call."""
    if any(entry.repeat is not None for calls in scenario.calls for entry in calls.keys):
        return True
    return any(
        client.recover != "none"
        or client.transport == "outbound"  # Asterisk tries for ever
        or any(isinstance(action, Originate) for todo in client.on.values() for action in todo)
        for client in scenario.clients.values()
    )


class World:
    """One replication of a scenario.

    Args:
        prepared: What is simulated, with Asterisk configured.
        streams: Where random numbers come from.
        recorder: Takes down what happens.
        witness: Who listens; None: nobody does.
    """

    def __init__(
        self, prepared: Prepared, streams: Streams, recorder: Recorder, witness: Witness | None = None
    ) -> None:
        self.scenario = prepared.scenario
        self.streams = streams
        self.recorder = recorder
        self._witness = witness
        self.clock = Clock()
        self.apps = Apps(self.clock, recorder)
        self.outgoing = Outgoing(self, prepared.each_call)
        self.write_timeout_us = 1_000 * max(0, prepared.configuration.ari.websocket_write_timeout_ms)
        self.callers = Callers(self)
        self.asterisk = Asterisk(self.clock, prepared.engine(witness), self._listeners())
        self.files = Files(self.scenario, self.asterisk)
        self._answers: dict[int | str, tuple[int, str]] = {}
        self._finished: dict[int, str] = {}
        self._waiting: dict[int | str, tuple[Command | None, Process]] = {}
        self._requests = 0
        self._raised = 0
        self._connections: dict[str, Connection] = {}
        self._down_until = 0
        self._down_silently = False
        self._drained = self.clock.env.event()
        self._begin()

    def _listeners(self) -> dict[str, Any]:
        outgoing, callers = self.outgoing, self.callers
        return {
            effects.SEND: outgoing.send if outgoing.used else self.send,
            effects.QUEUED: outgoing.queued,
            effects.CONNECT: outgoing.connect,
            effects.MISSED: self._missed,
            effects.RESPONSE: self._response,
            effects.STEP: callers.step,
            effects.STASIS: callers.stasis,
            effects.LEFT: callers.left,
            effects.BRIDGED: callers.bridged,
            effects.ENDED: callers.ended,
            effects.REGISTRY: self.apps.registry,
            effects.CLOSE: self._close,
        }

    def _begin(self) -> None:
        """Start everybody: the clients in the order of the scenario, then its faults, then its callers."""
        scenario = self.scenario
        for client in scenario.clients.values():
            for app in client.apps:
                self.apps.know(app)
        self.clients: list[Client] = []
        for name, spec in scenario.clients.items():
            for full in spec.programs(name):
                self.clients.append(_kind(spec)(self, len(self.clients), full, spec))
        proxies = {client.name: client for client in self.clients if isinstance(client, Proxy)}
        for program in self.clients:
            if isinstance(program, Consumer):
                program.hang_on(proxies[str(program.spec.behind)])
        self.faults = [Fault(self, number, spec) for number, spec in enumerate(scenario.faults)]
        self.callers.begin()
        self.outgoing.begin(client for client in self.clients if isinstance(client, Listener))

    def turn(self, client: Client, turn: Turn) -> None:
        """Tell whoever listens of a turn in the life of a program."""
        if self._witness is not None:
            self._witness.program(self.clock.now, client.name, client.spec.apps, turn)

    # ---- messages ----------------------------------------------------------

    def message(self, told: tuple[Any, ...], now: int) -> Message:
        """Write down that a message was raised: what the effect says of it from the serial on."""
        serial, app, type_, channel, body = told
        if self.outgoing.used:
            app = self.apps.name(app)
        self._raised = serial
        caller = self.callers.live.get(channel)
        if caller is None:
            return self.recorder.event(serial, app, type_, now), None, 0
        if type_ in ENDS:
            what, ident = ENDS[type_]
            self._finished[serial] = body[what][ident]
        row = caller.trace
        if row.released:
            event = self.recorder.event(serial, app, type_, now)
        else:
            event = trace.Event(serial, app, type_, now)
            row.events.append(event)
            row.open += 1
        raised = caller.raised
        number = raised.get(app, 0)
        raised[app] = number + 1
        return event, caller, number

    def send(self, effect: Effect) -> None:
        """A message is written to a connection."""
        now = self.clock.now
        self._connections[effect[1]].send(self.message(effect[2:], now), now)

    def _missed(self, effect: Effect) -> None:
        event, caller, _ = self.message(effect[1:], self.clock.now)
        event.fate = "missed"
        self._finished.pop(event.serial, None)
        self.release(caller)

    def finished(self, event: trace.Event) -> str:
        """Return the id of the sound, or the name of the recording, that an event says to be over, once."""
        return self._finished.pop(event.serial, "")

    def not_yet(self, event: trace.Event, playback: str) -> None:
        """A client that has been told of the end of a sound or a recording will hear of it later."""
        self._finished[event.serial] = playback

    def lost(self, message: Message) -> None:
        """A message was written to a connection and never dealt with."""
        event, caller, _ = message
        self._finished.pop(event.serial, None)
        event.fate = "lost"
        event.delivered = None
        if event.connection is not None:
            event.connection.missed += 1
        self.release(caller)

    def settled(self, messages: Iterable[Message]) -> None:
        """Messages were delivered and dealt with."""
        for event, caller, _ in messages:
            connection = event.connection
            if connection is not None:
                connection.delivered += 1
            if caller is not None:
                row = caller.trace
                row.open -= 1
                if not row.open and row.ended is not None and not row.released:
                    self.recorder.settled(row)

    def keep(self, caller: Caller | None) -> None:
        """Something will still be written about a call."""
        if caller is not None:
            caller.trace.open += 1

    def release(self, caller: Caller | None) -> None:
        """It is written; the last one lets the call's rows go."""
        if caller is not None:
            row = caller.trace
            row.open -= 1
            if not row.open and row.ended is not None and not row.released:
                self.recorder.settled(row)

    # ---- requests and connections ------------------------------------------

    def found(self, client: Program, todo: Sequence[Plan]) -> None:
        """A client that is back knows which channels there are, and takes up those that nobody works for."""
        take_up_unknown(client, todo)

    def obstacle(self, client: Client) -> str:
        """Return what stands between a client and Asterisk's HTTP server, empty if nothing does."""
        if self.down:
            return "asterisk_down"
        if client.frozen or self.clock.now < client.refused_until:
            return "network"
        return ""

    def silent(self, client: Client) -> bool:
        """Whether what stands between a client and Asterisk swallows attempts instead of refusing them."""
        if self.down:
            return self._down_silently
        return client.frozen or client.blackhole

    def _response(self, effect: Effect) -> None:
        _, number, status, reason, _, body = effect
        if status in CARRIED_OUT:
            reason = ""
        elif isinstance(body, dict):
            reason = body.get("message", reason)
        waiting = self._waiting.pop(number, None)
        if waiting is None:
            self._answers[number] = (status, reason)
        else:
            command, process = waiting
            self._answered(command, status)
            process.arm(0, (status, reason))

    def request(
        self, client: Program, caller: Caller | None, request: HttpRequest, process: Process
    ) -> tuple[int, str] | None:
        """Let a REST request reach Asterisk.

        Returns:
            Status and reason, 0 where nobody answers; None: Asterisk answers later, and arms the process with it.
        """
        if self.down:
            return 0, "asterisk_down"
        cut_off = client.cut_off
        if cut_off:
            return 0, cut_off
        self._requests = number = self._requests + 1
        # Who only asks, claims or subscribes carries nothing out. The command itself may end the stay, even the call.
        acts = request.method != "GET" and not request.path.endswith((CLAIM, SUBSCRIPTION))
        command = (caller, caller.attempt) if caller is not None and acts else None
        self.asterisk.apply(stimuli.Request(number, request))
        answer = self._answers.pop(number, None)
        if answer is None:
            self._waiting[number] = (command, process)
        else:
            self._answered(command, answer[0])
        return answer

    def _answered(self, command: Command | None, status: int) -> None:
        """Asterisk has answered a command."""
        if command is not None and status in CARRIED_OUT:
            self.callers.commanded(*command)

    def open(self, connection: Connection, request: HttpRequest) -> tuple[int, str]:
        """Let a client's WebSocket handshake reach Asterisk; return status and reason."""
        self._connections[connection.session] = self.apps.opening = connection
        self.asterisk.apply(stimuli.Open(connection.session, request))
        self.apps.opening = None
        status, reason = self._answers.pop(connection.session)
        if status != SWITCHING_PROTOCOLS:
            del self._connections[connection.session]
        return status, reason

    def closed(self, connection: Connection, how: str, cause: str) -> None:
        """Let Asterisk notice that a connection is gone, if it has not given it up."""
        if connection.over:
            return
        connection.over = True
        now, row = self.clock.now, connection.row
        if row.closed is None:
            row.closed = now
        row.how = row.how or how
        mine = self.apps.left(connection)
        self.apps.cause = cause
        known = self._connections.pop(connection.session, None)
        if known is not None and now >= self._down_until:
            self.asterisk.apply(stimuli.Closed(connection.session))
        for app in mine:
            self.apps.changed(app)

    def forgotten(self, connection: Connection) -> None:
        """Asterisk has gone without a word, and knows nothing of a connection that its client takes for alive."""
        self.apps.left(connection)
        self._connections.pop(connection.session, None)  # it may have forgotten it before

    def reached(self, apps: Iterable[str], connection: Connection) -> None:
        """Let Asterisk notice that a connection stands which it has opened."""
        self._connections[connection.session] = connection
        self.apps.reached(apps, connection)
        self.asterisk.apply(stimuli.Connected(connection.session))

    def hung_up(self, connection: Connection) -> None:
        """Asterisk has closed a connection which it had opened: what it has written still arrives."""
        del self._connections[connection.session]
        connection.over = True
        connection.row.closed, connection.row.how = self.clock.now, "closed"

    def given_up(self, connection: Connection, how: str) -> None:
        """A client has given up a connection over which nothing comes; Asterisk knows nothing of that."""
        if not connection.over:
            connection.row.closed = self.clock.now
            connection.row.how = connection.row.how or how

    def _close(self, effect: Effect) -> None:
        """Asterisk closes a connection: nothing more can be written to it, and its client hears of it."""
        _, session, how = effect
        if not self.outgoing.closed(session):
            self.clock.after(0, Rank.NETWORK, 0, self._closed_by_asterisk, (session, how))

    def _closed_by_asterisk(self, happening: Happening) -> None:
        session, how = happening.payload
        for client in self.clients:
            if client.connection is not None and client.connection.session == session:
                client.lose(how, how)

    def restart(self, boot: int, *, silent: bool, off: bool = False) -> int:
        """Asterisk is killed and boots again; return how much that hit: itself, channels and connections.

        Args:
            boot: How long it takes to boot, in microseconds.
            silent: Whether attempts to connect meanwhile hear nothing, instead of a refusal.
            off: Whether its machine loses power, so that nothing closes the connections.
        """
        hit = 1 + len(self.callers.live)
        self._down_silently = silent
        self._kill(self.clock.now + boot)
        self.outgoing.killed(boot)
        hit += sum(client.asterisk_off() if off else client.asterisk_killed() for client in self.clients)
        self.apps.settle()
        return hit

    def _kill(self, until: int) -> None:
        """Asterisk is dead, and every channel with it; it runs again from an instant on."""
        for _, process in self._waiting.values():
            # Whoever waits for an answer hears that Asterisk has gone.
            process.arm(0, (0, "asterisk_down"))
        self._waiting.clear()
        self.apps.cause = "restart"
        self.asterisk.apply(stimuli.Kill())
        self._down_until = until
        self.apps.down()

    @property
    def down(self) -> bool:
        """Whether Asterisk is down."""
        return self.clock.now < self._down_until

    # ---- the run -----------------------------------------------------------

    def run(self) -> Ledger:
        """Let it all happen, up to the end that the scenario sets, and return the sums."""
        run, clock = self.scenario.run, self.clock
        if run.until == "drained":
            self._drain()
            # The last messages are still on their way, some of them to a proxy that hands them on, or with a worker.
            for clients in ([client for client in self.clients if isinstance(client, Proxy)], self.clients):
                if clients:
                    clock.run(until=max((clock.now, *(client.busy_until() for client in clients))))
        else:
            clock.run(until=run.duration_us)
        return self.finish()

    def finish(self) -> Ledger:
        """End the run now, and return the sums."""
        for client in self.clients:
            client.finish()
            for connection in client.standing():
                if connection.frozen and not connection.over:
                    connection.row.how = "frozen"
        return self.recorder.finish(self.clock.now, self._raised)

    def _drain(self) -> None:
        """Let time pass until the last call has ended, or nothing is left that could end one: who is left stays."""
        drained, clock, callers = self._drained, self.clock, self.callers
        endless = goes_on_for_ever(self.scenario)
        with suppress(EmptySchedule):
            while drained.callbacks is not None:
                if endless and callers.all_offered and clock.now > callers.expected + IN_VAIN_US:
                    return
                if callers.all_offered and not clock.sure:
                    clock.sure = clock.pending()
                    if not clock.sure:
                        return
                clock.step()
                clock.sure -= clock.sure > 0

    def check_drained(self) -> None:
        """End a run that goes on until the last call has ended, if it has."""
        if self.callers.all_offered and not self.callers.live and not self._drained.triggered:
            self._drained.succeed()
