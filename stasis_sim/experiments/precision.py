"""How many replications it takes until the intervals are narrow enough.

Replications are added in steps until the half-width of each interval in question is a given share of its mean. What
the next step is depends on the results alone, so that it is the same with any number of workers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from stasis_sim.observe.intervals import Interval, of_scope, relative_half_width, student, value
from stasis_sim.observe.metrics import Measures, Number
from stasis_sim.scenario.measured import scope_and_measure

if TYPE_CHECKING:
    from stasis_sim.scenario.run import Run

LEAST: Final = 10
"""Replications before the width is looked at: with fewer, a run of luck looks like certainty, and stops too early."""

STEP: Final = 10
"""At least this part of the replications so far is added, lest workers wait for each other at each one."""


class Width(NamedTuple):
    """How wide the interval of a measure is.

    Attributes:
        measure: As the scenario names it.
        interval: Its mean and interval.
        relative: Half the width as a share of the mean; None where there is no such share, as the mean is 0.
    """

    measure: str
    interval: Interval
    relative: float | None


def first(run: Run) -> int:
    """Return how many replications are done before anything is decided."""
    return run.replications if run.precision is None else min(max(run.replications, LEAST), most(run))


def most(run: Run) -> int:
    """Return how many replications there are at most."""
    return run.replications if run.precision is None else max(run.max_replications, run.replications)


def widths(run: Run, replications: Sequence[Measures]) -> list[Width]:
    """Return how wide the intervals are that a precision is asked of; none where none is asked."""
    found = []
    for name in run.precision_of if run.precision is not None else ():
        interval = student([of(each, name) for each in replications])
        found.append(Width(name, interval, relative_half_width(interval)))
    return found


def wanted(run: Run, replications: Sequence[Measures]) -> int:
    """Return how many replications are wanted in all, after so many; no more than there are where these are enough."""
    done = len(replications)
    if done < first(run):
        return first(run)
    if run.precision is None:
        return done
    found = [width.relative for width in widths(run, replications)]
    if all(relative is not None and relative <= run.precision for relative in found):
        return done
    # The width falls with the square root of their number; doubling at most keeps a first wild guess from ruling.
    needed = max(
        2 * done if relative is None else min(math.ceil(done * (relative / run.precision) ** 2), 2 * done)
        for relative in found
    )
    return min(max(needed, done + max(done // STEP, 2)), most(run))


def of(measures: Measures, name: str) -> Number:
    """Return the number of ``[APP.]measure`` in a replication; the app may be a client."""
    app, measure = scope_and_measure(name)
    return value(dict(of_scope(measures, app, measure)), measure)
