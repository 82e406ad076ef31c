"""Stories of clients that listen: Asterisk connects to them, once and for all or for each call."""

from __future__ import annotations

import pytest

from stasis_sim.errors import InputError
from tests.stories.stage import MS, S, Stage

NEWER = ("documented", "asterisk-22")
"""The profiles of an Asterisk that opens WebSockets."""


def story(kind: str, rest: str, profile: str = "asterisk-22") -> Stage:
    """Play calls to Intro-IVR, which a client serves that listens."""
    return Stage(
        f"""
asterisk:
  ari: |
    [general]
    [asterisk]
    type = user
    password = asterisk
    [to-ivr]
    type = outbound_websocket
    websocket_client_id = ivr
    apps = Intro-IVR
    local_ari_user = asterisk
  websocket_client: |
    [ivr]
    type = websocket_client
    connection_type = {kind}
    uri = ws://ivr:8765/
    connection_timeout = 400
    reconnect_interval = 3000
    reconnect_attempts = 2
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR,en)
     same => n,Hangup()
{rest}
""",
        profile,
    )


def starts(played: Stage) -> list[tuple[int, str, int | None]]:
    """When each StasisStart was raised, its fate, and when it reached the client."""
    return [(raised, fate, delivered) for raised, type_, fate, delivered in played.heard() if type_ == "StasisStart"]


@pytest.mark.parametrize("profile", NEWER)
def test_while_a_persistent_connection_is_down_events_wait(profile: str) -> None:
    """Channels enter, Asterisk tries at once and then each interval, and what waited comes late and first."""
    played = story(
        "persistent",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound}}
calls: [{to: ivr@default, arrivals: {at: [1s, 11s, 20s]}, patience: 30s, hold: 1s}]
faults: [{drop: ivr, at: 10s, for: 5s}]
run: {duration: 30s}
""",
        profile,
    )
    assert played.tries() == [
        (0, 10 * S, "torn"),
        (10 * S, 10 * S + 1 * MS, "refused: network"),
        (13 * S + 1 * MS, 13 * S + 2 * MS, "refused: network"),
        (16 * S + 2 * MS, None, ""),
    ]
    back = 16 * S + 4 * MS
    assert played.away() == [(0, 2 * MS, "start"), (10 * S, back, "torn")]
    assert starts(played) == [
        (1 * S, "delivered", 1 * S + 1 * MS),
        (11 * S, "late", back + 1 * MS),
        (20 * S, "delivered", 20 * S + 1 * MS),
    ]
    assert (back, "ApplicationRegistered", "delivered", back + 1 * MS) in played.heard()
    assert [(each.at, each.first_command) for each in played.attempts] == [
        (1 * S, 1 * S + 4 * MS),
        (11 * S, back + 4 * MS),
        (20 * S, 20 * S + 4 * MS),
    ]
    assert played.results == ["entered"] * 3
    assert played.outcomes == ["served"] * 3
    assert played.touched == (3,)  # the connection, and two tries
    measures = played.measures["apps"]["Intro-IVR"]
    assert measures["registered"] == 1
    assert measures["availability"] == (30 * S - 2 * MS - (back - 10 * S)) / (30 * S)


@pytest.mark.parametrize("profile", NEWER)
def test_a_connection_for_each_call_costs_time_and_fails_after_the_tries(profile: str) -> None:
    """Stasis() waits half a second for it, or fails when two tries have; it is closed after the call."""
    played = story(
        "per_call_config",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound}}
calls: [{to: ivr@default, arrivals: {at: [1s, 11s, 14s]}, patience: 30s, hold: 1s}]
faults: [{drop: ivr, at: 10s, for: 5s}]
run: {duration: 30s}
""",
        profile,
    )
    # A caller hangs up a second after the answer; half a second later the dialplan goes on, three later it is closed.
    gone = 2 * S + 504 * MS
    assert played.tries() == [
        (1 * S, gone + 3500 * MS, "closed"),
        (11 * S, 11 * S + 1 * MS, "refused: network"),
        (14 * S, 14 * S + 1 * MS, "refused: network"),
        (14 * S + 1 * MS, 14 * S + 2 * MS, "refused: network"),
        (17 * S + 1 * MS, 22 * S + 4 * MS, "closed"),
    ]
    assert [(each.app, each.at, each.result, each.reason, each.left) for each in played.attempts] == [
        ("Intro-IVR", 1 * S, "entered", "", gone),
        ("Intro-IVR", 11 * S, "ejected", "connect_failed", None),
        ("Intro-IVR", 14 * S, "entered", "", 18 * S + 504 * MS),
    ]
    assert starts(played) == [
        (1 * S + 500 * MS, "delivered", 1 * S + 501 * MS),
        (17 * S + 500 * MS, "delivered", 17 * S + 501 * MS),
    ]
    assert played.outcomes == ["served", "dropped", "served"]
    assert played.away() == [(10 * S, 15 * S, "torn")]


