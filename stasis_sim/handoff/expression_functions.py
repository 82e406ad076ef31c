"""The functions that expressions know by themselves: ``ABS(-3)``, ``ROUND(2.5)``, ``POW(2,3)`` and their like.

Rounding and absolute values are exact; the rest is computed in double precision, which prints fewer right digits than
Asterisk's long double.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from stasis_sim.handoff import longdouble
from stasis_sim.handoff.expressions import Value, to_number
from stasis_sim.handoff.longdouble import Number

MathFunction = Callable[[Sequence[Value]], Number | None]


def _one(compute: Callable[[Number], Number]) -> MathFunction:
    """Make a function of one argument; None for any other count."""

    def call(arguments: Sequence[Value]) -> Number | None:
        return compute(to_number(arguments[0]) or 0) if len(arguments) == 1 else None

    return call


def _two(compute: Callable[[Number, Number], Number]) -> MathFunction:
    def call(arguments: Sequence[Value]) -> Number | None:
        if len(arguments) != 2:  # noqa: PLR2004 - two arguments
            return None
        return compute(to_number(arguments[0]) or 0, to_number(arguments[1]) or 0)

    return call


def _exact(compute: Callable[[Fraction], int]) -> Callable[[Number], Number]:
    """Wrap what turns a fraction into a whole number; infinities stay."""
    return lambda value: value if isinstance(value, float) else compute(Fraction(value))


def _floating(compute: Callable[[float], float]) -> MathFunction:
    def guarded(value: Number) -> Number:
        try:
            return longdouble.from_float(compute(longdouble.to_float(value)))
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return _one(guarded)


def _floating_two(compute: Callable[[float, float], float]) -> MathFunction:
    def guarded(left: Number, right: Number) -> Number:
        try:
            return longdouble.from_float(compute(longdouble.to_float(left), longdouble.to_float(right)))
        except OverflowError:
            return math.inf
        except (ValueError, ZeroDivisionError):
            return math.nan

    return _two(guarded)


def _half_away(value: Fraction) -> int:
    whole = math.floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def _power(left: float, right: float) -> float:
    return math.pow(left, right)


MATH: Final[dict[str, MathFunction]] = {
    "ABS": _one(abs),
    "FLOOR": _one(_exact(math.floor)),
    "CEIL": _one(_exact(math.ceil)),
    "TRUNC": _one(_exact(math.trunc)),
    "ROUND": _one(_exact(_half_away)),
    "RINT": _one(_exact(round)),
    "COS": _floating(math.cos),
    "SIN": _floating(math.sin),
    "TAN": _floating(math.tan),
    "ACOS": _floating(math.acos),
    "ASIN": _floating(math.asin),
    "ATAN": _floating(math.atan),
    "ATAN2": _floating_two(math.atan2),
    "POW": _floating_two(_power),
    "SQRT": _floating(math.sqrt),
    "EXP": _floating(math.exp),
    "EXP2": _floating(lambda value: _power(2.0, value)),
    "EXP10": _floating(lambda value: _power(10.0, value)),
    "LOG": _floating(math.log),
    "LOG2": _floating(math.log2),
    "LOG10": _floating(math.log10),
    "REMAINDER": _floating_two(math.remainder),
}
