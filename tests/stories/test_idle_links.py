"""Stories of links that something on the way forgets when nothing has passed for a while."""

from __future__ import annotations

import pytest

from tests.stories.stage import FORGETFUL, MS, PROFILES, S, Stage, carried_out
from tests.stories.test_outbound import starts, story

NO_PING = "{constant: 1s}"


def quiet(
    idle: str, reconnect: str = NO_PING, calls: str = "[10s, 200s, 210s]", faults: str = "[]", profile: str = ""
) -> Stage:
    """A few calls with a long silence in between, to a client behind something that forgets."""
    return Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, idle_timeout: {idle}, reconnect: {reconnect}}}}}
calls: [{{to: ivr@default, arrivals: {{at: {calls}}}, patience: 5s, hold: 1s, kind: local}}]
faults: {faults}
run: {{duration: 10min}}
""",
        profile or "asterisk-22",
    )


def pinging(interval: str) -> str:
    """Pings, the first an interval after 2 ms, and 5 s of patience."""
    return f"{{constant: {{delay: 1s, ping: {{interval: {interval}, timeout: 5s}}}}}}"


LAST = 11 * S + 4 * MS
"""When the last message of the first call is written: its StasisEnd."""


@pytest.mark.parametrize("profile", PROFILES)
def test_a_silence_that_is_too_long_strands_all_later_callers(profile: str) -> None:
    """Neither end hears that the connection is forgotten: the app stays registered, and nobody is there."""
    told = quiet("60s", profile=profile)
    assert told.outcomes == ["served", "stranded", "stranded"]
    assert told.fates("StasisStart") == ["delivered", "lost", "lost"]
    assert told.tries() == [(0, None, "frozen")]
    last = carried_out(profile, LAST, since=11 * S)
    assert told.away()[1:] == [(last + 60 * S, None, "frozen")]
    assert [each.noticed for each in told.outages[1:]] == [None]
    assert told.measures["apps"]["Intro-IVR"]["registered"] == (600 * S - 1 * MS) / (600 * S)


def test_each_message_puts_it_off() -> None:
    """Callers that come often enough keep the connection alive; a gap of an idle timeout is one too much."""
    often = ", ".join(f"{10 + 60 * number}s" for number in range(9))
    assert quiet("60s", calls=f"[{often}]").outcomes == ["served"] * 9
    exact = quiet("58996ms", calls=f"[{often}]")
    assert exact.outcomes == ["served", *["stranded"] * 8]
    assert quiet("58997ms", calls=f"[{often}]").outcomes == ["served"] * 9


@pytest.mark.parametrize(("interval", "kept"), [("30s", True), ("59s", True), ("60s", False)])
def test_pings_that_are_more_frequent_keep_it_alive(interval: str, *, kept: bool) -> None:
    """A ping passes like a message, and so does its pong."""
    told = quiet("60s", pinging(interval), calls="[9min]")
    assert (told.tries() == [(0, None, "")]) is kept


def test_pings_that_are_too_rare_notice_it() -> None:
    """The client comes back a timeout after the first ping that was lost, and takes its app from the dead half."""
    told = quiet("60s", pinging("90s"), calls="[70s, 100s, 170s]")
    assert told.tries()[:2] == [(0, 95_002 * MS, "frozen"), (96_002 * MS, 191_004 * MS, "frozen")]
    assert told.outcomes == ["stranded", "served", "stranded"]
    assert told.fates("ApplicationReplaced")[0] == "lost"
    assert told.away()[1] == (60_001 * MS, 96_003 * MS, "frozen")


@pytest.mark.parametrize(("keepalive", "kept"), [("45s", True), ("150s", False)])
def test_keepalive_of_tcp_counts_where_it_is_shorter(keepalive: str, *, kept: bool) -> None:
    """It probes at least as often as it would notice a dead link; a longer one notices."""
    told = quiet("60s", f"{{constant: {{delay: 1s, keepalive: {keepalive}}}}}", calls="[9min]")
    assert told.tries()[0] == ((0, None, "") if kept else (0, 210_001 * MS, "frozen"))


@pytest.mark.parametrize("profile", FORGETFUL)
def test_a_reset_tells_asterisk_alone(profile: str) -> None:
    """It writes and is told: one caller is stranded, the next are ejected, and who does not ping stays away."""
    told = quiet("{after: 60s, then: reset}", profile=profile)
    assert told.outcomes == ["served", "stranded", "dropped"]
    assert told.fates("StasisStart") == ["delivered", "lost"]
    assert told.tries() == [(0, 200 * S, "torn")]
    (away,) = told.outages[1:]
    last = carried_out(profile, LAST, since=11 * S)
    assert (away.start, away.noticed, away.end, away.cause) == (last + 60 * S, 200 * S, None, "frozen")


def test_a_client_whose_half_is_gone_is_told_at_its_next_ping() -> None:
    """Asterisk knows since its write; the ping is answered with a reset, and the policy begins."""
    told = quiet("{after: 60s, then: reset}", pinging("170s"), calls="[10s, 80s, 90s, 171.5s]")
    assert told.outcomes == ["served", "stranded", "dropped", "served"]
    assert told.tries()[:2] == [(0, 80 * S, "torn"), (171_002 * MS, 340_004 * MS + 1 * S, "torn")]


def test_a_reset_tells_a_client_that_writes_first_alone() -> None:
    """It is back before Asterisk has written: that half is replaced, and torn by the message that says so."""
    told = quiet("{after: 60s, then: reset}", pinging("90s"), calls="[100s]")
    assert told.tries()[0] == (0, 90_002 * MS, "torn")
    assert told.outcomes == ["served"]
    assert told.fates("ApplicationReplaced")[0] == "lost"
    assert told.away()[1] == (60_001 * MS, 91_003 * MS, "frozen")


def test_a_freeze_may_be_too_long() -> None:
    """Nothing passes meanwhile: after the thaw the connection is forgotten, or it is not yet."""
    freeze = "[{{freeze: ivr, at: 12s, for: {lasts}s}}]"
    told = quiet("60s", faults=freeze.format(lasts=59), calls="[10s, 20s]")
    assert told.away()[1:] == [(12 * S, 71 * S, "frozen"), (131 * S, None, "frozen")]
    assert told.fates("StasisStart") == ["delivered", "late"]
    told = quiet("60s", faults=freeze.format(lasts=60), calls="[10s, 20s, 73s]")
    assert told.away()[1:] == [(12 * S, None, "frozen")]
    assert told.fates("StasisStart") == ["delivered", "lost", "lost"]
    told = quiet("{after: 60s, then: reset}", faults=freeze.format(lasts=65), calls="[10s, 71.5s, 80s]")
    assert told.tries() == [(0, 80 * S, "torn")]


def test_a_stall_keeps_pings_back() -> None:
    """A program that does nothing sends none, and its connection is forgotten meanwhile."""
    stall = "[{{stall: ivr, at: 29s, for: {lasts}s}}]"
    assert quiet("60s", pinging("30s"), calls="[200s]", faults=stall.format(lasts=31)).tries() == [(0, None, "")]
    told = quiet("60s", pinging("30s"), calls="[200s]", faults=stall.format(lasts=41))
    assert told.tries() == [(0, 75 * S, "frozen"), (76 * S, None, "")]


def test_asterisk_opens_a_new_one_where_it_is_told() -> None:
    """A persistent outbound WebSocket that is reset is opened again at once, and later events wait for that."""
    played = story(
        "persistent",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound, idle_timeout: {after: 60s, then: reset}}}
calls: [{to: ivr@default, arrivals: {at: [100s, 100.0005s, 110s]}, patience: 5s}]
run: {duration: 150s}
""",
    )
    assert starts(played) == [
        (100 * S, "lost", None),
        (100_000_500, "late", 100_003 * MS),
        (110 * S, "delivered", 110_001 * MS),
    ]
    assert played.tries() == [(0, 100 * S, "torn"), (100 * S, None, "")]
    assert played.away()[1:] == [(60_002 * MS, 100_002 * MS, "frozen")]


def test_what_a_stalled_program_reads_has_passed_before() -> None:
    """What is written until the caller hangs up at 17 s is read at 40 s: the idle time counts from 17 s on."""
    told = quiet("60s", calls="[12s]", faults="[{stall: ivr, at: 11s, for: 29s}]")
    assert starts(told) == [(12 * S, "delivered", 40 * S)]
    assert told.away()[1] == (77 * S, None, "frozen")