def test_a_frozen_persistent_link_looks_alive() -> None:
    """Asterisk does not connect anew: what it writes piles up on the link and comes late."""
    played = story(
        "persistent",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound}}
calls: [{to: ivr@default, arrivals: {at: 11s}, patience: 30s, hold: 1s}]
faults: [{freeze: ivr, at: 10s, for: 5s}]
run: {duration: 30s}
""",
    )
    assert played.tries() == [(0, None, "")]
    assert played.away()[1:] == [(10 * S, 15 * S, "frozen")]
    assert starts(played) == [(11 * S, "late", 15 * S + 1 * MS)]


def test_a_try_at_a_frozen_link_takes_the_connection_timeout() -> None:
    """Nobody answers: each try is over after connection_timeout, and the call fails after the last."""
    played = story(
        "per_call_config",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound}}
calls: [{to: ivr@default, arrivals: {at: 11s}}]
faults: [{freeze: ivr, at: 10s, for: 15s}]
run: {duration: 30s}
""",
    )
    assert played.tries() == [
        (11 * S, 11 * S + 400 * MS, "refused: timeout"),
        (14 * S + 400 * MS, 14 * S + 800 * MS, "refused: timeout"),
    ]
    assert played.results == ["ejected connect_failed"]
    (call,) = played.calls
    assert call.ended == 15 * S  # Stasis() looks every half second
    assert played.away() == [(10 * S, 25 * S, "frozen")]


def test_a_program_that_does_not_run_refuses() -> None:
    """Before its start and after its crash tries fail at once; what waits in Asterisk outlives the crash."""
    played = story(
        "persistent",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound, start: 2s}}
calls: [{to: ivr@default, arrivals: {at: [1s, 11s]}, patience: 30s, hold: 1s}]
faults: [{crash: ivr, at: 10s, start: 2s}]
run: {duration: 20s}
""",
    )
    again = 3 * S + 1 * MS
    assert played.tries() == [
        (0, 1 * MS, "refused: not_listening"),
        (again, 10 * S, "closed"),
        (10 * S, 10 * S + 1 * MS, "refused: not_listening"),
        (13 * S + 1 * MS, None, ""),
    ]
    assert played.away() == [(0, again + 2 * MS, "start"), (10 * S, 13 * S + 3 * MS, "crash")]
    assert starts(played) == [(1 * S, "late", again + 3 * MS), (11 * S, "late", 13 * S + 4 * MS)]
    assert played.outcomes == ["served", "served"]


def test_a_call_whose_own_connection_breaks_is_thrown_out_when_no_try_is_left() -> None:
    """It stays inside while Asterisk tries again; one that comes back in time stays."""
    played = story(
        "per_call_config",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound}}
calls: [{to: ivr@default, arrivals: {at: 1s}, hold: 60s}]
faults: [{drop: ivr, at: [10s, 20s], for: 2s}, {drop: ivr, at: 30s, for: 5s}]
run: {duration: 60s}
""",
    )
    tries = played.tries()
    assert [how for _, _, how in tries] == [
        "torn",
        "refused: network",
        "torn",
        "refused: network",
        "torn",
        "refused: network",
        "refused: network",
    ]
    (attempt,) = played.attempts
    assert (attempt.left, attempt.left_by) == (33 * S + 2 * MS, "failed")
    assert played.fates("StasisEnd") == ["missed"]


