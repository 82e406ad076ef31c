"""Commands about results that are kept: ledger, report, rerun, and baseline save and diff."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stasis_sim.cli.common import (
    OUT,
    AsJson,
    Out,
    Replications,
    Scenarios,
    Seed,
    Set,
    Workers,
    app,
    command,
    count,
    load_all,
    overrides,
    paragraph,
    print_json,
    progress_bar,
    warn,
    warnings_of,
)
from stasis_sim.errors import InputError

if TYPE_CHECKING:
    from stasis_sim.experiments.replications import Results
    from stasis_sim.experiments.reruns import Rerun
    from stasis_sim.scenario import Scenario

baselines = typer.Typer(
    help="Reference measures of scenarios: keep them, and say what has moved beyond noise.", no_args_is_help=True
)
app.add_typer(baselines, name="baseline", short_help="Keep reference measures, and say what has moved.")


@app.command(short_help="Say which events of earlier runs were missed.")
def ledger(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT…", help="results/SCENARIO/DIGEST, or results/SCENARIO for all in it."),
    ],
    by: Annotated[str, typer.Option(help="outage, type, meaning, app or call: what to sum up by.")] = "outage",
    only_app: Annotated[str | None, typer.Option("--app", metavar="APP", help="Only events for this app.")] = None,
    call: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only events about calls of this number.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which events of earlier runs were missed, lost, late or misdelivered, in which outage, and what it means."""
    from stasis_sim.experiments.reopened import runs
    from stasis_sim.report import missed

    asked = missed.Asked(by, only_app, call)
    asked.examine()
    found = runs(results)
    if as_json:
        print_json(missed.as_json(found, asked))
    else:
        typer.echo("\n\n".join([missed.text(each, asked) for each in found]))


@app.command(short_help="Write earlier results as one HTML page each.")
def report(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT…",
            help="results/SCENARIO/DIGEST, sweep-DIGEST or compare-DIGEST there, or results/SCENARIO for all.",
        ),
    ],
    measure: Annotated[
        list[str] | None, typer.Option(metavar="[APP.]MEASURE", help="What the pages of sweeps are about.")
    ] = None,
) -> None:
    """Write earlier results as one HTML page each, report.html in their folder: it needs no network to be read.

    Of a folder that holds a sweep its points have no page of their own.
    """
    from stasis_sim.experiments.reopened import Sweep, apart, reopen
    from stasis_sim.report.pages import write_report

    found = [each for path in results for each in apart(reopen([path]))]
    if measure and not any(isinstance(each, Sweep) for each in found):
        raise InputError.at("--measure", "says what the page of a sweep is about, and there is none; leave it away")
    for each in found:
        typer.echo(f"report: {write_report(each, measure or ())}")


@app.command(short_help="Repeat earlier work, and hold its bytes.")
def rerun(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="RESULT",
            help="results/SCENARIO/DIGEST, sweep-DIGEST or compare-DIGEST, or results/SCENARIO if it is alone there.",
        ),
    ],
    as_json: AsJson = False,
    workers: Workers = None,
) -> None:
    """Repeat a run, a sweep or a comparison from its provenance; exit code 1 if the bytes are not the same."""
    from stasis_sim.experiments.reruns import rerun as repeat

    with progress_bar("rerun", quiet=as_json) as progress:
        found = repeat(path, workers=count(workers), progress=progress)
    if as_json:
        print_json(found.json())
    else:
        _print_rerun(found)
    raise typer.Exit(0 if found.same else 1)


def _print_rerun(found: Rerun) -> None:
    for each in found.runs:
        typer.echo(f"{'differs' if each.differing else 'same'}: {each.path} ({each.name})")
    held = (found.whole, *found.runs)
    for each in held:
        for name in each.differing:
            typer.echo(f"differs: {each.path / name}")
    if found.model != found.present:
        typer.echo(f"the model was {found.model} and is {found.present}")
    files, differing = sum(each.files for each in held), sum(len(each.differing) for each in held)
    runs = sum(not each.differing for each in found.runs)
    of_runs = f"{runs} of {len(found.runs)} runs, and " if found.runs else ""
    paragraph(f"{of_runs}{files - differing} of {files} files are the same to the byte.")


def _scenarios(
    paths: list[Path], seed: int | None, replications: int | None, settings: list[str] | None
) -> list[Scenario]:
    """Read scenarios, each of which has a baseline of its own."""
    from stasis_sim.experiments.baselines import keep_apart
    from stasis_sim.experiments.checks import files

    scenarios = load_all(files(paths), overrides(settings, seed=seed, replications=replications))
    keep_apart(scenarios)
    return scenarios


def _runs(scenarios: list[Scenario], out: Path, workers: int) -> Iterator[Results]:
    """Run scenarios by one crew, and yield what each gave; what a person should know of it is said."""
    from stasis_sim.experiments.replications import run_all
    from stasis_sim.experiments.studies import Study

    for results in run_all([Study(scenario, out, command()) for scenario in scenarios], workers):
        warn(warnings_of([results]))
        yield results


@baselines.command()
def save(
    paths: Scenarios,
    seed: Seed = None,
    replications: Replications = None,
    out: Out = OUT,
    settings: Set = None,
    workers: Workers = None,
) -> None:
    """Run scenarios and keep their measures as the reference."""
    from stasis_sim.experiments.baselines import keep_others
    from stasis_sim.experiments.baselines import save as keep

    scenarios = _scenarios(paths, seed, replications, settings)
    keep_others(scenarios, out)
    for results in _runs(scenarios, out, count(workers)):
        typer.echo(f"{results.scenario.file}: kept in {keep(results, out)}")


@baselines.command(short_help="Run scenarios and say which measures have moved.")
def diff(
    paths: Scenarios,
    seed: Seed = None,
    replications: Replications = None,
    out: Out = OUT,
    as_json: AsJson = False,
    settings: Set = None,
    workers: Workers = None,
    exact: Annotated[bool, typer.Option("--exact", help="Noise is no excuse: nothing may differ at all.")] = False,
) -> None:
    """Run scenarios and say which measures have moved since; exit code 1 if one has, beyond noise."""
    from stasis_sim.experiments import baselines as kept
    from stasis_sim.report.tables import moved_table

    reports, ok = [], True
    scenarios = _scenarios(paths, seed, replications, settings)
    baselines_of = kept.load_all(scenarios, out)
    for results, content in zip(_runs(scenarios, out, count(workers)), baselines_of, strict=True):
        moved, note = kept.diff(results, content), kept.note(results, out, content)
        beyond = [each for each in moved if each.beyond_noise]
        told = moved if exact else beyond
        ok = ok and not told
        reports.append(kept.as_json(results, content, moved, ok=not told))
        if not as_json:
            said = (
                f"{len(beyond)} of {len(moved)} measures that differ moved beyond noise"
                if moved
                else "no measure differs"
            )
            typer.echo(f"{results.scenario.file}: {said}")
            alone = sum(each.alone for each in moved)
            if alone > len(beyond):
                n = len(results.replications)
                typer.echo(f"  note: looked at one by one, {alone} would have; more replications than {n} tell")
            if note:
                typer.echo(f"  note: {note}")
            if without := kept.unshared(content):
                hint = "save the baseline again to hold them"
                typer.echo(f"  note: not measured both then and now: {', '.join(without)}; {hint}")
            if told:
                typer.echo(moved_table(told))
    if as_json:
        print_json({"ok": ok, "scenarios": reports})
    raise typer.Exit(0 if ok else 1)
