"""When the program of a client stalls, and what becomes of its time.

What would arrive during a stall is read when it is over, and a worker does nothing meanwhile: it lives by a clock of
its own, which stands still during stalls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stasis_sim.openloop.links import FOR_EVER
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.openloop.searching import count_before
from stasis_sim.openloop.symbols import STALL

if TYPE_CHECKING:
    from stasis_sim.openloop.links import Ints
    from stasis_sim.openloop.queueing import Free


class _Arrays(NamedTuple):
    """Stalls as arrays.

    Attributes:
        begins, ends: Of each, in microseconds.
        before: How long all those before each of them last, and all of them.
    """

    begins: Ints
    ends: Ints
    before: Ints


class Stalls:
    """The stalls of one client's program, known as far as history has seen them.

    Args:
        any: Whether there may be any.
    """

    def __init__(self, *, any: bool = False) -> None:  # noqa: A002 - as of doors and thaws
        self.any = any
        self._begins: list[int] = []
        self._ends: list[int] = []
        self._until = 0
        self._asleep = False

    def see(self, at: int, until: int, *, asleep: bool) -> None:
        """Note up to when the program stalls after something has happened.

        Args:
            at: The instant.
            until: Up to when it stalls; 0: it lives anew.
            asleep: Whether its connection is not read for now.

        Raises:
            ClosedLoopError: It has died meanwhile.
        """
        if until != self._until:
            if until and self._ends and (self._ends[-1] > at or (self._ends[-1] == at and self._asleep)):
                self._ends[-1] = until
            elif until:
                self._begins.append(at)
                self._ends.append(until)
            elif self._until > at:
                raise ClosedLoopError("a program that dies while it stalls")
            self._until = until
        self._asleep = asleep

    def ends_at(self, at: int) -> bool:
        """Say whether a stall ends at an instant, and what has been written meanwhile is not read yet."""
        return self._asleep and self._ends[-1] == at

    def _arrays(self) -> _Arrays:
        begins, ends = np.array(self._begins, np.int64), np.array(self._ends, np.int64)
        return _Arrays(begins, ends, np.concatenate([[0], np.cumsum(ends - begins)]).astype(np.int64))

    def between(self, begin: int, end: int) -> int:
        """Return how many end after an instant, and up to and with another."""
        return sum(begin < at <= end for at in self._ends)

    def following(self, what: int, instants: Ints, number: int) -> Ints:
        """Return for instants when the stall of a number begins or ends of those that end after them, from 0."""
        begins, ends, _ = self._arrays()
        places = count_before(ends, instants, "right") + number
        return np.append(begins if what == STALL else ends, np.full(number + 1, FOR_EVER))[places]

    def read(self, arrives: Ints, *, instant: bool) -> Ints:
        """Return when messages are read that arrive at instants.

        Args:
            arrives: The instants, in microseconds.
            instant: Whether they are written at these instants, so that none of them arrives before the stall begins.
        """
        if not self._begins:
            return arrives
        begins, ends, _ = self._arrays()
        last = count_before(begins, arrives, "right" if instant else "left") - 1
        return np.maximum(arrives, np.where(last < 0, 0, ends[last]))

    def unread(self, written: Ints, arrives: Ints) -> Ints:
        """Return for messages the last stall before they are read, if they are written before its end; else -1."""
        if not self._begins:
            return np.full(len(written), -1)
        begins, ends, _ = self._arrays()
        last = count_before(begins, arrives, "right") - 1
        return np.where((last >= 0) & (written < ends[last]), last, -1)

    def shift(
        self, waits: Callable[[Ints, Ints, Free], tuple[Ints, Free]], arrives: Ints, service: Ints, free: Free
    ) -> tuple[Ints, Free]:
        """Return how long messages wait for workers that do nothing during stalls, and when these are free after them.

        Args:
            waits: Says it of workers that never stall.
            arrives: When they are read, in microseconds, rising.
            service: How long a worker needs for each.
            free: When each worker is free before them, rising.
        """
        if not self._begins or not len(arrives):
            return waits(arrives, service, free)
        passed = self.awake(arrives)
        found, after = waits(passed, service, tuple(self.awake(np.array(free)).tolist()))
        # What needs no time and is read at the end of a stall is not done at its beginning.
        finish = np.maximum(self.real(passed + found + service), arrives)
        return finish - service - arrives, tuple(self.real(np.array(after)).tolist())

    def awake(self, at: Ints) -> Ints:
        """Return how much time has passed for the program up to instants."""
        begins, ends, before = self._arrays()
        last = count_before(begins, at, "right") - 1
        return at - np.where(last < 0, 0, before[last] + np.minimum(at, ends[last]) - begins[last])

    def real(self, passed: Ints) -> Ints:
        """Return the first instants at which so much time has passed for the program."""
        begins, _, before = self._arrays()
        return passed + before[count_before(begins - before[:-1], passed, "left")]
