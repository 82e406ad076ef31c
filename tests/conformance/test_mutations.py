"""Each rule of the profiles matters: with another value a recording or a vector that its row names disagrees."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from stasis_sim.conformance import recordings, vectors
from stasis_sim.conformance.cases import VERSIONS, Case
from stasis_sim.conformance.referee import differences
from stasis_sim.conformance.replay import MakeDriver, replay
from stasis_sim.handoff.profiles import RULES, Profile, Rule

TESTS = Path(__file__).parent.parent
JUDGED = [rule for rule in RULES if not rule.evidence.startswith("sip-callers")]


def evidence(rule: Rule) -> list[str]:
    """Return the recordings and vectors that a row names; the user's document is held by stories."""
    return [word for word in re.split(r"[;,] ", re.sub(r'"[^"]*"', "", rule.evidence)) if word]


def flips(rule: Rule, mine: object) -> Iterator[tuple[str, object]]:
    """Yield what is flipped and the value in place of a profile's own; a set loses or gains one at a time."""
    for other in dict.fromkeys((rule.documented, rule.asterisk_16, rule.asterisk_22)):
        if isinstance(mine, frozenset) and isinstance(other, frozenset):
            yield from ((f"{rule.field} {one}", mine ^ {one}) for one in sorted(mine ^ other))
        elif other != mine:
            yield rule.field, other


def mutant(profile: Profile, field: str, value: object) -> Profile:
    """Return a profile with another value of a rule."""
    part, _, name = field.rpartition(".")
    changes: dict[str, Any] = {name: value}
    if not part:
        return replace(profile, **changes)
    parts: dict[str, Any] = {part: replace(getattr(profile, part), **changes)}
    return replace(profile, **parts)


@cache
def cases(file: str) -> dict[str, Case]:
    """Return the cases of a file of vectors by their ids."""
    return {case["id"]: case for case in vectors.load(TESTS / "vectors" / f"{file}.json")}


def disagrees(word: str, version: str, profile: Profile, make_driver: MakeDriver) -> bool:
    """Whether what was recorded of a version notices that a profile is another."""
    file, colon, case = word.partition(":")
    if colon:
        return any(item.differences for item in vectors.judge(cases(file)[case], version, profile))
    path = TESTS / "recordings" / f"asterisk-{version}" / f"{word}.json"
    if not path.exists():
        return False
    recording = recordings.load(path)
    return bool(differences(recording, replay(recording, make_driver, profile)))


@pytest.mark.parametrize("rule", JUDGED, ids=[rule.field for rule in JUDGED])
def test_another_value_is_noticed(
    rule: Rule, make_driver: MakeDriver, record_property: Callable[[str, object], None]
) -> None:
    """A profile with one rule flipped disagrees with all that the rule's row names."""
    noticed: dict[str, list[str]] = {}
    for version, profile in VERSIONS.items():
        for flipped, value in flips(rule, attrgetter(rule.field)(profile)):
            other = mutant(profile, rule.field, value)
            words = [word for word in evidence(rule) if disagrees(word, version, other, make_driver)]
            noticed.setdefault(flipped, []).extend(f"{version}/{word}" for word in words)
    for flipped, words in noticed.items():
        record_property("score", f"{flipped}: noticed by {', '.join(words) or 'nothing'}")
        assert words, flipped
    assert {word.partition("/")[2] for words in noticed.values() for word in words} == set(evidence(rule))
