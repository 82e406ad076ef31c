"""Quantities carry units, become whole numbers, and come back as they were."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.scenario.misfit import MisfitError
from stasis_sim.scenario.quantities import (
    DURATIONS,
    LONGEST_US,
    Rate,
    duration,
    format_duration,
    format_share,
    format_size,
    positive_rate,
    rate,
    share,
    size,
)


def fault(read: Callable[[Any], Any], value: Any) -> str:
    """Return what is wrong with a value."""
    with pytest.raises(MisfitError) as caught:
        read(value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("100us", 100),
        ("250ms", 250_000),
        ("30s", 30_000_000),
        ("1.5s", 1_500_000),
        ("0.000001s", 1),
        ("30 s", 30_000_000),
        ("5min", 300_000_000),
        ("1h", 3_600_000_000),
        ("2d", 172_800_000_000),
        ("0s", 0),
    ],
)
def test_a_duration_becomes_whole_microseconds(text: str, us: int) -> None:
    """A duration becomes whole microseconds."""
    assert duration(text) == us


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (30, "no unit (got 30); write 30s"),
        ("30", "no unit (got 30); write 30s"),
        (0, "no unit (got 0); write 0s"),
        (2.5, "no unit (got 2.5); write 2.5s"),
        ("5m", "unknown unit m (got 5m); write 5min"),
        ("5 minutes", "unknown unit minutes (got 5 minutes); write 5min"),
        ("10µs", "unknown unit µs (got 10µs); write 10us"),
        ("3 fortnights", "unknown unit fortnights (got 3 fortnights); write one of the units us, ms, s, min, h, d"),
        ("0.1us", "finer than 1us (got 0.1us); write a whole number of us"),
        ("-5s", "negative (got -5s); write a number and a unit such as 30s"),
        ("soon", "not a duration (got soon); write a number and a unit such as 30s"),
        (True, "not a duration (got true); write a number and a unit such as 30s"),
        (None, "not a duration (got nothing); write a number and a unit such as 30s"),
        ([], "not a duration (got []); write a number and a unit such as 30s"),
        (float("nan"), "not a duration (got NaN); write a number and a unit such as 30s"),
        ("36501d", "longer than 36500d (got 36501d); write a shorter duration"),
    ],
)
def test_what_is_no_duration_is_refused_with_what_to_write(value: Any, text: str) -> None:
    """What is no duration is refused with what to write instead."""
    assert fault(duration, value) == text


@given(st.integers(0, LONGEST_US))
def test_a_duration_comes_back_as_it_was_written(us: int) -> None:
    """A duration that is written out reads as the same duration."""
    assert duration(format_duration(us)) == us


def test_a_duration_is_written_with_its_largest_whole_unit() -> None:
    """A duration is written with the largest unit in which it is whole."""
    assert [format_duration(us) for us in (0, 1, 1_500_000, 90_000_000, 3_600_000_000, 5_400_000_000)] == [
        "0s",
        "1us",
        "1500ms",
        "90s",
        "1h",
        "90min",
    ]


@pytest.mark.parametrize(("text", "per_s"), [("5/s", 5.0), ("300/min", 5.0), ("2/h", 2 / 3600), ("0.5 / s", 0.5)])
def test_a_rate_knows_how_many_happen_in_a_second(text: str, per_s: float) -> None:
    """A rate knows how many happen in a second."""
    assert rate(text).per_s == pytest.approx(per_s, rel=1e-15)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "not a rate (got 5); write 5/s"),
        ("5", "not a rate (got 5); write 5/s, 300/min or 2/h"),
        ("5/sec", "unknown unit sec (got 5/sec); write 5/s"),
        ("5/ms", "unknown unit ms (got 5/ms); write one of /s, /min, /h, /d"),
        ("2000000/s", "more than 1000000/s (got 2000000/s); write a lower rate"),
        ("0/s", "nothing would ever happen (got 0/s); write a rate above 0 such as 5/s"),
    ],
)
def test_what_is_no_rate_is_refused_with_what_to_write(value: Any, text: str) -> None:
    """What is no rate is refused with what to write instead."""
    assert fault(positive_rate, value) == text


@given(st.floats(0, 1e6), st.sampled_from(["s", "min", "h", "d"]))
def test_a_rate_comes_back_as_it_was_written(number: float, unit: Any) -> None:
    """A rate that is written out reads as the same rate, as far as 18 digits carry it."""
    number = round(number, 9)
    assert rate(str(Rate(number, unit))) == Rate(number, unit)


def test_a_share_is_a_percentage_and_nothing_else() -> None:
    """A share is a percentage between 0 and 100, and nothing else."""
    assert [share("10%"), share("0.1%"), share("100%"), share("0 %")] == [0.1, 0.001, 1.0, 0.0]
    assert fault(share, 0.05) == "no unit (got 0.05); write a percentage such as 5%"
    assert fault(share, "5s") == "not a share (got 5s); write a percentage such as 5%"
    assert fault(share, "101%") == "more than all (got 101%); write at most 100%"


@given(st.integers(0, 10**6))
def test_a_share_comes_back_as_it_was_written(millionths: int) -> None:
    """A share that is written out reads as the same share."""
    fraction = millionths / 10**6
    assert share(format_share(fraction)) == pytest.approx(fraction, rel=1e-12)


def test_a_size_becomes_whole_bytes() -> None:
    """A size becomes whole bytes, by powers of ten or of two as its unit says."""
    assert [size("512B"), size("64KiB"), size("4MB"), size("1.5kB")] == [512, 65536, 4_000_000, 1500]
    assert fault(size, 512) == "no unit (got 512); write 512B"
    assert fault(size, "64KB") == "unknown unit KB (got 64KB); write 64kB"
    assert [format_size(octets) for octets in (0, 65536, 4_000_000, 1500)] == ["0B", "64KiB", "4MB", "1500B"]


def test_units_of_time_are_whole_multiples_of_the_one_before() -> None:
    """Each unit of time is a whole multiple of the one before, so the largest whole unit is well defined."""
    assert all(later % earlier == 0 for earlier, later in itertools.pairwise(DURATIONS.values()))
