"""The smallest driver, and the score at the end of the run."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import pytest

from stasis_sim.conformance.replay import MakeDriver
from stasis_sim.handoff.effects import SEND, TIMER, Effect
from stasis_sim.handoff.engine import Engine
from stasis_sim.handoff.stimuli import Stimulus, Timer


class HeapDriver:
    """Moves an engine through time: a heap of timers, and a list for each frozen link."""

    def __init__(self, engine: Engine) -> None:
        """Start at time 0."""
        self.engine = engine
        self.now = 0
        self.sink: Callable[[Effect], None] = lambda _effect: None
        self._timers: list[tuple[int, int]] = []
        self._frozen: dict[str, list[Effect]] = {}

    def apply(self, stimulus: Stimulus) -> None:
        """Let something happen now."""
        for effect in self.engine.step(self.now, stimulus):
            if effect[0] == TIMER:
                heapq.heappush(self._timers, (self.now + effect[2], effect[1]))
            elif effect[0] == SEND and effect[1] in self._frozen:
                self._frozen[effect[1]].append(effect)
            else:
                self.sink(effect)

    def run_until(self, at_us: int) -> None:
        """Fire the timers that are due."""
        while self._timers and self._timers[0][0] <= at_us:
            self.now, serial = heapq.heappop(self._timers)
            self.apply(Timer(serial))
        self.now = at_us

    def freeze(self, session: str) -> None:
        """Hold back what is sent to a session."""
        self._frozen[session] = []

    def thaw(self, session: str) -> None:
        """Deliver it."""
        for effect in self._frozen.pop(session):
            self.sink(effect)


@pytest.fixture
def make_driver() -> MakeDriver:
    """How to drive an engine in these tests."""
    return HeapDriver


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests recorded as their score."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "score":
                terminalreporter.write_line(str(value))
