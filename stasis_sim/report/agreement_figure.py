"""The picture of how recordings of real Asterisks fare on the model, under their own profile and under others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from stasis_sim.report.drawing import BLUE, ORANGE, STYLE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def agreement(judged: pd.DataFrame) -> Figure:
    """Draw which part of the recordings of each version agrees in every step, under each profile.

    Args:
        judged: Frames of :func:`stasis_sim.conformance.frames.judgements`, one below the other.
    """
    own = judged["profile"] == "asterisk-" + judged["asterisk"].str.partition(".")[0]
    groups = judged.assign(own=own).groupby(["asterisk", "profile"])[["ok", "own"]]
    found = groups.agg(agree=("ok", "sum"), recordings=("ok", "size"), own=("own", "all")).reset_index()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 1.2 + 0.42 * len(found)), layout="constrained")
        figure.suptitle(_title(judged["ok"], own), x=0.01, ha="left", fontsize=10, fontweight="bold")
        axes: Axes = figure.subplots()
        shares = (100 * found["agree"] / found["recordings"]).to_list()
        axes.barh(range(len(found)), shares, 0.7, color=found["own"].map({True: BLUE, False: ORANGE}).to_list())
        for row, (share, agree, of) in enumerate(zip(shares, found["agree"], found["recordings"], strict=True)):
            axes.text(share, row, f"  {agree} of {of}", va="center")
        axes.set_yticks(range(len(found)), (found["asterisk"] + " on " + found["profile"]).to_list())
        axes.invert_yaxis()
        axes.set_xlim(0, 115)
        axes.set_xticks(range(0, 101, 20))
        axes.set_xlabel("recordings that agree in every step (% of recordings)")
        axes.grid(visible=True, axis="x", alpha=0.25)
        axes.set_axisbelow(True)
    return figure


def _title(ok: pd.Series[bool], own: pd.Series[bool]) -> str:
    """Say how many agree under their own rules, and how many under those of others."""
    said = f"{ok[own].sum():,} of {own.sum():,} recordings agree under the rules of their own version (blue)"
    return said if own.all() else f"{said}, {ok[~own].sum():,} of {(~own).sum():,} under other rules (orange)"
