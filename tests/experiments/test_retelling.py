"""What happened to a few calls, told from the tables and from hearing the run again."""

from __future__ import annotations

import math
import shutil
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_sim.api import Results, run
from stasis_sim.errors import InputError
from stasis_sim.experiments.choosing import Asked, choose
from stasis_sim.experiments.overhearing import Ear
from stasis_sim.experiments.retelling import MOST_CLIENTS, Story, _together, retell, stamp
from stasis_sim.handoff.effects import REGISTRY
from stasis_sim.handoff.stimuli import Timer
from stasis_sim.observe.happenings import KINDS, LANES, STASIS, Happening
from stasis_sim.scenario import Scenario

TEXT = """\
asterisk:
  profile: {profile}
  extensions: |
    [default]
    exten => ivr,1,NoOp(hello)
     same => n,Stasis(Intro-IVR,a)
     same => n,Hangup()
    exten => other,1,Stasis(Other)
clients:
  ivr:
    apps: Intro-IVR
    reconnect: {{constant: 1s}}
    on StasisStart: [answer, {{play: 2s}}, continue]
  other: {{apps: Other, reconnect: {{constant: 3s}}}}
calls:
  - {{name: ivr, to: ivr@default, arrivals: {{poisson: 1/s}}, hold: 5s, patience: 3s}}
  - {{name: other, to: other@default, arrivals: {{poisson: 0.2/s}}, hold: 5s, patience: 3s}}
faults: [{fault}]
run: {{duration: 40s, seed: {seed}}}
"""
FAULTS = (
    "{drop: ivr, at: 20s, for: 5s}",
    "{freeze: ivr, at: 20s, for: 5s}",
    "{partition: ivr, at: 20s, for: 5s}",
    "{crash: ivr, at: 20s, for: 5s}",
    "{stall: ivr, at: 20s, for: 5s}",
    "{restart: asterisk, at: 20s, for: 5s}",
)
PROFILES = ("documented", "asterisk-16", "asterisk-22")


@cache
def results(profile: str = "asterisk-22", fault: str = FAULTS[0], seed: int = 1) -> Results:
    """Forty seconds with an outage in the middle."""
    return run(Scenario.parse(TEXT.format(profile=profile, fault=fault, seed=seed), name="told.yaml"))


def told(found: Results, **asked: int | str | None) -> Story:
    """The story that is asked for."""
    choice = choose(found, Asked(**asked))  # type: ignore[arg-type]
    assert choice is not None
    return retell(found, choice)


@settings(max_examples=12)
@given(
    st.sampled_from(PROFILES), st.sampled_from(FAULTS), st.integers(1, 3), st.integers(min_value=0, max_value=10_000)
)
def test_every_event_of_a_call_is_told_as_its_table_says(profile: str, fault: str, seed: int, pick: int) -> None:
    """With the same type, instant and fate, at whatever call one looks; and so is every request of a client."""
    found = results(profile, fault, seed)
    call = int(found.calls["call"].iloc[pick % len(found.calls)])
    story = told(found, call=call)
    events = found.events[found.events["call"] == call]
    expected = [
        (type_, round(raised * 1e6), fate, None if math.isnan(arrived) else round(arrived * 1e6))
        for type_, raised, fate, arrived in zip(
            *(events[name].tolist() for name in ("type", "raised_s", "fate", "delivered_s")), strict=True
        )
    ]
    heard = [
        (each.text.split()[0], each.at, each.fate, each.until)
        for each in story.happenings
        if each.kind == "event" and each.call == call
    ]
    assert heard == expected
    commands = found.commands[found.commands["call"] == call]
    sent = [(each.at / 1e6, each.text.split()[1].rstrip(":")) for each in story.happenings if each.kind == "command"]
    assert sent == list(zip(commands["at_s"], commands["path"], strict=True))
    assert [each.at for each in story.happenings] == sorted(each.at for each in story.happenings)
    assert {each.kind for each in story.happenings} <= set(KINDS)


@pytest.mark.parametrize(
    ("profile", "lines"),
    [
        ("asterisk-22", ["ERROR: Stasis app 'Intro-IVR' not active"]),
        ("asterisk-16", ["ERROR: Stasis app 'Intro-IVR' not active"]),
        ("documented", ["WARNING: Stasis app 'Intro-IVR' has no connection: events are about to be missed"]),
    ],
)
def test_a_call_in_an_outage_leaves_a_line_in_the_log(profile: str, lines: list[str]) -> None:
    """That of the version: an operator greps for it."""
    found = results(profile)
    attempts = found.attempts
    (start,) = found.outages.query("app == 'Intro-IVR' and cause == 'torn'")["from_s"]
    call = int(attempts[(attempts["app"] == "Intro-IVR") & (attempts["at_s"] > start)]["call"].iloc[0])
    story = told(found, call=call)
    logged = [each.text for each in story.happenings if each.kind == "log" and each.source == "dialplan"]
    assert logged == lines


