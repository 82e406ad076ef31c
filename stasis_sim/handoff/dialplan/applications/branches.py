"""If, ElseIf, Else, EndIf and ExitIf, which 22 has: branches over several lines.

Their state is kept in variables, as that of While: ``IF_0`` says where the outermost branch that was taken begins.
A branch that ends at ElseIf() looks at its condition all the same, and takes its lines too where it holds: only Else(),
EndIf() and ExitIf() leave what If() began (dialplan_branches:if-elseif-taken).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import is_true
from stasis_sim.handoff.dialplan import blocks
from stasis_sim.handoff.dialplan.thread import JUMP, NEXT, Application

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread


def if_(pbx: Pbx, thread: Thread, data: str) -> int:
    """If(condition) and ElseIf(condition): the lines that follow, else those behind the next ElseIf, Else or EndIf."""
    branch = blocks.entered(pbx, thread, "IF")
    if is_true(data):
        blocks.begin(pbx, thread, branch)
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
    _forget(pbx, thread, blocks.innermost(pbx, thread, "IF"))
    return NEXT


def else_(pbx: Pbx, thread: Thread, _data: str) -> int:
    """Else(), come to from the branch before it: past EndIf."""
    _forget(pbx, thread, blocks.innermost(pbx, thread, "IF"))
    end = _following(pbx, thread, "EndIf")
    return NEXT if end is None else _go_to(thread, end + 1)


def exitif(pbx: Pbx, thread: Thread, data: str) -> int:
    """ExitIf(): out of the innermost branch."""
    result = else_(pbx, thread, data)
    if result == NEXT:
        place = f"{thread.context}@{thread.exten} priority {thread.priority}"
        pbx.host.log("WARNING", f"Couldn't find matching EndIf? (If at {place})")
    return result


def _forget(pbx: Pbx, thread: Thread, branch: str) -> None:
    pbx.set_variable(thread, branch, None)
    pbx.set_variable(thread, blocks.own_name(thread), None)


def _following(pbx: Pbx, thread: Thread, wanted: str) -> int | None:
    return blocks.following(pbx, thread, "IF", wanted)


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
