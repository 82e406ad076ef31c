"""Quantities with units as people write them, and back: durations, rates, shares, sizes.

Durations become whole microseconds (``"250ms"`` is 250000), rates a :class:`Rate` (``"5/s"``), shares a fraction
(``"10%"`` is 0.1), sizes whole bytes (``"64KiB"`` is 65536). A number without its unit is refused with what to
write, and so is anything finer than a microsecond: nothing is rounded in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, TypeGuard, get_args

from stasis_sim.scenario.misfit import MisfitError, got, nearest

DURATIONS = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}
"""Units of time, in microseconds."""

LONGEST_US = 36_500 * DURATIONS["d"]
"""A hundred years; more is a slip."""

FASTEST = 1_000_000
"""Happenings in a second; more is a slip."""

SIZES = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
"""Units of size, in bytes."""

RateUnit = Literal["s", "min", "h", "d"]
RATE_UNITS: tuple[RateUnit, ...] = get_args(RateUnit)

OTHER_NAMES = {
    **dict.fromkeys(["sec", "secs", "second", "seconds"], "s"),
    **dict.fromkeys(["m", "mins", "minute", "minutes"], "min"),
    **dict.fromkeys(["hr", "hrs", "hour", "hours"], "h"),
    **dict.fromkeys(["day", "days"], "d"),
    **dict.fromkeys(["msec", "msecs", "millis", "millisecond", "milliseconds"], "ms"),
    **dict.fromkeys(["µs", "μs", "usec", "usecs", "micros", "microsecond", "microseconds"], "us"),
}
"""What people write instead of a unit; named in the message, not taken: one spelling keeps files alike."""

_QUANTITY = re.compile(r"(-?[0-9]{1,18}(?:\.[0-9]{1,18})?) ?([A-Za-zµμ%]*)", re.ASCII)
_RATE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) ?/ ?([A-Za-z]+)", re.ASCII)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Return whether a value is a plain number: not text, not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def plain(number: float) -> str:
    """Return a number without an exponent, so that it can be read again."""
    text = format(Decimal(repr(number)), "f")
    return text.removesuffix(".0")


def _split(value: Any, what: str, example: str) -> tuple[Fraction, str]:
    """Return number and unit of a text; the unit is empty where there is none."""
    text = plain(value) if is_number(value) and abs(value) < FASTEST**3 else value
    match = _QUANTITY.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise MisfitError.at(f"not {what} {got(value)}; write {example}")
    if match[1].startswith("-"):
        raise MisfitError.at(f"negative {got(value)}; write {example}")
    return Fraction(match[1]), match[2]


def _in_units(value: Any, units: dict[str, int], what: str, example: str, unit: str) -> int:
    """Return a quantity in the smallest of its units."""
    number, found = _split(value, what, example)
    shown = plain(float(number))
    if not found:
        raise MisfitError.at(f"no unit {got(value)}; write {shown}{unit}")
    if found not in units:
        meant = OTHER_NAMES.get(found) or OTHER_NAMES.get(found.lower()) or nearest(found, units)
        known = ", ".join(units)
        hint = f"{shown}{meant}" if meant in units else f"one of the units {known}"
        raise MisfitError.at(f"unknown unit {found} {got(value)}; write {hint}")
    whole = number * units[found]
    if whole.denominator != 1:
        raise MisfitError.at(
            f"finer than 1{next(iter(units))} {got(value)}; write a whole number of {next(iter(units))}"
        )
    return whole.numerator


def duration(value: Any) -> int:
    """Read a duration.

    Returns:
        Microseconds.

    Raises:
        MisfitError: It is none, or has no unit.
    """
    us = _in_units(value, DURATIONS, "a duration", "a number and a unit such as 30s", "s")
    if us > LONGEST_US:
        raise MisfitError.at(f"longer than {format_duration(LONGEST_US)} {got(value)}; write a shorter duration")
    return us


def format_duration(us: int) -> str:
    """Write microseconds with the largest unit in which they are whole: 5400 seconds are ``90min``."""
    if us == 0:
        return "0s"
    unit = next(unit for unit in reversed(DURATIONS) if us % DURATIONS[unit] == 0)
    return f"{us // DURATIONS[unit]}{unit}"


def size(value: Any) -> int:
    """Read a size.

    Returns:
        Bytes.

    Raises:
        MisfitError: It is none, or has no unit.
    """
    return _in_units(value, SIZES, "a size", "a number and a unit such as 64KiB", "B")


def positive_size(value: Any) -> int:
    """Read a size above 0, in bytes.

    Raises:
        MisfitError: It is none.
    """
    octets = size(value)
    if octets == 0:
        raise MisfitError.at(f"nothing at all {got(value)}; write a size above 0")
    return octets


def format_size(octets: int) -> str:
    """Write bytes with the largest unit in which they are whole."""
    whole = [unit for unit, factor in SIZES.items() if octets and octets % factor == 0]
    unit = max(whole, key=SIZES.__getitem__, default="B")
    return f"{octets // SIZES[unit]}{unit}"


def share(value: Any) -> float:
    """Read a share, ``"10%"``.

    Returns:
        The fraction, 0 to 1.

    Raises:
        MisfitError: It is none, or more than 100%.
    """
    number, unit = _split(value, "a share", "a percentage such as 5%")
    if not unit:
        raise MisfitError.at(f"no unit {got(value)}; write a percentage such as 5%")
    if unit != "%":
        raise MisfitError.at(f"not a share {got(value)}; write a percentage such as 5%")
    if number > 100:  # noqa: PLR2004 - per cent
        raise MisfitError.at(f"more than all {got(value)}; write at most 100%")
    return float(number / 100)


def format_share(fraction: float) -> str:
    """Write a fraction as a percentage."""
    return f"{plain(float(Decimal(repr(fraction)) * 100))}%"


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something happens.

    Attributes:
        number: Happenings in a unit of time.
        unit: The unit of time.
    """

    number: float
    unit: RateUnit

    @property
    def per_s(self) -> float:
        """Happenings in a second."""
        return self.number * DURATIONS["s"] / DURATIONS[self.unit]

    def __str__(self) -> str:
        return f"{plain(self.number)}/{self.unit}"


def rate(value: Any) -> Rate:
    """Read a rate, ``"5/s"``; ``"0/s"`` is one.

    Raises:
        MisfitError: It is none, has no unit or is absurdly high.
    """
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        example = f"{plain(value)}/s" if is_number(value) and 0 <= value < FASTEST else "5/s, 300/min or 2/h"
        raise MisfitError.at(f"not a rate {got(value)}; write {example}")
    number, found_unit = match.groups()
    unit = next((known for known in RATE_UNITS if known == found_unit), None)
    if unit is None:
        meant = OTHER_NAMES.get(found_unit.lower())
        hint = f"{number}/{meant}" if meant in RATE_UNITS else f"one of {', '.join('/' + name for name in RATE_UNITS)}"
        raise MisfitError.at(f"unknown unit {found_unit} {got(value)}; write {hint}")
    found = Rate(float(Fraction(number)), unit)
    if found.per_s > FASTEST:
        raise MisfitError.at(f"more than {FASTEST}/s {got(value)}; write a lower rate")
    return found


def positive_rate(value: Any) -> Rate:
    """Read a rate that is not zero."""
    found = rate(value)
    if found.number == 0:
        raise MisfitError.at(f"nothing would ever happen {got(value)}; write a rate above 0 such as 5/s")
    return found
