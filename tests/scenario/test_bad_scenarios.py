"""Every way to get a scenario wrong that we know of has a file in tests/bad, beside the exact text of its errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from stasis_sim.errors import InputError
from stasis_sim.scenario import Scenario

BAD = Path(__file__).parent.parent / "bad"
FILES = sorted(BAD.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_scenario_is_refused_with_this_text(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad scenario is refused with exactly the text that stands beside it, all errors at once."""
    monkeypatch.chdir(BAD)
    with pytest.raises(InputError) as caught:
        Scenario.load(path.name)
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text("utf-8")


def test_every_text_has_its_scenario() -> None:
    """No text of errors is left without the scenario that it belongs to."""
    assert {path.stem for path in BAD.glob("*.txt")} == {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_line_says_where_what_and_what_to_write(path: Path) -> None:
    """Each line names the file, and ends with what to do after a semicolon."""
    for line in path.with_suffix(".txt").read_text("utf-8").splitlines():
        assert line.startswith(f"{path.name}:")
        wrong, _, remedy = line.rpartition("; ")
        assert wrong
        assert remedy


def test_a_scenario_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A path without a file, or with a folder, is refused in one line."""
    for path, reason in ((tmp_path / "no.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(InputError) as caught:
            Scenario.load(path)
        assert str(caught.value) == f"{path}: cannot be read: {reason}; write the path of a scenario"


def test_a_byte_order_mark_hides_nothing(tmp_path: Path) -> None:
    """Windows may put one before the comment at the head of a file, in which the story stands."""
    path = tmp_path / "a.yaml"
    path.write_text("# Why?\nasterisk:\n  extensions: |\n    [default]\nrun: {duration: 1h}\n", "utf-8-sig")
    assert Scenario.load(path).story == "Why?"


def test_errors_of_overrides_and_of_the_file_come_together() -> None:
    """What is wrong with overrides is said by their keys, beside what is wrong in the file."""
    text = "asterisk:\n  extensions: |\n    [default]\nrun: {duration: 1h}\nexpct: []\n"
    with pytest.raises(InputError) as caught:
        Scenario.parse(text, name="a.yaml", overrides=["run.duration=30", "run.sed=5", "faults.0={drop: ivr, at: 1s}"])
    assert str(caught.value).splitlines() == [
        "a.yaml:5:1: expct: unknown key; write expect",
        "faults.0: faults.0.drop: no such client (got ivr); describe it under clients",
        "run.duration: no unit (got 30); write 30s",
        "run.sed: unknown key; write seed",
    ]
