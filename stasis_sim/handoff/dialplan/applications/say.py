"""SayDigits and its like: each character or word takes the default length of a sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import scan_int, split_arguments
from stasis_sim.handoff.dialplan import keys
from stasis_sim.handoff.dialplan.applications.call import answer_first
from stasis_sim.handoff.dialplan.thread import HANGUP, NEXT, Application

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_CASES: Final = frozenset("alun")
_TIME_FORMAT: Final = "ABdYaIMp"
"""The words of the format that SayUnixTime() has where none is given: ``ABdY 'digits/at' IMp``."""


def say(pbx: Pbx, thread: Thread, data: str) -> int:
    """SayDigits, SayAlpha and SayPhonetic(text)."""
    return _speak(pbx, thread, len(_first(data)))


def say_case(pbx: Pbx, thread: Thread, data: str) -> int:
    """SayAlphaCase(case,text)."""
    case, text = [*split_arguments(data, 2), "", ""][:2]
    if not case or case[0] not in _CASES:
        pbx.host.log("WARNING", "SayAlphaCase requires two arguments (options, characters)")
        return NEXT
    return _speak(pbx, thread, len(text))


def say_number(pbx: Pbx, thread: Thread, data: str) -> int:
    """SayNumber and SayOrdinal(number): where they fail, as after a hangup, the dialplan goes on."""
    text = _first(data)
    if not text:
        pbx.host.log("WARNING", "SayNumber requires an argument (number)")
        return HANGUP
    if scan_int(text) is None:
        pbx.host.log("WARNING", f"argument '{text}' to SayNumber could not be parsed as a number.")
        return NEXT
    return pbx.wait(thread, _length(pbx, len(text)), _said, listener=keys.ignore)


def say_time(pbx: Pbx, thread: Thread, data: str) -> int:
    """SayUnixTime and DateTime([epoch[,zone[,format[,options]]]]): they answer first."""
    arguments = [*split_arguments(data, 4), "", "", ""]
    words = sum(char.isalpha() for char in arguments[2] or _TIME_FORMAT)

    def tell(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        return HANGUP if cut_short else _speak(pbx, thread, words)

    return answer_first(pbx, thread, tell)


def _first(data: str) -> str:
    return split_arguments(data)[0] if data else ""


def _length(pbx: Pbx, words: int) -> int:
    return pbx.sounds.get("default", 0) * words


def _speak(pbx: Pbx, thread: Thread, words: int) -> int:
    return pbx.wait(thread, _length(pbx, words), listener=keys.ignore)


def _said(_pbx: Pbx, _thread: Thread, _cut_short: bool) -> int:
    return NEXT


SAY_APPLICATIONS: Final[dict[str, Application]] = {
    "SayDigits": say,
    "SayAlpha": say,
    "SayPhonetic": say,
    "SayAlphaCase": say_case,
    "SayNumber": say_number,
    "SayOrdinal": say_number,
    "SayUnixTime": say_time,
    "DateTime": say_time,
}
