"""Hold the ``expect:`` lines of a scenario against its measures, and say what was expected and what was seen.

Without a confidence the mean over replications decides. With one it is the worse bound of an interval: Student's t over
replications, as long as these differ. Where all of them agree their spread says nothing. Then a share is judged by all
that it is of (:mod:`stasis_sim.observe.proportions`), and what no replication has counted by their number; of anything
else the number that all have seen decides, and a note says that it may not be the whole truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from stasis_sim.errors import InputError
from stasis_sim.experiments.results import how_often
from stasis_sim.observe.catalogue import Kind, Measure, lookup
from stasis_sim.observe.intervals import CONFIDENCE, Interval, Intervals, Summary, at_confidence, none_counted, of_scope
from stasis_sim.observe.proportions import pooled
from stasis_sim.scenario.expect import Expectation


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one expectation holds.

    Attributes:
        text: The expectation as written.
        ok: Whether it holds.
        seen: The number that decided: the mean or a bound of its interval; None: there was none.
        found: What was seen, in words.
        note: Why it holds with less confidence than was asked for; empty where that is not so.
    """

    text: str
    ok: bool
    seen: float | None
    found: str
    note: str = ""

    def __str__(self) -> str:
        note = f", {self.note}" if self.note else ""
        return f"{'ok' if self.ok else 'FAILED'}: expected {self.text}; saw {self.found}{note}"

    def json(self) -> dict[str, Any]:
        """Its entry in the JSON of a check."""
        entry = {"text": self.text, "seen": self.seen, "ok": self.ok}
        return {**entry, "note": self.note} if self.note else entry


class _Bounds(NamedTuple):
    """Between what a number lies, with the confidence that was asked for; what that is known from, and a note."""

    low: float
    high: float
    known: str
    note: str = ""


def hold(expectation: Expectation, summary: Summary) -> Verdict:
    """Hold one expectation: the mean decides, or with a confidence the worse bound of the interval."""
    measure = lookup(expectation.measure)
    if measure is None:
        found: Intervals | str = f"no measure {expectation.measure}: docs/measures.md lists all"
    else:
        found = _scope(expectation, measure, summary)
    if isinstance(found, str) or measure is None:
        return Verdict(expectation.text, False, None, str(found))
    interval = found.get(expectation.measure)
    if interval is None and measure.kind == "count":
        interval = _never(_most(found))
    if interval is None or interval["mean"] is None:
        return Verdict(expectation.text, False, None, "nothing to measure it by")
    mean = _show(interval["mean"], measure.kind)
    if expectation.confidence is None:
        ok = expectation.holds(interval["mean"])
        perhaps = "" if ok else _perhaps(expectation, interval, measure.kind)
        text = f"{mean} ({_how_many(interval, found)}){perhaps}"
        return Verdict(expectation.text, ok, interval["mean"], text)
    bounds = _bounds(expectation, measure, found, interval, expectation.confidence)
    if bounds is None:
        return Verdict(expectation.text, False, None, f"{mean} in {_one(_most(found))}")
    worse = _worse(expectation, bounds.low, bounds.high)
    return Verdict(expectation.text, expectation.holds(worse), worse, f"{mean}{bounds.known}", bounds.note)


def _scope(expectation: Expectation, measure: Measure, summary: Summary) -> Intervals | str:
    """The measures that an expectation means, or why there are none."""
    app = expectation.app
    found = of_scope(summary, app, expectation.measure)
    if found:
        return dict(found)
    known = list(dict.fromkeys((*summary["apps"], *summary["clients"])))
    if app in known:
        return f"no {measure.name} of {app}: it is given for {' and '.join(measure.scopes)}"
    return f"no app or client {app}: there are {', '.join(known) or 'none'}"


def _most(found: Intervals) -> int:
    """How many replications there are."""
    return max((each["n"] for each in found.values()), default=0)


def _how_many(interval: Interval, found: Intervals) -> str:
    """Say of how many replications a number is: not all of them need to have it."""
    n, most = interval["n"], _most(found)
    return how_often(most) if n == most else f"{n} of {how_often(most)}"


def _perhaps(expectation: Expectation, interval: Interval, kind: Kind) -> str:
    """Say of a mean that lies on the wrong side that other callers might have put it on the right one."""
    low, high = interval["low"], interval["high"]
    if low is None or high is None or not low < expectation.value < high:
        return ""
    return f", perhaps chance: {_between(low, high, kind, CONFIDENCE)}"


def _between(low: float, high: float, kind: Kind, confidence: float) -> str:
    """Say between what a number lies; Student's t knows nothing of where shares and times end."""
    low, high = (low if kind == "count" else max(low, 0.0)), (min(high, 1.0) if kind == "share" else high)
    return f"{_show(low, kind)} to {_show(high, kind)} with {100 * confidence:.10g}%"


def _one(replications: int) -> str:
    """What is said of a single number."""
    if replications > 1:
        return f"one of {replications} replications only, which has no interval: more replications would have one"
    return "one replication, which has no interval: set run.replications to 2 or more"


def _never(n: int) -> Interval:
    """The interval of what happened in none of n replications."""
    bound = 0.0 if n > 1 else None
    return {"mean": 0.0, "low": bound, "high": bound, "n": n}


def _bounds(
    expectation: Expectation, measure: Measure, found: Intervals, interval: Interval, confidence: float
) -> _Bounds | None:
    """Return between what a measure lies; None: a single replication does not say."""
    wider, n = at_confidence(interval, confidence), _how_many(interval, found)
    low, high = wider["low"], wider["high"]
    if low is None or high is None:
        return None
    known = f"({n})"
    if low == high:
        share = pooled(expectation.measure, found)
        if share is not None:
            low, high = share.bounds(confidence)
            known = f"({share.hits} of {share.trials} {share.what} in {n}, if these are independent of each other)"
        elif high == 0 and measure.kind == "count" and measure.unit != "channels":
            high = none_counted(interval["n"], confidence)
            known = f"(none in {n}, if they come independently of each other)"
        else:
            which = "" if interval["n"] == _most(found) else " that have it"
            return _Bounds(low, high, f" in all {n}{which}", "whose spread does not say how sure that is")
    return _Bounds(low, high, f", {_between(low, high, measure.kind, confidence)} {known}")


def _worse(expectation: Expectation, low: float, high: float) -> float:
    """The number within an interval that speaks most against an expectation."""
    value = expectation.value
    if expectation.op in {"<=", "<"}:
        return high
    if expectation.op in {">=", ">"}:
        return low
    if expectation.op == "!=":
        return min(max(value, low), high)
    return max(low, high, key=lambda bound: abs(bound - value))


def _show(number: float, kind: Kind) -> str:
    """A number as the table of a run shows it."""
    if kind == "share":
        return f"{100 * number:.4g} %"
    return f"{number:.4g} s" if kind == "seconds" else f"{number:.6g}"


def check_json(scenarios: Mapping[str, Iterable[Verdict]], broken: Mapping[str, InputError]) -> dict[str, Any]:
    """The JSON of a check: for each file its expectations, and whether all hold; or why it cannot be used."""
    entries = []
    for file, given in scenarios.items():
        verdicts = list(given)
        ok = all(verdict.ok for verdict in verdicts)
        entries.append({"file": file, "ok": ok, "expectations": [verdict.json() for verdict in verdicts]})
    entries += [{"file": file, "ok": False, "error": str(error)} for file, error in broken.items()]
    return {"scenarios": entries}
