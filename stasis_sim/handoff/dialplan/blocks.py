"""The lines that While() and If() open: numbered by depth, and remembered in variables, as Asterisk does it.

``WHILE_0`` or ``IF_0`` says where the outermost one begins that has been entered; a variable with the name of the line
that opened it keeps its number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_APPLICATIONS: Final = {"WHILE": ("While", "EndWhile"), "IF": ("If", "EndIf")}


def own_name(thread: Thread) -> str:
    """Return the variable that keeps the number of what the present line opens."""
    return f"{thread.context}_{thread.exten}_{thread.priority}"


def entered(pbx: Pbx, thread: Thread, kind: str) -> str:
    """Return the variable in which what the present line opens keeps where it begins; if new, it gets a number."""
    name = own_name(thread)
    index = pbx.get_variable(thread, name)
    if index is None:
        index = str(_depth(pbx, thread, kind) + 1)
        pbx.set_variable(thread, name, index)
    return f"{kind}_{index}"


def begin(pbx: Pbx, thread: Thread, variable: str) -> None:
    """Keep in a variable that it begins at the present line, unless it has begun."""
    if pbx.get_variable(thread, variable) is None:
        pbx.set_variable(thread, variable, f"{thread.context},{thread.exten},{thread.priority}")


def innermost(pbx: Pbx, thread: Thread, kind: str) -> str:
    """Return the variable in which the innermost one keeps where it begins."""
    return f"{kind}_{_depth(pbx, thread, kind)}"


def _depth(pbx: Pbx, thread: Thread, kind: str) -> int:
    """Return the number of the innermost one, -1 outside of any."""
    index = 0
    while pbx.get_variable(thread, f"{kind}_{index}") is not None:
        index += 1
    return index - 1


def following(pbx: Pbx, thread: Thread, kind: str, wanted: str) -> int | None:
    """Return the priority of an application that belongs to the present lines, up to their end; None: there is none.

    Args:
        pbx: The interpreter.
        thread: Where the search begins.
        kind: WHILE or IF.
        wanted: The application, which may be that of the end.
    """
    begins, ends = _APPLICATIONS[kind]
    level, priority = 1, thread.priority
    while level:
        priority += 1
        name = pbx.application_at(thread, priority)
        if name is None:
            return None
        level += 1 if name == begins else -1 if name == ends else 0
        if name == wanted and level == (0 if wanted == ends else 1):
            return priority
    return None
