"""The sums of many calls: instants and durations, and how links were at these instants, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stasis_sim.openloop.moments import Sum
from stasis_sim.openloop.symbols import HORIZON

if TYPE_CHECKING:
    from stasis_sim.openloop.happenings import When
    from stasis_sim.openloop.links import Ints, Link

Bits = NDArray[np.bool_]


class Numbered(list[Sum]):
    """Instants and durations, each once, by number: what two paths have in common has the same number."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[Sum, int] = {}

    def number(self, made: Sum) -> int:
        """Return the number of a sum."""
        number = self._numbers.setdefault(made, len(self))
        if number == len(self):
            self.append(made)
        return number


class Seen(NamedTuple):
    """How a link was when something happened to each call.

    Attributes:
        places: The last change before that, as :meth:`Link.find` has it.
        tied: Where nothing says which goes first, if anywhere.
        states: Of the link.
        stood: How many connections there had been.
    """

    places: Ints
    tied: Bits | None
    states: NDArray[np.int16]
    stood: Ints


class Values:
    """The sums of some calls, each computed once, when it is asked for, and how links were at those instants.

    Args:
        sums: What they are made of, by number.
        column: Gives the values of a symbol for all calls of a cohort.
        rows: Which of them are meant.
        horizon: When the run ends, in microseconds; FOR_EVER while that is not known.
    """

    __slots__ = ("_column", "_columns", "_known", "_looks", "_rows", "_sums", "horizon")

    def __init__(self, sums: Sequence[Sum], column: Callable[[int], Ints], rows: Ints, horizon: int) -> None:
        self._sums = sums
        self._column = column
        self._rows = rows
        self._columns: dict[int, Ints | int] = {HORIZON: horizon}
        self._known: dict[int, Ints | int] = {}
        self._looks: dict[tuple[int, int, int], Seen] = {}
        self.horizon = horizon

    def column(self, symbol: int) -> Ints | int:
        """Return what a symbol stands for in each call, in microseconds."""
        column = self._columns.get(symbol)
        if column is None:
            column = self._columns[symbol] = self._column(symbol)[self._rows]
        return column

    def raw(self, number: int) -> Ints | int:
        """Return a sum in microseconds, a single number where it is the same for all."""
        known = self._known.get(number)
        if known is None:
            known, terms = self._sums[number]
            for symbol, factor in terms:
                column = self.column(symbol)
                if factor == 1:
                    known = known + column
                elif factor == -1:
                    known = known - column
                else:
                    known = known + factor * column
            self._known[number] = known
        return known

    def __getitem__(self, number: int) -> Ints:
        """Return a sum of each call, in microseconds."""
        value = self.raw(number)
        if isinstance(value, int):
            value = self._known[number] = np.full(len(self._rows), value, np.int64)
        return value

    def look(self, client: int, link: Link, when: When, numbers: Ints, since: Ints | None) -> Seen:
        """See how a link is when something happens to each call.

        Args:
            client: Position of the client.
            link: Its link.
            when: What happens.
            numbers: Of the calls.
            since: Changes before the calls arrived.
        """
        key = client, when.at, when.rank
        found = self._looks.get(key)
        if found is None:
            places, tied = link.find(self[when.at], when.rank, numbers, since)
            found = self._looks[key] = Seen(places, tied, link.states(places), link.stood(places))
        return found

    def forget(self) -> None:
        """Let the sums go; what is asked for after that is computed again."""
        self._known.clear()

    def of(self, rows: Ints) -> Values:
        """Return those of some of the calls."""
        return Values(self._sums, self._column, self._rows[rows], self.horizon)
