"""Results in words."""

from __future__ import annotations

import re

import pytest

from stasis_sim.experiments.replications import run
from stasis_sim.experiments.results import Replication
from stasis_sim.observe.metrics import Measures, Values
from stasis_sim.report.sentences import answer, apart, comparison, outcome, percent, seconds
from tests.experiments.small import small


def replication(number: int = 1, apps: dict[str, Values] | None = None, **total: float) -> Replication:
    """A replication with these measures in total; dots are written as double underscores."""
    measures: Measures = {
        "total": {name.replace("__", "."): value for name, value in total.items()},
        "apps": apps or {},
        "clients": {},
    }
    return Replication(number, measures)


def away(outages: int, longest: float, ejected: int = 0) -> Values:
    """An app that was away."""
    return {"outages": outages, "outages.longest_s": longest, "attempts.ejected": ejected}


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0.0 %"),
        (0.124, "12.4 %"),
        (1.0, "100.0 %"),
        (0.0123, "1.23 %"),
        (0.00034, "0.034 %"),
        (9.9e-7, "0.000099 %"),
        (0.5, "50.0 %"),
    ],
)
def test_a_share_has_as_many_digits_as_say_something(share: float, text: str) -> None:
    """Three digits, and two of what is rare."""
    assert percent(share) == text


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0.0123, "12.3 ms"),
        (0.34, "340 ms"),
        (5.04, "5.0 s"),
        (19.4, "19 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (300, "5 min"),
        (3600, "1 h"),
        (3725, "1 h 2 min"),
    ],
)
def test_a_time_is_written_in_its_unit(time: float, text: str) -> None:
    """From milliseconds to hours."""
    assert seconds(time) == text


def test_nobody_called() -> None:
    """There is nothing to say about nobody."""
    assert outcome("documented", [replication(calls=0)]) == "documented: no call arrived after the warm-up."


def test_all_is_well() -> None:
    """No ejection and no absence."""
    text = outcome("asterisk-22", [replication(calls=8991, attempts__entered=8991, attempts__ejected=0)])
    assert text == "asterisk-22: none of 8,991 calls was ejected; no app was ever away."


def test_calls_are_summed_over_replications() -> None:
    """Shares are of all calls together, and the longest outage is the longest of all."""
    done = [
        replication(1, {"a": away(1, 5.0, 10)}, calls=100, attempts__entered=90, attempts__ejected=10),
        replication(2, {"a": away(2, 19.2, 30)}, calls=100, attempts__entered=70, attempts__ejected=30),
    ]
    text = outcome("asterisk-22", done)
    assert text.startswith("asterisk-22: 20.0 % of 200 calls were ejected")
    assert text.endswith("3 outages, longest 19 s.")


def test_attempts_that_are_no_calls_are_called_attempts() -> None:
    """A call that tries twice is counted twice, and the sentence does not pretend otherwise."""
    text = outcome("asterisk-16", [replication(calls=10, attempts__entered=10, attempts__ejected=5)])
    assert "33.3 % of 15 attempts to enter Stasis were ejected" in text


def test_stranded_calls_are_a_second_part() -> None:
    """What the documented behaviour costs is said beside that nobody was ejected."""
    total = {"calls": 1000, "attempts__entered": 1000, "attempts__ejected": 0, "calls__outcome__stranded": 81}
    text = outcome("documented", [replication(1, {"a": away(1, 30)}, **total)])
    assert text.startswith(
        "documented: none of 1,000 calls was ejected, but 8.10 % of 1,000 calls were stranded inside"
    )
    assert "a was away: 1 outage, longest 30 s." in text


def test_many_apps_are_not_all_named() -> None:
    """Three are, those who were away longest; the rest is a number."""
    apps = {name: away(1, 2.0) for name in "abd"} | {"c": away(1, 9.0)}
    text = outcome("documented", [replication(1, apps, calls=1, attempts__entered=1, attempts__ejected=0)])
    assert text.endswith(
        "; c was away: 1 outage, longest 9.0 s; a was away: 1 outage, longest 2.0 s; "
        "b was away: 1 outage, longest 2.0 s; and 1 more app was away."
    )
    apps = {name: away(1, 2.0) for name in "abcde"}
    text = outcome("documented", [replication(1, apps, calls=1, attempts__entered=1, attempts__ejected=0)])
    assert "c was away" in text
    assert "d was away" not in text
    assert text.endswith("and 2 more apps were away.")


