"""The swimlane of single calls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib.text
import pytest
from matplotlib.figure import Figure

from stasis_sim.api import run
from stasis_sim.errors import InputError
from stasis_sim.report.drawing import NARROW
from stasis_sim.report.pictures import save
from stasis_sim.report.storytelling import headline, shortened
from stasis_sim.report.swimlane import MOST, drawn, swimlane
from stasis_sim.scenario import Scenario
from tests.report.two_calls import TEXT, long_story, results, story


def texts(figure: Figure) -> list[str]:
    """All that is written in a figure, without breaks."""
    (axes,) = figure.axes
    found = [text.get_text().replace("\n", " ") for text in axes.texts if isinstance(text, matplotlib.text.Text)]
    return [text for text in found if text]


def arrows(figure: Figure) -> int:
    """How many arrows are drawn."""
    return sum(isinstance(text, matplotlib.text.Annotation) for text in figure.axes[0].texts)


def test_every_happening_is_drawn() -> None:
    """Its text, its time, and an arrow where it leads from one lane to another."""
    figure = swimlane(results())
    written = texts(figure)
    for happening in story().happenings:
        assert happening.text in written
    assert {"caller", "dialplan", "Stasis", "ivr", "0:15.011"} <= set(written)
    assert arrows(figure) == sum(each.source != each.target for each in story().happenings)
    assert figure.get_suptitle().replace("\n", " ") == headline(story())


def test_what_does_not_arrive_ends_in_a_cross() -> None:
    """One for each event that is missed."""
    crosses = [line for line in swimlane(results()).axes[0].lines if line.get_marker() == "x"]
    assert len(crosses) == sum(not each.arrives for each in story().happenings) == 1


def test_what_happens_again_is_told_once() -> None:
    """Log lines of one instant and events that follow each other, with how often; other happenings stay."""
    log = story().happenings[-1]._replace(at=0, source="Stasis", target="Stasis", kind="log", text="VERBOSE: x")
    event = log._replace(target="ivr", kind="event", text="StasisEnd is missed", fate="missed")
    later, other = event._replace(at=1_000_000), event._replace(at=1_000_000, call=2)
    shown, hidden = shortened([event, log, event, log, event, log, later, other, later], 10)
    assert [each.text for each in shown] == [
        "StasisEnd is missed (3 times)",
        "VERBOSE: x (3 times)",
        "StasisEnd is missed",
        "StasisEnd is missed",
        "StasisEnd is missed",
    ]
    assert hidden == 0
    varset = event._replace(text="ChannelVarset", fate="delivered", until=1)
    once, _ = shortened([varset, varset._replace(at=61_000_000, until=61_000_001)], 10)
    assert [each.text for each in once] == ["ChannelVarset (2 times, up to 1:01.000)"]


def test_a_long_story_is_bounded() -> None:
    """So many happenings are drawn, and it is said how many are not."""
    figure = drawn(long_story(100_000))
    written = texts(figure)
    assert sum(text.startswith("step ") for text in written) == MOST
    assert any(text.startswith("… 99,930 more happenings are left out") for text in written)


@pytest.mark.parametrize("width", [NARROW, 7.5])
def test_the_same_run_gives_the_same_file(tmp_path: Path, width: float) -> None:
    """Byte by byte, on a page and on a phone."""
    for name in ("one", "two"):
        save(swimlane(results(), width=width), tmp_path / f"{name}.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_a_run_without_calls_has_a_picture() -> None:
    """It says that no call arrived."""
    text = TEXT.replace("at: [9s, 12s]", "at: 2min").replace("faults: [{drop: ivr, at: 10s, for: 4500ms}]\n", "")
    assert swimlane(run(Scenario.parse(text, name="empty.yaml"))).get_suptitle() == "asterisk-22: no call arrived"


def test_what_is_not_there_is_said() -> None:
    """As trace says it."""
    with pytest.raises(InputError, match="no call 99 in replication 1; there are 1 to 2"):
        swimlane(results(), call=99)


def test_a_path_is_broken_behind_its_slashes() -> None:
    """On a phone, where one is wider than the picture: no word is broken within."""
    (command,) = {each for each in story().happenings if each.text.startswith("POST /ari/channels/c1/answer")}
    long = command._replace(text="POST /ari/channels/c1234567/answer: 204")
    figure = drawn(replace(story(), happenings=(long,)), width=NARROW)
    (written,) = (text.get_text() for text in figure.axes[0].texts if text.get_text().startswith("POST"))
    assert written == "POST /ari/channels/\nc1234567/answer: 204"


def test_lines_of_the_log_are_squares() -> None:
    """As the key says, also those about the registry."""
    squares = [line for line in swimlane(results()).axes[0].lines if line.get_marker() == "s"]
    levels = ("VERBOSE", "ERROR", "WARNING")
    assert len(squares) == sum(each.text.startswith(levels) for each in story().happenings)
