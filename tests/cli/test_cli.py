"""The command line as it is installed and documented, and the commands that help to write scenarios."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from stasis_sim import __version__
from stasis_sim.cli import common
from stasis_sim.handoff import profiles
from stasis_sim.scenario import asterisk
from tests.conftest import Cli

ROOT = Path(__file__).parents[2]


def test_the_command_line_and_scenarios_name_the_profiles_that_there_are() -> None:
    """All in one order, though the command line does not load them."""
    assert list(common.PROFILES) == list(get_args(asterisk.Profile)) == list(profiles.PROFILES)


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


def test_clients_lists_the_presets_and_shows_one(shell: Cli) -> None:
    """All in a table, one with its sources, either as JSON."""
    code, out, err = shell("clients")
    assert (code, err) == (0, "")
    assert out.startswith("client ")
    assert "WebSocketMaxRetries" in shell("clients", "node-ari-client")[1]
    assert json.loads(shell("clients", "--json")[1])["presets"]["node-ari-client"]["language"] == "JavaScript"
    assert json.loads(shell("clients", "aioari", "--json")[1])["name"] == "aioari"
    assert shell("clients", "aioar") == (2, "", "clients: no such client (got aioar); write aioari\n")


def test_the_command_line_of_a_certain_python(tmp_path: Path) -> None:
    """Where several are installed, or none is on the PATH; workers find their way through it too."""
    said = subprocess.run([sys.executable, "-m", "stasis_sim", "--version"], capture_output=True, text=True, check=True)
    assert said.stdout == f"stasis-sim {__version__}\n"
    run = ["run", "scenarios/never-connected.yaml", "--replications", "2", "--workers", "2", "--json", "--no-picture"]
    out = ["--out", str(tmp_path)]
    said = subprocess.run([sys.executable, "-m", "stasis_sim", *run, *out], capture_output=True, text=True, check=True)
    assert json.loads(said.stdout)["replications"] == 2


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
