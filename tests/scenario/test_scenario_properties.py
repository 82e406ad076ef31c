"""What holds for every scenario: it comes back as it was shown, and whatever is done to it fails in one way only."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stasis_sim.errors import InputError
from stasis_sim.scenario import Scenario, show
from stasis_sim.scenario.asterisk import format_clock
from stasis_sim.scenario.document import parse
from stasis_sim.scenario.events import EVENT_TYPES
from stasis_sim.scenario.presets import PRESETS
from stasis_sim.scenario.quantities import format_duration
from stasis_sim.scenario.template import TEMPLATE

TIMES = st.integers(0, 10**15).map(format_duration)
SOME_TIME = st.integers(1, 10**15).map(format_duration)
SPREADS = st.floats(0.05, 1000) | st.integers(1, 1000)
RATES = st.builds("{}/{}".format, st.integers(1, 10**6), st.sampled_from(["s", "min", "h", "d"]))
NAMES = st.text(st.characters(categories=["L", "N"], include_characters="-_"), min_size=1, max_size=12)
TEXTS = st.text(max_size=20)
WORDS = TEXTS | st.integers(0, 10**9)
NONE = st.just("none")


def keys(required: dict[str, Any], optional: dict[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """Return mappings with some of the optional keys."""
    return st.fixed_dictionaries(required, optional=optional or {})


def sole(name: str, values: Any) -> st.SearchStrategy[Any]:
    """Return mappings with one key."""
    return st.fixed_dictionaries({name: values})


BOUNDS = st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)).map(sorted)
MOVING = st.one_of(
    SOME_TIME,
    sole("constant", SOME_TIME),
    sole("exponential", SOME_TIME | sole("mean", SOME_TIME)),
    sole("lognormal", keys({"mean": SOME_TIME, "cv": SPREADS})),
    sole("weibull", keys({"mean": SOME_TIME, "shape": SPREADS}) | keys({"scale": SOME_TIME, "shape": SPREADS})),
    sole("gamma", keys({"mean": SOME_TIME, "cv": SPREADS}) | keys({"mean": SOME_TIME, "shape": SPREADS})),
    sole("empirical", st.lists(SOME_TIME, min_size=1, max_size=3)),
)
RANDOM = (
    MOVING | TIMES | BOUNDS.map(lambda b: {"uniform": {"low": format_duration(b[0]), "high": format_duration(b[1])}})
)
ACTIONS = st.one_of(
    st.sampled_from(["answer", "ring", "hangup", "continue"]),
    sole("hangup", st.sampled_from(["normal", "busy"])),
    sole("continue", keys({}, {"context": NAMES, "extension": WORDS, "priority": st.integers(1, 99)})),
    sole("continue", keys({}, {"context": NAMES, "extension": WORDS, "label": NAMES})),
    sole("play", RANDOM),
    sole("wait", RANDOM),
    sole("set", st.dictionaries(NAMES, WORDS, max_size=2)),
    sole("move", NAMES),
)
JITTERS = st.sampled_from(["none", "full", "equal", "around"])
ATTEMPTS = st.integers(1, 99) | st.just("unlimited")
LINK = {
    "connect_timeout": SOME_TIME | st.just("system"),
    "ping": NONE | keys({"interval": SOME_TIME, "timeout": SOME_TIME}, {"first": SOME_TIME}),
    "keepalive": NONE | SOME_TIME,
    "gives_up": st.sampled_from(["stays", "returns", "hangs", "crashes"]),
}
AGAIN = {
    **LINK,
    "first": NONE | TIMES,
    "reset": st.sampled_from(["open", "never"]) | SOME_TIME,
    "give_up_after": NONE | SOME_TIME,
    "once": st.booleans(),
    "attempts": ATTEMPTS,
    "jitter": JITTERS,
}
RECONNECT = st.one_of(
    st.sampled_from(["none", "at_once", *PRESETS]),
    sole("constant", SOME_TIME),
    sole("none", keys({}, LINK)),
    sole("none", keys({"gives_up": st.just("crashes"), "supervisor": NONE | SOME_TIME})),
    sole("at_once", keys({}, LINK)),
    sole("constant", keys({"delay": SOME_TIME}, AGAIN)),
    sole("delays", keys({"series": st.lists(SOME_TIME, min_size=1, max_size=3)}, AGAIN)),
    sole("ava-ai-voice-agent", keys({}, AGAIN)),
    sole("dograh", keys({}, AGAIN)),
    sole(
        "exponential",
        keys(
            {"initial": st.integers(1, 10**6).map(format_duration)},
            {
                "factor": st.floats(1, 1000) | st.integers(1, 9),
                "max": st.integers(10**6, 10**12).map(format_duration),
                **AGAIN,
            },
        ),
    ),
)
ON = {f"on {event}": ACTIONS | st.lists(ACTIONS, max_size=3) for event in EVENT_TYPES[:3]}
CLIENTS = keys(
    {"apps": NAMES | st.lists(NAMES, min_size=1, max_size=2, unique=True)},
    {
        "url": st.sampled_from(["http://a/ari/events", "wss://b:8089/x/ari/events", "https://[::1]:8089/ari/events"]),
        "user": WORDS,
        "password": WORDS,
        "subscribe_all": st.booleans(),
        "start": TIMES,
        "instances": st.integers(1, 9),
        "workers": st.integers(1, 9),
        "service": RANDOM,
        "latency": RANDOM,
        "reconnect": RECONNECT,
        "recover": st.sampled_from(["none", "list-channels"]),
        **ON,
    },
)
APPS = st.lists(NAMES, min_size=1, max_size=2, unique=True)
PROXIES = st.builds(
    lambda apps, proxy, program: {"one": {"apps": apps, **proxy}, "two": {"apps": apps[-1], **program}},
    APPS,
    keys({}, {"deliver": st.sampled_from(["owner", "any"]), "password": WORDS, "start": TIMES, "reconnect": RECONNECT}),
    keys({"behind": st.just("one")}, {"workers": st.integers(1, 9), "service": RANDOM, "latency": RANDOM, **ON}),
)
DAYS = st.dictionaries(
    st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59)), RATES, min_size=1, max_size=3
)
ARRIVALS = st.one_of(
    sole("poisson", RATES),
    sole("every", MOVING),
    sole("bursts", keys({"on": MOVING, "off": MOVING, "rate": RATES})),
    sole("daily", DAYS),
    sole("at", TIMES | st.lists(TIMES, min_size=1, max_size=3)),
)
CALLS = keys(
    {"to": st.builds("{}@{}".format, NAMES, NAMES), "arrivals": ARRIVALS},
    {
        "count": NONE | st.integers(1, 10**6),
        "hold": NONE | RANDOM,
        "patience": NONE | RANDOM,
        "variables": st.dictionaries(NAMES, WORDS, max_size=2),
        "caller_id": WORDS,
        "kind": st.sampled_from(["sip", "local"]),
    },
)
LASTS = {"for": RANDOM}
MODES = {"mode": st.sampled_from(["refuse", "blackhole"])}
WHEN = sole("at", TIMES | st.lists(TIMES, min_size=1, max_size=3)) | sole("every", MOVING)


def faults(verb: str, optional: dict[str, Any], required: dict[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """Return faults of one verb, all of them of the client ``one``."""
    return st.builds(lambda fault, when: fault | when, keys({verb: st.just("one"), **(required or {})}, optional), WHEN)


FAULTS = st.one_of(
    faults("drop", {"how": st.sampled_from(["torn", "closed"]), **LASTS, **MODES}),
    faults("crash", {"start": RANDOM, **LASTS, **MODES}),
    faults("restart", {"start": RANDOM, **LASTS, **MODES}),
    faults("freeze", LASTS),
    faults("shut_out", MODES, LASTS),
    faults("partition", MODES, LASTS),
)
RUNS = keys(
    {"duration": st.integers(10**9, 10**15).map(format_duration)},
    {
        "until": st.just("drained"),
        "warmup": st.integers(0, 10**9 - 1).map(format_duration),
        "replications": st.integers(1, 99),
        "seed": st.integers(0, 2**63 - 1),
        "precision": st.integers(1, 999).map(lambda tenths: f"{tenths / 10}%"),
        "record": st.sampled_from(["all", "measures"]),
        "engine": st.sampled_from(["auto", "events", "open-loop"]),
    },
)
CONFS = st.text(st.characters(codec="utf-8"), max_size=30).map(lambda text: f"[general]\n{text}")
ASTERISK = keys(
    {"extensions": CONFS},
    {
        "profile": st.sampled_from(["documented", "asterisk-16", "asterisk-22"]),
        "http": CONFS,
        "ari": CONFS,
        "sounds": st.dictionaries(NAMES, TIMES, max_size=2),
        "clock": st.integers(0, 4 * 10**9).map(lambda seconds: format_clock(seconds * 10**6)),
        "max_channels": NONE | st.integers(1, 10**6),
        "latency": RANDOM,
        "files": st.sampled_from(["exist", "check"]),
        "accept_broken": st.booleans(),
    },
)
SCENARIOS = keys(
    {"asterisk": ASTERISK, "run": RUNS, "clients": keys({"one": CLIENTS}, {"two": CLIENTS}) | PROXIES},
    {
        "title": TEXTS,
        "calls": st.lists(CALLS, max_size=2),
        "faults": st.lists(FAULTS, max_size=2),
        "expect": st.lists(st.sampled_from(["calls > 0", "ejection_rate <= 10% with 95%"]), max_size=2),
        "fallback": st.lists(NAMES | st.builds("{}@{}".format, NAMES, NAMES), max_size=2),
    },
)
PATIENT = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


@PATIENT
@given(SCENARIOS)
@example({"asterisk": {"extensions": "[a]\n\n trailing \n\n"}, "run": {"duration": "1h"}, "clients": {}})
@example({"asterisk": {"extensions": "[a]\n\x85\u2028\ufeff"}, "run": {"duration": "1h"}, "clients": {}})
def test_a_scenario_loads_back_equal_from_what_is_shown(data: Any) -> None:
    """What `show` prints loads back to an equal scenario with an equal digest."""
    scenario = Scenario.of(data)
    again = Scenario.parse(show(scenario))
    assert again == scenario
    assert again.digest_source() == scenario.digest_source()
    assert show(again) == show(scenario)


def test_a_scenario_shown_with_its_files_stands_alone(tmp_path: Path) -> None:
    """With the files put in, what is shown loads anywhere, and decides the same results."""
    (tmp_path / "dial.conf").write_bytes(b"[default]\r\nexten => s,1,NoOp(caf\xc3\xa9)\n\tsame => n,Hangup()\n")
    (tmp_path / "times.csv").write_text("1\n2.5\n")
    scenario = Scenario.parse(
        "asterisk: {extensions: dial.conf}\nrun: {duration: 1h}\n"
        "calls: [{to: s@default, arrivals: {csv: times.csv}, hold: {empirical: {csv: times.csv}}}]\n",
        base=tmp_path,
    )
    alone = Scenario.of(json.loads(json.dumps(scenario.data(inline=True))), base="/nowhere")
    assert alone.digest_source() == scenario.digest_source()
    assert alone.asterisk.extensions.content == scenario.asterisk.extensions.content


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["none", "30", "5m", "s@d", "answer", "[x", "a.conf", "\x00", "1e999s", "٣s", "9" * 40, "-1%"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
    st.sampled_from(["exponential", "csv", "constant", "empirical", "drop"]).map(lambda name: {name: {}}),
    st.sampled_from([{"csv": "no.csv"}, {"csv": {"path": "\x00"}}, {"empirical": {"csv": "."}}]).map(copy.deepcopy),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return all places in nested data, as holder and key."""
    pairs = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [(value, key) for key, _ in pairs] + [place for _, below in pairs for place in places(below)]