@pytest.mark.parametrize(
    ("profile", "lines"),
    [
        ("asterisk-16", ["ERROR: Stasis app 'Nobody' not registered"]),
        (
            "asterisk-22",
            [
                "WARNING: c1: Failed to find outbound websocket per-call config for app 'Nobody'",
                "WARNING: c1: Stasis app 'Nobody' doesn't exist",
            ],
        ),
    ],
)
def test_an_app_that_nobody_knows_leaves_the_lines_of_the_version(profile: str, lines: list[str]) -> None:
    """As in the recordings reload-dialplan of both versions."""
    text = TEXT.format(profile=profile, fault=FAULTS[0], seed=1).replace("Stasis(Other)", "Stasis(Nobody)")
    text = text.replace("{poisson: 0.2/s}", "{at: 0s}").replace("{poisson: 1/s}", "{at: 1s}")
    story = told(run(Scenario.parse(text, name="nobody.yaml")), call=1)
    assert [each.text for each in story.happenings if each.kind == "log"] == lines


def test_missed_events_are_logged_as_asterisk_does() -> None:
    """Once each, as VERBOSE; and the registry says what it does with the app."""
    story = told(results())
    missed = [each for each in story.happenings if each.fate == "missed"]
    logged = [each for each in story.happenings if "missed message" in each.text]
    assert len(missed) == len(logged) > 0
    assert {each.text for each in logged} == {"VERBOSE: Inactive Stasis app 'Intro-IVR' missed message"}
    registry = [each.text for each in story.happenings if each.kind == "registry"]
    assert registry == [
        "VERBOSE: Deactivating Stasis app 'Intro-IVR'",
        "VERBOSE: Shutting down application 'Intro-IVR'",  # its last call has left
        "VERBOSE: Creating Stasis app 'Intro-IVR'",
    ]


def test_without_any_wish_it_is_the_worst_outage() -> None:
    """With one call that was inside and one that was ejected, if there are such."""
    story = told(results())
    away = story.choice.away
    assert away is not None
    assert (away.app, away.cause, away.start) == ("Intro-IVR", "torn", 20_000_000)
    worst = results().outages.query("cause == 'torn'").iloc[0]
    assert (away.ejected, away.missed, away.orphaned) == (worst["ejected"], worst["missed"], worst["orphaned"])
    assert set(story.choice.calls.values()) == {"inside when it began", "ejected in it"}
    assert story.lanes == ("caller", "dialplan", "Stasis", "ivr")


def test_that_an_app_is_not_there_at_first_is_not_worth_telling() -> None:
    """If nobody minds, the first call is."""
    story = told(results(fault=""))
    assert story.choice.away is None
    assert list(story.choice.calls) == [1]


@pytest.mark.parametrize("seed", range(1, 7))
def test_of_those_inside_one_is_told_of_about_whom_an_event_was_missed(seed: int) -> None:
    """If there is one: it has most to tell."""
    found = results(fault="{drop: ivr, at: 20s, for: 500ms}", seed=seed)
    choice = choose(found, Asked(app="Intro-IVR"))
    assert choice is not None
    assert choice.away is not None
    (inside,) = [call for call, why in choice.calls.items() if why == "inside when it began"]
    events = found.events[(found.events["app"] == "Intro-IVR") & found.events["fate"].isin(["missed", "lost"])]
    start, attempts = choice.away.start / 1e6, found.attempts
    there = attempts[(attempts["app"] == "Intro-IVR") & (attempts["at_s"] < start) & ~(attempts["left_s"] <= start)]
    missed = set(there["call"]) & set(events["call"].dropna())
    assert inside in (missed or set(there["call"]))


def test_what_a_worker_has_computed_at_once_is_told_too() -> None:
    """The open loop gives the same bytes, so its runs can be heard event by event."""
    text = TEXT.format(profile="asterisk-22", fault=FAULTS[0], seed=1)
    for engine in ("open-loop", "events"):
        found = run(Scenario.parse(text, name="told.yaml", overrides={"run.engine": engine}))
        assert found.engine == engine
        assert told(found).happenings == told(results()).happenings


def test_tables_of_another_model_are_not_told() -> None:
    """Where what is heard is not what the tables say, it says so, and nothing else."""
    found, other = results(seed=1), run(Scenario.parse(TEXT.format(profile="asterisk-22", fault=FAULTS[0], seed=1)))
    shutil.copytree(results(seed=2).tree.directory(1), other.tree.directory(1), dirs_exist_ok=True)
    assert len(other.calls) != len(found.calls)
    with pytest.raises(InputError, match="does not go as its tables say, so they are of another version"):
        told(other)


