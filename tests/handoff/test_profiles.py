"""The table of differences between the profiles."""

from __future__ import annotations

from dataclasses import fields

import pytest

from stasis_sim.handoff.profiles import ASTERISK_16, ASTERISK_22, DOCUMENTED, PROFILES, RULES, Profile, Rule


def test_every_rule_has_a_row() -> None:
    """The table has one row for each rule of a profile, and each names its evidence."""
    assert [rule.field for rule in RULES] == [field.name for field in fields(Profile) if field.name != "name"]
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
        assert getattr(DOCUMENTED, rule.field) == rule.documented
        assert getattr(ASTERISK_16, rule.field) == rule.asterisk_16
        assert getattr(ASTERISK_22, rule.field) == rule.asterisk_22
