"""The ``sweep:`` part of a scenario: which keys take which values, and so which runs there are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from stasis_sim.scenario.fields import Count, NoneOr
from stasis_sim.scenario.misfit import Keys, MisfitError, got
from stasis_sim.scenario.quantities import (
    DURATIONS,
    Rate,
    duration,
    format_duration,
    format_share,
    plain,
    rate,
    share,
)
from stasis_sim.scenario.run import HOW_OFTEN
from stasis_sim.scenario.strict import Strict

Kind = Literal["duration", "rate", "share", "count", "number"]

NOT_OF_A_RUN: Final = ("title", "expect", "sweep")
"""Parts of a scenario that say something about its numbers, and change nothing about a run."""

_RANGE: Final = re.compile(r"\s*(?P<low>\S.*?)\s*\.\.\s*(?P<high>\S.*?)\s*")
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)


def number(value: Any) -> tuple[Kind, float] | None:
    """Return what kind of quantity a value is and its number: seconds, per second, a fraction, or the number itself.

    None: it is no quantity, such as the name of a preset.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    if _NUMBER.fullmatch(text):
        return ("number", float(text)) if "." in text else ("count", float(text))
    readers: tuple[tuple[Kind, Any], ...] = (
        ("duration", lambda: duration(text) / DURATIONS["s"]),
        ("rate", lambda: rate(text).per_s),
        ("share", lambda: share(text)),
    )
    for kind, read in readers:
        try:
            return kind, read()
        except MisfitError:
            continue
    return None


@dataclass(frozen=True, slots=True)
class Range:
    """All values between two: ``1s..2min``.

    Attributes:
        text: As written.
        kind: What they are.
        low: The lower end, as a number.
        high: The upper end.
        unit: Of a rate.
    """

    text: str
    kind: Kind
    low: float
    high: float
    unit: str

    def at(self, part: float) -> str | int | float:
        """Return the value at a part of the way from low to high, three digits of it, or more where few lie between.

        Args:
            part: From 0 to 1.
        """
        value = self.low + (self.high - self.low) * part
        match self.kind:
            case "duration":
                seconds = round(self._short(value), 6)
                # 11.9s can be read at a glance, 11900ms cannot.
                whole = seconds < 1 or seconds.is_integer()
                return format_duration(round(seconds * DURATIONS["s"])) if whole else f"{plain(seconds)}s"
            case "rate":
                per = DURATIONS[self.unit] / DURATIONS["s"]
                return str(Rate(self._short(value, per), self.unit))  # type: ignore[arg-type]
            case "share":
                return format_share(self._short(value))
            case "count":
                # Each number has an equal part of the way, the two at its ends too.
                return int(self._short(math.floor(value + part)))
            case "number":
                return self._short(value)

    def _short(self, value: float, scale: float = 1.0) -> float:
        """Return a value with as few digits as tell a hundred values from low to high apart, and not beyond these."""
        digits = 2 + max(math.ceil(math.log10(self.high / (self.high - self.low))), 1)
        low, high = (float(f"{end * scale:.12g}") for end in (self.low, self.high))
        return min(max(float(f"{value * scale:.{digits}g}"), low), high)


Values = tuple[Any, ...] | Range
"""What a key takes: some values, or all between two."""


def values(value: Any) -> Values:
    """Read what stands beside a key that is swept.

    Raises:
        MisfitError: It is neither a list nor a range.
    """
    if isinstance(value, Range):
        return value
    if isinstance(value, list | tuple):
        if not value:
            raise MisfitError.at(f"no value {got(value)}; write a list such as [5s, 20s, 60s]")
        for position, each in enumerate(value):
            if each in value[:position]:
                raise MisfitError.at(f"named twice {got(each)}; remove one", position)
        return tuple(value)
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    ends = (number(match["low"]), number(match["high"])) if match else (None, None)
    low, high = ends
    if match is None or low is None or high is None:
        raise MisfitError.at(f"neither a list nor a range {got(value)}; write [5s, 20s, 60s], or 5s..60s")
    kinds = {low[0], high[0]}
    if len(kinds - {"count", "number"}) and len(kinds) > 1:
        raise MisfitError.at(f"two kinds of quantity {got(value)}; write both ends of a range in one, as in 5s..60s")
    if low[1] >= high[1]:
        raise MisfitError.at(f"not from low to high {got(value)}; write the smaller end first")
    kind: Kind = "number" if "number" in kinds else low[0]
    unit = match["low"].rpartition("/")[2].strip()
    return Range(value, kind, low[1], high[1], unit if kind == "rate" else "")


def _data(value: Values) -> Any:
    return value.text if isinstance(value, Range) else list(value)


Swept = Annotated[
    Values,
    PlainValidator(values),
    PlainSerializer(_data),
    WithJsonSchema({"anyOf": [{"type": "array", "minItems": 1}, {"type": "string"}]}),
]


class Sweep(Strict):
    """A scenario that is run for many values of some of its keys."""

    example: ClassVar[str] = "sweep: {over: {faults.0.for: [5s, 20s, 60s]}}"
    required_examples: ClassVar[Mapping[str, str]] = {"over": "over: {faults.0.for: [5s, 20s, 60s]}"}

    over: dict[str, Swept] = Field(min_length=1, description="The keys, and what each takes.")
    latin_hypercube: Annotated[Count | None, NoneOr(shown=False)] = Field(
        default=None, description="So many points, spread over all dimensions, in place of every combination."
    )

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield ranges without a Latin hypercube, and keys that change nothing about a run."""
        over = data.get("over")
        for key, value in over.items() if isinstance(over, Mapping) else ():
            part, _, inner = str(key).partition(".")
            if part in NOT_OF_A_RUN or (part == "run" and inner.partition(".")[0] in HOW_OFTEN):
                yield ("over", key), f"{key} changes nothing about a run; write a key such as faults.0.for"
            if isinstance(value, str) and ".." in value and "latin_hypercube" not in data:
                hint = "write latin_hypercube: 50 beside over (sweep --latin-hypercube 50), or a list such as [5s, 20s]"
                text = f"a range {got(value)}; {hint}"
                yield ("over", key), text

    @property
    def size(self) -> int:
        """How many points there are."""
        if self.latin_hypercube is not None:
            return self.latin_hypercube
        return math.prod(len(found) for found in self.over.values() if isinstance(found, tuple))

    def points(self, uniform: Sequence[Sequence[float]] | None = None) -> Iterator[dict[str, Any]]:
        """Yield the values of the keys for each run: every combination, the last key changing fastest.

        Args:
            uniform: For a Latin hypercube, for each point a number from 0 to 1 for each key.
        """
        if uniform is None:
            lists = [found if isinstance(found, tuple) else () for found in self.over.values()]
            yield from (dict(zip(self.over, each, strict=True)) for each in product(*lists))
            return
        for parts in uniform:
            yield {key: _at(found, part) for (key, found), part in zip(self.over.items(), parts, strict=True)}


def _at(found: Values, part: float) -> Any:
    if isinstance(found, Range):
        return found.at(part)
    return found[min(int(part * len(found)), len(found) - 1)]
