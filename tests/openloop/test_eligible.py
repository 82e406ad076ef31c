"""What closes the loop is said by its key; what only a call shows, by its place in the dialplan."""

from __future__ import annotations

from typing import Any

import pytest

from stasis_sim import Scenario, run
from stasis_sim.errors import InputError
from stasis_sim.openloop.eligible import obstacle
from stasis_sim.simulated.preparation import prepare

ARI = (
    "[general]\n[asterisk]\ntype = user\npassword = asterisk\n"
    "[out]\ntype = outbound_websocket\nwebsocket_client_id = ivr\napps = Intro-IVR\nlocal_ari_user = asterisk\n"
)
WEBSOCKET_CLIENT = "[ivr]\ntype = websocket_client\nconnection_type = persistent\nuri = ws://ivr/\n"
DIALPLAN = "[default]\nexten => ivr,1,Stasis(Intro-IVR)\n same => n,Hangup()\n"


def scenario(extensions: str = DIALPLAN, **changes: Any) -> Scenario:
    """Return a scenario with an open loop, but for the changes."""
    content: dict[str, Any] = {
        "asterisk": {"extensions": extensions, **changes.pop("asterisk", {})},
        "clients": {"ivr": {"apps": ["Intro-IVR"], **changes.pop("ivr", {})}, **changes.pop("clients", {})},
        "calls": [{"to": "ivr@default", "arrivals": {"every": "1s"}, "hold": "2s"}],
        "run": {"duration": "10s", **changes.pop("run", {})},
        **changes,
    }
    return Scenario.of(content)


PRESSING: dict[str, Any] = {
    "to": "ivr@default",
    "arrivals": {"every": "1s"},
    "keys": [{"after": "1s", "press": "1", "repeat": "5s"}],
}

