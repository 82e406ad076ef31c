"""Calls: the interpreter's host, which turns what the dialplan does into effects and messages, and drives it on.

The interpreter (pbx.py) runs a channel until it waits; what it returns becomes a timer.  A channel that enters
Stasis belongs to the floor (control.py) until that gives it back, and then the interpreter goes on.  What ends calls
from outside is in hangups.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from stasis_sim.handoff.broadcast import Offer, Offers
from stasis_sim.handoff.channels.control import Control, Floor
from stasis_sim.handoff.channels.final_answers import answer_to
from stasis_sim.handoff.channels.hangups import Hangups
from stasis_sim.handoff.channels.loops import Loops
from stasis_sim.handoff.channels.phones import phone_of, take_after
from stasis_sim.handoff.channels.snapshots import Channel, Channels
from stasis_sim.handoff.configuration import Configuration
from stasis_sim.handoff.dialplan.causes import NORMAL_CLEARING, UNALLOCATED
from stasis_sim.handoff.dialplan.keys import queue, read_by
from stasis_sim.handoff.dialplan.pbx import Pbx
from stasis_sim.handoff.dialplan.thread import SIP, STASIS_ENTERED, STASIS_FAILED, STASIS_LEFT, Key, Thread
from stasis_sim.handoff.effects import CLAIM_TIMEOUT, ENDED, NO_NAME, STASIS, STEP
from stasis_sim.handoff.stimuli import Call
from stasis_sim.handoff.timers import Timers

if TYPE_CHECKING:
    from stasis_sim.handoff.outbound import Outbound


class Halves(Protocol):
    """Who knows what one half of a Local channel that ARI originated does to the other."""

    def answered(self, far: Channel) -> None:
        """The half that runs the dialplan was answered."""

    def signalled(self, far: Channel, sign: str) -> None:
        """It rings, or goes on."""

    def refused(self, far: Channel) -> None:
        """It is busy, or congested."""

    def given_up(self, near: Channel) -> None:
        """The half that is dialled is about to end."""

    def parted(self, channel: Channel) -> None:
        """One half has ended."""


class Calls:
    """The calls of one Asterisk; also the interpreter's `Host`."""

    def __init__(
        self,
        configuration: Configuration,
        channels: Channels,
        floor: Floor,
        offers: Offers,
        timers: Timers,
    ) -> None:
        """Start with no call."""
        self.bus = floor.bus
        self.configuration = configuration
        self.channels = channels
        self.live = channels.live
        self.floor = floor
        self.offers = offers
        self.timers = timers
        self.pbx = Pbx(configuration.dialplan, self, rules=floor.profile.dialplan, sounds=configuration.sounds)
        channels.value_of = self.pbx.reported
        self.hangups = Hangups(self)
        self.loops = Loops(self)
        self.outbound: Outbound | None = None
        self.clock = 0
        self._start = configuration.clock_us or 0
        # Local channels that there have been: their names carry the number.
        self.local_pairs = 0
        # What the halves of Local channels that ARI originated do to each other, after the present stimulus.
        self.later: list[tuple[Callable[[Channel], None], Channel]] = []
        self.halves: Halves | None = None

    # -- stimuli ------------------------------------------------------------------------------------------------

    def call(self, call: Call) -> None:
        """A caller's channel starts in the dialplan."""
        thread = Thread(
            call.channel,
            call.context,
            call.exten,
            caller_number=call.caller_id,
            kind=call.kind,
            name=call.name,
        )
        thread.media_us = call.media_us
        channel = Channel(call.channel, thread)
        channel.session = call.session
        known = self.pbx.exists(thread, call.context, call.exten)
        if not known and call.kind == SIP:
            # 404, and there has never been a channel (sip-callers).
            self.bus.out.append((ENDED, call.channel, UNALLOCATED, answer_to(thread, UNALLOCATED)))
            return
        self.new_pair()
        self.channels.add(channel)
        if thread.kind != SIP and any(name.endswith(")") for name in call.variables):
            take_after(self.channels, channel, phone_of(self.pbx, thread, call.variables))
        elif call.variables:
            self.channels.give(channel, call.variables)
        if known:
            self.start(channel)
        else:
            self.ended(thread, 0)

    def start(self, channel: Channel) -> None:
        """Run a channel's dialplan from its place."""
        self.wait(channel, self.pbx.start(channel.thread))

    def departed(self, channel: Channel, left: str = "") -> int:
        """A channel has left an application; return how long it waits for a WebSocket of its own, in microseconds."""
        return self.outbound.departed(channel, left) if self.outbound is not None else 0

    def key(self, channel: Channel, digit: str, duration_ms: int) -> None:
        """The caller presses a key."""
        control, thread, key = channel.control, channel.thread, Key(digit, duration_ms)
        if channel.state == "dialled":
            self.channels.key(channel, key)  # ARI itself reads it (keys-while-dialled)
            return
        if control is not None and control.bridge is None and self.floor.profile.command_tick_us:
            self.loops.run(control)  # a frame wakes the loop, unless a bridge reads it
        if read_by(thread):
            self.wait(channel, self.pbx.dtmf(thread, key))
            return
        queue(thread, key)
        if channel.control is not None:
            self.floor.read(channel)
            if channel.control.heard is not None:
                channel.control.heard(digit)

    def back(self, control: Control) -> None:
        """A channel comes back from Stasis: its dialplan goes on, and any offer of it is over (broadcast-claimed)."""
        if control.cause is not None:
            self.hangups.left(control, control.cause)
            return
        self.offers.close(control.channel)
        linger = self.departed(control.channel, control.app.name)
        if linger:
            control.channel.waits = self.timers.set(linger, self._back, control, control.channel.ident)
        else:
            self._back(control)

    def _back(self, control: Control) -> None:
        channel = control.channel
        channel.waits = 0
        if control.failed:
            self.fail_stasis(channel)
            return
        if not channel.walks and not channel.nested:
            self._start_outgoing(channel, control)
            return
        self.wait(channel, self.pbx.resume(channel.thread, control.place))

    def _start_outgoing(self, channel: Channel, control: Control) -> None:
        """A channel that ARI made for an application has had no dialplan so far: it begins where `continue` says.

        Asterisk runs it inside Stasis(), without `h` and without asking anybody to hang up.
        """
        thread = channel.thread
        channel.nested = thread.application, thread.data
        thread.within = True
        thread.context, thread.exten, thread.priority = control.place or (
            thread.context,
            thread.exten,
            thread.priority + 1,
        )
        self.wait(channel, self.pbx.start(thread))

    def hand_over(self, channel: Channel, app: str, args: Sequence[str]) -> None:
        """Stasis() has waited long enough: it looks the application up now."""
        self.wait(channel, self.pbx.claimed(channel.thread, app, args))

    def fail_stasis(self, channel: Channel) -> None:
        """Stasis() returns with a failure after all (outbound-per-call-nobody, originate-served-by-nobody)."""
        if channel.walks or channel.nested:
            self.wait(channel, self.pbx.refused(channel.thread))
        else:
            self.end_unserved(channel)

    def end_unserved(self, channel: Channel) -> None:
        """Stasis() has failed for a channel that ARI made for an application: there is no dialplan to go on with."""
        channel.walks = True  # or its end would say that Stasis() was a success
        self.channels.set_variable(channel, "STASISSTATUS", "FAILED")
        self.ended(channel.thread, channel.thread.cause)

    def claim(self, offer: Offer, app: str) -> None:
        """The winner of a broadcast gets the channel."""
        channel = offer.channel
        channel.fire("claim")
        self.wait(channel, self.pbx.claimed(channel.thread, app, offer.args))

    def wait(self, channel: Channel, delay_us: int | None) -> None:
        """Let the interpreter go on after the wait that it has returned, which replaces the one before."""
        if channel.waits:
            self.timers.cancel(channel.waits)
            channel.waits = 0
        if delay_us is not None:
            channel.waits = self.timers.set(delay_us, self._go_on, channel, channel.ident, waits=True)

    def retimed(self, channel: Channel) -> None:
        """Its TIMEOUT(absolute) is another one: the present wait ends by it (absolute-timeout-by-rest)."""
        self.wait(channel, self.pbx.left(channel.thread))

    def outstayed(self, channel: Channel) -> None:
        """A channel that ARI made for an application may not stay: behind that it has no dialplan."""
        self.leave(channel.thread, "absolute_timeout")
        self.ended(channel.thread, channel.thread.cause)

    def _go_on(self, channel: Channel) -> None:
        channel.waits = 0
        if channel.control is not None and not (channel.walks or channel.nested):
            self.outstayed(channel)
            return
        self.wait(channel, self.pbx.resume(channel.thread))

    def restated(self, channel: Channel) -> None:
        """A channel's state has changed; an answer passes through a Local channel."""
        if channel.thread.state == "Up" and channel.answered_at is None:
            channel.answered_at = self.clock
            if channel.thread.kind == SIP:
                self.hangups.peers.answered(channel)
        self.channels.publish(channel)
        if self.halves is not None and channel.peer is not None and channel.thread.state == "Up":
            self.later.append((self.halves.answered, channel))

    # -- the interpreter's host -----------------------------------------------------------------------------------

    def now(self) -> int:
        """The model's time in microseconds."""
        return self.clock

    def started(self) -> int:
        """When Asterisk was started, in microseconds since 1970."""
        return self._start

    def wall(self) -> int:
        """The wall clock in microseconds since 1970."""
        return self._start + self.clock

    def threads(self) -> Iterator[Thread]:
        """The dialplan's side of all channels."""
        return (channel.thread for channel in self.live.values())

    def new_pair(self) -> int:
        """A Local channel is made; return the number in its name."""
        self.local_pairs += 1
        return self.local_pairs - 1

    def step(self, thread: Thread, application: str, data: str) -> None:
        """A step is about to run (subscribe-all: ChannelDialplan)."""
        ident = thread.channel
        self.bus.out.append((STEP, ident, thread.context, thread.exten, thread.priority, application, data))
        self.channels.publish(thread.owner)

    def runs(self, thread: Thread) -> None:
        """An application runs another one, which is the one that the channel shows (applications-within)."""
        self.channels.publish(thread.owner)

    def variable(self, thread: Thread, name: str, value: str) -> None:
        """A variable was set."""
        self.channels.variable(thread.owner, name, value)

    def global_variable(self, name: str, value: str) -> None:
        """A global variable was set."""
        self.channels.global_variable(name, value)

    def state(self, thread: Thread, state: str) -> None:
        """The channel's state changed; who calls by a Local channel hangs up when he hears that it is busy."""
        channel: Channel = thread.owner
        self.restated(channel)
        if state == "Busy" and thread.kind != SIP and not thread.hungup:
            if self.heeds_busy(thread):
                self.channels.hangup_requested(channel, {"cause": 0}, running=True)
            if self.halves is not None and channel.peer is not None:
                self.later.append((self.halves.refused, channel))

    def signal(self, thread: Thread, sign: str) -> None:
        """Whoever calls is told that it rings or goes on."""
        channel: Channel = thread.owner
        if self.halves is not None and channel.peer is not None:
            self.later.append((partial(self.halves.signalled, sign=sign), channel))

    def heeds_busy(self, thread: Thread) -> bool:
        """Who calls hangs up when he hears that it is busy; an application that has dialled waits (create-and-dial)."""
        peer = thread.owner.peer
        return peer is None or peer.control is None

    def caller_changed(self, thread: Thread) -> None:
        """Name or number of the caller is another one."""
        self.channels.called_by(thread.owner)

    def connected_changed(self, thread: Thread) -> None:
        """Name or number of the connected line is another one."""
        self.channels.connected_to(thread.owner)

    def stasis(self, thread: Thread, app: str, args: Sequence[str]) -> int:
        """Stasis() looks an application up and hands over, or fails."""
        channel: Channel = thread.owner
        if not app:
            self.bus.log("WARNING", "Stasis app_name argument missing")
            self.bus.out.append((STASIS, channel.ident, "", tuple(args), "ejected", NO_NAME))
            return STASIS_FAILED
        if channel.offer is None and channel.state == "dialplan" and app not in self.floor.registry.apps:
            if self.outbound is not None and self.outbound.serves(channel, app):
                return self.outbound.call_out(channel, app, args)
            return self.floor.missing(channel, app, args)
        outcome = self.floor.enter(channel, app, args)
        if channel.control is not None:
            channel.control.looked = self.clock
        if outcome == STASIS_FAILED:
            self.offers.close(channel)  # who claimed it is not there, and it may be offered anew (broadcast-again)
        # With a WebSocket of its own it waits for the StasisEnd, also for one that never comes
        # (outbound-per-call-forgotten).
        failed = outcome == STASIS_FAILED and channel.state == "connecting"
        linger = self.departed(channel) if failed or outcome == STASIS_LEFT else 0
        if linger:
            self.timers.set(linger, self._failed_late if failed else self._left_late, channel, channel.ident)
            return STASIS_ENTERED
        return outcome

    def _failed_late(self, channel: Channel) -> None:
        if channel.ident in self.live:
            channel.fire("give_up")
            self.fail_stasis(channel)

    def _left_late(self, channel: Channel) -> None:
        if channel.ident in self.live and channel.thread.inside:
            self.wait(channel, self.pbx.resume(channel.thread))

    def broadcast(
        self, thread: Thread, timeout_us: int, pattern: str | None, args: Sequence[str], *, notify: bool
    ) -> None:
        """StasisBroadcast() begins; the interpreter keeps the time."""
        del timeout_us
        channel: Channel = thread.owner
        channel.fire("offer")
        self.bus.out.append((STASIS, channel.ident, "", tuple(args), "in_progress", ""))
        self.offers.make(channel, pattern, args, notify=notify)

    def broadcast_over(self, thread: Thread) -> None:
        """Nobody claimed the channel in time, or it was hung up."""
        channel: Channel = thread.owner
        offer = channel.offer
        args = offer.args if offer is not None else ()
        self.offers.close(channel)
        channel.fire("withdraw")
        self.bus.out.append((STASIS, channel.ident, "", args, "ejected", CLAIM_TIMEOUT))

    def leave(self, thread: Thread, how: str) -> int | None:
        """The dialplan's absolute timeout ends a stay in Stasis."""
        channel: Channel = thread.owner
        control = channel.control
        if control is None:
            return None if channel.state == "connecting" else 0
        self.floor.hang_up(control, how)
        return self.departed(channel, control.app.name) if self.floor.run(control) else None

    def hangup_request(self, thread: Thread, flag: int) -> None:
        """The dialplan is over and hangs up, or an application of it does so while it runs (macro-and-if)."""
        self.channels.hangup_requested(thread.owner, {"cause": flag, "soft": True}, running=not thread.handler)

    def key_read(self, thread: Thread, key: Key) -> None:
        """A key was read in the dialplan."""
        self.channels.key(thread.owner, key)

    def user_event(self, thread: Thread, name: str, fields: Sequence[tuple[str, str]]) -> None:
        """UserEvent() in the dialplan."""
        blob: dict[str, Any] = {**dict(fields), "eventname": name}
        self.channels.tell(thread.owner, "ChannelUserevent", {"eventname": name, "userevent": blob})

    def device_changed(self, device: str, state: str) -> None:
        """The dialplan has given a device another state: whoever listens to it hears of that."""
        self.floor.registry.device_changed(device, state)

    def ending(self, thread: Thread, kind: str, status: str) -> None:
        """Why the dialplan stopped walking forward: nothing that an application sees."""

    def ended(self, thread: Thread, cause: int) -> None:
        """The channel is gone."""
        channel: Channel = thread.owner
        if channel.waits:
            self.timers.cancel(channel.waits)
            channel.waits = 0
        self.offers.close(channel)
        if not channel.walks and channel.state == "dialplan":
            # What Stasis() says when it returns, after any dialplan that it ran (originate-app, originate-channelvars).
            thread.application, thread.data = channel.nested or (thread.application, thread.data)
            if channel.created:
                # What has become of it is hung up in the end, for which there is always a cause (create-and-dial-ends).
                cause = thread.cause = cause or NORMAL_CLEARING
            self.channels.set_variable(channel, "STASISSTATUS", "SUCCESS")
        if self.halves is not None and channel.state == "dialled":
            self.halves.given_up(channel)
        if channel.spied is not None and channel.spied.ident in self.live:
            self.channels.linger(channel, cause)
            return
        self._gone(channel, cause)

    def _gone(self, channel: Channel, cause: int) -> None:
        self.channels.gone(channel, cause)
        self.bus.out.append((ENDED, channel.ident, cause, channel.answer or answer_to(channel.thread, cause)))
        if self.halves is not None and channel.peer is not None:
            self.later.append((self.halves.parted, channel))
        if channel.ident in self.channels.listening:
            self.later.append((self._unheard, channel))

    def _unheard(self, spied: Channel) -> None:
        """A channel has ended: so do those that listen to it (snoop)."""
        for channel in self.channels.listening.pop(spied.ident):
            if channel in self.channels.lingering:
                self._gone(channel, self.channels.lingering.pop(channel))
            elif channel.ident in self.live:
                self.hangups.let_go(channel)

    def settle(self) -> None:
        """Do what the halves of Local channels do to each other."""
        while self.later:
            action, channel = self.later.pop(0)
            action(channel)

    def log(self, level: str, text: str) -> None:
        """A line of Asterisk's log."""
        self.bus.log(level, text)
