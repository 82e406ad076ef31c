"""The ``calls:`` part of a scenario: who calls, when, how long, and how patient they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from stasis_sim.scenario.actions import Variables
from stasis_sim.scenario.arrivals import Arrivals, At, FromCsv
from stasis_sim.scenario.fields import DURATION_SCHEMA, Count, NoneOr, Random, Word, tuple_of_many
from stasis_sim.scenario.forms import whole_seconds
from stasis_sim.scenario.keys import Keys as PhoneKeys
from stasis_sim.scenario.misfit import Keys, MisfitError, got
from stasis_sim.scenario.places import Extension
from stasis_sim.scenario.quantities import format_duration
from stasis_sim.scenario.strict import Strict


class Redial(Strict):
    """Whether and when a caller calls again."""

    example: ClassVar[str] = "redial: {after: 30s, times: 3}"
    required_examples: ClassVar[dict[str, str]] = {"after": "after: 30s", "times": "times: 3"}

    after: Random = Field(description="How long after the end of his call.")
    times: Count = Field(description="How often at most.")


_LEAST_SESSION_US = 90_000_000
"""Asterisk refuses an INVITE with less than its Min-SE (sip-callers, silent callers)."""

_OF_PHONES = ("vanishes", "session_expires")
"""Keys that only a caller with a phone of his own can have."""


def session_expires(value: Any) -> int:
    """Read a Session-Expires, in microseconds.

    Raises:
        MisfitError: It is none, or one that Asterisk refuses.
    """
    us = whole_seconds(value)
    if us < _LEAST_SESSION_US:
        least = format_duration(_LEAST_SESSION_US)
        raise MisfitError.at(f"Asterisk refuses less than {least} {got(value)}; write {least} or more")
    return us


SessionExpires = Annotated[
    int,
    PlainValidator(session_expires),
    PlainSerializer(format_duration),
    WithJsonSchema(DURATION_SCHEMA),
]


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
    vanishes: Annotated[Random | None, NoneOr()] = Field(
        default=None,
        description="How long after the call's beginning the caller's phone is gone without a word. none: never.",
    )
    session_expires_us: Annotated[SessionExpires | None, NoneOr()] = Field(
        default=None,
        alias="session_expires",
        description="Session-Expires of the caller's session timer. none: there is none.",
    )
    refresher: Annotated[Literal["uac", "uas"] | None, NoneOr(shown=False)] = Field(
        default=None, description="Who refreshes the session: the caller (uac), or Asterisk (uas)."
    )
    keys: Annotated[tuple[PhoneKeys, ...], BeforeValidator(tuple_of_many)] = Field(
        default=(), description="Which keys the caller presses, and when."
    )
    redial: Annotated[Redial | None, NoneOr()] = Field(
        default=None, description="When a caller whom nobody has served calls again. none: never."
    )
    variables: Variables = Field(default_factory=dict, description="Channel variables that the call comes with.")
    caller_id: Word = Field(default="", description="Number of the caller.")
    kind: Literal["sip", "local"] = Field(default="sip", description="Kind of channel.")

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield what a caller of this kind cannot do."""
        if data.get("kind") == "local":
            for key in _OF_PHONES:
                if data.get(key) not in (None, "none"):
                    text = f"a caller of the kind local has no phone {got(data[key])}; write kind: sip, or leave it out"
                    yield (key,), text
        if data.get("refresher") is not None and data.get("session_expires") in (None, "none"):
            text = f"no session timer to refresh {got(data['refresher'])}; write session_expires: 30min beside it"
            yield ("refresher",), text

    @property
    def finite(self) -> bool:
        """Whether the calls come to an end by themselves."""
        return self.count is not None or isinstance(self.arrivals, At | FromCsv)
