"""The command line: parse, call, print. No logic of the simulation stands here.

Exit codes: 0 all is well; 1 an expectation does not hold, or there is something to know; 2 the input cannot be used.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from stasis_sim import __version__
from stasis_sim.errors import InputError

if TYPE_CHECKING:
    from stasis_sim.api import Results
    from stasis_sim.experiments.replications import Progress
    from stasis_sim.scenario import Scenario

SHOWN = 3
"""Recordings whose differences are drawn."""

PROFILES = ("documented", "asterisk-16", "asterisk-22")

app = typer.Typer(
    name="stasis-sim",
    help="What happens to calls when the ARI application that should control them is away.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO.yaml", help="The scenario.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override any key: run.seed=3.")]
Profile = Annotated[str | None, typer.Option(help=f"Which Asterisk: {', '.join(PROFILES)}.")]
Seed = Annotated[int | None, typer.Option(help="Seed of all random numbers.")]
Replications = Annotated[int | None, typer.Option(help="How many times the scenario is run.")]
Out = Annotated[Path, typer.Option(help="Folder of results.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes to work in; default: one for each processor.")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"stasis-sim {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    del version


@app.command()
def run(
    scenario: ScenarioFile,
    profile: Profile = None,
    seed: Seed = None,
    replications: Replications = None,
    out: Out = Path("results"),
    as_json: AsJson = False,
    settings: Set = None,
    workers: Workers = None,
    csv: Annotated[bool, typer.Option("--csv", help="Write the tables as CSV too.")] = False,
    picture: Annotated[bool, typer.Option(help="Draw the timeline of the first replication.")] = True,
) -> None:
    """Run a scenario and say what happened to its calls."""
    loaded = _load(scenario, _overrides(settings, profile=profile, seed=seed, replications=replications))
    results = _run(loaded, out, workers, quiet=as_json)
    _warn(results)
    if csv:
        _write_csv(results)
    if picture and loaded.run.record == "all":
        _draw(results)
    if as_json:
        _print_json(results.json())
        return
    _print_run(results)


@app.command()
def compare(
    scenario: ScenarioFile,
    seed: Seed = None,
    replications: Replications = None,
    out: Out = Path("results"),
    as_json: AsJson = False,
    settings: Set = None,
    workers: Workers = None,
    picture: Annotated[bool, typer.Option(help="Draw the timeline of each profile's first replication.")] = True,
) -> None:
    """Run a scenario under all three profiles: the same callers, the same outages, side by side."""
    from stasis_sim.experiments.replications import examine
    from stasis_sim.experiments.results import compare_json
    from stasis_sim.report.sentences import comparison, engine, outcome
    from stasis_sim.report.tables import table

    options = {"seed": seed, "replications": replications}
    loaded = {profile: _load(scenario, _overrides(settings, profile=profile, **options)) for profile in PROFILES}
    for each in loaded.values():
        examine(each, out)
    first, *_ = loaded.values()
    with _heading(first, quiet=as_json):
        variants = {name: _run(each, out, workers, quiet=as_json, say=False) for name, each in loaded.items()}
    _warn(*variants.values())
    for results in variants.values():
        if picture and results.scenario.run.record == "all":
            _draw(results)
    done = {profile: results.replications for profile, results in variants.items()}
    if as_json:
        _print_json(compare_json({name: [each.measures for each in found] for name, found in done.items()}))
        return
    typer.echo(table({profile: results.measures["total"] for profile, results in variants.items()}))
    typer.echo("")
    for profile, found in done.items():
        _paragraph(outcome(profile, found))
    typer.echo("")
    for sentence in comparison(done):
        _paragraph(sentence)
    typer.echo("")
    _paragraph(engine(variants.values()))
    typer.echo("results:")
    for results in variants.values():
        typer.echo(f"  {results.tree.path}")


@app.command()
def show(
    scenario: ScenarioFile,
    profile: Profile = None,
    settings: Set = None,
) -> None:
    """Print a scenario with every default filled in."""
    from stasis_sim.scenario import show as text

    typer.echo(text(_load(scenario, _overrides(settings, profile=profile))), nl=False)


@app.command()
def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Scenarios, or folders of them.")],
    out: Out = Path("results"),
    as_json: AsJson = False,
    settings: Set = None,
    workers: Workers = None,
) -> None:
    """Run scenarios and hold what they expect; exit code 1 if something does not hold."""
    from stasis_sim.experiments.checks import check as held
    from stasis_sim.experiments.checks import files
    from stasis_sim.experiments.expectations import check_json

    verdicts = {}
    for file in files(paths):
        results = _run(_load(file, _overrides(settings)), out, workers, quiet=True)
        verdicts[str(file)] = held(results)
        if not as_json:
            _print_check(results, verdicts[str(file)])
    if as_json:
        _print_json(check_json(verdicts))
    ok = all(verdict.ok for found in verdicts.values() for verdict in found)
    raise typer.Exit(0 if ok else 1)


@app.command()
def new() -> None:
    """Print a commented scenario to start from: stasis-sim new > my.yaml."""
    from stasis_sim.scenario.template import TEMPLATE

    typer.echo(TEMPLATE, nl=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenarios, for editors."""
    from stasis_sim.scenario.schema import json_schema

    _print_json(json_schema())


