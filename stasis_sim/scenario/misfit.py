"""What a validator says when a value of a scenario does not fit.

A :class:`MisfitError` carries every fault found below one value, each with its way from there
(``("reconnect", "max")``) and a text of the form ``what is wrong (got X); what to write``. Validators of all layers
raise it; the model turns what reaches the top into :class:`~stasis_sim.errors.Problem` objects with the places in
the file.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from typing import Any

Keys = tuple[str | int, ...]
"""The way to a value: keys of mappings and positions in lists."""

SHOWN = 60
"""Characters of a value that a message shows."""


class MisfitError(ValueError):
    """One or more faults in a value.

    Attributes:
        faults: For each fault the way to it and what is wrong, found and wanted.
    """

    def __init__(self, faults: Iterable[tuple[Keys, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(text for _, text in self.faults))

    @classmethod
    def at(cls, text: str, *keys: str | int) -> MisfitError:
        """Return a single fault."""
        return cls([(keys, text)])


def dotted(keys: Keys) -> str:
    """Return a way as it is written on the command line: ``faults.0.for``."""
    return ".".join(map(str, keys))


def got(value: Any) -> str:
    """Return ``(got X)``, with the value much as a file would show it, on one short line."""
    return f"(got {_shown(value)})"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str) and value == value.strip() and value.isprintable() and value:
        text = value
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def nearest(word: Any, known: Iterable[str]) -> str | None:
    """Return the known word that was most likely meant, or None when none is near."""
    by_folded = {name.casefold(): name for name in reversed(list(known))}
    found = difflib.get_close_matches(str(word).casefold()[:SHOWN], by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def choose(word: Any, known: Iterable[str]) -> str:
    """Return what to write instead of an unknown word: the nearest known one, else all of them."""
    names = list(known)
    near = nearest(word, names)
    if near is not None:
        return f"write {near}"
    return f"write {names[0]}" if len(names) == 1 else f"write one of {', '.join(names)}"
