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
