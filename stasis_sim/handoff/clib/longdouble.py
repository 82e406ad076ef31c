"""Numbers as Asterisk's expressions compute them: C ``long double`` with a mantissa of 64 bits, printed ``%.18Lg``.

Python has no such type. A number here is an int where it is whole and small enough to be exact, otherwise a Fraction
that was rounded to 64 bits; infinities and NaN are floats. So sums of counters stay integer arithmetic, and 1/3 prints
as 0.333333333333333333 and not as a double would.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Final

Number = int | Fraction | float
"""An int or a Fraction; a float only for infinity, NaN and the zero with a minus sign, which C prints as -0."""

_MANTISSA: Final = 64
_EXACT: Final = 1 << _MANTISSA
_LARGEST: Final = ((1 << 64) - 1) << (16384 - 64)
_DIGITS: Final = 18
_PRINT: Final = Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN, Emin=-20_000, Emax=20_000)
_SMALLEST_FIXED: Final = -4
_TEXT: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?")
_HUGE_EXPONENT: Final = 20_000
INFINITY: Final = math.inf


def rounded(value: Number) -> Number:
    """Return the long double nearest to an exact value."""
    if isinstance(value, float):
        return value
    if isinstance(value, int) and -_EXACT < value < _EXACT:
        return value
    fraction = Fraction(value)
    if not fraction:
        return 0
    magnitude = abs(fraction)
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    # The quotient has `exponent` or `exponent + 1` bits before its point; scale so that the mantissa has 64.
    if magnitude < Fraction(2) ** exponent:
        exponent -= 1
    scale = Fraction(2) ** (_MANTISSA - 1 - exponent)
    result = Fraction(round(magnitude * scale)) / scale
    if result > _LARGEST:
        return INFINITY if fraction > 0 else -INFINITY
    signed = result if fraction > 0 else -result
    return signed.numerator if signed.denominator == 1 else signed


def parse(text: str) -> Number:
    """Read a number as ``strtold`` does: what cannot be read is 0; too large is infinite."""
    match = _TEXT.match(text)
    if match is None:
        return 0
    sign, whole, fraction, exponent_text = match[1], match[2], match[3] or "", match[4]
    if not whole and not fraction:
        return 0
    exponent = max(-_HUGE_EXPONENT, min(_HUGE_EXPONENT, int(exponent_text[:9]))) if exponent_text else 0
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return 0
    power = exponent - len(fraction)
    if len(digits) + power > _HUGE_EXPONENT:
        return -INFINITY if sign == "-" else INFINITY
    if len(digits) + power < -_HUGE_EXPONENT:
        return 0
    value = Fraction(_digits(digits)) * Fraction(10) ** power
    return rounded(_whole(-value if sign == "-" else value))


def _digits(text: str) -> int:
    """Read digits of any number: Python refuses more than 4,300 in one go."""
    if len(text) <= 4000:  # noqa: PLR2004 - below Python's own limit
        return int(text)
    half = len(text) // 2
    shift: int = 10 ** (len(text) - half)
    return _digits(text[:half]) * shift + _digits(text[half:])


def _whole(value: Fraction) -> Number:
    return value.numerator if value.denominator == 1 else value


def signed_zero(value: Number, *, negative: bool) -> Number:
    """Give a zero its sign."""
    return -0.0 if negative and not value else value


def _unsigned_zero(value: Number) -> Number:
    return value or 0


def negative(value: Number) -> Number:
    """Return the value with the other sign."""
    return -value if value else (0 if isinstance(value, float) else -0.0)


def add(left: Number, right: Number) -> Number:
    """Return the sum; that of two zeros is -0 only if both are."""
    if not left and not right:
        return signed_zero(0, negative=_is_negative(left) and _is_negative(right))
    left, right = _unsigned_zero(left), _unsigned_zero(right)
    if isinstance(left, float) or isinstance(right, float):
        return _as_float(left) + _as_float(right)
    return rounded(left + right)


def subtract(left: Number, right: Number) -> Number:
    """Return the difference."""
    return add(left, negative(right))


def _is_negative(value: Number) -> bool:
    return math.copysign(1.0, value) < 0 if isinstance(value, float) else value < 0


def multiply(left: Number, right: Number) -> Number:
    """Return the product."""
    minus = _is_negative(left) != _is_negative(right)
    left, right = _unsigned_zero(left), _unsigned_zero(right)
    if isinstance(left, float) or isinstance(right, float):
        return _as_float(left) * _as_float(right)
    return signed_zero(rounded(left * right), negative=minus)


def divide(left: Number, right: Number) -> Number:
    """Return the quotient; the divisor is not zero."""
    minus = _is_negative(left) != _is_negative(right)
    left = _unsigned_zero(left)
    if isinstance(left, float) or isinstance(right, float):
        return _as_float(left) / _as_float(right) if not math.isinf(_as_float(right)) else _divide_by_infinity(left)
    return signed_zero(rounded(_whole(Fraction(left) / Fraction(right))), negative=minus)


def _divide_by_infinity(left: Number) -> Number:
    return math.nan if isinstance(left, float) else 0


def remainder(left: Number, right: Number) -> Number:
    """Return the remainder with the sign of the dividend, as ``fmodl``; the divisor is not zero."""
    minus = _is_negative(left)
    left = _unsigned_zero(left)
    if isinstance(left, float):
        return math.nan
    if isinstance(right, float):
        return math.nan if math.isnan(right) else left
    quotient = abs(Fraction(left) / Fraction(right))
    part = abs(Fraction(left)) - (quotient.numerator // quotient.denominator) * abs(Fraction(right))
    return signed_zero(rounded(_whole(-part if minus else part)), negative=minus)


def _as_float(value: Number) -> float:
    """Return a float that has the sign and finiteness of the value; its size does not matter beside an infinity."""
    if isinstance(value, float):
        return value
    return 0.0 if not value else math.copysign(1.0, value)


def text(value: Number) -> str:
    """Print with 18 significant digits as ``%.18Lg`` does."""
    if isinstance(value, int) and -(10**_DIGITS) < value < 10**_DIGITS:
        return str(value)
    if isinstance(value, float):
        if not value:
            return "-0"
        # The sign of "no number" is what an x86 gives it.
        minus = "-" if math.copysign(1.0, value) < 0 else ""
        return f"{minus}nan" if math.isnan(value) else f"{minus}inf"
    fraction = Fraction(value)
    quotient = _PRINT.divide(Decimal(fraction.numerator), Decimal(fraction.denominator))
    sign, digits, _ = quotient.as_tuple()
    shown = "".join(map(str, digits)).rstrip("0") or "0"
    exponent = quotient.adjusted()
    prefix = "-" if sign else ""
    if exponent < _SMALLEST_FIXED or exponent >= _DIGITS:
        point = f".{shown[1:]}" if len(shown) > 1 else ""
        return f"{prefix}{shown[0]}{point}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return f"{prefix}0.{'0' * (-exponent - 1)}{shown}"
    shown = shown.ljust(exponent + 1, "0")
    point = f".{shown[exponent + 1 :]}" if len(shown) > exponent + 1 else ""
    return f"{prefix}{shown[: exponent + 1]}{point}"
