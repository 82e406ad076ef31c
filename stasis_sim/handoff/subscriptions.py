"""Applications and what they listen to: topics, forwards and interest counts.

As in Asterisk's res/stasis/app.c.  A channel or a bridge has a topic; an application is subscribed to it while a
*forward* leads from that topic to the application's own.  An application keeps its forwards in one container by
id, whatever they lead to, each with a count of how often somebody was interested.  Subscribed to everything means
a forward from the topic of all channels (bridges, endpoints) under a reserved id; then no forward for a single
one is made any more (subscribe-all).

An application's topic goes by its *name*: an application that was forgotten while a channel still belonged to it
and one that was registered since under that name share it.  That is how the new one hears of the channel's
StasisEnd (unsubscribe-own-channel).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from stasis_sim.handoff.lifecycles import REGISTRATION, fire
from stasis_sim.handoff.sessions import Session

CHANNEL: Final = "channel"
BRIDGE: Final = "bridge"
ENDPOINT: Final = "endpoint"

ALL: Final = {
    CHANNEL: "__AST_CHANNEL_ALL_TOPIC",
    BRIDGE: "__AST_BRIDGE_ALL_TOPIC",
    ENDPOINT: "__AST_ENDPOINT_ALL_TOPIC",
}
ALL_DEVICES: Final = "__AST_DEVICE_STATE_ALL_TOPIC"

_HASH_START: Final = 5381
_HASH_MASK: Final = 0x7FFFFFFF


def bucket(text: str, buckets: int) -> int:
    """Where Asterisk's hash containers put a name: lists of devices come in this order (ast_str_hash)."""
    value = _HASH_START
    for byte in text.encode():
        value = (value * 33 ^ byte) & 0xFFFFFFFF
    return (value & _HASH_MASK) % buckets


class AppTopic:
    """The topic of a name; `listener` is the application that is registered under it, if one is."""

    __slots__ = ("__weakref__", "listener")

    def __init__(self) -> None:
        self.listener: App | None = None


class Forward:
    """What leads from the topic of a channel, a bridge or all of them to an application's topic."""

    __slots__ = ("app", "ident", "interest", "kind", "source", "topic")

    def __init__(self, app: App, kind: str, ident: str, source: list[Forward]) -> None:
        self.app = app
        self.topic = app.topic
        self.kind = kind
        self.ident = ident
        self.interest = 0
        self.source = source
        source.append(self)


class App:
    """An application.

    Attributes:
        name: Its name.
        state: A state of `lifecycles.REGISTRATION`.
        session: Who handles its events; None: nobody, it is inactive.
        topic: Where its messages go.
        forwards: Its forwards by id.
        allowed, disallowed: Its event filter as it was set; None: never set.
        filtering: Whether there is a filter at all.
        keep: It is never forgotten (`documented`).
    """

    __slots__ = (
        "allowed",
        "disallowed",
        "filtering",
        "forwards",
        "keep",
        "name",
        "session",
        "state",
        "topic",
    )

    def __init__(self, name: str, topic: AppTopic, *, keep: bool = False) -> None:
        """Make an application that nobody has registered yet."""
        self.name = name
        self.state = "forgotten"
        self.session: Session | None = None
        self.topic = topic
        self.forwards: dict[str, Forward] = {}
        self.allowed: Sequence[Mapping[str, Any]] | None = None
        self.disallowed: Sequence[Mapping[str, Any]] | None = None
        self.filtering = False
        self.keep = keep

    def fire(self, stimulus: str) -> None:
        """Move to the state that follows."""
        self.state = fire(REGISTRATION, self.state, stimulus, "application", self.name)

    def subscribe(self, kind: str, ident: str, source: list[Forward]) -> None:
        """Be interested in one more thing, or once more in the same; `source` is the topic's list of forwards."""
        forwards = self.forwards
        if ALL[kind] in forwards:
            return
        forward = forwards.get(ident)
        if forward is None:
            forward = forwards[ident] = Forward(self, kind, ident, source)
        forward.interest += 1

    def unsubscribe(self, ident: str, *, for_good: bool = False) -> bool:
        """Be interested once less, or never more; False: it was not subscribed."""
        forward = self.forwards.get(ident)
        if forward is None:
            return False
        forward.interest -= 1
        if for_good or forward.interest == 0:
            forward.source.remove(forward)
            del self.forwards[ident]
        return True

    def hears(self, event_type: str) -> bool:
        """Whether the event filter lets a type through (event-filter)."""
        if self.disallowed and any(rule.get("type") == event_type for rule in self.disallowed):
            return False
        return not self.allowed or any(rule.get("type") == event_type for rule in self.allowed)

    def to_json(self, devices: Sequence[str]) -> dict[str, Any]:
        """What GET /applications shows: the container is a tree sorted by id."""
        idents: dict[str, list[str]] = {CHANNEL: [], BRIDGE: [], ENDPOINT: []}
        for ident in sorted(self.forwards):
            idents[self.forwards[ident].kind].append(ident)
        return {
            "name": self.name,
            "channel_ids": idents[CHANNEL],
            "bridge_ids": idents[BRIDGE],
            "endpoint_ids": idents[ENDPOINT],
            "device_names": list(devices),
            "events_allowed": list(self.allowed or ()),
            "events_disallowed": list(self.disallowed or ()),
        }
