"""A Sphinx extension: a link from a page to a file that is no page, such as a scenario, leads to one that shows it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import download_reference
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

LEXERS = {".yaml": "yaml", ".conf": "ini", ".json": "json", ".py": "python"}


def link_sources(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Make links to files, which Sphinx would offer for download, links to pages."""
    for link in list(doctree.findall(download_reference)):
        file = (Path(app.srcdir, page).parent / link["reftarget"]).resolve().relative_to(app.srcdir)
        shown(app).add(str(file))
        target = app.builder.get_relative_uri(page, f"files/{file}")
        link.replace_self(nodes.reference("", "", *link.children, refuri=target, internal=True))


def shown(app: Sphinx) -> set[str]:
    """Return the files that some page links to, relative to the root of the repository."""
    found: set[str] = app.builder.__dict__.setdefault("linked_sources", set())
    return found


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield a page for each of these files."""
    for file in sorted(shown(app)):
        text = Path(app.srcdir, file).read_text("utf-8")
        body = app.builder.highlighter.highlight_block(text, LEXERS.get(Path(file).suffix, "text"))
        yield f"files/{file}", {"title": file, "body": f'<h1>{file}</h1><div class="file">{body}</div>'}, "page.html"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Let Sphinx know."""
    app.connect("doctree-resolved", link_sources)
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": True}
