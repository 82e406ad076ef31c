"""Messages: from the topic where something happened to the sessions of those who listen.

`Bus` is what everything in the model speaks to.  A message goes to a topic; each forward of the topic leads it to
an application's topic; the application's session writes it, queues it, or there is none and it is missed.
The filter is asked when a message is written, so that an inactive application misses what it would not have
heard (event-filter-after-reconnect), and it is that of the application now registered under the name.

Bodies are built only if `bodies` is set: callers hand over None otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from stasis_sim.handoff.effects import LOG, MISSED, QUEUED, SEND, Effect
from stasis_sim.handoff.sessions import PER_CALL, Session
from stasis_sim.handoff.subscriptions import App, AppTopic, Forward

Body: TypeAlias = Mapping[str, Any] | None


class Bus:
    """Where messages and all other effects go out.

    Attributes:
        out: The effects of the present step.
        bodies: Whether messages carry their JSON.
        apps: The registered applications by name.
        channels, bridges, endpoints: The forwards of the topics of all of them.
    """

    __slots__ = ("_serial", "apps", "bodies", "bridges", "channels", "endpoints", "out")

    def __init__(self, *, bodies: bool) -> None:
        """Start with nobody registered."""
        self.out: list[Effect] = []
        self.bodies = bodies
        self.apps: dict[str, App] = {}
        self.channels: list[Forward] = []
        self.bridges: list[Forward] = []
        self.endpoints: list[Forward] = []
        self._serial = 0

    def forget_topics(self) -> None:
        """Asterisk restarts: nobody listens to anything (asterisk-restart)."""
        self.channels.clear()
        self.bridges.clear()
        self.endpoints.clear()

    def log(self, level: str, text: str) -> None:
        """Write a line of Asterisk's log."""
        self.out.append((LOG, level, text))

    def publish(
        self, forwards: list[Forward], everyone: list[Forward], event_type: str, channel: str | None, body: Body
    ) -> None:
        """A message on a topic: first those who listen to this one, then those who listen to all."""
        # Sending never subscribes or unsubscribes anybody, so the lists stand still.
        for listeners in (forwards, everyone):
            for forward in listeners:
                app = forward.topic.listener
                if app is not None:
                    self.send(app, event_type, channel, body)

    def raise_event(self, topic: AppTopic, event_type: str, channel: str | None, body: Body) -> None:
        """A message on an application's own topic: nobody hears it if nobody is registered under the name."""
        app = topic.listener
        if app is not None:
            self.send(app, event_type, channel, body)

    def send(self, app: App, event_type: str, channel: str | None, body: Body) -> None:
        """A message for an application: written, queued, filtered out or missed."""
        name = app.name
        if body is not None:
            body = {**body, "application": name}
        session = app.session
        if session is None:
            self._serial += 1
            self.out.append((MISSED, self._serial, name, event_type, channel, body))
            return
        registered = self.apps.get(name)
        if registered is not None and (not registered.filtering or registered.hears(event_type)):
            self.write(session, name, event_type, channel, body)
        if session.kind == PER_CALL and event_type == "StasisEnd" and channel == session.channel:
            session.end_sent = True

    def write(self, session: Session, name: str, event_type: str, channel: str | None, body: Body) -> None:
        """Hand a message to a session, or to its queue while it is not connected."""
        serial = self._serial = self._serial + 1
        if session.up:
            self.out.append((SEND, session.name, serial, name, event_type, channel, body))
        else:
            session.queue.append((serial, name, event_type, channel, body))
            self.out.append((QUEUED, session.name, serial, name, event_type, channel, body))

    def notice(self, session: Session, name: str, event_type: str) -> None:
        """Tell a session something about an application past any filter (outbound-persistent)."""
        body = {"type": event_type, "application": name} if self.bodies else None
        self.write(session, name, event_type, None, body)

    def flush(self, session: Session) -> None:
        """Write what waited for the connection, in order (outbound-persistent)."""
        for serial, name, event_type, channel, body in session.queue:
            self.out.append((SEND, session.name, serial, name, event_type, channel, body))
        session.queue.clear()
