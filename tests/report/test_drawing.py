"""What all pictures share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.report.drawing import COLUMNS, clock, grouped, instants, merged, staircase


@pytest.mark.parametrize(
    ("end", "unit"), [(60, "seconds"), (121, "minutes"), (3 * 3600, "minutes"), (86400, "hours"), (30 * 86400, "days")]
)
def test_an_axis_counts_in_a_unit_that_fits(end: float, unit: str) -> None:
    """Seconds for minutes, minutes for hours, hours for days."""
    assert clock(end).unit == unit


@given(st.lists(st.tuples(st.integers(0, 9_999), st.sampled_from([-1, 1])), max_size=300))
def test_a_short_staircase_is_drawn_whole(changes: list[tuple[int, int]]) -> None:
    """Its level at any instant is the sum of the changes up to then."""
    times, steps = np.array([at for at, _ in changes], float), np.array([step for _, step in changes], float)
    moments, levels = staircase(times, steps, 10_000.0)
    for at in (0, 17, 5_000, 9_999):
        drawn = levels[np.searchsorted(moments, at, side="right") - 1]
        assert drawn == steps[times <= at].sum()


@given(st.integers(0, 2**32 - 1))
def test_a_long_staircase_covers_the_same_columns(seed: int) -> None:
    """Of a hundred thousand steps a few stay, and in each column the least and the greatest level are the same."""
    random = np.random.default_rng(seed)
    end = 1_000.0
    times, steps = np.sort(random.uniform(0, end, 100_000)), random.choice([-1.0, 1.0], 100_000)
    moments, levels = staircase(times, steps, end)
    assert len(moments) <= 4 * COLUMNS + 1
    whole = np.concatenate([[0.0], np.cumsum(steps)])
    columns = np.floor(np.concatenate([[0.0], times]) * (COLUMNS / end))
    kept = np.floor(moments[:-1] * (COLUMNS / end))
    for column in (0, 1, 399, COLUMNS - 1):
        drawn, all_of_it = levels[:-1][kept == column], whole[columns == column]
        assert (drawn.min(), drawn.max()) == (all_of_it.min(), all_of_it.max())
        assert (drawn[0], drawn[-1]) == (all_of_it[0], all_of_it[-1])
    assert levels[-1] == steps.sum()


def test_spans_that_nobody_can_tell_apart_are_one() -> None:
    """And one that nobody could see is a column wide."""
    assert merged([(0.0, 10.0), (10.5, 20.0), (400.0, 400.0)], 800.0) == [(0.0, 20.0), (400.0, 401.0)]


def test_a_million_tries_are_no_more_marks_than_columns() -> None:
    """Of each column the first stays."""
    marks = instants(np.linspace(0, 99.99, 1_000_000), 100.0)
    assert len(marks) == COLUMNS
    assert marks[0] == 0.0
    assert len(instants([], 100.0)) == 0


def test_too_many_apps_are_others() -> None:
    """The six with most to be seen keep their names."""
    names = [f"app-{number}" for number in range(10)]
    drawn = grouped(names, {name: float(number) for number, name in enumerate(names)})
    assert [name for name in names if drawn[name] != "others"] == names[4:]
    assert grouped(names[:7], {}) == {name: name for name in names[:7]}
