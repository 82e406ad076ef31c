"""A scenario as YAML, with every default filled in."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from stasis_sim.scenario.model import Scenario, a_scenario

WIDTH = 110


def show(scenario: Scenario) -> str:
    """Return the text of a scenario, which loads back to an equal one.

    Raises:
        TypeError: It is no scenario, but the path of one for instance.
    """
    yaml = YAML(typ="rt", pure=True)
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(_styled(a_scenario(scenario).data()), stream)
    return stream.getvalue()


def _styled(value: Any) -> Any:
    """Return data in which texts of several lines become literal blocks, and what a block cannot hold has quotes."""
    if isinstance(value, dict):
        return {_styled(key): _styled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_styled(item) for item in value]
    if not isinstance(value, str) or value.isprintable():
        return value
    return LiteralScalarString(value) if _is_block(value) else DoubleQuotedScalarString(value)


def _is_block(text: str) -> bool:
    printable = all(character.isprintable() or character in "\n\t" for character in text)
    return "\n" in text and printable and not text.startswith((" ", "\t", "\n")) and not text.isspace()
