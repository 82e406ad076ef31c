"""When a client pings, and when it gives up a link over which nothing comes.

Pings stand on a grid that begins when the client sees its connection open. A program that stalls sends a ping that
falls due meanwhile when it goes on, and looks at its time-outs then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stasis_sim.scenario.reconnect import Ping, Policy


class Pings:
    """The pings of one connection; all times are in microseconds.

    Args:
        policy: What the client does.
        opened: When it sees the connection open.
    """

    def __init__(self, policy: Policy, opened: int) -> None:
        self._ping = policy.ping
        self._keepalive = policy.keepalive_us
        self._opened = opened
        self._stalls: list[tuple[int, int]] = []

    def stall(self, since: int, until: int) -> None:
        """The program stalls."""
        self._stalls.append((since, until))

    def noticed(self, silent: int, *, reset: bool) -> int | None:
        """Return when the client gives up a link that passes nothing; None: it never does.

        Args:
            silent: Since when nothing passes.
            reset: Whether the first ping after that is answered with a reset.
        """
        found = []
        if self._ping is not None:
            found.append(self._awake(self._next(self._ping, silent) + (0 if reset else self._ping.timeout_us)))
        if self._keepalive is not None:
            found.append(self._awake(silent + self._keepalive))
        return min(found, default=None)

    def last(self, at: int) -> int:
        """Return when the last ping was sent up to an instant, 0 if none was."""
        ping = self._ping
        if ping is None:
            return 0
        first = self._first(ping)
        due = first + (at - first) // ping.interval_us * ping.interval_us
        while due >= first and self._awake(due) > at:
            due -= ping.interval_us
        return self._awake(due) if due >= first else 0

    def _first(self, ping: Ping) -> int:
        return self._opened + (ping.interval_us if ping.first_us is None else ping.first_us)

    def _next(self, ping: Ping, at: int) -> int:
        """Return when the first ping is sent, not before an instant."""
        first = self._first(ping)
        before = max(0, -(-(at - first) // ping.interval_us))
        due = first + before * ping.interval_us
        # The one before may have been put off.
        late = self._awake(due - ping.interval_us) if before else 0
        return late if late >= at else self._awake(due)

    def _awake(self, at: int) -> int:
        """Return when the program does what is due at an instant."""
        for since, until in self._stalls:
            if since <= at < until:
                at = until
        return at
