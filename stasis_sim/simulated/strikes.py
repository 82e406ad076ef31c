"""When a fault strikes, and for how long: known from the scenario and the random numbers alone, whatever happens."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stasis_sim.scenario.distributions import Constant
from stasis_sim.simulated.draws import durations

if TYPE_CHECKING:
    from stasis_sim.randomness import Streams
    from stasis_sim.scenario.faults import Fault


class Strikes:
    """The strikes of one fault of the scenario.

    Args:
        number: Its position in the scenario.
        spec: What the scenario says of it.
        streams: Random numbers of the replication.

    Attributes:
        lasts: For each strike how long it lasts, in microseconds.
        start: For each strike how long the client takes to start again, in microseconds.
    """

    def __init__(self, number: int, spec: Fault, streams: Streams) -> None:
        none = Constant(0)
        self._spec = spec
        self._every = durations(streams, f"faults/{number}/every", spec.every or none)
        self.lasts = durations(streams, f"faults/{number}/for", spec.lasts or none)
        self.start = durations(streams, f"faults/{number}/start", spec.start or none)

    def __iter__(self) -> Iterator[int]:
        """Yield the instants of the strikes, in microseconds; without an end where it strikes again and again."""
        if self._spec.every is None:
            yield from (self._spec.at_us or ()) if self._spec.csv is None else self._spec.csv.at_us
            return
        at = 0
        for strike in itertools.count():
            at += self._every[strike]
            yield at
            at += self.lasts[strike]
