"""Time conditions (``09:00-17:00,mon-fri,*,*``) of timed includes, GotoIfTime and IFTIME.

A condition is compiled once into masks. A field that is missing, empty or ``*`` always holds; one that cannot be
read holds never (Asterisk warns and skips each element that it cannot read, so that nothing is left). Both ends of a
range count, and ranges wrap around midnight, the week, the month and the year.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from stasis_sim.handoff.clib.text import fold
from stasis_sim.handoff.clib.zones import zone as find_zone

DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_CLOCK: Final = re.compile(r"\s*([+-]?\d{1,2}):\s*([+-]?\d{1,2})")
_SMALL: Final = re.compile(r"\s*([+-]?\d{1,2})")
_DAY_MINUTES: Final = 24 * 60
_ALL: Final = -1
_FIELDS_WITH_ZONE: Final = 5
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TimeCondition:
    """When something holds; a mask of -1 is always."""

    minutes: int = _ALL
    weekdays: int = _ALL
    days: int = _ALL
    months: int = _ALL
    zone: str = ""

    def holds(self, wall_us: int) -> bool:
        """Decide for a moment, in microseconds since 1970 (UTC)."""
        moment = local_time(wall_us, self.zone)
        weekday = (moment.weekday() + 1) % 7
        minute = moment.hour * 60 + moment.minute
        return bool(
            self.months >> (moment.month - 1) & 1
            and self.days >> (moment.day - 1) & 1
            and self.weekdays >> weekday & 1
            and self.minutes >> minute & 1
        )


def local_time(wall_us: int, zone: str = "") -> datetime:
    """Return a moment's local time; a zone that nobody knows is UTC, as in Asterisk."""
    return (EPOCH + timedelta(microseconds=wall_us)).astimezone(find_zone(zone))


@lru_cache(maxsize=1024)
def parse_time(text: str) -> tuple[TimeCondition, tuple[str, ...]]:
    """Compile a condition.

    Returns:
        The condition, and what Asterisk would warn of.
    """
    fields = re.split(r"[,|]", text)
    warnings: list[str] = []
    warn = warnings.append
    zone = fields[-1] if len(fields) == _FIELDS_WITH_ZONE else ""
    fields += [""] * 4
    condition = TimeCondition(
        minutes=_minutes(fields[0], warn),
        weekdays=_range(fields[1], DAYS, 7, "day of week", warn),
        days=_range(fields[2], (), 31, "day", warn),
        months=_range(fields[3], MONTHS, 12, "month", warn),
        zone=zone,
    )
    return condition, tuple(warnings)


def _minutes(text: str, warn: Warn) -> int:
    if text in {"", "*"}:
        return _ALL
    mask = 0
    for part in text.split("&"):
        start_text, dash, end_text = part.partition("-")
        if not dash:
            minute = _minute(part)
            if minute is None:
                warn(f"{part} isn't a valid time.")
            else:
                mask |= 1 << minute
            continue
        mask |= _span(start_text, end_text, warn)
    return mask


def _span(start_text: str, end_text: str, warn: Warn) -> int:
    end_text = re.sub(r"\A[^0-9]+", "", end_text)
    start, end = _minute(start_text), _minute(end_text)
    if not end_text:
        warn(f"Invalid time range starting with '{start_text}-'.")
    elif start is None:
        warn(f"'{start_text}' isn't a valid start time.")
    elif end is None:
        warn(f"'{end_text}' isn't a valid end time.")
    else:
        return _cycle(start, end, _DAY_MINUTES)
    return 0


def _minute(text: str) -> int | None:
    match = _CLOCK.match(text)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2])
    return hour * 60 + minute if 0 <= hour <= 23 and 0 <= minute <= 59 else None  # noqa: PLR2004 - a clock's numbers


def _range(text: str, names: Sequence[str], size: int, what: str, warn: Warn) -> int:
    if text in {"", "*"}:
        return _ALL
    mask = 0
    for part in text.split("&"):
        start_text, dash, end_text = part.partition("-")
        start = _index(start_text, names, size)
        if start is None:
            warn(f"Invalid {what} '{start_text}', skipping element")
            continue
        end = _index(end_text, names, size) if dash else start
        if end is None:
            warn(f"Invalid end {what} '{end_text}', skipping element")
            continue
        mask |= _cycle(start, end, size)
    return mask


def _index(text: str, names: Sequence[str], size: int) -> int | None:
    """Return the place of a day or month, which may be given by name or by number."""
    if fold(text) in names:
        return names.index(fold(text))
    match = _SMALL.match(text)
    return int(match[1]) - 1 if match is not None and 1 <= int(match[1]) <= size else None


def _cycle(start: int, end: int, size: int) -> int:
    """Return a mask from start to end, both included, around the end if need be."""
    mask = 0
    for step in range((end - start) % size + 1):
        mask |= 1 << (start + step) % size
    return mask
