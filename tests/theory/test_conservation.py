"""Laws that hold whatever happens: random small scenarios, run in every profile."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from stasis_sim.handoff.effects import Effect
from stasis_sim.observe.vocabulary import CAUSES, FATES, HOWS, OUTCOMES, REASONS, RESULTS
from tests.stories.stage import PROFILES, S, Stage

END = 60
"""Seconds that a scenario lasts."""

APPS = ("one", "two", "three")

EXTENSIONS = """\
[default]
exten => 1,1,Stasis(one,a,b)
 same => n,Hangup()
exten => 2,1,NoOp()
 same => n,Stasis(two)
 same => n,GotoIf($["${STASISSTATUS}"="FAILED"]?overflow,s,1)
 same => n,Hangup()
exten => 3,1,Answer()
 same => n(again),Stasis(three)
 same => n,Wait(2)
 same => n,Goto(again)
exten => 4,1,Playback(hello)
 same => n,Stasis(one)
 same => n,Stasis(two)
 same => n,Stasis()
[overflow]
exten => s,1,Playback(sorry)
 same => n,Stasis(three)
"""

times = st.one_of(
    st.sampled_from(["0s", "1ms", "250ms", "1s", "3s", "10s", "2min"]),
    st.sampled_from([{"exponential": "2s"}, {"uniform": {"low": "0s", "high": "20s"}}]),
)
short = st.one_of(
    st.sampled_from(["0s", "1ms", "100ms", "2s"]), st.sampled_from([{"exponential": "20ms"}, {"exponential": "1s"}])
)
quick = st.sampled_from(["answer", "ring", "hangup", "continue", "subscribe", {"set": {"X": "1"}}, {"move": "nowhere"}])
slow = st.one_of(
    st.fixed_dictionaries({"play": st.sampled_from(["1s", "5s", {"exponential": "2s"}])}),
    st.fixed_dictionaries({"wait": times}),
)
moves = st.just([{"wait": "1s"}, {"move": "two"}])
"""After a while, as a client that moves a call to itself at once does nothing else for ever."""
actions = st.lists(
    st.one_of(quick.map(lambda action: [action]), slow.map(lambda action: [action]), moves), max_size=3
).map(lambda steps: [action for step in steps for action in step])
RESUBSCRIBES = {"constant": {"delay": "1s", "resubscribe": True}}
policies = st.sampled_from(
    [
        "none",
        "at_once",
        {"constant": "1s"},
        {"exponential": {"initial": "100ms", "max": "5s", "jitter": "full"}},
        {"constant": {"delay": "2s", "attempts": 2, "jitter": "equal"}},
        {"constant": {"delay": "1s", "first": "0s", "reset": "5s", "connect_timeout": "system", "keepalive": "3s"}},
        {"at_once": {"ping": {"interval": "2s", "timeout": "1s"}, "gives_up": "hangs"}},
        {"none": {"ping": {"interval": "2s", "timeout": "1s"}, "gives_up": "returns", "supervisor": "3s"}},
        {"delays": {"series": ["1s", "2s"], "attempts": 3, "gives_up": "crashes", "supervisor": "1ms"}},
        {"none": {"keepalive": "1500ms", "gives_up": "hangs"}},
        RESUBSCRIBES,
        "node-ari-client",
        "asyncari",
    ]
)
clients = st.fixed_dictionaries(
    {"apps": st.lists(st.sampled_from(APPS), min_size=1, max_size=3, unique=True)},
    optional={
        "password": st.sampled_from(["asterisk", "wrong"]),
        "subscribe_all": st.booleans(),
        "subscribe": st.sampled_from(["channel", ["bridge", "channel"]]),
        "start": st.sampled_from(["0s", "5s"]),
        "instances": st.integers(1, 2),
        "workers": st.integers(1, 2),
        "service": short,
        "latency": st.sampled_from(["1ms", "100ms", "2s", {"uniform": {"low": "1ms", "high": "1s"}}]),
        "reconnect": policies,
        "recover": st.sampled_from(["none", "list-channels"]),
        "on StasisStart": actions,
        "on PlaybackFinished": st.lists(quick, max_size=2),
        "on StasisEnd": st.lists(quick, max_size=2),
    },
).map(lambda client: {"subscribe": "channel", **client} if client.get("reconnect") == RESUBSCRIBES else client)
calls = st.fixed_dictionaries(
    {
        "to": st.sampled_from(["1@default", "2@default", "3@default", "4@default"]),
        "arrivals": st.one_of(
            st.just({"poisson": "1/s"}),
            st.just({"every": "2s"}),
            st.lists(st.sampled_from(["0s", "10s", "20s", "30s"]), min_size=1, max_size=8).map(lambda at: {"at": at}),
        ),
    },
    optional={"hold": times, "patience": times, "count": st.integers(1, 40), "kind": st.sampled_from(["sip", "local"])},
)


@st.composite
def proxied(draw: st.DrawFn, programs: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The programs behind a proxy, and perhaps a last one beside it."""
    beside = programs[2:] if draw(st.booleans()) else []
    carried = programs[: len(programs) - len(beside)]
    taken = programs[0]
    proxy: dict[str, Any] = {
        key: taken[key]
        for key in ("password", "subscribe_all", "subscribe", "start", "latency", "reconnect")
        if key in taken
    }
    keeps = {"keeps": draw(st.sampled_from([1, 3, 1000]))} if draw(st.booleans()) else {}
    behind = [
        {
            key: value
            for key, value in client.items()
            if key not in {"password", "subscribe_all", "subscribe"} and value != RESUBSCRIBES
        }
        for client in carried
    ]
    return {
        "proxy": {"apps": list(APPS), "deliver": draw(st.sampled_from(["owner", "any"])), **keeps, **proxy},
        **{f"c{at}": {"behind": "proxy", **client} for at, client in enumerate(behind)},
        **{f"d{at}": client for at, client in enumerate(beside)},
    }


