"""How long callers waited."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from stasis_sim.api import Results, run
from stasis_sim.report.distributions import handoff_latency, handoffs, stranded, stranded_time
from stasis_sim.report.sentences import seconds
from stasis_sim.scenario import Scenario

TEXT = """\
asterisk:
  profile: {profile}
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"
clients:
  ivr:
    apps: Intro-IVR
    reconnect: {{constant: 1s}}
    service: {{exponential: 20ms}}
    recover: list-channels
    on StasisStart: [answer]
calls: [{{to: ivr@default, arrivals: {{poisson: 5/s}}, hold: 5s, patience: {{exponential: 8s}}, kind: local}}]
faults: [{{drop: ivr, at: 40s, for: 10s}}]
run: {{duration: 2min, warmup: 10s}}
"""


@cache
def results(profile: str) -> Results:
    """Two minutes with an outage of ten seconds."""
    return run(Scenario.parse(TEXT.format(profile=profile), name="waits.yaml"))


def drawn(figure: Figure) -> float:
    """How many times the bars stand for."""
    steps = [patch for patch in figure.axes[0].patches if isinstance(patch, StepPatch)]
    return float(sum((step.get_data()[0] - np.asarray(step.get_data()[2])).sum() for step in steps))


def test_stranded_times_are_those_of_the_measure() -> None:
    """Their number, mean and maximum are those that the ledger has counted, call by call."""
    (times,) = stranded(results("documented")).values()
    measured = results("documented").measures["apps"]["Intro-IVR"]
    assert times.mean() == pytest.approx(measured["stranded_s"]["mean"], rel=1e-9)
    assert times.max() == measured["stranded_s.max"]["mean"]
    assert times.sum() == pytest.approx(measured["stranded_s.total"]["mean"], rel=1e-9)
    assert drawn(stranded_time(results("documented"))) == len(times) > 20


def test_handoff_times_are_those_of_the_measure() -> None:
    """Their mean and maximum are those that the ledger has counted, call by call."""
    (times,) = handoffs(results("documented")).values()
    measured = results("documented").measures["apps"]["Intro-IVR"]
    assert times.mean() == pytest.approx(measured["handoff_s"]["mean"], rel=1e-9)
    assert times.max() == measured["handoff_s.max"]["mean"]
    assert drawn(handoff_latency(results("documented"))) == len(times) > 400


def test_the_title_says_the_median_and_the_tail() -> None:
    """Of all stranded calls, in words."""
    (times,) = stranded(results("documented")).values()
    title = stranded_time(results("documented")).get_suptitle().replace("\n", " ")
    half, most = (seconds(float(np.quantile(times, share))) for share in (0.5, 0.95))
    assert title == (
        f"documented: half of {len(times)} stranded calls were unheard of for {half} or longer, "
        f"5 % were unheard of for {most} or longer"
    )


def test_the_curve_says_how_many_took_longer() -> None:
    """At each of its steps it is the share of times that are longer."""
    (times,) = handoffs(results("documented")).values()
    curve = handoff_latency(results("documented")).axes[1].lines[0]
    points = list(zip(np.asarray(curve.get_xdata(), float), np.asarray(curve.get_ydata(), float), strict=True))
    assert len(points) <= 241
    for time, share in points[1::40]:
        assert share == pytest.approx(100 * (times > time).mean())


def test_nobody_is_stranded_where_asterisk_ejects() -> None:
    """The picture says so."""
    assert stranded_time(results("asterisk-22")).get_suptitle() == "asterisk-22: no call was stranded"
    assert [text.get_text() for text in stranded_time(results("asterisk-22")).axes[0].texts] == ["none"]
