"""When calls arrive: the ``arrivals:`` of a source of traffic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    SerializationInfo,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from stasis_sim.scenario.columns import Csv, parse_csv, read_column
from stasis_sim.scenario.fields import (
    DURATION_SCHEMA,
    RATE_SCHEMA,
    PositiveRandom,
    PositiveRate,
    inline,
    tuple_of_one_or_many,
)
from stasis_sim.scenario.misfit import Keys, MisfitError, got
from stasis_sim.scenario.quantities import DURATIONS, Rate, duration, format_duration, rate
from stasis_sim.scenario.strict import Context, OneOf, Tagged

_HOUR = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)

Rates = tuple[tuple[int, Rate], ...]


def instants(value: Any) -> tuple[int, ...]:
    """Read one duration or a list of them as rising instants in microseconds.

    Raises:
        MisfitError: One of them is no duration.
    """
    read: list[int] = []
    faults: list[tuple[Keys, str]] = []
    many = isinstance(value, list | tuple)
    for index, item in enumerate(tuple_of_one_or_many(value)):
        try:
            read.append(duration(item))
        except MisfitError as misfit:
            faults += [((index,) if many else (), text) for _, text in misfit.faults]
    if faults:
        raise MisfitError(faults)
    if not read:
        raise MisfitError.at("an empty list (got []); write at least one time such as 10min")
    return tuple(sorted(read))


Instants = Annotated[
    tuple[int, ...],
    PlainValidator(instants),
    PlainSerializer(lambda value: [format_duration(at) for at in value]),
    WithJsonSchema({"anyOf": [DURATION_SCHEMA, {"type": "array", "items": DURATION_SCHEMA, "minItems": 1}]}),
]
"""Rising instants in microseconds since the start."""


def day(value: Any) -> Rates:
    """Read ``{"00:00": 1/s, "08:00": 5/s}``.

    Raises:
        MisfitError: A time or a rate in it is none, or all rates are 0.
    """
    if not isinstance(value, dict) or not value:
        raise MisfitError.at(f'not the rates of a day {got(value)}; write {{"00:00": 1/s, "08:00": 5/s}}')
    rates: dict[int, Rate] = {}
    faults: list[tuple[Keys, str]] = []
    for key, item in value.items():
        match = _HOUR.fullmatch(str(key))
        if match is None:
            faults.append(((str(key),), f'not a time of the day {got(key)}; write one such as "08:00"'))
            continue
        at = int(match[1]) * DURATIONS["h"] + int(match[2]) * DURATIONS["min"]
        if at in rates:
            faults.append(((str(key),), f"named twice {got(key)}; remove one"))
        try:
            rates[at] = rate(item)
        except MisfitError as misfit:
            faults += [((str(key),), text) for _, text in misfit.faults]
    if not faults and not any(found.number for found in rates.values()):
        faults.append(((), f"nobody would ever call {got(value)}; write a rate above 0 such as 5/s"))
    if faults:
        raise MisfitError(faults)
    return tuple(sorted(rates.items()))


def _hour(at: int) -> str:
    return f"{at // DURATIONS['h']:02}:{at % DURATIONS['h'] // DURATIONS['min']:02}"


Day = Annotated[
    Rates,
    PlainValidator(day),
    PlainSerializer(lambda rates: {_hour(at): str(found) for at, found in rates}),
    WithJsonSchema(
        {
            "type": "object",
            "patternProperties": {f"^({_HOUR.pattern})$": RATE_SCHEMA},
            "additionalProperties": False,
            "minProperties": 1,
        }
    ),
]
"""Rates by the time of the day from which they hold, in microseconds since midnight, rising."""


class Poisson(Tagged):
    """Callers who know nothing of each other: exponential gaps."""

    tag: ClassVar[str] = "poisson"
    sole: ClassVar[str] = "rate"
    example: ClassVar[str] = "poisson: 5/s"

    rate: PositiveRate = Field(description="How many calls arrive.")


class Every(Tagged):
    """One call after the other, the first one gap after the start."""

    tag: ClassVar[str] = "every"
    sole: ClassVar[str] = "gap"
    example: ClassVar[str] = "every: 200ms"

    gap: PositiveRandom = Field(description="Time between two calls: constant, or a distribution.")


class Bursts(Tagged):
    """Calls come as by chance while it is on, and none while it is off; it begins on."""

    tag: ClassVar[str] = "bursts"
    mapping: ClassVar[bool] = True
    example: ClassVar[str] = "bursts: {on: 10s, off: 60s, rate: 20/s}"
    required_examples: ClassVar[dict[str, str]] = {"on": "on: 10s", "off": "off: 60s", "rate": "rate: 20/s"}

    on: PositiveRandom = Field(description="How long calls come.")
    off: PositiveRandom = Field(description="How long none come.")
    rate: PositiveRate = Field(description="How many calls arrive while it is on.")


class Daily(Tagged):
    """A Poisson stream whose rate depends on the time of the day, by ``asterisk.clock``; it repeats every day."""

    tag: ClassVar[str] = "daily"
    sole: ClassVar[str] = "rates"
    example: ClassVar[str] = 'daily: {"00:00": 1/s, "08:00": 5/s}'

    rates: Day = Field(description="Rates by the time of the day from which they hold.")


class At(Tagged):
    """Calls at known instants."""

    tag: ClassVar[str] = "at"
    sole: ClassVar[str] = "at_us"
    example: ClassVar[str] = "at: [1s, 2s]"

    at_us: Instants = Field(description="When, since the start of the run.")


@dataclass(frozen=True, slots=True)
class CsvTimes:
    """Instants that a CSV file lists.

    Attributes:
        csv: Which file, and which column.
        at_us: Rising instants in microseconds since the start.
    """

    csv: Csv
    at_us: tuple[int, ...]


def csv_times(value: Any, info: ValidationInfo) -> CsvTimes:
    """Read the instants from the file beside the scenario.

    Raises:
        MisfitError: The file cannot be read.
    """
    if isinstance(value, CsvTimes):
        return value
    source = parse_csv({"csv": value})
    return CsvTimes(source, tuple(sorted(read_column(Context.of(info).base, source))))


def _csv_data(times: CsvTimes, info: SerializationInfo) -> Any:
    return [format_duration(at) for at in times.at_us] if inline(info) else times.csv.below()


CSV_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "properties": {"path": {"type": "string"}, "column": {"type": ["string", "integer"]}},
            "required": ["path"],
            "additionalProperties": False,
        },
    ]
}

InCsv = Annotated[
    CsvTimes,
    PlainValidator(csv_times),
    PlainSerializer(_csv_data),
    WithJsonSchema(CSV_SCHEMA),
]
"""Instants in a CSV file."""


class FromCsv(Tagged):
    """Calls at the instants that a CSV file lists, in seconds since the start."""

    tag: ClassVar[str] = "csv"
    sole: ClassVar[str] = "times"
    example: ClassVar[str] = "csv: FILE.csv"

    times: InCsv = Field(description="Which file, and which column.")

    @property
    def at_us(self) -> tuple[int, ...]:
        """Rising instants in microseconds since the start."""
        return self.times.at_us

    def data(self, info: SerializationInfo) -> Any:
        """Return what a scenario file says for it."""
        data: dict[str, Any] = super().data(info)
        return {"at": data[self.tag]} if inline(info) else data


class FoldColumn:
    """Annotation: ``{csv: path, column: name}`` is another way to write ``{csv: {path: …, column: …}}``."""

    @staticmethod
    def read(value: Any) -> Any:
        """Turn the one into the other, as one key stands for one choice."""
        if isinstance(value, dict) and set(value) == {"csv", "column"} and isinstance(value["csv"], str):
            return {"csv": {"path": value["csv"], "column": value["column"]}}
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        choices = handler(schema)
        properties = {"csv": {"type": "string"}, "column": {"type": ["string", "integer"]}}
        flat = {
            "type": "object",
            "properties": properties,
            "required": ["csv", "column"],
            "additionalProperties": False,
        }
        return {**choices, "anyOf": [*choices["anyOf"], flat]}


Arrivals = Annotated[
    Poisson | Every | Bursts | Daily | At | FromCsv,
    OneOf("a kind of arrivals", "{poisson: 5/s}", Poisson, Every, Bursts, Daily, At, FromCsv),
    FoldColumn(),
]
"""When calls arrive."""
