"""A scenario's distributions as sequences of durations, each from the stream of its name."""

from __future__ import annotations

from stasis_sim.randomness import Durations, Fixed, Streams
from stasis_sim.scenario.distributions import Constant, Distribution


def durations(streams: Streams, name: str, distribution: Distribution) -> Durations:
    """Return the durations in microseconds that a distribution gives to the stream of a name."""
    if isinstance(distribution, Constant):
        return Fixed(distribution.value_us)
    return streams.durations(name, distribution.quantile_us)
