"""The report: one HTML file that needs neither a network nor a script, the same bytes for the same results.

What it says is put together here and in :mod:`~stasis_sim.report.page_parts`; how it looks is in page/: templates and a
style sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stasis_sim.errors import InputError
from stasis_sim.experiments.checks import idle
from stasis_sim.experiments.reopened import Comparison, Reopened, Run, Sweep
from stasis_sim.experiments.replications import Results
from stasis_sim.experiments.results import DamagedError, write
from stasis_sim.experiments.sweeps import Swept, label
from stasis_sim.report import figures, page_parts, sweeps, words
from stasis_sim.report.sentences import LOSSES, answer, apart, comparison, outcome, precision
from stasis_sim.report.story import Block, blocks
from stasis_sim.report.svg import picture
from stasis_sim.report.tables import cell, columns_of
from stasis_sim.scenario.measured import scope_and_measure

NAME: Final = "report.html"

MOST_POINTS: Final = 300
"""Points of a sweep that a page lists."""

PAIRED: Final = (
    "All variants meet the same callers and the same outages, and differences are taken replication by replication. "
)
INTERVAL: Final = "± is half the width of the 95 % interval."
ANECDOTE: Final = "There is only one replication, so how sure they are is not known."


class Variant(NamedTuple):
    """One variant of a comparison: its name, what it cost, its key figures, and what is shown of it."""

    id: str
    name: str
    said: str
    tiles: list[page_parts.Tile]
    part: page_parts.Part


class Point(NamedTuple):
    """A point of a sweep: the values of its keys, and a cell for each measure."""

    values: list[str]
    cells: list[str]


def write_report(found: Reopened, measures: Sequence[str] = ()) -> Path:
    """Write the report of results into their folder, and return where it is.

    Args:
        found: The results.
        measures: What the page of a sweep is about, ``[APP.]measure``; none: what sets its points apart.

    Raises:
        InputError: The results cannot be read, or the scenario has no such measure.
    """
    try:
        text = _page(found, measures)
    except DamagedError as error:
        raise InputError.at(str(found.path), f"{error}; run the scenario again") from None
    write(found.path / NAME, text)
    return found.path / NAME


def _page(found: Reopened, measures: Sequence[str]) -> str:
    match found:
        case Run():
            return _run(found)
        case Comparison():
            return _comparison(found)
        case Sweep():
            return _sweep(found, sweeps.check_measures(measures, found.found.scenario))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("stasis_sim.report", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    style = files("stasis_sim.report").joinpath("page/style.css").read_text("utf-8")
    environment.filters["tight"] = _tight
    environment.globals["style"] = Markup(style)  # noqa: S704 - our own
    return environment


def _tight(text: str) -> str:
    """Keep a number, its interval and its unit on one line."""
    return re.sub(r" (?=±|%|ms\b|s\b|points\b)|(?<=±) ", "\N{NO-BREAK SPACE}", text)


def _render(template: str, **content: Any) -> str:
    return _environment().get_template(template).render(content)


def _run(found: Run) -> str:
    results = found.results
    profile = results.scenario.asterisk.profile
    columns = columns_of(results.measures)
    return _render(
        "run.html",
        title=results.scenario.title or results.scenario.name,
        story=blocks(found.provenance["story"]),
        profile=profile,
        lead=_headline(profile, answer(results)),
        sure=precision(results),
        warnings=_warnings([results]),
        tiles=page_parts.tiles(results.measures["total"]),
        columns=list(columns),
        measures=page_parts.measures(columns),
        spread=page_parts.spread([results]),
        everything=list(page_parts.everything(results)),
        verdicts=results.verdicts,
        part=page_parts.part(results, "run", alone=True),
        inputs=page_parts.inputs(found.provenance, results.scenario, [results], results.tree.path.name),
    )


def _comparison(found: Comparison) -> str:
    variants = {name: run.results for name, run in found.variants.items()}
    replications = {name: results.replications for name, results in variants.items()}
    columns = {name: results.measures["total"] for name, results in variants.items()}
    first, *others = variants
    questions = _questions(found)
    return _render(
        "comparison.html",
        title=variants[first].scenario.title or variants[first].scenario.name,
        story=[] if questions else blocks(found.provenance["story"]),
        questions=questions,
        lead=apart(replications),
        paired=PAIRED + (INTERVAL if len(replications[first]) > 1 else ANECDOTE),
        sentences=comparison(replications),
        warnings=_warnings(variants.values()),
        first=first,
        others=others,
        columns=list(columns),
        measures=page_parts.measures(columns),
        spread=page_parts.spread(variants.values()),
        differences=page_parts.apart(variants),
        figures=[picture(draw, name) for name, draw in figures.of_comparison(variants)],
        variants=_variants(variants),
        inputs=page_parts.inputs(
            found.provenance, variants[first].scenario, list(variants.values()), found.path.resolve().name
        ),
    )


def _variants(variants: dict[str, Results]) -> list[Variant]:
    tiles = page_parts.compared({name: results.measures["total"] for name, results in variants.items()})
    return [
        Variant(
            f"variant-{number}",
            name,
            _headline(name, outcome(name, results.replications)),
            tiles[name],
            page_parts.part(results, f"variant-{number}", alone=False),
        )
        for number, (name, results) in enumerate(variants.items(), start=1)
    ]


def _sweep(found: Sweep, measures: list[str]) -> str:
    swept = found.found
    names = measures or sweeps.telling(swept)
    said = sweeps.answer(swept, names[0]).removeprefix(names[0])
    whose = "" if scope_and_measure(names[0])[0] is not None else "The number of " if names[0] == LOSSES[0] else "The "
    return _render(
        "sweep.html",
        title=swept.scenario.title or swept.scenario.name,
        story=blocks(found.provenance["story"]),
        profile=swept.scenario.asterisk.profile,
        lead=f"{whose}{words.called(names[0])}{said}",
        keys=list(swept.design.over),
        names=[page_parts.Row(name, words.title(name), words.meaning(name), []) for name in names],
        points=_points(swept, names),
        total=len(swept.points),
        spread=page_parts.SPREAD,
        figures=[
            picture(draw, name)._replace(title=f"{words.title(name)}: {sweeps.span(swept, name)}")
            for name, draw in figures.of_sweep(swept, names)
        ],
        inputs=page_parts.inputs(found.provenance, swept.scenario, [], swept.path.name, measures),
    )


def _points(swept: Swept, names: list[str]) -> list[Point]:
    columns = [(name, sweeps.places(swept, name)[:MOST_POINTS]) for name in names]
    return [
        Point(
            [label(point.settings[key]) for key in swept.design.over],
            [cell(scope_and_measure(name)[1], column[at].interval) for name, column in columns],
        )
        for at, point in enumerate(swept.points[:MOST_POINTS])
    ]


def _headline(name: str, said: str) -> str:
    """Take the name of the profile or the variant off a sentence: it stands above it."""
    rest = said.removeprefix(f"{name}: ")
    return rest[0].upper() + rest[1:]


def _questions(found: Comparison) -> list[tuple[str, str, list[Block]]]:
    """Return name, question and story of each variant, where they are of several scenarios."""
    runs = found.variants.items()
    if len({run.provenance["name"] for _, run in runs}) == 1:
        return []
    return [(name, run.results.scenario.title, blocks(run.provenance["story"])) for name, run in runs]


def _warnings(runs: Iterable[Results]) -> list[str]:
    """Return what a person should know before believing the results, once."""
    problems = [problem for results in runs for problem in (*results.warnings, *idle(results))]
    return list(dict.fromkeys(problem.text for problem in problems))
