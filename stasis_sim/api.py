"""What a user has in Python and Jupyter: :func:`run` a :class:`~stasis_sim.scenario.Scenario`, get :class:`Results`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stasis_sim.experiments import comparisons
from stasis_sim.experiments import replications as runs

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from matplotlib.figure import Figure

    from stasis_sim.experiments.studies import Progress
    from stasis_sim.scenario import Scenario


class Results(runs.Results):
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


def run(
    scenario: Scenario,
    *,
    seed: int | None = None,
    replications: int | None = None,
    out: Path | str | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> Results:
    """Run a scenario.

    >>> results = run(Scenario.load("my.yaml"), replications=10, workers=4)  # doctest: +SKIP
    >>> results.measures["total"]["ejection_rate"]["mean"]  # doctest: +SKIP
    >>> results.calls.groupby("outcome").size()  # doctest: +SKIP

    Args:
        scenario: What to run.
        seed: In place of the scenario's.
        replications: In place of the scenario's.
        out: Folder to keep the results under; None: they last as long as the object that is returned.
        workers: Processes to work in; 1 works in this one.
        executor: Any executor to work on, in place of processes of our own.
        command: What the user typed, for the provenance.
        progress: Told after each replication how many are done, of how many.

    Raises:
        InputError: The scenario does not fit Asterisk's files, or a value is none that may be.
        TypeError: It is no scenario, but the path of one for instance.
    """
    found = runs.run(
        scenario,
        seed=seed,
        replications=replications,
        out=out,
        workers=workers,
        executor=executor,
        command=command,
        progress=progress,
    )
    return Results(**vars(found))


def compare(
    variants: Mapping[str, Scenario],
    *,
    out: Path | str | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> dict[str, Results]:
    """Run variants with the same callers and outages.

    Args:
        variants: Scenarios by name; the first is what the others are held against.
        out: Folder to keep the results under; None: they last as long as the objects that are returned.
        workers: Processes to work in; 1 works in this one.
        executor: Any executor to work on, in place of processes of our own.
        command: What the user typed, for the provenance.
        progress: Told after each replication how many are done, of how many.

    Raises:
        InputError: A scenario does not fit Asterisk's files, or the variants do not meet the same callers.
        TypeError: They are no scenarios by name.
        ValueError: There are none.
    """
    done = comparisons.compare(
        variants, out=out, workers=workers, executor=executor, command=command, progress=progress
    )
    return {name: Results(**vars(found)) for name, found in done.items()}
