"""The scenarios that are meant as checks in continuous integration end with the exit codes that stand in them."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from stasis_sim import cli

ROOT = Path(__file__).parent.parent
FILES = sorted(ROOT.glob("scenarios/ci-*.yaml"))
SAID = [
    (command, int(code))
    for file in FILES
    for command, code in re.findall(
        r"^#   (stasis-sim check .*?)  +exit code (\d)", file.read_text("utf-8"), re.MULTILINE
    )
]


def test_each_says_what_it_ends_with() -> None:
    """Each of the files has a line with exit code 0 and one with 1, and names itself in it."""
    for file in FILES:
        codes = {code for command, code in SAID if f"scenarios/{file.name}" in command}
        assert codes >= {0, 1}, file.name


@pytest.mark.parametrize(("command", "code"), SAID)
def test_the_exit_code_is_the_one_that_is_said(
    command: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy that does what is expected gives 0, another one 1, and what is no policy 2."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", [*shlex.split(command), "--workers", "1", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code or 0) == code
