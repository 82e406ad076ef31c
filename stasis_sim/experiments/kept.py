"""Results that an earlier run has left on disk, found again by their folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stasis_sim.errors import InputError
from stasis_sim.experiments.inputs import restore
from stasis_sim.experiments.replications import Results
from stasis_sim.experiments.results import DamagedError, Json, ResultTree
from stasis_sim.scenario.quantities import duration

if TYPE_CHECKING:
    import pandas as pd

    from stasis_sim.observe.intervals import Summary

FACTS: Final = ("scenario", "digest", "profile", "seed", "replications")
"""What is said of a run beside its measures."""

_NO_TABLES: Final = "recorded with record: measures, so there are no tables; run it again with --set run.record=all"


@dataclass(frozen=True, slots=True)
class Kept:
    """The results of one run.

    Attributes:
        path: Their folder, as the user wrote it.
        tree: The same.
        facts: Scenario, digest, profile, seed and number of replications, as measures.json says.
        measures: All measures.
        title: The question that they answer, or the name of the scenario.
        recorded: Whether there are tables.
        warmup: In microseconds.
    """

    path: Path
    tree: ResultTree
    facts: Json
    measures: Summary
    title: str
    recorded: bool
    warmup: int

    def ledger(self) -> pd.DataFrame:
        """Return one row for each event that went astray; see :mod:`stasis_sim.observe.missing`.

        Raises:
            InputError: There are no tables, or they cannot be read.
        """
        from stasis_sim.observe.missing import ledger  # noqa: PLC0415 - loads pandas

        if not self.recorded:
            raise InputError.at(str(self.path), _NO_TABLES)
        directories = self.tree.directories(range(1, self.facts["replications"] + 1))
        try:
            return ledger(directories, self.warmup)
        except (OSError, ValueError) as error:
            # Arrow's own errors are ValueErrors; their first line says what is wrong with the file.
            what = str(error).partition("\n")[0]
            raise InputError.at(str(self.path), f"{what}; delete the folder and run the scenario again") from None

    def results(self) -> Results:
        """Return what the run gave, with its scenario as it was run.

        Raises:
            InputError: There are no tables, or files are damaged, or of another version.
        """
        if not self.recorded:
            raise InputError.at(str(self.path), _NO_TABLES)
        try:
            provenance = json.loads((self.path / "provenance.json").read_text(encoding="utf-8"))
            found = [self.tree.load(number) for number in range(1, self.facts["replications"] + 1)]
            there = tuple(each for each in found if each is not None)
            if len(there) == len(found):
                return Results(restore(provenance), there, self.tree)
        except (DamagedError, KeyError, TypeError):
            pass
        raise InputError.at(str(self.path), "damaged, or of another version; run the scenario again") from None


def find(paths: Iterable[Path]) -> list[Kept]:
    """Return the results that paths name: a folder DIGEST itself, of a folder SCENARIO all that lie in it.

    Raises:
        InputError: There are none at a path.
    """
    found: list[Kept] = []
    for path in paths:
        folders = [path] if _is_result(path) else sorted(filter(_is_result, path.glob("*")))
        if not folders:
            raise InputError.at(str(path), _why_none(path))
        found += map(_load, folders)
    return found


def _is_result(path: Path) -> bool:
    return (path / "measures.json").is_file()


def _why_none(path: Path) -> str:
    hint = "name the folder results/SCENARIO/DIGEST that a run has written, or results/SCENARIO"
    if not path.exists():
        return f"no such folder; {hint}"
    if (path / "replications").is_dir():
        return "the run has not come to its end; run it again, it goes on where it was"
    return f"no results in it; {hint}"


def _load(path: Path) -> Kept:
    whole = path.resolve()
    tree = ResultTree(whole.parent.parent, whole.parent.name, whole.name)
    try:
        run = json.loads((path / "measures.json").read_text(encoding="utf-8"))
        provenance = json.loads((path / "provenance.json").read_text(encoding="utf-8"))
        scenario = provenance["scenario"]
        facts = {name: run[name] for name in FACTS}
        title, recorded = scenario["title"] or facts["scenario"], scenario["run"]["record"] == "all"
        return Kept(path, tree, facts, run["measures"], title, recorded, duration(scenario["run"]["warmup"]))
    except (OSError, ValueError, KeyError, TypeError):
        text = "measures.json or provenance.json is damaged or missing; run the scenario again"
        raise InputError.at(str(path), text) from None
