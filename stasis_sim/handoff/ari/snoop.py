"""Snoop channels: POST snoop makes one that listens to another channel, or whispers to it, and gives it to an app.

As in Asterisk's res_stasis_snoop.c.  It is up from the start, and inside it is a channel like any other.  When it has
left, nothing can be done with it any more, but it is seen until the channel that it listens to ends, as it is itself
then at the latest, without anybody having asked for it (snoop).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stasis_sim.handoff.ari.originate import OriginateResources, Origination
from stasis_sim.handoff.ari.replies import Parameters, Reply, Routes, bad, error, ok
from stasis_sim.handoff.ari.rest import House
from stasis_sim.handoff.channels.snapshots import Channel
from stasis_sim.handoff.dialplan.thread import Thread

_DIRECTIONS: Final = frozenset({"", "none", "both", "out", "in"})
_NOTHING: Final = frozenset({"", "none"})
_NO_DIRECTION: Final = bad("Direction must be specified for at least spy or whisper")
_NO_APP: Final = bad("Application name is required")
_NO_CHANNEL: Final = error(404, "Channel Not Found", "Provided channel was not found")
_FAILED: Final = error(500, "Internal Server Error", "Snoop channel could not be created")


class SnoopResources:
    """Handlers of POST snoop."""

    def __init__(self, house: House, originating: OriginateResources) -> None:
        """Work on a house; `originating` is who names channels and gives them to applications."""
        self.house = house
        self.originating = originating
        self._made = 0
        house.resets.append(self.forget)

    def routes(self) -> Routes:
        """The handlers by method and path."""
        one = "/channels/{channelId}/snoop"
        return {("POST", one): self.snoop, ("POST", f"{one}/{{snoopId}}"): self.snoop}

    def forget(self) -> None:
        """Asterisk restarts."""
        self._made = 0
        self.house.channels.lingering.clear()
        self.house.channels.listening.clear()

    def snoop(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST snoop."""
        wrong = self._check(parameters)
        if wrong is not None:
            return wrong
        channels = self.house.channels
        spied = channels.live.get(path[0])
        if spied is None:
            return _NO_CHANNEL
        name = f"Snoop/{spied.ident}-{self._made:08x}"
        self._made += 1
        ident = self.originating.ident(path[1] if len(path) > 1 else parameters.text("snoopId"))
        if ident in channels.live:
            return _FAILED
        channel = Channel(ident, Thread(ident, "default", "s", name=name, state="Up"))
        channel.walks = False
        channel.spied = spied
        channels.listening.setdefault(spied.ident, []).append(channel)
        channels.add(channel)
        origination = Origination(channel, channel, "")
        origination.app, origination.args = parameters.text("app"), parameters.text("appArgs")
        self.house.after(self.originating.hand_over, origination)
        return ok(channels.json(channel))

    def _check(self, parameters: Parameters) -> Reply | None:
        for what in ("spy", "whisper"):
            if parameters.text(what) not in _DIRECTIONS:
                return bad(f"Invalid direction specified for {what}")
        if {parameters.text("spy"), parameters.text("whisper")} <= _NOTHING:
            return _NO_DIRECTION
        return None if parameters.text("app") else _NO_APP
