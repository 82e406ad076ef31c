"""How a client comes back after its connection is gone: the policies that a scenario can write out.

A policy is asked for one delay at a time: :meth:`Policy.delay_us` of attempt 1, 2, … since the connection was lost.
It holds no state and draws no numbers, so the caller's uniform number alone decides the jitter.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from stasis_sim.scenario.fields import Duration, PositiveDuration
from stasis_sim.scenario.misfit import Keys, MisfitError, got
from stasis_sim.scenario.quantities import duration, format_duration
from stasis_sim.scenario.strict import OneOf, Tagged

DEFAULT_MAX_US = 30_000_000

Jitter = Literal["none", "full", "equal"]
"""none: the delay itself; full: uniform between 0 and it; equal: half of it plus uniform up to the other half."""


def attempts(value: Any) -> int | None:
    """Read how many attempts are made in a row, ``unlimited`` as None.

    Raises:
        MisfitError: It is neither a whole number above 0 nor ``unlimited``.
    """
    if value is None or value == "unlimited":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10**9:
        return value
    raise MisfitError.at(f"not a number of attempts {got(value)}; write a whole number above 0, or unlimited")


Attempts = Annotated[
    int | None,
    PlainValidator(attempts),
    PlainSerializer(lambda value: "unlimited" if value is None else value),
    WithJsonSchema({"anyOf": [{"const": "unlimited"}, {"type": "integer", "minimum": 1}]}),
]


def jittered(delay_us: int, jitter: Jitter, uniform: float) -> int:
    """Return a delay with its jitter, in whole microseconds."""
    if jitter == "full":
        return round(delay_us * uniform)
    if jitter == "equal":
        return round(delay_us * (1.0 + uniform) / 2.0)
    return delay_us


class Policy(Tagged):
    """How a client comes back."""

    @abstractmethod
    def delay_us(self, attempt: int, uniform: float) -> int | None:
        """Return how long the client waits before an attempt.

        Args:
            attempt: Number of the attempt since the connection was lost, from 1.
            uniform: A uniform number in (0, 1) for the jitter.

        Returns:
            Microseconds since the loss or the failure of the attempt before; None when the client gives up.
        """


class NoReconnect(Policy):
    """The client stays away."""

    tag: ClassVar[str] = "none"
    bare: ClassVar[bool] = True

    def delay_us(self, attempt: int, uniform: float) -> int | None:
        """Return None: there is no attempt."""
        del attempt, uniform
        return None


class AtOnce(Policy):
    """The client is back at the very instant at which it can be; the only policy that knows that instant."""

    tag: ClassVar[str] = "at_once"
    bare: ClassVar[bool] = True

    def delay_us(self, attempt: int, uniform: float) -> int | None:
        """Return 0."""
        del attempt, uniform
        return 0


class ConstantDelay(Policy):
    """The client tries again after the same delay each time."""

    tag: ClassVar[str] = "constant"
    sole: ClassVar[str] = "delay"
    mapping: ClassVar[bool] = True
    example: ClassVar[str] = "constant: 1s"
    required_examples: ClassVar[dict[str, str]] = {"delay": "delay: 1s"}

    base_us: PositiveDuration = Field(alias="delay", description="Delay before each attempt.")
    attempts: Attempts = Field(default=None, description="Attempts in a row, then the client gives up; or unlimited.")
    jitter: Jitter = Field(
        default="none", description="What is random: none, full (0 to the delay), equal (half of it to it)."
    )

    def delay_us(self, attempt: int, uniform: float) -> int | None:
        """Return the delay with its jitter."""
        if self.attempts is not None and attempt > self.attempts:
            return None
        return jittered(self.base_us, self.jitter, uniform)


class ExponentialBackoff(Policy):
    """The client waits longer each time, up to a maximum."""

    tag: ClassVar[str] = "exponential"
    sole: ClassVar[str] = "initial"
    mapping: ClassVar[bool] = True
    example: ClassVar[str] = "exponential: {initial: 500ms, max: 30s}"
    required_examples: ClassVar[dict[str, str]] = {"initial": "initial: 500ms"}

    initial_us: PositiveDuration = Field(alias="initial", description="Delay before the first attempt.")
    factor: Annotated[float, Field(ge=1, le=1000, allow_inf_nan=False)] = Field(
        default=2.0, description="How many times longer each delay is than the one before."
    )
    max_us: Duration = Field(default=DEFAULT_MAX_US, alias="max", description="No delay is longer than this.")
    jitter: Jitter = Field(
        default="none", description="What is random: none, full (0 to the delay), equal (half of it to it)."
    )
    attempts: Attempts = Field(default=None, description="Attempts in a row, then the client gives up; or unlimited.")

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield a maximum below the first delay."""
        longest = data.get("max", format_duration(DEFAULT_MAX_US))
        try:
            if duration(data.get("initial")) > duration(longest):
                yield ("max",), f"shorter than initial {got(longest)}; write max: the longest delay"
        except MisfitError:  # said where the field is read
            return

    def delay_us(self, attempt: int, uniform: float) -> int | None:
        """Return the delay with its jitter."""
        if self.attempts is not None and attempt > self.attempts:
            return None
        delay = float(self.initial_us)
        for _ in range(attempt - 1):
            delay *= self.factor
            if delay >= self.max_us or self.factor == 1.0:
                break
        return jittered(min(round(delay), self.max_us), self.jitter, uniform)


Reconnect = Annotated[
    NoReconnect | AtOnce | ConstantDelay | ExponentialBackoff,
    OneOf(
        "a reconnect policy",
        "{constant: 1s} or {exponential: {initial: 500ms, max: 30s}}",
        NoReconnect,
        AtOnce,
        ConstantDelay,
        ExponentialBackoff,
    ),
]
"""How a client comes back."""
