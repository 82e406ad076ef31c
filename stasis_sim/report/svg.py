"""Figures as SVG inside a page: small, searchable, and at home in the light and in the dark.

Text stays text, in the page's own font. Black becomes the page's colour of text and the palette of the figures becomes
variables of its style sheet, so that one picture does for both. The finding, which figures have as their title, is
taken out of the picture and set as a heading of the page, where it wraps.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import matplotlib as mpl
from markupsafe import Markup, escape

from stasis_sim.report.drawing import APPS, BLACK, NARROW, VERMILION, WIDTH
from stasis_sim.report.swimlane import DARK, INKS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Draw(Protocol):
    """Draws a figure."""

    def __call__(self, *, width: float) -> Figure:
        """Return the figure, so many inches wide."""


PALETTE: Final = {colour.lower(): f"var(--figure-{number})" for number, colour in enumerate(APPS)} | {
    BLACK: "currentColor",
    DARK: "var(--soft)",
    INKS[VERMILION].lower(): "var(--bad)",
}
"""What stands in a page for the colours of figures; page/style.css says what they are in the light and in the dark."""


class Picture(NamedTuple):
    """A figure, ready to stand in a page.

    Attributes:
        title: The finding.
        wide: As SVG, for a screen or paper.
        narrow: As SVG, for a phone; the same but for its width.
    """

    title: str
    wide: Markup
    narrow: Markup


def picture(draw: Draw, name: str) -> Picture:
    """Return a figure as SVG.

    Args:
        draw: Draws it.
        name: What makes its ids other than those of the other pictures of the page.
    """
    figure = draw(width=WIDTH)
    title = " ".join(figure.get_suptitle().split())
    return Picture(title, _svg(figure, f"{name}-wide", title), _svg(draw(width=NARROW), f"{name}-narrow", title))


def _svg(figure: Figure, name: str, title: str) -> Markup:
    figure.suptitle("")
    out = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    _, _, drawn = out.getvalue().partition("<svg ")
    head, _, body = drawn.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    said = f'role="img" aria-label="{escape(title)}"'
    # The numbers of matplotlib's SVG are of its own making, and so is everything else but text, which it has escaped.
    return Markup(f"<svg {box[0] if box else ''} {said}>{_smaller(body, name)}")  # noqa: S704


def _smaller(body: str, name: str) -> str:
    """Leave out what a page has once, or needs not at all, and make ids its only ones."""
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", "", body, flags=re.DOTALL)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', body))
    # What is written in a picture is between tags, and stays as it is.
    body = re.sub(r"<[^>]*>", lambda found: _tag(found[0], name, used), body)
    return re.sub(r">\s+<", "><", body).strip()


def _tag(tag: str, name: str, used: set[str]) -> str:
    tag = re.sub(r' id="([^"]+)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", tag)
    tag = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", tag).replace("xlink:href", "href")
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    for colour, variable in PALETTE.items():
        tag = tag.replace(colour, variable)
    # A hundredth of a point is less than any screen shows.
    return re.sub(r"\s+", " ", re.sub(r"(\.\d\d)\d+", r"\1", tag))
