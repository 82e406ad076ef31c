"""How long what passes between a client and Asterisk takes.

Each time belongs to the call and to its place in it: a message is number so-and-so of an app about this call, a request
is this one of this handler. So the same message takes the same time under every profile and policy. What is about no
call belongs to the client, and is numbered in the order in which it comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stasis_sim.scenario.distributions import Constant
from stasis_sim.simulated.draws import durations

if TYPE_CHECKING:
    from collections.abc import Callable

    from stasis_sim.randomness import Durations
    from stasis_sim.scenario.distributions import Distribution
    from stasis_sim.simulated.callers import Caller
    from stasis_sim.simulated.network import Message
    from stasis_sim.simulated.world import World

Name = tuple[str | int, ...]


class Delays:
    """The delays of one client.

    Args:
        world: Where it lives.
        client: Its name.
        latency: How long anything takes one way.
        answer: How long it takes until a request is answered at the other end.

    Attributes:
        of_message: Returns how long a message takes, in microseconds.
        of_request: Returns how long a request takes there, and how long its answer takes from then on; given whose
            channel it is about, if anybody's, and its name: the place of the request in what the client does.
    """

    def __init__(self, world: World, client: str, latency: Distribution, answer: Distribution) -> None:
        self._world = world
        self._client = client
        self._latency = latency
        self._answer = answer
        self._drawn: dict[Name, Durations] = {}
        self._loose: dict[str, int] = {}
        self.of_message: Callable[[Message], int] = self._message
        self.of_request: Callable[[Caller | None, Name], tuple[int, int]] = self._request
        # Asked for with every message and every request, and most often there is nothing to draw.
        if isinstance(latency, Constant):
            us = latency.value_us
            self.of_message = lambda _: us
            if isinstance(self._answer, Constant):
                both = us, self._answer.value_us + us
                self.of_request = lambda *_: both

    def _message(self, message: Message) -> int:
        event, caller, number = message
        return self._time((event.app, number), "latency", self._latency, caller)

    def _request(self, caller: Caller | None, name: Name) -> tuple[int, int]:
        there, back = (self._time(name, way, self._latency, caller) for way in ("there", "back"))
        return there, self._time(name, "answer", self._answer, caller) + back

    def _time(self, name: Name, what: str, distribution: Distribution, caller: Caller | None) -> int:
        if caller is None:
            index = self._loose[what] = self._loose.get(what, -1) + 1
            key: Name = ("clients", self._client, what)
        else:
            index = caller.index
            key = (what, *name, self._world.callers.source_name(caller.source))
        drawn = self._drawn.get(key)
        if drawn is None:
            drawn = self._drawn[key] = durations(self._world.streams, "/".join(map(str, key)), distribution)
        return drawn[index]
