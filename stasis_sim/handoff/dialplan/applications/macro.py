"""Macro, MacroIf, MacroExclusive and MacroExit, which 16 has: a context run from within an application.

Gosub() goes elsewhere and Macro() does not: it executes the steps of its context by itself until there is none left,
and its own step is over only then. What makes a channel leave the context ends it, but for a Gosub() from within it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import atoi, fold, is_true
from stasis_sim.handoff.dialplan import digits
from stasis_sim.handoff.dialplan.functions.channel import timeout_us
from stasis_sim.handoff.dialplan.thread import HANGUP, JUMP, MACRO_EXIT, MACRO_KEY, NEXT, PARK, Application

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_ARGUMENTS: Final = 79
_DEPTH: Final = "7"
"""How many macros may run within each other, unless MACRO_RECURSION says otherwise."""

_DEEPEST: Final = 50
_KEPT: Final = ("MACRO_EXTEN", "MACRO_CONTEXT", "MACRO_PRIORITY", "MACRO_OFFSET")
_CALLED: Final = re.compile(r"gosub|return|stackpop", re.IGNORECASE)


@dataclass(slots=True)
class _Macro:
    """One run of a macro: what it covers, and what it restores.

    Attributes:
        context: The macro's context.
        depth: How many macros it runs in.
        place: From where it was called.
        kept: Values of the variables that it changes, None for those that were not there.
        in_hangup: Whether it runs in ``h``, where a hangup ends nothing.
        within: The macros that it runs in.
        subroutines: How many levels of Gosub() it has gone into.
    """

    context: str
    depth: int
    place: tuple[str, str, int]
    kept: dict[str, str | None]
    in_hangup: bool
    within: str
    subroutines: int = 0
    trace: list[tuple[str, str, int, str, str]] = field(default_factory=list)


def macro(pbx: Pbx, thread: Thread, data: str) -> int:
    """Macro(name[,argument...]) and MacroExclusive(): runs ``s`` of the context ``macro-name``."""
    if not data:
        pbx.host.log("WARNING", "Macro() requires arguments")
        return HANGUP
    if fold(thread.exten) == "h":
        pbx.set_variable(thread, "MACRO_IN_HANGUP", "1")
    in_hangup = atoi(pbx.get_variable(thread, "MACRO_IN_HANGUP") or "") != 0
    depth = atoi(pbx.get_variable(thread, "MACRO_DEPTH") or "")
    if depth >= min(atoi(pbx.get_variable(thread, "MACRO_RECURSION") or _DEPTH), _DEEPEST):
        pbx.host.log("ERROR", "Macro():  possible infinite loop detected.  Returning early.")
        return NEXT
    name, *arguments = data.split(",", _ARGUMENTS + 1)[: _ARGUMENTS + 1]
    context = f"macro-{name}"
    exten = next((each for each in ("s", "~~s~~") if pbx.exists(thread, context, each)), None)
    if not name or exten is None:
        pbx.host.log("WARNING", f"No such context '{context}' for macro '{name}', or it has no extension s")
        return NEXT
    values = {f"ARG{index}": value for index, value in enumerate(arguments, 1)}
    kept = {each: pbx.get_variable(thread, each) for each in (*_KEPT, *values)}
    place = (thread.context, thread.exten, thread.priority)
    running = _Macro(context, depth, place, kept, in_hangup, thread.extras.get("MACROS", ""))
    thread.extras["MACROS"] = f"{running.within}{name}/"
    pbx.set_variable(thread, "MACRO_EXTEN", thread.exten)
    pbx.set_variable(thread, "MACRO_CONTEXT", thread.context)
    pbx.set_variable(thread, "MACRO_PRIORITY", str(thread.priority))
    pbx.set_variable(thread, "MACRO_OFFSET", None)
    pbx.set_variable(thread, "MACRO_DEPTH", str(depth + 1))
    thread.context, thread.exten, thread.priority = context, exten, 1
    for variable, value in values.items():
        pbx.set_variable(thread, variable, value)
    return _run(pbx, thread, running)


def _run(pbx: Pbx, thread: Thread, running: _Macro) -> int:
    """Run steps until one parks or the macro is over."""
    # What runs the macro itself waits behind what its steps leave.
    waiting, thread.outer = thread.outer, []
    result, steps = JUMP, 0
    while result != PARK:
        if not pbx.exists(thread, thread.context, thread.exten, thread.priority):
            result = _leave(pbx, thread, running, NEXT)
            break
        pbx.set_variable(thread, "MACRO_DEPTH", str(running.depth + 1))
        result = pbx.step_within(thread, steps, running.trace)
        steps += 1
        if result == PARK:
            thread.outer.append(partial(_after_wait, running, (thread.application, thread.data)))
        elif _is_over(thread, running, result, (thread.application, thread.data)):
            result = _leave(pbx, thread, running, result)
            break
    thread.outer += waiting
    return result


def _after_wait(running: _Macro, step: tuple[str, str], pbx: Pbx, thread: Thread, result: int) -> int:
    """Go on after a step that took time."""
    if _is_over(thread, running, result, step):
        return _leave(pbx, thread, running, result)
    return _run(pbx, thread, running)


def _is_over(thread: Thread, running: _Macro, result: int, step: tuple[str, str]) -> bool:
    """Decide whether a step ends its macro, and go to the next if not."""
    if result not in {NEXT, JUMP}:
        return True
    running.subroutines += _levels(step, result)
    if not running.subroutines and fold(thread.context) != fold(running.context):
        return True
    if (thread.hungup and not running.in_hangup) or thread.timed_out:
        return True
    thread.priority += result == NEXT
    return False


def _levels(step: tuple[str, str], result: int) -> int:
    """Count how many levels of Gosub() a step has gone into; of what others run, only Exec() is looked through."""
    name, data = fold(step[0]), step[1]
    if name == "exec" and (match := _CALLED.match(data)):
        name = fold(match[0])
    if name in {"gosub", "gosubif"}:
        return 1 if result == JUMP else 0
    return -1 if name in {"return", "stackpop"} else 0


def _leave(pbx: Pbx, thread: Thread, running: _Macro, result: int) -> int:
    """Restore what the macro has covered, and go on behind it unless a step has gone elsewhere."""
    if running.within:
        thread.extras["MACROS"] = running.within
    else:
        del thread.extras["MACROS"]
    if result not in {NEXT, JUMP, MACRO_EXIT, MACRO_KEY}:
        pbx.host.ending(thread, "exited_nonzero", "")
    offset = pbx.get_variable(thread, "MACRO_OFFSET")
    pbx.set_variable(thread, "MACRO_DEPTH", str(running.depth))
    for name, value in running.kept.items():
        if name.startswith("ARG"):
            pbx.set_variable(thread, name, value)
    for name in ("MACRO_EXTEN", "MACRO_CONTEXT", "MACRO_PRIORITY"):
        pbx.set_variable(thread, name, running.kept[name])
    if fold(thread.context) == fold(running.context):
        thread.context, thread.exten, thread.priority = running.place
        step = atoi(offset or "")
        if step and pbx.exists(thread, thread.context, thread.exten, thread.priority + step + 1):
            thread.priority += step
        result = NEXT if result in {JUMP, MACRO_EXIT} else result
    pbx.set_variable(thread, "MACRO_OFFSET", running.kept["MACRO_OFFSET"])
    if result == MACRO_KEY and not running.within:
        return digits.first_key(pbx, thread) or NEXT
    return NEXT if result == MACRO_EXIT else result


def macroif(pbx: Pbx, thread: Thread, data: str) -> int:
    """MacroIf(condition?name[,argument...][:name[,argument...]])."""
    condition, question, branches = data.partition("?")
    if not question:
        pbx.host.log("WARNING", "Invalid Syntax.")
        return NEXT
    yes, colon, no = branches.partition(":")
    if is_true(condition):
        return macro(pbx, thread, yes)
    return macro(pbx, thread, no) if colon else NEXT


def macroexit(pbx: Pbx, thread: Thread, _data: str) -> int:
    """MacroExit(): ends the macro; outside of any Asterisk waits as if a key had been pressed."""
    if "MACROS" in thread.extras:
        return MACRO_EXIT
    return digits.collect(pbx, thread, "", timeout_us(thread, "d"))


MACRO_APPLICATIONS: Final[dict[str, Application]] = {
    "Macro": macro,
    "MacroExclusive": macro,
    "MacroIf": macroif,
    "MacroExit": macroexit,
}
