"""Keys: who reads them, and what WaitExten(), Background() and falling off the end without autofallthrough collect.

Whatever waits reads keys from the channel, as a rule to forget them; a *listener* says what becomes of them. What
nobody has read is queued for the next who does: StasisBroadcast() reads nothing, and Answer() puts back what came
while it waited. As in Asterisk's channel.c, a key that comes as one frame becomes a beginning, which is what Answer()
reads, and an end 100 ms later (key-in-answer, keys-in-long-answer, broadcast-keys).

Keys are collected as long as more of them could make another match; then the call goes to what was dialled, to ``i``
(or ``e``) if there is no such extension, and to ``t`` (or ``e``) if nothing was dialled in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.functions_channel import timeout_us
from stasis_sim.handoff.thread import HANGUP, JUMP, OVER, PARK, Key

if TYPE_CHECKING:
    from stasis_sim.handoff.pbx import Pbx
    from stasis_sim.handoff.thread import Thread

_LIMIT = 255
_EMULATED_US: Final = 100_000
"""From the beginning of a key that came as one frame to its end."""


def begin(pbx: Pbx, thread: Thread, digit: str) -> bool:
    """End Answer() with the beginning of a key; whoever waits when it ends hears it."""
    thread.unread = (Key(digit, due=pbx.host.now() + _EMULATED_US, told=True), *thread.unread)
    return True


def keep(_pbx: Pbx, thread: Thread, digit: str) -> bool:
    """Keep a key until Answer() has waited for the time that it was told, and puts it back."""
    thread.digits += digit
    return False


def put_back(thread: Thread) -> None:
    """Queue what was kept, to be read again from the beginning."""
    thread.unread = (*(Key(digit, begun=True) for digit in thread.digits), *thread.unread)
    thread.digits = ""


def nobody(_pbx: Pbx, _thread: Thread, _digit: str) -> bool:
    """Stand for a wait in which nobody reads keys: it is never asked."""
    return False


def ignore(_pbx: Pbx, _thread: Thread, _digit: str) -> bool:
    """Take the ends of keys and forget them."""
    return False


def until_pound(_pbx: Pbx, _thread: Thread, digit: str) -> bool:
    """End the wait with ``#``; it takes more of keys than their ends."""
    return digit == "#"


def read_by(thread: Thread) -> bool:
    """Decide whether the dialplan reads keys from the channel now."""
    return thread.then is not None and not thread.inside and thread.listener is not nobody


def pick(thread: Thread, now: int | None = None) -> Key | None:
    """Take the next key that can be read now, or at any time, out of the queue, None if there is none."""
    if not thread.unread or (now is not None and thread.unread[0].due > now):
        return None
    key = thread.unread[0]
    if key.begun:
        thread.stuck = thread.stuck or thread.inside or thread.listener in {None, until_pound}
        if thread.stuck:
            return None
    thread.unread = thread.unread[1:]
    return key


def queue(thread: Thread, key: Key) -> None:
    """Put a key behind those that wait, which it wakes the channel up for."""
    wake(thread)
    thread.unread = (*thread.unread, key)


def wake(thread: Thread) -> None:
    """Something else has come: the keys that have begun are read to their ends."""
    if thread.unread:
        thread.stuck = False
        thread.unread = tuple(key._replace(begun=False) for key in thread.unread)


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


def hear(_pbx: Pbx, thread: Thread, digit: str) -> bool:
    """End the wait with this key."""
    thread.digits += digit
    return True


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
    if pbx.exists(thread, thread.context, "e"):
        pbx.exception(thread, "INVALID")
        return JUMP
    pbx.host.log("WARNING", f"Invalid extension '{dialled}', but no rule 'i' or 'e' in context '{thread.context}'")
    return OVER


def _timeout(pbx: Pbx, thread: Thread) -> int:
    if pbx.exists(thread, thread.context, "t"):
        thread.exten, thread.priority = "t", 1
        return JUMP
    if pbx.exists(thread, thread.context, "e"):
        pbx.exception(thread, "RESPONSETIMEOUT")
        return JUMP
    pbx.host.log("WARNING", f"Timeout, but no rule 't' or 'e' in context '{thread.context}'")
    return OVER


def first_key(pbx: Pbx, thread: Thread) -> int | None:
    """Take a key that is waiting already, or came just now, and collect from it; None if there is none."""
    if not thread.digits:
        return None
    digit, thread.digits = thread.digits[0], thread.digits[1:]
    return collect(pbx, thread, digit, timeout_us(thread, "d"))


def give_up(pbx: Pbx, thread: Thread) -> int:
    """Decide what follows when WaitExten() heard nothing and there is no next priority."""
    if pbx.exists(thread, thread.context, "t"):
        pbx.host.ending(thread, "timeout", "")
        thread.exten, thread.priority = "t", 1
        return JUMP
    if pbx.exists(thread, thread.context, "e"):
        pbx.exception(thread, "RESPONSETIMEOUT")
        return JUMP
    pbx.host.log("WARNING", f"Timeout but no rule 't' or 'e' in context '{thread.context}'")
    return HANGUP
