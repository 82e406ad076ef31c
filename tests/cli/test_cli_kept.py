"""Results on disk: what a failure leaves of them, and that `stasis-sim rerun` gives the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from stasis_sim import cli
from stasis_sim.observe.columns import TABLES
from stasis_sim.simulated import replication
from tests.conftest import Cli
from tests.good import DIALPLAN

ROOT = Path(__file__).parents[2]


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_written_before_a_failure_stays(shell: Cli, tmp_path: Path) -> None:
    """Neither bad input nor a run of other inputs touches a byte of earlier results."""
    shell("run", "good.yaml", "--replications", "1", "--no-picture")
    before = files(tmp_path / "results")
    assert before
    (tmp_path / "extensions.conf").write_text("[default", "utf-8")
    assert shell("run", "good.yaml")[0] == 2
    assert files(tmp_path / "results") == before
    (tmp_path / "extensions.conf").write_text(DIALPLAN, "utf-8")
    shell("run", "good.yaml", "--replications", "1", "--no-picture", "--seed", "2")
    after = files(tmp_path / "results")
    assert len(after) == 2 * len(before)
    assert {name: after[name] for name in before} == before


def test_a_run_that_is_killed_leaves_nothing_half(shell: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second replication dies the first is whole, nothing looks finished, and the next run ends the work."""
    simulate = replication.simulate

    def dies(prepared: Any, number: int, sink: Any = None) -> Any:
        if number == 2:
            raise KeyboardInterrupt
        return simulate(prepared, number, sink)

    monkeypatch.setattr(replication, "simulate", dies)
    events = ["--workers", "1", "--set", "run.engine=events"]
    monkeypatch.setattr(sys, "argv", ["stasis-sim", "run", "good.yaml", *events])
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        cli.main()
    left = files(tmp_path / "results")
    assert {Path(name).name for name in left} == {f"{name}.parquet" for name in TABLES} | {"replication.json"}
    monkeypatch.setattr(replication, "simulate", simulate)
    assert shell("run", "good.yaml", *events, "--no-picture")[0] == 0
    after = files(tmp_path / "results")
    assert {name: after[name] for name in left} == left


