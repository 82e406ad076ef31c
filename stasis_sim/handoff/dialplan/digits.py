"""Collecting an extension from keys: WaitExten(), Background(), and falling off the end without autofallthrough.

Keys are collected as long as more of them could make another match; then the call goes to what was dialled, to ``i``
(or ``e``) if there is no such extension, and to ``t`` (or ``e``) if nothing was dialled in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.dialplan.functions.channel import timeout_us
from stasis_sim.handoff.dialplan.keys import hear
from stasis_sim.handoff.dialplan.thread import HANGUP, JUMP, MACRO_KEY, OVER, PARK

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_LIMIT: Final = 255


def collect(pbx: Pbx, thread: Thread, dialled: str, delay_us: int) -> int:
    """Go on collecting from ``dialled``, with so much time for the next key.

    Returns:
        What an application returns: JUMP to what was dialled, PARK, or the end of the walk.
    """
    while pbx.dialplan.more(thread.context, dialled, pbx.host.wall()) and len(dialled) < _LIMIT:
        if not thread.digits:
            return _park(pbx, thread, dialled, delay_us)
        dialled += thread.digits[0]
        thread.digits = thread.digits[1:]
        delay_us = timeout_us(thread, "d")
    return _decide(pbx, thread, dialled)


def _park(pbx: Pbx, thread: Thread, dialled: str, delay_us: int) -> int:
    def stop(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        if cut_short:
            return OVER
        if thread.digits:
            return collect(pbx, thread, dialled, timeout_us(thread, "d"))
        return _decide(pbx, thread, dialled)

    thread.listener = hear
    thread.then = stop
    thread.wake = pbx.host.now() + delay_us
    return PARK


def _decide(pbx: Pbx, thread: Thread, dialled: str) -> int:
    if dialled and pbx.exists(thread, thread.context, dialled):
        thread.exten, thread.priority = dialled, 1
        return JUMP
    if dialled:
        return _invalid(pbx, thread, dialled)
    return _timeout(pbx, thread)


def _invalid(pbx: Pbx, thread: Thread, dialled: str) -> int:
    if pbx.exists(thread, thread.context, "i"):
        pbx.set_variable(thread, "INVALID_EXTEN", dialled)
        thread.exten, thread.priority = "i", 1
        return JUMP
    if pbx.caught(thread, "INVALID"):
        return JUMP
    pbx.host.log("WARNING", f"Invalid extension '{dialled}', but no rule 'i' or 'e' in context '{thread.context}'")
    return OVER


def _timeout(pbx: Pbx, thread: Thread) -> int:
    if pbx.exists(thread, thread.context, "t"):
        thread.exten, thread.priority = "t", 1
        return JUMP
    if pbx.caught(thread, "RESPONSETIMEOUT"):
        return JUMP
    pbx.host.log("WARNING", f"Timeout, but no rule 't' or 'e' in context '{thread.context}'")
    return OVER


def first_key(pbx: Pbx, thread: Thread) -> int | None:
    """Take a key that is waiting already, or came just now, and collect from it; None if there is none.

    In a macro it ends the macro, and who called that collects.
    """
    if not thread.digits:
        return None
    if "MACROS" in thread.extras:
        return MACRO_KEY
    digit, thread.digits = thread.digits[0], thread.digits[1:]
    return collect(pbx, thread, digit, timeout_us(thread, "d"))


def give_up(pbx: Pbx, thread: Thread) -> int:
    """Decide what follows when WaitExten() heard nothing and there is no next priority."""
    if pbx.exists(thread, thread.context, "t"):
        pbx.host.ending(thread, "timeout", "")
        thread.exten, thread.priority = "t", 1
        return JUMP
    if pbx.caught(thread, "RESPONSETIMEOUT"):
        return JUMP
    pbx.host.log("WARNING", f"Timeout but no rule 't' or 'e' in context '{thread.context}'")
    return HANGUP
