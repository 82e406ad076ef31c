"""One scenario for many values of some of its keys: run, and put into one tidy table.

Every point meets the same callers and outages (common random numbers), as it has the same seed. A point's results
are those of a run by itself and lie where such a run would put them; a sweep adds its table.

::

    results/SCENARIO/sweep-DIGEST/
      sweep.json       the keys with their values, and each point with the digest of its run
      sweep.parquet    one row a point, app and measure
      provenance.json  how it came about
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from stasis_sim.errors import InputError, Problem
from stasis_sim.experiments.executors import crew
from stasis_sim.experiments.inputs import digest, hold, provenance, scenario_digest
from stasis_sim.experiments.replications import Folder, workers_for
from stasis_sim.experiments.results import Json, ResultTree, canonical, write
from stasis_sim.experiments.studies import Finished, Progress, Study, carry_out, examine
from stasis_sim.observe.intervals import Summary
from stasis_sim.observe.metrics import Measures
from stasis_sim.scenario import a_scenario
from stasis_sim.scenario.document import parse
from stasis_sim.scenario.overrides import pairs, plain
from stasis_sim.scenario.sweep import Kind, Sweep, number

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from stasis_sim.scenario import Scenario

_OVER: Final = "--over"

SEED: Final = "run.seed"

EXAMPLE: Final = '{"faults.0.for": ["5s", "60s"]}'
"""What is swept, as Python has it."""

UNITS: Final[dict[Kind, str]] = {"duration": "_s", "rate": "_per_s", "share": "", "count": "", "number": ""}
"""What the name of a column adds to a key whose values are all of one kind of quantity."""


class Point(NamedTuple):
    """One run of a sweep.

    Attributes:
        settings: The values of the keys that are swept.
        digest: Names the run.
    """

    settings: dict[str, Any]
    digest: str


@dataclass(repr=False)
class Swept:
    """What a sweep gave.

    Attributes:
        scenario: The scenario that was varied.
        design: Which keys took which values.
        points: The runs, in their order.
        path: Where the files lie.
        warnings: What a person should know before believing the results.
    """

    scenario: Scenario
    design: Sweep
    points: tuple[Point, ...]
    path: Path
    warnings: tuple[Problem, ...] = ()
    _keep: Any = field(default=None, repr=False)

    def __repr__(self) -> str:
        setup = self.scenario
        over = ", ".join(self.design.over)
        return f"<sweep of {setup.name} over {over}: {setup.asterisk.profile}, {len(self.points)} points>"

    def measures(self, position: int) -> Summary:
        """Return the measures of a point, from its file."""
        measures: Summary = self._content(position)["measures"]
        return measures

    def replications(self, position: int) -> list[Measures]:
        """Return the measures of each replication of a point, from their files."""
        found = (self._tree(position).load(number + 1) for number in range(self._content(position)["replications"]))
        return [replication.measures for replication in found if replication is not None]

    def _tree(self, position: int) -> ResultTree:
        return ResultTree(self.path.parent.parent, self.scenario.name, self.points[position].digest)

    def _content(self, position: int) -> Json:
        tree = self._tree(position)
        content = tree.read_measures()
        if content is None:
            raise InputError.at(str(tree.path / "measures.json"), "it is gone; sweep again")
        return content

    @cached_property
    def columns(self) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """For each key its column in the table, and the values there: numbers in base units, where all are such."""
        columns: dict[str, tuple[str, tuple[Any, ...]]] = {}
        for key in self.design.over:
            written = [point.settings[key] for point in self.points]
            numbers = [number(value) for value in written]
            kinds = {found[0] for found in numbers if found is not None}
            if None not in numbers and len(kinds) == 1:
                column = key + UNITS[kinds.pop()]
                columns[key] = column, tuple(found[1] for found in numbers if found is not None)
            else:
                columns[key] = key, tuple(map(label, written))
        return columns

    def table(self) -> pd.DataFrame:
        """Return one row a point, app or client, and measure, with the mean and its 95 % interval."""
        import pandas as pd  # noqa: PLC0415 - a sweep that only counts does not load it

        return pd.read_parquet(self.path / "sweep.parquet")

    def json(self) -> Json:
        """Return what ``sweep --json`` prints."""
        points = [
            {"settings": point.settings, "digest": point.digest, "measures": self.measures(position)}
            for position, point in enumerate(self.points)
        ]
        return {"scenario": self.scenario.name, "digest": self.path.name.partition("-")[2], "points": points}


def label(value: Any) -> str:
    """Write a value of a key in one line, as a person would write it in YAML."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {label(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(label, value))}]"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def short(keys: Sequence[str], key: str) -> str:
    """Return the end of a key that tells it from the others: ``for`` of ``faults.0.for``."""
    parts = key.split(".")
    for length in range(1, len(parts)):
        end = ".".join(parts[-length:])
        if sum(other.endswith(f".{end}") or other == end for other in keys) == 1 and not end[0].isdigit():
            return end
    return key


