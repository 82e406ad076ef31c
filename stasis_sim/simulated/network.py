"""WebSockets between clients and Asterisk, and what happens to messages in flight when one breaks.

A WebSocket is a TCP stream: messages arrive in order, each one latency after it was written. What is in flight
when the connection is cut is lost. A frozen connection passes nothing and closes nothing: what Asterisk writes
piles up, and either comes late when the link thaws or is lost when it breaks. A client may give a frozen connection
up; what Asterisk writes to it from then on is lost, and it hears of the end when the link thaws.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from stasis_sim.observe import trace
from stasis_sim.simulated.callers import Caller

Message: TypeAlias = tuple[trace.Event, Caller | None, int]
"""An event on its way to a client, whom it is about, and how many came before it for this caller and app."""


class Receiver(Protocol):
    """The client's end of a connection."""

    def latency(self, message: Message) -> int:
        """Return how long a message takes one way, in microseconds."""
        ...

    def receive(self, message: Message, arrives: int, now: int) -> None:
        """Take a message that will arrive at a known instant, if nothing breaks before."""
        ...


class Connection:
    """One WebSocket.

    Attributes:
        session: Asterisk's name for it.
        row: What the results say of it.
        open: False once it is gone for the client.
        frozen_at: Since when the link passes nothing; None: it does.
        for_good: Whether it will never pass anything again.
    """

    __slots__ = ("_arrived", "_held", "_hold", "_receiver", "for_good", "frozen_at", "open", "row", "session")

    def __init__(self, session: str, receiver: Receiver, row: trace.Connection) -> None:
        self.session = session
        self.row = row
        self.open = True
        self.frozen_at: int | None = None
        self.for_good = False
        self._receiver = receiver
        self._held: list[Message] = []
        # What is done with a message while the link passes nothing.
        self._hold = self._held.append
        # When the last message arrives: none overtakes another.
        self._arrived = 0

    @property
    def frozen(self) -> bool:
        """Whether the link passes nothing."""
        return self.frozen_at is not None

    def send(self, message: Message, now: int, fate: str = "delivered") -> None:
        """Write a message to the connection."""
        event = message[0]
        event.connection = self.row
        if self.frozen_at is not None:
            self._hold(message)
            return
        arrives = now + self._receiver.latency(message)
        if arrives < self._arrived:  # noqa: PLR1730 - max() costs a call for each message
            arrives = self._arrived
        self._arrived = arrives
        event.fate = fate
        event.delivered = arrives
        self._receiver.receive(message, arrives, now)

    def thaw(self, now: int) -> None:
        """Let the link pass again, first what piled up."""
        self.frozen_at = None
        for message in self.take_held():
            self.send(message, now, "late")

    def give_up(self, lose: Callable[[Message], None]) -> None:
        """The client waits for a frozen link no more: lose what is written from now on."""
        self._hold = lose

    def take_held(self) -> list[Message]:
        """Take away and return what piled up."""
        held = self._held.copy()
        self._held.clear()
        return held
