"""Programs: what a client does with the events that reach it, and the REST requests that it sends.

Its *workers* take messages in the order in which they come; a message for which the scenario names actions starts a
process of its own, which carries them out once a worker is through with it. Whether there is a connection over which
events come is not decided here: see :mod:`stasis_sim.simulated.clients`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from stasis_sim.handoff.access import HttpRequest
from stasis_sim.simulated.actions import Playback, handle, plan
from stasis_sim.simulated.bridging import Rooms
from stasis_sim.simulated.callers import Caller
from stasis_sim.simulated.clock import Happening, Rank
from stasis_sim.simulated.draws import durations
from stasis_sim.simulated.network import Message
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
        latency: Returns how long the next message takes one way, in microseconds.
        generation: Rises with each crash; whoever worked for an earlier one has died with it.
        playing: For each call the playbacks whose end is waited for, by their ids.
        known: Numbers of the calls that it works for, or has worked for; a crash forgets them.
        rooms: Its bridges.
    """

    def __init__(self, world: World, index: int, name: str, spec: ClientSpec) -> None:
        self.world = world
        self.index = index
        self.name = name
        self.spec = spec
        self.generation = 0
        self._partitions = 0
        self.playing: dict[int, dict[str, Playback]] = {}
        self._played_sounds = 0
        self.known: set[int] = set()
        self.rooms = Rooms(index)
        self._workers = Workers(spec.workers)
        self._base = spec.path.rpartition("/")[0]
        # Read in order and bound to the iterator: this is asked for with every message and every request.
        self.latency = durations(world.streams, f"clients/{name}/latency", spec.latency).in_order().__next__
        answers = durations(world.streams, f"clients/{name}/answers", world.scenario.asterisk.latency)
        self._answer_time = answers.in_order().__next__
        self._fragile = spec.on_error == "crashes"
        self._user = (spec.user, spec.password)
        self._server = (spec.host, spec.port, spec.tls)
        # For the events that are not dealt with yet who will handle them, and who waits for them, by their serials.
        self._handling: dict[int, Process] = {}
        self._awaited: dict[int, Happening] = {}
        self._plans = {event: plan(todo) for event, todo in spec.on.items() if todo}
        self._durations: dict[tuple[str | int, ...], Durations] = {}
        self._services: dict[tuple[str, int, int], Durations] = {}

    @property
    def partitioned(self) -> bool:
        """Whether REST requests get no answer."""
        return self._partitions > 0

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
        services = self._services.get((event.app, number, caller.source)) or self._service(message, caller)
        finish = workers.take(arrives, services[caller.index], message)
        todo = self._plans.get(event.type)
        if todo is not None:
            process = self._handling[event.serial] = Process(self.world.clock, Rank.CLIENT, caller.trace.number)
            process.start(handle(process, self, message, todo, finish))
        if event.type == "PlaybackFinished":
            number, playback = caller.trace.number, self.world.playback(event)
            if playback in self.playing.get(number, ()):
                payload = (event.serial, number, playback)
                after = self.world.clock.after
                self._awaited[event.serial] = after(finish - now, Rank.CLIENT, number, self._played, payload)

    def _played(self, happening: Happening) -> None:
        """A worker has seen that a playback is over: whoever waited for it goes on."""
        serial, number, playback = happening.payload
        del self._awaited[serial]
        asked = self.playing.get(number, {}).pop(playback, None)
        if asked is not None:
            asked.finish()

    def _service(self, message: Message, caller: Caller) -> Durations:
        """Return the times that a worker needs for such messages: by app, source and place in the call's events."""
        event, _, number = message
        name = f"service/{event.app}/{number}/{self.world.callers.source_name(caller.source)}"
        drawn = durations(self.world.streams, name, self.spec.service)
        self._services[event.app, number, caller.source] = drawn
        return drawn

    def duration(self, name: tuple[str | int, ...], distribution: Distribution, caller: Caller) -> int:
        """Return the duration in microseconds that belongs to a name and a caller."""
        key = (*name, caller.source)
        drawn = self._durations.get(key)
        if drawn is None:
            stream = "/".join(map(str, (*name, self.world.callers.source_name(caller.source))))
            drawn = self._durations[key] = durations(self.world.streams, stream, distribution)
        return drawn[caller.index]

    def replaced(self, event: Event, after: int) -> None:
        """The news that an app is another's reaches a worker after so many microseconds."""
        raise NotImplementedError

    def fail(self) -> None:
        """A request was answered with an error, and the program does not catch it."""
        raise NotImplementedError

    def _settle(self, now: int) -> None:
        """Nothing can happen any more to the messages whose work is over."""
        self.world.settled(self._workers.done(now))

    def playback_id(self) -> str:
        """Return a new id for a playback; ARI lets its clients choose it."""
        self._played_sounds += 1
        return f"{self.name}/{self._played_sounds}"

    def forget(self, number: int) -> None:
        """A call is over."""
        self.playing.pop(number, None)
        self.known.discard(number)

    def busy_until(self) -> int:
        """Return when the last message that is on its way now will be dealt with."""
        return self._workers.busy_until()

    def rest(
        self,
        method: str,
        path: str,
        query: tuple[tuple[str, str], ...],
        caller: Caller | None,
        process: Process,
        *,
        awaited: bool = True,
        but: tuple[int, ...] = (),
    ) -> Generator[int | None, Any, int]:
        """Send a REST request and return its status, 0 where no answer can come.

        Args:
            method: HTTP's method.
            path: What follows ``/ari``.
            query: Parameters.
            caller: Whose channel it is about.
            process: Who sends it.
            awaited: Come back when the answer has; otherwise as soon as Asterisk has done what was asked.
            but: Errors that the program reckons with.
        """
        world, generation = self.world, self.generation
        path = self._base + path
        row = world.recorder.command(self.name, method, path, world.clock.now, caller.trace if caller else None)
        world.keep(caller)
        answer_time = self._answer_time()
        yield self.latency()
        answer = world.request(self, caller, self._request(method, path, query), process)
        if answer is None:
            # The channel is busy: Asterisk answers when it has come to the command, and wakes whoever waits for it.
            answer = yield None
        row.status, row.reason = answer
        world.release(caller)
        if awaited or self._fragile:
            yield answer_time + self.latency()
        if row.status >= ERROR and self._fragile and row.status not in but and self.generation == generation:
            self.fail()
        return row.status

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

    def begin(self, serial: int) -> None:
        """A worker is through with an event: whoever handles it begins."""
        del self._handling[serial]
