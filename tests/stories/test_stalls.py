"""Stories of programs whose event loop stalls: they do nothing for a while, and their links stand."""

from __future__ import annotations

import pytest

from tests.stories.stage import FORGETFUL, MS, S, Stage
from tests.stories.test_outbound import starts, story


def stalled(client: str, faults: str, calls: str, duration: str = "60s", profile: str = "asterisk-22") -> Stage:
    """Play calls to a client that stalls."""
    return Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, {client}}}}}
calls: [{{to: ivr@default, arrivals: {{at: {calls}}}, kind: local}}]
faults: [{faults}]
run: {{duration: {duration}}}
""",
        profile,
    )


FIVE = "{stall: ivr, at: 10s, for: 5s}"
"""Nothing is done from 10 s to 15 s."""


def test_what_arrives_meanwhile_is_read_and_handled_afterwards() -> None:
    """Calls enter, their events lie in the program's system until it goes on, and nothing is lost or late."""
    told = stalled("service: 2ms", FIVE, "[9.9995s, 11s, 12s, 14.9995s]")
    heard = [(raised, fate, at) for raised, type_, fate, at in told.heard() if type_ == "StasisStart"]
    assert heard == [
        (9_999_500, "delivered", 15 * S),  # on its way when it stalls
        (11 * S, "delivered", 15 * S),
        (12 * S, "delivered", 15 * S),
        (14_999_500, "delivered", 15_000_500),  # on its way when it goes on
    ]
    assert [at for at, *_ in told.requests()] == [15 * S + done * MS for done in (2, 4, 6, 8)]
    assert told.results == ["entered"] * 4
    assert told.touched == (1,)
    assert told.tries() == [(0, None, "")]
    assert told.away()[1:] == []


def test_work_that_has_begun_goes_on_afterwards() -> None:
    """Who is busy needs as much longer as the stall lasts; who waits behind begins after that."""
    told = stalled("service: 1s", FIVE, "[9.399s, 9.499s]")
    assert [at for at, *_ in told.requests()] == [10_400 * MS + 5 * S, 11_400 * MS + 5 * S]


def test_each_of_several_workers_stops() -> None:
    """Both have begun, the third message waits for the first of them to be done, the fourth comes meanwhile."""
    told = stalled("service: 1s, workers: 2", FIVE, "[9.399s, 9.499s, 9.599s, 12s]")
    ends = [10_400 * MS, 10_500 * MS, 11_400 * MS, 11_500 * MS]
    assert [at for at, *_ in told.requests()] == [end + 5 * S for end in ends]


def test_handlers_send_nothing_meanwhile() -> None:
    """The next request, and a wait whose turn comes, begin when the program goes on."""
    told = stalled("on StasisStart: [answer, {wait: 1s}, ring, {set: {A: 1, B: 2}}]", FIVE, "[8.988s, 8.99s, 9.994s]")
    by_call: dict[str, list[int]] = {}
    for at, _, path, status in told.requests():
        by_call.setdefault(path.partition("/")[0], []).append(at)
        assert status == 204
    first, second, third = (by_call[f"c{number}"] for number in (1, 2, 3))
    assert first == [8_991 * MS, 9_994 * MS, 9_997 * MS, 15 * S]
    assert second == [8_993 * MS, 9_996 * MS, 9_999 * MS, 15 * S]
    assert third == [9_997 * MS, 16 * S, 16_003 * MS, 16_006 * MS]


def test_the_end_of_a_playback_is_noticed_afterwards() -> None:
    """PlaybackFinished had come, was on its way, or came meanwhile; who waits for it goes on when it is handled."""
    todo = "latency: 500ms, on StasisStart: [answer, {play: 3s}, continue]"
    told = stalled(todo, "{stall: ivr, at: 10s, for: 5s}", "[3.7s, 4.5s, 5s]")
    continued = [at for at, _, path, _ in told.requests() if path.endswith("/continue")]
    assert continued == [9_205 * MS, 15_002 * MS, 15_006 * MS]
    assert told.outcomes == ["served"] * 3


