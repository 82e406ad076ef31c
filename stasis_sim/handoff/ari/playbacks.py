"""Playbacks: media that ARI plays to a channel, and what an application hears of it.

As in Asterisk's res_stasis_playback.c.  POST play answers at once with a playback that is queued; the channel's
loop plays one medium after the other and does nothing else meanwhile.  Each begins with PlaybackStarted and ends
with PlaybackContinuing or, the last one, PlaybackFinished.  A sound, a tone or a number that is missing fails at once;
a recording or a scheme that Asterisk does not know begins and never ends for the application.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from stasis_sim.handoff.ari.channels import ChannelResources
from stasis_sim.handoff.ari.replies import CREATED, DONE, Parameters, Reply, Routes, bad, created, error, ok
from stasis_sim.handoff.ari.rest import House
from stasis_sim.handoff.channels.control import Control

_NO_PLAYBACK: Final = error(404, "Not Found", "Playback not found")
_EVENTS: Final = {
    "playing": "PlaybackStarted",
    "continuing": "PlaybackContinuing",
    "done": "PlaybackFinished",
    "failed": "PlaybackFinished",
}
_SPOKEN_US: Final = 500_000
"""How long a spoken digit or letter takes that nobody has said otherwise of."""

_OPERATIONS: Final = frozenset({"restart", "pause", "unpause", "reverse", "forward"})


_POSSIBLE: Final = {"queued": ("restart",), "paused": ("pause", "unpause")}
"""What can be done to a playback that is not playing, by its state."""


class Playback:
    """Media for one channel.

    Attributes:
        ident: Its id.
        control: Where it plays.
        media: What is played, one after the other.
        at: Which of them is played now.
        state: queued, playing, paused, continuing, done, failed or cancelled.
        timer: Serial of the timer that ends the present medium, 0 for none.
        left_us: How much of it is left while it is paused.
        until: When the present medium ends.
    """

    __slots__ = ("at", "control", "ident", "left_us", "media", "state", "timer", "until")

    def __init__(self, ident: str, control: Control, media: Sequence[str]) -> None:
        self.ident = ident
        self.control = control
        self.media = media
        self.at = 0
        self.state = "queued"
        self.timer = 0
        self.left_us = 0
        self.until = 0

    def json(self) -> dict[str, Any]:
        """A playback's JSON."""
        body = {
            "id": self.ident,
            "media_uri": self.media[self.at],
            "target_uri": f"channel:{self.control.channel.ident}",
            "state": "done" if self.state == "cancelled" else self.state,
        }
        if self.at + 1 < len(self.media):
            body["next_media_uri"] = self.media[self.at + 1]
        return body