def test_who_has_not_come_back_is_said() -> None:
    """Of an app that is away at the end of most runs; one that a run cuts off in an outage is back as a rule."""

    def said(*ends: int) -> str:
        apps = [{"a": away(2, 30.0) | {"outages.in_progress": end}} for end in ends]
        done = [replication(at, each, calls=9, attempts__entered=9) for at, each in enumerate(apps, 1)]
        return outcome("asterisk-22", done).partition("longest 30 s")[2]

    assert said(1) == ", still away at the end of the run."
    assert said(1, 1, 1) == ", still away at the end of all 3 runs."
    assert said(1, 0, 1) == ", still away at the end of 2 of 3 runs."
    assert said(0, 1, 0) == "."
    assert said(0, 1) == "."


def test_a_comparison_says_by_how_many_points() -> None:
    """Paired over replications, with a half-width where there are several."""
    base = [replication(1, ejection_rate=0.0), replication(2, ejection_rate=0.0)]
    other = [replication(1, ejection_rate=0.10), replication(2, ejection_rate=0.12)]
    (sentence,) = comparison({"documented": base, "asterisk-22": other})
    # Student's t for one degree of freedom is 12.7062; the standard error of 10 and 12 is 1 point.
    assert sentence == "asterisk-22 ejects 11 ± 13 points more calls than documented, which may be chance."
    (one,) = comparison({"b": other[:1], "a": base[:1]})
    assert one == "a ejects 10 points fewer calls than b; one replication does not say how sure that is."


def test_a_comparison_writes_no_powers_of_ten() -> None:
    """Small differences are written out, and so are wide intervals."""
    a = [replication(n, ejection_rate=rate) for n, rate in enumerate([0.1, 0.1, 0.1], 1)]
    little = [replication(n, ejection_rate=rate) for n, rate in enumerate([0.1, 0.1, 0.1 + 2.1e-7], 1)]
    much = [replication(n, ejection_rate=rate) for n, rate in enumerate([0.1, 0.1, 1.0], 1)]
    assert comparison({"a": a, "b": little}) == [
        "b ejects 0.000007 ± 0.000030 points more calls than a, which may be chance."
    ]
    assert comparison({"a": a, "b": much}) == ["b ejects 30 ± 129 points more calls than a, which may be chance."]


def test_how_many_are_served_is_told_where_nothing_worse_sets_them_apart() -> None:
    """Beyond chance, and where ejected, stranded and missed are not; then it comes first."""
    base = [replication(each, missed_rate=0.01 * each, calls__share__served=0.9) for each in (1, 2)]
    other = [replication(each, missed_rate=0.02, calls__share__served=0.95) for each in (1, 2)]
    first, second = comparison({"none": base, "list-channels": other})
    assert first == "list-channels serves 5 points more calls than none."
    assert second.endswith("which may be chance.")
    worse = [replication(each, missed_rate=0.01 * each + 0.1, calls__share__served=0.95) for each in (1, 2)]
    (only,) = comparison({"none": base, "worse": worse})
    assert only.startswith("worse misses")


def test_a_comparison_of_equals() -> None:
    """No difference is a result too."""
    same = [replication(1, ejection_rate=0.1, missed_rate=0.0)]
    assert comparison({"a": same, "b": same}) == ["b and a give the same rates."]


def test_an_answer_says_how_sure_it_is() -> None:
    """What most calls were lost by, with its interval; one replication has none, and where nothing was lost no need."""
    scenario = small()
    results = run(scenario)
    interval = results.measures["total"]["ejection_rate"]
    assert interval["low"] is not None
    assert interval["high"] is not None
    said = f"such a run ejects {percent(interval['low'])} to {percent(interval['high'])} of its calls on average."
    assert answer(results) == f"{outcome('asterisk-22', results.replications)} With 95 % confidence {said}"
    assert answer(run(scenario, replications=1)).endswith(". How sure that is one replication does not say.")
    documented = scenario.where({"asterisk.profile": "documented"})
    said = answer(run(documented))
    assert re.search(r"With 95 % confidence such a run strands [\d.]+ % to [\d.]+ % of its calls", said)
    quiet = run(scenario.where({"faults": []}))
    assert answer(quiet) == outcome("asterisk-22", quiet.replications)


