"""Extensions are found as real Asterisks found them, in Asterisk's order, and fast."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.conformance.vectors import judge_file, score
from stasis_sim.handoff.dialplan.contexts import Dialplan, Include, Step
from stasis_sim.handoff.dialplan.newmatcher import NewMatcher
from stasis_sim.handoff.dialplan.patterns import PatternIndex, identity, matches, pattern_key
from stasis_sim.handoff.dialplan.timing import TimeCondition, parse_time

VECTORS = Path(__file__).parents[2] / "vectors"


def test_recorded_lookups(record_property: Callable[[str, object], None]) -> None:
    """A call to an extension starts with the line that a real Asterisk started with, or nowhere."""
    items = [item for name in ("patterns", "lookups") for item in judge_file(VECTORS / f"dialplan_{name}.json")]
    record_property("score", f"look-ups: {score(items)}")
    wrong = [f"{item.id} {item.version}: {item.differences[0]}" for item in items if item.differences]
    assert items
    assert not wrong, "\n".join(wrong)


# -- a reference that scans: positions as (rank, characters), compared one by one ---------------------------------

RANGES = {"X": "0123456789", "Z": "123456789", "N": "23456789"}
PATTERNS = st.text(alphabet="12XZN.!-", max_size=6).map(lambda text: "_" + text) | st.builds(
    lambda left, inside, right: f"_{left}[{inside}]{right}",
    st.text(alphabet="12XN", max_size=2),
    st.sampled_from(["1", "12", "1-3", "2-5", "35", "0-9"]),
    st.text(alphabet="1X.!", max_size=2),
)
NUMBERS = st.text(alphabet="0123-", max_size=6)


def spread(pattern: str) -> list[str]:
    """Return what each position of a pattern may be; "." and "!" stand for themselves."""
    found: list[str] = []
    text = pattern[1:]
    while text:
        if text[0] == "[":
            inside, _, text = text[1:].partition("]")
            low, dash, high = inside.partition("-")
            found.append("".join(map(chr, range(ord(low), ord(high) + 1))) if dash else inside)
            continue
        if text[0] != "-":
            found.append(RANGES.get(text[0], text[0]))
        text = text[1:]
    return found


def reference_match(pattern: str, number: str) -> bool:
    """Decide by walking both."""
    number = number.replace("-", "")
    for place in spread(pattern):
        if place == "!":
            return True
        if not number:
            return False
        if place == ".":
            return True
        if number[0] not in place:
            return False
        number = number[1:]
    return not number


def reference_key(pattern: str) -> list[tuple[int, int, str]]:
    """Return a key: sets by size, lowest character, members; then ".", "!", the end."""
    special = {".": 1, "!": 2}
    return [
        (special.get(place, 0), 0 if place in special else len(place), "" if place in special else place)
        for place in spread(pattern)
    ] + [(3, 0, "")]


@given(st.lists(PATTERNS, max_size=12), NUMBERS)
def test_the_index_finds_what_a_scan_finds(patterns: list[str], number: str) -> None:
    """The trie yields exactly the patterns that match, in the order of a sorted list."""
    unique = {reference_key_text(pattern): pattern for pattern in reversed(patterns)}
    index: PatternIndex[str] = PatternIndex()
    for pattern in unique.values():
        index.add(pattern, pattern)
    wanted = [pattern for pattern in unique.values() if reference_match(pattern, number)]
    assert index.find(number) == sorted(wanted, key=reference_key)


def reference_key_text(pattern: str) -> str:
    """Return a text that is the same for two spellings of one pattern."""
    return repr(reference_key(pattern))


@given(st.text(max_size=8).map(lambda text: "_" + text), st.text(max_size=8))
def test_any_text_can_be_a_pattern(pattern: str, number: str) -> None:
    """No text makes the matcher raise, and a pattern is found by its own name."""
    index: PatternIndex[str] = PatternIndex()
    index.add(pattern, pattern)
    index.find(number)
    index.more(number)
    assert pattern in index.find(pattern)
    assert isinstance(matches(pattern, number), bool)
    NewMatcher([(pattern, None, 1), (pattern[1:], "5", 2)]).find(number, "5")


@pytest.mark.parametrize(
    ("one", "other"), [("_X.", "_[0-9]."), ("_[1-3]X", "_[123]X"), ("_[5]", "_5"), ("_1-2", "_12"), ("12-3", "123")]
)
def test_two_spellings_of_one_extension(one: str, other: str) -> None:
    """Patterns that match alike at every position are one extension."""
    assert identity(one) == identity(other)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("_12.", "_1X34"),
        ("_X!", "_X"),
        ("_N!", "_X"),
        ("_123", "_12"),
        ("_[2-4]1", "_[3-5]1"),
        ("_X.", "_X!"),
        ("_5", "_[5-6]"),
    ],
)
def test_what_comes_first(first: str, second: str) -> None:
    """The left-most differing position decides; a longer pattern comes before its own beginning."""
    assert pattern_key(first) < pattern_key(second)


def test_more_digits_could_match() -> None:
    """Collecting goes on as long as a longer number could match; a pattern that ends with ! is final."""
    index: PatternIndex[str] = PatternIndex()
    for name in ("12", "1234", "_5XX", "_6!", "_7."):
        index.add(name, name)
    more = {
        number: index.more(number) for number in ("", "1", "12", "123", "1234", "5", "55", "555", "6", "7", "77", "9")
    }
    assert [number for number, answer in more.items() if answer] == ["", "1", "12", "123", "5", "55", "7", "77"]


def test_time_conditions() -> None:
    """Both ends count, ranges wrap, zones are obeyed, and what cannot be read holds never."""
    monday_noon = 1_799_064_000 * 1_000_000  # 2027-01-04 12:00 UTC
    for text, holds in [
        ("*", True),
        ("12:00,mon,4,jan", True),
        ("12:01-11:59", False),
        ("22:00-12:00,sat-mon,31-4,dec-jan", True),
        ("13:00,*,*,*,Europe/Paris", True),
        ("*,tue&mon", True),
        ("*,*,5", False),
        ("25:00", False),
        (" *", False),
        ("12:00 - 13:00", True),
        ("*,2", True),
        ("*,*,*,*,Nowhere/Land", True),
    ]:
        assert parse_time(text)[0].holds(monday_noon) == holds, text
    assert parse_time("25:00-xx,foo,99,bar")[1] == (
        "Invalid time range starting with '25:00-'.",
        "Invalid day of week 'foo', skipping element",
        "Invalid day '99', skipping element",
        "Invalid month 'bar', skipping element",
    )


def test_a_lookup_does_not_scan() -> None:
    """With 100,000 extensions a look-up takes microseconds."""
    dialplan = Dialplan()
    context = dialplan.context("c")
    for number in range(100_000):
        name = f"_{number}X." if number % 2 else str(number)
        context.add(Step(1, "", "NoOp", "", pattern=name))
    best = 1.0
    for _ in range(5):
        start = time.perf_counter()
        for number in range(1_000):
            assert dialplan.find("c", f"7{number}3123") is not None or number
        best = min(best, (time.perf_counter() - start) / 1_000)
    assert best < 200e-6


def test_lookups_that_can_be_kept() -> None:
    """Only where neither a timed include nor a caller's number decides can an answer be kept."""
    dialplan = Dialplan()
    for name in ("plain", "timed", "caller", "outer"):
        dialplan.context(name)
    dialplan.context("timed").includes.append(Include("plain", TimeCondition()))
    dialplan.context("caller").add(Step(1, "", "NoOp", "", pattern="1"), "555")
    dialplan.context("outer").includes.append(Include("caller"))
    assert [dialplan.settled(name) for name in ("plain", "timed", "caller", "outer", "nosuch")] == [
        True,
        False,
        False,
        False,
        True,
    ]
