"""What has moved since a baseline was kept, as it is listed."""

from __future__ import annotations

from pathlib import Path

from stasis_sim.experiments.baselines import diff
from stasis_sim.experiments.replications import Results
from stasis_sim.experiments.results import Replication, ResultTree
from stasis_sim.observe.catalogue import MEASURES
from stasis_sim.observe.metrics import Measures
from tests.experiments.small import small


def made(calls: int, attempts: int) -> Measures:
    """The measures of a replication of which only these matter."""
    return {"total": {"calls": calls, "attempts": attempts}, "apps": {}, "clients": {}}


def test_what_moved_beyond_noise_comes_first(tmp_path: Path) -> None:
    """Whatever its place among the measures; what may be chance is listed behind it."""
    then = [made(calls, 1) for calls in (10, 20, 10, 20)]
    now = [Replication(number, made(calls, 5)) for number, calls in enumerate((30, 10, 20, 30), 1)]
    content = {"replications": then, "measures": [measure.name for measure in MEASURES]}
    moved = diff(Results(small(), tuple(now), ResultTree(tmp_path, "small", "digest")), content)
    assert [(each.measure, each.mean, each.beyond_noise) for each in moved] == [
        ("attempts", 4.0, True),
        ("calls", 7.5, False),
    ]
