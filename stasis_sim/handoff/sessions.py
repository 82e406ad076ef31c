"""WebSocket sessions: who handles an application's events.

A session is one WebSocket.  Inbound: a client opened it, and it ends with its connection.  Persistent: Asterisk
opens it, and opens it again for ever.  Per call: Asterisk opens it for one channel.  A session holds the names of
its applications in the order in which it will let go of them; names that another connection has taken over are no
longer among them (replaced).  Asterisk keeps the two lists apart: a session may hold a name whose application has
another handler (a persistent one that was replaced: outbound-and-inbound).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stasis_sim.handoff.lifecycles import SESSION, fire

INBOUND: Final = "inbound"
PERSISTENT: Final = "persistent"
PER_CALL: Final = "per_call"


class Session:
    """One WebSocket.

    Attributes:
        name: Its id in effects and stimuli.
        kind: `inbound`, `persistent` or `per_call`.
        state: A state of `lifecycles.SESSION`.
        up: Whether messages can be written (the state is "up").
        apps: The names that it will unregister when it ends.
        queue: Messages that wait for the connection: (serial, app, type, channel, body).
        channel: The channel that a per-call session is for.
        config: Name of the outbound configuration, or "".
        tries: Failed attempts to connect since the last success.
        end_sent: A per-call session has passed on its channel's StasisEnd.
        ending: It will not reconnect any more.
    """

    __slots__ = (
        "apps",
        "channel",
        "config",
        "end_sent",
        "ending",
        "kind",
        "name",
        "queue",
        "state",
        "tries",
        "up",
    )

    def __init__(self, name: str, kind: str = INBOUND, *, config: str = "", channel: str = "") -> None:
        """Make a session: an inbound one is up, an outbound one connects."""
        self.name = name
        self.kind = kind
        self.state = "up" if kind == INBOUND else "connecting"
        self.up = kind == INBOUND
        self.apps: list[str] = []
        self.queue: list[tuple[int, str, str, str | None, Mapping[str, Any] | None]] = []
        self.channel = channel
        self.config = config
        self.tries = 0
        self.end_sent = False
        self.ending = False

    def fire(self, stimulus: str) -> None:
        """Move to the state that follows."""
        self.state = fire(SESSION, self.state, stimulus, "session", self.name)
        self.up = self.state == "up"
