"""What happened to a few calls, one thing after the other: who did what to whom, in the words of Asterisk's log.

Four kinds of lanes have a part in it: callers, Asterisk's dialplan, its registry of Stasis applications, and the
clients, each under its own name.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

CALLER: Final = "caller"
DIALPLAN: Final = "dialplan"
STASIS: Final = "Stasis"
LANES: Final = (CALLER, DIALPLAN, STASIS)
"""The lanes that are always there; those of the clients follow them."""

KINDS: Final = (
    "outage",
    "connection",
    "program",
    "registry",
    "asterisk",
    "caller",
    "step",
    "log",
    "entered",
    "ejected",
    "waiting",
    "left",
    "event",
    "command",
    "ended",
)
"""What can happen: a closed list, in the words of docs/pictures.md."""


class Happening(NamedTuple):
    """One thing that happened.

    Attributes:
        at: When, in microseconds.
        source: The lane that it begins in.
        target: The lane that it leads to; the same: it stays in its lane.
        kind: One of :data:`KINDS`.
        text: What, in words; a log line begins with its level.
        call: Number of the call that it is about; None: it is about none.
        fate: Of an event, one of :data:`~stasis_sim.observe.vocabulary.FATES`; else empty.
        until: When an event arrived, in microseconds; None: it did not, or it is no event.
    """

    at: int
    source: str
    target: str
    kind: str
    text: str
    call: int | None = None
    fate: str = ""
    until: int | None = None

    @property
    def arrives(self) -> bool:
        """Whether it gets to where it leads."""
        return self.kind != "event" or self.until is not None

    def json(self) -> dict[str, Any]:
        """Return what ``trace --json`` prints of it."""
        return {
            "at_us": self.at,
            "from": self.source,
            "to": self.target,
            "kind": self.kind,
            "text": self.text,
            "call": self.call,
            "fate": self.fate or None,
            "arrived_us": self.until,
        }


REGISTRY_WORDS: Final = {
    "created": "Creating Stasis app '{app}'",
    "activated": "Activating Stasis app '{app}'",
    "replaced": "Replacing Stasis app '{app}'",
    "deactivated": "Deactivating Stasis app '{app}'",
    "forgotten": "Shutting down application '{app}'",
}
"""What Asterisk 16 and 22 write into the log, as VERBOSE, about each change of the registry."""

MISSED_WORDS: Final = "Inactive Stasis app '{app}' missed message"
"""What Asterisk 16 and 22 write into the log, as VERBOSE, about each event for an app that has no connection."""
