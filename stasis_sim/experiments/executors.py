"""Where replications are worked out: in this process, in processes of our own, or on an executor that the user brings.

All three do the same: they take jobs while they have room, and give back what is done, in whatever order. A worker
that dies takes nothing with it but what it was at: that is given to another.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple, Protocol, TypeAlias

from stasis_sim.errors import WorkError
from stasis_sim.experiments.engines import Engine
from stasis_sim.experiments.replication import work_out
from stasis_sim.experiments.results import Replication, ResultTree
from stasis_sim.scenario import Scenario
from stasis_sim.simulated.preparation import prepare

AHEAD: Final = 2
"""Jobs for each process: one that it is at, and one that waits, so that no process ever does."""

ABROAD: Final = 256
"""Jobs on an executor of the user's, of which nobody knows how many workers it has."""

DEATHS: Final = 3
"""So many deaths of workers in a row, and nothing done between them, are no accident."""


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
        return [] if job is None else [(job, _work(job))]


class Processes:
    """Processes of our own, on this machine.

    Args:
        workers: How many.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = self._fresh()
        self._waiting: dict[Future[Replication], Job] = {}
        self._deaths = 0

    def _fresh(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._workers, mp_context=_Fresh(), initializer=_belong)

    @property
    def room(self) -> bool:
        """Whether another job may be given."""
        return len(self._waiting) < AHEAD * self._workers

    @property
    def busy(self) -> bool:
        """Whether a job is not done."""
        return bool(self._waiting)

    def take(self, job: Job) -> None:
        """Take a job."""
        try:
            self._waiting[self._pool.submit(_work, job)] = job
        except BrokenProcessPool:
            self._start_again([job])

    def done(self) -> list[Done]:
        """Wait until at least one job is done, and return what is.

        Raises:
            WorkError: Workers die again and again.
        """
        found: list[Done] = []
        while not found and self._waiting:
            over, _ = wait(self._waiting, return_when=FIRST_COMPLETED)
            broken: list[Job] = []
            for future in over:
                job = self._waiting.pop(future)
                try:
                    found.append((job, future.result()))
                except BrokenProcessPool:
                    broken.append(job)
            if found:
                self._deaths = 0
            if broken:
                self._start_again(broken)
        return found

    def _start_again(self, jobs: list[Job]) -> None:
        """A worker died, and Python gave up the others with it: give their jobs to new ones."""
        self._deaths += 1
        jobs += self._waiting.values()
        self._waiting.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._deaths > DEATHS:
            numbers = ", ".join(str(job.number) for job in jobs[:DEATHS])
            raise WorkError(
                f"worker processes died {self._deaths} times in a row at replications {numbers}; "
                "is there memory enough for so many? write --workers 1, or run.record=measures"
            )
        self._pool = self._fresh()
        for job in jobs:
            self._waiting[self._pool.submit(_work, job)] = job

    def close(self, *, wait: bool) -> None:
        """Let the processes go; those that have work end it, and what has not begun is dropped."""
        self._pool.shutdown(wait=wait, cancel_futures=True)


class Abroad:
    """An executor that the user brings; its workers need not see this machine's files.

    Args:
        executor: The executor, on which this package is installed.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._waiting: dict[Future[tuple[Replication, dict[str, bytes]]], Job] = {}

    @property
    def room(self) -> bool:
        """Whether another job may be given."""
        return len(self._waiting) < ABROAD

    @property
    def busy(self) -> bool:
        """Whether a job is not done."""
        return bool(self._waiting)

    def take(self, job: Job) -> None:
        """Take a job."""
        self._waiting[self._executor.submit(_work_abroad, job)] = job

    def done(self) -> list[Done]:
        """Wait until at least one job is done, and keep what it has sent home."""
        over, _ = wait(self._waiting, return_when=FIRST_COMPLETED)
        found = []
        for future in over:
            job = self._waiting.pop(future)
            replication, files = future.result()
            folder = job.tree.prepare(job.number)
            for name, content in files.items():
                (folder / name).write_bytes(content)
            job.tree.save(replication)
            found.append((job, replication))
        return found

    def cancel(self) -> None:
        """Drop what has not begun."""
        for future in self._waiting:
            future.cancel()


@contextmanager
def crew(executor: Executor | None, workers: int) -> Iterator[Crew]:
    """Give who works: what the user brings, processes of our own, or this process."""
    if executor is not None:
        abroad = Abroad(executor)
        try:
            yield abroad
        finally:
            abroad.cancel()
    elif workers == 1:
        yield Alone()
    else:
        processes = Processes(workers)
        try:
            yield processes
        except BaseException:
            # Who interrupts a run, or sees it fail, does not want the replications that have not begun.
            processes.close(wait=False)
            raise
        processes.close(wait=True)


class _Worker(SpawnProcess):
    """A fresh interpreter that does not run the user's script again.

    Python would do so, to find what the script defines; a worker needs nothing of it. So a notebook or a script that
    asks for several workers needs no ``if __name__ == "__main__"``.
    """

    def start(self) -> None:
        """Start, with nothing said of the script."""
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            super().start()
        finally:
            sys.modules["__main__"] = main


class _Fresh(SpawnContext):
    """A fresh interpreter for each worker: the same on all systems, and nothing of this process leaks into them."""

    Process = _Worker


def _belong() -> None:
    """Let a worker end when its work is not wanted any more.

    At Ctrl-C: Python's own handler only fails the present replication, and the next one begins. And when the process
    that gives out the work is killed: a worker would wait for its next job for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(job: Job) -> Replication:
    """Do a job in a worker that sees this machine's files."""
    return work_out(_engine(_Inputs(job)), job.tree, job.number)


def _work_abroad(job: Job) -> tuple[Replication, dict[str, bytes]]:
    """Do a job anywhere; return the files that it left behind too."""
    with tempfile.TemporaryDirectory(prefix="stasis-sim-") as folder:
        tree = ResultTree(Path(folder), "", "")
        done = work_out(_engine(_Inputs(job)), tree, job.number)
        tables = tree.directory(job.number).glob("*.parquet")
        return done, {path.name: path.read_bytes() for path in sorted(tables)}


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
