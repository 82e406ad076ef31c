"""Results on disk: whole or absent, found again, and checked; and the shapes of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.experiments.results import (
    DamagedError,
    Replication,
    ResultTree,
    canonical,
    compare_json,
    differences,
    in_total,
    run_json,
)
from stasis_sim.observe.metrics import Measures
from tests.experiments.small import small


def made(calls: int, rate: float | None = 0.5) -> Measures:
    """The measures of a small replication."""
    return {
        "total": {"calls": calls, "ejection_rate": rate},
        "apps": {"ivr": {"calls": calls, "ejection_rate": rate}},
        "clients": {"bot": {"commands": calls}},
    }


@pytest.fixture
def tree(tmp_path: Path) -> ResultTree:
    """An empty tree."""
    return ResultTree(tmp_path, "one-outage", "0123456789abcdef")


def test_the_tree_is_laid_out_as_documented(tree: ResultTree, tmp_path: Path) -> None:
    """Results lie under SCENARIO/DIGEST, replications under four digits."""
    (tree.prepare(1) / "calls.parquet").write_bytes(b"rows")
    tree.save(Replication(1, made(3)))
    tree.write_measures({"seed": 1})
    tree.write_provenance({"command": ["stasis-sim", "run"]})
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "one-outage/0123456789abcdef/measures.json",
        "one-outage/0123456789abcdef/provenance.json",
        "one-outage/0123456789abcdef/replications/0001/calls.parquet",
        "one-outage/0123456789abcdef/replications/0001/replication.json",
    ]


def test_a_finished_replication_is_found_again(tree: ResultTree) -> None:
    """What was saved is loaded to the last bit, with its notes."""
    replication = Replication(12, made(7, 1 / 3), {"faults": [3, 0]})
    tree.prepare(12)
    tree.save(replication)
    assert tree.load(12) == replication
    assert tree.load(1) is None
    assert tree.directories([12]) == [tree.directory(12)]


def test_an_interrupted_replication_is_not_there(tree: ResultTree) -> None:
    """Tables without the mark of being complete are no result, and are cleared before the next try."""
    (tree.prepare(1) / ".calls.parquet.4711").write_bytes(b"half")
    assert tree.load(1) is None
    assert list(tree.prepare(1).iterdir()) == []


def test_a_changed_table_is_found(tree: ResultTree) -> None:
    """A table that is not what was written is named."""
    table = tree.prepare(1) / "calls.parquet"
    table.write_bytes(b"rows")
    tree.save(Replication(1, made(3)))
    table.write_bytes(b"rowz")
    with pytest.raises(DamagedError, match=r"calls\.parquet: its checksum does not match$"):
        tree.load(1)
    table.unlink()
    with pytest.raises(DamagedError, match=r"calls\.parquet: it is missing$"):
        tree.load(1)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"checksum": "0", "replication": 1}', "3"])
def test_a_broken_mark_is_found(tree: ResultTree, text: str) -> None:
    """A mark that was cut off or is none is damage, never a result and never a crash."""
    (tree.prepare(1) / "replication.json").write_text(text)
    with pytest.raises(DamagedError, match=r"replication\.json: its checksum does not match"):
        tree.load(1)


@given(st.integers(0, 10_000), st.sampled_from("0123456789{},x"))
def test_any_changed_letter_is_found(position: int, letter: str) -> None:
    """A mark in which any letter has changed is damaged, or says the very same."""
    # A fixture would be shared by all examples.
    with tempfile.TemporaryDirectory() as root:
        tree = ResultTree(Path(root), "s", "d")
        tree.save(Replication(1, made(123)))
        mark = tree.directory(1) / "replication.json"
        text = mark.read_text()
        position %= len(text)
        mark.write_text(text[:position] + letter + text[position + 1 :])
        try:
            assert tree.load(1) == Replication(1, made(123))
        except DamagedError:
            assert mark.read_text() != text


def test_a_replication_of_another_number_is_no_result(tree: ResultTree) -> None:
    """A directory that was copied to another number does not count twice."""
    tree.save(Replication(1, made(3)))
    tree.prepare(2)
    (tree.directory(2) / "replication.json").write_bytes((tree.directory(1) / "replication.json").read_bytes())
    with pytest.raises(DamagedError):
        tree.load(2)


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """Kill -9 in the middle of writing never leaves half a file under its name."""
    script = (
        "import itertools, sys; from pathlib import Path; from stasis_sim.experiments.results import canonical, write\n"
        "for n in itertools.count(): write(Path(sys.argv[1]), canonical([n] * 20000)); print(n, flush=True)"
    )
    path = tmp_path / "measures.json"
    with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(5):
            writer.stdout.readline()
        writer.kill()
    assert len(set(json.loads(path.read_text()))) == 1


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.none())))
def test_canonical_json_gives_every_number_back(value: dict[str, float | None]) -> None:
    """What is written is read back to the last bit, and ends with a line break."""
    text = canonical(value)
    assert json.loads(text) == value
    assert text.endswith("\n")


def test_the_shape_of_a_run() -> None:
    """The JSON of a run has the documented keys, and an interval for each measure."""
    replications = [Replication(number, made(2 * number), {"engine": "events"}) for number in (1, 2)]
    content = run_json(small(), "d", replications)
    assert list(content) == ["scenario", "digest", "profile", "seed", "replications", "engine", "measures"]
    assert list(content["measures"]) == ["total", "apps", "clients"]
    assert list(content["measures"]["apps"]["ivr"]["calls"]) == ["mean", "low", "high", "n"]
    assert (content["replications"], content["measures"]["total"]["calls"]["mean"]) == (2, 3)


def test_the_shape_of_a_comparison() -> None:
    """The JSON of a comparison has each variant's measures, and for each two of them the paired differences."""
    content = compare_json({"16": [made(2), made(4)], "22": [made(3), made(5)], "documented": [made(2), made(4)]})
    assert list(content) == ["variants", "differences"]
    assert list(content["variants"]) == ["16", "22", "documented"]
    pairs = list(dict.fromkeys((row["a"], row["b"]) for row in content["differences"]))
    assert pairs == [("16", "22"), ("16", "documented"), ("22", "documented")]
    first = {"measure": "calls", "app": None, "client": None, "a": "16", "b": "22", "mean": 1.0}
    assert content["differences"][0] == {**first, "low": 1.0, "high": 1.0, "n": 2}
    assert list(content["differences"][0]) == ["measure", "app", "client", "a", "b", "mean", "low", "high", "n"]


