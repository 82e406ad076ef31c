"""The Gosub stack: where to return to, and variables that are local to a subroutine and cover outer ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stasis_sim.handoff.dialplan.thread import Frame

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread


def set_local(pbx: Pbx, thread: Thread, name: str, value: str) -> None:
    """Set a variable of the innermost subroutine; the first time, the outer one is kept for later."""
    frame = thread.frames[-1]
    if name in frame.hidden:
        pbx.set_variable(thread, name, value)
    else:
        frame.hidden[name] = thread.variables.get(name)
        thread.variables[name] = value
    pbx.host.variable(thread, f"LOCAL({name})", value)


def enter(pbx: Pbx, thread: Thread, frame: Frame, arguments: list[str]) -> None:
    """Go one level deeper. Arguments of the level above that this one does not have read as empty."""
    outer = thread.frames[-1].arguments if thread.frames else 0
    frame.arguments = max(len(arguments), outer)
    thread.frames.append(frame)
    for index in range(frame.arguments):
        set_local(pbx, thread, f"ARG{index + 1}", arguments[index] if index < len(arguments) else "")
    set_local(pbx, thread, "ARGC", str(len(arguments)))


def leave(pbx: Pbx, thread: Thread) -> Frame:
    """Go one level up: local variables vanish, the last one first, and uncover what they hid."""
    frame = thread.frames.pop()
    for name in reversed(frame.hidden):
        pbx.set_variable(thread, name, None)
        outer = frame.hidden[name]
        if outer is not None:
            thread.variables[name] = outer
    return frame
