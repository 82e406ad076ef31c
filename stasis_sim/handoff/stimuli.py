"""What can happen to Asterisk from outside: the inputs of `Engine.step`.

Each stimulus is a NamedTuple.  Names of channels and sessions are chosen by whoever
drives the model, so that a recording's or a scenario's names appear in the results.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from stasis_sim.handoff.channels.peers import SessionTimer
from stasis_sim.handoff.dialplan.contexts import Dialplan
from stasis_sim.handoff.http_server.access import AriSettings, HttpRequest


class Call(NamedTuple):
    """A caller's channel appears in state Ring and starts in the dialplan.

    `kind` is "local" (the recordings' callers) or "sip": it decides what becomes of a caller who
    hangs up while the channel is outside Stasis.  `media_us` is how long after an answer the caller's first
    media comes; None: none ever does.  `session` is the session timer that a SIP caller asks for.  `name` is what
    Asterisk calls the channel; "": as its id.
    """

    channel: str
    exten: str
    context: str
    variables: Mapping[str, str]
    caller_id: str = ""
    kind: str = "local"
    media_us: int | None = None
    session: SessionTimer | None = None
    name: str = ""


class Hangup(NamedTuple):
    """The caller hangs up."""

    channel: str
    cause: int = 16


class Vanish(NamedTuple):
    """A SIP caller is gone without a word: from now on nothing comes from him, and he answers nothing."""

    channel: str


class Dtmf(NamedTuple):
    """The caller presses a key and lets go of it `duration_ms` later."""

    channel: str
    digit: str
    duration_ms: int = 100


class Timer(NamedTuple):
    """A timer fires that the engine asked for with a `timer` effect; a stale serial is ignored."""

    serial: int


class Open(NamedTuple):
    """A client asks for a WebSocket on /ari/events."""

    session: str
    request: HttpRequest


class Closed(NamedTuple):
    """Asterisk notices that a session's connection is gone: a close frame, a torn link, a write that timed out."""

    session: str


class Request(NamedTuple):
    """A REST request arrives."""

    id: int
    request: HttpRequest


class Connected(NamedTuple):
    """An outbound WebSocket that an effect `connect` asked for is up."""

    session: str


class ConnectFailed(NamedTuple):
    """An outbound WebSocket that an effect `connect` asked for cannot be made."""

    session: str


class Start(NamedTuple):
    """Asterisk starts and opens what it opens itself.

    The first of all stimuli implies it, whatever it is; another one counts only after a `Kill`.
    """


class Kill(NamedTuple):
    """Asterisk is killed, and stays down until `Start`: applications are forgotten, channels are gone."""


class Restart(NamedTuple):
    """Asterisk is killed and started again at once."""


class Reload(NamedTuple):
    """An operator lets Asterisk read files again: `dialplan reload`, `module reload res_ari`; None: not this one.

    Each is what the new file makes of what was in force before: `Engine.dialplan`, `Engine.ari`.
    """

    dialplan: Dialplan | None
    ari: AriSettings | None


Stimulus: TypeAlias = (
    Call
    | Hangup
    | Vanish
    | Dtmf
    | Timer
    | Open
    | Closed
    | Request
    | Connected
    | ConnectFailed
    | Start
    | Kill
    | Restart
    | Reload
)
