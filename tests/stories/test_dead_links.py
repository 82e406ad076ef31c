"""Stories of clients that notice by themselves that their link passes nothing, and of tries that hear nothing."""

from __future__ import annotations

import pytest

from tests.stories.stage import FORGETFUL, MS, PROFILES, S, Stage

PINGING = "{constant: {delay: 1s, ping: {interval: 10s, timeout: 5s}}}"
"""Pings at 10.002 s, 20.002 s, …: counted from the instant at which the client sees its connection open."""


@pytest.mark.parametrize("profile", PROFILES)
def test_a_ping_without_a_pong_ends_a_dead_link(profile: str) -> None:
    """The client gives the link up and tries again; Asterisk lets calls in until it hears of that, at the thaw."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {PINGING}}}}}
calls: [{{to: ivr@default, arrivals: {{at: [13s, 20s, 42s]}}, patience: 10s, hold: 1s}}]
faults: [{{freeze: ivr, at: 12s, for: 28s}}]
run: {{duration: 60s}}
""",
        profile,
    )
    noticed = 25 * S + 2 * MS
    assert story.tries() == [
        (0, noticed, "frozen"),
        (noticed + 1 * S, noticed + 11 * S, "refused: timeout"),
        (noticed + 12 * S, noticed + 22 * S, "refused: timeout"),
        (noticed + 23 * S, None, ""),
    ]
    # The first piled up until the client gave the link up, the second was written to it after that.
    assert story.fates("StasisStart")[:2] == ["lost", "lost"]
    assert story.outcomes[:2] == ["stranded", "stranded"]
    (outage,) = (each for each in story.outages if each.start)
    assert (outage.start, outage.noticed, outage.cause) == (12 * S, 40 * S, "frozen")
    assert outage.end == noticed + 23 * S + 1 * MS


@pytest.mark.parametrize("profile", FORGETFUL)
def test_calls_are_ejected_once_asterisk_knows(profile: str) -> None:
    """From the thaw until the client is back, nobody is there, and Asterisk knows it."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {PINGING}}}}}
calls: [{{to: ivr@default, arrivals: {{at: [39s, 41s, 49s]}}, patience: 500ms, hold: 1s}}]
faults: [{{freeze: ivr, at: 12s, for: 28s}}]
run: {{duration: 60s}}
""",
        profile,
    )
    assert story.results == ["entered", "ejected forgotten", "entered"]
    assert story.outcomes == ["stranded", "dropped", "served"]


def test_a_link_that_thaws_in_time_is_kept() -> None:
    """The pong comes late but within the timeout, so the client notices nothing, and what piled up comes late."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {PINGING}}}}}
calls: [{{to: ivr@default, arrivals: {{at: 20s}}, hold: 1s}}]
faults: [{{freeze: ivr, at: 19s, for: 6s}}, {{freeze: ivr, at: 31s, for: 9s}}]
run: {{duration: 60s}}
"""
    )
    assert story.tries() == [(0, None, "")]
    assert story.fates("StasisStart") == ["late"]


@pytest.mark.parametrize(
    ("ping", "noticed"),
    [
        ("{interval: 10s, timeout: 5s}", 35 * S + 2 * MS),
        ("{interval: 10s, timeout: 5s, first: 1s}", 26 * S + 2 * MS + 10 * S),
        ("{interval: 10s, timeout: 5s, first: 1min}", 65 * S + 2 * MS),
        ("{interval: 10s, timeout: 20s}", 50 * S + 2 * MS),
    ],
)
def test_the_first_ping_after_the_freeze_decides(ping: str, noticed: int) -> None:
    """A link that froze at 22 s is given up a timeout after the first ping that was sent over it since."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {{none: {{ping: {ping}}}}}}}}}
faults: [{{freeze: ivr, at: 22s, for: 1h}}]
run: {{duration: 200s}}
"""
    )
    assert story.tries() == [(0, noticed, "frozen")]


def test_a_link_is_given_up_once_however_often_it_freezes() -> None:
    """A second freeze of a frozen link puts nothing off; one of a new connection has its own time."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: {constant: {delay: 1s, keepalive: 10s}}}}
faults:
  - {freeze: ivr, at: 5s, for: 12s}
  - {partition: ivr, at: 9s, for: 7s}
  - {freeze: ivr, at: 30s, for: 20s}
run: {duration: 60s}
"""
    )
    assert [(opened // S, closed and closed // S, how) for opened, closed, how in story.tries()] == [
        (0, 15, "frozen"),
        (16, 26, "refused: timeout"),
        (27, 40, "frozen"),
        (41, 51, "refused: timeout"),
        (52, None, ""),
    ]


def test_keepalive_ends_a_dead_link_after_a_fixed_time() -> None:
    """TCP gives the connection up so long after the freeze, whatever was sent before."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: {constant: {delay: 1s, keepalive: 150s}}}}
faults: [{freeze: ivr, at: 7s, for: 200s}]
run: {duration: 300s}
"""
    )
    assert story.tries()[0] == (0, 157 * S, "frozen")
    assert story.tries()[-1][1:] == (None, "")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_dead_link_that_never_thaws_is_replaced(profile: str) -> None:
    """Where new connections pass, the next one takes the app from the half that Asterisk still holds."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {PINGING}}}}}
calls: [{{to: ivr@default, arrivals: {{at: [13s, 27s]}}, patience: 30s, hold: 1s}}]
faults: [{{freeze: ivr, at: 12s}}]
run: {{duration: 60s}}
""",
        profile,
    )
    assert story.results == ["entered", "entered"]
    assert story.fates("ApplicationReplaced") == ["lost"]
    assert story.outcomes == ["stranded", "served"]
    assert story.tries() == [(0, 25 * S + 2 * MS, "frozen"), (26 * S + 2 * MS, None, "")]
    assert story.away()[1:] == [(12 * S, 26 * S + 3 * MS, "frozen")]


