"""An Asterisk that somebody listens to: whatever goes in and comes out is told to him too.

Nobody else pays for that: a run that nobody follows has the plain engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stasis_sim.handoff.configuration import Configuration
from stasis_sim.handoff.effects import Effect
from stasis_sim.handoff.engine import Engine
from stasis_sim.handoff.profiles import Profile
from stasis_sim.handoff.stimuli import Stimulus

Hear = Callable[[int, Stimulus, Sequence[Effect]], None]
"""Told the instant in microseconds, what happened to Asterisk, and what it did."""


class Overheard(Engine):
    """One Asterisk, and who listens to it.

    Args:
        configuration: Its files.
        profile: Its version's rules.
        hear: Who listens.
    """

    def __init__(self, configuration: Configuration, profile: Profile, hear: Hear) -> None:
        super().__init__(configuration, profile)
        self._hear = hear

    def step(self, now: int, stimulus: Stimulus) -> list[Effect]:
        """Let something happen, and tell of it."""
        effects = super().step(now, stimulus)
        self._hear(now, stimulus, effects)
        return effects
