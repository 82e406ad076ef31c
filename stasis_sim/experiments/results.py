"""Results on disk and as JSON: what belongs to the same inputs lies under one digest, and each file is whole or absent.

::

    results/SCENARIO/DIGEST/
      measures.json                       what `run --json` prints
      provenance.json                     how it came about
      replications/0001/replication.json  the measures of one replication, with checksums: its mark of being complete
      replications/0001/*.parquet         its tables

A later run of the same inputs takes the replications that are there and does the others.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from stasis_sim.files import claimed, writing
from stasis_sim.observe.intervals import Summary, names, paired, scopes, summarise, value
from stasis_sim.observe.metrics import Measures, Values

if TYPE_CHECKING:
    from stasis_sim.scenario import Scenario

Json: TypeAlias = dict[str, Any]

EVENTS: Final = "events"
OPEN_LOOP: Final = "open-loop"
"""How a replication was computed, as its notes say."""

_MARK: Final = "replication.json"

_NO_UTF_8: Final = re.compile("[\ud800-\udfff]")

BASELINES: Final = "baselines"
"""Where baselines lie under the folder of results, in the place of a scenario of that name."""


class DamagedError(Exception):
    """A file of a finished replication is not what was written; the replication is to be done again."""


@dataclass(frozen=True, slots=True)
class Replication:
    """What is kept of a finished replication.

    Attributes:
        number: From 1.
        measures: Its measures.
        notes: What else is to be known of it, such as what each fault touched; JSON.
    """

    number: int
    measures: Measures
    notes: Json = field(default_factory=dict)


def canonical(value: Any) -> str:
    """JSON with the same text for the same value: keys as they were put, shortest digits that give the number back."""
    return _escaped(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def write(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all."""
    with writing(path) as place:
        place.write_text(text, encoding="utf-8", errors="replace", newline="\n")


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _terse(content: Json) -> str:
    """JSON on one line: what no one but this program reads, written in a tenth of the time."""
    return _escaped(json.dumps(content, ensure_ascii=False, allow_nan=False))


def _escaped(text: str) -> str:
    """Return JSON in which bytes of Asterisk's files that are no UTF-8 are escaped, so that it can be written."""
    return _NO_UTF_8.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _seal(content: Json) -> str:
    return hashlib.sha256(_terse(content).encode()).hexdigest()


