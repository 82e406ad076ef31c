"""Which figures a page shows: of a run, of a comparison, of a sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from stasis_sim.report.sweeps import picture as sweep_figure
from stasis_sim.report.sweeps import telling
from stasis_sim.report.timeline import timeline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from stasis_sim.experiments.replications import Results
    from stasis_sim.experiments.sweeps import Swept

Drawn = Iterator[tuple[str, "Figure"]]
"""Names, which are unique within a page, and figures."""

RUN: Final[dict[str, Callable[[Results], Figure]]] = {"timeline": timeline}
"""The figures of a run, in their order; they need its tables."""

COMPARISON: Final[dict[str, Callable[[Mapping[str, Results]], Figure]]] = {}
"""The figures of variants side by side; those of each variant by itself are :data:`RUN`."""


def of_run(results: Results) -> Drawn:
    """Draw a run; without tables there is nothing to draw."""
    if results.scenario.run.record == "all":
        yield from ((name, draw(results)) for name, draw in RUN.items())


def of_comparison(variants: Mapping[str, Results]) -> Drawn:
    """Draw variants side by side."""
    yield from ((name, draw(variants)) for name, draw in COMPARISON.items())


def of_sweep(found: Swept) -> Drawn:
    """Draw each measure that tells the points of a sweep apart."""
    yield from ((name, sweep_figure(found, name)) for name in telling(found))
