"""Commands that hold the model against real Asterisks, and Asterisk's files against the model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stasis_sim.cli.common import AsJson, Profile, app, print_json

SHOWN = 3
"""Recordings whose differences are drawn."""


@app.command(short_help="Replay recordings of real Asterisks on the model.")
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
        print_json(judged[0].seen if alone else {"agree": agree, "of": len(judged), "items": items})
        raise typer.Exit(0 if agree == len(judged) else 1)
    for each in judged:
        typer.echo(render.verdict(each.file, each.recording, each.differences))
    for each in [each for each in judged if each.differences][:SHOWN]:
        typer.echo(f"\n{each.file}: {each.recording.about}")
        typer.echo(render.render(each.recording, each.differences))
    steps, steps_agree = sum(len(each.recording.steps) for each in judged), sum(each.steps_agree for each in judged)
    typer.echo(render.score(agree, len(judged), steps_agree, steps))
    raise typer.Exit(0 if agree == len(judged) else 1)


@app.command(short_help="Read files of Asterisk's as real ones did.")
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
        print_json({"agree": agree, "of": len(items), "items": [item.json() for item in items]})
        raise typer.Exit(0 if agree == len(items) else 1)
    for file, found in judged.items():
        typer.echo(verdict(file, found))
        for line in differing(found):
            typer.echo(f"  {line}")
    typer.echo(score(items))
    raise typer.Exit(0 if agree == len(items) else 1)


@app.command("check-config", short_help="Say what is wrong or risky in Asterisk's files.")
def check_config(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="http.conf and its like, or folders of them.")],
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong or risky in Asterisk's files; exit code 1 with warnings or findings, 2 with errors."""
    from stasis_sim.conf.checkup import check, exit_code, lines
    from stasis_sim.conf.profile_names import named_profile

    found = check(paths, named_profile(profile))
    if as_json:
        print_json({"findings": [each.json() for each in found]})
    else:
        for line in lines(found):
            typer.echo(line)
    raise typer.Exit(exit_code(found))


@app.command(short_help="Say which extension a number gets to, and what it runs.")
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
    from stasis_sim.conf.profile_names import named_profile
    from stasis_sim.conf.walk import DEFAULT_CLOCK, walk

    apps = [name for names in connected or () for name in names.split(",") if name]
    walked = walk(
        file,
        place,
        connected=apps,
        profile=named_profile(profile),
        caller=caller_id,
        clock=DEFAULT_CLOCK if clock is None else clock,
    )
    if as_json:
        print_json(walked.json())
    else:
        typer.echo(walked.text())
    raise typer.Exit(0 if walked.match is not None else 1)
