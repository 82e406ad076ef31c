"""CALLERID() and CONNECTEDLINE(): name and number of a party, how they may be shown, and what else belongs to it.

The caller's name and number stand in the thread; everything else that was set is kept in its ``extras``. A part is
*valid* once it was set, also to nothing; only then it counts for how the party as a whole may be shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import atoi, fold, scan_int, split_arguments, strip

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread, Writer

_CALLERID: Final = "CALLERID"
_CONNECTED: Final = "CONNECTEDLINE"
REDIRECTED_FROM: Final = "REDIRECTING-from"
"""Under this is kept from whom a call was redirected, which CALLERID(rdnis) is a part of."""

_FOR_THE_EYE: Final = re.compile(r"[()\- ]|\.(?!\Z)")
_PRESENTATIONS: Final = {
    0x00: "allowed_not_screened",
    0x01: "allowed_passed_screen",
    0x02: "allowed_failed_screen",
    0x03: "allowed",
    0x20: "prohib_not_screened",
    0x21: "prohib_passed_screen",
    0x22: "prohib_failed_screen",
    0x23: "prohib",
    0x43: "unavailable",
}
_BY_NAME: Final = {name: number for number, name in _PRESENTATIONS.items()}
_UNAVAILABLE: Final = 0x43
_RESTRICTION: Final = 0x60
_SCREENING: Final = 0x03
_SCREENINGS: Final = ("Not Screened", "Passed Screen", "Failed Screen", "Network Number")
# What CONNECTEDLINE() has that is read as it is at first, whatever was written.
_NOT_KEPT: Final = {"source": "unknown", "num-plan": "0", "tag": ""}
# What is kept as it was set, under the name by which it is kept, with what it is before.
_KEPT: Final = {
    **dict.fromkeys(("ani", "ani-num"), ("ani", "")),
    "ani-name": ("ani-name", ""),
    **dict.fromkeys(("dnid", "dnid-num"), ("dnid", "")),
    **dict.fromkeys(("tag", "num-tag", "name-tag"), ("tag", "")),
    "ani-tag": ("ani-tag", ""),
    **dict.fromkeys(("ton", "num-plan"), ("ton", "0")),
    "ani2": ("ani2", "0"),
    "name-charset": ("name-charset", "iso8859-1"),
}
_NUMBERS: Final = frozenset({"ton", "ani2"})
_CHARSETS: Final = {
    0: "unknown",
    1: "iso8859-1",
    2: "withdrawn",
    3: "iso8859-2",
    4: "iso8859-3",
    5: "iso8859-4",
    6: "iso8859-5",
    7: "iso8859-7",
    8: "bmp",
    9: "utf8",
}


def split_caller(text: str) -> tuple[str, str]:
    """Take a caller id (``"Name" <number>``, a number, or a name) apart into name and number.

    The number stands behind the last ``<``, up to the last ``>`` if there is one.
    """
    text = text.strip()
    whole = _unquoted(text)
    name, bracket, number = whole.rpartition("<")
    if bracket:
        inside, closing, _ = number.rpartition(">")
        return _unescaped(_unquoted(name.strip())), _bare((inside if closing else number).strip())
    number = _FOR_THE_EYE.sub("", text)
    if number and re.fullmatch(r"[0-9*#+]+", number):
        return "", number
    return _unescaped(whole), ""


def _unquoted(text: str) -> str:
    return text[1:-1] if text[:1] == '"' and text[-1:] == '"' else text


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _bare(number: str) -> str:
    return _FOR_THE_EYE.sub("", number)


def kept(thread: Thread, item: str, default: str = "", who: str = _CALLERID) -> str:
    """Return what was set of a party."""
    return thread.extras.get(f"{who}({item})", default)


def keep(thread: Thread, item: str, value: str, who: str = _CALLERID) -> None:
    """Set something of a party."""
    thread.extras[f"{who}({item})"] = value


def is_valid(thread: Thread, part: str, who: str = _CALLERID) -> bool:
    """Decide whether the number (``num``) or the name counts as known."""
    value = (thread.caller_number if part == "num" else thread.caller_name) if who == _CALLERID else ""
    return kept(thread, f"{part}-valid", "1" if value else "0", who) == "1"


def presentation_of(thread: Thread, part: str, who: str = _CALLERID) -> int:
    """Return how a party's number (``num``) or name may be shown."""
    return atoi(kept(thread, f"{part}-pres", "0", who))


