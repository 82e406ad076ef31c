"""`stasis-sim check` as a user and a CI server meet it."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import junitparser
import pytest

from tests.conftest import Cli
from tests.good import GOOD


def test_check_holds_expectations(shell: Cli) -> None:
    """All well: exit code 0 and one line a file, also for a folder."""
    assert shell("check", "good.yaml", "--workers", "1") == (
        0,
        "good.yaml (documented): 1 of 1 expectations hold\n",
        "",
    )
    assert shell("check", ".", "--workers", "1")[:2] == (0, "good.yaml (documented): 1 of 1 expectations hold\n")


def test_check_fails_with_what_was_expected_and_what_was_seen(shell: Cli) -> None:
    """Exit code 1, and nothing about what holds."""
    lines = 'expect=["ejection_rate <= 1%", "calls == 54"]'
    code, out, _ = shell(
        "check", "good.yaml", "--workers", "1", "--set", lines, "--set", "asterisk.profile=asterisk-16"
    )
    assert code == 1
    assert out.splitlines() == [
        "good.yaml (asterisk-16): 0 of 2 expectations hold",
        "  FAILED: expected ejection_rate <= 1%; saw 10.91 % (2 replications)",
        "  FAILED: expected calls == 54; saw 55 (2 replications)",
    ]


def test_check_says_what_holds_with_less_confidence_than_was_asked_for(shell: Cli) -> None:
    """It is no failure, and stands below the file; in JSON as a note."""
    lines = ("--set", 'expect=["outages <= 1 with 95%", "calls >= 1"]', "--set", "asterisk.profile=asterisk-22")
    code, out, _ = shell("check", "good.yaml", "--workers", "1", *lines)
    note = "whose spread does not say how sure that is"
    assert (code, out.splitlines()) == (
        0,
        [
            "good.yaml (asterisk-22): 2 of 2 expectations hold",
            f"  ok: expected outages <= 1 with 95%; saw 1 in all 2 replications, {note}",
        ],
    )
    _, out, _ = shell("check", "good.yaml", "--workers", "1", *lines, "--json")
    assert json.loads(out)["scenarios"][0]["expectations"] == [
        {"text": "outages <= 1 with 95%", "seen": 1.0, "ok": True, "note": note},
        {"text": "calls >= 1", "seen": 55.0, "ok": True},
    ]


def test_what_few_calls_have_not_shown_is_not_certain(shell: Cli) -> None:
    """Of twenty calls in each of three replications none is ejected; that is not at most one in a hundred."""
    expected = ("--set", 'expect=["ejection_rate <= 1% with 95%", "ejection_rate <= 5% with 95%"]')
    few = ("--set", "faults=[]", "--set", "run.duration=25s", "--set", "run.replications=3", "--workers", "1")
    code, out, _ = shell("check", "good.yaml", *expected, *few)
    assert code == 1
    assert out.splitlines() == [
        "good.yaml (documented): 1 of 2 expectations hold",
        (
            "  FAILED: expected ejection_rate <= 1% with 95%; saw 0 %, 0 % to 4.87 % with 95% (0 of 60 attempts in 3 "
            "replications, if these are independent of each other)"
        ),
    ]


def test_a_check_of_what_expects_nothing_says_so(shell: Cli) -> None:
    """It is no failure, as a folder may hold such scenarios, and should not look like a success."""
    found = shell("check", "good.yaml", "--workers", "1", "--set", "expect=[]")
    assert found == (0, "good.yaml (documented): expects nothing; write expect: to hold it\n", "")


def test_a_check_that_fails_says_what_may_be_amiss(shell: Cli) -> None:
    """What a run warns of is the likely reason; a check that holds is silent."""
    assert shell("check", "good.yaml", "--workers", "1", "--set", "clients.ivr.start=0s")[2] == ""
    code, out, err = shell("check", "good.yaml", "--workers", "1", "--set", "clients.ivr.password=wrong")
    assert (code, "FAILED" in out) == (1, True)
    assert err.startswith("warning: --set clients.ivr.password: Asterisk never lets it in: 401")


def test_check_refuses_a_fault_that_touches_nothing(shell: Cli) -> None:
    """What is a warning in a run is an error in a check."""
    code, out, _ = shell("check", "good.yaml", "--workers", "1", "--set", "faults.0.at=70s")
    assert code == 1
    assert out.splitlines()[1].startswith("  FAILED: expected every fault touches something; saw ")
    assert "faults.0.at: drop ivr at 70s never happens: the run ends after 1min; write an earlier instant" in out


def test_check_prints_json_of_the_documented_shape(shell: Cli) -> None:
    """A list of files with their expectations."""
    code, out, _ = shell("check", "good.yaml", "--json", "--workers", "1")
    assert code == 0
    assert json.loads(out) == {
        "scenarios": [
            {
                "file": "good.yaml",
                "ok": True,
                "expectations": [{"text": "Intro-IVR.ejection_rate <= 20%", "seen": 0.0, "ok": True}],
            }
        ]
    }


def test_check_of_a_folder_without_scenarios(shell: Cli, tmp_path: Path) -> None:
    """Nothing to check is no success."""
    (tmp_path / "empty").mkdir()
    expected = "empty: no scenario in this folder; name a folder with .yaml files, or a file\n"
    assert shell("check", "empty") == (2, "", expected)


def test_check_goes_on_behind_a_file_that_cannot_be_used(shell: Cli, tmp_path: Path) -> None:
    """The others are held, the exit code is that of the worst, and JUnit XML has all of it."""
    (tmp_path / "bad.yaml").write_text(GOOD.replace("hold: 5s", "hold: 5"), "utf-8")
    (tmp_path / "sad.yaml").write_text(GOOD.replace("<= 20%", ">= 20%"), "utf-8")
    code, out, err = shell("check", "bad.yaml", "good.yaml", "sad.yaml", "--workers", "1", "--junit", "report/x.xml")
    assert code == 2
    assert err.startswith("bad.yaml:7:")
    assert "good.yaml (documented): 1 of 1 expectations hold" in out
    assert "sad.yaml (documented): 0 of 1 expectations hold" in out
    suites = {suite.name: suite for suite in junitparser.JUnitXml.fromfile(str(tmp_path / "report" / "x.xml"))}
    assert {name: (suite.tests, suite.failures, suite.errors) for name, suite in suites.items()} == {
        "good.yaml": (1, 0, 0),
        "sad.yaml": (1, 1, 0),
        "bad.yaml": (1, 0, 1),
    }


def test_junit_has_the_seconds_that_scenarios_took(shell: Cli, tmp_path: Path) -> None:
    """A CI server shows them, and adds them up."""
    shell("check", "good.yaml", "--workers", "1", "--junit", "x.xml", "--set", "run.engine=events")
    (suite,) = junitparser.JUnitXml.fromfile(str(tmp_path / "x.xml"))
    (case,) = suite
    assert 0 < case.time < 60
    assert suite.time == case.time


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("good.yaml", "--junit: not the name of an XML file (got good.yaml); write one such as handoff.xml\n"),
        (".", "--junit: not the name of an XML file (got .); write one such as handoff.xml\n"),
        ("folder.xml", "--junit: folder.xml cannot be written: a folder; write another path\n"),
        ("good.yaml/x.xml", "--junit: good.yaml/x.xml cannot be written: File exists; write another path\n"),
    ],
)
def test_junit_overwrites_nothing_else(shell: Cli, tmp_path: Path, path: str, text: str) -> None:
    """Least of all a scenario that stands where the name of the file should; it is said before anything is run."""
    (tmp_path / "folder.xml").mkdir()
    before = (tmp_path / "good.yaml").read_bytes()
    assert shell("check", "good.yaml", "--junit", path) == (2, "", text)
    assert (tmp_path / "good.yaml").read_bytes() == before
    assert not (tmp_path / "results").exists()


def test_a_junit_file_that_cannot_be_written_at_the_end_is_said_of_its_option(
    shell: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another folder of results would not help."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(junitparser.JUnitXml, "write", full)
    code, _, err = shell("check", "good.yaml", "--workers", "1", "--junit", "x.xml")
    assert (code, err) == (2, "--junit: x.xml cannot be written: No space left on device; write another path\n")
