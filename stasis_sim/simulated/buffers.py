"""What a WebSocket can hold that nobody reads, and Asterisk's patience with it.

What Asterisk writes lies in the buffers of the two systems until the client reads it. A client that holds as many
events as it may reads no further, and over a frozen link nothing is read. A write for which there is no room waits
until a third is free, as Linux wakes who waits for a full socket (sk_stream_is_writable), and what is written after it
waits behind it; if that is not within websocket_write_timeout, Asterisk closes the connection.
Measured on 16.28 and 22.10: about 4 MB were taken on loopback, then the first write that did not finish within 100 ms
ended the connection, and the app turned inactive.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from stasis_sim.simulated.clock import Happening, Rank

if TYPE_CHECKING:
    from stasis_sim.simulated.clients import Client
    from stasis_sim.simulated.network import Connection

BYTES: Final = {
    "ApplicationMoveFailed": 494,
    "ApplicationRegistered": 135,
    "ApplicationReplaced": 133,
    "BridgeCreated": 287,
    "BridgeDestroyed": 289,
    "BridgeVideoSourceChanged": 330,
    "CallBroadcast": 470,
    "CallClaimed": 487,
    "ChannelCallerId": 534,
    "ChannelConnectedLine": 451,
    "ChannelCreated": 438,
    "ChannelDestroyed": 484,
    "ChannelDialplan": 503,
    "ChannelDtmfReceived": 478,
    "ChannelEnteredBridge": 622,
    "ChannelHangupRequest": 472,
    "ChannelLeftBridge": 618,
    "ChannelStateChange": 462,
    "ChannelUserevent": 499,
    "ChannelVarset": 489,
    "DeviceStateChanged": 184,
    "PlaybackContinuing": 252,
    "PlaybackFinished": 218,
    "PlaybackStarted": 220,
    "RecordingFailed": 249,
    "RecordingFinished": 227,
    "RecordingStarted": 218,
    "StasisEnd": 440,
    "StasisStart": 460,
}
"""How long an event of each type is, as JSON: the median of the recordings of 22 with what these leave out, which is
when and where it was raised, and five members of each channel; tests/simulated/test_buffers.py computes it."""

OTHER_BYTES: Final = 470
"""How long an event is of a type that no recording has: as one that has a channel in it."""


class Buffer:
    """The buffers of one WebSocket.

    Args:
        client: Who reads.

    Attributes:
        bounded: Whether the client at times reads no further.
        full: How many of the messages that a connection holds back have found room, once one has not.
    """

    __slots__ = ("_bytes", "_client", "_free", "_patience", "_piled", "_timeout", "_unread", "bounded", "full")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._timeout = client.world.write_timeout_us
        self.bounded = client.spec.inbox is not None
        self.full: int | None = None
        # What is on its way to the client or not read yet: when it will be read, and how long it is.
        self._unread: deque[tuple[int, int]] = deque()
        self._bytes = 0
        # Bytes of what has been written and will not be read for now.
        self._piled = 0
        # When the last write is over.
        self._free = 0
        # Until when Asterisk waits for room, if it does.
        self._patience: int | None = None

    def write(self, connection: Connection, type_: str, now: int, arrives: int) -> int | None:
        """Write a message; return when the client will have read it, or None if Asterisk waits in vain.

        Args:
            connection: Which it is.
            type_: Of the message.
            now: When it is written.
            arrives: When it arrives if there is room.
        """
        octets, begins = BYTES.get(type_, OTHER_BYTES), max(now, self._free)
        room = self._room(begins, octets)
        if room > begins + self._timeout:
            self.full = 0
            self._wait(connection, begins)
            return None
        self._free = room
        read = self._client.reads(max(arrives + room - now, self._client.latest))
        self._unread.append((read, octets))
        self._bytes += octets
        return read

    def _room(self, begins: int, octets: int) -> int:
        """Return when there is room."""
        self._read(begins)
        size, room, there = self._client.spec.buffer, begins, self._bytes
        if there + octets <= size:
            return begins
        # Who has found no room is woken when a third is free.
        enough = min(size - octets, size - size // 3)
        for read, length in self._unread:
            if there <= enough:
                break
            room, there = read, there - length
        return room

    def _read(self, now: int) -> None:
        while self._unread and self._unread[0][0] <= now:
            self._bytes -= self._unread.popleft()[1]

    def pile(self, connection: Connection, type_: str, held: int) -> None:
        """Write a message that will not be read for now, behind so many that are held back."""
        if self.full is None:
            now = self._client.world.clock.now
            self._read(now)
            self._piled += BYTES.get(type_, OTHER_BYTES)
            if self._bytes + self._piled > self._client.spec.buffer:
                self.full = held
                self._wait(connection, now)

    def stall(self) -> int | None:
        """What has not been read yet will not be, and is going to be piled up; return :attr:`full`."""
        self._free = min(self._free, self._client.world.clock.now)
        self._unread.clear()
        self._bytes = 0
        return self.full

    def resume(self) -> None:
        """What is held back is written again, and read."""
        self._piled, self.full, self._patience = 0, None, None

    def _wait(self, connection: Connection, begins: int) -> None:
        clock = self._client.world.clock
        self._patience = until = begins + self._timeout
        payload = (connection, until)
        clock.after(until - clock.now, Rank.ASTERISK, self._client.index, self._out_of_patience, payload)

    def _out_of_patience(self, happening: Happening) -> None:
        """A write has waited too long, if nothing has come of it meanwhile."""
        connection: Connection
        connection, until = happening.payload
        if connection.over or self._patience != until:
            return
        world = self._client.world
        for message in connection.take_held(self.full or 0):
            world.lost(message)
        world.closed(connection, "write_timeout", "write_timeout")
        self._client.hear(connection)
