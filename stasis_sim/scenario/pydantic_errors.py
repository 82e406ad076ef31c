"""Pydantic's errors in the words of this house: what is wrong (got X); what to write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stasis_sim.scenario.misfit import Keys, MisfitError, choose, got, nearest


class Finding(NamedTuple):
    """One finding below a model.

    Attributes:
        keys: The way to it.
        text: What is wrong, found and wanted; empty for a missing key.
        missing: The key that is missing at ``keys``.
    """

    keys: Keys
    text: str
    missing: str | None = None


def faults_of(error: ValidationError) -> Iterator[Finding]:
    """Yield the faults that pydantic found, with those that our own validators raised."""
    for details in error.errors(include_url=False):
        keys = details["loc"]
        inner = details.get("ctx", {}).get("error")
        if isinstance(inner, MisfitError):
            yield from (Finding((*keys, *below), text) for below, text in inner.faults)
        elif details["type"] == "missing":
            yield Finding(keys[:-1], "", str(keys[-1]))
        else:
            yield Finding(keys, _text(details))


MOST_WORDS = 6
"""Words that a message lists beside the nearest one."""

PHRASES = {
    "int_type": ("not a whole number", "write a number such as 10"),
    "int_from_float": ("not a whole number", "write a number such as 10"),
    "float_type": ("not a number", "write a number such as 1.5"),
    "finite_number": ("not a number", "write a number such as 1.5"),
    "bool_type": ("neither true nor false", "write true or false"),
    "dict_type": ("not a mapping", "write {NAME: value}"),
    "string_too_short": ("empty", "give it a value, or remove the key"),
    "too_short": ("empty", "write at least one"),
}
"""What is wrong and what to write, by pydantic's type of error."""


def _text(details: ErrorDetails) -> str:
    """Return what is wrong (got X); what to write."""
    value = details["input"]
    limits = details.get("ctx", {})
    wrong, remedy = PHRASES.get(details["type"], (f"{details['msg'][:1].lower()}{details['msg'][1:]}", "write another"))
    match details["type"]:
        case "int_type" | "float_type" | "bool_type" if isinstance(value, str) and _unquoted(value):
            # With zeros in front it is text without quotes too.
            bare = re.sub(r"^(-?)0+(?=[0-9])", r"\1", value)
            wrong, remedy = "text", f"write {value} without quotes" if bare == value else f"write {bare}"
        case "string_type":
            wrong, remedy = "not text", _quoted(value)
        case "literal_error":
            wrong, remedy = _literal(value, str(limits.get("expected", "")))
        case "greater_than_equal":
            wrong, remedy = "too small", f"write {limits['ge']} or more"
        case "less_than" | "less_than_equal":
            most = limits["lt"] - 1 if "lt" in limits else limits["le"]
            wrong, remedy = "too large", f"write {most} or less"
    return f"{wrong} {got(value)}; {remedy}"


def _unquoted(value: str) -> bool:
    """Whether a text would be a number or a truth if it stood in no quotes."""
    return value in {"true", "false"} or re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) is not None


def _quoted(value: Any) -> str:
    return f'write it in quotes: "{value}"' if isinstance(value, int | float) else "write text"


def _literal(value: Any, expected: str) -> tuple[str, str]:
    """Return the same for a word that is none of a few, which pydantic lists as ``'a', 'b' or 'c'``."""
    words = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]
    near = nearest(value, words)
    if near is None or not 1 < len(words) <= MOST_WORDS:
        return "unknown value", choose(value, words)
    return f"not one of {', '.join(words)}", f"write {near}"
