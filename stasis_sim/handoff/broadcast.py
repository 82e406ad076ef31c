"""StasisBroadcast: a call is offered to every application that matches, and the first to claim it gets it.

As in Asterisk's res_stasis_broadcast.c.  An offer stays known while the channel waits, and, once claimed, until the
channel has left Stasis: a later claim is a conflict, and after that unknown (broadcast-claimed).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from stasis_sim.handoff.channels.snapshots import Channel, Channels
from stasis_sim.handoff.clib.posix import Posix, compile_posix
from stasis_sim.handoff.events import Bus
from stasis_sim.handoff.subscriptions import App

_PATTERN_BYTES: Final = 256


class Offer:
    """A channel on offer.

    Attributes:
        channel: Which.
        pattern: Applications whose names it is found in are asked; None: all.
        args: What the winner's StasisStart says.
        notify: Whether CallClaimed is sent.
        winner: Who claimed it.
    """

    __slots__ = ("args", "channel", "notify", "pattern", "winner")

    def __init__(self, channel: Channel, pattern: Posix | None, args: Sequence[str], *, notify: bool) -> None:
        self.channel = channel
        self.pattern = pattern
        self.args = tuple(args)
        self.notify = notify
        self.winner: str | None = None


class Offers:
    """The channels on offer."""

    def __init__(self, bus: Bus, channels: Channels) -> None:
        """Start with none."""
        self.bus = bus
        self.channels = channels
        self.open: dict[str, Offer] = {}

    def make(self, channel: Channel, pattern: str | None, args: Sequence[str], *, notify: bool) -> None:
        """Offer a channel: CallBroadcast to all that match."""
        offer = Offer(channel, self._compile(channel, pattern), args, notify=notify)
        self.open[channel.ident] = channel.offer = offer
        body: dict[str, Any] | None = None
        if self.bus.bodies:
            body = {
                "type": "CallBroadcast",
                "channel": self.channels.json(channel, self.channels.current(channel, running=True)),
                "caller": channel.thread.caller_number,
                "called": channel.thread.exten,
            }
        for app in self._matching(offer):
            self.bus.send(app, "CallBroadcast", channel.ident, body)

    def claim(self, offer: Offer, app: str) -> dict[str, Any] | None:
        """An application has claimed a channel; return what is told of it, which is how it is now."""
        offer.winner = app
        if not (offer.notify and self.bus.bodies):
            return None
        return {"type": "CallClaimed", "channel": self.channels.json(offer.channel), "winner_app": app}

    def claimed(self, offer: Offer, told: dict[str, Any] | None) -> None:
        """Tell those who match who has got it (broadcast-filter, broadcast-claimed-by-nobody)."""
        if offer.notify:
            for app in self._matching(offer):
                self.bus.send(app, "CallClaimed", offer.channel.ident, told)

    def close(self, channel: Channel) -> None:
        """An offer is over."""
        if channel.offer is not None:
            channel.offer = None
            self.open.pop(channel.ident, None)

    def _matching(self, offer: Offer) -> list[App]:
        apps = self.bus.apps.values()
        return [app for app in apps if offer.pattern is None or offer.pattern.search(app.name)]

    def _compile(self, channel: Channel, pattern: str | None) -> Posix | None:
        if not pattern:
            return None
        compiled = compile_posix(pattern) if len(pattern) <= _PATTERN_BYTES else None
        if compiled is not None:
            return compiled
        self.bus.log(
            "WARNING",
            f"Channel {channel.thread.name}: proceeding without application filtering due to invalid regex",
        )
        return None
