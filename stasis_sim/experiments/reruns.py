"""Results repeated from what they tell of themselves, and held against what is there, byte by byte."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stasis_sim.errors import InputError
from stasis_sim.experiments.inputs import model_version, restore
from stasis_sim.experiments.replications import run


@dataclass(frozen=True, slots=True)
class Rerun:
    """What repeating a run gave.

    Attributes:
        files: How many files were compared.
        differing: Those that are not the same, or are not there, by their place in the result tree.
        model: The model that the results came from.
        present: The model that has repeated them.
    """

    files: int
    differing: tuple[str, ...]
    model: str
    present: str

    def json(self) -> dict[str, Any]:
        """Return what ``rerun --json`` prints."""
        return {
            "same": not self.differing,
            "files": self.files,
            "differing": list(self.differing),
            "model": {"then": self.model, "now": self.present},
        }


def rerun(path: Path, *, workers: int = 1) -> Rerun:
    """Repeat the run whose results lie in a folder.

    Args:
        path: ``results/SCENARIO/DIGEST``.
        workers: Processes to work in; 1 works in this one.

    Raises:
        InputError: There are no finished results of a run.
    """
    content, measures = _read(path / "provenance.json"), _read(path / "measures.json")
    try:
        scenario, model = restore(content), str(content["model"])
        replications = int(measures["replications"])
    except (KeyError, TypeError, ValueError):
        raise InputError.at(str(path), "not the results of a run of this version; run the scenario again") from None
    # As many as there were: a precision would ask for them again, one step after the other.
    scenario = scenario.where({"run.replications": replications, "run.max_replications": replications})
    with tempfile.TemporaryDirectory(prefix="stasis-sim-") as folder:
        again = run(scenario, out=folder, workers=workers).tree.path
        names = sorted(_names(again, replications))
        differing = tuple(name for name in names if _bytes(path / name) != _bytes(again / name))
    return Rerun(len(names), differing, model, model_version())


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        made_of_runs = any((path.parent / name).is_file() for name in ("compare.json", "sweep.json"))
        what = "no run, but what several runs make" if made_of_runs else "no such results"
        text = f"{what}; write the folder of a run, as in results/SCENARIO/DIGEST"
        raise InputError.at(str(path.parent), text) from None
    return content if isinstance(content, dict) else {}


def _names(path: Path, replications: int) -> Iterator[str]:
    """Yield the files whose bytes are promised to be the same."""
    yield "measures.json"
    for number in range(1, replications + 1):
        folder = path / "replications" / f"{number:04d}"
        yield from (str(file.relative_to(path)) for file in folder.glob("*.parquet"))


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
