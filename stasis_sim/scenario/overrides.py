"""Values from the command line in place of those in the file: ``--set faults.0.for=20s``."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import Any, TypeAlias

from stasis_sim.errors import InputError, Problem
from stasis_sim.scenario.document import Document, Place, parse, set_name
from stasis_sim.scenario.files import CONF_FILES, is_text
from stasis_sim.scenario.misfit import Keys, got

Overrides: TypeAlias = Mapping[str, Any] | Iterable[str]
"""``{"run.seed": 3}`` or ``["run.seed=3"]``; text is YAML, that of one of Asterisk's files is taken as it is."""
Called: TypeAlias = Callable[[str], str]
"""How messages call the override of a key, as the user wrote it."""


def pairs(
    overrides: Overrides, option: str = "--set", example: str = "KEY=VALUE as in run.seed=3"
) -> list[tuple[str, Any]]:
    """Return keys and values, text still unread.

    Args:
        overrides: What the user wrote.
        option: Behind what.
        example: What to write there.

    Raises:
        InputError: One has no ``=``.
    """
    if isinstance(overrides, Mapping):
        return [(str(key), value) for key, value in overrides.items()]
    if isinstance(overrides, str):
        overrides = [overrides]
    problems, found = [], []
    for override in overrides:
        key, equals, value = override.partition("=")
        if equals and key.strip():
            found.append((key.strip(), value))
        else:
            problems.append(Problem(option, 0, 0, f"not an override {got(override)}; write {example}"))
    if problems:
        raise InputError(problems)
    return found


def apply(document: Document, overrides: Overrides, called: Called = set_name) -> None:
    """Put the values into a document; what is wrong with one of them is added to the document's problems.

    Args:
        document: The document.
        overrides: The values.
        called: How messages call each.

    Raises:
        InputError: An override has no ``=``.
    """
    for key, value in pairs(overrides):
        name = called(key)
        try:
            read = isinstance(value, str) and not _is_conf(key, value)
            found = parse(value, name) if read else Document(name, plain(value))
            _put(document, key, found.data, name)
            problems: Iterable[Problem] = found.problems
        except InputError as error:
            problems = error.problems
        document.problems += [Problem(name, 0, 0, problem.text) for problem in problems]


def _is_conf(key: str, value: str) -> bool:
    """Whether a value is the text of one of Asterisk's files, and not YAML that holds it as a block or in quotes."""
    top, _, rest = key.partition(".")
    given = top in {"asterisk", "faults"} and rest.rpartition(".")[2] in CONF_FILES
    return given and is_text(value) and not value.lstrip().startswith(("|", ">", '"', "'"))


def plain(value: Any) -> Any:
    """Return a copy of a value of Python as a file would have it: NumPy's numbers and arrays, ranges, paths, tuples."""
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(each) for each in value]
    return copy.deepcopy(value)


def _put(document: Document, key: str, data: Any, name: str) -> None:
    """Put one value into a document.

    Raises:
        InputError: The way leads nowhere.
    """
    if document.data is None:
        document.data = {}
    holder: Any = document.data
    keys: Keys = ()
    made: list[Keys] = []
    parts = key.split(".")
    while True:
        step, parts = _step(holder, parts, name, keys)
        keys = (*keys, step)
        if not parts:
            break
        fresh: Any = [] if parts[0] == "0" else {}
        if isinstance(holder, list):
            if step == len(holder):
                holder.append(fresh)
                made.append(keys)
        elif holder.get(step) is None:
            holder[step] = fresh
            made.append(keys)
        holder = holder[step]
    if isinstance(holder, list) and keys[-1] == len(holder):
        holder.append(data)
    else:
        holder[keys[-1]] = data
    for old in [old for old in document.places if old[: len(keys)] == keys]:
        del document.places[old]
    for old in [old for old in document.blocks if old[: len(keys)] == keys]:
        del document.blocks[old]
    document.places |= {above: Place(name, above=True) for above in made}
    document.places[keys] = Place(name)


def _step(holder: Any, parts: list[str], name: str, keys: Keys) -> tuple[str | int, list[str]]:
    """Return the key or the position that the way takes next, and what is left of the way."""
    above = ".".join(map(str, keys)) or "the scenario"
    if isinstance(holder, dict):
        # A key of the file may itself have dots, such as the name of a variable: the longest that is there counts.
        for end in range(len(parts), 0, -1):
            if ".".join(parts[:end]) in holder:
                return ".".join(parts[:end]), parts[end:]
        return parts[0], parts[1:]
    if not isinstance(holder, list):
        raise InputError.at(name, f"{above} has no keys below it {got(holder)}; write {above}=VALUE")
    position = parts[0]
    if position.isascii() and position.isdigit() and int(position[:9]) <= len(holder):
        return int(position[:9]), parts[1:]
    raise InputError.at(
        name,
        f"{above} is a list of {len(holder)} {got(position)}; write a position from 0 to {len(holder)}",
    )
