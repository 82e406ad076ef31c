"""Functions of the channel: CHANNEL, TIMEOUT and the groups that it is in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.posix import compile_posix
from stasis_sim.handoff.clib.text import fold, scan_float
from stasis_sim.handoff.dialplan.functions import channel_items

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread, Writer

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


CHANNEL_READERS: Final[dict[str, Reader]] = {
    "CHANNEL": _channel,
    "TIMEOUT": _timeout,
    "GROUP": _group,
    "GROUP_COUNT": _group_count,
    "GROUP_MATCH_COUNT": _group_match_count,
    "GROUP_LIST": _group_list,
}

CHANNEL_WRITERS: Final[dict[str, Writer]] = {
    "CHANNEL": _write_channel,
    "TIMEOUT": _write_timeout,
    "GROUP": _write_group,
}