def test_a_caller_may_hang_up_while_asterisk_connects() -> None:
    """The attempt is in progress until it fails, and the call ends with it."""
    played = story(
        "per_call_config",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound, start: 1h}}
calls: [{to: ivr@default, arrivals: {at: [11s, 19.9s]}, patience: 200ms}]
run: {duration: 20s}
""",
    )
    assert played.results == ["ejected connect_failed", "in_progress"]
    assert played.outcomes == ["abandoned", "in_progress"]
    assert played.away() == [(0, None, "start")]


@pytest.mark.parametrize("profile", NEWER)
@pytest.mark.parametrize(
    ("pause", "hold", "second"),
    [("2.2", "1h", "entered"), ("2.8", "1h", "ejected forgotten"), ("2.8", "6s", "ejected forgotten")],
)
def test_the_connection_of_an_earlier_visit_takes_the_name_along(
    pause: str, hold: str, second: str, profile: str
) -> None:
    """It is closed three seconds after the call went on: a Stasis() that has not entered by then fails, late."""
    played = story(
        "per_call_config",
        f"""
    exten => again,1,Stasis(Intro-IVR)
     same => n,Wait({pause})
     same => n,Stasis(Intro-IVR)
     same => n,Hangup()
clients: {{ivr: {{apps: Intro-IVR, transport: outbound, on StasisStart: [answer, continue]}}}}
calls: [{{to: again@default, arrivals: {{at: 1s}}, hold: {hold}, kind: local}}]
run: {{duration: 30s}}
""",
        profile,
    )
    assert played.results == ["entered", second]
    left, ended = played.attempts[0].left, played.calls[0].ended
    assert left is not None
    assert ended is not None
    if second != "entered":
        looked = left + 500 * MS + 2800 * MS + 500 * MS
        assert played.attempts[1].at == looked - 500 * MS
        assert ended == looked + 5500 * MS
    assert [how for _, _, how in played.tries()] == ["closed", "closed"]


@pytest.mark.parametrize(("kind", "back"), [("persistent", 15 * S + 2 * MS), ("per_call_config", 15 * S)])
def test_asterisk_connects_when_it_has_booted(kind: str, back: int) -> None:
    """A restart loses what waits and every connection; Asterisk knows the app as soon as it is up again."""
    played = story(
        kind,
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound}}
calls: [{to: ivr@default, arrivals: {at: [9.9s, 20s]}, hold: 1s}]
faults: [{drop: ivr, at: 9s, for: 3s}, {restart: asterisk, at: [10s, 11s], for: 4s}]
run: {duration: 30s}
""",
    )
    assert played.away()[-1] == (9 * S, back, "torn")
    assert played.calls[0].ended == 10 * S
    assert [each.fate for each in played.calls[0].events] == (["lost"] if kind == "persistent" else [])
    assert played.outcomes[1] == "served"
    measures = played.measures["apps"]["Intro-IVR"]
    assert measures["registered"] == 25 / 30


def test_who_is_back_takes_up_the_channels_inside() -> None:
    """With recover: list-channels a program that has crashed asks for them when Asterisk has connected."""
    played = story(
        "persistent",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound, recover: list-channels}}