class PlaybackResources:
    """Handlers of play and of /playbacks."""

    def __init__(self, house: House, channels: ChannelResources) -> None:
        """Work on a house."""
        self.house = house
        self.channels = channels
        self.live: dict[str, Playback] = {}
        self._made = 0
        house.resets.append(self.live.clear)

    def routes(self) -> Routes:
        """The handlers by method and path."""
        one = "/playbacks/{playbackId}"
        return {
            ("POST", "/channels/{channelId}/play"): self.play,
            ("POST", "/channels/{channelId}/play/{playbackId}"): self.play,
            ("GET", one): self.get,
            ("DELETE", one): self.stop,
            ("POST", f"{one}/control"): self.operate,
        }

    def play(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST play."""
        control = self.channels.control(path[0])
        if isinstance(control, Reply):
            return control
        if parameters.number("skipms") < 0:
            return bad("skipms cannot be negative")
        if parameters.number("offsetms") < 0:
            return bad("offsetms cannot be negative")
        media = parameters.many("media")
        if not media or not all(media):
            return error(500, "Internal Server Error", "Failed to queue media for playback")
        ident = path[1] if len(path) > 1 else parameters.text("playbackId")
        if not ident:
            # Asterisk takes a random one.
            self._made += 1
            ident = f"{self._made:08x}-0000-4000-9000-000000000000"
        playback = self.live[ident] = Playback(ident, control, media)
        control.queue(self._begin, (playback,), partial(self._cut, playback))
        self.house.wake(control)
        if not self.house.bus.bodies:
            return CREATED
        return created(playback.json(), f"/playbacks/{ident}")

    def get(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /playbacks/{id}."""
        playback = self.live.get(path[0])
        return _NO_PLAYBACK if playback is None else ok(playback.json())

    def stop(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """DELETE /playbacks/{id}: the rest of its media is not played."""
        playback = self.live.get(path[0])
        if playback is None:
            return _NO_PLAYBACK
        if playback.state == "queued":
            playback.state = "cancelled"
        elif playback.timer or playback.state == "paused":
            self.house.after(self._stopped, playback)
        return DONE

    def operate(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST control: of what can be done to a playback, pausing and restarting matter to the time it takes."""
        operation = parameters.given("operation")
        if operation is None:
            return bad("Missing operation")
        if operation not in _OPERATIONS:
            return bad(f"Invalid operation {operation}")
        playback = self.live.get(path[0])
        if playback is None:
            return _NO_PLAYBACK
        if playback.state != "playing" and operation not in _POSSIBLE.get(playback.state, ()):
            return error(409, "Conflict", f"Can only {operation} while media is playing")
        if operation == "pause" and playback.state == "playing":
            self._pause(playback)
        elif operation == "unpause" and playback.state == "paused":
            playback.state = "playing"
            self._publish(playback)
            self._await(playback, playback.left_us)
        elif operation == "restart" and playback.state == "playing":
            self.house.timers.cancel(playback.timer)
            self._await(playback, self._length(playback.media[playback.at]) or 0)
        return DONE

    # -- playing --------------------------------------------------------------------------------------------------

    def _begin(self, playback: Playback) -> None:
        if playback.state == "cancelled":
            self._end(playback, "done")
            return
        playback.control.busy = lambda: self._interrupted(playback)
        self._next(playback)

    def _cut(self, playback: Playback) -> None:
        """Begin on a channel that is hung up: the first medium fails, and the others are not played (busy-hung-up)."""
        if playback.state == "cancelled":
            self._end(playback, "done")
            return
        playback.state = "playing"
        self._publish(playback)
        self._end(playback, "failed")

    def _next(self, playback: Playback) -> None:
        while True:
            medium = playback.media[playback.at]
            playback.state = "playing"
            self._publish(playback)
            length = self._length(medium)
            if length:
                self._await(playback, length)
                return
            known = medium.startswith(("sound:", "number:", "digits:", "characters:", "tone:"))
            if not self._ended(playback, "failed" if length is None else "done", silent=not known):
                return

    def _ended(self, playback: Playback, state: str, *, silent: bool = False) -> bool:
        """One medium is over; True: another one follows."""
        more = playback.at + 1 < len(playback.media)
        if not silent:
            playback.state = "continuing" if more else state
            self._publish(playback)
        if more:
            playback.at += 1
            return True
        self._over(playback)
        return False

    def _await(self, playback: Playback, delay_us: int) -> None:
        playback.until = self.house.calls.clock + delay_us
        channel = playback.control.channel.ident
        playback.timer = self.house.timers.set(delay_us, self._played, playback, channel)

    def _played(self, playback: Playback) -> None:
        playback.timer = 0
        if self._ended(playback, "done"):
            self._next(playback)
        if playback.control.busy is None:
            self.house.loops.run(playback.control)

    def _pause(self, playback: Playback) -> None:
        self.house.timers.cancel(playback.timer)
        playback.timer = 0
        playback.left_us = playback.until - self.house.calls.clock
        playback.state = "paused"
        self._publish(playback)

    def _stopped(self, playback: Playback) -> None:
        self.house.timers.cancel(playback.timer)
        playback.timer = 0
        self._end(playback, "done")
        self.house.loops.run(playback.control)

    def _interrupted(self, playback: Playback) -> None:
        self.house.timers.cancel(playback.timer)
        playback.timer = 0
        self._end(playback, "failed")

    def _end(self, playback: Playback, state: str) -> None:
        playback.state = state
        self._publish(playback)
        self._over(playback)

    def _over(self, playback: Playback) -> None:
        playback.control.busy = None
        self.live.pop(playback.ident, None)

    def _length(self, medium: str) -> int | None:
        scheme, _, rest = medium.partition(":")
        sounds = self.house.configuration.sounds
        if scheme == "sound":
            length = sounds.get(rest)
            return sounds.get("default") if length is None else length
        if "default" not in sounds:
            # There are no tones either, and of what is spelled out what is missing is passed over (play-nothing-there).
            return 0 if scheme in {"digits", "characters"} else None
        if scheme == "tone":
            # A tone goes on until somebody stops it.
            return 1 << 50
        return len(rest) * _SPOKEN_US if scheme in {"number", "digits", "characters"} else None

    def _publish(self, playback: Playback) -> None:
        event_type = _EVENTS.get(playback.state)
        if event_type is not None:
            channels = self.house.channels
            channel, bus = playback.control.channel, self.house.bus
            if channel.forwards or channels.everyone:
                # Clients tell playbacks apart by their ids, so a message has at least that.
                body: dict[str, Any] = {"playback": {"id": playback.ident}}
                if bus.bodies:
                    body = {"type": event_type, "playback": playback.json()}
                bus.publish(channel.forwards, channels.everyone, event_type, channel.ident, body)
