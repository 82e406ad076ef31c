"""What a chart of happenings says in words, and how much of it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from stasis_sim.experiments.retelling import Story, stamp
from stasis_sim.observe.happenings import STASIS, Happening


def headline(story: Story) -> str:
    """Say in a sentence or two what is told of."""
    choice = story.choice
    calls = "; ".join(
        f"call {number}, {why}{_became(story.outcomes[number], why)}" for number, why in choice.calls.items()
    )
    where = f"in replication {choice.replication}"
    if choice.away is None:
        return f"{calls[0].upper()}{calls[1:]}, {where}."
    away = choice.away
    length = "up to the end of the run" if away.end is None else f"for {(away.end - away.start) / 1e6:.3f} s"
    cost = (
        f"{_counted(away.ejected, 'attempt')} ejected, {_counted(away.missed, 'event')} missed or lost, "
        f"{_counted(away.orphaned, 'call')} orphaned"
    )
    first = f"Outage {away.number} of {away.app} {where}: {away.cause.replace('_', ' ')} at {stamp(away.start)}"
    told = f" Told of: {calls}." if calls else " It hit no call."
    return f"{first}, away {length}; {cost}.{told}"


def _became(outcome: str, why: str) -> str:
    words = outcome.replace("_", " ")
    return "" if words == why else f" ({words})"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"


def shortened(happenings: Sequence[Happening], most: int) -> tuple[list[Happening], int]:
    """Return what is shown, and how many happenings are left out: of too many the middle, the last third stays."""
    shown = _counted_up(_condensed(happenings))
    hidden = max(len(shown) - most, 0)
    if not hidden:
        return shown, 0
    end = most // 3
    return [*shown[: most - end], *shown[-end:]], hidden


def _condensed(happenings: Sequence[Happening]) -> list[Happening]:
    """Put log lines that say the same again, of events that are missed at one instant, into one that says how often."""
    found: list[Happening] = []
    line: Happening | None = None
    times = 0

    def close() -> None:
        if line is not None:
            found.append(line if times == 1 else line._replace(text=f"{line.text} ({times} times)"))

    for happening in happenings:
        if line is not None and happening[:6] == line[:6]:
            times += 1
            continue
        if line is None or happening.at != line.at or happening.fate != "missed":
            close()
            line = None
        if happening.kind == "log" and happening.source == STASIS:
            line, times = happening, 1
        else:
            found.append(happening)
    close()
    return found


def _counted_up(happenings: Sequence[Happening]) -> list[Happening]:
    """Put equal events that follow each other into one that says how many there are, and up to when."""
    found: list[Happening] = []
    for _, group in groupby(happenings, key=lambda each: each[1:7] if each.kind == "event" else each):
        first, *more = group
        if more:
            until = "" if more[-1].at == first.at else f", up to {stamp(more[-1].at)}"
            first = first._replace(text=f"{first.text} ({len(more) + 1} times{until})")
        found.append(first)
    return found


def left_out(hidden: int) -> str:
    """Say that something is left out, and how one sees it."""
    return (
        f"… {hidden:,} more happenings are left out; trace --json has all of them, trace --call N those of one call …"
    )


def as_json(story: Story) -> dict[str, Any]:
    """Return what ``trace --json`` prints beside the facts of the run."""
    choice, away = story.choice, story.choice.away
    return {
        "replication": choice.replication,
        "outage": None
        if away is None
        else {
            "app": away.app,
            "number": away.number,
            "from_us": away.start,
            "to_us": away.end,
            "cause": away.cause,
            "ejected": away.ejected,
            "missed": away.missed,
            "orphaned": away.orphaned,
        },
        "calls": [
            {"call": number, "why": why, "outcome": story.outcomes[number]} for number, why in choice.calls.items()
        ],
        "lanes": list(story.lanes),
        "happenings": [happening.json() for happening in story.happenings],
    }
