"""How the measures of one replication are made of its sums.

What each measure is says :mod:`stasis_sim.observe.catalogue`; :func:`measures` makes the numbers of one replication.
Means and intervals over replications are made of these in :mod:`stasis_sim.observe.intervals`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias, TypedDict

from stasis_sim.observe.invariants import conserve
from stasis_sim.observe.ledger import TOTAL, Counts, Ledger, Lengths, Level
from stasis_sim.observe.timeline import Timeline
from stasis_sim.observe.vocabulary import FATES, HOWS, OUTCOMES, REASONS, RESULTS, UNSERVED

Number: TypeAlias = int | float | None
Values: TypeAlias = dict[str, Number]
"""A measure's name and its number; None: there was nothing to measure."""

_MICROSECONDS: Final = 1e6
_FIRST_ERROR: Final = 400


class Measures(TypedDict):
    """The measures of one replication."""

    total: Values
    apps: dict[str, Values]
    clients: dict[str, Values]


def ratio(part: int, whole: int) -> float | None:
    """A share, or None of nothing."""
    return part / whole if whole else None


def seconds(microseconds: int | None) -> float | None:
    """Seconds of microseconds."""
    return None if microseconds is None else microseconds / _MICROSECONDS


def select(counts: Counts, position: int, name: str | None) -> Counts:
    """The counts whose key has a name at a position; all of them for TOTAL."""
    if name is TOTAL:
        return counts
    chosen: Counts = Counts(int)
    chosen.update({key: count for key, count in counts.items() if key[position] == name})
    return chosen


def tally(counts: Counts, *positions: int) -> dict[str, int]:
    """Sum counts by the parts of their keys at some positions, joined by dots and in alphabetical order."""
    sums: dict[str, int] = {}
    for key, count in counts.items():
        name = ".".join(str(key[position]) for position in positions)
        sums[name] = sums.get(name, 0) + count
    return dict(sorted(sums.items()))


def measures(ledger: Ledger, apps: Iterable[str] = (), clients: Iterable[str] = ()) -> Measures:
    """Make the measures of a finished replication.

    Args:
        ledger: Its sums.
        apps: Apps that have measures though nothing may have happened to them.
        clients: Such clients.
    """
    named = {*ledger.timelines, *apps}
    for counts in (ledger.outcomes, ledger.attempts, ledger.events):
        named.update(str(key[0]) for key in counts if key[0])
    known = {*clients, *(str(key[0]) for counts in (ledger.connections, ledger.commands) for key in counts)}
    known.update(str(key[3]) for key in ledger.events if key[3] is not None)
    total = {**_app(ledger, TOTAL), **_client(ledger, TOTAL)}
    return {
        "total": total,
        "apps": {app: _app(ledger, app) for app in sorted(named)},
        "clients": {client: _client(ledger, client, events=True) for client in sorted(known)},
    }


def _app(ledger: Ledger, app: str | None) -> Values:
    """The measures of one app, or of all."""
    return {
        **_calls(select(ledger.outcomes, 0, app), select(ledger.attempts, 0, app)),
        **_callers(*(select(counts, 0, app) for counts in (ledger.outcomes, ledger.redials, ledger.redialled))),
        **_answers(select(ledger.answers, 0, app)),
        **_events(select(ledger.events, 0, app)),
        **_waits(ledger, app),
        **_times(ledger, app),
    }


def _calls(outcomes: Counts, attempts: Counts) -> Values:
    by_outcome, by_result, by_reason = tally(outcomes, 1), tally(attempts, 1), tally(attempts, 2)
    calls, tried = sum(outcomes.values()), sum(attempts.values())
    conserve("calls", calls, **{outcome: by_outcome.get(outcome, 0) for outcome in OUTCOMES})
    conserve("attempts", tried, **{result: by_result.get(result, 0) for result in RESULTS})
    entered, ejected = by_result.get("entered", 0), by_result.get("ejected", 0)
    saved, dropped = by_outcome.get("fallback", 0), by_outcome.get("dropped", 0)
    return {
        "calls": calls,
        **{f"calls.outcome.{outcome}": by_outcome.get(outcome, 0) for outcome in OUTCOMES},
        **{f"calls.share.{outcome}": ratio(by_outcome.get(outcome, 0), calls) for outcome in OUTCOMES},
        "attempts": tried,
        **{f"attempts.{result}": by_result.get(result, 0) for result in RESULTS},
        **{f"attempts.reason.{reason}": by_reason.get(reason, 0) for reason in REASONS},
        "ejection_rate": ratio(ejected, entered + ejected),
        "saved_rate": ratio(saved, saved + dropped),
    }


def _callers(outcomes: Counts, redials: Counts, redialled: Counts) -> Values:
    """Who calls again, and who does not although nobody has served him."""
    unserved = sum(count for (_, outcome), count in outcomes.items() if outcome in UNSERVED)
    return {"redials": sum(redials.values()), "callers.lost": unserved - sum(redialled.values())}


def _answers(answers: Counts) -> Values:
    """Calls by the first word of their final answer: a status, or BYE."""
    words: Counts = Counts(int)
    for (_, answer), count in answers.items():
        words[(str(answer).partition(" ")[0],)] += count
    return {f"calls.final.{word}": count for word, count in tally(words, 0).items()}


