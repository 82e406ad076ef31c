"""Both engines give the same rows and the same sums, whatever the scenario."""

from __future__ import annotations

import gc
import tempfile
import weakref
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, event, given, reject, settings
from hypothesis import strategies as st

from stasis_sim import Scenario
from stasis_sim.observe.columns import TABLES
from stasis_sim.observe.ledger import Ledger
from stasis_sim.observe.metrics import Measures, measures
from stasis_sim.observe.tables import Tables
from stasis_sim.openloop.computation import OpenLoop, _Computation
from stasis_sim.openloop.eligible import obstacle
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.simulated.buffers import BYTES
from stasis_sim.simulated.preparation import Prepared, prepare
from stasis_sim.simulated.replication import simulate

DIALPLANS = (
    """
exten => ivr,1,Stasis(Intro-IVR,a)
 same => n,Hangup()
""",
    """
exten => ivr,1,Answer()
 same => n,Stasis(Intro-IVR)
 same => n,Hangup(17)
""",
    """
exten => ivr,1,Stasis(Intro-IVR)
 same => n,Stasis(Super-Conference,b,c)
 same => n,Hangup()
""",
    """
exten => ivr,1(again),Stasis(Intro-IVR)
 same => n,GotoIf($["${STASISSTATUS}" != "FAILED"]?end)
 same => n,Wait(2)
 same => n,Set(TRIES=$[0${TRIES} + 1])
 same => n,GotoIf($[${TRIES} < 4]?again)
 same => n,Playback(sorry)
 same => n(end),Hangup()
""",
    """
exten => ivr,1,Wait(0.5)
 same => n,Stasis(${IF($[1 = 1]?Intro-IVR:none)})
 same => n,ExecIf($["${STASISSTATUS}" = "FAILED"]?Playback(sorry))
exten => h,1,Stasis(Super-Conference)
""",
    """
exten => ivr,1,Stasis(Intro-IVR)
 same => n,Read(DIGITS,,2,,1,3)
 same => n,ExecIf($["${DIGITS}" = "1"]?Stasis(Super-Conference))
 same => n,WaitExten(2)
exten => 1,1,Playback(sorry)
exten => 12,1,Stasis(Intro-IVR)
exten => t,1,Hangup(17)
""",
    """
exten => ivr,1,Set(TIMEOUT(absolute)=3)
 same => n,Stasis(Intro-IVR)
 same => n,Hangup()
exten => T,1,Playback(sorry)
 same => n,Hangup()
""",
    """
exten => ivr,1,Stasis(Nobody)
 same => n,Stasis(Intro-IVR)
 same => n,Hangup()
""",
    """
exten => ivr,1,Stasis(${IF($["${COLOUR}" = "green"]?Super-Conference:Intro-IVR)})
 same => n,Wait(1)
 same => n,Stasis(Intro-IVR)
[globals]
COLOUR = green
""",
)

ARIS = tuple(
    f"[general]\nenabled = {enabled}\n[asterisk]\ntype = user\npassword = {password}\nread_only = {read_only}\n"
    for enabled, password, read_only in (
        ("yes", "asterisk", "no"),
        ("yes", "other", "no"),
        ("yes", "asterisk", "yes"),
        ("no", "asterisk", "no"),
    )
)

COARSE = st.sampled_from(["0s", "1ms", "500ms", "1s", "2s", "3500ms", "20s"])
"""Durations that fall together often."""

FINE = st.one_of(
    st.sampled_from(["10ms", "700ms", "4s", "15s"]).map(lambda mean: {"exponential": mean}),
    st.just({"lognormal": {"mean": "3s", "cv": 1}}),
)
DURATION = COARSE | FINE
BY_TYPE = st.builds(lambda start, other: {"StasisStart": start, "other": other}, FINE, st.just("0ms") | FINE)
POSITIVE = st.sampled_from(["500ms", "1s", "2s", "7s", "20s"]) | FINE