OBSTACLES: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, ""),
    ({"faults": [{"drop": "ivr", "at": "5s"}]}, ""),
    ({"asterisk": {"max_channels": 3}}, "asterisk.max_channels: whether a call gets in depends on the others"),
    ({"asterisk": {"latency": {"exponential": "1ms"}}}, ""),
    ({"faults": [{"crash": "ivr", "at": "5s"}, {"restart": "ivr", "at": "6s"}]}, ""),
    ({"faults": [{"restart": "asterisk", "at": "5s", "for": "1s"}]}, ""),
    (
        {"faults": [{"restart": "asterisk", "at": "5s", "for": "1s", "how": "power_cut"}]},
        "faults.0.how: what Asterisk had written before its power was cut still arrives",
    ),
    (
        {"faults": [{"restart": "asterisk", "every": "5s"}], "run": {"until": "drained"}},
        "faults.0.every: it ends calls, and until: drained does not wait for it",
    ),
    ({"faults": [{"reload": "asterisk", "at": "5s", "extensions": DIALPLAN}]}, ""),
    (
        {"faults": [{"reload": "asterisk", "every": "5s", "extensions": DIALPLAN}]},
        "faults.0.every: each reload makes further files of those before it",
    ),
    ({"faults": [{"shut_out": "ivr", "at": "5s", "for": "1s"}]}, ""),
    ({"faults": [{"freeze": "ivr", "at": "5s"}, {"partition": "ivr", "at": "6s", "for": "1s"}]}, ""),
    ({"faults": [{"stall": "ivr", "at": "5s", "for": "1s"}]}, ""),
    (
        {"faults": [{"stall": "ivr", "at": "5s", "for": "1s"}], "run": {"until": "drained"}},
        "faults.0.stall: until: drained waits for its end",
    ),
    (
        {"faults": [{"stall": "ivr", "at": "5s", "for": "1s"}, {"freeze": "ivr", "at": "5s"}]},
        "faults.0.stall: what comes first of it and of a freeze decides what is late",
    ),
    ({"ivr": {"instances": 2}}, ""),
    (
        {"ivr": {"instances": 2, "on_replaced": "returns", "supervisor": "5s"}},
        "clients.ivr.on_replaced: when it hears of ivr hangs on the messages before that",
    ),
    (
        {"asterisk": {"ari": ARI, "websocket_client": WEBSOCKET_CLIENT}, "ivr": {"transport": "outbound"}},
        "clients.ivr.transport: its events wait in a queue that calls fill",
    ),
    ({"asterisk": {"ari": ARI, "websocket_client": WEBSOCKET_CLIENT}}, ""),
    (
        {"clients": {"proxy": {"apps": ["Intro-IVR"]}}, "ivr": {"behind": "proxy"}},
        "clients.ivr.behind: who gets an event depends on who is there when the proxy hands it on",
    ),
    ({"ivr": {"deliver": "any"}}, "clients.ivr.deliver: it hands events on to whoever is there"),
    ({"ivr": {"inbox": 2}}, "clients.ivr.inbox: what it does not read may end its connection"),
    ({"ivr": {"idle_timeout": "5min"}}, "clients.ivr.idle_timeout: messages about calls keep its connection alive"),
    (
        {"calls": [{"to": "ivr@default", "arrivals": {"every": "1s"}, "vanishes": "5s", "session_expires": "90s"}]},
        "calls.0.session_expires: how often the session was refreshed is computed event by event",
    ),
    (
        {
            "calls": [
                {
                    "to": "ivr@default",
                    "arrivals": {"every": "1s"},
                    "keys": [
                        {"after": "1s", "press": "1"},
                        {"after": "1s", "press": "2", "repeat": {"exponential": "5s"}},
                    ],
                }
            ]
        },
        "calls.0.keys: each caller has random numbers of his own for when he presses keys again",
    ),
    ({"calls": [PRESSING]}, ""),
    (
        {"calls": [PRESSING], "run": {"until": "drained"}},
        "calls.0.keys: until: drained does not wait for who presses them for ever",
    ),
    (
        {"calls": [{"to": "ivr@default", "arrivals": {"every": "1s"}, "redial": {"after": "5s", "times": 2}}]},
        "calls.0.redial: one call makes another",
    ),
    ({"ivr": {"workers": 2}}, ""),
    (
        {"ivr": {"reconnect": {"constant": {"delay": "1s", "attempts": 3, "gives_up": "crashes", "supervisor": "5s"}}}},
        "",
    ),
    (
        {"ivr": {"on StasisStart": ["answer", "pair"]}},
        "clients.ivr.on StasisStart: who is in a bridge hears of the others",
    ),
    (
        {"ivr": {"on StasisStart": [{"originate": {"endpoint": "Local/ivr@default", "app": "Other"}}]}},
        "clients.ivr.on StasisStart: it makes channels beside the calls",
    ),
    (
        {"ivr": {"on StasisEnd": ["disband"]}},
        "clients.ivr.on StasisEnd: who is in a bridge hears of the others",
    ),
    (
        {"ivr": {"on StasisStart": [{"record": "5s"}]}},
        "clients.ivr.on StasisStart: each frame of a caller bears on how long he is recorded",
    ),
    ({"ivr": {"on_replaced": "returns", "supervisor": "5s"}}, ""),
    ({"ivr": {"on_replaced": "reconnects"}}, ""),
    ({"ivr": {"on_error": "crashes"}}, "clients.ivr.on_error: a call can end the program that others need"),
    ({"ivr": {"recover": "list-channels"}}, ""),
    (
        {"ivr": {"recover": "list-channels"}, "run": {"until": "drained"}},
        "clients.ivr.recover: what it does may end calls for ever, which until: drained waits for",
    ),
    ({"ivr": {"latency": {"exponential": "1ms"}}, "faults": [{"drop": "ivr", "at": "5s"}]}, ""),
    (
        {"ivr": {"latency": {"exponential": "1ms"}}, "faults": [{"freeze": "ivr", "at": "5s", "for": "1s"}]},
        "faults.0.freeze: ivr has a random latency, and what is held back goes on",
    ),
    (
        {"ivr": {"latency": {"exponential": "1ms"}}, "faults": [{"stall": "ivr", "at": "5s", "for": "1s"}]},
        "faults.0.stall: ivr has a random latency, and what is held back goes on",
    ),
    (
        {"ivr": {"latency": {"exponential": "1ms"}, "subscribe_all": True}},
        "clients.ivr.latency: what is about no call holds up what is behind it too",
    ),
    (
        {"ivr": {"latency": {"exponential": "1ms"}, "instances": 2}},
        "clients.ivr.latency: the news that ivr has its apps holds up what is behind it",
    ),
    ({"clients": {"twin": {"apps": ["Intro-IVR"]}}}, ""),
    (
        {"clients": {"twin": {"apps": ["Intro-IVR", "Other"]}}},
        "clients.ivr.apps: twin serves some of them, and not just the same",
    ),
    (
        {"clients": {"twin": {"apps": ["Intro-IVR"], "on_replaced": "reconnects"}}},
        "clients.twin.on_replaced: when it hears of ivr hangs on the messages before that",
    ),
    (
        {"clients": {"twin": {"apps": ["Intro-IVR"], "subscribe_all": True}}},
        "clients.twin.subscribe_all: it counts only if ivr has not been there before",
    ),
    (
        {"ivr": {"subscribe_all": True}, "clients": {"all": {"apps": ["Log"], "subscribe_all": True}}},
        "clients.all.subscribe_all: ivr has it too, and who hears first is who came first",
    ),
)


