"""What a chart of happenings says in words, and how much of it is shown."""

from __future__ import annotations

from collections.abc import Sequence

from stasis_sim.experiments.retelling import Story, stamp
from stasis_sim.observe.happenings import Happening


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
    length = "up to the end of the run" if away.open else f"for {(away.end - away.start) / 1e6:.3f} s"
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
    hidden = max(len(happenings) - most, 0)
    if not hidden:
        return list(happenings), 0
    end = most // 3
    return [*happenings[: most - end], *happenings[-end:]], hidden


def left_out(hidden: int) -> str:
    """Say that something is left out, and how one sees it."""
    return f"… {hidden:,} more happenings are left out; --json has all of them, --call N those of one call …"