ACTION = st.one_of(
    st.sampled_from(["answer", "ring", "continue", "hangup", {"set": {"A": "1"}}]),
    st.builds(lambda time: {"wait": time}, DURATION),
)
PLAY = st.builds(lambda time: {"play": time}, DURATION)
ACTIONS = st.lists(ACTION, min_size=1, max_size=3)
STARTS = st.lists(ACTION | PLAY, min_size=1, max_size=4)
EVENTS = ("StasisEnd", "PlaybackFinished", "ChannelStateChange", "ChannelDialplan", "ChannelDtmfReceived")

POLICIES = (
    "none",
    "node-ari-client",
    "at_once",
    {"constant": "1s"},
    {"exponential": {"initial": "500ms", "factor": 2, "max": "8s", "jitter": "full"}},
    {"constant": {"delay": "500ms", "attempts": 2, "gives_up": "hangs"}},
    {"constant": {"delay": "1s", "attempts": 1, "gives_up": "crashes", "supervisor": "2s"}},
    {"constant": {"delay": "1s", "attempts": 2, "gives_up": "returns", "supervisor": "500ms"}},
    {"none": {"gives_up": "crashes", "supervisor": "3s"}},
    {"constant": {"delay": "1s", "ping": {"interval": "2s", "timeout": "1s"}}},
    {"constant": {"delay": "500ms", "keepalive": "3s"}},
)

INSTANTS = st.lists(st.sampled_from(["1s", "2s", "6s", "20s"]), min_size=1, max_size=3, unique=True)


@st.composite
def clients(draw: st.DrawFn) -> dict[str, Any]:
    """One client for both apps, or two of them, or one for each."""

    def client(apps: list[str], *starts: st.SearchStrategy[list[Any]]) -> dict[str, Any]:
        on = {f"on {event}": draw(ACTIONS) for event in draw(st.sets(st.sampled_from(EVENTS), max_size=1))}
        usual = st.builds(lambda time: ["answer", {"play": time}, "continue"], DURATION)
        on["on StasisStart"] = draw(st.one_of(usual, STARTS, *starts))
        return {
            "apps": apps,
            "latency": draw(st.sampled_from(["0s", "1ms", "500ms"])),
            "service": draw(st.sampled_from(["0s", "2ms", "500ms"]) | FINE | BY_TYPE),
            "workers": draw(st.sampled_from([1, 1, 2, 3])),
            "subscribe_all": draw(st.booleans()),
            "start": draw(st.sampled_from(["0s", "3s"])),
            "reconnect": draw(st.sampled_from(POLICIES)),
            "recover": draw(st.sampled_from(["none", "list-channels"])),
            **on,
        }

    if draw(st.booleans()):
        both = ["Intro-IVR", "Super-Conference"]
        if draw(st.booleans()):
            return {name: {**client(both), "subscribe_all": False} for name in ("blue", "green")}
        if draw(st.booleans()):
            return {"ivr": {**client(both), "subscribe_all": False, "instances": draw(st.integers(2, 3))}}
        return {"ivr": client(both)}
    move = st.just(["answer", {"move": "Super-Conference"}])
    conference = {**client(["Super-Conference"]), "subscribe_all": False}
    return {"ivr": client(["Intro-IVR"], move), "conference": conference}


@st.composite
def sources(draw: st.DrawFn, *, again: bool) -> list[dict[str, Any]]:
    """One or two sources of calls, whose callers may press keys again."""
    arrivals = st.one_of(
        st.sampled_from([{"poisson": "3/s"}, {"poisson": "0.5/s"}, {"every": "500ms"}, {"every": "1s"}]),
        st.lists(st.sampled_from(["0s", "1s", "2s", "5s", "5s", "30s"]), min_size=1, max_size=8).map(
            lambda instants: {"at": sorted(instants, key=lambda text: int(text[:-1]))}
        ),
    )

    def calls(name: str) -> dict[str, Any]:
        source: dict[str, Any] = {
            "to": "ivr@default",
            "name": name,
            "arrivals": draw(arrivals),
            "count": draw(st.integers(1, 60)),
        }
        source["kind"] = draw(st.sampled_from(["sip", "local"]))
        for key in ("hold", "patience", "media", *(["vanishes"] if source["kind"] == "sip" else ())):
            if draw(st.booleans()):
                source[key] = draw(DURATION)
        if draw(st.booleans()):
            source["keys"] = [{"after": draw(DURATION), "press": draw(st.sampled_from(["1", "12#"]))}]
            if again and draw(st.booleans()):
                source["keys"][0]["repeat"] = draw(st.sampled_from(["500ms", "1s", "7s"]))
        return source

    return [calls(name) for name in ("a", "b")[: draw(st.integers(1, 2))]]


