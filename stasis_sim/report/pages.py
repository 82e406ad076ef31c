"""The report: one HTML file that needs neither a network nor a script, the same bytes for the same results.

What it says is put together here; how it looks is in page/: templates and a style sheet.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stasis_sim.errors import InputError
from stasis_sim.experiments.checks import idle
from stasis_sim.experiments.reopened import Comparison, Reopened, Run, Sweep
from stasis_sim.experiments.replications import Results
from stasis_sim.experiments.results import Json, differences, write
from stasis_sim.experiments.sweeps import label
from stasis_sim.observe.catalogue import lookup
from stasis_sim.observe.intervals import Interval, Intervals, scopes
from stasis_sim.observe.missing import FATES, summary
from stasis_sim.observe.tables import MICROSECONDS
from stasis_sim.report import figures, missed, outages, sweeps
from stasis_sim.report.sentences import answer, comparison, engine, outcome, precision, seconds
from stasis_sim.report.story import Block, blocks
from stasis_sim.report.svg import Picture, picture
from stasis_sim.report.tables import ROWS, cell, columns_of, rows
from stasis_sim.scenario.expect import scope_and_measure

NAME: Final = "report.html"

TILES: Final = (
    "calls",
    "ejection_rate",
    "calls.share.stranded",
    "missed_rate",
    "orphaned",
    "availability",
    "outages.longest_s",
)
"""The key figures of a run; those that are nought are left out, but for the first two."""

MOST_TILES: Final = 3
"""Key figures of each variant of a comparison."""

LABELS: Final = {name: text.strip() for name, text in ROWS}

MOST_POINTS: Final = 300
"""Points of a sweep that a page lists."""


class Row(NamedTuple):
    """A row of a table of measures: its name, label and meaning, and a cell for each column."""

    name: str
    label: str
    meaning: str
    cells: list[str]


class Tile(NamedTuple):
    """A key figure: what it is, the number, what is uncertain about it."""

    label: str
    value: str
    half: str
    meaning: str


class Group(NamedTuple):
    """What went astray of one type of event, with one meaning."""

    type: str
    word: str
    meaning: str
    counts: list[int]
    calls: int


class Ledger(NamedTuple):
    """The ledger of missed events: a sentence, a table, and what it does not count."""

    said: str
    fates: list[str]
    groups: list[Group]
    besides: list[str]


class Part(NamedTuple):
    """What is shown of one run beside its measures, if tables were recorded."""

    recorded: bool
    figures: Sequence[Picture] = ()
    ledger: Ledger | None = None
    outages: Sequence[outages.Told] = ()


class Variant(NamedTuple):
    """One variant of a comparison: its name, what it cost, its key figures, and what is shown of it."""

    id: str
    name: str
    said: str
    tiles: list[Tile]
    part: Part


class Inputs(NamedTuple):
    """What decided the results, and how to have them again."""

    facts: list[tuple[str, str]]
    scenario: str
    files: dict[str, str]
    commands: list[tuple[str, str]]


class Point(NamedTuple):
    """A point of a sweep: the values of its keys, and a cell for each measure."""

    values: list[str]
    cells: list[str]


def write_report(found: Reopened) -> Path:
    """Write the report of results into their folder, and return where it is.

    Raises:
        InputError: The results cannot be read.
    """
    match found:
        case Run():
            text = _run(found)
        case Comparison():
            text = _comparison(found)
        case Sweep():
            text = _sweep(found)
    write(found.path / NAME, text)
    return found.path / NAME


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
    environment.globals["style"] = Markup(style)  # noqa: S704 - our own
    return environment


def _render(template: str, **content: Any) -> str:
    return _environment().get_template(template).render(content)


def _run(found: Run) -> str:
    results = found.results
    profile, said = _headline(answer(results))
    columns = columns_of(results.measures)
    return _render(
        "run.html",
        **_head(results, found.provenance),
        profile=profile,
        lead=said,
        sure=precision(results),
        warnings=_warnings([results]),
        tiles=_tiles(results.measures["total"]),
        columns=list(columns),
        measures=_rows(columns),
        spread=_spread([results]),
        everything=list(_everything(results)),
        verdicts=results.verdicts,
        part=_part(results),
        inputs=_inputs(found.provenance, [results], results.tree.path.name),
    )


def _comparison(found: Comparison) -> str:
    variants = {name: run.results for name, run in found.variants.items()}
    replications = {name: results.replications for name, results in variants.items()}
    first, *others = variants
    said = {name: comparison({first: replications[first], name: replications[name]}) for name in others}
    columns = {name: results.measures["total"] for name, results in variants.items()}
    return _render(
        "comparison.html",
        **_head(variants[first], found.provenance),
        questions=_questions(found),
        lead="; ".join(sentences[0].removesuffix(".") for sentences in said.values()) + ".",
        sentences=[sentence for sentences in said.values() for sentence in sentences],
        spread_of_differences=_PAIRED,
        warnings=_warnings(variants.values()),
        first=first,
        others=others,
        columns=list(columns),
        measures=_rows(columns),
        spread=_spread(variants.values()),
        differences=_differences(variants),
        figures=[picture(figure, name) for name, figure in figures.of_comparison(variants)],
        variants=[_variant(number, name, results) for number, (name, results) in enumerate(variants.items())],
        inputs=_inputs(found.provenance, list(variants.values()), found.path.name),
    )


_PAIRED: Final = (
    "All variants meet the same callers and the same outages, and differences are taken replication by replication. "
    "± is half the width of the 95 % interval."
)


def _variant(number: int, name: str, results: Results) -> Variant:
    _, said = _headline(outcome(name, results.replications))
    tiles = [tile for tile in _tiles(results.measures["total"]) if tile.label != "calls"][:MOST_TILES]
    return Variant(f"variant-{number + 1}", name, said, tiles, _part(results, most=1))


def _sweep(found: Sweep) -> str:
    swept = found.found
    names = sweeps.telling(swept)
    keys = list(swept.design.over)
    cells = {name: sweeps.places(swept, name)[:MOST_POINTS] for name in names}
    points = [
        Point(
            [label(point.settings[key]) for key in keys],
            [cell(scope_and_measure(name)[1], column[at].interval) for name, column in cells.items()],
        )
        for at, point in enumerate(swept.points[:MOST_POINTS])
    ]
    lead, *sentences = [sweeps.answer(swept, name) for name in names]
    return _render(
        "sweep.html",
        title=swept.scenario.title or swept.scenario.name,
        story=blocks(found.provenance["story"]),
        profile=swept.scenario.asterisk.profile,
        lead=lead,
        sentences=sentences,
        keys=keys,
        names=[Row(name, LABELS.get(name, name), _meaning(name), []) for name in names],
        points=points,
        total=len(swept.points),
        spread=_SPREAD,
        figures=[picture(figure, name) for name, figure in figures.of_sweep(swept)],
        inputs=_inputs(found.provenance, [], swept.path.name),
    )


def _head(results: Results, provenance: Json) -> dict[str, Any]:
    """Return what stands at the head of a page."""
    return {"title": results.scenario.title or results.scenario.name, "story": blocks(provenance["story"])}


def _headline(said: str) -> tuple[str, str]:
    """Take the profile off a sentence."""
    profile, _, rest = said.partition(": ")
    return profile, rest[0].upper() + rest[1:]


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


def _meaning(name: str) -> str:
    measure = lookup(scope_and_measure(name)[1])
    return "" if measure is None else measure.meaning


def _tiles(values: Intervals) -> list[Tile]:
    found = []
    for name in TILES:
        interval = values.get(name)
        if interval is None or (not interval["mean"] and name not in TILES[:2]):
            continue
        number, _, half = cell(name, interval).partition(" ± ")
        found.append(Tile(LABELS.get(name, name), number, half and f"± {half}", _meaning(name)))
    return found


def _rows(columns: Mapping[str, Intervals]) -> list[Row]:
    return [Row(name, text.strip(), _meaning(name), cells) for name, text, cells in rows(columns)]


def _everything(results: Results) -> Iterable[tuple[str, list[Row]]]:
    """Yield all measures in total, of each app and of each client: mean, bounds, and of how many replications."""
    for app, client, values in scopes(results.measures):
        where = "In total" if app is client is None else f"App {app}" if app is not None else f"Client {client}"
        yield (
            where,
            [
                Row(name, name, _meaning(name), [*(_plain(interval[key]) for key in _BOUNDS), str(interval["n"])])
                for name, interval in values.items()
            ],
        )


_BOUNDS: Final[tuple[Literal["mean", "low", "high"], ...]] = ("mean", "low", "high")


def _plain(number: float | None) -> str:
    return "-" if number is None else f"{number:.6g}"


_SPREAD: Final = "Means over replications, ± half the width of their 95 % interval"


def _spread(runs: Iterable[Results]) -> str:
    """Say what the numbers of a table are."""
    counts = {len(results.replications) for results in runs}
    return "Of one replication: how sure they are is not known" if counts == {1} else _SPREAD


def _differences(variants: Mapping[str, Results]) -> list[Row]:
    """Return by how much each variant is more than the first, pair by pair of replications."""
    (first, base), *others = ((name, [each.measures for each in run.replications]) for name, run in variants.items())
    found: dict[str, dict[str, Interval]] = {}
    for name, measures in others:
        for row in differences(first, base, name, measures):
            if row["app"] is None and row["mean"]:
                interval: Interval = {"mean": row["mean"], "low": row["low"], "high": row["high"], "n": len(base)}
                found.setdefault(row["measure"], {})[name] = interval
    names = [name for name, _ in others]
    return [
        Row(name, text.strip(), _meaning(name), [_signed(name, found[name].get(other)) for other in names])
        for name, text in ROWS
        if name in found
    ]


def _signed(name: str, interval: Interval | None) -> str:
    """Write a difference with its sign; one of shares is in points."""
    if interval is None:
        return "0"
    text = cell(name, interval).replace(" %", " points").replace("-", "\N{MINUS SIGN}")
    low, high = interval["low"], interval["high"]
    chance = " (may be chance)" if low is not None and high is not None and low <= 0 <= high else ""
    return f"{'+' if (interval['mean'] or 0) > 0 else ''}{text}{chance}"


def _part(results: Results, most: int = outages.MOST) -> Part:
    """Return what is shown of one run.

    Raises:
        InputError: Its tables cannot be read.
    """
    if results.scenario.run.record != "all":
        return Part(recorded=False)
    try:
        drawn = [picture(figure, f"{results.tree.path.name}-{name}") for name, figure in figures.of_run(results)]
        return Part(True, drawn, _ledger(results), outages.told(results, most))
    except (OSError, ValueError) as error:
        what = str(error).partition("\n")[0]
        text = f"{what}; delete the folder and run the scenario again"
        raise InputError.at(str(results.tree.path), text) from None


def _ledger(results: Results) -> Ledger:
    asked = missed.Asked("type")
    everything = results.ledger()
    counted = everything[everything["counted"]]
    sums = summary(counted, asked.by).sort_values(["meaning", "type"]).to_dict("records")
    fates = [fate for fate in FATES if any(row[fate] for row in sums)]
    groups = [
        Group(
            row["type"],
            row["meaning"],
            missed.EXPLAINED[row["meaning"]],
            [int(row[fate]) for fate in fates],
            int(row["calls"]),
        )
        for row in sums
    ]
    return Ledger(missed.sentence(counted, asked), fates, groups, missed.besides(everything, results.measures, asked))


def _inputs(provenance: Json, runs: Sequence[Results], digest: str) -> Inputs:
    """Return what decided the results, as their provenance tells."""
    name = provenance["name"]
    facts = [("scenario", name), ("results", f"results/{name}/{digest}")]
    if runs:
        warmup = seconds(runs[0].scenario.run.warmup_us / MICROSECONDS)
        ends = {seconds(each.notes["end_us"] / MICROSECONDS): None for run in runs for each in run.replications}
        counts = dict.fromkeys(len(results.replications) for results in runs)
        facts += [
            ("profile", ", ".join(dict.fromkeys(results.scenario.asterisk.profile for results in runs))),
            ("replications", ", ".join(map(str, counts))),
            ("length", f"{', '.join(ends)}, of which {warmup} of warm-up"),
            ("engine", engine(runs).removeprefix("engine: ")),
        ]
    facts += [("seed", str(provenance["seed"])), ("model", provenance["model"])]
    commands = [("as it was made", shlex.join(provenance["command"]))] if provenance["command"] else []
    for each in runs:
        folder = f"results/{each.scenario.name}/{each.tree.path.name}"
        commands.append(("from its results, held byte by byte", f"stasis-sim rerun {folder}"))
    commands.append(("this page", f"stasis-sim report results/{name}/{digest}"))
    return Inputs(facts, provenance["scenario"], provenance["files"], commands)
