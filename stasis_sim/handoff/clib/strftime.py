"""A moment as text, as glibc's strftime prints it in the C locale, and Asterisk's ``%3q`` of fractions of a second.

A directive is ``%``, flags (``_``, ``-``, ``0``, ``^``, ``#``), a width, perhaps ``E`` or ``O``, and a letter; one that
is none is printed as it stands.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from stasis_sim.handoff.clib.text import length

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
COMPOSED: Final = {
    "c": "%a %b %e %H:%M:%S %Y",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
    "D": "%m/%d/%y",
    "T": "%H:%M:%S",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "F": "%Y-%m-%d",
}
"""Directives that stand for several."""

LENGTH: Final = 4095
"""Bytes of what is printed at most; what does not fit, and all behind it, is not printed."""

_FRACTION: Final = re.compile(r"%([1-6]?)q")
_DIRECTIVE: Final = re.compile(r"%([-_0^#]*)([0-9]*)([EO]?)([^EO]?)", re.DOTALL)
_PIECE: Final = re.compile(rf"{_DIRECTIVE.pattern}|.", re.DOTALL)
_MODIFIED: Final = {"E": frozenset("cCxXyY"), "O": frozenset("BbdeHhImMSuUVwWy")}
_NOON: Final = 12
_DIGITS: Final = 6
"""Of a second's fraction, in microseconds."""

# What is a number: how many digits it has at least, what fills them, and the number.
_NUMBERS: Final[dict[str, tuple[int, str, Callable[[datetime], int]]]] = {
    "Y": (1, "0", lambda moment: moment.year),
    "C": (2, "0", lambda moment: moment.year // 100),
    "y": (2, "0", lambda moment: moment.year % 100),
    "m": (2, "0", lambda moment: moment.month),
    "d": (2, "0", lambda moment: moment.day),
    "e": (2, "_", lambda moment: moment.day),
    "H": (2, "0", lambda moment: moment.hour),
    "k": (2, "_", lambda moment: moment.hour),
    "I": (2, "0", lambda moment: (moment.hour - 1) % 12 + 1),
    "l": (2, "_", lambda moment: (moment.hour - 1) % 12 + 1),
    "M": (2, "0", lambda moment: moment.minute),
    "S": (2, "0", lambda moment: moment.second),
    "w": (1, "0", lambda moment: (moment.weekday() + 1) % 7),
    "u": (1, "0", lambda moment: moment.weekday() + 1),
    "j": (3, "0", lambda moment: moment.timetuple().tm_yday),
    "V": (2, "0", lambda moment: moment.isocalendar().week),
    "G": (1, "0", lambda moment: moment.isocalendar().year),
    "g": (2, "0", lambda moment: moment.isocalendar().year % 100),
    "U": (2, "0", lambda moment: (moment.timetuple().tm_yday + 6 - (moment.weekday() + 1) % 7) // 7),
    "W": (2, "0", lambda moment: (moment.timetuple().tm_yday + 6 - moment.weekday()) // 7),
    # The local time, read as if it were that of the machine's own zone; the model's machine is on UTC.
    "s": (1, "0", lambda moment: int(moment.replace(tzinfo=UTC).timestamp())),
}
_TEXTS: Final[dict[str, Callable[[datetime], str]]] = {
    "%": lambda _: "%",
    "n": lambda _: "\n",
    "t": lambda _: "\t",
    "B": lambda moment: MONTHS[moment.month - 1],
    "b": lambda moment: MONTHS[moment.month - 1][:3],
    "h": lambda moment: MONTHS[moment.month - 1][:3],
    "A": lambda moment: WEEKDAYS[moment.weekday()],
    "a": lambda moment: WEEKDAYS[moment.weekday()][:3],
    "p": lambda moment: "AM" if moment.hour < _NOON else "PM",
    "P": lambda moment: "am" if moment.hour < _NOON else "pm",
    "z": lambda moment: moment.strftime("%z")[: len("+hhmm")],
    # Asterisk prints the name of the machine's own zone, whatever zone it was asked for.
    "Z": lambda _: "UTC",
}


def format_time(moment: datetime, template: str, microseconds: int) -> str:
    """Print a moment; its fraction of a second comes apart from it, and has its sign."""

    def fraction(match: re.Match[str]) -> str:
        digits = int(match[1] or 3)
        return f"{math.trunc(microseconds / 10 ** (_DIGITS - digits)):0{digits}d}"

    template = _FRACTION.sub(fraction, template)
    pieces: list[str] = []
    room = LENGTH
    for match in _PIECE.finditer(template):
        directive = _DIRECTIVE.fullmatch(match[0])
        if directive is not None and int(directive[2] or 0) > room:
            break
        pieces.append(match[0] if directive is None else _directive(moment, directive))
        room -= length(pieces[-1])
        if room < 0:
            pieces.pop()
            break
    return "".join(pieces)


def _directive(moment: datetime, match: re.Match[str]) -> str:
    flags, width, modifier, kind = match[1], int(match[2] or 0), match[3], match[4]
    # Of flags that say how to fill the last counts.
    fill = ([flag for flag in flags if flag in "_-0"] or [""])[-1]
    if modifier and kind == "%":
        # What stands before it is forgotten.
        return _filled("%", fill, width)
    if modifier and kind not in _MODIFIED[modifier]:
        return _filled(match[0], fill, width)
    if kind in _NUMBERS:
        return _filled(_number(moment, kind, fill, width), fill, width)
    if kind in COMPOSED:
        text = _DIRECTIVE.sub(lambda inner: _directive(moment, inner), COMPOSED[kind])
    elif kind in _TEXTS:
        text = _TEXTS[kind](moment)
    else:
        return _filled(match[0], fill, width)
    return _filled(_cased(text, kind, flags), fill, width)


def _number(moment: datetime, kind: str, fill: str, width: int) -> str:
    digits, usual, value = _NUMBERS[kind]
    if fill == "-":
        return str(value(moment))
    return str(value(moment)).rjust(max(digits, width), " " if (fill or usual) == "_" else "0")


def _cased(text: str, kind: str, flags: str) -> str:
    if "#" in flags and kind in "pZ":
        return text.lower()
    return text.upper() if "^" in flags or ("#" in flags and kind in "AaBbh") else text


def _filled(text: str, fill: str, width: int) -> str:
    return text.rjust(width, "0" if fill == "0" else " ")
