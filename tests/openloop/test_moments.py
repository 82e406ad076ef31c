"""Moments are numbers that know of what they are the sum, and say which comparisons were decided by it."""

from __future__ import annotations

import operator
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.openloop.moments import ClosedLoopError, Condition, Conditions, Moment, is_mentioned, read

NUMBERS = st.integers(-50, 50)
VALUES = st.lists(st.integers(0, 50), min_size=3, max_size=3)
HOLDS: dict[str, Callable[[int], bool]] = {
    "<0": lambda value: value < 0,
    ">=0": lambda value: value >= 0,
    "==0": lambda value: value == 0,
    "!=0": lambda value: value != 0,
}


def symbols(values: list[int], conditions: Conditions) -> list[Moment]:
    """Return a moment for each symbol."""
    return [Moment(value, 0, {symbol: 1}, conditions) for symbol, value in enumerate(values)]


def evaluate(made: tuple[int, tuple[tuple[int, int], ...]], values: list[int]) -> int:
    """Return what a sum comes to."""
    return made[0] + sum(factor * values[symbol] for symbol, factor in made[1])


@given(VALUES, NUMBERS, st.lists(st.tuples(st.sampled_from([operator.add, operator.sub]), st.integers(0, 2))))
def test_a_moment_is_its_sum(values: list[int], start: int, steps: list[tuple[Callable[[int, int], int], int]]) -> None:
    """However it was added up, its value is that of its sum, and that of plain numbers."""
    moments = symbols(values, {})
    moment: int = moments[0] + start
    plain = values[0] + start
    for step, symbol in steps:
        moment, plain = step(moment, moments[symbol]), step(plain, values[symbol])
    assert int.__eq__(moment, plain)
    assert isinstance(moment, Moment)
    assert evaluate(moment.sum, values) == plain
    assert all(factor for _, factor in moment.sum[1])


COMPARISONS = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)


@given(VALUES, VALUES, NUMBERS, st.sampled_from(COMPARISONS), st.booleans())
def test_a_condition_decides_for_others(
    values: list[int],
    others: list[int],
    number: int,
    compare: Callable[[int, int], bool],
    swapped: bool,
) -> None:
    """A comparison comes out the same for other values exactly if these fulfil what was noted down of it."""
    conditions: Conditions = {}
    first, second, _ = symbols(values, conditions)
    plain = [(each[0], each[1] + number) for each in (values, others)]
    one, other = (first, second + number) if not swapped else (second + number, first)
    found = compare(one, other)
    wanted = [compare(*(pair if not swapped else pair[::-1])) for pair in plain]
    assert found == wanted[0]
    fulfilled = all(HOLDS[condition.relation](evaluate(condition.sum, others)) for condition in conditions)
    if wanted[1] != wanted[0]:
        assert not fulfilled
    elif compare not in {operator.eq, operator.ne}:
        assert fulfilled


@given(st.integers(-9, 9), st.lists(st.integers(-3, 3), min_size=3, max_size=3), VALUES)
def test_what_is_certain_holds_for_all(constant: int, factors: list[int], values: list[int]) -> None:
    """A condition that is left out as certain holds whatever the symbols are, none of which is negative."""
    made = (constant, tuple((symbol, factor) for symbol, factor in enumerate(factors) if factor))
    for relation, holds in HOLDS.items():
        if Condition(made, relation).certain:  # type: ignore[arg-type]
            assert holds(evaluate(made, values))


def test_certain_things_are_not_noted() -> None:
    """That a delay comes after its beginning needs no condition."""
    conditions: Conditions = {}
    begin, delay, _ = symbols([5, 3, 0], conditions)
    assert begin + delay + 1 > begin
    assert begin >= 0
    assert begin == begin + 0
    assert conditions == {}


def test_moments_pass_through_text() -> None:
    """A duration that is written into a text and read again is the same sum; an ordinary text is none."""
    conditions: Conditions = {}
    begin, delay, _ = symbols([5, 3, 0], conditions)
    moment = begin - delay - delay + 7
    found = read(f"{moment}", conditions)
    assert isinstance(found, Moment)
    assert (found.value, found.sum) == (moment.value, moment.sum) == (6, (7, ((0, 1), (1, -2))))
    assert is_mentioned(f"sound:{moment}us")
    assert read("hello-world", conditions) is None


SMALL = st.lists(st.integers(0, 30), min_size=3, max_size=3)
"""So that a sum has no more turns than are taken."""


@given(SMALL, SMALL, st.integers(1, 9))
def test_a_rest_holds_for_the_same_quotient(values: list[int], others: list[int], divisor: int) -> None:
    """What is left by a division is the sum less so many divisors, for whoever fulfils the conditions."""
    conditions: Conditions = {}
    first, second, _ = symbols(values, conditions)
    rest = (first + second) % divisor
    assert isinstance(rest, Moment)
    assert rest.value == (values[0] + values[1]) % divisor
    if all(HOLDS[condition.relation](evaluate(condition.sum, others)) for condition in conditions):
        assert evaluate(rest.sum, others) == (others[0] + others[1]) % divisor


@pytest.mark.parametrize(
    "use",
    [
        lambda moment: moment // 2,
        lambda moment: 2 * moment,
        lambda moment: moment % moment,
        lambda moment: (moment + 66_000) % 1000,
        float,
        int,
        round,
    ],
)
def test_what_is_no_sum_is_refused(use: Callable[[int], object]) -> None:
    """A clock's minute or a rounded number would hold for one call alone."""
    moment = symbols([1, 0, 0], {})[0]
    with pytest.raises(ClosedLoopError):
        use(moment)
