"""Results in plain sentences: how many calls were lost, while who was away, and how far two variants are apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from stasis_sim.experiments.precision import widths
from stasis_sim.experiments.replications import Results
from stasis_sim.experiments.results import Json, Replication, differences, in_total
from stasis_sim.observe.intervals import Interval, none_seen, wilson
from stasis_sim.observe.metrics import Values
from stasis_sim.report.apart import chance
from stasis_sim.report.tables import cell

SHOWN = 3
"""Apps whose absences a sentence names."""


def percent(share: float) -> str:
    """Write a share with as many digits as say something: ``12.4 %``, ``0.034 %``."""
    number = 100 * share
    if number == 0 or number >= 9.995:  # noqa: PLR2004 - three digits
        return f"{number:.1f} %"
    if number >= 0.0995:  # noqa: PLR2004
        return f"{number:.2f} %"
    # Never 9.9e-05: the digits after the point that it takes to show two that say something.
    return f"{number:.{1 - math.floor(math.log10(number))}f} %"


def seconds(time: float) -> str:
    """Write a time: ``340 ms``, ``19 s``, ``2 min 5 s``, ``5 min``, ``1 h 2 min``."""
    if time < 1:
        return f"{1000 * time:.3g} ms"
    if time < 10:  # noqa: PLR2004 - one digit after the point says something
        return f"{time:.1f} s"
    whole = round(time)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = ((hours, "h"), (minutes, "min")) if hours else ((minutes, "min"), (rest, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def engine(runs: Iterable[Results]) -> str:
    """Say which engine computed runs, and what in the scenario left it no choice."""
    said = dict.fromkeys(
        f"{results.engine}, for the loop is closed by {results.closed_by}" if results.closed_by else results.engine
        for results in runs
    )
    return f"engine: {'; '.join(said)}"


def precision(results: Results) -> list[str]:
    """Say whether the intervals are as narrow as was asked for, and what is known of what was never seen."""
    run = results.scenario.run
    measures = [replication.measures for replication in results.replications]
    n = len(measures)
    sentences = []
    for measure, _, relative in widths(run, measures):
        if relative is None or run.precision is None:
            sentences.append(f"{measure}: no precision can be reached, as its mean is 0 in {n} replications.")
        elif relative <= run.precision:
            sentences.append(f"{measure}: precise to {percent(relative)} of its mean after {n} replications.")
        else:
            text = f"{measure}: precise to {percent(relative)} of its mean only, after {n} replications"
            sentences.append(f"{text}; {percent(run.precision)} was asked for. Raise run.max_replications.")
    return [*sentences, *_never_seen(results)]


def _never_seen(results: Results) -> list[str]:
    """Say how rare ejections may be that no replication has seen, or only some."""
    totals = [replication.measures["total"] for replication in results.replications]
    attempts, n = int(_sum(totals, "attempts")), len(totals)
    seen = sum(bool(each.get("attempts.ejected")) for each in totals)
    if not attempts or n in {1, seen}:
        return []
    if seen:
        interval = wilson(seen, n)
        low, high = percent(interval["low"] or 0.0), percent(interval["high"] or 0.0)
        return [f"{seen} of {n} replications saw an ejection: with 95 % confidence {low} to {high} of such runs do."]
    said = (
        f"No replication of {n} saw an ejection: with 95 % confidence fewer than {percent(none_seen(n))} of such runs"
    )
    calls = f"if calls were ejected independently of each other, fewer than {percent(none_seen(attempts))} of them"
    return [f"{said} would; {calls}."]


def outcome(profile: str, replications: Sequence[Replication]) -> str:
    """Say what a scenario cost its callers: who was turned away, and in the end lost where that is not the same."""
    return f"{_cost(profile, replications)}.{_in_the_end(replications)}"


def _cost(profile: str, replications: Sequence[Replication]) -> str:
    """Say in one sentence, without its full stop, how many calls were ejected and stranded, and who was away."""
    totals = [replication.measures["total"] for replication in replications]
    calls = _sum(totals, "calls")
    if not calls:
        return f"{profile}: no call arrived after the warm-up"
    entered, ejected = _sum(totals, "attempts.entered"), _sum(totals, "attempts.ejected")
    said = f"{profile}: {_ejections(calls, entered, ejected)}"
    stranded = _sum(totals, "calls.outcome.stranded")
    if stranded:
        word = "and" if ejected else "but"
        said += f", {word} {percent(stranded / calls)} of {calls:,.0f} calls were stranded inside: nobody heard of them"
    away = _absences(replications)
    if not away:
        return f"{said}; no app was ever away"
    if ejected and not stranded and len(away) == 1:
        # Asterisk turns calls away only while it knows that nobody is there.
        return f"{said}, all while {away[0]}"
    return f"{said}; {'; '.join(away)}"


def _in_the_end(replications: Sequence[Replication]) -> str:
    """Say how many callers were lost, where ejections do not tell: some are saved by a fallback, or try again."""
    totals = [replication.measures["total"] for replication in replications]
    if not _sum(totals, "attempts.ejected") or not (_sum(totals, "calls.outcome.fallback") or _several_tries(totals)):
        return ""
    callers = _sum(totals, "calls") - _sum(totals, "redials")
    lost, saved = _sum(totals, "callers.lost"), _sum(totals, "calls.outcome.fallback")
    if callers == 1:
        return f" In the end the only caller was {'lost' if lost else 'saved by a fallback' if saved else 'not lost'}."
    said = f"{percent(lost / callers)} of {callers:,.0f} callers were lost" if lost else "no caller was lost"
    return f" In the end {said}{f', and a fallback saved {percent(saved / callers)}' if saved else ''}."


def _several_tries(totals: Iterable[Values]) -> bool:
    """Whether attempts to enter Stasis are something else than calls."""
    return any((each.get("attempts.entered") or 0) + _ejected(each) != (each.get("calls") or 0) for each in totals)


def _ejected(values: Values) -> float:
    return values.get("attempts.ejected") or 0


def answer(results: Results) -> str:
    """Say what a scenario cost its callers, and how sure that is."""
    said = _cost(results.scenario.asterisk.profile, results.replications)
    return f"{said}.{_how_sure(results)}{_in_the_end(results.replications)}"


def _how_sure(results: Results) -> str:
    """Say how sure it is that so many are ejected, or else stranded; empty where nobody is."""
    total = results.measures["total"]
    for measure, what in (("ejection_rate", "ejects"), ("calls.share.stranded", "strands")):
        interval = total.get(measure)
        if interval is None or not interval["mean"]:
            continue
        low, high = interval["low"], interval["high"]
        if low is None or high is None:
            return " How sure that is one replication does not say."
        if low == high:
            return f" That is the same in all {interval['n']} replications."
        several = measure == "ejection_rate" and _several_tries(each.measures["total"] for each in results.replications)
        between = f"{percent(max(low, 0.0))} to {percent(min(high, 1.0))} of its {'attempts' if several else 'calls'}"
        return f" With 95 % confidence such a run {what} {between} on average."
    return ""


def _ejections(calls: float, entered: float, ejected: float) -> str:
    attempts = entered + ejected
    if not attempts:
        return f"none of {calls:,.0f} calls reached Stasis"
    what = "calls" if attempts == calls else "attempts to enter Stasis"
    if attempts == 1:
        only = "call" if calls == 1 else "attempt to enter Stasis"
        return f"the only {only} was {'ejected' if ejected else 'let in'}"
    if not ejected:
        return f"none of {attempts:,.0f} {what} was ejected"
    return f"{percent(ejected / attempts)} of {attempts:,.0f} {what} were ejected"


def _absences(replications: Sequence[Replication]) -> list[str]:
    """Say who was away, how often and how long; of many those who were away longest."""
    away: list[tuple[float, str]] = []
    for app in dict.fromkeys(app for replication in replications for app in replication.measures["apps"]):
        values = [replication.measures["apps"].get(app, {}) for replication in replications]
        outages = _sum(values, "outages")
        if outages:
            longest = max(value for each in values if (value := each.get("outages.longest_s")) is not None)
            times = "1 outage" if outages == 1 else f"{outages:,.0f} outages"
            still = _still_away(_sum(values, "outages.in_progress"), len(values))
            away.append((longest, f"{app} was away: {times}, longest {seconds(longest)}{still}"))
    rest = len(away) - SHOWN
    if rest <= 0:
        return [said for _, said in away]
    worst = sorted(away, key=lambda each: -each[0])[:SHOWN]
    return [*(said for _, said in worst), f"and {rest} more {'app was' if rest == 1 else 'apps were'} away"]


def _still_away(ends: float, runs: int) -> str:
    """Say that an app has not come back by the end of most runs: a single one may just be cut off in an outage."""
    if 2 * ends <= runs:
        return ""
    whose = "the run" if runs == 1 else f"all {runs} runs" if ends == runs else f"{ends:.0f} of {runs} runs"
    return f", still away at the end of {whose}"


def _sum(values: Iterable[Values], name: str) -> float:
    return sum(each.get(name) or 0 for each in values)


def comparison(variants: Mapping[str, Sequence[Replication]]) -> list[str]:
    """Say for each variant but the first by how much it loses, ejects, saves, strands and misses more or less."""
    (first, base), *others = variants.items()
    return [sentence for name, other in others for sentence in _differences(first, base, name, other)]


_VERBS: Final = {
    "loses": "lose",
    "ejects": "eject",
    "saves": "save",
    "strands": "strand",
    "misses": "miss",
    "serves": "serve",
}
"""Verbs of one and of several."""

_TOLD: Final = {
    "ejection_rate": ("ejects", "calls"),
    "calls.share.fallback": ("saves", "calls by a fallback"),
    "calls.share.stranded": ("strands", "calls"),
    "missed_rate": ("misses", "events"),
}
"""In what variants are compared: the verb, and of what. How many are served is told where none of this is apart."""

_ALSO_TOLD: Final = {"callers.lost": ("loses", "callers"), "calls.share.served": ("serves", "calls")}
"""What is told where it is not said by the others."""

LOSSES: Final = ("callers.lost", "attempts.ejected", "stranded")
"""Callers who were lost, and what most of them are lost by."""

_THE_SAME: Final = 0.1
"""What part of ejections and strandings a difference in lost callers may differ from theirs, and is said by them."""


def apart(variants: Mapping[str, Sequence[Replication]]) -> str:
    """Say in one sentence how far the variants are from the first; those of which the same is said stand together."""
    (first, base), *others = variants.items()
    said: dict[str, list[str]] = {}
    for name, other in others:
        sentence = comparison({first: base, name: other})[0].removesuffix(".")
        said.setdefault(sentence.removeprefix(f"{name} "), []).append(name)
    parts = []
    for what, names in said.items():
        verb, _, rest = what.partition(" ")
        listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        parts.append(f"{listed} {verb if len(names) == 1 else _VERBS.get(verb, verb)} {rest}")
    return f"{'; '.join(parts)}."


def _differences(a: str, first: Sequence[Replication], b: str, second: Sequence[Replication]) -> list[str]:
    both = [[each.measures for each in first], [each.measures for each in second]]
    total = in_total(differences(a, both[0], b, both[1]))
    told = [row for row in map(total.get, _TOLD) if row is not None and row["mean"]]
    served = total.get("calls.share.served")
    if all(map(chance, told)) and served is not None and served["mean"] and not chance(served):
        told.insert(0, served)
    if lost_otherwise(total):
        told.insert(0, total["callers.lost"])
    several = _several_tries(each["total"] for measures in both for each in measures)
    return [_difference(a, b, row, several=several) for row in told] or [f"{b} and {a} give the same rates."]


def lost_otherwise(total: Mapping[str, Json]) -> bool:
    """Whether variants differ in lost callers by another number than in calls ejected and stranded.

    So it is where ejected callers are saved by a fallback, or try again: who ejects more may lose fewer.

    Args:
        total: Differences in total by measure, each with its ``mean``; those of :data:`LOSSES` count.
    """
    lost, *turned_away = (0.0 if (row := total.get(name)) is None else row["mean"] or 0.0 for name in LOSSES)
    size = max(abs(lost), sum(map(abs, turned_away)))
    return bool(lost) and abs(lost - sum(turned_away)) > _THE_SAME * size


def _difference(a: str, b: str, row: Json, *, several: bool) -> str:
    """Say by how much b does more or less of something than a.

    Args:
        a: One variant.
        b: The other one.
        row: By how much they differ.
        several: Whether an ejection may be another than that of a call.
    """
    verb, what = {**_TOLD, **_ALSO_TOLD}[row["measure"]]
    if several and row["measure"] == "ejection_rate":
        what = "attempts"
    size: Interval = {"mean": abs(row["mean"]), "low": row["low"], "high": row["high"], "n": 0}
    side = "more" if row["mean"] > 0 else "fewer"
    amount = cell(row["measure"], size).replace(" %", " points")
    perhaps = ", which may be chance" if chance(row) else ""
    if row["low"] is None:
        perhaps = "; one replication does not say how sure that is"
    return f"{b} {verb} {amount} {side} {what} than {a}{perhaps}."
