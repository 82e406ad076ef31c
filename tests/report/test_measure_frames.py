"""Measures as DataFrames that read like the tables of the terminal."""

from __future__ import annotations

import pytest

from stasis_sim import experiments
from stasis_sim.errors import InputError
from stasis_sim.observe.intervals import Intervals
from stasis_sim.report.frames import of, side_by_side
from tests.experiments.small import small

MEASURES: Intervals = {
    "ejection_rate": {"mean": 0.0826, "low": 0.0546, "high": 0.1106, "n": 10},
    "recovery_s": {"mean": None, "low": None, "high": None, "n": 0},
}


def test_a_row_for_each_variant_and_a_column_for_each_measure() -> None:
    """A cell is the mean with half the width of its interval, and a dash where nothing was measured."""
    table = side_by_side({"one": MEASURES, "none": {}}, ["ejection_rate", "recovery_s"])
    assert table.to_dict("index") == {
        "one": {"ejection_rate": "8.3 ± 2.8 %", "recovery_s": "-"},
        "none": {"ejection_rate": "-", "recovery_s": "-"},
    }


def test_a_measure_that_there_is_not_is_refused() -> None:
    """A typo is no column of dashes."""
    with pytest.raises(InputError, match=r"unknown measure \(got ejection_rat\); write ejection_rate"):
        side_by_side({"one": MEASURES}, ["ejection_rat"])


def test_the_rows_of_one_measure() -> None:
    """In total, of an app, or of a client; one for each replication."""
    table = experiments.replicate(small(), 2)
    total, app = of(table, "ejection_rate"), of(table, "ejection_rate", "Intro-IVR")
    assert total["replication"].to_list() == app["replication"].to_list() == [1, 2]
    assert total["app"].isna().all()
    assert (app["app"] == "Intro-IVR").all()
    assert of(table, "connections", "ivr")["client"].to_list() == ["ivr", "ivr"]
