"""Figures as SVG inside a page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from matplotlib.figure import Figure

from stasis_sim.report.drawing import NARROW, WIDTH
from stasis_sim.report.svg import picture


def drawn(*, width: float) -> Figure:
    """Draw a figure with all that pages take care of: a title, clipped lines, black, a palette, small numbers."""
    figure = Figure(figsize=(width, 2))
    figure.suptitle("10 % of <calls>\nwere ejected")
    axes = figure.subplots()
    axes.plot([0, 1, 2], [0.123456789, 0.2, 0.3], color="#0072B2", marker="o")
    axes.set_xlabel('#000000 and 0.123456 are "text" & stay')
    return figure


def test_a_picture_is_well_formed_and_has_both_widths() -> None:
    """Each is as wide as it was drawn, and is told to those who cannot see it by its title."""
    found = picture(drawn, "a")
    assert found.title == "10 % of <calls> were ejected"
    for svg, width in ((found.wide, WIDTH), (found.narrow, NARROW)):
        root = ET.fromstring(svg)  # noqa: S314 - our own
        assert float(root.attrib["viewBox"].split()[2]) == round(72 * width, 1)
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"] == found.title
        assert "were ejected" not in "".join(root.itertext())


def test_colours_are_those_of_the_page_and_text_is_text() -> None:
    """Black and the palette become variables; what is written stays, in the page's own font."""
    svg = str(picture(drawn, "a").wide)
    assert "var(--figure-0)" in svg
    assert "currentColor" in svg
    assert '#000000 and 0.123456 are "text" &amp; stay</text>' in svg
    assert "font-family" not in svg
    assert "#0072b2" not in svg.lower()


def test_ids_are_only_those_that_are_used_and_differ_between_pictures() -> None:
    """Pictures of one page share none."""
    pictures = [svg for name in ("a", "b") for svg in picture(drawn, name)[1:]]
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in pictures]
    used = [set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg)) for svg in pictures]
    assert ids == used
    assert all(ids)
    assert len(set.union(*ids)) == sum(map(len, ids))


def test_the_same_figure_gives_the_same_bytes() -> None:
    """No date, nothing random."""
    assert picture(drawn, "a") == picture(drawn, "a")
