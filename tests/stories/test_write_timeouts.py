"""Stories of readers that are too slow or have stopped: the buffers fill up, and Asterisk gives the connection up."""

from __future__ import annotations

import pytest

from tests.stories.stage import FORGETFUL, MS, S, Stage

START = 460
"""How many bytes StasisStart is long."""


def frozen(*, octets: int, faults: str, reconnect: str = "at_once", calls: str = "[11s, 12s, 13s, 14s, 15s]") -> Stage:
    """Calls that nobody hears of: the link is frozen from the tenth second on, with a buffer of so many bytes."""
    return Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, buffer: {octets}B, reconnect: {reconnect}}}}}
calls: [{{to: ivr@default, arrivals: {{at: {calls}}}, kind: local}}]
faults: [{faults}]
run: {{duration: 40s}}
""",
        "asterisk-22",
    )


def test_a_frozen_link_that_takes_no_more_is_closed() -> None:
    """The write that finds no room for 100 ms is the last one: lost, and the app is not active from then on."""
    told = frozen(octets=3 * START, faults="{freeze: ivr, at: 10s, for: 15s}")
    assert told.fates("StasisStart") == ["late", "late", "late", "lost"]
    assert told.results == ["entered", "entered", "entered", "entered", "ejected not_active"]
    assert told.tries() == [(0, 14 * S + 100 * MS, "write_timeout"), (25 * S + 1 * MS, None, "")]
    (_, away) = told.outages
    assert (away.start, away.noticed, away.end) == (10 * S, 14 * S + 100 * MS, 25 * S + 2 * MS)
    assert away.cause == "frozen"


def test_what_fits_to_the_byte_fits() -> None:
    """One byte less is too little."""
    fault = "{freeze: ivr, at: 10s, for: 15s}"
    assert frozen(octets=5 * START, faults=fault).tries() == [(0, None, "")]
    assert frozen(octets=5 * START - 1, faults=fault).tries()[0] == (0, 15 * S + 100 * MS, "write_timeout")


def test_a_link_that_thaws_in_time_is_kept() -> None:
    """The write waits for less than the write timeout, and comes late like what was before it."""
    told = frozen(octets=3 * START, faults="{freeze: ivr, at: 10s, for: 4099ms}")
    assert told.fates("StasisStart") == ["late", "late", "late", "late", "delivered"]
    assert told.tries() == [(0, None, "")]


def test_what_is_missed_while_the_client_hears_nothing() -> None:
    """Without a thaw the client never hears of the end, and what the buffer had taken never comes."""
    told = frozen(octets=3 * START, faults="{freeze: ivr, at: 10s}")
    assert told.fates("StasisStart") == ["lost"] * 4
    assert told.tries() == [(0, 14 * S + 100 * MS, "write_timeout")]


def test_a_client_that_pings_gives_up_first() -> None:
    """It has gone before, and Asterisk notices by the write that takes too long."""
    ping = "{at_once: {ping: {interval: 1s, timeout: 1s}}}"
    told = frozen(octets=3 * START, faults="{freeze: ivr, at: 10s, for: 25s}", reconnect=ping)
    assert told.tries()[0] == (0, 11 * S + 2 * MS, "frozen")
    assert told.outages[1].noticed == 14 * S + 100 * MS
    assert told.results[4] == "ejected not_active"


SLOW = """
asterisk:
  profile: {profile}
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Hangup()
  ari: |
    [general]
    websocket_write_timeout = {timeout}
    [asterisk]
    type = user
    password = asterisk
clients:
  ivr: {{apps: Intro-IVR, inbox: 2, buffer: {buffer}B, service: 1s, reconnect: {{constant: 5s}}, on StasisStart: []}}
calls: [{{to: ivr@default, arrivals: {{at: {at}}}, kind: local}}]
run: {{duration: 60s}}
"""


def slow(calls: int, *, buffer: int, timeout: int = 100, profile: str = "asterisk-22") -> Stage:
    """So many calls in one instant for a client that takes a second for each and holds two."""
    at = [f"{10_000 + number}ms" for number in range(calls)]
    return Stage(SLOW.format(profile=profile, timeout=timeout, buffer=buffer, at=f"[{', '.join(at)}]"))


def test_a_slow_reader_reads_when_it_has_room() -> None:
    """An event is delivered when one of the two before it is done; the buffer takes the rest."""
    told = slow(5, buffer=3 * START)
    arrived = 10 * S + 1 * MS
    assert [at for _, type_, _, at in told.heard() if type_ == "StasisStart"] == [
        arrived,
        arrived + 1 * MS,
        *(arrived + wait * S for wait in (1, 2, 3)),
    ]
    assert told.tries() == [(0, None, "")]


@pytest.mark.parametrize("profile", FORGETFUL)
def test_a_burst_before_a_slow_reader_ends_its_connection(profile: str) -> None:
    """The sixth event finds no room for 100 ms: the app is away, which the client hears when it has read the rest."""
    told = slow(8, buffer=3 * START, profile=profile)
    assert told.fates("StasisStart") == [*["delivered"] * 5, *["lost"] * 3]
    closed = 10 * S + 5 * MS + 100 * MS
    read = 13 * S + 1 * MS
    assert told.tries() == [(0, closed, "write_timeout"), (read + 5 * S, None, "")]
    assert told.away()[1:] == [(closed, read + 5 * S + 1 * MS, "write_timeout")]
    assert told.connections[0].missed == 3


def test_a_longer_write_timeout_waits_for_the_reader() -> None:
    """With 5 s each write finds room in time, and all that follows waits behind it."""
    told = slow(8, buffer=3 * START, timeout=5000)
    assert told.fates("StasisStart") == ["delivered"] * 8
    assert told.tries() == [(0, None, "")]


def test_a_thousand_big_events_into_a_stopped_reader() -> None:
    """As measured: some 4 MB are taken, the next write ends the connection, and what follows is missed.

    The measurement had 1,000 events of 4.3 kB; events here are 460 bytes long, so there are as many more of them.
    A socket of Linux takes as many bytes in such pieces.
    """
    told = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: []}}
calls: [{to: ivr@default, arrivals: {every: 1ms}, count: 9500, kind: local}]
faults: [{freeze: ivr, at: 0.5s, for: 1h}]
run: {duration: 20s}
""",
        "asterisk-22",
    )
    fates = told.fates("StasisStart")
    before = 499
    taken = 4_000_000 // START
    assert fates[:before] == ["delivered"] * before
    assert fates.count("pending") == taken
    assert told.connections[0].how == "write_timeout"
    assert told.results.count("ejected not_active") == 9500 - len(fates)
    assert fates.count("lost") == len(fates) - before - taken
