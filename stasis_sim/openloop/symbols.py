"""Symbols: what the instants of a call are sums of, each a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stasis_sim.randomness import Quantile

ARRIVAL: Final = 0
HORIZON: Final = 1
"""The first two symbols: when the call arrives, and when the run ends."""

UNTIL: Final = 2
KILL: Final = 3
BACK: Final = 4
AGAIN: Final = 5
"""Those of restarts: up to when Asterisk is down as the call arrives, when it is killed next, when it is there again
after that, and when it is killed after that."""

RECOVERY: Final = 0
THAW: Final = 1
STALL: Final = 2
WAKE: Final = 3
"""What comes to a client, whatever calls there are: it is told which channels there are; its link thaws; its program
stalls, and goes on."""

_Key = tuple[str, "Quantile"] | tuple[str, int] | tuple[int, int, int]
"""What a symbol stands for: a draw, a wait or a delay, something that comes to a client."""


class Symbols:
    """What instants are made of: the symbols of the calls of one source.

    Attributes:
        draws: For each symbol that is a draw the stream that it comes from, and its quantile.
        waits: For each symbol that is a wait in a client's queue, for which message of the call, from 0.
        delays: For each symbol that is how long messages before it hold one up, which message of the call that is.
        coming: For each symbol that is something that comes to a client after the arrival, what, to whom, and which one
            of them, from 0.
    """

    def __init__(self) -> None:
        self.draws: dict[int, tuple[str, Quantile]] = {}
        self.waits: dict[int, int] = {}
        self.delays: dict[int, int] = {}
        self.coming: dict[int, tuple[int, int, int]] = {}
        self._numbers: dict[_Key, int] = {}

    def draw(self, name: str, quantile: Quantile) -> int:
        """Return the symbol of a stream; two clients may make different durations of one."""
        symbol = self._number((name, quantile))
        self.draws[symbol] = (name, quantile)
        return symbol

    def wait(self, message: int) -> int:
        """Return the symbol of a wait."""
        symbol = self._number(("wait", message))
        self.waits[symbol] = message
        return symbol

    def delay(self, message: int) -> int:
        """Return the symbol of how long a message is held up."""
        symbol = self._number(("delay", message))
        self.delays[symbol] = message
        return symbol

    def comes(self, what: int, client: int, number: int) -> int:
        """Return the symbol of something that comes to a client."""
        symbol = self._number((what, client, number))
        self.coming[symbol] = what, client, number
        return symbol

    def _number(self, key: _Key) -> int:
        return self._numbers.setdefault(key, AGAIN + 1 + len(self._numbers))
