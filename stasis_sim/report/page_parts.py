"""The parts of a page: key figures, tables of measures, what is shown of one run, and what it was made from."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from stasis_sim.errors import InputError
from stasis_sim.experiments.replications import Results
from stasis_sim.experiments.results import Json, differences, in_total
from stasis_sim.observe.intervals import Interval, Intervals, scopes
from stasis_sim.observe.missing import FATES, summary
from stasis_sim.observe.tables import MICROSECONDS
from stasis_sim.report import figures, missed, outages, words
from stasis_sim.report.apart import chance, of_each
from stasis_sim.report.sentences import engine, seconds
from stasis_sim.report.svg import Picture, picture
from stasis_sim.report.tables import LABELS, ROWS, cell, rows
from stasis_sim.scenario import Scenario, show

TILES: Final = (
    "calls",
    "ejection_rate",
    "saved_rate",
    "calls.share.stranded",
    "missed_rate",
    "orphaned",
    "availability",
    "outages.longest_s",
)
"""The measures that key figures are chosen from; those that are nought are left out, but for :data:`ALWAYS`."""

ALWAYS: Final = frozenset({"calls", "ejection_rate"})

MOST_TILES: Final = 6

MOST_OUTAGES: Final = 3
"""Outages that are told of a run."""

COMPARED: Final = (
    "calls.share.served",
    "ejection_rate",
    "saved_rate",
    "calls.share.stranded",
    "missed_rate",
    "availability",
)
"""The key figures of each variant of a comparison; those that are nought in all of them are left out."""


class Row(NamedTuple):
    """A row of a table of measures: its name, label and meaning, and a cell for each column."""

    name: str
    label: str
    meaning: str
    cells: list[str]


class Tile(NamedTuple):
    """A key figure: what it is, the number, what is uncertain about it, and what it means."""

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


class Inputs(NamedTuple):
    """What decided the results, and how to have them again."""

    facts: list[tuple[str, str]]
    scenario: str
    files: dict[str, str]
    commands: list[tuple[str, str]]


def tiles(values: Intervals) -> list[Tile]:
    """Return the key figures of a run."""
    names = [
        name for name in TILES if (interval := values.get(name)) is not None and (interval["mean"] or name in ALWAYS)
    ]
    return [_tile(name, values) for name in names[:MOST_TILES]]


def compared(columns: Mapping[str, Intervals]) -> dict[str, list[Tile]]:
    """Return the key figures of each variant of a comparison, the same ones of each."""
    names = [name for name in COMPARED if any(values[name]["mean"] for values in columns.values() if name in values)]
    return {variant: [_tile(name, values) for name in names] for variant, values in columns.items()}


def _tile(name: str, values: Intervals) -> Tile:
    number, _, half = cell(name, values.get(name)).partition(" ± ")
    return Tile(words.title(name), number, half and f"± {half}", words.meaning(name))


def measures(columns: Mapping[str, Intervals]) -> list[Row]:
    """Return the rows of a table of measures."""
    return [Row(name, text.strip(), words.meaning(name), cells) for name, text, cells in rows(columns)]


def everything(results: Results) -> Iterator[tuple[str, list[Row]]]:
    """Yield all measures in total, of each app and of each client: mean, bounds, and of how many replications."""
    for app, client, values in scopes(results.measures):
        where = "In total" if app is client is None else f"App {app}" if app is not None else f"Client {client}"
        yield (
            where,
            [
                Row(name, name, words.meaning(name), [*(_plain(interval[key]) for key in _BOUNDS), str(interval["n"])])
                for name, interval in values.items()
            ],
        )


_BOUNDS: Final[tuple[Literal["mean", "low", "high"], ...]] = ("mean", "low", "high")


def _plain(number: float | None) -> str:
    return "-" if number is None else f"{number:.6g}"


SPREAD: Final = "Means over replications, ± half the width of their 95 % interval"


def spread(runs: Iterable[Results]) -> str:
    """Say what the numbers of a table are."""
    counts = {len(results.replications) for results in runs}
    return "Of one replication: how sure they are is not known" if counts == {1} else SPREAD


def apart(variants: Mapping[str, Results]) -> list[Row]:
    """Return how much more each variant is than the first, pair by pair: in total, then in single apps and clients."""
    (first, base), *others = ((name, [each.measures for each in run.replications]) for name, run in variants.items())
    found: dict[str, dict[str, Json]] = {}
    for name, other in others:
        for measure, row in in_total(differences(first, base, name, other)).items():
            found.setdefault(measure, {})[name] = row
    names = [name for name, _ in others]
    moved = {measure for measure, rows in found.items() if any(row["mean"] for row in rows.values())}
    total = [(name, LABELS[name], found[name]) for name, _ in ROWS if name in moved]
    single = [(each.measure, each.label, each.differences) for each in of_each(variants)]
    return [
        Row(name, text, words.meaning(name), [_signed(name, rows.get(other)) for other in names])
        for name, text, rows in (*total, *single)
    ]


def _signed(name: str, row: Json | None) -> str:
    """Write a difference with its sign; one of shares is in points. What may be chance says so on a line of its own.

    Args:
        name: Of the measure.
        row: The difference; None: one of the two had nothing to measure.
    """
    if row is None:
        return "-"
    if not row["mean"]:
        return "0"
    interval: Interval = {"mean": row["mean"], "low": row["low"], "high": row["high"], "n": 0}
    text = cell(name, interval).replace(" %", " points").replace("-", "\N{MINUS SIGN}")
    perhaps = "\nmay be chance" if chance(row) else ""
    return f"{'+' if row['mean'] > 0 else ''}{text}{perhaps}"


def part(results: Results, name: str, *, alone: bool) -> Part:
    """Return what is shown of one run.

    Args:
        results: The run.
        name: What makes the ids of its pictures other than those of other runs on the page.
        alone: Whether the page is about this run alone; of one among others less is shown.

    Raises:
        InputError: Its tables cannot be read.
    """
    if results.scenario.run.record != "all":
        return Part(recorded=False)
    try:
        drawn = [picture(draw, f"{name}-{each}") for each, draw in figures.of_run(results, alone=alone)]
        return Part(True, drawn, _ledger(results), outages.told(results, MOST_OUTAGES if alone else 1))
    except (OSError, ValueError) as error:
        what = str(error).partition("\n")[0]
        text = f"{what}; delete the folder and run the scenario again"
        raise InputError.at(str(results.tree.path), text) from None


def _ledger(results: Results) -> Ledger:
    asked = missed.Asked("type")
    astray = results.ledger()
    counted = astray[astray["counted"]]
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
    many = len(results.replications)
    of = "" if many == 1 else f"In {many} replications together: "
    return Ledger(f"{of}{missed.sentence(counted, asked)}", fates, groups, missed.besides(astray, results, asked))


def inputs(
    provenance: Json, scenario: Scenario, runs: Sequence[Results], digest: str, measures: Sequence[str] = ()
) -> Inputs:
    """Return what decided the results, as their provenance tells.

    Args:
        provenance: Of the run, the comparison or the sweep.
        scenario: The scenario that it tells of.
        runs: The runs that it consists of, if they are few.
        digest: The name of its folder.
        measures: What its page was asked to be about.
    """
    name = provenance["name"]
    facts = [("scenario", name), ("results", f"results/{name}/{digest}"), *(_of_runs(runs) if runs else [])]
    facts += [("seed", str(provenance["seed"])), ("model", provenance["model"])]
    commands = [("As it was made", shlex.join(provenance["command"]))] if provenance["command"] else []
    commands.append(("Again, and held byte by byte", f"stasis-sim rerun results/{name}/{digest}"))
    asked = [word for measure in measures for word in ("--measure", measure)]
    commands.append(("This page", shlex.join(["stasis-sim", "report", f"results/{name}/{digest}", *asked])))
    files = {name: _without_passwords(text) for name, text in provenance["files"].items()}
    return Inputs(facts, _without_passwords(show(scenario)), files, commands)


_PASSWORD: Final = re.compile(r"^(\s*password\s*(?:=>?|:)[ \t]*)\S.*$", re.MULTILINE)


def _without_passwords(text: str) -> str:
    """Leave out passwords, of .conf files and of a scenario: a page is sent around."""
    return _PASSWORD.sub(r"\1(not shown)", text)


def _of_runs(runs: Sequence[Results]) -> list[tuple[str, str]]:
    warmup = seconds(runs[0].scenario.run.warmup_us / MICROSECONDS)
    ends = dict.fromkeys(seconds(each.notes["end_us"] / MICROSECONDS) for run in runs for each in run.replications)
    counts = dict.fromkeys(str(len(results.replications)) for results in runs)
    return [
        ("profile", ", ".join(dict.fromkeys(results.scenario.asterisk.profile for results in runs))),
        ("replications", ", ".join(counts)),
        ("length", f"{', '.join(ends)}, of which {warmup} are warm-up"),
        ("engine", engine(runs).removeprefix("engine: ")),
    ]