@app.command()
def replay(
    recordings: Annotated[
        list[Path], typer.Argument(metavar="RECORDING.json…", help="Recordings, or folders of them.")
    ],
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Replay recordings of real Asterisks on the model; exit code 1 if it does not do what Asterisk did."""
    from stasis_sim.conformance import render
    from stasis_sim.conformance.judgement import find, judge

    judged = [judge(file, profile) for file in find(recordings)]
    agree = sum(not each.differences for each in judged)
    if as_json:
        alone = len(judged) == 1 and not recordings[0].is_dir()
        items = [each.json() for each in judged]
        _print_json(judged[0].seen if alone else {"agree": agree, "of": len(judged), "items": items})
        raise typer.Exit(0 if agree == len(judged) else 1)
    for each in judged:
        typer.echo(render.verdict(each.file, each.recording, each.differences))
    for each in [each for each in judged if each.differences][:SHOWN]:
        typer.echo(f"\n{each.file}: {each.recording.about}")
        typer.echo(render.render(each.recording, each.differences))
    steps, steps_agree = sum(len(each.recording.steps) for each in judged), sum(each.steps_agree for each in judged)
    typer.echo(render.score(agree, len(judged), steps_agree, steps))
    raise typer.Exit(0 if agree == len(judged) else 1)


@app.command()
def vectors(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE.json…", help="Vectors, or folders of them.")],
    as_json: AsJson = False,
) -> None:
    """Replay configuration vectors; exit code 1 if a file of Asterisk's is not read as real Asterisks read it."""
    from stasis_sim.conformance.vectors import differing, find, judge_file, score, verdict

    judged = {file: judge_file(file) for file in find(paths)}
    items = [item for found in judged.values() for item in found]
    agree = sum(not item.differences for item in items)
    if as_json:
        _print_json({"agree": agree, "of": len(items), "items": [item.json() for item in items]})
        raise typer.Exit(0 if agree == len(items) else 1)
    for file, found in judged.items():
        typer.echo(verdict(file, found))
        for line in differing(found):
            typer.echo(f"  {line}")
    typer.echo(score(items))
    raise typer.Exit(0 if agree == len(items) else 1)


@app.command()
def ledger(
    results: Annotated[list[Path], typer.Argument(metavar="RESULT…", help="results/SCENARIO/DIGEST, or above.")],
    by: Annotated[str, typer.Option(help="outage, type, meaning, app or call: what to sum up by.")] = "outage",
    only_app: Annotated[str | None, typer.Option("--app", metavar="APP", help="Only events for this app.")] = None,
    call: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only events about calls of this number.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which events of earlier runs were missed, lost, late or misdelivered, in which outage, and what it means."""
    from stasis_sim.experiments.kept import find
    from stasis_sim.report import missed

    asked = missed.Asked(by, only_app, call)
    asked.examine()
    found = find(results)
    if as_json:
        _print_json(missed.as_json(found, asked))
    else:
        typer.echo("\n\n".join([missed.text(kept, asked) for kept in found]))


@app.command("check-config")
def check_config(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="http.conf and its like, or folders of them.")],
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong or risky in Asterisk's files; exit code 1 with warnings or findings, 2 with errors."""
    from stasis_sim.conf.checkup import check, exit_code, lines, named_profile

    found = check(paths, named_profile(profile))
    if as_json:
        _print_json({"findings": [each.json() for each in found]})
    else:
        for line in lines(found):
            typer.echo(line)
    raise typer.Exit(exit_code(found))


@app.command()
def dialplan(
    file: Annotated[Path, typer.Argument(metavar="EXTENSIONS.conf", help="The dialplan.")],
    place: Annotated[str, typer.Argument(metavar="EXTEN@CONTEXT", help="What is dialled, and where.")],
    connected: Annotated[list[str] | None, typer.Option(metavar="APP", help="An app that is connected.")] = None,
    profile: Profile = None,
    caller_id: Annotated[str, typer.Option(metavar="NUMBER", help="The caller's number.")] = "",
    clock: Annotated[str | None, typer.Option(metavar="'YYYY-MM-DD HH:MM:SS'", help="When it is.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which extension a call gets to, and what it runs there; exit code 1 if none matches."""
    from stasis_sim.conf.checkup import named_profile
    from stasis_sim.conf.walk import DEFAULT_CLOCK, walk

    apps = [name for names in connected or () for name in names.split(",")]
    walked = walk(
        file,
        place,
        connected=apps,
        profile=named_profile(profile),
        caller=caller_id,
        clock=DEFAULT_CLOCK if clock is None else clock,
    )
    if as_json:
        _print_json(walked.json())
    else:
        typer.echo(walked.text())
    raise typer.Exit(0 if walked.match is not None else 1)


@app.command()
def clients(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One of them; all if not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what known client libraries do in an outage, as presets for reconnect."""
    from stasis_sim.report import presets

    if as_json:
        _print_json(presets.as_json(name))
    else:
        typer.echo(presets.listing() if name is None else presets.page(name))


# ---- what the commands share ---------------------------------------------------


OPTIONS = {"profile": "asterisk.profile", "seed": "run.seed", "replications": "run.replications"}
"""The options that override a key under a name of their own."""


def _overrides(settings: list[str] | None, **options: str | int | None) -> dict[str, list[str]]:
    """Return what overrides keys, by how errors call it: --set, and the options with a name of their own."""
    named = {f"--{name}": [f"{OPTIONS[name]}={value}"] for name, value in options.items() if value is not None}
    return {"--set": settings or [], **named}


def _load(path: Path, overrides: dict[str, list[str]]) -> Scenario:
    from dataclasses import replace

    from stasis_sim.scenario import Scenario

    try:
        return Scenario.load(path, [override for group in overrides.values() for override in group])
    except InputError as error:
        typed = {f"--set {key}": f"--{name}" for name, key in OPTIONS.items() if f"--{name}" in overrides}
        renamed = [replace(problem, file=typed.get(problem.file, problem.file)) for problem in error.problems]
        raise InputError(renamed) from None


def _run(scenario: Scenario, out: Path, workers: int | None, *, quiet: bool, say: bool = True) -> Results:
    import os

    from stasis_sim.api import run as simulate
    from stasis_sim.experiments.replications import examine

    if say:
        examine(scenario, out)
    with _heading(scenario, quiet=quiet or not say), _progress(scenario, quiet=quiet) as progress:
        return simulate(
            scenario,
            out=out,
            workers=workers or os.cpu_count() or 1,
            command=["stasis-sim", *sys.argv[1:]],
            progress=progress,
        )


def _warn(*variants: Results) -> None:
    """Say once what a person should know before believing the results."""
    from stasis_sim.experiments.checks import idle

    said = (problem for results in variants for problem in (*results.warnings, *idle(results)))
    for problem in dict.fromkeys(said):
        typer.echo(f"warning: {problem}", err=True)


@contextmanager
def _progress(scenario: Scenario, *, quiet: bool) -> Iterator[Progress | None]:
    """Show a bar on a terminal while there are several replications to do."""
    if quiet or scenario.run.replications == 1 or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(scenario.asterisk.profile, total=scenario.run.replications)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _heading(scenario: Scenario, *, quiet: bool) -> Iterator[None]:
    """Say what is about to run; where that may turn out to be impossible, once it has run: an error comes alone."""
    uncertain = scenario.run.engine == "open-loop"
    if not uncertain:
        _say_first(scenario, quiet=quiet)
    yield
    if uncertain:
        _say_first(scenario, quiet=quiet)


def _say_first(scenario: Scenario, *, quiet: bool) -> None:
    """Say what is about to run, and how to run it again."""
    from stasis_sim.experiments.replications import scenario_digest

    if quiet:
        return
    setup, profile = scenario.run, scenario.asterisk.profile
    times = "1 replication" if setup.replications == 1 else f"{setup.replications} replications"
    typer.echo(scenario.title or scenario.name)
    typer.echo(f"{profile}, {times}, seed {setup.seed}, digest {scenario_digest(scenario)}, stasis-sim {__version__}")
    typer.echo(f"again: {shlex.join(['stasis-sim', *sys.argv[1:]])}\n")


def _print_run(results: Results) -> None:
    from stasis_sim.report.sentences import engine, outcome
    from stasis_sim.report.tables import run_table

    typer.echo(run_table(results.measures))
    typer.echo("")
    _paragraph(outcome(results.scenario.asterisk.profile, results.replications))
    typer.echo("")
    _paragraph(engine([results]))
    typer.echo(f"results: {results.tree.path}")


def _paragraph(text: str) -> None:
    import textwrap

    typer.echo(textwrap.fill(text, 80, break_long_words=False, break_on_hyphens=False))


def _print_check(results: Results, verdicts: Any) -> None:
    good, scenario = sum(verdict.ok for verdict in verdicts), results.scenario
    typer.echo(f"{scenario.file} ({scenario.asterisk.profile}): {good} of {len(verdicts)} expectations hold")
    for verdict in verdicts:
        if not verdict.ok:
            typer.echo(f"  {verdict}")


def _print_json(content: Any) -> None:
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))


def _write_csv(results: Results) -> None:
    from stasis_sim.observe.columns import TABLES
    from stasis_sim.observe.tables import write_csv

    for name in TABLES:
        write_csv(results.table(name), results.tree.path / f"{name}.csv")


def _draw(results: Results) -> None:
    from stasis_sim.report.pictures import save

    save(results.plot(), results.tree.path / "timeline.png")


def main() -> NoReturn:
    """Run the command line; input that cannot be used is said once, without a traceback."""
    try:
        app(standalone_mode=True)
    except InputError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except BrokenPipeError:
        raise
    except OSError as error:
        # What the commands read they have opened by now: this is a full disk, or something where a result should go.
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        typer.echo(f"{what}; make room, move away what stands there, or write another folder with --out", err=True)
        sys.exit(2)
    sys.exit(0)
