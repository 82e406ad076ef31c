"""Regression checks: scenarios held against what they expect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from stasis_sim.errors import InputError, Problem
from stasis_sim.experiments.expectations import Verdict
from stasis_sim.experiments.replications import Results, run_all
from stasis_sim.experiments.studies import Study
from stasis_sim.scenario import Scenario
from stasis_sim.scenario.document import set_name
from stasis_sim.simulated.preparation import too_late

SUFFIXES = (".yaml", ".yml")


class Checked(NamedTuple):
    """A scenario that was run and held against what it expects."""

    results: Results
    verdicts: tuple[Verdict, ...]


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Return the scenarios that paths name: a file itself, of a folder all that lie directly in it.

    Raises:
        InputError: There is nothing at a path.
    """
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and not file.is_dir())
            if not found:
                raise InputError.at(str(path), "no scenario in this folder; name a folder with .yaml files, or a file")
            yield from found
        else:
            yield path


def idle(results: Results) -> list[Problem]:
    """Return a problem for each fault that touched nothing in all replications together."""
    scenario = results.scenario
    found, never = [], {late.position: late.problem for late in too_late(scenario) if late.never}
    for position in results.idle_faults:
        if position in never:
            found.append(never[position])
            continue
        fault = scenario.faults[position]
        text = f"{fault.verb} {fault.target} touched nothing in any replication"
        doing = "sends requests or connects" if fault.verb == "shut_out" else "is connected"
        hint = f"let it strike while its target {doing}, or remove it"
        found.append(scenario.problem(("faults", position), f"{text}; {hint}"))
    return found


def check_all(
    paths: Iterable[Path], changes: Sequence[str], out: Path, workers: int, command: Sequence[str] = ()
) -> Iterator[tuple[Path, Checked | InputError]]:
    """Run many scenarios by one crew, and hold what each expects; one that cannot be used does not stop the others.

    Args:
        paths: The scenarios.
        changes: Overrides for all of them.
        out: Folder of results.
        workers: Processes to work in.
        command: What the user typed, for the provenance.

    Yields:
        Each file with its results and verdicts, or with what is wrong with it, in the order of the paths.
    """
    loaded = {path: _study(path, changes, out, command) for path in paths}
    over = run_all([study for study in loaded.values() if isinstance(study, Study)], workers)
    for path, study in loaded.items():
        if isinstance(study, InputError):
            yield path, study
        else:
            results = next(over)
            yield path, Checked(results, check(results))
    next(over, None)  # the crew is over then, and has waited for its workers


def _study(path: Path, changes: Sequence[str], out: Path, command: Sequence[str]) -> Study | InputError:
    try:
        return Study(Scenario.load(path, changes, set_name), out, command)
    except InputError as error:
        return error


def check(results: Results) -> tuple[Verdict, ...]:
    """Return what became of each expectation, and of the expectation that every fault bites."""
    idle_ones = tuple(
        Verdict("every fault touches something", ok=False, seen=0.0, found=str(each)) for each in idle(results)
    )
    return (*results.verdicts, *idle_ones)