def test_a_restart_of_asterisk_forgets_a_link_that_was_given_up() -> None:
    """The half that Asterisk held is gone with it; the later thaw ends nothing any more."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {PINGING}}}}}
calls: [{{to: ivr@default, arrivals: {{at: [38s]}}, patience: 30s, hold: 1s}}]
faults: [{{freeze: ivr, at: 12s, for: 28s}}, {{restart: asterisk, at: 30s, for: 1s}}]
run: {{duration: 60s}}
"""
    )
    assert story.results == ["ejected forgotten"]
    assert [(each.start, each.noticed) for each in story.outages if each.start] == [(12 * S, 30 * S)]
    assert story.tries()[-1][1:] == (None, "")


def test_a_crash_after_giving_up_leaves_the_other_half_to_the_thaw() -> None:
    """The socket is closed already, and nothing tells Asterisk of the end before the link passes again."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {PINGING}}}}}
faults: [{{freeze: ivr, at: 12s, for: 28s}}, {{crash: ivr, at: 27s, start: 20s}}]
run: {{duration: 60s}}
"""
    )
    assert [(each.start, each.noticed, each.end) for each in story.outages if each.start] == [
        (12 * S, 40 * S, 47 * S + 1 * MS)
    ]


# ---- tries that hear nothing ----------------------------------------------------


def silence(policy: str, lasts: str) -> list[tuple[int, int | None, str]]:
    """The tries of a client whose connection is cut at 5 s, and that hears nothing for a while."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {policy}}}}}
faults: [{{drop: ivr, at: 5s, for: {lasts}, mode: blackhole}}]
run: {{duration: 300s}}
"""
    )
    return story.tries()[1:]


def test_a_try_bears_silence_for_the_connect_timeout() -> None:
    """It fails after that time, even where the network is back before."""
    assert silence("{constant: {delay: 1s, connect_timeout: 3s}}", "5s") == [
        (6 * S, 9 * S, "refused: timeout"),
        (10 * S, None, ""),
    ]


def test_a_try_that_is_left_to_the_system_goes_through_with_a_later_syn() -> None:
    """Sent at 0, 1, 3, 7, 15, 31 and 63 s, the first SYN after the outage makes the connection."""
    policy = "{constant: {delay: 1s, connect_timeout: system}}"
    assert silence(policy, "10s") == [(6 * S, None, "")]
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {policy}}}}}
faults: [{{drop: ivr, at: 5s, for: 10s, mode: blackhole}}]
run: {{duration: 300s}}
"""
    )
    # The outage ends at 15 s. The try began at 6 s; its SYNs at 7, 9, 13 and 21 s follow.
    assert story.away()[1:] == [(5 * S, 21 * S + 1 * MS, "torn")]


def test_the_system_gives_up_after_127_seconds() -> None:
    """Six SYNs after the first, each after twice the time, and then no more."""
    assert silence("{constant: {delay: 1s, connect_timeout: system}}", "1h") == [
        (6 * S, 133 * S, "refused: timeout"),
        (134 * S, 261 * S, "refused: timeout"),
        (262 * S, None, ""),
    ]


POWER = """
clients: {{ivr: {{apps: Intro-IVR, reconnect: {reconnect}}}}}
calls: [{{to: ivr@default, arrivals: {{at: [1s, 6s, 35s]}}, patience: 3s, hold: 60s}}]
faults: [{{restart: asterisk, at: 5s, for: 15s, how: power_cut, mode: {mode}}}]
run: {{duration: 60s}}
"""


def test_a_power_cut_closes_nothing() -> None:
    """Asterisk and its calls are gone; a client without pings takes its dead WebSocket for alive to the end."""
    story = Stage(POWER.format(reconnect="{constant: 1s}", mode="refuse"), "asterisk-22")
    assert story.tries() == [(0, None, "frozen")]
    assert story.outcomes == ["served", "blocked", "dropped"]
    assert story.calls[0].ended == 5 * S
    assert story.results == ["entered", "ejected forgotten"]
    assert story.away() == [(0, 1 * MS, "start"), (5 * S, None, "restart")]


@pytest.mark.parametrize(("mode", "tries"), [("refuse", 10), ("blackhole", 3)])
def test_a_client_that_pings_is_back_after_a_power_cut(mode: str, tries: int) -> None:
    """No pong comes, so it gives the WebSocket up, and tries until Asterisk has booted."""
    text = POWER.format(
        reconnect="{constant: {delay: 1s, connect_timeout: 5s, ping: {interval: 4s, timeout: 2s}}}", mode=mode
    )
    story = Stage(text, "asterisk-22")
    assert story.tries()[0] == (0, 10 * S + 2 * MS, "frozen")
    assert len(story.tries()) == tries + 1
    assert story.tries()[-1][1:] == (None, "")
    assert story.results == ["entered", "entered"]
    assert story.outcomes == ["served", "blocked", "in_progress"]


def test_a_client_may_die_on_a_connection_that_the_power_cut_left_behind() -> None:
    """Its system closes what Asterisk has forgotten: that is nobody's loss, and the next start connects."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR}}
faults:
  - {restart: asterisk, at: 5s, for: 1s, how: power_cut}
  - {crash: ivr, at: 10s, start: 1s}
run: {duration: 20s}
"""
    )
    assert story.tries() == [(0, 10 * S, "closed"), (11 * S, None, "")]
    assert story.away()[1:] == [(5 * S, 11 * S + 1 * MS, "restart")]
