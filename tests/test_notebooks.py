"""The notebooks run in a clean environment, and lie in the repository without what they print.

After work on a notebook ``REFRESH_DOCS=1 pytest -n0 tests/test_notebooks.py`` takes its outputs away.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Final

import nbformat
import pytest
from nbclient import NotebookClient

ROOT: Final = Path(__file__).parent.parent
NOTEBOOKS: Final = tuple(sorted((ROOT / "notebooks").glob("*.ipynb")))
WIDTH: Final = 120

KERNEL: Final = {"display_name": "Python 3", "language": "python", "name": "python3"}
KEPT: Final = ("mystnb",)
"""What is kept of a cell's metadata: how its picture is described to those who cannot see it."""


def bare(notebook: dict[str, Any]) -> str:
    """Return a notebook as it is committed: no outputs, no counts, cells numbered in their order."""
    cells = []
    for number, cell in enumerate(notebook["cells"], 1):
        kept = {key: value for key, value in cell["metadata"].items() if key in KEPT}
        source = "".join(cell["source"]).splitlines(keepends=True)
        common = {"cell_type": cell["cell_type"], "id": f"cell-{number:02}", "metadata": kept}
        if cell["cell_type"] == "code":
            cells.append({**common, "execution_count": None, "outputs": [], "source": source})
        else:
            cells.append({**common, "source": source})
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which nobody has set up a kernel, a configuration or a backend of matplotlib."""
    for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    for name in ("MPLBACKEND", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)


def named(path: Path) -> str:
    """Return how a test of a notebook is called."""
    return path.stem


def test_there_are_five() -> None:
    """01 to 05, without a gap."""
    assert [path.name[:3] for path in NOTEBOOKS] == ["01-", "02-", "03-", "04-", "05-"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_outputs_are_not_committed(path: Path) -> None:
    """A notebook has no outputs and no counts, and equal notebooks are equal files."""
    text = path.read_text("utf-8")
    if os.environ.get("REFRESH_DOCS"):
        path.write_text(bare(json.loads(text)), "utf-8")
    else:
        assert text == bare(json.loads(text)), "REFRESH_DOCS=1 writes it anew"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
@pytest.mark.usefixtures("clean")
def test_notebooks_run(path: Path) -> None:
    """Each runs from its first cell to its last, whose assertions hold what the text says."""
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[-1].cell_type == "code"
    assert "assert " in notebook.cells[-1].source
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(path.parent)}}).execute()
    shown = [set(output.data) for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]
    assert any("image/svg+xml" in kinds for kinds in shown), "it shows no picture"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_every_picture_is_described(path: Path) -> None:
    """A cell that draws says for those who cannot see it what is to be seen."""
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        last = "".join(cell["source"]).splitlines()[-1]
        if cell["cell_type"] == "code" and re.match(r"(\w+\.|\w+\[.*\]\.)?(plot|picture|outcomes|agreement)\(", last):
            assert cell["metadata"]["mystnb"]["image"]["alt"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_text_is_narrow_and_its_links_lead_somewhere(path: Path) -> None:
    """No line of text is wider than 120 characters, and every link finds its file."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    assert not [line for line in text.splitlines() if len(line) > WIDTH]
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert (path.parent / target).exists(), target
