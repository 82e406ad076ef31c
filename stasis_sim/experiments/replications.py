"""Replications of a scenario: run, kept on disk, and put together.

Each replication is done by itself, in this process or another, and what it leaves behind is whole or absent. Those
that an earlier run of the same inputs has left are taken as they are. So results depend neither on the number of
workers nor on the order in which they finish.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import shutil
import signal
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stasis_sim import __version__
from stasis_sim.conf.syntax import read
from stasis_sim.errors import InputError, Problem
from stasis_sim.experiments.engines import EVENTS, OPEN_LOOP, Engine
from stasis_sim.experiments.expectations import Verdict, hold
from stasis_sim.experiments.results import (
    DamagedError,
    Json,
    Replication,
    ResultTree,
    digest,
    provenance,
    run_json,
)
from stasis_sim.observe.intervals import Summary, summarise
from stasis_sim.observe.metrics import measures
from stasis_sim.scenario.faults import RELOADED
from stasis_sim.simulated.preparation import prepare

if TYPE_CHECKING:
    import pandas as pd

    from stasis_sim.observe.tables import Tables
    from stasis_sim.scenario import Scenario

Progress = Callable[[int, int], None]
"""Told how many replications are done, of how many."""

MODEL = ("conf", "handoff", "observe", "openloop", "scenario", "simulated")
"""Folders of the package whose code results come from, beside randomness.py."""


class _Folder:
    """A folder of our own, which goes when nobody refers to this object any more."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="stasis-sim-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass
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

    @cached_property
    def measures(self) -> Summary:
        """Every measure in total, by app and by client: ``{mean, low, high, n}`` with a 95 % Student-t interval."""
        return summarise([replication.measures for replication in self.replications])

    def json(self) -> Json:
        """Return what ``run --json`` prints and measures.json holds."""
        return run_json(
            scenario=self.scenario.name,
            digest=self.tree.path.name,
            profile=self.scenario.asterisk.profile,
            seed=self.scenario.run.seed,
            engine=self.engine,
            replications=[replication.measures for replication in self.replications],
        )

    @property
    def engine(self) -> str:
        """What computed it: ``open-loop``, or ``events`` if a single replication had to be computed event by event."""
        engines = {replication.notes["engine"] for replication in self.replications}
        return OPEN_LOOP if engines == {OPEN_LOOP} else EVENTS

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

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of all replications; times are seconds.

        Raises:
            ValueError: The scenario says ``record: measures``, so that there are no tables.
        """
        from stasis_sim.observe.tables import read  # noqa: PLC0415 - loads pandas

        return read(name, self._directories())

    def ledger(self) -> pd.DataFrame:
        """Return one row for each event that was missed, lost, late or misdelivered, and what it means; times: seconds.

        The columns are those of :data:`stasis_sim.observe.missing.COLUMNS`. Sums of the rows that are ``counted`` are
        the measures ``events.missed``, ``events.lost`` and ``events.late``.

        Raises:
            ValueError: The scenario says ``record: measures``, so that there are no tables.
        """
        from stasis_sim.observe.missing import ledger  # noqa: PLC0415 - loads pandas

        return ledger(self._directories(), self.scenario.run.warmup_us)

    def _directories(self) -> list[Path]:
        """Where the tables lie."""
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

    Args:
        scenario: What to run.
        seed: In place of the scenario's.
        replications: In place of the scenario's.
        out: Folder to keep the results under; None: they last as long as the object that is returned.
        workers: Processes to work in; 1 works in this one.
        executor: Any executor to work on, in place of processes of our own.
        command: What the user typed, for the provenance.
        progress: Told after each replication.

    Raises:
        InputError: The scenario does not fit Asterisk's files.
    """
    overrides = {"run.seed": seed, "run.replications": replications}
    given = {key: value for key, value in overrides.items() if value is not None}
    if given:
        scenario = scenario.where(given)
    prepared = prepare(scenario)
    keep = _Folder() if out is None else None
    root = keep.path if keep is not None else Path(out or ".")
    tree = _tree(scenario, root)
    with _executor(executor, min(workers, scenario.run.replications)) as pool:
        done = tuple(_all(Engine(prepared), tree, pool, progress))
    results = Results(scenario, done, tree, prepared.warnings, keep)
    tree.write_measures(results.json())
    tree.write_provenance(_provenance(scenario, command))
    return results


def examine(scenario: Scenario, out: Path) -> None:
    """Find out what would stop a run, but for what turns out only while it runs.

    Args:
        scenario: What is to run.
        out: Folder to keep the results under.

    Raises:
        InputError: The scenario does not fit Asterisk's files, or the folder cannot be written.
    """
    Engine(prepare(scenario)).examine()
    _tree(scenario, out)


def _tree(scenario: Scenario, root: Path) -> ResultTree:
    """Return where results go; the folder is there."""
    tree = ResultTree(root, scenario.name, scenario_digest(scenario))
    try:
        tree.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError.at(str(root), f"results cannot be written: {error.strerror}; write another folder") from None
    return tree


