"""Which steps of a dialplan concern one call alone, so that other calls of the same kind go the same way.

A step that looks at the clock, at a name that each call has for itself, or at what other calls have left behind
cannot be computed for all calls at once.
"""

from __future__ import annotations

import re
from typing import Final

from stasis_sim.handoff.clib.text import fold
from stasis_sim.handoff.dialplan.applications.table import APPLICATIONS
from stasis_sim.handoff.dialplan.functions.table import READERS
from stasis_sim.handoff.dialplan.substitution import Expression, Nested, Piece, Template, Variable
from stasis_sim.openloop.moments import ClosedLoopError, is_mentioned

_APPLICATIONS: Final = frozenset(
    fold(name)
    for name in (
        *("Answer", "Background", "Busy", "Congestion", "ContinueWhile", "EndWhile", "ExecIf", "ExitWhile", "Gosub"),
        *("Else", "ElseIf", "EndIf", "ExitIf", "If"),
        *("GosubIf", "Goto", "GotoIf", "Hangup", "Log", "MSet", "NoOp", "Playback", "PlayTones", "Proceeding"),
        *("Progress", "Queue", "Return", "Ringing", "Set", "StackPop", "StartMusicOnHold", "Stasis"),
        *("StopMusicOnHold", "StopPlayTones", "Verbose", "VoiceMail", "Wait", "WaitExten", "While"),
    )
)
"""Applications whose effect depends on their argument and their own call alone."""

_READERS: Final = frozenset(
    {"CUT", "EXISTS", "FIELDNUM", "FIELDQTY", "FILTER", "IF", "ISNULL", "LEN", "MATH", "QUOTE", "REGEX", "REPLACE"}
    | {"STRREPLACE", "SUBSTR", "TOLOWER", "TOUPPER", "TRIM", "LTRIM", "RTRIM"}
)
"""Functions that read nothing but their arguments."""

_WRITERS: Final = frozenset({"ARRAY", "CALLERID", "CDR", "CHANNEL", "HASH", "TIMEOUT"})
"""Functions that change nothing but their own channel."""

_OWN_NAMES: Final = frozenset({"CHANNEL", "UNIQUEID", "LINKEDID", "EPOCH"})
"""Variables that differ from call to call, whatever its dialplan does."""

_SETTERS: Final = frozenset({"set", "mset"})
_CALLED: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\(")


def examine(place: str, application: str, data: str, template: Template | None) -> None:
    """Look at a step that a call executes.

    Args:
        place: Where it stands, for the message.
        application: Its application, as Asterisk prints it.
        data: Its argument after substitution.
        template: Its argument before, where there was anything to substitute.

    Raises:
        ClosedLoopError: It concerns more than its own call.
    """
    name = fold(application)
    if name not in _APPLICATIONS:
        raise ClosedLoopError(f"{application}() at {place}")
    if is_mentioned(data):
        raise ClosedLoopError(f"{application}() at {place} uses how long something took")
    called = _CALLED.findall(data)
    if name in _SETTERS:
        wrong = [
            function for function in called if f"{function}(" in data.partition("=")[0] and function not in _WRITERS
        ]
    else:
        wrong = [other for other in called if fold(other) in APPLICATIONS and fold(other) not in _APPLICATIONS]
    if wrong:
        raise ClosedLoopError(f"{wrong[0]}() at {place}")
    if template is not None:
        for piece in template.pieces:
            _read(place, piece)


def _read(place: str, piece: Piece) -> None:
    """Look at what a reference reads."""
    if isinstance(piece, Variable):
        function, bracket, _ = piece.name.partition("(")
        known = function in _READERS if bracket else piece.name not in _OWN_NAMES
        if not known:
            raise ClosedLoopError(f"${{{piece.name}}} at {place}")
    elif isinstance(piece, Nested):
        first = piece.inside.pieces[0]
        function, bracket, _ = first.partition("(") if isinstance(first, str) else ("", "", "")
        if not bracket or function not in _READERS:
            raise ClosedLoopError(f"a name that is put together at {place}")
        for inner in piece.inside.pieces:
            _read(place, inner)
    elif isinstance(piece, Expression):
        strange = [name for name in _CALLED.findall(piece.source) if name in READERS and name not in _READERS]
        if strange:
            raise ClosedLoopError(f"{strange[0]}() at {place}")
        for inner in piece.inside.pieces if piece.inside is not None else ():
            _read(place, inner)
