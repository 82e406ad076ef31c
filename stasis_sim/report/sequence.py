"""A sequence chart for the terminal: lanes at the left, time goes down, and what happens is told at the right."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from stasis_sim.experiments.retelling import Story, stamp
from stasis_sim.observe.happenings import Happening
from stasis_sim.report.storytelling import headline, left_out, shortened

WIDTH: Final = 100
"""Columns of a terminal that are used."""

MOST: Final = 120
"""Happenings that are drawn; of more the beginning and the end."""

_TIME: Final = 12
"""Columns of the time."""

_LANE: Final = 7
"""Columns from one lane to the next."""


def chart(story: Story) -> str:
    """Draw what happened, in lines of at most :data:`WIDTH` columns.

    An arrow that gets there ends in ``>``, one that does not in ``x``; what stays in its lane is a dot.
    """
    shown, hidden = shortened(story.happenings, MOST)
    lines = [*_filled(headline(story)), "", *_heads(story.lanes)]
    before: int | None = None
    for place, happening in enumerate(shown):
        if hidden and place == len(shown) - MOST // 3:
            lines += ["", *_filled(left_out(hidden)), ""]
        time = stamp(happening.at)
        lines += _lines(story.lanes, happening, time if happening.at != before else "")
        before = happening.at
    if story.others:
        lines += ["", f"clients that had a part in it and have no lane: {story.others}"]
    return "\n".join(line.rstrip() for line in lines)


def _filled(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)


def _heads(lanes: Sequence[str]) -> Iterator[str]:
    """Yield a line for each lane with its name, so that a name of any length has room."""
    for at, name in enumerate(lanes):
        room = WIDTH - _TIME - at * _LANE - 1
        yield " " * _TIME + ("│" + " " * (_LANE - 1)) * at + (name if len(name) <= room else f"{name[: room - 1]}…")


def _lines(lanes: Sequence[str], happening: Happening, time: str) -> Iterator[str]:
    """Yield the lines of one happening: what does not fit beside the lanes goes on below."""
    drawn = _arrow(lanes, happening)
    room = WIDTH - _TIME - len(drawn)
    texts = textwrap.wrap(happening.text, room, break_on_hyphens=False) or [""]
    yield f"{time:>{_TIME - 2}}  {drawn}{texts[0]}"
    empty = _row(lanes)
    for text in texts[1:]:
        yield f"{'':{_TIME}}{empty}{text}"


def _row(lanes: Sequence[str]) -> str:
    """Return the lanes where nothing happens."""
    return ("│" + " " * (_LANE - 1)) * (len(lanes) - 1) + "│   "


def _arrow(lanes: Sequence[str], happening: Happening) -> str:
    """Return the lanes with an arrow from one to another, or with a dot."""
    row = list(_row(lanes))
    start, stop = (_LANE * lanes.index(lane) for lane in (happening.source, happening.target))
    if start == stop:
        row[start] = "●"
        return "".join(row)
    low, high = sorted((start, stop))
    row[low + 1 : high] = "─" * (high - low - 1)
    if happening.arrives:
        row[high - 1 if stop == high else low + 1] = ">" if stop == high else "<"
    else:
        row[(low + high) // 2] = "x"
    return "".join(row)
