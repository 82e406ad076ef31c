"""Doors: whether the connections that a program opens for its requests get to Asterisk.

Each request opens a connection of its own, which a firewall may let through or not, whatever it does with those that
stand. What is refused fails at once. Against silence TCP sends its SYN again, so a request is late by up to as long as
it was kept waiting, and is given up after 127 s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stasis_sim.simulated.tries import SYN_US

if TYPE_CHECKING:
    from collections.abc import Generator

    from stasis_sim.simulated.clock import Clock
    from stasis_sim.simulated.faults import Fault


class Door:
    """The way to Asterisk for the requests of one program.

    Args:
        clock: The clock.

    Attributes:
        shut_until: Until when nothing new gets through, in microseconds.
    """

    __slots__ = ("_by", "_clock", "_silent", "shut_until")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.shut_until = 0
        self._by: Fault | None = None
        self._silent = False

    def shut(self, until: int, by: Fault, *, silent: bool) -> None:
        """Let nothing new through up to an instant; of two faults the one that ends later counts.

        Args:
            until: The instant, in microseconds.
            by: What does it: it has touched each request that comes meanwhile.
            silent: Whether a request hears nothing, instead of a refusal.
        """
        if until > self.shut_until:
            self.shut_until, self._by, self._silent = until, by, silent

    def knock(self) -> Generator[int, Any, str]:
        """Wait until a request gets through; return why it does not, empty if it does."""
        if self._by is not None and self._clock.now < self.shut_until:
            self._by.touched += 1
        for wait in SYN_US:
            if self._clock.now >= self.shut_until:
                return ""
            if not self._silent:
                return "network"
            yield wait
        return "timeout"
