"""Results that an earlier run has left on disk, found again by their folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stasis_sim.errors import InputError
from stasis_sim.experiments.results import Json, ResultTree
from stasis_sim.scenario.document import parse
from stasis_sim.scenario.quantities import duration

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Kept:
    """The results of one run.

    Attributes:
        path: Their folder, as the user wrote it.
        tree: The same.
        run: What measures.json says, see :func:`~stasis_sim.experiments.results.run_json`.
        scenario: The scenario as it was run, as data.
    """

    path: Path
    tree: ResultTree
    run: Json
    scenario: dict[str, Any]

    @property
    def title(self) -> str:
        """The question that it answers, or the name of the scenario."""
        return self.scenario.get("title") or str(self.run["scenario"])

    @property
    def apps(self) -> list[str]:
        """The apps of which it has measures."""
        return list(self.run["measures"]["apps"])

    def ledger(self) -> pd.DataFrame:
        """Return one row for each event that was missed, lost or late; see :mod:`stasis_sim.observe.missing`.

        Raises:
            InputError: There are no tables, or they cannot be read.
        """
        from stasis_sim.observe.missing import ledger  # noqa: PLC0415 - loads pandas

        if self.scenario["run"]["record"] != "all":
            text = "recorded with record: measures, so there are no tables; run it again with --set run.record=all"
            raise InputError.at(str(self.path), text)
        directories = self.tree.directories(range(1, self.run["replications"] + 1))
        try:
            return ledger(directories, duration(self.scenario["run"]["warmup"]))
        except (OSError, ValueError) as error:
            # Arrow's own errors are ValueErrors; their first line says what is wrong with the file.
            what = str(error).partition("\n")[0]
            raise InputError.at(str(self.path), f"{what}; delete the folder and run the scenario again") from None


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
    try:
        run = json.loads((path / "measures.json").read_text(encoding="utf-8"))
        provenance = json.loads((path / "provenance.json").read_text(encoding="utf-8"))
        scenario = parse(provenance["scenario"], str(path)).data
        duration(scenario["run"]["warmup"])
    except (OSError, ValueError, KeyError, TypeError, InputError):
        text = "measures.json or provenance.json is damaged or missing; run the scenario again"
        raise InputError.at(str(path), text) from None
    return Kept(path, ResultTree(whole.parent.parent, whole.parent.name, whole.name), run, scenario)
