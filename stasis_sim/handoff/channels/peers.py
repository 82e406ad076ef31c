"""What Asterisk notices of a SIP caller who is gone without a word: no BYE, no CANCEL, no RTP, no answer to anything.

Nothing of it counts before the answer: an unanswered caller who is gone stays until the dialplan or an application ends
the call.  From the answer on there are three clocks, and the first of them ends it (sip-callers, silent callers): the
200 that nobody ACKs, `rtp_timeout` of the endpoint, and the session timer, if the call has one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeAlias

from stasis_sim.handoff.channels.snapshots import Channel
from stasis_sim.handoff.timers import Timers

_SECOND: Final = 1_000_000
_TRANSACTION_US: Final = 32 * _SECOND
"""How long a request, or a 200 to an INVITE, is repeated before its sender gives up (RFC 3261: 64 times T1)."""

Refresher: TypeAlias = Literal["uac", "uas"]


class SessionTimer(NamedTuple):
    """A session timer that caller and Asterisk have agreed on.

    Attributes:
        expires_us: Session-Expires, whole seconds in microseconds.
        refresher: Who refreshes the session: the caller (uac) or Asterisk (uas), each time half of it is over.
    """

    expires_us: int
    refresher: Refresher

    def lapses_after(self, answered_for: int, refresh_failed_us: int) -> int:
        """Return how long after the answer Asterisk gives up a caller who was there for a time after it.

        Args:
            answered_for: For how long after the answer the caller was still there, in microseconds.
            refresh_failed_us: How long after an UPDATE that nobody answers Asterisk gives up.
        """
        seconds = self.expires_us // _SECOND
        half = seconds // 2 * _SECOND
        refreshed = answered_for // half * half
        if self.refresher == "uas":
            return refreshed + half + refresh_failed_us
        # The caller has not refreshed in time: a BYE, which nobody answers either.
        return refreshed + (seconds - seconds // 3) * _SECOND + _TRANSACTION_US


class Peers:
    """The clocks of one Asterisk's answered SIP callers.

    Args:
        timers: Where clocks are set.
        rtp_timeout_us: For how long no RTP may come from an answered caller, in microseconds; None: for ever.
        refresh_failed_us: How long after an UPDATE that nobody answers a call ends, in microseconds.
        silent: Ends a call for want of RTP.
        dead: Ends a call whose caller does not answer Asterisk.
    """

    def __init__(
        self,
        timers: Timers,
        rtp_timeout_us: int | None,
        refresh_failed_us: int,
        silent: Callable[[Channel], None],
        dead: Callable[[Channel], None],
    ) -> None:
        self._timers = timers
        self._rtp_timeout_us = rtp_timeout_us
        self._refresh_failed_us = refresh_failed_us
        self._silent = silent
        self._dead = dead

    def answered(self, channel: Channel) -> None:
        """A SIP caller was answered, whether he is still there or not."""
        if channel.vanished:
            # The 200 is repeated for want of an ACK, then a BYE is.
            self._timers.set(2 * _TRANSACTION_US, self._dead, channel, channel.ident)
        media, timeout = channel.thread.media_us, self._rtp_timeout_us
        if timeout is not None and (media is None or media > timeout):
            self._timers.set(timeout, self._silent, channel, channel.ident)

    def vanished(self, channel: Channel, now: int) -> None:
        """A SIP caller is gone: what he sent last was sent by now."""
        media, channel.thread.media_us = channel.thread.media_us, None
        channel.vanished = True
        if channel.answered_at is None:
            return
        answered_for, timeout = now - channel.answered_at, self._rtp_timeout_us
        if timeout is not None and media is not None and media <= timeout:
            since_last = 0 if answered_for >= media else answered_for
            self._timers.set(timeout - since_last, self._silent, channel, channel.ident)
        if channel.session is not None:
            lapses = channel.session.lapses_after(answered_for, self._refresh_failed_us)
            self._timers.set(lapses - answered_for, self._dead, channel, channel.ident)
