"""Whether the requests of a client get to Asterisk, over time: the same whatever calls there are."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

import numpy as np

from stasis_sim.openloop.links import Link, priority
from stasis_sim.openloop.stalls import Stalls
from stasis_sim.simulated.clock import Rank
from stasis_sim.simulated.strikes import Strikes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stasis_sim.openloop.links import Ints
    from stasis_sim.randomness import Streams
    from stasis_sim.scenario import Scenario
    from stasis_sim.scenario.faults import Fault

SHUTTING: Final = ("shut_out", "partition")
"""Faults that shut a client's door."""

OPEN, REFUSING, SILENT = range(3)
"""States of a door, looked at as those of a link are; before the first fault it is open."""


class Door(Link):
    """The door of one client: the faults that shut it, known as far as somebody has asked.

    Args:
        target: The client, as faults name it.
        scenario: Which faults there are.
        streams: Random numbers of the replication.

    Attributes:
        any: Whether anything ever shuts it.
    """

    def __init__(self, target: str, scenario: Scenario, streams: Streams) -> None:
        super().__init__(self._advance, mortal=False, stalls=Stalls())
        faults = [
            _strikes(number, fault, streams)
            for number, fault in enumerate(scenario.faults)
            if fault.target == target and fault.verb in SHUTTING
        ]
        self.any = bool(faults)
        self._ahead = heapq.merge(*faults)
        self._next = next(self._ahead, None)
        self._until = 0
        # For each change which fault has shut it, -1: none; behind the last one stands what was before the first.
        self._faults: list[int] = []

    def _advance(self, until: int) -> None:
        """Know all faults up to and with an instant."""
        while self._next is not None and self._next[0] <= until:
            at, fault, lasts, state = self._next
            self._open(at)
            # Of two faults the one that ends later counts.
            if at + lasts > self._until:
                self._until = at + lasts
                self._set(at, priority(Rank.FAULT, fault), state, fault)
            self._next = next(self._ahead, None)
        self._open(until)

    def _open(self, at: int) -> None:
        """Let it be open again, if it is by an instant: nothing happens then, so nothing goes before it."""
        if self.kinds and self.kinds[-1] != OPEN and self._until <= at:
            self._set(self._until, 0, OPEN, -1)

    def _set(self, at: int, place: int, state: int, fault: int) -> None:
        self.note(at, place, state, 0, 0)
        self._faults.append(fault)

    def shut_by(self, at: Ints, rank: int, numbers: Ints) -> Ints:
        """Return which fault it was shut by when things happened."""
        return np.array(self._faults, np.int64)[self.look(at, rank, numbers)]


def _strikes(number: int, fault: Fault, streams: Streams) -> Iterator[tuple[int, int, int, int]]:
    """Yield when a fault strikes, its number, how long that lasts, and the state of the door meanwhile."""
    strikes = Strikes(number, fault, streams)
    state = SILENT if fault.mode == "blackhole" or fault.verb == "partition" else REFUSING
    for strike, at in enumerate(strikes):
        yield at, number, strikes.lasts[strike], state
