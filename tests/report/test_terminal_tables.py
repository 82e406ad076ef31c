"""The tables of the command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.experiments.baselines import Moved
from stasis_sim.observe.intervals import Interval, Intervals
from stasis_sim.report.tables import WIDTH, cell, moved_table, run_table, table


def interval(mean: float | None, half: float | None = None, n: int = 5) -> Interval:
    """A mean and its half-width."""
    if mean is None or half is None:
        return {"mean": mean, "low": None, "high": None, "n": n}
    return {"mean": mean, "low": mean - half, "high": mean + half, "n": n}


@pytest.mark.parametrize(
    ("name", "given_", "text"),
    [
        ("calls", interval(3290), "3,290"),
        ("calls", interval(3284.4, 58.2), "3,284 ± 58"),
        ("ejection_rate", interval(0.0829, 0.0277), "8.3 ± 2.8 %"),
        ("ejection_rate", interval(0.0), "0 %"),
        ("ejection_rate", interval(1.0), "100 %"),
        ("ejection_rate", interval(0.00034), "0.034 %"),
        ("ejection_rate", interval(1.0e-6, 1.3e-6), "0.00010 ± 0.00013 %"),
        ("ejection_rate", interval(3.4e-7), "0.0000340 %"),
        ("handoff_s.p50", interval(0.0253, 0.0002), "25.30 ± 0.20 ms"),
        ("stranded_s", interval(30.5, 2.1), "30.5 ± 2.1 s"),
        ("stranded_s", interval(None), "-"),
        ("inside_peak", interval(107.0, 0.0), "107"),
        ("no_such_measure", interval(1.0), "-"),
    ],
)
def test_a_cell_has_two_digits_of_its_uncertainty(name: str, given_: Interval, text: str) -> None:
    """The mean ends where its interval says that it may."""
    assert cell(name, given_) == text


def test_a_measure_that_is_not_there_is_a_dash() -> None:
    """Nothing measured is not nought."""
    assert cell("calls", None) == "-"


def test_a_table_as_it_is_printed() -> None:
    """Rows that say nothing are left out, the essential ones are always there; the exact text."""
    columns: dict[str, Intervals] = {
        "documented": {"calls": interval(100), "ejection_rate": interval(0.0), "stranded_s": interval(None)},
        "asterisk-22": {
            "calls": interval(100),
            "calls.share.dropped": interval(0.167),
            "ejection_rate": interval(0.167),
        },
    }
    assert table(columns).splitlines() == [
        "                   documented   asterisk-22",
        "───────────────────────────────────────────",
        "calls                     100           100",
        "  dropped                   -        16.7 %",
        "ejection rate             0 %        16.7 %",
        "missed events               -             -",
        "app available               -             -",
        "app registered              -             -",
        "outages                     -             -",
    ]


def test_a_run_shows_its_apps_where_there_are_several() -> None:
    """One column in total, and one for each app that calls tried, in second place too, if there is more than one."""
    busy: Intervals = {"calls": interval(10), "attempts": interval(12)}
    second: Intervals = {"calls": interval(0), "attempts": interval(2)}
    idle: Intervals = {"calls": interval(0), "attempts": interval(0)}
    heading = run_table({"total": busy, "apps": {"a": busy, "b": second, "c": idle}, "clients": {}}).splitlines()[0]
    assert heading.split() == ["total", "a", "b"]
    heading = run_table({"total": busy, "apps": {"a": busy, "c": idle}, "clients": {}}).splitlines()[0]
    assert heading.split() == ["total"]


@given(st.lists(st.text("abcdefgh-", min_size=1, max_size=30), min_size=1, max_size=9, unique=True))
def test_a_table_fits_the_terminal(names: list[str]) -> None:
    """However many columns there are, each is shown once and no line is longer than 80."""
    text = table({name: {"calls": interval(123_456.7, 89.1)} for name in names})
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= WIDTH
    headings = [lines[at - 1].split() for at, line in enumerate(lines) if line.startswith("─")]
    assert [name for heading in headings for name in heading] == names


def moved(app: str | None, client: str | None, measure: str, mean: float = 2.0) -> Moved:
    """A measure that has moved beyond noise."""
    return Moved(app, client, measure, mean, mean - 1, mean + 1, beyond_noise=True, alone=True)


def test_what_has_moved_is_called_as_an_expectation_calls_it() -> None:
    """An app or client before the measure; where both may have it a client says so; one pair has no bounds."""
    lines = moved_table(
        [
            moved(None, None, "ejection_rate"),
            moved("Intro-IVR", None, "events.late", 3),
            moved(None, "ivr", "events.late", 4),
            moved(None, "ivr", "connections", -5),
            Moved(None, None, "calls", 1.0, None, None, beyond_noise=False, alone=False),
        ]
    ).splitlines()
    assert lines == [
        "  ejection_rate  +2 (+1 to +3)",
        "  Intro-IVR.events.late  +3 (+2 to +4)",
        "  ivr.events.late (client)  +4 (+3 to +5)",
        "  ivr.connections  -5 (-6 to -4)",
        "  calls  +1",
    ]


def test_what_is_the_total_again_is_not_said_twice() -> None:
    """The only app and the only client have no lines of their own, and are counted."""
    again = [
        moved(app, client, name)
        for app, client in ((None, None), ("ivr", None), (None, "bot"))
        for name in ("outages", "connections")
    ]
    same = "  and 4 of apps and clients that are those in total again"
    lines = ["  outages  +2 (+1 to +3)", "  connections  +2 (+1 to +3)"]
    assert moved_table(again).splitlines() == [*lines, same]
    assert moved_table(again, most=1).splitlines() == [lines[0], "  and 1 more", same]
