"""Replays a recording's script on the model and says what was seen, in the words of the recordings.

The model is moved by a `Driver`, the same that moves it in a simulation: it keeps the time, fires timers, holds
back what a frozen link does not pass, and plays the applications that listen for Asterisk's own connections.  The
replay does what the recorder did: the step, then 0.4 seconds or as long as a `wait` says, then a look at
GET /applications and GET /channels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol
from urllib.parse import quote

from stasis_sim.conformance.recordings import Recording, Saw, configure, reread
from stasis_sim.handoff.effects import CLOSE, CONNECT, MISSED, RESPONSE, SEND, STEP, Effect
from stasis_sim.handoff.engine import Engine
from stasis_sim.handoff.http_server.access import HttpRequest
from stasis_sim.handoff.profiles import Profile
from stasis_sim.handoff.stimuli import (
    Call,
    Closed,
    Connected,
    ConnectFailed,
    Dtmf,
    Hangup,
    Open,
    Reload,
    Request,
    Restart,
    Start,
    Stimulus,
)

STEP_US: Final = 400_000
_MOMENT_US: Final = 10_000
_PATIENCE_US: Final = 60_000_000
_USER: Final = "asterisk:asterisk"
_DOES: Final = "_do_"
"""Begins the names of the methods that do what a step says."""
_OK: Final = 200
_SWITCHING: Final = 101
_PORT: Final = 8088
_LOCAL: Final = re.compile(r"Local/[^\s\"',]*;[12]")
"""The name of half a Local channel, in whatever text."""

_PLAIN: Final = "/!$&'()*+,;=:@~%"
"""What stands for itself in a path, besides letters and digits."""


class Driver(Protocol):
    """Who moves an engine.

    Effects reach the driver's `sink` in the order in which they are seen from outside: what is sent to a frozen
    session is seen when it thaws.
    """

    sink: Callable[[Effect], None]

    def apply(self, stimulus: Stimulus) -> None:
        """Let something happen now."""

    def run_until(self, at_us: int) -> None:
        """Let time go on, and fire the timers that are due, those at this very moment too."""

    def freeze(self, session: str) -> None:
        """Let a session's link pass nothing more."""

    def thaw(self, session: str) -> None:
        """Let it pass again, with what has piled up."""


MakeDriver = Callable[[Engine], Driver]


def replay(recording: Recording, make_driver: MakeDriver, profile: Profile | None = None) -> list[Saw]:
    """Run a recording's script on the model; the profile is its own version's unless another is given."""
    profile = profile or recording.profile
    engine = Engine(configure(recording.files, profile), profile, bodies=True)
    return _Replay(engine, make_driver(engine)).run(recording)


def actions() -> frozenset[str]:
    """Return what a step of a recording can do."""
    return frozenset(name.removeprefix(_DOES) for name in vars(_Replay) if name.startswith(_DOES))


class _Listener:
    """An application that listens for Asterisk's connections at a port; it may take none, or those of one path."""

    def __init__(self, name: str, path: str, *, accept: bool) -> None:
        self.name = name
        self.path = path
        self.accept = accept
        self.sessions: list[str] = []
        self.taken = 0


