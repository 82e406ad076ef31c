"""Stories of two clients that serve one app: the newest wins, the other goes deaf."""

from __future__ import annotations

import pytest

from tests.stories.stage import MS, PROFILES, S, Stage, carried_out

TWO = """
clients:
  blue: {apps: Intro-IVR, on StasisStart: [answer, {play: 4s}, continue], reconnect: none}
  green: {apps: Intro-IVR, start: 3s, reconnect: none}
calls: [{to: ivr@default, arrivals: {at: [1s, 6s]}, hold: 20s, kind: local}]
faults: [{drop: blue, at: 5s}]
run: {duration: 40s}
"""


@pytest.mark.parametrize("profile", PROFILES)
def test_the_newest_connection_wins(profile: str) -> None:
    """The old one is told, stays connected and hears no more; its later end does not touch the app."""
    story = Stage(TWO, profile)
    assert story.tries("blue") == [(0, 5 * S, "replaced")]
    assert story.tries("green") == [(3 * S, None, "")]
    replaced = [event for event in story.events if event.type == "ApplicationReplaced"]
    assert [(each.raised, each.fate, each.connection and each.connection.client) for each in replaced] == [
        (3 * S + 1 * MS, "delivered", "blue")
    ]
    hearers = {event.connection.client for event in story.events if event.connection and event.raised > 3 * S + 1 * MS}
    assert hearers == {"green"}
    assert story.results == ["entered", "entered"]
    assert {each.client for each in story.commands if "c2" in each.path} == {"green"}
    assert story.away() == [(0, 1 * MS, "start")]


@pytest.mark.parametrize("profile", PROFILES)
def test_who_was_being_served_by_the_old_one_is_orphaned(profile: str) -> None:
    """The end of its sound is told to the newest connection, and the handler that waits for it waits for ever."""
    story = Stage(TWO, profile)
    (finished,) = (event for event in story.events if event.type == "PlaybackFinished")
    assert finished.connection is not None
    assert finished.connection.client == "green"
    assert [path for _, _, path, _ in story.requests() if path.startswith("c1")] == ["c1/answer", "c1/play"]
    assert story.calls[0].ended == carried_out(profile, 1 * S + 4 * MS, since=1 * S) + 20 * S


@pytest.mark.parametrize(("stall", "service", "heard"), [("3001500us", "0s", 7001500), ("3500ms", "2s", 8501000)])
def test_a_program_that_stalls_hears_afterwards_that_it_was_replaced(stall: str, service: str, heard: int) -> None:
    """Whether the news was on its way when the stall began or waited for a worker: it returns when it comes to it."""
    story = Stage(
        f"""
clients:
  blue: {{apps: Intro-IVR, on_replaced: returns, service: {service}}}
  green: {{apps: Intro-IVR, start: 3s}}
calls: [{{to: ivr@default, arrivals: {{at: 2500ms}}, kind: local}}]
faults: [{{stall: blue, at: {stall}, for: 4s}}]
run: {{duration: 40s}}
"""
    )
    assert story.tries("blue") == [(0, heard, "replaced")]


def test_the_newest_one_takes_the_app_away_when_it_goes() -> None:
    """That an older connection is still open helps nobody: it is deaf."""
    story = Stage(
        """
clients:
  blue: {apps: Intro-IVR, reconnect: none}
  green: {apps: Intro-IVR, start: 3s, reconnect: none}
calls: [{to: ivr@default, arrivals: {at: 6s}}]
faults: [{drop: green, at: 5s}]
run: {duration: 40s}
""",
        "asterisk-22",
    )
    assert story.results == ["ejected forgotten"]
    assert story.tries("blue") == [(0, None, "replaced")]
    assert story.away() == [(0, 1 * MS, "start"), (5 * S, None, "torn")]


def test_a_connection_loses_only_the_names_that_are_taken_over() -> None:
    """Of a client with two apps one is replaced; it goes on with the other."""
    story = Stage(
        """
clients:
  both: {apps: [Intro-IVR, Super-Conference]}
  green: {apps: Intro-IVR, start: 3s}
calls:
  - {to: ivr@default, arrivals: {at: 5s}}
  - {to: conference@default, arrivals: {at: 6s}}
run: {duration: 9s}
"""
    )
    assert [each.client for each in story.commands] == ["green", "both"]


def test_a_new_connection_takes_over_from_a_frozen_one() -> None:
    """What waited on the frozen link is not moved over; it comes late when that link thaws, and to nobody's use."""
    story = Stage(
        """
clients:
  blue: {apps: Intro-IVR, reconnect: none}
  green: {apps: Intro-IVR, start: 7s}
calls: [{to: ivr@default, arrivals: {at: [6s, 8s]}}]
faults: [{freeze: blue, at: 5s, for: 10s}]
run: {duration: 40s}
"""
    )
    starts = [(each.fate, each.connection and each.connection.client) for each in story.events if "Start" in each.type]
    assert starts == [("late", "blue"), ("delivered", "green")]
    assert story.away()[1:] == [(5 * S, 7 * S + 1 * MS, "frozen")]


