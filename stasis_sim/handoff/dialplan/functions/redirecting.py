"""REDIRECTING(): from whom to whom a call was redirected, who was called originally, and why.

Each of the parties has a number, a name, how they may be shown, and what else belongs to it, and a private twin
(``priv-``); as with callers, a part is valid once it was set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import atoi, fold, scan_int, split_arguments, strip
from stasis_sim.handoff.dialplan.functions.caller import (
    charset,
    is_valid,
    keep,
    kept,
    set_presentation,
    split_caller,
    told_of,
)

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread, Writer

_NAME: Final = "REDIRECTING"
_PARTIES: Final = frozenset({"from", "to", "orig"})
_REASONS: Final = (
    ("unknown", "unknown"),
    ("cfb", "user-busy"),
    ("cfnr", "no-answer"),
    ("unavailable", "unavailable"),
    ("cfu", "unconditional"),
    ("time_of_day", "time-of-day"),
    ("dnd", "do-not-disturb"),
    ("deflection", "deflection"),
    ("follow_me", "follow-me"),
    ("out_of_order", "out-of-service"),
    ("away", "away"),
    ("cf_dte", "cf_dte"),
    ("send_to_vm", "send_to_vm"),
)
"""Why a call is redirected, by number: as it is shown, and how it may be written too."""

_BY_WORD: Final = {word: words[0] for words in _REASONS for word in words}
_KEPT: Final = {"tag": "", "subaddr": "", "subaddr-valid": "0", "subaddr-type": "0", "name-charset": "iso8859-1"}


def _party(data: str) -> tuple[str, str]:
    """Return under which name a party is kept, and what of it is meant; an empty name: of no party."""
    whole = fold(split_arguments(data, 2)[0])
    private = "priv-" if whole.startswith("priv-") else ""
    party, _, member = whole.removeprefix("priv-").partition("-")
    known = party in _PARTIES and member and member != "reason"
    return (f"{_NAME}-{private}{party}", member) if known else ("", whole)


def _is_number(member: str) -> bool:
    return member.startswith("num") and "-" not in member


def _read(pbx: Pbx, thread: Thread, data: str) -> str | None:
    if not data:
        return None
    who, member = _party(data)
    found = _read_party(thread, who, member) if who else _read_reason(thread, member)
    if found is None:
        pbx.host.log("ERROR", f"Unknown redirecting data type '{data}'.")
    return found or ""


def _read_reason(thread: Thread, member: str) -> str | None:
    default = {"reason": "unknown", "orig-reason": "unknown", "count": "0"}.get(member)
    return None if default is None else kept(thread, member, default, _NAME)


def _read_party(thread: Thread, who: str, member: str) -> str | None:
    name, number = (kept(thread, part, "", who) if is_valid(thread, part, who) else "" for part in ("name", "num"))
    known = {
        **told_of(thread, who, name, number),
        **dict.fromkeys(("ton", "num-plan"), kept(thread, "ton", "0", who)),
        **{item: kept(thread, item, default, who) for item, default in _KEPT.items()},
    }
    return number if _is_number(member) else known.get(member)


def _write(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    who, member = _party(data) if data else ("", "")
    value = strip(value)
    if who and _write_party(pbx, thread, who, member, value):
        return
    if member in {"reason", "orig-reason"} and not who:
        keep(thread, member, _reason(pbx, value), _NAME)
    elif member == "count" and not who:
        count = scan_int(value)
        if count is None or count < 0:
            pbx.host.log("ERROR", f"Unknown redirecting count '{value}', value unchanged")
        else:
            keep(thread, member, str(count), _NAME)
    else:
        pbx.host.log("ERROR", f"Unknown redirecting data type '{data}'.")


def _reason(pbx: Pbx, value: str) -> str:
    """Return a reason as it is shown: by number, by word, or else as it was written."""
    if value[:1].isdigit():
        number = atoi(value)
        return _REASONS[number][0] if number < len(_REASONS) else "not-known"
    known = _BY_WORD.get(fold(value))
    if known is None:
        pbx.host.log("WARNING", f"Unknown redirecting reason '{value}', defaulting to unknown")
    return value if known is None else known


def _write_party(pbx: Pbx, thread: Thread, who: str, member: str, value: str) -> bool:
    """Set something of a party; False: there is no such thing."""
    if member in {"all", "name"} or _is_number(member):
        name, number = split_caller(value) if member == "all" else (value, value)
        for part, text in (("name", name), ("num", number)):
            if member == "all" or (part == "name") == (member == "name"):
                keep(thread, part, text, who)
                keep(thread, f"{part}-valid", "1", who)
    elif member in {"num-valid", "name-valid", "subaddr-valid"}:
        keep(thread, member, "1" if atoi(value) else "0", who)
    elif member in {"pres", "num-pres", "name-pres"}:
        set_presentation(pbx, thread, member, value, who)
    elif member in {"ton", "num-plan"}:
        _set_plan(pbx, thread, who, value)
    elif member in _KEPT:
        if member == "subaddr-type":
            value = "2" if atoi(value) else "0"
        if member == "name-charset":
            value = charset(value) or kept(thread, member, _KEPT[member], who)
        keep(thread, member, value, who)
    else:
        return False
    return True


def _set_plan(pbx: Pbx, thread: Thread, who: str, value: str) -> None:
    plan = scan_int(value)
    if plan is None or plan < 0:
        pbx.host.log("ERROR", f"Unknown type-of-number/numbering-plan '{value}', value unchanged")
    else:
        keep(thread, "ton", str(plan), who)


REDIRECTING_READERS: Final[dict[str, Reader]] = {_NAME: _read}
REDIRECTING_WRITERS: Final[dict[str, Writer]] = {_NAME: _write}
