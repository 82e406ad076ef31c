"""The ``asterisk:`` part of a scenario: which Asterisk, on which of its own files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from stasis_sim.scenario.distributions import Constant
from stasis_sim.scenario.fields import Count, Duration, NoneOr, Random, Seconds
from stasis_sim.scenario.files import Conf, ConfFile
from stasis_sim.scenario.misfit import Keys, MisfitError, got
from stasis_sim.scenario.strict import Strict

Profile = Literal["documented", "asterisk-16", "asterisk-22"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DEFAULT_CLOCK = "2026-01-05 00:00:00"
"""A Monday; midnight, so that a daily pattern starts at its beginning."""

LATEST_YEAR = 9000
"""In which a run may begin: no calendar goes beyond 9999, and runs are long."""

DEFAULT_SOUND_US = 5_000_000

_CLOCK = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?)?", re.ASCII)


def _text(text: str, name: str) -> ConfFile:
    return ConfFile(text, name, written=text, content=text)


DEFAULT_HTTP = _text("[general]\nenabled = yes\nbindaddr = 0.0.0.0\n", "the default http.conf")
DEFAULT_ARI = _text("[general]\n\n[asterisk]\ntype = user\npassword = asterisk\n", "the default ari.conf")
DEFAULT_WEBSOCKET_CLIENT = _text("[general]\n", "the default websocket_client.conf")
"""What a scenario without these files has: a server that is on, the user that clients have by default, no connections
of Asterisk's own."""


def clock(value: Any) -> int:
    """Read a date with or without time, in Asterisk's own time zone.

    Returns:
        Microseconds since 1970-01-01 00:00:00 of that zone.

    Raises:
        MisfitError: It is none.
    """
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    day, time, seconds = match.groups() if match else ("", None, None)
    try:
        moment = datetime.fromisoformat(f"{day}T{time or '00:00'}{seconds or ':00'}+00:00")
    except ValueError:
        raise MisfitError.at(f"not a date and time {got(value)}; write one such as {DEFAULT_CLOCK}") from None
    if moment < EPOCH:
        raise MisfitError.at(f"before {EPOCH.year} {got(value)}; write a date such as {DEFAULT_CLOCK}")
    if moment.year > LATEST_YEAR:
        raise MisfitError.at(f"after {LATEST_YEAR} {got(value)}; write a date such as {DEFAULT_CLOCK}")
    return (moment - EPOCH) // timedelta(microseconds=1)


def format_clock(us: int) -> str:
    """Write microseconds since 1970 as date and time."""
    return (EPOCH + timedelta(microseconds=us)).strftime("%Y-%m-%d %H:%M:%S")


Clock = Annotated[
    int,
    PlainValidator(clock),
    PlainSerializer(format_clock),
    WithJsonSchema({"type": "string", "pattern": rf"^{_CLOCK.pattern}$", "examples": [DEFAULT_CLOCK]}),
]


class Asterisk(Strict):
    """Asterisk: how it behaves, and what it is configured with."""

    example: ClassVar[str] = "asterisk: {extensions: extensions.conf}"
    required_examples: ClassVar[dict[str, str]] = {"extensions": "extensions: FILE.conf, or the dialplan itself"}

    profile: Profile = Field(
        default="documented", description="Which Asterisk: as documented, or as version 16 or 22 really is."
    )
    http: Conf = Field(
        default=DEFAULT_HTTP, description="http.conf: a path relative to the scenario, or the text itself."
    )
    ari: Conf = Field(default=DEFAULT_ARI, description="ari.conf: a path relative to the scenario, or the text itself.")
    websocket_client: Conf = Field(
        default=DEFAULT_WEBSOCKET_CLIENT,
        description="websocket_client.conf (22): a path relative to the scenario, or the text itself.",
    )
    extensions: Conf = Field(description="extensions.conf: a path relative to the scenario, or the text itself.")
    sounds_us: dict[str, Duration] = Field(
        default_factory=dict,
        alias="sounds",
        description="How long each sound takes to play; `default` is for those that are not named.",
        validate_default=False,
    )
    clock_us: Clock = Field(
        default=clock(DEFAULT_CLOCK),
        alias="clock",
        description="Date and time at the start: for includes with times, and for the rates of a day.",
    )
    max_channels: Annotated[Count | None, NoneOr()] = Field(
        default=None, description="Calls at one time; more are blocked. none: no limit."
    )
    rtp_timeout_us: Annotated[Seconds | None, NoneOr()] = Field(
        default=None,
        alias="rtp_timeout",
        description="An answered SIP caller from whom no RTP comes for so long is hung up. none: never.",
    )
    latency: Random = Field(default=Constant(1_000), description="How long the answer to a REST request takes.")
    files: Literal["exist", "check"] = Field(
        default="exist", description="Certificates are taken to exist, or are looked for on this machine."
    )
    accept_broken: bool = Field(
        default=False, description="Go on where Asterisk would discard a whole file, as it would: without that file."
    )

    @classmethod
    def arrange(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Fill in how long a sound takes that is not named."""
        sounds = data.get("sounds", {})
        if isinstance(sounds, dict):
            data["sounds"] = {"default": f"{DEFAULT_SOUND_US}us", **sounds}
        return data

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield sounds without a name."""
        sounds = data.get("sounds")
        if isinstance(sounds, dict) and "" in sounds:
            yield ("sounds", ""), 'a sound without a name (got ""); write the name that the dialplan plays'