def test_an_answer_of_replications_that_agree_names_no_interval() -> None:
    """Where nobody comes by chance their spread says nothing."""
    regular = small().where({"calls.0.arrivals": {"every": "1s"}, "faults.0.at": "20500ms"})
    said = answer(run(regular))
    assert said.endswith(". That is the same in all 3 replications.")
    assert "confidence" not in said


def test_variants_of_which_the_same_is_to_be_said_stand_together() -> None:
    """The verb is that of one or of many."""
    base = [replication(ejection_rate=0.1), replication(2, ejection_rate=0.1)]
    more = [replication(ejection_rate=0.2), replication(2, ejection_rate=0.2)]
    less = [replication(ejection_rate=0.0), replication(2, ejection_rate=0.0)]
    assert apart({"a": base, "b": more}) == "b ejects 10 points more calls than a."
    assert apart({"a": base, "b": more, "c": more}) == "b and c eject 10 points more calls than a."
    said = apart({"a": base, "b": more, "c": less, "d": base})
    assert said == (
        "b ejects 10 points more calls than a; c ejects 10 points fewer calls than a; d and a give the same rates."
    )


def test_who_ejects_more_may_lose_fewer() -> None:
    """Callers who are ejected and try again, or are saved by a fallback, are not lost: that is said first."""
    calls: dict[str, float] = {"calls": 100, "attempts__entered": 90, "attempts__ejected": 10, "ejection_rate": 0.1}
    calls["calls__share__fallback"] = 0.0
    bare = [replication(each, None, **calls, callers__lost=10) for each in (1, 2)]
    again = calls | {"attempts__entered": 99, "attempts__ejected": 33, "ejection_rate": 0.25}
    tries = [replication(each, None, **again, callers__lost=1) for each in (1, 2)]
    assert comparison({"bare": bare, "again": tries}) == [
        "again loses 9 fewer callers than bare.",
        "again ejects 15 points more attempts than bare.",
    ]
    saved = calls | {"calls__share__fallback": 0.1}
    saving = [replication(each, None, **saved, callers__lost=0) for each in (1, 2)]
    assert comparison({"bare": bare, "saving": saving}) == [
        "saving loses 10 fewer callers than bare.",
        "saving saves 10 points more calls by a fallback than bare.",
    ]
    assert apart({"bare": bare, "a": saving, "b": saving}) == "a and b lose 10 fewer callers than bare."


def test_that_callers_were_lost_is_not_said_where_ejections_say_it() -> None:
    """Those who are ejected and dropped are lost, and those who are stranded; a few others make no sentence."""
    entered: dict[str, float] = {"calls": 820, "attempts__entered": 820, "attempts__ejected": 0, "ejection_rate": 0.0}
    ejected: dict[str, float] = {"calls": 820, "attempts__entered": 738, "attempts__ejected": 82, "ejection_rate": 0.1}
    base = [replication(each, None, **entered, stranded=80, callers__lost=81) for each in (1, 2)]
    other = [replication(each, None, **ejected, stranded=0, callers__lost=84) for each in (1, 2)]
    assert comparison({"documented": base, "asterisk-22": other}) == [
        "asterisk-22 ejects 10 points more calls than documented."
    ]


@pytest.mark.parametrize(
    ("total", "text"),
    [
        ({"attempts__entered": 90}, ""),
        (
            {"attempts__entered": 90, "calls__outcome__fallback": 8, "callers__lost": 2},
            "2.00 % of 100 callers were lost, and a fallback saved 8.00 %",
        ),
        ({"attempts__entered": 90, "calls__outcome__fallback": 10}, "no caller was lost, and a fallback saved 10.0 %"),
        ({"attempts__entered": 99, "callers__lost": 1}, "1.00 % of 100 callers were lost"),
        ({"calls": 1, "attempts__entered": 1}, "the only caller was not lost"),
        ({"calls": 1, "calls__outcome__fallback": 1}, "the only caller was saved by a fallback"),
        ({"calls": 120, "redials": 20, "attempts__entered": 99, "callers__lost": 1}, "1.00 % of 100 callers were lost"),
    ],
)
def test_how_many_are_lost_in_the_end(total: dict[str, float], text: str) -> None:
    """It is said where some are ejected, and a fallback or another try makes that something else than lost."""
    said = outcome("asterisk-22", [replication(1, None, **{"calls": 100, "attempts__ejected": 10, **total})])
    assert said.partition(" In the end ")[2] == (text and f"{text}.")
