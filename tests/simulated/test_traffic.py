"""When calls arrive."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from stasis_sim.randomness import Streams
from stasis_sim.scenario import Scenario
from stasis_sim.scenario.arrivals import Arrivals as Kind
from stasis_sim.scenario.quantities import LONGEST_US
from stasis_sim.simulated.traffic import arrivals, blocks, instants

HOUR = 3_600_000_000


def kind(arrivals_: dict[str, object]) -> Kind:
    """The arrivals as a scenario says them."""
    data = {
        "asterisk": {"extensions": "[default]\nexten => ivr,1,Stasis(a)\n"},
        "calls": [{"to": "ivr@default", "arrivals": arrivals_}],
        "run": {"duration": "1h"},
    }
    return Scenario.of(data).calls[0].arrivals


def take(arrivals_: dict[str, object], until: int, *, name: str = "a", clock_us: int = 0, seed: int = 1) -> list[int]:
    """The instants of a source up to an end."""
    offered = instants(kind(arrivals_), Streams(seed, 1), name, clock_us, None)
    return list(itertools.takewhile(lambda at: at < until, offered))


def assert_poisson(times: list[int], expected: float) -> None:
    """A count within four standard deviations of a Poisson number, so that one test in 16,000 fails by chance."""
    assert abs(len(times) - expected) < 4 * math.sqrt(expected)


def test_poisson_gaps_are_exponential() -> None:
    """Gaps have the mean and the coefficient of variation of an exponential, and times rise."""
    times = take({"poisson": "50/s"}, HOUR)
    gaps = np.diff(times)
    assert_poisson(times, 180_000)
    assert (gaps >= 0).all()
    assert gaps.std() / gaps.mean() == pytest.approx(1.0, abs=4 / math.sqrt(len(gaps)))


def test_deterministic_arrivals_come_like_a_clock() -> None:
    """A constant gap gives equally spaced calls, the first one gap after the start."""
    assert take({"every": "200ms"}, 1_000_001) == [200_000, 400_000, 600_000, 800_000, 1_000_000]


@pytest.mark.parametrize(
    "rare",
    [
        {"poisson": "0.000000001/d"},
        {"poisson": "0.00001/d"},
        {"every": "36500d"},
        {"every": {"exponential": "36500d"}},
        {"bursts": {"on": "36500d", "off": "36500d", "rate": "0.000000001/d"}},
        {"daily": {"00:00": "0.000000001/d"}},
    ],
)
def test_calls_that_are_very_rare_come_late_and_not_before_the_start(rare: dict[str, object]) -> None:
    """Instants rise, and end when no run lasts so long: sums of more gaps would not fit into 64 bits."""
    whole = list(itertools.islice(instants(kind(rare), Streams(1, 1), "a", 0, None), 100))
    assert whole == sorted(whole)
    assert min(whole, default=HOUR) >= HOUR
    assert sum(at <= LONGEST_US for at in whole) < 10


@pytest.mark.parametrize("rare", [{"every": "36500d"}, {"poisson": "0.00001/d"}])
def test_no_sum_of_gaps_goes_round_the_corner(rare: dict[str, object]) -> None:
    """What is read block by block may be searched, for it rises from its first instant to its last."""
    for block in itertools.islice(blocks(kind(rare), Streams(1, 1), "a", 0, None), 3):
        assert (block[1:] >= block[:-1]).all()


def test_bursts_come_only_while_on() -> None:
    """With constant times on and off, no call falls into a pause, and the rate while on is as told."""
    times = np.array(take({"bursts": {"on": "10s", "off": "50s", "rate": "20/s"}}, HOUR))
    assert (times % 60_000_000 < 10_000_000).all()
    assert_poisson(times.tolist(), 60 * 10 * 20)


def test_the_rate_follows_the_time_of_the_day() -> None:
    """Each hour of a day has its own rate, yesterday's last one until the first of today, every day again."""
    rates = {"08:00": "2/s", "12:00": "0/s", "13:00": "1/s", "18:00": "6/min"}
    times = np.array(take({"daily": rates}, 48 * HOUR, clock_us=7 * HOUR))
    hours = (times // HOUR + 7) % 24
    for hour, expected in ((7, 360), (9, 7200), (12, 0), (15, 3600), (23, 360)):
        count = int((hours == hour).sum())
        assert abs(count - 2 * expected) <= 4 * math.sqrt(2 * expected)


def test_listed_instants_come_as_listed() -> None:
    """Known instants are offered in rising order."""
    assert take({"at": ["2s", "1s"]}, HOUR) == [1_000_000, 2_000_000]


def test_count_ends_a_source() -> None:
    """A source with a count offers that many calls and no more."""
    offered = instants(kind({"poisson": "5/s"}), Streams(1, 1), "a", 0, 7)
    assert len(list(offered)) == 7


def test_sources_merge_by_time_and_then_by_position() -> None:
    """At one instant the source that stands first in the scenario goes first."""
    merged = list(arrivals([[5, 10], [5, 7]]))
    assert merged == [(5, 0, 0), (5, 1, 0), (7, 1, 1), (10, 0, 1)]


def test_another_source_changes_no_arrival() -> None:
    """A source is the same whatever other sources there are."""
    alone = take({"poisson": "5/s"}, HOUR, name="a")
    both = [
        instants(kind({"poisson": "5/s"}), Streams(1, 1), "a", 0, None),
        instants(kind({"poisson": "9/s"}), Streams(1, 1), "b", 0, None),
    ]
    mine = (arrival.at for arrival in arrivals(both) if arrival.source == 0)
    assert list(itertools.takewhile(lambda at: at < HOUR, mine)) == alone
