"""Judges the vectors about extensions.conf: which line a call starts with, and what a call runs.

Judged are of a look-up the pattern, context, application and data; of a flow its steps, why it ended, the hangup cause,
the variables that were set and what they are in the end, and the arguments that Stasis got.
"""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from stasis_sim.conf.extensions import load_extensions
from stasis_sim.conf.syntax import Source
from stasis_sim.conformance.cases import Case, Difference, Item, compare, long_text, recorded
from stasis_sim.handoff.ari.channels import REASONS
from stasis_sim.handoff.clib.text import atoi, cut
from stasis_sim.handoff.dialplan.contexts import NAME_BYTES, Dialplan
from stasis_sim.handoff.dialplan.functions.caller import split_caller
from stasis_sim.handoff.dialplan.pbx import Pbx
from stasis_sim.handoff.dialplan.places import IllegalPriorityError, NoSuchLabelError, continuation
from stasis_sim.handoff.dialplan.thread import (
    STASIS_ENTERED,
    STASIS_FAILED,
    STASIS_LEFT,
    Key,
    LoopError,
    SilentHost,
    Thread,
)
from stasis_sim.handoff.profiles import Profile

_APP = "recapp"
"""The application that was connected where a case has `stasis`."""

_SECOND_US = 1_000_000


def judge_lookups(case: Case, version: str, profile: Profile) -> Iterator[Item]:
    """Yield how each look-up of a case fares under a profile that stands for a version."""
    with tempfile.TemporaryDirectory() as folder:
        old = _load(case["before"], Path(folder) / "before", None) if "before" in case else None
        dialplan = _load(case["files"], Path(folder) / "now", old)
    pbx = Pbx(dialplan, SilentHost(), rules=profile.dialplan)
    for lookup in case["lookups"]:
        expected = recorded(lookup, version)
        asterisk = _asterisk_line(expected)
        model, path = _model_line(pbx, lookup, _wall(case))
        if expected is not None and "include_path" in expected:
            asterisk["include_path"], model["include_path"] = expected["include_path"], path
        place = f"{cut(str(long_text(lookup['exten'])), 40)}@{lookup['context']}"
        yield Item(f"{case['id']}/{place}", version, compare(asterisk, model))


