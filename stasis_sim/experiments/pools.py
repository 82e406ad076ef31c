"""Processes of our own, and an executor that the user brings; a run in one process loads nothing of it."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from types import ModuleType
from typing import Final

from stasis_sim.errors import WorkError
from stasis_sim.experiments.jobs import Done, Job, work
from stasis_sim.experiments.results import Replication, ResultTree

AHEAD: Final = 2
"""Jobs for each process: one that it is at, and one that waits, so that no process ever does."""

ABROAD: Final = 256
"""Jobs on an executor of the user's, of which nobody knows how many workers it has."""

DEATHS: Final = 3
"""So many deaths of workers in a row, and nothing done between them, are no accident."""


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
            self._waiting[self._pool.submit(work, job)] = job
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
                "is there memory enough for so many? write --workers 1, or record: measures into the scenario"
            )
        self._pool = self._fresh()
        for job in jobs:
            self._waiting[self._pool.submit(work, job)] = job

    def close(self, *, wait: bool) -> None:
        """Let the processes go; those that have work end it, and what has not begun is dropped."""
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def kill(self) -> None:
        """Let the processes go at once, whatever they are at: Python would wait for them at its end."""
        self.close(wait=False)
        for process in active_children():
            if isinstance(process, _Worker):
                process.kill()


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
            with job.tree.alone(job.number) as there:
                if there is None:
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


class _Worker(SpawnProcess):
    """A fresh interpreter that does not run the user's script again.

    Python would do so, to find what the script defines; a worker needs nothing of it. So a notebook or a script that
    asks for several workers needs no ``if __name__ == "__main__"``.
    """

    def start(self) -> None:
        """Start, with nothing said of the script, and deaf to Ctrl-C until it can leave without a traceback."""
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            with _deaf():
                super().start()
        finally:
            sys.modules["__main__"] = main


@contextmanager
def _deaf() -> Iterator[None]:
    """Keep Ctrl-C waiting, here and in what is started meanwhile, where the system can."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Fresh(SpawnContext):
    """A fresh interpreter for each worker: the same on all systems, and nothing of this process leaks into them."""

    Process = _Worker


def _belong() -> None:
    """Let a worker end when its work is not wanted any more.

    At Ctrl-C: Python's own handler only fails the present replication, and the next one begins. And when the process
    that gives out the work is killed: a worker would wait for its next job for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # What is loaded by now stays, and what is left at the end goes with the process: no garbage to look for.
    gc.freeze()
    atexit.register(gc.freeze)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work_abroad(job: Job) -> tuple[Replication, dict[str, bytes]]:
    """Do a job anywhere; return the files that it left behind too."""
    with tempfile.TemporaryDirectory(prefix="stasis-sim-") as folder:
        tree = ResultTree(Path(folder), "", "")
        done = work(job, tree)
        tables = tree.directory(job.number).glob("*.parquet")
        return done, {path.name: path.read_bytes() for path in sorted(tables)}
