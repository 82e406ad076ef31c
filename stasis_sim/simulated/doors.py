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
        silent: Whether a request hears nothing meanwhile, instead of a refusal.
        by: What has shut it last; None: nothing has so far.
    """

    __slots__ = ("_clock", "by", "shut_until", "silent")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.shut_until = 0
        self.silent = False
        self.by: Fault | None = None

    def shut(self, until: int, by: Fault, *, silent: bool) -> None:
        """Let nothing new through up to an instant; of two faults the one that ends later counts.

        Args:
            until: The instant, in microseconds.
            by: What does it: it has touched each request that comes meanwhile.
            silent: Whether a request hears nothing, instead of a refusal.
        """
        if until > self.shut_until:
            self.shut_until, self.by, self.silent = until, by, silent

    def is_shut(self) -> bool:
        """Whether nothing new gets through now."""
        return self._clock.now < self.shut_until

    def turn_away(self) -> None:
        """A request has come while it is shut."""
        if self.by is not None:
            self.by.touched += 1

    def knock(self) -> Generator[int, Any, str]:
        """Wait until a request gets through; return why it does not, empty if it does."""
        if self.is_shut():
            self.turn_away()
        for wait in SYN_US:
            if not self.is_shut():
                return ""
            if not self.silent:
                return "network"
            yield wait
        return "timeout"