class ResultTree:
    """The directory of one scenario's results for one set of inputs.

    Args:
        root: ``results``, or what the user says.
        scenario: The name of the scenario.
        digest: Of its inputs, see :mod:`stasis_sim.experiments.inputs`.
    """

    def __init__(self, root: Path, scenario: str, digest: str) -> None:
        self.path = root / scenario / digest

    def directory(self, number: int) -> Path:
        """Where the files of a replication lie."""
        return self.path / "replications" / f"{number:04d}"

    @contextmanager
    def alone(self, number: int) -> Iterator[Replication | None]:
        """Keep a replication to oneself while it is done, and give it if another run has done it meanwhile.

        Two runs of the same inputs into one folder would take each other's half-written files away.
        """
        directory = self.directory(number)
        with claimed(directory.with_name(f".{directory.name}")):
            try:
                there = self.load(number)
            except DamagedError:
                there = None
            yield there

    def prepare(self, number: int) -> Path:
        """Return an empty directory for a replication that is to be done, or done again."""
        directory = self.directory(number)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        return directory

    def save(self, replication: Replication) -> None:
        """Mark a replication as complete; its tables are written and closed."""
        directory = self.directory(replication.number)
        directory.mkdir(parents=True, exist_ok=True)
        content: Json = {
            "replication": replication.number,
            "measures": replication.measures,
            "notes": replication.notes,
            "files": {path.name: _checksum(path) for path in sorted(directory.glob("*.parquet"))},
        }
        write(directory / _MARK, _terse({**content, "checksum": _seal(content)}) + "\n")

    def load(self, number: int) -> Replication | None:
        """Return a finished replication; None: it is not there, or was interrupted.

        Raises:
            DamagedError: It is there, and one of its files is not as it was written.
        """
        directory = self.directory(number)
        mark = directory / _MARK
        try:
            content = json.loads(mark.read_text(encoding="utf-8"))
            seal = content.pop("checksum")
            intact = seal == _seal(content) and content["replication"] == number
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, AttributeError, TypeError):
            intact = False
        if not intact:
            raise DamagedError(f"{mark}: its checksum does not match")
        for name, checksum in content["files"].items():
            path = directory / name
            if not path.is_file() or _checksum(path) != checksum:
                what = "its checksum does not match" if path.is_file() else "it is missing"
                raise DamagedError(f"{path}: {what}")
        return Replication(number, cast("Measures", content["measures"]), content["notes"])

    def directories(self, numbers: Iterable[int]) -> list[Path]:
        """Where the tables of these replications lie, for :func:`stasis_sim.observe.tables.read`."""
        return [self.directory(number) for number in numbers]

    def write_measures(self, content: Json) -> None:
        """Write measures.json; see :func:`run_json`."""
        write(self.path / "measures.json", canonical(content))

    def read_measures(self) -> Json | None:
        """Return measures.json; None: the run has not come to its end."""
        try:
            return cast("Json", json.loads((self.path / "measures.json").read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError):
            return None

    def write_provenance(self, content: Json) -> None:
        """Write provenance.json; see :func:`stasis_sim.experiments.inputs.provenance`."""
        write(self.path / "provenance.json", canonical(content))


def how_often(replications: int) -> str:
    """Say how many replications there are: ``1 replication``, ``3 replications``."""
    return "1 replication" if replications == 1 else f"{replications} replications"


def engine_of(replications: Iterable[Replication]) -> str:
    """Return ``open-loop``, or ``events`` if a single replication had to be computed event by event."""
    engines = {replication.notes["engine"] for replication in replications}
    return OPEN_LOOP if engines == {OPEN_LOOP} else EVENTS


def run_json(scenario: Scenario, digest: str, replications: Sequence[Replication]) -> Json:
    """The JSON of a run: what ``run --json`` prints and measures.json holds."""
    return {
        "scenario": scenario.name,
        "digest": digest,
        "profile": scenario.asterisk.profile,
        "seed": scenario.run.seed,
        "replications": len(replications),
        "engine": engine_of(replications),
        "measures": summarise([replication.measures for replication in replications]),
    }


def compare_json(variants: Mapping[str, Sequence[Measures]]) -> Json:
    """The JSON of a comparison: each variant's measures, and the paired differences of each two (b less a)."""
    summaries: dict[str, Summary] = {name: summarise(replications) for name, replications in variants.items()}
    rows = [row for a, b in combinations(variants, 2) for row in differences(a, variants[a], b, variants[b])]
    return {"variants": summaries, "differences": rows}


def differences(a: str, first: Sequence[Measures], b: str, second: Sequence[Measures]) -> list[Json]:
    """By how much each measure of b is more than that of a, replication by replication.

    First in total, where ``app`` and ``client`` are None, then of each app, then of each client. Who is in one of them
    only has nothing counted in the other. Where one has more replications than the other, the rest of them has no pair
    and is left out; so is one in which a side had nothing to measure by. ``n`` says how many pairs there were.

    Args:
        a: Name of the variant that is taken away.
        first: Its measures, one a replication.
        b: Name of the other.
        second: Its measures; number i met the same callers as number i of a.
    """
    n = min(len(first), len(second))
    lefts, rights = (list(map(_by_scope, replications[:n])) for replications in (first, second))
    rows: list[Json] = []
    # None stands before any name, so the total is first and the apps before the clients.
    whose = {scope for each in (*lefts, *rights) for scope in each}
    for scope in sorted(whose, key=lambda each: [(name is not None, name or "") for name in reversed(each)]):
        left, right = [each.get(scope, {}) for each in lefts], [each.get(scope, {}) for each in rights]
        for name in names((*left, *right)):
            interval = paired([value(each, name) for each in left], [value(each, name) for each in right])
            if interval["mean"] is not None:
                rows.append({"measure": name, "app": scope[0], "client": scope[1], "a": a, "b": b, **interval})
    return rows


def in_total(rows: Iterable[Json]) -> dict[str, Json]:
    """Return the rows of the total among differences, by measure."""
    return {row["measure"]: row for row in rows if row["app"] is row["client"] is None}


def _by_scope(measures: Measures) -> dict[tuple[str | None, str | None], Values]:
    """Return the measures by app and client, of which at most one is not None."""
    return {(app, client): dict(values) for app, client, values in scopes(measures)}
