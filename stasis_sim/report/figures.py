"""Which figures a page shows: of a run, of a comparison, of a sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from stasis_sim.report.sweeps import picture as sweep_figure
from stasis_sim.report.sweeps import telling
from stasis_sim.report.timeline import timeline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from stasis_sim.experiments.replications import Results
    from stasis_sim.experiments.sweeps import Swept
    from stasis_sim.report.svg import Draw


def _timeline(results: Results, *, width: float) -> Figure:
    figure = timeline(results)
    figure.set_size_inches(width, figure.get_size_inches()[1])
    return figure


class OfRun(NamedTuple):
    """A figure of a run.

    Attributes:
        draw: Returns what draws it; what takes long is done by then, as each figure is drawn in two widths.
        measure: What must have been there to be measured, as there is nothing to see else; empty: nothing.
        alone: Whether it is too much for a page of several runs.
    """

    draw: Callable[[Results], Draw]
    measure: str = ""
    alone: bool = False


RUN: Final = {"timeline": OfRun(lambda results: partial(_timeline, results))}
"""The figures of a run, in their order; they need its tables."""

COMPARISON: Final[dict[str, Callable[[Mapping[str, Results]], Draw]]] = {}
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
        if there and (alone or not each.alone):
            yield name, each.draw(results)


def of_comparison(variants: Mapping[str, Results]) -> Iterator[tuple[str, Draw]]:
    """Yield what draws variants side by side."""
    yield from ((name, draw(variants)) for name, draw in COMPARISON.items())


def of_sweep(found: Swept) -> Iterator[tuple[str, Draw]]:
    """Yield what draws each measure that tells the points of a sweep apart."""
    yield from ((name, partial(sweep_figure, found, name)) for name in telling(found))