def test_a_difference_needs_both_sides() -> None:
    """A measure that one side could not have in any replication has no difference."""
    rows = differences("a", [made(2, None)], "b", [made(5)])
    assert [(row["measure"], row["app"], row["client"], row["mean"]) for row in rows] == [
        ("calls", None, None, 3),
        ("calls", "ivr", None, 3),
        ("commands", None, "bot", 3),
    ]


def test_who_has_no_pair_is_left_out_of_differences() -> None:
    """Replication by replication, as far as both have one."""
    rows = differences("a", [made(2)], "b", [made(5), made(100)])
    assert [row["mean"] for row in rows if row["measure"] == "calls"] == [3, 3]


def test_differences_are_of_all_that_measures_are_of() -> None:
    """First the total, then each app, then each client; who is on one side only has nothing counted on the other."""
    first: list[Measures] = [
        {
            "total": {"calls": 1},
            "apps": {"zoo": {"calls": 1}},
            "clients": {"a": {"connections": 1}, "zoo": {"connections": 2}},
        }
    ]
    second: list[Measures] = [
        {"total": {"calls": 5}, "apps": {"ivr": {"calls": 4}}, "clients": {"a": {"connections": 7}}}
    ]
    rows = differences("a", first, "b", second)
    assert [(row["app"], row["client"], row["measure"], row["mean"]) for row in rows] == [
        (None, None, "calls", 4),
        ("ivr", None, "calls", 4),
        ("zoo", None, "calls", -1),
        (None, "a", "connections", 6),
        (None, "zoo", "connections", -2),
    ]
    assert {name: row["mean"] for name, row in in_total(rows).items()} == {"calls": 4}


def test_measures_are_there_when_the_run_has_come_to_its_end(tree: ResultTree) -> None:
    """A tree without measures.json is one of an unfinished run."""
    assert tree.read_measures() is None
    tree.write_measures({"seed": 1})
    assert tree.read_measures() == {"seed": 1}
