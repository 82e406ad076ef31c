"""Where replications are worked out: in this process, in processes of our own, or on an executor that the user brings.

All three do the same: they take jobs while they have room, and give back what is done, in whatever order. A worker
that dies takes nothing with it but what it was at: that is given to another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from stasis_sim.experiments.engines import Engine
from stasis_sim.experiments.replication import work_out
from stasis_sim.experiments.results import Replication, ResultTree
from stasis_sim.scenario import Scenario
from stasis_sim.simulated.preparation import prepare

if TYPE_CHECKING:
    from concurrent.futures import Executor


class Job(NamedTuple):
    """One replication to be done.

    Attributes:
        scenario: With its files in hand.
        tree: Where the results go.
        number: Of the replication, from 1.
    """

    scenario: Scenario
    tree: ResultTree
    number: int


Done: TypeAlias = tuple[Job, Replication]


class Crew(Protocol):
    """Who works."""

    @property
    def room(self) -> bool:
        """Whether another job may be given."""

    @property
    def busy(self) -> bool:
        """Whether a job is not done."""

    def take(self, job: Job) -> None:
        """Take a job."""

    def done(self) -> list[Done]:
        """Wait until at least one job is done, and return what is."""


class Alone:
    """This process."""

    def __init__(self) -> None:
        self._job: Job | None = None

    @property
    def room(self) -> bool:
        """Whether it has nothing to do."""
        return self._job is None

    @property
    def busy(self) -> bool:
        """Whether it has something to do."""
        return self._job is not None

    def take(self, job: Job) -> None:
        """Take a job."""
        self._job = job

    def done(self) -> list[Done]:
        """Do the job."""
        job, self._job = self._job, None
        return [] if job is None else [(job, work(job))]


@contextmanager
def crew(executor: Executor | None, workers: int) -> Iterator[Crew]:
    """Give who works: what the user brings, processes of our own, or this process."""
    if executor is not None:
        from stasis_sim.experiments.pools import Abroad  # noqa: PLC0415 - loads concurrent.futures

        abroad = Abroad(executor)
        try:
            yield abroad
        finally:
            abroad.cancel()
    elif workers == 1:
        yield Alone()
    else:
        from stasis_sim.experiments.pools import Processes  # noqa: PLC0415 - loads multiprocessing

        processes = Processes(workers)
        try:
            yield processes
        except BaseException:
            # Who interrupts a run, or sees it fail, does not want the replications that have not begun.
            processes.close(wait=False)
            raise
        processes.close(wait=True)


def work(job: Job, tree: ResultTree | None = None) -> Replication:
    """Do a job in a worker that sees this machine's files; in another, results go to a tree of its own."""
    return work_out(_engine(_Inputs(job)), tree or job.tree, job.number)


class _Inputs:
    """A scenario as the key of a cache: what decides its results has a digest, by which its results are named."""

    def __init__(self, job: Job) -> None:
        self.scenario = job.scenario
        self._digest = job.tree.path.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Inputs) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)


@lru_cache(maxsize=4)
def _engine(inputs: _Inputs) -> Engine:
    """Return what computes a scenario; a worker reads Asterisk's files once for many replications."""
    return Engine(prepare(inputs.scenario))
