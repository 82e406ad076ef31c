"""SPRINTF(): conversions as C prints them, each of which takes the next argument.

A conversion that there is none of, or an argument that is no number for it, leaves nothing at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import atoi, scan_float, scan_int, split_arguments, unoctets

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_CONVERSION: Final = re.compile(r"%([-+ 0#'I]*)(\d*)(?:\.(\d*))?(hh|h|ll|l|[Lqjzt])?(.?)", re.DOTALL)
_NO_ARGUMENT: Final = "(null)"
_INTEGERS: Final = "diouxXc"
_FLOATS: Final = "fFeEgG"


def sprintf(pbx: Pbx, _thread: Thread, data: str) -> str | None:
    """SPRINTF(format,arguments)."""
    template, *arguments = split_arguments(data) or [""]
    rest = iter(arguments)

    def convert(match: re.Match[str]) -> str:
        if match[5] == "%":
            return "%"
        if not match[5]:
            # A conversion that the text ends in the middle of.
            return ""
        return _converted(match, next(rest, None))

    try:
        return _CONVERSION.sub(convert, template)
    except ValueError as error:
        pbx.host.log("ERROR", f"SPRINTF: {error}")
        return None


def _converted(match: re.Match[str], argument: str | None) -> str:
    """Print one argument of SPRINTF().

    Raises:
        ValueError: There is no such conversion, or the argument is no number; nothing is printed at all then.
    """
    # The C locale groups no digits, and has no others than ours.
    flags = match[1].replace("'", "").replace("I", "")
    width, precision, size, kind = match[2], match[3], match[4] or "", match[5]
    shape = f"%{flags}{width[:4]}" + (f".{precision[:4]}" if precision is not None else "")
    if kind == "s":
        if argument is None:
            # Of what stands for no text C prints all or nothing.
            room = precision is None or atoi(precision[:4]) >= len(_NO_ARGUMENT)
            return f"%{flags}{width[:4]}s" % (_NO_ARGUMENT if room else "")
        return f"{shape}s" % argument
    number = scan_int(argument or "") if kind in _INTEGERS else scan_float(argument or "")
    if number is None or kind not in f"{_INTEGERS}{_FLOATS}":
        raise ValueError(f"argument {argument!r} is no number for %{kind}, or there is no such conversion")
    if kind in _FLOATS:
        return f"{shape}{kind}" % number
    number = int(number)
    if kind == "c":
        # A NUL ends what the conversion has printed, the rest of the text follows.
        return f"{shape}s" % unoctets(chr(number % 256)) if number % 256 else ""
    bits = {"h": 16, "hh": 8}.get(size, 32)
    number %= 1 << bits
    # Asterisk hands over an int whatever the size; read as a long it is never negative.
    if kind in "di" and size in {"", "h", "hh"} and number >> (bits - 1):
        number -= 1 << bits
    return _integer(flags, width[:4], None if precision is None else atoi(precision[:4]), kind, number)


def _integer(flags: str, width: str, precision: int | None, kind: str, number: int) -> str:
    """Print an integer as C does: where Python's ``%`` differs are precisions, ``%#o``, and zeros."""
    if precision is not None:
        flags = flags.replace("0", "")
    if "#" in flags and (kind == "o" or not number):
        flags = flags.replace("#", "")
        if kind == "o":
            precision = max(precision or 0, len(f"{number:o}") + 1 if number else 1)
    if precision == 0 and not number:
        return f"%{flags}{width}s" % ""
    return f"%{flags}{width}{'' if precision is None else f'.{precision}'}{kind}" % number
