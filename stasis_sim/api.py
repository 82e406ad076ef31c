"""What a user has in Python and Jupyter: :func:`run` a :class:`~stasis_sim.scenario.Scenario`, get :class:`Results`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from stasis_sim.experiments import comparisons, replications

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Given = ParamSpec("Given")


class Results(replications.Results):
    """What running a scenario gave: tables as DataFrames, measures with intervals, and pictures."""

    def plot(self, replication: int = 1) -> Figure:
        """Draw the timeline of a replication: connections, calls inside, ejections and missed events over time."""
        from stasis_sim.report.timeline import timeline  # noqa: PLC0415 - loads matplotlib

        return timeline(self, replication)

    def plot_ejections(self) -> Figure:
        """Draw the share of attempts that was ejected, against the outages of each app, over time."""
        from stasis_sim.report.outages_figure import ejections_over_time  # noqa: PLC0415 - loads matplotlib

        return ejections_over_time(self)

    def plot_stranded(self) -> Figure:
        """Draw how long calls were inside an app that had not heard of them."""
        from stasis_sim.report.distributions import stranded_time  # noqa: PLC0415 - loads matplotlib

        return stranded_time(self)

    def plot_handoff(self) -> Figure:
        """Draw how long it took from Stasis() to the first command."""
        from stasis_sim.report.distributions import handoff_latency  # noqa: PLC0415 - loads matplotlib

        return handoff_latency(self)

    def plot_swimlane(self, **chosen: Any) -> Figure:
        """Draw what happened to single calls, step by step; see :func:`stasis_sim.report.swimlane.swimlane`.

        Args:
            **chosen: ``call``, ``outage``, ``app``, ``replication``; nothing: the worst outage.

        Raises:
            InputError: There is no such call, outage, app or replication.
        """
        from stasis_sim.report.swimlane import swimlane  # noqa: PLC0415 - loads matplotlib

        return swimlane(self, **chosen)


def _drawing(runs: Callable[Given, replications.Results]) -> Callable[Given, Results]:
    """Return what runs a scenario the same way, and gives results that have pictures."""

    @wraps(runs)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Results:
        return Results(**vars(runs(*args, **kwargs)))

    return run


def _each_drawing(compares: Callable[Given, dict[str, replications.Results]]) -> Callable[Given, dict[str, Results]]:
    """Return what runs variants the same way, and gives results that have pictures."""

    @wraps(compares)
    def compare(*args: Given.args, **kwargs: Given.kwargs) -> dict[str, Results]:
        return {name: Results(**vars(found)) for name, found in compares(*args, **kwargs).items()}

    return compare


run = _drawing(replications.run)
compare = _each_drawing(comparisons.compare)
