"""Results that are repeated: from what they tell of themselves, and byte by byte."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from stasis_sim.errors import InputError
from stasis_sim.experiments.comparisons import compare, folder, variants_of
from stasis_sim.experiments.replications import run
from stasis_sim.experiments.reruns import rerun
from stasis_sim.experiments.results import Replication, ResultTree
from stasis_sim.experiments.sweeps import Swept, design, sweep
from stasis_sim.observe.tables import write_csv
from tests.experiments.small import TEXT, small

OVER = {"faults.0.for": ["5s", "15s"]}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what is repeated lies meanwhile."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_a_run_can_be_repeated_from_its_results_alone(tmp_path: Path, temporary: Path) -> None:
    """The bytes are the same; a file that was changed, or is gone, is named; nothing is left behind."""
    tree = run(small(), out=tmp_path).tree.path
    found = rerun(tree)
    assert (found.whole.files, found.whole.differing, found.runs) == (3 * 6 + 1, (), ())
    assert found.model == found.present
    (tree / "replications" / "0001" / "calls.parquet").write_bytes(b"other")
    (tree / "replications" / "0003" / "events.parquet").unlink()
    again = rerun(tree)
    assert again.whole.differing == ("replications/0001/calls.parquet", "replications/0003/events.parquet")
    assert (found.same, again.same) == (True, False)
    assert not list(temporary.iterdir())


def test_a_run_with_a_precision_is_repeated_with_as_many_replications(tmp_path: Path) -> None:
    """And so gives the same measures."""
    results = run(small(precision="30%"), out=tmp_path)
    found = rerun(results.tree.path)
    assert found.same
    assert found.whole.files == 6 * len(results.replications) + 1


@pytest.mark.parametrize("damage", [None, "{}", "[]", "x"])
def test_what_is_no_result_cannot_be_repeated(tmp_path: Path, damage: str | None) -> None:
    """The message says what to write."""
    tree = run(small(), out=tmp_path).tree.path
    if damage is None:
        (tree / "provenance.json").unlink()
    else:
        (tree / "provenance.json").write_text(damage)
    with pytest.raises(InputError, match="not results of this version; run the scenario again"):
        rerun(tree)


def test_results_of_another_model_say_so(tmp_path: Path) -> None:
    """The model that made them, and the one that repeats them, are both told."""
    path = run(small(), out=tmp_path).tree.path / "provenance.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "model": "0.0.1+abc"}))
    found = rerun(path.parent)
    assert (found.model, found.json()["model"]["then"]) == ("0.0.1+abc", "0.0.1+abc")
    assert found.json()["same"]


def swept(tmp_path: Path, over: dict[str, Any] = OVER, **options: Any) -> Swept:
    """Return a sweep that is kept."""
    return sweep(design(small(), over), out=tmp_path, **options)


def test_a_sweep_is_repeated_with_all_its_runs(tmp_path: Path, temporary: Path) -> None:
    """Its tables, and the measures of each point, are held byte by byte; each point is named after its values."""
    found = swept(tmp_path)
    write_csv(found.table(), found.path / "sweep.csv")
    again = rerun(found.path)
    assert again.same
    assert (again.whole.path, again.whole.files) == (found.path, 3)
    assert [(each.name, each.path.name, each.files) for each in again.runs] == [
        ("faults.0.for=5s", found.points[0].digest, 1),
        ("faults.0.for=15s", found.points[1].digest, 1),
    ]
    assert not list(temporary.iterdir())


def test_it_is_the_same_with_several_workers(tmp_path: Path) -> None:
    """A Latin hypercube with tables too: its points are drawn again, and stand in their order."""
    over = {"faults.0.for": "5s..30s", "clients.ivr.workers": "1..4"}
    found = sweep(design(small(replications=1), over, 3), out=tmp_path, tables=True)
    again = rerun(found.path, workers=2)
    assert again.same
    assert [each.path.name for each in again.runs] == [point.digest for point in found.points]
    assert {each.files for each in again.runs} == {6 + 1}


@pytest.mark.parametrize("file", ["sweep.json", "sweep.parquet", "sweep.csv"])
def test_a_file_of_a_sweep_that_is_another_is_named(tmp_path: Path, file: str) -> None:
    """And nothing else is."""
    found = swept(tmp_path)
    path = found.path / file
    path.write_bytes((path.read_bytes() if path.is_file() else b"") + b" ")
    again = rerun(found.path)
    assert again.whole.differing == (file,)
    assert [each.differing for each in again.runs] == [(), ()]
    assert not again.json()["same"]


def test_a_point_that_is_another_or_gone_is_named(tmp_path: Path) -> None:
    """The others are the same, and so is the table."""
    found = swept(tmp_path, {"faults.0.for": ["5s", "15s", "20s"]})
    first, _, last = (found.path.parent / point.digest for point in found.points)
    (first / "measures.json").write_text("{}")
    shutil.rmtree(last)
    again = rerun(found.path)
    assert [each.differing for each in again.runs] == [("measures.json",), (), ("measures.json",)]
    assert [each["same"] for each in again.json()["runs"]] == [False, True, False]
    assert again.whole.differing == ()


def test_points_that_share_a_folder_are_one_run(tmp_path: Path) -> None:
    """One value may be written in two ways; what lies there is of the last of them."""
    found = swept(tmp_path, {"faults.0.for": ["5s", "5000ms"]}, tables=True)
    again = rerun(found.path)
    assert again.same
    assert [each.name for each in again.runs] == ["faults.0.for=5000ms"]


def test_only_the_tables_of_what_is_under_way_are_there(tmp_path: Path, temporary: Path) -> None:
    """What has been held lets its tables go: a sweep of many points takes no more room than one of few."""
    found = swept(tmp_path, {"faults.0.for": ["5s", "15s", "20s", "25s"]}, tables=True)
    seen: list[int] = []

    def look(done: int, total: int) -> None:
        assert total == 12
        seen.append(len({path.parents[2] for path in temporary.rglob("*.parquet")}))
        assert done == len(seen)

    assert rerun(found.path, progress=look).same
    assert set(seen) == {1}


def test_a_comparison_is_repeated_with_all_its_variants(tmp_path: Path, temporary: Path) -> None:
    """Also where they come from several scenarios; the differences of each two are held too."""
    other = small(TEXT.replace("for: 5s", "for: 9s"), name="other.yaml")
    done = compare({**variants_of(small(), OVER), "other": other}, out=tmp_path)
    again = rerun(folder(done))
    assert again.same
    assert again.whole.files == 1 + 3
    assert [(each.name, each.path) for each in again.runs] == [(name, each.tree.path) for name, each in done.items()]
    assert {each.files for each in again.runs} == {3 * 6 + 1}
    assert not list(temporary.iterdir())


def test_differences_that_are_others_are_named(tmp_path: Path) -> None:
    """They come from the measures of each replication, which no other file has; what is damaged has none."""
    done = compare(variants_of(small(), {"faults.0.for": ["5s", "15s", "20s"]}), out=tmp_path)
    tree: ResultTree = done["15s"].tree
    first = tree.load(1)
    assert first is not None
    total = {**first.measures["total"], "calls": 0}
    tree.save(Replication(1, {**first.measures, "total": total}, first.notes))
    named = ("differences of 15s and 5s", "differences of 20s and 15s")
    assert rerun(folder(done)).whole.differing == named
    (tree.directory(1) / "replication.json").write_text("{}")
    again = rerun(folder(done))
    assert again.whole.differing == named
    assert not any(each.differing for each in again.runs)


def test_a_comparison_without_one_of_its_variants_says_which(tmp_path: Path) -> None:
    """There is nothing to repeat it from."""
    done = compare(variants_of(small(), OVER), out=tmp_path)
    shutil.rmtree(done["15s"].tree.path)
    with pytest.raises(InputError, match="the results of 15s are gone; compare again"):
        rerun(folder(done))


@pytest.mark.parametrize("text", ["{}", '{"points": [{}]}', '{"points": []}', '{"points": 3}'])
def test_a_sweep_that_tells_nothing_cannot_be_repeated(tmp_path: Path, text: str) -> None:
    """A damaged sweep.json is one message."""
    found = swept(tmp_path)
    (found.path / "sweep.json").write_text(text)
    with pytest.raises(InputError, match="not results of this version; run the scenario again"):
        rerun(found.path)
