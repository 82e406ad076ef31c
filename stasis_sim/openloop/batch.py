"""Calls that are through: their rows' numbers, in the order in which the tables have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stasis_sim.openloop.links import FOR_EVER
from stasis_sim.openloop.symbols import HORIZON
from stasis_sim.openloop.values import Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stasis_sim.openloop.happenings import EventRow, When
    from stasis_sim.openloop.links import Ints, Link
    from stasis_sim.openloop.paths import Path


class Bunch(NamedTuple):
    """Calls of one source that went the same way.

    Attributes:
        source: Name of the source.
        path: Their way.
        values: Its sums.
        numbers: Of the calls.
        reasons: For each attempt why it was ejected, one word a call; empty where the path says it.
    """

    source: str
    path: Path
    values: Values
    numbers: Ints
    reasons: dict[int, Ints]

    def value(self, sum_: int | None) -> Ints:
        """Return an instant or a duration of all calls, FOR_EVER where there is none."""
        return np.full(len(self.numbers), FOR_EVER) if sum_ is None else self.values[sum_]

    def connections(self, event: EventRow, links: Sequence[Link]) -> Ints:
        """Return to which connections an event was written, 0 for none."""
        if event.link is None:
            return np.zeros(len(self.numbers), np.int64)
        link = links[event.link]
        return link.numbers(link.look(self.value(event.when.at), event.when.rank, self.numbers))

    def at(self, when: When) -> Ints:
        """Return when something happened to all calls."""
        return self.value(when.at)

    def of(self, rows: Ints) -> Bunch:
        """Return some of the calls."""
        reasons = {place: words[rows] for place, words in self.reasons.items()}
        return self._replace(values=self.values.of(rows), numbers=self.numbers[rows], reasons=reasons)

    def joined(self, *others: Bunch) -> Bunch:
        """Return this and others that went the same way as one, which stays as it is when their cohort goes on."""
        parts = (self, *others)
        columns = {
            symbol: np.concatenate([np.asarray(part.values.column(symbol)) for part in parts])
            for symbol in self.path.symbols
            if symbol != HORIZON
        }
        numbers = np.concatenate([part.numbers for part in parts])
        values = Values(self.path.sums, columns.__getitem__, np.arange(len(numbers)), self.values.horizon)
        reasons = {place: np.concatenate([part.reasons[place] for part in parts]) for place in self.reasons}
        return self._replace(values=values, numbers=numbers, reasons=reasons)
