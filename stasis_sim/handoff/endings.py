"""What becomes of a channel whose place in the dialplan does not exist: ``i``, ``e``, falling off the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stasis_sim.handoff import digits
from stasis_sim.handoff.functions_channel import timeout_us
from stasis_sim.handoff.text import fold
from stasis_sim.handoff.thread import JUMP, OVER

if TYPE_CHECKING:
    from stasis_sim.handoff.pbx import Pbx
    from stasis_sim.handoff.thread import Thread

_TONE_US: Final = 10_000_000
_BUSY: Final = 17
_CONGESTION: Final = 34


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
        pbx.set_variable(thread, "INVALID_EXTEN", thread.exten)
        thread.exten, thread.priority = "i", 1
        return JUMP
    if pbx.exists(thread, thread.context, "e"):
        pbx.exception(thread, "INVALID")
        return JUMP
    place = f"{thread.context},{thread.exten},{thread.priority}"
    text = f"Channel '{thread.name}' sent to invalid extension but no invalid handler: context,exten,priority={place}"
    pbx.host.log("WARNING", text)
    pbx.host.ending(thread, "invalid_no_handler", "")
    return OVER


def _fall_through(pbx: Pbx, thread: Thread) -> int:
    """Hang up, with a tone and a cause if the last Dial() said so."""
    status = pbx.get_variable(thread, "DIALSTATUS")
    if status is None:
        status = "UNKNOWN"
    pbx.host.ending(thread, "autofallthrough", status)
    if fold(status) in {"congestion", "chanunavail"}:
        return pbx.tone(thread, _CONGESTION, _TONE_US, _over)
    if fold(status) == "busy":
        return pbx.tone(thread, _BUSY, _TONE_US, _over)
    return OVER


def _over(_pbx: Pbx, _thread: Thread, _cut_short: bool) -> int:
    return OVER
