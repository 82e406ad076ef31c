"""Poisson arrivals see time averages: the share of calls that are lost is the share of time in which the app is away.

The theorem (Wolff 1982): if what the app does up to an instant is independent of the calls that arrive after it, the
part of calls that find it away is the part of time in which it is. Here outages do not depend on calls at all, so given
the outages of a run each of its n calls falls into one independently of the others: the number that does is binomial,
with the run's own share of time away. That is tested exactly, not by an approximation.
"""

from __future__ import annotations

from functools import cache

import pytest
from scipy import stats

from tests.stories.stage import FORGETFUL, PROFILES, S, Stage

LEVEL = 1e-4
"""The probability with which one of these tests fails although the model is right: with some thirty of them in this
folder, three in a thousand for any. The seeds are fixed."""

SCENARIO = """
clients:
  ivr: {{apps: Intro-IVR, on StasisStart: [continue], reconnect: {reconnect}, subscribe_all: {everything}}}
calls: [{{to: ivr@default, arrivals: {{poisson: 20/s}}, patience: {{uniform: {{low: 0s, high: 10s}}}}}}]
faults: [{{drop: ivr, every: {{exponential: 20s}}, for: {{exponential: 5s}}}}]
run: {{duration: 10min, warmup: 10s, seed: 1}}
"""


@cache
def story(profile: str, reconnect: str = "at_once", everything: str = "false") -> Stage:
    """Ten minutes with some 12,000 calls and 24 outages."""
    return Stage(SCENARIO.format(reconnect=reconnect, everything=everything), profile)


def away(run: Stage) -> float:
    """The share of time in which the app was not registered."""
    registered = run.measures["total"]["registered"]
    assert registered is not None
    return 1 - registered


@pytest.mark.parametrize(
    ("reconnect", "everything"),
    [("at_once", "false"), ("at_once", "true"), ("{exponential: {initial: 500ms, max: 8s, jitter: full}}", "false")],
)
@pytest.mark.parametrize("profile", FORGETFUL)
def test_calls_are_ejected_in_the_share_of_time_in_which_the_app_is_not_registered(
    profile: str, reconnect: str, everything: str
) -> None:
    """Binomial, two-sided at a level of one in ten thousand."""
    run = story(profile, reconnect, everything)
    total = run.measures["total"]
    ejected, decided = total["attempts.ejected"], total["attempts"]
    assert isinstance(ejected, int)
    assert isinstance(decided, int)
    assert decided > 10_000
    assert 0.1 < away(run) < 0.5
    assert stats.binomtest(ejected, decided, away(run)).pvalue > LEVEL


def test_as_documented_stasis_start_is_missed_in_the_share_of_time_in_which_the_app_is_away() -> None:
    """Nobody is ejected; the events of those who enter meanwhile are what is lost. Binomial at one in ten thousand."""
    run = story("documented")
    total = run.measures["total"]
    assert total["attempts.ejected"] == 0
    fates = [event.fate for event in run.events if event.type == "StasisStart" and event.raised >= 10 * S]
    assert len(fates) > 10_000
    assert stats.binomtest(fates.count("missed"), len(fates), away(run)).pvalue > LEVEL


def test_the_profiles_lose_the_very_same_calls() -> None:
    """As the outages do not depend on calls, whom one profile ejects another one lets in unheard."""
    lost = []
    for profile in PROFILES:
        run = story(profile)
        calls = [call for call in run.calls if call.arrived < 580 * S]  # all of these have ended
        lost.append([call.number for call in calls if call.outcome in {"dropped", "stranded"}])
    assert lost[0] == lost[1] == lost[2]
    assert lost[0]


def test_the_test_would_notice_a_share_that_is_off_by_three_points() -> None:
    """With so many calls a difference of three percentage points is refused for all but certain.

    It is seven standard deviations of the binomial number, of which the level takes four: one run in a thousand would
    not notice. Two points would be noticed four times out of five.
    """
    run = story("asterisk-22")
    total = run.measures["total"]
    ejected, decided = int(total["attempts.ejected"] or 0), int(total["attempts"] or 0)
    for wrong in (away(run) - 0.03, away(run) + 0.03):
        assert stats.binomtest(ejected, decided, wrong).pvalue < LEVEL
