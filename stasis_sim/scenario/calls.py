"""The ``calls:`` part of a scenario: who calls, when, how long, and how patient they are."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stasis_sim.scenario.actions import Variables
from stasis_sim.scenario.arrivals import Arrivals, At, FromCsv
from stasis_sim.scenario.fields import Count, NoneOr, Random, Word
from stasis_sim.scenario.places import Extension
from stasis_sim.scenario.strict import Strict


class Calls(Strict):
    """A source of calls."""

    example: ClassVar[str] = "{to: ivr@default, arrivals: {poisson: 5/s}}"
    required_examples: ClassVar[dict[str, str]] = {
        "to": "to: EXTENSION@CONTEXT",
        "arrivals": "arrivals: {poisson: 5/s}",
    }

    to: Extension = Field(description="What they dial: EXTENSION@CONTEXT.")
    arrivals: Arrivals = Field(description="When they call.")
    name: Annotated[str, Field(min_length=1)] = Field(
        default="", description="Name of the source in tables; what it dials, where none is given."
    )
    count: Annotated[Count | None, NoneOr()] = Field(
        default=None, description="How many calls there are at most. none: no limit."
    )
    hold: Annotated[Random | None, NoneOr()] = Field(
        default=None, description="How long after the first command the caller hangs up. none: never first."
    )
    patience: Annotated[Random | None, NoneOr()] = Field(
        default=None, description="How long the caller waits for a first command, then hangs up. none: for ever."
    )
    media: Annotated[Random | None, NoneOr()] = Field(
        default=None, description="How long after an answer the caller's first RTP comes. none: never."
    )
    variables: Variables = Field(default_factory=dict, description="Channel variables that the call comes with.")
    caller_id: Word = Field(default="", description="Number of the caller.")
    kind: Literal["sip", "local"] = Field(default="sip", description="Kind of channel.")

    @property
    def finite(self) -> bool:
        """Whether the calls come to an end by themselves."""
        return self.count is not None or isinstance(self.arrivals, At | FromCsv)
