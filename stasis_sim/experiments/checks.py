"""Regression checks: scenarios held against what they expect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stasis_sim.errors import InputError, Problem
from stasis_sim.experiments.expectations import Verdict

if TYPE_CHECKING:
    from stasis_sim.experiments.replications import Results

SUFFIXES = (".yaml", ".yml")


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Return the scenarios that paths name: a file itself, of a folder all that lie directly in it.

    Raises:
        InputError: There is nothing at a path.
    """
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
            if not found:
                raise InputError.at(str(path), "no scenario in this folder; name a folder with .yaml files, or a file")
            yield from found
        else:
            yield path


def idle(results: Results) -> list[Problem]:
    """Return a problem for each fault that touched nothing in all replications together."""
    scenario = results.scenario
    found = []
    for position in results.idle_faults:
        fault = scenario.faults[position]
        text = f"{fault.verb} {fault.target} touched nothing in any replication"
        hint = "let it strike while its target is connected, or remove it"
        found.append(scenario.problem(("faults", position), f"{text}; {hint}"))
    return found


def check(results: Results) -> tuple[Verdict, ...]:
    """Return what became of each expectation, and of the expectation that every fault bites."""
    idle_ones = tuple(
        Verdict("every fault touches something", ok=False, seen=0.0, found=str(each)) for each in idle(results)
    )
    return (*results.verdicts, *idle_ones)
