"""WebSockets that Asterisk opens itself (22): persistent ones, and one for each call.

As in Asterisk's res/ari/ari_websockets.c.  A persistent session registers its applications at the start and keeps
them: while it is not connected their messages wait in its queue, which is written first when it is, and then
ApplicationRegistered for each (outbound-persistent).  Asterisk tries again for ever, one interval after each
failure, and at once when a connection breaks.

For a call whose Stasis() names an application that is not registered, a session is made for `name:channel`.
Stasis() looks every half second whether it is connected; when the channel has left it looks as often whether
StasisEnd has gone out, and the connection is closed three seconds after (outbound-per-call).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.channels.snapshots import Channel
from stasis_sim.handoff.dialplan.thread import STASIS_ENTERED
from stasis_sim.handoff.effects import CLOSE, CONNECT, CONNECT_FAILED, STASIS
from stasis_sim.handoff.http_server.access import OutboundWebSocket, WebsocketClient
from stasis_sim.handoff.sessions import PER_CALL, PERSISTENT, Session

if TYPE_CHECKING:
    from stasis_sim.handoff.ari.rest import House

_LOOK_US: Final = 500_000
_END_WAIT_US: Final = 5_000_000
_LINGER_US: Final = 3_000_000
_EXTRA_TRIES: Final = 3


class Outgoing:
    """A call that waits for its WebSocket.

    Attributes:
        channel: Whose.
        session: The session made for it.
        app: The application's name for this call.
        args: What Stasis() was given.
        since: When it began.
        patience_us: After this long Stasis() gives up.
    """

    __slots__ = ("app", "args", "channel", "patience_us", "session", "since")

    def __init__(self, channel: Channel, session: Session, app: str, args: Sequence[str], since: int) -> None:
        self.channel = channel
        self.session = session
        self.app = app
        self.args = tuple(args)
        self.since = since
        self.patience_us = 0


class Outbound:
    """The outbound sessions of one Asterisk."""

    def __init__(self, house: House, sessions: dict[str, Session]) -> None:
        """Read which there are; `start` opens them."""
        self.house = house
        self.sessions = sessions
        self._persistent: list[tuple[OutboundWebSocket, WebsocketClient]] = []
        self._per_call: dict[str, tuple[OutboundWebSocket, WebsocketClient]] = {}
        # Sections that Asterisk would open for a call if they were valid, by app.
        self._invalid: dict[str, str] = {}
        self._clients: dict[str, WebsocketClient] = {}
        self._fresh: dict[str, bool] = {}
        self._of_channel: dict[str, Session] = {}
        if house.profile.outbound:
            self._read()

    def _read(self) -> None:
        ari, clients = self.house.configuration.ari, self.house.configuration.websocket_clients
        entries = [entry for entry in ari.outbound_websockets if entry.websocket_client_id in clients]
        named = Counter(app for entry in entries for app in set(entry.apps))
        plain = {user.name for user in ari.users if not user.crypted}
        for entry in entries:
            client = clients[entry.websocket_client_id]
            if entry.local_ari_user not in plain or any(named[app] > 1 for app in entry.apps):
                # It is never opened, and neither is another one that names the same app (outbound-same-app).
                if client.connection_type != "persistent":
                    self._invalid.update(dict.fromkeys(entry.apps, entry.name))
            elif client.connection_type == "persistent":
                self._persistent.append((entry, client))
            else:
                self._per_call.update(dict.fromkeys(entry.apps, (entry, client)))

    def start(self) -> None:
        """Asterisk starts: register what persistent sessions serve, and connect."""
        self._of_channel.clear()
        for entry, client in self._persistent:
            self._open(Session(entry.name, PERSISTENT, config=entry.name), client, entry, entry.apps)

    def _open(self, session: Session, client: WebsocketClient, entry: OutboundWebSocket, apps: Sequence[str]) -> None:
        self.sessions[session.name] = session
        self._clients[session.name] = client
        self._fresh[session.name] = True
        for app in apps:
            booting = session.kind == PERSISTENT
            if self.house.registry.register(app, session, subscribe_all=entry.subscribe_all, booting=booting):
                self.house.bus.notice(session, app, "ApplicationRegistered")
            session.apps.append(app)
        session.apps.sort()
        self._connect(session)

    def _connect(self, session: Session) -> None:
        client = self._clients[session.name]
        timeout = client.connection_timeout_ms * 1000
        self.house.bus.out.append((CONNECT, session.name, client.name, client.uri, timeout, tuple(session.apps)))

    # -- what becomes of connections ----------------------------------------------------------------------------

    def connected(self, session: Session) -> None:
        """A connection is up."""
        session.fire("connected")
        session.tries = 0
        bus = self.house.bus
        bus.log("NOTICE", f"{session.channel or session.name}: Outbound websocket connected")
        bus.flush(session)
        if not self._fresh[session.name]:
            for app in session.apps:
                bus.notice(session, app, "ApplicationRegistered")
        self._fresh[session.name] = False

    def failed(self, session: Session) -> None:
        """A connection could not be made."""
        session.tries += 1
        client = self._clients[session.name]
        if session.kind == PER_CALL and session.tries >= client.reconnect_attempts:
            self._give_up(session)
            return
        session.fire("failed")
        self.house.timers.set(client.reconnect_interval_ms * 1000, self._retry, session)

    def _retry(self, session: Session) -> None:
        if session.state == "waiting":
            session.fire("retry")
            self._connect(session)

    def lost(self, session: Session) -> None:
        """A connection broke: connect again at once."""
        session.fire("lost")
        self.house.bus.log("WARNING", f"{session.name}: Websocket disconnected.  Reconnecting")
        self._connect(session)

    def _give_up(self, session: Session) -> None:
        self.house.bus.out.append((CLOSE, session.name, "connect_failed"))
        self._close(session)
        channel = self.house.channels.live.get(session.channel)
        control = None if channel is None else channel.control
        if control is not None:
            control.failed = True
            control.queue(self.house.floor.go_on, (control, None, "failed"))
            self.house.loops.run(control)

    def _close(self, session: Session) -> None:
        session.fire("close")
        del self.sessions[session.name]
        del self._clients[session.name]
        del self._fresh[session.name]
        for app in session.apps:
            self.house.registry.unregister(app)
        session.apps.clear()
        session.queue.clear()

    # -- one for each call ----------------------------------------------------------------------------------------

    def serves(self, channel: Channel, app: str) -> bool:
        """Look for a WebSocket to open for a call, and log what there is in its place (reload-dialplan)."""
        if app in self._per_call:
            return True
        if self.house.profile.outbound:
            entry = self._invalid.get(app)
            text = f"{channel.thread.name}: Failed to find outbound websocket per-call config for app '{app}'"
            if entry is not None:
                text = f"{entry}: Unable to create per-call websocket.  Outbound websocket config is invalid"
            self.house.bus.log("WARNING", text)
        return False

    def call_out(self, channel: Channel, app: str, args: Sequence[str]) -> int:
        """Stasis() makes a connection for this call, and waits for it."""
        entry, client = self._per_call[app]
        name = f"{entry.name}:{channel.ident}"
        while name in self.sessions:
            # The one of an earlier visit is not closed yet.
            name += "+"
        session = Session(name, PER_CALL, config=entry.name, channel=channel.ident)
        channel.fire("call_out")
        going = Outgoing(channel, session, f"{app}:{channel.thread.name}", args, self.house.calls.clock)
        each = client.connection_timeout_ms + client.reconnect_interval_ms
        going.patience_us = each * (client.reconnect_attempts + _EXTRA_TRIES) * 1000
        self._of_channel[channel.ident] = session
        self.house.bus.out.append((STASIS, channel.ident, app, going.args, "in_progress", ""))
        self._open(session, client, entry, (going.app,))
        self.house.timers.set(_LOOK_US, self._look, going)
        return STASIS_ENTERED

    def _look(self, going: Outgoing) -> None:
        channel, session = going.channel, going.session
        waited = self.house.calls.clock - going.since
        if session.state != "closed" and not session.up and waited <= going.patience_us:
            self.house.timers.set(_LOOK_US, self._look, going)
            return
        if session.up:
            self.house.calls.hand_over(channel, going.app, going.args)
            return
        channel.fire("give_up")
        del self._of_channel[channel.ident]
        bus = self.house.bus
        name = going.app.rpartition(f":{channel.thread.name}")[0]
        bus.log("WARNING", f"{channel.thread.name}: Stasis app '{name}' doesn't exist")
        bus.out.append((STASIS, channel.ident, name, going.args, "ejected", CONNECT_FAILED))
        self.house.calls.fail_stasis(channel)

    def departed(self, channel: Channel, left: str) -> int:
        """A channel has left: close its own connection in a while, if it has one.

        Stasis() looks whether StasisEnd has gone out, at once and each half second. That of this very moment is not
        out yet, but one of a move is (outbound-per-call-moved).

        Args:
            channel: Which.
            left: The application that it has left, or ""; not that of its connection if it was moved.

        Returns:
            How long Stasis() looks before the dialplan goes on, in microseconds.
        """
        session = self._of_channel.pop(channel.ident, None)
        if session is None or session.state == "closed":
            return 0
        session.ending = True
        wait = _END_WAIT_US + _LOOK_US
        if session.end_sent:
            wait = 0 if left and left not in session.apps else _LOOK_US
        self.house.timers.set(wait + _LINGER_US, self._hang_on, session)
        return wait

    def _hang_on(self, session: Session) -> None:
        if session.state != "closed":
            self.house.bus.out.append((CLOSE, session.name, "stasis_end"))
            self._close(session)
