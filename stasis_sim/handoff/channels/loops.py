"""When the loop of a channel inside Stasis looks at its commands: at once, or, under 16, at a tick or a frame.

What the loop does then is in control.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stasis_sim.handoff.channels.calls import Calls
    from stasis_sim.handoff.channels.control import Control

_FRAME_US: Final = 20_000
"""Between two frames of media."""


class Loops:
    """The loops of one Asterisk's channels."""

    def __init__(self, calls: Calls) -> None:
        """Run the loops of these calls' channels."""
        self._calls = calls
        self._floor = calls.floor
        self._timers = calls.timers
        self._tick_us = calls.floor.profile.command_tick_us

    def asleep(self, control: Control) -> int:
        """How long the loop of a channel will not look at its commands, in microseconds; 0: it looks at once.

        It wakes up when a frame comes, or at a tick since it last looked.  A bridge wakes it for each command.
        """
        tick = self._tick_us
        if not tick or control.bridge is not None or control.busy is not None:
            return 0
        wait = tick - (self._calls.clock - control.looked) % tick
        channel = control.channel
        if channel.answered_at is None or channel.thread.media_us is None:
            return wait
        flows = self._calls.clock - channel.answered_at - channel.thread.media_us
        return min(wait, -flows if flows < 0 else _FRAME_US - flows % _FRAME_US)

    def notice(self, control: Control) -> None:
        """A command is there: the loop looks at it at once, or when it wakes up."""
        if control.heard is not None and not self._tick_us:
            control.heard("")  # where a command does not wait for a tick it comes with a frame (record-frames)
        wait = self.asleep(control)
        if not wait:
            self.run(control)
        elif not control.alarm:
            control.alarm = self._timers.set(wait, self.run, control, control.channel.ident)

    def run(self, control: Control) -> None:
        """Let the loop of a channel inside Stasis look at its commands; it may leave."""
        if control.alarm:
            self._timers.cancel(control.alarm)
            control.alarm = 0
        control.looked = self._calls.clock
        if self._floor.run(control):
            self._calls.back(control)
