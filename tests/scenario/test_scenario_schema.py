"""The JSON Schema for editors accepts what the model accepts, and refuses plain slips."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stasis_sim.scenario import Scenario
from stasis_sim.scenario.schema import json_schema
from stasis_sim.scenario.template import TEMPLATE

ROOT = Path(__file__).parent.parent.parent
SCHEMA = json_schema()
TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}


def is_type(value: Any, name: str) -> bool:
    """Return whether a value has a type of JSON Schema."""
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])  # type: ignore[arg-type]


def fits(value: Any, schema: Any) -> bool:
    """Return whether a value fits a schema, as far as our schemas go."""
    if schema is True:
        return True
    return all(CHECKS[keyword](value, below, schema) for keyword, below in schema.items() if keyword in CHECKS)


def fits_object(value: Any, schema: Any) -> bool:
    """Return whether all keys of a mapping are known and fit."""
    if not isinstance(value, dict):
        return True
    for key, item in value.items():
        below = [schema["properties"][key]] if key in schema.get("properties", {}) else []
        below += [s for pattern, s in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
        if not below and "additionalProperties" in schema:
            if schema["additionalProperties"] is False:
                return False
            below = [schema["additionalProperties"]]
        if not all(fits(item, one) for one in below):
            return False
    return all(key in value for key in schema.get("required", []))


def resolve(reference: str) -> Any:
    """Return what a reference stands for."""
    return SCHEMA["$defs"][reference.removeprefix("#/$defs/")]


CHECKS: dict[str, Any] = {
    "$ref": lambda value, below, _: fits(value, resolve(below)),
    "type": lambda value, below, _: any(
        is_type(value, name) for name in ([below] if isinstance(below, str) else below)
    ),
    "const": lambda value, below, _: value == below,
    "enum": lambda value, below, _: value in below,
    "pattern": lambda value, below, _: not isinstance(value, str) or re.search(below, value) is not None,
    "minLength": lambda value, below, _: not isinstance(value, str) or len(value) >= below,
    "minimum": lambda value, below, _: not is_type(value, "number") or value >= below,
    "maximum": lambda value, below, _: not is_type(value, "number") or value <= below,
    "exclusiveMinimum": lambda value, below, _: not is_type(value, "number") or value > below,
    "exclusiveMaximum": lambda value, below, _: not is_type(value, "number") or value < below,
    "minItems": lambda value, below, _: not isinstance(value, list) or len(value) >= below,
    "minProperties": lambda value, below, _: not isinstance(value, dict) or len(value) >= below,
    "maxProperties": lambda value, below, _: not isinstance(value, dict) or len(value) <= below,
    "items": lambda value, below, _: not isinstance(value, list) or all(fits(item, below) for item in value),
    "anyOf": lambda value, below, _: any(fits(value, one) for one in below),
    "oneOf": lambda value, below, _: sum(fits(value, one) for one in below) == 1,
    "allOf": lambda value, below, _: all(fits(value, one) for one in below),
    "additionalProperties": lambda value, _, schema: fits_object(value, schema),
    "required": lambda value, below, _: not isinstance(value, dict) or all(key in value for key in below),
}
NOTES = {"title", "description", "default", "examples", "$schema", "$defs", "properties", "patternProperties"}


def keywords(schema: Any, *, names: bool = False) -> set[str]:
    """Return all keywords of a schema; ``names`` where the keys are names."""
    if isinstance(schema, list):
        return set().union(*(keywords(item) for item in schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    found = set() if names else set(schema)
    for key, below in schema.items():
        if names or key not in {"default", "examples", "const", "enum", "required", "type"}:
            found |= keywords(below, names=not names and key in {"properties", "patternProperties", "$defs"})
    return found


def load(text: str) -> Any:
    """Read YAML as an editor does."""
    return YAML(typ="safe", pure=True).load(text)


def test_the_schema_uses_only_what_this_test_understands() -> None:
    """The schema has no keyword that this test would skip in silence."""
    assert keywords(SCHEMA) <= set(CHECKS) | NOTES


SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_fit_the_schema(path: Path) -> None:
    """Every shipped scenario fits the schema, as it stands and with its defaults filled in."""
    assert fits(load(path.read_text("utf-8")), SCHEMA)
    assert fits(Scenario.load(path).data(), SCHEMA)


def test_the_starter_scenario_fits_the_schema() -> None:
    """The starter scenario fits the schema, as it stands and with its defaults filled in."""
    assert fits(load(TEMPLATE), SCHEMA)
    assert fits(load(TEMPLATE) | {"x-any": [1, {"a": None}]}, SCHEMA)
    assert fits(Scenario.parse(TEMPLATE).data(), SCHEMA)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("run", {"duration": "1h", "sed": 1}),
        ("run", {"duration": 30}),
        ("clients", {"a": {}}),
        ("clients", {"a": {"apps": ["a"], "on StasisStrat": ["answer"]}}),
        ("clients", {"a": {"apps": ["a"], "on StasisStart": ["anwser"]}}),
        ("clients", {"a": {"apps": ["a"], "service": {"lognorm": {}}}}),
        ("clients", {"a": {"apps": ["a"], "reconnect": "node"}}),
        ("calls", [{"to": "s", "arrivals": {"poisson": "1/s"}}]),
        ("calls", [{"to": "s@d", "arrivals": {"poisson": "1/sec"}}]),
        ("faults", [{"drop": "ivr"}]),
        ("faults", [{"drop": "ivr", "crash": "ivr", "at": "1s"}]),
        ("faults", [{"drop": "ivr", "at": "1s", "every": "5s"}]),
        ("expect", ["ejection"]),
        ("titel", "x"),
    ],
)
def test_slips_do_not_fit_the_schema(key: str, value: Any) -> None:
    """An editor can underline plain slips while one writes."""
    assert not fits(load(TEMPLATE) | {key: value}, SCHEMA)


def test_defaults_in_the_schema_are_those_of_the_model() -> None:
    """The defaults that an editor shows are written as in a file, and fit their keys."""
    for name in ("Asterisk", "Client", "Calls", "Run"):
        for schema in SCHEMA["$defs"][name]["properties"].values():
            if "default" in schema:
                assert fits(schema["default"], schema)
    assert SCHEMA["$defs"]["Client"]["properties"]["latency"]["default"] == "1ms"
