"""What is on the way of a WebSocket and forgets it when nothing has passed for a while: a NAT, a firewall, a proxy.

Messages of Asterisk pass, and pings of the client with their pongs; both count. From then on nothing passes. What is
written into a forgotten connection is lost, and the writer hears nothing of it, or gets a reset: it then knows that the
connection is gone, and the other end does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stasis_sim.simulated.clock import Happening, Rank

if TYPE_CHECKING:
    from stasis_sim.scenario.clients import IdleTimeout
    from stasis_sim.simulated.clients import Client
    from stasis_sim.simulated.network import Connection, Message


class Middlebox:
    """What is on the way of one connection.

    Args:
        client: Whose connection it is.
        connection: Which.
        spec: How long it remembers, and what it does then.

    Attributes:
        resets: Whether it answers a writer from now on.
    """

    __slots__ = ("_client", "_connection", "_last", "_spec", "resets")

    def __init__(self, client: Client, connection: Connection, spec: IdleTimeout) -> None:
        self._client = client
        self._connection = connection
        self._spec = spec
        self._last = client.world.clock.now
        self.resets = False
        self._look_at(self._last + spec.after_us)

    def _look_at(self, at: int) -> None:
        clock = self._client.world.clock
        look = clock.after(at - clock.now, Rank.FAULT, self._client.index, self._look)
        look.idle = True

    def _look(self, happening: Happening) -> None:
        """Forget the connection if nothing has passed for too long, or look again when that may be so."""
        del happening
        client, connection, after = self._client, self._connection, self._spec.after_us
        if connection not in client.standing():
            return
        now = client.world.clock.now
        # What is sent at this very instant comes too late, and over a frozen link nothing comes so far.
        passed = (now if connection.frozen_at is None else connection.frozen_at) - 1
        due = max(self._last, client.pinged(passed, after)) + after
        if due > now:
            self._look_at(due)
            return
        self.resets = self._spec.then == "reset"
        client.forgotten(connection)

    def passed(self, now: int) -> None:
        """Something passes."""
        self._last = now

    def passes(self, message: Message, now: int) -> bool:
        """Asterisk writes a message; return False if it is lost, and answered with a reset."""
        client = self._client
        if self.resets and not client.frozen:
            client.world.lost(message)
            client.world.clock.after(0, Rank.NETWORK, client.index, self._reset)
            return False
        if not self._connection.frozen:
            self.passed(now)
        return True

    def _reset(self, happening: Happening) -> None:
        """The reset has come to Asterisk; the client knows nothing of it."""
        del happening
        self._client.world.closed(self._connection, "torn", "torn")
