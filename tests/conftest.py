"""What all tests share: property tests without a clock, and the scores that are printed at the end of a run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.good import DIALPLAN, GOOD

# How long an example takes says something about the machine, and a busy one is no reason to fail.
settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")


Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """A function that runs the command line where the test is: exit code, output, errors."""
    from stasis_sim import cli  # noqa: PLC0415 - most tests do not need it

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["stasis-sim", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), out, err

    return run


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command_line: Cli) -> Cli:
    """A folder with a small scenario, and a function that runs the command line there: exit code, output, errors."""
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "extensions.conf").write_text(DIALPLAN, "utf-8")
    monkeypatch.chdir(tmp_path)
    return command_line


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print each score once; it stands here, because with several workers only this file is loaded by who prints."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    for report in reports:
        for name, value in report.user_properties:
            if name == "score":
                terminalreporter.write_line(str(value))
