"""The site of the documentation: every page stands on a shelf, it builds without a warning, and needs no network."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
INDEX: Final = ROOT / "docs" / "index.md"

LOADED: Final = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)[^>]+src=["']?(?:https?:)?//"""
    r"""|<link[^>]+href=["']?(?:https?:)?//|@import|url\(["']?(?:https?:)?//""",
)
"""What a browser fetches by itself from elsewhere. Links that a reader may follow are none of it."""


@pytest.fixture(scope="module")
def shelves() -> ModuleType:
    """The part of the site's configuration that makes its contents."""
    spec = importlib.util.spec_from_file_location("shelves", ROOT / "docs" / "site" / "shelves.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_stands_on_one_shelf(shelves: ModuleType) -> None:
    """docs/index.md lists each page and each notebook once, and nothing that is not there."""
    text = INDEX.read_text("utf-8")
    names = [shelf["name"] for shelf in shelves.SHELF.finditer(text)]
    assert names == ["Tutorial", "How-to", "Reference", "Explanation"]
    listed = [(INDEX.parent / link["target"]).resolve() for link in shelves.LINK.finditer(text)]
    assert all(path.is_file() for path in listed)
    assert len(set(listed)) == len(listed)
    assert {*(ROOT / "docs").glob("*.md"), *(ROOT / "notebooks").glob("*.ipynb")} <= {INDEX, *listed}


def test_the_contents_are_the_shelves(shelves: ModuleType) -> None:
    """A shelf becomes a hidden toctree under its name; links in running text are no part of it."""
    text = "# Top\n\nSee [why](why.md).\n\n## One\n\n- [A](a.md): a\n- [B](../b.ipynb)\n\n## Empty\n\nNothing.\n"
    tree = "```{toctree}\n:hidden:\n:caption: One\n\na\n../b\n```\n"
    assert shelves.contents(text) == tree


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, as `make docs` builds it; notebooks that have not changed are taken from its cache."""
    folder = tmp_path_factory.mktemp("site")
    options = ["-b", "html", "-c", "docs", "-E", "-W", "--keep-going", "-q", "-d", str(folder / "doctrees")]
    command = [sys.executable, "-m", "sphinx", *options, ".", str(folder / "html")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=880)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_site_asks_nobody_for_anything(site: Path) -> None:
    """No page and no style loads a script, a picture, a font or a style from another host."""
    pages = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert (site / "docs" / "tutorial.html") in pages
    for page in pages:
        assert LOADED.search(page.read_text("utf-8")) is None, page.relative_to(site)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_pictures_are_drawn(site: Path) -> None:
    """Each mark for a picture has become one, with a description, and each notebook shows those that it draws."""
    for source in ROOT.glob("docs/*.md"):
        html = (site / "docs" / f"{source.stem}.html").read_text("utf-8")
        for kind in re.findall(r"^<!-- picture: (\w+) ", source.read_text("utf-8"), re.MULTILINE):
            assert f'<img alt="{kind.capitalize()}: ' in html, source.name
    for source in ROOT.glob("notebooks/*.ipynb"):
        html = (site / "notebooks" / f"{source.stem}.html").read_text("utf-8")
        described = re.findall(r'"alt": "([^"]+)"', source.read_text("utf-8"))
        assert described
        assert re.findall(r'<img alt="([^"]+)"', html) == described


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_links_to_files_lead_to_pages_that_show_them(site: Path) -> None:
    """A scenario that a page links to can be read on the site."""
    html = (site / "scenarios" / "README.html").read_text("utf-8")
    assert 'href="../files/scenarios/half-open.yaml.html"' in html
    shown = (site / "files" / "scenarios" / "half-open.yaml.html").read_text("utf-8")
    assert "on StasisStart" in re.sub(r"<[^>]+>", "", shown)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_functions_give_is_told_and_no_type(site: Path) -> None:
    """A colon in the first line of what a docstring returns would make a type of the words before it."""
    html = (site / "docs" / "python.html").read_text("utf-8")
    field = r">(?:Return type|Type)<span class=\"colon\">:</span></dt>\s*<dd[^>]*>(.*?)</dd>"
    given = re.findall(field, html, re.DOTALL)
    types = [re.sub(r"<[^>]+>", "", each).strip() for each in given]
    assert "Figure" in types
    assert [each for each in types if re.search(r"[a-z] [a-z]", each)] == []
