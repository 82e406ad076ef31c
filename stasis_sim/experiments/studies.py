"""Scenarios that are run as often as it takes, one or a thousand of them, by one crew.

A study is one scenario with the replications that it has and those that it still wants. Studies are taken up one
after the other, only as many at a time as give the crew work; so it does not matter how many there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from stasis_sim.errors import InputError
from stasis_sim.experiments import precision
from stasis_sim.experiments.engines import Engine
from stasis_sim.experiments.executors import Crew
from stasis_sim.experiments.inputs import hold, provenance, scenario_digest
from stasis_sim.experiments.jobs import Job
from stasis_sim.experiments.results import BASELINES, DamagedError, Replication, ResultTree, run_json
from stasis_sim.scenario import Scenario
from stasis_sim.simulated.preparation import Prepared, prepare

Progress = Callable[[int, int], None]
"""Told how many replications are done, of how many."""

Finished = Callable[[int, "Study"], None]
"""Told of each study of several that is over, with its position among them, from 0."""


class Study:
    """One scenario, on its way from nothing to results.

    Args:
        scenario: What to run.
        root: Folder under which its results are kept.
        command: What the user typed, for the provenance.

    Attributes:
        scenario: With its files in hand.
        tree: Where its files lie.
        warnings: What a person should know before believing the results.

    Raises:
        InputError: The scenario does not fit Asterisk's files, or the folder cannot be written to.
    """

    def __init__(self, scenario: Scenario, root: Path, command: Sequence[str] = ()) -> None:
        self.scenario = hold(scenario)
        self.warnings = examine(self.scenario).warnings
        self.tree = ResultTree(root, scenario.name, scenario_digest(self.scenario))
        self._command = command
        self._found: dict[int, Replication] = {}
        self._asked = 0
        make_folder(self.tree.path, root, self.scenario)

    @property
    def total(self) -> int:
        """How many replications it will have, as far as it is known."""
        return max(self._asked, precision.first(self.scenario.run))

    @property
    def done(self) -> int:
        """How many replications it has."""
        return len(self._found)

    @property
    def replications(self) -> tuple[Replication, ...]:
        """Those that it has, in their order."""
        return tuple(replication for _, replication in sorted(self._found.items()))

    def jobs(self) -> list[Job]:
        """Return what is still to be done; what lies there already is taken as it is. Nothing: the study is over."""
        while self._asked == self.done:
            asked = precision.wanted(self.scenario.run, [each.measures for each in self.replications])
            if asked == self._asked:
                return []
            numbers = range(self._asked + 1, asked + 1)
            self._asked = asked
            missing = [number for number in numbers if not self._take_up(number)]
            if missing:
                return [Job(self.scenario, self.tree, number) for number in missing]
        return []

    def _take_up(self, number: int) -> bool:
        try:
            replication = self.tree.load(number)
        except DamagedError:
            return False
        if replication is not None:
            self._found[number] = replication
        return replication is not None

    def take(self, replication: Replication) -> None:
        """Take a replication that is done."""
        self._found[replication.number] = replication

    def close(self) -> None:
        """Write what the replications give together."""
        self.tree.write_measures(run_json(self.scenario, self.tree.path.name, self.replications))
        self.tree.write_provenance(provenance(self.scenario, self._command))


def examine(scenario: Scenario) -> Prepared:
    """Return a scenario made ready, if nothing in it stops a run but what turns out only while it runs.

    Raises:
        InputError: It does not fit Asterisk's files, or asks for what it does not give.
    """
    prepared = prepare(scenario)
    Engine(prepared).examine()
    return prepared


def make_folder(path: Path, root: Path, scenario: Scenario) -> None:
    """Make a folder for results of a scenario.

    Raises:
        InputError: It cannot be made, or is kept for something else.
    """
    if scenario.name.casefold() == BASELINES:
        text = f"its results would lie in the folder {BASELINES}, where baselines are kept; give the file another name"
        raise InputError.at(scenario.file, text)
    if not _is_text(path):
        text = "tables cannot be written below a name that is not UTF-8; rename it, or set LC_ALL=C.UTF-8"
        raise InputError.at(str(path), text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError.at(str(root), f"results cannot be written: {error.strerror}; write another folder") from None


def _is_text(path: Path) -> bool:
    """Whether a path can be handed to what writes Parquet files: names on disk may be any bytes."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def carry_out(
    studies: Iterable[Study], crew: Crew, progress: Progress | None = None, *, expected: int = 0
) -> Iterator[Study]:
    """Carry out studies, and yield each when it is over and its files are written.

    Args:
        studies: Taken up when the crew has room for their work.
        crew: Who works.
        progress: Told after each replication.
        expected: How many replications there will be, where it is known before all studies are taken up.
    """
    board = _Board(studies)
    while True:
        while crew.room and (following := board.following()) is not None:
            if isinstance(following, Job):
                crew.take(following)
            else:
                yield following
        if not crew.busy:
            return
        for job, replication in crew.done():
            over = board.take(job, replication)
            if progress is not None:
                done, total = board.counts
                progress(done, max(total, expected))
            if over is not None:
                yield over


class _Board:
    """Which studies are under way, and what is still to be given out of them."""

    def __init__(self, studies: Iterable[Study]) -> None:
        self._source = iter(studies)
        self._aside: list[Study] = []
        self._jobs: deque[Job] = deque()
        self._active: dict[Path, Study] = {}
        self._past = 0

    @property
    def counts(self) -> tuple[int, int]:
        """How many replications are done, of how many."""
        done, total = (sum(getattr(each, what) for each in self._active.values()) for what in ("done", "total"))
        return self._past + done, self._past + total

    def following(self) -> Job | Study | None:
        """Return the next job, or a study that turns out to be over; None: there is nothing to give out now."""
        if self._jobs:
            return self._jobs.popleft()
        study = self._next()
        if study is None:
            return None
        self._active[study.tree.path] = study
        return self._go_on(study) or self._jobs.popleft()

    def _next(self) -> Study | None:
        """Return a study to take up: none whose like is under way, as both would write the same files."""
        free = next((study for study in self._aside if study.tree.path not in self._active), None)
        if free is not None:
            self._aside.remove(free)
            return free
        for study in self._source:
            if study.tree.path not in self._active:
                return study
            self._aside.append(study)
        return None

    def take(self, job: Job, replication: Replication) -> Study | None:
        """Take what is done; return its study if that is over now."""
        study = self._active[job.tree.path]
        study.take(replication)
        return self._go_on(study) if study.done == study.total else None

    def _go_on(self, study: Study) -> Study | None:
        """Give out what a study still wants; return it if it wants nothing more."""
        jobs = study.jobs()
        self._jobs.extend(jobs)
        if jobs:
            return None
        study.close()
        del self._active[study.tree.path]
        self._past += study.done
        return study
