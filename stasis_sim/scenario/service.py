"""How long a client's worker needs for an event: one distribution for all types of event, or several.

The YAML form is that of a distribution, ``{exponential: 5ms}``, or a mapping of types of event,
``{StasisStart: {exponential: 5ms}, other: 0ms}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stasis_sim.scenario.distributions import Constant, Distribution
from stasis_sim.scenario.events import EVENT_TYPES
from stasis_sim.scenario.forms import FORMS, distribution
from stasis_sim.scenario.misfit import Keys, MisfitError, got, nearest

OTHER: Final = "other"
"""The key of the types that are not named."""

USUAL: Final = Constant(2_000)


@dataclass(frozen=True)
class Service:
    """How long a worker needs for an event.

    Attributes:
        other: For events of the types that are not named.
        types: For those that are, in the order of the file.
    """

    other: Distribution
    types: tuple[tuple[str, Distribution], ...] = ()

    def of(self, type_: str) -> Distribution:
        """Return how long a worker needs for an event of a type."""
        return dict(self.types).get(type_, self.other)

    def data(self, *, inline: bool = False) -> Any:
        """Return what a scenario file says for it; see :meth:`Distribution.data`."""
        other = self.other.data(inline=inline)
        if not self.types:
            return other
        return {**{type_: each.data(inline=inline) for type_, each in self.types}, OTHER: other}


def _is_event(key: Any) -> bool:
    """Whether a key is meant for a type of event, not for a distribution."""
    near_a_form = key in FORMS or nearest(key, FORMS) is not None
    return key == OTHER or str(key)[:1].isupper() or (not near_a_form and nearest(key, EVENT_TYPES) is not None)


def service(value: Any, base: Path) -> Service:
    """Read how long a worker needs for an event.

    Args:
        value: What the scenario says.
        base: The folder that paths of CSV files start from.

    Raises:
        MisfitError: It is neither a distribution nor a mapping of types of event to such.
    """
    if not isinstance(value, Mapping) or not any(map(_is_event, value)):
        return Service(distribution(value, base))
    read: dict[str, Distribution] = {}
    faults: list[tuple[Keys, str]] = []
    for key, each in value.items():
        if key != OTHER and key not in EVENT_TYPES:
            near = nearest(key, (*EVENT_TYPES, OTHER)) or f"a type of event such as StasisStart, or {OTHER}"
            faults.append(((key,), f"unknown type of event {got(key)}; write {near}"))
            continue
        try:
            read[key] = distribution(each, base)
        except MisfitError as misfit:
            faults += [((key, *keys), text) for keys, text in misfit.faults]
    if faults:
        raise MisfitError(faults)
    other = read.pop(OTHER, USUAL)
    return Service(other, tuple(read.items()))
