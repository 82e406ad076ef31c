"""Commands that print what one needs to write a scenario: show, new, schema, clients."""

from __future__ import annotations

from typing import Annotated

import typer

from stasis_sim.cli.common import AsJson, Profile, ScenarioFile, Set, app, load, overrides, print_json


@app.command()
def show(
    scenario: ScenarioFile,
    profile: Profile = None,
    settings: Set = None,
) -> None:
    """Print a scenario with every default filled in."""
    from stasis_sim.scenario import show as text

    typer.echo(text(load(scenario, overrides(settings, profile=profile))), nl=False)


@app.command(short_help="Print a commented scenario to start from.")
def new() -> None:
    """Print a commented scenario to start from: stasis-sim new > my.yaml."""
    from stasis_sim.scenario.template import TEMPLATE

    typer.echo(TEMPLATE, nl=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenarios, for editors."""
    from stasis_sim.scenario.schema import json_schema

    print_json(json_schema())


@app.command(short_help="Say what known client libraries do in an outage.")
def clients(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One of them; all if not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what known client libraries do in an outage, as presets for reconnect."""
    from stasis_sim.report import presets

    if as_json:
        print_json(presets.as_json(name))
    else:
        typer.echo(presets.listing() if name is None else presets.page(name))
