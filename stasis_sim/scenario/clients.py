"""The ``clients:`` part of a scenario: the programs that serve Asterisk's apps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import ConfigDict, Field, PlainValidator

from stasis_sim.scenario.actions import Action, Answer, Claim
from stasis_sim.scenario.distributions import Constant
from stasis_sim.scenario.events import ABOUT_NO_CALL, EVENT_TYPES
from stasis_sim.scenario.fields import (
    Count,
    Duration,
    Few,
    NoneOr,
    OneOrMany,
    PositiveDuration,
    PositiveSize,
    Random,
    ServiceTimes,
    Short,
    Word,
)
from stasis_sim.scenario.misfit import Keys, MisfitError, got, nearest
from stasis_sim.scenario.presets import Reconnect
from stasis_sim.scenario.quantities import format_size, positive_size
from stasis_sim.scenario.reconnect import ConstantDelay
from stasis_sim.scenario.service import USUAL, Service
from stasis_sim.scenario.strict import Strict

DEFAULT_URL = "http://localhost:8088/ari/events"
Transport = Literal["inbound", "outbound"]
Source = Literal["channel", "bridge"]
"""What an app may subscribe to, all of a kind; of others, such as endpoints, the simulation has no events."""

PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
"""Schemes of a URL with the port that each stands for."""

DEFAULT_RECONNECT = ConstantDelay.model_validate({"delay": "1s"})

OFFER = "CallBroadcast"
"""The event by which StasisBroadcast offers a call."""

LEAST_BUFFER = 1_000
"""Bytes; events are shorter, see :data:`stasis_sim.simulated.buffers.BYTES`."""

ON = "on "
"""How the key of an event's actions begins."""

OF_CONNECTING = (
    "transport",
    "url",
    "user",
    "password",
    "subscribe_all",
    "subscribe",
    "keeps",
    "inbox",
    "buffer",
    "idle_timeout",
)
"""Keys that say nothing of a client behind a proxy: the proxy connects to Asterisk for it, and has the bus."""

OF_HANDLING = ("transport", "instances", "workers", "inbox", "service", "on", "recover")
"""Keys that say nothing of a proxy: the clients behind it do the work."""


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


