"""How a client holds its connection and comes back after it is gone: the policies that a scenario can write out.

A policy is asked for one delay at a time: :meth:`Policy.delay_us` of attempt 1, 2, … since the connection was lost.
It holds no state and draws no numbers, so the caller's uniform number alone decides the jitter. What known client
libraries do are the same policies with other defaults: :mod:`stasis_sim.scenario.presets`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from stasis_sim.scenario.fields import (
    DURATION_SCHEMA,
    Count,
    Duration,
    NoneOr,
    PositiveDuration,
    tuple_of_many,
)
from stasis_sim.scenario.forms import positive_duration
from stasis_sim.scenario.misfit import Keys, MisfitError, got
from stasis_sim.scenario.quantities import duration, format_duration
from stasis_sim.scenario.strict import Strict, Tagged

DEFAULT_MAX_US = 30_000_000

Jitter = Literal["none", "full", "equal", "around"]
"""none: the delay itself; full: uniform between 0 and it; equal: half of it plus uniform up to the other half; around:
uniform between half of it and one and a half times it, but not above the policy's maximum."""

GivesUp = Literal["stays", "returns", "hangs", "crashes"]
"""What a program does once its policy has no further attempt."""


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
    Field(description="Attempts in a row, then the client gives up; or unlimited."),
]

RandomPart = Annotated[
    Jitter,
    Field(
        description="What is random: none, full (0 to the delay), equal (half of it to it), around (half to 1.5 times)."
    ),
]


def _duration_or(words: Mapping[str, int]) -> tuple[PlainValidator, PlainSerializer, WithJsonSchema]:
    """Return the annotations of a duration above 0 in whose place words may stand, each for so many microseconds."""
    names = {us: word for word, us in words.items()}

    def read(value: Any) -> int:
        if isinstance(value, str) and value in words:
            return words[value]
        try:
            return positive_duration(value)
        except MisfitError as misfit:
            raise MisfitError((keys, f"{text}, or {' or '.join(words)}") for keys, text in misfit.faults) from None

    def write(us: int | None) -> str | None:
        return None if us is None else names.get(us) or format_duration(us)

    schema = {"anyOf": [*({"const": word} for word in words), DURATION_SCHEMA]}
    return PlainValidator(read), PlainSerializer(write), WithJsonSchema(schema)


SYSTEM_US = 0
"""Stands for a connect timeout that the client leaves to its operating system."""

NEVER_US = 2**62
"""Longer than any connection stands."""


def jittered(delay_us: int, jitter: Jitter, uniform: float) -> int:
    """Return a delay with its jitter, in whole microseconds."""
    low, high = {"none": (1.0, 1.0), "full": (0.0, 1.0), "equal": (0.5, 1.0), "around": (0.5, 1.5)}[jitter]
    return round(delay_us * (low + (high - low) * uniform))


class Ping(Strict):
    """Pings that a client sends over its WebSocket, and how long it bears that no pong comes."""

    example: ClassVar[str] = "ping: {interval: 10s, timeout: 10s}"
    required_examples: ClassVar[dict[str, str]] = {"interval": "interval: 10s", "timeout": "timeout: 10s"}

    interval_us: PositiveDuration = Field(alias="interval", description="Time from one ping to the next.")
    timeout_us: PositiveDuration = Field(alias="timeout", description="How long it waits for the pong.")
    first_us: PositiveDuration | None = Field(
        default=None, alias="first", description="When the first is sent; an interval after the opening if not given."
    )


