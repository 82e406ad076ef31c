"""Stasis() and StasisBroadcast(): how the dialplan hands a channel to an application, and how it gets it back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import says_yes, scan_int, split_arguments
from stasis_sim.handoff.dialplan import keys, variables
from stasis_sim.handoff.dialplan.thread import HANGUP, NEXT, PARK, STASIS_ENTERED, STASIS_LEFT, Application

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_ARGUMENTS: Final = 128
_BROADCAST_MS: Final = 500
_BROADCAST_LIMIT_MS: Final = 60_000
_MILLISECOND_US: Final = 1_000


def stasis(pbx: Pbx, thread: Thread, data: str) -> int:
    """Stasis(app[,arguments]): hands the channel over; where that fails, the dialplan goes on."""
    pbx.set_variable(thread, "STASISSTATUS", "")
    arguments = _arguments(data)
    if not arguments:
        return enter(pbx, thread, "", ())
    return enter(pbx, thread, arguments[0], arguments[1:])


@lru_cache(maxsize=1024)
def _arguments(data: str) -> tuple[str, ...]:
    """Split the argument of Stasis(), which is the same for most calls."""
    return tuple(split_arguments(data, 1 + _ARGUMENTS))


def enter(pbx: Pbx, thread: Thread, app: str, args: Sequence[str]) -> int:
    """Hand the channel to an application; STASISSTATUS is "" already."""
    outcome = pbx.host.stasis(thread, app, args)
    if outcome == STASIS_ENTERED:
        thread.inside = True
        thread.wake = None
        thread.then = _left
        return PARK
    if outcome == STASIS_LEFT:
        return _left(pbx, thread, True)
    return fail(pbx, thread)


def fail(pbx: Pbx, thread: Thread) -> int:
    """Return from Stasis() with a failure, for which nobody is hung up."""
    variables.set_variable(pbx, thread, "STASISSTATUS", "FAILED")
    return HANGUP if thread.hungup else NEXT


def _left(pbx: Pbx, thread: Thread, _cut_short: bool) -> int:
    variables.set_variable(pbx, thread, "STASISSTATUS", "SUCCESS")
    return NEXT


def stasis_broadcast(pbx: Pbx, thread: Thread, data: str) -> int:
    """StasisBroadcast([timeout[,filter[,arguments[,notify]]]]): offers the channel to all; the first claim gets it."""
    given = [*split_arguments(data, 4), *[""] * 4]
    timeout = scan_int(given[0]) if given[0] else _BROADCAST_MS
    if timeout is None or not 0 <= timeout <= _BROADCAST_LIMIT_MS:
        pbx.host.log(
            "WARNING",
            f"Channel {thread.name}: invalid timeout value '{given[0]}' (must be 0-{_BROADCAST_LIMIT_MS}ms), "
            f"using default {_BROADCAST_MS}ms",
        )
        timeout = _BROADCAST_MS
    arguments: Sequence[str] = given[2].split(":")[:_ARGUMENTS] if given[2] else ()
    notify = says_yes(given[3])
    # CallBroadcast shows it (broadcast-channelvars), but is sent at once; what a variable publishes comes on another
    # thread.
    thread.variables["STASISSTATUS"] = ""
    pbx.host.broadcast(thread, timeout * _MILLISECOND_US, given[1] or None, arguments, notify=notify)
    pbx.set_variable(thread, "STASISSTATUS", "")

    def unclaimed(pbx: Pbx, thread: Thread, _cut_short: bool) -> int:
        pbx.host.broadcast_over(thread)
        pbx.host.log("WARNING", f"Channel {thread.name}: not claimed within {timeout}ms timeout")
        pbx.set_variable(thread, "STASISSTATUS", "TIMEOUT")
        return NEXT

    return pbx.wait(thread, timeout * _MILLISECOND_US, unclaimed, listener=keys.nobody)


STASIS_APPLICATIONS: Final[dict[str, Application]] = {"Stasis": stasis, "StasisBroadcast": stasis_broadcast}
