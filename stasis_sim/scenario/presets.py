"""Presets: what known client libraries do, as reconnect policies with other defaults.

A preset is data, ``presets.json`` beside this file: where the library keeps its delays, timeouts and pings, what its
program does when no attempt is left, what the model leaves out of it, and for each fact the file and lines in which it
stands. Its ``reconnect`` is what a scenario would write out. The name alone stands for all of it, and keys below the
name override it: ``reconnect: {node-ari-client: {attempts: 20}}``. The class that reads it is made at first use: few
scenarios name more than one, and twenty would be half of the start of a run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from importlib.resources import files
from typing import Annotated, Any, Final, Literal

from pydantic import Field, create_model

from stasis_sim.scenario.reconnect import (
    AtOnce,
    ConstantDelay,
    DelaySeries,
    ExponentialBackoff,
    NoReconnect,
    Policy,
)
from stasis_sim.scenario.strict import OneOf

POLICIES: Final = (NoReconnect, AtOnce, ConstantDelay, ExponentialBackoff, DelaySeries)
"""The policies that a scenario can write out."""


@dataclass(frozen=True)
class Preset:
    """A client library, or a program, and how it holds its connection.

    Attributes:
        name: What a scenario calls it.
        language: What it is written in.
        package: Which version was read.
        reconnect: The same as a scenario would write it out.
        beside: Other keys of a client that it comes with, and that the scenario has to write.
        handling: How it hands events to its program.
        at_the_end: What happens when no attempt is left, in its own words.
        evidence: ``source``: read in its source; ``source+measured``: its behaviour was measured too.
        measured: What was measured: times in seconds since the connection was closed.
        notes: What the model leaves out, and what is not certain.
        sources: File, lines, and what stands there.
    """

    name: str
    language: str
    package: str
    reconnect: dict[str, dict[str, Any]]
    beside: dict[str, Any]
    handling: str
    at_the_end: str
    evidence: Literal["source", "source+measured"]
    measured: dict[str, Any]
    notes: tuple[str, ...]
    sources: tuple[tuple[str, str, str], ...]

    @cached_property
    def policy(self) -> type[Policy]:
        """Its policy: the fields of a policy that can be written out, with other defaults."""
        return _policy(self.name, self.package, self.reconnect)

    @property
    def defaults(self) -> Policy:
        """Its policy as the name alone stands for it."""
        return self.policy()

    def json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def _policy(name: str, package: str, reconnect: dict[str, dict[str, Any]]) -> type[Policy]:
    """Return a policy that can be written out with other defaults, under a name of its own."""
    tag, given = next(iter(reconnect.items()))
    kind = next(policy for policy in POLICIES if policy.tag == tag)
    defaults = kind.model_validate(given)
    changed: dict[str, Any] = {
        field: (
            Annotated[(info.annotation, *info.metadata, Field(alias=info.alias, description=info.description))],
            getattr(defaults, field),
        )
        for field, info in kind.model_fields.items()
        if (info.alias or field) in given
    }
    made = create_model(name, __base__=kind, __doc__=f"As {package}.", __module__=__name__, **changed)
    made.tag, made.bare, made.example = name, True, name
    return made


def _preset(name: str, data: dict[str, Any]) -> Preset:
    return Preset(
        name=name,
        beside=data.get("beside", {}),
        measured=data.get("measured", {}),
        notes=tuple(data["notes"]),
        sources=tuple(map(tuple, data["sources"])),
        **{key: data[key] for key in PLAIN},
    )


PLAIN: Final = ("language", "package", "reconnect", "handling", "at_the_end", "evidence")

_DATA: Final[dict[str, Any]] = json.loads(files(__package__).joinpath("presets.json").read_text("utf-8"))

PRESETS: Final = {name: _preset(name, data) for name, data in _DATA["presets"].items()}
"""All presets by name."""


class _Policies(Mapping[str, type[Policy]]):
    """The policies of all presets by name, each made at first use."""

    def __getitem__(self, name: str) -> type[Policy]:
        return PRESETS[name].policy

    def __iter__(self) -> Iterator[str]:
        return iter(PRESETS)

    def __len__(self) -> int:
        return len(PRESETS)


def __getattr__(name: str) -> type[Policy]:
    """Return the policy of a preset: pickle looks for it here, as a scenario crosses over to other processes."""
    if name in PRESETS:
        return PRESETS[name].policy
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


NOT_PRESETS: Final[dict[str, str]] = {**_DATA["transports"], **_DATA["not_simulated"]}
"""What is known and is no preset, with the reason."""

Reconnect = Annotated[
    Policy,
    OneOf(
        "a reconnect policy",
        "{constant: 1s} or {exponential: {initial: 500ms, max: 30s}}",
        *POLICIES,
        presets=_Policies(),
        listing="a client that `stasis-sim clients` lists",
    ),
]
"""How a client comes back."""
