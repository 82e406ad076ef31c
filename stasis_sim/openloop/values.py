"""The sums of many calls: instants and durations, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stasis_sim.openloop.links import NOWHERE
from stasis_sim.openloop.moments import Sum
from stasis_sim.openloop.symbols import HORIZON

if TYPE_CHECKING:
    from stasis_sim.openloop.links import Ints

Bits = NDArray[np.bool_]

Terms = tuple[tuple[int, int], ...]
"""What is summed up: (symbol, factor) in the order of the symbols."""

NEAR: Final = 32
"""A sum is looked for among so many of those that were made before it: they are mostly of the same path."""


class Step(NamedTuple):
    """How a sum without its constant comes from another one.

    Attributes:
        base: Which, by number; NOWHERE: none.
        terms: What is added to it: (symbol, factor).
    """

    base: int
    terms: Terms


class Numbered(list[Sum]):
    """Instants and durations, each once, by number: what two paths have in common has the same number.

    Most of them are a constant away from another, and of those that are not, most are one symbol away from another:
    what happens later in a call is what happened before, and some more.

    Attributes:
        bases: For each sum the number of what it is without its constant.
        steps: For each of those how it comes from another.
    """

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[Sum, int] = {}
        self._places: dict[Terms, int] = {(): NOWHERE}
        self.bases: list[int] = []
        self.steps: list[Step] = []

    def number(self, made: Sum) -> int:
        """Return the number of a sum."""
        number = self._numbers.setdefault(made, len(self))
        if number == len(self):
            self.append(made)
            self.bases.append(self._base(made[1]))
        return number

    def _base(self, terms: Terms) -> int:
        base = self._places.get(terms)
        if base is None:
            base = len(self.steps)
            near = [((), NOWHERE), *list(self._places.items())[-NEAR:]]
            self.steps.append(
                min((Step(place, _between(its, terms)) for its, place in near if _within(its, terms)), key=_length)
            )
            self._places[terms] = base
        return base


def _within(less: Terms, more: Terms) -> bool:
    """Whether nothing else is in some terms than in others: a call need not have what is in neither."""
    return {symbol for symbol, _ in less} <= {symbol for symbol, _ in more}


def _between(less: Terms, more: Terms) -> Terms:
    """Return what must be added to some terms to get others."""
    factors = dict(more)
    for symbol, factor in less:
        factors[symbol] = factors.get(symbol, 0) - factor
    return tuple((symbol, factor) for symbol, factor in factors.items() if factor)


def _length(step: Step) -> int:
    """Return how many passes over the calls a step takes."""
    return len(step.terms) + sum(factor not in {1, -1} for _, factor in step.terms)


class Values:
    """The sums of some calls, each computed once, when it is asked for.

    Args:
        sums: What they are made of, by number.
        column: Gives the values of a symbol for all calls of a cohort.
        rows: Which of them are meant.
        horizon: When the run ends, in microseconds; FOR_EVER while that is not known.
    """

    __slots__ = ("_bases", "_column", "_columns", "_known", "_rows", "_sums", "horizon")

    def __init__(self, sums: Numbered, column: Callable[[int], Ints], rows: Ints, horizon: int) -> None:
        self._sums = sums
        self._column = column
        self._rows = rows
        self._columns: dict[int, Ints | int] = {HORIZON: horizon}
        self._bases: dict[int, Ints | int] = {NOWHERE: 0}
        self._known: dict[int, Ints | int] = {}
        self.horizon = horizon

    def column(self, symbol: int) -> Ints | int:
        """Return what a symbol stands for in each call, in microseconds."""
        column = self._columns.get(symbol)
        if column is None:
            column = self._columns[symbol] = self._column(symbol)[self._rows]
        return column

    def raw(self, number: int) -> Ints | int:
        """Return a sum in microseconds, a single number where it is the same for all; not to be written to."""
        known = self._known.get(number)
        if known is None:
            base, constant = self._base(self._sums.bases[number]), self._sums[number][0]
            known = self._known[number] = base + constant if constant else base
        return known

    def _base(self, base: int) -> Ints | int:
        """Return a sum without its constant."""
        known = self._bases.get(base)
        if known is None:
            step = self._sums.steps[base]
            known = self._base(step.base)
            for symbol, factor in step.terms:
                column = self.column(symbol)
                if factor == 1:
                    known = column if isinstance(known, int) and known == 0 else known + column
                elif factor == -1:
                    known = known - column
                else:
                    known = known + factor * column
            self._bases[base] = known
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
            np.add(self._base(self._sums.bases[number]), self._sums[number][0], out=line)
        return stack

    def forget(self) -> None:
        """Let go what can be computed again soon: all but sums without their constants."""
        self._known.clear()
        self._columns = {HORIZON: self.horizon}

    def of(self, rows: Ints) -> Values:
        """Return those of some of the calls."""
        return Values(self._sums, self._column, self._rows[rows], self.horizon)

    def made_of(self, place: slice) -> tuple[Numbered, Callable[[int], Ints], Ints]:
        """Return the sums, the columns, and which of their rows some of the calls are."""
        return self._sums, self._column, self._rows[place]

    def parts(self, ends: Sequence[int]) -> list[Values]:
        """Return those of some calls, those of the ones behind them, and so on: what is computed for one is for all.

        Args:
            ends: How many calls come before the end of each part.
        """
        if len(ends) == 1:
            return [self]
        return [_Part(self, begin, end, last=end == ends[-1]) for begin, end in pairwise([0, *ends])]


class _Part(Values):
    """The sums of some calls that stand one after the other among others.

    Args:
        whole: The sums of all of them.
        begin: The first call.
        end: The one behind the last call.
        last: Whether it is the last part: when it forgets, the whole does.
    """

    __slots__ = ("_last", "_place", "_whole")

    def __init__(self, whole: Values, begin: int, end: int, *, last: bool) -> None:
        self._place = slice(begin, end)
        super().__init__(*whole.made_of(self._place), whole.horizon)
        self._whole = whole
        self._last = last

    def column(self, symbol: int) -> Ints | int:
        return self._mine(self._whole.column(symbol))

    def raw(self, number: int) -> Ints | int:
        return self._mine(self._whole.raw(number))

    def __getitem__(self, number: int) -> Ints:
        return self._whole[number][self._place]

    def forget(self) -> None:
        if self._last:
            self._whole.forget()

    def _mine(self, value: Ints | int) -> Ints | int:
        return value if isinstance(value, int) else value[self._place]
