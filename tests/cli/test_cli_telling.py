"""trace and plot, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.report.test_mermaid import DIAGRAM
from tests.report.test_sequence import CHART
from tests.report.two_calls import TEXT


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command_line: Cli) -> Path:
    """The folder of a run."""
    monkeypatch.chdir(tmp_path)
    Path("two-calls.yaml").write_text(TEXT, "utf-8")
    code, _, err = command_line("run", "two-calls.yaml", "--no-picture")
    assert code == 0, err
    (folder,) = Path("results/two-calls").iterdir()
    return folder


def test_trace_prints_the_chart_or_the_diagram(result: Path, command_line: Cli) -> None:
    """Of a folder DIGEST, or of the folder SCENARIO if it is alone in it."""
    assert command_line("trace", str(result)) == (0, CHART + "\n", "")
    assert command_line("trace", str(result.parent), "--mermaid") == (0, DIAGRAM + "\n", "")


def test_trace_gives_json(result: Path, command_line: Cli) -> None:
    """With the facts of the run, the outage, the calls and all that happened."""
    code, out, _ = command_line("trace", str(result), "--call", "2", "--json")
    content = json.loads(out)
    assert code == 0
    assert (content["scenario"], content["profile"], content["replication"]) == ("two-calls", "asterisk-22", 1)
    assert content["outage"] is None
    assert content["calls"] == [{"call": 2, "why": "fallback", "outcome": "fallback"}]
    assert content["happenings"][0] == {
        "at_us": 12_000_000,
        "from": "caller",
        "to": "dialplan",
        "kind": "caller",
        "text": "call 2 dials ivr@default",
        "call": 2,
        "fate": None,
        "arrived_us": None,
    }


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--call", "99"), "--call: no call 99 in replication 1; there are 1 to 2\n"),
        (("--app", "Nobody"), "--app: no app Nobody; there are Intro-IVR\n"),
        (("--outage", "5"), "--outage: no outage 5 in replication 1; there are 1 to 2\n"),
        (("--replication", "2"), "--replication: no replication 2; there is 1\n"),
        (
            ("--mermaid", "--json"),
            "--mermaid: --json is given too, and both print the whole story; write one of them\n",
        ),
    ],
)
def test_what_is_not_there_is_one_message(
    result: Path, command_line: Cli, arguments: tuple[str, ...], text: str
) -> None:
    """It names what there is; exit code 2."""
    assert command_line("trace", str(result), *arguments) == (2, "", text)


def test_results_without_tables_cannot_be_told(result: Path, command_line: Cli) -> None:
    """It says how to get them; and of several results in a folder which there are."""
    command_line("run", "two-calls.yaml", "--set", "run.record=measures", "--set", "run.seed=2", "--no-picture")
    (other,) = (folder for folder in result.parent.iterdir() if folder != result)
    said = f"{other}: recorded with record: measures, so there are no tables; run it again with --set run.record=all"
    said += ", a sweep with --tables\n"
    assert command_line("trace", str(other)) == (2, "", said)
    assert command_line("trace", str(result.parent)) == command_line("trace", str(result))
    command_line("run", "two-calls.yaml", "--set", "run.seed=3", "--no-picture")
    (third,) = (folder for folder in result.parent.iterdir() if folder not in {result, other})
    names = ", ".join(map(str, sorted([result, third])))
    said = f"{result.parent}: several results lie in it; write one of {names}\n"
    assert command_line("trace", str(result.parent)) == (2, "", said)


def test_plot_draws_all_pictures(result: Path, command_line: Cli) -> None:
    """Into the folder of the run, and says where; nobody is stranded here, so there is no picture of that."""
    code, out, err = command_line("plot", str(result), "--svg")
    assert (code, err) == (0, "")
    names = ("timeline", "ejections", "handoff", "swimlane")
    assert out.splitlines() == [f"{result}/{name}.svg" for name in names]
    assert all(Path(line).read_text("utf-8").startswith("<?xml") for line in out.splitlines())


def test_plot_calls_runs_of_one_scenario_by_their_digests(
    result: Path, command_line: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their whole paths begin alike, and would be cut off where they differ."""
    command_line("run", "two-calls.yaml", "--set", "calls.0.hold=4s", "--no-picture")
    drawn: list[str] = []

    def note(runs: dict[str, Any], *_: object) -> list[Path]:
        drawn.extend(runs)
        return []

    monkeypatch.setattr("stasis_sim.report.albums.draw_differences", note)
    folders = list(result.parent.iterdir())
    assert command_line("plot", *map(str, folders))[0] == 0
    assert drawn == [folder.name for folder in folders]


def test_plot_compares_several_runs(result: Path, command_line: Cli) -> None:
    """What differs is drawn into the folder of the first."""
    command_line("run", "two-calls.yaml", "--profile", "documented", "--no-picture")
    (other,) = (folder for folder in result.parent.iterdir() if folder != result)
    code, out, err = command_line("plot", str(result), str(other))
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"{result}/differences.png"
    assert (result / "differences.png").read_bytes().startswith(b"\x89PNG")
