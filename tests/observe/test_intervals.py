"""Means, intervals and paired differences."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stasis_sim.observe.intervals import (
    Interval,
    at_confidence,
    names,
    none_counted,
    none_seen,
    of_scope,
    paired,
    relative_half_width,
    student,
    summarise,
    t_quantile,
    wilson,
)
from stasis_sim.observe.metrics import Measures


@pytest.mark.parametrize("freedom", [*range(1, 40), 99, 199, 999, 100_000])
def test_t_quantiles_agree_with_scipy(freedom: int) -> None:
    """Student's t without SciPy is SciPy's to nine digits, in both tails."""
    for probability in (0.005, 0.1, 0.5, 0.6, 0.9, 0.95, 0.975, 0.995, 0.9995):
        wanted = float(stats.t.ppf(probability, freedom))
        assert t_quantile(probability, freedom) == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("probability", "freedom"), [(0.0, 5), (1.0, 5), (0.9, 0)])
def test_there_is_no_quantile_outside(probability: float, freedom: int) -> None:
    """A probability of 0 or 1, or no degree of freedom, has no quantile."""
    with pytest.raises(ValueError, match="t quantile of"):
        t_quantile(probability, freedom)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_an_interval_does_not_hang_on_the_order(numbers: list[float], rng: random.Random) -> None:
    """The same numbers in another order give the same interval, to the last bit."""
    shuffled = numbers[:]
    rng.shuffle(shuffled)
    assert student(shuffled) == student(numbers)


def test_student_agrees_with_scipy() -> None:
    """The interval of a mean is that of scipy.stats.t.interval."""
    numbers = [3.1, 2.7, 4.4, 3.9, 3.3]
    low, high = stats.t.interval(0.95, 4, loc=sum(numbers) / 5, scale=stats.sem(numbers))
    interval = student(numbers)
    assert (interval["low"], interval["high"]) == pytest.approx((low, high))


def test_one_replication_has_no_interval() -> None:
    """With one number there is a mean and no interval; with none, nothing."""
    assert student([0.5]) == {"mean": 0.5, "low": None, "high": None, "n": 1}
    assert student([None, None]) == {"mean": None, "low": None, "high": None, "n": 0}


def test_what_was_not_there_is_left_out() -> None:
    """A replication without anything to measure by counts neither in the mean nor in n."""
    assert student([1, None, 3])["mean"] == 2
    assert student([1, None, 3])["n"] == 2


def test_intervals_cover_the_truth() -> None:
    """Of 2,000 intervals over five normal numbers about 95 % cover the mean, within three standard errors."""
    rng = random.Random(7)
    covered = 0
    for _ in range(2000):
        interval = student([rng.gauss(1, 2) for _ in range(5)])
        assert interval["low"] is not None
        assert interval["high"] is not None
        covered += interval["low"] <= 1 <= interval["high"]
    assert abs(covered / 2000 - 0.95) < 3 * math.sqrt(0.95 * 0.05 / 2000)


def test_another_confidence_needs_no_numbers() -> None:
    """From a 95 % interval any other can be had."""
    numbers = [3.1, 2.7, 4.4, 3.9]
    wider = at_confidence(student(numbers), 0.99)
    assert wider["high"] == pytest.approx(student(numbers, 0.99)["high"])
    assert wider["low"] == pytest.approx(student(numbers, 0.99)["low"])


def test_pairs_take_away_what_both_share() -> None:
    """Under common random numbers the difference is known better than either of both."""
    rng = random.Random(3)
    common = [rng.gauss(10, 5) for _ in range(12)]
    interval = paired(common, [each + 1 + rng.gauss(0, 0.01) for each in common])
    assert interval["mean"] == pytest.approx(1, abs=0.02)
    assert (relative_half_width(interval) or 1) < 0.02
    with pytest.raises(ValueError, match="shorter"):
        paired([1, 2, 3], [1, 2])


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (1, 10), (7, 13), (10, 10), (3, 100_000)])
def test_wilson_agrees_with_scipy(hits: int, n: int) -> None:
    """Wilson's interval of a share is SciPy's."""
    wanted = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    interval = wilson(hits, n)
    assert (interval["low"], interval["high"]) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_wilson_refuses_nonsense() -> None:
    """More hits than trials is an error; no trials are no share."""
    with pytest.raises(ValueError, match="3 hits in 2 trials"):
        wilson(3, 2)
    assert wilson(0, 0)["mean"] is None


def test_none_seen_is_the_rule_of_three() -> None:
    """None seen in n trials bounds a share by about 3 / n: any larger share would have shown one in 95 % of cases."""
    assert none_seen(1000) == pytest.approx(3 / 1000, rel=0.01)
    assert (1 - none_seen(50)) ** 50 == pytest.approx(0.05)
    assert none_seen(0) == 1


@pytest.mark.parametrize("n", [1, 3, 1000])
def test_none_counted_bounds_the_mean_of_a_count(n: int) -> None:
    """With a mean at the bound n replications would count nothing in one of twenty cases, as SciPy's Poisson has it."""
    assert stats.poisson.pmf(0, n * none_counted(n)) == pytest.approx(0.05)
    assert none_counted(0) == math.inf


