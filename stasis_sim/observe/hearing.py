"""What an app has heard of a call, and what it takes for true because of what it did not hear.

An app *knows of* a call once it has heard its StasisStart (one that is subscribed to everything: its ChannelCreated),
or has had a command carried out on it, as a client that lists the channels can. It believes in the call until it hears
StasisEnd or ChannelDestroyed. Of a caller's hangup Asterisk tells twice: ChannelHangupRequest, then StasisEnd
(the recording ``caller-hangup``).

The same rules are read off the trace of a call, off the ways of the open loop, and off tables on disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol, TypeVar

HEARD: Final = frozenset({"delivered", "late", "misdelivered"})
"""Fates of what a program of the app handled, if not always the right one."""
GONE: Final = frozenset({"missed", "lost"})
"""Fates of what no client ever handled."""

BEGINS: Final = frozenset({"StasisStart", "ChannelCreated"})
ENDS: Final = frozenset({"StasisEnd", "ChannelDestroyed"})
HANGUP: Final = "ChannelHangupRequest"
FAREWELLS: Final = ENDS | {HANGUP}
"""Types that say that a call is over, or is about to be."""

_MEANINGS: Final = {
    "StasisStart": "unknown_call",
    "PlaybackFinished": "handler_waits",
    "RecordingFinished": "handler_waits",
    "RecordingFailed": "handler_waits",
    "ChannelDtmfReceived": "key_to_repeat",
    "CallBroadcast": "offer_unheard",
    "ChannelEnteredBridge": "stale_bridge",
    "ChannelLeftBridge": "stale_bridge",
}


class Told(Protocol):
    """An event: a row of the trace, or of a table."""

    @property
    def app(self) -> str:
        """For whom it was raised."""
        ...

    @property
    def type(self) -> str:
        """Its type."""
        ...

    @property
    def raised(self) -> int:
        """When, in microseconds."""
        ...

    @property
    def fate(self) -> str:
        """What became of it."""
        ...


class Stay(Protocol):
    """An execution of Stasis: a row of the trace, or of a table."""

    @property
    def at(self) -> int:
        """When, in microseconds."""
        ...

    @property
    def result(self) -> str:
        """What became of it."""
        ...

    @property
    def first_command(self) -> int | None:
        """When the first command was carried out inside, in microseconds; None: none was."""
        ...


T = TypeVar("T", bound=Told)
S = TypeVar("S", bound=Stay)


def starts(events: Sequence[T], stays: Sequence[S]) -> Iterator[tuple[S, T]]:
    """Yield the stays that entered, each with its StasisStart: the next one raised since; the others are of moves."""
    left = iter([event for event in events if event.type == "StasisStart"])
    for stay in stays:
        if stay.result == "entered":
            # Whatever else compares instants of the open loop's laboratory makes a condition of it.
            own = next((start for start in left if int.__ge__(start.raised, stay.at)), None)
            if own is not None:
                yield stay, own


def _known_by(event: T, events: Sequence[T], stays: Sequence[S]) -> bool:
    """Whether an app knows of a call by an event with which it begins, or by what it has done about it since."""
    if event.fate in GONE and event.type == "StasisStart":
        return any(start is event and stay.first_command is not None for stay, start in starts(events, stays))
    return event.fate in HEARD


def deceived(events: Sequence[T], stays: Sequence[S], *, over: bool) -> tuple[str, ...]:
    """Return the apps that believe in a call that has left them, and which nothing on its way will tell.

    Args:
        events: Of the call, in order.
        stays: Its attempts, in order.
        over: Whether the call has ended. Of an app that it has forgotten Asterisk raises no events, so what it does not
            hear is not always an event that is missed.
    """
    believed: dict[str, bool] = {}  # by app: whether an end was missed since
    for event in events:
        type_ = event.type
        if type_ in BEGINS:
            if _known_by(event, events, stays):
                believed[event.app] = False
        elif type_ in ENDS and event.app in believed:
            if event.fate in GONE:
                believed[event.app] = True
            else:
                del believed[event.app]
    return tuple(app for app, missed in believed.items() if missed or over)


def farewells(events: Sequence[T], stays: Sequence[S]) -> Iterator[str]:
    """Yield for each of :data:`FAREWELLS` that was missed or lost, in order, what that means."""
    told: dict[str, int] = {}  # by app: place of the last event that says whether the call is there
    over: dict[str, int] = {}  # by app: place of the last event of its end, heard or not
    for place, event in enumerate(events):
        if event.type in ENDS:
            over[event.app] = place
        if _tells(event, events, stays):
            told[event.app] = place
    believed: dict[str, bool] = {}
    for place, event in enumerate(events):
        app = event.app
        if event.type in FAREWELLS and event.fate in GONE:
            if app not in believed:
                yield "never_knew"
            elif not believed[app] or place < told[app]:
                yield "repeated"
            elif event.type != HANGUP:
                yield "stale_state"
            else:
                yield "repeated" if place < over.get(app, 0) else "information"
        elif _tells(event, events, stays):
            believed[app] = event.type in BEGINS


def _tells(event: T, events: Sequence[T], stays: Sequence[S]) -> bool:
    """Whether an event tells its app, now or when it arrives, that a call has begun or is over."""
    if event.type in BEGINS:
        return _known_by(event, events, stays)
    return event.type in ENDS and event.fate not in GONE


def meaning(type_: str, fate: str, *, about: bool) -> str:
    """Return what it means that an event was not simply delivered, where that does not hang on other events.

    Args:
        type_: Its type; :data:`FAREWELLS` that are gone have their meaning from :func:`farewells`.
        fate: What became of it.
        about: Whether it is about a call.
    """
    if fate == "late":
        return "acted_late" if about else "information"
    if fate == "misdelivered":
        return "wrong_program"
    if type_.startswith("Bridge"):
        return "stale_bridge"
    return _MEANINGS.get(type_, "information")