def test_a_stall_that_overlaps_ends_with_the_later_one() -> None:
    """Two at a time are not added up."""
    faults = "{stall: ivr, at: 10s, for: 5s}, {stall: ivr, at: 12s, for: 6s}, {stall: ivr, at: 13s, for: 1s}"
    told = stalled("service: 2ms", faults, "[11s]")
    assert [at for at, *_ in told.requests()] == [18_002 * MS]
    assert told.touched == (1, 1, 1)
    told = stalled("service: 1s", faults, "[9.399s]")
    assert [at for at, *_ in told.requests()] == [18_400 * MS]


def test_a_program_that_does_not_run_cannot_stall() -> None:
    """Before its start, and after its end, there is nothing to hit."""
    faults = "{stall: ivr, at: [1s, 20s], for: 1s}, {drop: ivr, at: 10s}"
    assert stalled("start: 5s, reconnect: {none: {gives_up: crashes}}", faults, "1h").touched[0] == 0


# ---- links -------------------------------------------------------------------------


@pytest.mark.parametrize("profile", FORGETFUL)
def test_a_loss_is_noticed_afterwards(profile: str) -> None:
    """Asterisk knows at once; the program when it goes on, and its policy begins then. What it had not read is lost."""
    told = stalled("reconnect: {constant: 2s}", f"{FIVE}, {{drop: ivr, at: 12s}}", "[11s, 13s, 20s]", profile=profile)
    assert told.tries() == [(0, 12 * S, "torn"), (17 * S, None, "")]
    assert told.fates("StasisStart") == ["lost", "delivered"]
    assert told.results[1].startswith("ejected")
    assert told.away()[1:] == [(12 * S, 17_001 * MS, "torn")]


def test_a_try_is_not_answered_meanwhile() -> None:
    """A wait before a try that ends meanwhile, and an answer that comes meanwhile, are noticed afterwards."""
    told = stalled("reconnect: {constant: 2s}", "{drop: ivr, at: 9s}, {stall: ivr, at: 10s, for: 5s}", "1h")
    assert told.tries() == [(0, 9 * S, "torn"), (15 * S, None, "")]
    told = stalled("latency: 500ms", "{stall: ivr, at: 700ms, for: 5s}, {freeze: ivr, at: 3s, for: 1s}", "[1s]")
    assert starts(told) == [(1 * S, "late", 5_700 * MS)]


def test_a_crash_ends_a_stall() -> None:
    """What was not read is lost, handlers send nothing more, and the new process is awake."""
    todo = "on StasisStart: [answer, {wait: 1s}, ring]"
    told = stalled(todo, f"{FIVE}, {{crash: ivr, at: 12s, start: 1s}}", "[9.5s, 11s, 14s]")
    assert [at for at, *_ in told.requests()] == [9_503 * MS, 14_003 * MS, 15_006 * MS]
    assert told.fates("StasisStart") == ["delivered", "lost", "delivered"]


def test_a_long_stall_fills_the_buffer() -> None:
    """The program's system takes what fits; the next write ends the connection, and the program hears it in the end."""
    told = stalled("buffer: 1380B", FIVE, "[11s, 12s, 13s, 14s, 14.5s]")
    assert told.fates("StasisStart") == ["delivered", "delivered", "delivered", "lost"]
    assert told.results[4] == "ejected not_active"
    assert told.tries() == [(0, 14_100 * MS, "write_timeout"), (16 * S, None, "")]
    assert told.away()[1:] == [(14_100 * MS, 16_001 * MS, "write_timeout")]


def test_a_stall_holds_up_a_full_inbox_for_longer() -> None:
    """What it would have read in time it does not read: a write that was to find room ends the connection."""
    client = "inbox: 1, buffer: 1380B, service: 50ms, on StasisStart: []"
    calls = "[9.99s, 9.991s, 9.992s, 9.993s, 9.994s]"
    assert stalled(client, "{stall: ivr, at: 30s, for: 1s}", calls).tries() == [(0, None, "")]
    told = stalled(client, FIVE, calls)
    assert told.tries()[0] == (0, 10_100 * MS, "write_timeout")
    assert told.fates("StasisStart") == [*["delivered"] * 4, "lost"]


