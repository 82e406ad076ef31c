"""The ``expect:`` part of a scenario: what its results must be, ``[APP.]measure OP value [with P%]``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from stasis_sim.scenario.measured import kind_of, scope_and_measure
from stasis_sim.scenario.misfit import MisfitError, got
from stasis_sim.scenario.quantities import DURATIONS, duration, share

Operator = Literal["<=", ">=", "==", "!=", "<", ">"]

EXAMPLE = "Intro-IVR.ejection_rate <= 10% with 95%"

_LINE = re.compile(
    r"(?P<name>\S+?)\s*(?P<op><=|>=|==|!=|=<|=>|<>|≤|≥|=|<|>)\s*(?P<value>[^\s<>=!]+)"
    r"(?:\s+with\s+(?P<confidence>\S+))?"
)
_OTHER_OPERATORS = {"=": "==", "=<": "<=", "=>": ">=", "<>": "!=", "≤": "<=", "≥": ">="}
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Expectation:
    """One line of ``expect:``.

    Attributes:
        app: App or client whose measure it is; None for the total.
        measure: Name of the measure.
        op: How the measure is compared with the value.
        value: What it is compared with; shares as fractions, times in seconds.
        confidence: Which bound of the interval decides, as a fraction (0.95); None where the mean decides.
        text: The line as written.
    """

    app: str | None
    measure: str
    op: Operator
    value: float
    confidence: float | None
    text: str

    def holds(self, seen: float) -> bool:
        """Return whether a number satisfies the comparison."""
        match self.op:
            case "<=":
                return seen <= self.value
            case ">=":
                return seen >= self.value
            case "<":
                return seen < self.value
            case ">":
                return seen > self.value
            case "==":
                return seen == self.value
            case "!=":
                return seen != self.value


def expectation(value: Any) -> Expectation:
    """Read a line of ``expect:``.

    Raises:
        MisfitError: It is none.
    """
    if isinstance(value, Expectation):
        return value
    match = _LINE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise MisfitError.at(f"not an expectation {got(value)}; write one such as {EXAMPLE}")
    op = match["op"]
    if op in _OTHER_OPERATORS:
        raise MisfitError.at(f"unknown operator {op} {got(value)}; write {_OTHER_OPERATORS[op]}")
    app, measure = scope_and_measure(match["name"])
    return Expectation(
        app=app,
        measure=measure,
        op=cast("Operator", op),
        value=_value(match["value"], measure, op),
        confidence=_confidence(match["confidence"]),
        text=value.strip(),
    )


def _value(text: str, measure: str, op: str) -> float:
    """Return what a measure is compared with, in the measure's own unit.

    Who writes that a share is below 1 means 1 %, or says what can hardly fail.
    """
    kind = kind_of(measure)
    if text.endswith("%"):
        if kind != "share":
            raise MisfitError.at(f"{measure} is no share {got(text)}; write a number without %")
        return share(text)
    if _NUMBER.fullmatch(text):
        if kind == "share" and float(text) > 1:
            raise MisfitError.at(f"more than all {got(text)}; write {text}%, or a share from 0 to 1")
        if kind == "share" and float(text) == 1 and op in {"<", "<="}:
            raise MisfitError.at(f"1 is all, and {op} all says nothing {got(text)}; write 1%, or 100%")
        return float(text)
    if kind == "seconds":
        return duration(text) / DURATIONS["s"]
    example = "a percentage such as 10%" if kind == "share" else "a plain number"
    raise MisfitError.at(f"not a value for {measure} {got(text)}; write {example}")


def _confidence(text: str | None) -> float | None:
    if text is None:
        return None
    confidence = share(text)
    if not 0.5 <= confidence < 1:  # noqa: PLR2004 - half is a coin
        raise MisfitError.at(f"not a confidence {got(text)}; write with 95%")
    return confidence


OPERATORS: tuple[Operator, ...] = get_args(Operator)

Expected = Annotated[
    Expectation,
    PlainValidator(expectation),
    PlainSerializer(lambda value: value.text),
    WithJsonSchema({"type": "string", "pattern": rf"\S\s*({'|'.join(OPERATORS)})\s*\S", "examples": [EXAMPLE]}),
]
"""One line of ``expect:``."""
