"""Places in the dialplan, and which one `continue` means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stasis_sim.handoff.text import scan_int

if TYPE_CHECKING:
    from stasis_sim.handoff.pbx import Pbx
    from stasis_sim.handoff.thread import Thread


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
