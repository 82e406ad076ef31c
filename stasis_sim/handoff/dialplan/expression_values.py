"""What expressions compute with: unquoted numbers that stay text until they are computed with, numbers, other text.

``10.0`` alone stays ``10.0``; other text keeps its quotes. Comparisons are numeric only if neither side is text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from stasis_sim.handoff.clib import longdouble
from stasis_sim.handoff.clib.longdouble import Number
from stasis_sim.handoff.clib.text import atoi


class Text(NamedTuple):
    """A value that is text: ``numeric`` if it was an unquoted number, not computed with yet."""

    text: str
    numeric: bool


Value = Text | Number


def make_text(text: str) -> Text:
    """Return text as a value; one that looks like a number stays one."""
    return Text(text, numeric=re.fullmatch(r"[0-9.]+", text) is not None)


def to_text(value: Value) -> str:
    """Return a value as text."""
    return value.text if isinstance(value, Text) else longdouble.text(value)


def to_number(value: Value) -> Number | None:
    """Return a value as a number, None if it is text."""
    if not isinstance(value, Text):
        return value
    if not value.numeric:
        return None
    number = longdouble.parse(value.text)
    return None if isinstance(number, float) else number


def computed(value: Value) -> Value:
    """Return what testing a value for ``|`` and ``&`` leaves of it: an unquoted number has become a computed one."""
    number = to_number(value)
    return value if number is None else number


def is_zero(value: Value) -> bool:
    """Decide emptiness for ``|`` and ``&``: quotes make a text that is not empty."""
    if isinstance(value, Text) and not value.text:
        return True
    return to_number(value) == 0


def holds(condition: Value) -> bool:
    """Decide a condition before ``?``."""
    if isinstance(condition, Text) and not condition.numeric:
        return condition.text not in {"", '""', "0"}
    return bool(to_number(condition))


def is_set(value: Value) -> bool:
    """Decide what ``!`` turns around: text counts by the number it begins with, so that ``!abc`` is 1."""
    if isinstance(value, Text):
        return value.text not in {"", "0"} and atoi(value.text) != 0
    return value != 0


def unquoted(text: str) -> str:
    """Return text without the quotes it stands in; those within it go with them."""
    if text[:1] == '"' and text[-1:] == '"':
        return text.replace('"', "")
    return text


def compare(kind: str, left: Value, right: Value) -> bool:
    """Say whether a comparison such as ``<=`` holds: of numbers if both are, else of texts with their quotes."""
    one, other = to_number(left), to_number(right)
    if one is None or other is None:
        return _ordered(kind, to_text(left), to_text(right))
    return _ordered(kind, one, other)


def _ordered(kind: str, left: str | Number, right: str | Number) -> bool:
    if kind == "=":
        return left == right
    if kind == "!=":
        return left != right
    if isinstance(left, str) or isinstance(right, str):
        before, after = str(left) < str(right), str(left) > str(right)
    else:
        before, after = left < right, left > right
    return {"<": before, ">": after, "<=": not after, ">=": not before}[kind]
