"""Keys: who reads them from a channel, and what becomes of those that nobody has read.

Whatever waits reads keys from the channel, as a rule to forget them; a *listener* says what becomes of them. What
nobody has read is queued for the next who does: StasisBroadcast() reads nothing, and Answer() puts back what came
while it waited. As in Asterisk's channel.c, a key that comes as one frame becomes a beginning, which is what Answer()
reads, and an end 100 ms later (key-in-answer, keys-in-long-answer, broadcast-keys).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.dialplan.thread import Key

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_EMULATED_US: Final = 100_000
"""From the beginning of a key that came as one frame to its end."""

PAUSES_US: Final = {"w": 500_000, "W": 1_000_000}
"""What among keys that are pressed stands for a pause, and how long that is, in microseconds."""


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


def hear(_pbx: Pbx, thread: Thread, digit: str) -> bool:
    """End the wait with this key."""
    thread.digits += digit
    return True


def nobody(_pbx: Pbx, _thread: Thread, _digit: str) -> bool:
    """Stand for a wait in which nobody reads keys: it is never asked."""
    return False


def ignore(_pbx: Pbx, _thread: Thread, _digit: str) -> bool:
    """Forget keys, of which none gets stuck: the sound that plays wakes the channel up all the time (inferred)."""
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


def last(thread: Thread) -> Key:
    """A hangup is behind the keys that got stuck: take the first, whose end it brings; nobody reads the others.

    Shown by keys-hung-up.
    """
    key = thread.unread[0]
    thread.unread, thread.stuck = (), False
    return key


def wake(thread: Thread) -> None:
    """Something else has come: the keys that have begun are read to their ends."""
    if thread.unread:
        thread.stuck = False
        thread.unread = tuple(key._replace(begun=False) for key in thread.unread)
