"""Measures of one replication: conservation, independence of order, warm-up, and the closed list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.observe.catalogue import MEASURES, lookup, rank
from stasis_sim.observe.columns import TABLES
from stasis_sim.observe.invariants import InvariantError, conserve
from stasis_sim.observe.metrics import Measures, measures
from stasis_sim.observe.missing import COLUMNS, KEYS
from stasis_sim.observe.trace import Attempt, Event, Recorder
from stasis_sim.observe.vocabulary import CAUSES, FATES, HOWS, MEANINGS, OUTCOMES, REASONS, RESULTS, WHYS

DOCS = Path(__file__).parents[2] / "docs" / "measures.md"

Plan = tuple[int, list[tuple[str, bool]], list[tuple[str, str]], int]
"""A call: arrival, attempts (result, served), events (type, fate), length."""

plans: st.SearchStrategy[list[Plan]] = st.lists(
    st.tuples(
        st.integers(0, 100),
        st.lists(st.tuples(st.sampled_from(RESULTS), st.booleans()), max_size=3),
        st.lists(st.tuples(st.sampled_from(["StasisStart", "StasisEnd"]), st.sampled_from(FATES)), max_size=4),
        st.integers(0, 50),
    ),
    max_size=12,
)


def play(plan: list[Plan], order: list[int], warmup: int) -> Measures:
    """Simulate a plan; calls that end at one instant do so in the given order."""
    recorder = Recorder(1, warmup)
    recorder.app_state("ivr", 0, registered=True, working=True)
    recorder.app_state("ivr", 30, registered=True, working=False, cause="frozen")
    recorder.app_state("ivr", 45, registered=False, working=False, cause="torn")
    recorder.app_state("ivr", 60, registered=True, working=True)
    connection = recorder.connection("bot", ("ivr",), 20)
    calls = []
    for number, (at, attempts, events, length) in enumerate(plan):
        call = recorder.call(number, "calls.0", at)
        for result, served in attempts:
            attempt = Attempt("ivr", (), at, result, "not_active" if result == "ejected" else "")
            if result == "entered":
                attempt.first_command, attempt.left = at + length // 2 if served else None, at + length
            call.attempts.append(attempt)
        for serial, (type_, fate) in enumerate(events):
            event = Event(serial, "ivr", type_, at + length // 3)
            event.fate = fate
            event.connection = None if fate in {"missed", "pending"} else connection
            call.events.append(event)
        calls.append((at + length, order[number % len(order)], number, call))
    for end, _, _, call in sorted(calls, key=lambda each: each[:3]):
        call.ended = end
        recorder.ended(call)
    return measures(recorder.finish(200, raised=sum(len(events) for _, _, events, _ in plan)))


@given(plans, st.integers(0, 120))
def test_conservation(plan: list[Plan], warmup: int) -> None:
    """Calls are the sum of outcomes, attempts of results, events of fates, in total and for the only app that asked."""
    made = play(plan, [0], warmup)
    for values in (made["total"], made["apps"]["ivr"]):
        for whole, parts in (
            ("calls", [f"calls.outcome.{outcome}" for outcome in OUTCOMES]),
            ("attempts", [f"attempts.{result}" for result in RESULTS]),
            ("events.raised", [f"events.{fate}" for fate in FATES]),
            ("attempts.ejected", [f"attempts.reason.{reason}" for reason in REASONS]),
        ):
            numbers = [values[part] for part in parts]
            assert values[whole] == sum(number for number in numbers if number is not None)
    assert made["total"]["calls"] == sum(at >= warmup for at, *_ in plan)
    assert made["total"]["events.raised"] == sum(
        len(events) for at, _, events, length in plan if at + length // 3 >= warmup
    )


@given(plans, st.permutations(range(12)))
def test_the_order_within_an_instant_changes_no_bit(plan: list[Plan], order: list[int]) -> None:
    """Sums are whole numbers: whatever the order in which calls come to them, the measures are the same."""
    assert play(plan, order, 10) == play(plan, [0], 10)


@given(plans)
def test_every_measure_is_in_the_list(plan: list[Plan]) -> None:
    """No number is given that the closed list does not explain, and each only where the list says."""
    made = play(plan, [0], 0)
    scopes = {"total": [made["total"]], "apps": made["apps"].values(), "clients": made["clients"].values()}
    for scope, given_ in scopes.items():
        for values in given_:
            for name in values:
                measure = lookup(name)
                assert measure is not None, name
                assert scope in measure.scopes, name


def test_every_measure_of_the_list_is_made() -> None:
    """What the list promises is there, in total, for each app and for each client."""
    recorder = Recorder()
    recorder.app_state("ivr", 0, registered=True, working=True)
    event = recorder.event(1, "ivr", "StasisStart", 0)
    event.connection = recorder.connection("bot", ("ivr",), 0)
    recorder.refused(recorder.connection("bot", ("ivr",), 1), 1, "bad_credentials")
    recorder.command("bot", "GET", "/ari/channels", 1).status = 404
    call = recorder.call(1, "calls.0", 1)
    call.attempts.append(Attempt("ivr", (), 1, "ejected", "never_registered"))
    call.ended, call.final_answer = 2, "603 Decline"
    recorder.ended(call)
    made = measures(recorder.finish(10))
    scopes = {"total": made["total"], "apps": made["apps"]["ivr"], "clients": made["clients"]["bot"]}
    for measure in MEASURES:
        for scope in measure.scopes:
            assert any(lookup(name) is measure for name in scopes[scope]), (measure.name, scope)


def example() -> Measures:
    """The worked example of docs/measures.md."""
    second = 1_000_000
    recorder = Recorder(1, warmup=10 * second)
    recorder.app_state("ivr", 0, registered=True, working=True)
    connection = recorder.connection("bot", ("ivr",), 0)
    served = recorder.call(1, "calls.0", 20 * second)
    attempt = Attempt("ivr", (), 20 * second, "entered")
    attempt.first_command, attempt.left = 20 * second + 40_000, 50 * second
    served.attempts.append(attempt)
    recorder.inside("ivr", +1, 20 * second)
    start = Event(1, "ivr", "StasisStart", 20 * second)
    start.fate, start.connection = "delivered", connection
    recorder.app_state("ivr", 40 * second, registered=False, working=False, cause="torn")
    dropped = recorder.call(2, "calls.0", 45 * second)
    dropped.attempts.append(Attempt("ivr", (), 45 * second, "ejected", "not_active"))
    dropped.ended = 45 * second
    recorder.ended(dropped)
    recorder.inside("ivr", -1, 50 * second)
    end = Event(2, "ivr", "StasisEnd", 50 * second)
    end.fate = "missed"
    served.events += [start, end]
    served.ended = 50 * second
    recorder.ended(served)
    recorder.app_state("ivr", 60 * second, registered=True, working=True)
    return measures(recorder.finish(110 * second, raised=2))


def test_the_worked_example_of_the_documentation() -> None:
    """The numbers that docs/measures.md works out are those that the simulator gives."""
    total = example()["total"]
    rows = re.findall(r"^\| `([^`]+)` \| [^|]* \| ([-0-9.]+) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) >= 12
    for name, number in rows:
        assert total[name] == pytest.approx(float(number)), name


def test_the_warm_up_is_left_out() -> None:
    """A call that arrived in the warm-up does not count, an event of it that was raised afterwards does."""
    recorder = Recorder(1, warmup=100)
    recorder.app_state("ivr", 0, registered=True, working=True)
    call = recorder.call(1, "calls.0", 99)
    attempt = Attempt("ivr", (), 99, "entered")
    attempt.left = 120
    call.attempts.append(attempt)
    for raised in (99, 100):
        event = Event(raised, "ivr", "StasisStart", raised)
        event.fate = "missed"
        call.events.append(event)
    call.ended = 120
    recorder.ended(call)
    total = measures(recorder.finish(200))["total"]
    assert (total["calls"], total["attempts"], total["events.missed"]) == (0, 0, 1)
    assert (total["stranded_s"], total["ejection_rate"]) == (None, None)


def test_registered_less_availability_is_what_half_open_links_hide() -> None:
    """While a link is frozen Asterisk takes the app for active, which it is not."""
    total = play([], [0], 0)["total"]
    assert total["availability"] == pytest.approx(1 - 30 / 200)
    assert total["registered"] == pytest.approx(1 - 15 / 200)


def test_in_total_availability_is_the_mean_over_apps() -> None:
    """An app that is always there and one that never is are half available together."""
    recorder = Recorder()
    recorder.app_state("ivr", 0, registered=True, working=True)
    recorder.app_state("menu", 0, registered=False, working=False)
    made = measures(recorder.finish(100))
    assert [made["apps"][app]["availability"] for app in ("ivr", "menu")] == [1.0, 0.0]
    assert made["total"]["availability"] == 0.5
    assert (made["total"]["outages"], made["total"]["recovery_s"]) == (1, None)


def test_recovery_is_the_mean_of_outages_that_are_over() -> None:
    """An outage that reaches into the warm-up or beyond the end says nothing about how long recovery takes."""
    recorder = Recorder(1, warmup=10)
    recorder.app_state("ivr", 0, registered=False, working=False)
    for up, down in ((20, 30), (50, 60)):
        recorder.app_state("ivr", up, registered=True, working=True)
        recorder.app_state("ivr", down, registered=False, working=False, cause="torn")
    total = measures(recorder.finish(100))["total"]
    assert total["outages"] == 3
    assert total["recovery_s"] == pytest.approx(20e-6)
    assert total["outages.in_progress"] == 1
    assert total["outages.longest_s"] == pytest.approx(40e-6)
    assert total["outages.total_s"] == pytest.approx((10 + 20 + 40) * 1e-6)


def test_an_outage_of_no_length_is_an_outage_if_it_comes_after_the_warm_up() -> None:
    """At its last instant or later; one that is over by then is none."""
    recorder = Recorder(1, warmup=50)
    recorder.app_state("ivr", 0, registered=True, working=True)
    for at in (40, 50, 60):
        recorder.app_state("ivr", at, registered=False, working=False, cause="torn")
        recorder.app_state("ivr", at, registered=True, working=True)
    assert measures(recorder.finish(100))["total"]["outages"] == 2


def test_what_is_not_settled_is_no_part_of_the_rate_of_missed_events() -> None:
    """Nobody knows yet what becomes of it."""
    fates = ("missed", "lost", "delivered", "late", "misdelivered", "pending", "pending")
    total = play([(0, [], [("StasisStart", fate) for fate in fates], 0)], [0], 0)["total"]
    assert total["missed_rate"] == 2 / 5


def test_who_has_nothing_to_report_has_measures_too() -> None:
    """An app and a client to which nothing happens are listed: counts of 0, and no share or mean of nothing."""
    recorder = Recorder()
    recorder.app_state("ivr", 0, registered=True, working=True)
    recorder.connection("bot", ("ivr",), 0)
    ledger = recorder.finish(100)
    made = measures(ledger, ["ivr", "quiet"], ["bot", "idle"])
    assert (list(made["apps"]), list(made["clients"])) == (["ivr", "quiet"], ["bot", "idle"])
    for values in (made["apps"]["quiet"], made["clients"]["idle"]):
        for name, number in values.items():
            measure = lookup(name)
            assert measure is not None
            assert number in ({0} if measure.kind == "count" else {0, None}), name
    assert made["apps"]["quiet"]["availability"] is made["apps"]["quiet"]["handoff_s"] is None
    assert made["apps"]["ivr"].keys() == made["apps"]["quiet"].keys()
    assert made["clients"]["bot"].keys() == made["clients"]["idle"].keys()
    assert made["total"] == measures(ledger)["total"]


def test_a_request_without_an_answer_is_unanswered() -> None:
    """A request that nobody answered has no status, and is not a failed one."""
    recorder = Recorder()
    for status in (None, 0, 204, 399, 400, 409):
        recorder.command("bot", "POST", "/x", 1).status = status
    values = measures(recorder.finish(10))["clients"]["bot"]
    assert [values[f"commands{part}"] for part in ("", ".failed", ".unanswered", ".status.409")] == [6, 2, 2, 1]


def test_a_law_that_breaks_names_its_numbers() -> None:
    """A broken conservation law says what was counted on both sides."""
    with pytest.raises(InvariantError, match=r"^calls: 3 is not served 1 \+ dropped 1 \(= 2\)$"):
        conserve("calls", 3, served=1, dropped=1)


def test_names_stand_in_the_order_of_the_list() -> None:
    """Measures are sorted as the list and the vocabularies stand, then by alphabet."""
    wanted = [
        "calls",
        "calls.outcome.served",
        "calls.outcome.dropped",
        "events.missed.A",
        "events.missed.B",
        "commands",
    ]
    assert sorted({*wanted}, key=rank) == wanted
    assert lookup("calls.outcome.eaten") is None
    assert rank("nonsense") > rank("commands.status.500")


def test_the_documentation_shows_the_list() -> None:
    """docs/measures.md shows each measure with its formula and meaning, in order, and no other."""
    text = DOCS.read_text(encoding="utf-8")
    rows = [
        f"| `{each.name}` | {each.unit} | {', '.join(each.scopes)} | {each.formula} | {each.meaning} |"
        for each in MEASURES
    ]
    assert re.findall(r"^\| `[^`]+` \| \S+ \| (?:total|apps|clients)[^\n]*$", text, re.MULTILINE) == rows


def test_the_documentation_shows_the_tables() -> None:
    """docs/measures.md shows each column of each table as DataFrames name it, with its meaning."""
    text = DOCS.read_text(encoding="utf-8")
    for table, columns in TABLES.items():
        section = text.split(f"\n### {table}\n")[1].split("\n#")[0]
        assert re.findall(r"^\| `[^\n]*$", section, re.MULTILINE) == [
            f"| `{column.shown}` | {column.meaning} |" for column in columns
        ]


def test_the_documentation_shows_the_ledger() -> None:
    """docs/measures.md shows each column of the ledger of missed events, and the keys that it can be summed up by."""
    text = DOCS.read_text(encoding="utf-8")
    section = text.split("\n## The ledger of missed events\n")[1].split("\n#")[0]
    assert re.findall(r"^\| `[^\n]*$", section, re.MULTILINE) == [
        f"| `{name}` | {meaning} |" for name, meaning in COLUMNS.items()
    ]
    json = " ".join(text.split("- `ledger`: ")[1].split())
    for by, keys in KEYS.items():
        assert f"`{by}`: {', '.join(f'`{key}`' for key in keys)}" in json


def test_the_documentation_shows_the_vocabularies() -> None:
    """docs/measures.md explains every word of the closed vocabularies."""
    section = DOCS.read_text(encoding="utf-8").split("\n## Words\n")[1].split("\n## ")[0]
    assert re.findall(r"^- \*\*(\w+)\*\*", section, re.MULTILINE) == [
        word for words in (OUTCOMES, RESULTS, REASONS, FATES, HOWS, WHYS, CAUSES, MEANINGS) for word in words
    ]
