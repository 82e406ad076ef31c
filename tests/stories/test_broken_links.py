"""Stories of links that hang, programs that die, and an Asterisk that restarts."""

from __future__ import annotations

import pytest

from tests.stories.stage import FORGETFUL, MS, PROFILES, S, Stage, carried_out


@pytest.mark.parametrize("profile", PROFILES)
def test_a_frozen_link_delivers_late_when_it_thaws(profile: str) -> None:
    """Asterisk notices nothing: the call enters in every profile, and is answered after the thaw."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: none}}
calls: [{to: ivr@default, arrivals: {at: 6s}, patience: 10s, hold: 1s, kind: local}]
faults: [{freeze: ivr, at: 5s, for: 3s}]
run: {duration: 30s}
""",
        profile,
    )
    assert story.results == ["entered"]
    answered = carried_out(profile, 8 * S + 4 * MS, since=6 * S)
    assert story.heard()[:2] == [
        (6 * S, "StasisStart", "late", 8 * S + 1 * MS),
        (answered, "ChannelStateChange", "delivered", answered + 1 * MS),
    ]
    assert story.outcomes == ["served"]
    (outage,) = (each for each in story.outages if each.start)
    assert (outage.start, outage.end, outage.cause, outage.noticed) == (5 * S, 8 * S, "frozen", None)
    total = story.measures["total"]
    assert total["stranded_s"] == (answered - 6 * S) / S
    assert total["registered"] == pytest.approx(29.999 / 30)
    assert total["availability"] == pytest.approx(26.999 / 30)


@pytest.mark.parametrize("profile", PROFILES)
def test_what_piled_up_on_a_frozen_link_is_lost_when_it_breaks(profile: str) -> None:
    """The call that entered meanwhile is stranded; Asterisk notices at the break and not before."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: none}}
calls: [{to: ivr@default, arrivals: {at: 6s}, patience: 10s, hold: 1s}]
faults:
  - {freeze: ivr, at: 5s, for: 20s}
  - {drop: ivr, at: 8s}
run: {duration: 40s}
""",
        profile,
    )
    assert story.results == ["entered"]
    assert story.fates("StasisStart") == ["lost"]
    assert set(story.fates("StasisEnd")) == {"missed"}
    assert story.outcomes == ["stranded"]
    assert story.calls[0].ended == 16 * S
    assert [(outage.start, outage.noticed, outage.cause) for outage in story.outages[1:]] == [(5 * S, 8 * S, "frozen")]
    assert story.touched == (1, 1)


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_written_to_a_link_that_never_thaws_is_lost(profile: str) -> None:
    """A half-open link that nobody notices until the end of the run strands its callers; nothing of it is pending."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: none}}
calls: [{to: ivr@default, arrivals: {at: 6s}, patience: 10s, hold: 1s}]
faults: [{freeze: ivr, at: 5s}]
run: {duration: 40s}
""",
        profile,
    )
    assert story.results == ["entered"]
    assert set(story.fates("StasisStart")) | set(story.fates("StasisEnd")) == {"lost"}
    assert story.outcomes == ["stranded"]
    assert story.measures["total"]["stranded_s"] == 10.0


def test_rest_passes_a_frozen_websocket_but_not_a_partition() -> None:
    """A handler at work gets its commands through beside a frozen WebSocket; in a partition they come afterwards."""
    text = """
clients: {{ivr: {{apps: Intro-IVR, on StasisStart: [answer, {{wait: 5s}}, continue]}}}}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}}}]
faults: [{{{fault}: ivr, at: 5s, for: 3s}}]
run: {{duration: 30s}}
"""
    frozen, parted = Stage(text.format(fault="freeze")), Stage(text.format(fault="partition"))
    assert frozen.requests()[-1] == (6 * S + 6 * MS, "POST", "c1/continue", 204)
    assert frozen.fates("StasisEnd") == ["late"]
    # The SYNs of 6.006 and 7.006 are lost, that of 9.006 is not.
    assert parted.requests()[-1] == (6 * S + 6 * MS, "POST", "c1/continue", 204)
    assert parted.heard()[-1] == (9 * S + 7 * MS, "StasisEnd", "delivered", 9 * S + 8 * MS)


