"""The queue in front of a client's workers, by arithmetic.

Messages are served first come, first served. When a worker will be through with a message is known as soon as the
message is on its way, so no store and no server process is needed: what is kept is the instant at which each worker
is free, and for each message what those instants were before it, so that messages that never arrive can be taken
out again.
"""

from __future__ import annotations

from collections import deque
from heapq import nlargest
from typing import TypeAlias

from stasis_sim.simulated.network import Message

Entry: TypeAlias = tuple[int, int, tuple[int, ...], Message]
"""A message on its way to a worker, waiting for one, or with one: when it arrives, when the work on it is over, when
each worker was free before it (all in microseconds), and the message."""


class Workers:
    """Workers that share one queue.

    Args:
        count: How many messages can be worked on at a time; an event loop is one worker.

    Attributes:
        queue: The messages that are not done, and those that nobody has taken away since they were.
    """

    __slots__ = ("_count", "_free", "queue")

    def __init__(self, count: int) -> None:
        self._count = count
        self._free: tuple[int, ...] = (0,) * count
        self.queue: deque[Entry] = deque()

    def take(self, arrives: int, duration: int, message: Message) -> int:
        """Queue a message that arrives at a known instant, not before any other; return when it will be done."""
        free = self._free
        begin = free[0]
        finish = (begin if begin > arrives else arrives) + duration  # noqa: FURB136 - max() costs a call each
        self.queue.append((arrives, finish, free, message))
        self._free = (finish,) if self._count == 1 else tuple(sorted((*free[1:], finish)))
        return finish

    def room(self, arrives: int, bound: int) -> int:
        """Return when fewer messages than a bound are here and not done, not before an instant."""
        if len(self.queue) < bound:
            return arrives
        finishes = (entry[1] for entry in self.queue)
        last = self.queue[-bound][1] if self._count == 1 else nlargest(bound, finishes)[-1]
        return max(arrives, last)

    def busy_until(self) -> int:
        """Return when the last worker is free."""
        return self._free[-1]

    def done(self, now: int) -> list[Message]:
        """Take away and return the messages whose work is over, as far as they stand at the head of the queue."""
        queue = self.queue
        over = []
        while queue and queue[0][1] <= now:
            over.append(queue.popleft()[3])
        return over

    def take_back(self, now: int) -> list[Message]:
        """Take out and return the messages that have not arrived yet: what carries them is broken."""
        queue = self.queue
        lost: list[Entry] = []
        while queue and queue[-1][0] > now:
            lost.append(queue.pop())
        if lost:
            self._free = lost[-1][2]
        return [message for _, _, _, message in reversed(lost)]

    def stall(self, now: int, until: int) -> list[tuple[Message, int]]:
        """Let no worker go on up to an instant; return what is here and not done, and when it will be.

        What has not arrived must have been taken back: then whoever is busy, or waits for one who is, is done later by
        as much.
        """

        def later(at: int) -> int:
            return at + until - now if at > now else at

        queue = [(at, later(finish), tuple(map(later, free)), message) for at, finish, free, message in self.queue]
        self.queue = deque(queue)
        self._free = tuple(map(later, self._free))
        return [(message, finish) for _, finish, _, message in queue if finish > now]

    def abandon(self, now: int) -> list[Message]:
        """Take out and return all messages whose work is not over: who worked on them has died."""
        lost = [message for _, finish, _, message in self.queue if finish > now]
        self.queue = deque(entry for entry in self.queue if entry[1] <= now)
        self._free = (now,) * self._count
        return lost
