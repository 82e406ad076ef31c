"""First come, first served, for all messages of a client at once: Lindley's recursion as running maxima.

A message is done at ``max(arrives, done of the one before) + service``. With S the running sum of the services that
is ``S + max over all up to it of (arrives - S before it)``, which is two passes over an array, and exact in whole
numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stasis_sim.openloop.moments import ClosedLoopError

if TYPE_CHECKING:
    from stasis_sim.openloop.history import Ints


class Order(NamedTuple):
    """What orders happenings of different calls: instant, rank, number of the call; and whether that is all.

    All arrays have the same shape ``(n,)``; happenings of one call stand in their order.
    """

    at: Ints
    rank: Ints
    number: Ints
    loose: Ints

    def sorted(self) -> Ints:
        """Return the places of the happenings in their order.

        Raises:
            ClosedLoopError: Two calls do something at one instant, and their order hangs on more than is known here.
        """
        order = np.argsort(self.at, kind="stable")
        at, number = self.at[order], self.number[order]
        tied = np.flatnonzero((at[1:] == at[:-1]) & (number[1:] != number[:-1]))
        for begin in tied:
            first, last = np.searchsorted(at, at[begin], "left"), np.searchsorted(at, at[begin], "right")
            run = order[first:last]
            if self.loose[run].any():
                raise ClosedLoopError("two calls do something at one instant, and nothing says which goes first")
            order[first:last] = run[np.lexsort((run, self.number[run], self.rank[run]))]
        return order


def waits(arrives: Ints, service: Ints, free: int) -> tuple[Ints, int]:
    """Return how long each message waits for the worker, in their order, and when the worker is free after them.

    Args:
        arrives: When they arrive, in microseconds, rising.
        service: How long the worker needs for each.
        free: When it is free before them.
    """
    served = np.cumsum(service)
    done = served + np.maximum.accumulate(np.maximum(arrives, free) - (served - service))
    # `free` before the first one is no later for the others, so that taking it for all of them changes nothing.
    return done - service - arrives, int(done[-1]) if len(done) else free
