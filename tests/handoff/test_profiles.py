"""The table of differences between the profiles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from operator import attrgetter

import pytest

from stasis_sim.handoff.dialplan.thread import DialplanRules
from stasis_sim.handoff.http_server.rules import AccessRules
from stasis_sim.handoff.http_server.settings import AriSettings, HttpSettings
from stasis_sim.handoff.profiles import ASTERISK_16, ASTERISK_22, DOCUMENTED, PROFILES, RULES, Profile, Rule

PARTS = {"dialplan": DialplanRules, "access": AccessRules}


def rules() -> Iterator[str]:
    """Yield the rules of a profile, those of its parts with the part's name."""
    for field in fields(Profile):
        if field.name in PARTS:
            yield from (f"{field.name}.{inner.name}" for inner in fields(PARTS[field.name]))
        elif field.name != "name":
            yield field.name


def test_every_rule_has_a_row() -> None:
    """The table has one row for each rule of a profile, and each names its evidence."""
    assert [rule.field for rule in RULES] == list(rules())
    assert all(rule.evidence for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=[rule.field for rule in RULES])
def test_a_rule_differs_somewhere(rule: Rule) -> None:
    """A row in which all profiles agree is no row."""
    assert not rule.documented == rule.asterisk_16 == rule.asterisk_22


@pytest.mark.parametrize("rule", RULES, ids=[rule.field for rule in RULES])
def test_documented_is_22_where_the_document_is_silent(rule: Rule) -> None:
    """Where `documented` differs from 22 the row quotes the user's document."""
    assert rule.documented == rule.asterisk_22 or '"' in rule.evidence


def test_profiles_are_columns() -> None:
    """Each profile holds its column of the table."""
    assert list(PROFILES) == ["documented", "asterisk-16", "asterisk-22"]
    for rule in RULES:
        value = attrgetter(rule.field)
        assert value(DOCUMENTED) == rule.documented
        assert value(ASTERISK_16) == rule.asterisk_16
        assert value(ASTERISK_22) == rule.asterisk_22


def test_settings_made_by_hand_are_those_of_22() -> None:
    """Who names no rules gets those of 22, in every place that takes some."""
    assert HttpSettings().rules == AriSettings().rules == ASTERISK_22.access
    assert DialplanRules() == ASTERISK_22.dialplan