class IdleTimeout(Strict):
    """What is on the way forgets a WebSocket over which nothing passes."""

    example: ClassVar[str] = "idle_timeout: 5min"
    required_examples: ClassVar[dict[str, str]] = {"after": "after: 5min"}

    after_us: PositiveDuration = Field(alias="after", description="After so long without a message or a ping.")
    then: Literal["silent", "reset"] = Field(
        default="silent", description="What a writer meets from then on: silence, or a reset."
    )


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
    subscribe: Annotated[tuple[Source, ...], OneOrMany("[channel]")] | None = Field(
        default=None, description="To all of what it subscribes its apps by a request, once it is connected."
    )
    start_us: Duration = Field(default=0, alias="start", description="How long after the start of the run it connects.")
    instances: Few = Field(default=1, description="How many of them run, all serving the same apps.")
    workers: Few = Field(default=1, description="How many events it handles at one time; 1 is an event loop.")
    inbox: Annotated[Few | None, NoneOr()] = Field(
        default=None, description="How many events it holds before it reads no further; none: it reads on."
    )
    buffer: PositiveSize = Field(
        default=4_000_000, description="How many bytes its link takes that nobody reads; of each WebSocket."
    )
    service: ServiceTimes = Field(
        default=Service(USUAL),
        description="How long a worker needs for an event; waiting for Asterisk's answers is not in it.",
    )
    latency: Random = Field(
        default=Constant(1_000), description="How long a message takes between Asterisk and client, one way."
    )
    idle_timeout: Annotated[Annotated[IdleTimeout, Short("after")] | None, NoneOr()] = Field(
        default=None, description="When something on the way, such as a NAT, forgets a WebSocket; none: never."
    )
    on: dict[str, Actions] = Field(
        default_factory=_default_actions,
        description="What it does for each type of event.",
    )
    behind: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="The client that connects to Asterisk for it, and hands events on to it over a bus."
    )
    deliver: Literal["owner", "any"] | None = Field(
        default=None,
        description="Of a proxy: whether a call's events go to who took its StasisStart, or to the next one in turn.",
    )
    keeps: Annotated[Count | None, NoneOr(shown=False)] = Field(
        default=None, description="Of a proxy: how many events the bus keeps for who is away; none: it keeps nothing."
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

    def programs(self, name: str) -> tuple[str, ...]:
        """Return what its instances are called, where the scenario calls it by a name: ``ivr``, ``ivr#2``, ..."""
        return (name, *(f"{name}#{instance}" for instance in range(2, self.instances + 1)))

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
        """Spread ``on`` over its keys again, without the keys that say nothing of such a client."""
        idle = OF_CONNECTING if "behind" in data else OF_HANDLING if "deliver" in data else ()
        data = {key: value for key, value in data.items() if key not in idle}
        events = data.pop("on", {})
        return {**data, **{f"{ON}{event}": actions for event, actions in events.items()}}

    @classmethod
    def suggestions(cls) -> list[str]:
        """Return the keys that a message may name."""
        return [f"{ON}StasisStart" if key == "on" else key for key in cls.known_keys()]

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield events that ARI does not have, apps that stand twice, and keys that say nothing."""
        yield from _idle(data)
        inbox, workers = data.get("inbox"), data.get("workers", 1)
        if isinstance(inbox, int) and isinstance(workers, int) and 0 < inbox < workers:
            yield ("inbox",), f"less than the workers handle {got(inbox)}; write {workers} or more"
        if "buffer" in data:
            yield from cls._examine_buffer(data["buffer"])
        for event in data.get("on", {}):
            if not event:
                yield ("on", event), "no type of event; write it into the key, as in on StasisStart: [answer]"
            elif event not in EVENT_TYPES:
                near = nearest(event, EVENT_TYPES)
                hint = f"write {ON}{near}" if near else f"write one of ARI's, such as {ON}StasisStart"
                hint = f"write on_{event}" if f"on_{event}" in cls.known_keys() else hint
                yield ("on", event), f"unknown type of event {got(event)}; {hint}"
            elif event in ABOUT_NO_CALL and data["on"][event] not in ([], (), None):
                hint = "write on_replaced" if event == "ApplicationReplaced" else "remove it"
                yield (
                    ("on", event),
                    f"names no call that something could be done about {got(data['on'][event])}; {hint}",
                )
        yield from cls._examine_claims(data.get("on", {}))
        yield from _examine_subscriptions(data)
        yield from _twice(data, "apps")
        if data.get("supervisor", "none") != "none" and not cls._ends(data):
            text = f"says nothing of a program that lives on {got(data['supervisor'])}"
            yield ("supervisor",), f"{text}; write on_error: crashes or on_replaced: returns beside it"

    @staticmethod
    def _ends(data: Mapping[str, Any]) -> bool:
        """Whether something else than its policy makes the program end."""
        return data.get("on_error") == "crashes" or data.get("on_replaced") == "returns"

    @classmethod
    def _examine_buffer(cls, buffer: Any) -> Iterator[tuple[Keys, str]]:
        """Yield a buffer into which no event fits."""
        try:
            little = positive_size(buffer) < LEAST_BUFFER
        except MisfitError:  # said where the field is read
            return
        if little:
            yield ("buffer",), f"too little for an event {got(buffer)}; write {format_size(LEAST_BUFFER)} or more"

    @classmethod
    def _examine_claims(cls, on: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield claims of calls that nobody offers."""
        for event, todo in on.items():
            listed = todo if isinstance(todo, list | tuple) else (todo,)
            for index, action in enumerate(listed):
                if event != OFFER and (action == Claim.tag or isinstance(action, Claim)):
                    keys = ("on", event, index) if listed is todo else ("on", event)
                    yield keys, f"says nothing about {event} {got(Claim.tag)}; write it into {ON}{OFFER}"


def _twice(data: Mapping[str, Any], key: str) -> Iterator[tuple[Keys, str]]:
    """Yield what stands in a list for the second time."""
    listed = data.get(key)
    if isinstance(listed, list | tuple):
        for index, each in enumerate(listed):
            if each in listed[:index]:
                yield (key, index), f"named twice {got(each)}; remove one"


def _examine_subscriptions(data: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    """Yield subscriptions to nothing, to one thing twice, and those that are made again though there are none."""
    yield from _twice(data, "subscribe")
    if data.get("subscribe") in ([], ()):
        yield ("subscribe",), f"empty {got(data['subscribe'])}; write channel, bridge or both, or remove the key"
    policies, behind = data.get("reconnect"), "behind" in data
    whom = "a client behind a proxy" if behind else "a client that subscribes to nothing"
    hint = "remove it" if behind else "write subscribe: channel beside reconnect, or remove it"
    for name, policy in policies.items() if isinstance(policies, Mapping) and "subscribe" not in data else ():
        if isinstance(policy, Mapping) and policy.get("resubscribe") is True:
            yield ("reconnect", name, "resubscribe"), f"says nothing of {whom} {got(True)}; {hint}"


def _idle(data: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    """Yield keys that say nothing of a client behind a proxy, and of a proxy."""
    if "behind" in data and "deliver" in data:
        yield ("deliver",), f"says nothing of a client behind a proxy {got(data['deliver'])}; remove it"
        return
    if "behind" in data:
        for key in OF_CONNECTING:
            if key in data:
                proxy = data["behind"]
                yield (key,), f"says nothing of a client behind a proxy {got(data[key])}; write it of {proxy}"
    elif "deliver" in data:
        for key in OF_HANDLING:
            where = [("on", event) for event in data.get("on", {})] if key == "on" else [(key,)] * (key in data)
            for keys in where:
                yield keys, "says nothing of a proxy; write it of the clients behind it"
    elif data.get("keeps", "none") != "none":
        yield ("keeps",), f"says nothing of a client that no other is behind {got(data['keeps'])}; remove it"