@given(st.floats(-1e9, 1e9), st.integers(2, 40))
def test_numbers_that_agree_have_no_width(number: float, n: int) -> None:
    """Their mean is the number itself, to the last bit, and so are the bounds."""
    assert student([number] * n) == {"mean": number, "low": number, "high": number, "n": n}


def test_a_name_means_whoever_has_the_measure() -> None:
    """Of an app and a client of one name the one that has it is meant, the app where both have; others have none."""
    made: Measures = {
        "total": {"calls": 1},
        "apps": {"ivr": {"calls": 2, "events.late": 3}, "other": {"calls": 4}},
        "clients": {"ivr": {"connections": 5, "events.late": 6}, "bot": {"events.late": 7}},
    }
    found = [of_scope(made, name, measure).get(measure) for name, measure in (
        (None, "calls"), ("ivr", "calls"), ("ivr", "connections"), ("ivr", "events.late"), ("bot", "events.late")
    )]  # fmt: skip
    assert found == [1, 2, 5, 3, 7]
    assert [dict(of_scope(made, name, "connections")) for name in ("other", "nobody")] == [{}, {}]
    assert dict(of_scope(made, "ivr", "no_such_measure")) == {}


def test_a_relative_half_width_needs_an_interval_and_a_mean() -> None:
    """The precision reached is half the interval over the mean, where there are both."""
    interval: Interval = {"mean": -4.0, "low": -5.0, "high": -3.0, "n": 3}
    assert relative_half_width(interval) == 0.25
    assert relative_half_width(student([1])) is None
    assert relative_half_width(student([0, 0])) is None


def test_what_never_happened_in_a_replication_counts_as_nothing() -> None:
    """A type of event that one replication never saw is 0 there; a share that it could not have is left out."""
    first: Measures = {
        "total": {"calls": 2, "ejection_rate": 0.5, "events.missed.StasisStart": 4},
        "apps": {"ivr": {"calls": 2}},
        "clients": {},
    }
    second: Measures = {"total": {"calls": 4, "ejection_rate": None}, "apps": {}, "clients": {"bot": {"commands": 3}}}
    summary = summarise([first, second])
    assert summary["total"]["events.missed.StasisStart"]["mean"] == 2
    assert summary["total"]["ejection_rate"] == {"mean": 0.5, "low": None, "high": None, "n": 1}
    assert summary["apps"]["ivr"]["calls"]["mean"] == 1
    assert summary["clients"]["bot"]["commands"]["mean"] == 1.5
    assert names([first["total"], second["total"]]) == ["calls", "ejection_rate", "events.missed.StasisStart"]