@pytest.mark.parametrize(("changes", "text"), OBSTACLES, ids=lambda value: value if isinstance(value, str) else "")
def test_each_key_that_closes_the_loop_is_named(changes: dict[str, Any], text: str) -> None:
    """The first such key is named with its reason; without one there is nothing to say."""
    assert obstacle(prepare(scenario(**changes))) == text


def test_auto_falls_back_and_says_why() -> None:
    """Where a key closes the loop, auto computes event by event, and the results know both."""
    results = run(scenario(ivr={"inbox": 5}))
    assert (results.engine, results.closed_by) == (
        "events",
        "clients.ivr.inbox: what it does not read may end its connection",
    )
    results = run(scenario())
    assert (results.engine, results.closed_by) == ("open-loop", "")
    results = run(scenario(run={"engine": "events"}))
    assert (results.engine, results.closed_by) == ("events", "")


STEPS = (
    ("Set(X=${UNIQUEID})", "${UNIQUEID} at ivr@default:1"),
    ("Set(X=${EPOCH})", "the time of day, or arithmetic with times"),
    ("Set(GLOBAL(X)=1)", "a global variable that a call sets"),
    ("Set(X=${RAND(1,6)})", "${RAND(1,6)} at ivr@default:1"),
    ("Set(X=${IF($[${RAND(1,6)} > 3]?a:b)})", "RAND() at ivr@default:1"),
    ("Set(X=${${Y}})", "a name that is put together at ivr@default:1"),
    ("Set(GROUP()=calls)", "a group that a call joins"),
    ("MSet(A=1,GLOBAL(B)=2)", "a global variable that a call sets"),
    ("ExecIf(1?Set(GLOBAL(B)=2))", "a global variable that a call sets"),
    ("ExecIf(1?Set(GROUP()=calls))", "a group that a call joins"),
    ("ExecIf(1?Set(DB(a/b)=2))", "a database entry that a call writes"),
    ("ExecIf(1?Dial(Local/ivr@default))", "Dial() at ivr@default:1"),
    ("GotoIfTime(9:00-17:00,*,*,*?ivr,2)", "the time of day, or arithmetic with times"),
    ("StasisBroadcast(1)", "StasisBroadcast() at ivr@default:1"),
)


@pytest.mark.parametrize(("step", "text"), STEPS)
def test_each_step_that_concerns_others_is_named(step: str, text: str) -> None:
    """A step that reads a clock, a name of its own, or what others leave behind is left to the event engine."""
    extensions = f"[default]\nexten => ivr,1,{step}\n same => n,Stasis(Intro-IVR)\n same => n,Hangup()\n"
    results = run(scenario(extensions))
    assert (results.engine, results.closed_by) == ("events", text)


def test_what_a_client_sets_for_all_is_named() -> None:
    """A global variable that a client sets over REST closes the loop as one of the dialplan does."""
    actions = [{"set": {"GLOBAL(B)": "2"}}, "answer"]
    results = run(scenario(ivr={"on StasisStart": actions}))
    assert (results.engine, results.closed_by) == ("events", "a global variable that a call sets")


@pytest.mark.parametrize("engine", ["auto", "open-loop"])
def test_a_dialplan_that_loops_is_one_clear_error(engine: str) -> None:
    """It is said with its steps, whichever engine meets it first."""
    extensions = "[default]\nexten => ivr,1,NoOp()\n same => n,Goto(1)\n same => n,Stasis(Intro-IVR)\n"
    with pytest.raises(InputError, match="the dialplan loops for ever without taking time: ivr@default:1 NoOp"):
        run(scenario(extensions, run={"engine": engine}))


def test_who_insists_is_told() -> None:
    """engine: open-loop where the loop is closed is an error that names the key and what to write."""
    with pytest.raises(InputError) as caught:
        run(scenario(ivr={"inbox": 5}, run={"engine": "open-loop"}))
    text = "the loop is closed by clients.ivr.inbox: what it does not read may end its connection; write auto or events"
    assert str(caught.value).endswith(f"run.engine: {text}")


def test_timed_includes_are_left_to_the_event_engine() -> None:
    """A dialplan that opens at nine cannot be computed for all calls at once."""
    extensions = (
        "[default]\ninclude => day,09:00-17:00,*,*,*\nexten => _X,1,Hangup()\n"
        "[day]\nexten => ivr,1,Stasis(Intro-IVR)\n same => n,Hangup()\n"
    )
    results = run(scenario(extensions, asterisk={"clock": "2026-01-05 10:00:00"}))
    assert results.engine == "events"
    assert results.measures["total"]["attempts.entered"]["mean"] == 9
