"""What Asterisk does: the outputs of `Engine.step`, plain tuples with their kind first, in order of happening.

| effect | means |
|---|---|
| (STEP, channel, context, exten, priority, application, data) | a dialplan step is executed; data after substitution |
| (STASIS, channel, app, args, result, reason) | what became of Stasis() or StasisBroadcast(): see below |
| (LEFT, channel, app, how) | a channel left Stasis: continue, hangup, delete, move, redirect, dead, restart |
| (BRIDGED, bridge, channels, channel) | a channel has entered or left a bridge: so these are in it now |
| (ENDED, channel, cause, answer) | a channel is gone; HANGUPCAUSE at the end, a SIP caller's final answer or None |
| (TIMER, serial, delay_us, channel or None, waits) | call step(now + delay, Timer(serial)); waits: its dialplan does |
| (RESPONSE, id, status, reason, headers, body) | the answer to a Request, or (id: session) to an Open |
| (SEND, session, serial, app, type, channel or None, body or None) | a message is written to a session |
| (MISSED, serial, app, type, channel or None, body or None) | a message for an inactive app: dropped |
| (QUEUED, session, serial, app, type, channel or None, body or None) | it waits for the connection, SEND follows |
| (CLOSE, session, how) | Asterisk closes a session |
| (CONNECT, session, client_id, uri, timeout_us, apps) | Asterisk opens an outbound WebSocket |
| (REGISTRY, app, change) | created, activated, deactivated, replaced, forgotten |
| (LOG, level, text) | a line of Asterisk's log |

STASIS says "entered", or "ejected" and why; where that takes time (a WebSocket for this call, a claim) it says
"in_progress" first, of a broadcast without an application.  Serials of messages rise by one and are never reused; a
queued message keeps its serial when it is sent.  A move is LEFT with "move" for the old application and STASIS
"entered" for the new one.  The reason of a RESPONSE is a word of access.REASONS where a request is refused before it
comes to ARI's resources, else the words behind the status.  Its body is the JSON value, or with `bodies` (and of a
refusal) the text that goes out, headers included.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

Effect: TypeAlias = tuple[Any, ...]

STEP: Final = "step"
STASIS: Final = "stasis"
LEFT: Final = "left"
BRIDGED: Final = "bridged"
ENDED: Final = "ended"
TIMER: Final = "timer"
RESPONSE: Final = "response"
SEND: Final = "send"
MISSED: Final = "missed"
QUEUED: Final = "queued"
CLOSE: Final = "close"
CONNECT: Final = "connect"
REGISTRY: Final = "registry"
LOG: Final = "log"

# Reasons of an ejection (closed vocabulary).
NEVER_REGISTERED: Final = "never_registered"
FORGOTTEN: Final = "forgotten"
NOT_ACTIVE: Final = "not_active"
CONNECT_FAILED: Final = "connect_failed"
NO_NAME: Final = "no_name"
CLAIM_TIMEOUT: Final = "claim_timeout"

RESTART: Final = "restart"
"""How a channel has left Stasis that was inside when Asterisk was killed."""