@st.composite
def faults(draw: st.DrawFn, targets: list[str]) -> dict[str, Any]:
    """A fault against the first client, its proxy or Asterisk."""
    verb = draw(st.sampled_from(["drop", "crash", "freeze", "shut_out", "partition", "restart"]))
    target = draw(st.sampled_from([*targets, "asterisk"])) if verb == "restart" else draw(st.sampled_from(targets))
    fault: dict[str, Any] = {verb: target}
    if draw(st.booleans()):
        fault["at"] = draw(st.lists(st.sampled_from(["0s", "1ms", "10s", "20s", "20500ms"]), min_size=1, max_size=3))
    else:
        fault["every"] = draw(st.sampled_from(["7s", {"exponential": "5s"}]))
    if verb in {"shut_out", "partition"} or draw(st.booleans()):
        fault["for"] = draw(times)
    if verb != "freeze" and draw(st.booleans()):
        fault["mode"] = "blackhole"
    if target == "asterisk" and draw(st.booleans()):
        fault["how"] = "power_cut"
    return fault


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """A small scenario in which anything may go wrong."""
    asterisk: dict[str, Any] = {"profile": draw(st.sampled_from(PROFILES)), "extensions": EXTENSIONS}
    if draw(st.booleans()):
        asterisk["max_channels"] = draw(st.integers(1, 5))
    if draw(st.booleans()):
        asterisk["latency"] = draw(short)
    drawn = draw(st.lists(clients, min_size=1, max_size=3))
    programs = draw(proxied(drawn)) if draw(st.booleans()) else {f"c{at}": each for at, each in enumerate(drawn)}
    return {
        "asterisk": asterisk,
        "clients": programs,
        "calls": draw(st.lists(calls, min_size=1, max_size=2)),
        "faults": draw(st.lists(faults([name for name in ("c0", "proxy") if name in programs]), max_size=3)),
        "fallback": draw(st.sampled_from([[], ["overflow"]])),
        "run": {
            "duration": f"{END}s",
            "warmup": draw(st.sampled_from(["0s", "15s"])),
            "seed": draw(st.integers(0, 9)),
        },
    }


OVERTAKEN = {
    "asterisk": {"profile": "asterisk-22", "extensions": EXTENSIONS, "max_channels": 5},
    "clients": {
        "c0": {
            "apps": ["two", "one"],
            "latency": {"uniform": {"low": "1ms", "high": "1s"}},
            "on StasisStart": [{"wait": "1s"}, {"move": "two"}, {"wait": {"exponential": "2s"}}, {"play": "5s"}],
        }
    },
    "calls": [{"to": "2@default", "arrivals": {"poisson": "1/s"}, "hold": {"exponential": "2s"}}],
    "run": {"duration": f"{END}s", "warmup": "15s", "seed": 5},
}
"""Two handlers of one call ask for a sound, and the request of the first, which is refused, is overtaken."""


ANEW = {
    "asterisk": {"profile": "asterisk-22", "extensions": EXTENSIONS},
    "clients": {
        "c0": {
            "apps": ["one"],
            "subscribe_all": True,
            "reconnect": "at_once",
            "on StasisStart": ["answer", {"wait": "3s"}, {"move": "nowhere"}],
        }
    },
    "calls": [{"to": "1@default", "arrivals": {"every": "2s"}}],
    "faults": [{"drop": "c0", "every": "7s"}],
    "run": {"duration": f"{END}s"},
}
"""Moves fail for channels that entered a registration before the present one."""


@settings(max_examples=150, deadline=None, derandomize=True)
@given(scenarios())
@example(OVERTAKEN)
@example(ANEW)
def test_the_laws_hold(scenario: dict[str, Any]) -> None:
    """Nothing is lost or counted twice, words are those of the vocabulary, and a forgotten app is sent nothing."""
    effects: list[tuple[int, Effect]] = []
    story = Stage(scenario, effects=effects)
    words(story)
    once(story, effects)
    no_event_for_a_forgotten_app(effects)
    order(story)
    sums(story)


