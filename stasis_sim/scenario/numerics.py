"""Logarithm, exponential and the normal quantile from plain arithmetic, vectorised.

NumPy's own take one of several code paths by processor, and their last bit differs between them. A duration that
then falls on the other side of a half microsecond would make results differ between machines, which
docs/measures.md rules out. Addition, multiplication, division and the square root are exact to the last bit
everywhere (IEEE 754), so what is made of them alone is the same everywhere. Errors stay within a few units of the
last place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LN2_HIGH = float.fromhex("0x1.62e42feep-1")
"""The first 32 bits of ln 2: its product with any exponent of a float is exact."""

LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")

MANTISSA_BITS = 52
"""Bits of a float behind its exponent."""

SQRT_HALF_BITS = np.float64(float.fromhex("0x1.6a09e667f3bcdp-1")).view(np.int64)
"""The square root of a half, as a whole number: floats above 0 are in the order of theirs."""

ODD = tuple(1.0 / (2 * k + 1) for k in range(11, 0, -1))
"""Coefficients of artanh(s)/s - 1 in s*s, highest first; s stays below 0.172."""

INVERSE_FACTORIALS: tuple[float, ...]
"""Coefficients of exp(r), highest first; r stays below 0.347."""


def _inverse_factorials(count: int) -> tuple[float, ...]:
    factorials = [1]
    for k in range(1, count):
        factorials.append(factorials[-1] * k)
    return tuple(1.0 / factorial for factorial in reversed(factorials))


INVERSE_FACTORIALS = _inverse_factorials(15)


def _polynomial(coefficients: tuple[float, ...], x: Floats) -> Floats:
    """Return the polynomial with these coefficients, highest first, at ``x`` of any shape."""
    value = coefficients[0] * x
    value += coefficients[1]
    for coefficient in coefficients[2:]:
        value *= x
        value += coefficient
    return value


def log(x: Floats) -> Floats:
    """Return the natural logarithm of positive normal numbers, any shape."""
    bits = np.asarray(x, np.float64).view(np.int64)
    # x is 2**k times a number from the square root of a half up to that of 2, which is 1 + f.
    k = (bits - SQRT_HALF_BITS) >> MANTISSA_BITS
    f = (bits - (k << MANTISSA_BITS)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    # log(1 + f) = 2 artanh(s) = f - s*f + 2s*(artanh(s)/s - 1): the exact f is added last.
    correction = s * (2.0 * z * _polynomial(ODD, z) - f) + k * LN2_LOW
    logarithm: Floats = correction + f + k * LN2_HIGH
    return logarithm


def log1p(x: Floats) -> Floats:
    """Return the natural logarithm of 1 + ``x``, ``x`` above -1, exact for small ``x`` too."""
    shifted = 1.0 + x
    lost = x - (shifted - 1.0)
    logarithm: Floats = log(shifted) + lost / shifted
    return logarithm


def exp(x: Floats) -> Floats:
    """Return e to the power of ``x``, any shape; ``x`` beyond ±700 is taken for ±700."""
    bounded = np.clip(x, -700.0, 700.0)
    k = np.rint(bounded / (LN2_HIGH + LN2_LOW))
    r = (bounded - k * LN2_HIGH) - k * LN2_LOW
    # The polynomial is near 1, so that what is added to its exponent leaves a normal number.
    bits = _polynomial(INVERSE_FACTORIALS, r).view(np.int64) + (k.astype(np.int64) << MANTISSA_BITS)
    power: Floats = bits.view(np.float64)
    return power


CENTRE = (
    (
        *(2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457),
        *(13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.3871328727963666080),
    ),
    (
        *(5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867),
        *(5394.1960214247511077, 687.18700749205790830, 42.313330701600911252, 1.0),
    ),
)
"""Numerator and denominator where p is within 0.425 of a half; Wichura (1988), algorithm AS 241, PPND16."""

MIDDLE = (
    (
        *(7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258),
        *(3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
    ),
    (
        *(1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459),
        *(0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0),
    ),
)
"""Further out, as long as sqrt(-log p) is at most 5."""

TAIL = (
    (
        *(2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.2426609473880784386e-3, 0.026532189526576123093),
        *(0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772),
    ),
    (
        *(2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4),
        *(0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0),
    ),
)
"""The rest."""


def _ratio(pair: tuple[tuple[float, ...], tuple[float, ...]], r: Floats) -> Floats:
    value: Floats = _polynomial(pair[0], r) / _polynomial(pair[1], r)
    return value


def normal_quantile(p: Floats) -> Floats:
    """Return where the standard normal distribution has probability ``p`` below; ``p`` within (0, 1), any shape."""
    q = p - 0.5
    # The middle is computed for every number, and is harmless outside its range: most of them are there.
    quantile: Floats = np.asarray(q * _ratio(CENTRE, np.maximum(0.180625 - q * q, 0.0)))
    far = np.abs(q) > 0.425  # noqa: PLR2004 - AS 241
    r = np.sqrt(-log(np.minimum(p, 1.0 - p)[far]))
    outer = np.where(r <= 5.0, _ratio(MIDDLE, r - 1.6), _ratio(TAIL, r - 5.0))  # noqa: PLR2004 - AS 241
    quantile[far] = np.copysign(outer, q[far])
    return quantile