def test_a_crash_loses_the_queue_and_the_handlers() -> None:
    """Of three calls one is being handled, one waits for the worker, one with it: no one is looked after any more."""
    story = Stage(
        """
clients:
  ivr:
    apps: Intro-IVR
    service: 100ms
    on StasisStart: [answer, {play: 4s}, continue]
    reconnect: {constant: 2s}
calls: [{to: ivr@default, arrivals: {at: [1s, 1010ms, 1020ms]}, patience: 3s, hold: 10s, kind: local}]
faults: [{crash: ivr, at: 1150ms, start: 1s}]
run: {duration: 30s}
"""
    )
    starts = [(event.fate, event.delivered) for event in story.events if event.type == "StasisStart"]
    assert starts == [("delivered", 1 * S + 1 * MS), ("lost", None), ("lost", None)]
    assert story.outcomes == ["served", "stranded", "stranded"]
    # The answer has come through, the sound plays to its end, and the program that asked for it is no more.
    assert story.requests() == [
        (1 * S + 101 * MS, "POST", "c1/answer", 204),
        (1 * S + 104 * MS, "POST", "c1/play", 201),
    ]
    assert [call.ended for call in story.calls] == [11 * S + 102 * MS, 4 * S + 10 * MS, 4 * S + 20 * MS]
    # It starts again after a second: its own policy is for lost connections, not for deaths.
    assert story.tries() == [(0, 1150 * MS, "closed"), (2150 * MS, None, "")]
    assert story.away()[1:] == [(1150 * MS, 2151 * MS, "crash")]


def test_a_handler_that_waits_dies_in_a_crash() -> None:
    """What it would have done after its wait is never sent, neither by the dead program nor by the new one."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: [answer, {wait: 5s}, continue], reconnect: at_once}}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
faults: [{crash: ivr, at: 2s}]
run: {duration: 60s}
"""
    )
    assert [path for _, _, path, _ in story.requests()] == ["c1/answer"]
    assert story.calls[0].ended is None


def test_a_crash_in_the_middle_of_connecting() -> None:
    """Before Asterisk has heard of the try it failed by the crash; after that a connection is closed."""
    text = """
clients: {{ivr: {{apps: Intro-IVR, latency: 100ms}}}}
faults: [{{crash: ivr, at: {at}, start: 1s}}]
run: {{duration: 9s}}
"""
    early, late = Stage(text.format(at="50ms")), Stage(text.format(at="150ms"))
    assert early.tries() == [(0, 50 * MS, "refused: crash"), (1050 * MS, None, "")]
    assert early.away() == [(0, 1150 * MS, "start")]
    assert late.tries() == [(0, 150 * MS, "closed"), (1150 * MS, None, "")]
    assert late.away() == [(0, 100 * MS, "start"), (150 * MS, 1250 * MS, "crash")]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_restart_of_asterisk_forgets_everything(profile: str) -> None:
    """Channels are gone, calls are blocked until it is up, and an app that does not come back is forgotten."""
    story = Stage(
        """
clients:
  ivr: {apps: Intro-IVR, reconnect: {constant: 4s}}
  conference: {apps: Super-Conference, reconnect: none}
calls:
  - {to: ivr@default, arrivals: {at: [1s, 7s, 12s, 20s]}, hold: 60s}
  - {to: conference@default, arrivals: {at: [2s, 21s]}, hold: 60s}
faults: [{restart: asterisk, at: 5s, for: 10s}]
run: {duration: 30s}
""",
        profile,
    )
    assert [(call.arrived // S, call.outcome) for call in story.calls] == [
        (1, "served"),
        (2, "served"),
        (7, "blocked"),
        (12, "blocked"),
        (20, "in_progress"),
        (21, "dropped"),
    ]
    assert [call.ended for call in story.calls[:2]] == [5 * S, 5 * S]
    assert [attempt.left_by for attempt in story.attempts[:2]] == ["restart", "restart"]
    assert story.results[-1] == "ejected forgotten"
    assert story.tries() == [
        (0, 5 * S, "restart"),
        (9 * S, 9 * S + 2 * MS, "refused: asterisk_down"),
        (13 * S + 2 * MS, 13 * S + 4 * MS, "refused: asterisk_down"),
        (17 * S + 4 * MS, None, ""),
    ]
    assert story.tries("conference") == [(0, 5 * S, "restart")]
    assert story.away()[1:] == [(5 * S, 17 * S + 5 * MS, "restart")]
    assert story.touched == (5,)  # Asterisk itself, two connections and two channels


def test_a_restart_without_a_boot_time() -> None:
    """An Asterisk that is up again at once takes the next call, and knows no app."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: none}}
calls: [{to: ivr@default, arrivals: {at: [1s, 5s]}}]
faults: [{restart: asterisk, at: 5s}]
run: {duration: 9s}
"""
    )
    assert story.results == ["entered", "ejected forgotten"]


