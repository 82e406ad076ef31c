"""The picture of a run over time."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Text

from stasis_sim.api import Results, run
from stasis_sim.report.drawing import BINS, GREEN, NARROW, ORANGE
from stasis_sim.report.pictures import save
from stasis_sim.report.timeline import MOST_BANDS, timeline
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


def test_five_panels_over_one_time() -> None:
    """Connections, arrivals, calls inside, ejections, missed events; the time below."""
    panels = figure("asterisk-22").axes
    names = [panel.get_ylabel().partition("\nin ")[0] for panel in panels]
    assert names == ["", "arrivals", "calls\ninside", "ejections", "events"]
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["Intro-IVR · ivr"]
    assert figure("asterisk-22").get_supxlabel() == "seconds since the start (replication 1; grey: an app is away)"
    assert {panel.get_xlim() for panel in panels} == {(0.0, 60.0)}


@pytest.mark.parametrize(
    ("profile", "title"),
    [
        ("asterisk-22", "asterisk-22: 10.2 % of 59 attempts ejected"),
        ("documented", "documented: none of 60 attempts ejected"),
    ],
)
def test_the_title_says_what_it_cost(profile: str, title: str) -> None:
    """Profile, share of attempts ejected, events that nobody heard."""
    heading = figure(profile).get_suptitle().replace("\n", " ")
    table = results(profile).attempts
    ejected = int((table["result"] == "ejected").sum())
    events = results(profile).events
    lost = int(events["fate"].isin(["missed", "lost"]).sum())
    share = f"{100 * ejected / len(table):.1f} %" if ejected else "none"
    outcomes = results(profile).calls["outcome"]
    stranded = int((outcomes == "stranded").sum())
    inside = f", {100 * stranded / len(outcomes):.1f} % of calls stranded" if stranded else ""
    assert (stranded > 0) == (profile == "documented")
    assert heading == f"{profile}: {share} of {len(table)} attempts ejected{inside}, {lost} events missed or lost"
    assert heading.startswith(title.split(":", maxsplit=1)[0])
    assert bool(ejected) == (profile == "asterisk-22")


def test_the_title_says_how_many_calls_were_blocked() -> None:
    """They never asked for an app, so no share of attempts counts them."""
    found = run(Scenario.parse(TEXT.format(profile="asterisk-22").replace("drop: ivr", "restart: asterisk")))
    calls = found.calls[found.calls["replication"] == 1]
    share = 100 * (calls["outcome"] == "blocked").mean()
    assert 1 < share < 10
    assert f" attempts ejected, {share:.2f} % of calls blocked, " in timeline(found).get_suptitle().replace("\n", " ")


def bars(axes: Axes, colour: str) -> list[tuple[float, float]]:
    """From when to when the bars of a colour are."""
    return [
        (round(box.x0, 6), round(box.x1, 6))
        for each in axes.collections
        if np.allclose(np.asarray(each.get_facecolor())[0], to_rgba(colour))
        for box in (path.get_extents() for path in each.get_paths())
    ]


def test_bands_are_the_connections() -> None:
    """Two green bars, before the outage and after it, and a mark for each refused try between them."""
    bands = figure("asterisk-22").axes[0]
    table = results("asterisk-22").connections
    connected, back = results("asterisk-22").outages["to_s"]
    assert bars(bands, GREEN) == [(connected, 20.0), (back, 60.0)]
    assert bars(bands, ORANGE) == []
    marks = np.asarray(bands.lines[0].get_xdata())
    refused = table[table["how"] == "refused"]["opened_s"]
    assert marks.tolist() == refused.tolist()
    assert len(marks)


def test_the_legend_names_what_is_there() -> None:
    """No refused try where none was refused."""
    text = TEXT.format(profile="asterisk-22").replace("for: 5s", "for: 1ms")
    for found, names in (
        (figure("asterisk-22"), ["connected", "try refused"]),
        (timeline(run(Scenario.parse(text, name="short.yaml"))), ["connected"]),
    ):
        legend = found.axes[0].get_legend()
        assert legend is not None
        assert [each.get_text() for each in legend.get_texts()] == names


def test_a_link_that_is_frozen_is_no_connection() -> None:
    """It stands, and nothing comes through: the band says so up to the end of the outage."""
    text = TEXT.format(profile="asterisk-22").replace("drop: ivr", "freeze: ivr")
    frozen = run(Scenario.parse(text, name="frozen.yaml"))
    _, outage = frozen.outages.to_dict("records")
    bands = timeline(frozen).axes[0]
    assert outage["cause"] == "frozen"
    assert bars(bands, ORANGE) == [(outage["from_s"], outage["to_s"])]
    assert [bar for bar in bars(bands, GREEN) if bar[0] > 1] == [(outage["to_s"], 60.0)]


def test_who_has_been_replaced_is_connected_and_hears_nothing() -> None:
    """Of two programs under one name the second has it; the first keeps its connection for nothing."""
    text = TEXT.format(profile="asterisk-22").replace(
        "clients: {ivr: {", "clients: {late: {apps: Intro-IVR, start: 10s}, ivr: {"
    )
    found = run(Scenario.parse(text, name="two.yaml"))
    bands = timeline(found).axes[0]
    rows = [label.get_text() for label in bands.get_yticklabels()]
    assert rows == ["Intro-IVR · ivr", "Intro-IVR · late"]
    (taken,) = found.connections.query("client == 'late'")["opened_s"]
    assert taken == 10.0
    replaced = [bar for bar in bars(bands, ORANGE) if bar[0] == taken]
    assert replaced == [(taken, 20.0)]  # then it is dropped, and comes back to take the name in turn
    back = found.connections.query("client == 'ivr' and how != 'refused'")["opened_s"].max()
    assert (back, 60.0) in bars(bands, ORANGE)


def heights(axes: Axes) -> dict[str, float]:
    """How much all bars of each kind stand for."""
    steps = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    counted = {}
    for step in steps:
        tops, edges, floors = step.get_data()
        assert len(tops) == len(edges) - 1 == BINS
        counted[str(step.get_label())] = float((tops - np.asarray(floors)).sum())
    return {name: count for name, count in counted.items() if count}


def test_bars_count_every_call_every_ejection_and_every_missed_event() -> None:
    """The heights of all bars together are the numbers of the tables."""
    for profile in ("asterisk-22", "documented"):
        _, arrivals, _, ejections, missed = figure(profile).axes
        attempts, events = results(profile).attempts, results(profile).events
        reasons = attempts["reason"][attempts["result"] == "ejected"].str.replace("_", " ").value_counts()
        fates = events["fate"].value_counts()
        assert heights(arrivals) == {"calls": len(results(profile).calls)}
        assert heights(ejections) == reasons.to_dict()
        assert heights(missed) == {fate: fates[fate] for fate in ("missed", "lost") if fate in fates}


def test_calls_inside_are_a_staircase() -> None:
    """It ends with those who are inside at the end."""
    line = figure("asterisk-22").axes[2].lines[0]
    attempts = results("asterisk-22").attempts
    still = ((attempts["result"] == "entered") & attempts["left_s"].isna()).sum()
    assert line.get_label() == "Intro-IVR"
    assert np.asarray(line.get_ydata())[-1] == still


def test_many_programs_are_bounded() -> None:
    """Of forty programs those stand there in which most has happened; of forty apps six have a line of their own."""
    names = [f"app-{number:02d}" for number in range(40)]
    clients = "\n".join(f"  {name}: {{apps: {name}, reconnect: {{constant: 1s}}}}" for name in names)
    calls = "\n".join(f"  - {{to: {name}@default, arrivals: {{at: 1s}}, hold: 5s}}" for name in names)
    text = f"""\