def _load(files: Mapping[str, Any], folder: Path, old: Dialplan | None) -> Dialplan:
    """Load the files of a case as Asterisk would find them in /etc/asterisk."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(long_text(text).encode("utf-8", "surrogateescape"))
    path = folder / "extensions.conf"
    if not path.exists():
        return Dialplan() if old is None else old
    return load_extensions(Source.load(path, name="extensions.conf"), old)[0]


def _wall(case: Case) -> int:
    clock = case.get("clock")
    return int(datetime.fromisoformat(clock).timestamp()) * _SECOND_US if clock else 0


def _asterisk_line(expected: Case | None) -> dict[str, Any]:
    if expected is None:
        return {"line": None}
    return {"line": {key: long_text(expected[key]) for key in ("pattern", "context", "app", "data")}}


def _model_line(pbx: Pbx, lookup: Case, wall: int) -> tuple[dict[str, Any], list[str]]:
    """Return the line that a call starts with, and through which includes it was found."""
    context, exten = long_text(lookup["context"]), cut(long_text(lookup["exten"]), NAME_BYTES)
    match = pbx.dialplan.find(context, exten, caller=split_caller(lookup.get("callerid", ""))[1], wall_us=wall)
    if match is None:
        return {"line": None}, []
    application = pbx.application(match.step.application)
    line = {
        "pattern": match.step.pattern,
        "context": match.context,
        "app": match.step.application if application is None else application[0],
        "data": None if application is None else match.step.data,
    }
    return {"line": line}, list(match.path)


# ---- flows -----------------------------------------------------------------------


class Diary(SilentHost):
    """A host with a clock, that writes down what is judged.

    Attributes:
        time: The model's time in microseconds.
        steps: The steps that ran.
        variables: What was set.
        states: The channel's states.
        endings: Why the walk ended.
        entered: What Stasis was called with.
        present: The channels that there are.
        cause: The hangup cause, None before the end.
    """

    def __init__(self, *, apps: Sequence[str] = (), wall: int = 0) -> None:
        """Make a host on which these applications are connected."""
        self.time = 0
        self.start = wall
        self.apps = apps
        self.steps: list[tuple[str, str, int, str, str]] = []
        self.variables: list[list[str]] = []
        self.states: list[str] = []
        self.endings: list[tuple[str, str]] = []
        self.entered: list[tuple[str, tuple[str, ...]]] = []
        self.present: tuple[Thread, ...] = ()
        self.cause: int | None = None

    def now(self) -> int:
        """Return the time."""
        return self.time

    def wall(self) -> int:
        """Return the wall clock."""
        return self.start + self.time

    def threads(self) -> tuple[Thread, ...]:
        """Return the channels that there are."""
        return self.present

    def step(self, thread: Thread, application: str, data: str) -> None:
        """Write it down."""
        self.steps.append((thread.context, thread.exten, thread.priority, application, data))

    def variable(self, thread: Thread, name: str, value: str) -> None:  # noqa: ARG002 - as the protocol says
        """Write it down."""
        self.variables.append([name, value])

    def state(self, thread: Thread, state: str) -> None:  # noqa: ARG002 - as the protocol says
        """Write it down."""
        self.states.append(state)

    def stasis(self, thread: Thread, app: str, args: Sequence[str]) -> int:
        """Let the channel in if the application is connected."""
        if app not in self.apps:
            return STASIS_FAILED
        self.entered.append((app, tuple(args)))
        return STASIS_LEFT if thread.hungup else STASIS_ENTERED

    def ending(self, thread: Thread, kind: str, status: str) -> None:  # noqa: ARG002 - as the protocol says
        """Write it down."""
        self.endings.append((kind, status))

    def ended(self, thread: Thread, cause: int) -> None:  # noqa: ARG002 - as the protocol says
        """Write it down."""
        self.cause = cause


def judge_flow(case: Case, version: str, profile: Profile, host: Diary | None = None) -> Iterator[Item]:
    """Yield how a case's call fares under a profile that stands for a version, if it was recorded for it.

    Args:
        case: The case.
        version: `16` or `22`.
        profile: Whose rules count.
        host: Writes down what happens; None: a new one.
    """
    if case.get("only_version", version) != version:
        return
    flow = _Flow(case, version, profile, host or Diary())
    try:
        flow.play()
    except (LoopError, _Stuck) as fault:
        yield Item(case["id"], version, (Difference("ending", "an end", str(fault)),))
        return
    yield Item(case["id"], version, compare(flow.wanted(), flow.seen()))


class _Stuck(Exception):  # noqa: N818 - how a call of the model goes, not a fault of the program
    """A call that goes on where Asterisk's ended."""