# ---- pings -------------------------------------------------------------------------


PINGING = "reconnect: {constant: {delay: 1s, ping: {interval: 10s, timeout: 5s}}}"
"""Pings at 10.002 s, 20.002 s, …"""


def test_a_stall_alone_costs_no_connection() -> None:
    """A ping that falls due meanwhile is sent afterwards, and its pong comes in time."""
    told = stalled(PINGING, "{stall: ivr, at: 9s, for: 30s}", "1h", "100s")
    assert told.tries() == [(0, None, "")]


@pytest.mark.parametrize(
    ("faults", "noticed"),
    [
        ("{stall: ivr, at: 9s, for: 2s}, {freeze: ivr, at: 9.5s, for: 1h}", 16 * S),
        ("{stall: ivr, at: 9s, for: 2s}, {freeze: ivr, at: 8s, for: 1h}", 16 * S),
        ("{stall: ivr, at: 9s, for: 2s}, {freeze: ivr, at: 10.5s, for: 1h}", 16 * S),
        ("{stall: ivr, at: 9s, for: 2s}, {freeze: ivr, at: 11.001s, for: 1h}", 25_002 * MS),
        ("{stall: ivr, at: 12s, for: 8s}, {freeze: ivr, at: 9s, for: 1h}", 20 * S),
        ("{stall: ivr, at: [9s, 15s], for: 4s}, {freeze: ivr, at: 9s, for: 1h}", 19 * S),
    ],
)
def test_a_stalled_program_pings_and_looks_at_its_time_outs_afterwards(faults: str, noticed: int) -> None:
    """The first ping that is sent since the freeze decides, whenever that is."""
    assert stalled(PINGING, faults, "1h", "60s").tries()[0] == (0, noticed, "frozen")


def test_a_pong_that_came_meanwhile_counts() -> None:
    """The link thaws while the program stalls: it finds the pong before it looks at the time."""
    told = stalled(PINGING, "{stall: ivr, at: 12s, for: 8s}, {freeze: ivr, at: 9s, for: 7s}", "[10s]", "60s")
    assert told.tries() == [(0, None, "")]
    assert starts(told) == [(10 * S, "late", 20 * S)]


# ---- clients that listen -----------------------------------------------------------


def test_a_listener_that_stalls_takes_a_connection_afterwards() -> None:
    """Asterisk's try waits for it as long as connection_timeout lets it, here 400 ms."""
    played = story(
        "persistent",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound}}
calls: [{to: ivr@default, arrivals: {at: [11s]}, patience: 30s, hold: 1s}]
faults: [{stall: ivr, at: 10s, for: 3.7s}, {drop: ivr, at: 10.1s}]
run: {duration: 30s}
""",
    )
    assert played.tries() == [
        (0, 10_100 * MS, "torn"),
        (10_100 * MS, 10_500 * MS, "refused: timeout"),
        (13_500 * MS, None, ""),
    ]
    assert starts(played) == [(11 * S, "late", 13_702 * MS)]


def test_what_was_written_to_a_connection_that_is_closed_by_now_is_read_afterwards() -> None:
    """The WebSocket of a call is closed behind its last event; a program that stalls has that one yet to read."""
    played = story(
        "per_call_config",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound, inbox: 1, service: 4s, on StasisStart: []}}
calls: [{to: ivr@default, arrivals: {at: 1s}, hold: 1s, patience: 1s}]
faults: [{stall: ivr, at: 6s, for: 10s}]
run: {duration: 30s}
""",
    )
    ends = [(fate, at) for _, type_, fate, at in played.heard() if type_ == "StasisEnd"]
    assert ends == [("delivered", 19_501 * MS)]
