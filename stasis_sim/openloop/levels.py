"""How many channels are inside, over time: of each app and of all, out of whole bunches of entries and exits."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stasis_sim.observe.ledger import TOTAL, Ledger
from stasis_sim.openloop.queueing import Rule, in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stasis_sim.openloop.history import Ints


class Passages(NamedTuple):
    """Entries (+1) or exits (-1) of calls that go the same way.

    Attributes:
        app: Into or out of which app.
        change: +1 or -1.
        rank, loose: See :class:`~stasis_sim.openloop.laboratory.Happening`.
        at: When, in microseconds.
        numbers: Of which calls.
    """

    app: str
    change: int
    rank: int
    loose: bool
    at: Ints
    numbers: Ints


class Levels:
    """How many channels are inside, over time: of each app and of all."""

    def __init__(self, warmup: int) -> None:
        self._warmup = warmup
        self._counts: defaultdict[str | None, int] = defaultdict(int)
        self._peaks: dict[str | None, int] = {}
        self._areas: defaultdict[str | None, int] = defaultdict(int)

    def add(self, found: Sequence[Passages]) -> None:
        """Count entries and exits: all that there are between two instants, those of a call in their order."""
        if not found:
            return
        sizes = [len(each.at) for each in found]
        at, numbers = (np.concatenate([getattr(each, name) for each in found]) for name in ("at", "numbers"))
        rank, loose, changes = (
            np.repeat([getattr(each, name) for each in found], sizes) for name in ("rank", "loose", "change")
        )
        order = in_order(np.arange(len(at)), at, lambda places: Rule(rank[places], numbers[places], loose[places]))
        apps = list(dict.fromkeys(each.app for each in found))
        app = np.repeat([apps.index(each.app) for each in found], sizes)[order]
        at, changes = at[order], changes[order]
        self._follow(TOTAL, at, changes)
        for place, name in enumerate(apps):
            mine = app == place
            self._follow(name, at[mine], changes[mine])

    def _follow(self, name: str | None, at: Ints, changes: Ints) -> None:
        if not len(at):
            return
        levels = self._counts[name] + np.cumsum(changes)
        warm = int(np.searchsorted(at, self._warmup, side="left"))
        if warm:
            self._peaks[name] = int(levels[warm - 1])
        rising = levels[warm:][changes[warm:] > 0]
        self._peaks[name] = max(self._peaks.get(name, 0), int(rising.max(initial=0)))
        # Each change holds from its instant to the end of the run, whenever that is: see `pour`.
        self._areas[name] -= int((changes * np.maximum(at, self._warmup)).sum())
        self._counts[name] = int(levels[-1])

    def pour(self, ledger: Ledger, end: int) -> None:
        """Put peaks and areas into the ledger of a run that ends at an instant."""
        until = max(end, self._warmup)
        for name, count in self._counts.items():
            level = ledger.level(name)
            level.count, level.peak, level.since = count, self._peaks[name], until
            level.area = self._areas[name] + count * until