class _Replay:
    """One run of one script."""

    def __init__(self, engine: Engine, driver: Driver) -> None:
        self.engine = engine
        self.driver = driver
        driver.sink = self._see
        self.saw: Saw = {}
        # The ids of the calls by the names that Asterisk gave their channels on the recorder's machine.
        self.named: dict[str, str] = {}
        self.sessions: dict[str, str] = {}
        self.clients: dict[str, str] = {}
        self.frozen: set[str] = set()
        # Clients whose link was frozen when Asterisk restarted: what it had written, and the end, come at the thaw.
        self.cut: dict[str, str] = {}
        # Sessions whose client has ended a frozen link, of which Asterisk hears at the thaw, and their clients
        # (frozen-and-closed).
        self.given_up: dict[str, str] = {}
        self.listeners: dict[str, _Listener] = {}
        self.used: dict[str, int] = {}
        self.answers: dict[int | str, tuple[int, str | None]] = {}
        self.asked = 0
        # Connections that Asterisk makes are answered within a moment.
        self.dialled: list[tuple[str, str]] = []
        self.now = 0
        self.moment = _MOMENT_US if engine.configuration.websocket_clients else STEP_US

    def run(self, recording: Recording) -> list[Saw]:
        """Run the script."""
        seen: list[Saw] = []
        self.driver.apply(Start())
        self._dial()
        late = 0
        for step in recording.steps:
            began = step.at_us + late
            self._run_until(began)
            self.saw = {}
            words = dict(step.do)
            kind = words.pop("do")
            answer = getattr(self, f"{_DOES}{kind}")(**words)
            self._dial()
            wait = round(words["s"] * 1_000_000) if kind == "wait" else 0
            over = began + max(STEP_US, wait)
            # A request that had to wait for its answer has made all that follows late.
            late += max(0, self.now - over)
            self._run_until(max(over, self.now))
            saw = self.saw
            if kind == "restart":
                # What comes while Asterisk starts is forgotten: the recorder is busy, and has no eye for connections.
                saw.pop("events", None)
            if answer:
                saw["answer"] = answer
            if "closed" in saw:
                saw["closed"] = sorted(saw["closed"])
            seen.append({**saw, **self._look()})
        return seen

    def _run_until(self, at_us: int) -> None:
        while self.now < at_us:
            self.now = min(at_us, self.now + self.moment)
            self.driver.run_until(self.now)
            self._dial()

    # -- what is seen -------------------------------------------------------------------------------------------

    def _see(self, effect: Effect) -> None:
        kind = effect[0]
        if kind == SEND:
            _, session, _, _, _, _, body = effect
            if isinstance(body, Mapping) and body["type"] == "Dial":
                return  # the recordings leave it out, and count those that are missed
            if session in self.given_up:
                return
            client = self.clients.get(session, session)
            self.saw.setdefault("events", {}).setdefault(client, []).append(self._tidy(body))
        elif kind == STEP:
            _, channel, context, exten, priority, application, data = effect
            name = self._name(channel)
            steps = self.saw.setdefault("dialplan", {}).setdefault(name, [])
            steps.append([context, exten, priority, application, self._tidy(data)])
        elif kind == MISSED:
            missed = self.saw.setdefault("missed", {})
            missed[effect[2]] = missed.get(effect[2], 0) + 1
        elif kind == RESPONSE:
            self.answers[effect[1]] = (effect[2], effect[5])
        elif kind == CLOSE:
            self._gone(effect[1])
        elif kind == CONNECT:
            self.dialled.append((effect[1], effect[3]))

    def _name(self, channel: str) -> str:
        name = self.engine.house.channels.names.get(channel, channel)
        return self.named.get(name, name)

    def _tidy(self, shown: Any) -> Any:
        """What is shown, with the ids of calls in the place of their channels' names, as the recorder writes it.

        It does so everywhere but in the log, from which it knows what was missed (outbound-per-call-moved).
        """
        match shown:
            case str() if "Local/" in shown:
                return _LOCAL.sub(lambda found: self.named.get(found[0], found[0]), shown)
            case Mapping():
                return {key: self._tidy(value) for key, value in shown.items()}
            case list():
                return [self._tidy(value) for value in shown]
            case _:
                return shown

    def _gone(self, session: str) -> None:
        client = self.clients.pop(session, None)
        if client is None:
            return
        self.saw.setdefault("closed", []).append(client)
        for listener in self.listeners.values():
            if session in listener.sessions:
                listener.sessions.remove(session)

    def _look(self) -> Saw:
        status, body = self._ask("GET", "/applications")
        if status != _OK:
            return {}
        apps = {app.pop("name"): {key: value for key, value in app.items() if value} for app in body}
        channels = {}
        for channel in self._ask("GET", "/channels")[1]:
            place = channel["dialplan"]
            channels[channel["id"]] = {
                "state": channel["state"],
                "at": [place["context"], place["exten"], place["priority"]],
                "app": place["app_name"],
            }
        return {"apps": apps, "channels": channels}

    def _ask(
        self,
        method: str,
        path: str,
        user: str = _USER,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> tuple[int, Any]:
        self.asked += 1
        parameters = tuple((query or {}).items())
        # A path is encoded as the recorder's client does, which pages with the path in them show (path-encoded).
        request = HttpRequest(method, f"/ari{quote(path, _PLAIN)}", parameters, _credentials(user), body, port=_PORT)
        self.driver.apply(Request(self.asked, request))
        until = self.now + _PATIENCE_US
        while self.asked not in self.answers and self.now < until:
            self._run_until(self.now + _MOMENT_US)
        status, text = self.answers.pop(self.asked)
        try:
            return status, self._tidy(json.loads(text)) if text else None
        except ValueError:
            # A page names the server, which is the recorder's own.
            name = self.engine.configuration.http.servername
            return status, self._tidy((text or "").replace(name, "Asterisk/{version}"))

    # -- what is done -------------------------------------------------------------------------------------------

    def _do_wait(self, s: float) -> None:
        pass

    def _do_ws_open(
        self, ws: str, app: str, user: str = _USER, *, proxy: bool = False, **query: str
    ) -> Mapping[str, Any]:
        del proxy
        parameters = (("app", app), *query.items())
        self.used[ws] = self.used.get(ws, 0) + 1
        session = ws if self.used[ws] == 1 else f"{ws}~{self.used[ws]}"
        self.clients[session] = ws
        request = HttpRequest("GET", "/ari/events", parameters, _credentials(user), port=_PORT)
        self.driver.apply(Open(session, request))
        status = self.answers.pop(session)[0]
        if status == _SWITCHING:
            self.sessions[ws] = session
        return {"status": status}

    def _do_ws_close(self, ws: str) -> None:
        session = self.sessions.pop(ws, None)
        if session is None:
            return  # Another version let it in; that it was refused here is a difference of an earlier step.
        if ws in self.frozen:
            self.given_up[session] = ws
        else:
            self.driver.apply(Closed(session))
        self._gone(session)

    def _do_ws_abort(self, ws: str) -> None:
        self._do_ws_close(ws)

    def _do_ws_freeze(self, ws: str) -> None:
        if ws in self.sessions:
            self.frozen.add(ws)
            self.driver.freeze(self.sessions[ws])

    def _do_ws_thaw(self, ws: str) -> None:
        self.frozen.discard(ws)
        if ws in self.sessions:
            self.driver.thaw(self.sessions[ws])
        elif ws in self.given_up.values():
            session = next(session for session, client in self.given_up.items() if client == ws)
            self.driver.thaw(session)
            self.driver.apply(Closed(session))
            del self.given_up[session]
        elif ws in self.cut:
            session = self.cut.pop(ws)
            self.clients[session] = ws
            self.driver.thaw(session)
            self._gone(session)

    def _do_call(self, id: str, to: str, vars: Mapping[str, str] | None = None) -> None:  # noqa: A002
        exten, _, context = to.partition("@")
        name = f"Local/{to}-{self.engine.house.calls.local_pairs:08x};2"
        self.named |= {name: id, f"{name[:-1]}1": f"phone-{id}"}
        self.driver.apply(Call(id, exten, context, vars or {}, name=name))

    def _do_hangup(self, id: str) -> None:  # noqa: A002
        self.driver.apply(Hangup(id))

    def _do_dtmf(self, id: str, digit: str) -> None:  # noqa: A002
        # The recorder presses it at the first channel that it has known by this id, gone or not (call-id-again).
        name = self.engine.house.channels.names.get(id)
        if name == next((known for known, call in self.named.items() if call == id), name):
            self.driver.apply(Dtmf(id, digit))

    def _do_rest(self, method: str, path: str, **words: Any) -> Mapping[str, Any]:
        status, body = self._ask(method, path, **words)
        return {"status": status} if body is None else {"status": status, "body": body}

    def _do_restart(self) -> None:
        # The recorder does not see the connections end: it is busy while Asterisk is away (restart-frozen).
        self.cut = {ws: session for ws, session in self.sessions.items() if ws in self.frozen}
        self.sessions.clear()
        self.clients.clear()
        self.driver.apply(Restart())

    def _do_reload(self, files: Mapping[str, str]) -> None:
        self.driver.apply(Reload(*reread(files, self.engine.dialplan, self.engine.ari)))

    # -- applications that listen -------------------------------------------------------------------------------

    def _do_listen(self, name: str, port: int, path: str = "/ari-ws", *, accept: bool = True) -> None:
        self.listeners[str(port)] = _Listener(name, path, accept=accept)

    def _do_unlisten(self, name: str) -> None:
        for port in [port for port, listener in self.listeners.items() if listener.name == name]:
            listener = self.listeners.pop(port)
            for session in listener.sessions:
                self.driver.apply(Closed(session))
                self._gone(session)

    def _dial(self) -> None:
        while self.dialled:
            session, uri = self.dialled.pop(0)
            port, path = _address(uri)
            listener = self.listeners.get(port)
            if listener is None or not listener.accept or listener.path != path:
                self.driver.apply(ConnectFailed(session))
                continue
            self.clients[session] = self._client(listener)
            listener.sessions.append(session)
            greeting = {"type": "(connected)", "query": {}}
            self.saw.setdefault("events", {}).setdefault(self.clients[session], []).append(greeting)
            self.driver.apply(Connected(session))

    def _client(self, listener: _Listener) -> str:
        """The name of one more connection to a listener: its own, then `name#2` and so on."""
        listener.taken += 1
        return listener.name if listener.taken == 1 else f"{listener.name}#{listener.taken}"


def _credentials(user: str) -> tuple[str, str]:
    name, _, password = user.partition(":")
    return name, password


def _address(uri: str) -> tuple[str, str]:
    """Return the port and the path of a URI."""
    host, slash, path = uri.partition("://")[2].partition("/")
    return host.rpartition(":")[2], slash + path
