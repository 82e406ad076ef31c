"""Variants side by side, and baselines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stasis_sim import experiments
from stasis_sim.errors import InputError
from stasis_sim.experiments import baselines
from stasis_sim.experiments.comparisons import compare, variants_of
from stasis_sim.experiments.replications import run
from stasis_sim.report.frames import of
from tests.experiments.small import TEXT, small


def test_variants_meet_the_same_callers() -> None:
    """The paired difference of what no variant can change is nought, with an interval of no width."""
    table = experiments.compare(small(), {"faults.0.for": ["5s", "15s"]})
    rows = {row["measure"]: row for row in table[table["app"].isna() & table["client"].isna()].to_dict("records")}
    calls, ejected = rows["calls"], rows["ejection_rate"]
    assert (calls["mean"], calls["low"], calls["high"]) == (0, 0, 0)
    assert ejected["low"] > 0
    assert (ejected["a"], ejected["b"]) == ("5s", "15s")


def test_a_comparison_tells_of_each_app_and_client() -> None:
    """A longer outage means more tries of the client, a second and two latencies apart, and a longer absence."""
    table = experiments.compare(small(), {"faults.0.for": ["5s", "15s"]})
    assert list(table.columns) == ["measure", "app", "client", "a", "b", "mean", "low", "high", "n"]
    assert of(table, "connections", "ivr")[["mean", "low", "high"]].to_numpy().tolist() == [[10, 10, 10]]
    assert of(table, "outages.longest_s", "Intro-IVR")["low"].to_list() == [pytest.approx(10 * 1.002)]


def test_variants_of_several_keys_are_named_after_both() -> None:
    """One key needs no name, and of several as much of their ends as tells them apart."""
    one = variants_of(small(), {"faults.0.for": ["5s", "15s"]})
    two = variants_of(small(), {"faults.0.for": ["5s"], "clients.ivr.workers": [1, 2]})
    assert list(one) == ["5s", "15s"]
    assert list(two) == ["for=5s, workers=1", "for=5s, workers=2"]
    faults = {"faults.1": {"drop": "ivr", "at": "40s", "for": "2s"}}
    alike = variants_of(small().where(faults), {"faults.0.for": ["5s"], "faults.1.for": ["2s"]})
    assert list(alike) == ["faults.0.for=5s, faults.1.for=2s"]


def test_a_comparison_is_narrower_than_its_parts() -> None:
    """What both have in common cancels: the interval of the difference is much narrower than without pairs."""
    done = compare(variants_of(small(replications=12), {"faults.0.for": ["10s", "11s"]}))
    first, second = (found.measures["total"]["ejection_rate"] for found in done.values())
    table = experiments.compare(small(replications=12), {"faults.0.for": ["10s", "11s"]})
    row = of(table, "ejection_rate").iloc[0]
    assert first["high"] is not None
    assert first["mean"] is not None
    assert second["high"] is not None
    assert second["mean"] is not None
    apart = ((first["high"] - first["mean"]) ** 2 + (second["high"] - second["mean"]) ** 2) ** 0.5
    assert (row["high"] - row["low"]) / 2 < apart / 2


def test_variants_with_other_callers_cannot_be_compared() -> None:
    """The message names the seeds."""
    with pytest.raises(InputError, match=r"its seed is 4, that of the first is 3, .*write the same seed, or --seed 3"):
        compare({"a": small(), "b": small(seed=4)})


def test_replicate_gives_one_row_a_replication_and_measure() -> None:
    """The values are those of the replications, in total, by app and by client."""
    table = experiments.replicate(small(), 2)
    results = run(small(replications=2))
    total = table[table["app"].isna() & table["client"].isna()]
    for replication in results.replications:
        rows = total[total["replication"] == replication.number].dropna(subset="value")
        known = {name: value for name, value in replication.measures["total"].items() if value is not None}
        assert dict(zip(rows["measure"], rows["value"], strict=True)) == known
    assert set(table["replication"]) == {1, 2}
    assert set(table["client"].dropna()) == {"ivr"}


def test_a_baseline_of_the_same_scenario_has_not_moved(tmp_path: Path) -> None:
    """Every difference is nought, though replications differ from each other."""
    results = run(small())
    baselines.save(results, tmp_path)
    assert baselines.diff(run(small()), baselines.load(tmp_path, results.scenario)) == []


def test_a_change_beyond_noise_is_told_from_chance(tmp_path: Path) -> None:
    """A longer outage ejects more in every replication; what differs only here and there does not count as moved."""
    before = run(small(replications=12))
    baselines.save(before, tmp_path)
    after = run(small(TEXT.replace("for: 5s", "for: 15s"), replications=12))
    found = baselines.diff(after, baselines.load(tmp_path, after.scenario))
    moved = {(each.app, each.client, each.measure): each for each in found}
    ejected = moved[None, None, "ejection_rate"]
    assert ejected.beyond_noise
    assert ejected.low is not None
    assert 0 < ejected.low < ejected.mean
    assert not all(each.beyond_noise for each in moved.values())
    assert (None, None, "calls") not in moved
    tries = moved[None, "ivr", "connections"]
    assert (tries.mean, tries.beyond_noise) == (10, True)


def test_a_baseline_must_fit_the_run(tmp_path: Path) -> None:
    """The message says what to write where there is none, or where it is of other callers."""
    results = run(small())
    with pytest.raises(InputError, match=r"no baseline; write stasis-sim baseline save small\.yaml"):
        baselines.load(tmp_path, results.scenario)
    baselines.save(results, tmp_path)
    with pytest.raises(InputError, match=r"made with seed 3, this run has 4; write --seed 3"):
        baselines.load(tmp_path, small(seed=4))


@pytest.mark.parametrize(
    "replications", [None, [], {}, [1], [{"total": {}}], [{"total": {"calls": "x"}, "apps": {}, "clients": {}}]]
)
def test_a_damaged_baseline_is_to_be_saved_again(tmp_path: Path, replications: object) -> None:
    """Whatever of it cannot be compared, as after a merge that went wrong, is said before anything is compared."""
    results = run(small())
    path = baselines.save(results, tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "replications": replications}), "utf-8")
    with pytest.raises(InputError, match=r"not a baseline; save it again"):
        baselines.load(tmp_path, results.scenario)
