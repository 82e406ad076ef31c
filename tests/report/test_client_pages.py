"""The presets as people read them: the table and the pages of the command, and docs/clients.md.

``REFRESH_DOCS=1 pytest -n0 tests/report/test_client_pages.py`` writes the page anew.
"""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from stasis_sim.errors import InputError
from stasis_sim.report.presets import HEADING, as_json, facts, listing, page, row, said
from stasis_sim.scenario.presets import NOT_PRESETS, PRESETS

PAGE = Path(__file__).parent.parent.parent / "docs" / "clients.md"
WIDTH = 120


def generated() -> str:
    """Return the part of docs/clients.md that the presets decide."""
    lines = [f"| {' | '.join(HEADING)} |", f"|{'---|' * len(HEADING)}"]
    lines += [f"| {' | '.join(row(preset))} |" for preset in PRESETS.values()]
    for name, preset in PRESETS.items():
        told = dict(facts(preset))
        policy = textwrap.wrap(f"reconnect: {said(preset.reconnect)}", WIDTH, subsequent_indent="  ")
        lines += ["", f"## {name}", "", f"{told['is']}.", "", "```yaml", *policy, "```", ""]
        for label, text in facts(preset):
            if label not in {"is", "stands for"}:
                item = f"- {label}: {text}"
                lines += textwrap.wrap(item, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    lines += ["", "## Not simulated", ""]
    for name, why in NOT_PRESETS.items():
        lines += textwrap.wrap(f"- {name}: {why}.", WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join([*lines, ""])


def test_the_page_shows_every_preset() -> None:
    """docs/clients.md has the table, and for each preset all that is known of it."""
    text = PAGE.read_text("utf-8")
    block = re.search(r"(?<=<!-- presets -->\n).*?(?=<!-- /presets -->)", text, re.DOTALL)
    assert block is not None
    if os.environ.get("REFRESH_DOCS"):
        PAGE.write_text(text[: block.start()] + generated() + text[block.end() :], "utf-8")
        return
    assert block[0] == generated(), "REFRESH_DOCS=1 writes it anew"


@pytest.mark.parametrize("text", [listing(), *map(page, PRESETS)], ids=["listing", *PRESETS])
def test_what_is_printed_is_no_wider_than_a_terminal(text: str) -> None:
    """No line has more than 80 characters."""
    assert not [line for line in text.splitlines() if len(line) > 80]


def test_the_listing_says_who_gives_up_when() -> None:
    """One line for each preset, with the results that are known."""
    lines = {line.split()[0]: line.split()[1:] for line in listing().splitlines() if line}
    assert lines.keys() >= PRESETS.keys()
    assert lines["node-ari-client"] == ["100ms", "200ms", "400ms", "…", "42.7s", "stays", "never"]
    assert lines["ari4java"] == ["2s", "5s", "10s", "87s", "stays", "310s"]
    assert lines["asyncari"] == ["none", "at", "once", "crashes", "never"]
    assert lines["aioari"] == ["none", "at", "once", "returns", "never"]


def test_a_page_has_the_policy_and_its_sources() -> None:
    """It says what to write in a scenario instead, what to write beside it, and where each fact stands."""
    text = " ".join(page("ava-ai-voice-agent").split())
    assert "reconnect: {exponential: {initial: 2s, factor: 2, max: 60s" in text
    assert "write beside it subscribe_all: true" in text
    assert all(file in text for file, _, _ in PRESETS["ava-ai-voice-agent"].sources)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_a_preset_names_its_sources(preset: Any) -> None:
    """No fact without a file and lines; what is said to be measured has numbers."""
    assert preset.sources
    assert all(file and lines and what for file, lines, what in preset.sources)
    assert bool(preset.measured) == (preset.evidence == "source+measured")


def test_json_has_all_and_one() -> None:
    """All presets by name with those that are none, or one by itself."""
    everything = as_json(None)
    assert list(everything) == ["presets", "not_simulated"]
    assert everything["presets"]["aioari"] == as_json("aioari")
    assert as_json("aioari")["reconnect"] == {"none": {"gives_up": "returns", "connect_timeout": "system"}}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ari4jav", "clients: no such client (got ari4jav); write ari4java"),
        ("go-ari-library", f"go-ari-library: not simulated: {NOT_PRESETS['go-ari-library']}; "),
    ],
)
def test_an_unknown_name_is_said_in_one_line(name: str, text: str) -> None:
    """With the nearest known one, or with the reason why there is no preset."""
    with pytest.raises(InputError) as caught:
        page(name)
    assert str(caught.value).startswith(text)
