"""Shares of what is counted: what they are made of, and what all replications together say of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stasis_sim.observe.catalogue import lookup
from stasis_sim.observe.intervals import Intervals, student, summarise
from stasis_sim.observe.proportions import PARTS, Pooled, pooled
from tests.observe.test_metrics import Plan, plans, play


@given(plans, plans)
def test_a_share_is_its_hits_among_its_trials(first: list[Plan], second: list[Plan]) -> None:
    """What is pooled of one replication is its share, of two the sums of both; other measures are made of no counts."""
    made = [play(plan, [0], 20)["total"] for plan in (first, second)]
    shares = {name for name in made[0] if (measure := lookup(name)) is not None and measure.kind == "share"}
    assert set(PARTS) == shares - {"availability", "registered"}
    both = summarise([{"total": each, "apps": {}, "clients": {}} for each in made])["total"]
    for name in made[0]:
        some = []
        for values in made:
            found = pooled(name, {each: student([number]) for each, number in values.items()})
            assert (None if found is None else found.hits / found.trials) == (values[name] if name in PARTS else None)
            some += [] if found is None else [found]
        together = pooled(name, both)
        counted = (sum(found.hits for found in some), sum(found.trials for found in some)) if some else None
        assert (None if together is None else (together.hits, together.trials)) == counted


def test_nothing_counted_is_no_share() -> None:
    """Without a single trial there is nothing to judge by."""
    none: Intervals = {"attempts.ejected": student([0, 0]), "attempts.entered": student([0, 0])}
    assert pooled("ejection_rate", none) is None
    assert pooled("ejection_rate", {}) is None


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("n", [1, 20, 60, 100_000])
def test_bounds_of_nothing_seen_and_of_nothing_else(n: int, confidence: float) -> None:
    """On the one side there is nothing; a share at the bound on the other would show itself with the confidence."""
    none, nothing_else = (Pooled(hits, n, "calls").bounds(confidence) for hits in (0, n))
    assert (none[0], nothing_else[1]) == (0, 1)
    assert (1 - none[1]) ** n == pytest.approx(1 - confidence)
    assert nothing_else[0] ** n == pytest.approx(1 - confidence)


@given(st.integers(2, 500).flatmap(lambda n: st.tuples(st.integers(1, n - 1), st.just(n))))
def test_bounds_of_what_was_seen_are_those_of_wilson(counts: tuple[int, int]) -> None:
    """In between they are Wilson's, as SciPy has them."""
    wanted = stats.binomtest(*counts).proportion_ci(0.95, method="wilson")
    assert Pooled(*counts, "calls").bounds() == pytest.approx((wanted.low, wanted.high), abs=1e-12)
