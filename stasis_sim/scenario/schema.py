"""The JSON Schema of scenarios, for editors: completion, descriptions, and most faults while one writes.

It is made from the model, so it cannot fall behind. It is somewhat more lenient than the model: that durations fit
each other or that a file exists only :meth:`~stasis_sim.scenario.model.Scenario.load` finds out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stasis_sim.scenario.fields import DISTRIBUTION_SCHEMA, DURATION_SCHEMA, RATE_SCHEMA
from stasis_sim.scenario.model import Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"

NAMES = ("properties", "patternProperties", "$defs")
"""Keywords below which are names."""

OWN_DEFAULT = ("name", "duration")
"""Keys whose default is no fixed value."""

SMALLEST = {
    "asterisk": {"extensions": "[default]\n"},
    "clients": {"app": {"apps": ["app"]}},
    "calls": [{"to": "s@default", "arrivals": {"poisson": "1/s"}}],
    "run": {"duration": "1h"},
}
"""A scenario that says nothing that could be left out: what its other keys are are the defaults."""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file."""
    made = _tidy(Scenario.model_json_schema(by_alias=True))
    models: dict[str, Any] = made.pop("$defs")
    one_or_many = models["Client"]["properties"]["on StasisStart"]["anyOf"]
    shared = {
        "Action": one_or_many[0],
        "Actions": {"anyOf": one_or_many},
        "Distribution": DISTRIBUTION_SCHEMA,
        "Random": DISTRIBUTION_SCHEMA["anyOf"][1],
        "Duration": DURATION_SCHEMA,
        "Rate": RATE_SCHEMA,
    }
    definitions = {name: _shared(schema, shared, itself=name) for name, schema in {**shared, **models}.items()}
    schema = _shared(made, shared)
    schema["patternProperties"] = {"^x-": {"description": "Anything; for anchors."}}
    _add_defaults(definitions)
    return {"$schema": DIALECT, **schema, "title": "stasis-sim scenario", "$defs": definitions}


def _each(schema: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """Return a schema with all schemas right below it changed; below ``properties`` are names, not keywords."""
    return {
        key: {name: change(below) for name, below in value.items()} if key in NAMES else change(value)
        for key, value in schema.items()
    }


def _tidy(schema: Any) -> Any:
    """Return what pydantic makes without its titles, its defaults, None, and choices of one."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = _each({key: value for key, value in schema.items() if key not in {"title", "default"}}, _tidy)
    choices = [choice for choice in tidy.pop("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**choices[0], **tidy}
    flat = [below for choice in choices for below in (choice["anyOf"] if list(choice) == ["anyOf"] else [choice])]
    return {**tidy, "anyOf": flat} if flat else tidy


def _shared(schema: Any, shared: dict[str, Any], itself: str = "") -> Any:
    """Return a schema that refers to the shared ones."""
    if isinstance(schema, list):
        return [_shared(item, shared) for item in schema]
    if not isinstance(schema, dict):
        return schema
    bare = {key: value for key, value in schema.items() if key != "description"}
    for name, known in shared.items():
        if name != itself and bare == known:
            notes = {"description": schema["description"]} if "description" in schema else {}
            return {"$ref": f"#/$defs/{name}", **notes}
    return _each(schema, lambda below: _shared(below, shared))


def _add_defaults(definitions: dict[str, Any]) -> None:
    """Put in the defaults as a file would say them."""
    data = Scenario.of(SMALLEST).data()
    parts = {
        "Asterisk": data["asterisk"],
        "Client": data["clients"]["app"],
        "Calls": data["calls"][0],
        "Run": data["run"],
    }
    for name, filled in parts.items():
        required = definitions[name].get("required", [])
        for key, schema in definitions[name]["properties"].items():
            if key in filled and key not in required and key not in OWN_DEFAULT:
                schema["default"] = filled[key]
