"""Results repeated from what they tell of themselves, and held against what is there, byte by byte.

A run is run again, a sweep swept, a comparison compared, in a folder of our own. Each run in it is held against what is
there as soon as it is over, and lets its tables go.
"""

from __future__ import annotations

import filecmp
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stasis_sim.errors import InputError
from stasis_sim.experiments.comparisons import compare
from stasis_sim.experiments.comparisons import folder as comparison_folder
from stasis_sim.experiments.inputs import model_version, restore
from stasis_sim.experiments.reopened import forbidden, only
from stasis_sim.experiments.replications import run
from stasis_sim.experiments.results import DamagedError, Json, ResultTree, canonical, differences
from stasis_sim.experiments.sweeps import label, sweep

if TYPE_CHECKING:
    from stasis_sim.experiments.studies import Progress, Study
    from stasis_sim.observe.metrics import Measures
    from stasis_sim.scenario import Scenario

_OTHER: Final = "not results of this version; run the scenario again"


@dataclass(frozen=True, slots=True)
class Held:
    """A folder, held against what repeating it gave.

    Attributes:
        path: The folder.
        name: Of a part of a sweep or a comparison: the values of the point, or the variant; else empty.
        files: How many files were compared.
        differing: Those that are not the same, or are not there.
    """

    path: Path
    name: str
    files: int
    differing: tuple[str, ...]

    def json(self) -> Json:
        """Return its entry in what ``rerun --json`` prints."""
        facts = {"files": self.files, "differing": list(self.differing)}
        return {"name": self.name, "path": str(self.path), "same": not self.differing, **facts}


@dataclass(frozen=True, slots=True)
class Rerun:
    """What repeating results gave.

    Attributes:
        whole: The folder that was named.
        runs: The runs that a sweep or a comparison is made of; of a run none.
        model: The model that the results came from.
        present: The model that has repeated them.
    """

    whole: Held
    runs: tuple[Held, ...]
    model: str
    present: str

    @property
    def same(self) -> bool:
        """Whether all files are the same."""
        return not any(each.differing for each in (self.whole, *self.runs))

    def json(self) -> Json:
        """Return what ``rerun --json`` prints."""
        content: Json = {
            "same": self.same,
            "files": self.whole.files,
            "differing": list(self.whole.differing),
            "model": {"then": self.model, "now": self.present},
        }
        return {**content, "runs": [each.json() for each in self.runs]} if self.runs else content


def rerun(path: Path, *, workers: int = 1, progress: Progress | None = None) -> Rerun:
    """Repeat the run, the sweep or the comparison whose results lie in a folder.

    Args:
        path: ``results/SCENARIO/DIGEST``, ``sweep-DIGEST`` or ``compare-DIGEST``, or ``results/SCENARIO`` where there
            is but one of these.
        workers: Processes to work in; 1 works in this one.
        progress: Told after each replication.

    Raises:
        InputError: There are no finished results, or not those of this version.
    """
    path = only(path)
    model = str(_told(path, "provenance.json", "model")["model"])
    if (path / "sweep.json").is_file():
        whole, runs = _sweep(path, workers, progress)
    elif (path / "compare.json").is_file():
        whole, runs = _comparison(path, workers, progress)
    else:
        again = run(_scenario(path), workers=workers, progress=progress)
        whole, runs = _held(path, again.tree.path), ()
    return Rerun(whole, runs, model, model_version())


def _sweep(path: Path, workers: int, progress: Progress | None) -> tuple[Held, tuple[Held, ...]]:
    scenario = _restored(path)
    try:
        parts = [
            (path.parent / each["digest"], _settings(each["settings"]))
            for each in _told(path, "sweep.json", "points")["points"]
        ]
    except (KeyError, TypeError, AttributeError):
        raise InputError.at(str(path), _OTHER) from None
    if scenario.sweep is None or scenario.sweep.size != len(parts):
        raise InputError.at(str(path), _OTHER)
    runs, tables = _Runs(parts), scenario.run.record == "all"
    found = sweep(scenario, workers=workers, tables=tables, progress=progress, finished=runs.finished)
    names = ["sweep.json", "sweep.parquet"]
    if (path / "sweep.csv").is_file():
        from stasis_sim.observe.tables import write_csv  # noqa: PLC0415 - loads pandas

        write_csv(found.table(), found.path / "sweep.csv")
        names.append("sweep.csv")
    return _held(path, found.path, names), runs.held


def _settings(settings: Json) -> str:
    return ", ".join(f"{key}={label(value)}" for key, value in settings.items())


