"""A line of expect: reads as app, measure, operator, value and confidence."""

from __future__ import annotations

import pytest

from stasis_sim.observe import catalogue
from stasis_sim.scenario import expect
from stasis_sim.scenario.expect import expectation


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Intro-IVR.ejection_rate <= 10% with 95%", ("Intro-IVR", "ejection_rate", "<=", 0.1, 0.95)),
        ("calls.outcome.dropped == 0", (None, "calls.outcome.dropped", "==", 0.0, None)),
        ("ejection_rate<0.05", (None, "ejection_rate", "<", 0.05, None)),
        ("handoff_s.p95 < 300ms", (None, "handoff_s.p95", "<", 0.3, None)),
        ("handoff_s >= 0.3", (None, "handoff_s", ">=", 0.3, None)),
        ("outages.longest_s <= 2min with 99%", (None, "outages.longest_s", "<=", 120.0, 0.99)),
        ("calls.share.dropped > 5%", (None, "calls.share.dropped", ">", 0.05, None)),
        ("my.app.events.missed.StasisStart != 3", ("my.app", "events.missed.StasisStart", "!=", 3.0, None)),
        ("  ivr.commands.failed   ==   0  ", ("ivr", "commands.failed", "==", 0.0, None)),
    ],
)
def test_a_line_says_what_is_compared_with_what(
    text: str, parts: tuple[str | None, str, str, float, float | None]
) -> None:
    """A line reads as app or client, measure, operator, value in the measure's unit, and confidence."""
    line = expectation(text)
    assert (line.app, line.measure, line.op, line.value, line.confidence) == parts
    assert line.text == text.strip()


@pytest.mark.parametrize(
    ("op", "holds"),
    [("<=", "LE"), ("<", "L"), ("==", "E"), ("!=", "LG"), (">=", "EG"), (">", "G")],
)
def test_an_operator_compares_what_was_seen(op: str, holds: str) -> None:
    """Each operator holds for the numbers less than, equal to or greater than the value that it is for."""
    line = expectation(f"calls {op} 5")
    assert [line.holds(4), line.holds(5), line.holds(6)] == ["L" in holds, "E" in holds, "G" in holds]


def test_the_names_of_measures_are_those_of_the_catalogue() -> None:
    """What a name may begin with is what the list of measures has, with the same kinds."""
    assert set(expect.MEASURES) == {measure.name.split(".")[0] for measure in catalogue.MEASURES}
    kinds = {"share": "share", "seconds": "time", "count": "number"}
    for measure in catalogue.MEASURES:
        assert expect._kind(measure.name) == kinds[measure.kind], measure.name
