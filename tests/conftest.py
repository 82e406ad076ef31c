"""What all tests share: property tests without a clock, and the scores that are printed at the end of a run."""

from __future__ import annotations

import pytest
from hypothesis import settings

# How long an example takes says something about the machine, and a busy one is no reason to fail.
settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print each score once; it stands here, because with several workers only this file is loaded by who prints."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    for report in reports:
        for name, value in report.user_properties:
            if name == "score":
                terminalreporter.write_line(str(value))
