"""Text as a moment, as glibc's strptime reads it in the C locale.

What a format does not mention is zero, the day of the month too: a day before the first. What stands behind what the
format asks for is of no account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from stasis_sim.handoff.clib.strftime import COMPOSED, MONTHS, WEEKDAYS

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are counted, zones come later
_PIECE: Final = re.compile(r"%[-_0^#]*[EO]?(.)|(\s+)|(.)", re.DOTALL)
_CENTURY: Final = 100
_SIXTY_NINE: Final = 69
_NOON: Final = 12

# What is a number: how many digits at most, the least and the largest.
_NUMBERS: Final = {
    "d": (2, 1, 31),
    "e": (2, 1, 31),
    "H": (2, 0, 23),
    "k": (2, 0, 23),
    "I": (2, 1, 12),
    "l": (2, 1, 12),
    "m": (2, 1, 12),
    "M": (2, 0, 59),
    "S": (2, 0, 61),
    "Y": (4, 0, 9999),
    "y": (2, 0, 99),
    "C": (2, 0, 99),
    "j": (3, 1, 366),
    "s": (20, 0, 1 << 62),
    "u": (1, 1, 7),
    "w": (1, 0, 6),
    "U": (2, 0, 53),
    "W": (2, 0, 53),
    "V": (2, 0, 53),
    "g": (2, 0, 99),
    "G": (4, 0, 9999),
}
_SAME: Final = {"e": "d", "k": "H", "l": "I", "h": "B", "b": "B", "a": "A"}
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {"A": WEEKDAYS, "B": MONTHS, "p": ("AM", "PM")}


def parse_time(text: str, template: str) -> timedelta | None:
    """Read a moment: the local time since 1970, None if the text is not what the format asks for."""
    found: dict[str, int] = {}
    if _read(text, 0, template, found) is None:
        return None
    if "s" in found:
        return timedelta(seconds=found["s"])
    return _moment(found)


def _read(text: str, at: int, template: str, found: dict[str, int]) -> int | None:
    """Read text by a format; return where it stops, None if it does not fit."""
    for piece in _PIECE.finditer(template):
        after = _blanks(text, at) if piece[2] or piece[1] in {"n", "t"} else _one(text, at, piece, found)
        if after is None:
            return None
        at = after
    return at


def _one(text: str, at: int, piece: re.Match[str], found: dict[str, int]) -> int | None:
    kind = piece[1]
    if kind is None or kind == "%":
        return at + 1 if text.startswith(kind or piece[3], at) else None
    if kind in COMPOSED:
        return _read(text, at, COMPOSED[kind], found)
    at = _blanks(text, at) if kind in "zZ" or kind in _NUMBERS else at
    if kind in _NUMBERS:
        return _number(text, at, kind, found)
    if kind == "z":
        match = re.compile(r"Z|[+-]\d\d(?::?\d\d)?").match(text, at)
        return None if match is None else match.end()
    if kind == "Z":
        return at + len(text[at:].split(" ", 1)[0])
    return _name(text, at, _SAME.get(kind, kind), found)


def _blanks(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def _number(text: str, at: int, kind: str, found: dict[str, int]) -> int | None:
    digits, least, largest = _NUMBERS[kind]
    match = re.compile(rf"[0-9]{{1,{digits}}}").match(text, at)
    if match is None:
        return None
    end, value = match.end(), int(match[0])
    # A digit that would make it too large belongs to what follows.
    while value > largest and end > at + 1:
        end -= 1
        value = int(text[at:end])
    if not least <= value <= largest:
        return None
    kind = _SAME.get(kind, kind)
    found[kind] = value
    # Of two ways to say the same the last counts.
    found.pop({"Y": "y", "H": "I", "I": "H"}.get(kind, ""), None)
    return end


def _name(text: str, at: int, kind: str, found: dict[str, int]) -> int | None:
    for index, name in enumerate(_NAMES.get(kind, ())):
        for spelled in (name, name[:3]):
            if text[at : at + len(spelled)].lower() == spelled.lower():
                found["m" if kind == "B" else kind] = index + (kind == "B")
                return at + len(spelled)
    return None


def _moment(found: Mapping[str, int]) -> timedelta:
    year = found.get("Y", 1900)
    if "y" in found:
        year = found["y"] + (2000 if found["y"] < _SIXTY_NINE else 1900)
    if "C" in found:
        year = found["C"] * _CENTURY + found.get("y", 0)
    hour = found.get("H", found["I"] % _NOON + _NOON * found.get("p", 0) if "I" in found else 0)
    if "j" in found and not ("m" in found and "d" in found):
        day = datetime(max(year, 1), 1, 1) + timedelta(days=found["j"] - 1)  # noqa: DTZ001 - as above
    else:
        day = datetime(max(year, 1), found.get("m", 1), 1) + timedelta(days=found.get("d", 0) - 1)  # noqa: DTZ001
    return day - _EPOCH + timedelta(hours=hour, minutes=found.get("M", 0), seconds=found.get("S", 0))
