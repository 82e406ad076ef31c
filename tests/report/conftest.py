"""Reports of each kind, made once for all tests of pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from stasis_sim.experiments.reopened import reopen
from stasis_sim.report.pages import write_report
from tests.report.results import make


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of a run, of a comparison and of a sweep, each in the folder of its results."""
    kinds = ("run", "comparison", "sweep")
    folders = make(tmp_path_factory.mktemp("results"))
    return {kind: write_report(found) for kind, found in zip(kinds, reopen(folders), strict=True)}
