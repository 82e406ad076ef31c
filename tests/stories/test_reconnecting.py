"""Stories of clients that come back: when each policy tries, and when it gives up."""

from __future__ import annotations

import pytest

from tests.stories.stage import MS, S, Stage

TRIP = 2 * MS
"""A refused try takes the way there and back."""


def attempts(policy: str, outage: str = "1h", duration: str = "200s", *, seed: int = 1) -> list[int]:
    """How long after the one before each attempt begins, in microseconds; the first after the cut at 10 s."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {policy}}}}}
faults: [{{drop: ivr, at: 10s, for: {outage}}}]
run: {{duration: {duration}}}
""",
        seed=seed,
    )
    before = 10 * S
    waits = []
    for opened, closed, _ in story.tries()[1:]:
        waits.append(opened - before)
        before = opened + TRIP if closed is None else closed
    return waits


def test_none_never_comes_back() -> None:
    """There is no attempt."""
    assert attempts("none") == []


def test_at_once_is_back_at_the_instant_at_which_it_can_be() -> None:
    """The outage is exactly what the fault says, and one attempt is enough."""
    assert attempts("at_once", "20s") == [20 * S]
    assert attempts("at_once", "0s") == [0]


def test_at_once_asks_every_second_what_refuses_it_for_ever() -> None:
    """Where Asterisk itself does not let it in, it does not spin."""
    story = Stage("clients: {ivr: {apps: Intro-IVR, password: wrong, reconnect: at_once}}\nrun: {duration: 4s}")
    assert [opened for opened, _, _ in story.tries()] == [0, 2 * MS, 1 * S + 4 * MS, 2 * S + 6 * MS, 3 * S + 8 * MS]


def test_constant_waits_the_same_each_time() -> None:
    """Each attempt begins a delay after the failure of the one before."""
    assert attempts("{constant: 30s}") == [30 * S] * 6


def test_exponential_doubles_up_to_its_cap() -> None:
    """Each delay is the factor longer, until the cap holds for the rest."""
    policy = "{exponential: {initial: 500ms, factor: 2, max: 30s}}"
    assert attempts(policy) == [at * 500 * MS for at in (1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60)]


def test_attempts_are_limited() -> None:
    """After so many failures in a row the client gives up."""
    assert attempts("{constant: {delay: 2s, attempts: 3}}") == [2 * S] * 3
    assert attempts("{exponential: {initial: 1s, attempts: 4}}") == [1 * S, 2 * S, 4 * S, 8 * S]


def test_success_starts_the_policy_afresh() -> None:
    """After a connection that stood, the first delay is the initial one again, and attempts count from one."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: {exponential: {initial: 1s, attempts: 4}}}}
faults: [{drop: ivr, at: [10s, 40s], for: 5s}]
run: {duration: 100s}
"""
    )
    begun = [opened for opened, _, _ in story.tries()]
    assert begun == [
        0,
        *(11 * S, 13 * S + TRIP, 17 * S + 2 * TRIP),
        *(41 * S, 43 * S + TRIP, 47 * S + 2 * TRIP),
    ]


@pytest.mark.parametrize(("jitter", "low"), [("full", 0.0), ("equal", 0.5)])
def test_jitter_stays_within_its_bounds(jitter: str, low: float) -> None:
    """Full draws each delay from nought up to it, equal from half of it; two seeds draw differently."""
    policy = f"{{constant: {{delay: 4s, jitter: {jitter}}}}}"
    waits = attempts(policy, duration="30min")
    assert len(waits) > 400
    assert all(low * 4 * S <= wait <= 4 * S for wait in waits)
    # 400 uniform numbers leave a tenth of their range empty at an end with probability 0.9 ** 400 < 1e-18.
    assert min(waits) < (low + 0.1 * (1 - low)) * 4 * S
    assert max(waits) > (1 - 0.1 * (1 - low)) * 4 * S
    assert attempts(policy, duration="30min", seed=2) != waits
    assert attempts(policy, duration="30min") == waits


def test_a_client_that_starts_late() -> None:
    """Before its start it does not try; from then on it is there."""
    story = Stage("clients: {ivr: {apps: Intro-IVR, start: 7s}}\nrun: {duration: 9s}")
    assert story.tries() == [(7 * S, None, "")]
    assert story.away() == [(0, 7 * S + 1 * MS, "start")]


def test_a_fault_that_hits_while_the_client_backs_off_lengthens_the_outage() -> None:
    """Two outages that overlap are one, until the later one is over."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: at_once}}
faults:
  - {drop: ivr, at: 10s, for: 10s}
  - {drop: ivr, at: 15s, for: 20s}
run: {duration: 60s}
"""
    )
    assert story.away()[1:] == [(10 * S, 35 * S + 1 * MS, "torn")]
    assert story.touched == (1, 1)  # the connection, and the try at 20 s
