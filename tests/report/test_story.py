"""The comment at the head of a scenario as the text of a page."""

from __future__ import annotations

import pytest

from stasis_sim.report.story import blocks
from stasis_sim.scenario import Scenario
from tests.report.results import STORY, TEXT


def test_a_story_is_the_comment_at_the_head_of_the_file() -> None:
    """Without its marks, also of a scenario that was changed; comments further down are none of it."""
    told = "\n".join(line.removeprefix("# ").removeprefix("#") for line in STORY.splitlines())
    scenario = Scenario.parse(f"{STORY}{TEXT}# the end\n")
    assert scenario.story == told
    assert scenario.where({"run.seed": 4}).story == told
    assert Scenario.parse(TEXT).story == ""


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ("", []),
        ("One line.", [(False, ["One line."])]),
        ("Two\nlines.\n\nA second paragraph.", [(False, ["Two lines."]), (False, ["A second paragraph."])]),
        ("Asked in:\n  one\n  two\n    goes on", [(False, ["Asked in:"]), (True, ["one", "two goes on"])]),
        ("  an item first\nThen text.", [(True, ["an item first"]), (False, ["Then text."])]),
        ("  stasis-sim run `a`  runs <it>", [(True, ["<code>stasis-sim run `a`</code> runs &lt;it&gt;"])]),
        ("  https://example.org  has it", [(True, ['<a href="https://example.org">example.org</a> has it'])]),
        ("Run `a < b`.", [(False, ["Run <code>a &lt; b</code>."])]),
        (
            "See https://example.org/a?b=1&c=2.",
            [(False, ['See <a href="https://example.org/a?b=1&amp;c=2">example.org/a?b=1&amp;c=2</a>.'])],
        ),
        (
            "See <https://example.org/x>.",
            [(False, ['See &lt;<a href="https://example.org/x">example.org/x</a>&gt;.'])],
        ),
        ('<script>"x"</script>', [(False, ["&lt;script&gt;&#34;x&#34;&lt;/script&gt;"])]),
    ],
)
def test_paragraphs_lists_links_and_code(story: str, expected: list[tuple[bool, list[str]]]) -> None:
    """Lines that are indented are items, more deeply indented ones go on; nothing of it is taken for a tag."""
    assert [(block.listed, list(map(str, block.texts))) for block in blocks(story)] == expected
