"""Asterisk's own .conf files in a scenario: a path beside it, or the text itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, SerializationInfo, ValidationInfo, WithJsonSchema

from stasis_sim.conf.syntax import Included, Source
from stasis_sim.errors import InputError
from stasis_sim.scenario.fields import inline
from stasis_sim.scenario.misfit import Keys, MisfitError, got, nearest
from stasis_sim.scenario.strict import Context

CONF_FILES = ("http", "ari", "websocket_client", "extensions")
"""The keys below ``asterisk`` that take one of Asterisk's files."""


@dataclass(frozen=True, slots=True)
class ConfFile(Source):
    """A .conf file, as the loaders of :mod:`stasis_sim.conf` take it.

    Attributes:
        text: What the loaders read. A block of text in the scenario has as many empty lines before it as the
            scenario has lines before the block, so that the loaders' messages name lines of the scenario.
        name: The file as messages show it.
        base: The folder that ``#include`` starts from.
        written: What the scenario says: the path, or the text.
        content: The text alone.
    """

    text: str = field(compare=False)
    name: str = field(default="<text>", compare=False)
    base: Path = field(default_factory=Path, compare=False)
    included: Included | None = field(default=None, compare=False)
    written: str = ""
    content: str = ""

    @property
    def embedded(self) -> bool:
        """Whether the text stands in the scenario itself."""
        return is_text(self.written)


def is_text(written: str) -> bool:
    """Return whether a value is the text of a file, not its path."""
    return "\n" in written or written.lstrip().startswith("[")


def embedded(text: str, context: Context, keys: Keys) -> ConfFile:
    """Return a file whose text stands in the scenario."""
    first = context.blocks.get(keys)
    if first is None:
        name = f"{context.name} {'.'.join(map(str, keys))}"
        return ConfFile(text, name, context.base, written=text, content=text)
    return ConfFile("\n" * (first - 1) + text, context.name, context.base, written=text, content=text)


def _conf_file(value: Any, info: ValidationInfo) -> ConfFile:
    """Read the value of ``asterisk.http`` and its like."""
    return _read(value, info, ("asterisk", str(info.field_name)))


def _reread(value: Any, info: ValidationInfo) -> ConfFile:
    """Read the value of ``faults.N.extensions`` and its like; which fault it is shows where there is but one."""
    found = [keys for keys in Context.of(info).blocks if keys[:1] == ("faults",) and keys[2:] == (info.field_name,)]
    return _read(value, info, found[0] if len(found) == 1 else ("faults", str(info.field_name)))


def _read(value: Any, info: ValidationInfo, keys: Keys) -> ConfFile:
    if isinstance(value, ConfFile):
        return value
    name = f"{info.field_name}.conf"
    if not isinstance(value, str) or not value.strip():
        raise MisfitError.at(f"not a file {got(value)}; write the path of {name}, or its text")
    context = Context.of(info)
    if is_text(value):
        return embedded(value, context, keys)
    path = context.base / value
    try:
        source = Source.load(path)
    except (InputError, ValueError):
        raise MisfitError.at(_unreadable(path, value, name)) from None
    return ConfFile(source.text, source.name, source.base, written=value, content=source.text)


def _unreadable(path: Path, written: str, name: str) -> str:
    """Return what is wrong with a path, with the file that was perhaps meant."""
    folder = path.parent
    try:
        near = nearest(path.name, sorted(item.name for item in folder.iterdir())) if folder.is_dir() else None
        if near is not None and nearest(path.stem, [Path(near).stem]) is None:
            near = None  # all that they share is .conf
        reason = "cannot be read" if path.exists() else "no such file"
    except (OSError, ValueError):
        near, reason = None, "no such file"
    hint = Path(written).parent / near if near and near != path.name else None
    return f"{reason} {got(written)}; write {hint or f'the path of {name} relative to the scenario, or its text'}"


def _data(value: ConfFile, info: SerializationInfo) -> str:
    return value.content if inline(info) and is_text(value.content) else value.written


_SCHEMA = WithJsonSchema({"type": "string", "minLength": 1})

Conf = Annotated[ConfFile, PlainValidator(_conf_file), PlainSerializer(_data), _SCHEMA]
"""One of Asterisk's files."""

Reread = Annotated[ConfFile, PlainValidator(_reread), PlainSerializer(_data), _SCHEMA]
"""One of Asterisk's files as it is when it is read again."""