calls: [{to: ivr@default, arrivals: {at: 1s}, hold: 60s}]
faults: [{crash: ivr, at: 10s, start: 2s}]
run: {duration: 20s}
""",
    )
    assert [(at, method) for at, method, _, _ in played.requests()] == [
        (1 * S + 3 * MS, "POST"),
        (13 * S + 3 * MS, "GET"),
        (13 * S + 6 * MS, "POST"),
    ]


def test_a_frozen_persistent_link_that_takes_no_more_is_replaced() -> None:
    """After the write timeout Asterisk tries to connect, and what follows waits; what the buffer took comes first."""
    played = story(
        "persistent",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound, buffer: 1380B}}
calls: [{to: ivr@default, arrivals: {at: [11s, 12s, 13s, 14s, 15s]}, patience: 30s}]
faults: [{freeze: ivr, at: 10s, for: 10s}]
run: {duration: 30s}
""",
    )
    closed = 14 * S + 100 * MS
    assert played.tries() == [
        (0, closed, "write_timeout"),
        (closed, closed + 400 * MS, "refused: timeout"),
        (closed + 3400 * MS, closed + 3800 * MS, "refused: timeout"),
        (closed + 6800 * MS, None, ""),
    ]
    back = closed + 6802 * MS
    assert starts(played) == [
        *((at * S, "late", 20 * S + 1 * MS) for at in (11, 12, 13)),
        (14 * S, "lost", None),
        (15 * S, "late", back + 1 * MS),
    ]
    assert played.results == ["entered"] * 5
    assert played.away()[1:] == [(10 * S, back, "frozen")]


def test_a_call_whose_own_connection_takes_no_more_gets_another() -> None:
    """The call stays inside, what could not be written is lost, and later events come over the new connection."""
    played = story(
        "per_call_config",
        """
clients:
  ivr:
    apps: Intro-IVR
    transport: outbound
    buffer: 1kB
    inbox: 1
    service: 1s
    on StasisStart: [answer, {set: {A: 1, B: 2, C: 3}}]
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 30s}
""",
    )
    closed = 2 * S + 611 * MS
    assert played.tries() == [(1 * S, closed, "write_timeout"), (closed, None, "")]
    assert [(raised, fate) for raised, type_, fate, _ in played.heard() if type_ == "ChannelVarset"] == [
        (2 * S + 505 * MS, "delivered"),
        (2 * S + 508 * MS, "delivered"),
        (2 * S + 511 * MS, "lost"),
    ]
    assert (closed + 2 * MS, "ApplicationRegistered", "delivered", 5 * S + 503 * MS) in played.heard()
    assert [(each.result, each.left) for each in played.attempts] == [("entered", None)]


def test_a_listening_program_may_die_of_an_error_too() -> None:
    """Asterisk finds nobody until the supervisor has it back, and then connects by its own timer."""
    played = story(
        "persistent",
        """
clients:
  ivr:
    apps: Intro-IVR
    transport: outbound
    on StasisStart: answer
    on StasisEnd: hangup
    on_error: crashes
    supervisor: 4s
calls: [{to: ivr@default, arrivals: {at: 1s}, hold: 1s, kind: local}]
run: {duration: 30s}
""",
    )
    assert [cause for _, _, cause in played.away()] == ["start", "crash"]
    first, *refused, last = played.tries()
    assert first[2] == "closed"
    assert [how for _, _, how in refused] == ["refused: not_listening"] * 2
    assert last[1:] == (None, "")


def test_a_listening_program_subscribes_to_nothing_at_run_time() -> None:
    """Who to ask, and for which app, is not simulated where Asterisk connects, so the key is refused."""
    with pytest.raises(InputError, match=r"clients\.ivr\.subscribe: not simulated of a client that listens; remove it"):
        story(
            "persistent",
            "clients: {ivr: {apps: Intro-IVR, transport: outbound, subscribe: channel}}\nrun: {duration: 1s}",
        )


def test_a_listening_program_hears_of_no_way_out_when_it_is_replaced() -> None:
    """Asterisk alone ends the WebSockets that it has opened, so the key is refused."""
    with pytest.raises(InputError, match=r"clients\.ivr\.on_replaced: says nothing of a client that listens"):
        story(
            "persistent",
            "clients: {ivr: {apps: Intro-IVR, transport: outbound, on_replaced: reconnects}}\nrun: {duration: 1s}",
        )