@st.composite
def faults(draw: st.DrawFn, names: list[str]) -> list[dict[str, Any]]:
    """Up to two kinds of drops, crashes, restarts, shut doors, frozen links, stalls and reloads."""

    def fault() -> dict[str, Any]:
        verb = draw(st.sampled_from(["drop", "crash", "restart", "shut_out", "freeze", "partition", "stall", "reload"]))
        if verb == "reload":
            files = draw(st.sets(st.sampled_from(["extensions", "ari"]), min_size=1))
            texts = {"extensions": st.sampled_from(DIALPLANS).map("[default]\n".__add__), "ari": st.sampled_from(ARIS)}
            return {verb: "asterisk", "at": draw(INSTANTS), **{name: draw(texts[name]) for name in sorted(files)}}
        restarted = ["asterisk"] if verb == "restart" else []
        target = draw(st.sampled_from([*names, *restarted]))
        found: dict[str, Any] = {verb: target}
        if verb == "drop":
            found["how"] = draw(st.sampled_from(["torn", "closed"]))
        elif verb in {"crash", "restart"} and target != "asterisk":
            found["start"] = draw(DURATION)
        if draw(st.booleans()):
            found["at"] = draw(INSTANTS)
        else:
            found["every"] = draw(POSITIVE)
        if verb in {"shut_out", "partition", "stall"} or draw(st.booleans()):
            found["for"] = draw(DURATION)
            if verb not in {"freeze", "partition", "stall"}:
                found["mode"] = draw(st.sampled_from(["refuse", "blackhole"]))
        return found

    return [fault() for _ in range(draw(st.integers(0, 2)))]


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """A scenario whose loop is open, as far as its keys say."""
    found = draw(clients())
    broken = draw(faults(list(found)))
    recovers = any(client["recover"] != "none" for client in found.values())
    restarts = any(fault.get("restart") == "asterisk" and "every" in fault for fault in broken)
    stalls = {fault["stall"] for fault in broken if "stall" in fault}
    held = {fault[verb] for fault in broken for verb in ("freeze", "partition", "stall") if verb in fault}
    for name, client in found.items():
        # What is not in order of itself is where nothing else holds it back, and nobody shares the apps.
        alone = len(found) == 1 or client["apps"] != ["Intro-IVR", "Super-Conference"]
        if alone and name not in held and not client["subscribe_all"] and "instances" not in client:
            client["latency"] = draw(st.just(client["latency"]) | FINE)
    # What a freeze makes of a stall is left to the event engine.
    broken = [fault for fault in broken if stalls.isdisjoint({fault.get("freeze"), fault.get("partition")})]
    drained = [] if recovers or restarts or stalls else [{"duration": "20s", "until": "drained"}, {"until": "drained"}]
    run = draw(st.sampled_from([{"duration": "30s"}, {"duration": "25s", "warmup": "4s"}, *drained]))
    return {
        "asterisk": {
            "profile": draw(st.sampled_from(["documented", "asterisk-16", "asterisk-22"])),
            "extensions": "[default]\n" + draw(st.sampled_from(DIALPLANS)),
            "sounds": {"sorry": draw(COARSE)},
            "latency": draw(st.sampled_from(["0s", "1ms"]) | FINE),
            "rtp_timeout": draw(st.sampled_from(["none", "1s", "7s"])),
        },
        "clients": found,
        "calls": draw(sources(again="until" not in run)),
        "faults": broken,
        "run": {**run, "seed": draw(st.integers(1, 1000))},
    }


