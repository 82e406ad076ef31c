"""scenarios/README.md lists every scenario that is shipped, with its question and its answer in figures.

After a change of the model or of a scenario ``REFRESH_DOCS=1 pytest -n0 -m "" tests/test_scenario_index.py`` writes the
table anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from stasis_sim import Scenario, run
from stasis_sim.experiments.checks import check
from stasis_sim.observe.intervals import Intervals
from stasis_sim.report.sentences import percent, seconds

FOLDER: Final = Path(__file__).parent.parent / "scenarios"
PAGE: Final = FOLDER / "README.md"
FILES: Final = tuple(sorted(FOLDER.glob("*.yaml")))
DOCUMENT: Final = "# From the documentation of ARI"
"""What a scenario says for which there are no links, or not they alone."""

WORTH_SAYING: Final = 0.005
"""Shares, and seconds, below this are left out."""

HEAD: Final = "| scenario | its question | profile | its answer, by app |\n|---|---|---|---|\n"


def mean(measures: Intervals, name: str) -> float:
    """Return the mean of a measure, 0 where there is none."""
    return measures.get(name, {}).get("mean") or 0.0  # type: ignore[call-overload]


def lost_otherwise(total: Intervals) -> bool:
    """Whether ejected callers try again, try another app or are saved, so that not all of them are lost."""
    tries = mean(total, "attempts") - mean(total, "calls") + mean(total, "redials")
    return tries >= 1 or mean(total, "saved_rate") > 0


def answer(app: str, measures: Intervals, *, otherwise: bool) -> str:
    """Say in figures what became of an app's calls, also how many callers were lost where ejections do not tell."""

    def parts() -> Iterator[str]:
        ejected = mean(measures, "ejection_rate")
        yield f"{percent(ejected)} ejected" if ejected else "none ejected"
        for outcome in ("stranded", "unanswered"):
            share = mean(measures, f"calls.share.{outcome}")
            if share >= WORTH_SAYING:
                yield f"{percent(share)} {outcome}"
        saved = mean(measures, "saved_rate")
        if saved:
            yield f"{percent(saved)} of the ejected saved"
        lost, callers = mean(measures, "callers.lost"), mean(measures, "calls") - mean(measures, "redials")
        if ejected and callers and otherwise:
            yield f"{percent(lost / callers)} of callers lost" if lost else "no caller lost"
        orphaned = mean(measures, "orphaned")
        if orphaned >= 1:
            yield f"{orphaned:.0f} orphaned"
        inside = mean(measures, "inside_mean")
        if inside >= 1:
            yield f"{inside:.1f} inside"
        longest = mean(measures, "outages.longest_s")
        if longest >= WORTH_SAYING:
            yield f"away for up to {seconds(longest)}"

    return f"{app} {', '.join(parts())}"


def line(file: Path) -> str:
    """Return the line of a scenario, whose expectations must hold."""
    scenario = Scenario.load(file)
    results = run(scenario.where({"run.record": "measures"}))
    assert all(verdict.ok for verdict in check(results)), [str(verdict) for verdict in check(results)]
    otherwise = lost_otherwise(results.measures["total"])
    answers = "; ".join(answer(app, found, otherwise=otherwise) for app, found in results.measures["apps"].items())
    return f"| [{file.stem}]({file.name}) | {scenario.title} | {scenario.asterisk.profile} | {answers} |\n"


@pytest.mark.slow
def test_the_index_shows_what_the_scenarios_give() -> None:
    """Each scenario holds what it expects, and its line in the index is what it gives."""
    text = PAGE.read_text("utf-8")
    before, _, _ = text.partition(HEAD)
    table = HEAD + "".join(map(line, FILES))
    if os.environ.get("REFRESH_DOCS"):
        PAGE.write_text(before + table, "utf-8")
    else:
        assert text == before + table, "REFRESH_DOCS=1 writes it anew"


def test_every_scenario_is_in_the_index() -> None:
    """None is missing, and none is listed that is not there."""
    text = PAGE.read_text("utf-8")
    assert [file.name for file in FILES] == [part.partition(")")[0] for part in text.partition(HEAD)[2].split("](")[1:]]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_scenario_says_what_it_is_about(file: Path) -> None:
    """It begins with a comment that says who asks, by links or by the document, has a question for a title, expects."""
    scenario = Scenario.load(file)
    comment, title, _ = file.read_text("utf-8").partition("\ntitle: ")
    assert title
    assert all(line.startswith("#") for line in comment.splitlines())
    _, asked, links = comment.lower().partition("asked in:\n")
    assert links.startswith("#   http") if asked else DOCUMENT in comment
    assert scenario.title.endswith("?")
    assert scenario.expect
