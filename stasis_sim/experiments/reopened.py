"""Results of an earlier run, comparison or sweep, opened again from their folder with all that they tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stasis_sim.errors import InputError
from stasis_sim.experiments.inputs import restore
from stasis_sim.experiments.replications import Results
from stasis_sim.experiments.results import DamagedError, Json, ResultTree
from stasis_sim.experiments.studies import examine
from stasis_sim.experiments.sweeps import Point, Swept


@dataclass(frozen=True, slots=True)
class Run:
    """A run.

    Attributes:
        path: Its folder.
        results: What it gave.
        provenance: How it came about; see :func:`stasis_sim.experiments.inputs.provenance`.
    """

    path: Path
    results: Results
    provenance: Json

    @property
    def facts(self) -> Json:
        """What is said of a run beside its measures."""
        results = self.results
        return {
            "scenario": results.scenario.name,
            "digest": results.tree.path.name,
            "profile": results.scenario.asterisk.profile,
            "seed": results.scenario.run.seed,
            "replications": len(results.replications),
        }

    @property
    def has_tables(self) -> bool:
        """Whether its tables were recorded."""
        return self.results.scenario.run.record == "all"

    def recorded(self) -> Results:
        """Return what it gave, with tables.

        Raises:
            InputError: There are none.
        """
        if not self.has_tables:
            raise InputError.at(str(self.path), _NO_TABLES)
        return self.results


@dataclass(frozen=True, slots=True)
class Comparison:
    """Variants side by side.

    Attributes:
        path: Its folder.
        variants: The runs by name; the first is what the others are held against.
        provenance: How it came about.
    """

    path: Path
    variants: dict[str, Run]
    provenance: Json


@dataclass(frozen=True, slots=True)
class Sweep:
    """One scenario for many values of some of its keys.

    Attributes:
        path: Its folder.
        found: What it gave.
        provenance: How it came about.
    """

    path: Path
    found: Swept
    provenance: Json


Reopened = Run | Comparison | Sweep

_NO_TABLES: Final = (
    "recorded with record: measures, so there are no tables; "
    "run it again with --set run.record=all, a sweep with --tables"
)

_MOST: Final = 8
"""Folders that a message lists."""

_HINT: Final = "name the folder that run, compare or sweep has written, as results/SCENARIO/DIGEST"


def reopen(paths: Iterable[Path]) -> list[Reopened]:
    """Open the results that paths name: a folder of results itself, of a folder SCENARIO all that lie in it.

    Raises:
        InputError: There are none at a path, or they cannot be used.
    """
    return [_open(folder) for path in paths for folder in _folders(path)]


def only(path: Path) -> Path:
    """Return the folder of the results that a path names: itself, or the one folder in it that holds some.

    Raises:
        InputError: There are none, or several.
    """
    found = _folders(path)
    if len(found) > 1:
        raise several(path, found)
    return found[0]


def several(path: Path, folders: Sequence[Path]) -> InputError:
    """Return the error that one of several results is to be named."""
    more = f" and {len(folders) - _MOST} more" if len(folders) > _MOST else ""
    names = ", ".join(map(str, folders[:_MOST]))
    return InputError.at(str(path), f"several results lie in it; write one of {names}{more}")


def _folders(path: Path) -> list[Path]:
    """Return the folders of results that a path names.

    Raises:
        InputError: There are none.
    """
    try:
        folders = [path] if _kind(path) else sorted(filter(_kind, path.glob("*")))
    except PermissionError as error:
        raise forbidden(error, path) from None
    if not folders:
        raise InputError.at(str(path), _why_none(path))
    return folders


def forbidden(error: PermissionError, path: Path) -> InputError:
    """Return the error that results may not be read."""
    return InputError.at(str(error.filename or path), "cannot be read: Permission denied; allow yourself to read it")


def apart(found: Sequence[Reopened]) -> list[Reopened]:
    """Return results without the runs that are points of a sweep which is there too."""
    points = {point.digest for each in found if isinstance(each, Sweep) for point in each.found.points}
    return [each for each in found if not (isinstance(each, Run) and each.path.name in points)]


def runs(paths: Iterable[Path]) -> list[Run]:
    """Open the runs that paths name; see :func:`reopen`.

    Of a folder SCENARIO those without tables, as the points of a sweep, are left out where others have some.

    Raises:
        InputError: There are none at a path, or they cannot be used.
    """
    found: list[Run] = []
    for path in paths:
        mine = [each for each in reopen([path]) if isinstance(each, Run)]
        if not mine:
            raise InputError.at(str(path), "no run, but what several runs make; name the folder of one of them")
        found += [each for each in mine if each.has_tables] or mine
    return found


def _kind(path: Path) -> str:
    """Return the name of the file that says what lies in a folder; empty: no results."""
    kinds = ("measures.json", "compare.json", "sweep.json")
    return next((name for name in kinds if (path / name).is_file()), "")


def _why_none(path: Path) -> str:
    if not path.exists():
        return f"no such folder; {_HINT}"
    if (path / "replications").is_dir():
        return "the run has not come to its end; run it again, it goes on where it was"
    below = sorted({str(each.parent) for each in path.glob("*/*") if _kind(each)})
    if below:
        more = f" and {len(below) - _MOST} more" if len(below) > _MOST else ""
        return f"no results in it, but in {', '.join(below[:_MOST])}{more}; name one of them, or a folder in it"
    return f"no results in it; {_HINT}"


def _open(path: Path) -> Reopened:
    openers: dict[str, Callable[[Path], Reopened]] = {
        "measures.json": _run,
        "compare.json": _comparison,
        "sweep.json": _sweep,
    }
    try:
        return openers[_kind(path)](path)
    except PermissionError as error:
        raise forbidden(error, path) from None
    except DamagedError as error:
        raise InputError.at(str(path), f"{error}; run the scenario again") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError.at(str(path), "damaged, or of another version; run the scenario again") from None


def _read(path: Path) -> Json:
    content: Json = json.loads(path.read_text("utf-8"))
    return content


def _provenance(path: Path) -> Json:
    """Return how results came about; those of an earlier version may tell no story."""
    content = _read(path / "provenance.json")
    missing = [key for key in ("command", "model", "seed", "name", "scenario", "files") if key not in content]
    if missing:
        raise KeyError(missing)
    return {"story": "", **content}


def _run(path: Path) -> Run:
    whole = path.resolve()
    tree = ResultTree(whole.parent.parent, whole.parent.name, whole.name)
    provenance, count = _provenance(path), int(_read(path / "measures.json")["replications"])
    replications = [tree.load(number + 1) for number in range(count)]
    scenario = restore(provenance)
    there = tuple(each for each in replications if each is not None)
    if len(there) < count:
        raise InputError.at(str(path), f"{count - len(there)} of {count} replications are gone; run the scenario again")
    return Run(path, Results(scenario, there, tree, examine(scenario).warnings), provenance)


def _comparison(path: Path) -> Comparison:
    root = path.resolve().parent.parent
    variants = {}
    for each in _read(path / "compare.json")["variants"]:
        folder = root / each["scenario"] / each["digest"]
        if not _kind(folder):
            raise InputError.at(str(path), f"the results of {each['name']} are gone; compare again")
        variants[each["name"]] = _run(folder)
    return Comparison(path, variants, _provenance(path))


def _sweep(path: Path) -> Sweep:
    provenance = _provenance(path)
    scenario = restore(provenance)
    points = tuple(Point(each["settings"], each["digest"]) for each in _read(path / "sweep.json")["points"])
    if scenario.sweep is None or any(list(point.settings) != list(scenario.sweep.over) for point in points):
        raise ValueError("the points are not those of the sweep")
    return Sweep(path, Swept(scenario, scenario.sweep, points, path.resolve()), provenance)
