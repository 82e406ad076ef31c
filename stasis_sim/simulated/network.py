"""WebSockets between clients and Asterisk, and what happens to messages in flight when one breaks.

A WebSocket is a TCP stream: messages arrive in order, each one latency after it was written. What is in flight
when the connection is cut is lost. A frozen connection passes nothing and closes nothing: what Asterisk writes
piles up, and either comes late when the link thaws or is lost when it breaks. A client may give a frozen connection
up; what Asterisk writes to it from then on is lost, and it hears of the end when the link thaws. Asterisk may give up
a connection that takes no more; what it has taken still arrives, and then the client hears of the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from stasis_sim.observe import trace
from stasis_sim.simulated.callers import Caller

if TYPE_CHECKING:
    from stasis_sim.simulated.buffers import Buffer

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

    Args:
        session: Asterisk's name for it.
        receiver: The client's end.
        row: What the results say of it.
        buffer: What it holds that nobody reads; None: whatever is written.

    Attributes:
        open: False once it is gone for the client.
        over: True once it is gone for Asterisk.
        frozen_at: Since when the link passes nothing; None: it does.
        for_good: Whether it will never pass anything again.
    """

    __slots__ = (
        "_arrived",
        "_buffer",
        "_held",
        "_lose",
        "_receiver",
        "_slow",
        "for_good",
        "frozen_at",
        "open",
        "over",
        "row",
        "session",
    )

    def __init__(self, session: str, receiver: Receiver, row: trace.Connection, buffer: Buffer | None = None) -> None:
        self.session = session
        self.row = row
        self.open = True
        self.over = False
        self.frozen_at: int | None = None
        self.for_good = False
        self._receiver = receiver
        self._buffer = buffer
        self._held: list[Message] = []
        # What is done with a message over a link that the client has given up.
        self._lose: Callable[[Message], None] | None = None
        # Whether a message may have to wait before it is on its way.
        self._slow = buffer is not None and buffer.bounded
        # When the last message arrives: none overtakes another.
        self._arrived = 0

    @property
    def frozen(self) -> bool:
        """Whether the link passes nothing."""
        return self.frozen_at is not None

    @property
    def arrived(self) -> int:
        """When the last message that is on its way arrives, or is read."""
        return self._arrived

    def send(self, message: Message, now: int, fate: str = "delivered") -> None:
        """Write a message to the connection."""
        event = message[0]
        event.connection = self.row
        if self._slow:
            self._send_slowly(message, now, fate)
            return
        arrives = now + self._receiver.latency(message)
        if arrives < self._arrived:  # noqa: PLR1730 - max() costs a call for each message
            arrives = self._arrived
        self._arrived = arrives
        event.fate = fate
        event.delivered = arrives
        self._receiver.receive(message, arrives, now)

    def _send_slowly(self, message: Message, now: int, fate: str) -> None:
        """Write a message to a link that passes nothing, or to a client that reads no further when it holds enough."""
        event, buffer = message[0], self._buffer
        if self.frozen:
            if buffer is not None:
                buffer.pile(self, event.type, len(self._held))
        elif buffer is not None and not self._held:
            read = buffer.write(self, event.type, now, self._receiver.latency(message))
            if read is not None:
                self._arrived = event.delivered = read
                event.fate = fate
                self._receiver.receive(message, read, now)
                return
        if self._lose is None:
            self._held.append(message)
        else:
            self._lose(message)

    def freeze(self, now: int) -> None:
        """Let the link pass nothing more."""
        self.frozen_at, self._slow = now, True

    def thaw(self, now: int) -> None:
        """Let the link pass again, first what piled up."""
        buffer = self._buffer
        self.frozen_at = None
        self._slow = buffer is not None and buffer.bounded
        if buffer is not None:
            buffer.resume()
        for message in self.take_held():
            self.send(message, now, "late")

    def give_up(self, lose: Callable[[Message], None]) -> None:
        """The client waits for a frozen link no more: lose what is written from now on."""
        self._lose = lose

    def take_held(self, first: int = 0) -> list[Message]:
        """Take away and return what is held back, from a place on."""
        held = self._held[first:]
        del self._held[first:]
        return held
