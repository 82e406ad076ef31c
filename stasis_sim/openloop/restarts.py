"""When Asterisk is killed, and when it is there again: the same whatever calls there are."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from stasis_sim.openloop.links import FOR_EVER, Ints
from stasis_sim.openloop.searching import count_before
from stasis_sim.openloop.symbols import AGAIN, BACK, KILL, UNTIL
from stasis_sim.simulated.strikes import Strikes

if TYPE_CHECKING:
    from stasis_sim.randomness import Streams
    from stasis_sim.scenario import Scenario
    from stasis_sim.scenario.faults import Fault

_AHEAD: Final = 3
"""What must lie behind an instant: two restarts, and the end of all times."""


class Restart(NamedTuple):
    """Asterisk is killed at an instant, by a fault, and is there again at another one; in microseconds."""

    at: int
    fault: int
    back: int


class Restarts:
    """The restarts of Asterisk in one replication, known as far as somebody has asked.

    Args:
        scenario: Which faults there are.
        streams: Random numbers of the replication.

    Attributes:
        any: Whether there are any.
    """

    def __init__(self, scenario: Scenario, streams: Streams) -> None:
        faults = [
            _restarts(number, fault, streams)
            for number, fault in enumerate(scenario.faults)
            if fault.verb == "restart" and fault.client is None
        ]
        self.any = bool(faults)
        self._ahead = heapq.merge(*faults)
        self._known: list[Restart] = []
        self._killed: dict[int, int] = {}

    def column(self, symbol: int, arrivals: Ints) -> Ints:
        """Return the values of a symbol for calls that arrive at instants, FOR_EVER where there is none."""
        self._reach(int(arrivals.max(initial=0)))
        times, back = self._arrays
        following = count_before(times, arrivals, "right")
        if symbol == UNTIL:
            # Before the first one stands the end of the array, and nothing is down.
            return np.where(following > 0, back[following - 1], 0)
        return {KILL: times, BACK: back, AGAIN: np.append(times[1:], FOR_EVER)}[symbol][following]

    def kill(self, instants: Ints) -> None:
        """Note that calls were killed at instants."""
        for at in instants.tolist():
            self._killed[at] = self._killed.get(at, 0) + 1

    def touched(self, fault: int) -> int:
        """Return how many calls a fault has killed; of several at one instant the first one does."""
        firsts: dict[int, int] = {}
        for each in self._known:
            firsts.setdefault(each.at, each.fault)
        return sum(count for at, count in self._killed.items() if firsts[at] == fault)

    def _reach(self, until: int) -> None:
        """Know the two instants of restarts after an instant, if there are any, and all of the first of them."""
        while len(times := self._arrays[0]) < _AHEAD or times[-_AHEAD] <= until:
            following = next(self._ahead, None)
            if following is None:
                return
            self._known.append(following)
            self.__dict__.pop("_arrays", None)

    @cached_property
    def _arrays(self) -> tuple[Ints, Ints]:
        """When Asterisk is killed, each instant once, and when it is there again: the last one says it."""
        back = {each.at: each.back for each in self._known}
        return np.array([*back, FOR_EVER], np.int64), np.array([*back.values(), FOR_EVER], np.int64)


def _restarts(number: int, fault: Fault, streams: Streams) -> Iterator[Restart]:
    strikes = Strikes(number, fault, streams)
    for strike, at in enumerate(strikes):
        yield Restart(at, number, at + strikes.lasts[strike])