class _Flow:
    """One recorded call, played: the caller's half, the applications, and the dialplan under test."""

    def __init__(self, case: Case, version: str, profile: Profile, host: Diary) -> None:
        """Set the case up for one version."""
        self.case = case
        self.expected: dict[str, Any] = {
            **case.get("expected", {}),
            **case.get("expected_by_version", {}).get(version, {}),
        }
        if "steps" in case or "steps_by_version" in case:
            self.expected["steps"] = case["steps"] if "steps" in case else case["steps_by_version"][version]
        self.commands: list[list[Any]] = list(self.expected.get("ari_calls", []))
        self.host = host
        host.apps, host.start = ([_APP] if "stasis" in case else []), _wall(case)
        dialplan, _ = load_extensions(Source(long_text(case["conf"]), "extensions.conf"))
        self.profile = profile
        self.pbx = Pbx(dialplan, host, rules=profile.dialplan, sounds={"default": _SECOND_US})
        exten, context = case["enter"].split("@")
        name, number = split_caller(case.get("callerid", ""))
        self.thread = Thread(
            "c1",
            context,
            exten,
            caller_number=number,
            caller_name=name,
            name=f"Local/{exten}@{context}-00000000;2",
        )
        host.present = (self.thread,)
        self.caller: str = case["originator_app"]
        self.script: list[tuple[int, str]] = []

    def play(self) -> None:
        """Run the call to its end."""
        wait = self.pbx.start(self.thread)
        due = None if wait is None else self.host.time + wait
        while self.host.cause is None:
            self._answered()
            if self.thread.inside and self.commands:
                wait = self._command()
            elif self.script and (due is None or self.script[0][0] < due):
                wait = self._caller_does(*heapq.heappop(self.script))
            elif due is None:
                wait = self._unanswered()
            else:
                self.host.time = due
                wait = self.pbx.resume(self.thread)
            due = None if wait is None else self.host.time + wait

    def _answered(self) -> None:
        """Start what the caller's half does once it is answered."""
        if "Up" not in self.host.states or not self.caller:
            return
        now = self.host.time
        name, _, rest = self.caller.partition("(")
        self.caller = ""
        if name == "Wait":
            heapq.heappush(self.script, (now + int(float(rest.rstrip(")")) * _SECOND_US), "hangup"))
            return
        digits, _, between = rest.rstrip(")").partition(",")
        pause = int(between or 250) * 1_000
        for digit in digits:
            heapq.heappush(self.script, (now + 200_000, digit))
            now += pause + 100_000
        # SendDTMF() begins after 0.1 s; a key of 0.1 s is heard when it ends. It is over with the pause after the last
        # key, and so is the caller's half (dialplan_asked:dtmf-short).
        heapq.heappush(self.script, (now + 100_000, "hangup"))

    def _caller_does(self, at: int, what: str) -> int | None:
        """Let the caller's half do what it has planned."""
        self.host.time = max(at, self.host.time)
        if what == "hangup":
            return self.pbx.hangup(self.thread, 0)
        if self.thread.inside:
            return None
        wait = self.pbx.dtmf(self.thread, Key(what))
        if self.thread.unread and self.thread.unread[0].told:
            # What SendDTMF() sends has a beginning of its own, at which Answer() has ended, and nothing has woken the
            # channel up since: the end is read when the next key begins, or the caller hangs up.
            self.thread.unread = (Key(what, told=True, begun=True),)
            self.thread.stuck = True
        return wait

    def _unanswered(self) -> int | None:
        """Give the call up, as who originated it does after some time without an answer."""
        if self.thread.inside and not self.expected.get("ari_events"):
            raise _Stuck("the call is inside Stasis, where Asterisk's was not")
        if "Up" in self.host.states:
            raise _Stuck("the call waits for ever")
        return self.pbx.hangup(self.thread, self.profile.dial_timeout_cause)

    def _command(self) -> int | None:
        """Do what the application did next; where it was answered with an error, nothing happens."""
        method, path, parameters, *_ = self.commands.pop(0)
        if method == "DELETE":
            cause = REASONS.get(parameters.get("reason", "normal"))
            return None if cause is None else self.pbx.hangup(self.thread, cause)
        if path.endswith("/answer"):
            self.pbx.set_state(self.thread, "Up")
            return None
        if not parameters:
            return self.pbx.resume(self.thread)
        try:
            place = continuation(
                self.pbx,
                self.thread,
                context=parameters.get("context", ""),
                extension=parameters.get("extension", ""),
                priority=atoi(parameters.get("priority", "")),
                label=parameters.get("label", ""),
            )
        except (NoSuchLabelError, IllegalPriorityError):
            return None
        return self.pbx.resume(self.thread, place)

    def seen(self) -> dict[str, Any]:
        """Return what is judged, as it happened."""
        steps = [list(step) for step in self.host.steps]
        return {
            "steps": steps,
            "ending": [[kind, status if kind == "autofallthrough" else ""] for kind, status in self.host.endings],
            "hangup_cause": self.host.cause,
            "varset": self.host.variables,
            "variables_at_end": dict(self.host.variables),
            "stasis_args": [list(args) for _, args in self.host.entered],
            "source_to_result": [text for text in self._results() if any(step[4] == text for step in steps)],
        }

    def wanted(self) -> dict[str, Any]:
        """Return what is judged, as it was recorded; a case may have the steps alone."""
        expected = self.expected
        if "ending" not in expected:
            return {"steps": expected["steps"]}
        keys = ("context", "exten", "priority", "app", "data")
        starts = [event for event in expected.get("ari_events", []) if event["type"] == "StasisStart"]
        return {
            "steps": [[long_text(step[key]) for key in keys] for step in expected["steps"]],
            "ending": [[ending["kind"], ending.get("status", "")] for ending in expected["ending"]],
            "hangup_cause": expected["hangup_cause"]["cause"],
            "varset": [[name, long_text(value)] for name, value in expected["varset"]],
            "variables_at_end": {name: long_text(value) for name, value in expected["variables_at_end"].items()},
            "stasis_args": [event["args"] for event in starts],
            "source_to_result": self._results(),
        }

    def _results(self) -> list[str]:
        """What the texts of some steps became; each is the data of a step."""
        return [long_text(result) for _, result in self.case.get("source_to_result", [])]
