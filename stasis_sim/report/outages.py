"""The worst outages of a run in words: what each cost, and what happened in it from minute to minute."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from stasis_sim.observe.tables import MICROSECONDS
from stasis_sim.observe.worst import Moment, Outage, Step, steps, worst
from stasis_sim.report.sentences import seconds

if TYPE_CHECKING:
    from stasis_sim.experiments.replications import Results

CAUSES: Final = {
    "start": "it had not been connected since the start",
    "closed": "its client closed the connection",
    "torn": "the connection broke",
    "frozen": "the link passed nothing any more",
    "crash": "its client died",
    "replaced": "another connection took its name, and lost it",
    "write_timeout": "Asterisk could not write to it in time",
    "restart": "Asterisk went down",
    "no_consumer": "nobody was there behind its proxy",
}
"""What began an outage, in plain words."""

ENDED: Final = {
    "closed": "closes its connection",
    "torn": "loses its connection",
    "frozen": "gives up a connection that passes nothing",
    "replaced": "is replaced by another connection",
    "write_timeout": "is cut off, as Asterisk could not write to it",
    "restart": "is cut off, as Asterisk goes down",
}
"""How a connection ended, said of its client."""


class Told(NamedTuple):
    """An outage as a page shows it.

    Attributes:
        title: Who was away, and how long.
        when: Which outage it is, when it was, and why.
        cost: What it cost.
        step: How long a row of the table is.
        rows: What happened, step by step.
    """

    title: str
    when: str
    cost: str
    step: str
    rows: list[Row]


class Row(NamedTuple):
    """A step of an outage as a page shows it.

    Attributes:
        at: When it begins.
        away: Whether the app was away in all of it or in a part.
        step: Its numbers.
        notes: What happened once, in sentences.
    """

    at: str
    away: bool
    step: Step
    notes: list[str]


def told(results: Results, most: int) -> list[Told]:
    """Return the outages of a run that cost most, the worst one first, of each app one before a second of any.

    It needs the tables.

    Args:
        results: The run.
        most: How many at most.
    """
    numbers = {each.number: each for each in results.replications}
    directories = results.tree.directories(numbers)
    ranked = worst(directories, results.scenario.run.warmup_us, sys.maxsize)
    firsts = {outage.app: outage for outage in reversed(ranked)}
    chosen = sorted(ranked, key=lambda outage: firsts[outage.app] is not outage)[:most]
    found = [outage for outage in ranked if outage in chosen]
    return [_told(outage, numbers[outage.replication].notes["end_us"]) for outage in found]


def _told(outage: Outage, end: int) -> Told:
    until = end if outage.end is None else outage.end
    length = seconds((until - outage.start) / MICROSECONDS)
    back = f"to {clock(until)}" if outage.end is not None else "to the end of the run"
    found = steps(outage, end)
    step = found[1].start - found[0].start if len(found) > 1 else until - outage.start
    return Told(
        f"{outage.app} was away for {length}",
        f"Outage {outage.number} of replication {outage.replication}, from {clock(outage.start)} {back}: "
        f"{CAUSES[outage.cause]}.",
        _cost(outage),
        seconds(step / MICROSECONDS),
        [Row(clock(each.start), _away(each, step, outage), each, notes(each)) for each in found],
    )


def _away(each: Step, step: int, outage: Outage) -> bool:
    return each.start + step > outage.start and (outage.end is None or each.start < outage.end)


def _cost(outage: Outage) -> str:
    """Say what an outage cost, the callers first."""
    parts = [
        (outage.ejected, "call was ejected", "calls were ejected"),
        (outage.unheard, "caller entered whom nobody heard of", "callers entered whom nobody heard of"),
        (outage.orphaned, "call inside was without its app", "calls inside were without their app"),
        (outage.missed, "event was missed or lost", "events were missed or lost"),
    ]
    said = [f"{count:,} {one if count == 1 else many}" for count, one, many in parts if count]
    return f"{_listed(said)}." if said else "It cost nobody anything."


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"


def notes(step: Step) -> list[str]:
    """Say what happened once in a step; tries that were refused for one reason, one after the other, together."""
    said = []
    for (what, who, reason), group in groupby(step.moments, key=lambda each: (each.what, each.who, each.reason)):
        moments = list(group)
        said.append(f"{clock(moments[0].at, exact=True)} {_said(what, who, reason, moments)}")
    if step.refused:
        said.append(f"Asterisk refused {step.refused:,} {'command' if step.refused == 1 else 'commands'}")
    return said


def _said(what: str, who: str, reason: str, moments: Iterable[Moment]) -> str:
    times = len(list(moments))
    match what:
        case "away":
            return f"{who} is away"
        case "noticed":
            return f"Asterisk notices, and ceases to take {who} for active"
        case "back":
            return f"{who} is back"
        case "opened":
            return f"{who} connects"
        case "refused":
            why = f" ({reason.replace('_', ' ')})" if reason else ""
            return f"{who} tries to connect and fails{'' if times == 1 else f', {times} times'}{why}"
    return f"{who} {ENDED[what]}"


def clock(us: int, *, exact: bool = False) -> str:
    """Write an instant as time since the start of the run: ``32:15``, ``1:02:15``; exactly: ``32:16.879``."""
    whole, rest = divmod(us, 1_000_000)
    hours, minutes, left = whole // 3600, whole // 60 % 60, whole % 60
    text = f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
    return f"{text}.{rest // 1000:03}" if exact else text
