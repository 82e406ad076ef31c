"""A scenario that is run: what it gives, as measures and as tables."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stasis_sim.errors import Problem
from stasis_sim.experiments.executors import crew
from stasis_sim.experiments.expectations import Verdict, hold
from stasis_sim.experiments.results import Json, Replication, ResultTree, engine_of, how_often, run_json
from stasis_sim.experiments.studies import Progress, Study, carry_out
from stasis_sim.observe.intervals import Summary, summarise
from stasis_sim.scenario import a_scenario

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from stasis_sim.scenario import Scenario


class Folder:
    """The folder under which results are kept.

    Args:
        out: Where it lies; None: it is one of our own, which goes when nobody refers to this object any more.
    """

    def __init__(self, out: Path | str | None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="stasis-sim-") if out is None else out)
        if out is None:
            weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(repr=False)
class Results:
    """What running a scenario gave.

    Attributes:
        scenario: The scenario as it was run.
        replications: The measures of each replication, and what its faults touched.
        tree: Where the files lie.
        warnings: What a person should know before believing the results.
    """

    scenario: Scenario
    replications: tuple[Replication, ...]
    tree: ResultTree
    warnings: tuple[Problem, ...] = ()
    _keep: Any = field(default=None, repr=False)

    def __repr__(self) -> str:
        times, setup = how_often(len(self.replications)), self.scenario
        return f"<results of {setup.name}: {setup.asterisk.profile}, {times}, seed {setup.run.seed}>"

    @cached_property
    def measures(self) -> Summary:
        """Every measure in total, by app and by client, as ``{mean, low, high, n}`` with a 95 % Student-t interval."""
        return summarise([replication.measures for replication in self.replications])

    def json(self) -> Json:
        """Return what ``run --json`` prints and measures.json holds."""
        return run_json(self.scenario, self.tree.path.name, self.replications)

    @property
    def engine(self) -> str:
        """``open-loop``, or ``events`` if a single replication had to be computed event by event."""
        return engine_of(self.replications)

    @property
    def closed_by(self) -> str:
        """Why it was computed event by event though the scenario leaves the choice; empty where it was not."""
        return next((each.notes["closed"] for each in self.replications if each.notes["closed"]), "")

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What became of each line of ``expect:``."""
        return tuple(hold(expectation, self.measures) for expectation in self.scenario.expect)

    @property
    def idle_faults(self) -> tuple[int, ...]:
        """Positions of the faults that touched nothing in all replications together."""
        touched = [replication.notes["touched"] for replication in self.replications]
        return tuple(position for position, hits in enumerate(zip(*touched, strict=True)) if not sum(hits))

    @property
    def calls(self) -> pd.DataFrame:
        """One row a call that traffic offered."""
        return self.table("calls")

    @property
    def attempts(self) -> pd.DataFrame:
        """One row an execution of Stasis by a channel."""
        return self.table("attempts")

    @property
    def events(self) -> pd.DataFrame:
        """One row a message that the registry raised for an app."""
        return self.table("events")

    @property
    def commands(self) -> pd.DataFrame:
        """One row a REST request of a client."""
        return self.table("commands")

    @property
    def connections(self) -> pd.DataFrame:
        """One row a connection, or a try at one."""
        return self.table("connections")

    @property
    def outages(self) -> pd.DataFrame:
        """One row a stretch in which an app had no working connection."""
        return self.table("outages")

    def table(
        self, name: str, columns: Sequence[str] | None = None, where: Mapping[str, Iterable[Any]] | None = None
    ) -> pd.DataFrame:
        """Return a table of all replications; times are seconds.

        Args:
            name: calls, attempts, events, commands, connections or outages.
            columns: Only these; None: all.
            where: Only rows in which these columns have one of these values, as they are on disk: times are whole
                microseconds, and called so (``at_us``).

        Raises:
            ValueError: There is no such table or column, or the scenario says ``record: measures``, so that there are
                no tables.
        """
        from stasis_sim.observe.tables import read  # noqa: PLC0415 - loads pandas

        return read(name, self.directories(), columns, where)

    def ledger(self) -> pd.DataFrame:
        """Return one row for each event that was missed, lost, late or misdelivered, and what it means; times: seconds.

        The columns are those of :data:`stasis_sim.observe.missing.COLUMNS`. Sums of the rows that are ``counted`` are
        the measures ``events.missed``, ``events.lost`` and ``events.late``.

        Raises:
            ValueError: The scenario says ``record: measures``, so that there are no tables.
        """
        from stasis_sim.observe.missing import ledger  # noqa: PLC0415 - loads pandas

        return ledger(self.directories(), self.scenario.run.warmup_us)

    def directories(self) -> list[Path]:
        """Return the folder of each replication, in which its tables lie.

        Raises:
            ValueError: The scenario says ``record: measures``, so that there are no tables.
        """
        if self.scenario.run.record != "all":
            raise ValueError("run.record is measures, so there are no tables; set it to all")
        return self.tree.directories(replication.number for replication in self.replications)


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
    overrides = {"run.seed": seed, "run.replications": replications}
    given = {key: value for key, value in overrides.items() if value is not None}
    a_scenario(scenario)
    study_of = scenario.where(given) if given else scenario
    folder = Folder(out)
    study = Study(study_of, folder.path, command)
    with crew(executor, workers_for(workers, study.total)) as people:
        for _ in carry_out([study], people, progress):
            pass
    return results_of(study, folder)


def run_all(studies: Sequence[Study], workers: int) -> Iterator[Results]:
    """Run many studies by one crew.

    Args:
        studies: What to run.
        workers: Processes to work in.

    Yields:
        What each gave, in the order of the studies.
    """
    over: set[int] = set()
    waiting = deque(studies)
    with crew(None, workers_for(workers, sum(study.total for study in studies))) as people:
        for study in carry_out(studies, people):
            over.add(id(study))
            while waiting and id(waiting[0]) in over:
                yield results_of(waiting.popleft())


def workers_for(workers: int, jobs: int) -> int:
    """Return how many processes are worth starting for so many replications."""
    return max(min(workers, jobs), 1)


def results_of(study: Study, keep: Folder | None = None) -> Results:
    """Return what a study that is over gave.

    Args:
        study: The study.
        keep: The folder, where it must live as long as its files are looked at.
    """
    return Results(study.scenario, study.replications, study.tree, study.warnings, keep)
