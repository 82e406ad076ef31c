"""Expectations: what decides, and what is said of it."""

from __future__ import annotations

import pytest

from stasis_sim.errors import InputError
from stasis_sim.experiments.expectations import Verdict, check_json, hold
from stasis_sim.observe.catalogue import MEASURES, Measure
from stasis_sim.observe.intervals import Interval, Summary, none_counted, none_seen, student, wilson
from stasis_sim.scenario.expect import expectation

RATE: Interval = {"mean": 0.10, "low": 0.08, "high": 0.12, "n": 10}
SUMMARY: Summary = {
    "total": {
        "calls": {"mean": 8991.0, "low": 8900.0, "high": 9082.0, "n": 10},
        "ejection_rate": RATE,
        "saved_rate": {"mean": None, "low": None, "high": None, "n": 0},
        "handoff_s": {"mean": 0.25, "low": None, "high": None, "n": 1},
    },
    "apps": {
        "Intro-IVR": {"ejection_rate": RATE, "calls": {"mean": 3.0, "low": 3.0, "high": 3.0, "n": 2}},
        "both": {"calls": RATE},
        "lone": {"handoff_s": {"mean": 0.25, "low": None, "high": None, "n": 1}},
        "calm": {
            "ejection_rate": student([0, 0, 0]),
            "attempts.ejected": student([0, 0, 0]),
            "attempts.entered": student([20, 18, 22]),
        },
    },
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
        ("handoff_s <= 200ms", "FAILED: expected handoff_s <= 200ms; saw 0.25 s (1 of 10 replications)"),
        (
            "lone.handoff_s <= 1s with 95%",
            (
                "FAILED: expected lone.handoff_s <= 1s with 95%; saw 0.25 s in one replication, which has no interval:"
                " set run.replications to 2 or more"
            ),
        ),
        (
            "Intro-IVR.calls <= 4 with 95%",
            (
                "ok: expected Intro-IVR.calls <= 4 with 95%; saw 3 in all 2 of 10 replications that have it,"
                " whose spread does not say how sure that is"
            ),
        ),
        (
            "events.missed.StasisEnd <= 1 with 95%",
            (
                "ok: expected events.missed.StasisEnd <= 1 with 95%; saw 0, 0 to 0.299573 with 95%"
                " (none in 10 replications, if they come independently of each other)"
            ),
        ),
        (
            "calm.ejection_rate <= 1% with 95%",
            (
                "FAILED: expected calm.ejection_rate <= 1% with 95%; saw 0 %, 0 % to 4.87 % with 95%"
                " (0 of 60 attempts in 3 replications, if these are independent of each other)"
            ),
        ),
        ("saved_rate >= 50%", "FAILED: expected saved_rate >= 50%; saw nothing to measure it by"),
        (
            "typo.ejection_rate <= 1%",
            (
                "FAILED: expected typo.ejection_rate <= 1%; saw no app or client typo:"
                " there are Intro-IVR, both, lone, calm, bot"
            ),
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


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ejection_rate <= 9%", ", perhaps chance: 8 % to 12 % with 95%"),
        ("ejection_rate >= 11%", ", perhaps chance: 8 % to 12 % with 95%"),
        ("calls == 9000", ", perhaps chance: 8900 to 9082 with 95%"),
        ("ejection_rate <= 8%", ""),
        ("ejection_rate <= 5%", ""),
        ("handoff_s <= 200ms", ""),
        ("ejection_rate <= 11%", ""),
    ],
)
def test_a_mean_on_the_wrong_side_may_lie_there_by_chance(line: str, said: str) -> None:
    """That is said where the bound lies within the interval; where it does not, something else is the matter."""
    verdict = judge(line)
    assert verdict.ok is (line == "ejection_rate <= 11%")
    assert verdict.found.partition(" replications)")[2] == said


def test_no_share_is_said_to_be_less_than_none_or_more_than_all() -> None:
    """An interval of replications that lie far apart may be wider than shares go."""
    summary = agreeing(ejection_rate=0)
    summary["total"]["ejection_rate"] = student([0.1, 0.2, 0.9])
    assert hold(expectation("ejection_rate <= 30%"), summary).found == (
        "40 % (3 replications), perhaps chance: 0 % to 100 % with 95%"
    )


def test_what_never_happened_is_none_of_it() -> None:
    """A type of event that was never seen has happened 0 times, in every replication."""
    assert judge("events.missed.StasisEnd == 0").ok
    assert judge("Intro-IVR.events.lost.StasisStart <= 0").ok


