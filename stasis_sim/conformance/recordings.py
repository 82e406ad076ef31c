"""Recordings of real Asterisks: reading them, and making a configuration of the files they were made with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from stasis_sim.conf.ari import load_ari
from stasis_sim.conf.crypt import verify
from stasis_sim.conf.extensions import load_extensions
from stasis_sim.conf.http import load_http
from stasis_sim.conf.syntax import Source
from stasis_sim.conf.websocket_client import load_websocket_clients
from stasis_sim.handoff.configuration import Configuration
from stasis_sim.handoff.dialplan.contexts import Dialplan
from stasis_sim.handoff.http_server.settings import AriSettings
from stasis_sim.handoff.profiles import PROFILES, Profile

Saw: TypeAlias = dict[str, Any]
"""What was seen of one step, in the words of the recordings."""


_PARTS: Final = frozenset({"name", "asterisk", "files", "steps"})

_LONGEST_S: Final = 86_400
"""A recording is over within a day."""


class Step(NamedTuple):
    """One step of a recording.

    Attributes:
        at_us: Nominal time from the start, in microseconds.
        do: What is done.
        saw: What Asterisk was seen to do.
        not_judged: Fields to pass over.
    """

    at_us: int
    do: Mapping[str, Any]
    saw: Saw
    not_judged: tuple[str, ...]


class Recording(NamedTuple):
    """A script and what a real Asterisk did.

    Attributes:
        name: Its name.
        about: What it is about.
        asterisk: The version, such as 22.10.1.
        files: The configuration files by name.
        steps: The script.
    """

    name: str
    about: str
    asterisk: str
    files: Mapping[str, str]
    steps: tuple[Step, ...]

    @property
    def profile(self) -> Profile:
        """The profile of its own version."""
        return PROFILES[f"asterisk-{self.asterisk.partition('.')[0]}"]


def load(path: Path) -> Recording:
    """Read a recording.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no JSON in UTF-8, or no recording.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("it nests too deep") from None
    lacking = _lacking(found)
    if lacking:
        raise ValueError(lacking)
    steps = tuple(
        Step(round(step["t"] * 1_000_000), step["do"], step["saw"], tuple(step.get("not_judged", ())))
        for step in found["steps"]
    )
    return Recording(found["name"], found.get("about", ""), found["asterisk"], found["files"], steps)


def _lacking(found: Any) -> str:
    """Return what a recording lacks; empty: nothing."""
    if not isinstance(found, dict) or not found.keys() >= _PARTS:
        return f"it needs {', '.join(sorted(_PARTS))}"
    if not isinstance(found["name"], str) or not isinstance(found["asterisk"], str):
        return "its name or its asterisk is no text"
    files, steps = found["files"], found["steps"]
    if not isinstance(files, dict) or not all(isinstance(text, str) for text in files.values()):
        return "its files are not texts by name"
    if not isinstance(steps, list):
        return "its steps are no list"
    return next((f"step {number} {text}" for number, step in enumerate(steps, 1) if (text := _odd(step))), "")


def _odd(step: Any) -> str:
    """Return what is wrong with a step; empty: nothing."""
    if not isinstance(step, dict) or not isinstance(step.get("do"), dict) or not isinstance(step.get("saw"), dict):
        return "needs t, do and saw"
    at = step.get("t")
    timed = isinstance(at, int | float) and 0 <= at <= _LONGEST_S
    return "" if timed else f"is at no time from 0 to {_LONGEST_S:,} s"


def find(paths: Iterable[Path]) -> list[Path]:
    """Return the recordings among files and folders, in the order of their names; a folder means all in it."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob("*.json")) if path.is_dir() else [path]
    return found


def configure(files: Mapping[str, str], profile: Profile) -> Configuration:
    """Read a recording's files as the profile's Asterisk does; sounds are missing, as they were there."""

    def source(name: str) -> Source | None:
        return Source(files[name], name) if name in files else None

    extensions = source("extensions.conf")
    dialplan = load_extensions(extensions if extensions is not None else Source("", "extensions.conf"))[0]
    return Configuration(
        http=load_http(source("http.conf"), profile.access)[0],
        ari=load_ari(source("ari.conf"), profile.access)[0],
        dialplan=dialplan,
        verify=verify,
        websocket_clients=load_websocket_clients(source("websocket_client.conf"))[0],
    )


def reread(
    files: Mapping[str, str], dialplan: Dialplan, ari: AriSettings
) -> tuple[Dialplan | None, AriSettings | None]:
    """Read files again that have changed, as a reload does with what was in force; None for those that have not."""
    extensions, users = files.get("extensions.conf"), files.get("ari.conf")
    return (
        None if extensions is None else load_extensions(Source(extensions, "extensions.conf"), dialplan)[0],
        None if users is None else load_ari(Source(users, "ari.conf"), ari.rules, ari)[0],
    )
