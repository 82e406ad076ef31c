"""The command line as a user meets it: what it prints, what it leaves behind, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import junitparser
import pytest

from stasis_sim import __version__, cli
from stasis_sim.errors import WorkError
from stasis_sim.experiments import cluster, replications
from stasis_sim.observe.columns import TABLES
from stasis_sim.simulated import replication

ROOT = Path(__file__).parent.parent

GOOD = """\
title: A small question
asterisk:
  extensions: extensions.conf
clients:
  ivr: {apps: Intro-IVR, reconnect: {constant: 1s}}
calls:
  - {to: ivr@default, arrivals: {every: 1s}, hold: 5s, patience: 3s}
faults:
  - {drop: ivr, at: 20s, for: 5s}
run: {duration: 1min, warmup: 5s, replications: 2}
expect:
  - Intro-IVR.ejection_rate <= 20%
"""
DIALPLAN = "[default]\nexten => ivr,1,Stasis(Intro-IVR)\n same => n,Hangup()\n"

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command_line: Cli) -> Cli:
    """A folder with a small scenario, and a function that runs the command line there: exit code, output, errors."""
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "extensions.conf").write_text(DIALPLAN, "utf-8")
    monkeypatch.chdir(tmp_path)
    return command_line


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- run -------------------------------------------------------------------------


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
    assert set(files(found)) == tables | marks | whole
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


def test_a_sweep_that_cannot_be_leaves_no_folder(shell: Cli, tmp_path: Path) -> None:
    """What is wrong with it is found before one is made."""
    assert shell("sweep", "good.yaml")[0] == 2
    assert not (tmp_path / "results").exists()


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


# ---- compare, show, new, schema ------------------------------------------------------


def test_compare_sets_the_profiles_side_by_side(shell: Cli) -> None:
    """One column a profile, one sentence a profile, and the differences, within 80 columns."""
    code, out, _ = shell("compare", "good.yaml", "--replications", "1")
    assert code == 0
    heading = next(line for line in out.splitlines() if line.split() == ["documented", "asterisk-16", "asterisk-22"])
    assert heading
    rows = {line.split("  ")[0]: line.split() for line in out.splitlines()}
    assert rows["calls"] == ["calls", "55", "55", "55"]
    assert rows["ejection rate"] == ["ejection", "rate", "0", "%", "10.9", "%", "10.9", "%"]
    assert "asterisk-22 ejects 10.9 points more calls than documented; one replication" in out
    assert max(len(line) for line in out.splitlines() if not line.startswith("  results/")) <= 80


def test_compare_prints_json_of_the_documented_shape(shell: Cli) -> None:
    """Variants by name, and paired differences of each two."""
    _, out, _ = shell("compare", "good.yaml", "--json", "--replications", "1")
    content = json.loads(out)
    assert list(content) == ["variants", "differences"]
    assert list(content["variants"]) == ["documented", "asterisk-16", "asterisk-22"]
    assert list(content["variants"]["documented"]) == ["total", "apps", "clients"]
    first = content["differences"][0]
    assert list(first) == ["measure", "app", "client", "a", "b", "mean", "low", "high"]
    scopes = list(dict.fromkeys((row["app"], row["client"]) for row in content["differences"]))
    assert scopes == [(None, None), ("Intro-IVR", None), (None, "ivr")]
    pairs = [(row["a"], row["b"]) for row in content["differences"] if (row["measure"], row["app"]) == ("calls", None)]
    assert pairs == [("documented", "asterisk-16"), ("documented", "asterisk-22"), ("asterisk-16", "asterisk-22")]


def test_show_prints_what_can_be_run_again(shell: Cli, tmp_path: Path) -> None:
    """All defaults are filled in, and the output is a scenario that says the same."""
    code, out, _ = shell("show", "good.yaml", "--profile", "asterisk-16")
    assert code == 0
    assert "profile: asterisk-16" in out
    assert "workers: 1" in out
    (tmp_path / "shown.yaml").write_text(out, "utf-8")
    assert shell("show", "shown.yaml")[1] == out


def test_new_writes_a_scenario_that_runs(shell: Cli, tmp_path: Path) -> None:
    """What new writes needs no other file."""
    code, out, _ = shell("new")
    assert code == 0
    (tmp_path / "my.yaml").write_text(out, "utf-8")
    code, out, err = shell("run", "my.yaml", "--replications", "1", "--set", "run.duration=6min")
    assert code == 0
    assert all("touched nothing" in line for line in err.splitlines())  # so short a run may have no outage
    assert "What does a 20-second outage cost an IVR?" in out


def test_schema_is_json_schema(shell: Cli) -> None:
    """Editors get an object with the keys of a scenario."""
    code, out, _ = shell("schema")
    assert code == 0
    assert {"asterisk", "clients", "calls", "faults", "run", "expect", "fallback"} <= set(json.loads(out)["properties"])


# ---- check ---------------------------------------------------------------------------


def test_clients_lists_the_presets_and_shows_one(shell: Cli) -> None:
    """All in a table, one with its sources, either as JSON."""
    code, out, err = shell("clients")
    assert (code, err) == (0, "")
    assert out.startswith("client ")
    assert "WebSocketMaxRetries" in shell("clients", "node-ari-client")[1]
    assert json.loads(shell("clients", "--json")[1])["presets"]["node-ari-client"]["language"] == "JavaScript"
    assert json.loads(shell("clients", "aioari", "--json")[1])["name"] == "aioari"
    assert shell("clients", "aioar") == (2, "", "clients: no such client (got aioar); write aioari\n")


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


# ---- what cannot be used -----------------------------------------------------------------

BAD: dict[str, tuple[str, str, str]] = {
    "a typo in a key": (
        "patience",
        "patiance",
        "bad.yaml:7:56: calls.0.patiance: unknown key; write patience",
    ),
    "a wrong unit": ("5s, p", "5 sec, p", "bad.yaml:7:46: calls.0.hold: unknown unit sec (got 5 sec); write 5s"),
    "an unknown distribution": (
        "hold: 5s",
        "hold: {pareto: 5s}",
        (
            "bad.yaml:7:53: calls.0.hold.pareto: unknown distribution (got pareto); write one of constant, "
            "exponential, lognormal, weibull, gamma, uniform, empirical"
        ),
    ),
    "a missing .conf": (
        "extensions.conf",
        "extension.conf",
        "bad.yaml:3:3: asterisk.extensions: no such file (got extension.conf); write extensions.conf",
    ),
    "a broken .conf": (
        "extensions.conf",
        "unclosed.conf",
        "unclosed.conf:1: a section header without its closing ]; Asterisk uses nothing of this file",
    ),
    "an extension that nobody defined": (
        "ivr@default",
        "sales@default",
        (
            "bad.yaml:7:6: calls.0.to: no extension sales in context default; write one that the dialplan has, or add "
            "it there"
        ),
    ),
    "a context that does not exist": (
        "ivr@default",
        "ivr@sales",
        "bad.yaml:7:6: calls.0.to: no context sales in the dialplan; write one of its contexts: default",
    ),
    "an expectation of an unknown app": (
        "Intro-IVR.ejection_rate",
        "Intro-IRV.ejection_rate",
        "bad.yaml:12:5: expect.0: no such app or client (got Intro-IRV); write Intro-IVR",
    ),
    "an expectation of an unknown measure": (
        "ejection_rate <=",
        "calls.share.droped <=",
        ("bad.yaml:12:5: expect.0: unknown measure (got Intro-IVR.calls.share.droped); write calls.share.dropped"),
    ),
    "a dialplan without Stasis": (
        "extensions.conf",
        "nostasis.conf",
        (
            "bad.yaml:3:3: asterisk.extensions: no Stasis() in the dialplan, so no call is ever handed over; write "
            "one, such as Stasis(Intro-IVR)"
        ),
    ),
}


@pytest.mark.parametrize("verb", ["run", "compare", "sweep", "check"])
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_bad_input_is_said_in_one_line(shell: Cli, tmp_path: Path, verb: str, bad: tuple[str, str, str]) -> None:
    """Exactly this text on standard error, exit code 2, and no results."""
    old, new, text = bad
    (tmp_path / "unclosed.conf").write_text(DIALPLAN.replace("]", ""), "utf-8")
    (tmp_path / "nostasis.conf").write_text(DIALPLAN.replace("Stasis", "Playback"), "utf-8")
    (tmp_path / "bad.yaml").write_text(GOOD.replace(old, new), "utf-8")
    assert shell(verb, "bad.yaml") == (2, "", f"{text}\n")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("nothere.yaml",), "nothere.yaml: cannot be read: No such file or directory; write the path of a scenario"),
        (("good.yaml", "--set", "run.sed=4"), "--set run.sed: unknown key; write seed"),
        (("good.yaml", "--set", "runseed"), "--set: not an override (got runseed); write KEY=VALUE as in run.seed=3"),
        (
            ("good.yaml", "--set", "calls.3.hold=4s"),
            "--set calls.3.hold: calls is a list of 1 (got 3); write a position from 0 to 1",
        ),
        (
            ("good.yaml", "--profile", "asterisk-18"),
            ("--profile: not one of documented, asterisk-16, asterisk-22 (got asterisk-18); write asterisk-16"),
        ),
        (
            ("good.yaml", "--set", "expect.1=nobody.calls > 0"),
            "--set expect.1: no such app or client (got nobody); write one of Intro-IVR, ivr",
        ),
        (
            ("good.yaml", "--csv", "--set", "run.record=measures"),
            "--csv: run.record is measures, so there are no tables; leave it away, or write record: all",
        ),
        (
            ("good.yaml", "--set", "client.ivr.reconnect=none"),
            "--set client.ivr.reconnect: client: unknown key; write clients",
        ),
        (
            ("good.yaml", "--set", "clients.ivrr.reconnect=none"),
            "--set clients.ivrr.reconnect: clients.ivrr: apps is missing; write apps: [APP]",
        ),
        (
            ("good.yaml", "--set", "seed=3"),
            "--set seed: unknown key; write it below run, as run.seed on the command line",
        ),
        (
            ("good.yaml", "--set", "profile=asterisk-16"),
            "--set profile: unknown key; write it below asterisk, as asterisk.profile on the command line",
        ),
        (("good.yaml", "--replications", "0"), "--replications: too small (got 0); write 1 or more"),
        (("good.yaml", "--seed", "-1"), "--seed: too small (got -1); write 0 or more"),
        (("good.yaml", "--set", "run.seed=-1"), "--set run.seed: too small (got -1); write 0 or more"),
    ],
)
def test_bad_arguments_are_said_in_one_line(shell: Cli, arguments: tuple[str, ...], text: str) -> None:
    """Exactly this text, and exit code 2."""
    assert shell("run", *arguments) == (2, "", f"{text}\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ("sweep", "good.yaml"),
            "good.yaml: nothing is swept; write --over faults.0.for=5s,20s,60s, or sweep: {over: …} into the scenario",
        ),
        (
            ("sweep", "good.yaml", "--over", "faults.0.for=5s,abc,5"),
            (
                "--over faults.0.for: no unit (got 5); write 5s\n"
                "--over faults.0.for: not a duration (got abc); write a number and a unit such as 30s"
            ),
        ),
        (
            ("sweep", "good.yaml", "--over", "calls.0.to=ivr@default,x@default", "--set", "run.seed=3"),
            ("--over calls.0.to: no extension x in context default; write one that the dialplan has, or add it there"),
        ),
        (
            ("sweep", "good.yaml", "--over", "faults"),
            "--over: not an override (got faults); write KEY=VALUE,VALUE as in faults.0.for=20s,60s",
        ),
        (
            ("compare", "good.yaml", "--profile", "asterisk-22"),
            "--profile: the profiles are what is compared; leave it away, or write values with --over",
        ),
        (
            ("sweep", "good.yaml", "--over", "faults.0.for=5s", "--over", "faults.0.for=9s"),
            "--over faults.0.for: written twice; write all of its values behind one --over",
        ),
        (
            ("sweep", "good.yaml", "--seed", "-1", "--over", "faults.0.for=5s"),
            "--seed: too small (got -1); write 0 or more",
        ),
        (
            ("compare", "good.yaml", "good.yaml"),
            "good.yaml: written twice; remove one, or write other values with --over",
        ),
        (
            ("compare", "good.yaml", "--over", "run.seed=1,2"),
            (
                "--over run.seed: its seed is 2, that of the first is 1, so they do not meet the same callers; "
                "write the same seed, or --seed 1"
            ),
        ),
        (
            ("sweep", "good.yaml", "--over", "faults.0.for=5s,9s", "--measure", "Intro.calls"),
            "--measure: no such app or client (got Intro); write Intro-IVR",
        ),
        (
            ("run", "good.yaml", "--out", "good.yaml"),
            "good.yaml: results cannot be written: Not a directory; write another folder",
        ),
    ],
)
def test_bad_input_is_said_before_anything_else(
    shell: Cli, tmp_path: Path, arguments: tuple[str, ...], text: str
) -> None:
    """Nothing is printed before it, not even what is about to run, and nothing is run."""
    assert shell(*arguments) == (2, "", f"{text}\n")
    assert not list(tmp_path.glob("results/*/*/replications"))


def test_a_command_that_does_not_exist(shell: Cli) -> None:
    """Exit code 2 and how to get help."""
    code, _, err = shell("simulate")
    assert code == 2
    assert "No such command 'simulate'" in err


def test_check_of_a_folder_without_scenarios(shell: Cli, tmp_path: Path) -> None:
    """Nothing to check is no success."""
    (tmp_path / "empty").mkdir()
    expected = "empty: no scenario in this folder; name a folder with .yaml files, or a file\n"
    assert shell("check", "empty") == (2, "", expected)


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


@pytest.mark.skipif(os.name != "posix", reason="process groups are interrupted as a terminal does it, on POSIX")
def test_an_interrupt_ends_a_run_with_many_replications_to_do(shell: Cli, tmp_path: Path) -> None:
    """Ctrl-C ends the workers too, and what has not begun never does; the exit code is the one of the docs."""
    del shell  # only its folder is wanted
    program = "from stasis_sim.cli import main\nif __name__ == '__main__':\n    main()\n"
    (tmp_path / "start.py").write_text(program, "utf-8")
    settings = ["--set", "run.duration=40h", "--set", "run.engine=events", "--replications", "8", "--workers", "2"]
    command = [sys.executable, "start.py", "run", "good.yaml", "--no-picture", *settings]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        while len(list(tmp_path.glob("results/good/*/replications/*"))) < 2:
            assert running.poll() is None
            time.sleep(0.05)
        os.killpg(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=60)
        code = running.returncode
    assert said.startswith("interrupted; run, compare, sweep, check and baseline keep the replications that are done")
    assert said.count("\n") == 1
    table = (ROOT / "docs" / "experiments.md").read_text("utf-8").partition("### Exit codes")[2]
    assert f"| {code} | it was interrupted with Ctrl-C;" in table
    assert code == 130
    assert len(list(tmp_path.glob("results/good/*/replications/*"))) == 2
    assert not list(tmp_path.glob("results/good/*/replications/*/replication.json"))


# ---- the installed command, and what the documentation says ------------------------------------


def test_the_installed_command() -> None:
    """It is there under its name, says its version, and loads none of the heavy libraries for that."""
    command = Path(sys.executable).with_name("stasis-sim")
    if not command.exists():
        pytest.skip("the package is not installed with its command")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"stasis-sim {__version__}\n"
    heavy = ("pandas", "scipy", "pyarrow", "matplotlib", "jinja2")
    code = f"import sys, stasis_sim.cli; print([n for n in {heavy} if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def documented() -> list[str]:
    """The commands in the code blocks of the README and the docs."""
    found: list[str] = []
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = page.read_text("utf-8").replace("\\\n", "")
        for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            lines = re.findall(r"^\s*(?:\$ )?(stasis-sim .*?)\s*$", block, re.MULTILINE)
            # An answer of the program begins with its name too: its version.
            found += [line for line in lines if not re.fullmatch(r"stasis-sim [0-9.]+", line)]
    return list(dict.fromkeys(found))


SHORT = ("--set", "run.duration=7min")
"""What makes a documented command quick; the words of the documentation stay as they are."""

QUICK = {
    "run": (*SHORT, "--replications", "1", "--set", "run.max_replications=10", "--no-picture"),
    "compare": (*SHORT, "--replications", "1"),
    "check": (*SHORT, "--set", "run.replications=1"),
    "show": (),
}


@pytest.mark.parametrize("line", documented())
def test_what_the_documentation_says_works(line: str, shell: Cli, tmp_path: Path) -> None:
    """Each command is one that there is, with options that there are; those on shipped files are run."""
    words = list(shlex.split(line, comments=True)[1:])
    words = words[: next((at for at, word in enumerate(words) if word in {">", "|", "&&"}), len(words))]
    for name in ("scenarios", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "my.yaml").write_text(shell("new")[1], "utf-8")
    files = (word for word in words if word.endswith((".yaml", ".json", ".conf")) and "=" not in word)
    named = [*files, *(word for word in words if word.startswith("results/"))]
    if any(not (tmp_path / name).exists() for name in named):
        words = [words[0], "--help"]
    elif words[0] in QUICK:
        words += QUICK[words[0]]
    code, out, err = shell(*words)
    assert code in ((0, 1) if words[0] in {"check", "check-config"} else (0,)), err
    assert out


def test_the_documentation_shows_commands() -> None:
    """The test above has something to do."""
    lines = documented()
    assert any("scenarios/" in line for line in lines)
    assert {line.split()[1] for line in lines} >= {"run", "compare", "new"}


def test_sweep_prints_a_table_and_an_answer_and_leaves_files(shell: Cli, tmp_path: Path) -> None:
    """The folder that is named at the end has the table, the picture and what they come from."""
    code, out, err = shell("sweep", "good.yaml", "--over", "faults.0.for=5s,10s", "--csv", "--workers", "1")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[1].startswith("documented, 2 points of 2 replications, seed 1, digest ")
    assert lines[4].split() == ["for", "ejection_rate"]
    folder = tmp_path / lines[-1].partition(": ")[2]
    names = ["ejection_rate.png", "provenance.json", "sweep.csv", "sweep.json", "sweep.parquet"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert (folder / "sweep.csv").read_text().startswith("point,faults.0.for_s,app,client,measure,mean,low,high,n\n")


def test_sweep_prints_json_of_the_documented_shape(shell: Cli) -> None:
    """A point has its settings, the digest of its run, and all measures."""
    code, out, _ = shell("sweep", "good.yaml", "--over", "faults.0.for=5s,10s", "--json", "--workers", "1")
    content = json.loads(out)
    assert code == 0
    assert list(content) == ["scenario", "digest", "points"]
    assert [point["settings"] for point in content["points"]] == [{"faults.0.for": "5s"}, {"faults.0.for": "10s"}]
    assert list(content["points"][0]["measures"]) == ["total", "apps", "clients"]


def test_a_latin_hypercube_spreads_over_the_keys_of_the_file(shell: Cli) -> None:
    """Where no --over names others."""
    swept = ("--set", "sweep={over: {faults.0.for: [5s, 10s]}}", "--json", "--workers", "1")
    code, out, _ = shell("sweep", "good.yaml", "--latin-hypercube", "3", *swept)
    assert code == 0
    assert [set(point["settings"]) for point in json.loads(out)["points"]] == 3 * [{"faults.0.for"}]
    code, _, err = shell("sweep", "good.yaml", "--latin-hypercube", "3")
    assert (code, err.split(";")[0]) == (2, "good.yaml: nothing is swept")


def test_compare_takes_several_scenarios_and_values_of_a_key(shell: Cli, tmp_path: Path) -> None:
    """Variants are called by their files, or by their values."""
    (tmp_path / "longer.yaml").write_text(GOOD.replace("for: 5s", "for: 15s"), "utf-8")
    options = ("--set", "asterisk.profile=asterisk-22", "--workers", "1", "--no-picture")
    code, out, _ = shell("compare", "good.yaml", "longer.yaml", *options)
    assert code == 0
    assert re.search(r"^longer ejects .* points more calls than good", out, re.MULTILINE)
    code, out, _ = shell("compare", "good.yaml", "--over", "faults.0.for=5s,15s", *options)
    assert re.search(r"^15s ejects .* points more calls than 5s", out, re.MULTILINE)
    code, _, err = shell("compare", "good.yaml", "longer.yaml", "--over", "faults.0.for=5s,15s")
    assert (code, err.splitlines()) == (
        2,
        ["--over: several scenarios are given; write one with --over, or several without"],
    )


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


def test_a_baseline_is_kept_and_held(shell: Cli) -> None:
    """What has not changed has not moved; what has is named, and the exit code says so."""
    options = ("--set", "asterisk.profile=asterisk-22", "--replications", "10", "--workers", "1")
    code, out, _ = shell("baseline", "save", "good.yaml", *options)
    assert (code, out) == (0, "good.yaml: kept in results/baselines/good.json\n")
    code, out, _ = shell("baseline", "diff", "good.yaml", *options)
    assert (code, out) == (0, "good.yaml: 0 of 0 measures that differ moved beyond noise\n")
    code, out, _ = shell("baseline", "diff", "good.yaml", *options, "--set", "faults.0.for=15s")
    assert code == 1
    assert re.search(r"^  ejection_rate  \+0\.1\d* \(\+0", out, re.MULTILINE)
    code, out, _ = shell("baseline", "diff", "good.yaml", *options, "--set", "faults.0.for=15s", "--json")
    content = json.loads(out)
    assert (code, content["ok"]) == (1, False)
    found = content["scenarios"][0]
    assert list(found) == ["scenario", "ok", "model", "changed", "moved"]
    assert list(found["moved"][0]) == ["app", "client", "measure", "mean", "low", "high", "beyond_noise", "alone"]
    tries = [row for row in found["moved"] if (row["client"], row["measure"]) == ("ivr", "connections")]
    assert [(row["mean"], row["beyond_noise"]) for row in tries] == [(10, True)]


def test_few_replications_are_said_to_see_little(shell: Cli) -> None:
    """What would have moved if it were the only measure is counted in a note; it is not called noise in silence."""
    random = ("--set", "calls.0.arrivals={poisson: 1/s}", "--set", "asterisk.profile=asterisk-22")
    options = (*random, "--replications", "3", "--workers", "1")
    shell("baseline", "save", "good.yaml", *options)
    later = (*options, "--set", "faults.0.for=15s")
    moved = json.loads(shell("baseline", "diff", "good.yaml", *later, "--json")[1])["scenarios"][0]["moved"]
    alone, beyond = (sum(row[which] for row in moved) for which in ("alone", "beyond_noise"))
    assert alone > beyond
    _, out, _ = shell("baseline", "diff", "good.yaml", *later)
    assert f"  note: looked at one by one, {alone} would have; more replications than 3 tell\n" in out


def test_a_baseline_of_what_has_changed_says_so(shell: Cli, tmp_path: Path) -> None:
    """Which keys and which files; what says nothing about the measures is no change."""
    options = ("--set", "run.record=measures", "--workers", "1")
    shell("baseline", "save", "good.yaml", *options)
    same = (*options, "--set", "title=Another", "--set", "run.engine=events", "--replications", "1")
    assert shell("baseline", "diff", "good.yaml", *same)[1].splitlines()[1:] == []
    (tmp_path / "extensions.conf").write_text(f"{DIALPLAN};\n", "utf-8")
    changed = (*options, "--set", "faults.0.for=6s", "--set", "run.duration=2min")
    _, out, _ = shell("baseline", "diff", "good.yaml", *changed)
    text = "the scenario has changed since this baseline was saved: extensions.conf, faults.0, run.duration"
    assert out.splitlines()[1] == f"  note: {text}"
    content = json.loads(shell("baseline", "diff", "good.yaml", *changed, "--json")[1])
    assert content["scenarios"][0]["changed"] == ["extensions.conf", "faults.0", "run.duration"]


def test_a_baseline_is_not_lost_to_another_file_of_the_name(shell: Cli, tmp_path: Path) -> None:
    """As long as the file that it is of is there; nothing is run, and of what it is a comparison says."""
    shutil.copytree(tmp_path, tmp_path / "other")
    options = ("--set", "run.record=measures", "--workers", "1")
    shell("baseline", "save", "good.yaml", *options)
    kept = tmp_path / "results" / "baselines" / "good.json"
    before = kept.read_bytes()
    code, out, err = shell("baseline", "save", "other/good.yaml", *options)
    text = (
        "other/good.yaml: results/baselines/good.json is the baseline of good.yaml, which has the same name;"
        " rename one of the files, or write another folder with --out\n"
    )
    assert (code, out, err, kept.read_bytes()) == (2, "", text, before)
    assert shell("baseline", "diff", "other/good.yaml", *options)[1].count("\n") == 1
    _, out, _ = shell("baseline", "diff", "other/good.yaml", *options, "--set", "faults.0.for=6s")
    assert out.splitlines()[1] == "  note: this baseline is of good.yaml, which is another scenario: faults.0"
    assert shell("baseline", "save", "other/good.yaml", *options, "--out", "other/results")[0] == 0
    (tmp_path / "good.yaml").rename(tmp_path / "moved.yaml")
    assert shell("baseline", "save", "other/good.yaml", *options)[0] == 0
    assert kept.read_bytes() != before


def test_two_scenarios_of_one_name_have_no_two_baselines(shell: Cli, tmp_path: Path) -> None:
    """The second would be kept in place of the first; nothing is run."""
    (tmp_path / "other").mkdir()
    for name in ("good.yaml", "extensions.conf"):
        shutil.copy(tmp_path / name, tmp_path / "other")
    code, out, err = shell("baseline", "save", "good.yaml", "other/good.yaml", "--workers", "1")
    text = "other/good.yaml: its baseline has the same name as that of good.yaml; rename one of the files\n"
    assert (code, out, err) == (2, "", text)


def test_rerun_says_whether_the_bytes_are_the_same(shell: Cli, tmp_path: Path) -> None:
    """Exit code 1 and the file where they are not."""
    _, out, _ = shell("run", "good.yaml", "--workers", "1", "--no-picture")
    folder = out.splitlines()[-1].partition(": ")[2]
    code, out, _ = shell("rerun", folder, "--workers", "1")
    assert (code, out) == (0, "13 of 13 files are the same to the byte.\n")
    (tmp_path / folder / "measures.json").write_text('{"replications": 2}')
    code, out, _ = shell("rerun", folder, "--workers", "1", "--json")
    assert (code, json.loads(out)["differing"]) == (1, ["measures.json"])


def test_rerun_says_which_runs_of_a_sweep_are_the_same(shell: Cli, tmp_path: Path) -> None:
    """A line for each with its values, the files that differ, and how many are the same."""
    options = ["--over", "faults.0.for=5s,15s", "--csv", "--workers", "1", "--no-picture"]
    _, out, _ = shell("sweep", "good.yaml", *options)
    folder = out.splitlines()[-1].partition(": ")[2]
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
