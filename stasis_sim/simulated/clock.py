"""Virtual time in whole microseconds, and the order of things that happen at the same instant.

Two things at the same instant are ordered by rank (what kind of thing), then by key (whose: the number of the
call, of the client or of the message), then in the order in which they were put down. So the outcome does not
hang on the order in which parts of the simulation were started. SimPy compares the priority of its events as a
number; rank and key make up that number.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from operator import attrgetter
from typing import Any

import simpy
from simpy.core import EmptySchedule

KEY_BITS = 48


class Rank(IntEnum):
    """What goes first at one instant.

    A fault first, so that a message sent at the instant of a cut is lost; then what the network brings, what
    Asterisk's own timers do, what clients do, what callers do; a new call meets the state that all else has left.
    """

    FAULT = 1
    NETWORK = 2
    ASTERISK = 3
    CLIENT = 4
    CALLER = 5
    ARRIVAL = 6


MOST_STEPS = 200_000
"""Things that may happen at one instant; what goes on for longer goes on for ever."""


class StandstillError(Exception):
    """Things go on at one instant without end."""

    def __init__(self, now: int) -> None:
        super().__init__(f"more than {MOST_STEPS:,} things happen at {now / 1e6:g} s, and time does not pass")


Action = Callable[[Any], Any]
"""What happens; it is given the :class:`Happening`."""


class Happening(simpy.Event):
    """Something that will happen at a known instant, with a rank and a key.

    Attributes:
        payload: What whoever put it down wants to be told then.
        idle: Whether it goes on for ever by itself and ends no call: a fault that comes again and again, a client that
            tries to come back.
    """

    idle = False

    def __init__(
        self, env: simpy.Environment, delay: int, priority: int, payload: Any = None, *actions: Action
    ) -> None:
        # Like simpy.Timeout, which knows no priorities: born triggered, and put down at once.
        self.env = env
        self.callbacks = [*actions]
        self._ok = True
        self._value = payload
        self.payload: Any = payload
        self._defused = False
        env.schedule(self, priority, delay)  # type: ignore[arg-type]


class Clock:
    """SimPy's environment with ranked happenings.

    Attributes:
        env: The environment; ``env.now`` is in microseconds.
        sure: So many more steps can be taken before :meth:`pending` may come to 0; 0 where nobody has counted.
    """

    __slots__ = ("_instant", "_steps", "env", "sure")

    def __init__(self) -> None:
        self.env = simpy.Environment(initial_time=0)
        self.sure = 0
        self._instant = -1
        self._steps = 0

    # Read twenty times for each call: straight from where SimPy keeps it, and without a frame of Python.
    now: int = property(attrgetter("env._now"))  # type: ignore[assignment]
    """The present instant in microseconds."""

    def after(self, delay: int, rank: Rank, key: int, action: Action, payload: Any = None) -> Happening:
        """Do something ``delay`` microseconds from now."""
        return Happening(self.env, delay, (rank << KEY_BITS) + key, payload, action)

    def sleep(self, delay: int, rank: Rank, key: int, *, idle: bool = False) -> Happening:
        """Return what a process yields to wait for ``delay`` microseconds."""
        happening = Happening(self.env, delay, (rank << KEY_BITS) + key)
        happening.idle = idle
        return happening

    def cancel(self, event: simpy.Event) -> None:
        """Let an event that is put down already ring for nobody; SimPy cannot take it back."""
        if event.callbacks:
            event.callbacks.clear()
            self.sure = 0

    def pending(self) -> int:
        """Return how many things are left to happen, beside what is idle and what was cancelled."""
        left = self.env._queue  # noqa: SLF001 - SimPy shows the instant of what is next, not the thing
        return sum(bool(event.callbacks) and not getattr(event, "idle", False) for _, _, _, event in left)

    def run(self, until: int | None = None) -> None:
        """Let time pass up to and with the instant ``until``, or until nothing is left to happen."""
        stopped: list[Happening] = []
        if until is not None:
            Happening(self.env, until - self.now, (len(Rank) + 1) << KEY_BITS, None, stopped.append)
        with suppress(EmptySchedule):
            while not stopped:
                self.step()

    def step(self) -> None:
        """Let the next thing happen.

        Raises:
            StandstillError: Time does not pass any more.
            EmptySchedule: There is none.
        """
        self.env.step()
        now = self.now
        if now != self._instant:
            self._instant, self._steps = now, 0
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise StandstillError(now)