def agreeing(n: int = 3, **totals: float) -> Summary:
    """Replications that all have the same numbers; the keys are measures, with __ for the dots."""
    values = {name.replace("__", "."): student([number] * n) for name, number in totals.items()}
    return {"total": values, "apps": {}, "clients": {}}


NONE_OF_60 = agreeing(ejection_rate=0, attempts__ejected=0, attempts__entered=20, attempts=20)
ALL_OF_60 = agreeing(ejection_rate=1, attempts__ejected=20, attempts__entered=0, attempts=20)
QUARTER_OF_60 = agreeing(ejection_rate=0.25, attempts__ejected=5, attempts__entered=15, attempts=20)


@pytest.mark.parametrize(
    ("line", "summary", "ok", "seen"),
    [
        ("ejection_rate <= 1% with 95%", NONE_OF_60, False, none_seen(60)),
        ("ejection_rate <= 5% with 95%", NONE_OF_60, True, none_seen(60)),
        ("ejection_rate <= 5% with 99%", NONE_OF_60, False, none_seen(60, 0.99)),
        ("ejection_rate == 0% with 95%", NONE_OF_60, False, none_seen(60)),
        ("ejection_rate >= 0% with 95%", NONE_OF_60, True, 0),
        ("ejection_rate == 0%", NONE_OF_60, True, 0),
        ("ejection_rate >= 95% with 95%", ALL_OF_60, True, 1 - none_seen(60)),
        ("ejection_rate >= 96% with 95%", ALL_OF_60, False, 1 - none_seen(60)),
        ("ejection_rate <= 37% with 95%", QUARTER_OF_60, False, wilson(15, 60)["high"]),
        ("ejection_rate >= 15% with 95%", QUARTER_OF_60, True, wilson(15, 60)["low"]),
        ("attempts.ejected <= 1 with 95%", NONE_OF_60, True, none_counted(3)),
        ("attempts.ejected == 0 with 95%", NONE_OF_60, False, none_counted(3)),
        ("events.missed.StasisEnd <= 0.5 with 95%", NONE_OF_60, False, none_counted(3)),
        ("events.missed.StasisEnd <= 0.5 with 50%", NONE_OF_60, True, none_counted(3, 0.5)),
    ],
)
def test_replications_that_agree_are_judged_by_what_they_have_counted(
    line: str, summary: Summary, ok: bool, seen: float
) -> None:
    """Their spread says nothing: a share is bounded by all that it is of, what was never counted by their number."""
    verdict = hold(expectation(line), summary)
    assert (verdict.ok, verdict.note) == (ok, "")
    assert verdict.seen == pytest.approx(seen)


@pytest.mark.parametrize(
    ("line", "totals", "ok"),
    [
        ("outages <= 2 with 95%", {"outages": 2}, True),
        ("outages <= 1 with 95%", {"outages": 2}, False),
        ("registered == 100% with 95%", {"registered": 1}, True),
        ("recovery_s <= 1s with 95%", {"recovery_s": 0.5}, True),
        ("stranded_s.total <= 1s with 95%", {"stranded_s__total": 0}, True),
        ("inside_peak == 0 with 95%", {"inside_peak": 0}, True),
    ],
)
def test_what_else_agrees_decides_and_is_said_to_be_unsure(line: str, totals: dict[str, float], ok: bool) -> None:
    """Times, shares of time and counts that all replications have alike have no bound; the verdict says so."""
    verdict = hold(expectation(line), agreeing(4, **totals))
    assert (verdict.ok, verdict.seen) == (ok, *totals.values())
    assert verdict.note == "whose spread does not say how sure that is"
    assert str(verdict).endswith(" in all 4 replications, whose spread does not say how sure that is")
    assert verdict.json()["note"] == verdict.note


def test_one_of_several_replications_has_no_interval() -> None:
    """Where only one of them had anything to measure by, the advice is not to set two."""
    summary = agreeing(5, calls=3)
    summary["total"]["saved_rate"] = student([1.0])
    verdict = hold(expectation("saved_rate >= 50% with 95%"), summary)
    assert not verdict.ok
    assert verdict.found == (
        "100 % in one of 5 replications only, which has no interval: more replications would have one"
    )


def test_a_single_replication_is_not_judged_by_its_calls() -> None:
    """They may hang together, and only other replications could show it."""
    summary = agreeing(1, ejection_rate=0, attempts__ejected=0, attempts__entered=20_000)
    assert not hold(expectation("ejection_rate <= 1% with 95%"), summary).ok


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
