"""The dialplan interpreter: walks one channel at a time through the contexts of a dialplan.

How a host uses it (the contract is in thread.py)::

    pbx = Pbx(dialplan, host, rules=ASTERISK_22, sounds={"default": 2_000_000})
    thread = Thread("c1", "default", "ivr", variables={...})
    wait = pbx.start(thread)               # runs to the first wait; None, or microseconds until pbx.resume(thread)
    wait = pbx.resume(thread)              # the time is over, or the application let the channel go on
    wait = pbx.resume(thread, place)       # continue elsewhere; `place` comes from places.py
    wait = pbx.hangup(thread, 16)          # the caller hung up, or DELETE: from any wait, also inside Stasis
    wait = pbx.dtmf(thread, Key("1"))      # a key

Theory of operation: an application returns NEXT, JUMP, HANGUP or PARK. PARK leaves a continuation in the thread, which
yields one of these when the wait is over; applications that run others (ExecIf, TryExec) leave wrappers that see the
inner result first. ``_walk`` turns results into the next step, until a channel parks or ends. routes.py keeps what was
looked up and compiled, so that an ordinary step costs a dictionary look-up and a call.

A dialplan that loops without taking time raises :class:`LoopError` after ``LOOP_BOUND`` steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Final

from stasis_sim.handoff.clib.text import cut
from stasis_sim.handoff.dialplan import endings, keys, variables
from stasis_sim.handoff.dialplan.applications import stasis
from stasis_sim.handoff.dialplan.contexts import NAME_BYTES, Dialplan
from stasis_sim.handoff.dialplan.places import Place
from stasis_sim.handoff.dialplan.routes import Routes
from stasis_sim.handoff.dialplan.substitution import DATA_BYTES, Template, compile_template
from stasis_sim.handoff.dialplan.thread import (
    ASTERISK_22,
    HANGUP,
    INCOMPLETE,
    JUMP,
    NEXT,
    PARK,
    Application,
    Continuation,
    DialplanRules,
    Host,
    Key,
    Listener,
    LoopError,
    Thread,
)

LOOP_BOUND: Final = 100_000
"""Steps that a channel may run without time going by; Asterisk itself has no such bound and would never come back."""

_LOOP_SHOWN: Final = 64
_DEPTH_LIMIT: Final = 50


class Pbx:
    """Runs threads on one dialplan, and holds what Asterisk holds globally: variables and group counts.

    Attributes:
        globals: Global variables; a reload keeps them, unless the dialplan says ``clearglobalvars``.
        members: For GROUP() and GROUP_COUNT(): by group and category, the channels with the group as they wrote it.
        database: What DB() keeps.
        devices: The states of devices that the dialplan or ARI has set, by name.
        dial_groups: For DIALGROUP().
        locks: For LOCK(): which channel has it, and how often.
    """

    def __init__(
        self,
        dialplan: Dialplan,
        host: Host,
        *,
        rules: DialplanRules = ASTERISK_22,
        sounds: Mapping[str, int] | None = None,
    ) -> None:
        """Make an interpreter.

        Args:
            dialplan: What to run.
            host: Who hears of it.
            rules: Where versions differ.
            sounds: How long each sound takes, in microseconds; ``default`` for those without an entry.
        """
        self.host = host
        self.rules = rules
        self.sounds: Mapping[str, int] = sounds or {}
        self.globals: dict[str, str] = dict(dialplan.globals)
        self.members: dict[tuple[str, str], dict[str, str]] = {}
        self.database: dict[str, str] = {}
        self.devices: dict[str, str] = {}
        self.dial_groups: dict[str, list[str]] = {}
        self.locks: dict[str, tuple[str, int]] = {}
        self.routes = Routes(dialplan, rules)
        self._depth = 0

    @property
    def dialplan(self) -> Dialplan:
        """What runs."""
        return self.routes.dialplan

    def present(self) -> Dialplan:
        """Return the dialplan with the global variables as they are now: what a reload begins with."""
        return replace(self.dialplan, globals=MappingProxyType(dict(self.globals)))

    def reload(self, dialplan: Dialplan) -> None:
        """Run another dialplan from the next step of each channel on (reload-dialplan, reload-globals)."""
        self.routes.replace(dialplan)
        self.globals.clear()
        self.globals.update(dialplan.globals)
        for name, value in dialplan.assigned:
            self.host.global_variable(name, value)

    def restart(self) -> None:
        """Asterisk restarts: what it reads from its file is all that it knows (restart-globals)."""
        fresh = {variables.split_name(name)[1]: value for name, value in self.dialplan.assigned}
        if self.globals != fresh:
            self.globals.clear()
            self.globals.update(fresh)
        for kept in (self.members, self.dial_groups, self.locks):
            if kept:
                kept.clear()

    # -- what the host calls ------------------------------------------------------------------------------------

    def start(self, thread: Thread) -> int | None:
        """Run a new thread from its place, whether there is such a place or not (originate-nowhere)."""
        thread.exten = cut(thread.exten, NAME_BYTES)
        thread.context = cut(thread.context, NAME_BYTES)
        return self._walk(thread, JUMP)

    def resume(self, thread: Thread, place: Place | None = None) -> int | None:
        """Go on after a wait or after Stasis: at ``place`` if given, else where the application says.

        A timer that fires too early for the wait is answered with the time that is left.
        """
        if thread.ended or thread.then is None:
            return None
        now = self.host.now()
        if place is not None:
            return self._redirect(thread, place)
        if thread.unread and keys.read_by(thread) and thread.unread[0].due <= now < (thread.wake or now + 1):
            return self._read(thread)
        if thread.deadline is not None and now >= thread.deadline and (thread.wake is None or thread.wake > now):
            return self._time_out(thread, now)
        if thread.wake is not None and now < thread.wake:
            return self.left(thread)
        return self._finish(thread, cut_short=False)

    def _time_out(self, thread: Thread, now: int) -> int | None:
        """TIMEOUT(absolute) has run out: end the wait, and a stay in Stasis as soon as that can be."""
        linger = self.host.leave(thread, "absolute_timeout") if thread.inside else 0
        if linger is None:
            return None
        thread.timed_out = True
        if not linger:
            return self._finish(thread, cut_short=True)
        thread.inside = False
        thread.wake = now + linger
        return self.left(thread)

    def hangup(self, thread: Thread, cause: int = 0) -> int | None:
        """End the call from outside, whatever it does; a cause of 0 leaves HANGUPCAUSE alone."""
        if thread.ended or thread.hungup:
            return None
        thread.hungup = True
        if thread.stuck and keys.read_by(thread) and self._hear(thread, keys.last(thread)):
            # The key ends the wait, and nobody comes to read the hangup's cause (keys-hung-up).
            return self._finish(thread, cut_short=False)
        thread.cause = cause or thread.cause
        return None if thread.then is None else self._finish(thread, cut_short=True)

    def dtmf(self, thread: Thread, key: Key) -> int | None:
        """Take a key behind those that wait: what collects digits hears it, Answer() puts it back, others forget it.

        Only while the dialplan reads keys (`keys.read_by`).

        Returns:
            The wait that replaces the present one.
        """
        keys.queue(thread, key)
        return self._read(thread)

    def _read(self, thread: Thread) -> int | None:
        """Read the keys that are queued, until one of them ends the wait."""
        while keys.read_by(thread) and (key := keys.pick(thread, self.host.now())) is not None:
            if self._hear(thread, key):
                return self._finish(thread, cut_short=False)
        return self.left(thread)

    def _hear(self, thread: Thread, key: Key) -> bool:
        """Tell of a key that was read, and decide whether it ends the wait."""
        if not key.told:
            self.host.key_read(thread, key)
        return thread.listener is not None and thread.listener(self, thread, key.digit)

    def claimed(self, thread: Thread, app: str, args: Sequence[str]) -> int | None:
        """Hand a channel that waits in StasisBroadcast() to the application that claimed it."""
        _wait_no_more(thread)
        return self._walk(thread, self._settle(thread, stasis.enter(self, thread, app, args)))

    def refused(self, thread: Thread) -> int | None:
        """Let Stasis() fail after all, for a channel that waits in it."""
        _wait_no_more(thread)
        return self._walk_on(thread, self._settle(thread, stasis.fail(self, thread)))

    def beside(self, host: Host) -> Pbx:
        """Return an interpreter of the same dialplan and global state for another host."""
        other = copy(self)
        other.host = host
        return other

    def exists(self, thread: Thread | None, context: str, exten: str, priority: int = 1) -> bool:
        """Decide whether a place exists for this caller now."""
        return self.routes.code(self.host, thread, context, exten, priority) is not None

    def application_at(self, thread: Thread, priority: int) -> str | None:
        """Return the name of the application at another priority of the thread's extension, None if there is none."""
        code = self.routes.code(self.host, thread, thread.context, thread.exten, priority)
        return None if code is None else code.name

    def data_at(self, thread: Thread, place: tuple[str, str, int]) -> str | None:
        """Return the argument of a step as it would be if the thread were there, None if there is no such place."""
        code = self.routes.code(self.host, thread, *place)
        if code is None or code.template is None:
            return None if code is None else code.data
        here = thread.context, thread.exten, thread.priority
        thread.context, thread.exten, thread.priority = place
        try:
            return self._expand(code.template, thread)
        finally:
            thread.context, thread.exten, thread.priority = here

    def label(self, thread: Thread | None, context: str, exten: str, label: str) -> int:
        """Return the priority of a label, 0 if it is not there."""
        caller = "" if thread is None else thread.caller_number
        match = self.dialplan.find(context, exten, label=label, caller=caller, wall_us=self.host.wall())
        return 0 if match is None else match.step.priority

    # -- variables, for applications and the host ---------------------------------------------------------------

    def set_variable(self, thread: Thread | None, name: str, value: str | None) -> None:
        """Set a variable, of no thread a global one, or write a function ``FUNCTION(args)``; None deletes."""
        variables.set_variable(self, thread, name, value)

    def get_variable(self, thread: Thread, name: str) -> str | None:
        """Return what ``${name}`` gives, None if there is no such variable."""
        if name.endswith(")"):
            return variables.read_function(self, thread, name)
        return variables.read_variable(self, thread, name)

    def reported(self, thread: Thread, name: str) -> str:
        """Return what channelvars show under a name: functions and variables, no made-up ones (channelvars-read)."""
        if name.endswith(")"):
            return variables.read_function(self, thread, name) or ""
        value = thread.variables.get(name)
        return self.globals.get(name, "") if value is None else value

    def substitute(self, thread: Thread | None, text: str) -> str:
        """Return text with its references replaced; EVAL() and EVAL_EXTEN() within each other too deep are empty."""
        template = compile_template(text)
        if template is None:
            return text
        return self._expand(template, thread)

    def _expand(self, template: Template, thread: Thread | None) -> str:
        if self._depth >= _DEPTH_LIMIT:
            self.host.log("WARNING", "substitution is nested too deeply")
            return ""
        self._depth += 1
        try:
            return template.expand(self, thread)
        finally:
            self._depth -= 1

    # -- for applications ---------------------------------------------------------------------------------------

    def application(self, name: str) -> tuple[str, Application] | None:
        """Return an application's canonical name and function, None if this Asterisk has none of that name."""
        return self.routes.application(name)

    def run_inside(self, thread: Thread, name: str, data: str) -> int:
        """Run an application for another (ExecIf, TryExec); too deep a nesting ends the call."""
        found = self.application(name)
        if found is None or self._depth >= _DEPTH_LIMIT:
            self.host.log("WARNING", f"application {name} is unknown or nested too deeply")
            return HANGUP
        runner = thread.application, thread.data
        thread.application, thread.data = found[0], data
        self.host.runs(thread)
        self._depth += 1
        try:
            result = found[1](self, thread, data)
        finally:
            self._depth -= 1
        if result == PARK:
            thread.outer.append(partial(_back_in, runner))
        else:
            thread.application, thread.data = runner
        return result

    def step_within(self, thread: Thread, steps: int, trace: list[tuple[str, str, int, str, str]]) -> int:
        """Run the step at the thread's place for an application that walks by itself.

        Args:
            thread: Whose step.
            steps: How many that application has run without time going by.
            trace: Where those are written down that are too many.
        """
        return self._step(thread) if steps < LOOP_BOUND else self._watched_step(thread, trace)

    def wait(
        self,
        thread: Thread,
        delay_us: int | None,
        then: Continuation | None = None,
        *,
        listener: Listener | None = None,
    ) -> int:
        """Park for some time (None: until something happens).

        Args:
            thread: Who waits.
            delay_us: How long, in microseconds; 0 or less: not at all.
            then: Says what comes of it.
            listener: Hears keys meanwhile; None: they are read and forgotten.

        Returns:
            What an application returns.
        """
        if delay_us is not None and delay_us <= 0:
            return NEXT if then is None else then(self, thread, False)
        if thread.hungup:
            return HANGUP if then is None else then(self, thread, True)
        thread.wake = None if delay_us is None else self.host.now() + delay_us
        thread.then = _after_wait if then is None else then
        thread.listener = listener
        return PARK

    def set_state(self, thread: Thread, state: str) -> None:
        """Change the channel's state and say so."""
        if thread.state != state:
            thread.state = state
            self.host.state(thread, state)

    def exception(self, thread: Thread, reason: str) -> None:
        """Go to ``e`` and keep for EXCEPTION() what happened where."""
        thread.extras["EXCEPTION(reason)"] = reason
        thread.extras["EXCEPTION(context)"] = thread.context
        thread.extras["EXCEPTION(exten)"] = thread.exten
        thread.extras["EXCEPTION(priority)"] = str(thread.priority)
        thread.exten, thread.priority = "e", 1

    def caught(self, thread: Thread, reason: str) -> bool:
        """Go to ``e`` where the context has it, and say whether it does."""
        has = self.exists(thread, thread.context, "e")
        if has:
            self.exception(thread, reason)
        return has

    # -- the walk -----------------------------------------------------------------------------------------------

    def _walk(self, thread: Thread, result: int) -> int | None:
        """Run steps, from an application's result on, until the channel parks or is gone."""
        steps = 0
        trace: list[tuple[str, str, int, str, str]] = []
        while result != PARK:
            if result == NEXT and not thread.hungup and not thread.timed_out:
                thread.priority += 1
            elif result == INCOMPLETE:
                result = endings.incomplete(self, thread)
                continue
            elif result != JUMP and not endings.turned(self, thread, result) and endings.end(self, thread):
                return None
            result = self._step(thread) if steps < LOOP_BOUND else self._watched_step(thread, trace)
            steps += 1
        return self._read(thread) if thread.unread else self.left(thread)

    def _step(self, thread: Thread) -> int:
        """Run the step at the thread's place."""
        code = self.routes.code(self.host, thread, thread.context, thread.exten, thread.priority)
        if code is None:
            return endings.missing(self, thread)
        if code.run is None:
            place = f"({thread.context}, {thread.exten}, {thread.priority})"
            self.host.log("WARNING", f"No application '{code.name}' for extension {place}")
            self.host.ending(thread, "no_application", code.name)
            return HANGUP
        data = code.data if code.template is None else cut(code.template.expand(self, thread), DATA_BYTES)
        thread.application = code.name
        thread.data = data
        self.host.step(thread, code.name, data)
        return code.run(self, thread, data)

    def _watched_step(self, thread: Thread, trace: list[tuple[str, str, int, str, str]]) -> int:
        """Run a step and write it down, until one round of the loop is known."""
        place = (thread.context, thread.exten, thread.priority)
        if trace and (place == trace[0][:3] or len(trace) == _LOOP_SHOWN):
            raise LoopError(thread.channel, trace)
        result = self._step(thread)
        trace.append((*place, thread.application, thread.data))
        return result

    # -- waits --------------------------------------------------------------------------------------------------

    def left(self, thread: Thread) -> int | None:
        """Return how long the thread's wait still takes, None if it has no end of its own."""
        until = thread.wake
        if thread.deadline is not None and not thread.timed_out and (until is None or thread.deadline < until):
            until = thread.deadline
        if thread.unread and not thread.stuck and keys.read_by(thread):
            until = thread.unread[0].due if until is None else min(until, thread.unread[0].due)
        return None if until is None else max(0, until - self.host.now())

    def _finish(self, thread: Thread, *, cut_short: bool) -> int | None:
        """End a wait and walk on."""
        return self._walk_on(thread, self._end_wait(thread, cut_short=cut_short))

    def _walk_on(self, thread: Thread, result: int) -> int | None:
        """Run steps after a wait, in which TIMEOUT(absolute) may have run out."""
        if thread.deadline is not None and self.host.now() >= thread.deadline:
            thread.timed_out = True
        return self._walk(thread, result)

    def _end_wait(self, thread: Thread, *, cut_short: bool) -> int:
        then = thread.then
        thread.then = None
        thread.wake = None
        thread.listener = None
        thread.inside = False
        return self._settle(thread, HANGUP if then is None else then(self, thread, cut_short))

    def _settle(self, thread: Thread, result: int) -> int:
        """Let the applications that ran the one which has ended see its result, innermost first."""
        while result != PARK and thread.outer:
            result = thread.outer.pop(0)(self, thread, result)
        return result

    def _redirect(self, thread: Thread, place: Place) -> int | None:
        """Send a waiting channel elsewhere, out of Stasis or out of an application."""
        if thread.inside:
            # Asterisk leaves the priority one too low, for the step forward that follows every application.
            thread.context, thread.exten, thread.priority = place.context, place.exten, place.priority - 1
            return self._finish(thread, cut_short=False)
        if self._end_wait(thread, cut_short=True) == HANGUP:
            self.host.ending(thread, "exited_nonzero", "")
        thread.context, thread.exten, thread.priority = place
        return self._walk(thread, JUMP)


def _back_in(runner: tuple[str, str], _pbx: Pbx, thread: Thread, result: int) -> int:
    """An application has returned to the one that ran it, which is not published (applications-within)."""
    thread.application, thread.data = runner
    return result


def _after_wait(_pbx: Pbx, _thread: Thread, cut_short: bool) -> int:
    return HANGUP if cut_short else NEXT


def _wait_no_more(thread: Thread) -> None:
    thread.then = thread.wake = thread.listener = None
    thread.inside = False