asterisk:
  extensions: "[default]\\nexten => _app-.,1,Stasis(${{EXTEN}})\\n"
clients:
{clients}
calls:
{calls}
faults: [{{drop: app-39, at: 20s, for: 5s}}]
run: {{duration: 1min}}
"""
    bands, _, inside, *_ = timeline(run(Scenario.parse(text, name="many.yaml"))).axes
    rows = [label.get_text() for label in bands.get_yticklabels()]
    assert len(rows) == MOST_BANDS
    assert rows[-1] == "app-39"
    assert bands.get_ylabel() == "16 of 40 clients,\nthose with most trouble"
    lines = {str(line.get_label()): float(np.max(np.asarray(line.get_ydata(), float))) for line in inside.lines}
    assert len(lines) == 7
    assert lines["others"] == 34


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
    assert [text.get_text() for panel in empty.axes for text in panel.texts] == ["none"] * 3


def test_a_picture_for_a_phone_is_narrow() -> None:
    """As wide as it is asked to be; what its title says stands in lines that fit."""
    narrow = timeline(results("documented"), width=NARROW)
    assert narrow.get_figwidth() == NARROW
    assert max(map(len, narrow.get_suptitle().splitlines())) <= 10.8 * NARROW


def test_nothing_is_cut_off_on_a_phone() -> None:
    """However much room the names of apps and clients take."""
    name = "a-name-of-18-chars"
    text = (
        TEXT.format(profile="asterisk-22")
        .replace("clients: {ivr:", f"clients: {{{name}:")
        .replace("drop: ivr", f"drop: {name}")
    )
    drawn = timeline(run(Scenario.parse(text.replace("Intro-IVR", "an-app-of-18-chars"))), width=NARROW)
    drawn.draw_without_rendering()
    for written in drawn.findobj(Text):
        box = written.get_window_extent()
        if written.get_text() and written.get_visible():
            assert box.x0 >= 0
            assert box.x1 <= drawn.bbox.x1
