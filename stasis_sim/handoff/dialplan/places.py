"""Places in the dialplan: which one Goto() and its like mean, and which one `continue` means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stasis_sim.handoff.clib.text import scan_int, whole_int

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread


class Place(NamedTuple):
    """A place in the dialplan."""

    context: str
    exten: str
    priority: int


class NoSuchLabelError(LookupError):
    """``continue`` names a label that the extension does not have: 404."""


class IllegalPriorityError(ValueError):
    """``continue`` names priority 0: 400."""


def continuation(
    pbx: Pbx,
    thread: Thread,
    *,
    context: str = "",
    extension: str = "",
    priority: int = 0,
    label: str = "",
) -> Place:
    """Return where ``POST /channels/{id}/continue`` with these parameters goes.

    With a priority below 0 the channel stays at its own, and the dialplan goes on behind that (continue-odd).

    Raises:
        NoSuchLabelError: The label is not there (404).
        IllegalPriorityError: The label is the number 0 (400).
    """
    exten = extension or ("s" if context else thread.exten)
    target = context or thread.context
    if label:
        number = scan_int(label)
        if number is None:
            number = pbx.label(None, target, exten, label)
            if not number:
                raise NoSuchLabelError(label)
        if number == 0:
            raise IllegalPriorityError(label)
    elif priority:
        number = priority
    elif not context and not extension:
        number = thread.priority + 1
    else:
        number = 1
    return Place(target, exten, number if number > 0 else thread.priority + 1)


def parse_place(pbx: Pbx, thread: Thread, text: str) -> tuple[str, str, int] | None:
    """Read one to three parts, of which empty ones mean where the thread is; None if there is no such label."""
    parts = text.split(",")
    context, exten, priority = (None, None, parts[0])
    if len(parts) == 2:  # noqa: PLR2004 - extension and priority
        exten, priority = parts
    elif len(parts) > 2:  # noqa: PLR2004 - all three, and perhaps more, which are ignored
        context, exten, priority = parts[:3]
    sign = 0
    if priority[:1] in {"+", "-"}:
        sign = 1 if priority[0] == "+" else -1
        priority = priority[1:]
    number = whole_int(priority)
    if number is None:
        sign = 0
        where = thread.context if context is None else context
        what = thread.exten if exten is None else exten
        number = pbx.label(thread, where, what, priority)
        if not number:
            _no_label(pbx, where, what, priority)
            return None
    if sign:
        number = thread.priority + sign * number
    if number < 0:
        # A priority below 0 is ignored: the call goes on with the next, in the extension that was named.
        number = thread.priority + 1
    return context or thread.context, exten or thread.exten, number


def _no_label(pbx: Pbx, context: str, exten: str, label: str) -> None:
    pbx.host.log("NOTICE", f"No such label '{label}' in extension '{exten}' in context '{context}'")
    pbx.host.log("WARNING", f"Priority '{label}' must be a number > 0, or valid label")