def by_events(prepared: Prepared, folder: Path) -> tuple[Measures, tuple[int, ...]]:
    """Compute it event by event; return measures, and what faults have touched."""
    with Tables(1, folder) as tables:
        ledger, touched = simulate(prepared, 1, tables)
        return measures(ledger), touched


def at_once(prepared: Prepared, folder: Path) -> tuple[Measures, tuple[int, ...]]:
    """Compute it in bulk."""
    with Tables(1, folder) as tables:
        ledger, touched = OpenLoop(prepared).compute(1, tables)
        return measures(ledger), touched


def differing(one: Path, other: Path) -> list[str]:
    """Return the tables that are not the same bytes."""
    return [
        name for name in TABLES if (one / f"{name}.parquet").read_bytes() != (other / f"{name}.parquet").read_bytes()
    ]


def agree(content: dict[str, Any], window: int) -> None:
    """Hold one engine against the other."""
    prepared = prepare(Scenario.of(content))
    assert obstacle(prepared) == ""
    # So that ways are looked at by themselves, calls sorted out in pieces, and windows parted, as many are.
    sizes = patch.multiple("stasis_sim.openloop.cohort", FEW=2, SOME=2, PIECE=window, SORTED=window, MANY=256)
    soon = patch("stasis_sim.openloop.computation.SOON", 2)
    stretch = patch("stasis_sim.openloop.queueing.STRETCH", max(2, window // 4))
    windows = patch("stasis_sim.openloop.windows.CALLS", window)
    with tempfile.TemporaryDirectory() as folder, windows, sizes, soon, stretch:
        one, other = Path(folder, "events"), Path(folder, "open-loop")
        try:
            found = at_once(prepared, other)
        except ClosedLoopError as error:
            event(f"left to the event engine: {error}")
            reject()
        assert found == by_events(prepared, one)
        assert differing(one, other) == []


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.sampled_from([3, 20, 1000]))
def test_both_engines_give_the_same_bytes(content: dict[str, Any], window: int) -> None:
    """Tables and measures of a random scenario are the same, however the calls are cut into windows."""
    agree(content, window)


@pytest.mark.parametrize("at", [["0s", "0s"], ["1s", "1s"], ["1s", "2s", "2s"]])
def test_a_stay_of_no_length_is_no_peak(at: list[str]) -> None:
    """Where neither link nor program takes time, calls come and go in one instant, and both engines see none inside."""
    content = {
        "asterisk": {"extensions": "[default]\n" + DIALPLANS[0], "latency": "0s"},
        "clients": {
            "ivr": {
                "apps": ["Intro-IVR"],
                "latency": "0s",
                "service": "0s",
                "on StasisStart": ["answer", {"play": "0s"}, "continue"],
                "on StasisEnd": ["answer"],
            }
        },
        "calls": [{"to": "ivr@default", "name": "a", "arrivals": {"at": at}}],
        "run": {"duration": "30s", "seed": 1},
    }
    prepared = prepare(Scenario.of(content))
    with tempfile.TemporaryDirectory() as folder:
        found = [engine(prepared, Path(folder, engine.__name__)) for engine in (at_once, by_events)]
    assert found[0] == found[1]
    assert (found[0][0]["total"]["attempts.entered"], found[0][0]["total"]["inside_peak"]) == (len(at), 0)


def test_a_drop_after_the_last_thing_that_happens_is_not_guessed_at() -> None:
    """Calls that never end, and a drop that catches what is still on its way: the event engine says when it is over."""
    content = {
        "asterisk": {"extensions": "[default]\n" + DIALPLANS[0], "latency": "0s"},
        "clients": {
            "ivr": {
                "apps": ["Intro-IVR"],
                "latency": "500ms",
                "service": "0s",
                "reconnect": "node-ari-client",
                "on StasisStart": ["answer", {"play": {"lognormal": {"mean": "3s", "cv": 1}}}, "continue"],
            }
        },
        "calls": [{"to": "ivr@default", "name": "a", "arrivals": {"poisson": "3/s"}, "count": 2}],
        "faults": [{"drop": "ivr", "every": "500ms"}],
        "run": {"duration": "20s", "until": "drained", "seed": 1},
    }
    with pytest.raises(ClosedLoopError, match="a drop right after the last thing"):
        OpenLoop(prepare(Scenario.of(content))).compute(1)


def test_calls_that_asterisk_takes_with_it_are_counted_by_the_fault() -> None:
    """Of two restarts at one instant the first one ends the calls, and the last one says when Asterisk is back."""
    content = {
        "asterisk": {"extensions": "[default]\n" + DIALPLANS[0], "latency": "1ms"},
        "clients": {"ivr": {"apps": ["Intro-IVR"], "on StasisStart": ["answer"]}},
        "calls": [{"to": "ivr@default", "name": "a", "arrivals": {"every": "1s"}, "count": 20, "hold": "4s"}],
        "faults": [
            {"restart": "asterisk", "at": "10500ms", "for": "2s"},
            {"restart": "asterisk", "at": ["10500ms", "11s"], "for": "4s"},
        ],
        "run": {"until": "drained", "seed": 1},
    }
    prepared = prepare(Scenario.of(content))
    ledger, touched = OpenLoop(prepared).compute(1)
    by_events, hit = simulate(prepared, 1)
    assert touched == hit == (6, 2)
    assert measures(ledger) == measures(by_events)
    assert measures(ledger)["total"]["calls.outcome.blocked"] == 4


def test_requests_that_are_turned_away_are_counted_by_the_fault() -> None:
    """Of two faults that shut a client out the one that ends later counts; who knocks again is counted once."""
    content = {
        "asterisk": {"extensions": "[default]\n" + DIALPLANS[0], "latency": "1ms"},
        "clients": {"ivr": {"apps": ["Intro-IVR"], "on StasisStart": ["answer"]}},
        "calls": [{"to": "ivr@default", "name": "a", "arrivals": {"every": "1s"}, "count": 20, "hold": "4s"}],
        "faults": [
            {"shut_out": "ivr", "at": "4500ms", "for": "5s", "mode": "blackhole"},
            {"shut_out": "ivr", "at": ["6500ms", "8s"], "for": "2s"},
            {"shut_out": "ivr", "at": "7500ms", "for": "6s"},
        ],
        "run": {"duration": "30s", "seed": 1},
    }
    prepared = prepare(Scenario.of(content))
    ledger, touched = OpenLoop(prepared).compute(1)
    by_events, hit = simulate(prepared, 1)
    # Three knock from 5 s on, and hear of a refusal as soon as the third fault lasts; six more are refused at once.
    assert touched == hit == (3, 0, 6)
    assert measures(ledger) == measures(by_events)


@pytest.mark.parametrize("run", [{"until": "drained"}, {"duration": "40s", "warmup": "5s"}])
@pytest.mark.parametrize("window", [20, 1000])
def test_messages_that_hold_up_others_are_computed_at_once(run: dict[str, Any], window: int) -> None:
    """A slow message delays all that are behind it on its connection; those on the next one are free of it."""
    content = {
        "asterisk": {"extensions": "[default]\n" + DIALPLANS[2], "latency": "1ms"},
        "clients": {
            "ivr": {
                "apps": ["Intro-IVR"],
                "latency": {"lognormal": {"mean": "200ms", "cv": 2}},
                "service": {"StasisStart": {"exponential": "400ms"}, "other": "0ms"},
                "workers": 2,
                "reconnect": "at_once",
                "on StasisStart": [{"wait": {"exponential": "500ms"}}, "continue"],
            },
            "conference": {
                "apps": ["Super-Conference"],
                "latency": "20ms",
                "service": {"exponential": "30ms"},
                "on StasisStart": ["continue"],
            },
        },
        # Some calls come in pairs, whose messages are written at one instant.
        "calls": [
            {"to": "ivr@default", "name": "a", "arrivals": {"poisson": "8/s"}, "count": 200},
            {"to": "ivr@default", "name": "b", "arrivals": {"every": "500ms"}, "count": 40},
            {"to": "ivr@default", "name": "c", "arrivals": {"every": "1s"}, "count": 20},
        ],
        "faults": [{"drop": "ivr", "every": {"exponential": "3s"}}, {"crash": "ivr", "every": "7s", "start": "1ms"}],
        "run": {**run, "seed": 1},
    }
    agree(content, window)


@pytest.mark.parametrize("latency", ["500ms", {"exponential": "500ms"}])
def test_a_drained_run_waits_for_what_is_on_its_way(latency: Any) -> None:
    """The last events are heard after the last call has ended, though no worker needs time for them."""
    content = {
        "asterisk": {"extensions": "[default]\n" + DIALPLANS[0], "latency": "0s"},
        "clients": {
            "ivr": {"apps": ["Intro-IVR"], "latency": latency, "service": "0s", "on StasisStart": ["answer"]},
        },
        "calls": [{"to": "ivr@default", "name": "a", "arrivals": {"every": "1s"}, "count": 3, "hold": "4s"}],
        "run": {"until": "drained", "seed": 1},
    }
    agree(content, 20)


def test_an_app_beyond_its_capacity_is_computed_at_once() -> None:
    """Of hundreds of messages in a row the wait of each decides what comes after it: callers lose patience."""
    content = {
        "asterisk": {"extensions": "[default]\n" + DIALPLANS[0], "latency": "1ms"},
        "clients": {
            "ivr": {
                "apps": ["Intro-IVR"],
                "service": {"exponential": "40ms"},
                "on StasisStart": ["answer", {"play": "1s"}, {"set": {"STAGE": "menu"}}],
                "on StasisEnd": "hangup",
            }
        },
        "calls": [
            {
                "to": "ivr@default",
                "name": "a",
                "arrivals": {"poisson": "4/s"},
                "patience": {"exponential": "3s"},
                "hold": {"exponential": "20s"},
            }
        ],
        "run": {"duration": "8min", "seed": 1},
    }
    prepared = prepare(Scenario.of(content))
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder, "events"), Path(folder, "open-loop")
        found = at_once(prepared, other)
        assert found == by_events(prepared, one)
        assert differing(one, other) == []
    # Which of them are answered at all hangs on the queue.
    unanswered = found[0]["total"]["calls.outcome.unanswered"]
    assert unanswered is not None
    assert 500 < unanswered < 1500


