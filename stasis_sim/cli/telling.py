"""Commands that tell and show what happened in a run that is kept: trace, plot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stasis_sim.cli.common import AsJson, app, print_json
from stasis_sim.errors import InputError

if TYPE_CHECKING:
    from stasis_sim.experiments.reopened import Run

Result = Annotated[
    Path, typer.Argument(metavar="RESULT", help="results/SCENARIO/DIGEST, or results/SCENARIO if it is alone there.")
]
Call = Annotated[int | None, typer.Option("--call", metavar="ID", min=1, help="What happened to this call.")]
Outage = Annotated[
    int | None, typer.Option("--outage", metavar="N", min=1, help="What happened in this outage of the app.")
]
App = Annotated[str | None, typer.Option("--app", metavar="NAME", help="The worst outage of this app.")]
Of = Annotated[
    int | None, typer.Option("--replication", metavar="N", min=1, help="In which; default: the one with the worst.")
]


@app.command(short_help="Say step by step what happened in an outage.")
def trace(
    result: Result,
    call: Call = None,
    outage: Outage = None,
    only_app: App = None,
    replication: Of = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Write Mermaid's text, for a ticket.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say step by step what happened in the worst outage, or to one call, in the words of Asterisk's log."""
    from stasis_sim.experiments.choosing import Asked, choose
    from stasis_sim.experiments.retelling import retell
    from stasis_sim.report import mermaid as tickets
    from stasis_sim.report import sequence
    from stasis_sim.report.storytelling import as_json as told

    if mermaid and as_json:
        raise InputError.at("--mermaid", "--json is given too, and both print the whole story; write one of them")
    run = _one(result)
    results = run.recorded()
    choice = choose(results, Asked(call, outage, only_app, replication))
    if choice is None:
        raise InputError.at(str(result), "no call arrived in it, and no app was away; there is nothing to tell")
    story = retell(results, choice)
    if as_json:
        print_json({**run.facts, **told(story)})
    elif mermaid:
        typer.echo(tickets.diagram(story))
    else:
        typer.echo(sequence.chart(story))


def _one(path: Path) -> Run:
    """Return the results that a path names.

    Raises:
        InputError: There are none, or several.
    """
    from stasis_sim.experiments.reopened import runs as reopen
    from stasis_sim.experiments.reopened import several

    found = reopen([path])
    if len(found) > 1:
        raise several(path, [each.path for each in found])
    return found[0]


@app.command(short_help="Draw earlier runs into their folders.")
def plot(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT…", help="results/SCENARIO/DIGEST, or results/SCENARIO for all in it; several are compared."
        ),
    ],
    svg: Annotated[bool, typer.Option("--svg", help="Draw SVG in place of PNG.")] = False,
) -> None:
    """Draw earlier runs into their folders: timeline, ejections, waits, the worst outage; of several what differs."""
    from stasis_sim.experiments.reopened import runs as reopen
    from stasis_sim.report.albums import draw_differences, draw_run

    suffix = ".svg" if svg else ".png"
    found = reopen(results)
    runs = {name: each.recorded() for name, each in zip(_names(found), found, strict=True)}
    for each, run in zip(found, runs.values(), strict=True):
        for path in draw_run(run, each.path, suffix):
            typer.echo(path)
    if len(runs) > 1:
        for path in draw_differences(runs, found[0].path, suffix):
            typer.echo(path)


def _names(found: list[Run]) -> list[str]:
    """Return by what runs can be told apart: their profiles, else their scenarios, else their digests."""
    for fact in ("profile", "scenario", "digest"):
        names = [str(each.facts[fact]) for each in found]
        if len(set(names)) == len(names):
            return names
    return [str(each.path) for each in found]
