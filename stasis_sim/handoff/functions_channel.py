"""Functions of the channel and the dialplan: CHANNEL, TIMEOUT, GLOBAL, LOCAL, DIALPLAN_EXISTS and others."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff import channel_items, subroutines
from stasis_sim.handoff.dialplan import HINT
from stasis_sim.handoff.posix import compile_posix
from stasis_sim.handoff.text import atoi, fold, scan_float, scan_int, split_arguments

if TYPE_CHECKING:
    from stasis_sim.handoff.pbx import Pbx
    from stasis_sim.handoff.thread import Thread

Reader = Callable[["Pbx", "Thread", str], str | None]
Writer = Callable[["Pbx", "Thread", str, str], None]

_MICROSECONDS: Final = 1_000_000
_SECOND_MS: Final = 1_000
_INT_LIMIT: Final = 1 << 31
_LONGEST: Final = 10**15
_WHOLE: Final = re.compile(r"\s*[+-]?[0-9]{1,30}")
_KINDS: Final = {"local": "Local", "sip": "PJSIP"}
_DEFAULT_TIMEOUTS: Final = {"r": 10_000_000, "d": 5_000_000}
# Items of CHANNEL() that can be set and start with these values.
_ITEMS: Final = {
    "language": "en",
    "musicclass": "",
    "accountcode": "",
    "peeraccount": "",
    "userfield": "",
    "parkinglot": "",
    "amaflags": "3",
    "hangupsource": "",
    "tonezone": "",
    "tenantid": "",
    "transfercapability": "SPEECH",
    "callgroup": "",
    "pickupgroup": "",
    "namedcallgroup": "",
    "namedpickupgroup": "",
    "dtmf_features": "",
    "after_bridge_goto": "",
    "max_forwards": "20",
    "audioreadformat": "slin",
    "audiowriteformat": "slin",
    "audionativeformat": "(slin)",
    "videonativeformat": "(nothing)",
}
_FROM_THREAD: Final[dict[str, Callable[[Thread], str]]] = {
    "name": lambda thread: thread.name,
    "channame": lambda thread: thread.name,
    "state": lambda thread: thread.state,
    "channeltype": lambda thread: _KINDS.get(thread.kind, thread.kind),
    "checkhangup": lambda thread: "1" if thread.hungup else "0",
    # While a step's data is substituted no application runs.
    "appname": lambda thread: thread.application if thread.then is not None else "",
    "appdata": lambda thread: thread.data if thread.then is not None else "",
    "exten": lambda thread: thread.exten,
    "context": lambda thread: thread.context,
    "uniqueid": lambda thread: thread.channel,
    "linkedid": lambda thread: thread.channel,
    "onhold": lambda _: "0",
    "peer": lambda _: "",
}


def _channel(pbx: Pbx, thread: Thread, data: str) -> str | None:
    item = fold(data)
    if item in _FROM_THREAD:
        return _FROM_THREAD[item](thread)
    if item in _ITEMS:
        return thread.extras.get(f"CHANNEL({item})", _ITEMS[item])
    pbx.host.log("WARNING", f"Unknown or unavailable item requested: '{data}'")
    return None


def _write_channel(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    item = fold(data)
    if item in _ITEMS:
        name = f"CHANNEL({item})"
        thread.extras[name] = channel_items.kept(item, value, thread.extras.get(name, _ITEMS[item]))
    elif item.startswith("hangup_handler_"):
        _hangup_handlers(thread, item, value and _full_place(thread, value))
    else:
        pbx.host.log("WARNING", f"Unknown or unavailable item requested: '{data}'")


def _full_place(thread: Thread, text: str) -> str:
    """Fill in what a place leaves out: it is meant from here, not from where the hangup will be."""
    place, bracket, arguments = text.partition("(")
    parts = place.split(",")
    missing = [thread.context, thread.exten][: max(0, 3 - len(parts))]
    return ",".join([*missing, *parts]) + bracket + arguments


def _hangup_handlers(thread: Thread, item: str, value: str) -> None:
    """Keep the handlers, the next to run first, one in each line."""
    handlers = thread.extras.get("HANGUP_HANDLERS", "").splitlines()
    if item == "hangup_handler_wipe":
        handlers = []
    elif item == "hangup_handler_pop":
        handlers = handlers[1:]
    if value:
        handlers.insert(0, value)
    thread.extras["HANGUP_HANDLERS"] = "\n".join(handlers)


def timeout_us(thread: Thread, kind: str) -> int:
    """Return the digit (``d``) or response (``r``) timeout."""
    text = thread.extras.get(f"TIMEOUT({kind})")
    return _DEFAULT_TIMEOUTS[kind] if text is None else int(text)


def _timeout(pbx: Pbx, thread: Thread, data: str) -> str | None:
    kind = fold(data[:1])
    if kind == "a":
        if thread.deadline is None:
            return "0"
        return f"{(thread.deadline - pbx.host.now()) / _MICROSECONDS:.3f}"
    if kind in _DEFAULT_TIMEOUTS:
        return f"{timeout_us(thread, kind) / _MICROSECONDS:.3f}"
    pbx.host.log("ERROR", "Unknown timeout type specified.")
    return None


def _seconds(text: str) -> float:
    """Read a whole number, and what it is followed by as a number too, which is added: ``3-1`` are two seconds."""
    match = _WHOLE.match(text)
    if match is None or int(match[0]) < 0:
        return 0.0
    fraction = scan_float(text[match.end() :]) or 0.0
    return min(int(match[0]), _LONGEST) + (fraction if math.isfinite(fraction) else 0.0)


def _write_timeout(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    kind = fold(data[:1])
    seconds = _seconds(value)
    if kind == "a":
        thread.deadline = pbx.host.now() + int(seconds * _MICROSECONDS) if seconds > 0 else None
    elif kind in _DEFAULT_TIMEOUTS:
        # Milliseconds, as an int.
        milliseconds = (int(seconds * _SECOND_MS) + _INT_LIMIT) % (2 * _INT_LIMIT) - _INT_LIMIT
        thread.extras[f"TIMEOUT({kind})"] = str(milliseconds * (_MICROSECONDS // _SECOND_MS))
    else:
        pbx.host.log("ERROR", "Unknown timeout type specified.")


def _global(pbx: Pbx, _thread: Thread, data: str) -> str:
    return pbx.globals.get(data, "")


def _write_global(pbx: Pbx, _thread: Thread, data: str, value: str) -> None:
    pbx.set_variable(None, data, value)


def _is_own(thread: Thread, channel: str) -> bool:
    """Decide whether a channel that is named is the one at hand, or none is; others are out of sight here."""
    return not channel or fold(channel) in {fold(thread.name), fold(thread.channel)}


def _shared(_pbx: Pbx, thread: Thread, data: str) -> str:
    arguments = [*split_arguments(data, 2), "", ""]
    return thread.extras.get(f"SHARED({arguments[0]})", "") if _is_own(thread, arguments[1]) else ""


def _write_shared(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    arguments = [*split_arguments(data, 2), "", ""]
    if not _is_own(thread, arguments[1]):
        pbx.host.log("ERROR", f"Channel '{arguments[1]}' not found! Variable '{arguments[0]}' not set")
        return
    name = f"SHARED({arguments[0]})"
    thread.extras[name] = value
    pbx.host.variable(thread, name, value)


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


def _dialplan_exists(pbx: Pbx, thread: Thread, data: str) -> str | None:
    arguments = [*split_arguments(data, 3), "", "", ""]
    context, exten, priority = arguments[:3]
    if priority:
        number = scan_int(priority)
        if number is not None and number > 0:
            return "1" if pbx.exists(thread, context, exten, number) else "0"
        return "1" if pbx.label(thread, context, exten, priority) else "0"
    if exten:
        return "1" if pbx.exists(thread, context, exten) else "0"
    if context:
        return "1" if context in pbx.dialplan.contexts else "0"
    pbx.host.log("ERROR", "DIALPLAN_EXISTS() requires an argument")
    return None


def _valid_exten(pbx: Pbx, thread: Thread, data: str) -> str | None:
    arguments = [*split_arguments(data, 3), "", "", ""]
    context, exten, priority = arguments[:3]
    if not exten:
        return None
    number = scan_int(priority) if priority else 1
    # A label is no priority here.
    return "1" if number and pbx.exists(thread, context or thread.context, exten, number) else "0"


def _exception(_pbx: Pbx, thread: Thread, data: str) -> str | None:
    return thread.extras.get(f"EXCEPTION({fold(data)})")


def _hint(pbx: Pbx, thread: Thread, data: str) -> str | None:
    exten, _, context = split_arguments(data)[0].partition("@") if data else ("", "", "")
    match = pbx.dialplan.find(context or "default", exten, HINT, caller=thread.caller_number, wall_us=pbx.host.wall())
    return None if match is None else match.step.application


def _category(data: str) -> str:
    return fold(data.partition("@")[2])


def _group(pbx: Pbx, thread: Thread, data: str) -> str:
    """Return the channel's group in a category, or, without one, in the first that it has."""
    for (_, category), members in pbx.members.items():
        if thread.channel in members and (not data or category == fold(data)):
            return members[thread.channel]
    return ""


