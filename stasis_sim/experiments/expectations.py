"""Hold the ``expect:`` lines of a scenario against its measures, and say what was expected and what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stasis_sim.errors import InputError
from stasis_sim.observe.catalogue import Kind, Measure, lookup
from stasis_sim.observe.intervals import Interval, Intervals, Summary, at_confidence
from stasis_sim.scenario.expect import Expectation


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one expectation holds.

    Attributes:
        text: The expectation as written.
        ok: Whether it holds.
        seen: The number that decided: the mean or a bound of its interval; None: there was none.
        found: What was seen, in words.
    """

    text: str
    ok: bool
    seen: float | None
    found: str

    def __str__(self) -> str:
        return f"{'ok' if self.ok else 'FAILED'}: expected {self.text}; saw {self.found}"

    def json(self) -> dict[str, Any]:
        """Its entry in the JSON of a check."""
        return {"text": self.text, "seen": self.seen, "ok": self.ok}


def hold(expectation: Expectation, summary: Summary) -> Verdict:
    """Hold one expectation: the mean decides, or with a confidence the worse bound of the interval."""
    measure = lookup(expectation.measure)
    if measure is None:
        found: Intervals | str = f"no measure {expectation.measure}: docs/measures.md lists all"
    else:
        found = _scope(expectation.app, measure, summary)
    if isinstance(found, str) or measure is None:
        return Verdict(expectation.text, False, None, str(found))
    interval = found.get(expectation.measure)
    if interval is None and measure.kind == "count":
        interval = _never(next((each["n"] for each in found.values()), 0))
    if interval is None or interval["mean"] is None:
        return Verdict(expectation.text, False, None, "nothing to measure it by")
    return _decide(expectation, interval["mean"], interval, measure.kind)


def _scope(app: str | None, measure: Measure, summary: Summary) -> Intervals | str:
    """The measures that an expectation means, or why there are none."""
    if app is None:
        return summary["total"]
    given = {"apps": summary["apps"], "clients": summary["clients"]}
    for scope, measured in given.items():
        if scope in measure.scopes and app in measured:
            return measured[app]
    known = list(dict.fromkeys((*summary["apps"], *summary["clients"])))
    if app in known:
        return f"no {measure.name} of {app}: it is given for {' and '.join(measure.scopes)}"
    return f"no app or client {app}: there are {', '.join(known) or 'none'}"


def _never(n: int) -> Interval:
    """The interval of what happened in none of n replications."""
    bound = 0.0 if n > 1 else None
    return {"mean": 0.0, "low": bound, "high": bound, "n": n}


def _decide(expectation: Expectation, mean: float, interval: Interval, kind: Kind) -> Verdict:
    confidence, n = expectation.confidence, interval["n"]
    if confidence is None:
        found = f"{_show(mean, kind)} ({_replications(n)})"
        return Verdict(expectation.text, expectation.holds(mean), mean, found)
    wider = at_confidence(interval, confidence)
    low, high = wider["low"], wider["high"]
    if low is None or high is None:
        found = f"{_show(mean, kind)} in one replication, which has no interval: set run.replications to 2 or more"
        return Verdict(expectation.text, False, None, found)
    bounds = f"{_show(low, kind)} to {_show(high, kind)} with {100 * confidence:.10g}%"
    found = f"{_show(mean, kind)}, {bounds} ({_replications(n)})"
    worse = _worse(expectation, low, high)
    return Verdict(expectation.text, expectation.holds(worse), worse, found)


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


def _replications(n: int) -> str:
    return "1 replication" if n == 1 else f"{n} replications"


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
