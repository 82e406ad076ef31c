"""When calls arrive: each source of traffic as a rising sequence of instants.

An arrival's number within its source decides all its draws (see :mod:`stasis_sim.randomness`), so a source is the
same whatever else happens and whatever other sources there are.
"""

from __future__ import annotations

import heapq
import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stasis_sim.randomness import Drawn, Durations, Streams
from stasis_sim.scenario.arrivals import Arrivals, At, Bursts, Daily, Every, FromCsv, Poisson, Rates
from stasis_sim.scenario.numerics import log1p
from stasis_sim.scenario.quantities import LONGEST_US
from stasis_sim.simulated.draws import durations

DAY = 86_400_000_000
SECOND = 1_000_000
"""Microseconds."""

GATHERED: Final = 256
"""How many instants that come one by one are made at a time."""

Ints: TypeAlias = NDArray[np.int64]


class Arrival(NamedTuple):
    """A call arrives.

    Attributes:
        at: Instant in microseconds.
        source: Position of its source in the scenario.
        number: Number within the source, from 0.
    """

    at: int
    source: int
    number: int


def arrivals(sources: Sequence[Iterable[int]]) -> Iterator[Arrival]:
    """Merge sources into one rising sequence; at one instant the source that stands first goes first."""
    numbered = [_numbered(position, instants) for position, instants in enumerate(sources)]
    return numbered[0] if len(numbered) == 1 else heapq.merge(*numbered)


def _numbered(position: int, instants: Iterable[int]) -> Iterator[Arrival]:
    return (Arrival(at, position, number) for number, at in enumerate(instants))


def instants(kind: Arrivals, streams: Streams, name: str, clock_us: int, count: int | None) -> Iterator[int]:
    """Return the instants at which a source offers calls, in microseconds from the start of the run.

    Args:
        kind: What the scenario says of them.
        streams: Where random numbers come from.
        name: Name of the source, which names its streams.
        clock_us: The wall clock at the start of the run, in microseconds since an epoch that began at midnight.
        count: How many calls come at most; None: no limit.
    """
    return itertools.chain.from_iterable(block.tolist() for block in blocks(kind, streams, name, clock_us, count))


def blocks(kind: Arrivals, streams: Streams, name: str, clock_us: int, count: int | None) -> Iterator[Ints]:
    """Return the same instants as :func:`instants`, many at a time; no block is empty."""
    left = sys.maxsize if count is None else count
    for block in _unlimited(kind, streams, f"calls/{name}/arrivals", clock_us):
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return


def _unlimited(kind: Arrivals, streams: Streams, name: str, clock_us: int) -> Iterator[Ints]:
    match kind:
        case Poisson():
            return _accumulated(_rate_gaps(streams, name, kind.rate.per_s))
        case Every():
            return _accumulated(durations(streams, name, kind.gap))
        case Bursts():
            return _gathered(_bursts(kind, streams, name))
        case Daily():
            return _gathered(_daily(kind.rates, streams, name, clock_us))
        case At() | FromCsv():
            return iter([np.array(kind.at_us, np.int64)])


def _accumulated(gaps: Durations) -> Iterator[Ints]:
    """Return the instants behind gaps, up to the first that no run lasts until: sums of more would not fit."""
    last = 0
    for block in gaps.blocks():
        behind = np.flatnonzero(np.cumsum(block, dtype=np.float64) > LONGEST_US - last)
        instants_ = last + np.cumsum(block[: behind[0] + 1] if len(behind) else block)
        last = int(instants_[-1])
        yield instants_
        if len(behind):
            return


def _gathered(one_by_one: Iterator[int]) -> Iterator[Ints]:
    while gathered := list(itertools.islice(one_by_one, GATHERED)):
        yield np.array(gathered, np.int64)


def _rate_gaps(streams: Streams, name: str, per_s: float) -> Drawn:
    """Return exponential gaps in microseconds, none longer than a hundred years."""

    def quantile(uniform: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.rint(np.minimum(-log1p(-uniform) * (SECOND / per_s), LONGEST_US)).astype(np.int64)

    return streams.durations(name, quantile)


def _bursts(kind: Bursts, streams: Streams, name: str) -> Iterator[int]:
    """Poisson on a clock that stands still while the source is off."""
    on, off = durations(streams, f"{name}/on", kind.on), durations(streams, f"{name}/off", kind.off)
    number = begin = before = 0
    end = on[0]
    for at in itertools.accumulate(_rate_gaps(streams, name, kind.rate.per_s).in_order()):
        while at - before >= end - begin:
            before += end - begin
            begin = end + off[number]
            number += 1
            end = begin + on[number]
        yield begin + at - before


def _daily(rates: Rates, streams: Streams, name: str, clock_us: int) -> Iterator[int]:
    """Poisson whose rate depends on the time of the day: unit gaps, spent at the rate that holds."""
    gaps = _rate_gaps(streams, name, 1.0).in_order()
    at = 0
    while True:
        left = float(next(gaps))  # in calls times a million
        while True:
            rate, until = _rate_at(rates, (clock_us + at) % DAY)
            if rate * until > left:
                break
            left -= rate * until
            at += until
            if at > LONGEST_US:
                return
        at += round(left / rate)
        yield at


def _rate_at(rates: Rates, time: int) -> tuple[float, int]:
    """Return the rate per second that holds at a time of the day, and for how many microseconds it does."""
    current = rates[-1][1]  # yesterday's last, until the first of today
    for begin, rate in rates:
        if begin > time:
            return current.per_s, begin - time
        current = rate
    return current.per_s, DAY - time
