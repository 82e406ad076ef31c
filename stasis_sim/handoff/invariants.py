"""What must hold whatever happens: a ledger that is kept over an engine's effects.

Conservation: who entered has left or is inside; what was raised was sent, missed or waits; who was called has ended
or is alive.  And: nothing happens to a channel that is gone, nobody enters twice or leaves without having entered,
and nothing is written for an application that Asterisk has forgotten.  The ledger only counts, so it can be kept
always; `check` compares the counts, at an outage or at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stasis_sim.handoff.effects import ENDED, LEFT, MISSED, QUEUED, REGISTRY, SEND, STASIS, STEP, Effect

_NOTICES: Final = frozenset({"ApplicationRegistered", "ApplicationUnregistered", "ApplicationReplaced"})
"""What a session is told about a name past the registry (outbound-and-inbound)."""


class InvariantError(AssertionError):
    """Something that cannot be: a fault of the model."""


class Ledger:
    """Counts of what has happened.

    Attributes:
        entered, ejected, left: Attempts to enter, and stays that ended.
        raised, sent, missed: Messages.
        ended: Channels that are gone.
        inside: The application that each channel inside belongs to.
        waiting: Serials of messages that wait for a connection.
    """

    __slots__ = (
        "_gone",
        "_registered",
        "_remember",
        "_serial",
        "ejected",
        "ended",
        "entered",
        "inside",
        "left",
        "missed",
        "raised",
        "sent",
        "waiting",
    )

    def __init__(self, *, remember: bool = False) -> None:
        """Start with nothing; `remember` keeps the names of channels that are gone, to see whether one comes back."""
        self._remember = remember
        self.entered = self.ejected = self.left = 0
        self.raised = self.sent = self.missed = self.ended = 0
        self.inside: dict[str, str] = {}
        self.waiting: dict[int, None] = {}
        self._registered: dict[str, None] = {}
        self._gone: dict[str, None] = {}
        self._serial = 0

    def observe(self, effects: Iterable[Effect]) -> None:
        """Enter what happened.

        Raises:
            InvariantError: It cannot have.
        """
        for effect in effects:
            kind = effect[0]
            if kind in {SEND, QUEUED, MISSED}:
                self._message(effect)
            elif kind in {STEP, STASIS, LEFT, ENDED}:
                self._channel(effect)
            elif kind == REGISTRY:
                self._application(effect[1], effect[2])

    def check(self) -> None:
        """Compare the counts.

        Raises:
            InvariantError: They do not balance.
        """
        if self.entered != self.left + len(self.inside):
            raise InvariantError(f"{self.entered} entered, but {self.left} left and {len(self.inside)} are inside")
        if self.raised != self.sent + self.missed + len(self.waiting):
            parts = f"{self.sent} sent, {self.missed} missed, {len(self.waiting)} waiting"
            raise InvariantError(f"{self.raised} messages raised, but {parts}")

    def _message(self, effect: Effect) -> None:
        if effect[0] == MISSED:
            _, serial, app, event_type = effect[:4]
            self.missed += 1
        else:
            _, _, serial, app, event_type = effect[:5]
            if effect[0] == QUEUED:
                self.waiting[serial] = None
            else:
                self.sent += 1
                if serial in self.waiting:
                    del self.waiting[serial]
                    return
            if app not in self._registered and event_type not in _NOTICES:
                raise InvariantError(f"{event_type} is written for {app}, which is forgotten")
        self.raised += 1
        if serial <= self._serial:
            raise InvariantError(f"message {serial} comes after message {self._serial}")
        self._serial = serial

    def _channel(self, effect: Effect) -> None:
        kind, channel = effect[0], effect[1]
        if channel in self._gone:
            raise InvariantError(f"{kind} of channel {channel}, which is gone")
        if kind == STASIS:
            if effect[4] != "entered":
                self.ejected += effect[4] == "ejected"
                return
            if channel in self.inside:
                raise InvariantError(f"channel {channel} enters {effect[2]} and is inside {self.inside[channel]}")
            self.entered += 1
            self.inside[channel] = effect[2]
        elif kind == LEFT:
            if self.inside.pop(channel, None) != effect[2]:
                raise InvariantError(f"channel {channel} leaves {effect[2]}, in which it is not")
            self.left += 1
        elif kind == ENDED:
            if channel in self.inside:
                raise InvariantError(f"channel {channel} ends inside {self.inside[channel]}")
            self.ended += 1
            if self._remember:
                self._gone[channel] = None

    def _application(self, app: str, change: str) -> None:
        if change == "created":
            self._registered[app] = None
        elif change == "forgotten":
            self._registered.pop(app, None)
        elif app not in self._registered:
            raise InvariantError(f"application {app} is {change} and is not registered")
