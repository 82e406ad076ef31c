"""If, ElseIf, Else, EndIf and ExitIf, which 22 has: branches over several lines.

Their state is kept in variables, as that of While: ``IF_0`` says where the outermost branch that was taken begins.
A branch that ends at ElseIf() looks at its condition all the same, and takes its lines too where it holds: only Else(),
EndIf() and ExitIf() leave what If() began (dialplan_branches:if-elseif-taken).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.applications_flow import depth, innermost
from stasis_sim.handoff.text import is_true
from stasis_sim.handoff.thread import JUMP, NEXT

if TYPE_CHECKING:
    from stasis_sim.handoff.pbx import Pbx
    from stasis_sim.handoff.thread import Thread

Application = Callable[["Pbx", "Thread", str], int]


def if_(pbx: Pbx, thread: Thread, data: str) -> int:
    """If(condition) and ElseIf(condition): the lines that follow, else those behind the next ElseIf, Else or EndIf."""
    name = _own_name(thread)
    index = pbx.get_variable(thread, name)
    if index is None:
        index = str(depth(pbx, thread, "IF") + 1)
        pbx.set_variable(thread, name, index)
    branch = f"IF_{index}"
    if is_true(data):
        if pbx.get_variable(thread, branch) is None:
            pbx.set_variable(thread, branch, f"{thread.context},{thread.exten},{thread.priority}")
        return NEXT
    _forget(pbx, thread, branch)
    end = _following(pbx, thread, "EndIf")
    if end is None:
        return NEXT
    other = _following(pbx, thread, "ElseIf")
    if other is not None:
        return _go_to(thread, other)
    return _go_to(thread, (_following(pbx, thread, "Else") or end) + 1)


def endif(pbx: Pbx, thread: Thread, _data: str) -> int:
    """EndIf(): the end of the innermost branch."""
    _forget(pbx, thread, innermost(pbx, thread, "IF"))
    return NEXT


def else_(pbx: Pbx, thread: Thread, _data: str) -> int:
    """Else(), come to from the branch before it: past EndIf."""
    _forget(pbx, thread, innermost(pbx, thread, "IF"))
    end = _following(pbx, thread, "EndIf")
    return NEXT if end is None else _go_to(thread, end + 1)


def exitif(pbx: Pbx, thread: Thread, data: str) -> int:
    """ExitIf(): out of the innermost branch."""
    result = else_(pbx, thread, data)
    if result == NEXT:
        place = f"{thread.context}@{thread.exten} priority {thread.priority}"
        pbx.host.log("WARNING", f"Couldn't find matching EndIf? (If at {place})")
    return result


def _own_name(thread: Thread) -> str:
    return f"{thread.context}_{thread.exten}_{thread.priority}"


def _forget(pbx: Pbx, thread: Thread, branch: str) -> None:
    pbx.set_variable(thread, branch, None)
    pbx.set_variable(thread, _own_name(thread), None)


def _following(pbx: Pbx, thread: Thread, wanted: str) -> int | None:
    """Look for an application that belongs to this branch among the following priorities, up to its EndIf."""
    level = 1
    priority = thread.priority
    while level:
        priority += 1
        name = pbx.application_at(thread, priority)
        if name is None:
            return None
        level += 1 if name == "If" else -1 if name == "EndIf" else 0
        if name == wanted and level == (0 if wanted == "EndIf" else 1):
            return priority
    return None


def _go_to(thread: Thread, priority: int) -> int:
    thread.priority = priority
    return JUMP


IF_APPLICATIONS: Final[dict[str, Application]] = {
    "If": if_,
    "ElseIf": if_,
    "Else": else_,
    "EndIf": endif,
    "ExitIf": exitif,
}