@pytest.mark.parametrize("name", ["replications", "measures.json", "replications/0001/replication.json"])
def test_what_stands_in_the_way_of_results_is_said(shell: Cli, tmp_path: Path, name: str) -> None:
    """A file where a folder should be, or a folder for a file, is one message and no traceback."""
    assert shell("run", "good.yaml", "--workers", "1", "--no-picture")[0] == 0
    (found,) = tmp_path.glob("results/good/*")
    place = found / name
    if place.is_dir():
        shutil.rmtree(place)
        place.write_text("", "utf-8")
    else:
        place.unlink()
        place.mkdir()
        (place / "something").write_text("", "utf-8")
    code, _, err = shell("run", "good.yaml", "--workers", "1", "--no-picture")
    assert code == 2
    assert str(place) in err or name in err
    assert err.endswith("; make room, move away what stands there, or write another folder with --out\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["run", "compare", "sweep", "check", "baseline save"])
def test_no_scenario_takes_the_place_of_the_baselines(shell: Cli, tmp_path: Path, command: str) -> None:
    """Results of baselines.yaml would lie among them; nothing is run and nothing made."""
    (tmp_path / "good.yaml").rename(tmp_path / "baselines.yaml")
    over = ["--over", "faults.0.for=5s,9s"] if command == "sweep" else []
    code, out, err = shell(*command.split(), "baselines.yaml", *over)
    text = "its results would lie in the folder baselines, where baselines are kept; give the file another name"
    assert (code, out, err) == (2, "", f"baselines.yaml: {text}\n")
    assert not (tmp_path / "results").exists()


def test_what_stands_in_the_way_of_a_page_is_said(shell: Cli, tmp_path: Path) -> None:
    """By its own name, with what can be done: report and plot have no --out; nothing half-written stays."""
    assert shell("run", "good.yaml", "--workers", "1", "--no-picture")[0] == 0
    (found,) = tmp_path.glob("results/good/*")
    for command, name in (("report", "report.html"), ("plot", "timeline.png")):
        (found / name).mkdir()
        (found / name / "something").write_text("", "utf-8")
        code, _, err = shell(command, str(found))
        hint = "make room, move away what stands there, or copy the results to another folder"
        assert (code, err) == (2, f"{found / name}: Is a directory; {hint}\n")
    assert not list(tmp_path.glob("results/**/.*"))


@pytest.mark.skipif(os.name != "posix", reason="a limit for files takes the place of a full disk, on POSIX")
@pytest.mark.parametrize("limit", [2, 2_000, 5_000])
def test_a_full_disk_keeps_nothing_that_is_half_written(shell: Cli, tmp_path: Path, limit: int) -> None:
    """Neither a table that was begun, nor one to its end, nor what tells of them; and the message is one line."""
    import resource  # noqa: PLC0415 - POSIX has it

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        code, _, err = shell("run", "good.yaml", "--workers", "1", "--no-picture")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    hint = "make room, move away what stands there, or write another folder with --out"
    assert (code, err.count("\n")) == (2, 1)
    assert err.endswith(f"File too large; {hint}\n")
    assert not list(tmp_path.glob("results/**/.*"))


@pytest.mark.skipif(os.name != "posix", reason="processes are interrupted as a terminal does it, on POSIX")
@pytest.mark.parametrize("workers_too", [True, False])
def test_an_interrupt_ends_a_run_with_many_replications_to_do(workers_too: bool, shell: Cli, tmp_path: Path) -> None:
    """Ctrl-C ends the workers too, and what has not begun never does; the exit code is the one of the docs.

    A terminal interrupts the workers as well, `kill -INT` does not.
    """
    del shell  # only its folder is wanted
    # A shell starts what goes to the background without Ctrl-C, and what that starts would have none either.
    interrupts = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    program = f"{interrupts}from stasis_sim.cli import main\nif __name__ == '__main__':\n    main()\n"
    (tmp_path / "start.py").write_text(program, "utf-8")
    settings = ["--set", "run.duration=40h", "--set", "run.engine=events", "--replications", "8", "--workers", "2"]
    command = [sys.executable, "start.py", "run", "good.yaml", "--no-picture", *settings]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        while len(list(tmp_path.glob("results/good/*/replications/[0-9]*"))) < 2:
            assert running.poll() is None
            time.sleep(0.05)
        (os.killpg if workers_too else os.kill)(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=60)
        code = running.returncode
    assert said.startswith("interrupted; run, compare, sweep, check and baseline keep the replications that are done")
    assert said.count("\n") == 1
    table = (ROOT / "docs" / "experiments.md").read_text("utf-8").partition("### Exit codes")[2]
    assert f"| {code} | it was interrupted with Ctrl-C;" in table
    assert code == 130
    assert len(list(tmp_path.glob("results/good/*/replications/[0-9]*"))) == 2
    assert not list(tmp_path.glob("results/good/*/replications/*/replication.json"))


def test_rerun_says_whether_the_bytes_are_the_same(shell: Cli, tmp_path: Path) -> None:
    """Exit code 1 and the file where they are not."""
    _, out, _ = shell("run", "good.yaml", "--workers", "1", "--no-picture")
    folder = out.splitlines()[-1].partition(": ")[2]
    # A run that is alone in the folder of its scenario need not be named.
    code, out, _ = shell("rerun", "results/good", "--workers", "1")
    assert (code, out) == (0, "13 of 13 files are the same to the byte.\n")
    (tmp_path / folder / "measures.json").write_text('{"replications": 2}')
    code, out, _ = shell("rerun", folder, "--workers", "1", "--json")
    assert (code, json.loads(out)["differing"]) == (1, ["measures.json"])


def test_rerun_says_which_runs_of_a_sweep_are_the_same(shell: Cli, tmp_path: Path) -> None:
    """A line for each with its values, the files that differ, and how many are the same."""
    options = ["--over", "faults.0.for=5s,15s", "--csv", "--workers", "1", "--no-picture"]
    _, out, _ = shell("sweep", "good.yaml", *options)
    folder = out.splitlines()[-1].partition(": ")[2]
    code, _, err = shell("rerun", "results/good")
    assert (code, err.split("; ")[0]) == (2, "results/good: several results lie in it")
    assert folder in err
    first, second = sorted(
        tmp_path.glob("results/good/[0-9a-f]*/measures.json"), key=lambda path: path.stat().st_mtime_ns
    )
    shown = {name: path.parent.relative_to(tmp_path) for name, path in (("5s", first), ("15s", second))}
    code, out, err = shell("rerun", folder, "--workers", "1")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        *(f"same: {path} (faults.0.for={name})" for name, path in shown.items()),
        "2 of 2 runs, and 5 of 5 files are the same to the byte.",
    ]
    (tmp_path / shown["15s"] / "measures.json").write_text("{}")
    code, out, _ = shell("rerun", folder, "--workers", "1")
    assert code == 1
    assert out.splitlines() == [
        f"same: {shown['5s']} (faults.0.for=5s)",
        f"differs: {shown['15s']} (faults.0.for=15s)",
        f"differs: {shown['15s'] / 'measures.json'}",
        "1 of 2 runs, and 4 of 5 files are the same to the byte.",
    ]
    code, out, _ = shell("rerun", folder, "--workers", "1", "--json")
    content = json.loads(out)
    assert (code, content["same"], content["differing"]) == (1, False, [])
    assert [(run["name"], run["same"], run["differing"]) for run in content["runs"]] == [
        ("faults.0.for=5s", True, []),
        ("faults.0.for=15s", False, ["measures.json"]),
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full, which Linux has")
@pytest.mark.parametrize(("verb", "hint"), [("show", ""), ("run", ", move away what stands there, or write another f")])
def test_an_output_that_takes_nothing_is_said(shell: Cli, tmp_path: Path, verb: str, hint: str) -> None:
    """A full disk that the output goes to; `show` has no other folder to offer."""
    del shell  # only its folder is wanted
    program = f"import sys; sys.argv = ['stasis-sim', '{verb}', 'good.yaml']; from stasis_sim.cli import main; main()"
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith(f"No space left on device; make room{hint}")
    assert done.stderr.count("\n") == 1
