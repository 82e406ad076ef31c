"""Moves an engine for a replay with what moves it in a run: the same clock, channels and links.

Links have no latency here, because a recording's steps are far apart; what a frozen one holds back is held back by
the very class that does so in a run.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from stasis_sim.handoff import effects
from stasis_sim.handoff.effects import Effect
from stasis_sim.handoff.engine import Engine
from stasis_sim.handoff.stimuli import Call, Stimulus
from stasis_sim.observe import trace
from stasis_sim.simulated.asterisk import Asterisk
from stasis_sim.simulated.clock import Clock
from stasis_sim.simulated.network import Connection, Message

_SEEN = (
    effects.STEP,
    effects.STASIS,
    effects.LEFT,
    effects.ENDED,
    effects.RESPONSE,
    effects.MISSED,
    effects.QUEUED,
    effects.CLOSE,
    effects.CONNECT,
    effects.REGISTRY,
    effects.LOG,
)
"""Effects that are seen when they happen; what is sent is seen when it arrives, and timers are never seen."""


class SimulatedDriver:
    """An engine in SimPy's time.

    Attributes:
        sink: Is given what is seen from outside, in its order.
        latest: When the last message arrives that was sent.
    """

    def __init__(self, engine: Engine) -> None:
        self.latest = 0
        self.sink: Callable[[Effect], None] = lambda _effect: None
        self._clock = Clock()
        listeners = dict.fromkeys(_SEEN, self._see)
        self._asterisk = Asterisk(self._clock, engine, {**listeners, effects.SEND: self._send})
        self._calls = itertools.count(1)
        self._links: dict[str, Connection] = {}
        self._on_the_way: dict[int, Effect] = {}

    def apply(self, stimulus: Stimulus) -> None:
        """Let something happen now."""
        if isinstance(stimulus, Call):
            self._asterisk.dial(next(self._calls), stimulus)
        else:
            self._asterisk.apply(stimulus)

    def run_until(self, at_us: int) -> None:
        """Let time go on, with all that is due at its last instant."""
        self._clock.run(until=at_us)

    def freeze(self, session: str) -> None:
        """Let a session's link pass nothing more."""
        self._link(session).freeze(self._clock.now)

    def thaw(self, session: str) -> None:
        """Let it pass again, with what has piled up."""
        self._link(session).thaw(self._clock.now)

    def latency(self, message: Message) -> int:
        """Messages arrive as they are sent."""
        del message
        return 0

    def receive(self, message: Message, arrives: int, now: int) -> None:
        """A message arrives."""
        del arrives, now
        self.sink(self._on_the_way.pop(message[0].serial))

    def _link(self, session: str) -> Connection:
        link = self._links.get(session)
        if link is None:
            link = self._links[session] = Connection(session, self, trace.Connection(0, session, (), self._clock.now))
        return link

    def _see(self, effect: Effect) -> None:
        self.sink(effect)

    def _send(self, effect: Effect) -> None:
        _, session, serial, app, type_, _, _ = effect
        self._on_the_way[serial] = effect
        self._link(session).send((trace.Event(serial, app, type_, self._clock.now), None, 0), self._clock.now)
