"""Regression checks: which files, and what counts against them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stasis_sim.errors import InputError
from stasis_sim.experiments.checks import check, files, idle
from stasis_sim.experiments.replications import run
from stasis_sim.scenario import Scenario

TEXT = """\
asterisk:
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"
clients: {ivr: {apps: Intro-IVR, start: 10s}}
calls: [{to: ivr@default, arrivals: {every: 1s}, hold: 5s}]
faults:
  - {drop: ivr, at: 20s}
  - {freeze: ivr, at: 5s, for: 1s}
run: {duration: 1min}
expect: [calls > 50]
"""


def test_files_and_folders(tmp_path: Path) -> None:
    """A file is itself, a folder all scenarios that lie directly in it, by name."""
    for name in ("b.yaml", "a.yml", "notes.txt", "deep/c.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("", "utf-8")
    found = [str(path.relative_to(tmp_path)) for path in files([tmp_path / "notes.txt", tmp_path])]
    assert found == ["notes.txt", "a.yml", "b.yaml"]


def test_a_folder_without_scenarios_is_refused(tmp_path: Path) -> None:
    """Nothing to check is no success."""
    with pytest.raises(InputError, match=r"no scenario in this folder; name a folder with \.yaml files, or a file"):
        list(files([tmp_path]))


def test_a_fault_that_bites_nowhere_counts_against_the_scenario() -> None:
    """Beside the expectations of the file, with its place and what to do."""
    results = run(Scenario.parse(TEXT, name="s.yaml"))
    (problem,) = idle(results)
    assert str(problem) == (
        "s.yaml:7:5: faults.1: freeze ivr touched nothing in any replication; "
        "let it strike while its target is connected, or remove it"
    )
    kept, idle_fault = check(results)
    assert (kept.text, kept.ok) == ("calls > 50", True)
    assert (idle_fault.text, idle_fault.ok, idle_fault.found) == (
        "every fault touches something",
        False,
        str(problem),
    )


def test_a_door_that_is_shut_for_nobody_counts_too() -> None:
    """What its target does not do then is send requests or connect."""
    text = TEXT.replace("freeze: ivr, at: 5s, for: 1s", "shut_out: ivr, at: 5s, for: 1s")
    (problem,) = idle(run(Scenario.parse(text, name="s.yaml")))
    assert problem.text.endswith("let it strike while its target sends requests or connects, or remove it")


def test_a_fault_that_never_happens_is_said_once() -> None:
    """It counts against the scenario with the words of the warning, and one that happens sometimes does not."""
    results = run(Scenario.parse(TEXT.replace("5s", "61s").replace("20s", "[20s, 2min]"), name="s.yaml"))
    why = "never happens: the run ends after 1min; write an earlier instant, or a longer run.duration"
    both = [f"s.yaml:6:17: faults.0.at: drop ivr at 2min {why}", f"s.yaml:7:19: faults.1.at: freeze ivr at 61s {why}"]
    assert [str(problem) for problem in results.warnings] == both
    assert [str(problem) for problem in idle(results)] == both[1:]


def test_a_scenario_whose_faults_all_bite_is_judged_by_its_expectations_alone() -> None:
    """No verdict is made up."""
    results = run(Scenario.parse(TEXT.replace("5s", "30s"), name="s.yaml"))
    assert idle(results) == []
    assert [verdict.ok for verdict in check(results)] == [True]
