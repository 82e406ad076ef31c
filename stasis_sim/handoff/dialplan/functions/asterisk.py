"""Functions on what belongs to Asterisk as a whole: its version, channels, locks, dial groups and device states."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.posix import compile_posix
from stasis_sim.handoff.clib.text import atoi, fold, octets, split_arguments
from stasis_sim.handoff.dialplan.contexts import HINT

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread, Writer

_BUILT: Final = {
    "BUILD_USER": "nobody",
    "BUILD_HOSTNAME": "buildd.debian.org",
    "BUILD_MACHINE": "unknown",
    "BUILD_OS": "Linux",
    "BUILD_KERNEL": "unknown",
}
_CUSTOM: Final = "custom:"
# The states of a device, the one that counts for more of two behind the other.
_STATES: Final = (
    "INVALID",
    "UNKNOWN",
    "UNAVAILABLE",
    "NOT_INUSE",
    "ONHOLD",
    "RINGING",
    "INUSE",
    "BUSY",
    "RINGINUSE",
)
_IN_USE: Final = frozenset({"INUSE", "ONHOLD", "BUSY"})
_EXTENSION_STATES: Final = {"INVALID": "UNAVAILABLE", "UNKNOWN": "NOT_INUSE"}


def _version(pbx: Pbx, _thread: Thread, data: str) -> str:
    if fold(data) == "asterisk_version_num":
        major, minor, patch = (atoi(part) for part in f"{pbx.rules.version}.0.0".split(".")[:3])
        return f"{major}{minor:02d}{patch:02d}"
    return _BUILT.get(data.upper(), pbx.rules.version)


# ---- channels --------------------------------------------------------------------


def _channels(pbx: Pbx, thread: Thread, data: str) -> str | None:
    """Return the names of all channels, or of those that match a regular expression."""
    compiled = compile_posix(data)
    if compiled is None:
        pbx.host.log("WARNING", f"Error compiling regular expression for CHANNELS({data})")
        return None
    names = [each.name for each in pbx.host.threads()] or [thread.name]
    return " ".join(name for name in names if compiled.search(name))


def _channel_exists(pbx: Pbx, thread: Thread, data: str) -> str | None:
    if not data:
        pbx.host.log("WARNING", "CHANNEL_EXISTS: Channel name or unique ID required")
        return None
    known = data in {thread.name, thread.channel} or any(
        data in {each.name, each.channel} for each in pbx.host.threads()
    )
    return "1" if known else "0"


# ---- locks -----------------------------------------------------------------------


def _lock(pbx: Pbx, thread: Thread, data: str) -> str:
    """LOCK() and TRYLOCK(): a channel may take a lock several times; Asterisk's LOCK() would wait for another's."""
    held = pbx.locks.get(data)
    if held is not None and held[0] != thread.channel:
        return "0"
    pbx.locks[data] = (thread.channel, 1 if held is None else held[1] + 1)
    thread.extras["LOCKS"] = "yes"
    return "1"


def _unlock(pbx: Pbx, thread: Thread, data: str) -> str:
    held = pbx.locks.get(data)
    if held is None or held[0] != thread.channel:
        return "0"
    if held[1] > 1:
        pbx.locks[data] = (held[0], held[1] - 1)
    else:
        del pbx.locks[data]
    return "1"


def leave_locks(pbx: Pbx, thread: Thread) -> None:
    """Give back the locks of a channel that is gone."""
    if "LOCKS" in thread.extras:
        for name in [name for name, held in pbx.locks.items() if held[0] == thread.channel]:
            del pbx.locks[name]


# ---- dial groups -----------------------------------------------------------------


def _dial_group(pbx: Pbx, _thread: Thread, data: str) -> str | None:
    members = pbx.dial_groups.get(split_arguments(data, 1)[0] if data else "")
    if members is None:
        pbx.host.log("WARNING", f"No such dialgroup '{data}'")
        return None
    return "&".join(members)


def _write_dial_group(pbx: Pbx, _thread: Thread, data: str, value: str) -> None:
    name, *operation = [*split_arguments(data, 2), ""][:2]
    what = fold(operation[0]) if operation else ""
    group = pbx.dial_groups.setdefault(name, [])
    if what == "del":
        group[:] = [member for member in group if member != value]
    elif what == "add":
        group[:] = [*group, value] if value not in group else group
    elif what:
        pbx.host.log("ERROR", f"Unrecognized operation: {what}")
    else:
        members = [member for member in value.split("&") if member]
        # Of a member that is named twice the last one stays.
        group[:] = list(dict.fromkeys(reversed(members)))[::-1]


# ---- device states ---------------------------------------------------------------


def _device_state(pbx: Pbx, _thread: Thread, data: str) -> str:
    """Return a device's state: those of the dialplan and of ARI are known, no technology has any other device."""
    scheme, colon, name = data.partition(":")
    if colon and fold(scheme) in {"custom", "stasis"}:
        return pbx.devices.get(f"{scheme.capitalize()}:{name}", "UNKNOWN")
    technology, _, resource = data.partition("/")
    if fold(technology) == "local" and resource:
        exten, _, context = resource.partition("/")[0].partition("@")
        return _local_state(pbx, exten, context or "default")
    return "INVALID"


