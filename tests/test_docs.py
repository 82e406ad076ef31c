"""The documents hold what the code does: keys, defaults, rules, recordings, commands and what they print.

After a change of the model ``REFRESH_DOCS=1 pytest -n0 -m "" tests/test_docs.py`` writes anew what commands print.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from ruamel.yaml import YAML

from stasis_sim import __version__
from stasis_sim.handoff.profiles import RULES
from stasis_sim.scenario import Scenario, arrivals, faults, reconnect
from stasis_sim.scenario import actions as doing
from stasis_sim.scenario.asterisk import DEFAULT_ARI, DEFAULT_HTTP, Asterisk
from stasis_sim.scenario.calls import Calls
from stasis_sim.scenario.clients import Client
from stasis_sim.scenario.expect import OPERATORS
from stasis_sim.scenario.fields import DISTRIBUTION_FORMS
from stasis_sim.scenario.quantities import DURATIONS, RATE_UNITS
from stasis_sim.scenario.run import Run
from stasis_sim.scenario.strict import Strict, Tagged

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
RECORDINGS: Final = ROOT / "tests" / "recordings"
PAGES: Final = tuple(
    ROOT / name
    for name in (
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "results/README.md",
        *(f"docs/{page}.md" for page in ("why", "tutorial", "scenario", "semantics", "limitations", "decisions", "glossary")),
    )
)
REFRESH: Final = bool(os.environ.get("REFRESH_DOCS"))
WIDTH: Final = 120

REQUIRED: Final = "required"
NOT_GIVEN: Final = "not given"
NO_VALUE: Final = "no value"
A_FILE: Final = "see below"
"""What a key has in place of a default that fits on a line."""


def read(name: str) -> str:
    """Return the text of a page."""
    return (ROOT / name).read_text("utf-8")


# ---- docs/scenario.md against the models ---------------------------------------

SMALLEST: Final[dict[str, Any]] = {
    "asterisk": {"extensions": "[default]\n"},
    "clients": {"ivr": {"apps": ["Intro-IVR"]}, "blue": {"apps": ["Blue"]}},
    "calls": [{"to": "ivr@default", "arrivals": {"poisson": "1/s"}}],
    "run": {"duration": "1h"},
}

ACTIONS: Final = (doing.Answer, doing.Ring, doing.Hangup, doing.Continue, doing.Play, doing.Wait, doing.Set, doing.Move)
POLICIES: Final = (
    reconnect.NoReconnect,
    reconnect.AtOnce,
    reconnect.ConstantDelay,
    reconnect.ExponentialBackoff,
)
ARRIVALS: Final = (
    arrivals.Poisson,
    arrivals.Every,
    arrivals.Bursts,
    arrivals.Daily,
    arrivals.At,
    arrivals.FromCsv,
)


def said(value: Any) -> str:
    """Return a value as one writes it in a scenario."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(said, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {said(item)}' for key, item in value.items())}}}"
    return '""' if value == "" else str(value)


def plain_keys(prefix: str, model: type[Strict], filled: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys of a mapping with their defaults."""
    for name, info in model.model_fields.items():
        key = info.alias or name
        if info.is_required():
            yield f"{prefix}{key}", REQUIRED
        elif key in filled:
            yield f"{prefix}{key}", said(filled[key])
        else:
            yield f"{prefix}{key}", NOT_GIVEN


def tagged_keys(prefix: str, choices: tuple[type[Tagged], ...]) -> Iterator[tuple[str, str]]:
    """Yield the keys of choices such as ``{constant: 1s}``; one that has a single value is a key itself."""
    for choice in choices:
        if not choice.model_fields:
            yield f"{prefix}{choice.tag}", NO_VALUE
        for name, info in choice.model_fields.items():
            key = f"{prefix}{choice.tag}" if name == choice.sole and not choice.mapping else ""
            key = key or f"{prefix}{choice.tag}.{info.alias or name}"
            if info.is_required():
                yield key, REQUIRED
                continue
            example = {"constant": {"delay": "1s"}, "exponential": {"initial": "1s"}}.get(choice.tag, {})
            written = choice.model_validate(example).model_dump(by_alias=True)
            yield key, said(written[info.alias or name]) if (info.alias or name) in written else NOT_GIVEN


def distribution_keys() -> Iterator[tuple[str, str]]:
    """Yield the distributions."""
    for name in DISTRIBUTION_FORMS:
        yield f"DISTRIBUTION.{name}", REQUIRED


def fault_keys() -> Iterator[tuple[str, str]]:
    """Yield verbs and other keys of a fault, with the defaults that each verb fills in."""
    for verb in faults.VERBS:
        yield f"faults.{verb}", REQUIRED
    written = [faults.Fault.model_validate({verb: "ivr", "at": "1s", "for": "1s"}).model_dump(by_alias=True) for verb in faults.VERBS]
    for key in faults.Fault.known_keys():
        if key in {"verb", "target"}:
            continue
        found = {said(each[key]) for each in written if key in each and key not in {"at", "for"}}
        yield f"faults.{key}", found.pop() if found else NOT_GIVEN


def documented_defaults() -> dict[str, str]:
    """Return every key that a scenario can have with its default, from the models."""
    data = Scenario.of(SMALLEST).data()
    client = {key: value for key, value in data["clients"]["ivr"].items() if key != "on StasisStart"}
    asterisk = {**data["asterisk"], "http": A_FILE, "ari": A_FILE}
    source = {**data["calls"][0], "name": "the value of to"}
    keys = {
        **dict(plain_keys("", Scenario, data)),
        **dict(plain_keys("asterisk.", Asterisk, asterisk)),
        **dict(plain_keys("clients.", Client, client)),
        **dict(tagged_keys("clients.on EVENT.", ACTIONS)),
        **dict(tagged_keys("clients.reconnect.", POLICIES)),
        **dict(plain_keys("calls.", Calls, source)),
        **dict(tagged_keys("calls.arrivals.", ARRIVALS)),
        **dict(distribution_keys()),
        **dict(fault_keys()),
        **dict(plain_keys("run.", Run, {key: value for key, value in data["run"].items() if key != "duration"})),
        "x-NAME": NOT_GIVEN,
    }
    keys["clients.on EVENT"] = said(data["clients"]["ivr"]["on StasisStart"])
    del keys["clients.on"]
    for part in ("clients", "calls", "faults", "expect", "fallback"):
        keys[part] = {"clients": "{}"}.get(part, "[]")
    keys["title"] = '""'
    return keys
