"""How replays are driven in these tests: as ``stasis-sim replay`` drives them."""

from __future__ import annotations

import pytest

from stasis_sim.conformance.driver import SimulatedDriver
from stasis_sim.conformance.replay import MakeDriver


@pytest.fixture
def make_driver() -> MakeDriver:
    """Return what makes a driver of an engine."""
    return SimulatedDriver
