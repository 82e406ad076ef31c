"""Places in the dialplan, as a scenario names them: ``ivr@default``, or a whole context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from stasis_sim.scenario.misfit import MisfitError, got


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the dialplan.

    Attributes:
        context: Its context.
        exten: Its extension; None for the whole context.
    """

    context: str
    exten: str | None = None

    def __str__(self) -> str:
        return self.context if self.exten is None else f"{self.exten}@{self.context}"


def _parts(value: Any, what: str, example: str) -> tuple[str, str | None]:
    """Return context and extension of a text, the extension None where there is no ``@``."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str) and text and not any(map(str.isspace, text)):
        exten, at, context = text.partition("@")
        if not at:
            return text, None
        if exten and context and "@" not in context:
            return context, exten
    raise MisfitError.at(f"not {what} {got(value)}; write {example}")


def extension(value: Any) -> Place:
    """Read ``exten@context``.

    Raises:
        MisfitError: It is not that.
    """
    if isinstance(value, Place) and value.exten is not None:
        return value
    context, exten = _parts(value, "an extension of the dialplan", "EXTENSION@CONTEXT such as ivr@default")
    if exten is None:
        raise MisfitError.at(f"no context {got(value)}; write {context}@CONTEXT such as {context}@default")
    return Place(context, exten)


def place(value: Any) -> Place:
    """Read ``exten@context`` or ``context``.

    Raises:
        MisfitError: It is neither.
    """
    if isinstance(value, Place):
        return value
    return Place(*_parts(value, "a place of the dialplan", "EXTENSION@CONTEXT, or CONTEXT for all of it"))


Extension = Annotated[
    Place,
    PlainValidator(extension),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^[^@\s]+@[^@\s]+$"}),
]
"""A place with an extension."""

AnyPlace = Annotated[
    Place,
    PlainValidator(place),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^[^@\s]+(@[^@\s]+)?$"}),
]
"""A place with or without an extension."""
