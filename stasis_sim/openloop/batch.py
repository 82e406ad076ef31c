"""Calls that are through: their rows' numbers, in the order in which the tables have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stasis_sim.openloop.links import FOR_EVER
from stasis_sim.openloop.symbols import HORIZON
from stasis_sim.openloop.values import Values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stasis_sim.openloop.happenings import When
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

    def connections(self, links: Sequence[Link]) -> Iterator[Ints | None]:
        """Yield for each event of a call to which connections it was written; None: to none."""
        before: dict[int, Ints] = {}
        for event in self.path.events:
            if event.link is None:
                yield None
            else:
                link = links[event.link]  # what is written to one is written in the order of time
                places = link.look(self.at(event.when), event.when.rank, self.numbers, before.get(event.link))
                before[event.link] = places
                yield link.numbers(places)

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