def presentation(thread: Thread, who: str = _CALLERID) -> int:
    """Return how name and number together may be shown, as ``${CALLINGPRES}`` does: the stricter of the two wins."""
    value, screening, name = _UNAVAILABLE & _RESTRICTION, 0, _UNAVAILABLE & _RESTRICTION
    if is_valid(thread, "num", who):
        value = presentation_of(thread, "num", who) & _RESTRICTION
        screening = presentation_of(thread, "num", who) & _SCREENING
    if is_valid(thread, "name", who):
        name = presentation_of(thread, "name", who) & _RESTRICTION
    if _strictness(name, known=is_valid(thread, "name", who)) < _strictness(value, known=is_valid(thread, "num", who)):
        value = name
    return _UNAVAILABLE if value == _UNAVAILABLE & _RESTRICTION else value | screening


def describe_presentation(number: int) -> str:
    """Return in Asterisk's words how a caller may be shown."""
    if number == _UNAVAILABLE:
        return "Number Unavailable"
    allowed = "Prohibited" if number & _RESTRICTION else "Allowed"
    return f"Presentation {allowed}, {_SCREENINGS[number & _SCREENING]}"


def _strictness(restriction: int, *, known: bool) -> int:
    if not known:
        return 3
    return {0x20: 0, 0x00: 1, 0x40: 2}.get(restriction, 1)


def shown(number: int) -> str:
    """Return the name of a way to be shown."""
    return _PRESENTATIONS.get(number, "unknown")


def calling(thread: Thread) -> tuple[str, str]:
    """Return the caller's name and number, as far as they are valid (caller-valid)."""
    name = thread.caller_name if is_valid(thread, "name") else ""
    return name, thread.caller_number if is_valid(thread, "num") else ""


def _read(pbx: Pbx, thread: Thread, data: str) -> str | None:
    arguments = split_arguments(data, 2)
    if not arguments:
        return None
    member = fold(arguments[0])
    is_number = member.startswith("num") and "-" not in member
    if len(arguments) > 1:
        # A caller id that is given has nothing but these.
        name, number = split_caller(arguments[1])
        return {"all": f'"{name}" <{number}>', "name": name}.get(member, number if is_number else "")
    name, number = calling(thread)
    if member in _KEPT:
        item, default = _KEPT[member]
        return kept(thread, item, _first_number(thread) if item == "ani" else default)
    known = {
        **told_of(thread, _CALLERID, name, number),
        "ani-all": f'"{kept(thread, "ani-name")}" <{kept(thread, "ani", _first_number(thread))}>',
        "subaddr-valid": "0",
        "rdnis": redirected_from(thread),
    }
    if member in known:
        return known[member]
    if is_number:
        return number
    if not member.startswith(("dnid-", "subaddr", "priv", "ani-")):
        pbx.host.log("ERROR", f"Unknown callerid data type '{data}'.")
    return ""


