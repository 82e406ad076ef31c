"""The calls of a run in windows: some from each source, as many as are worth an array, and none twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from stasis_sim.openloop.links import FOR_EVER
from stasis_sim.simulated.traffic import blocks

if TYPE_CHECKING:
    from stasis_sim.openloop.links import Ints
    from stasis_sim.randomness import Streams
    from stasis_sim.scenario import Scenario

CALLS: Final = 1 << 15
"""About so many calls of each source are in a window."""

_NONE: Final = np.empty(0, np.int64)


class Window(NamedTuple):
    """Calls that arrive in one stretch of time.

    Attributes:
        arrivals: For each source the numbers of its calls in the run, their numbers within the source, and when
            they arrive, in microseconds.
        end: When the first call of the next window arrives; FOR_EVER: there is none.
        last: When the last call of this one arrives.
    """

    arrivals: list[tuple[Ints, Ints, Ints]]
    end: int
    last: int


class _Source:
    """A source of calls that is read ahead."""

    def __init__(self, arrivals: Iterator[Ints], end: int) -> None:
        self._arrivals = arrivals
        self._end = end
        self._taken = 0
        self.ahead = np.empty(0, np.int64)
        self.exhausted = False

    def read(self) -> None:
        """Read further ahead."""
        fresh = [_NONE]
        while sum(map(len, fresh)) < CALLS and not self.exhausted:
            block = next(self._arrivals, _NONE)
            self.exhausted = not len(block) or block[-1] >= self._end
            fresh.append(block[: np.searchsorted(block, self._end, side="left")])
        self.ahead = np.concatenate([self.ahead, *fresh])

    def take(self, before: int) -> tuple[Ints, Ints]:
        """Return the numbers and instants of the calls before an instant."""
        count = int(np.searchsorted(self.ahead, before, side="left"))
        taken, self.ahead = self.ahead[:count], self.ahead[count:]
        indices = np.arange(self._taken, self._taken + count)
        self._taken += count
        return indices, taken


class _Sources:
    """All sources of calls.

    Attributes:
        over: Whether all of their calls have been taken.
    """

    def __init__(self, scenario: Scenario, streams: Streams) -> None:
        end = FOR_EVER if scenario.run.duration_us is None else scenario.run.duration_us
        clock = scenario.asterisk.clock_us
        self._sources = [
            _Source(blocks(calls.arrivals, streams, calls.name, clock, calls.count), end) for calls in scenario.calls
        ]
        self._number = 1
        self._last = 0
        self.over = False

    def take(self) -> Window:
        """Return the calls of the next window."""
        for source in self._sources:
            # A run of calls at one instant is never split, however long it is.
            while not source.exhausted and (len(source.ahead) < CALLS or source.ahead[0] == source.ahead[-1]):
                source.read()
        before = min((int(source.ahead[-1]) for source in self._sources if not source.exhausted), default=FOR_EVER)
        taken = [source.take(before) for source in self._sources]
        following = min((int(source.ahead[0]) for source in self._sources if len(source.ahead)), default=FOR_EVER)
        numbers = _number([at for _, at in taken], self._number)
        self._number += sum(map(len, numbers))
        self._last = max(self._last, *(int(at[-1]) for _, at in taken if len(at)), 0)
        self.over = following == FOR_EVER
        calls = [(mine, indices, at) for mine, (indices, at) in zip(numbers, taken, strict=True)]
        return Window(calls, following, self._last)


def windows(scenario: Scenario, streams: Streams) -> Iterator[Window]:
    """Yield the calls of a run, window by window; the last window is the one without an end."""
    sources = _Sources(scenario, streams)
    while not sources.over:
        yield sources.take()


def _number(arrivals: list[Ints], first: int) -> list[Ints]:
    """Number calls in the order of their arrival; at one instant the source that stands first goes first."""
    if len(arrivals) == 1:
        return [np.arange(first, first + len(arrivals[0]))]
    source = np.concatenate([np.full(len(at), place) for place, at in enumerate(arrivals)])
    order = np.lexsort((source, np.concatenate(arrivals)))
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.arange(first, first + len(order))
    return np.split(numbers, np.cumsum([len(at) for at in arrivals])[:-1])