def words(story: Stage) -> None:
    """Hold the closed vocabularies."""
    assert {call.outcome for call in story.calls} <= set(OUTCOMES)
    assert {each.result for each in story.attempts} <= set(RESULTS)
    assert {each.reason for each in story.attempts if each.result == "ejected"} <= set(REASONS)
    assert {each.reason for each in story.attempts if each.result == "entered"} <= {""}
    assert {each.fate for each in story.events} <= set(FATES)
    assert {each.how for each in story.connections if each.closed is not None} <= set(HOWS)
    assert {each.cause for each in story.outages} <= set(CAUSES)


def once(story: Stage, effects: list[tuple[int, Effect]]) -> None:
    """Each call that was offered and each message that was raised is one row, and no other is."""
    assert [call.number for call in story.calls] == list(range(1, len(story.calls) + 1))
    raised = sorted(
        effect[2] if effect[0] == "send" else effect[1] for _, effect in effects if effect[0] in {"send", "missed"}
    )
    assert [event.serial for event in story.events] == raised
    assert len(set(raised)) == len(raised)
    decided = [effect for _, effect in effects if effect[0] == "stasis"]
    assert len(decided) == len(story.attempts)


def no_event_for_a_forgotten_app(effects: list[tuple[int, Effect]]) -> None:
    """Between the end of a registration and the next one there is no message for the name; no session, no delivery.

    A move that fails is told to the registration that the channel entered, which misses it when another has the name
    (move-unknown-registered-anew).
    """
    state: dict[str, str] = {}
    registrations: Counter[str] = Counter()
    entered: dict[str, int] = {}
    for _, effect in effects:
        if effect[0] == "registry":
            state[effect[1]] = effect[2]
            registrations[effect[1]] += effect[2] == "created"
        elif effect[0] == "stasis" and effect[4] == "entered":
            entered[effect[1]] = registrations[effect[2]]
        elif effect[0] in {"send", "missed"}:
            name, type_, channel = effect[-4:-1]
            past = state[name] == "forgotten" or entered.get(channel) != registrations[name]
            if type_ == "ApplicationMoveFailed" and past:
                assert effect[0] == "missed"
            elif effect[0] == "missed":
                assert state[name] == "deactivated"
            else:
                assert state[name] in {"created", "activated", "replaced"}


def order(story: Stage) -> None:
    """Nothing happens before what it follows from."""
    for call in story.calls:
        assert call.ended is None or call.arrived <= call.ended <= END * S
        for attempt in call.attempts:
            assert attempt.result == "entered" or (attempt.left is None and attempt.first_command is None)
            assert call.arrived <= attempt.at
            if attempt.first_command is not None:
                assert attempt.at <= attempt.first_command
                assert attempt.left is None or attempt.first_command <= attempt.left
        inside = [each for each in call.attempts if each.result == "entered"]
        for before, after in itertools.pairwise(inside):
            assert before.left is not None
            assert before.left <= after.at
        if call.ended is not None:
            assert all(each.left is not None for each in inside)
    for event in story.events:
        arrived = event.fate in {"delivered", "late", "misdelivered"}
        assert (event.delivered is not None) == arrived
        assert event.delivered is None or event.raised <= event.delivered <= END * S
        assert (event.connection is None) == (event.fate == "missed")
    for connection in story.connections:
        assert connection.closed is None or connection.opened <= connection.closed


def sums(story: Stage) -> None:
    """The measures are what the rows say."""
    warmup = story.scenario.run.warmup_us
    total = story.measures["total"]
    calls = [call for call in story.calls if call.arrived >= warmup]
    outcomes = Counter(call.outcome for call in calls)
    assert total["calls"] == sum(outcomes.values())
    assert {word: total[f"calls.outcome.{word}"] for word in OUTCOMES} == {word: outcomes[word] for word in OUTCOMES}
    results = Counter(attempt.result for call in calls for attempt in call.attempts)
    assert {word: total[f"attempts.{word}"] for word in RESULTS} == {word: results[word] for word in RESULTS}
    fates = Counter(event.fate for event in story.events if event.raised >= warmup)
    assert total["events.raised"] == sum(fates.values())
    assert {word: total[f"events.{word}"] for word in FATES} == {word: fates[word] for word in FATES}
    fit = {"delivered", "late", "misdelivered"}
    reached = Counter(id(event.connection) for event in story.events if event.fate in fit)
    last = [row for row in story.connections if row.client != "proxy"]
    assert [row.delivered for row in last] == [reached[id(row)] for row in last]
    if "proxy" in story.scenario.clients:
        handed_on = [event for event in story.events if event.connection and event.connection.client.startswith("c")]
        assert sum(row.delivered for row in story.connections if row.client == "proxy") == len(handed_on)
    lost = Counter(id(event.connection) for event in story.events if event.fate == "lost")
    assert [row.missed for row in story.connections] == [lost[id(row)] for row in story.connections]
    down = sum(
        (END * S if each.end is None else each.end) - max(each.start, warmup)
        for each in story.outages
        if each.end is None or each.end > warmup
    )
    assert total["outages.total_s"] == down / S
    by_app = [values["calls"] for values in story.measures["apps"].values()]
    assert sum(int(count or 0) for count in by_app) == sum(
        bool(call.attempts and call.attempts[0].app) for call in calls
    )
