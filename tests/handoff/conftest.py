"""A small Asterisk to tell stories with: a dialplan, a user, and a log of what it did."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias

import pytest

from stasis_sim.conf.extensions import load_extensions
from stasis_sim.conf.syntax import Source
from stasis_sim.handoff.configuration import Configuration
from stasis_sim.handoff.effects import MISSED, RESPONSE, SEND, TIMER, Effect
from stasis_sim.handoff.engine import Engine
from stasis_sim.handoff.http_server.access import (
    AriSettings,
    AriUser,
    HttpRequest,
    HttpSettings,
    OutboundWebSocket,
    WebsocketClient,
)
from stasis_sim.handoff.profiles import ASTERISK_22, Profile
from stasis_sim.handoff.stimuli import Call, Closed, Dtmf, Hangup, Open, Request, Stimulus, Timer

Outbound: TypeAlias = Literal["persistent", "per_call_config"]

DIALPLAN = """
[default]
exten => ivr,1,NoOp()
 same => n,Stasis(Intro-IVR)
 same => n,NoOp(${STASISSTATUS})
 same => n,Hangup()
exten => conference,1,Stasis(Super-Conference,100)
exten => wait,1,Wait(60)
exten => answer,1,Answer()
 same => n,Wait(60)
exten => long,1,Answer(1000)
 same => n,Wait(1)
 same => n,Stasis(Intro-IVR)
exten => offer,1,StasisBroadcast(1000,^Intro,a:b,yes)
 same => n,NoOp(${STASISSTATUS})
exten => h,1,NoOp(h ${STASISSTATUS} ${HANGUPCAUSE})
"""


class Asterisk:
    """One Asterisk, moved by hand.

    Attributes:
        engine: The engine.
        now: The time in microseconds.
        log: All effects so far.
    """

    def __init__(
        self, profile: Profile = ASTERISK_22, *, bodies: bool = True, outbound: Outbound | None = None
    ) -> None:
        """Start it, perhaps with an outbound WebSocket for Intro-IVR."""
        users = (AriUser("asterisk", "asterisk"), AriUser("viewer", "viewer", read_only=True))
        entries: tuple[OutboundWebSocket, ...] = ()
        clients: dict[str, WebsocketClient] = {}
        if outbound:
            entries = (OutboundWebSocket("out1", "client1", ("Intro-IVR",), "asterisk"),)
            clients = {"client1": WebsocketClient("client1", outbound, "ws://app:1/", reconnect_interval_ms=300)}
        configuration = Configuration(
            http=HttpSettings(enabled=True, bindaddr="127.0.0.1", rules=profile.access),
            ari=AriSettings(users=users, outbound_websockets=entries, rules=profile.access),
            dialplan=load_extensions(Source(DIALPLAN, "extensions.conf"))[0],
            verify=lambda password, stored: password == stored,
            websocket_clients=clients,
            sounds={"hello": 1_000_000},
        )
        self.engine = Engine(configuration, profile, bodies=bodies)
        self.now = 0
        self.log: list[Effect] = []
        self._timers: list[tuple[int, int]] = []
        self._asked = 0

    def step(self, stimulus: Stimulus) -> list[Effect]:
        """Let something happen."""
        effects = self.engine.step(self.now, stimulus)
        self.log += effects
        for effect in effects:
            if effect[0] == TIMER:
                heapq.heappush(self._timers, (self.now + effect[2], effect[1]))
        return effects

    def run(self, seconds: float) -> list[Effect]:
        """Let time go on."""
        until, seen = self.now + round(seconds * 1_000_000), []
        while self._timers and self._timers[0][0] <= until:
            self.now, serial = heapq.heappop(self._timers)
            seen += self.step(Timer(serial))
        self.now = until
        return seen

    def open(self, session: str, app: str, user: str = "asterisk", **query: str) -> int:
        """A client opens a WebSocket; the status."""
        parameters = (("app", app), *query.items())
        effects = self.step(Open(session, HttpRequest("GET", "/ari/events", parameters, (user, user))))
        return next(int(effect[2]) for effect in effects if effect[0] == RESPONSE)

    def close(self, session: str) -> list[Effect]:
        """A WebSocket's connection ends."""
        return self.step(Closed(session))

    def call(self, channel: str, exten: str = "ivr", **variables: str) -> list[Effect]:
        """Somebody calls."""
        return self.step(Call(channel, exten, "default", variables))

    def hangup(self, channel: str) -> list[Effect]:
        """The caller hangs up."""
        return self.step(Hangup(channel))

    def key(self, channel: str, digit: str) -> list[Effect]:
        """The caller presses a key."""
        return self.step(Dtmf(channel, digit))

    def rest(
        self, method: str, path: str, body: object = None, user: str = "asterisk", **query: str
    ) -> tuple[int, Any]:
        """Ask ARI for something, and wait for a tick if there is one: status and JSON, None if there is no answer."""
        self._asked += 1
        request = HttpRequest(method, f"/ari{path}", tuple(query.items()), (user, user), body)
        effects = self.step(Request(self._asked, request))
        effects += self.run(self.engine.profile.command_tick_us / 1_000_000)
        found = [effect for effect in effects if effect[0] == RESPONSE and effect[1] == self._asked]
        if not found:
            return 0, None
        text = found[0][5]
        return found[0][2], json.loads(text) if isinstance(text, str) and text else text or None

    def types(self, effects: Iterable[Effect], kind: str = SEND) -> list[str]:
        """The types of the messages among effects."""
        return [effect[4] if kind == SEND else effect[3] for effect in effects if effect[0] == kind]

    def missed(self, effects: Iterable[Effect]) -> list[str]:
        """The types of the messages that were missed."""
        return self.types(effects, MISSED)

    def of(self, effects: Iterable[Effect], kind: str) -> list[Effect]:
        """The effects of one kind, without the kind."""
        return [effect[1:] for effect in effects if effect[0] == kind]


@pytest.fixture
def asterisk() -> Asterisk:
    """An Asterisk 22."""
    return Asterisk()


@pytest.fixture
def make() -> Callable[..., Asterisk]:
    """An Asterisk of another kind."""
    return Asterisk