def _comparison(path: Path, workers: int, progress: Progress | None) -> tuple[Held, tuple[Held, ...]]:
    root = path.resolve().parent.parent
    try:
        trees = {
            each["name"]: ResultTree(root, each["scenario"], each["digest"])
            for each in _told(path, "compare.json", "variants")["variants"]
        }
    except (KeyError, TypeError):
        raise InputError.at(str(path), _OTHER) from None
    for name, tree in trees.items():
        if not (tree.path / "measures.json").is_file():
            raise InputError.at(str(path), f"the results of {name} are gone; compare again")
    runs = _Runs([(path.parent.parent / tree.path.relative_to(root), name) for name, tree in trees.items()])
    variants = {name: _scenario(tree.path) for name, tree in trees.items()}
    done = compare(variants, workers=workers, progress=progress, finished=runs.finished)
    whole = _held(path, comparison_folder(done), ["compare.json"])
    now = {name: [each.measures for each in results.replications] for name, results in done.items()}
    then = {name: _measures(tree, len(now[name])) for name, tree in trees.items()}
    pairs = list(combinations(now, 2))
    moved = [(a, b) for a, b in pairs if _differences(then, a, b) != _differences(now, a, b)]
    named = tuple(f"differences of {b} and {a}" for a, b in moved)
    return replace(whole, files=whole.files + len(pairs), differing=whole.differing + named), runs.held


def _measures(tree: ResultTree, count: int) -> list[Measures] | None:
    """Return the measures of each replication that is kept; None: one of them is gone, or is not as it was written."""
    try:
        found = [tree.load(number) for number in range(1, count + 1)]
    except DamagedError:
        return None
    there = [each.measures for each in found if each is not None]
    return there if len(there) == count else None


def _differences(variants: Mapping[str, list[Measures] | None], a: str, b: str) -> str:
    """Return the paired differences of two variants, as ``compare --json`` has them; empty: they are not at hand."""
    first, second = variants[a], variants[b]
    return "" if first is None or second is None else canonical(differences(a, first, b, second))


class _Runs:
    """The runs of a sweep or a comparison, each held against what is there when it has been repeated.

    Args:
        parts: Where each lies, and what it is.
    """

    def __init__(self, parts: Sequence[tuple[Path, str]]) -> None:
        self._parts = parts
        self._held: dict[Path, tuple[int, Held]] = {}

    def finished(self, position: int, study: Study) -> None:
        """Hold a run against what is there, and let its tables go."""
        again = study.tree.path
        # With another model a sweep may have other points; what was not there differs.
        path, name = (
            self._parts[position] if position < len(self._parts) else (self._parts[0][0].parent / again.name, "")
        )
        # Points that are the same run, with a value written in two ways, share a folder: the last one has written it.
        self._held[path] = position, _held(path, again, name=name)
        for table in again.glob("replications/*/*.parquet"):
            table.unlink()

    @property
    def held(self) -> tuple[Held, ...]:
        """What came of them, in their order."""
        return tuple(held for _, held in sorted(self._held.values(), key=lambda each: each[0]))


def _held(path: Path, again: Path, names: Sequence[str] | None = None, name: str = "") -> Held:
    """Hold a folder against another.

    Args:
        path: What is there.
        again: What repeating it gave.
        names: The files; None: those of a run whose bytes are promised to be the same.
        name: What it is.
    """
    if names is None:
        tables = again.glob("replications/*/*.parquet")
        names = ["measures.json", *sorted(str(table.relative_to(again)) for table in tables)]
    differing = tuple(each for each in names if not _equal(path / each, again / each))
    return Held(path, name, len(names), differing)


def _equal(path: Path, again: Path) -> bool:
    try:
        return filecmp.cmp(path, again, shallow=False)
    except OSError:
        return False


def _scenario(path: Path) -> Scenario:
    """Return what a run was made of, with as many replications as there are.

    A precision would ask for them again, one step after the other.

    Raises:
        InputError: There are no finished results.
    """
    replications = _told(path, "measures.json", "replications")["replications"]
    return _restored(path).where({"run.replications": replications, "run.max_replications": replications})


def _restored(path: Path) -> Scenario:
    try:
        return restore(_told(path, "provenance.json", "files"))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError.at(str(path), _OTHER) from None


def _told(path: Path, file: str, key: str) -> Json:
    """Return what a file of results tells.

    Raises:
        InputError: It is not there, or tells nothing of a key.
    """
    try:
        content = json.loads((path / file).read_text("utf-8"))
    except PermissionError as error:
        raise forbidden(error, path) from None
    except (OSError, ValueError):
        raise InputError.at(str(path), _OTHER) from None
    if not isinstance(content, dict) or key not in content:
        raise InputError.at(str(path), _OTHER)
    return content
