"""Timers that the engine asked for: what is to be done when one fires, and no more if it was cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stasis_sim.handoff.effects import TIMER
from stasis_sim.handoff.events import Bus


class Timers:
    """The pending timers by serial."""

    __slots__ = ("_bus", "_pending", "_serial")

    def __init__(self, bus: Bus) -> None:
        """Start with none."""
        self._bus = bus
        self._pending: dict[int, tuple[Callable[[Any], None], Any]] = {}
        self._serial = 0

    def set(
        self,
        delay_us: int,
        action: Callable[[Any], None],
        argument: Any,
        channel: str | None = None,
        *,
        waits: bool = False,
    ) -> int:
        """Have `action(argument)` called later, for a channel if one is named; `waits`: its dialplan waits for it."""
        serial = self._serial = self._serial + 1
        self._pending[serial] = (action, argument)
        self._bus.out.append((TIMER, serial, delay_us, channel, waits))
        return serial

    def cancel(self, serial: int) -> None:
        """Make a timer a stale one."""
        self._pending.pop(serial, None)

    def fire(self, serial: int) -> None:
        """A timer fires; a stale one does nothing."""
        pending = self._pending.pop(serial, None)
        if pending is not None:
            pending[0](pending[1])

    def clear(self) -> None:
        """Asterisk restarts: all timers are stale."""
        self._pending.clear()
