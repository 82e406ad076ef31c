"""Expectations: what decides, and what is said of it."""

from __future__ import annotations

import pytest

from stasis_sim.errors import InputError
from stasis_sim.experiments.expectations import Verdict, check_json, hold
from stasis_sim.observe.catalogue import MEASURES, Measure
from stasis_sim.observe.intervals import Interval, Summary
from stasis_sim.scenario.expect import expectation

RATE: Interval = {"mean": 0.10, "low": 0.08, "high": 0.12, "n": 10}
SUMMARY: Summary = {
    "total": {
        "calls": {"mean": 8991.0, "low": 8900.0, "high": 9082.0, "n": 10},
        "ejection_rate": RATE,
        "saved_rate": {"mean": None, "low": None, "high": None, "n": 0},
        "handoff_s": {"mean": 0.25, "low": None, "high": None, "n": 1},
    },
    "apps": {"Intro-IVR": {"ejection_rate": RATE, "calls": {"mean": 3.0, "low": 3.0, "high": 3.0, "n": 2}}, "both": {}},
    "clients": {"bot": {"commands": RATE}, "both": {"commands": RATE}},
}


def judge(line: str) -> Verdict:
    """Hold a line of a scenario against the summary above."""
    return hold(expectation(line), SUMMARY)


@pytest.mark.parametrize(
    ("line", "ok", "seen"),
    [
        ("ejection_rate <= 10%", True, 0.10),
        ("ejection_rate < 10%", False, 0.10),
        ("ejection_rate <= 11%", True, 0.10),
        ("ejection_rate <= 11% with 95%", False, 0.12),
        ("ejection_rate >= 9%", True, 0.10),
        ("ejection_rate >= 9% with 95%", False, 0.08),
        ("ejection_rate > 7% with 95%", True, 0.08),
        ("ejection_rate == 10%", True, 0.10),
        ("ejection_rate == 9% with 95%", False, 0.12),
        ("ejection_rate != 9% with 95%", False, 0.09),
        ("ejection_rate != 7% with 95%", True, 0.08),
        ("Intro-IVR.calls == 3 with 95%", True, 3.0),
        ("bot.commands < 1", True, 0.10),
        ("both.commands < 1", True, 0.10),
    ],
)
def test_the_mean_decides_or_the_worse_bound(line: str, ok: bool, seen: float) -> None:
    """Without a confidence the mean decides, with one the bound that speaks most against the expectation."""
    verdict = judge(line)
    assert (verdict.ok, verdict.seen) == (ok, seen)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "Intro-IVR.ejection_rate <= 11% with 95%",
            (
                "FAILED: expected Intro-IVR.ejection_rate <= 11% with 95%;"
                " saw 10 %, 8 % to 12 % with 95% (10 replications)"
            ),
        ),
        ("calls >= 8000", "ok: expected calls >= 8000; saw 8991 (10 replications)"),
        ("handoff_s <= 200ms", "FAILED: expected handoff_s <= 200ms; saw 0.25 s (1 replication)"),
        (
            "handoff_s <= 1s with 95%",
            (
                "FAILED: expected handoff_s <= 1s with 95%; saw 0.25 s in one replication, which has no interval:"
                " set run.replications to 2 or more"
            ),
        ),
        ("saved_rate >= 50%", "FAILED: expected saved_rate >= 50%; saw nothing to measure it by"),
        (
            "typo.ejection_rate <= 1%",
            "FAILED: expected typo.ejection_rate <= 1%; saw no app or client typo: there are Intro-IVR, both, bot",
        ),
        (
            "bot.ejection_rate <= 1%",
            "FAILED: expected bot.ejection_rate <= 1%; saw no ejection_rate of bot: it is given for total and apps",
        ),
    ],
)
def test_a_verdict_says_what_was_expected_and_what_was_seen(line: str, text: str) -> None:
    """The text of a verdict names the line and the numbers."""
    assert str(judge(line)) == text


def test_what_never_happened_is_none_of_it() -> None:
    """A type of event that was never seen has happened 0 times, in every replication."""
    assert judge("events.missed.StasisEnd == 0 with 95%").ok
    assert judge("Intro-IVR.events.lost.StasisStart <= 0").ok


def test_a_wider_confidence_needs_a_wider_interval() -> None:
    """With 99 % the bound lies farther out than with 95 %, with 80 % less far."""
    bounds = [judge(f"ejection_rate <= 50% with {percent}%").seen for percent in (80, 95, 99)]
    assert bounds == sorted(bound for bound in bounds if bound is not None)
    assert bounds[1] == 0.12


def test_the_shape_of_a_check() -> None:
    """The JSON of a check lists for each file its expectations, and a file is ok if all of them are."""
    content = check_json(
        {"a.yaml": [judge("calls >= 1"), judge("ejection_rate < 1%")], "b.yaml": [judge("calls >= 1")], "c.yaml": []},
        {"d.yaml": InputError.at("d.yaml", "not YAML")},
    )
    assert [(entry["file"], entry["ok"]) for entry in content["scenarios"]] == [
        ("a.yaml", False),
        ("b.yaml", True),
        ("c.yaml", True),
        ("d.yaml", False),
    ]
    assert content["scenarios"][0]["expectations"][1] == {"text": "ejection_rate < 1%", "seen": 0.10, "ok": False}
    assert content["scenarios"][3] == {"file": "d.yaml", "ok": False, "error": "d.yaml: not YAML"}


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_every_measure_can_be_expected_in_its_unit(measure: Measure) -> None:
    """Shares may be written in percent, times with a unit, counts as plain numbers."""
    words = {"OUTCOME": "served", "RESULT": "entered", "REASON": "no_name", "FATE": "lost", "HOW": "torn"}
    words |= {"TYPE": "StasisEnd", "WHY": "network", "STATUS": "404", "ANSWER": "BYE"}
    name = ".".join(words.get(part, part) for part in measure.name.split("."))
    value = {"share": "50%", "seconds": "500ms"}.get(measure.kind, "0.5")
    line = expectation(f"Intro-IVR.{name} <= {value}")
    assert (line.app, line.measure, line.value) == ("Intro-IVR", name, 0.5)
