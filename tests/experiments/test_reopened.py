"""Results of all kinds, opened again from their folder."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stasis_sim.errors import InputError
from stasis_sim.experiments.comparisons import compare, folder, variants_of
from stasis_sim.experiments.reopened import Comparison, Run, Sweep, apart, reopen, runs
from stasis_sim.experiments.replications import run
from stasis_sim.experiments.reruns import rerun
from stasis_sim.experiments.sweeps import design, sweep
from tests.experiments.small import TEXT, small

OVER = {"faults.0.for": ["5s", "15s"]}
HINT = "name the folder that run, compare or sweep has written, as results/SCENARIO/DIGEST"
AGAIN = "damaged, or of another version; run the scenario again"


def refused(path: Path) -> str:
    """Return why nothing can be opened at a path."""
    with pytest.raises(InputError) as error:
        reopen([path])
    return str(error.value).removeprefix(f"{path}: ")


def test_a_run_is_what_it_was(tmp_path: Path) -> None:
    """Measures, tables, verdicts and the story of the scenario; only the replications of the last run count."""
    scenario = small(f"# Why this is asked.\n# In two lines.\n{TEXT}")
    run(scenario, out=tmp_path)
    results = run(scenario, replications=2, out=tmp_path, command=["stasis-sim", "run"])
    (found,) = reopen([results.tree.path])
    assert isinstance(found, Run)
    assert found.results.json() == results.json()
    assert found.results.calls.equals(results.calls)
    assert found.results.verdicts == results.verdicts
    assert found.results.warnings == results.warnings
    assert found.provenance["story"] == "Why this is asked.\nIn two lines."
    assert found.provenance["command"] == ["stasis-sim", "run"]


def test_results_of_a_version_that_kept_no_story_can_be_opened(tmp_path: Path) -> None:
    """They tell none."""
    path = run(small(), out=tmp_path).tree.path
    content = json.loads((path / "provenance.json").read_text("utf-8"))
    del content["story"]
    (path / "provenance.json").write_text(json.dumps(content), "utf-8")
    (found,) = reopen([path])
    assert found.provenance["story"] == ""


def test_a_comparison_names_its_variants(tmp_path: Path) -> None:
    """Their names, scenarios and digests lie in a folder of its own, which is the same for the same variants."""
    done = compare(variants_of(small(), OVER), out=tmp_path)
    path = folder(done)
    content = json.loads((path / "compare.json").read_text("utf-8"))
    digests = [results.tree.path.name for results in done.values()]
    assert path.parent == tmp_path / "small"
    assert content == {
        "scenario": "small",
        "variants": [
            {"name": name, "scenario": "small", "digest": digest} for name, digest in zip(done, digests, strict=True)
        ],
    }
    assert folder(compare(variants_of(small(), OVER), out=tmp_path)) == path
    assert folder(compare(variants_of(small(), {"faults.0.for": ["5s", "20s"]}), out=tmp_path)) != path
    (found,) = reopen([path])
    assert isinstance(found, Comparison)
    assert {name: each.results.json() for name, each in found.variants.items()} == {
        name: results.json() for name, results in done.items()
    }


def test_a_sweep_is_what_it_was(tmp_path: Path) -> None:
    """Its keys and its points with their measures."""
    done = sweep(design(small(), OVER), out=tmp_path)
    (found,) = reopen([done.path])
    assert isinstance(found, Sweep)
    assert found.found.json() == done.json()
    assert found.found.design == done.design


def test_a_folder_of_a_scenario_means_all_that_lies_in_it(tmp_path: Path) -> None:
    """Runs, comparisons and sweeps, in the order of their names."""
    done = compare(variants_of(small(), OVER), out=tmp_path)
    path = sweep(design(small(), OVER), out=tmp_path, tables=True).path
    names = sorted([*(results.tree.path.name for results in done.values()), folder(done).name, path.name])
    assert [found.path.name for found in reopen([tmp_path / "small"])] == names


def test_a_run_gives_the_ledger_that_it_had(tmp_path: Path) -> None:
    """The same rows as its results have, and nothing of other replications that lie in the same folder."""
    run(small(), out=tmp_path, replications=3)
    results = run(small(), out=tmp_path, replications=1)
    (found,) = runs([results.tree.path])
    ledger = found.recorded().ledger()
    assert len(ledger)
    pd.testing.assert_frame_equal(ledger, results.ledger())
    assert (found.facts["scenario"], found.facts["replications"]) == ("small", 1)


def test_runs_are_told_from_what_is_made_of_them(tmp_path: Path) -> None:
    """Of a scenario's folder the runs alone, and of a comparison's none: that is said."""
    done = compare(variants_of(small(), OVER), out=tmp_path)
    paths = sorted(results.tree.path for results in done.values())
    assert [found.path for found in runs([tmp_path / "small"])] == paths
    with pytest.raises(InputError, match="no run, but what several runs make; name the folder of one of them"):
        runs([folder(done)])


def test_points_of_a_sweep_are_no_hindrance(tmp_path: Path) -> None:
    """They have no tables; who names the folder of the scenario means the runs that have some."""
    path = run(small(), out=tmp_path).tree.path
    swept = sweep(design(small(), {"faults.0.for": ["7s", "9s"]}), out=tmp_path)
    assert [found.path for found in runs([tmp_path / "small"])] == [path]
    assert not runs([tmp_path / "small" / swept.points[0].digest])[0].has_tables


def test_measures_alone_have_no_tables(tmp_path: Path) -> None:
    """Who asks for them is told what to set."""
    path = run(small().where({"run.record": "measures"}), out=tmp_path).tree.path
    (found,) = runs([path])
    with pytest.raises(InputError, match="so there are no tables"):
        found.recorded()


def test_what_is_no_result_is_said(tmp_path: Path) -> None:
    """A folder that is not there, one without results or two above them, and a run that was interrupted."""
    assert refused(tmp_path / "nothing") == f"no such folder; {HINT}"
    assert refused(tmp_path) == f"no results in it; {HINT}"
    path = run(small(), out=tmp_path).tree.path
    run(small(name="other.yaml"), out=tmp_path)
    both = f"{tmp_path / 'other'}, {tmp_path / 'small'}"
    assert refused(tmp_path) == f"no results in it, but in {both}; name one of them, or a folder in it"
    (path / "measures.json").unlink()
    assert refused(path) == "the run has not come to its end; run it again, it goes on where it was"


@pytest.mark.parametrize("name", ["measures.json", "provenance.json"])
@pytest.mark.parametrize("content", ["", "{", "{}", "[]", '{"replications": "x"}', '{"scenario": "["}'])
def test_a_damaged_run_is_said(tmp_path: Path, name: str, content: str) -> None:
    """What is written by hand into a result makes no traceback."""
    path = run(small(), out=tmp_path).tree.path
    (path / name).write_text(content, "utf-8")
    assert refused(path) == AGAIN


def test_damaged_replications_are_said(tmp_path: Path) -> None:
    """One that is gone, and one that is not what was written."""
    path = run(small(), out=tmp_path).tree.path
    table = path / "replications" / "0002" / "calls.parquet"
    table.write_bytes(table.read_bytes()[:-1])
    assert "calls.parquet: its checksum does not match; " in refused(path)
    shutil.rmtree(path / "replications" / "0001")
    shutil.rmtree(path / "replications" / "0002")
    assert refused(path) == "2 of 3 replications are gone; run the scenario again"


def test_parts_that_are_gone_are_said(tmp_path: Path) -> None:
    """A comparison without one of its variants, and files of all kinds that say nothing."""
    done = compare(variants_of(small(), OVER), out=tmp_path)
    path = folder(done)
    shutil.rmtree(done["15s"].tree.path)
    assert refused(path) == "the results of 15s are gone; compare again"
    (path / "compare.json").write_text("[]")
    assert refused(path) == AGAIN
    swept = sweep(design(small(), OVER), out=tmp_path).path
    (swept / "sweep.json").write_text("{}")
    assert refused(swept) == AGAIN


def test_points_of_a_sweep_have_no_page_of_their_own(tmp_path: Path) -> None:
    """Beside the sweep; a point that is named alone, and other runs, have."""
    found = sweep(design(small(), OVER), out=tmp_path, tables=True)
    other = run(small().where({"run.seed": 99}), out=tmp_path).tree.path
    assert {each.path for each in apart(reopen([tmp_path / "small"]))} == {found.path, other}
    point = tmp_path / "small" / found.points[0].digest
    assert [each.path for each in apart(reopen([point]))] == [point]


def test_results_that_may_not_be_read_are_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To run the scenario again would not help."""
    tree = run(small(), out=tmp_path).tree.path

    def forbidden(path: Path, *_: Any, **__: Any) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "read_text", forbidden)
    for opened in (lambda: reopen([tree]), lambda: rerun(tree)):
        with pytest.raises(InputError, match=r"\.json: cannot be read: Permission denied; allow yourself to read it$"):
            opened()
