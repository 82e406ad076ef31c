"""Stories of policies that come to their end, and of what the program does then."""

from __future__ import annotations

import pytest

from tests.stories.stage import MS, S, Stage
from tests.stories.test_reconnecting import TRIP, attempts

IVR = """
clients:
  ivr:
    apps: Intro-IVR
    service: 2s
    on StasisStart: [answer, {{wait: 4s}}, continue]
    reconnect: {policy}
calls: [{{to: ivr@default, arrivals: {{at: [1s, 4s, 5s]}}, patience: 10s, hold: 60s}}]
faults: [{{drop: ivr, at: 5500ms}}]
run: {{duration: 60s}}
"""
"""The first call is in the wait of its handler when the link is cut, the second with the worker, the third queues."""

DONE = ["c1/answer", "c2/answer", "c1/continue", "c3/answer", "c2/continue", "c3/continue"]


@pytest.mark.parametrize("end", ["stays", "returns"])
def test_a_program_that_is_not_killed_finishes_what_it_has_received(end: str) -> None:
    """Its handlers go on and their commands pass: a zombie hears of no new call, and deals with the old ones."""
    story = Stage(IVR.format(policy=f"{{none: {{gives_up: {end}}}}}"))
    assert [path for _, _, path, _ in story.requests()] == DONE
    assert story.tries() == [(0, 5500 * MS, "torn")]
    assert story.world.clients[0].dead == (end == "returns")


@pytest.mark.parametrize("end", ["hangs", "crashes"])
def test_a_program_that_is_stuck_or_dead_finishes_nothing(end: str) -> None:
    """Handlers and queue die with it at the loss: one caller is orphaned, two are stranded."""
    story = Stage(IVR.format(policy=f"{{none: {{gives_up: {end}}}}}"))
    assert [path for _, _, path, _ in story.requests()] == ["c1/answer"]
    assert story.fates("StasisStart") == ["delivered", "lost", "lost"]
    assert story.outcomes == ["in_progress", "stranded", "stranded"]
    assert story.measures["total"]["orphaned"] == 1
    assert story.world.clients[0].dead == (end == "crashes")


def test_what_happens_not_being_given_is_staying() -> None:
    """A policy that says nothing of its end is that of a zombie."""
    assert (
        Stage(IVR.format(policy="none")).requests() == Stage(IVR.format(policy="{none: {gives_up: stays}}")).requests()
    )


def test_the_end_comes_after_the_last_attempt() -> None:
    """A program crashes when it gives up, not when it loses its connection."""
    story = Stage(IVR.format(policy="{constant: {delay: 1s, attempts: 2, gives_up: crashes}}"), "asterisk-22")
    lasting = Stage(
        IVR.format(policy="{constant: {delay: 1s, attempts: 2, gives_up: crashes}}").replace(
            "5500ms", "5500ms, for: 1h"
        )
    )
    assert len(story.tries()) == 2
    assert [path for _, _, path, _ in story.requests()] == DONE
    assert len(lasting.tries()) == 3
    assert [path for _, _, path, _ in lasting.requests()] == ["c1/answer", "c2/answer", "c1/continue"]


@pytest.mark.parametrize(
    ("end", "done"), [("crashes", ["c1/answer"]), ("returns", ["c1/answer", "c2/answer", "c1/continue"])]
)
def test_a_supervisor_starts_again_what_has_ended(end: str, done: list[str]) -> None:
    """A new program connects after the delay, and knows nothing of the calls that the old one left inside."""
    story = Stage(IVR.format(policy=f"{{none: {{gives_up: {end}, supervisor: 2s}}}}"))
    assert story.tries() == [(0, 5500 * MS, "torn"), (7500 * MS, None, "")]
    assert [path for _, _, path, _ in story.requests()] == done
    assert story.away()[1:] == [(5500 * MS, 7501 * MS, "torn")]
    assert not story.world.clients[0].dead


def test_a_supervised_program_may_take_up_its_calls() -> None:
    """One that lists the channels when it is back serves those whom its death left inside."""
    text = IVR.replace("    service: 2s", "    service: 2s\n    recover: list-channels")
    story = Stage(text.format(policy="{none: {gives_up: crashes, supervisor: 2s}}"))
    assert story.commands[1].path == "/ari/channels"
    assert sorted(path for _, _, path, _ in story.requests() if path.endswith("continue")) == [
        "c1/continue",
        "c2/continue",
        "c3/continue",
    ]


