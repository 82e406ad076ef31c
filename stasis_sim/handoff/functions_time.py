"""Functions of time: STRFTIME and STRPTIME, by the host's wall clock, in C's locale and the English names."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.text import scan_float, split_arguments
from stasis_sim.handoff.timing import local_time

if TYPE_CHECKING:
    from stasis_sim.handoff.pbx import Pbx
    from stasis_sim.handoff.thread import Thread

Reader = Callable[["Pbx", "Thread", str], str | None]

_MICROSECONDS: Final = 1_000_000
_FIRST_SECOND: Final = -62_135_510_400
_LAST_SECOND: Final = 253_402_214_400
"""What Python knows of years, 1 to 9999, less a day at both ends for the time zones."""

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
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
_DIRECTIVE: Final = re.compile(r"%([-_0^]?)([0-9]?)([A-Za-z%])")
_COMPOSED: Final = {
    "c": "%a %b %e %H:%M:%S %Y",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
    "D": "%m/%d/%y",
    "T": "%H:%M:%S",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "F": "%Y-%m-%d",
    "h": "%b",
}
_SIMPLE: Final[dict[str, Callable[[datetime], str]]] = {
    "%": lambda _: "%",
    "Y": lambda moment: str(moment.year),
    "C": lambda moment: f"{moment.year // 100:02d}",
    "y": lambda moment: f"{moment.year % 100:02d}",
    "m": lambda moment: f"{moment.month:02d}",
    "B": lambda moment: _MONTHS[moment.month - 1],
    "b": lambda moment: _MONTHS[moment.month - 1][:3],
    "d": lambda moment: f"{moment.day:02d}",
    "e": lambda moment: f"{moment.day:2d}",
    "H": lambda moment: f"{moment.hour:02d}",
    "k": lambda moment: f"{moment.hour:2d}",
    "I": lambda moment: f"{(moment.hour - 1) % 12 + 1:02d}",
    "l": lambda moment: f"{(moment.hour - 1) % 12 + 1:2d}",
    "M": lambda moment: f"{moment.minute:02d}",
    "S": lambda moment: f"{moment.second:02d}",
    "p": lambda moment: "AM" if moment.hour < 12 else "PM",  # noqa: PLR2004 - noon
    "P": lambda moment: "am" if moment.hour < 12 else "pm",  # noqa: PLR2004 - noon
    "A": lambda moment: _WEEKDAYS[moment.weekday()],
    "a": lambda moment: _WEEKDAYS[moment.weekday()][:3],
    "w": lambda moment: str((moment.weekday() + 1) % 7),
    "u": lambda moment: str(moment.weekday() + 1),
    "j": lambda moment: f"{moment.timetuple().tm_yday:03d}",
    "V": lambda moment: f"{moment.isocalendar().week:02d}",
    "G": lambda moment: str(moment.isocalendar().year),
    "g": lambda moment: f"{moment.isocalendar().year % 100:02d}",
    "U": lambda moment: f"{(moment.timetuple().tm_yday + 6 - (moment.weekday() + 1) % 7) // 7:02d}",
    "W": lambda moment: f"{(moment.timetuple().tm_yday + 6 - moment.weekday()) // 7:02d}",
    "s": lambda moment: str(int(moment.timestamp())),
    "z": lambda moment: moment.strftime("%z"),
    # Asterisk prints the name of the machine's own zone, whatever zone it was asked for; the model's machine is on UTC.
    "Z": lambda _: "UTC",
    "n": lambda _: "\n",
    "t": lambda _: "\t",
}


def format_time(moment: datetime, template: str) -> str:
    """Print a moment as Asterisk's strftime does; ``%3q`` are milliseconds."""

    def replace(match: re.Match[str]) -> str:
        flag, digits, kind = match[1], match[2], match[3]
        if kind == "q" and not flag:
            return f"{moment.microsecond:06d}"[: int(digits or 3)]
        if kind in _COMPOSED:
            return format_time(moment, _COMPOSED[kind])
        return _padded(_SIMPLE[kind](moment), flag) if kind in _SIMPLE else match[0]

    return _DIRECTIVE.sub(replace, template)


def _padded(text: str, flag: str) -> str:
    """Print what a directive gives with ``-`` for no padding, ``_`` for spaces, ``0`` for zeros, ``^`` for capitals."""
    if flag == "^":
        return text.upper()
    if not flag or not text.strip().isdigit():
        return text
    bare = text.strip().lstrip("0") or "0"
    return bare if flag == "-" else bare.rjust(len(text), " " if flag == "_" else "0")


def _strftime(pbx: Pbx, _thread: Thread, data: str) -> str:
    arguments = split_arguments(data, 3)
    epoch = scan_float(arguments[0]) if arguments else None
    wall = pbx.host.wall() if epoch is None else int(max(_FIRST_SECOND, min(epoch, _LAST_SECOND)) * _MICROSECONDS)
    zone = arguments[1] if len(arguments) > 1 else ""
    template = arguments[2] if len(arguments) > 2 else "%c"  # noqa: PLR2004 - the format is third
    return format_time(local_time(wall, zone), template)


def _plain(match: re.Match[str]) -> str:
    """Return what a composed directive such as ``%T`` stands for."""
    return _COMPOSED.get(match[3], match[0]).replace("%e", "%d")


def _parsed(text: str, template: str) -> datetime | None:
    """Read a moment; what stands behind it is of no account."""
    try:
        return datetime.strptime(text, template)  # noqa: DTZ007 - the zone comes next
    except (ValueError, re.error) as error:
        _, found, rest = str(error).partition("unconverted data remains: ")
        return _parsed(text[: -len(rest)], template) if found and rest else None


def _strptime(pbx: Pbx, _thread: Thread, data: str) -> str | None:
    arguments = split_arguments(data, 3)
    if len(arguments) < 3:  # noqa: PLR2004 - text, zone, format
        pbx.host.log("ERROR", "Asterisk STRPTIME() requires 3 arguments: (<datetime>,<timezone>,<format>)")
        return None
    moment = _parsed(arguments[0].lstrip(), _DIRECTIVE.sub(_plain, arguments[2]))
    if moment is None:
        pbx.host.log("WARNING", "STRPTIME() found no time specified within the string")
        return None
    zone = local_time(0, arguments[1]).tzinfo
    return str((moment.replace(tzinfo=zone) - local_time(0, "")) // timedelta(seconds=1))


TIME_READERS: Final[dict[str, Reader]] = {"STRFTIME": _strftime, "STRPTIME": _strptime}
