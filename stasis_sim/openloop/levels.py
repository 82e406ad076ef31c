"""How many channels are inside, over time: of each app and of all, out of whole bunches of entries and exits."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from stasis_sim.observe.ledger import TOTAL, Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stasis_sim.openloop.links import Ints

PIECE: Final = 1 << 13
"""Entries and exits that are followed at a time."""


class Passages(NamedTuple):
    """Entries (+1) or exits (-1) of calls that go the same way.

    Attributes:
        app: Into or out of which app.
        change: +1 or -1.
        at: When, in microseconds.
    """

    app: str
    change: int
    at: Ints


def _moves(found: Sequence[Passages]) -> Ints:
    """Return entries and exits in order, as numbers: twice the instant, and one more for an entry."""
    moves = np.concatenate([2 * each.at + (each.change > 0) for each in found])
    moves.sort()
    return moves


def _pieces(moves: Ints) -> Iterator[Ints]:
    """Yield entries and exits some at a time, and all of an instant together."""
    begin = 0
    while begin < len(moves):
        last = moves[begin : begin + PIECE][-1]
        end = int(np.searchsorted(moves, last | 1, side="right"))
        yield moves[begin:end]
        begin = end


class Levels:
    """How many channels are inside, over time: of each app and of all."""

    def __init__(self, warmup: int) -> None:
        self._warmup = warmup
        self._counts: defaultdict[str | None, int] = defaultdict(int)
        self._peaks: defaultdict[str | None, int] = defaultdict(int)
        self._areas: defaultdict[str | None, int] = defaultdict(int)

    def add(self, found: Sequence[Passages]) -> None:
        """Count entries and exits: all that there are between two instants."""
        apps = list(dict.fromkeys(each.app for each in found))
        moves = {app: _moves([each for each in found if each.app == app]) for app in apps}
        for app in apps:
            for some in _pieces(moves[app]):
                self._follow(app, some)
        if len(apps) > 1 or self._counts.keys() - {TOTAL, *apps}:
            for some in _pieces(np.sort(np.concatenate([np.empty(0, np.int64), *moves.values()]))):
                self._follow(TOTAL, some)
        else:
            # One app has them all.
            for app in apps:
                for kept in (self._counts, self._peaks, self._areas):
                    kept[TOTAL] = kept[app]

    def _follow(self, name: str | None, moves: Ints) -> None:
        at, changes = moves >> 1, 2 * (moves & 1) - 1
        # Each change holds from its instant to the end of the run, whenever that is: see `pour`.
        self._areas[name] -= int((changes * np.maximum(at, self._warmup)).sum())
        last = np.flatnonzero(np.append(np.diff(at), 1))
        levels = self._counts[name] + np.concatenate([[0], np.cumsum(changes)[last]])
        # What has stood until a later instant comes, which is how `Level` sees it; the last one may be in the warm-up.
        stood = levels[:-1][at[last] > self._warmup]
        self._peaks[name] = max(self._peaks[name], int(stood.max(initial=0)))
        self._counts[name] = int(levels[-1])

    def pour(self, ledger: Ledger, end: int) -> None:
        """Put peaks and areas into the ledger of a run that ends at an instant."""
        until = max(end, self._warmup)
        for name, count in self._counts.items():
            level = ledger.level(name)
            level.count, level.peak, level.since = count, self._peaks[name], until
            level.area = self._areas[name] + count * until
