"""Prints, at the end of a run, what tests have recorded as their score."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print each score once; it stands here, because with several workers only this file is loaded by who prints."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    for report in reports:
        for name, value in report.user_properties:
            if name == "score":
                terminalreporter.write_line(str(value))
