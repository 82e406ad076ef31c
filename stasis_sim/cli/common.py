"""What the commands share: their options, how a scenario is loaded, and what is said around a run."""

from __future__ import annotations

import gc
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stasis_sim import __version__

if TYPE_CHECKING:
    from stasis_sim.api import Results
    from stasis_sim.errors import Problem
    from stasis_sim.experiments import replications
    from stasis_sim.experiments.studies import Progress
    from stasis_sim.scenario import Scenario

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
Scenarios = Annotated[list[Path], typer.Argument(metavar="PATH…", help="Scenarios, or folders of them.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override any key: run.seed=3.")]
Profile = Annotated[str | None, typer.Option(help=f"Which Asterisk: {', '.join(PROFILES)}.")]
Seed = Annotated[int | None, typer.Option(help="Seed of all random numbers.")]
Replications = Annotated[int | None, typer.Option(help="How many times the scenario is run.")]
OUT = Path("results")
Out = Annotated[Path, typer.Option(help="Folder of results.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]
Scheduler = Annotated[
    str | None, typer.Option(metavar="tcp://…", help="Work on a Dask cluster; local makes one here for as long.")
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes to work in; default: one for each processor.")]
Over = Annotated[
    list[str] | None,
    typer.Option("--over", metavar="KEY=V,V…", help="Values that a key takes: faults.0.for=5s,20s,60s."),
]
Csv = Annotated[bool, typer.Option("--csv", help="Write the tables as CSV too.")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"stasis-sim {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    del version


OPTIONS = {"profile": "asterisk.profile", "seed": "run.seed", "replications": "run.replications"}
"""The options that override a key under a name of their own."""


def overrides(settings: list[str] | None, **options: str | int | None) -> dict[str, list[str]]:
    """Return what overrides keys, by how errors call it: --set, and the options with a name of their own."""
    named = {f"--{name}": [f"{OPTIONS[name]}={value}"] for name, value in options.items() if value is not None}
    return {"--set": settings or [], **named}


def load(path: Path, changes: dict[str, list[str]]) -> Scenario:
    """Read a scenario; what is wrong with an option is said of that option."""
    from stasis_sim.scenario import Scenario

    typed = {key: f"--{name}" for name, key in OPTIONS.items() if f"--{name}" in changes}
    changed = [change for group in changes.values() for change in group]
    return Scenario.load(path, changed, lambda key: typed.get(key, f"--set {key}"))


def load_all(paths: Iterable[Path], changes: dict[str, list[str]]) -> list[Scenario]:
    """Read scenarios; what is wrong with any of them is said at once."""
    from stasis_sim.errors import each_of

    return each_of(paths, lambda path: load(path, changes))


@contextmanager
def loading() -> Iterator[None]:
    """Load what a command needs without a search for garbage: there is none, and searching takes as long again.

    What is there by the end of it stays to the end of the process, and is not searched later either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def command() -> list[str]:
    """Return what the user typed."""
    return ["stasis-sim", *sys.argv[1:]]


def has_option(name: str) -> bool:
    """Return whether the command that the user typed has an option."""
    found: Any = typer.main.get_command(app)
    for word in sys.argv[1:]:
        found = getattr(found, "commands", {}).get(word, found)
    return any(name in parameter.opts for parameter in found.params)


def count(workers: int | None) -> int:
    """Return how many processes to work in."""
    return workers or os.cpu_count() or 1


def examine(scenario: Scenario, out: Path, further: Callable[[Scenario], None] | None = None) -> None:
    """Find out what would stop a run, before a word is said or a folder made.

    Args:
        scenario: The scenario.
        out: Where results are kept.
        further: Looks for what else would.

    Raises:
        InputError: The scenario cannot be run, or results cannot be kept there.
    """
    from stasis_sim.experiments.studies import examine as look
    from stasis_sim.experiments.studies import make_folder

    look(scenario)
    if further is not None:
        further(scenario)
    make_folder(out / scenario.name, out, scenario)


@contextmanager
def heading(scenario: Scenario, times: str = "", *, quiet: bool) -> Iterator[None]:
    """Say what is about to run; where that may turn out to be impossible, once it has run: an error comes alone.

    Args:
        scenario: What is to run; it has been examined.
        times: How often it is run, where that is not its replications.
        quiet: Say nothing.
    """
    uncertain = scenario.run.engine == "open-loop"
    if not quiet and not uncertain:
        _say_first(scenario, times)
    yield
    if not quiet and uncertain:
        _say_first(scenario, times)


def _say_first(scenario: Scenario, times: str) -> None:
    """Say what is about to run, and how to run it again."""
    from stasis_sim.experiments.inputs import scenario_digest
    from stasis_sim.experiments.results import how_often

    setup, profile = scenario.run, scenario.asterisk.profile
    if not times:
        asked = setup.precision
        times = how_often(setup.replications) if asked is None else f"precision {100 * asked:g} %"
    typer.echo(scenario.title or scenario.name)
    typer.echo(f"{profile}, {times}, seed {setup.seed}, digest {scenario_digest(scenario)}, stasis-sim {__version__}")
    typer.echo(f"again: {shlex.join(command())}\n")


@contextmanager
def progress_bar(what: str, *, quiet: bool) -> Iterator[Progress | None]:
    """Show a bar on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def warn(problems: Iterable[Problem]) -> None:
    """Say once what a person should know before believing the results."""
    for problem in dict.fromkeys(problems):
        typer.echo(f"warning: {problem}", err=True)


def warnings_of(variants: Iterable[replications.Results]) -> Iterator[Problem]:
    """Yield what a person should know of runs."""
    from stasis_sim.experiments.checks import idle

    for results in variants:
        yield from (*results.warnings, *idle(results))


def paragraph(text: str) -> None:
    """Print a sentence within the width of a page."""
    import textwrap

    typer.echo(textwrap.fill(text, 80, break_long_words=False, break_on_hyphens=False))


def print_json(content: Any) -> None:
    """Print JSON for people and programs."""
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))


def draw(results: Results) -> None:
    """Draw the timeline of a run beside its results."""
    from stasis_sim.report.pictures import save

    save(results.plot(), results.tree.path / "timeline.png")
