"""`stasis-sim run` as a user meets it: what it prints, what it leaves behind, and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stasis_sim import __version__
from stasis_sim.errors import WorkError
from stasis_sim.experiments import cluster, replications
from stasis_sim.observe.columns import TABLES
from tests.conftest import Cli


def test_a_run_says_first_how_to_repeat_it_then_what_happened(shell: Cli) -> None:
    """Title, profile, seed, digest and command come first, then a table, a sentence and where the results are."""
    code, out, err = shell("run", "good.yaml", "--profile", "asterisk-22", "--workers", "1", "--seed", "3")
    assert (code, err) == (0, "")
    title, inputs, again, *rest = out.splitlines()
    assert title == "A small question"
    found = re.fullmatch(r"asterisk-22, 2 replications, seed 3, digest ([0-9a-f]{16}), stasis-sim (\S+)", inputs)
    assert found is not None
    assert found[2] == __version__
    assert again == "again: stasis-sim run good.yaml --profile asterisk-22 --workers 1 --seed 3"
    assert any(line.startswith("ejection rate") for line in rest)
    sentence = " ".join(rest)
    assert "10.9 % of 110 calls were ejected, all while Intro-IVR was away: 2 outages, longest 5.0 s." in sentence
    assert rest[-1] == f"results: results/good/{found[1]}"
    assert max(len(line) for line in out.splitlines()) <= 80


def test_a_run_leaves_the_documented_files(shell: Cli, tmp_path: Path) -> None:
    """Measures, provenance and the tables of each replication, with the picture beside them; CSV on demand."""
    shell("run", "good.yaml", "--workers", "1", "--csv")
    (found,) = (tmp_path / "results" / "good").iterdir()
    tables = {f"replications/{number}/{name}.parquet" for number in ("0001", "0002") for name in TABLES}
    marks = {f"replications/{number}/replication.json" for number in ("0001", "0002")}
    whole = {"measures.json", "provenance.json", "timeline.png", *(f"{name}.csv" for name in TABLES)}
    left = {str(path.relative_to(found)) for path in found.rglob("*") if path.is_file()}
    assert left == tables | marks | whole
    header, first = (found / "calls.csv").read_text("utf-8").splitlines()[:2]
    assert header.startswith("replication,call,source,arrived_s,ended_s,outcome,")
    assert first.startswith("1,1,ivr@default,1.0,6.004,served,")
    assert json.loads((found / "provenance.json").read_text("utf-8"))["seed"] == 1


def test_no_picture_on_demand(shell: Cli, tmp_path: Path) -> None:
    """Without a picture, and with measures only, there is none; without tables there is nothing to draw."""
    shell("run", "good.yaml", "--no-picture", "--replications", "1")
    shell("run", "good.yaml", "--set", "run.record=measures", "--replications", "1")
    assert not list(tmp_path.rglob("*.png"))
    assert len(list(tmp_path.rglob("measures.json"))) == 2


def test_run_prints_json_of_the_documented_shape(shell: Cli, tmp_path: Path) -> None:
    """Nothing but JSON on standard output, and the same as in measures.json."""
    code, out, _ = shell("run", "good.yaml", "--json", "--workers", "1", "--out", "elsewhere")
    content = json.loads(out)
    assert code == 0
    assert list(content) == ["scenario", "digest", "profile", "seed", "replications", "engine", "measures"]
    assert (content["scenario"], content["profile"], content["seed"]) == ("good", "documented", 1)
    assert (content["replications"], content["engine"]) == (2, "open-loop")
    assert list(content["measures"]) == ["total", "apps", "clients"]
    assert list(content["measures"]["apps"]) == ["Intro-IVR"]
    assert list(content["measures"]["clients"]) == ["ivr"]
    assert content["measures"]["total"]["calls"] == {"mean": 55.0, "low": 55.0, "high": 55.0, "n": 2}
    (kept,) = tmp_path.glob("elsewhere/good/*/measures.json")
    assert json.loads(kept.read_text("utf-8")) == content


def test_set_overrides_any_key(shell: Cli) -> None:
    """Nested keys, lists and quantities; the last word is that of an option with a name of its own."""
    settings = ("--set", "calls.0.arrivals={every: 2s}", "--set", "run.seed=4", "--set", "faults=[]", "--seed", "9")
    _, out, _ = shell("run", "good.yaml", "--json", "--replications", "1", *settings)
    content = json.loads(out)
    assert content["seed"] == 9
    assert content["measures"]["total"]["calls"] == {"mean": 27.0, "low": None, "high": None, "n": 1}
    assert content["measures"]["total"]["missed_rate"]["mean"] == 0


def test_warnings_come_before_the_results(shell: Cli) -> None:
    """An app on one side only, and a fault that finds nothing to break, are said on standard error."""
    changed = ("--set", "clients.ivr.apps=[Other]", "--set", "faults=[{drop: ivr, at: 0s}]", "--replications", "1")
    code, _, err = shell("run", "good.yaml", *changed)
    assert code == 0
    assert err.splitlines() == [
        "warning: --set clients.ivr.apps: no line of the dialplan hands calls to Other",
        "warning: good.yaml:4:1: clients: the dialplan hands calls to Intro-IVR, which no client serves",
        (
            "warning: --set faults: faults.0: drop ivr touched nothing in any replication; "
            "let it strike while its target is connected, or remove it"
        ),
    ]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_a_terminal_that_knows_few_characters_is_no_error(shell: Cli, encoding: str) -> None:
    """It shows question marks for what it does not know."""
    del shell
    run = ["stasis-sim", "run", "good.yaml", "--workers", "1", "--no-picture"]
    code = f"import sys\nfrom stasis_sim.cli import main\nsys.argv = {run}\nmain()"
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"engine: open-loop" in done.stdout


HEAVY = ("pandas", "matplotlib", "scipy", "rich", "jinja2", "junitparser", "numpy.ma")


@pytest.mark.parametrize(("record", "heavy"), [("measures", (*HEAVY, "pyarrow")), ("all", HEAVY)])
def test_a_run_loads_no_library_that_it_has_no_use_for(shell: Cli, record: str, heavy: tuple[str, ...]) -> None:
    """From the command to the results neither pictures, statistics, DataFrames nor NumPy's masked arrays are loaded."""
    del shell
    run = ["stasis-sim", "run", "good.yaml", "--set", f"run.record={record}", "--workers", "1", "--no-picture"]
    code = (
        "import atexit, sys\nfrom stasis_sim.cli import main\n"
        f"atexit.register(lambda: print([name for name in {heavy} if name in sys.modules]))\nsys.argv = {run}\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "engine: open-loop" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_workers_that_die_again_and_again_have_an_exit_code_of_their_own(
    shell: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not the input that is wrong."""

    def fail(*_: object, **__: object) -> None:
        raise WorkError("worker processes died 4 times in a row")

    monkeypatch.setattr(replications, "carry_out", fail)
    code, _, err = shell("run", "good.yaml", "--workers", "1")
    assert (code, err) == (3, "worker processes died 4 times in a row\n")


@pytest.mark.parametrize("scheduler", ["tcp://127.0.0.1:9", "nowhere"])
def test_a_scheduler_that_is_not_there_is_said(shell: Cli, scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address that was tried."""
    monkeypatch.setattr(cluster, "PATIENCE", "1s")
    code, out, err = shell("run", "good.yaml", "--scheduler", scheduler)
    assert code == 2
    assert out == ""
    assert err.startswith(f"--scheduler {scheduler}: no scheduler there")
