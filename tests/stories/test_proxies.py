"""Stories of proxies: what Asterisk does not see of the programs behind a bus, and what callers feel of it."""

from __future__ import annotations

from typing import Any

import pytest

from stasis_sim import Scenario
from stasis_sim.simulated.preparation import prepare
from tests.stories.stage import DIALPLAN, FORGETFUL, MS, PROFILES, S, Stage


def commands(story: Stage) -> list[tuple[int, str, str, int | None, str]]:
    """When each command was sent, by whom, what it was, and what came of it."""
    return [(row.at, row.client, row.path.rpartition("/")[2], row.status, row.reason) for row in story.commands]


def carriers(story: Stage, type_: str) -> list[tuple[str, str]]:
    """For each event of a type who had the connection to which it was written last, and what became of it."""
    found = [event for event in story.events if event.type == type_]
    return [(event.connection.client if event.connection else "", event.fate) for event in found]


def test_a_call_goes_through_the_proxy_and_back() -> None:
    """An event takes the proxy's latency and the consumer's, and so do a command and its answer, each way."""
    story = Stage(
        """
clients:
  proxy: {apps: Intro-IVR, latency: 10ms}
  ivr: {apps: Intro-IVR, behind: proxy, latency: 5ms, service: 2ms, on StasisStart: [answer, continue]}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 10s}
"""
    )
    assert story.heard()[0] == (1 * S, "StasisStart", "delivered", 1 * S + 15 * MS)
    sent = 1 * S + 17 * MS
    answered = sent + 15 * MS + 1 * MS + 15 * MS
    assert commands(story) == [(sent, "ivr", "answer", 204, ""), (answered, "ivr", "continue", 204, "")]
    assert story.calls[0].ended == answered + 15 * MS
    assert story.outcomes == ["served"]
    # Asterisk knows of one connection; that to the bus is a row like it.
    assert story.tries("proxy") == [(0, None, "")]
    assert story.tries("ivr") == [(0, None, "")]
    reached = len(story.events)
    assert [(row.client, row.delivered, row.missed) for row in story.connections] == [
        ("proxy", reached, 0),
        ("ivr", reached, 0),
    ]


def test_commands_enter_as_the_proxys_user() -> None:
    """A proxy whose user may only read is refused what the program behind it asks for."""
    story = Stage(
        """
asterisk:
  ari: |
    [general]
    [reader]
    type = user
    read_only = yes
    password = secret
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
clients:
  proxy: {apps: Intro-IVR, user: reader, password: secret}
  ivr: {apps: Intro-IVR, behind: proxy}
calls: [{to: ivr@default, arrivals: {at: 1s}, patience: 3s}]
run: {duration: 10s}
"""
    )
    assert [status for *_, status, _ in commands(story)] == [403]
    assert story.fates("StasisStart") == ["delivered"]


DEAD = """
clients:
  proxy: {apps: Intro-IVR}
  ivr: {apps: Intro-IVR, behind: proxy}
calls: [{to: ivr@default, arrivals: {at: 6s}, patience: 3s}]
faults: [{crash: ivr, at: 5s, start: 10s}]
run: {duration: 30s}
"""


@pytest.mark.parametrize("profile", PROFILES)
def test_an_app_looks_registered_while_its_consumers_are_dead(profile: str) -> None:
    """The caller enters and is stranded, under every profile: Asterisk knows the proxy alone."""
    story = Stage(DEAD, profile)
    assert story.results == ["entered"]
    assert story.outcomes == ["stranded"]
    assert story.calls[0].ended == 9 * S
    assert carriers(story, "StasisStart") == [("proxy", "lost")]
    assert story.away() == [(0, 1 * MS, "start"), (5 * S, 15 * S + 1 * MS, "no_consumer")]
    assert story.outages[-1].noticed is None
    measures = story.measures["apps"]["Intro-IVR"]
    assert measures["registered"] == pytest.approx(1 - 0.001 / 30)
    assert measures["availability"] == pytest.approx(1 - 10.002 / 30)


@pytest.mark.parametrize("profile", FORGETFUL)
def test_without_the_proxy_the_same_death_ejects(profile: str) -> None:
    """The same program with a WebSocket of its own: Asterisk notices at once, and the dialplan goes on."""
    direct = DEAD.replace(", behind: proxy", "").replace("  proxy: {apps: Intro-IVR}\n", "")
    story = Stage(direct, profile)
    assert story.results == ["ejected forgotten"]
    assert story.outcomes == ["dropped"]


