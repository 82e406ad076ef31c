"""Clients: their workers, their draws, and what they do when they are back."""

from __future__ import annotations

from tests.stories.stage import MS, S, Stage


def test_workers_share_the_queue() -> None:
    """With two workers two calls are answered at once and the third waits."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, workers: 2, service: 100ms}}
calls: [{to: ivr@default, arrivals: {at: [1s, 1s, 1s]}}]
run: {duration: 1500ms}
"""
    )
    assert [at for at, *_ in story.requests()] == [1 * S + 101 * MS, 1 * S + 101 * MS, 1 * S + 201 * MS]


def test_waiting_does_not_hold_a_worker() -> None:
    """A play and a wait of one call do not keep the next call from being answered."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: [{wait: 5s}, answer, {play: 10s}, continue]}}
calls: [{to: ivr@default, arrivals: {at: [1s, 2s]}}]
run: {duration: 30s}
"""
    )
    assert [at for at, _, path, _ in story.requests() if path.endswith("answer")] == [6 * S + 3 * MS, 7 * S + 3 * MS]


def test_no_message_overtakes_another() -> None:
    """With a random latency messages of one connection arrive in the order in which they were written."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, latency: {exponential: 200ms}, on StasisStart: [answer, continue]}}
calls: [{to: ivr@default, arrivals: {poisson: 20/s}}]
run: {duration: 20s}
"""
    )
    delivered = [event.delivered for event in story.events if event.delivered is not None]
    assert len(delivered) > 400
    assert delivered == sorted(delivered)


def test_who_is_faster_does_not_change_what_callers_draw() -> None:
    """The time that a caller's sound takes is his own, whatever the client's speed."""
    text = """
clients: {{ivr: {{apps: Intro-IVR, service: {service}, on StasisStart: [{{play: {{exponential: 3s}}}}, continue]}}}}
calls: [{{to: ivr@default, arrivals: {{poisson: 1/s}}}}]
run: {{duration: 60s}}
"""

    def sounds(story: Stage) -> dict[int, int]:
        return {
            call.number: over.raised - begun.raised
            for call in story.calls
            for begun in call.events
            for over in call.events
            if (begun.type, over.type) == ("PlaybackStarted", "PlaybackFinished")
        }

    fast, slow = sounds(Stage(text.format(service="1ms"))), sounds(Stage(text.format(service="200ms")))
    both = fast.keys() & slow.keys()
    assert len(both) > 30
    assert all(fast[number] == slow[number] for number in both)
    assert len(set(fast.values())) > 30


def test_a_client_that_recovers_takes_up_who_was_stranded() -> None:
    """Back again it asks for the channels, and serves the caller whose StasisStart it missed."""
    text = """
clients: {{ivr: {{apps: Intro-IVR, recover: {recover}, reconnect: {{constant: 3s}}}}}}
calls: [{{to: ivr@default, arrivals: {{at: 6s}}, patience: 10s, hold: 1s}}]
faults: [{{drop: ivr, at: 5s}}]
run: {{duration: 30s}}
"""
    recovered, not_recovered = (Stage(text.format(recover=each)) for each in ("list-channels", "none"))
    assert not_recovered.outcomes == ["stranded"]
    assert recovered.outcomes == ["served"]
    assert recovered.commands[0].method == "GET"


def test_a_client_with_a_wrong_password_goes_on_trying() -> None:
    """Asterisk's refusal is a failure like any other to the policy."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, password: wrong, reconnect: {constant: {delay: 1s, attempts: 3}}}}
run: {duration: 30s}
"""
    )
    assert [reason for _, _, reason in story.tries()] == ["refused: bad_credentials"] * 4
