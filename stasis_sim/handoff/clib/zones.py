"""Time zones as Asterisk finds them: a file of the zone database, else the rules that a POSIX TZ string spells out.

``Europe/Berlin``, ``:Europe/Berlin`` and its whole path are one zone. ``UTC+3`` is west of Greenwich, as POSIX has it;
the names in such a string may be anything, and missing. What is neither is UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

_FOLDER: Final = "/usr/share/zoneinfo/"
_NAME: Final = r"(?:<[^>]*>|(?!<)[^0-9,+-]{})"
_OFFSET: Final = r"([+-]?\d+(?::[0-5]?\d(?::[0-5]?\d)?)?)(?!:)"
_POSIX: Final = re.compile(rf"{_NAME.format('*')}{_OFFSET}(?:{_NAME.format('+')}(?:{_OFFSET})?(?:[,;](.*))?)?")
_HOURS: Final = 24
"""Hours of an offset that can be told; Asterisk takes up to a week of them."""

_SUMMER: Final = "M3.2.0,M11.1.0"
"""When summer time is where a string does not say: as in New York, whose rules Debian takes for this."""

_NO_TRANSITIONS: Final = b"TZif2" + bytes(15) + (b"\0" * 12 + b"\0\0\0\0\0\0\0\1\0\0\0\4") + bytes(6) + b"UTC\0"


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """Return the zone of a name; UTC for one that nobody knows."""
    name = name.removeprefix(":").removeprefix(_FOLDER)
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return _spelled(name)


def _spelled(text: str) -> tzinfo:
    """Read a POSIX TZ string."""
    match = _POSIX.fullmatch(text)
    if match is None:
        return UTC
    standard = _west(match[1])
    if abs(standard) >= timedelta(hours=_HOURS):
        return UTC
    if match.end(1) == len(text):
        return timezone(-standard)
    summer = standard - timedelta(hours=1) if match[2] is None else _west(match[2])
    rules = _SUMMER if match[3] is None else match[3].replace(";", ",")
    footer = f"\nSTD{_clock(standard)}DST{_clock(summer)},{rules}\n"
    try:
        return ZoneInfo.from_file(BytesIO(_NO_TRANSITIONS * 2 + footer.encode()))
    except ValueError:
        return UTC


def _west(text: str) -> timedelta:
    """Read an offset: how far it is to Greenwich."""
    hours, minutes, seconds = (*(int(part) for part in text.lstrip("+-").split(":")), 0, 0)[:3]
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -offset if text.startswith("-") else offset


def _clock(offset: timedelta) -> str:
    minutes, seconds = divmod(abs(int(offset.total_seconds())), 60)
    sign = "-" if offset < timedelta() else ""
    return f"{sign}{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
