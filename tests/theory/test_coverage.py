"""Intervals cover what they are about as often as they say."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from stasis_sim.experiments.engines import Engine
from stasis_sim.observe.intervals import student
from stasis_sim.observe.metrics import Number, measures
from stasis_sim.scenario import Scenario
from stasis_sim.simulated.preparation import prepare

EXPERIMENTS = 1000
REPLICATIONS = 6

LATE = """\
asterisk:
  profile: asterisk-22
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"
clients: {ivr: {apps: Intro-IVR, start: 30s, latency: 0s, service: 0s}}
calls: [{to: ivr@default, arrivals: {poisson: 2/s}, hold: 1s}]
run: {duration: 2min, record: measures}
"""


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_intervals_cover_the_truth() -> None:
    """Of 1,000 experiments with six replications, 93 to 97 % have the known ejection rate within their 95 % interval.

    An app that is not there for the first quarter of the run: of the calls that arrive at all, each is ejected with a
    probability of exactly a quarter, as the instants of Poisson arrivals are uniform given their number.
    """
    rates: list[Number] = []
    for seed in range(EXPERIMENTS):
        engine = Engine(prepare(Scenario.parse(LATE, overrides={"run.seed": seed})))
        for number in range(1, REPLICATIONS + 1):
            done = engine.compute(number, nullcontext)
            rates.append(measures(done.ledger)["total"]["ejection_rate"])
    covered = 0
    for first in range(0, len(rates), REPLICATIONS):
        interval = student(rates[first : first + REPLICATIONS])
        low, high = interval["low"], interval["high"]
        covered += low is not None and high is not None and low <= 1 / 4 <= high
    assert 0.93 <= covered / EXPERIMENTS <= 0.97
