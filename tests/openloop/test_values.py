"""Sums of many calls come out as if each had been added up by itself, whatever they are computed from."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.openloop.links import FOR_EVER, Ints
from stasis_sim.openloop.moments import Sum
from stasis_sim.openloop.symbols import HORIZON
from stasis_sim.openloop.values import Numbered, Values

CALLS = 5
SYMBOLS = (0, 2, 3, 4)
COLUMNS = {symbol: np.arange(CALLS) * 7**symbol + symbol for symbol in SYMBOLS}
FACTORS = st.sampled_from([-2, -1, 1, 3])


@st.composite
def sums(draw: st.DrawFn) -> list[Sum]:
    """Draw sums of calls, and of the end of the run."""
    terms = st.dictionaries(st.sampled_from((*SYMBOLS, HORIZON)), FACTORS)
    made = st.builds(lambda constant, its: (constant, tuple(sorted(its.items()))), st.integers(-9, 9), terms)
    return draw(st.lists(made, min_size=1, max_size=12))


def alone(made: Sum, symbols: dict[int, Ints], horizon: int) -> Ints:
    """Add a sum up for all calls."""
    parts = [factor * (horizon if symbol == HORIZON else symbols[symbol]) for symbol, factor in made[1]]
    return np.array(sum(parts, np.full(CALLS, made[0])))


@given(sums(), st.sampled_from([50, FOR_EVER]), st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_a_sum_is_what_it_is_made_of(several: list[Sum], horizon: int, sizes: list[int]) -> None:
    """So it is for all calls at once, for some of them, for parts of them, and below each other."""
    numbered = Numbered()
    numbers = [numbered.number(made) for made in several]
    rows = np.arange(CALLS)[::-1]
    ends = [end for end in accumulate(sizes) if end < CALLS] + [CALLS]
    values = Values(numbered, COLUMNS.__getitem__, rows, horizon)
    parts = Values(numbered, COLUMNS.__getitem__, rows, horizon).parts(ends)
    stack = Values(numbered, COLUMNS.__getitem__, rows, horizon).stack(numbers)
    for line, number, made in zip(stack, numbers, several, strict=True):
        expected = alone(made, COLUMNS, horizon)[rows]
        assert (values[number] == expected).all()
        assert (values.of(np.array([1, 3]))[number] == expected[[1, 3]]).all()
        assert (np.concatenate([part[number] for part in parts]) == expected).all()
        assert (line == expected).all()
    values.forget()
    parts[-1].forget()
    assert all((values[number] == line).all() for number, line in zip(numbers, stack, strict=True))
    assert all(
        (np.concatenate([part[number] for part in parts]) == line).all()
        for number, line in zip(numbers, stack, strict=True)
    )


@given(sums())
def test_a_sum_asks_for_its_own_symbols_alone(several: list[Sum]) -> None:
    """A call has no others: what is on other ways does not happen to it."""
    numbered = Numbered()
    for made in several:
        numbered.number(made)
    for number, (_, terms) in enumerate(numbered):
        own = {symbol: COLUMNS[symbol] for symbol, _ in terms if symbol != HORIZON}
        assert len(Values(numbered, own.__getitem__, np.arange(CALLS), 50)[number]) == CALLS


def test_a_sum_comes_from_the_one_that_is_nearest() -> None:
    """One more symbol is one pass over the calls more, a constant no sum of its own."""
    numbered = Numbered()
    for made in ((0, ((0, 1),)), (5, ((0, 1),)), (5, ((0, 1), (2, 1), (3, 1))), (7, ((0, 1), (2, 1), (3, 1), (4, 1)))):
        numbered.number(made)
    assert numbered.bases == [0, 0, 1, 2]
    assert [step.terms for step in numbered.steps] == [((0, 1),), ((2, 1), (3, 1)), ((4, 1),)]