def test_a_dead_program_cannot_crash_but_can_be_restarted() -> None:
    """A crash finds nothing to break; a restart is the operator who starts it again."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: {none: {gives_up: crashes}}}}
faults: [{drop: ivr, at: 5s}, {crash: ivr, at: 10s}, {restart: ivr, at: 20s, start: 1s}]
run: {duration: 30s}
"""
    )
    assert story.touched == (1, 0, 1)
    assert story.tries() == [(0, 5 * S, "torn"), (21 * S, None, "")]


def test_time_can_be_the_limit() -> None:
    """The failure after that time is the last one, counted from the loss."""
    assert attempts("{constant: {delay: 2s, give_up_after: 7s}}") == [2 * S] * 4
    assert attempts("{exponential: {initial: 1s, give_up_after: 7s}}") == [1 * S, 2 * S, 4 * S]


def test_once_is_for_the_first_connection_alone() -> None:
    """It tries until it is connected, and after a loss no more."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: {constant: {delay: 3s, once: true}}}}
faults: [{restart: asterisk, at: 0s, for: 5s}, {drop: ivr, at: 20s}]
run: {duration: 60s}
"""
    )
    assert story.tries() == [
        (0, 2 * MS, "refused: asterisk_down"),
        (3 * S + 2 * MS, 3 * S + 4 * MS, "refused: asterisk_down"),
        (6 * S + 4 * MS, 20 * S, "torn"),
    ]


# ---- delays ----------------------------------------------------------------------


def test_the_first_delay_may_be_of_its_own() -> None:
    """The others follow it, from their beginning."""
    assert attempts("{constant: {delay: 3s, first: 0s, attempts: 3}}") == [0, 3 * S, 3 * S]
    assert attempts("{exponential: {initial: 1s, first: 10ms, attempts: 4}}") == [10 * MS, 1 * S, 2 * S, 4 * S]


def test_a_series_ends_in_its_last_delay() -> None:
    """What the list says, then its last entry for ever."""
    assert attempts("{delays: {series: [2s, 5s, 10s], attempts: 5}}") == [2 * S, 5 * S, 10 * S, 10 * S, 10 * S]
    assert attempts("{delays: [1s, 50s]}") == [1 * S, 50 * S, 50 * S, 50 * S]


def test_rounds_go_through_the_attempts_again() -> None:
    """Before round 2 the client waits as before attempt 2, and so on."""
    policy = "{exponential: {initial: 1s, first: 0s, attempts: 3, rounds: 3}}"
    assert attempts(policy) == [0, 1 * S, 2 * S, 1 * S, 1 * S, 2 * S, 2 * S, 1 * S, 2 * S]


def test_jitter_around_stays_below_the_maximum() -> None:
    """Half of the delay to one and a half times it, cut at the maximum."""
    waits = attempts("{exponential: {initial: 4s, factor: 1, max: 5s, jitter: around}}", duration="30min")
    assert len(waits) > 300
    assert all(2 * S <= wait <= 5 * S for wait in waits)
    # One of three is cut; a tenth of the range is empty with probability below 0.9 ** 300.
    assert waits.count(5 * S) > 1
    assert min(waits) < 2300 * MS


def flapping(reset: str) -> list[int]:
    """When the tries of a client begin whose connection is cut at 10 s for 5 s, and again at 20, 60 and 90 s."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {{exponential: {{initial: 1s, attempts: 5{reset}}}}}}}}}
faults: [{{drop: ivr, at: 10s, for: 5s}}, {{drop: ivr, at: [20s, 60s, 90s]}}]
run: {{duration: 100s}}
"""
    )
    return [opened for opened, _, _ in story.tries()[1:]]


def test_attempts_count_from_one_after_an_opening() -> None:
    """Open, or nothing said: any connection that came about starts the policy afresh."""
    first = [11 * S, 13 * S + TRIP, 17 * S + 2 * TRIP]
    assert flapping("") == flapping(", reset: open") == [*first, 21 * S, 61 * S, 91 * S]


def test_attempts_count_on_after_a_connection_that_was_not_stable() -> None:
    """One that stood for three seconds is no new beginning where ten are asked for; one of half a minute is."""
    assert flapping(", reset: 10s")[3:] == [28 * S, 61 * S, 91 * S]


def test_attempts_may_count_on_for_ever() -> None:
    """Never: the fifth attempt of the whole run is the last."""
    assert flapping(", reset: never")[3:] == [28 * S, 76 * S]
