"""The same chart as a Mermaid ``sequenceDiagram``, to be put into a ticket that draws it.

In Mermaid's texts ``;`` ends a line and ``#`` begins an entity, so both are written as entities; so are ``<``, ``>``
and ``&``, which would be taken for HTML, and ``%``, as ``%%`` begins a comment. Lanes have names of their own, as
those of clients may be words of Mermaid.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stasis_sim.experiments.retelling import Story, stamp
from stasis_sim.observe.happenings import Happening
from stasis_sim.report.storytelling import headline, left_out, shortened

MOST: Final = 120
"""Happenings that are drawn; Mermaid refuses texts of more than 50,000 characters."""

_LONGEST: Final = 300
"""Characters of one text."""

_ENTITIES: Final = {ord(sign): f"#{ord(sign)};" for sign in "#;<>&%{}"} | {
    ord("\n"): " ",
    ord("\r"): " ",
    ord("\t"): " ",
}


def diagram(story: Story) -> str:
    """Write what happened as Mermaid's text."""
    return "\n".join(_lines(story))


def escaped(text: str) -> str:
    """Return a text in which nothing is a sign of Mermaid's."""
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return shown.translate(_ENTITIES)


def _lines(story: Story) -> Iterator[str]:
    names = {lane: f"lane{at}" for at, lane in enumerate(story.lanes)}
    yield "sequenceDiagram"
    for lane, name in names.items():
        yield f"    participant {name} as {escaped(lane)}"
    first, last = names[story.lanes[0]], names[story.lanes[-1]]
    over = first if first == last else f"{first},{last}"
    yield f"    Note over {over}: {escaped(headline(story))}"
    shown, hidden = shortened(story.happenings, MOST)
    for place, happening in enumerate(shown):
        if hidden and place == len(shown) - MOST // 3:
            yield f"    Note over {over}: {escaped(left_out(hidden))}"
        yield f"    {_happening(names, happening)}"


def _happening(names: dict[str, str], happening: Happening) -> str:
    text = f"{stamp(happening.at)} {escaped(happening.text)}"
    source, target = names[happening.source], names[happening.target]
    if source == target:
        return f"Note over {source}: {text}"
    return f"{source}{'->>' if happening.arrives else '-x'}{target}: {text}"
