"""`stasis-sim report` as a user meets it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.experiments.small import TEXT

SCENARIO = TEXT.replace("replications: 3, seed: 3", "record: measures")

HINT = "name the folder that run, compare or sweep has written, as results/SCENARIO/DIGEST"

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command_line: Cli) -> Cli:
    """A folder with a small scenario, and a function that runs the command line there."""
    (tmp_path / "small.yaml").write_text(SCENARIO, "utf-8")
    monkeypatch.chdir(tmp_path)
    return command_line


def last(out: str) -> str:
    """Return the folder that a command names last."""
    return out.splitlines()[-1].removeprefix("results:").strip()


def test_each_command_leaves_what_report_takes(shell: Cli) -> None:
    """The folder that run, compare and sweep name last becomes a page in it, and the page is named."""
    quiet = ("--workers", "1", "--no-picture")
    for command in (
        ("run", "small.yaml"),
        ("compare", "small.yaml"),
        ("sweep", "small.yaml", "--over", "faults.0.for=5s,9s"),
    ):
        folder = last(shell(*command, *quiet)[1])
        assert shell("report", folder) == (0, f"report: {folder}/report.html\n", "")
        text = Path(folder, "report.html").read_text("utf-8")
        assert "<h1>A small question</h1>" in text
        assert f"stasis-sim {' '.join(command)}" in re.sub("<[^>]*>", "", text)


def test_measures_are_those_of_sweeps(shell: Cli) -> None:
    """Where none is among the results, that is said, and no page is written."""
    quiet = ("--workers", "1", "--no-picture")
    folder = last(shell("run", "small.yaml", *quiet)[1])
    said = "--measure: says what the page of a sweep is about, and there is none; leave it away\n"
    assert shell("report", folder, "--measure", "recovery_s") == (2, "", said)
    swept = last(shell("sweep", "small.yaml", "--over", "faults.0.for=5s,9s", *quiet)[1])
    assert shell("report", swept, "--measure", "recovery_s") == (0, f"report: {swept}/report.html\n", "")


def test_a_folder_of_a_scenario_means_all_of_its_results(shell: Cli) -> None:
    """A page for each run and for the comparison."""
    shell("compare", "small.yaml", "--workers", "1", "--no-picture")
    code, out, _ = shell("report", "results/small")
    assert code == 0
    assert len(out.splitlines()) == 4
    assert len(list(Path("results/small").glob("*/report.html"))) == 4


@pytest.mark.parametrize(
    ("folder", "text"),
    [
        ("results/missing", f"results/missing: no such folder; {HINT}"),
        (".", f".: no results in it; {HINT}"),
        ("small.yaml", f"small.yaml: no results in it; {HINT}"),
    ],
)
def test_what_is_no_result_is_said_in_one_line(shell: Cli, folder: str, text: str) -> None:
    """Exactly this text, nothing on standard output, and exit code 2."""
    assert shell("report", folder) == (2, "", f"{text}\n")


def test_a_folder_in_the_place_of_a_page_is_said(shell: Cli) -> None:
    """By the name of the page, not by that of the file that was to become it."""
    folder = last(shell("run", "small.yaml", "--workers", "1", "--no-picture")[1])
    Path(folder, "report.html").mkdir()
    code, out, err = shell("report", folder)
    assert (code, out) == (2, "")
    assert err.startswith(f"{folder}/report.html: Is a directory; ")
