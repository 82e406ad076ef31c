"""Paired differences between variants."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from matplotlib.axes import Axes

from stasis_sim.api import Results, compare
from stasis_sim.experiments.results import differences
from stasis_sim.report.differences_figure import MEASURES, MOST_VARIANTS, paired_differences
from stasis_sim.scenario import Scenario

TEXT = """\
asterisk:
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"
clients: {ivr: {apps: Intro-IVR, reconnect: {constant: 1s}}}
calls: [{to: ivr@default, arrivals: {poisson: 2/s}, hold: 5s, patience: 3s, kind: local}]
faults: [{drop: ivr, at: 20s, for: 5s}]
run: {duration: 1min, replications: 4}
"""
PROFILES = ("documented", "asterisk-16", "asterisk-22")


@cache
def profiles(replications: int = 4) -> dict[str, Results]:
    """The same outage on three Asterisks."""
    settings = {"run.replications": replications}
    return compare(
        {
            name: Scenario.parse(TEXT, name="small.yaml", overrides={"asterisk.profile": name, **settings})
            for name in PROFILES
        }
    )


def points(axes: Axes) -> list[float]:
    """The means that are drawn, from the top."""
    return [float(np.asarray(line.get_xdata())[0]) for line in axes.lines if line.get_marker() == "o"]


def spans(axes: Axes) -> list[tuple[float, float]]:
    """The intervals that are drawn, from the top."""
    found = [np.asarray(line.get_xdata(), float) for line in axes.lines if line.get_linewidth() == 3]
    return [(float(low), float(high)) for low, high in found]


def test_points_and_intervals_are_the_paired_differences() -> None:
    """Those that ``compare --json`` gives, in the unit of the axis."""
    figure = paired_differences(profiles())
    measures = {name: [each.measures for each in found.replications] for name, found in profiles().items()}
    shown = {panel.get_title(loc="left"): panel for panel in figure.axes}
    for name, scale in (("ejection_rate", 100), ("calls.share.stranded", 100), ("missed_rate", 100)):
        what, _, unit = MEASURES[name]
        rows = [
            row
            for other in PROFILES[1:]
            for row in differences("documented", measures["documented"], other, measures[other])
            if row["measure"] == name and row["app"] is None
        ]
        panel = shown[f"{what} ({unit})"]
        assert points(panel) == pytest.approx([scale * row["mean"] for row in rows])
        assert np.allclose(spans(panel), [(scale * row["low"], scale * row["high"]) for row in rows])
        assert [label.get_text() for label in panel.get_yticklabels()] == list(PROFILES[1:])


def test_the_title_says_the_greatest_difference() -> None:
    """Of the first measure in which there is one that is no chance."""
    title = paired_differences(profiles()).get_suptitle()
    assert title.startswith("asterisk-16: ")
    assert title.endswith(" points more attempts ejected than documented")
    backwards = dict(reversed(profiles().items()))
    assert paired_differences(backwards).get_suptitle().endswith(" points fewer attempts ejected than asterisk-22")


def test_callers_who_are_saved_are_no_lost_ones() -> None:
    """A fallback ejects as many and loses fewer: that is drawn first; where ejections tell it, it is not drawn."""
    sorry = TEXT.replace("Stasis(Intro-IVR)\\n", "Stasis(Intro-IVR)\\n same => n,Playback(sorry,noanswer)\\n")
    texts = {"bare": TEXT, "sorry": sorry}
    saving = compare(
        {name: Scenario.parse(text, overrides=["asterisk.profile=asterisk-22"]) for name, text in texts.items()}
    )
    figure = paired_differences(saving)
    assert figure.axes[0].get_title(loc="left") == "callers lost"
    assert figure.get_suptitle().endswith(" fewer callers lost than bare")
    assert "callers lost" not in {panel.get_title(loc="left") for panel in paired_differences(profiles()).axes}


def test_what_may_be_chance_is_grey() -> None:
    """And what is the same in all variants is not drawn."""
    same = {"one": profiles()["asterisk-22"], "two": profiles()["asterisk-22"]}
    figure = paired_differences(same)
    assert figure.get_suptitle() == "two and one give the same rates."
    assert not any(panel.get_title(loc="left") for panel in figure.axes)


def test_a_single_replication_has_no_intervals() -> None:
    """The text below says how many there were."""
    figure = paired_differences(profiles(1))
    assert not spans(figure.axes[0])
    assert figure.get_supxlabel() == "more or less than documented (1 replication)"


def test_many_variants_are_bounded() -> None:
    """Those that differ most are drawn, and it is said how many are not."""
    same = profiles(1)["documented"]
    variants = {"first": same, **{f"same-{number}": same for number in range(20)}, "22": profiles(1)["asterisk-22"]}
    figure = paired_differences(variants)
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(rows) == MOST_VARIANTS
    assert rows[-1] == "22"
    assert figure.get_supxlabel() == "more or less than first (1 replication; not shown, as they differ less: 9)"


def test_one_variant_is_no_difference() -> None:
    """It says how many there are."""
    with pytest.raises(ValueError, match="differences of 1 variants"):
        paired_differences({"one": profiles()["documented"]})