def test_the_death_of_the_proxy_ejects_although_its_consumers_live() -> None:
    """The app goes with the proxy's WebSocket; the consumers stay on the bus, and work again when it is back."""
    story = Stage(
        """
clients:
  ivr: {apps: Intro-IVR, behind: proxy}
  proxy: {apps: Intro-IVR}
calls: [{to: ivr@default, arrivals: {at: [1s, 6s, 16s]}, hold: 2s, patience: 3s}]
faults: [{crash: proxy, at: 5s, start: 10s}]
run: {duration: 30s}
""",
        "asterisk-22",
    )
    assert story.results == ["entered", "ejected forgotten", "entered"]
    assert story.outcomes == ["served", "dropped", "served"]
    assert story.tries("ivr") == [(0, None, "")]
    assert story.tries("proxy") == [(0, 5 * S, "closed"), (15 * S, None, "")]
    assert story.away()[1:] == [(5 * S, 15 * S + 1 * MS, "crash")]


TWO = """
clients:
  proxy: {{apps: Intro-IVR, deliver: {deliver}}}
  one: {{apps: Intro-IVR, behind: proxy, on StasisStart: [answer, {{play: 4s}}, continue]}}
  two: {{apps: Intro-IVR, behind: proxy, on StasisStart: [answer, {{play: 4s}}, continue]}}
calls: [{{to: ivr@default, arrivals: {{at: [1s, 2s, 3s]}}, kind: local}}]
faults: {faults}
run: {{duration: 30s}}
"""


def test_calls_go_to_the_consumers_in_turn() -> None:
    """The first, third and every other call of a source goes to the first consumer, with all of its events."""
    story = Stage(TWO.format(deliver="owner", faults="[]"))
    for call, client in zip(story.calls, ("one", "two", "one"), strict=True):
        assert {event.connection and event.connection.client for event in call.events} == {client}
        assert {command.client for command in call.commands} == {client}
    assert story.outcomes == ["served"] * 3
    assert {event.fate for event in story.events} == {"delivered"}


def test_an_event_for_any_consumer_reaches_one_that_does_not_have_the_call() -> None:
    """The end of the sound goes to the next in turn: misdelivered, and who waits for it waits for ever."""
    story = Stage(TWO.format(deliver="any", faults="[]"))
    assert [(event.type, event.fate, event.connection and event.connection.client) for event in story.calls[0].events][
        :4
    ] == [
        ("StasisStart", "delivered", "one"),
        ("ChannelStateChange", "misdelivered", "two"),
        ("PlaybackStarted", "delivered", "one"),
        ("PlaybackFinished", "misdelivered", "two"),
    ]
    assert [call.ended for call in story.calls] == [None, None, None]
    # Conservation holds with the word, and the tables count it as having come.
    total = story.measures["total"]
    assert total["events.misdelivered"] == 6
    assert total["events.raised"] == 12
    assert total["missed_rate"] == 0
    assert story.measures["clients"]["two"]["events.misdelivered"] == 4


def test_a_dead_owner_takes_its_calls_along() -> None:
    """One of two dies: its calls hear nothing more, new ones go to the other, and the app is available all along."""
    story = Stage(TWO.format(deliver="owner", faults="[{crash: one, at: 2500ms, start: 20s}]"))
    assert [call.ended is not None for call in story.calls] == [False, True, True]
    assert carriers(story, "PlaybackFinished") == [("proxy", "lost"), ("two", "delivered"), ("two", "delivered")]
    assert carriers(story, "StasisStart") == [("one", "delivered"), ("two", "delivered"), ("two", "delivered")]
    assert story.away() == [(0, 1 * MS, "start")]


def test_back_on_the_bus_a_consumer_has_its_calls_again() -> None:
    """A consumer that lost its connection and not its memory is sent the events of its calls when it is back."""
    story = Stage(TWO.format(deliver="owner", faults="[{drop: one, at: 1500ms}]"))
    # Back after a second: call 1 goes on; call 3 came to it again.
    assert story.tries("one") == [(0, 1500 * MS, "torn"), (2500 * MS, None, "")]
    assert carriers(story, "PlaybackFinished") == [("one", "delivered"), ("two", "delivered"), ("one", "delivered")]
    assert all(call.ended is not None for call in story.calls)


def test_a_consumer_that_recovers_has_the_calls_of_the_dead() -> None:
    """Back after a crash it lists the channels through the proxy, takes the call up, and is sent its events."""
    story = Stage(
        """
clients:
  proxy: {apps: Intro-IVR}
  ivr:
    apps: Intro-IVR
    behind: proxy
    recover: list-channels
    on StasisStart: [answer, {play: 3s}, continue]
calls: [{to: ivr@default, arrivals: {at: 1s}}]
faults: [{crash: ivr, at: 2s, start: 1s}]
run: {duration: 30s}
"""
    )
    asked = [path for _, _, path, _, _ in commands(story)]
    assert asked.count("channels") == 1
    assert asked.count("play") == 2
    assert carriers(story, "PlaybackFinished") == [("ivr", "delivered"), ("ivr", "delivered")]
    assert story.calls[0].ended is not None


