"""Where replications are worked out: in this process, in processes of our own, or on an executor that the user brings.

All three do the same: they take jobs while they have room, and give back what is done, in whatever order. A worker
that dies takes nothing with it but what it was at: that is given to another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from stasis_sim.experiments.jobs import Done, Job, work

if TYPE_CHECKING:
    from concurrent.futures import Executor


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
        except KeyboardInterrupt:
            processes.kill()
            raise
        except BaseException:
            # Who sees a run fail does not want the replications that have not begun.
            processes.close(wait=False)
            raise
        processes.close(wait=True)
