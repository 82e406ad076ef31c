"""The comment at the head of a scenario as the text of a page: paragraphs, lists and links."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from markupsafe import Markup, escape

_LINK: Final = re.compile(r"https?://[^\s<>]+[^\s<>.,;:)]")
_CODE: Final = re.compile(r"`([^`]+)`")


class Block(NamedTuple):
    """A part of a story.

    Attributes:
        listed: Whether it is a list; else it is one paragraph.
        texts: The paragraph, or the items of the list.
    """

    listed: bool
    texts: list[Markup]


def blocks(story: str) -> list[Block]:
    """Take a story apart: lines that are indented are items of a list, more deeply indented ones go on with an item."""
    found: list[tuple[bool, list[str]]] = []
    fresh = True
    for line in story.splitlines():
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if not text:
            fresh = True
        elif not indent:
            if fresh or found[-1][0]:
                found.append((False, [text]))
            else:
                found[-1][1][-1] += f" {text}"
            fresh = False
        elif not found or not found[-1][0]:
            found.append((True, [text]))
        elif indent > _INDENT:
            found[-1][1][-1] += f" {text}"
        else:
            found[-1][1].append(text)
    return [Block(listed, [_item(item) if listed else _rich(item) for item in items]) for listed, items in found]


_INDENT: Final = 2
"""Of an item of a list, in spaces."""


def _item(text: str) -> Markup:
    """Take what stands before a gap for a command, if it is no address: what follows explains it."""
    head, *rest = re.split(r"\s{2,}", text, maxsplit=1)
    if not rest or _LINK.match(head):
        return _rich(text)
    return Markup("<code>{}</code> {}").format(head, _rich(rest[0]))


def _rich(text: str) -> Markup:
    """Make links of addresses, and code of what stands between backticks."""
    words, at = "", 0
    text = re.sub(r"\s+", " ", text)
    for found in _LINK.finditer(text):
        link = str(escape(found[0]))
        words += f'{escape(text[at : found.start()])}<a href="{link}">{link.partition("://")[2]}</a>'
        at = found.end()
    words += str(escape(text[at:]))
    # Everything that was not made here has been escaped.
    return Markup(_CODE.sub(r"<code>\1</code>", words))  # noqa: S704
