"""The functions that expressions know by themselves: ``ABS(-3)``, ``ROUND(2.5)``, ``POW(2,3)`` and their like.

All are computed in decimal with digits to spare and then rounded to a long double, so that they print what Asterisk
prints.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Context, Decimal, DecimalException
from fractions import Fraction
from typing import Final

from stasis_sim.handoff.clib import longdouble
from stasis_sim.handoff.clib.longdouble import Number
from stasis_sim.handoff.dialplan.expression_values import Value, to_number

MathFunction = Callable[[Sequence[Value]], Number | None]

_WORK: Final = Context(prec=60, Emin=-20_000, Emax=20_000)
_PI: Final = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
_EPSILON: Final = Decimal(10) ** -58
_HUGE: Final = Decimal(10) ** 5000


def _argument(value: Value) -> Number:
    number = to_number(value)
    return 0 if number is None else number


def _one(compute: Callable[[Number], Number]) -> MathFunction:
    """Make a function of one argument; None for any other count."""
    return lambda arguments: compute(_argument(arguments[0])) if len(arguments) == 1 else None


def _two(compute: Callable[[Number, Number], Number]) -> MathFunction:
    def call(arguments: Sequence[Value]) -> Number | None:
        if len(arguments) != 2:  # noqa: PLR2004 - two arguments
            return None
        return compute(_argument(arguments[0]), _argument(arguments[1]))

    return call


def _whole(compute: Callable[[Fraction], int]) -> MathFunction:
    """Make a function that rounds; what rounds to zero keeps its sign."""

    def call(value: Number) -> Number:
        if isinstance(value, float) and value:
            return value
        return longdouble.signed_zero(compute(Fraction(value)), negative=value < 0)

    return _one(call)


def _half_away(value: Fraction) -> int:
    whole = math.floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def _absolute(value: Number) -> Number:
    return -value if value < 0 else value


def _decimal(value: Number) -> Decimal:
    if isinstance(value, float):
        return Decimal(value)
    fraction = Fraction(value)
    return _WORK.divide(Decimal(fraction.numerator), Decimal(fraction.denominator))


def _number(value: Decimal) -> Number:
    if not value.is_finite():
        return float(value)
    if abs(value) > _HUGE:
        return math.copysign(math.inf, value)
    fraction = Fraction(value)
    return longdouble.rounded(fraction.numerator if fraction.denominator == 1 else fraction)


def _guarded(compute: Callable[..., Decimal], *arguments: Number) -> Number:
    """Compute in decimal; what is not defined is no number, what is too large is infinite."""
    if any(isinstance(argument, float) and argument for argument in arguments):
        return math.nan
    try:
        return _number(compute(*map(_decimal, arguments)))
    except OverflowError:
        return math.inf
    except DecimalException:
        return math.nan


def _exact(compute: Callable[[Decimal], Decimal]) -> MathFunction:
    return _one(lambda value: _guarded(compute, value))


def _exact_two(compute: Callable[[Decimal, Decimal], Decimal]) -> MathFunction:
    return _two(lambda left, right: _guarded(compute, left, right))


def _minus_nan(value: Number) -> Number:
    return -math.nan if isinstance(value, float) and math.isnan(value) else value


def _exp(value: Decimal) -> Decimal:
    # Beyond these a long double is infinite or zero; the series would take for ever.
    if value > 12_000:  # noqa: PLR2004 - e to this is no long double
        return Decimal("Infinity")
    return Decimal(0) if value < -12_000 else _WORK.exp(value)  # noqa: PLR2004 - likewise


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    if not exponent:
        return Decimal(1)
    if not base:
        return Decimal("Infinity") if exponent < 0 else Decimal(0)
    if _WORK.multiply(_WORK.log10(abs(base)), exponent) > 5000:  # noqa: PLR2004 - no long double
        return Decimal("Infinity")
    return _WORK.power(base, exponent)


def _logarithm(value: Decimal, base: Decimal | None = None) -> Decimal:
    if not value:
        return Decimal("-Infinity")
    natural = _WORK.ln(value)
    return natural if base is None else _WORK.divide(natural, _WORK.ln(base))


def _log10(value: Decimal) -> Decimal:
    return _WORK.log10(value) if value else Decimal("-Infinity")


def _sine(value: Decimal) -> Decimal:
    value = _WORK.remainder(value, _WORK.multiply(Decimal(2), _PI))
    term = total = value
    step = 1
    while abs(term) > _EPSILON:
        term = _WORK.divide(_WORK.multiply(term, -_WORK.multiply(value, value)), Decimal((step + 1) * (step + 2)))
        total = _WORK.add(total, term)
        step += 2
    return total


def _cosine(value: Decimal) -> Decimal:
    return _sine(_WORK.add(value, _WORK.divide(_PI, Decimal(2)))) if value else Decimal(1)


def _arctangent(value: Decimal) -> Decimal:
    if abs(value) > Decimal("0.1"):
        # Halving the angle brings the series to where it converges quickly.
        root = _WORK.sqrt(_WORK.add(Decimal(1), _WORK.multiply(value, value)))
        return _WORK.multiply(Decimal(2), _arctangent(_WORK.divide(value, _WORK.add(Decimal(1), root))))
    power = total = value
    step = 1
    while abs(power) > _EPSILON:
        power = _WORK.multiply(power, -_WORK.multiply(value, value))
        step += 2
        total = _WORK.add(total, _WORK.divide(power, Decimal(step)))
    return total


def _arcsine(value: Decimal) -> Decimal:
    rest = _WORK.subtract(Decimal(1), _WORK.multiply(value, value))
    if not rest:
        return _WORK.divide(_PI, Decimal(2)).copy_sign(value)
    return _arctangent(_WORK.divide(value, _WORK.sqrt(rest)))


def _arctangent_two(above: Decimal, beside: Decimal) -> Decimal:
    if not beside:
        return _WORK.divide(_PI, Decimal(2)).copy_sign(above) if above else Decimal(0)
    angle = _arctangent(_WORK.divide(above, beside))
    if beside > 0:
        return angle
    return _WORK.subtract(angle, _PI) if above < 0 else _WORK.add(angle, _PI)


MATH: Final[dict[str, MathFunction]] = {
    "ABS": _one(_absolute),
    "FLOOR": _whole(math.floor),
    "CEIL": _whole(math.ceil),
    "TRUNC": _whole(math.trunc),
    "ROUND": _whole(_half_away),
    "RINT": _whole(round),
    "SIN": _exact(_sine),
    "COS": _exact(_cosine),
    "TAN": _exact(lambda value: _WORK.divide(_sine(value), _cosine(value))),
    "ASIN": _exact(_arcsine),
    "ACOS": _exact(lambda value: _WORK.subtract(_WORK.divide(_PI, Decimal(2)), _arcsine(value))),
    "ATAN": _exact(_arctangent),
    "ATAN2": _exact_two(_arctangent_two),
    "POW": _two(lambda left, right: _minus_nan(_guarded(_power, left, right))),
    "SQRT": _one(lambda value: _minus_nan(_guarded(_WORK.sqrt, value))),
    "EXP": _exact(_exp),
    "EXP2": _exact(lambda value: _power(Decimal(2), value)),
    "EXP10": _exact(lambda value: _power(Decimal(10), value)),
    "LOG": _exact(_logarithm),
    "LOG2": _exact(lambda value: _logarithm(value, Decimal(2))),
    "LOG10": _exact(_log10),
    "REMAINDER": _exact_two(_WORK.remainder_near),
}
