"""Dialplan functions: ``${LEN(x)}``, ``Set(CALLERID(num)=5)``.

READERS and WRITERS are the registry. A reader gets the text between its brackets and returns the value, None if it
fails (which reads as empty). The functions stand in the modules of their concepts, text.py (strings),
channel.py (the channel) and so on; here are conditions and numbers.

Functions of Asterisk that need what the model does not have (ODBC, AGI, files, the network) are not registered.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import (
    atoi,
    exact_int,
    fold,
    is_true,
    octets,
    scan_float,
    split_arguments,
    strip,
    unoctets,
    wrap_int,
)
from stasis_sim.handoff.dialplan.functions.asterisk import ASTERISK_READERS, ASTERISK_WRITERS
from stasis_sim.handoff.dialplan.functions.caller import CALLER_READERS, CALLER_WRITERS
from stasis_sim.handoff.dialplan.functions.cdr import CDR_READERS, CDR_WRITERS
from stasis_sim.handoff.dialplan.functions.channel import CHANNEL_READERS, CHANNEL_WRITERS
from stasis_sim.handoff.dialplan.functions.database import DATABASE_READERS, DATABASE_WRITERS
from stasis_sim.handoff.dialplan.functions.decoding import JSON_READERS
from stasis_sim.handoff.dialplan.functions.dialplan import DIALPLAN_READERS
from stasis_sim.handoff.dialplan.functions.lists import LIST_READERS, LIST_WRITERS
from stasis_sim.handoff.dialplan.functions.redirecting import REDIRECTING_READERS, REDIRECTING_WRITERS
from stasis_sim.handoff.dialplan.functions.text import TEXT_READERS
from stasis_sim.handoff.dialplan.functions.times import TIME_READERS
from stasis_sim.handoff.dialplan.functions.variables import VARIABLE_READERS, VARIABLE_WRITERS
from stasis_sim.handoff.dialplan.timing import parse_time

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread, Writer

_WORD: Final = 1 << 32
_BITS: Final = {
    "AND": lambda left, right: left & right,
    "XOR": lambda left, right: left ^ right,
    "OR": lambda left, right: left | right,
    ">>": lambda left, right: left >> (right % 32),
    "<<": lambda left, right: left << (right % 32),
}
_COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    "==": lambda left, right: left == right,
}
_RESULTS: Final = frozenset({"f", "float", "i", "int", "h", "hex", "c", "char"})
# The order in which Asterisk looks for the operator.
_OPERATORS: Final = ("*", "/", "%", "^", "AND", "XOR", "OR", ">", "<", "=", "+", "-")


def _if(_pbx: Pbx, _thread: Thread, data: str) -> str | None:
    first = split_arguments(data, 2, delimiter="?")
    branches = split_arguments(first[1], 2, delimiter=":") if len(first) > 1 else []
    if not first or not first[0] or not branches:
        return None
    chosen = 0 if is_true(strip(first[0])) else 1
    return strip(branches[chosen]) if chosen < len(branches) else ""


def _strip_quoted(text: str) -> str:
    text = strip(text)
    return text[1:-1] if text[:1] == '"' and text[-1] == '"' else text


def _iftime(pbx: Pbx, _thread: Thread, data: str) -> str | None:
    condition, question, branches = _strip_quoted(data).partition("?")
    if not condition or not question:
        pbx.host.log("WARNING", "Syntax IFTIME(<timespec>?[<true>][:<false>])")
        return None
    compiled, warnings = parse_time(condition)
    for warning in warnings:
        pbx.host.log("WARNING", warning)
    yes, _, no = branches.partition(":")
    return _strip_quoted(yes if compiled.holds(pbx.host.wall()) else no)


def _isnull(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return "0" if data else "1"


def _exists(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return "1" if data else "0"


def _set(pbx: Pbx, thread: Thread, data: str) -> str | None:
    name, equals, value = data.partition("=")
    if not name or not equals:
        pbx.host.log("WARNING", "Syntax SET(<varname>=[<value>])")
        return None
    pbx.set_variable(thread, strip(name), strip(value))
    return strip(value)


def _math(pbx: Pbx, _thread: Thread, data: str) -> str | None:
    arguments = split_arguments(data, 2)
    parts = _operation(arguments[0]) if arguments else None
    if parts is None:
        pbx.host.log("WARNING", "Supply all the parameters - just this once, please")
        return None
    left, right = scan_float(parts[0]), scan_float(parts[2])
    if left is None or right is None:
        pbx.host.log("WARNING", f"'{parts[0] if left is None else parts[2]}' is not a valid number")
        return None
    if arguments[0].startswith("-"):
        left = -left
    kind = fold(arguments[1]) if len(arguments) > 1 else "f"
    if kind not in _RESULTS:
        pbx.host.log("WARNING", f"Unknown type of result requested '{kind}'.")
        return None
    if parts[1] in _COMPARISONS:
        return "TRUE" if _COMPARISONS[parts[1]](left, right) else "FALSE"
    return _printed(_computed(parts[1], left, right), kind)


def _operation(text: str) -> tuple[str, str, str] | None:
    """Find the operator of a MATH() expression; a minus at its very beginning is a sign."""
    text = text.removeprefix("-")
    for operator in _OPERATORS:
        index = text.find(operator)
        if index < 0:
            continue
        following = text[index + 1 : index + 2]
        if operator in "<>" and following in {"=", operator}:
            operator += following  # noqa: PLW2901 - the loop ends here
        elif operator == "=":
            if following != "=":
                return None
            operator = "=="  # noqa: PLW2901 - the loop ends here
        return text[:index], operator, text[index + len(operator) :]
    return None


def _computed(operator: str, left: float, right: float) -> float:
    if operator == "/":
        return 0.0 if right <= 0 else left / right
    if operator == "%":
        whole, divisor = _int(left), _int(right)
        return math.fmod(whole, divisor) + 0.0 if divisor else 0.0
    if operator == "^":
        return _power(left, right)
    if operator in _BITS:
        return float(_signed(_BITS[operator](_int(left), _int(right))))
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except OverflowError:
        return math.inf
    except ValueError:
        # A root of what is below zero is no number, and one over zero is no end of it.
        return -math.nan if left else math.inf


def _int(value: float) -> int:
    """Convert as C does on x86: what does not fit is the lowest int."""
    return math.trunc(value) if -(1 << 31) <= value < 1 << 31 else -(1 << 31)


def _signed(value: int) -> int:
    return (value + (1 << 31)) % _WORD - (1 << 31)


def _printed(value: float, kind: str) -> str:
    if kind in {"f", "float"}:
        return "-nan" if math.isnan(value) and math.copysign(1, value) < 0 else f"{value:f}"
    if kind in {"i", "int"}:
        return str(_int(value))
    if kind in {"h", "hex"}:
        # The low bits of a long; what does not fit is the lowest one.
        whole = math.trunc(value) if -(1 << 63) <= value < 1 << 63 else 0
        return f"{whole % _WORD:x}"
    code = _int(value) % 256
    return unoctets(chr(code)) if code else ""


def _inc(sign: int) -> Reader:
    def change(pbx: Pbx, thread: Thread, data: str) -> str | None:
        # Only what is stored under the name: neither what Asterisk makes up nor functions.
        value = thread.variables.get(data) or pbx.globals.get(data)
        number = exact_int(value) if value else None
        if number is None:
            return None
        result = str(wrap_int(number + sign))
        pbx.set_variable(thread, data, result)
        return result

    return change


def _extreme(pick: Callable[[float, float], float]) -> Reader:
    def choose(_pbx: Pbx, _thread: Thread, data: str) -> str | None:
        arguments = split_arguments(data, 2)
        numbers = [scan_float(argument) for argument in arguments if argument]
        if not numbers or numbers[0] is None or numbers[-1] is None:
            return None
        return _short(pick(numbers[0], numbers[-1]))

    return choose


def _abs(_pbx: Pbx, _thread: Thread, data: str) -> str | None:
    number = scan_float(data)
    return None if number is None else _short(abs(number))


def _digit_sum(pbx: Pbx, _thread: Thread, data: str) -> str | None:
    """DIGIT_SUM(number): of what stands there the digits count, up to a point and behind it too."""
    if not data:
        pbx.host.log("WARNING", "Missing argument for number")
        return None
    return str(sum(int(char) for char in data if char in "0123456789"))


def _short(value: float) -> str:
    """Print a whole number without its decimals."""
    return str(_int(value)) if value == _int(value) else f"{value:f}"


def _rand(pbx: Pbx, thread: Thread, data: str) -> str:
    """Give a number that depends on the channel and the moment only: the model has no randomness of its own."""
    arguments = [*split_arguments(data, 2), "", ""]
    lowest = atoi(arguments[0])
    highest = atoi(arguments[1]) or 2147483647
    if highest < lowest:
        lowest, highest = highest, lowest
    seed = f"{thread.channel}/{pbx.host.now()}/{thread.context}/{thread.exten}/{thread.priority}"
    return str(lowest + zlib.crc32(octets(seed).encode("latin-1")) % (highest - lowest + 1))


_LOGIC_READERS: Final[dict[str, Reader]] = {
    "IF": _if,
    "IFTIME": _iftime,
    "ISNULL": _isnull,
    "EXISTS": _exists,
    "SET": _set,
    "MATH": _math,
    "INC": _inc(1),
    "DEC": _inc(-1),
    "MIN": _extreme(min),
    "MAX": _extreme(max),
    "ABS": _abs,
    "RAND": _rand,
    "DIGIT_SUM": _digit_sum,
}

READERS: Final[dict[str, Reader]] = {
    **_LOGIC_READERS,
    **TEXT_READERS,
    **LIST_READERS,
    **JSON_READERS,
    **TIME_READERS,
    **CALLER_READERS,
    **REDIRECTING_READERS,
    **CHANNEL_READERS,
    **CDR_READERS,
    **VARIABLE_READERS,
    **DIALPLAN_READERS,
    **DATABASE_READERS,
    **ASTERISK_READERS,
}
WRITERS: Final[dict[str, Writer]] = {
    **LIST_WRITERS,
    **CALLER_WRITERS,
    **REDIRECTING_WRITERS,
    **CHANNEL_WRITERS,
    **CDR_WRITERS,
    **VARIABLE_WRITERS,
    **DATABASE_WRITERS,
    **ASTERISK_WRITERS,
}
