"""Shares of what is counted, such as ejected attempts of decided ones: what all replications have counted together.

Where replications agree to the last digit their spread says nothing, and a Student-t interval of them has no width.
The counts say more: of 60 calls of which none was ejected one in a hundred may be. Shares of time have no such counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from stasis_sim.observe.intervals import CONFIDENCE, Intervals, none_seen, wilson
from stasis_sim.observe.vocabulary import FATES, OUTCOMES


class Parts(NamedTuple):
    """What a share is made of: the sums of some counts.

    Attributes:
        hits: What is looked for.
        trials: Among what.
        what: What one of them is called, if there are several.
    """

    hits: tuple[str, ...]
    trials: tuple[str, ...]
    what: str


PARTS: Final[Mapping[str, Parts]] = {
    **{f"calls.share.{outcome}": Parts((f"calls.outcome.{outcome}",), ("calls",), "calls") for outcome in OUTCOMES},
    "ejection_rate": Parts(("attempts.ejected",), ("attempts.entered", "attempts.ejected"), "attempts"),
    "saved_rate": Parts(("calls.outcome.fallback",), ("calls.outcome.fallback", "calls.outcome.dropped"), "calls"),
    "missed_rate": Parts(
        ("events.missed", "events.lost"), tuple(f"events.{fate}" for fate in FATES if fate != "pending"), "events"
    ),
}
"""The shares that are made of counts, by measure."""


class Pooled(NamedTuple):
    """What all replications have counted together.

    Attributes:
        hits: How often what is looked for was seen.
        trials: Among how many.
        what: What these are: calls, attempts or events.
    """

    hits: int
    trials: int
    what: str

    def bounds(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return between what the share lies, if each trial is independent of the others.

        If none was seen, or nothing else, there is nothing on one side, and the bound on the other holds with the whole
        confidence: fewer than 1 - (1 - confidence)^(1 / n), about 3 / n for 95 %. Else it is Wilson's score interval.
        """
        if self.hits == 0:
            return 0.0, none_seen(self.trials, confidence)
        if self.hits == self.trials:
            return 1 - none_seen(self.trials, confidence), 1.0
        found = wilson(self.hits, self.trials, confidence)
        return found["low"] or 0.0, found["high"] or 1.0


def pooled(name: str, measures: Intervals) -> Pooled | None:
    """Return what a share is of, over all replications; None: it is no share of what is counted, or of nothing.

    Args:
        name: Of the share.
        measures: Of the same scope, over replications.
    """
    parts = PARTS.get(name)
    if parts is None:
        return None
    hits, trials = (_sum(names, measures) for names in (parts.hits, parts.trials))
    return Pooled(hits, trials, parts.what) if trials else None


def _sum(names: Iterable[str], measures: Intervals) -> int:
    """Return how much was counted in all replications: their mean is a sum of whole numbers by their number."""
    found = (measures.get(name) for name in names)
    return sum(round((each["mean"] or 0) * each["n"]) for each in found if each is not None)
