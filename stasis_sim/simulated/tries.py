"""The tries of one program to connect: how long it waits before each, and how long one bears silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stasis_sim.randomness import Numbers
from stasis_sim.scenario.reconnect import SYSTEM_US, AtOnce

if TYPE_CHECKING:
    from stasis_sim.randomness import Streams
    from stasis_sim.scenario.reconnect import Policy

AT_ONCE_AGAIN_US = 1_000_000
SILENCE_US = 10_000_000
"""How long a try to connect bears silence where its policy does not say."""

SYN_US = tuple(seconds * 1_000_000 for seconds in (1, 2, 4, 8, 16, 32, 64))
"""How long Linux waits after each SYN of a try that hears nothing: it sends six more, and gives up after 127 s (tcp(7),
tcp_syn_retries)."""


class Tries:
    """What a policy says of the tries of one program; all times are in microseconds.

    Args:
        policy: Its policy.
        streams: Where random numbers come from.
        name: What the program is called in their names.
    """

    def __init__(self, policy: Policy, streams: Streams, name: str) -> None:
        self._policy = policy
        self._jitter = Numbers(streams.stream(f"clients/{name}/backoff"))
        self._waits = 0

    def wait(self, attempt: int, barred: int) -> int | None:
        """Return how long the policy waits before an attempt; None when it gives up.

        Args:
            attempt: Its number since the loss, from 1.
            barred: For how long a fault will still make tries fail.
        """
        policy = self._policy
        if isinstance(policy, AtOnce):
            # The one policy that knows when it can return. What refuses it for ever it asks again in a second.
            return barred if barred > 0 else (0 if attempt == 1 else AT_ONCE_AGAIN_US)
        self._waits += 1
        return policy.delay_us(attempt, self._jitter[self._waits - 1])

    def knocks(self) -> tuple[int, ...]:
        """Return how long a try bears silence, after each time that it knocks."""
        timeout = self._policy.connect_timeout_us
        return SYN_US if timeout == SYSTEM_US else (SILENCE_US if timeout is None else timeout,)
