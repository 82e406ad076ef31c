"""Which figures a run, a comparison and a sweep have, on a page or in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from stasis_sim.errors import InputError
from stasis_sim.experiments.choosing import Asked, choose
from stasis_sim.experiments.retelling import retell
from stasis_sim.report.differences_figure import paired_differences
from stasis_sim.report.distributions import handoff_latency, stranded, stranded_time
from stasis_sim.report.outages_figure import ejections_over_time
from stasis_sim.report.sweeps import picture as sweep_figure
from stasis_sim.report.swimlane import drawn
from stasis_sim.report.timeline import timeline

if TYPE_CHECKING:
    from stasis_sim.experiments.replications import Results
    from stasis_sim.experiments.sweeps import Swept
    from stasis_sim.report.svg import Draw


MOST_RETOLD: Final = 20_000
"""Calls of a replication that is run once more for a page; of more than that it would take longer than one waits."""


FEWEST_STRANDED: Final = 10
"""Fewer waits make no distribution."""


def _stranded(results: Results) -> Draw | None:
    """Return what draws how long calls waited in vain; None: too few did."""
    waits = sum(map(len, stranded(results).values()))
    return partial(stranded_time, results) if waits >= FEWEST_STRANDED else None


def _swimlane(results: Results) -> Draw | None:
    """Return what draws the most instructive calls; None: there are none, or they are too many."""
    if max(each.measures["total"]["calls"] or 0 for each in results.replications) > MOST_RETOLD:
        return None
    try:
        choice = choose(results, Asked())
        return None if choice is None else partial(drawn, retell(results, choice))
    except InputError:
        # Results of another model, which this one does not repeat: what the tables say stands without it.
        return None


class OfRun(NamedTuple):
    """A figure of a run.

    Attributes:
        draw: Returns what draws it, None if there is nothing to draw; what takes long is done by then, as each figure
            is drawn in two widths.
        measure: What must have been there to be measured, as there is nothing to see else; empty: nothing.
        alone: Whether it is too much for a page of several runs.
    """

    draw: Callable[[Results], Draw | None]
    measure: str = ""
    alone: bool = False


RUN: Final = {
    "timeline": OfRun(lambda results: partial(timeline, results)),
    "ejections": OfRun(lambda results: partial(ejections_over_time, results), "ejection_rate"),
    "stranded": OfRun(_stranded, "stranded_s"),
    "handoff": OfRun(lambda results: partial(handoff_latency, results), "handoff_s.p50"),
    "swimlane": OfRun(_swimlane, alone=True),
}
"""The figures of a run, in their order; they need its tables."""

COMPARISON: Final[dict[str, Callable[[Mapping[str, Results]], Draw]]] = {
    "differences": lambda variants: partial(paired_differences, variants)
}
"""The figures of variants side by side; those of each variant by itself are :data:`RUN`."""


def of_run(results: Results, *, alone: bool) -> Iterator[tuple[str, Draw]]:
    """Yield what draws a run, by names that are unique within a page.

    Args:
        results: The run.
        alone: Whether the page is about this run alone.
    """
    total = results.measures["total"]
    for name, each in RUN.items():
        measured = total.get(each.measure)
        there = not each.measure or (measured is not None and measured["mean"] is not None)
        draw = each.draw(results) if there and (alone or not each.alone) else None
        if draw is not None:
            yield name, draw


def of_comparison(variants: Mapping[str, Results]) -> Iterator[tuple[str, Draw]]:
    """Yield what draws variants side by side, if there are two or more."""
    if len(variants) > 1:
        yield from ((name, draw(variants)) for name, draw in COMPARISON.items())


def of_sweep(found: Swept, measures: Sequence[str]) -> Iterator[tuple[str, Draw]]:
    """Yield what draws measures over the points of a sweep."""
    yield from ((name, partial(sweep_figure, found, name)) for name in measures)
