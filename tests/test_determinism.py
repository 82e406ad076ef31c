"""The same scenario and seed give the same bytes, and randomness belongs to whom it is for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stasis_sim import Scenario, run
from stasis_sim.observe.columns import TABLES
from stasis_sim.observe.trace import Call
from tests.stories.stage import PROFILES, Stage

SHIPPED = sorted((Path(__file__).parent.parent / "scenarios").glob("*.yaml"))

RICH = """
title: Something of everything
asterisk:
  latency: {exponential: 2ms}
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR,${RAND(1,6)})
     same => n,Stasis(Backup)
     same => n,Hangup()
    exten => _co.,1,Answer()
     same => n,Stasis(Super-Conference)
     same => n,Playback(sorry)
clients:
  ivr:
    apps: Intro-IVR
    latency: {uniform: {low: 1ms, high: 20ms}}
    service: {lognormal: {mean: 20ms, cv: 1}}
    on StasisStart: [answer, {play: {exponential: 4s}}, continue]
    reconnect: {exponential: {initial: 500ms, max: 10s, jitter: full}}
  conference: {apps: [Super-Conference, Backup], start: 1s, reconnect: {constant: {delay: 2s, jitter: equal}}}
calls:
  - {to: ivr@default, arrivals: {poisson: 2/s}, hold: {weibull: {mean: 20s, shape: 0.7}}, patience: {exponential: 5s}}
  - {to: conference@default, arrivals: {bursts: {on: 5s, off: 10s, rate: 3/s}}, hold: {gamma: {mean: 9s, cv: 2}}}
faults:
  - {drop: ivr, every: {exponential: 20s}, for: {exponential: 5s}}
  - {crash: conference, at: 40s, start: {exponential: 3s}}
  - {freeze: ivr, at: 60s, for: 4s}
  - {restart: asterisk, at: 90s, for: 5s}
run: {duration: 100s, warmup: 10s, replications: 2, seed: 5}
"""


def tree(root: Path) -> dict[str, bytes]:
    """All that is promised to be the same to the byte: tables, measures and their checksums."""
    files = [path for path in root.rglob("*") if path.is_file() and path.suffix in {".parquet", ".json"}]
    return {str(path.relative_to(root)): path.read_bytes() for path in files if path.name != "provenance.json"}


def command(path: Path, out: Path, *options: str, hash_seed: str) -> None:
    """Run a scenario in a fresh interpreter."""
    arguments = ["-c", "from stasis_sim.cli import main; main()"]
    subprocess.run(
        [sys.executable, *arguments, "run", str(path), "--out", str(out), "--no-picture", *options],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
    )


def test_one_worker_and_two_give_the_same_bytes(tmp_path: Path) -> None:
    """Tables and measures do not depend on the number of workers, whatever the scenario uses."""
    scenario = Scenario.parse(RICH, name="rich.yaml")
    run(scenario, out=tmp_path / "one", workers=1)
    run(scenario, out=tmp_path / "two", workers=2)
    one = tree(tmp_path / "one")
    assert len(one) == 1 + 2 * 7
    assert one == tree(tmp_path / "two")


def test_the_seed_of_pythons_hashes_changes_nothing(tmp_path: Path) -> None:
    """Two interpreters that order their sets differently give the same bytes."""
    path = tmp_path / "rich.yaml"
    path.write_text(RICH, "utf-8")
    for hash_seed in ("0", "1"):
        command(path, tmp_path / hash_seed, "--workers", "1", hash_seed=hash_seed)
    assert tree(tmp_path / "0") == tree(tmp_path / "1")


def opens_websockets(path: Path) -> bool:
    """Whether Asterisk opens WebSockets in a scenario; 16 refuses such a scenario (tests/bad/transport)."""
    return any(client.transport == "outbound" for client in Scenario.load(path).clients.values())


PLAYED = [
    pytest.param(path, profile, id=f"{profile}-{path.stem}")
    for profile in PROFILES
    for path in SHIPPED
    if not (profile == "asterisk-16" and opens_websockets(path))
]
"""Scenarios, and profiles that they can be run with."""


@pytest.mark.slow
@pytest.mark.parametrize(("path", "profile"), PLAYED)
def test_each_shipped_scenario_gives_the_same_bytes_twice(path: Path, profile: str, tmp_path: Path) -> None:
    """As shipped, under two seeds of hashes and with one worker and two."""
    for hash_seed, workers in (("0", "1"), ("1", "2")):
        options = ("--profile", profile, "--replications", "2", "--workers", workers)
        command(path, tmp_path / hash_seed, *options, hash_seed=hash_seed)
    assert tree(tmp_path / "0") == tree(tmp_path / "1")


def test_another_seed_gives_other_calls(tmp_path: Path) -> None:
    """The seed is not decoration, and neither is the number of the replication."""
    scenario = Scenario.parse(RICH, name="rich.yaml")
    runs = [run(scenario, seed=seed, replications=2, out=tmp_path) for seed in (1, 2)]
    arrived = [tuple(table["arrived_s"]) for each in runs for _, table in each.calls.groupby("replication")]
    assert len(set(arrived)) == 4


def test_more_replications_keep_those_that_there_are(tmp_path: Path) -> None:
    """Replication 2 is the same in a run of two and in a run of three."""
    scenario = Scenario.parse(RICH, name="rich.yaml")
    two, three = (run(scenario, replications=number, out=tmp_path / str(number)) for number in (2, 3))
    for name in ("calls", "events", "connections"):
        whole = three.table(name)
        assert two.table(name).equals(whole[whole["replication"] <= 2].reset_index(drop=True))


OTHER = """
  other: {apps: Elsewhere, latency: {exponential: 5ms}, service: {exponential: 50ms}, reconnect: {constant: 1s}}
