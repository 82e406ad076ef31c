"""The ``clients:`` part of a scenario: the programs that serve Asterisk's apps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import ConfigDict, Field, PlainValidator

from stasis_sim.scenario.actions import Action, Answer
from stasis_sim.scenario.distributions import Constant
from stasis_sim.scenario.events import EVENT_TYPES
from stasis_sim.scenario.fields import Duration, Few, NoneOr, OneOrMany, PositiveDuration, Random, Word
from stasis_sim.scenario.misfit import Keys, MisfitError, got, nearest
from stasis_sim.scenario.presets import Reconnect
from stasis_sim.scenario.reconnect import ConstantDelay
from stasis_sim.scenario.strict import Strict

DEFAULT_URL = "http://localhost:8088/ari/events"
Transport = Literal["inbound", "outbound"]
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
"""Schemes of a URL with the port that each stands for."""

DEFAULT_RECONNECT = ConstantDelay.model_validate({"delay": "1s"})

ON = "on "
"""How the key of an event's actions begins."""


def read_url(value: Any) -> str:
    """Read the URL of ARI's events.

    Raises:
        MisfitError: It is none.
    """
    try:
        parts = urlsplit(value) if isinstance(value, str) else SplitResult("", "", "", "", "")
        fits = parts.scheme in PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    if not fits:
        raise MisfitError.at(f"not a URL {got(value)}; write one such as {DEFAULT_URL}")
    return str(value)


Actions = Annotated[tuple[Action, ...], OneOrMany("[answer], or [] for nothing")]
"""What is done, one after the other."""


def _default_actions() -> dict[str, tuple[Action, ...]]:
    return {"StasisStart": (Answer(),)}


def _on_events(schema: dict[str, Any]) -> None:
    """Give the JSON Schema of a client the keys that begin with ``on``."""
    actions = schema["properties"].pop("on")["additionalProperties"]
    schema["properties"] |= {f"{ON}{event}": actions for event in EVENT_TYPES}


class Client(Strict):
    """A program that connects to Asterisk, handles its events and sends it commands."""

    model_config = ConfigDict(json_schema_extra=_on_events)

    example: ClassVar[str] = "NAME: {apps: [APP]}"
    required_examples: ClassVar[dict[str, str]] = {"apps": "apps: [APP]"}

    apps: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1), OneOrMany("[APP]")] = Field(
        description="The apps it serves, one or a list."
    )
    transport: Transport = Field(
        default="inbound", description="Who opens its WebSockets: the program itself, or Asterisk 22."
    )
    url: Annotated[str, PlainValidator(read_url)] = Field(default=DEFAULT_URL, description="Where it connects.")
    user: Word = Field(default="asterisk", description="User, as in ari.conf.")
    password: Word = Field(default="asterisk", description="Password in plain text, also where ari.conf holds a hash.")
    subscribe_all: bool = Field(default=False, description="Whether it connects with subscribeAll=true.")
    start_us: Duration = Field(default=0, alias="start", description="How long after the start of the run it connects.")
    instances: Few = Field(default=1, description="How many of them run, all serving the same apps.")
    workers: Few = Field(default=1, description="How many events it handles at one time; 1 is an event loop.")
    service: Random = Field(
        default=Constant(2_000),
        description="How long a worker needs for an event; waiting for Asterisk's answers is not in it.",
    )
    latency: Random = Field(
        default=Constant(1_000), description="How long a message takes between Asterisk and client, one way."
    )
    on: dict[str, Actions] = Field(
        default_factory=_default_actions,
        description="What it does for each type of event.",
    )
    reconnect: Reconnect = Field(default=DEFAULT_RECONNECT, description="How it comes back after a loss.")
    recover: Literal["none", "list-channels"] = Field(
        default="none", description="What it does when it is back: nothing, or take up the channels that are inside."
    )
    on_error: Literal["ignores", "crashes"] = Field(
        default="ignores", description="What the program does when a request of its own is answered with an error."
    )
    on_replaced: Literal["stays", "reconnects", "returns"] = Field(
        default="stays", description="What the program does when it hears that another has taken its app."
    )
    supervisor_us: Annotated[PositiveDuration | None, NoneOr(shown=False)] = Field(
        default=None,
        alias="supervisor",
        description="How long after it crashed or returned something starts it again.",
    )

    @property
    def tls(self) -> bool:
        """Whether it speaks TLS."""
        return urlsplit(self.url).scheme in {"https", "wss"}

    @property
    def host(self) -> str:
        """The host of the URL."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port of the URL, that of its scheme where it names none."""
        parts = urlsplit(self.url)
        return parts.port or PORTS[parts.scheme]

    @property
    def path(self) -> str:
        """The path of the URL."""
        return urlsplit(self.url).path or "/"

    @classmethod
    def arrange(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Gather the keys ``on EVENT`` under ``on``."""
        events = {key[len(ON) :].strip(): data[key] for key in data if f"{key} ".startswith(ON)}
        others = {key: value for key, value in data.items() if not f"{key} ".startswith(ON)}
        return {**others, "on": events} if events else others

    @classmethod
    def locate(cls, keys: Keys, data: Mapping[str, Any]) -> Keys:
        """Turn ``on``, ``EVENT`` into the key ``on EVENT``."""
        del data
        return (f"{ON}{keys[1]}".strip(), *keys[2:]) if keys[:1] == ("on",) and len(keys) > 1 else keys

    @classmethod
    def spread(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Spread ``on`` over its keys again."""
        events = data.pop("on", {})
        return {**data, **{f"{ON}{event}": actions for event, actions in events.items()}}

    @classmethod
    def suggestions(cls) -> list[str]:
        """Return the keys that a message may name."""
        return [f"{ON}StasisStart" if key == "on" else key for key in cls.known_keys()]

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield events that ARI does not have."""
        for event in data.get("on", {}):
            if not event:
                yield ("on", event), "no type of event; write it into the key, as in on StasisStart: [answer]"
            elif event not in EVENT_TYPES:
                near = nearest(event, EVENT_TYPES)
                hint = f"write {ON}{near}" if near else f"write one of ARI's, such as {ON}StasisStart"
                hint = f"write on_{event}" if f"on_{event}" in cls.known_keys() else hint
                yield ("on", event), f"unknown type of event {got(event)}; {hint}"
        apps = data.get("apps")
        if isinstance(apps, list | tuple):
            for index, app in enumerate(apps):
                if app in apps[:index]:
                    yield ("apps", index), f"named twice {got(app)}; remove one"
        if data.get("supervisor", "none") != "none" and not cls._ends(data):
            text = f"says nothing of a program that lives on {got(data['supervisor'])}"
            yield ("supervisor",), f"{text}; write on_error: crashes or on_replaced: returns beside it"

    @staticmethod
    def _ends(data: Mapping[str, Any]) -> bool:
        """Whether something else than its policy makes the program end."""
        return data.get("on_error") == "crashes" or data.get("on_replaced") == "returns"