def scenario_digest(scenario: Scenario) -> str:
    """Return the name of all that decides the results."""
    return digest(scenario.digest_source().decode(), input_files(scenario), scenario.run.seed, model_version())


@cache
def model_version() -> str:
    """Return what names this very model: the version, and a digest of the code that results come from.

    Results of an older model are then never taken for those of this one.
    """
    home = Path(__file__).parent.parent
    code = hashlib.sha256()
    for file in (home / "randomness.py", *(file for folder in MODEL for file in sorted((home / folder).glob("*.py")))):
        code.update(file.name.encode() + b"\0" + file.read_bytes())
    return f"{__version__}+{code.hexdigest()[:12]}"


def input_files(scenario: Scenario) -> dict[str, str]:
    """Return the texts of all files that decide the results, by name."""
    instants = {
        f"faults.{number}.csv": str(fault.csv.at_us)
        for number, fault in enumerate(scenario.faults)
        if fault.csv is not None
    }
    return conf_files(scenario) | instants | _reloaded(scenario)


def _reloaded(scenario: Scenario) -> dict[str, str]:
    """Return the texts of what reloads read and of what that includes, by name."""
    files = {}
    for number, fault in enumerate(scenario.faults):
        for name in RELOADED:
            source = getattr(fault, name)
            if source is not None:
                files[f"faults.{number}.{name}"] = source.content
                files |= {f"faults.{number}.{name}: {path}": text for path, text in read(source).included.items()}
    return files


def conf_files(scenario: Scenario) -> dict[str, str]:
    """Return the texts of Asterisk's files and of what they include, by name."""
    files = {}
    for name in ("http", "ari", "extensions"):
        source = getattr(scenario.asterisk, name)
        files[f"{name}.conf"] = source.content
        files |= {f"{name}.conf: {path}": text for path, text in read(source).included.items()}
    return files


def _provenance(scenario: Scenario, command: Sequence[str]) -> Json:
    from stasis_sim.scenario.show import show  # noqa: PLC0415 - only needed here

    return provenance(scenario=show(scenario), files=conf_files(scenario), seed=scenario.run.seed, command=command)


@contextmanager
def _executor(given: Executor | None, workers: int) -> Iterator[Executor | None]:
    """Give what to work on: what the user brings, processes of our own, or None for this process."""
    if given is not None or workers == 1:
        yield given
        return
    # A fresh interpreter for each worker: the same on all systems, and nothing of this process leaks into them.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=fresh, initializer=_heed_interrupts) as pool:
        try:
            yield pool
        except BaseException:
            # Who interrupts a run, or sees it fail, does not want the replications that have not begun.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _heed_interrupts() -> None:
    """Let Ctrl-C end a worker; Python's own handler only fails the present replication, and the next one begins."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _all(engine: Engine, tree: ResultTree, pool: Executor | None, progress: Progress | None) -> Sequence[Replication]:
    """Return all replications in order, doing those that are not there."""
    total = engine.prepared.scenario.run.replications
    found = {number: _finished(tree, number) for number in range(1, total + 1)}
    missing = [number for number, replication in found.items() if replication is None]
    done = total - len(missing)
    for replication in _do(engine, tree, pool, missing):
        found[replication.number] = replication
        done += 1
        if progress is not None:
            progress(done, total)
    return [replication for _, replication in sorted(found.items()) if replication is not None]


def _finished(tree: ResultTree, number: int) -> Replication | None:
    try:
        return tree.load(number)
    except DamagedError:
        return None


def _do(engine: Engine, tree: ResultTree, pool: Executor | None, numbers: Sequence[int]) -> Iterator[Replication]:
    """Yield replications as they are done."""
    if pool is None:
        for number in numbers:
            yield replicate(engine, tree, number)
        return
    waiting = [pool.submit(_replicate, engine.prepared.scenario, tree, number) for number in numbers]
    for future in as_completed(waiting):
        yield future.result()


def _replicate(scenario: Scenario, tree: ResultTree, number: int) -> Replication:
    """Do a replication in a worker, which reads Asterisk's files once."""
    return replicate(_engine(scenario.digest_source(), _Opaque(scenario)), tree, number)


class _Opaque:
    """A scenario that does not count as a key of the cache: the bytes beside it do."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Opaque)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4)
def _engine(key: bytes, scenario: _Opaque) -> Engine:
    del key
    return Engine(prepare(scenario.scenario))


def replicate(engine: Engine, tree: ResultTree, number: int) -> Replication:
    """Do one replication and keep it."""

    def tables() -> AbstractContextManager[Tables | None]:
        if engine.prepared.scenario.run.record != "all":
            return nullcontext()
        from stasis_sim.observe.tables import Tables  # noqa: PLC0415 - loads pyarrow

        return Tables(number, tree.prepare(number))

    done = engine.compute(number, tables)
    notes = {
        "touched": list(done.touched),
        "end_us": done.ledger.end,
        "engine": done.engine,
        "closed": done.closed,
    }
    replication = Replication(number, measures(done.ledger), notes)
    tree.save(replication)
    return replication
