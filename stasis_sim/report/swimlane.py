"""The swimlane of a few calls: what went to and fro between caller, dialplan, Stasis and clients, time going down."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final

import matplotlib as mpl

from stasis_sim.experiments.choosing import Asked, choose
from stasis_sim.experiments.retelling import Story, retell, stamp
from stasis_sim.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, STYLE, VERMILION, WIDTH, below, blank
from stasis_sim.report.storytelling import headline, left_out, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from stasis_sim.experiments.replications import Results
    from stasis_sim.observe.happenings import Happening

MOST: Final = 70
"""Happenings that are drawn; of more the beginning and the end."""

FATES: Final = {
    "delivered": GREEN,
    "late": ORANGE,
    "misdelivered": ORANGE,
    "missed": VERMILION,
    "lost": VERMILION,
    "pending": GREY,
}
"""The colour of an event, by what became of it."""

KINDS: Final = {"command": BLUE, "entered": GREEN, "ejected": VERMILION, "outage": VERMILION, "connection": PURPLE}
"""The colours of other happenings; the rest is black."""

DARK: Final = "#666666"
INKS: Final = {VERMILION: "#A84300", GREY: DARK}
"""Letters are darker than lines; those of other colours are black."""

_LINE: Final = 0.17
"""Inches from one line of text to the next."""

_LANE: Final = 0.62
"""Inches from one lane to the next, where there is room."""

_NARROWEST: Final = 0.3
"""Inches from one lane to the next on a phone."""

_KEY: Final = (
    "arrows: green delivered, orange late, red with a cross missed or lost; blue commands, violet connections; "
    "squares: lines of Asterisk's log"
)

_TIME: Final = 0.78
"""Inches for the times."""


def swimlane(
    results: Results,
    *,
    call: int | None = None,
    outage: int | None = None,
    app: str | None = None,
    replication: int | None = None,
    width: float = WIDTH,
) -> Figure:
    """Draw what happened to one call, or to the most instructive calls of an outage; without any choice of the worst.

    The replication is run once more up to where the calls end, by the event engine: of a million calls that takes
    minutes.

    Args:
        results: What a run gave.
        call: Number of a call.
        outage: Number of an outage of an app, from 1 in each replication.
        app: The app whose outages are meant.
        replication: Which one, from 1.
        width: Of the picture in inches.

    Raises:
        InputError: There is no such call, outage, app or replication.
        ValueError: The scenario says ``record: measures``, so that there are no tables.
    """
    choice = choose(results, Asked(call, outage, app, replication))
    if choice is None:
        with mpl.rc_context(STYLE):
            return blank(0.4, f"{results.scenario.asterisk.profile}: no call arrived", width)
    return drawn(retell(results, choice), width=width)


def drawn(story: Story, *, width: float = WIDTH) -> Figure:
    """Draw a story."""
    shown, hidden = shortened(story.happenings, MOST)
    lane = min(_LANE, max(width * 0.35 / len(story.lanes), _NARROWEST))
    at = {name: _TIME + 0.1 + lane * place for place, name in enumerate(story.lanes)}
    left = _TIME + lane * len(story.lanes) - lane / 2 + 0.18
    room = max(round((width - left) * 13), 16)
    rows: list[tuple[Happening | None, list[str]]] = [(each, _Lines(room).wrap(each.text)) for each in shown]
    if hidden:
        rows.insert(len(rows) - MOST // 3, (None, _Lines(room).wrap(left_out(hidden))))
    lines = sum(len(texts) for _, texts in rows)
    with mpl.rc_context(STYLE):
        heads = _LINE * (len(story.lanes) + 0.7)
        figure = blank(heads + _LINE * (lines + 1.5) + 0.5, headline(story), width)
        axes: Axes = figure.subplots()
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(_LINE * (lines + 0.5), -heads)
        _lanes(axes, at, _LINE * lines)
        figure.supxlabel(below(_KEY, width), fontsize=8, x=0.01, ha="left", color=DARK)
        y, before = 0.0, None
        for happening, texts in rows:
            if happening is not None:
                time = stamp(happening.at) if before is None or happening.at != before.at else ""
                _row(axes, at, happening, y, time)
                before = happening
            colour = GREY if happening is None else _colour(happening)
            axes.text(
                left, y, "\n".join(texts), va="top", fontsize=8.5, color=INKS.get(colour, BLACK), linespacing=1.15
            )
            y += _LINE * len(texts)
    return figure


class _Lines(textwrap.TextWrapper):
    """Breaks text between words and behind the slashes of a path, which may be longer than a phone is wide."""

    def _split(self, text: str) -> list[str]:
        return [part for part in re.split(r"(\s+)|(?<=/)(?=\w)", text) if part]


def _colour(happening: Happening) -> str:
    """Return the colour of what happened; a line of the log has that of its level."""
    if happening.kind == "event":
        return FATES[happening.fate]
    if happening.kind == "log":
        return VERMILION if happening.text.startswith(("ERROR", "WARNING")) else GREY
    return KINDS.get(happening.kind, BLACK)


def _lanes(axes: Axes, at: dict[str, float], bottom: float) -> None:
    """Draw the lanes, each with its name: one above the other, so that names of any length have room."""
    for place, (lane, x) in enumerate(at.items()):
        top = -_LINE * (len(at) - place)
        axes.plot([x, x], [top + 0.5 * _LINE, bottom], color=GREY, linewidth=0.8, zorder=1)
        axes.text(x - 0.04, top, lane, va="center", fontsize=9, fontweight="bold")


def _row(axes: Axes, at: dict[str, float], happening: Happening, y: float, time: str) -> None:
    """Draw an arrow between two lanes, or a mark in one, with its time at the left."""
    middle = y + 0.45 * _LINE
    if time:
        axes.text(_TIME - 0.1, y, time, va="top", ha="right", fontsize=8.5, color=DARK)
    colour = _colour(happening)
    start, stop = at[happening.source], at[happening.target]
    if start == stop:
        mark = "s" if happening.kind in {"log", "registry"} else "o"
        axes.plot([start], [middle], mark, color=colour, markersize=4.5, zorder=3)
        return
    end = stop if happening.arrives else (start + stop) / 2
    style = {"arrowstyle": "-|>" if happening.arrives else "-", "color": colour, "shrinkA": 0, "shrinkB": 0, "lw": 1.3}
    axes.annotate("", (end, middle), (start, middle), arrowprops=style, zorder=2)
    if not happening.arrives:
        axes.plot([end], [middle], "x", color=colour, markersize=5.5, markeredgewidth=1.6, zorder=3)
