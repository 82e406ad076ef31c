"""Where time does not pass any more, a run says so instead of going on for ever."""

from __future__ import annotations

from typing import Any

import pytest

from stasis_sim import Scenario, run
from stasis_sim.errors import InputError

LOOP = "[default]\nexten => ivr,1,NoOp()\n same => n(again),Stasis(A)\n same => n,Goto(again)\n"


def scenario(latency: str) -> Scenario:
    """Return a client that sends each call back to where it came from."""
    client: dict[str, Any] = {
        "apps": ["A"],
        "latency": latency,
        "service": "0s",
        "on StasisStart": [{"continue": {"priority": 2}}],
    }
    return Scenario.of(
        {
            "asterisk": {"extensions": LOOP, "latency": "0s"},
            "clients": {"ivr": client},
            "calls": [{"to": "ivr@default", "arrivals": {"at": ["1s"]}}],
            "run": {"duration": "3s"},
        }
    )


def test_a_loop_that_takes_no_time_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asterisk and a client that send a call to and fro at one instant are stopped, with what to do about it."""
    monkeypatch.setattr("stasis_sim.simulated.clock.MOST_STEPS", 1000)
    with pytest.raises(InputError) as caught:
        run(scenario("0s"))
    text = "clients: more than 1,000 things happen at 1 s, and time does not pass; let a client that answers its own "
    assert text in str(caught.value)


def test_a_loop_that_takes_time_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same loop over a link with a latency is slow, and no error."""
    monkeypatch.setattr("stasis_sim.simulated.clock.MOST_STEPS", 1000)
    entered = run(scenario("1ms")).measures["total"]["attempts.entered"]["mean"]
    assert entered is not None
    assert entered > 500