def test_many_ways_are_computed_at_once_if_enough_calls_go_them() -> None:
    """Callers who try again and again go as many ways as they try; ways of one call each are left to the events."""
    tries = """exten => ivr,1,Set(TRIES=0)
 same => n(try),Stasis(Intro-IVR)
 same => n,Set(TRIES=$[${TRIES}+1])
 same => n,GotoIf($["${STASISSTATUS}"="SUCCESS" | ${TRIES}>20]?bye)
 same => n,Wait(1)
 same => n,Goto(try)
 same => n(bye),Hangup()
"""
    content = {
        "asterisk": {"profile": "asterisk-22", "extensions": "[default]\n" + tries},
        "clients": {"ivr": {"apps": ["Intro-IVR"], "on StasisStart": ["answer", "continue"]}},
        "calls": [{"to": "ivr@default", "name": "a", "arrivals": {"poisson": "5/s"}, "count": 1000}],
        "faults": [{"drop": "ivr", "every": {"exponential": "1min"}, "for": {"exponential": "10s"}}],
        "run": {"until": "drained", "seed": 1},
    }
    prepared = prepare(Scenario.of(content))
    loop = OpenLoop(prepared)
    with patch("stasis_sim.openloop.cohort.MANY", 2):
        assert measures(loop.compute(1)[0]) == measures(simulate(prepared, 1)[0])
        with (
            patch("stasis_sim.openloop.cohort.ENOUGH", 300),
            pytest.raises(ClosedLoopError, match="calls that go in more than 3 ways"),
        ):
            loop.compute(1)


