"""Experiments from Python: what each gives as one tidy DataFrame.

>>> from stasis_sim import Scenario, experiments
>>> scenario = Scenario.load("scenarios/outage-length.yaml")  # doctest: +SKIP
>>> experiments.sweep(scenario, {"faults.0.for": ["5s", "60s"]}, workers=2)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from stasis_sim.experiments import comparisons, replications, sweeps
from stasis_sim.experiments.results import differences
from stasis_sim.observe.intervals import scopes

if TYPE_CHECKING:
    from stasis_sim.scenario import Scenario


def replicate(scenario: Scenario, n: int | None = None, **options: Any) -> pd.DataFrame:
    """Run a scenario several times.

    Args:
        scenario: The scenario.
        n: How many times; what the scenario says where it is not given.
        **options: Those of :func:`stasis_sim.experiments.replications.run`: ``out``, ``workers``, ``executor``,
            ``progress`` and the like.

    Returns:
        One row a replication, app or client, and measure, in columns ``replication``, ``app``, ``client``, ``measure``
        and ``value``. Neither app nor client is the total. Times are seconds, shares go from 0 to 1.
    """
    rows = []
    for replication in replications.run(scenario, replications=n, **options).replications:
        for app, client, values in scopes(replication.measures):
            rows += [(replication.number, app, client, name, value) for name, value in values.items()]
    return pd.DataFrame(rows, columns=["replication", "app", "client", "measure", "value"])


def sweep(
    scenario: Scenario, over: Mapping[str, Any] | None = None, latin_hypercube: int | None = None, **options: Any
) -> pd.DataFrame:
    """Run a scenario for many values of some of its keys.

    Args:
        scenario: The scenario.
        over: For each key a list of values, or a range such as ``1s..2min``; what the scenario says where not given.
        latin_hypercube: How many points, spread over all dimensions, in place of every combination.
        **options: Those of :func:`stasis_sim.experiments.sweeps.sweep`: ``out``, ``workers``, ``executor``,
            ``progress`` and the like.

    Returns:
        One row a point, app or client, and measure, in columns ``point``, one for each key, ``app``, ``client``,
        ``measure``, ``mean``, ``low``, ``high`` and ``n``. Values of a key that are durations stand as seconds in
        ``KEY_s``, rates per second in ``KEY_per_s``.
    """
    swept = scenario if over is None else sweeps.design(scenario, over, latin_hypercube)
    return sweeps.sweep(swept, **options).table()


def compare(
    variants: Mapping[str, Scenario] | Scenario, over: Mapping[str, Any] | None = None, **options: Any
) -> pd.DataFrame:
    """Run variants with the same callers and outages, and take the first from each of the others.

    Args:
        variants: Scenarios by name; or one, whose variants ``over`` makes.
        over: For each key a list of values.
        **options: Those of :func:`stasis_sim.experiments.comparisons.compare`.

    Returns:
        One row a pair of variants, app or client, and measure, in columns ``measure``, ``app``, ``client``, ``a``,
        ``b`` and the paired difference ``mean`` (b less a) with its 95 % interval ``low`` to ``high``, of ``n`` pairs:
        those in which both had something to measure. Neither app nor client is the total.
    """
    named = variants if isinstance(variants, Mapping) else comparisons.variants_of(variants, over or {})
    done = comparisons.compare(named, **options)
    (first, base), *others = ((name, [each.measures for each in found.replications]) for name, found in done.items())
    rows = [row for name, found in others for row in differences(first, base, name, found)]
    return pd.DataFrame(rows, columns=["measure", "app", "client", "a", "b", "mean", "low", "high", "n"])
