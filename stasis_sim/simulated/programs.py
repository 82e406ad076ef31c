"""Programs: what a client does with the events that reach it, and the REST requests that it sends.

Its *workers* take messages in the order in which they come; a message for which the scenario names actions starts a
process of its own, which carries them out once a worker is through with it. Whether there is a connection over which
events come is not decided here: see :mod:`stasis_sim.simulated.clients`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from stasis_sim.handoff.http_server.access import HttpRequest
from stasis_sim.scenario.actions import Disband
from stasis_sim.scenario.distributions import Constant
from stasis_sim.simulated.actions import ENDS, Pending, handle, plan
from stasis_sim.simulated.bridging import Rooms
from stasis_sim.simulated.callers import Caller
from stasis_sim.simulated.clock import Happening, Rank
from stasis_sim.simulated.delays import Delays, Name
from stasis_sim.simulated.doors import Door
from stasis_sim.simulated.draws import durations
from stasis_sim.simulated.network import Connection, Message
from stasis_sim.simulated.process import Process
from stasis_sim.simulated.service import Workers

if TYPE_CHECKING:
    from stasis_sim.observe.trace import Event
    from stasis_sim.randomness import Durations
    from stasis_sim.scenario.clients import Client as ClientSpec
    from stasis_sim.scenario.distributions import Distribution
    from stasis_sim.simulated.world import World

ERROR = 400
"""From this status on an answer of Asterisk is an error."""

SETTLED_AT = 64
"""So many messages are kept before a client looks which of them are done; nothing waits for that."""


class Program:
    """One program, or one instance of it.

    Args:
        world: Where it lives.
        index: Its position among all clients; orders what clients do at one instant.
        name: As the results call it; the second instance of ``ivr`` is ``ivr#2``.
        spec: What the scenario says of it.

    Attributes:
        latency: Returns how long a message takes, in microseconds.
        latest: When the last message arrives that is on its way to it: none overtakes another.
        generation: Rises with each crash; whoever worked for an earlier one has died with it.
        stalled_until: Up to when its event loop stalls: nothing is read, handled or sent.
        pending: For each call the sounds and recordings whose end is waited for, by their ids or names.
        known: Numbers of the calls that it works for, or has worked for; a crash forgets them.
        rooms: Its bridges.
        door: What its requests go through.
    """

    def __init__(self, world: World, index: int, name: str, spec: ClientSpec) -> None:
        self.world = world
        self.index = index
        self.name = name
        self.spec = spec
        self.latest = 0
        self.generation = 0
        self.stalled_until = 0
        self.door = Door(world.clock)
        self.pending: dict[int, dict[str, Pending]] = {}
        self._asked = 0
        self.known: set[int] = set()
        disbands = any(isinstance(action, Disband) for todo in spec.on.values() for action in todo)
        self.rooms = Rooms(index, disbands=disbands)
        self._workers = Workers(spec.workers)
        # Whose door its requests go through: its own, or that of the proxy that it is behind.
        door = spec if spec.behind is None else world.scenario.clients[spec.behind]
        self._base = door.path.rpartition("/")[0]
        # Behind a proxy it is the proxy that Asterisk answers.
        answer = world.scenario.asterisk.latency if spec.behind is None else Constant(0)
        delays = Delays(world, name, spec.latency, answer)
        self.latency, self.delays_of = delays.of_message, delays.of_request
        self._fragile = spec.on_error == "crashes"
        self._user = (door.user, door.password)
        self._server = (door.host, door.port, door.tls)
        # For the events that are not dealt with yet who will handle them, and what is due when a worker is through with
        # them, by their serials; the latter knows the serial, the key of its rank, and what it is about.
        self._handling: dict[int, Process] = {}
        self._awaited: dict[int, Happening] = {}
        self._plans = {event: plan(todo) for event, todo in spec.on.items() if todo}
        self._durations: dict[Name, Durations] = {}
        self._services: dict[tuple[str, str, int, int], Durations] = {}

    @property
    def cut_off(self) -> str:
        """What is missing between it and Asterisk's door when a REST request comes there; empty if nothing is."""
        return ""

    def reads(self, arrives: int) -> int:
        """Return when it reads what arrives at an instant: not before it holds less than it may."""
        inbox = self.spec.inbox
        return arrives if inbox is None else self._workers.room(arrives, inbox)

    def receive(self, message: Message, arrives: int, now: int) -> None:
        """Take a message that will arrive at a known instant, if nothing breaks before."""
        event, caller, number = message
        workers = self._workers
        if len(workers.queue) > SETTLED_AT:
            self._settle(now)
        if caller is None:
            finish = workers.take(arrives, 0, message)
            if event.type == "ApplicationReplaced":
                self.replaced(event, finish - now)
            return
        services = self._services.get((event.app, event.type, number, caller.source)) or self._service(message, caller)
        finish = workers.take(arrives, services[caller.index], message)
        todo = None if caller.media else self._plans.get(event.type)
        if todo is not None:
            process = self._handling[event.serial] = Process(self.world.clock, Rank.CLIENT, caller.trace.number)
            process.start(handle(process, self, message, todo, finish))
        if event.type in ENDS:
            number, ident = caller.trace.number, self.world.finished(event)
            if ident in self.pending.get(number, ()):
                payload = (event.serial, number, ident)
                after = self.world.clock.after
                self._awaited[event.serial] = after(finish - now, Rank.CLIENT, number, self._let_go_on, payload)

    def _let_go_on(self, happening: Happening) -> None:
        """A worker has seen that a sound or a recording is over: whoever waited for it goes on."""
        serial, number, ident = happening.payload
        del self._awaited[serial]
        asked = self.pending.get(number, {}).pop(ident, None)
        if asked is not None:
            asked.finish()

    def _service(self, message: Message, caller: Caller) -> Durations:
        """Return the times that a worker needs for such messages: by app, type, source and place in the call's events.

        One that needs its own time for events of a type draws for them from streams of their own, for the same place
        may be another type's in another call.
        """
        event, _, number = message
        own = f"{event.type}/" * bool(self.spec.service.types)
        name = f"service/{own}{event.app}/{number}/{self.world.callers.source_name(caller.source)}"
        drawn = durations(self.world.streams, name, self.spec.service.of(event.type))
        self._services[event.app, event.type, number, caller.source] = drawn
        return drawn

    def duration(self, name: Name, distribution: Distribution, caller: Caller) -> int:
        """Return the duration in microseconds that belongs to a name and a caller."""
        key = (*name, caller.source)
        drawn = self._durations.get(key)
        if drawn is None:
            stream = "/".join(map(str, (*name, self.world.callers.source_name(caller.source))))
            drawn = self._durations[key] = durations(self.world.streams, stream, distribution)
        return drawn[caller.index]

    def awake(self) -> Generator[int, Any, None]:
        """Wait until the program does not stall."""
        while (left := self.stalled_until - self.world.clock.now) > 0:
            yield left

    def _stand_still(self, until: int) -> list[Message]:
        """Put off up to an instant what the workers have begun or not; return what is on its way and not read."""
        clock = self.world.clock
        # A stall that is not over has put it off already, up to its own end.
        since, self.stalled_until = max(clock.now, self.stalled_until), until
        unread = self._workers.take_back(clock.now)
        self.latest = 0
        for message in unread:
            self._unreceive(message)
        for message, finish in self._workers.stall(since, until):
            serial = message[0].serial
            if serial in self._handling:
                self._handling[serial].arm(finish - clock.now)
            if serial in self._awaited:
                self._postpone(serial, finish - clock.now)
        return unread

    def _postpone(self, serial: int, after: int) -> None:
        """What was due once a worker is through with an event is due in so many microseconds."""
        due, clock = self._awaited[serial], self.world.clock
        (action,) = due.callbacks
        clock.cancel(due)
        later = self._awaited[serial] = clock.after(after, Rank.CLIENT, due.payload[1], action, due.payload)
        later.idle = due.idle

    def _unreceive(self, message: Message) -> None:
        """A message that was to arrive will do so later."""
        happening = self._awaited.get(message[0].serial)
        if happening is not None and message[0].type in ENDS:
            self.world.not_yet(message[0], happening.payload[2])
        self.leave(message)

    def replaced(self, event: Event, after: int) -> None:
        """The news that an app is another's reaches a worker after so many microseconds."""
        raise NotImplementedError

    def fail(self) -> None:
        """A request was answered with an error, and the program does not catch it."""
        raise NotImplementedError

    def _settle(self, now: int) -> None:
        """Nothing can happen any more to the messages whose work is over."""
        self.world.settled(self._workers.done(now))

    def pending_id(self) -> str:
        """Return a new id for a sound or a recording; ARI lets its clients choose it."""
        self._asked += 1
        return f"{self.name}/{self._asked}"

    def forget(self, number: int) -> None:
        """A call is over; who may die of the 404 that comes next goes on with the end of its sound all the same."""
        if not self._fragile:
            self.pending.pop(number, None)
        self.known.discard(number)

    def forget_all(self) -> None:
        """The program has died, and another one begins with no knowledge of any call."""
        self.pending.clear()
        self.known.clear()
        self.rooms.forget()

    def busy_until(self) -> int:
        """Return when the last message that is on its way now will be dealt with."""
        return max(self._workers.busy_until(), self.stalled_until)

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
        """Send a REST request and return its status, 0 where no answer comes.

        Args:
            method: HTTP's method.
            path: What follows ``/ari``.
            query: Parameters.
            caller: Whose channel it is about.
            process: Who sends it.
            name: Its place in what the client does; the times that it takes belong to it.
            awaited: Come back when the answer has; otherwise as soon as Asterisk has done what was asked.
            but: Errors that the program reckons with.
            done: Is told what Asterisk has answered, whether that comes back or not.
        """
        world, generation = self.world, self.generation
        if self.stalled_until and (yield from self._outlived(generation)):
            return 0
        path, line = self._base + path, self._line()
        row = world.recorder.command(self.name, method, path, world.clock.now, caller.trace if caller else None)
        world.keep(caller)
        refused = (yield from self._knock(generation)) if self.door.shut_until else ""
        there, back = self.delays_of(caller, name)
        yield there
        answer = (0, refused) if refused else world.request(self, caller, self._request(method, path, query), process)
        if answer is None:
            # The channel is busy: Asterisk answers when it has come to the command, and wakes whoever waits for it.
            answer = yield None
        row.status, row.reason = answer
        if done is not None:
            done(row.status)
        world.release(caller)
        if awaited or self._fragile:
            yield back
            if not self._hears(line):
                return 0
        if row.status >= ERROR and self._fragile and row.status not in but and self.generation == generation:
            self.fail()
        return row.status

    def _knock(self, generation: int) -> Generator[int, Any, str]:
        """Wait until a request of a program that may die meanwhile gets through; return why it does not."""
        refused = yield from self.door.knock()
        return "crash" if (yield from self._outlived(generation)) else refused

    def _outlived(self, generation: int) -> Generator[int, Any, bool]:
        """Wait until the program does not stall; say whether it has died meanwhile."""
        yield from self.awake()
        return generation != self.generation

    def _line(self) -> Connection | None:
        """Return the connection over which requests go, if they share one with the events."""
        return None

    def _hears(self, line: Connection | None) -> bool:
        """Whether an answer comes back, to a request that went over a connection."""
        del line
        return True

    def _request(self, method: str, path: str, query: tuple[tuple[str, str], ...]) -> HttpRequest:
        return HttpRequest(method, path, query, self._user, None, (), *self._server)

    def _lose(self, message: Message) -> None:
        """A message is lost, and nobody will handle it."""
        self.world.lost(message)
        self.leave(message)

    def leave(self, message: Message) -> None:
        """Who was to handle a message, or waits for it, does not."""
        serial = message[0].serial
        process = self._handling.pop(serial, None)
        if process is not None:
            process.kill()
            self.world.release(message[1])
        happening = self._awaited.pop(serial, None)
        if happening is not None:
            self.world.clock.cancel(happening)

    def take_up(self, caller: Caller, app: str) -> None:
        """It works for a call from now on of whose StasisStart it has not heard."""
        del app
        self.known.add(caller.trace.number)

    def begin(self, serial: int) -> None:
        """A worker is through with an event: whoever handles it begins."""
        del self._handling[serial]