class Policy(Tagged):
    """How a client holds its connection, comes back, and ends."""

    mapping: ClassVar[bool] = True

    connect_timeout_us: Annotated[int | None, *_duration_or({"system": SYSTEM_US})] = Field(
        default=None,
        alias="connect_timeout",
        description="How long a try bears silence; 10s if not given; system: until its operating system gives up.",
    )
    ping: Annotated[Ping | None, NoneOr(shown=False)] = Field(
        default=None, description="Pings by which it notices that a link passes nothing."
    )
    keepalive_us: Annotated[PositiveDuration | None, NoneOr(shown=False)] = Field(
        default=None,
        alias="keepalive",
        description="After so long TCP tells it that a link passes nothing.",
    )
    gives_up: GivesUp | None = Field(
        default=None,
        description="What the program does when no attempt is left: stays (if not given), returns, hangs or crashes.",
    )
    supervisor_us: Annotated[PositiveDuration | None, NoneOr(shown=False)] = Field(
        default=None,
        alias="supervisor",
        description="How long after it returned or crashed something starts it again.",
    )

    resubscribe: bool | None = Field(
        default=None, description="Whether it makes its subscriptions again when it is back; it does not if not given."
    )

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield a supervisor of a program that does not end."""
        end = data.get("gives_up", cls.model_fields["gives_up"].default)
        if data.get("supervisor", "none") != "none" and end not in ENDING:
            text = (
                f"says nothing of a program that lives on {got(data['supervisor'])}; write gives_up: crashes or returns"
            )
            yield ("supervisor",), text

    @classmethod
    def spread(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Put what the policies have in common last, and say what a preset has and this does not."""
        shared = {info.alias or name for name, info in Retrying.model_fields.items()}
        defaults = {info.alias or name: info.get_default() for name, info in cls.model_fields.items()}
        off = {key: "none" for key, default in defaults.items() if default is not None and key not in data}
        data = {**data, **off}
        return {key: data[key] for key in sorted(data, key=lambda key: key in shared)}

    @abstractmethod
    def delay_us(self, attempt: int, uniform: float) -> int | None:
        """Return how long the client waits before an attempt.

        Args:
            attempt: Number of the attempt since the connection was lost, from 1.
            uniform: A uniform number in (0, 1) for the jitter.

        Returns:
            Microseconds since the loss or the failure of the attempt before; None when the client gives up.
        """

    def over(self, elapsed_us: int, *, connected: bool) -> bool:
        """Return whether the client gives up, whatever attempts it has left.

        Args:
            elapsed_us: Time since the attempts began.
            connected: Whether it has been connected since the program started.
        """
        del elapsed_us, connected
        return False

    def afresh(self, stood_us: int) -> bool:
        """Return whether attempts count from 1 again after a connection that stood for a while."""
        del stood_us
        return True


ENDING = ("returns", "crashes")
"""Ends after which the program is gone, so that a supervisor sees it."""


class NoReconnect(Policy):
    """The client stays away."""

    tag: ClassVar[str] = "none"
    bare: ClassVar[bool] = True
    example: ClassVar[str] = "none: {gives_up: crashes}"

    def delay_us(self, attempt: int, uniform: float) -> int | None:
        """Return None: there is no attempt."""
        del attempt, uniform
        return None


class AtOnce(Policy):
    """The client is back at the very instant at which it can be; the only policy that knows that instant."""

    tag: ClassVar[str] = "at_once"
    bare: ClassVar[bool] = True
    example: ClassVar[str] = "at_once: {ping: {interval: 10s, timeout: 10s}}"

    def delay_us(self, attempt: int, uniform: float) -> int | None:
        """Return 0."""
        del attempt, uniform
        return 0


class Retrying(Policy):
    """The client tries again and again, a while after each failure."""

    attempts: Attempts = None
    jitter: RandomPart = "none"
    first_us: Annotated[Duration | None, NoneOr(shown=False)] = Field(
        default=None, alias="first", description="Delay before the first attempt after a loss; the others follow it."
    )
    reset_us: Annotated[int | None, *_duration_or({"open": 0, "never": NEVER_US})] = Field(
        default=None,
        alias="reset",
        description="How long a connection must have stood for attempts to count from 1 again; open; or never.",
    )
    give_up_after_us: Annotated[PositiveDuration | None, NoneOr(shown=False)] = Field(
        default=None, alias="give_up_after", description="The client gives up so long after its attempts began."
    )
    once: bool | None = Field(
        default=None, description="Whether it only tries until it has been connected once, and not after a loss."
    )

    def over(self, elapsed_us: int, *, connected: bool) -> bool:
        """Return whether its time is up, or it has been connected and was to be so only once."""
        late = self.give_up_after_us is not None and elapsed_us >= self.give_up_after_us
        return late or (connected and bool(self.once))

    def afresh(self, stood_us: int) -> bool:
        """Return whether the connection stood long enough."""
        return stood_us >= (self.reset_us or 0)

    def delay_us(self, attempt: int, uniform: float) -> int | None:
        """Return the delay with its jitter."""
        if self.attempts is not None and attempt > self.attempts:
            return None
        return self._delay_us(attempt, uniform)

    def _delay_us(self, number: int, uniform: float) -> int:
        """Return delay ``number``, from 1, with its jitter."""
        if self.first_us is None:
            return self._jittered(number, uniform)
        return self.first_us if number == 1 else self._jittered(number - 1, uniform)

    def _jittered(self, number: int, uniform: float) -> int:
        return jittered(self._plain_us(number), self.jitter, uniform)

    @abstractmethod
    def _plain_us(self, number: int) -> int:
        """Return delay ``number``, from 1, without jitter; ``first`` is not among them."""


