"""A YAML text as plain data, with the place of everything in it.

YAML 1.2 as people expect it: ``yes`` and ``12:30`` are text, and so is ``0100``, which is no number that anybody
would write. A key that stands twice is refused; anchors, aliases and merge keys work; each alias becomes a copy of
its own, so that an override in one place leaves the others alone. Nothing is read from the environment.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from stasis_sim.errors import InputError, Problem
from stasis_sim.scenario.misfit import Keys, dotted, got

MOST_VALUES = 200_000
"""Values that a document may have once all aliases are copied; a bomb of aliases has more."""

DEEPEST = 50
"""Levels of lists and mappings."""

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,29})|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = {"", "~", "null", "Null", "NULL"}


class Place(NamedTuple):
    """Where something stands: a file, or an override, with 1-based line and column, 0 where they say nothing.

    Attributes:
        file: The file, or what messages call the override.
        line: The line.
        column: The column.
        above: Whether the override is of a key below, and has only made what stands here.
    """

    file: str
    line: int = 0
    column: int = 0
    above: bool = False


@dataclass
class Document:
    """A YAML text as plain data.

    Attributes:
        name: The text as messages show it.
        data: Mappings, lists, text, numbers, true, false, None.
        places: The place of each key and each item of a list.
        blocks: For each literal block of text (``|``) the line on which it begins.
        problems: What is wrong with the document itself, as far as it can be read all the same.
        story: The comment at its head, without the marks.
    """

    name: str
    data: Any = None
    places: dict[Keys, Place] = field(default_factory=dict)
    blocks: dict[Keys, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    story: str = ""

    def place(self, keys: Keys) -> tuple[Place, Keys]:
        """Return the place of a key, or of the nearest key above it, and the way to what stands there."""
        for end in range(len(keys), -1, -1):
            found = self.places.get(keys[:end])
            if found is not None:
                return found, keys[:end]
        return Place(self.name), ()

    def problem(self, keys: Keys, text: str) -> Problem:
        """Return a problem with a key: ``file:line:col: key: text``."""
        place, there = self.place(keys)
        name = dotted(keys)
        # An override of just this key is called after it.
        shown = f"{name}: " if name and (place.line or there != keys or place.above) else ""
        return Problem(place.file, place.line, place.column, f"{shown}{text}")


def set_name(key: str) -> str:
    """Return how messages show an override."""
    return f"--set {key}"


def parse(text: str, name: str) -> Document:
    """Read a YAML text.

    Raises:
        InputError: It is no YAML, or has a syntax that leaves nothing to look at.
    """
    node = _compose(text, name)
    document = Document(name, places={(): Place(name, 1, 1)}, story=_story(text))
    if node is not None:
        _Reader(document).read(node)
    return document


def _story(text: str) -> str:
    lines = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    return "\n".join(line.removeprefix("#").removeprefix(" ").rstrip() for line in lines)


def _compose(text: str, name: str) -> Node | None:
    try:
        yaml = YAML(typ="safe", pure=True)
        yaml.composer.warn_double_anchors = False  # YAML allows it: the latest one counts
        node: Node | None = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if isinstance(mark, StringMark) else (0, 0)
        raise InputError.at(name, _syntax(error, text, line), line=line, column=column) from None
    except RecursionError:
        raise InputError.at(name, f"nested deeper than {DEEPEST} levels; write a flatter file") from None
    except (YAMLError, ValueError) as error:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 0
        raise InputError.at(name, "not YAML: a character that YAML does not allow; remove it", line=line) from None
    return node


_HINTS = (
    ("character '\\t'", "a tab; indent with spaces"),
    ("mapping values are not allowed", "not YAML: a second ': ' on the line; put a value with ': ' in quotes"),
    ("undefined alias", "an alias without its anchor; write &NAME where the value stands first"),
    ("another document", "a second document after ---; write one document"),
    ("cannot start any token", "not YAML: a value cannot begin with this character; put it in quotes"),
    ("end of stream", "not YAML: a quote that is not closed; close it"),
    ("expected ',' or", "not YAML: a bracket that is not closed; write , or the closing bracket here"),
    ("expected <block end>", "not YAML: this line is not indented as those before it; align it with its neighbours"),
    ("could not find expected ':'", "not YAML: a key without ':'; write KEY: VALUE"),
)


def _syntax(error: MarkedYAMLError, text: str, line: int) -> str:
    """Return in our words what is wrong with the syntax."""
    lines = text.splitlines()
    shown = got(lines[line - 1].strip()) if 0 < line <= len(lines) else ""
    said = str(error.problem)
    for words, hint in _HINTS:
        if words in said:
            what, _, remedy = hint.partition("; ")
            return f"{what} {shown}; {remedy}" if shown else hint
    return f"not YAML: {said} {shown}; see https://yaml.org/spec/1.2.2"


class _Reader:
    """Turns nodes into plain data and keeps their places."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._count = 0
        self._open: list[int] = []

    def read(self, node: Node) -> None:
        self._document.data = self._value(node, ())

    def _complain(self, node: Node, keys: Keys, text: str) -> None:
        name, mark = self._document.name, node.start_mark
        shown = f"{dotted(keys)}: " if keys else ""
        self._document.problems.append(Problem(name, mark.line + 1, mark.column + 1, f"{shown}{text}"))

    def _value(self, node: Node, keys: Keys) -> Any:
        self._count += 1
        if self._count > MOST_VALUES:
            raise InputError.at(self._document.name, f"more than {MOST_VALUES} values; use fewer aliases")
        if len(keys) > DEEPEST:
            raise InputError.at(self._document.name, f"nested deeper than {DEEPEST} levels; write a flatter file")
        if isinstance(node, ScalarNode):
            return self._scalar(node, keys)
        if id(node) in self._open:
            self._complain(node, keys, "an alias inside of what it stands for; write the value out")
            return None
        self._open.append(id(node))
        value: Any = None
        if isinstance(node, MappingNode):
            self._tag(node, keys, "map")
            value = self._mapping(node, keys)
        elif isinstance(node, SequenceNode):
            self._tag(node, keys, "seq")
            value = self._list(node, keys)
        self._open.pop()
        return value

    def _tag(self, node: Node, keys: Keys, *known: str) -> bool:
        """Return whether a node has one of the tags; complain where it has not."""
        tag = str(node.tag)
        if tag.removeprefix(_TAG) in known:
            return True
        self._complain(node, keys, f"an unknown tag {got(tag)}; write the value without it")
        return False

    def _list(self, node: SequenceNode, keys: Keys) -> list[Any]:
        values = []
        for index, item in enumerate(node.value):
            self._put((*keys, index), item)
            values.append(self._value(item, (*keys, index)))
        return values

    def _put(self, keys: Keys, node: Node) -> None:
        self._document.places[keys] = Place(self._document.name, node.start_mark.line + 1, node.start_mark.column + 1)

    def _mapping(self, node: MappingNode, keys: Keys) -> dict[str, Any]:
        data: dict[str, Any] = {}
        merged: list[Node] = []
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._complain(key_node, keys, "a key that is no text; write KEY: VALUE")
            elif key_node.value == "<<" and key_node.style is None:
                merged.append(value_node)
            elif key_node.value in lines:
                text = f"a second time, after line {lines[key_node.value]}; remove one"
                self._complain(key_node, (*keys, key_node.value), text)
            else:
                key = key_node.value
                lines[key] = key_node.start_mark.line + 1
                self._put((*keys, key), key_node)
                data[key] = self._value(value_node, (*keys, key))
        for key_node, value_node in self._merged(merged, keys):
            if key_node.value not in data:
                self._put((*keys, key_node.value), key_node)
                data[key_node.value] = self._value(value_node, (*keys, key_node.value))
        return data

    def _merged(self, nodes: list[Node], keys: Keys) -> Iterator[tuple[ScalarNode, Node]]:
        """Yield the keys that ``<<`` brings, the first of equal ones first."""
        for node in nodes:
            parts = node.value if isinstance(node, SequenceNode) else [node]
            for part in parts:
                if not isinstance(part, MappingNode) or id(part) in self._open:
                    self._complain(part, (*keys, "<<"), "not a mapping to merge; write <<: *NAME of a mapping")
                    continue
                own = [pair for pair in part.value if isinstance(pair[0], ScalarNode) and pair[0].value != "<<"]
                yield from own
                self._open.append(id(part))
                yield from self._merged([value for key, value in part.value if key.value == "<<"], keys)
                self._open.pop()

    def _scalar(self, node: ScalarNode, keys: Keys) -> Any:
        text: str = node.value
        if node.style == "|":
            self._document.blocks[keys] = node.start_mark.line + 2
        if not self._tag(node, keys, "str", "int", "float", "bool", "null", "timestamp", "merge"):
            return text
        return text if node.style is not None or node.tag == f"{_TAG}str" else plain_value(text)


def plain_value(text: str) -> Any:
    """Return what a scalar without quotes stands for, by the core schema of YAML 1.2."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    return float(text) if _FLOAT.fullmatch(text) and not re.fullmatch(r"[-+]?[0-9]+", text) else text
