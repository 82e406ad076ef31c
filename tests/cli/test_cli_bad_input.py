"""Input that cannot be used, on the command line: one message, before anything else, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.good import DIALPLAN, GOOD

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
                "--over run.seed: another seed has other callers, so variants do not meet the same ones; "
                "write run.replications for more of them"
            ),
        ),
        (
            ("compare", "good.yaml", "--over", "faults.0.for=5s..20s"),
            "--over faults.0.for: not a list (got 5s..20s); write each value, as in 5s,20s,60s",
        ),
        (
            ("baseline", "diff", "good.yaml", "--out", "kept"),
            "kept/baselines/good.json: no baseline; write stasis-sim baseline save good.yaml --out kept",
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


@pytest.mark.parametrize("command", [("compare",), ("baseline", "save"), ("baseline", "diff")], ids=" ".join)
def test_what_is_wrong_with_several_files_is_said_at_once(shell: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    """Nobody mends one file after the other."""
    (tmp_path / "a.yaml").write_text(GOOD.replace("hold: 5s", "hold: 5"), "utf-8")
    (tmp_path / "b.yaml").write_text(GOOD.replace("patience: 3s", "patience: 3"), "utf-8")
    code, out, err = shell(*command, "a.yaml", "good.yaml", "b.yaml")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "a.yaml:7:46: calls.0.hold: no unit (got 5); write 5s",
        "b.yaml:7:56: calls.0.patience: no unit (got 3); write 3s",
    ]


@pytest.mark.parametrize("command", [("run", "--seed", "3"), ("compare",), ("show", "--set", "run.seed=3")])
def test_an_empty_file_is_said_to_be_one(shell: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    """Also where an option has something for it: of what a whole scenario lacks there would be no end."""
    (tmp_path / "empty.yaml").write_text("# soon\n", "utf-8")
    verb, *options = command
    text = "nothing in it; write a scenario, or let `stasis-sim new` write one to start from"
    assert shell(verb, "empty.yaml", *options) == (2, "", f"empty.yaml:1:1: {text}\n")


def test_a_folder_that_is_called_like_a_scenario_is_none(shell: Cli, tmp_path: Path) -> None:
    """`check` of the folder around it passes it over."""
    (tmp_path / "kept.yaml").mkdir()
    code, out, err = shell("check", ".", "--workers", "1")
    assert (code, err) == (0, "")
    assert "good.yaml" in out
