"""What has moved since a baseline was kept, as it is listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from stasis_sim.experiments.baselines import Moved, diff
from stasis_sim.experiments.replications import Results
from stasis_sim.experiments.results import Replication, ResultTree
from stasis_sim.observe.catalogue import MEASURES
from stasis_sim.observe.intervals import t_quantile
from stasis_sim.observe.metrics import Measures
from tests.experiments.small import small


def made(calls: int, attempts: int, stranded_s: float | None = None) -> Measures:
    """The measures of a replication of which only these matter."""
    return {"total": {"calls": calls, "attempts": attempts, "stranded_s": stranded_s}, "apps": {}, "clients": {}}


def moved(folder: Path, then: list[Measures], now: list[Measures]) -> list[Moved]:
    """What has moved from the replications of a baseline to those of now."""
    replications = tuple(Replication(number, each) for number, each in enumerate(now, 1))
    content = {"replications": then, "measures": [measure.name for measure in MEASURES]}
    return diff(Results(small(), replications, ResultTree(folder, "small", "digest")), content)


def test_what_moved_beyond_noise_comes_first(tmp_path: Path) -> None:
    """Whatever its place among the measures; what may be chance is listed behind it."""
    then = [made(calls, 1) for calls in (10, 20, 10, 20)]
    now = [made(calls, 5) for calls in (30, 10, 20, 30)]
    assert [(each.measure, each.mean, each.beyond_noise) for each in moved(tmp_path, then, now)] == [
        ("attempts", 4.0, True),
        ("calls", 7.5, False),
    ]


def test_noise_is_that_of_the_pairs_that_have_the_measure(tmp_path: Path) -> None:
    """Two pairs of ten have one degree of freedom, not nine: alone they would be apart, among three measures not."""
    then = [made(1, 1, wait) for wait in (10.0, 20.0, *[None] * 8)]
    now = [made(1, 1, wait) for wait in (11.0, 21.06, *[None] * 8)]
    (found,) = moved(tmp_path, then, now)
    assert (found.measure, found.alone, found.beyond_noise) == ("stranded_s", True, False)
    half = 0.03 * t_quantile(1 - 0.05 / 3 / 2, 1)
    assert [found.low, found.high] == pytest.approx([1.03 - half, 1.03 + half])


def test_one_pair_of_several_may_be_chance(tmp_path: Path) -> None:
    """One number has no noise that it could be beyond; where there is but one replication, all that differs counts."""
    then, now = made(1, 1, 10.0), made(1, 1, 12.0)
    bare = made(1, 1)
    (found,) = moved(tmp_path, [then, bare], [now, bare])
    assert (found.mean, found.low, found.alone, found.beyond_noise) == (2, None, False, False)
    (found,) = moved(tmp_path, [then], [now])
    assert found.beyond_noise
