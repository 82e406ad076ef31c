"""Commands that run scenarios: run, compare, sweep, check."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stasis_sim.cli.common import (
    OUT,
    PROFILES,
    AsJson,
    Csv,
    Out,
    Over,
    Profile,
    Replications,
    ScenarioFile,
    Scenarios,
    Scheduler,
    Seed,
    Set,
    Workers,
    app,
    command,
    count,
    draw,
    examine,
    heading,
    load,
    load_all,
    loading,
    overrides,
    paragraph,
    print_json,
    progress_bar,
    warn,
    warnings_of,
)
from stasis_sim.errors import InputError

if TYPE_CHECKING:
    from stasis_sim.api import Results
    from stasis_sim.experiments.sweeps import Swept
    from stasis_sim.scenario import Scenario


@app.command()
def run(
    scenario: ScenarioFile,
    profile: Profile = None,
    seed: Seed = None,
    replications: Replications = None,
    out: Out = OUT,
    as_json: AsJson = False,
    settings: Set = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    csv: Csv = False,
    picture: Annotated[bool, typer.Option(help="Draw the timeline of the first replication.")] = True,
) -> None:
    """Run a scenario and say what happened to its calls."""
    with loading():
        from stasis_sim.api import run as simulate
        from stasis_sim.experiments.cluster import connect

        loaded = load(scenario, overrides(settings, profile=profile, seed=seed, replications=replications))
        examine(loaded, out)
        if csv and loaded.run.record != "all":
            raise InputError.at(
                "--csv", "run.record is measures, so there are no tables; leave it away, or write record: all"
            )
    many = loaded.run.replications > 1 or loaded.run.precision is not None
    with (
        connect(scheduler, count(workers)) as executor,
        heading(loaded, quiet=as_json),
        progress_bar(loaded.asterisk.profile, quiet=as_json or not many) as progress,
    ):
        results = simulate(
            loaded, out=out, workers=count(workers), executor=executor, command=command(), progress=progress
        )
    warn(warnings_of([results]))
    if csv:
        _write_csv(results)
    if picture and loaded.run.record == "all":
        draw(results)
    if as_json:
        print_json(results.json())
        return
    _print_run(results)


def _write_csv(results: Results) -> None:
    from stasis_sim.observe.columns import TABLES
    from stasis_sim.observe.tables import write_csv

    for name in TABLES:
        write_csv(results.table(name), results.tree.path / f"{name}.csv")


def _print_run(results: Results) -> None:
    from stasis_sim.report.sentences import engine, outcome, precision
    from stasis_sim.report.tables import run_table

    typer.echo(run_table(results.measures))
    typer.echo("")
    paragraph(outcome(results.scenario.asterisk.profile, results.replications))
    for sentence in precision(results):
        paragraph(sentence)
    typer.echo("")
    paragraph(engine([results]))
    typer.echo(f"results: {results.tree.path}")


@app.command(short_help="Run variants with the same callers, side by side.")
def compare(
    scenarios: Annotated[list[Path], typer.Argument(metavar="SCENARIO.yaml…", help="One scenario, or several.")],
    over: Over = None,
    profile: Profile = None,
    seed: Seed = None,
    replications: Replications = None,
    out: Out = OUT,
    as_json: AsJson = False,
    settings: Set = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    picture: Annotated[bool, typer.Option(help="Draw the timeline of each variant's first replication.")] = True,
) -> None:
    """Run variants with the same callers, side by side: scenarios, values of a key (--over), or else the profiles."""
    from stasis_sim.api import compare as simulate
    from stasis_sim.experiments.cluster import connect
    from stasis_sim.experiments.comparisons import same_seed
    from stasis_sim.experiments.results import compare_json

    options = {"profile": profile, "seed": seed, "replications": replications}
    variants = _variants(scenarios, over or [], settings, options)
    for each in variants.values():
        examine(each, out)
    same_seed(variants)
    with (
        connect(scheduler, count(workers)) as executor,
        heading(next(iter(variants.values())), quiet=as_json),
        progress_bar("variants", quiet=as_json) as progress,
    ):
        done = simulate(
            variants, out=out, workers=count(workers), executor=executor, command=command(), progress=progress
        )
    warn(warnings_of(done.values()))
    for results in done.values():
        if picture and results.scenario.run.record == "all":
            draw(results)
    if as_json:
        measures = {name: [each.measures for each in results.replications] for name, results in done.items()}
        print_json(compare_json(measures))
        return
    _print_comparison(done)


def _variants(
    paths: list[Path], over: list[str], settings: list[str] | None, options: dict[str, str | int | None]
) -> dict[str, Scenario]:
    """Return what is compared, by name.

    Raises:
        InputError: It cannot be told what is meant, or there is only one.
    """
    from stasis_sim.experiments.comparisons import variants_of
    from stasis_sim.experiments.sweeps import read_over

    changes = overrides(settings, **options)
    if len(paths) > 1 and over:
        raise InputError.at("--over", "several scenarios are given; write one with --over, or several without")
    if len(paths) > 1:
        names = _names(paths)
        twice = [path for path in paths if paths.count(path) > 1]
        if twice:
            raise InputError.at(str(twice[0]), "written twice; remove one, or write other values with --over")
        return dict(zip(names, load_all(paths, changes), strict=True))
    if over:
        found = variants_of(load(paths[0], changes), read_over(over))
        if len(found) == 1:
            raise InputError.at("--over", f"only one variant ({next(iter(found))}); write two values or more")
        return found
    if options["profile"] is not None:
        raise InputError.at(
            "--profile", "the profiles are what is compared; leave it away, or write values with --over"
        )
    return {name: load(paths[0], overrides(settings, **{**options, "profile": name})) for name in PROFILES}


def _names(paths: list[Path]) -> list[str]:
    """Return by what scenarios are told apart: their names, else their paths, without the folders of this machine."""
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    if not any(path.is_absolute() for path in paths):
        return [str(path) for path in paths]
    whole = [path.absolute() for path in paths]
    shared = os.path.commonpath([path.parent for path in whole])
    return [str(path.relative_to(shared)) for path in whole]


def _print_comparison(done: dict[str, Results]) -> None:
    from stasis_sim.experiments.comparisons import folder
    from stasis_sim.report.apart import apart_table
    from stasis_sim.report.sentences import comparison, engine, outcome
    from stasis_sim.report.tables import table

    found = {name: results.replications for name, results in done.items()}
    typer.echo(table({name: results.measures["total"] for name, results in done.items()}))
    typer.echo("")
    single = apart_table(done)
    if single:
        typer.echo(f"{single}\n")
    for name, replications in found.items():
        paragraph(outcome(name, replications))
    typer.echo("")
    for sentence in comparison(found):
        paragraph(sentence)
    typer.echo("")
    paragraph(engine(done.values()))
    typer.echo("results:")
    for results in done.values():
        typer.echo(f"  {results.tree.path}")
    typer.echo(f"  {folder(done)}")


@app.command(short_help="Run a scenario for many values of its keys.")
def sweep(
    scenario: ScenarioFile,
    over: Over = None,
    latin_hypercube: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="N points spread over all keys, not every combination.")
    ] = None,
    measure: Annotated[
        list[str] | None, typer.Option(metavar="[APP.]MEASURE", help="What the table and the picture show.")
    ] = None,
    profile: Profile = None,
    seed: Seed = None,
    replications: Replications = None,
    out: Out = OUT,
    as_json: AsJson = False,
    settings: Set = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    csv: Csv = False,
    tables: Annotated[bool, typer.Option("--tables", help="Keep the tables of each run too.")] = False,
    picture: Annotated[bool, typer.Option(help="Draw the first measure over the keys.")] = True,
) -> None:
    """Run a scenario for many values of some of its keys, and put what comes out into one table."""
    from stasis_sim.experiments.cluster import connect
    from stasis_sim.experiments.sweeps import design, examine_points, read_over
    from stasis_sim.experiments.sweeps import sweep as simulate
    from stasis_sim.report.sweeps import check_measures, first

    loaded = load(scenario, overrides(settings, profile=profile, seed=seed, replications=replications))
    swept = {} if loaded.sweep is None else loaded.sweep.model_dump()["over"]
    if over or (swept and latin_hypercube is not None):
        loaded = design(loaded, read_over(over) if over else swept, latin_hypercube)
    check_measures(measure or [], loaded)
    examine(loaded, out, examine_points)
    with (
        connect(scheduler, count(workers)) as executor,
        heading(loaded, _how_often(loaded), quiet=as_json),
        progress_bar("sweep", quiet=as_json) as progress,
    ):
        found = simulate(
            loaded,
            out=out,
            workers=count(workers),
            executor=executor,
            tables=tables,
            command=command(),
            progress=progress,
        )
    warn(found.warnings)
    measures = measure or first(found)
    if csv:
        from stasis_sim.observe.tables import write_csv

        write_csv(found.table(), found.path / "sweep.csv")
    if picture:
        _draw_sweep(found, measures)
    if as_json:
        print_json(found.json())
        return
    _print_sweep(found, measures)


def _how_often(scenario: Scenario) -> str:
    from stasis_sim.experiments.results import how_often

    points = "" if scenario.sweep is None else f"{scenario.sweep.size} points"
    return f"{points} of {how_often(scenario.run.replications)}"


def _draw_sweep(found: Swept, measures: list[str]) -> None:
    from stasis_sim.report.pictures import save
    from stasis_sim.report.sweeps import picture

    for name in measures:
        save(picture(found, name), found.path / f"{name}.png")


def _print_sweep(found: Swept, measures: list[str]) -> None:
    from stasis_sim.report.sweeps import answer, listing

    typer.echo(listing(found, measures))
    typer.echo("")
    for name in measures:
        paragraph(answer(found, name))
    typer.echo("")
    typer.echo(f"results: {found.path}")


@app.command(short_help="Run scenarios and hold what they expect.")
def check(
    paths: Scenarios,
    out: Out = OUT,
    as_json: AsJson = False,
    settings: Set = None,
    workers: Workers = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE.xml", help="Write the verdicts as JUnit XML too.")] = None,
) -> None:
    """Run scenarios and hold what they expect; exit code 1 if something does not hold, 2 if a file cannot be used."""
    from stasis_sim.experiments.checks import check_all, files
    from stasis_sim.experiments.expectations import check_json
    from stasis_sim.report import junit as xml

    if junit is not None:
        xml.examine(junit)
    verdicts: dict[str, Any] = {}
    took: dict[str, float] = {}
    before = time.perf_counter()
    broken: dict[str, InputError] = {}
    for file, found in check_all(list(files(paths)), settings or [], out, count(workers), command()):
        if isinstance(found, InputError):
            broken[str(file)] = found
            typer.echo(str(found), err=True)
            continue
        results, verdicts[str(file)] = found
        now = time.perf_counter()
        took[str(file)], before = now - before, now
        if not as_json:
            _print_check(results, verdicts[str(file)])
    if junit is not None:
        xml.write_junit(junit, verdicts, broken, took)
    if as_json:
        print_json(check_json(verdicts, broken))
    if broken:
        raise typer.Exit(2)
    ok = all(verdict.ok for found in verdicts.values() for verdict in found)
    raise typer.Exit(0 if ok else 1)


def _print_check(results: Any, verdicts: Any) -> None:
    good, scenario = sum(verdict.ok for verdict in verdicts), results.scenario
    found = f"{good} of {len(verdicts)} expectations hold" if verdicts else "expects nothing; write expect: to hold it"
    typer.echo(f"{scenario.file} ({scenario.asterisk.profile}): {found}")
    for verdict in verdicts:
        if not verdict.ok or verdict.note:
            typer.echo(f"  {verdict}")
    if good < len(verdicts):
        warn(results.warnings)
