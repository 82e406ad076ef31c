"""Each rule of the profiles matters: with another value a recording that its row names disagrees."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stasis_sim.conformance.recordings import load
from stasis_sim.conformance.referee import differences
from stasis_sim.conformance.replay import MakeDriver, replay
from stasis_sim.handoff.profiles import ASTERISK_16, ASTERISK_22, RULES, Profile, Rule

RECORDINGS = Path(__file__).parent.parent / "recordings"
JUDGED = [rule for rule in RULES if not rule.evidence.startswith("sip-callers")]


def named(rule: Rule, profile: Profile) -> list[Path]:
    """The recordings of a version that a row names."""
    words = re.split(r"[;,] ", rule.evidence)
    return [path for word in words if (path := RECORDINGS / profile.name / f"{word}.json").exists()]


@pytest.mark.parametrize("rule", JUDGED, ids=[rule.field for rule in JUDGED])
def test_another_value_is_noticed(
    rule: Rule, make_driver: MakeDriver, record_property: Callable[[str, object], None]
) -> None:
    """A profile with one rule flipped disagrees with a recording that the rule's row names."""
    noticed: list[str] = []
    for profile in (ASTERISK_16, ASTERISK_22):
        values = (rule.documented, rule.asterisk_16, rule.asterisk_22)
        mine = getattr(profile, rule.field)
        for other in [value for at, value in enumerate(values) if value != mine and value not in values[:at]]:
            flipped: dict[str, Any] = {rule.field: other}
            mutant = replace(profile, **flipped)
            for path in named(rule, profile):
                recording = load(path)
                if differences(recording, replay(recording, make_driver, mutant)):
                    noticed.append(f"{profile.name}/{recording.name}")
    record_property("score", f"{rule.field}: noticed by {', '.join(dict.fromkeys(noticed)) or 'nothing'}")
    assert noticed
