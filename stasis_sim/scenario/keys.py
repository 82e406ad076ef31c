"""The keys of a caller's phone: which he presses, when, and whether he presses them again."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import Field, PlainValidator, WithJsonSchema

from stasis_sim.scenario.fields import NoneOr, Random
from stasis_sim.scenario.misfit import MisfitError, got
from stasis_sim.scenario.strict import Strict

_KEYS = "[0-9*#A-D]+"


def keys(value: Any) -> str:
    """Read keys of a phone, one after the other.

    Raises:
        MisfitError: They are none.
    """
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch(_KEYS, text, re.ASCII):
        raise MisfitError.at(f'not keys of a phone {got(value)}; write 0 to 9, *, # and A to D in quotes: "12#"')
    return text


class Keys(Strict):
    """Keys that are pressed in one go."""

    example: ClassVar[str] = '{after: 2s, press: "12#"}'
    required_examples: ClassVar[dict[str, str]] = {"after": "after: 2s", "press": 'press: "12#"'}

    after: Random = Field(description="How long after the entry before, the first one after the first command.")
    press: Annotated[str, PlainValidator(keys), WithJsonSchema({"type": ["string", "integer"], "pattern": _KEYS})] = (
        Field(description="Which keys, each for 100 ms.")
    )
    repeat: Annotated[Random | None, NoneOr()] = Field(
        default=None, description="How long after them the caller presses them again, if the app has not heard them."
    )
