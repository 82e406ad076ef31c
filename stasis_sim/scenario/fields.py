"""Fields with units: how each is read, how ``show`` writes it, and what the JSON Schema says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    SerializationInfo,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from stasis_sim.scenario.distributions import Distribution
from stasis_sim.scenario.events import EVENT_TYPES
from stasis_sim.scenario.forms import distribution, moving, positive_duration, whole_seconds
from stasis_sim.scenario.misfit import MisfitError, got
from stasis_sim.scenario.pydantic_errors import faults_of
from stasis_sim.scenario.quantities import (
    Rate,
    duration,
    format_duration,
    format_share,
    format_size,
    positive_rate,
    positive_size,
    share,
)
from stasis_sim.scenario.service import OTHER, Service, service
from stasis_sim.scenario.strict import Context

Read = TypeVar("Read")


class NoneOr:
    """Annotation: the value may also be the word ``none``, which is None.

    Args:
        shown: Whether ``show`` writes the word; otherwise the key is left out.
    """

    def __init__(self, *, shown: bool = True) -> None:
        self.none = "none" if shown else None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        return core_schema.no_info_wrap_validator_function(
            lambda value, validate: None if value in (None, "none") else validate(value),
            inner,
            serialization=core_schema.wrap_serializer_function_ser_schema(
                lambda value, write: self.none if value is None else write(value), schema=inner
            ),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"const": "none"}, handler(schema)]}


class Short:
    """Annotation: a plain value is short for a mapping with one key.

    Args:
        key: The key.
    """

    def __init__(self, key: str) -> None:
        self.key = key

    def _read(self, value: Any) -> Any:
        return {self.key: value} if isinstance(value, str | int | float) else value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        mapping = handler(schema)
        plain = handler.resolve_ref_schema(mapping)["properties"][self.key]
        return {"anyOf": [plain, mapping]}


def _context_base(read: Callable[[Any, Path], Read]) -> Callable[[Any, ValidationInfo], Read]:
    return lambda value, info: read(value, Context.of(info).base)


def _distribution_data(value: Distribution | Service, info: SerializationInfo) -> Any:
    return value.data(inline=inline(info))


def inline(info: SerializationInfo) -> bool:
    """Return whether files are to be written out instead of named."""
    return bool((info.context or {}).get("inline"))


def _instance_or(read: Callable[[Any], Any], kind: type) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, kind) else read(value)


def tuple_of_one_or_many(value: Any) -> tuple[Any, ...]:
    """Turn a list into the tuple that strict models hold, and a single value into a tuple of one."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


class OneOrMany:
    """Annotation: one value may stand for a list of one.

    Args:
        example: What to write.
    """

    def __init__(self, example: str) -> None:
        self.example = example

    def read(self, value: Any, validate: Callable[[Any], Any]) -> Any:
        """Turn a value or a list of values into the tuple that strict models hold.

        Raises:
            MisfitError: There is no value, or one does not fit; one that stands alone has no position.
        """
        if value is None:
            raise MisfitError.at(f"has no value {got(value)}; write {self.example}")
        if isinstance(value, list | tuple):
            return validate(tuple(value))
        try:
            return validate((value,))
        except ValidationError as error:
            raise MisfitError((found.keys[1:], found.text) for found in faults_of(error)) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


def tuple_of_many(value: Any) -> Any:
    """Turn a list into the tuple that strict models hold.

    Raises:
        MisfitError: It is no list.
    """
    if isinstance(value, list | tuple):
        return tuple(value)
    raise MisfitError.at(f"not a list {got(value)}; write [ITEM, ITEM] or lines that begin with '- '")