def test_an_instance_that_comes_and_goes_between_two_looks_leaves_the_others_alone() -> None:
    """It takes the apps from one whose connection is gone, in the laboratory too, before anybody looks again."""
    content = {
        "asterisk": {"profile": "asterisk-22", "extensions": "[default]\n" + DIALPLANS[0]},
        "clients": {
            "ivr": {
                "apps": ["Intro-IVR"],
                "instances": 3,
                "workers": 2,
                "service": "20ms",
                "on StasisStart": ["answer", {"play": {"exponential": "4s"}}],
                "reconnect": {"constant": "1s"},
            }
        },
        "calls": [
            {
                "to": "ivr@default",
                "name": "a",
                "arrivals": {"poisson": "5/s"},
                "count": 300,
                "hold": {"exponential": "30s"},
            }
        ],
        "faults": [{"drop": "ivr", "every": {"exponential": "20s"}, "for": {"exponential": "5s"}}],
        "run": {"until": "drained", "seed": 1},
    }
    prepared = prepare(Scenario.of(content))
    assert measures(OpenLoop(prepared).compute(1)[0]) == measures(simulate(prepared, 1)[0])


FROZEN: dict[str, Any] = {
    "asterisk": {"extensions": "[default]\n" + DIALPLANS[0], "latency": "1ms"},
    "clients": {"ivr": {"apps": ["Intro-IVR"], "on StasisStart": ["answer", {"play": "2s"}, "continue"]}},
    "calls": [{"to": "ivr@default", "name": "a", "arrivals": {"every": "100ms"}, "count": 100}],
    "faults": [{"freeze": "ivr", "at": "3s", "for": "3500ms"}],
    "run": {"duration": "30s", "seed": 1},
}
"""A link that passes nothing for a while; Asterisk writes 35 StasisStart to it, and 20 PlaybackFinished."""