def outcome(read: Callable[[], Scenario]) -> Scenario | None:
    """Return the scenario, or None where it was refused; hold that each problem says what to write."""
    try:
        return read()
    except InputError as error:
        problems = error.problems
    assert problems
    assert all("; " in problem.text for problem in problems), problems
    return None


@PATIENT
@given(st.data())
def test_a_mutated_scenario_loads_or_is_refused_properly(data: st.DataObject) -> None:
    """Whatever is put in the place of a value or a key, the outcome is a Scenario or an InputError."""
    mutated = copy.deepcopy(parse(TEMPLATE, "a.yaml").data)
    for _ in range(data.draw(st.integers(1, 4))):
        holder, key = data.draw(st.sampled_from(places(mutated)))
        match data.draw(st.sampled_from(["replace", "remove", "rename", "copy"])):
            case "replace":
                holder[key] = data.draw(JUNK)
            case "remove":
                del holder[key]
            case "rename" if isinstance(holder, dict):
                holder[data.draw(st.text(max_size=6) | st.just(f"{key}x"))] = holder.pop(key)
            case _:
                other, name = data.draw(st.sampled_from(places(mutated)))
                holder[key] = copy.deepcopy(other[name])
        if not places(mutated):
            break
    scenario = outcome(lambda: Scenario.of(mutated))
    if scenario is not None:
        assert Scenario.parse(show(scenario)) == scenario


@PATIENT
@given(st.data())
def test_a_mangled_text_loads_or_is_refused_properly(data: st.DataObject) -> None:
    """Whatever happens to the text of a scenario, the outcome is a Scenario or an InputError."""
    text = TEMPLATE
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        text = (
            text[:start]
            + data.draw(st.text(max_size=5) | st.sampled_from(["\t", "&a ", "*a", "{", "]", "<<: "]))
            + text[end:]
        )
    outcome(lambda: Scenario.parse(text))


@PATIENT
@given(st.text(max_size=60))
def test_any_text_is_refused_properly(text: str) -> None:
    """Any text at all gives an InputError."""
    outcome(lambda: Scenario.parse(text))


@PATIENT
@given(st.lists(st.builds("{}={}".format, st.text(max_size=8) | st.sampled_from(["run.seed", "faults.0.for"]), TEXTS)))
def test_any_override_is_refused_properly(overrides: list[str]) -> None:
    """Any overrides at all give a Scenario or an InputError."""
    outcome(lambda: Scenario.parse(TEMPLATE, overrides=overrides))
