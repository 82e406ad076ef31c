"""The picture of how recordings of real Asterisks fare on the model, under their own profile and under others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from stasis_sim.report.timeline import BLUE, ORANGE, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def agreement(judged: pd.DataFrame) -> Figure:
    """Draw which part of the recordings of each version agrees in every step, under each profile.

    Args:
        judged: Frames of :func:`stasis_sim.conformance.frames.judgements`, one below the other.
    """
    groups = [(*map(str, pair), each["ok"]) for pair, each in judged.groupby(["asterisk", "profile"])]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 1.2 + 0.42 * len(groups)), layout="constrained")
        axes: Axes = figure.subplots()
        for row, (version, profile, ok) in enumerate(groups):
            share = 100 * float(ok.mean())
            axes.barh(row, share, 0.7, color=BLUE if _own(version, profile) else ORANGE)
            axes.text(share, row, f"  {ok.sum()} of {len(ok)}", va="center")
        axes.set_yticks(range(len(groups)), [f"{version} on {profile}" for version, profile, _ in groups])
        axes.invert_yaxis()
        axes.set_xlim(0, 115)
        axes.set_xticks(range(0, 101, 20))
        axes.set_xlabel("recordings that agree in every step (% of recordings)")
        axes.grid(visible=True, axis="x", alpha=0.25)
        axes.set_axisbelow(True)
        figure.suptitle(_title(judged), x=0.01, ha="left", fontsize=10, fontweight="bold")
    return figure


def _own(version: str, profile: str) -> bool:
    return profile == f"asterisk-{version.partition('.')[0]}"


def _title(judged: pd.DataFrame) -> str:
    """Say how many agree under their own rules, and how many under those of others."""
    pairs = judged[["asterisk", "profile"]].itertuples(index=False)
    own = np.array([_own(*pair) for pair in pairs])
    ok = judged["ok"].to_numpy()
    said = f"{ok[own].sum():,} of {own.sum():,} recordings agree under the rules of their own version (blue)"
    return said if own.all() else f"{said}, {ok[~own].sum():,} of {(~own).sum():,} under other rules (orange)"