def _write_group(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    """Put the channel into a group; in each category it has one."""
    group, _, category = value.partition("@")
    category = fold(data or category)
    for key, members in pbx.members.items():
        if key[1] == category:
            members.pop(thread.channel, None)
    pbx.members.setdefault((fold(group), category), {})[thread.channel] = group
    thread.extras["GROUPS"] = "yes"


def leave_groups(pbx: Pbx, thread: Thread) -> None:
    """Forget the groups of a channel that is gone."""
    if "GROUPS" in thread.extras:
        for members in pbx.members.values():
            members.pop(thread.channel, None)


def _group_count(pbx: Pbx, thread: Thread, data: str) -> str:
    category = _category(data)
    group = fold(data.partition("@")[0] or _group(pbx, thread, category))
    if category:
        return str(len(pbx.members.get((group, category), ())))
    return str(sum(len(members) for key, members in pbx.members.items() if key[0] == group))


def _group_match_count(pbx: Pbx, _thread: Thread, data: str) -> str | None:
    """Count the memberships whose group matches a regular expression, in a category that matches one, too."""
    expression, _, category = data.partition("@")
    if not expression:
        return None
    groups, categories = compile_posix(expression), compile_posix(category)
    if groups is None or categories is None:
        pbx.host.log("ERROR", f"Regular expression failed to compile: {data}")
        return "0"
    names = (
        name
        for (_, of), members in pbx.members.items()
        if not category or (of and categories.search(of))
        for name in members.values()
    )
    return str(sum(groups.search(name) is not None for name in names))


def _group_list(pbx: Pbx, thread: Thread, _data: str) -> str:
    """Return the groups of the channel: those without a category first."""
    mine = [(of, members[thread.channel]) for (_, of), members in pbx.members.items() if thread.channel in members]
    return " ".join([name for of, name in mine if not of] + [f"{name}@{of}" for of, name in mine if of])


def _db_keys(pbx: Pbx, _thread: Thread, data: str) -> str:
    """Return the next parts of the keys below a prefix."""
    prefix = f"{data.strip('/')}/" if data.strip("/") else ""
    keys = (key[len(prefix) :].partition("/")[0] for key in sorted(pbx.database) if key.startswith(prefix))
    return ",".join(dict.fromkeys(keys))


def _db(pbx: Pbx, _thread: Thread, data: str) -> str | None:
    return pbx.database.get(data)


def _write_db(pbx: Pbx, _thread: Thread, data: str, value: str) -> None:
    if "/" in data:
        pbx.database[data] = value
    else:
        pbx.host.log("WARNING", "DB requires an argument, DB(<family>/<key>)=<value>")


def _db_exists(pbx: Pbx, thread: Thread, data: str) -> str | None:
    if "/" not in data:
        pbx.host.log("WARNING", "DB_EXISTS requires an argument, DB(<family>/<key>)")
        return None
    value = pbx.database.get(data)
    if value is None:
        return "0"
    pbx.set_variable(thread, "DB_RESULT", value)
    return "1"


def _db_delete(pbx: Pbx, _thread: Thread, data: str) -> str:
    return pbx.database.pop(data, "")


def _import(pbx: Pbx, thread: Thread, data: str) -> str | None:
    """IMPORT(channel,variable)."""
    arguments = split_arguments(data, 2)
    if len(arguments) < 2 or not arguments[1]:  # noqa: PLR2004 - channel, variable
        pbx.host.log("ERROR", "IMPORT requires a channel and a variable")
        return None
    if not arguments[0] or not _is_own(thread, arguments[0]):
        return None
    return pbx.substitute(thread, f"${{{arguments[1]}}}")


CHANNEL_READERS: Final[dict[str, Reader]] = {
    "IMPORT": _import,
    "CHANNEL": _channel,
    "TIMEOUT": _timeout,
    "GLOBAL": _global,
    "SHARED": _shared,
    "LOCAL": _local,
    "LOCAL_PEEK": _local_peek,
    "STACK_PEEK": _stack_peek,
    "DIALPLAN_EXISTS": _dialplan_exists,
    "VALID_EXTEN": _valid_exten,
    "EXCEPTION": _exception,
    "HINT": _hint,
    "GROUP": _group,
    "GROUP_COUNT": _group_count,
    "GROUP_MATCH_COUNT": _group_match_count,
    "GROUP_LIST": _group_list,
    "DB": _db,
    "DB_EXISTS": _db_exists,
    "DB_KEYS": _db_keys,
    "DB_DELETE": _db_delete,
}

CHANNEL_WRITERS: Final[dict[str, Writer]] = {
    "CHANNEL": _write_channel,
    "TIMEOUT": _write_timeout,
    "GLOBAL": _write_global,
    "SHARED": _write_shared,
    "LOCAL": _write_local,
    "GROUP": _write_group,
    "DB": _write_db,
}
