"""Stories of a firewall that lets nothing new through: what stands goes on, and requests do not get to Asterisk."""

from __future__ import annotations

import pytest

from tests.stories.stage import MS, S, Stage
from tests.stories.test_outbound import story as outbound

FOUR_SECONDS_EACH = "on StasisStart: [answer, {wait: 4s}, continue]"


def commands(story: Stage) -> list[tuple[int, str, int | None, str]]:
    """When each command was sent, what it was, and its answer."""
    return [(each.at, "/".join(each.path.split("/")[-2:]), each.status, each.reason) for each in story.commands]


def test_events_pass_and_requests_come_when_their_syn_is_let_through() -> None:
    """Two callers: the program hears of both at once, pings, and its commands come late, those of the later one first.

    The SYN of c1's continue is sent at 5.006 and 1, 3 and 7 s after that, that of c2's answer at 6.003 and so on; from
    9 s on they pass.
    """
    story = Stage(
        f"""
clients:
  ivr:
    apps: Intro-IVR
    {FOUR_SECONDS_EACH}
    reconnect: {{constant: {{delay: 1s, ping: {{interval: 1s, timeout: 500ms}}}}}}
calls: [{{to: ivr@default, arrivals: {{at: [1s, 6s]}}}}]
faults: [{{shut_out: ivr, at: 4s, for: 5s, mode: blackhole}}]
run: {{duration: 30s}}
""",
        "asterisk-22",
    )
    assert commands(story) == [
        (1 * S + 3 * MS, "c1/answer", 204, ""),
        (5 * S + 6 * MS, "c1/continue", 204, ""),
        (6 * S + 3 * MS, "c2/answer", 204, ""),
        (13 * S + 6 * MS, "c2/continue", 204, ""),
    ]
    assert story.heard() == [
        (1 * S, "StasisStart", "delivered", 1 * S + 1 * MS),
        (1 * S + 4 * MS, "ChannelStateChange", "delivered", 1 * S + 5 * MS),
        (6 * S, "StasisStart", "delivered", 6 * S + 1 * MS),
        (9 * S + 4 * MS, "ChannelStateChange", "delivered", 9 * S + 5 * MS),
        (12 * S + 7 * MS, "StasisEnd", "delivered", 12 * S + 8 * MS),
        (13 * S + 7 * MS, "StasisEnd", "delivered", 13 * S + 8 * MS),
    ]
    assert story.tries() == [(0, None, "")]
    assert story.away()[1:] == []
    assert story.touched == (2,)


def test_what_is_refused_fails_at_once_and_the_caller_waits_in_vain() -> None:
    """The program hears of the caller, its answer is refused, and it does not try again: he gives up unanswered."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR}}
calls: [{to: ivr@default, arrivals: {at: 5s}, patience: 10s}]
faults: [{shut_out: ivr, at: 4s, for: 3s}]
run: {duration: 30s}
"""
    )
    assert commands(story) == [(5 * S + 3 * MS, "c1/answer", 0, "network")]
    assert story.fates("StasisStart") == ["delivered"]
    assert story.outcomes == ["unanswered"]
    assert story.calls[0].ended == 15 * S


@pytest.mark.parametrize(
    ("mode", "tries"),
    [
        ("refuse", [(0, 5 * S, "torn"), (6 * S, 6 * S + 2 * MS, "refused: network"), (7 * S + 2 * MS, None, "")]),
        ("blackhole", [(0, 5 * S, "torn"), (6 * S, 8 * S, "refused: timeout"), (9 * S, None, "")]),
    ],
)
def test_a_websocket_that_is_lost_meanwhile_does_not_come_back(mode: str, tries: list[object]) -> None:
    """A new WebSocket is new as well: it is refused or hears nothing, until the firewall is open again."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {{constant: {{delay: 1s, connect_timeout: 2s}}}}}}}}
faults:
  - {{shut_out: ivr, at: 4s, for: 3s, mode: {mode}}}
  - {{drop: ivr, at: 5s}}
run: {{duration: 30s}}
"""
    )
    assert story.tries() == tries
    assert story.touched == (1, 1)


def test_a_request_is_given_up_when_no_syn_is_let_through() -> None:
    """Linux sends seven, the last 63 s after the first, and gives up after 127 s: the handler ends there."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR}}
calls: [{to: ivr@default, arrivals: {at: 5s}, patience: 3min}]
faults: [{shut_out: ivr, at: 4s, for: 64s, mode: blackhole}, {shut_out: ivr, at: 60s, for: 30s, mode: blackhole}]
run: {duration: 5min}
"""
    )
    assert commands(story) == [(5 * S + 3 * MS, "c1/answer", 0, "timeout")]
    assert story.outcomes == ["unanswered"]
    assert story.touched == (1, 0)


def test_a_program_that_dies_takes_its_requests_with_it() -> None:
    """Whose SYN was not answered yet has sent nothing: the request never comes, also after the firewall is open."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR}}
calls: [{to: ivr@default, arrivals: {at: 5s}, patience: 20s}]
faults:
  - {shut_out: ivr, at: 4s, for: 4s, mode: blackhole}
  - {crash: ivr, at: 6s}
run: {duration: 30s}
"""
    )
    assert commands(story) == [(5 * S + 3 * MS, "c1/answer", 0, "crash")]
    assert story.outcomes == ["unanswered"]


def test_a_program_that_stalls_sends_its_request_when_it_goes_on() -> None:
    """Its system has the connection at 8.003, and nobody writes into it before 10 s."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR}}
calls: [{to: ivr@default, arrivals: {at: 5s}}]
faults:
  - {shut_out: ivr, at: 4s, for: 3s, mode: blackhole}
  - {stall: ivr, at: 6s, for: 4s}
run: {duration: 30s}
"""
    )
    assert story.heard()[1] == (10 * S + 1 * MS, "ChannelStateChange", "delivered", 10 * S + 2 * MS)


def test_asterisk_itself_gets_through() -> None:
    """Where the program listens, Asterisk's WebSocket comes back meanwhile, and the program's requests do not pass."""
    story = outbound(
        "persistent",
        """
clients: {ivr: {apps: Intro-IVR, transport: outbound}}
calls: [{to: ivr@default, arrivals: {at: 6s}, patience: 5s}]
faults:
  - {shut_out: ivr, at: 4s, for: 3s}
  - {drop: ivr, at: 5s}
run: {duration: 20s}
""",
    )
    assert story.tries() == [(0, 5 * S, "torn"), (5 * S, None, "")]
    assert [row[2:] for row in commands(story)] == [(0, "network")]
    assert story.touched == (1, 1)


@pytest.mark.parametrize(
    ("target", "answers", "touched"),
    [("proxy", [(0, "network"), (204, "")], 1), ("ivr", [(204, ""), (204, "")], 0)],
)
def test_requests_from_behind_a_proxy_go_through_its_door(
    target: str, answers: list[tuple[int, str]], touched: int
) -> None:
    """A proxy that is shut out carries no request to Asterisk; a consumer's go over the bus, where it stands."""
    story = Stage(
        f"""
clients:
  proxy: {{apps: Intro-IVR}}
  ivr: {{apps: Intro-IVR, behind: proxy}}
calls: [{{to: ivr@default, arrivals: {{at: [5s, 8s]}}, patience: 10s, hold: 1s}}]
faults: [{{shut_out: {target}, at: 4s, for: 3s}}]
run: {{duration: 30s}}
"""
    )
    assert [row[2:] for row in commands(story)] == answers
    assert story.touched == (touched,)
