"""``pytest scenarios/``: each scenario that expects something is a test.

pytest loads this module wherever stasis-sim is installed, so it imports next to nothing until there is a scenario.
A YAML file is taken for one if it has the keys ``asterisk:``, ``run:`` and ``expect:`` at its top.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

SUFFIXES: Final = (".yaml", ".yml")
KEYS: Final = ("asterisk", "run", "expect")

_TOP = re.compile(rf"^({'|'.join(KEYS)})[ \t]*:", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of this plugin."""
    text = "Keep the results of scenarios under this folder, and take up those that are there (default: keep none)."
    parser.getgroup("stasis-sim").addoption("--stasis-results", metavar="DIR", help=text)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a scenario."""
    if file_path.suffix in SUFFIXES and _expects(file_path):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


def _expects(path: Path) -> bool:
    try:
        return set(_TOP.findall(path.read_text("utf-8-sig"))) == set(KEYS)
    except (OSError, UnicodeDecodeError):
        return False


class FailedError(Exception):
    """What a scenario expects does not hold; the message is what a user sees."""


class ScenarioFile(pytest.File):
    """A file with one scenario."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield its one test."""
        yield ScenarioItem.from_parent(self, name="expect")


class ScenarioItem(pytest.Item):
    """A scenario, run and held against what it expects."""

    def runtest(self) -> None:
        """Run it.

        Raises:
            FailedError: Something that it expects does not hold.
        """
        from stasis_sim.experiments.checks import check  # noqa: PLC0415 - see the head of this file
        from stasis_sim.experiments.replications import run  # noqa: PLC0415
        from stasis_sim.scenario import Scenario  # noqa: PLC0415

        scenario = Scenario.load(self._shown)
        results = run(scenario, out=self.config.getoption("--stasis-results"))
        verdicts = check(results)
        if not all(verdict.ok for verdict in verdicts):
            lines = [f"{self._shown} ({scenario.asterisk.profile}): {scenario.title or scenario.name}"]
            lines += [f"  {verdict}" for verdict in sorted(verdicts, key=lambda verdict: verdict.ok)]
            lines += [f"  warning: {warning}" for warning in results.warnings]
            raise FailedError("\n".join([*lines, f"again: {shlex.join(['stasis-sim', 'run', str(self._shown)])}"]))

    @property
    def _shown(self) -> Path:
        """The file as seen from where the user is, if it lies below."""
        try:
            return self.path.relative_to(self.config.invocation_params.dir)
        except ValueError:
            return self.path

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Say what does not hold, or what is wrong with the file, without a traceback."""
        from stasis_sim.errors import InputError  # noqa: PLC0415

        if isinstance(excinfo.value, FailedError | InputError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the place and the name of the test."""
        return self.path, None, str(self._shown)