FITS = 35 * BYTES["StasisStart"] + 20 * BYTES["PlaybackFinished"]
"""How many octets that is."""


def test_what_a_frozen_link_holds_back_comes_late_as_long_as_it_fits() -> None:
    """It comes at the thaw, in the order in which it was written; where a buffer is full the loop is closed."""

    def with_room(octets: int) -> dict[str, Any]:
        return FROZEN | {"clients": {"ivr": FROZEN["clients"]["ivr"] | {"buffer": f"{octets}B"}}}

    agree(with_room(FITS), 20)
    assert measures(OpenLoop(prepare(Scenario.of(with_room(FITS)))).compute(1)[0])["total"]["events.late"] == 55
    with pytest.raises(ClosedLoopError, match="ivr is written more than the buffers hold"):
        OpenLoop(prepare(Scenario.of(with_room(FITS - 1)))).compute(1)
    # Then Asterisk bears it for a while.
    assert (
        measures(simulate(prepare(Scenario.of(with_room(FITS - 2_000))), 1)[0])["total"]["connections.write_timeout"]
        == 1
    )


@pytest.mark.parametrize(
    ("faults", "passes"),
    [
        ([{"at": ["3s", "5s"], "for": "2s"}], "7s"),
        ([{"at": "5s", "for": "2s"}, {"at": "3s", "for": "2s"}], "7s"),
        ([{"at": "3s", "for": "2s"}, {"at": "5s", "for": "2s"}], "5s"),
        ([{"every": "3s", "for": "2s"}, {"at": "5s", "for": "2s"}], "5s"),
    ],
)
def test_freezes_that_touch_are_one_or_two(faults: list[dict[str, Any]], passes: str) -> None:
    """A freeze that begins as another is over keeps the link frozen if it goes first, by its place in the scenario."""
    content = FROZEN | {"faults": [{"freeze": "ivr"} | fault for fault in faults]}
    agree(content, 20)
    found = measures(OpenLoop(prepare(Scenario.of(content))).compute(1)[0])
    assert found["total"]["handoff_s.max"] == pytest.approx(int(passes[:-1]) - 3, abs=0.1)


@pytest.mark.parametrize(("service", "end", "late"), [("2ms", 4.2, 0), ("5s", 7.501, 5)])
def test_nobody_waits_for_what_is_held_back_as_the_last_call_ends(service: str, end: float, late: int) -> None:
    """It comes if the run goes on for other reasons, and is pending if not."""
    client = {"apps": ["Intro-IVR"], "service": service, "latency": "1ms", "on StasisStart": []}
    source = {"to": "ivr@default", "arrivals": {"at": ["2500ms", "3200ms"]}, "patience": "1s"}
    content = FROZEN | {"clients": {"ivr": client}, "calls": [source], "run": {"until": "drained", "seed": 1}}
    agree(content, 20)
    ledger = OpenLoop(prepare(Scenario.of(content))).compute(1)[0]
    assert (ledger.end, measures(ledger)["total"]["events.late"]) == (end * 1_000_000, late)


