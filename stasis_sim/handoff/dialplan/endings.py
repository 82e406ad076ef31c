"""Where a walk through the dialplan ends or turns: ``i``, ``e``, ``T`` and ``h``, falling off the end, busy signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import fold
from stasis_sim.handoff.dialplan import digits
from stasis_sim.handoff.dialplan.applications.flow import next_handler
from stasis_sim.handoff.dialplan.causes import CONGESTION, USER_BUSY
from stasis_sim.handoff.dialplan.functions.asterisk import leave_locks
from stasis_sim.handoff.dialplan.functions.channel import leave_groups, timeout_us
from stasis_sim.handoff.dialplan.thread import HANGUP, JUMP, NEXT, OVER

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Continuation, Thread

_TONE_US: Final = 10_000_000
_APP_UNLOAD: Final = 16
"""The flag that the end of the dialplan gives as the cause of its hangup."""


def turned(pbx: Pbx, thread: Thread, result: int) -> bool:
    """Decide what a result means for a channel that is not simply going on; True if it goes on at its place."""
    if result == HANGUP:
        pbx.host.ending(thread, "exited_nonzero", "")
    elif result == NEXT and thread.handler:
        thread.priority += 1
        return True
    if thread.handler or not thread.timed_out or thread.hungup:
        return False
    thread.timed_out = False
    thread.deadline = None
    if pbx.exists(thread, thread.context, "T"):
        thread.exten, thread.priority = "T", 1
        return True
    return pbx.caught(thread, "ABSOLUTETIMEOUT")


def end(pbx: Pbx, thread: Thread) -> bool:
    """Hang up: send the channel through ``h`` and its hangup handlers, then let it go. True if it is gone."""
    if not thread.handler and not thread.within:
        thread.hungup = True
        thread.handler = True
        thread.deadline = None
        pbx.host.hangup_request(thread, _APP_UNLOAD)
        if pbx.exists(thread, thread.context, "h"):
            thread.exten, thread.priority = "h", 1
            return False
    if thread.extras:
        if next_handler(pbx, thread):
            return False
        leave_groups(pbx, thread)
        leave_locks(pbx, thread)
    thread.ended = True
    thread.outer.clear()
    pbx.host.ended(thread, thread.cause)
    return True


def missing(pbx: Pbx, thread: Thread) -> int:
    """Decide what follows when there is no step at the thread's place.

    A missing priority of an extension that exists is its end; a missing extension goes to ``i``, else ``e``. In ``h``
    there is nothing more to do.
    """
    if thread.handler:
        return OVER
    if not pbx.exists(thread, thread.context, thread.exten):
        return invalid(pbx, thread)
    if pbx.dialplan.autofallthrough:
        return _fall_through(pbx, thread)
    return digits.collect(pbx, thread, "", timeout_us(thread, "r"))


def invalid(pbx: Pbx, thread: Thread) -> int:
    """Send the channel to ``i``, else to ``e``, else end the call."""
    if pbx.exists(thread, thread.context, "i"):
        pbx.host.ending(thread, "invalid", "")
        thread.application, thread.data = thread.resting
        pbx.set_variable(thread, "INVALID_EXTEN", thread.exten)
        thread.exten, thread.priority = "i", 1
        return JUMP
    if pbx.caught(thread, "INVALID"):
        return JUMP
    place = f"{thread.context},{thread.exten},{thread.priority}"
    text = f"Channel '{thread.name}' sent to invalid extension but no invalid handler: context,exten,priority={place}"
    pbx.host.log("WARNING", text)
    pbx.host.ending(thread, "invalid_no_handler", "")
    return OVER


def incomplete(pbx: Pbx, thread: Thread) -> int:
    """Collect more keys behind what was dialled; where none could help that is no extension, and ``h`` is over."""
    if thread.handler:
        return HANGUP
    if not pbx.dialplan.more(thread.context, thread.exten, pbx.host.wall()):
        return invalid(pbx, thread)
    return digits.collect(pbx, thread, thread.exten, timeout_us(thread, "d"))


def _fall_through(pbx: Pbx, thread: Thread) -> int:
    """Hang up, with a tone and a cause if the last Dial() said so; no application runs meanwhile (busy-at-the-end)."""
    thread.application, thread.data = thread.resting
    status = pbx.get_variable(thread, "DIALSTATUS")
    if status is None:
        status = "UNKNOWN"
    pbx.host.ending(thread, "autofallthrough", status)
    if fold(status) in {"congestion", "chanunavail"}:
        return tone(pbx, thread, CONGESTION, _TONE_US, _over)
    if fold(status) == "busy":
        return tone(pbx, thread, USER_BUSY, _TONE_US, _over)
    return OVER


def tone(pbx: Pbx, thread: Thread, cause: int, delay_us: int | None, then: Continuation) -> int:
    """Signal busy or congestion: an answered caller hears it for a while, another is refused at once and gone."""
    if thread.state != "Up":
        thread.cause = cause
        pbx.set_state(thread, "Busy")
        if pbx.host.heeds_busy(thread):
            thread.hungup = True
            delay_us = 0
    return pbx.wait(thread, delay_us, then)


def _over(_pbx: Pbx, _thread: Thread, _cut_short: bool) -> int:
    return OVER
