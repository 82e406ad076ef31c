"""What must hold whatever happens: random scripts in all profiles, and a ledger that catches what must not be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stasis_sim.handoff.effects import ENDED, LEFT, MISSED, QUEUED, REGISTRY, SEND, STASIS, STEP, Effect
from stasis_sim.handoff.invariants import InvariantError, Ledger
from stasis_sim.handoff.profiles import PROFILES
from stasis_sim.handoff.stimuli import Connected, ConnectFailed, Restart

if TYPE_CHECKING:
    from tests.handoff.conftest import Asterisk

CHANNELS = st.sampled_from(["c1", "c2", "c3"])
SESSIONS = st.sampled_from(["A", "B", "out1", "out1:c1"])
APPS = st.sampled_from(["Intro-IVR", "Super-Conference", "Intro-IVR,Super-Conference"])
BRIDGES = st.sampled_from(["b1", "b2"])
COMMANDS = ["answer", "continue", "ring", "play", "record", "dtmf", "move"]

ACTIONS = st.one_of(
    st.tuples(st.just("open"), SESSIONS.filter(lambda name: len(name) == 1), APPS, st.booleans()),
    st.tuples(st.just("close"), SESSIONS),
    st.tuples(st.just("call"), CHANNELS, st.sampled_from(["ivr", "conference", "wait", "offer", "nowhere"])),
    st.tuples(st.just("hangup"), CHANNELS),
    st.tuples(st.just("key"), CHANNELS),
    st.tuples(st.just("run"), st.sampled_from([0.1, 0.5, 5.0, 40.0])),
    st.tuples(st.just("answered"), SESSIONS, st.booleans()),
    st.tuples(st.just("restart")),
    st.tuples(st.just("command"), CHANNELS, st.sampled_from(COMMANDS)),
    st.tuples(st.just("recording"), CHANNELS, st.sampled_from(["stop", "pause", "mute"])),
    st.tuples(st.just("delete"), CHANNELS),
    st.tuples(st.just("external"), CHANNELS, APPS),
    st.tuples(st.just("join"), BRIDGES, CHANNELS),
    st.tuples(st.just("part"), BRIDGES, CHANNELS),
    st.tuples(st.just("bridge"), BRIDGES, st.booleans()),
    st.tuples(st.just("subscribe"), APPS, st.sampled_from(["channel:c1", "bridge:b1", "channel:"]), st.booleans()),
    st.tuples(st.just("filter"), APPS),
    st.tuples(st.just("claim"), CHANNELS, APPS),
    st.tuples(st.just("originate"), st.sampled_from(["ivr", "wait", "conference"]), st.booleans()),
)


def act(asterisk: Asterisk, action: tuple[Any, ...]) -> None:
    """Do what an action says."""
    verb, *words = action
    if verb == "open" and words[0] not in asterisk.engine.sessions:
        asterisk.open(words[0], words[1], **({"subscribeAll": "true"} if words[2] else {}))
    elif verb in {"close", "hangup", "run"}:
        getattr(asterisk, verb)(words[0])
    elif verb == "call" and words[0] not in asterisk.engine.house.channels.live:
        asterisk.call(words[0], words[1])
    elif verb == "key":
        asterisk.key(words[0], "1")
    elif verb == "answered":
        asterisk.step(Connected(words[0]) if words[1] else ConnectFailed(words[0]))
    elif verb == "restart":
        asterisk.step(Restart())
    elif verb in REQUESTS:
        method, path, body, query = REQUESTS[verb](words)
        asterisk.rest(method, path, body, "asterisk", **query)


Asked = tuple[str, str, object, dict[str, str]]

REQUESTS: dict[str, Callable[[list[Any]], Asked]] = {
    "command": lambda w: (
        "POST",
        f"/channels/{w[0]}/{w[1]}",
        None,
        {
            "app": "Super-Conference",
            "media": "sound:hello",
            "dtmf": "12",
            "name": w[0],
            "format": "wav",
            "ifExists": "append",
            "terminateOn": "any",
        },
    ),
    "recording": lambda w: ("POST", f"/recordings/live/{w[0]}/{w[1]}", None, {}),
    "external": lambda w: (
        "POST",
        "/channels/externalMedia",
        None,
        {"channelId": w[0], "app": w[1], "external_host": "127.0.0.1:9999", "format": "ulaw"},
    ),
    "delete": lambda w: ("DELETE", f"/channels/{w[0]}", None, {}),
    "join": lambda w: ("POST", f"/bridges/{w[0]}/addChannel", None, {"channel": w[1]}),
    "part": lambda w: ("POST", f"/bridges/{w[0]}/removeChannel", None, {"channel": w[1]}),
    "bridge": lambda w: ("POST" if w[1] else "DELETE", f"/bridges/{w[0]}", None, {}),
    "subscribe": lambda w: (
        "POST" if w[2] else "DELETE",
        f"/applications/{w[0]}/subscription",
        None,
        {"eventSource": w[1]},
    ),
    "filter": lambda w: ("PUT", f"/applications/{w[0]}/eventFilter", {"disallowed": [{"type": "StasisEnd"}]}, {}),
    "claim": lambda w: ("POST", "/events/claim", None, {"channelId": w[0], "application": w[1]}),
    "originate": lambda w: (
        "POST",
        "/channels/c1",
        None,
        {
            "endpoint": f"Local/{w[0]}@default",
            "otherChannelId": "c2",
            **({"app": "Intro-IVR"} if w[1] else {"extension": "ivr"}),
        },
    ),
}


@pytest.mark.parametrize("outbound", [None, "persistent", "per_call_config"])
@pytest.mark.parametrize("profile", list(PROFILES.values()), ids=list(PROFILES))
@given(actions=st.lists(ACTIONS, max_size=40))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_scripts_break_nothing(
    make: Callable[..., Asterisk], profile: Any, outbound: str | None, actions: list[tuple[Any, ...]]
) -> None:
    """No script raises an exception, and calls, messages and stays are conserved."""
    asterisk = make(profile, bodies=False, outbound=outbound)
    ledger = Ledger()
    for action in actions:
        asterisk.log.clear()
        act(asterisk, action)
        ledger.observe(asterisk.log)
        ledger.check()
    live = asterisk.engine.house.channels.live
    assert set(ledger.inside) == {name for name, channel in live.items() if channel.control is not None}


SENT: Effect = (SEND, "A", 1, "Intro-IVR", "StasisStart", "c1", None)
CREATED: Effect = (REGISTRY, "Intro-IVR", "created")
ENTERED: Effect = (STASIS, "c1", "Intro-IVR", (), "entered", "")


@pytest.mark.parametrize(
    ("effects", "text"),
    [
        ([SENT], "forgotten"),
        ([CREATED, (REGISTRY, "Intro-IVR", "forgotten"), SENT], "forgotten"),
        ([CREATED, SENT, SENT], "comes after"),
        ([ENTERED, ENTERED], "is inside"),
        ([(LEFT, "c1", "Intro-IVR", "hangup")], "in which it is not"),
        ([ENTERED, (LEFT, "c1", "Care", "hangup")], "in which it is not"),
        ([ENTERED, (ENDED, "c1", 16, None)], "ends inside"),
        ([(ENDED, "c1", 16, None), (STEP, "c1", "default", "ivr", 1, "NoOp", "")], "which is gone"),
        ([(REGISTRY, "Intro-IVR", "activated")], "is not registered"),
    ],
)
def test_what_cannot_be_is_caught(effects: list[Effect], text: str) -> None:
    """A fault of the model is an error at once."""
    ledger = Ledger(remember=True)
    with pytest.raises(InvariantError, match=text):
        ledger.observe(effects)


def test_the_counts() -> None:
    """Entered, ejected, sent, missed and waiting are counted, and a message that waited is sent once."""
    ledger = Ledger()
    queued: Effect = (QUEUED, "out1", 1, "Intro-IVR", "StasisStart", "c1", None)
    ledger.observe([CREATED, ENTERED, queued])
    assert list(ledger.waiting) == [1]
    ledger.observe([(SEND, "out1", 1, "Intro-IVR", "StasisStart", "c1", None)])
    ledger.observe([(MISSED, 2, "Intro-IVR", "StasisEnd", "c1", None), (LEFT, "c1", "Intro-IVR", "hangup")])
    ledger.observe([(STASIS, "c2", "Care", (), "ejected", "never_registered")])
    ledger.check()
    counts = (ledger.entered, ledger.left, ledger.ejected, ledger.raised, ledger.sent, ledger.missed)
    assert counts == (1, 1, 1, 2, 1, 1)


def test_counts_that_do_not_balance() -> None:
    """A stay or a message that got lost is found by the check."""
    ledger = Ledger()
    ledger.observe([CREATED, ENTERED])
    ledger.inside.clear()
    with pytest.raises(InvariantError, match="1 entered, but 0 left and 0 are inside"):
        ledger.check()
    ledger = Ledger()
    ledger.raised = 1
    with pytest.raises(InvariantError, match="1 messages raised, but 0 sent, 0 missed, 0 waiting"):
        ledger.check()
