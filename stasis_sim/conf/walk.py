"""What a call would run: a dialplan walked from one place, with some applications connected and nobody at the phone.

A connected application is entered and left again by ``continue``; every other Stasis() fails. The caller presses no
key and does not hang up, a sound takes as long as in a scenario that does not say, and nobody answers a Dial() to
outside.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from stasis_sim.conf.extensions import load_extensions
from stasis_sim.conf.files import printable
from stasis_sim.conf.handovers import asked_for
from stasis_sim.conf.lookup import Candidate, candidates, why_not
from stasis_sim.conf.syntax import Source
from stasis_sim.errors import InputError, Problem
from stasis_sim.handoff.clib.text import fold
from stasis_sim.handoff.dialplan.applications.table import APPLICATIONS
from stasis_sim.handoff.dialplan.contexts import Dialplan, Match
from stasis_sim.handoff.dialplan.pbx import Pbx
from stasis_sim.handoff.dialplan.thread import (
    STASIS_ENTERED,
    STASIS_FAILED,
    STASIS_LEFT,
    LoopError,
    SilentHost,
    Thread,
)
from stasis_sim.handoff.profiles import ASTERISK_22, Profile

DEFAULT_CLOCK: Final = "2026-01-05 00:00:00"
"""A Monday, as in scenarios."""

STEPS_LIMIT: Final = 1_000
"""Steps after which a walk is given up: a dialplan may try again for ever."""

_SOUND_US: Final = 5_000_000
_SECOND_US: Final = 1_000_000
_CLOCKS: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_ENDINGS: Final = {
    "autofallthrough": "falls off the end, {status}",
    "exited_nonzero": "",
    "invalid": "invalid extension, goes on at i",
    "invalid_no_handler": "invalid extension and no i: ends",
    "no_application": "not in the model: the call ends, as if its module were not loaded",
    "other_version": "this version of Asterisk has no such application: the call ends",
    "timeout": "timeout",
}


@dataclass(slots=True)
class Ran:
    """A step that ran.

    Attributes:
        at: When, in microseconds.
        context, exten, priority: Where.
        app: The application.
        data: Its argument, substituted.
        notes: What came of it.
    """

    at: int
    context: str
    exten: str
    priority: int
    app: str
    data: str
    notes: list[str]

    @property
    def place(self) -> tuple[str, str, int]:
        """Where it stands."""
        return self.context, self.exten, self.priority

    def json(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            "at_s": self.at / _SECOND_US,
            "context": printable(self.context),
            "exten": printable(self.exten),
            "priority": self.priority,
            "app": printable(self.app),
            "data": printable(self.data),
            "note": printable("; ".join(self.notes)),
        }


@dataclass(frozen=True, slots=True)
class Walk:
    """A call through a dialplan.

    Attributes:
        place: Where it was to start.
        match: The line that it starts with, None if nothing matches.
        app: The application of that line as Asterisk prints it.
        candidates: All extensions that match the number.
        hints: Where nothing matches: what else there is to say.
        steps: What ran.
        end: How it ends.
    """

    place: str
    match: Match | None
    app: str
    candidates: tuple[Candidate, ...]
    hints: tuple[str, ...]
    steps: tuple[Ran, ...]
    end: str

    def json(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        match = None
        if self.match is not None:
            step = self.match.step
            match = {
                "context": printable(self.match.context),
                "pattern": printable(step.pattern),
                "priority": step.priority,
                "app": printable(self.app),
                "data": printable(step.data),
            }
        return {"match": match, "steps": [step.json() for step in self.steps]}

    def text(self) -> str:
        """Return it for people."""
        lines = [self._headline()]
        if self.candidates:
            lines += ["", "candidates, in Asterisk's order:"]
            lines += [f"  {number}. {each}" for number, each in enumerate(self.candidates, 1)]
        lines += [f"  {hint}" for hint in self.hints]
        if self.match is None:
            return printable("\n".join(lines))
        lines += ["", "steps:"]
        for place, steps in groupby(self.steps, key=lambda step: (step.context, step.exten)):
            lines.append(f"  {place[1]}@{place[0]}")
            for step in steps:
                note = f"   ; {'; '.join(step.notes)}" if step.notes else ""
                lines.append(f"  {step.at / _SECOND_US:9.3f} s  {step.priority:>3}  {step.app}({step.data}){note}")
        return printable("\n".join([*lines, "", self.end]))

    def _headline(self) -> str:
        if self.match is None:
            return f"{self.place}: nothing matches"
        step = self.match.step
        where = " > ".join(f"[{name}]" for name in self.match.path)
        place = f"{step.file}:{step.line}"
        return f"{self.place}: {step.pattern} in {where} at {place}, priority 1: {self.app}({step.data})"


class _EnoughError(Exception):
    """The walk goes on for too long."""


class _Notes(SilentHost):
    """A host with a clock that writes down what happens."""

    def __init__(self, thread: Thread, apps: Collection[str], wall_us: int) -> None:
        self.thread = thread
        self.time = 0
        self.start = wall_us
        self.apps = apps
        self.steps: list[Ran] = []
        self.early: list[str] = []
        self.cause: int | None = None

    def now(self) -> int:
        return self.time

    def wall(self) -> int:
        return self.start + self.time

    def step(self, thread: Thread, application: str, data: str) -> None:
        if len(self.steps) == STEPS_LIMIT:
            raise _EnoughError
        self.steps.append(Ran(self.time, thread.context, thread.exten, thread.priority, application, data, []))
        self.note_early()

    def stasis(self, thread: Thread, app: str, args: Sequence[str]) -> int:  # noqa: ARG002 - as the protocol says
        if app not in self.apps:
            self.note(f"{app} is not connected: STASISSTATUS=FAILED")
            return STASIS_FAILED
        self.note(f"{app} is connected: entered, and left again by continue")
        return STASIS_LEFT if thread.hungup else STASIS_ENTERED

    def broadcast_over(self, thread: Thread) -> None:  # noqa: ARG002 - as the protocol says
        self.note("nobody claims it: STASISSTATUS=TIMEOUT")

    def ending(self, thread: Thread, kind: str, status: str) -> None:
        if kind == "no_application":
            # Asterisk does not run such a step; who reads the walk wants to see where it stands.
            self.step(thread, status, "")
            kind = "other_version" if fold(status) in APPLICATIONS else kind
        self.note(_ENDINGS.get(kind, kind).format(status=status))

    def ended(self, thread: Thread, cause: int) -> None:  # noqa: ARG002 - as the protocol says
        self.cause = cause

    def log(self, level: str, text: str) -> None:
        if level in {"WARNING", "ERROR"} and not text.startswith("No application "):
            self.early.append(text)
            place = (self.thread.context, self.thread.exten, self.thread.priority)
            if self.steps and self.steps[-1].place == place:
                self.note_early()

    def note_early(self) -> None:
        """Say of the last step what was logged; the arguments of a step are read before it runs."""
        for text in self.early:
            self.note(text)
        self.early.clear()

    def note(self, text: str) -> None:
        """Say something about the last step."""
        if text and self.steps and text not in self.steps[-1].notes:
            self.steps[-1].notes.append(text)


def walk(
    file: Path,
    place: str,
    *,
    connected: Collection[str] = (),
    profile: Profile = ASTERISK_22,
    caller: str = "",
    clock: str = DEFAULT_CLOCK,
) -> Walk:
    """Find out where a call starts, and walk it to its end.

    Args:
        file: An extensions.conf.
        place: ``EXTEN@CONTEXT``.
        connected: Applications that are connected.
        profile: Whose rules count.
        caller: The caller's number, "" for none.
        clock: Date and time at the start.

    Raises:
        InputError: There is no such file, Asterisk would not use it, place or clock cannot be read, or no line asks
            for what is connected.
    """
    exten, at, context = place.rpartition("@")
    if not (exten and at and context):
        raise InputError.at("EXTEN@CONTEXT", f"no extension and context (got {place}); write them as ivr@default")
    wall_us = _wall(clock)
    dialplan, diagnostics = load_extensions(Source.load(file))
    refused = [Problem(found.file, found.line, 0, found.text) for found in diagnostics if found.discards]
    if refused:
        raise InputError(refused)
    _hold_connected(file, dialplan, connected)
    match = dialplan.find(context, exten, caller=caller, wall_us=wall_us)
    found = tuple(candidates(dialplan, context, exten, caller, wall_us))
    if match is None:
        return Walk(place, None, "", found, tuple(why_not(dialplan, context, exten, wall_us)), (), "")
    thread = Thread("c1", context, exten, caller_number=caller, name=f"Local/{exten}@{context}-00000000;2")
    host = _Notes(thread, connected, wall_us)
    pbx = Pbx(dialplan, host, rules=profile.dialplan, sounds={"default": _SOUND_US})
    end = _run(pbx, host, thread)
    application = pbx.application(match.step.application)
    app = match.step.application if application is None else application[0]
    return Walk(place, match, app, found, (), tuple(host.steps), end)


def _hold_connected(file: Path, dialplan: Dialplan, connected: Collection[str]) -> None:
    """Refuse apps that no line asks for: they would be connected for nothing, and most often one is misspelled.

    Raises:
        InputError: There is one, and no line leaves the name to the call.
    """
    asked = list(dict.fromkeys(asked_for(dialplan)))
    if any("$" in name for name in asked):
        return
    for name in connected:
        if name not in asked:
            there = f"write {', '.join(asked)}" if asked else "leave it away"
            raise InputError.at("--connected", f"no Stasis() in {file} asks for it (got {name}); {there}")


def _run(pbx: Pbx, host: _Notes, thread: Thread) -> str:
    """Run a call to its end and say how it ends."""
    try:
        wait = pbx.start(thread)
        while not thread.ended:
            if not thread.inside:
                if wait is None:
                    host.note("waits for the caller")
                    return f"the call waits for the caller from {host.time / _SECOND_US:g} s on"
                host.time += wait
            wait = pbx.resume(thread)
        host.note_early()
    except _EnoughError:
        hangs = host.steps[-1].at == host.steps[STEPS_LIMIT // 2].at
        how = "in a loop that takes no time: Asterisk hangs in it" if hangs else "in a loop"
        del host.steps[_one_round(host.steps) :]
        return f"given up after {STEPS_LIMIT:,} steps, {how}"
    except LoopError as error:
        # Only steps of the call itself are counted.
        return f"given up: what it dials loops for ever without taking time: {error.places}"
    return f"the call ends after {host.time / _SECOND_US:g} s, hangup cause {host.cause}"


def _one_round(steps: Sequence[Ran]) -> int:
    """Return how many steps show a loop: what leads to it, and two rounds."""
    places = [step.place for step in steps]
    period = next((back for back in range(1, len(places)) if places[-1 - back] == places[-1]), len(places))
    start = next((first for first in range(len(places) - period) if places[first] == places[first + period]), 0)
    return start + 2 * period


def _wall(clock: str) -> int:
    for form in _CLOCKS:
        try:
            moment = datetime.strptime(clock.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
        if moment.timestamp() >= 0:
            return int(moment.timestamp()) * _SECOND_US
    raise InputError.at("--clock", f"not a date and time since 1970 (got {clock}); write one such as {DEFAULT_CLOCK}")