class ConstantDelay(Retrying):
    """The client tries again after the same delay each time."""

    tag: ClassVar[str] = "constant"
    sole: ClassVar[str] = "delay"
    example: ClassVar[str] = "constant: 1s"
    required_examples: ClassVar[dict[str, str]] = {"delay": "delay: 1s"}

    base_us: PositiveDuration = Field(alias="delay", description="Delay before each attempt.")

    def _plain_us(self, number: int) -> int:
        del number
        return self.base_us


class ExponentialBackoff(Retrying):
    """The client waits longer each time, up to a maximum."""

    tag: ClassVar[str] = "exponential"
    sole: ClassVar[str] = "initial"
    example: ClassVar[str] = "exponential: {initial: 500ms, max: 30s}"
    required_examples: ClassVar[dict[str, str]] = {"initial": "initial: 500ms"}

    initial_us: PositiveDuration = Field(alias="initial", description="Delay before the first attempt.")
    factor: Annotated[float, Field(ge=1, le=1000, allow_inf_nan=False)] = Field(
        default=2.0, description="How many times longer each delay is than the one before."
    )
    max_us: Duration = Field(default=DEFAULT_MAX_US, alias="max", description="No delay is longer than this.")
    rounds: Count | None = Field(
        default=None,
        description="How often it goes through its attempts; before a round it waits as before attempt number round.",
    )

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield a maximum below the first delay, and rounds that never come to an end."""
        yield from super().examine(data)
        fields = cls.model_fields
        longest = data.get("max", format_duration(fields["max_us"].default))
        initial = data.get("initial", fields["initial_us"].default)
        try:
            if (initial if isinstance(initial, int) else duration(initial)) > duration(longest):
                yield ("max",), f"shorter than initial {got(longest)}; write max: the longest delay"
        except MisfitError:  # said where the field is read
            pass
        if "rounds" in data and data.get("attempts", fields["attempts"].default) in {None, "unlimited"}:
            yield (
                ("rounds",),
                f"unlimited attempts are one round {got(data['rounds'])}; write attempts: 10",
            )

    def delay_us(self, attempt: int, uniform: float) -> int | None:
        """Return the delay with its jitter; before a round it is the one that has the round's number."""
        if self.attempts is None:
            return self._delay_us(attempt, uniform)
        rounds, place = divmod(attempt - 1, self.attempts)
        return None if rounds >= (self.rounds or 1) else self._delay_us((place or rounds) + 1, uniform)

    def _jittered(self, number: int, uniform: float) -> int:
        return min(super()._jittered(number, uniform), self.max_us)

    def _plain_us(self, number: int) -> int:
        delay = float(self.initial_us)
        for _ in range(number - 1):
            delay *= self.factor
            if delay >= self.max_us or self.factor == 1.0:
                break
        return min(round(delay), self.max_us)


class DelaySeries(Retrying):
    """The client waits as a list says, and then always as its last entry says."""

    tag: ClassVar[str] = "delays"
    sole: ClassVar[str] = "series"
    example: ClassVar[str] = "delays: [2s, 5s, 10s]"
    required_examples: ClassVar[dict[str, str]] = {"series": "series: [2s, 5s, 10s]"}

    series_us: Annotated[tuple[Duration, ...], Field(min_length=1), BeforeValidator(tuple_of_many)] = Field(
        alias="series", description="Delay before each attempt; the last one stands for all that follow."
    )

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield a last delay of nothing, which would be repeated at one instant."""
        yield from super().examine(data)
        series = data.get("series")
        try:
            if isinstance(series, list | tuple) and series and duration(series[-1]) == 0:
                yield ("series", len(series) - 1), f"nothing at all {got(series[-1])}; write a last delay above 0"
        except MisfitError:  # said where the field is read
            return

    def _plain_us(self, number: int) -> int:
        return self.series_us[min(number, len(self.series_us)) - 1]
