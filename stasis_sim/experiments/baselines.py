"""Reference measures, kept in a repository, and what has moved since: beyond noise, or not at all.

A baseline holds the measures of each replication. A later run of the same scenario and seed meets the same callers, so
replications are compared in pairs: without a change of the model or the scenario every difference is nought.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from stasis_sim.errors import InputError, each_of
from stasis_sim.experiments.inputs import digests, model_version
from stasis_sim.experiments.results import BASELINES, Json, canonical, differences, write
from stasis_sim.observe.catalogue import MEASURES, lookup
from stasis_sim.observe.intervals import CONFIDENCE, at_confidence
from stasis_sim.observe.metrics import Measures

if TYPE_CHECKING:
    from stasis_sim.experiments.replications import Results
    from stasis_sim.scenario import Scenario

NAMED: Final = 6
"""So many parts of a scenario that has changed a note names."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A measure that is another than in the baseline.

    Attributes:
        app: App; None for the total, and of a client.
        client: Client; None for the total, and of an app.
        measure: Its name.
        mean: By how much it is more now, on average over replications.
        low: Lower bound of the difference; None where one replication says nothing about noise.
        high: Upper bound.
        beyond_noise: Whether chance is no explanation, among all measures.
        alone: Whether it would be none if this were the only measure that is looked at.
    """

    app: str | None
    client: str | None
    measure: str
    mean: float
    low: float | None
    high: float | None
    beyond_noise: bool
    alone: bool


def place(root: Path, scenario: str) -> Path:
    """Return where the baseline of a scenario lies."""
    return root / BASELINES / f"{scenario}.json"


def keep_apart(scenarios: Iterable[Scenario]) -> None:
    """Refuse scenarios whose baselines would lie in one place.

    Raises:
        InputError: Two files have one name.
    """
    files: dict[str, str] = {}
    for scenario in scenarios:
        if scenario.name in files:
            text = f"its baseline has the same name as that of {files[scenario.name]}; rename one of the files"
            raise InputError.at(scenario.file, text)
        files[scenario.name] = scenario.file


def keep_others(scenarios: Iterable[Scenario], root: Path) -> None:
    """Refuse scenarios in whose place the baseline of another file lies, as long as that file is there.

    Raises:
        InputError: Another scenario has the same name.
    """
    for scenario in scenarios:
        path = place(root, scenario.name)
        try:
            kept = json.loads(path.read_text("utf-8"))["file"]
            other = _seen(root / kept)
            another = kept != _file(scenario, root) and other.is_file()
        except (OSError, ValueError, LookupError, TypeError):
            continue  # nothing is there, or nothing that could be compared with
        if another:
            text = f"{path} is the baseline of {other}, which has the same name; rename one of the files"
            raise InputError.at(scenario.file, f"{text}, or write another folder with --out")


def _file(scenario: Scenario, root: Path) -> str:
    """Return where the file of a scenario lies as seen from the folder of results: both may move together."""
    file = Path(scenario.file).resolve()
    try:
        return Path(os.path.relpath(file, root.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return file.as_posix()


def _seen(path: Path) -> Path:
    """Return a path as it is seen from where the user is."""
    found = Path(os.path.normpath(path.resolve()))
    return found.relative_to(Path.cwd()) if found.is_relative_to(Path.cwd()) else found


def save(results: Results, root: Path) -> Path:
    """Keep the measures of a run as the reference; return where."""
    content = {
        "scenario": results.scenario.name,
        "file": _file(results.scenario, root),
        "inputs": digests(results.scenario),
        "measures": [measure.name for measure in MEASURES],
        "model": model_version(),
        "profile": results.scenario.asterisk.profile,
        "seed": results.scenario.run.seed,
        "replications": [replication.measures for replication in results.replications],
    }
    path = place(root, results.scenario.name)
    write(path, canonical(content))
    return path


def load_all(scenarios: Iterable[Scenario], root: Path) -> list[Json]:
    """Return the baselines of scenarios, before anything is run.

    Raises:
        InputError: Some have none, or one that was made with another seed or profile.
    """
    return each_of(scenarios, lambda scenario: load(root, scenario))


def load(root: Path, scenario: Scenario) -> Json:
    """Return the baseline of a scenario.

    Raises:
        InputError: There is none, or it was made with another seed or profile.
    """
    path = place(root, scenario.name)
    try:
        content = cast("Json", json.loads(path.read_text("utf-8")))
        seed, profile = content["seed"], content["profile"]
        _compare_with_itself(content, scenario)
    except FileNotFoundError:
        elsewhere = "" if root == Path("results") else f" --out {root}"
        text = f"no baseline; write stasis-sim baseline save {scenario.file}{elsewhere}"
        raise InputError.at(str(path), text) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise InputError.at(str(path), "not a baseline; save it again") from None
    for what, then, now, remedy in (
        ("seed", seed, scenario.run.seed, f"--seed {seed}"),
        ("profile", profile, scenario.asterisk.profile, f"--set asterisk.profile={profile}"),
    ):
        if then != now:
            raise InputError.at(str(path), f"made with {what} {then}, this run has {now}; write {remedy}")
    return content


def _compare_with_itself(content: Json, scenario: Scenario) -> None:
    """Raise whatever comparing it with a run would raise.

    Raises:
        ValueError: It has no replications.
    """
    then = content["replications"]
    changed(scenario, content)
    unshared(content)
    if not isinstance(content["model"], str) or not differences("then", then, "then", then):
        raise ValueError("nothing to compare with")


def changed(scenario: Scenario, content: Json) -> list[str]:
    """Return which parts of the scenario are others than in the baseline: keys such as ``faults.0``, and files."""
    then, now = dict(content["inputs"]), digests(scenario)
    return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))


def unshared(content: Json) -> list[str]:
    """Return the measures that there were none of when a baseline was saved, or are none of any more.

    Of what never happened no number is kept, so that a name which is not among the numbers says nothing.
    """
    return sorted(set(content["measures"]) ^ {measure.name for measure in MEASURES})


def note(results: Results, root: Path, content: Json) -> str:
    """Return what must be known of a baseline that was made of something else; empty where it was not."""
    parts = changed(results.scenario, content)
    if not parts:
        return ""
    rest = len(parts) - NAMED
    listed = f"{', '.join(parts[:NAMED])}{f' and {rest} more' if rest > 0 else ''}"
    if content["file"] != _file(results.scenario, root):
        return f"this baseline is of {_seen(root / content['file'])}, which is another scenario: {listed}"
    return f"the scenario has changed since this baseline was saved: {listed}"


def diff(results: Results, content: Json) -> list[Moved]:
    """Return the measures that are not what they were, those beyond noise first.

    Args:
        results: What is now.
        content: The baseline.
    """
    then = cast("Sequence[Measures]", content["replications"])
    now = [replication.measures for replication in results.replications]
    moved = list(_moved(then, now, unshared(content)))
    return sorted(moved, key=lambda each: not each.beyond_noise)


def _moved(then: Sequence[Measures], now: Sequence[Measures], without: Sequence[str]) -> Iterator[Moved]:
    single = min(len(then), len(now)) == 1
    rows = [row for row in differences("then", then, "now", now) if _kind(row["measure"]) not in without]
    # With so many measures one in twenty would seem to move by chance: the confidence holds for all of them together.
    confidence = 1 - (1 - CONFIDENCE) / max(len(rows), 1)
    for row in rows:
        mean, low, high = row["mean"], row["low"], row["high"]
        if mean == 0 and low == high:
            continue
        alone = _apart(low, high, single=single)
        if low is not None:
            # Of its own pairs: not every replication has, say, a stranded call whose waiting could be measured.
            wider = at_confidence({"mean": mean, "low": low, "high": high, "n": row["n"]}, confidence)
            low, high = wider["low"], wider["high"]
        beyond = _apart(low, high, single=single)
        yield Moved(row["app"], row["client"], row["measure"], mean, low, high, beyond, alone)


def _kind(name: str) -> str:
    """Return the entry in the list of measures that a name belongs to."""
    measure = lookup(name)
    return name if measure is None else measure.name


def _apart(low: float | None, high: float | None, *, single: bool) -> bool:
    """Whether chance is no explanation of a difference.

    A baseline of a single replication knows of no chance. Where only one pair of several has the measure, one number
    does not say that it is none.
    """
    return single if low is None or high is None else low > 0 or high < 0


def as_json(results: Results, content: Json, moved: Sequence[Moved], *, ok: bool) -> Json:
    """Return what ``baseline diff --json`` prints; `ok`: nothing has moved that may not."""
    rows: list[dict[str, Any]] = [
        {
            "app": each.app,
            "client": each.client,
            "measure": each.measure,
            "mean": each.mean,
            "low": each.low,
            "high": each.high,
            "beyond_noise": each.beyond_noise,
            "alone": each.alone,
        }
        for each in moved
    ]
    models = {"then": content["model"], "now": model_version()}
    return {
        "scenario": results.scenario.name,
        "ok": ok,
        "model": models,
        "changed": changed(results.scenario, content),
        "not_compared": unshared(content),
        "moved": rows,
    }
