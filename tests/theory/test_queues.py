"""What queueing theory says of calls inside, and of the queue in front of a client's worker.

Seeds are fixed. Each docstring says which theorem is tested, and how likely the test fails although the model is right.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from tests.stories.stage import MS, S, Stage

LEVEL = 1e-4
"""As in test_pasta.py: three in a thousand for any test of this folder."""

HANDOFF = 4 * MS
"""From Stasis() to the first command with the constant times of these scenarios; the hold begins there."""


def inside(hold: str, duration: int = 1200) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """When calls enter and when they leave, in microseconds."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, workers: 1000}}}}
calls: [{{to: ivr@default, arrivals: {{poisson: 10/s}}, hold: {hold}, kind: local}}]
run: {{duration: {duration}s, seed: 1}}
""",
        "asterisk-22",
    )
    attempts = [attempt for attempt in story.attempts if attempt.result == "entered"]
    assert len(attempts) > 9 * duration
    end = duration * S + 1
    return np.array([each.at for each in attempts]), np.array([each.left or end for each in attempts])


@pytest.mark.parametrize(
    ("hold", "mean", "longest"),
    [
        ("{uniform: {low: 0s, high: 2s}}", 1.0, 2),
        ("1s", 1.0, 1),
        ("{empirical: [100ms, 100ms, 100ms, 3700ms]}", 1.0, 4),
    ],
)
def test_the_number_inside_is_poisson(hold: str, mean: float, longest: int) -> None:
    """M/G/infinity: Poisson with mean rate times stay, whatever the distribution of the stay.

    Nobody stays longer than ``longest`` and the handoff, so samples further apart than that count disjoint sets of
    Poisson arrivals: they are independent, and their sum is Poisson too, which tests the mean exactly. The shape is
    tested by chi-square over cells of at least five expected samples. Each fails with probability 1/10,000.
    """
    entered, left = inside(hold)
    step = longest * S + 10 * MS
    times = np.arange(10 * S, 1200 * S, step)
    samples = np.array([int(((entered <= time) & (time < left)).sum()) for time in times])
    expected = 10 * (mean + HANDOFF / S)
    total = stats.poisson(expected * len(samples))
    assert LEVEL / 2 < total.cdf(samples.sum()) < 1 - LEVEL / 2
    cells = np.arange(int(expected) - 4, int(expected) + 5)
    bounds = np.concatenate([stats.poisson.cdf(cells, expected), [1.0]])
    seen = np.bincount(np.searchsorted(cells, samples), minlength=len(bounds))
    hoped = np.diff(bounds, prepend=0.0) * len(samples)
    assert hoped.min() >= 5
    assert stats.chisquare(seen, hoped).pvalue > LEVEL


def test_the_mean_inside_is_the_time_inside_over_the_time() -> None:
    """Little's law on one path holds exactly, not on average: the area under the number inside is the sum of stays."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR}}
calls: [{to: ivr@default, arrivals: {poisson: 5/s}, hold: {exponential: 20s}}]
run: {duration: 200s}
"""
    )
    end = 200 * S
    stays = sum((end if each.left is None else each.left) - each.at for each in story.attempts)
    assert story.measures["total"]["inside_mean"] == pytest.approx(stays / end, rel=1e-12)


def sojourns(service: str, rate: int, duration: int, workers: int = 1) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """When each StasisStart reached the client, and when a worker was through with it, in microseconds.

    The user may only read: its POST shows when the worker was through, and is refused, so that StasisStart is the only
    kind of event, and the arrivals at the worker are the Poisson arrivals of calls, one millisecond later.
    """
    story = Stage(
        f"""
asterisk:
  ari: "[general]\\n[asterisk]\\ntype = user\\npassword = asterisk\\nread_only = yes\\n"
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"
clients: {{ivr: {{apps: Intro-IVR, workers: {workers}, service: {service}}}}}
calls: [{{to: ivr@default, arrivals: {{poisson: {rate}/s}}}}]
run: {{duration: {duration}s, seed: 1}}
"""
    )
    assert {event.type for event in story.events} == {"StasisStart"}
    pairs = [(event.delivered, call.commands[0].at) for call in story.calls for event in call.events if call.commands]
    arrived, done = np.array(pairs).T
    return arrived, done


@pytest.mark.parametrize(
    ("service", "square"),
    [
        ("30ms", 1.0),
        ("{exponential: 30ms}", 2.0),
        ("{lognormal: {mean: 30ms, cv: 1.5}}", 1 + 1.5**2),
        ("{uniform: {low: 0ms, high: 60ms}}", 4 / 3),
    ],
)
def test_the_delay_in_the_client_is_that_of_pollaczek_and_khinchine(service: str, square: float) -> None:
    """M/G/1: the mean time with the client is E[S] + rate E[S^2] / 2 (1 - load); ``square`` is E[S^2] / E[S]^2.

    Times of neighbours depend on each other, but the busy cycles, which begin with an event that finds the client
    idle, are independent and alike. So the ratio of their sums is near normal with a known variance (the regenerative
    method), here over more than 4,000 cycles; the test fails with probability 1/10,000.
    """
    rate, mean = 20, 0.030
    arrived, done = sojourns(service, rate, 600)
    times = (done - arrived) / S
    starts = np.concatenate([[0], np.flatnonzero(arrived[1:] >= done[:-1]) + 1])
    assert len(starts) > 4_000
    # The last cycle may be cut short by the end of the run.
    sums = np.add.reduceat(times, starts)[:-1]
    sizes = np.diff(starts)
    load = rate * mean
    theory = mean + rate * square * mean**2 / (2 * (1 - load))
    # What the cycles are off by, if theory is right, has mean nought.
    off = sums - theory * sizes
    z = off.sum() / math.sqrt((off**2).sum())
    assert abs(z) < stats.norm.isf(LEVEL / 2)
    # And the part of events that find the client idle is 1 - load: PASTA, tested in the same way.
    off = 1 - (1 - load) * sizes
    assert abs(off.sum() / math.sqrt((off**2).sum())) < stats.norm.isf(LEVEL / 2)


def test_two_workers_share_the_queue_of_erlang() -> None:
    """M/M/2: the mean time with the client is that of Erlang's delay formula; fails with probability 1/10,000.

    Batches of 500 events are nearly independent, as a busy period takes a few events; their means give a Student
    interval.
    """
    arrived, done = sojourns("{exponential: 30ms}", 40, 400, workers=2)
    load = 40 * 0.030 / 2
    waits = 2 * load**2 / (1 + load)  # the probability to wait: Erlang C for two servers
    theory = 0.030 + waits * 0.030 / (2 * (1 - load))
    whole = len(arrived) // 500 * 500
    batches = ((done - arrived)[:whole] / S).reshape(-1, 500).mean(axis=1)
    assert len(batches) >= 30
    assert stats.ttest_1samp(batches, theory).pvalue > LEVEL