def test_commands_have_no_answer_while_the_proxy_is_away() -> None:
    """The consumer lives and asks, nobody carries it out: no_proxy, and asterisk_down while Asterisk is."""
    story = Stage(
        """
clients:
  proxy: {apps: Intro-IVR, reconnect: {constant: 4s}}
  ivr: {apps: Intro-IVR, behind: proxy, on StasisStart: [answer, {wait: 5s}, continue]}
calls: [{to: ivr@default, arrivals: {at: [1s, 11s]}, hold: 20s}]
faults:
  - {drop: proxy, at: 5s}
  - {restart: asterisk, at: 15s, for: 3s}
run: {duration: 30s}
"""
    )
    continued = [(at, status, reason) for at, _, path, status, reason in commands(story) if path == "continue"]
    assert continued == [(6 * S + 9 * MS, 0, "no_proxy"), (16 * S + 9 * MS, 0, "asterisk_down")]
    # The bus has stood through both.
    assert story.tries("ivr") == [(0, None, "")]


def test_commands_have_no_answer_while_the_consumer_is_off_the_bus() -> None:
    """A drop of a consumer takes its commands with it, other than that of a client with REST of its own."""
    text = """
clients:
  {proxy}
  ivr: {{apps: Intro-IVR, {behind} reconnect: none, on StasisStart: [answer, {{wait: 5s}}, continue]}}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}, hold: 20s}}]
faults: [{{drop: ivr, at: 5s}}]
run: {{duration: 30s}}
"""
    behind = Stage(text.format(proxy="proxy: {apps: Intro-IVR}", behind="behind: proxy,"))
    direct = Stage(text.format(proxy="", behind=""))
    assert [each[2:] for each in commands(behind)] == [("answer", 204, ""), ("continue", 0, "no_bus")]
    assert [each[2:] for each in commands(direct)] == [("answer", 204, ""), ("continue", 204, "")]


@pytest.mark.parametrize("verb", ["freeze", "partition"])
def test_a_frozen_consumer_is_handed_calls_that_come_late(verb: str) -> None:
    """The bus takes it for there; what it was handed arrives when the link thaws, and the app was not available."""
    story = Stage(
        f"""
clients:
  proxy: {{apps: Intro-IVR}}
  ivr: {{apps: Intro-IVR, behind: proxy}}
calls: [{{to: ivr@default, arrivals: {{at: 6s}}, hold: 2s}}]
faults: [{{{verb}: ivr, at: 5s, for: 5s}}]
run: {{duration: 30s}}
""",
        "asterisk-22",
    )
    assert story.heard()[0] == (6 * S, "StasisStart", "late", 10 * S + 1 * MS)
    assert story.outcomes == ["served"]
    assert story.away()[1:] == [(5 * S, 10 * S, "no_consumer")]
    assert story.tries("ivr") == [(0, None, "")]


def test_a_partition_of_the_proxy_silences_everybody_behind_it() -> None:
    """Asterisk takes the app for active, and both events and commands come when the partition is over."""
    story = Stage(
        """
clients:
  proxy: {apps: Intro-IVR}
  ivr: {apps: Intro-IVR, behind: proxy, on StasisStart: [answer, {wait: 5s}, continue]}
calls: [{to: ivr@default, arrivals: {at: [1s, 6s]}, hold: 20s}]
faults: [{partition: proxy, at: 5s, for: 5s}]
run: {duration: 20s}
"""
    )
    assert [(path, status, reason) for _, _, path, status, reason in commands(story)] == [
        ("answer", 204, ""),
        ("continue", 204, ""),
        ("answer", 204, ""),
        ("continue", 204, ""),
    ]
    assert story.fates("StasisStart") == ["delivered", "late"]
    # Its SYNs of 6.009 and 7.009 and 9.009 are lost, that of 13.009 is not.
    assert story.calls[0].ended == 13 * S + 11 * MS
    assert story.away()[1:] == [(5 * S, 10 * S, "frozen")]