def test_a_blackhole_costs_the_client_its_patience() -> None:
    """Where a refused attempt fails at once, one that hears nothing fails after ten seconds."""
    text = """
clients: {{ivr: {{apps: Intro-IVR, reconnect: {{constant: 1s}}}}}}
faults: [{{drop: ivr, at: 5s, for: 3s, mode: {mode}}}]
run: {{duration: 30s}}
"""
    assert Stage(text.format(mode="blackhole")).tries() == [
        (0, 5 * S, "torn"),
        (6 * S, 16 * S, "refused: timeout"),
        (17 * S, None, ""),
    ]
    assert Stage(text.format(mode="refuse")).tries() == [
        (0, 5 * S, "torn"),
        (6 * S, 6 * S + 2 * MS, "refused: network"),
        (7 * S + 2 * MS, 7 * S + 4 * MS, "refused: network"),
        (8 * S + 4 * MS, None, ""),
    ]


@pytest.mark.parametrize(
    ("fault", "touched"),
    [
        ("{drop: ivr, at: 5s}", 2),
        ("{drop: ivr, at: [5s, 6s]}", 2),  # at 6 s there is nothing left to drop
        ("{crash: ivr, at: 5s}", 2),
        ("{restart: ivr, at: 5s}", 2),
        ("{freeze: ivr, at: 5s, for: 1s}", 2),
        ("{partition: ivr, at: 5s, for: 1s}", 2),
        ("{restart: asterisk, at: 5s}", 5),  # Asterisk itself, two connections and two channels
        ("{drop: late, at: 5s}", 0),
        ("{freeze: late, at: 5s, for: 1s}", 0),
        ("{drop: ivr, at: 25s}", 0),
    ],
)
def test_a_fault_counts_what_it_touched(fault: str, touched: int) -> None:
    """Connections, programs and channels that it hit; nothing where it found nothing to break."""
    story = Stage(
        f"""
clients:
  ivr: {{apps: Intro-IVR, instances: 2, reconnect: none}}
  late: {{apps: Super-Conference, start: 10s}}
calls: [{{to: ivr@default, arrivals: {{at: [1s, 2s]}}}}]
faults: [{fault}]
run: {{duration: 20s}}
"""
    )
    assert story.touched == (touched,)


@pytest.mark.parametrize("profile", FORGETFUL)
def test_faults_at_random_repeat_after_they_are_over(profile: str) -> None:
    """With constant times, every 10 s for 5 s means a cut at 10, 25, 40 s."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: at_once}}
faults: [{drop: ivr, every: 10s, for: 5s}]
run: {duration: 50s}
""",
        profile,
    )
    assert story.away()[1:] == [(at * S, (at + 5) * S + 1 * MS, "torn") for at in (10, 25, 40)]
