"""Asterisk in virtual time: the pure model, moved by SimPy.

Stimuli go in at the present instant, effects come out and are handed to whoever listens, timers become
happenings. Each channel is a SimPy process that runs its dialplan and sleeps where the dialplan waits. Runs of a
scenario and replays of recordings both stand on this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stasis_sim.handoff import effects
from stasis_sim.handoff.effects import Effect
from stasis_sim.handoff.engine import Engine
from stasis_sim.handoff.stimuli import Call, Stimulus, Timer
from stasis_sim.simulated.clock import Clock, Happening, Rank
from stasis_sim.simulated.process import Life, Process

Listener = Callable[[Effect], None]


class Asterisk:
    """One Asterisk in virtual time.

    Args:
        clock: The clock that all share.
        engine: The model.
        listeners: For each kind of effect who wants to hear of it. A listener must not call :meth:`apply`; what it
            wants to happen it puts on the clock.
    """

    def __init__(self, clock: Clock, engine: Engine, listeners: Mapping[str, Listener]) -> None:
        self.clock = clock
        self.engine = engine
        self.channels: dict[str, Process] = {}
        self._listeners: dict[str, Listener] = {
            **listeners,
            effects.TIMER: self._timer,
            effects.ENDED: self._ended(listeners.get(effects.ENDED)),
        }

    def apply(self, stimulus: Stimulus) -> None:
        """Let a stimulus happen now, and hand on what Asterisk does."""
        listeners = self._listeners
        for effect in self.engine.step(self.clock.now, stimulus):
            listener = listeners.get(effect[0])
            if listener is not None:
                listener(effect)

    def dial(self, number: int, call: Call) -> None:
        """Start the process of a new channel; ``number`` orders it among channels that do something at one instant."""
        process = self.channels[call.channel] = Process(self.clock, Rank.ASTERISK, number)
        process.start(self._life(call))

    def _life(self, call: Call) -> Life:
        """The channel: it runs the dialplan, and sleeps where the dialplan waits."""
        self.apply(call)
        while call.channel in self.channels:
            serial = yield None
            self.apply(Timer(serial))

    def _timer(self, effect: Effect) -> None:
        _, serial, delay, name, waits = effect
        process = self.channels.get(name)
        if process is None:
            self.clock.after(delay, Rank.ASTERISK, 0, self._fire, serial)
        elif waits:
            process.arm(delay, serial)
        else:
            self.clock.after(delay, Rank.ASTERISK, process.key, self._fire, serial)

    def _fire(self, happening: Happening) -> None:
        self.apply(Timer(happening.payload))

    def _ended(self, listener: Listener | None) -> Listener:
        def ended(effect: Effect) -> None:
            process = self.channels.pop(effect[1], None)
            if process is not None:
                process.kill()
            if listener is not None:
                listener(effect)

        return ended