def _local_state(pbx: Pbx, exten: str, context: str) -> str:
    """A Local channel can be dialled where its extension exists; it is in use while there is one."""
    if not pbx.exists(None, context, exten):
        return "INVALID"
    begins = f"Local/{exten}@{context}-"
    busy = any(each.name.startswith(begins) for each in pbx.host.threads())
    return "INUSE" if busy else "NOT_INUSE"


def _write_device_state(pbx: Pbx, _thread: Thread, data: str, value: str) -> None:
    if not data.lower().startswith(_CUSTOM):
        pbx.host.log("WARNING", "The DEVICE_STATE function can only be used to set 'Custom:' device state!")
        return
    name = data[len(_CUSTOM) :]
    if not name:
        pbx.host.log("WARNING", "DEVICE_STATE function called with no custom device name!")
        return
    state = value.upper()
    if state == "UNKNOWN" or state not in _STATES:
        pbx.host.log("ERROR", f"DEVICE_STATE function given invalid state value '{value}'")
        return
    device = f"Custom:{name}"
    changed = pbx.devices.get(device) != state
    pbx.devices[device] = state
    if changed:
        pbx.host.device_changed(device, state)


def _extension_state(pbx: Pbx, thread: Thread, data: str) -> str | None:
    """Return the state of what an extension's hint names: of several devices the one that counts for most."""
    exten, _, context = data.partition("@")
    if not exten:
        pbx.host.log("WARNING", "EXTENSION_STATE requires an extension")
        return None
    wall = pbx.host.wall()
    match = pbx.dialplan.find(context or "default", exten, HINT, caller=thread.caller_number, wall_us=wall)
    if match is None:
        return "UNKNOWN"
    devices = [_device_state(pbx, thread, device) for device in match.step.application.split("&")]
    if "RINGING" in devices and not _IN_USE.isdisjoint(devices):
        return "RINGINUSE"
    state = max(devices, key=_STATES.index)
    return _EXTENSION_STATES.get(state, state)


def _uuid(pbx: Pbx, thread: Thread, _data: str) -> str:
    """Give an identifier that depends on the channel and the moment only: the model has no randomness of its own."""
    seed = f"{thread.channel}/{pbx.host.now()}/{thread.context}/{thread.exten}/{thread.priority}"
    digest = hashlib.md5(octets(seed).encode("latin-1"), usedforsecurity=False).digest()
    return str(uuid.UUID(bytes=digest, version=4))


ASTERISK_READERS: Final[dict[str, Reader]] = {
    "VERSION": _version,
    "CHANNELS": _channels,
    "CHANNEL_EXISTS": _channel_exists,
    "LOCK": _lock,
    "TRYLOCK": _lock,
    "UNLOCK": _unlock,
    "DIALGROUP": _dial_group,
    "DEVICE_STATE": _device_state,
    "EXTENSION_STATE": _extension_state,
    "UUID": _uuid,
}

ASTERISK_WRITERS: Final[dict[str, Writer]] = {"DIALGROUP": _write_dial_group, "DEVICE_STATE": _write_device_state}
