"""A run that somebody listens to: what goes into Asterisk and comes out is told to him too, and the lives of programs.

Nobody else pays for that: a run that nobody follows has the plain engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from stasis_sim.handoff.configuration import Configuration
from stasis_sim.handoff.effects import Effect
from stasis_sim.handoff.engine import Engine
from stasis_sim.handoff.profiles import Profile
from stasis_sim.handoff.stimuli import Stimulus

Turn: TypeAlias = Literal["stays", "returns", "hangs", "crashes", "struck", "failed", "replaced", "started"]
"""A turn in the life of a program: what it does when no attempt is left (the first four); a fault makes it crash, or an
error in an answer; it returns because another one has taken its apps; something starts it again."""


class Witness(Protocol):
    """Who listens. Instants are in microseconds."""

    def asterisk(self, now: int, stimulus: Stimulus, done: Sequence[Effect]) -> None:
        """Hear what happened to Asterisk, and what it did."""

    def program(self, now: int, name: str, apps: Sequence[str], turn: Turn) -> None:
        """Hear of a turn in the life of a program that serves apps."""


class Overheard(Engine):
    """One Asterisk, and who listens to it.

    Args:
        configuration: Its files.
        profile: Its version's rules.
        witness: Who listens.
    """

    def __init__(self, configuration: Configuration, profile: Profile, witness: Witness) -> None:
        super().__init__(configuration, profile)
        self._witness = witness

    def step(self, now: int, stimulus: Stimulus) -> list[Effect]:
        """Let something happen, and tell of it."""
        effects = super().step(now, stimulus)
        self._witness.asterisk(now, stimulus, effects)
        return effects