@pytest.mark.parametrize("latency", ["0s", "50ms"])
@pytest.mark.parametrize("service", ["0s", "20ms", "100ms"])
@pytest.mark.parametrize(
    "faults",
    [
        [{"at": ["1s", "3s", "5050ms"], "for": "2s"}],
        [{"at": "2s", "for": "2s"}, {"at": ["3s", "5s"], "for": "2s"}],
        [{"at": "2050ms", "for": "1s"}, {"at": ["2s", "2500ms", "3500ms"], "for": "1050ms"}],
    ],
)
def test_stalls_that_touch_what_happens(faults: list[dict[str, Any]], service: str, latency: str) -> None:
    """Messages that arrive as a stall begins or ends, work that is done then, and stalls that overlap or touch."""
    client = {"apps": ["Intro-IVR"], "service": service, "latency": latency, "on StasisStart": ["answer", "hangup"]}
    stalls = [{"stall": "ivr"} | fault for fault in faults]
    agree(FROZEN | {"clients": {"ivr": client}, "faults": stalls}, 20)


def test_a_stall_in_which_a_buffer_is_full_closes_the_loop() -> None:
    """Then Asterisk ends the connection."""
    client = FROZEN["clients"]["ivr"]
    stalls = FROZEN | {"faults": [{"stall": "ivr", "at": "3s", "for": "3500ms"}]}
    agree(stalls, 20)
    with pytest.raises(ClosedLoopError, match="ivr is written more than the buffers hold"):
        OpenLoop(prepare(Scenario.of(stalls | {"clients": {"ivr": client | {"buffer": f"{FITS - 1}B"}}}))).compute(1)


@pytest.mark.parametrize("verb", ["freeze", "partition", "stall", "shut_out"])
def test_what_one_replication_has_learnt_serves_the_next(verb: str) -> None:
    """The ways of one are those of the others, though faults strike at other instants."""
    client = {
        "apps": ["Intro-IVR"],
        "service": {"exponential": "10ms"},
        "on StasisStart": ["answer", {"play": "2s"}, "continue"],
    }
    fault = {verb: "ivr", "every": {"exponential": "4s"}, "for": {"exponential": "2s"}}
    reload = {"reload": "asterisk", "at": ["3s", "6s"], "extensions": "[default]\n" + DIALPLANS[2]}
    prepared = prepare(Scenario.of(FROZEN | {"clients": {"ivr": client}, "faults": [fault, reload]}))
    engine = OpenLoop(prepared)
    for replication in (1, 2, 3):
        ledger, touched = engine.compute(replication)
        by_events, hit = simulate(prepared, replication)
        assert (measures(ledger), touched) == (measures(by_events), hit)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=1500, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.sampled_from([2, 3, 7, 20, 1000]))
def test_both_engines_give_the_same_bytes_at_length(content: dict[str, Any], window: int) -> None:
    """The same, for many more scenarios."""
    agree(content, window)


@pytest.mark.parametrize("ends", [{"duration": "20s"}, {"until": "drained"}])
def test_what_is_known_of_a_replication_goes_with_it(ends: dict[str, str]) -> None:
    """Also where nobody looks for garbage: of a hundred replications none is there when the next one begins."""
    content = {**FROZEN, "run": {**ends, "seed": 1}}
    there: list[weakref.ref[_Computation]] = []

    class Watched(_Computation):
        def run(self) -> tuple[Ledger, tuple[int, ...]]:
            there.append(weakref.ref(self))
            return super().run()

    engine = OpenLoop(prepare(Scenario.of(content)))
    gc.disable()
    try:
        with patch("stasis_sim.openloop.computation._Computation", Watched):
            engine.compute(1)
        assert [each() for each in there] == [None]
    finally:
        gc.enable()
