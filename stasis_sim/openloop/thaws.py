"""When the frozen link of a client passes again: the same whatever calls there are."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

import numpy as np

from stasis_sim.openloop.links import FOR_EVER
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.openloop.searching import count_before
from stasis_sim.simulated.strikes import Strikes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stasis_sim.openloop.links import Ints
    from stasis_sim.randomness import Streams
    from stasis_sim.scenario import Scenario
    from stasis_sim.scenario.faults import Fault

FREEZING: Final = ("freeze", "partition")
"""Faults that freeze the link of a client."""

STOPPING: Final = (*FREEZING, "stall")
"""Faults in which a client reads nothing for a while."""

MOST_STRIKES: Final = 10_000
"""A link that so many of them keep from passing is left to the event engine."""

_Turn = tuple[int, int, int]
"""An instant in microseconds, the number of the fault, and what orders its strikes and their ends at one instant."""


class Thaws:
    """When the last of the faults is over that freeze the link of one client, known as far as somebody has asked.

    Args:
        target: The client, as faults name it.
        scenario: Which faults there are.
        streams: Random numbers of the replication.

    Attributes:
        any: Whether anything ever freezes it for a while.
    """

    def __init__(self, target: str, scenario: Scenario, streams: Streams) -> None:
        faults = [
            _strikes(number, fault, streams)
            for number, fault in enumerate(scenario.faults)
            if fault.target == target and fault.verb in FREEZING and fault.lasts is not None
        ]
        self.any = bool(faults)
        self._ahead = heapq.merge(*faults)
        self._next = next(self._ahead, None)
        self._ends: list[_Turn] = []
        self._times: list[int] = []

    def following(self, instants: Ints, number: int) -> Ints:
        """Return for instants the thaw of a number after them, from 0; FOR_EVER where there is none."""
        self._reach(int(instants.max(initial=0)), number)
        times = np.array(self._times, np.int64)
        places = count_before(times, instants, "right") + number
        return np.append(times, np.full(number + 1, FOR_EVER))[places]

    def between(self, begin: int, end: int) -> int:
        """Return how many there are after an instant, and up to and with another."""
        self._reach(end, 0)
        return sum(begin < at <= end for at in self._times)

    def _reach(self, until: int, further: int) -> None:
        """Know all up to and with an instant, and so many and one more, if there are any."""
        strikes = 0
        while len(self._times) <= further or self._times[-1 - further] <= until:
            strike = self._next
            if strike is not None and (not self._ends or strike[0] < self._ends[0]):
                heapq.heappush(self._ends, strike[1])
                self._next = next(self._ahead, None)
                strikes += 1
                if strikes > MOST_STRIKES:
                    raise ClosedLoopError(f"more than {MOST_STRIKES:,} faults that freeze a link, and it never passes")
            elif self._ends:
                at, _, _ = heapq.heappop(self._ends)
                if not self._ends:
                    self._times.append(at)
                    strikes = 0
            else:
                return


def _strikes(number: int, fault: Fault, streams: Streams) -> Iterator[tuple[_Turn, _Turn]]:
    """Yield the strikes of a fault with their ends."""
    strikes = Strikes(number, fault, streams)
    # Those that are written out are put down before the run; one that comes again and again when the last is over.
    again = fault.every is not None
    for strike, at in enumerate(strikes):
        yield (at, number, int(again)), (at + strikes.lasts[strike], number, int(not again))


def over(scenario: Scenario, streams: Streams) -> list[int]:
    """Return when the faults are over that do not strike again and again, as far as a run waits for that.

    Raises:
        ClosedLoopError: One that strikes again and again is waited for each time.
    """
    instants = []
    for number, fault in enumerate(scenario.faults):
        freezes = fault.verb in FREEZING and fault.lasts is not None
        if fault.every is None:
            strikes = Strikes(number, fault, streams)
            instants += [at + freezes * strikes.lasts[strike] for strike, at in enumerate(strikes)]
        elif freezes:
            raise ClosedLoopError("a link that is frozen again and again, and calls that never end")
    return instants
