"""What an application does when an event reaches it: a closed set of actions, done one after the other.

Each action but ``wait`` is a REST request, and the next one waits for its answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from stasis_sim.scenario.fields import Random, Word, word
from stasis_sim.scenario.misfit import Keys, MisfitError, got
from stasis_sim.scenario.strict import OneOf, Tagged

HangupReason = Literal[
    "normal",
    "busy",
    "congestion",
    "no_answer",
    "timeout",
    "rejected",
    "unallocated",
    "normal_unspecified",
    "number_incomplete",
    "codec_mismatch",
    "interworking",
    "failure",
    "answered_elsewhere",
]
"""What Asterisk takes as ``reason`` of ``DELETE /channels/{channelId}``."""


def variables(value: Any) -> dict[str, str]:
    """Read a mapping of channel variables.

    Raises:
        MisfitError: It is none, or a value is no text.
    """
    if not isinstance(value, dict):
        raise MisfitError.at(f"not a mapping {got(value)}; write {{NAME: value}}")
    read: dict[str, str] = {}
    faults: list[tuple[tuple[str], str]] = []
    for name, text in value.items():
        try:
            read[str(name)] = word(text)
        except MisfitError as misfit:
            faults += [((str(name),), text) for _, text in misfit.faults]
    if not all(read):
        faults.append((("",), 'a variable without a name (got ""); write {NAME: value}'))
    if faults:
        raise MisfitError(faults)
    return read


Variables = Annotated[
    dict[str, str],
    PlainValidator(variables),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": ["string", "integer"]}}),
]
"""Channel variables by name."""


_PLAIN = re.compile(r"^[A-Za-z0-9_.-]+$")


def bridge_name(value: Any) -> str:
    """Read the name of a bridge, which becomes a part of the paths of requests.

    Raises:
        MisfitError: It would need to be escaped there.
    """
    name = word(value)
    if not _PLAIN.fullmatch(name):
        raise MisfitError.at(f"not a name for a bridge {got(value)}; write letters, digits, - . and _")
    return name


class Answer(Tagged):
    """Answer the channel."""

    tag: ClassVar[str] = "answer"
    bare: ClassVar[bool] = True


class Ring(Tagged):
    """Tell the caller that it rings."""

    tag: ClassVar[str] = "ring"
    bare: ClassVar[bool] = True


class Hangup(Tagged):
    """Hang the channel up."""

    tag: ClassVar[str] = "hangup"
    sole: ClassVar[str] = "reason"
    bare: ClassVar[bool] = True
    example: ClassVar[str] = "hangup, or hangup: busy"

    reason: HangupReason = Field(default="normal", description="What the caller is told.")


class Continue(Tagged):
    """Send the channel back to the dialplan: to the next step, or to a place of one's choice."""

    tag: ClassVar[str] = "continue"
    bare: ClassVar[bool] = True
    mapping: ClassVar[bool] = True
    example: ClassVar[str] = "continue, or continue: {context: NAME, extension: NAME, priority: 1}"

    context: Word | None = Field(default=None, description="Context; the present one where it is not given.")
    extension: Word | None = Field(default=None, description="Extension; the present one where it is not given.")
    priority: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Priority; the next one where it is not given."
    )
    label: Word | None = Field(default=None, description="Label, instead of a priority.")

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield a label beside a priority."""
        if "label" in data and "priority" in data:
            yield ("label",), f"priority is given too {got(data['label'])}; write one of priority and label"


class Play(Tagged):
    """Play a sound, and wait for its PlaybackFinished."""

    tag: ClassVar[str] = "play"
    sole: ClassVar[str] = "time"
    example: ClassVar[str] = "play: 4s"

    time: Random = Field(description="How long the sound takes.")


class Record(Tagged):
    """Record the caller, and wait for its RecordingFinished."""

    tag: ClassVar[str] = "record"
    sole: ClassVar[str] = "time"
    example: ClassVar[str] = "record: 20s"

    time: Random = Field(description="How long the caller talks; he may hang up before.")


class Wait(Tagged):
    """Do nothing for a while; the worker is free meanwhile."""

    tag: ClassVar[str] = "wait"
    sole: ClassVar[str] = "time"
    example: ClassVar[str] = "wait: 2s"

    time: Random = Field(description="How long.")


class Set(Tagged):
    """Set channel variables, one request for each."""

    tag: ClassVar[str] = "set"
    sole: ClassVar[str] = "variables"
    example: ClassVar[str] = "set: {NAME: value}"

    variables: Variables = Field(description="Channel variables by name.")


class Claim(Tagged):
    """Claim a call that StasisBroadcast offers."""

    tag: ClassVar[str] = "claim"
    bare: ClassVar[bool] = True


class Subscribe(Tagged):
    """Subscribe the app to the channel, of which it then hears to its end."""

    tag: ClassVar[str] = "subscribe"
    bare: ClassVar[bool] = True


class Move(Tagged):
    """Hand the channel over to another app."""

    tag: ClassVar[str] = "move"
    sole: ClassVar[str] = "app"
    example: ClassVar[str] = "move: APP"

    app: Annotated[str, Field(min_length=1)] = Field(description="Name of the app.")


class Bridge(Tagged):
    """Put the channel into a bridge of a name, which is made where it is not there."""

    tag: ClassVar[str] = "bridge"
    sole: ClassVar[str] = "name"
    example: ClassVar[str] = "bridge: room-1"

    name: Annotated[str, PlainValidator(bridge_name), WithJsonSchema({"type": "string", "pattern": _PLAIN.pattern})] = (
        Field(description="Its name, which is its id too.")
    )


class Pair(Tagged):
    """Put the channel into a bridge with the caller who waits for one, or let it wait for the next."""

    tag: ClassVar[str] = "pair"
    bare: ClassVar[bool] = True


class Disband(Tagged):
    """Hang up who else is in the bridge that the channel was put into, and destroy it."""

    tag: ClassVar[str] = "disband"
    bare: ClassVar[bool] = True


class ExternalMedia(Tagged):
    """Make a channel of external media, for a program that hears and speaks, and bridge the caller with it."""

    tag: ClassVar[str] = "external_media"
    bare: ClassVar[bool] = True


_LOCAL = re.compile(r"^Local/[^@/]+@[^@/]+(/n)?$")


def local_endpoint(value: Any) -> str:
    """Read an endpoint that the model can call.

    Raises:
        MisfitError: It is none.
    """
    if not isinstance(value, str) or not _LOCAL.fullmatch(value):
        raise MisfitError.at(f"not an endpoint of the model {got(value)}; write Local/EXTENSION@CONTEXT")
    return value


class Originate(Tagged):
    """Make a Local channel: one half runs an extension of the dialplan, and when it answers an app gets the other."""

    tag: ClassVar[str] = "originate"
    mapping: ClassVar[bool] = True
    example: ClassVar[str] = "originate: {endpoint: Local/EXTENSION@CONTEXT, app: APP}"
    required_examples: ClassVar[dict[str, str]] = {
        "endpoint": "endpoint: Local/EXTENSION@CONTEXT",
        "app": "app: APP",
    }

    endpoint: Annotated[
        str, PlainValidator(local_endpoint), WithJsonSchema({"type": "string", "pattern": _LOCAL.pattern})
    ] = Field(description="Local/EXTENSION@CONTEXT: where its far half begins.")
    app: Annotated[str, Field(min_length=1)] = Field(description="The app that gets its near half.")

    @property
    def place(self) -> tuple[str, str]:
        """Extension and context of the far half."""
        extension, _, context = self.endpoint.split("/")[1].partition("@")
        return extension, context


Action = Annotated[
    Answer
    | Ring
    | Hangup
    | Continue
    | Play
    | Record
    | Wait
    | Set
    | Subscribe
    | Move
    | Claim
    | Bridge
    | Pair
    | ExternalMedia
    | Disband
    | Originate,
    OneOf(
        "an action",
        "answer, or {play: 4s}",
        *(Answer, Ring, Hangup, Continue, Play, Record, Wait, Set, Subscribe, Move, Claim, Bridge, Pair),
        *(ExternalMedia, Disband, Originate),
    ),
]
"""One step of what an application does."""
