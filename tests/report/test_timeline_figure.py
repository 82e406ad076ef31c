"""The picture of a run over time."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from stasis_sim.api import Results, run
from stasis_sim.report.pictures import save
from stasis_sim.report.timeline import BINS, GREEN, timeline
from stasis_sim.scenario import Scenario

TEXT = """\
asterisk:
  profile: {profile}
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"
clients: {{ivr: {{apps: Intro-IVR, reconnect: {{constant: 1s}}}}}}
calls: [{{to: ivr@default, arrivals: {{every: 1s}}, hold: 5s, patience: 3s, kind: local}}]
faults: [{{drop: ivr, at: 20s, for: 5s}}]
run: {{duration: 1min}}
"""


@cache
def results(profile: str) -> Results:
    """A minute with one outage from 20 s to 25 s."""
    return run(Scenario.parse(TEXT.format(profile=profile), name="picture.yaml"))


@cache
def figure(profile: str) -> Figure:
    """Its picture."""
    return timeline(results(profile))


def test_four_panels_over_one_time() -> None:
    """Connections, calls inside, ejections, missed events; minutes below."""
    panels = figure("asterisk-22").axes
    names = [panel.get_ylabel().partition("\nin ")[0] for panel in panels]
    assert names == ["", "calls inside", "ejections", "events"]
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["ivr"]
    assert panels[3].get_xlabel() == "minutes since the start (replication 1; grey: an app is away)"
    assert len({panel.get_xlim() for panel in panels}) == 1


@pytest.mark.parametrize(
    ("profile", "title"),
    [
        ("asterisk-22", "asterisk-22: 10.2 % of 59 attempts ejected"),
        ("documented", "documented: 0.0 % of 60 attempts ejected"),
    ],
)
def test_the_title_says_what_it_cost(profile: str, title: str) -> None:
    """Profile, share of attempts ejected, events that nobody heard."""
    heading = figure(profile).get_suptitle()
    table = results(profile).attempts
    ejected = int((table["result"] == "ejected").sum())
    events = results(profile).events
    lost = int(events["fate"].isin(["missed", "lost"]).sum())
    share = f"{100 * ejected / len(table):.1f} %"
    outcomes = results(profile).calls["outcome"]
    stranded = int((outcomes == "stranded").sum())
    inside = f", {100 * stranded / len(outcomes):.1f} % of calls stranded" if stranded else ""
    assert (stranded > 0) == (profile == "documented")
    assert heading == f"{profile}: {share} of {len(table)} attempts ejected{inside}, {lost} events missed or lost"
    assert heading.startswith(title.split(":", maxsplit=1)[0])
    assert bool(ejected) == (profile == "asterisk-22")


def test_bands_are_the_connections() -> None:
    """Two green bars, before the outage and after it, and a mark for each refused try between them."""
    bands = figure("asterisk-22").axes[0]
    table = results("asterisk-22").connections
    (bars,) = bands.collections
    spans = [path.get_extents() for path in bars.get_paths()]
    stood = table[table["how"] != "refused"]
    assert [round(span.x0 * 60, 6) for span in spans] == stood["opened_s"].tolist()
    assert round(spans[0].x1 * 60, 6) == 20.0
    assert np.allclose(np.asarray(bars.get_facecolor())[0], to_rgba(GREEN))
    marks = np.asarray(bands.lines[0].get_xdata())
    assert len(marks) == (table["how"] == "refused").sum() > 0


def test_bars_count_every_ejection_and_every_missed_event() -> None:
    """The heights of all bars together are the numbers of the tables."""
    for profile in ("asterisk-22", "documented"):
        _, _, ejections, missed = figure(profile).axes
        attempts, events = results(profile).attempts, results(profile).events
        reasons = attempts["reason"][attempts["result"] == "ejected"].value_counts().sort_index()
        fates = [(events["fate"] == fate).sum() for fate in ("missed", "lost")]
        for panel, expected in ((ejections, reasons.tolist()), (missed, fates)):
            bars = [container for container in panel.containers if isinstance(container, BarContainer)]
            assert [sum(patch.get_height() for patch in bar) for bar in bars] == expected
            assert all(len(bar) == BINS for bar in bars)
        assert missed.get_legend_handles_labels()[1] == ["missed", "lost"]


def test_calls_inside_are_a_staircase() -> None:
    """It ends with those who are inside at the end."""
    line = figure("asterisk-22").axes[1].lines[0]
    attempts = results("asterisk-22").attempts
    still = ((attempts["result"] == "entered") & attempts["left_s"].isna()).sum()
    assert line.get_label() == "Intro-IVR"
    assert np.asarray(line.get_ydata())[-1] == still


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_run_gives_the_same_file(tmp_path: Path, suffix: str) -> None:
    """Byte by byte, with no date and no version in it; and nothing else is left in the folder."""
    for name in ("one", "two"):
        save(timeline(results("asterisk-22")), tmp_path / f"{name}.{suffix}")
    one, two = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert len(list(tmp_path.iterdir())) == 2


def test_a_run_without_calls_has_a_picture() -> None:
    """Nothing happens, and it can be seen."""
    text = TEXT.format(profile="documented").replace("every: 1s", "at: 2min")
    empty = timeline(run(Scenario.parse(text, name="empty.yaml")))
    assert empty.get_suptitle() == "documented: none of 0 attempts ejected, 0 events missed or lost"
