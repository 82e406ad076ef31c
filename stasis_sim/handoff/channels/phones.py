"""The two halves of a Local channel: what the one that runs the dialplan takes over from the one at the phone.

It gets a copy of the variables; the other's caller is its connected line, and the other's connected line its caller
(originate-caller-id, originate-from).  The recorder's callers are Local channels, and a call's variables are those of
the phone's half: it is there that functions among them are written (caller-functions).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.dialplan.functions.caller import calling, connect, connected
from stasis_sim.handoff.dialplan.pbx import Pbx
from stasis_sim.handoff.dialplan.thread import Host, SilentHost, Thread
from stasis_sim.handoff.dialplan.variables import split_name

if TYPE_CHECKING:
    from stasis_sim.handoff.channels.snapshots import Channel, Channels

_LANGUAGE: Final = "CHANNEL(language)"
_DIALLED: Final = "CALLERID(dnid)"
_REDIRECTING: Final = "REDIRECTING"


class _Phone(SilentHost):
    """Where the phone's half is: only what it does to global variables is seen."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def global_variable(self, name: str, value: str) -> None:
        """A global variable was set."""
        self._host.global_variable(name, value)


def phone_of(pbx: Pbx, thread: Thread, variables: Mapping[str, str]) -> Thread:
    """Return the phone's half of a caller's channel, which was given the call's variables."""
    phone = Thread(f"phone-{thread.channel}", thread.context, thread.exten)
    beside = pbx.beside(_Phone(pbx.host))
    for name, value in variables.items():
        put(beside, phone, name, value)
    return phone


def put(pbx: Pbx, thread: Thread, name: str, value: str) -> None:
    """Set a variable, which is the newest then, or write a function (originate-functions)."""
    thread.variables.pop(split_name(name)[1], None)
    pbx.set_variable(thread, name, value)


def speak_as(thread: Thread, other: Thread) -> None:
    """Speak the language of another channel."""
    if _LANGUAGE in other.extras:
        thread.extras[_LANGUAGE] = other.extras[_LANGUAGE]


def take_after(channels: Channels, channel: Channel, other: Thread) -> None:
    """Let a half take over from the other what it does."""
    thread = channel.thread
    channels.give(channel, {other.prefixes.get(name, "") + name: value for name, value in other.variables.items()})
    caller = connected(other)
    if any(caller):
        thread.caller_name, thread.caller_number = caller
        channels.called_by(channel)
    if connect(thread, *calling(other)):
        channels.connected_to(channel)
    speak_as(thread, other)
    for kept, value in other.extras.items():
        if kept == _DIALLED or kept.startswith(_REDIRECTING):
            thread.extras[kept] = value
