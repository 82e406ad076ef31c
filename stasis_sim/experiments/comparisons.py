"""Variants side by side: the same callers and the same outages, and how far apart what they cost is.

Pairs are made replication by replication: number i of each variant has the same random numbers. The results of a
variant are those of a run by itself and lie where such a run would put them; a comparison adds their names.

::

    results/SCENARIO/compare-DIGEST/
      compare.json     each variant with the scenario and the digest of its run, the first one first
      provenance.json  how it came about; the scenario is that of the first variant
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stasis_sim.errors import InputError
from stasis_sim.experiments.executors import crew
from stasis_sim.experiments.inputs import digest, provenance
from stasis_sim.experiments.replications import Folder, Results, results_of, workers_for
from stasis_sim.experiments.results import canonical, write
from stasis_sim.experiments.studies import Finished, Progress, Study, carry_out
from stasis_sim.experiments.sweeps import EXAMPLE, SEED, called, design, label, short, values_by_key, varied
from stasis_sim.scenario import a_scenario
from stasis_sim.scenario.misfit import got

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from stasis_sim.scenario import Scenario

NAMED: Final = '{"before": one, "after": other}, or variants_of(scenario, over)'
"""Variants, as Python has them."""


def variants_of(scenario: Scenario, over: Mapping[str, Any]) -> dict[str, Scenario]:
    """Return one scenario for each combination of values of some keys, by what is different about it.

    Args:
        scenario: The scenario.
        over: For each key a list of values.

    Raises:
        InputError: A key or a value does not fit, or the variants would not meet the same callers.
        TypeError: It is no scenario, but the path of one for instance.
        ValueError: No key is given.
    """
    a_scenario(scenario)
    if not over:
        raise ValueError(f"no key says what to vary; write {EXAMPLE}, or scenarios by name")
    for key, value in values_by_key(over).items():
        if key == SEED:
            text = "another seed has other callers, so variants do not meet the same ones; write run.replications for"
            raise InputError.at(called(key), f"{text} more of them")
        if isinstance(value, str):
            raise InputError.at(called(key), f"not a list {got(value)}; write each value, as in 5s,20s,60s")
    swept = design(scenario, over).sweep
    points = [] if swept is None else list(swept.points())
    keys, alone = list(over), len(over) == 1
    names = [
        ", ".join(label(value) if alone else f"{short(keys, key)}={label(value)}" for key, value in each.items())
        for each in points
    ]
    return {name: varied(scenario, each) for name, each in zip(names, points, strict=True)}


def compare(
    variants: Mapping[str, Scenario],
    *,
    out: Path | str | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    command: Sequence[str] = (),
    progress: Progress | None = None,
    finished: Finished | None = None,
) -> dict[str, Results]:
    """Run variants, all by one crew.

    Args:
        variants: Scenarios by name; the first is what the others are held against.
        out: Folder to keep the results under; None: they last as long as the objects that are returned.
        workers: Processes to work in; 1 works in this one.
        executor: Any executor to work on, in place of processes of our own.
        command: What the user typed, for the provenance.
        progress: Told after each replication how many are done, of how many.
        finished: Told of each variant whose run is over.

    Raises:
        InputError: A scenario does not fit Asterisk's files, or the variants do not meet the same callers.
        TypeError: They are no scenarios by name.
        ValueError: There are none.
    """
    if not isinstance(variants, Mapping):
        raise TypeError(f"no scenarios by name (got a {type(variants).__name__}); write {NAMED}")
    if not variants:
        raise ValueError("nothing to compare; write a scenario or more, each with a name")
    for each in variants.values():
        a_scenario(each)
    same_seed(variants)
    keep = Folder(out)
    studies = {name: Study(scenario, keep.path, command) for name, scenario in variants.items()}
    positions = {study: position for position, study in enumerate(studies.values())}
    jobs = sum(study.total for study in studies.values())
    with crew(executor, workers_for(workers, jobs)) as people:
        for study in carry_out(studies.values(), people, progress, expected=jobs):
            if finished is not None:
                finished(positions[study], study)
    found = {name: results_of(study, keep) for name, study in studies.items()}
    _write(folder(found), found, command)
    return found


def folder(variants: Mapping[str, Results]) -> Path:
    """Return where the files of a comparison lie: beside the results of its first variant."""
    parts = [part for name, found in variants.items() for part in (name, found.scenario.name, found.tree.path.name)]
    first = next(iter(variants.values()))
    return first.tree.path.parent / f"compare-{digest(parts)}"


def _write(path: Path, variants: Mapping[str, Results], command: Sequence[str]) -> None:
    """Write the files of a comparison, each whole or not at all."""
    first = next(iter(variants.values())).scenario
    named = [
        {"name": name, "scenario": found.scenario.name, "digest": found.tree.path.name}
        for name, found in variants.items()
    ]
    write(path / "provenance.json", canonical(provenance(first, command)))
    write(path / "compare.json", canonical({"scenario": first.name, "variants": named}))


def same_seed(variants: Mapping[str, Scenario]) -> None:
    """Refuse variants that do not meet the same callers.

    Raises:
        InputError: The seed of one is another.
    """
    seeds = {name: scenario.run.seed for name, scenario in variants.items()}
    first = next(iter(seeds.values()), 0)
    for name, seed in seeds.items():
        if seed != first:
            text = f"its seed is {seed}, that of the first is {first}, so they do not meet the same callers"
            scenario = variants[name]
            raise InputError([scenario.problem(("run", "seed"), f"{text}; write the same seed, or --seed {first}")])
