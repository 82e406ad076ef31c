"""A Sphinx extension: a comment such as ``<!-- picture: timeline scenarios/half-open.yaml -->`` becomes a picture.

Where the Markdown is read as it is, nobody sees the comment. The kinds are those of DRAW; behind the file, which is
relative to the root of the repository, there may be overrides: ``run.seed=3``. The file ``new`` is the scenario that
``stasis-sim new`` writes.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from stasis_sim import Scenario, run
from stasis_sim.experiments.sweeps import sweep
from stasis_sim.report.outcomes_figure import outcomes
from stasis_sim.report.pictures import save
from stasis_sim.report.sweeps import picture
from stasis_sim.report.swimlane import swimlane
from stasis_sim.scenario.template import TEMPLATE

MARK = re.compile(r"<!-- picture: (?P<kind>[a-z]+) (?P<file>\S+)(?P<settings>(?: \S+=\S+)*) -->")

DRAW: dict[str, Callable[[Scenario], Figure]] = {
    "timeline": lambda scenario: run(scenario, replications=1).plot(),
    "outcomes": lambda scenario: outcomes(run(scenario).measures["apps"]),
    "swimlane": lambda scenario: swimlane(run(scenario, replications=1)),
    "sweep": lambda scenario: picture(sweep(scenario), "ejection_rate"),
}
"""Each kind of picture, from its scenario."""


def add_pictures(app: Sphinx, _page: str, source: list[str]) -> None:
    """Draw what a page asks for, and put it there."""

    def drawn(mark: re.Match[str]) -> str:
        words = [mark["kind"], Path(mark["file"]).stem, *re.findall(r"[\w.]+", mark["settings"])]
        path = Path(app.doctreedir) / "pictures" / f"{'-'.join(words)}.svg"
        scenario = _load(Path(app.srcdir), mark["file"], mark["settings"].split())
        path.parent.mkdir(parents=True, exist_ok=True)
        save(DRAW[mark["kind"]](scenario), path)
        return f"![{mark['kind'].capitalize()}: {scenario.title}](/{os.path.relpath(path, app.srcdir)})"

    source[0] = MARK.sub(drawn, source[0])


def _load(root: Path, file: str, settings: list[str]) -> Scenario:
    if file == "new":
        return Scenario.parse(TEMPLATE, name="my.yaml", overrides=settings)
    return Scenario.load(root / file, settings)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Let Sphinx know."""
    app.connect("source-read", add_pictures)
    return {"parallel_read_safe": True}