def word(value: Any) -> str:
    """Read text that may look like a number, such as an extension.

    Raises:
        MisfitError: It is no text, or none that comes out as it was written.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise MisfitError.at(f'not text {got(value)}; write it in quotes: "…"')


DURATION_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": r"^[0-9]+(\.[0-9]+)? ?(us|ms|s|min|h|d)$",
    "examples": ["250ms", "30s"],
}
RATE_SCHEMA = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?/ ?(s|min|h|d)$", "examples": ["5/s", "300/min"]}
SHARE_SCHEMA = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?%$", "examples": ["5%"]}

SPREAD_SCHEMA = {"type": "number", "exclusiveMinimum": 0}


def _parameters(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


DISTRIBUTION_FORMS: dict[str, dict[str, Any]] = {
    "constant": DURATION_SCHEMA,
    "exponential": {"anyOf": [DURATION_SCHEMA, _parameters(mean=DURATION_SCHEMA)]},
    "lognormal": _parameters(mean=DURATION_SCHEMA, cv=SPREAD_SCHEMA),
    "weibull": _parameters(mean=DURATION_SCHEMA, scale=DURATION_SCHEMA, shape=SPREAD_SCHEMA),
    "gamma": _parameters(mean=DURATION_SCHEMA, cv=SPREAD_SCHEMA, shape=SPREAD_SCHEMA),
    "uniform": _parameters(low=DURATION_SCHEMA, high=DURATION_SCHEMA),
    "empirical": {
        "anyOf": [
            {"type": "array", "items": DURATION_SCHEMA, "minItems": 1},
            _parameters(csv={"type": "string"}, column={"type": ["string", "integer"]}),
        ]
    },
}

DISTRIBUTION_SCHEMA: dict[str, Any] = {
    "anyOf": [
        DURATION_SCHEMA,
        {
            "type": "object",
            "properties": DISTRIBUTION_FORMS,
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        },
    ]
}

Duration = Annotated[
    int,
    PlainValidator(duration),
    PlainSerializer(format_duration),
    WithJsonSchema(DURATION_SCHEMA),
]
"""A duration in microseconds."""

PositiveDuration = Annotated[
    int,
    PlainValidator(positive_duration),
    PlainSerializer(format_duration),
    WithJsonSchema(DURATION_SCHEMA),
]
"""A duration above 0 in microseconds."""

PositiveSize = Annotated[
    int,
    PlainValidator(positive_size),
    PlainSerializer(format_size),
    WithJsonSchema(
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?([kMG]|[KMG]i)?B$", "examples": ["64KiB", "4MB"]}
    ),
]
"""A size above 0 in bytes."""

Seconds = Annotated[
    int,
    PlainValidator(whole_seconds),
    PlainSerializer(format_duration),
    WithJsonSchema(DURATION_SCHEMA),
]
"""Whole seconds, one at least, in microseconds."""

Share = Annotated[float, PlainValidator(share), PlainSerializer(format_share), WithJsonSchema(SHARE_SCHEMA)]
"""A fraction from 0 to 1, written as a percentage."""

PositiveRate = Annotated[
    Rate,
    PlainValidator(_instance_or(positive_rate, Rate)),
    PlainSerializer(str),
    WithJsonSchema(RATE_SCHEMA),
]
"""A rate above 0."""

Random = Annotated[
    Distribution,
    PlainValidator(_context_base(distribution)),
    PlainSerializer(_distribution_data),
    WithJsonSchema(DISTRIBUTION_SCHEMA),
]
"""A distribution of durations."""

PositiveRandom = Annotated[
    Distribution,
    PlainValidator(_context_base(lambda value, base: moving(distribution(value, base)))),
    PlainSerializer(_distribution_data),
    WithJsonSchema(DISTRIBUTION_SCHEMA),
]
"""A distribution of durations that are not all 0."""

ServiceTimes = Annotated[
    Service,
    PlainValidator(_context_base(service)),
    PlainSerializer(_distribution_data),
    WithJsonSchema(
        {"anyOf": [DISTRIBUTION_SCHEMA, _parameters(**dict.fromkeys((*EVENT_TYPES, OTHER), DISTRIBUTION_SCHEMA))]}
    ),
]
"""Distributions of durations by type of event."""

Word = Annotated[str, PlainValidator(word), WithJsonSchema({"type": ["string", "integer"]})]
"""Text that may look like a whole number."""

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
"""How many, at least one."""

Few = Annotated[int, Field(ge=1, le=10_000)]
"""How many of something of which each costs memory from the start."""
