"""Replications are added until the intervals are as narrow as was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.errors import InputError
from stasis_sim.experiments import precision
from stasis_sim.experiments.replications import run
from stasis_sim.observe.intervals import wilson
from stasis_sim.observe.metrics import Measures
from stasis_sim.report.sentences import percent
from stasis_sim.report.sentences import precision as sentences
from stasis_sim.scenario.run import Run
from tests.experiments.small import TEXT, small


def made(rate: float) -> Measures:
    """The measures of a replication of which only the ejection rate matters."""
    return {"total": {"ejection_rate": rate}, "apps": {"ivr": {"ejection_rate": rate}}, "clients": {}}


def asked(share: str = "5%", **more: Any) -> Run:
    """The part ``run`` of a scenario that asks for a precision."""
    return small(precision=share, **more).run


@given(st.lists(st.floats(0.01, 0.99), min_size=10, max_size=60), st.integers(1, 40))
def test_it_stops_when_the_interval_is_narrow_enough_and_only_then(rates: list[float], percent: int) -> None:
    """What is wanted is what there is exactly if the half-width is that share of the mean, or the limit is reached."""
    run_part = asked(f"{percent}%", max_replications=60)
    measures = [made(rate) for rate in rates]
    (width,) = precision.widths(run_part, measures)
    assert width.relative is not None
    enough = width.relative <= percent / 100 or len(rates) == 60
    wanted = precision.wanted(run_part, measures)
    assert (wanted == len(rates)) == enough
    assert len(rates) <= wanted <= 60
    assert wanted <= max(2 * len(rates), len(rates) + 2)


def test_it_does_not_look_before_there_are_ten() -> None:
    """Two that are equal by luck do not end it."""
    assert precision.wanted(asked(), [made(0.5), made(0.5)]) == 10
    assert precision.wanted(asked(), [made(0.5)] * 10) == 10


def test_a_limit_below_ten_is_a_limit() -> None:
    """There are as many as it allows, before anything is looked at."""
    assert precision.first(asked(max_replications=5)) == 5


def test_at_least_a_tenth_is_added() -> None:
    """Lest workers wait for each other at each one, where only few are wanting."""
    measures = [made(0.5 + (-1) ** number / 100) for number in range(100)]
    (width,) = precision.widths(asked(), measures)
    assert width.relative is not None
    almost = asked().model_copy(update={"precision": width.relative / 1.01})
    assert precision.wanted(almost, measures) == 110


def test_a_run_that_is_repeated_takes_up_what_is_there_and_looks_again(tmp_path: Path) -> None:
    """It does not end with the ten after which it looked first."""
    first, again = (run(small(precision="10%"), out=tmp_path) for _ in range(2))
    assert len(again.replications) == len(first.replications) > 10


def test_what_was_never_seen_is_looked_for_up_to_the_limit() -> None:
    """A mean of 0 has no relative width."""
    assert precision.wanted(asked(max_replications=35), [made(0.0)] * 20) == 35
    assert precision.wanted(asked(max_replications=35), [made(0.0)] * 35) == 35


def test_all_measures_must_be_narrow_enough() -> None:
    """One that is not keeps it going."""
    both = asked(precision_of=["ejection_rate", "Intro-IVR.ejection_rate"])
    mixed: list[Measures] = [
        {"total": {"ejection_rate": 0.5}, "apps": {"Intro-IVR": {"ejection_rate": 0.1 + number / 10}}, "clients": {}}
        for number in range(10)
    ]
    assert precision.wanted(asked(), mixed) == 10
    assert precision.wanted(both, mixed) == 20


def test_without_a_precision_it_is_what_the_scenario_says() -> None:
    """Neither more nor fewer."""
    assert precision.first(small().run) == precision.most(small().run) == 3
    assert precision.wanted(small().run, [made(0.1), made(0.9), made(0.5)]) == 3


def test_a_run_reaches_the_precision_and_says_so() -> None:
    """The interval of the results is as narrow as was asked for."""
    results = run(small(precision="10%"))
    interval = results.measures["total"]["ejection_rate"]
    assert interval["mean"] is not None
    assert interval["high"] is not None
    assert (interval["high"] - interval["mean"]) / interval["mean"] <= 0.1
    assert interval["n"] == len(results.replications) > 10
    (said,) = sentences(results)
    assert said.startswith("ejection_rate: precise to")
    assert said.endswith(f"of its mean after {interval['n']} replications.")


def test_a_run_that_does_not_reach_it_says_so() -> None:
    """The limit ends it, and the sentence says what was reached and what to do."""
    results = run(small(precision="1%", max_replications=12))
    assert len(results.replications) == 12
    (said,) = sentences(results)
    assert "after 12 replications; 1.00 % was asked for. Raise run.max_replications." in said


def test_what_was_never_seen_has_a_bound() -> None:
    """Where nothing was ejected, the sentence says how rare it may be."""
    quiet = TEXT.replace("faults: [{drop: ivr, at: 20s, for: 5s}]\n", "")
    results = run(small(quiet.replace("ivr@default,", "ivr@default, count: 20,")))
    attempts = sum(int(each.measures["total"]["attempts"] or 0) for each in results.replications)
    assert attempts == 60
    (said,) = sentences(results)
    # 1 - 0.05 ** (1 / n): three in n, for large n.
    assert said == (
        "No replication of 3 saw an ejection: with 95 % confidence fewer than 63.2 % of such runs would; "
        "if calls were ejected independently of each other, fewer than 4.87 % of them."
    )


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("run.precision_of", "ejection_rat", "run.precision_of: unknown measure"),
        (
            "run.precision_of",
            "nobody.ejection_rate",
            r"no such app or client \(got nobody\); write one of Intro-IVR, ivr",
        ),
        (
            "run.precision_of",
            "events.FATE.TYPE",
            r"unknown measure \(got events.FATE.TYPE\); write one of events.FATE, events.FATE.TYPE",
        ),
        ("run.precision", "0%", "no interval is as narrow as that"),
    ],
)
def test_a_precision_of_nothing_is_refused(key: str, value: str, text: str) -> None:
    """The message names the key and what to write."""
    with pytest.raises(InputError, match=text):
        run(small().where({"run.precision": "5%", key: value}))


def test_what_some_replications_have_seen_has_wilsons_interval() -> None:
    """Replications are independent trials, so their share has an interval that is of use near 0 and 1 too."""
    rare = TEXT.replace("arrivals: {poisson: 1/s}", "arrivals: {poisson: 4/min}").replace("for: 5s", "for: 2s")
    results = run(small(rare, replications=12))
    seen = sum(bool(each.measures["total"]["attempts.ejected"]) for each in results.replications)
    assert 0 < seen < 12
    interval = wilson(seen, 12)
    assert interval["low"] is not None
    assert interval["high"] is not None
    low, high = percent(interval["low"]), percent(interval["high"])
    assert sentences(results) == [
        f"{seen} of 12 replications saw an ejection: with 95 % confidence {low} to {high} of such runs do."
    ]
