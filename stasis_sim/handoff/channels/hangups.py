"""Hangups from outside the dialplan: by the caller, by DELETE, and of SIP callers who are gone without a word.

Each says what the application is told, with which cause the dialplan goes on in `h`, and ends the channel wherever it
is: in the dialplan, inside Stasis, or waiting for a WebSocket of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.channels.final_answers import NO_ANSWER, answer_to
from stasis_sim.handoff.channels.peers import Peers
from stasis_sim.handoff.dialplan.causes import INTERWORKING, NO_USER_RESPONSE, NORMAL_CLEARING, REQUESTED_CHAN_UNAVAIL
from stasis_sim.handoff.dialplan.thread import SIP

if TYPE_CHECKING:
    from stasis_sim.handoff.channels.calls import Calls
    from stasis_sim.handoff.channels.control import Control
    from stasis_sim.handoff.channels.snapshots import Channel

_CANCELLED: Final = 487
_TIMED_OUT: Final = 408
_QUALITY: Final = tuple(f"RTPAUDIOQOS{what}" for what in ("", "JITTER", "LOSS", "RTT", "MES"))

_EXPLICIT: Final = 32
_DEVICE: Final = 1
"""What ChannelHangupRequest gives as the cause of a hangup by REST, or by rtp_timeout: a flag, not the cause (control,
DELETE; sip-callers, silent callers)."""


class Hangups:
    """What ends the calls of one Asterisk from outside.

    Attributes:
        peers: The clocks of SIP callers who may be gone without a word.
    """

    def __init__(self, calls: Calls) -> None:
        """End these calls."""
        self._calls = calls
        self._channels = calls.channels
        self._floor = calls.floor
        self._timers = calls.timers
        self._profile = calls.floor.profile
        self.peers = Peers(
            calls.timers,
            calls.configuration.rtp_timeout_us,
            calls.floor.profile.refresh_failed_us,
            self._silent,
            self._dead,
        )

    def hang_up(self, channel: Channel, cause: int) -> None:
        """The caller hangs up (caller-hangup)."""
        if channel.answer is None:
            # Asterisk sends its own only when the channel ends, behind `h`: until then the caller is first.
            channel.answer = answer_to(channel.thread, cause, by_caller=True)
        if not channel.thread.hungup:
            told: dict[str, int] = {"cause": cause}
            if channel.thread.kind == SIP and cause == NORMAL_CLEARING:
                cause, told = self._sip_hangup(channel)
            self._hung_up_by_frame(channel, cause, told, "hangup")

    def delete(self, channel: Channel, cause: int) -> None:
        """DELETE on a channel, wherever it is (rest-on-outsiders)."""
        channel.thread.cause = cause
        self._tell_quality(channel)
        self._channels.hangup_requested(channel, {"cause": _EXPLICIT, "soft": True}, running=True)
        if not channel.thread.hungup:
            self._cut(channel, cause, "delete")

    def let_go(self, channel: Channel) -> None:
        """A snoop channel has nobody to listen to any more (snoop)."""
        if not channel.thread.hungup:
            self._cut(channel, 0, "snoop")

    def vanish(self, channel: Channel) -> None:
        """The caller is gone without a word; of others than SIP callers there is nothing to notice."""
        if channel.thread.kind == SIP:
            self.peers.vanished(channel, self._calls.clock)
            if channel.control is not None and channel.control.heard is not None:
                channel.control.heard("")  # from now on no frame comes

    def _hung_up_by_frame(self, channel: Channel, cause: int, told: dict[str, int], how: str) -> None:
        self._channels.hangup_requested(channel, told, running=True)
        # The cause comes with a frame, which some waits do not read (broadcast-hangup), if it is one (reason-negative).
        deaf = channel.state in {"offered", "connecting"} or (channel.thread.stuck and channel.thread.inside)
        self._cut(channel, 0 if deaf else max(cause, 0), how)

    def _dead(self, channel: Channel) -> None:
        """Asterisk has sent for long enough what nobody answers, its BYE at last (sip-callers, silent callers)."""
        if self._calls.live.get(channel.ident) is channel and not channel.thread.hungup:
            channel.answer = NO_ANSWER
            told = {"cause": NO_USER_RESPONSE, **({"tech_cause": _TIMED_OUT} if self._profile.sip_quality else {})}
            self._tell_quality(channel)
            self._hung_up_by_frame(channel, NO_USER_RESPONSE, told, "dead")

    def _silent(self, channel: Channel) -> None:
        """No RTP has come for rtp_timeout (sip-callers, silent callers)."""
        if self._calls.live.get(channel.ident) is channel and not channel.thread.hungup:
            channel.thread.cause = REQUESTED_CHAN_UNAVAIL
            self._channels.hangup_requested(channel, {"cause": _DEVICE, "soft": True}, running=True)
            self._cut(channel, REQUESTED_CHAN_UNAVAIL, "rtp_timeout")

    def _sip_hangup(self, channel: Channel) -> tuple[int, dict[str, int]]:
        """What a SIP caller's BYE, or CANCEL before the answer, makes of the cause: what `h` sees, what is told."""
        if channel.thread.state != "Up":
            told = {"cause": INTERWORKING}
            return INTERWORKING, {**told, "tech_cause": _CANCELLED} if self._profile.sip_quality else told
        self._tell_quality(channel)
        cause = NORMAL_CLEARING if channel.bridged else self._profile.sip_bye_cause
        return cause, {"cause": cause} if self._profile.sip_bye_cause else {}

    def _tell_quality(self, channel: Channel) -> None:
        if self._profile.sip_quality and channel.thread.kind == SIP and channel.thread.state == "Up":
            for name in _QUALITY:
                self._channels.set_variable(channel, name, "0")

    def _cut(self, channel: Channel, cause: int, how: str) -> None:
        control = channel.control
        if control is None:
            self._end(channel, cause, None)
            return
        control.cause = cause
        if not control.cut:
            self._floor.hang_up(control, how)
        if self._floor.run(control):
            self.left(control, cause)

    def left(self, control: Control, cause: int) -> None:
        """A channel that is hung up has left its application, which may be later than the hangup (busy-hung-up)."""
        channel = control.channel
        self._calls.offers.close(channel)
        self._end(channel, cause, control)

    def _end(self, channel: Channel, cause: int, control: Control | None) -> None:
        linger = 0 if control is None else self._calls.departed(channel, control.app.name)
        if channel.state == "connecting":
            # Stasis() is still waiting for its WebSocket and looks up only when that is there.
            channel.thread.cause = cause or channel.thread.cause
            channel.thread.hungup = True
        elif linger:
            channel.waits = self._timers.set(linger, self._hang_up_late, (channel, cause), channel.ident)
        else:
            if channel.nested and control is not None:
                # The Stasis() of its own dialplan returns first (originate-enters-again).
                self._channels.set_variable(channel, "STASISSTATUS", "SUCCESS")
            self._hang_up(channel, cause)

    def _hang_up_late(self, late: tuple[Channel, int]) -> None:
        late[0].waits = 0
        self._hang_up(*late)

    def _hang_up(self, channel: Channel, cause: int) -> None:
        if channel.walks:
            self._calls.wait(channel, self._calls.pbx.hangup(channel.thread, cause))
        else:
            self._calls.ended(channel.thread, cause or channel.thread.cause)
