"""Distributions agree with SciPy's, have the mean they say, and read and write as YAML."""

from __future__ import annotations

from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stasis_sim.scenario import numerics
from stasis_sim.scenario.distributions import Constant, Distribution, Empirical, Gamma, Uniform, Weibull
from stasis_sim.scenario.forms import distribution, moving
from stasis_sim.scenario.misfit import MisfitError

HERE = Path()
UNIFORM = np.concatenate([[1e-12, 1e-6, 0.424, 0.5, 0.926, 1 - 1e-9], (np.arange(2000) + 0.5) / 2000])

REFERENCES = [
    ({"exponential": "4s"}, stats.expon(scale=4)),
    ({"lognormal": {"mean": "20ms", "cv": 1}}, stats.lognorm(s=np.sqrt(np.log(2)), scale=0.02 / np.sqrt(2))),
    ({"weibull": {"scale": "20s", "shape": 1.5}}, stats.weibull_min(1.5, scale=20)),
    ({"weibull": {"scale": "20s", "shape": 0.3}}, stats.weibull_min(0.3, scale=20)),
    ({"gamma": {"mean": "20s", "cv": 0.5}}, stats.gamma(4, scale=5)),
    ({"gamma": {"mean": "20s", "shape": 0.7}}, stats.gamma(0.7, scale=20 / 0.7)),
    ({"uniform": {"low": "1s", "high": "5s"}}, stats.uniform(1, 4)),
]


@pytest.mark.parametrize(("form", "reference"), REFERENCES)
def test_quantiles_are_those_of_scipy(form: Any, reference: Any) -> None:
    """A distribution's quantiles are those of SciPy to 13 digits."""
    np.testing.assert_allclose(distribution(form, HERE).quantile(UNIFORM), reference.ppf(UNIFORM), rtol=1e-13)


@pytest.mark.parametrize(("form", "reference"), REFERENCES)
def test_the_mean_is_that_of_scipy(form: Any, reference: Any) -> None:
    """A distribution's mean is that of SciPy."""
    assert distribution(form, HERE).mean == pytest.approx(reference.mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("form", "cv"),
    [
        ({"lognormal": {"mean": "90s", "cv": 1.2}}, 1.2),
        ({"gamma": {"mean": "90s", "cv": 0.4}}, 0.4),
        ({"weibull": {"mean": "90s", "shape": 1}}, 1.0),
        ({"exponential": "90s"}, 1.0),
        ("90s", 0.0),
    ],
)
def test_what_is_drawn_has_the_mean_and_the_spread_that_were_asked_for(form: Any, cv: float) -> None:
    """What is drawn has the mean and the coefficient of variation that the scenario asks for."""
    drawn = distribution(form, HERE).quantile((np.arange(400_000) + 0.5) / 400_000)
    # A heavy tail lacks what lies beyond one in 800,000: most of all in the square.
    assert drawn.mean() == pytest.approx(90, rel=2e-5)
    assert drawn.std() / drawn.mean() == pytest.approx(cv, rel=1e-3, abs=1e-12)


ALL_FORMS = [*(form for form, _ in REFERENCES), "20ms", "0s", {"empirical": ["1s", "3s", "2s"]}]


@pytest.mark.parametrize("form", ALL_FORMS)
def test_a_larger_uniform_number_never_gives_a_shorter_duration(form: Any) -> None:
    """Quantiles rise with the uniform number, so that common random numbers stay comparable."""
    seconds = distribution(form, HERE).quantile(np.sort(UNIFORM))
    assert (np.diff(seconds) >= 0).all()


@pytest.mark.parametrize("form", ALL_FORMS)
def test_the_ends_of_the_uniform_numbers_give_finite_durations(form: Any) -> None:
    """Even the uniform numbers 0 and 1 give finite durations that are not negative, in any shape."""
    seconds = distribution(form, HERE).quantile(np.array([[0.0, 1.0]]))
    assert seconds.shape == (1, 2)
    assert np.isfinite(seconds).all()
    assert (seconds >= 0).all()


@pytest.mark.parametrize("form", ALL_FORMS)
def test_a_distribution_comes_back_as_it_was_written(form: Any) -> None:
    """A distribution that is written out reads as an equal one."""
    found = distribution(form, HERE)
    assert distribution(found.data(), HERE) == found


def test_a_constant_is_exact_in_microseconds() -> None:
    """A constant is drawn exactly, whatever its number of microseconds."""
    for us in (1, 3, 20_000, 86_400_000_001, 10**15 + 1):
        assert Constant(us).quantile_us(np.array([0.3]))[0] == us


def test_the_longest_duration_is_a_hundred_years() -> None:
    """A heavy tail ends at a hundred years, which whole microseconds can hold."""
    heavy = distribution({"lognormal": {"mean": "30000d", "cv": 100}}, HERE)
    assert heavy.quantile_us(np.array([1.0]))[0] == 36_500 * 86_400 * 10**6


def test_an_empirical_distribution_draws_each_value_equally_often() -> None:
    """An empirical distribution draws each of its values equally often, and nothing else."""
    found = Empirical((3_000_000, 1_000_000, 1_000_000, 2_000_000))
    drawn = found.quantile((np.arange(400) + 0.5) / 400)
    assert dict(zip(*np.unique(drawn, return_counts=True), strict=True)) == {1.0: 200, 2.0: 100, 3.0: 100}
    assert found.mean == 1.75