def test_instances_of_a_client_replace_one_another() -> None:
    """Instances that start together serve the app in turn: the last one has it."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, instances: 3}}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 9s}
"""
    )
    assert [row.client for row in story.connections] == ["ivr", "ivr#2", "ivr#3"]
    assert [each.client for each in story.commands] == ["ivr#3"]
    assert story.fates("ApplicationReplaced") == ["delivered", "delivered"]


# ---- what the program does about it ------------------------------------------------

STORM = """
clients:
  blue: {{apps: Intro-IVR, reconnect: {{constant: 1s}}, on_replaced: {blue}}}
  green: {{apps: Intro-IVR, start: 3s, reconnect: {{constant: 1s}}, on_replaced: {green}}}
run: {{duration: 6s}}
"""

TOLD = 3 * S + 2 * MS
"""When blue hears that green has its app: green asks at 3 s, and each way takes 1 ms."""


def test_two_that_come_back_take_the_app_from_each_other() -> None:
    """Each closes its deaf WebSocket and returns by its policy, which sends the other one on the same way."""
    story = Stage(STORM.format(blue="reconnects", green="reconnects"))
    turn = 1 * S + 2 * MS
    assert story.tries("blue") == [(0, TOLD, "replaced"), (TOLD + 1 * S, TOLD + 2 * turn, "replaced")]
    assert story.tries("green") == [(3 * S, TOLD + turn, "replaced"), (TOLD + turn + 1 * S, None, "")]
    assert story.fates("ApplicationReplaced") == ["delivered"] * 3
    assert story.away() == [(0, 1 * MS, "start")]


def test_one_that_stays_ends_the_storm() -> None:
    """Who comes back to one that does not has the app for good, and the other stays deaf."""
    story = Stage(STORM.format(blue="reconnects", green="stays"))
    assert story.tries("blue") == [(0, TOLD, "replaced"), (TOLD + 1 * S, None, "")]
    assert story.tries("green") == [(3 * S, None, "replaced")]


def test_one_that_returns_leaves_the_app_to_the_other() -> None:
    """It closes its WebSocket, finishes what it had begun, and is gone: a crash finds nothing to break."""
    story = Stage(
        """
clients:
  blue: {apps: Intro-IVR, on StasisStart: [answer, {wait: 4s}, continue], on_replaced: returns}
  green: {apps: Intro-IVR, start: 3s}
calls: [{to: ivr@default, arrivals: {at: 1s}, kind: local}]
faults: [{crash: blue, at: 10s}]
run: {duration: 20s}
"""
    )
    assert story.tries("blue") == [(0, TOLD, "replaced")]
    assert [path for _, _, path, _ in story.requests()] == ["c1/answer", "c1/continue"]
    assert story.touched == (0,)


def test_a_supervisor_makes_a_storm_of_returning_too() -> None:
    """A program that ends when it is replaced, and that something starts again, replaces the other in its turn."""
    story = Stage(
        """
clients:
  blue: {apps: Intro-IVR, on_replaced: returns, supervisor: 2s}
  green: {apps: Intro-IVR, start: 3s, on_replaced: returns, supervisor: 2s}
run: {duration: 8s}
"""
    )
    assert [opened for opened, _, _ in story.tries("blue")] == [0, TOLD + 2 * S]
    assert [opened for opened, _, _ in story.tries("green")] == [3 * S, TOLD + 2 * (2 * S + 1 * MS)]


def test_of_two_apps_the_first_that_is_taken_ends_the_connection() -> None:
    """The program comes back with both, once; the news about the second app is no news of its new connection."""
    story = Stage(
        """
clients:
  both: {apps: [Intro-IVR, Super-Conference], on_replaced: reconnects, latency: 100ms}
  green: {apps: [Intro-IVR, Super-Conference], start: 3s}
run: {duration: 9s}
"""
    )
    assert len(story.tries("both")) == 2
    assert [how for _, _, how in story.tries("green")] == ["replaced"]


def test_an_app_that_was_not_taken_is_away_until_the_program_is_back() -> None:
    """Who reconnects for one of its apps closes the connection of the other one."""
    story = Stage(
        """
clients:
  both: {apps: [Intro-IVR, Super-Conference], on_replaced: reconnects}
  green: {apps: Intro-IVR, start: 3s}
run: {duration: 9s}
"""
    )
    assert story.tries("both") == [(0, TOLD, "closed"), (TOLD + 1 * S, None, "")]
    assert story.away("Super-Conference")[1:] == [(TOLD, TOLD + 1 * S + 1 * MS, "closed")]


def test_who_never_hears_of_it_does_nothing() -> None:
    """On a frozen link the news waits; the program takes itself for connected until the thaw, and then comes back."""
    story = Stage(
        """
clients:
  blue: {apps: Intro-IVR, on_replaced: reconnects}
  green: {apps: Intro-IVR, start: 7s}
faults: [{freeze: blue, at: 5s, for: 10s}]
run: {duration: 18s}
"""
    )
    assert story.tries("blue") == [(0, 15 * S + 1 * MS, "replaced"), (16 * S + 1 * MS, None, "")]