def _events(events: Counts) -> Values:
    by_fate, by_type, by_both = tally(events, 2), tally(events, 1), tally(events, 2, 1)
    raised = sum(events.values())
    fates = {fate: by_fate.get(fate, 0) for fate in FATES}
    conserve("events raised", raised, **fates)
    return {
        "events.raised": raised,
        **{f"events.{fate}": count for fate, count in fates.items()},
        **{f"events.raised.{type_}": count for type_, count in by_type.items()},
        **{f"events.{name}": count for name, count in by_both.items()},
        "missed_rate": ratio(fates["missed"] + fates["lost"], raised - fates["pending"]),
    }


def _waits(ledger: Ledger, app: str | None) -> Values:
    stranded, orphaned = ledger.stranded.get(app, Lengths()), ledger.orphaned.get(app, Lengths())
    handoff, reached = (_merged(by_app, app) for by_app in (ledger.handoff, ledger.reached))
    return {
        "stranded": tally(select(ledger.outcomes, 0, app), 1).get("stranded", 0),
        "stranded_s": _mean(stranded),
        "stranded_s.max": _longest(stranded),
        "stranded_s.total": seconds(stranded.total),
        "stale_state": ledger.deceived.get(app, 0),
        "orphaned": orphaned.n,
        "orphaned_s": _mean(orphaned),
        "orphaned_s.max": _longest(orphaned),
        "orphaned_s.total": seconds(orphaned.total),
        "orphaned_s.talking": seconds(ledger.talked_orphaned.get(app, 0)),
        "talked_s.total": seconds(ledger.talked.get(app, 0)),
        "handoff_s": _mean(handoff),
        "handoff_s.p50": seconds(handoff.quantile(50)),
        "handoff_s.p95": seconds(handoff.quantile(95)),
        "handoff_s.max": _longest(handoff),
        "reached_s": _mean(reached),
        "reached_s.p50": seconds(reached.quantile(50)),
        "reached_s.p95": seconds(reached.quantile(95)),
        "reached_s.max": _longest(reached),
    }


def _merged(by_app: Mapping[str, Lengths], app: str | None) -> Lengths:
    """The lengths of one app, or of all."""
    merged = Lengths()
    for name, lengths in by_app.items():
        if app in {TOTAL, name}:
            merged.merge(lengths)
    return merged


def _mean(lengths: Lengths) -> float | None:
    return lengths.total / (lengths.n * _MICROSECONDS) if lengths.n else None


def _longest(lengths: Lengths) -> float | None:
    return seconds(lengths.longest) if lengths.n else None


def _times(ledger: Ledger, app: str | None) -> Values:
    end, warmup = ledger.end, ledger.warmup
    time = max(end - warmup, 0)
    timelines = [timeline for name, timeline in sorted(ledger.timelines.items()) if app in {TOTAL, name}]
    outages = list(_stretches(timelines, warmup, end))
    down = sum(timeline.down_us(end) for timeline in timelines)
    conserve("time away", down, outages=sum(outage.counted for outage in outages))
    recovered = [outage.whole for outage in outages if outage.whole is not None]
    level = ledger.levels.get(app) or Level(warmup)
    whole = time * len(timelines)
    return {
        "availability": ratio(whole - down, whole),
        "registered": ratio(sum(timeline.registered_us(end) for timeline in timelines), whole),
        "outages": len(outages),
        "outages.in_progress": sum(outage.in_progress for outage in outages),
        "outages.longest_s": seconds(max((outage.counted for outage in outages), default=None)),
        "outages.total_s": seconds(down),
        "recovery_s": sum(recovered) / (len(recovered) * _MICROSECONDS) if recovered else None,
        "inside_peak": level.peak,
        "inside_mean": ratio(level.area, time),
    }


class _Stretch(NamedTuple):
    """An outage; lengths are in microseconds.

    Attributes:
        counted: Its length after the warm-up.
        whole: Its length if it began after the warm-up and is over, None if not.
        in_progress: The run ended before it.
    """

    counted: int
    whole: int | None
    in_progress: bool


def _stretches(timelines: list[Timeline], warmup: int, end: int) -> Iterator[_Stretch]:
    for timeline in timelines:
        for outage in timeline.outages:
            last = end if outage.end is None else outage.end
            if last > warmup or outage.start >= warmup:
                over = outage.end is not None and outage.start >= warmup
                whole = last - outage.start if over else None
                yield _Stretch(last - max(outage.start, warmup), whole, outage.end is None)


def _client(ledger: Ledger, client: str | None, *, events: bool = False) -> Values:
    """The measures of one client, or of all."""
    tries, commands = select(ledger.connections, 0, client), select(ledger.commands, 0, client)
    by_how, by_reason, by_status = tally(tries, 1), tally(tries, 2), tally(commands, 1)
    refused, tried = by_how.get("refused", 0), sum(tries.values())
    unanswered = by_status.pop("None", 0)
    failed = sum(count for status, count in by_status.items() if int(status) >= _FIRST_ERROR)
    by_fate = tally(select(ledger.events, 3, client), 2) if events else {}
    return {
        **{f"events.{fate}": by_fate.get(fate, 0) for fate in FATES if events and fate != "missed"},
        "connections": tried,
        "connections.established": tried - refused,
        "connections.refused": refused,
        **{f"connections.refused.{reason}": count for reason, count in by_reason.items() if reason},
        **{f"connections.{how}": by_how.get(how, 0) for how in HOWS if how != "refused"},
        "commands": sum(commands.values()),
        "commands.failed": failed,
        "commands.unanswered": unanswered,
        **{f"commands.status.{status}": count for status, count in by_status.items()},
    }
