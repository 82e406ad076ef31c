"""The life of a channel, a session and a registration: three literal tables and the one way to move in them.

Two rules.  A state changes only through `fire`.  A stimulus that a state does not list changes nothing and
raises `IllegalStimulusError`, which names the state, the stimulus and what would have been legal.
Each row says what shows it: a recording, or the function of Asterisk's source in which it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

Table: TypeAlias = Mapping[str, Mapping[str, str]]

CHANNEL: Final[Table] = {
    # Asterisk runs the channel's dialplan.
    "dialplan": {
        "enter": "stasis",  # connected
        "offer": "offered",  # broadcast-claimed
        "call_out": "connecting",  # outbound-per-call
        "end": "gone",  # never-connected
    },
    # StasisBroadcast waits for a claim.
    "offered": {
        "claim": "dialplan",  # broadcast-claimed: stasis_app_exec() follows, and may fail
        "withdraw": "dialplan",  # broadcast-unclaimed
    },
    # Stasis() waits for a WebSocket of its own.
    "connecting": {
        "enter": "stasis",  # outbound-per-call
        "give_up": "dialplan",  # ast_ari_create_per_call_websocket
    },
    # Handed over to an application.
    "stasis": {
        "move": "stasis",  # move
        "leave": "dialplan",  # continue, caller-hangup
    },
    # An outgoing channel before somebody answers it.
    "dialled": {
        "answered": "dialplan",  # originate-app
        "end": "gone",  # ari_originate_dial
    },
    "gone": {},
}

SESSION: Final[Table] = {
    "up": {
        "lost": "connecting",  # outbound-persistent: it reconnects at once
        "close": "closed",  # drop-empty
    },
    "connecting": {
        "connected": "up",  # outbound-persistent
        "failed": "waiting",  # outbound-persistent
        "close": "closed",  # outbound-per-call: nobody listens
    },
    "waiting": {
        "retry": "connecting",  # outbound-persistent
        "close": "closed",  # ast_ari_close_per_call_websocket
    },
    "closed": {},
}

REGISTRATION: Final[Table] = {
    "forgotten": {
        "connect": "active",  # connected
    },
    "active": {
        "connect": "active",  # replaced
        "disconnect": "inactive",  # drop-occupied
    },
    "inactive": {
        "connect": "active",  # reconnect-occupied
        "sweep": "forgotten",  # drop-empty
    },
}


class IllegalStimulusError(Exception):
    """A stimulus that the present state does not allow; nothing has changed.

    Attributes:
        who: What was stimulated.
        state: The state it is in, and stays in.
        stimulus: What was tried.
        legal: What this state allows.
    """

    def __init__(self, who: str, state: str, stimulus: str, legal: tuple[str, ...]) -> None:
        """Say all of it in the message."""
        self.who = who
        self.state = state
        self.stimulus = stimulus
        self.legal = legal
        super().__init__(f"{who} is {state}: {stimulus} is not possible; possible: {', '.join(legal) or 'nothing'}")


def fire(table: Table, state: str, stimulus: str, *who: str) -> str:
    """Return the state that follows.

    Args:
        table: One of the tables above.
        state: The present state.
        stimulus: What happens.
        who: Whose state it is, for the message: words, put together only if there is one.

    Raises:
        IllegalStimulusError: The state does not list the stimulus.
    """
    try:
        return table[state][stimulus]
    except KeyError:
        raise IllegalStimulusError(" ".join(who), state, stimulus, tuple(table[state])) from None
