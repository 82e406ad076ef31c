"""Functions of time: STRFTIME and STRPTIME, by the host's wall clock, in C's locale and the English names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib import longdouble
from stasis_sim.handoff.clib.strftime import format_time
from stasis_sim.handoff.clib.strptime import parse_time
from stasis_sim.handoff.clib.text import fold, scan_float, split_arguments, wrap_int
from stasis_sim.handoff.clib.zones import zone
from stasis_sim.handoff.dialplan.timing import EPOCH, local_time

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread

_MICROSECONDS: Final = 1_000_000
_FIRST_SECOND: Final = -62_135_510_400
_LAST_SECOND: Final = 253_402_214_400
"""What Python knows of years, 1 to 9999, less a day at both ends for the time zones."""


def _parts(number: longdouble.Number) -> tuple[int, int]:
    """Take a moment apart: seconds, and the microseconds of what is behind the point, with its sign."""
    if isinstance(number, float) and not math.isfinite(number):
        return _FIRST_SECOND, 0
    seconds = math.trunc(number)
    microseconds = math.trunc((number - seconds) * _MICROSECONDS)
    return max(_FIRST_SECOND, min(seconds, _LAST_SECOND)), microseconds


def _strftime(pbx: Pbx, _thread: Thread, data: str) -> str:
    arguments = split_arguments(data, 3)
    epoch = scan_float(arguments[0]) if arguments else None
    if epoch is None:
        seconds, microseconds = divmod(pbx.host.wall(), _MICROSECONDS)
    else:
        hexadecimal = "x" in fold(arguments[0])
        seconds, microseconds = _parts(epoch if hexadecimal else longdouble.parse(arguments[0]))
    name = arguments[1] if len(arguments) > 1 else ""
    template = arguments[2] if len(arguments) > 2 else "%c"  # noqa: PLR2004 - the format is third
    return format_time(local_time(seconds * _MICROSECONDS, name), template, microseconds)


def _strptime(pbx: Pbx, _thread: Thread, data: str) -> str | None:
    arguments = split_arguments(data, 3)
    if len(arguments) < 3 or not arguments[2]:  # noqa: PLR2004 - text, zone, format
        pbx.host.log("ERROR", "Asterisk STRPTIME() requires 3 arguments: (<datetime>,<timezone>,<format>)")
        return None
    try:
        since = parse_time(arguments[0], arguments[2])
        moment = None if since is None else EPOCH.replace(tzinfo=zone(arguments[1])) + since
    except OverflowError:
        # A year that Python does not know.
        moment = None
    if moment is None:
        pbx.host.log("WARNING", "STRPTIME() found no time specified within the string")
        return None
    # The number is printed as an int, whatever it is.
    seconds = int((moment - EPOCH).total_seconds())
    return str(wrap_int(seconds))


TIME_READERS: Final[dict[str, Reader]] = {"STRFTIME": _strftime, "STRPTIME": _strptime}
