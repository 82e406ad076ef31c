"""Processes that are cheap enough for one a call: a generator and one event, armed again and again.

SimPy's own :class:`simpy.Process` costs an event to begin, one to end and one for each sleep. Here the generator
runs at once up to its first ``yield``; what it yields is how long it sleeps, in microseconds, or None to sleep until
somebody arms its alarm; what ``yield`` gives back is the alarm's value.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from stasis_sim.simulated.clock import KEY_BITS, Clock, Rank

Life = Generator[int | None, Any, None]


class Process:
    """A generator that lives in virtual time.

    Args:
        clock: The clock.
        rank: What kind of thing it is.
        key: Whose it is: orders it among others of its kind at one instant.
    """

    __slots__ = ("_alarm", "_clock", "_env", "_generator", "_priority", "key")

    def __init__(self, clock: Clock, rank: Rank, key: int) -> None:
        self._clock = clock
        self._env = clock.env
        self.key = key
        self._priority: Any = (rank << KEY_BITS) + key
        self._alarm: simpy.Event | None = None
        self._generator: Life | None = None

    def start(self, generator: Life) -> None:
        """Run a generator up to its first sleep."""
        self._generator = generator
        self._go_on(None)

    def arm(self, delay: int, value: Any = None) -> None:
        """Let it go on after a delay, instead of whenever it would have gone on."""
        alarm = self._alarm
        if alarm is None:
            alarm = self._alarm = simpy.Event(self._env)
            alarm._ok = True  # noqa: SLF001 - as simpy.Timeout does: it cannot fail
        elif alarm.callbacks:
            self._clock.cancel(alarm)
            self._alarm = None
            self.arm(delay, value)
            return
        alarm.callbacks = [self._go_on]
        alarm._value = value  # noqa: SLF001
        self._env.schedule(alarm, self._priority, delay)

    def kill(self) -> None:
        """Never go on."""
        if self._alarm is not None and self._alarm.callbacks:
            self._clock.cancel(self._alarm)
            self._alarm = None
        self._generator = None

    def _go_on(self, alarm: simpy.Event | None) -> None:
        """Run the generator up to its next sleep; its alarm has rung, or there has been none yet."""
        generator = self._generator
        if generator is None:
            return
        try:
            # The property of SimPy costs a call more.
            delay = generator.send(None if alarm is None else alarm._value)  # noqa: SLF001
        except StopIteration:
            self._generator = None
        else:
            if delay is not None:
                self.arm(delay)
