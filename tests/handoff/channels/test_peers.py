"""When Asterisk gives up a SIP caller who is gone without a word."""

from __future__ import annotations

import pytest

from stasis_sim.handoff.channels.peers import Refresher, SessionTimer

S = 1_000_000


@pytest.mark.parametrize(
    ("refresher", "there", "lapses"),
    [
        # Asterisk refreshes when half of the 91 seconds is over, whole seconds of it, and nobody answers.
        ("uas", 0, 45 + 10),
        ("uas", 45, 2 * 45 + 10),
        ("uas", 44, 45 + 10),
        # The caller does not: a third before the end Asterisk sends a BYE, for as long as a request is repeated.
        ("uac", 0, 61 + 32),
        ("uac", 100, 2 * 45 + 61 + 32),
    ],
)
def test_a_session_lapses_by_whole_seconds(refresher: Refresher, there: int, lapses: int) -> None:
    """From the last refresh on that came about while the caller was there."""
    assert SessionTimer(91 * S, refresher).lapses_after(there * S, 10 * S) == lapses * S
