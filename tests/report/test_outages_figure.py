"""Ejections over time, against the outages of their app."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Text

from stasis_sim.api import Results, run
from stasis_sim.report.drawing import NARROW, WIDTH
from stasis_sim.report.outages_figure import FEWEST, ejections_over_time
from stasis_sim.scenario import Scenario

TEXT = """\
asterisk:
  profile: {profile}
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\nexten => other,1,Stasis(Other)\\n"
clients: {{ivr: {{apps: Intro-IVR, reconnect: {{constant: 1s}}}}, other: {{apps: Other}}}}
calls:
  - {{name: ivr, to: ivr@default, arrivals: {{every: 1s}}, hold: 5s, patience: 3s, kind: local}}
  - {{name: other, to: other@default, arrivals: {{every: 2s}}, hold: 5s, patience: 3s, kind: local}}
faults: [{{drop: ivr, at: 20s, for: 10s}}]
run: {{duration: 1min, replications: 2}}
"""


@cache
def results(profile: str = "asterisk-22") -> Results:
    """A minute with one outage of one app."""
    return run(Scenario.parse(TEXT.format(profile=profile), name="ejections.yaml"))


@cache
def figure(profile: str = "asterisk-22") -> Figure:
    """Its picture."""
    return ejections_over_time(results(profile))


def shares(axes: Axes) -> dict[str, list[float]]:
    """What is drawn, by its name in the legend."""
    steps = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    return {str(step.get_label()): np.asarray(step.get_data()[0]).round(6).tolist() for step in steps}


def test_the_title_sets_ejections_against_outages() -> None:
    """How many were ejected, how many of them in outages, and how long the app was away."""
    attempts, outages = results().attempts, results().outages
    ejected = int((attempts["result"] == "ejected").sum())
    away = (outages["to_s"] - outages["from_s"])[outages["app"] == "Intro-IVR"].sum() / 120
    assert ejected
    assert figure().get_suptitle().replace("\n", " ") == (
        f"asterisk-22: {100 * ejected / len(attempts):.1f} % of {len(attempts)} attempts were ejected, "
        f"all of them in outages; app Intro-IVR was away for {100 * away:.1f} % of the time"
    )


def test_each_app_has_a_panel_with_both_shares() -> None:
    """In the outage all attempts are ejected, and the app is away all the time; before it and after it never."""
    panels = figure().axes
    assert [panel.get_title(loc="left") for panel in panels] == ["Intro-IVR", "Other"]
    ivr = shares(panels[0])
    assert set(ivr) == {"app away, of the time", "attempts ejected"}
    assert len(ivr["attempts ejected"]) == FEWEST  # of two seconds each
    back = results().outages["to_s"].max()
    assert 30 < back < 32
    # Callers come each second: that at 30 s is turned away, that at 31 s as well if the app is not back.
    assert ivr["attempts ejected"] == [0] * 10 + [100] * 5 + [100 if back > 31 else 50] + [0] * 14
    assert ivr["app away, of the time"] == pytest.approx([0.05] + [0] * 9 + [100] * 5 + [50 * (back - 30)] + [0] * 14)
    assert np.nanmax(shares(panels[1])["attempts ejected"]) == 0
    assert panels[-1].get_xlabel() == "seconds since the start; 2 replications together"


def test_no_ejection_is_said_beside_the_outage() -> None:
    """An Asterisk that lets calls in all the same ejects none, though the app is away."""
    title = figure("documented").get_suptitle().replace("\n", " ")
    tried = len(results("documented").attempts)
    start = f"documented: none of {tried} attempts was ejected, though app Intro-IVR was away for 1"
    assert title.startswith(start)


def test_calls_that_found_asterisk_down_are_said_beside_the_ejections() -> None:
    """They are no attempts: of an Asterisk that is restarted next to none would seem to be lost."""
    text = TEXT.format(profile="asterisk-22").replace("drop: ivr", "restart: asterisk")
    found = run(Scenario.parse(text, name="restart.yaml"))
    blocked = (found.calls["outcome"] == "blocked").mean()
    assert blocked > 0.1
    assert (
        ejections_over_time(found)
        .get_suptitle()
        .replace("\n", " ")
        .endswith(f" of the time; {100 * blocked:.1f} % of calls were blocked")
    )


def test_a_run_without_attempts_has_a_picture() -> None:
    """Nobody tried, and that is what it says."""
    text = TEXT.format(profile="documented").replace("every: 1s", "at: 2min").replace("every: 2s", "at: 2min")
    empty = ejections_over_time(run(Scenario.parse(text, name="empty.yaml")))
    assert empty.get_suptitle() == "documented: nobody tried to enter an app"


@pytest.mark.parametrize("width", [WIDTH, NARROW])
def test_the_legend_does_not_lie_on_the_name_of_an_app(width: float) -> None:
    """Also on a phone, where it is as wide as the panel."""
    drawn = ejections_over_time(results(), width=width)
    drawn.draw_without_rendering()
    panel = drawn.axes[0]
    (name,) = (text for text in panel.findobj(Text) if text.get_text() == "Intro-IVR")
    legend = panel.get_legend()
    assert legend is not None
    assert not legend.get_window_extent().overlaps(name.get_window_extent())
