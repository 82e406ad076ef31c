"""The ``run:`` part of a scenario: how long, how often, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from stasis_sim.scenario.fields import Count, Duration, OneOrMany, PositiveDuration, Share
from stasis_sim.scenario.measured import scope_and_measure
from stasis_sim.scenario.misfit import Keys, MisfitError, got
from stasis_sim.scenario.quantities import duration
from stasis_sim.scenario.strict import Strict


def measure_name(value: Any) -> str:
    """Read ``[APP.]measure``.

    Raises:
        MisfitError: It names no measure.
    """
    if not isinstance(value, str):
        raise MisfitError.at(f"not a measure {got(value)}; write one such as ejection_rate")
    scope_and_measure(value)
    return value


MeasureName = Annotated[str, PlainValidator(measure_name), WithJsonSchema({"type": "string", "minLength": 1})]


HOW_OFTEN = ("replications", "precision", "precision_of", "max_replications")
"""Keys of ``run`` that decide how many replications there are, and nothing about any of them: more of them are added
to those that are there."""


class Run(Strict):
    """How a scenario is run."""

    example: ClassVar[str] = "run: {duration: 1h}"

    duration_us: PositiveDuration | None = Field(
        default=None,
        alias="duration",
        description="How long calls come; the run ends there, unless until says otherwise.",
    )
    until: Literal["drained"] | None = Field(
        default=None, description="drained: the run goes on until the last call has ended."
    )
    warmup_us: Duration = Field(default=0, alias="warmup", description="What happens before is not counted.")
    replications: Count = Field(default=1, description="How many times it is run, each time with other callers.")
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(default=1, description="What all randomness comes from.")
    precision: Share | None = Field(
        default=None, description="Add replications until the half-width of an interval is this share of its mean."
    )
    precision_of: Annotated[tuple[MeasureName, ...], OneOrMany("[ejection_rate]")] = Field(
        default=("ejection_rate",), description="The measures whose intervals are meant: `[APP.]measure`."
    )
    max_replications: Count = Field(default=1000, description="How many replications a precision may take.")
    record: Literal["all", "measures"] = Field(default="all", description="Keep all tables, or only the measures.")
    engine: Literal["auto", "events", "open-loop"] = Field(
        default="auto", description="How it is computed: event by event, or in bulk where that is possible."
    )

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield an end that is missing, and a warm-up that lasts to the end."""
        if "duration" not in data and "until" not in data:
            yield (), "duration is missing; write duration: 1h, or until: drained"
        if data.get("precision_of") in ([], ()):
            yield ("precision_of",), "empty (got []); write at least one, such as ejection_rate"
        if data.get("precision") in {"0%", 0}:
            yield ("precision",), f"no interval is as narrow as that {got(data['precision'])}; write one such as 5%"
        if "duration" in data and "warmup" in data:
            try:
                if duration(data["warmup"]) >= duration(data["duration"]):
                    yield ("warmup",), f"not shorter than duration {got(data['warmup'])}; write a shorter warm-up"
            except MisfitError:  # said where the fields are read
                return
