"""What the items of CHANNEL() that can be written keep of what is written.

Most keep all of it. Some keep one of a few words, or a number, and leave what they had where they are given anything
else; groups are told in their order.
"""

from __future__ import annotations

import re
from typing import Final

from stasis_sim.handoff.text import fold, scan_int

_AMA_FLAGS: Final = {"omit": 1, "billing": 2, "documentation": 3, "default": 3}
_CAPABILITIES: Final = frozenset({"SPEECH", "DIGITAL", "RESTRICTED_DIGITAL", "3K1AUDIO", "DIGITAL_W_TONES", "VIDEO"})
_GROUP: Final = re.compile(r"\s*(\d+)(?:-\s*(\d+))?")
_LAST_GROUP: Final = 63


def kept(item: str, value: str, before: str) -> str:
    """Return what an item has once a value is written."""
    if item == "amaflags":
        number = scan_int(value) if value[:1].isdigit() else _AMA_FLAGS.get(fold(value), 0)
        return str(number)
    if item == "max_forwards":
        number = scan_int(value)
        return before if number is None else str(number)
    if item == "transfercapability":
        return value if value in _CAPABILITIES else before
    if item in {"callgroup", "pickupgroup"}:
        return ", ".join(map(str, _groups(value)))
    if item in {"namedcallgroup", "namedpickupgroup"}:
        return ", ".join(part for part in value.split(",") if part)
    return value


def _groups(text: str) -> list[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _GROUP.match(part)
        if match is not None:
            first, last = int(match[1]), int(match[2] or match[1])
            found |= set(range(first, min(last, _LAST_GROUP) + 1))
    return sorted(found)
