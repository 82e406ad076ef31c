"""A Sphinx extension: the shelves of docs/index.md, which are lists of links, are the table of contents of the site."""

import re

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

SHELF = re.compile(r"^## (?P<name>.+)\n(?P<text>(?:(?!## ).*\n)*)", re.MULTILINE)
LINK = re.compile(r"^- \[[^]]+\]\((?P<target>[^)#]+\.(?:md|ipynb))\)", re.MULTILINE)


def contents(index: str) -> str:
    """Return a hidden toctree for each shelf: a heading with a list whose entries begin with a link to a page."""
    trees = []
    for shelf in SHELF.finditer(index):
        pages = [link["target"].rpartition(".")[0] for link in LINK.finditer(shelf["text"])]
        if pages:
            trees += ["```{toctree}", ":hidden:", f":caption: {shelf['name']}", "", *pages, "```", ""]
    return "\n".join(trees)


def add_contents(app: Sphinx, page: str, source: list[str]) -> None:
    """Add them to the index."""
    if page == app.config.root_doc:
        source[0] += "\n" + contents(source[0])


def setup(app: Sphinx) -> ExtensionMetadata:
    """Let Sphinx know."""
    app.connect("source-read", add_contents)
    return {"parallel_read_safe": True}
