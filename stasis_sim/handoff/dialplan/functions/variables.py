"""Functions that read, write and delete variables: GLOBAL, SHARED, LOCAL, IMPORT, VARIABLE_EXISTS and others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import atoi, fold, split_arguments
from stasis_sim.handoff.dialplan import subroutines

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread, Writer


def _global(pbx: Pbx, _thread: Thread, data: str) -> str:
    return pbx.globals.get(data, "")


def _write_global(pbx: Pbx, _thread: Thread, data: str, value: str) -> None:
    pbx.set_variable(None, data, value)


def _whose(pbx: Pbx, thread: Thread, data: str) -> tuple[Thread | None, str]:
    """Return the channel whose SHARED(name[,channel]) is meant, None if there is none, and the variable."""
    name, channel = [*split_arguments(data, 2), "", ""][:2]
    return (named(pbx, thread, channel) if channel else thread), f"SHARED({name})"


def _shared(pbx: Pbx, thread: Thread, data: str) -> str:
    owner, name = _whose(pbx, thread, data)
    return "" if owner is None else owner.extras.get(name, "")


def _write_shared(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    owner, name = _whose(pbx, thread, data)
    if owner is None:
        pbx.host.log("ERROR", f"Channel '{data}' not found! Variable '{name}' will not be set.")
        return
    owner.extras[name] = value
    pbx.host.variable(owner, name, value)


def _local(pbx: Pbx, thread: Thread, data: str) -> str:
    return (pbx.get_variable(thread, data) or "") if thread.frames and data in thread.frames[-1].hidden else ""


def _write_local(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    if not thread.frames:
        pbx.host.log("ERROR", "Tried to set LOCAL within no Gosub")
        return
    for name in split_arguments(data, raw=True):
        subroutines.set_local(pbx, thread, name, value)


def _local_peek(_pbx: Pbx, thread: Thread, data: str) -> str | None:
    arguments = split_arguments(data, 2, raw=True)
    if len(arguments) < 2:  # noqa: PLR2004 - depth, name
        return None
    layers = [thread.variables.get(arguments[1])]
    layers += [frame.hidden[arguments[1]] for frame in reversed(thread.frames) if arguments[1] in frame.hidden]
    values = [value for value in layers if value is not None]
    depth = atoi(arguments[0])
    return values[depth] if 0 <= depth < len(values) else ""


def _stack_peek(_pbx: Pbx, thread: Thread, data: str) -> str | None:
    arguments = split_arguments(data, 3)
    depth = atoi(arguments[0]) if len(arguments) > 1 else 0
    if not 0 < depth <= len(thread.frames):
        return None
    frame = thread.frames[-depth]
    parts = {
        "l": f"{frame.context},{frame.exten},{frame.priority - 1}",
        "c": frame.context,
        "e": frame.exten,
        "p": str(frame.priority - 1),
    }
    return parts.get(arguments[1].lstrip()[:1])


def _variable_exists(pbx: Pbx, thread: Thread, data: str) -> str:
    """Only what was set, on the channel or globally: nothing that Asterisk makes up."""
    return "1" if data in thread.variables or data in pbx.globals else "0"


def _global_exists(pbx: Pbx, _thread: Thread, data: str) -> str:
    return "1" if data in pbx.globals else "0"


def _delete(pbx: Pbx, thread: Thread, data: str, _value: str) -> None:
    if data in thread.variables:
        pbx.set_variable(thread, data, None)


def _global_delete(pbx: Pbx, _thread: Thread, data: str, _value: str) -> None:
    pbx.set_variable(None, data, None)


def _master(pbx: Pbx, thread: Thread, data: str) -> str:
    """Read a variable of the channel with which the call has begun: of a Local channel that is its other half."""
    if thread.kind == "local" and f"MASTER({data})" in thread.extras:
        return thread.extras[f"MASTER({data})"]
    if thread.kind == "local" and data in thread.variables:
        return ""
    return pbx.get_variable(thread, data) or ""


def _write_master(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    if thread.kind == "local":
        thread.extras[f"MASTER({data})"] = value
    else:
        pbx.set_variable(thread, data, value)


def named(pbx: Pbx, thread: Thread, name: str) -> Thread | None:
    """Return a channel by its name or id, None if there is none."""
    called = fold(name)
    return next(
        (each for each in (thread, *pbx.host.threads()) if called in {fold(each.name), fold(each.channel)}), None
    )


def _import(pbx: Pbx, thread: Thread, data: str) -> str | None:
    """IMPORT(channel,name): what another channel has under a name, which may be cut (dialplan_more:hash-import)."""
    arguments = split_arguments(data, 2)
    if len(arguments) < 2 or not arguments[1]:  # noqa: PLR2004 - channel and name
        return None
    other = named(pbx, thread, arguments[0])
    return None if other is None else pbx.substitute(other, f"${{{arguments[1]}}}")


def _export(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    """EXPORT(channel,name): a variable of another channel."""
    arguments = [*split_arguments(data, 2), "", ""]
    other = named(pbx, thread, arguments[0])
    if other is None or not arguments[1]:
        pbx.host.log("WARNING", f"Channel '{arguments[0]}' not found! '{arguments[1]}' not set.")
    else:
        pbx.set_variable(other, arguments[1], value)


VARIABLE_READERS: Final[dict[str, Reader]] = {
    "GLOBAL": _global,
    "SHARED": _shared,
    "LOCAL": _local,
    "LOCAL_PEEK": _local_peek,
    "STACK_PEEK": _stack_peek,
    "VARIABLE_EXISTS": _variable_exists,
    "GLOBAL_EXISTS": _global_exists,
    "MASTER_CHANNEL": _master,
    "IMPORT": _import,
}

VARIABLE_WRITERS: Final[dict[str, Writer]] = {
    "GLOBAL": _write_global,
    "SHARED": _write_shared,
    "LOCAL": _write_local,
    "DELETE": _delete,
    "GLOBAL_DELETE": _global_delete,
    "MASTER_CHANNEL": _write_master,
    "EXPORT": _export,
}
