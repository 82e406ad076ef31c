"""Results that an earlier run has left, found by their folder."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from stasis_sim import Results, Scenario, run
from stasis_sim.errors import InputError
from stasis_sim.experiments.kept import find

TEXT = """\
title: A small question
asterisk:
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"
clients: {ivr: {apps: Intro-IVR, reconnect: {constant: 1s}}}
calls: [{to: ivr@default, arrivals: {poisson: 1/s}, hold: 5s, patience: 3s}]
faults: [{drop: ivr, at: 20s, for: 5s}]
run: {duration: 1min, warmup: 22s, replications: 2, seed: 3}
"""


def done(out: Path, **changes: object) -> Results:
    """Run a scenario, and keep what it gives."""
    return run(Scenario.parse(TEXT, name="small.yaml").where(changes), out=out)


def refused(path: Path) -> str:
    """Return why there is no ledger of a path."""
    with pytest.raises(InputError) as error:
        _ = [kept.ledger() for kept in find([path])]
    return str(error.value).removeprefix(f"{path}: ")


def test_a_folder_gives_the_ledger_of_the_run(tmp_path: Path) -> None:
    """The same rows as the results have, with the same warm-up."""
    results = done(tmp_path)
    (kept,) = find([results.tree.path])
    ledger = kept.ledger()
    assert {True, False} == set(ledger["counted"])
    pd.testing.assert_frame_equal(ledger, results.ledger())
    assert (kept.title, list(kept.measures["apps"]), kept.facts["seed"]) == ("A small question", ["Intro-IVR"], 3)


def test_only_the_replications_of_the_last_run_count(tmp_path: Path) -> None:
    """Others that an earlier one has left in the same folder are not taken for its."""
    done(tmp_path, **{"run.replications": 2})
    results = done(tmp_path, **{"run.replications": 1})
    (kept,) = find([results.tree.path])
    assert set(kept.ledger()["replication"]) <= {1}


def test_a_folder_of_a_scenario_means_all_its_results(tmp_path: Path) -> None:
    """In the order of their digests."""
    paths = sorted(done(tmp_path, **{"run.seed": seed}).tree.path for seed in (1, 2, 3))
    assert [kept.path for kept in find([tmp_path / "small"])] == paths


def test_what_is_no_result_is_said(tmp_path: Path) -> None:
    """A folder that is not there, one without results, and a run that was interrupted."""
    hint = "name the folder results/SCENARIO/DIGEST that a run has written, or results/SCENARIO"
    assert refused(tmp_path / "nothing") == f"no such folder; {hint}"
    assert refused(tmp_path) == f"no results in it; {hint}"
    path = done(tmp_path).tree.path
    (path / "measures.json").unlink()
    assert refused(path) == "the run has not come to its end; run it again, it goes on where it was"


def test_measures_alone_have_no_ledger(tmp_path: Path) -> None:
    """Who asks for it is told what to set."""
    path = done(tmp_path, **{"run.record": "measures"}).tree.path
    assert (
        refused(path)
        == "recorded with record: measures, so there are no tables; run it again with --set run.record=all"
    )


@pytest.mark.parametrize("content", [b"", b"no table at all", b"PAR1"])
def test_a_damaged_table_is_said(tmp_path: Path, content: bytes) -> None:
    """In one line, with what to do."""
    path = done(tmp_path).tree.path
    (path / "replications" / "0002" / "events.parquet").write_bytes(content)
    said = refused(path)
    assert said.endswith("; delete the folder and run the scenario again")
    assert "\n" not in said


def test_a_missing_table_is_said(tmp_path: Path) -> None:
    """In one line, with what to do."""
    path = done(tmp_path).tree.path
    (path / "replications" / "0001" / "outages.parquet").unlink()
    said = refused(path)
    assert "outages.parquet" in said
    assert said.endswith("; delete the folder and run the scenario again")


@pytest.mark.parametrize("name", ["measures.json", "provenance.json"])
@pytest.mark.parametrize("content", ["", "{", "{}", "[]", '{"scenario": "["}', '{"scenario": "run: 5"}'])
def test_a_damaged_description_is_said(tmp_path: Path, name: str, content: str) -> None:
    """What is written by hand into a result makes no traceback."""
    path = done(tmp_path).tree.path
    (path / name).write_text(content, "utf-8")
    assert refused(path) == "measures.json or provenance.json is damaged or missing; run the scenario again"
