"""The ``run:`` part of a scenario: how long, how often, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from stasis_sim.scenario.fields import Count, Duration, PositiveDuration, Share
from stasis_sim.scenario.misfit import Keys, MisfitError, got
from stasis_sim.scenario.quantities import duration
from stasis_sim.scenario.strict import Strict


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
        default=None, description="Add replications until the half-width of the intervals is this share of the mean."
    )
    record: Literal["all", "measures"] = Field(default="all", description="Keep all tables, or only the measures.")
    engine: Literal["auto", "events", "open-loop"] = Field(
        default="auto", description="How it is computed: event by event, or in bulk where that is possible."
    )

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield an end that is missing, and a warm-up that lasts to the end."""
        if "duration" not in data and "until" not in data:
            yield (), "duration is missing; write duration: 1h, or until: drained"
        if "duration" in data and "warmup" in data:
            try:
                if duration(data["warmup"]) >= duration(data["duration"]):
                    yield ("warmup",), f"not shorter than duration {got(data['warmup'])}; write a shorter warm-up"
            except MisfitError:  # said where the fields are read
                return