def _portable(value: Any, base: Path) -> Any:
    """Return a value in which paths are relative to the scenario: values are names in tables, pictures and pages."""
    if isinstance(value, dict):
        return {key: _portable(each, base) for key, each in value.items()}
    if isinstance(value, list):
        return [_portable(each, base) for each in value]
    if isinstance(value, str) and Path(value).is_absolute() and Path(value).is_file():
        with contextlib.suppress(ValueError):  # another drive of Windows
            return Path(os.path.relpath(value, base.resolve())).as_posix()
    return value


def values_by_key(over: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is swept, if it is values by key.

    Raises:
        TypeError: It is text, for instance.
    """
    if not isinstance(over, Mapping):
        raise TypeError(f"no values by key (got a {type(over).__name__}); write {EXAMPLE}")
    return over


def design(scenario: Scenario, over: Mapping[str, Any], latin_hypercube: int | None = None) -> Scenario:
    """Return a scenario that sweeps other keys than its file says.

    Args:
        scenario: The scenario.
        over: For each key a list of values, or a range such as ``1s..2min``.
        latin_hypercube: How many points, in place of every combination.

    Raises:
        InputError: A key or a value cannot be swept.
        TypeError: It is no scenario, but the path of one for instance, or there are no values by key.
    """
    a_scenario(scenario)
    lists = {key: _portable(plain(each), scenario.base) for key, each in values_by_key(over).items()}
    data: dict[str, Any] = {"over": lists}
    if latin_hypercube is not None:
        data["latin_hypercube"] = latin_hypercube
    # Each key is put in once more by itself, so that messages name the one that was typed.
    inside = "sweep.over."
    each = {f"{inside}{key}": value for key, value in lists.items()}
    return scenario.where({"sweep": data, **each}, lambda key: called(key.removeprefix(inside)))


def read_over(options: Sequence[str]) -> dict[str, Any]:
    """Read what stands behind ``--over``: ``KEY=VALUE,VALUE,…`` or ``KEY=LOW..HIGH``, the values as YAML has them.

    Raises:
        InputError: It is neither, or a key stands behind two of them.
    """
    found: dict[str, Any] = {}
    for key, text in pairs(options, _OVER, "KEY=VALUE,VALUE as in faults.0.for=20s,60s"):
        if key in found:
            raise InputError.at(called(key), f"written twice; write all of its values behind one {_OVER}")
        found[key] = text.strip() if ".." in text and "," not in text else parse(f"[{text}]", called(key)).data
    return found


def called(key: str) -> str:
    """Return how messages show a key that is swept."""
    return f"{_OVER} {key}"


def sweep(
    scenario: Scenario,
    *,
    out: Path | str | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    tables: bool = False,
    command: Sequence[str] = (),
    progress: Progress | None = None,
    finished: Finished | None = None,
) -> Swept:
    """Run a scenario for all values of the keys that it sweeps.

    Args:
        scenario: The scenario.
        out: Folder to keep the results under; None: they last as long as the object that is returned.
        workers: Processes to work in; 1 works in this one.
        executor: Any executor to work on, in place of processes of our own.
        tables: Keep the tables of each run too, not only its measures.
        command: What the user typed, for the provenance.
        progress: Told after each replication.
        finished: Told of each point whose run is over.

    Raises:
        InputError: Nothing is swept, or the seed, a value does not fit its key, or a scenario does not fit Asterisk's
            files.
    """
    what = _design_of(a_scenario(scenario))
    if not tables:
        scenario = scenario.where({"run.record": "measures"})
    keep = Folder(out)
    settings = list(what.points(_spread(scenario, what)))
    runs = len(settings) * scenario.run.replications
    places: list[str] = []
    positions: dict[Study, int] = {}
    warnings: dict[Problem, None] = {}

    def studies() -> Iterator[Study]:
        for each in settings:
            study = Study(varied(scenario, each), keep.path, command)
            warnings.update(dict.fromkeys(study.warnings))
            positions[study] = len(places)
            places.append(study.tree.path.name)
            yield study

    with crew(executor, workers_for(workers, runs)) as people:
        for study in carry_out(studies(), people, progress, expected=runs):
            position = positions.pop(study)
            if finished is not None:
                finished(position, study)
    name = digest([scenario_digest(hold(scenario)), canonical(what.model_dump(by_alias=True))])
    points = tuple(Point(each, place) for each, place in zip(settings, places, strict=True))
    path = keep.path / scenario.name / f"sweep-{name}"
    found = Swept(scenario, what, points, path, tuple(warnings), keep)
    _write(found, command)
    return found


def _design_of(scenario: Scenario) -> Sweep:
    if scenario.sweep is None:
        text = "nothing is swept; write --over faults.0.for=5s,20s,60s, or sweep: {over: …} into the scenario"
        raise InputError.at(scenario.file, text)
    if SEED in scenario.sweep.over:
        text = "another seed has other callers, so points do not meet the same ones; write run.replications for more"
        raise InputError([scenario.problem(("sweep", "over", SEED), text)])
    return scenario.sweep


def examine_points(scenario: Scenario) -> None:
    """Find out what would stop a sweep, before anything runs.

    Raises:
        InputError: Nothing is swept, or the seed, or there are points that cannot be run: what is wrong with all of
            them.
    """
    what = _design_of(a_scenario(scenario))
    problems: dict[Problem, None] = {}
    for settings in what.points(_spread(scenario, what)):
        try:
            examine(varied(scenario, settings))
        except InputError as error:
            problems.update(dict.fromkeys(error.problems))
    if problems:
        raise InputError(problems)


def varied(scenario: Scenario, settings: Mapping[str, Any]) -> Scenario:
    """Return a scenario with other values of some keys.

    Raises:
        InputError: A value does not fit.
    """
    return scenario.where(settings, called)


def _spread(scenario: Scenario, what: Sweep) -> list[list[float]] | None:
    """Return the points of a Latin hypercube in the unit cube; None where every combination is wanted."""
    if what.latin_hypercube is None:
        return None
    from scipy.stats.qmc import LatinHypercube  # noqa: PLC0415 - only needed here

    sampler = LatinHypercube(len(what.over), rng=scenario.run.seed)
    points: list[list[float]] = sampler.random(what.latin_hypercube).tolist()
    return points


def _write(found: Swept, command: Sequence[str]) -> None:
    """Write the files of a sweep, each whole or not at all."""
    from stasis_sim.experiments.sweep_table import write_table  # noqa: PLC0415 - loads pyarrow

    write_table(
        found.path / "sweep.parquet", dict(found.columns.values()), map(found.measures, range(len(found.points)))
    )
    content = {
        "scenario": found.scenario.name,
        **found.design.model_dump(by_alias=True),
        "points": [point._asdict() for point in found.points],
    }
    write(found.path / "provenance.json", canonical(provenance(found.scenario, command)))
    write(found.path / "sweep.json", canonical(content))
