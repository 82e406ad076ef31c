"""What the items of CHANNEL() that can be written keep of what is written.

Most keep all of it. Some keep one of a few words, or a number, and leave what they had where they are given anything
else; who hung up is kept once; groups are told in their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from stasis_sim.handoff.clib.text import fold, scan_int

_AMA_FLAGS: Final = {"omit": 1, "billing": 2, "documentation": 3, "default": 3}
_CAPABILITIES: Final = frozenset({"SPEECH", "DIGITAL", "RESTRICTED_DIGITAL", "3K1AUDIO", "DIGITAL_W_TONES", "VIDEO"})
_GROUP: Final = re.compile(r"\s*(\d+)(?:-\s*(\d+))?")
_LAST_GROUP: Final = 63


def kept(item: str, value: str, before: str) -> str:
    """Return what an item has once a value is written."""
    keep = _KEEPERS.get(item)
    return value if keep is None else keep(value, before)


def ama_flag(text: str) -> str:
    """Return the number of an AMA flag that is given as a number or a word."""
    return str(scan_int(text) if text[:1].isdigit() else _AMA_FLAGS.get(fold(text), 0))


def _number(value: str, before: str) -> str:
    number = scan_int(value)
    return before if number is None else str(number)


def _capability(value: str, before: str) -> str:
    return value if value in _CAPABILITIES else before


def _first(value: str, before: str) -> str:
    return before or value


def _names(value: str, _before: str) -> str:
    return ", ".join(part for part in value.split(",") if part)


def _groups(text: str, _before: str) -> str:
    found: set[int] = set()
    first = last = 0
    for part in text.split(",") if text else ():
        match = _GROUP.match(part)
        if match is not None:
            first, last = int(match[1]), int(match[2] or match[1])
        if match is not None or not part:
            # Nothing between two commas is what was before.
            found |= set(range(first, min(last, _LAST_GROUP) + 1))
    return ", ".join(map(str, sorted(found)))


_KEEPERS: Final[dict[str, Callable[[str, str], str]]] = {
    "amaflags": lambda value, _: ama_flag(value),
    "max_forwards": _number,
    "transfercapability": _capability,
    "hangupsource": _first,
    **dict.fromkeys(("callgroup", "pickupgroup"), _groups),
    **dict.fromkeys(("namedcallgroup", "namedpickupgroup"), _names),
}
