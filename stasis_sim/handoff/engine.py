"""One Asterisk as a pure machine: `Engine.step(now, stimulus)` returns what it does.

This is the only door.  No clock, no input, no randomness: time is what the caller says, outcomes are effects
(effects.py), and what will happen later is a timer that the caller fires.  The parts behind it: dialplan/ interprets
the dialplan; of channels/, calls.py drives it, hangups.py ends calls from outside, control.py is what happens inside
Stasis, and loops.py when; registry.py knows the applications, sessions.py the WebSockets, outbound.py those that
Asterisk opens itself; http_server/ says who is let in, and ari/ answers requests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stasis_sim.handoff.ari.apps import ApplicationResources
from stasis_sim.handoff.ari.bridges import BridgeResources
from stasis_sim.handoff.ari.channels import ChannelResources
from stasis_sim.handoff.ari.creation import CreateResources
from stasis_sim.handoff.ari.external import ExternalMediaResources
from stasis_sim.handoff.ari.originate import OriginateResources
from stasis_sim.handoff.ari.playbacks import PlaybackResources
from stasis_sim.handoff.ari.recordings import RecordingResources
from stasis_sim.handoff.ari.rest import House, Rest
from stasis_sim.handoff.ari.snoop import SnoopResources
from stasis_sim.handoff.clib.text import says_yes
from stasis_sim.handoff.configuration import Configuration
from stasis_sim.handoff.dialplan.contexts import Dialplan
from stasis_sim.handoff.effects import ENDED, LEFT, RESPONSE, RESTART, Effect
from stasis_sim.handoff.http_server.access import Access, Answer, AriSettings, HttpRequest
from stasis_sim.handoff.outbound import Outbound
from stasis_sim.handoff.profiles import Profile
from stasis_sim.handoff.sessions import Session
from stasis_sim.handoff.stimuli import (
    Call,
    Closed,
    Connected,
    ConnectFailed,
    Dtmf,
    Hangup,
    Kill,
    Open,
    Reload,
    Request,
    Restart,
    Start,
    Stimulus,
    Timer,
    Vanish,
)


class Engine:
    """One Asterisk.

    Attributes:
        configuration: Its files.
        profile: Its version's rules.
        bodies: Whether messages and responses carry their JSON text.
    """

    def __init__(self, configuration: Configuration, profile: Profile, *, bodies: bool = False) -> None:
        """Start it, with nothing connected."""
        self.configuration = configuration
        self.profile = profile
        self.bodies = bodies
        self.house = house = House(configuration, profile, bodies=bodies)
        self.access = Access(configuration.http, configuration.ari, configuration.verify)
        self.sessions: dict[str, Session] = {}
        self.outbound = house.calls.outbound = Outbound(house, self.sessions)
        self._new = True
        self._down = False
        channels = ChannelResources(house)
        originating = OriginateResources(house)
        resources = (
            channels,
            BridgeResources(house),
            ApplicationResources(house),
            PlaybackResources(house, channels),
            RecordingResources(house, channels),
            originating,
            CreateResources(house, channels, originating),
            SnoopResources(house, originating),
            ExternalMediaResources(house, originating),
        )
        handlers = {key: handler for part in resources for key, handler in part.routes().items()}
        self.rest = Rest(house, self.access, handlers)
        self._steps: dict[type[Stimulus], Callable[[Any], None]] = {
            Call: self._call,
            Hangup: self._hangup,
            Vanish: self._vanish,
            Dtmf: self._dtmf,
            Timer: self._timer,
            Open: self._open,
            Closed: self._closed,
            Request: self._request,
            Connected: self._connected,
            ConnectFailed: self._connect_failed,
            Start: self._start,
            Kill: self._kill,
            Restart: self._restart,
            Reload: self._reload,
        }

    def step(self, now: int, stimulus: Stimulus) -> list[Effect]:
        """Let something happen at a time, in microseconds from the start; what is nobody's is ignored."""
        house = self.house
        out = house.bus.out = []
        house.calls.clock = now
        if self._new:
            self._new = False
            self.outbound.start()
        self._steps[type(stimulus)](stimulus)
        if house.calls.later:
            house.calls.settle()
        return out

    # -- callers --------------------------------------------------------------------------------------------------

    def _call(self, call: Call) -> None:
        if call.channel not in self.house.channels.live:
            self.house.calls.call(call)

    def _hangup(self, hangup: Hangup) -> None:
        channel = self.house.channels.live.get(hangup.channel)
        if channel is not None:
            self.house.calls.hangups.hang_up(channel, hangup.cause)

    def _vanish(self, vanish: Vanish) -> None:
        channel = self.house.channels.live.get(vanish.channel)
        if channel is not None:
            self.house.calls.hangups.vanish(channel)

    def _dtmf(self, key: Dtmf) -> None:
        channel = self.house.channels.live.get(key.channel)
        if channel is not None:
            self.house.calls.key(channel, key.digit, key.duration_ms)

    def _timer(self, timer: Timer) -> None:
        self.house.timers.fire(timer.serial)

    # -- clients --------------------------------------------------------------------------------------------------

    def _request(self, request: Request) -> None:
        self.rest.request(request.id, request.request)

    def _open(self, opening: Open) -> None:
        request = opening.request
        inbound = sum(not session.config for session in self.sessions.values())
        granted = self.access.full(inbound) or self.access.open(request)
        out = self.house.bus.out
        if isinstance(granted, Answer):
            self._register_partly(opening, granted)
            reason = granted.reason or granted.phrase
            out.append((RESPONSE, opening.session, granted.status, reason, granted.headers, granted.body))
            return
        session = self.sessions[opening.session] = Session(opening.session)
        session.up = False
        self._register(session, granted.apps, request)
        session.up = True
        headers: tuple[tuple[str, str], ...] = ()
        if self.bodies:
            headers = self.access.respond(granted, 101, "Switching Protocols").headers
        out.append((RESPONSE, opening.session, 101, "Switching Protocols", headers, None))
        self.house.bus.flush(session)

    def _register(self, session: Session, names: tuple[str, ...], request: HttpRequest) -> None:
        wanted = next((value for key, value in request.query if key == "subscribeAll"), "")
        for name in names:
            self.house.registry.register(name, session, subscribe_all=says_yes(wanted))
            session.apps.append(name)

    def _register_partly(self, opening: Open, refused: Answer) -> None:
        """Of several names one is bad: those before it have been registered, and are let go of (blank-app)."""
        if refused.reason != "bad_app":
            return
        request = opening.request
        value = next((value for key, value in request.query if key == "app"), "")
        names = value.split(",")
        for length in range(len(names) - 1, 0, -1):
            query = tuple((key, ",".join(names[:length]) if key == "app" else value) for key, value in request.query)
            granted = self.access.open(request._replace(query=query))
            if not isinstance(granted, Answer):
                session = Session(opening.session)
                session.up = False
                self._register(session, granted.apps, request)
                self._let_go(session)
                return

    def _closed(self, closed: Closed) -> None:
        session = self.sessions.get(closed.session)
        if session is None:
            return
        if session.config:
            if session.up:
                self.outbound.lost(session)
            return
        del self.sessions[closed.session]
        session.fire("close")
        self._let_go(session)

    def _let_go(self, session: Session) -> None:
        for name in session.apps:
            self.house.registry.unregister(name)
        session.apps.clear()

    # -- outbound -------------------------------------------------------------------------------------------------

    def _connected(self, connected: Connected) -> None:
        session = self.sessions.get(connected.session)
        if session is not None and session.state == "connecting":
            self.outbound.connected(session)

    def _connect_failed(self, failed: ConnectFailed) -> None:
        session = self.sessions.get(failed.session)
        if session is not None and session.state == "connecting":
            self.outbound.failed(session)

    # -- the whole ------------------------------------------------------------------------------------------------

    @property
    def dialplan(self) -> Dialplan:
        """The dialplan in force, with the global variables as they are now."""
        return self.house.calls.pbx.present()

    @property
    def ari(self) -> AriSettings:
        """The settings of ari.conf in force."""
        return self.access.ari

    def _reload(self, reload: Reload) -> None:
        """Files were read again: channels and WebSockets stay, their next steps and requests meet the new ones.

        A channel goes on where it is, at the next priority of what now has its name (reload-dialplan); who is no user
        any more keeps his WebSocket, and every request and new WebSocket of his is 401 (reload-users).
        """
        if reload.dialplan is not None:
            self.house.calls.pbx.reload(reload.dialplan)
        if reload.ari is not None:
            configuration = self.configuration
            self.access = Access(configuration.http, reload.ari, configuration.verify)
            self.rest.admit(self.access)
            self.house.channels.reported = reload.ari.channelvars

    def _restart(self, restart: Restart) -> None:  # noqa: ARG002 - it says nothing further
        """Asterisk is killed and started again (asterisk-restart)."""
        self._kill(Kill())
        self._start(Start())

    def _start(self, start: Start) -> None:  # noqa: ARG002
        """Asterisk starts, if it was down."""
        if self._down:
            self._down = False
            self.outbound.start()

    def _kill(self, kill: Kill) -> None:  # noqa: ARG002
        """Asterisk is killed: it forgets all."""
        self._down = True
        house = self.house
        for channel in list(house.channels.live.values()):
            if channel.control is not None:
                house.bus.out.append((LEFT, channel.ident, channel.control.app.name, RESTART))
            # Who is killed says nothing to callers.
            house.bus.out.append((ENDED, channel.ident, channel.thread.cause, None))
        house.channels.live.clear()
        house.bridges.forget_all()
        house.offers.open.clear()
        house.timers.clear()
        house.calls.later.clear()
        for reset in house.resets:
            reset()
        self.rest.forget()
        self.sessions.clear()
        house.bus.forget_topics()
        house.registry.forget_all()
