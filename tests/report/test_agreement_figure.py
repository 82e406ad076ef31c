"""The picture of how recordings fare."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from stasis_sim.report.agreement_figure import agreement
from stasis_sim.report.drawing import BLUE, ORANGE

JUDGED = pd.DataFrame(
    [("16.28.0", "asterisk-16", True), ("16.28.0", "documented", True), ("16.28.0", "documented", False)],
    columns=["asterisk", "profile", "ok"],
)


def test_a_bar_for_each_version_and_profile() -> None:
    """As long as the share that agrees, in percent, and blue under its own rules."""
    axes = agreement(JUDGED).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["16.28.0 on asterisk-16", "16.28.0 on documented"]
    assert [patch.get_width() for patch in axes.patches] == pytest.approx([100, 50])  # type: ignore[attr-defined]
    assert [patch.get_facecolor() for patch in axes.patches] == [to_rgba(BLUE), to_rgba(ORANGE)]
    assert [text.get_text().strip() for text in axes.texts] == ["1 of 1", "1 of 2"]


def test_the_title_counts() -> None:
    """Those under their own rules, and those under others where there are any."""
    own = "1 of 1 recordings agree under the rules of their own version (blue)"
    assert agreement(JUDGED).get_suptitle() == f"{own}, 1 of 2 under other rules (orange)"
    assert agreement(JUDGED[:1]).get_suptitle() == own
