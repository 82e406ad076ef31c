"""Replications: run, kept, taken up again, and put together."""

from __future__ import annotations

from pathlib import Path

import pytest

from stasis_sim.experiments.inputs import scenario_digest
from stasis_sim.experiments.replications import run
from stasis_sim.observe.intervals import none_counted
from stasis_sim.scenario import Scenario

TEXT = """\
title: A small question
asterisk:
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"
clients: {ivr: {apps: Intro-IVR, reconnect: {constant: 1s}}}
calls: [{to: ivr@default, arrivals: {poisson: 1/s}, hold: 5s, patience: 3s}]
faults: [{drop: ivr, at: 20s, for: 5s}, {drop: ivr, at: 21s}]
run: {duration: 1min, replications: 3, seed: 3}
expect: [calls > 50, ejection_rate == 100%]
"""


def small(text: str = TEXT) -> Scenario:
    """A scenario that takes a blink."""
    return Scenario.parse(text, name="small.yaml")


def test_a_damaged_replication_is_done_again_and_the_others_are_not(tmp_path: Path) -> None:
    """A file that is not what was written does not pass for a result."""
    told: list[tuple[int, int]] = []
    whole = run(small(), out=tmp_path)
    before = whole.calls
    table = whole.tree.directory(2) / "calls.parquet"
    good = table.read_bytes()
    table.write_bytes(good[:-1])
    again = run(small(), out=tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 3)]
    assert table.read_bytes() == good
    assert again.calls.equals(before)


def test_a_finished_run_is_taken_as_it_is(tmp_path: Path) -> None:
    """The second time nothing is simulated, and the measures are the same."""
    told: list[tuple[int, int]] = []
    first = run(small(), out=tmp_path)
    second = run(small(), out=tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == []
    assert second.json() == first.json()
    assert second.tree.path == first.tree.path


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        (TEXT.replace("small question", "large question"), True),
        (TEXT.replace("calls > 50", "calls > 51"), True),
        (TEXT + "# a comment\n", True),
        (TEXT.replace("seed: 3", "seed: 4"), False),
        (TEXT.replace("hold: 5s", "hold: 6s"), False),
        (TEXT.replace("ivr,1,Stasis", "ivr,1,stasis"), False),
    ],
)
def test_the_digest_is_of_all_that_decides_the_results(changed: str, same: bool) -> None:
    """Not of what is said about them."""
    assert (scenario_digest(small(changed)) == scenario_digest(small())) == same


def test_measures_are_means_over_replications() -> None:
    """Each replication is a run of its own, and the interval is Student's."""
    results = run(small())
    calls = [replication.measures["total"]["calls"] for replication in results.replications]
    assert len(set(calls)) > 1
    interval = results.measures["total"]["calls"]
    assert interval["mean"] == sum(int(number or 0) for number in calls) / 3
    assert interval["n"] == 3
    assert interval["low"] is not None
    assert interval["low"] < interval["mean"]


def test_idle_faults_are_those_that_touched_nothing_anywhere() -> None:
    """The first drop hits a connection and four tries; the second finds the client away already."""
    results = run(small())
    assert [replication.notes["touched"] for replication in results.replications] == [[5, 0]] * 3
    assert results.idle_faults == (1,)


def test_verdicts_come_in_the_order_of_the_file() -> None:
    """Each line is held by itself."""
    assert [verdict.ok for verdict in run(small()).verdicts] == [True, False]


@pytest.mark.parametrize(("engine", "instances"), [("events", 2), ("open-loop", 1)])
def test_every_app_and_client_of_the_scenario_has_measures(engine: str, instances: int) -> None:
    """Each program that runs or never starts, the apps that they serve, and those that the dialplan names."""
    clients = f"late: {{apps: Late, start: 2min}}, two: {{apps: [Quiet, Silent], instances: {instances}}}"
    text = TEXT.replace("clients: {ivr:", f"clients: {{{clients}, ivr:").replace(
        '\\n"', '\\n same => n,Stasis(Nobody)\\n"'
    )
    scenario = small(text.replace("faults: [", "x-faults: [")).where(
        {"run.engine": engine, "run.record": "measures", "run.warmup": "30s", "run.replications": 2}
    )
    expected = ["late.connections == 0", "two.commands == 0 with 95%", "Nobody.attempts == 0", "Silent.calls == 0"]
    results = run(scenario.where({"expect": expected}))
    assert list(results.measures["clients"]) == ["ivr", "late", "two", "two#2"][: 2 + instances]
    assert list(results.measures["apps"]) == ["Intro-IVR", "Late", "Nobody", "Quiet", "Silent"]
    nobody = results.measures["apps"]["Nobody"]
    assert (nobody["availability"]["mean"], nobody["outages"]["mean"]) == (None, 0)
    assert results.measures["apps"]["Late"]["availability"]["mean"] == 0
    assert [(verdict.ok, verdict.seen) for verdict in results.verdicts] == [
        (True, 0),
        (False, none_counted(2)),
        (True, 0),
        (True, 0),
    ]
