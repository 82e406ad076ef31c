"""What an app believes of a call, by what it has heard and what not."""

from __future__ import annotations

import pytest

from stasis_sim.observe.hearing import deceived, farewells, meaning
from stasis_sim.observe.trace import Attempt, Event
from stasis_sim.observe.vocabulary import FATES, MEANINGS
from stasis_sim.scenario.events import EVENT_TYPES

SHORT = {
    "S": "StasisStart",
    "E": "StasisEnd",
    "H": "ChannelHangupRequest",
    "C": "ChannelCreated",
    "D": "ChannelDestroyed",
    "P": "PlaybackFinished",
}
FATE = {"+": "delivered", "~": "late", "-": "missed", "x": "lost", "?": "pending"}


def told(words: str) -> list[Event]:
    """Events of a call, one microsecond after the other: ``S+ E-`` is a StasisStart delivered and a StasisEnd missed.

    One for another app than ``ivr`` has its name before it: ``menu:S+``.
    """
    events = []
    for number, word in enumerate(words.split(), 1):
        app, _, rest = word.rpartition(":")
        event = Event(number, app or "ivr", SHORT[rest[0]], number)
        event.fate = FATE[rest[1]]
        events.append(event)
    return events


def stay(at: int, *, commanded: bool) -> Attempt:
    """An attempt that entered."""
    attempt = Attempt("ivr", (), at, "entered")
    attempt.first_command = at + 1 if commanded else None
    return attempt


@pytest.mark.parametrize(
    ("words", "meanings"),
    [
        ("S+ H- E-", "repeated stale_state"),
        ("S~ Hx Ex", "repeated stale_state"),
        ("S- H- E-", "never_knew never_knew"),
        ("S? H- E-", "never_knew never_knew"),
        ("S+ H- E+", "repeated"),
        ("S+ H- E?", "repeated"),
        ("S+ H-", "information"),
        ("S+ P- E-", "stale_state"),
        ("C+ S- E- D-", "stale_state stale_state"),
        ("C+ D-", "stale_state"),
        ("C+ S+ E+ D-", "repeated"),
        ("C+ S+ E- D+", "repeated"),
        ("S+ E- S+ E-", "repeated stale_state"),
        ("S+ E- S- E-", "stale_state stale_state"),
        ("S- E- S+ E-", "never_knew stale_state"),
        ("S+ E+ S- E-", "repeated"),
        ("S+ menu:S- E- menu:E-", "stale_state never_knew"),
    ],
)
def test_what_an_unheard_end_means_hangs_on_what_else_was_heard(words: str, meanings: str) -> None:
    """State is left behind if the app knew of the call, and nothing that it heard before or after tells of its end."""
    assert list(farewells(told(words), [])) == meanings.split()


@pytest.mark.parametrize(
    ("words", "over", "apps"),
    [
        ("S+ E-", True, ["ivr"]),
        ("S+ E-", False, ["ivr"]),
        ("S+ E+", True, []),
        ("S+ E?", True, []),
        ("S- E-", True, []),
        ("S+", True, ["ivr"]),
        ("S+", False, []),
        ("S+ E- S+", False, []),
        ("C+ S+ E- D+", True, []),
        ("C+", True, ["ivr"]),
        ("S+ menu:C~ E- menu:Dx", True, ["ivr", "menu"]),
    ],
)
def test_who_believes_in_a_call_that_is_gone(words: str, over: bool, apps: list[str]) -> None:
    """Each app that knew of it and was never told, also where nothing was raised for it to miss."""
    assert list(deceived(told(words), [], over=over)) == apps


def test_who_has_sent_a_command_knows_of_the_call() -> None:
    """A client that found the call in the list of channels misses its end like one that had heard its StasisStart."""
    events = told("S- E-")
    assert list(farewells(events, [stay(1, commanded=True)])) == ["stale_state"]
    assert deceived(events, [stay(1, commanded=True)], over=True) == ("ivr",)
    assert list(farewells(events, [stay(1, commanded=False)])) == ["never_knew"]


def test_a_command_counts_for_its_own_stay() -> None:
    """What was done in the second stay says nothing of the end of the first."""
    events = told("S- E- S- E-")
    stays = [stay(1, commanded=False), stay(3, commanded=True)]
    assert list(farewells(events, stays)) == ["never_knew", "stale_state"]


def test_every_event_has_a_meaning() -> None:
    """Whatever its type and fate, the meaning is one of the closed list."""
    found = {meaning(type_, fate, about=about) for type_ in EVENT_TYPES for fate in FATES for about in (True, False)}
    assert found <= set(MEANINGS)
    assert found == set(MEANINGS) - {"stale_state", "never_knew", "repeated", "statistics"}


def test_what_comes_late_about_no_call_is_information() -> None:
    """Nobody acts on ApplicationRegistered; a late StasisStart makes a caller wait."""
    assert meaning("ApplicationRegistered", "late", about=False) == "information"
    assert meaning("StasisStart", "late", about=True) == "acted_late"


@pytest.mark.parametrize("type_", ["BridgeCreated", "BridgeDestroyed", "BridgeMerged", "ChannelEnteredBridge"])
def test_who_misses_what_becomes_of_a_bridge_is_wrong_about_it(type_: str) -> None:
    """Whether it is about a channel or not."""
    assert {meaning(type_, "missed", about=about) for about in (True, False)} == {"stale_bridge"}
