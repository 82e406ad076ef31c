"""The sums of many calls: instants and durations, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from stasis_sim.openloop.moments import Sum
from stasis_sim.openloop.symbols import HORIZON

if TYPE_CHECKING:
    from stasis_sim.openloop.links import Ints

Bits = NDArray[np.bool_]

Thing = TypeVar("Thing")


class Once(list[Thing]):
    """Things of one kind, each once, by number: what two paths have in common has the same number."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[Thing, int] = {}

    def number(self, thing: Thing) -> int:
        """Return the number of a thing; a new one gets the next."""
        number = self._numbers.setdefault(thing, len(self))
        if number == len(self):
            self.append(thing)
        return number


class Numbered(Once[Sum]):
    """The instants and durations of all paths of a source."""


class Values:
    """The sums of some calls, each computed once, when it is asked for.

    Args:
        sums: What they are made of, by number.
        column: Gives the values of a symbol for all calls of a cohort.
        rows: Which of them are meant, in rising order.
        horizon: When the run ends, in microseconds; FOR_EVER while that is not known.
    """

    __slots__ = ("_column", "_columns", "_known", "_rows", "_sums", "_where", "horizon")

    def __init__(self, sums: Sequence[Sum], column: Callable[[int], Ints], rows: Ints, horizon: int) -> None:
        self._sums = sums
        self._column = column
        self._rows = rows
        # Rows that stand side by side need not be looked up one by one.
        closed = len(rows) and rows[-1] - rows[0] == len(rows) - 1
        self._where: slice | Ints = slice(int(rows[0]), int(rows[-1]) + 1) if closed else rows
        self._columns: dict[int, Ints | int] = {HORIZON: horizon}
        self._known: dict[int, Ints | int] = {}
        self.horizon = horizon

    def column(self, symbol: int) -> Ints | int:
        """Return what a symbol stands for in each call, in microseconds."""
        column = self._columns.get(symbol)
        if column is None:
            column = self._columns[symbol] = self._column(symbol)[self._where]
        return column

    def raw(self, number: int) -> Ints | int:
        """Return a sum in microseconds, a single number where it is the same for all."""
        known = self._known.get(number)
        if known is None:
            known, terms = self._sums[number]
            if not known and terms and terms[0][1] == 1:
                known, terms = self.column(terms[0][0]), terms[1:]
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

    def stack(self, numbers: Sequence[int]) -> Ints:
        """Return several sums of each call, one below the other, in microseconds."""
        stack = np.empty((len(numbers), len(self._rows)), np.int64)
        for line, number in zip(stack, numbers, strict=True):
            line[:] = self.raw(number)
        return stack

    def forget(self) -> None:
        """Let the sums go; what is asked for after that is computed again, of the columns that were looked up."""
        self._known.clear()

    def of(self, rows: Ints) -> Values:
        """Return those of some of the calls."""
        return Values(self._sums, self._column, self._rows[rows], self.horizon)
