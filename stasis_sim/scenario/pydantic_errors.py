"""Pydantic's errors in the words of this house: what is wrong (got X); what to write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stasis_sim.scenario.wrong import Keys, Wrong, choose, got, nearest


class Fault(NamedTuple):
    """One fault below a model.

    Attributes:
        keys: The way to it.
        text: What is wrong, found and wanted; empty for a missing key.
        missing: The key that is missing at ``keys``.
    """

    keys: Keys
    text: str
    missing: str | None = None


def faults_of(error: ValidationError) -> Iterator[Fault]:
    """Yield the faults that pydantic found, with those that our own validators raised."""
    for details in error.errors(include_url=False):
        keys = details["loc"]
        inner = details.get("ctx", {}).get("error")
        if isinstance(inner, Wrong):
            yield from (Fault((*keys, *below), text) for below, text in inner.faults)
        elif details["type"] == "missing":
            yield Fault(keys[:-1], "", str(keys[-1]))
        else:
            yield Fault(keys, _text(details))


def _text(details: ErrorDetails) -> str:
    """Return what is wrong (got X); what to write."""
    value = details["input"]
    limits = details.get("ctx", {})
    match details["type"]:
        case "int_type" | "int_from_float":
            return f"not a whole number {got(value)}; write a number such as 10"
        case "float_type" | "finite_number":
            return f"not a number {got(value)}; write a number such as 1.5"
        case "bool_type":
            return f"neither true nor false {got(value)}; write true or false"
        case "string_type":
            return f"not text {got(value)}; {_quoted(value)}"
        case "literal_error":
            return _literal(value, str(limits.get("expected", "")))
        case "greater_than" | "greater_than_equal":
            least = limits["gt"] + 1 if "gt" in limits else limits["ge"]
            return f"too small {got(value)}; write {least} or more"
        case "less_than" | "less_than_equal":
            most = limits["lt"] - 1 if "lt" in limits else limits["le"]
            return f"too large {got(value)}; write {most} or less"
        case "dict_type" | "mapping_type":
            return f"not a mapping {got(value)}; write {{NAME: value}}"
        case "string_too_short":
            return f"empty {got(value)}; give it a value, or remove the key"
        case _:
            return f"{details['msg'][:1].lower()}{details['msg'][1:]} {got(value)}; write another value"


def _quoted(value: Any) -> str:
    return f'write it in quotes: "{value}"' if isinstance(value, int | float) else "write text"


def _literal(value: Any, expected: str) -> str:
    """Return the text for a word that is none of a few; pydantic lists them as ``'a', 'b' or 'c'``."""
    words = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]
    near = nearest(value, words)
    hint = choose(value, words) if near is None else f"write {near}"
    if near is None or len(words) == 1:
        return f"unknown value {got(value)}; {hint}"
    return f"not one of {', '.join(words)} {got(value)}; {hint}"