"""


ELSEWHERE = "\n[elsewhere]\nexten => other,1,Stasis(Elsewhere)\n same => n,Hangup()\n"


def crowded(scenario: Scenario, *, called: bool = True) -> Scenario:
    """Return the scenario with an application, its calls and its outages that have nothing to do with the others."""

    def more(part: dict[str, Any]) -> dict[str, Any]:
        text = part.get("extensions")
        if text is None:
            return part
        return {**part, "extensions": (text if "\n" in text else (scenario.base / text).read_text("utf-8")) + ELSEWHERE}

    data = scenario.data()
    other = {
        "apps": "Elsewhere",
        "latency": {"exponential": "5ms"},
        "service": {"exponential": "50ms"},
        "on StasisStart": ["answer", {"play": "2s"}, "continue"],
    }
    source = {"to": "other@elsewhere", "name": "elsewhere", "arrivals": {"poisson": "6/min"}}
    drop = {"drop": "elsewhere", "every": {"exponential": "90s"}, "for": {"exponential": "2s"}}
    return scenario.where(
        {
            "asterisk": more(data["asterisk"]),
            "clients": {**data["clients"], "elsewhere": other},
            "calls": [*data["calls"], source] if called else data["calls"],
            "faults": [*map(more, data.get("faults", ())), drop],
        }
    )


def of_source(story: Stage, source: str) -> list[tuple[Any, ...]]:
    """Everything about the calls of a source that does not name the number of the call."""

    def about(call: Call, path: str) -> list[str]:
        return ["its" if part == f"c{call.number}" else part for part in path.split("/")]

    return [
        (
            (
                call.arrived,
                call.ended,
                call.outcome,
                call.hangup_cause,
                call.final_answer,
                call.abandoned,
                call.fallback,
            ),
            [(each.app, each.at, each.result, each.left, each.left_by, each.first_command) for each in call.attempts],
            # StasisBroadcast() offers a call to all apps.
            [
                (each.app, each.type, each.raised, each.fate, each.delivered)
                for each in call.events
                if each.app != "Elsewhere"
            ],
            [(each.client, each.method, about(call, each.path), each.at, each.status) for each in call.commands],
        )
        for call in story.calls
        if call.source == source
    ]


def test_a_further_client_and_its_calls_change_nothing_for_the_others() -> None:
    """No arrival, no attempt, no event, no command of anybody else moves by a microsecond."""
    alone = Stage(RICH.replace("${RAND(1,6)}", "6"))
    more = RICH.replace("${RAND(1,6)}", "6").replace("calls:\n", f"{OTHER}calls:\n", 1)
    more = more.replace(
        "faults:\n", "  - {to: other@default, arrivals: {poisson: 3/s}, hold: {exponential: 5s}}\nfaults:\n"
    )
    more = more.replace("run: {", "  - {drop: other, every: {exponential: 9s}, for: {exponential: 2s}}\nrun: {")
    more = more.replace("    exten => ivr,", "    exten => other,1,Stasis(Elsewhere)\n    exten => ivr,", 1)
    both = Stage(more)
    for source in ("ivr@default", "conference@default"):
        assert of_source(both, source) == of_source(alone, source)
        assert of_source(alone, source)
    assert of_source(both, "other@default")
    for app in ("Intro-IVR", "Super-Conference", "Backup"):
        assert both.away(app) == alone.away(app)
    for client in ("ivr", "conference"):
        assert both.tries(client) == alone.tries(client)


COUNTS = ("connections.delivered", "connections.missed", "outages.missed")
"""Columns that count events."""


def own(story: Stage, *, but: Sequence[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """All tables without the rows of the other application; numbers of calls and of tries leave its own out.

    Args:
        story: What happened.
        but: Columns that are left out.
    """
    calls = [call for call in story.calls if call.source != "elsewhere"]
    tries = [row for row in story.connections if row.client != "elsewhere"]
    places = {call.number: place for place, call in enumerate(calls, 1)}
    numbers: dict[str, dict[Any, Any]] = {
        "call": places,
        "connection": {row.number: place for place, row in enumerate(tries, 1)},
        "path": {f"c{number}": f"c{place}" for number, place in places.items()},
    }

    def said(name: str, value: Any) -> Any:
        known = numbers.get(name, {})
        return (
            "/".join(known.get(part, part) for part in value.split("/")) if name == "path" else known.get(value, value)
        )

    def rows(table: str, of: Sequence[Any]) -> list[tuple[Any, ...]]:
        mine = [each for each in of if getattr(each, "app", "") != "Elsewhere"]
        found = [
            [said(column.name, value) for value in column.read(mine)]
            for column in TABLES[table]
            if column.read is not None and f"{table}.{column.name}" not in but
        ]
        return list(zip(*found, strict=True))

    def about_calls(part: str) -> list[tuple[Any, ...]]:
        return [(places[call.number], *row) for call in calls for row in rows(part, getattr(call, part))]

    def about_none(part: str) -> list[tuple[Any, ...]]:
        of_calls = {id(each) for call in story.calls for each in getattr(call, part)}
        return rows(part, [each for each in getattr(story, part) if id(each) not in of_calls])

    return {
        "calls": rows("calls", calls),
        "attempts": about_calls("attempts"),
        "events": about_calls("events") + about_none("events"),
        "commands": about_calls("commands") + about_none("commands"),
        "connections": rows("connections", tries),
        "outages": rows("outages", story.outages),
    }


def hearing(scenario: Scenario) -> list[str]:
    """Return the clients that hear of all channels."""
    return [name for name, client in scenario.clients.items() if client.subscribe_all or client.subscribe]


QUICK = ("broadcast-claim", "ci-firewall", "missed-keys", "proxy-hides-outage", "silent-callers", "transports")
"""Scenarios that show what is most likely to depend on others; the other ones take their time."""


def each(paths: Sequence[Path]) -> pytest.MarkDecorator:
    """Run a test for each scenario."""
    marked = {path: () if path.stem in QUICK else pytest.mark.slow for path in paths}
    return pytest.mark.parametrize("path", [pytest.param(path, id=path.stem, marks=marked[path]) for path in paths])


@each(SHIPPED)
def test_an_unrelated_application_changes_nothing_in_a_shipped_scenario(path: Path) -> None:
    """No row of any table is another one than without it; where somebody hears of all channels, it has no calls."""
    scenario = Scenario.load(path)
    called = not hearing(scenario)
    alone, more = Stage(scenario), Stage(crowded(scenario, called=called))
    assert any(call.source == "elsewhere" for call in more.calls) == called
    assert any(row.client == "elsewhere" for row in more.connections)
    assert own(more) == own(alone)


@each([path for path in SHIPPED if hearing(Scenario.load(path))])
def test_who_hears_of_all_channels_has_more_events_of_an_unrelated_application_and_nothing_else(path: Path) -> None:
    """The table of events has more rows, about its calls alone, and is counted elsewhere; all else is the very same.

    A worker handles one event after the other, so those more would put off what comes behind them: here they take it
    no time.
    """
    scenario = Scenario.load(path)
    scenario = scenario.where({f"clients.{name}.service": "0s" for name in hearing(scenario)})
    alone, more = Stage(scenario), Stage(crowded(scenario))
    apps = {app for name in hearing(scenario) for app in scenario.clients[name].apps}
    others = [event.app for call in more.calls if call.source == "elsewhere" for event in call.events]
    assert set(others) - {"Elsewhere"} <= apps
    assert set(others) & apps
    assert own(more, but=COUNTS) == own(alone, but=COUNTS)


def hold(call: Call) -> int | None:
    """How long after the first command the caller hung up, if that is what ended the call."""
    commanded = [attempt.first_command for attempt in call.attempts if attempt.first_command is not None]
    if not commanded or call.ended is None or call.attempts[-1].left_by != "hangup":
        return None
    return call.ended - commanded[0]


def patience(call: Call) -> int | None:
    """How long the caller waited in vain, if that is what ended the call."""
    return call.ended - call.arrived if call.abandoned and call.ended is not None else None


def test_all_profiles_meet_the_very_same_callers() -> None:
    """Arrivals are equal, and so are the times that belong to a caller wherever two profiles let him use them."""
    stories = [Stage(RICH, profile) for profile in PROFILES]
    first = stories[0]
    for other in stories[1:]:
        assert [call.arrived for call in other.calls] == [call.arrived for call in first.calls]
        pairs = list(zip(first.calls, other.calls, strict=True))
        assert [mine.source for mine, _ in pairs] == [yours.source for _, yours in pairs]
        held = [(hold(mine), hold(yours)) for mine, yours in pairs if hold(mine) and hold(yours)]
        waited = [(patience(mine), patience(yours)) for mine, yours in pairs if patience(mine) and patience(yours)]
        assert held
        assert all(mine == yours for mine, yours in held)
        assert waited
        assert all(mine == yours for mine, yours in waited)
    connected = [[tried[:2] for tried in story.tries("ivr")] for story in stories]
    assert connected[0] == connected[1] == connected[2]