def test_a_consumer_that_gave_its_link_up_is_still_handed_its_share() -> None:
    """Until the link thaws the bus believes in both of its connections, and what goes to the dead one is lost."""
    story = Stage(
        """
clients:
  proxy: {apps: Intro-IVR}
  ivr: {apps: Intro-IVR, behind: proxy, reconnect: {constant: {delay: 1s, keepalive: 2s}}}
calls: [{to: ivr@default, arrivals: {at: [11s, 12s, 13s, 14s]}, patience: 2s, hold: 1s}]
faults: [{freeze: ivr, at: 5s}]
run: {duration: 30s}
""",
        "asterisk-22",
    )
    assert story.tries("ivr") == [(0, 7 * S, "frozen"), (8 * S, None, "")]
    assert story.fates("StasisStart") == ["lost", "delivered", "lost", "delivered"]
    assert story.outcomes == ["stranded", "served", "stranded", "served"]
    assert story.away()[1:] == [(5 * S, 8 * S + 1 * MS, "no_consumer")]


def test_what_is_on_its_way_to_a_proxy_that_dies_is_lost() -> None:
    """What it has not handed on yet dies with it; what it has handed on arrives."""
    story = Stage(
        """
clients:
  proxy: {apps: Intro-IVR, latency: 100ms}
  ivr: {apps: Intro-IVR, behind: proxy, latency: 100ms}
calls: [{to: ivr@default, arrivals: {at: [4850ms, 4950ms]}, patience: 3s}]
faults: [{crash: proxy, at: 5s, start: 10s}]
run: {duration: 30s}
"""
    )
    assert carriers(story, "StasisStart") == [("ivr", "delivered"), ("proxy", "lost")]
    assert story.heard()[0][3] == 5050 * MS


def test_start_order_decides_who_is_turned_away_and_who_is_stranded() -> None:
    """Before the proxy callers are ejected, before the consumers they are stranded, then they are served."""
    story = Stage(
        """
clients:
  ivr: {apps: Intro-IVR, behind: proxy, start: 20s}
  proxy: {apps: Intro-IVR, start: 10s}
calls: [{to: ivr@default, arrivals: {at: [5s, 15s, 25s]}, patience: 3s, hold: 1s}]
run: {duration: 30s}
""",
        "asterisk-22",
    )
    assert story.outcomes == ["dropped", "stranded", "served"]
    assert story.away() == [(0, 20 * S + 1 * MS, "start")]


def test_consumers_share_the_apps_of_their_proxy() -> None:
    """Each app is handed on to those that serve it, and is available while one of them is there."""
    story = Stage(
        """
clients:
  proxy: {apps: [Intro-IVR, Super-Conference]}
  ivr: {apps: Intro-IVR, behind: proxy, instances: 2}
  conference: {apps: Super-Conference, behind: proxy}
calls:
  - {to: ivr@default, arrivals: {at: [1s, 2s, 6s]}, hold: 1s}
  - {to: conference@default, arrivals: {at: [1s, 6s]}, hold: 1s, patience: 2s}
faults: [{crash: conference, at: 5s, start: 10s}]
run: {duration: 30s}
"""
    )
    took = [
        (event.app, event.connection.client)
        for event in story.events
        if event.type == "StasisStart" and event.connection
    ]
    assert took == [
        ("Intro-IVR", "ivr"),
        ("Super-Conference", "conference"),
        ("Intro-IVR", "ivr#2"),
        ("Intro-IVR", "ivr"),
        ("Super-Conference", "proxy"),
    ]
    assert story.away("Intro-IVR") == [(0, 1 * MS, "start")]
    assert story.away("Super-Conference")[1:] == [(5 * S, 15 * S + 1 * MS, "no_consumer")]


def test_a_drained_run_ends_when_the_last_event_is_dealt_with() -> None:
    """What the proxy is still to hand on when the last call has ended arrives, and nothing is pending."""
    story = Stage(
        """
clients:
  proxy: {apps: Intro-IVR, latency: 500ms}
  ivr: {apps: Intro-IVR, behind: proxy, latency: 500ms, service: 100ms}
calls: [{to: ivr@default, arrivals: {at: 5s}, hold: 1s}]
run: {until: drained}
""",
        "asterisk-22",
    )
    assert {event.fate for event in story.events} == {"delivered"}
    last = max(event.delivered or 0 for event in story.events)
    assert story.ledger.end == last + 100 * MS * sum(event.delivered == last for event in story.events)


