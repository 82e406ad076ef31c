"""Where the instants of many calls fall among few others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from stasis_sim.openloop.links import Ints


def count_before(times: Ints, at: Ints, side: Literal["left", "right"]) -> Ints:
    """Return what ``numpy.searchsorted`` does: how many of some times come before instants.

    What happens to calls mostly happens in the order in which they arrive. Then the few times are looked up among the
    many instants, which takes a twentieth of the time.

    Args:
        times: Rising instants.
        at: Instants, in any order.
        side: left: a time that is one of the instants does not come before it; right: it does.
    """
    if len(at) <= len(times) or (at[1:] < at[:-1]).any():
        return np.searchsorted(times, at, side=side)
    edges = np.empty(len(times) + 2, np.int64)
    edges[0], edges[-1] = 0, len(at)
    edges[1:-1] = np.searchsorted(at, times, side="left" if side == "right" else "right")
    return np.repeat(np.arange(len(times) + 1), edges[1:] - edges[:-1])
