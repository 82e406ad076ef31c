"""Cases of configuration vectors: files, and what real Asterisks made of them; what all kinds of them share.

A value that both versions agree on stands alone; where they differ, `by_version` says so and there is one for each.
Long texts are stored as a run: {prefix, repeat, times, suffix}.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, Final, NamedTuple, TypeAlias

from stasis_sim.handoff.profiles import ASTERISK_16, ASTERISK_22

Case: TypeAlias = Mapping[str, Any]

VERSIONS: Final = {"16": ASTERISK_16, "22": ASTERISK_22}
"""The profile of each version that cases were recorded with."""


class _Nothing:
    """Stands where the shorter of two lists has ended."""

    def __repr__(self) -> str:
        return "nothing"


_NOTHING: Final = _Nothing()


class Difference(NamedTuple):
    """A judged field in which the model is not what Asterisk was."""

    field: str
    asterisk: object
    model: object

    def __str__(self) -> str:
        """Say what the model has for what Asterisk had; of lists only the first place where they part."""
        if not isinstance(self.asterisk, list) or not isinstance(self.model, list):
            return f"{self.field}: {_short(self.model)} for {_short(self.asterisk)}"
        pairs = list(zip_longest(self.model, self.asterisk, fillvalue=_NOTHING))
        at = next((at for at, (model, asterisk) in enumerate(pairs) if model != asterisk), 0)
        model, asterisk = pairs[at]
        return f"{self.field}, {at + 1}: {_short(model)} for {_short(asterisk)}"


class Item(NamedTuple):
    """One thing that is judged: a look-up, a flow or a request, of one version.

    Attributes:
        id: The case's id, and which of its requests or look-ups.
        version: `16` or `22`.
        differences: Where the model disagrees.
    """

    id: str
    version: str
    differences: tuple[Difference, ...]

    def json(self) -> dict[str, Any]:
        """Return its entry in the JSON of several files."""
        return {
            "id": self.id,
            "version": self.version,
            "ok": not self.differences,
            "differences": [each._asdict() for each in self.differences],
        }


def compare(asterisk: Mapping[str, object], model: Mapping[str, object]) -> tuple[Difference, ...]:
    """Return where the model differs, in the fields that Asterisk has."""
    return tuple(Difference(key, asterisk[key], model[key]) for key in asterisk if asterisk[key] != model[key])


def long_text(value: Any) -> Any:
    """Return a text that may be stored as a run; anything else stays what it is."""
    if isinstance(value, dict) and "repeat" in value:
        return value["prefix"] + value["repeat"] * value["times"] + value["suffix"]
    return value


def recorded(entry: Case, version: str) -> Any:
    """Return what a version did."""
    return entry["expected"][version] if entry.get("by_version") else entry["expected"]


def _short(value: object, limit: int = 160) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"
