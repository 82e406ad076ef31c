"""Sums of many calls come out as if each had been added up by itself."""

from __future__ import annotations

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
TERMS = st.dictionaries(st.sampled_from((*SYMBOLS, HORIZON)), FACTORS).map(lambda its: tuple(sorted(its.items())))
SUMS = st.lists(st.tuples(st.integers(-9, 9), TERMS), min_size=1, max_size=12)


def alone(made: Sum, horizon: int) -> Ints:
    """Add a sum up for all calls."""
    parts = [factor * (horizon if symbol == HORIZON else COLUMNS[symbol]) for symbol, factor in made[1]]
    return np.array(sum(parts, np.full(CALLS, made[0])))


@given(SUMS, st.sampled_from([50, FOR_EVER]))
def test_a_sum_is_what_it_is_made_of(several: list[Sum], horizon: int) -> None:
    """So it is for all calls at once, for some of them, below other sums, and when it was forgotten."""
    numbered = Numbered()
    numbers = [numbered.number(made) for made in several]
    rows = np.arange(CALLS)[::-1]
    values = Values(numbered, COLUMNS.__getitem__, rows, horizon)
    stack = Values(numbered, COLUMNS.__getitem__, rows, horizon).stack(numbers)
    for line, number, made in zip(stack, numbers, several, strict=True):
        expected = alone(made, horizon)[rows]
        assert (values[number] == expected).all()
        assert (values.of(np.array([1, 3]))[number] == expected[[1, 3]]).all()
        assert (line == expected).all()
    values.forget()
    assert all((values[number] == line).all() for number, line in zip(numbers, stack, strict=True))