def test_who_takes_a_call_does_not_depend_on_other_calls() -> None:
    """A second source of calls changes nothing about which consumer has the calls of the first."""
    sources: dict[str, Any] = {
        "one": {"to": "ivr@default", "name": "one", "arrivals": {"poisson": "1/s"}, "hold": "2s"},
        "two": {"to": "ivr@default", "name": "two", "arrivals": {"poisson": "3/s"}, "hold": "1s"},
    }

    def takers(*names: str) -> list[str]:
        data = Scenario.parse(f"{DIALPLAN}\nrun: {{duration: 20s}}\n").data()
        data["clients"] = {"proxy": {"apps": "Intro-IVR"}}
        data["clients"] |= {name: {"apps": "Intro-IVR", "behind": "proxy"} for name in ("a", "b", "c")}
        story = Stage(data | {"calls": [sources[name] for name in names]})
        starts = [event for call in story.calls if call.source == "one" for event in call.events]
        return [
            event.connection.client
            for event in starts
            if event.type == "StasisStart" and event.connection is not None and event.fate == "delivered"
        ]

    alone = takers("one")
    assert len(alone) > 10
    assert takers("one", "two") == alone


def test_an_app_that_nobody_behind_the_proxy_serves_is_warned_of() -> None:
    """The warning names the proxy and the app; a consumer's app is not warned of a second time."""
    text = f"""{DIALPLAN}
clients:
  proxy: {{apps: [Intro-IVR, Super-Conference, Other]}}
  ivr: {{apps: [Intro-IVR, Other], behind: proxy}}
run: {{duration: 30s}}
"""
    warnings = [problem.text for problem in prepare(Scenario.parse(text)).warnings]
    assert warnings == [
        "clients.proxy.apps: no client behind it serves Super-Conference: what Asterisk raises for it is lost",
        "clients.proxy.apps: no line of the dialplan hands calls to Other",
    ]


BACK_AGAIN = f"""{DIALPLAN.replace("n,Hangup()", "n,Stasis(Intro-IVR)", 1)}
clients:
  proxy: {{{{apps: Intro-IVR}}}}
  one: {{{{apps: Intro-IVR, behind: proxy, on StasisStart: [continue]}}}}
  two: {{{{apps: Intro-IVR, behind: proxy, on StasisStart: [continue]}}}}
  three: {{{{apps: Intro-IVR, behind: proxy, on StasisStart: [continue]}}}}
calls: [{{{{to: ivr@default, arrivals: {{{{at: 1s}}}}}}}}]
faults: {{faults}}
run: {{{{duration: 30s}}}}
"""


@pytest.mark.parametrize(("faults", "fate"), [("[]", "misdelivered"), ("[{crash: one, at: 1005ms}]", "delivered")])
def test_a_call_that_comes_back_may_get_to_another_consumer(faults: str, fate: str) -> None:
    """The third is told of what the first had: misdelivered, unless the first has died with what it knew."""
    story = Stage(BACK_AGAIN.format(faults=faults))
    first, second = carriers(story, "StasisStart")
    assert first == ("one", "delivered")
    assert second == ("three" if fate == "misdelivered" else "two", fate)
    assert story.outcomes == ["served"]
    assert [command.client for command in story.commands] == ["one", second[0]]


LATE = """
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Hangup()
    exten => phone,1,Answer()
     same => n,Wait(60)
clients:
  proxy: {{apps: Intro-IVR}}
  one: {{apps: Intro-IVR, behind: proxy, latency: 100ms, service: 0s, on_error: crashes, on StasisStart: {todo}}}
  agents: {{apps: Agents, on StasisStart: []}}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}, kind: local}}]
faults: {faults}
run: {{duration: 30s}}
"""
"""A StasisStart comes to the consumer 101 ms after the call, its request to Asterisk 101 ms later, then the answer."""


@pytest.mark.parametrize("faults", ["[]", "[{drop: one, at: 1250ms}]"])
def test_what_asterisk_has_made_lives_whether_or_not_its_answer_is_heard(faults: str) -> None:
    """The bus is lost on the way back of an originate: the halves are there, and one enters its app."""
    story = Stage(
        LATE.format(todo="[{originate: {endpoint: Local/phone@default, app: Agents}}, answer]", faults=faults)
    )
    assert [event.app for event in story.events if event.type == "StasisStart"] == ["Intro-IVR", "Agents"]
    assert set(story.world.callers.live) == {"c1", "o1", "o1b"}


@pytest.mark.parametrize(("faults", "dead"), [("[]", True), ("[{drop: one, at: 1450ms}]", False)])
def test_an_error_that_is_lost_on_the_bus_crashes_nobody(faults: str, dead: bool) -> None:
    """The second hangup is answered with 404; the program that never hears of it lives on."""
    story = Stage(LATE.format(todo="[hangup, hangup]", faults=faults))
    assert [command.status for command in story.commands] == [204, 404]
    assert next(client for client in story.world.clients if client.name == "one").dead == dead