def _write(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    before = calling(thread)
    _set(pbx, thread, data, value)
    if calling(thread) != before:
        pbx.host.caller_changed(thread)


def _set(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    member = fold(split_arguments(data)[0]) if data else ""
    value = strip(value)
    if member == "all":
        _set_name(thread, split_caller(value)[0])
        _set_number(thread, split_caller(value)[1])
    elif member == "name":
        _set_name(thread, value)
    elif member in {"num-valid", "name-valid"}:
        keep(thread, member, "1" if atoi(value) else "0")
    elif member in {"pres", "num-pres", "name-pres"}:
        set_presentation(pbx, thread, member, value)
    elif member == "ani-all":
        for item, part in zip(("ani-name", "ani"), split_caller(value), strict=True):
            keep(thread, item, part)
    elif member in _KEPT or member == "rdnis":
        _set_kept(thread, _KEPT.get(member, (member, ""))[0], value)
    elif member.startswith("num") and "-" not in member:
        _set_number(thread, value)
    elif not member.startswith(("dnid-", "subaddr", "priv", "ani-")):
        pbx.host.log("ERROR", f"Unknown callerid data type '{data}'.")


def _set_kept(thread: Thread, item: str, value: str) -> None:
    """Keep what was set; a charset is known by its word or its number, and others change nothing."""
    if item == "rdnis":
        keep(thread, "num", value, REDIRECTED_FROM)
        keep(thread, "num-valid", "1", REDIRECTED_FROM)
        return
    if item == "name-charset":
        value = charset(value)
        if not value:
            return
    if item in _NUMBERS:
        if atoi(value) < 0:
            return
        value = str(atoi(value))
    keep(thread, item, value)


def charset(value: str) -> str:
    """Return the name of a charset that is known by its word or its number, "" for others."""
    number = scan_int(value)
    if number is not None:
        return _CHARSETS.get(number, "not-known")
    return fold(value) if fold(value) in _CHARSETS.values() else ""


def redirected_from(thread: Thread) -> str:
    """Return the number from which a call was redirected, as far as it is valid (redirecting)."""
    return kept(thread, "num", "", REDIRECTED_FROM) if is_valid(thread, "num", REDIRECTED_FROM) else ""


def _first_number(thread: Thread) -> str:
    """Return the number with which a call came, its ANI; the half of a Local channel has none."""
    return "" if thread.kind == "local" else thread.caller_number


def _set_name(thread: Thread, name: str) -> None:
    thread.caller_name = name
    keep(thread, "name-valid", "1")


def _set_number(thread: Thread, number: str) -> None:
    thread.extras.setdefault("CALLERID(ani)", _first_number(thread))
    thread.caller_number = number
    keep(thread, "num-valid", "1")


def set_presentation(pbx: Pbx, thread: Thread, member: str, value: str, who: str = _CALLERID) -> None:
    """Set how a party's number, name or both (``pres``) may be shown."""
    text = value.strip()
    number = atoi(text) if text[:1].isdigit() else _BY_NAME.get(fold(text))
    if number is None:
        pbx.host.log("ERROR", f"Unknown presentation '{value}', value unchanged")
        return
    for item in ("num-pres", "name-pres") if member == "pres" else (member,):
        keep(thread, item, str(number), who)


def connected(thread: Thread) -> tuple[str, str]:
    """Return name and number of the connected line, as far as they are known (connected-line)."""
    name, number = (
        kept(thread, part, "", _CONNECTED) if is_valid(thread, part, _CONNECTED) else "" for part in ("name", "num")
    )
    return name, number


def connect(thread: Thread, name: str, number: str) -> bool:
    """Connect a channel to somebody with a name and a number; True if it was connected to somebody else."""
    before = connected(thread)
    for part, text in (("name", name), ("num", number)):
        keep(thread, part, text, _CONNECTED)
        keep(thread, f"{part}-valid", "1" if text else "0", _CONNECTED)
    return connected(thread) != before


def told_of(thread: Thread, who: str, name: str, number: str) -> dict[str, str]:
    """Return by member what is told of a party with a name and a number: both, and how they may be shown."""
    return {
        "all": f'"{name}" <{number}>',
        "name": name,
        "name-valid": "1" if is_valid(thread, "name", who) else "0",
        "num-valid": "1" if is_valid(thread, "num", who) else "0",
        "name-pres": shown(presentation_of(thread, "name", who)),
        "num-pres": shown(presentation_of(thread, "num", who)),
        "pres": shown(presentation(thread, who)),
    }


def _read_connected(pbx: Pbx, thread: Thread, data: str) -> str | None:
    if not data:
        return None
    member = fold(split_arguments(data, 2)[0])
    name, number = connected(thread)
    known = {**told_of(thread, _CONNECTED, name, number), "num": number, **_NOT_KEPT}
    if member not in known:
        pbx.host.log("ERROR", f"Unknown connectedline data type '{data}'.")
    return known.get(member, "")


def _write_connected(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    before = connected(thread)
    member = fold(split_arguments(data, 2)[0]) if data else ""
    value = strip(value)
    if member in {"all", "name", "num"}:
        parts = zip(("name", "num"), split_caller(value), strict=True) if member == "all" else ((member, value),)
        for part, text in parts:
            keep(thread, part, text, _CONNECTED)
            keep(thread, f"{part}-valid", "1", _CONNECTED)
    elif member in {"num-valid", "name-valid"}:
        keep(thread, member, "1" if atoi(value) else "0", _CONNECTED)
    elif member in {"pres", "num-pres", "name-pres"}:
        set_presentation(pbx, thread, member, value, _CONNECTED)
    elif member not in _NOT_KEPT:
        pbx.host.log("ERROR", f"Unknown connectedline data type '{data}'.")
    if connected(thread) != before:
        pbx.host.connected_changed(thread)


CALLER_READERS: Final[dict[str, Reader]] = {_CALLERID: _read, _CONNECTED: _read_connected}
CALLER_WRITERS: Final[dict[str, Writer]] = {_CALLERID: _write, _CONNECTED: _write_connected}