def test_many_clients_are_bounded() -> None:
    """Those with most to do have a lane, the others are counted."""
    text = TEXT.format(profile="asterisk-22", fault="{restart: asterisk, at: 20s, for: 5s}", seed=1)
    text = text.replace("other: {apps: Other,", "other: {instances: 9, apps: Intro-IVR,")
    text = text.replace("Stasis(Other)", "Stasis(Intro-IVR)")
    story = told(run(Scenario.parse(text, name="many.yaml")))
    assert len([lane for lane in story.lanes if lane not in LANES]) == MOST_CLIENTS
    assert story.others == 10 - MOST_CLIENTS
    assert all(each.source in story.lanes and each.target in story.lanes for each in story.happenings)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"call": 999}, r"--call: no call 999 in replication 1; there are 1 to \d+"),
        ({"app": "Nobody"}, r"--app: no app Nobody; there are Intro-IVR, Other"),
        ({"outage": 1}, r"--outage: each app has outages of its own; write --app too: Intro-IVR, Other"),
        ({"outage": 9, "app": "Intro-IVR"}, r"--outage: no outage 9 of Intro-IVR in replication 1; there are 1 to 2"),
        ({"replication": 2}, r"--replication: no replication 2; there is 1"),
        ({"call": 1, "app": "Other"}, r"--call: one call is told of alone; leave --outage and --app out"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(asked: dict[str, int | str], text: str) -> None:
    """One clear sentence for each slip."""
    with pytest.raises(InputError, match=f"^{text}$"):
        told(results(), **asked)


def test_instants_are_clocks_that_began_with_the_run() -> None:
    """Hours only where there are some."""
    assert [stamp(at) for at in (0, 1_499, 61_234_567, 3_600_000_000)] == [
        "0:00.000",
        "0:00.001",
        "1:01.234",
        "1:00:00.000",
    ]


def test_what_happened_several_times_at_one_instant_is_told_once() -> None:
    """With how many of them there were, where the first of them stands."""
    torn, opened = (Happening(1, "bot", STASIS, "connection", text) for text in ("is torn", "opens"))
    assert list(_together([torn, opened, torn, torn])) == [torn._replace(text="is torn (3 of them)"), opened]


GIVES_UP = "reconnect: {constant: {delay: 1s, attempts: 3, gives_up: %s, supervisor: %s}}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [("0:20.000", "ivr crashes"), ("0:21.000", "ivr is started again")]),
        (
            {"reconnect: {constant: 1s}": GIVES_UP % ("returns", "4s"), FAULTS[3]: FAULTS[0]},
            [("0:23.006", "ivr gives up, and its program returns"), ("0:27.006", "ivr is started again")],
        ),
        (
            {"reconnect: {constant: 1s}": GIVES_UP % ("stays", "none"), FAULTS[3]: FAULTS[0]},
            [("0:23.006", "ivr gives up for good; its program lives on without a connection")],
        ),
    ],
    ids=["crash", "returns", "stays"],
)
def test_turns_in_the_life_of_a_program_are_told(changes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    """When it gives up, after three tries that take 1.002 s each, crashes and is started again."""
    text = TEXT.format(profile="asterisk-22", fault=FAULTS[3], seed=1)
    for before, after in changes.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    story = told(run(Scenario.parse(text, name="told.yaml")), app="Intro-IVR")
    turns = [(stamp(each.at), each.source, each.text) for each in story.happenings if each.kind == "program"]
    assert turns == [(at, "ivr", words) for at, words in expected]


@pytest.mark.parametrize(
    ("changes", "around", "words"),
    [
        (
            {"apps: Intro-IVR": "apps: Intro-IVR\n    on_error: crashes", "continue]": "{wait: 4s}, continue]"},
            6.4,
            "ivr crashes at an error in an answer",
        ),
        (
            {
                "apps: Intro-IVR": "apps: Intro-IVR\n    on_replaced: returns",
                "apps: Other,": "apps: [Other, Intro-IVR], start: 14s,",
            },
            14.0,
            "ivr returns, as another program has its apps",
        ),
    ],
    ids=["error", "replaced"],
)
def test_the_end_of_a_program_is_told_with_its_cause(changes: dict[str, str], around: float, words: str) -> None:
    """It does not catch an error in an answer, or another program has taken its apps."""
    text = TEXT.format(profile="asterisk-22", fault=FAULTS[0], seed=1)
    for before, after in changes.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    found = run(Scenario.parse(text, name="told.yaml"))
    inside = found.calls[(found.calls["arrived_s"] < around) & (found.calls["ended_s"] > around + 0.1)]
    story = told(found, call=int(inside["call"].iloc[0]))
    assert words in [each.text for each in story.happenings if each.kind == "program"]


def test_what_is_registered_for_another_call_is_not_told() -> None:
    """Of an app that gets a WebSocket for each call only those of the calls that are told of matter."""
    ear = Ear([1], ["ivr"], frozenset({"ivr"}))
    ear.asterisk(
        5, Timer(1), [(REGISTRY, "ivr:c2", "created"), (REGISTRY, "ivr:c1", "created"), (REGISTRY, "menu", "created")]
    )
    assert [(each.at, each.text, each.call) for each in ear.heard] == [
        (5, "VERBOSE: Creating Stasis app 'ivr:c1'", 1),
    ]
