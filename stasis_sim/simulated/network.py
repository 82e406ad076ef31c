"""WebSockets between clients and Asterisk, and what happens to messages in flight when one breaks.

A WebSocket is a TCP stream: messages arrive in order, each one latency after it was written. What is in flight
when the connection is cut is lost. A frozen connection passes nothing and closes nothing: what Asterisk writes
piles up, and either comes late when the link thaws or is lost when it breaks. A client may give a frozen connection
up; what Asterisk writes to it from then on is lost, and it hears of the end when the link thaws. Asterisk may give up
a connection that takes no more; what it has taken still arrives, and then the client hears of the end. A program that
stalls reads nothing, while its system takes what arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from stasis_sim.observe import trace
from stasis_sim.simulated.callers import Caller

if TYPE_CHECKING:
    from stasis_sim.simulated.buffers import Buffer
    from stasis_sim.simulated.middleboxes import Middlebox

Message: TypeAlias = tuple[trace.Event, Caller | None, int]
"""An event on its way to a client, whom it is about, and how many came before it for this caller and app."""

Held: TypeAlias = tuple[Message, int, str]
"""A message that is held back, when it may arrive at the soonest, and its fate if it does."""


class Receiver(Protocol):
    """The client's end of its connections.

    Attributes:
        latest: When the last message arrives that is on its way to it: none overtakes another.
    """

    latest: int

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
        stalled: Whether the client reads nothing for now.
        deaf: Apps of whose events nobody hears at its other end, although it passes them.
    """

    __slots__ = (
        "_box",
        "_buffer",
        "_careful",
        "_held",
        "_lose",
        "_receiver",
        "_slow",
        "deaf",
        "for_good",
        "frozen_at",
        "open",
        "over",
        "row",
        "session",
        "stalled",
    )

    def __init__(self, session: str, receiver: Receiver, row: trace.Connection, buffer: Buffer | None = None) -> None:
        self.session = session
        self.row = row
        self.open = True
        self.over = False
        self.frozen_at: int | None = None
        self.for_good = False
        self.deaf: frozenset[str] = frozenset()
        self.stalled = False
        self._receiver = receiver
        self._buffer = buffer
        # What is not on its way yet, with when it may arrive and what becomes of it then.
        self._held: list[Held] = []
        # What is done with a message over a link that the client has given up.
        self._lose: Callable[[Message], None] | None = None
        # Whether what stands in the way of a message must be looked for, always and now.
        self._careful = self._slow = buffer is not None and buffer.bounded
        self._box: Middlebox | None = None

    @property
    def frozen(self) -> bool:
        """Whether the link passes nothing."""
        return self.frozen_at is not None

    @property
    def resets(self) -> bool:
        """Whether who writes to it is told that it is gone."""
        return self._box is not None and self._box.resets

    def lead_through(self, box: Middlebox) -> None:
        """Something is on its way that may forget it."""
        self._box = box
        self._careful = self._slow = True

    @property
    def stopped(self) -> bool:
        """Whether nothing that is written now gets to the program, as its link is frozen or it stalls."""
        return self.stalled or self.frozen_at is not None

    def send(self, message: Message, now: int, fate: str = "delivered") -> None:
        """Write a message to the connection."""
        message[0].connection = self.row
        arrives = now + self._receiver.latency(message)
        if not self._slow:
            self._deliver(message, now, arrives, fate)
        elif self._box is None or self._box.passes(message, now):
            self._send_slowly(message, now, arrives, fate)

    def _send_slowly(self, message: Message, now: int, arrives: int, fate: str) -> None:
        """Write a message to a link that passes nothing, or to a client that reads no further when it holds enough."""
        buffer = self._buffer
        if self.stopped:
            self._hold(message, arrives, fate)
        elif buffer is None or not buffer.bounded:
            self._deliver(message, now, arrives, fate)
        else:
            read = None if self._held else buffer.write(self, message[0].type, now, arrives)
            if read is None:
                self._held.append((message, arrives, fate))
            else:
                self._deliver(message, now, read, fate)

    def _deliver(self, message: Message, now: int, arrives: int, fate: str) -> None:
        """Let a message be on its way."""
        event, receiver = message[0], self._receiver
        if arrives < receiver.latest:  # noqa: PLR1730 - max() costs a call for each message
            arrives = receiver.latest
        receiver.latest = event.delivered = arrives
        event.fate = fate
        receiver.receive(message, arrives, now)

    def _hold(self, message: Message, arrives: int, fate: str) -> None:
        if self._buffer is not None:
            self._buffer.pile(self, message[0].type, len(self._held))
        if self._lose is None:
            self._held.append((message, arrives, fate))
        else:
            self._lose(message)

    def freeze(self, now: int) -> None:
        """Let the link pass nothing more."""
        self.frozen_at, self._slow = now, True

    def thaw(self, now: int) -> None:
        """Let the link pass again, first what piled up."""
        self.frozen_at = None
        if self._box is not None and self._held:
            self._box.passed(now)
        latency = self._receiver.latency
        self._held = [(message, now + latency(message), "late") for message, _, _ in self._held]
        self._go_on(now)

    def stall(self, unread: Iterable[Message]) -> None:
        """Let the client read nothing for now.

        Args:
            unread: What is on its way to it, and will not be read when it was to be.
        """
        behind, self._held = self._held, []
        self.stalled = self._slow = True
        buffer = self._buffer
        full = None if buffer is None else buffer.stall()
        for message in unread:
            event = message[0]
            arrives, fate = event.delivered or 0, event.fate
            event.delivered, event.fate = None, "pending"
            self._hold(message, arrives, fate)
        if buffer is not None and full is not None:
            buffer.full = full + len(self._held)
        self._held += behind

    def wake(self, now: int) -> None:
        """Let the client read again."""
        self.stalled = False
        self._go_on(now)

    def _go_on(self, now: int) -> None:
        if self.stopped:
            return
        self._slow = self._careful
        if self._buffer is not None:
            self._buffer.resume()
        held, self._held = self._held, []
        for message, arrives, fate in held:
            self._send_slowly(message, now, max(arrives, now), fate)

    def give_up(self, lose: Callable[[Message], None]) -> None:
        """The client waits for a frozen link no more: lose what is written from now on."""
        self._lose = lose

    def take_held(self, first: int = 0) -> list[Message]:
        """Take away and return what is held back, from a place on."""
        held = [message for message, _, _ in self._held[first:]]
        del self._held[first:]
        return held