def test_an_empirical_distribution_reads_a_column_of_a_csv_file(tmp_path: Path) -> None:
    """An empirical distribution reads a column by its header or its number, in seconds or with a unit."""
    (tmp_path / "seen.csv").write_text("who,held_s\na,1.5\nb,250ms\n\nc, 3 \n")
    for column in ("held_s", 2, "2"):
        found = distribution({"empirical": {"csv": "seen.csv", "column": column}}, tmp_path)
        assert isinstance(found, Empirical)
        assert found.values_us == (1_500_000, 250_000, 3_000_000)
        assert distribution(found.data(), tmp_path) == found
    assert found.data(inline=True) == {"empirical": ["1500ms", "250ms", "3s"]}


def test_a_csv_file_needs_no_header(tmp_path: Path) -> None:
    """A CSV file without a header has its values from the first row on."""
    (tmp_path / "seen.csv").write_text("1\n2\n")
    found = distribution({"empirical": {"csv": "seen.csv"}}, tmp_path)
    assert found.mean == 1.5


@pytest.mark.parametrize(
    ("text", "column", "fault"),
    [
        ("", None, "seen.csv is empty; write one number of seconds in each row"),
        ("held_s\n", None, "seen.csv has a header and no rows; write one number of seconds in each row"),
        ("held_s\n1\n", "held", "seen.csv has no column held; write held_s"),
        ("1\n2\n", "held", "seen.csv has no column held; write 1"),
        ("a,b\n1,2\n3\n", "b", "seen.csv:3: has no column 2; give every row as many cells as the first"),
        ("-1\n2\n", None, "seen.csv:1: not a time (got -1); write a number of seconds such as 12.5"),
        ("1e3\n2\n", None, "seen.csv:1: not a time (got 1e3); write a number of seconds such as 12.5"),
        ("1\nNaN\n", None, "seen.csv:2: not a time (got NaN); write a number of seconds such as 12.5"),
        ("1\n99999999999\n", None, "seen.csv:2: longer than 36500d (got 99999999999); write a number of seconds"),
    ],
)
def test_a_csv_file_that_does_not_fit_is_refused_with_its_line(
    tmp_path: Path, text: str, column: str | None, fault: str
) -> None:
    """What is wrong with a CSV file is said with its line."""
    (tmp_path / "seen.csv").write_text(text)
    with pytest.raises(MisfitError) as caught:
        distribution({"empirical": {"csv": "seen.csv", **({"column": column} if column else {})}}, tmp_path)
    assert str(caught.value) == fault


def test_what_repeats_must_take_time() -> None:
    """A distribution that is always 0 is refused where something repeats."""
    assert moving(Uniform(0, 2)) == Uniform(0, 2)
    with pytest.raises(MisfitError, match="always 0"):
        moving(Empirical((0, 0)))


def test_the_mean_of_a_weibull_decides_its_scale() -> None:
    """A Weibull distribution by its mean equals the one by the scale that belongs to it."""
    by_mean = Weibull(2.0, mean_us=1_000_000)
    assert by_mean.scale == pytest.approx(1 / 0.886226925452758, rel=1e-12)
    assert Weibull(2.0, scale_us=round(by_mean.scale * 1e6)).mean == pytest.approx(1, rel=1e-6)


def test_a_gamma_of_shape_one_is_exponential() -> None:
    """A gamma distribution of shape 1 is the exponential one."""
    exponential = distribution({"exponential": "7s"}, HERE)
    np.testing.assert_allclose(Gamma(7_000_000, shape=1.0).quantile(UNIFORM), exponential.quantile(UNIFORM), rtol=1e-12)


@given(st.floats(1e-300, 1e300))
def test_the_logarithm_is_right_to_the_last_bits(x: float) -> None:
    """Our logarithm differs from the exact one by no more than two units of the last place."""
    exact = np.log(np.longdouble(x))
    assert abs(float(numerics.log(np.array(x)) - exact)) <= 2 * np.spacing(abs(float(exact)) + 1e-300)


@given(st.floats(-600, 600))
def test_the_exponential_is_right_to_the_last_bits(x: float) -> None:
    """Our exponential differs from the exact one by no more than two units of the last place."""
    exact = np.exp(np.longdouble(x))
    assert abs(float(numerics.exp(np.array(x)) - exact)) <= 2 * np.spacing(float(exact))


@given(st.floats(1e-18, 0.999999))
def test_small_probabilities_keep_their_digits(x: float) -> None:
    """log1p keeps the digits of small numbers."""
    assert float(numerics.log1p(np.array(-x))) == pytest.approx(np.log1p(-x), rel=4e-15)


@given(st.floats(2.0**-54, 1 - 2.0**-53))
def test_the_normal_quantile_is_that_of_the_standard_library(p: float) -> None:
    """Our normal quantile is the standard library's, as both are algorithm AS 241."""
    assert float(numerics.normal_quantile(np.array(p))) == pytest.approx(NormalDist().inv_cdf(p), rel=1e-14, abs=1e-15)


def test_quantiles_are_equal_to_the_bit_in_any_chunk() -> None:
    """A number's quantile is the same to the bit, whether it is inverted alone or among others."""
    for form in ALL_FORMS:
        found: Distribution = distribution(form, HERE)
        together = found.quantile(UNIFORM)
        assert all(found.quantile(UNIFORM[index : index + 1])[0] == together[index] for index in range(100))
