"""The picture of what became of calls that no app served."""

from __future__ import annotations

import pytest

from stasis_sim.observe.intervals import Interval, Intervals
from stasis_sim.observe.vocabulary import OUTCOMES
from stasis_sim.report.outcomes_figure import COLOURS, outcomes


def certain(mean: float) -> Interval:
    """A mean that is sure."""
    return {"mean": mean, "low": mean, "high": mean, "n": 3}


def shares(**found: float) -> Intervals:
    """Shares of outcomes."""
    return {f"calls.share.{outcome}": certain(share) for outcome, share in found.items()}


TWO = {
    "bare": shares(served=0.9, dropped=0.07, abandoned=0.03),
    "voicemail": shares(served=0.92, dropped=0.0, fallback=0.08),
}


def test_each_name_has_a_bar_of_its_outcomes() -> None:
    """The parts are as long as the shares, in percent; served calls are not drawn."""
    axes = outcomes(TWO).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["bare", "voicemail"]
    drawn = {str(bars.get_label()): [patch.get_width() for patch in bars.patches] for bars in axes.containers}  # type: ignore[attr-defined]
    assert list(drawn) == ["fallback", "abandoned", "dropped"]
    assert drawn["dropped"] == pytest.approx([7, 0])
    assert drawn["fallback"] == pytest.approx([0, 8])
    assert [text.get_text().strip() for text in axes.texts] == ["10 %", "8 %"]


def test_the_title_says_who_drops_least_and_most() -> None:
    """Where all drop the same, it says so."""
    assert outcomes(TWO).get_suptitle() == "calls dropped: from 0 % (voicemail) to 7 % (bare)"
    same = {"a": shares(dropped=0.5), "b": shares(dropped=0.5)}
    assert outcomes(same).get_suptitle() == "50 % of calls are dropped in all of them"


def test_what_is_drawn_is_all_that_no_app_served() -> None:
    """Of all outcomes only those are left out that are no answer to the question."""
    assert set(OUTCOMES) - set(COLOURS) == {"in_progress", "served", "untouched"}
