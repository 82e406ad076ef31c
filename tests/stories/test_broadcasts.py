"""Stories of StasisBroadcast: several apps are offered a call, and the first claim that reaches Asterisk gets it."""

from __future__ import annotations

import pytest

from tests.stories.stage import MS, S, Stage

OFFER = """
asterisk:
  profile: asterisk-22
  extensions: |
    [default]
    exten => any,1,StasisBroadcast(500,,a:b)
     same => n,NoOp(${STASISSTATUS})
     same => n,Playback(sorry)
  sounds: {default: 2s}
"""
FAST = "fast: {apps: Fast, on CallBroadcast: [claim], on StasisStart: [answer, {play: 1s}, continue]}"
SLOW = "slow: {apps: Slow, on CallBroadcast: [{wait: 10ms}, claim], on StasisStart: [answer]}"


def story(clients: str, faults: str = "[]", at: str = "1s", profile: str = "") -> Stage:
    """Offer one call to some clients."""
    calls = f"calls: [{{to: any@default, arrivals: {{at: {at}}}, hold: 20s, patience: 9s, kind: local}}]"
    text = f"{OFFER}clients: {{{clients}}}\n{calls}\nfaults: {faults}\nrun: {{duration: 40s}}\n"
    return Stage(text, profile)


@pytest.mark.parametrize("profile", ["documented", "asterisk-22"])
def test_the_first_claim_wins(profile: str) -> None:
    """All apps are told; the first claim gets 204 and the call, the next one 409."""
    told = story(f"{FAST}, {SLOW}", profile=profile)
    assert [(each.app, each.type, each.raised) for each in told.events[:3]] == [
        ("Fast", "CallBroadcast", 1 * S),
        ("Slow", "CallBroadcast", 1 * S),
        ("Fast", "StasisStart", 1 * S + 4 * MS),
    ]
    claims = [(each.client, each.at, each.status) for each in told.commands if each.path.endswith("/claim")]
    assert claims == [("fast", 1 * S + 3 * MS, 204), ("slow", 1 * S + 13 * MS, 409)]
    (attempt,) = told.attempts
    assert (attempt.app, attempt.args, attempt.at, attempt.result) == ("Fast", ("a", "b"), 1 * S, "entered")
    assert attempt.first_command == 1 * S + 8 * MS  # the answer; a claim is no command on the call
    assert told.outcomes == ["served"]


def test_a_claim_after_the_stay_finds_nothing() -> None:
    """Once the winner has let the call go on, a claim gets 404."""
    told = story(f"{FAST}, {SLOW.replace('10ms', '3s')}")
    assert [each.status for each in told.commands if each.path.endswith("/claim")] == [204, 404]


def test_nobody_claims_in_time() -> None:
    """After the timeout of StasisBroadcast() the dialplan goes on; a late claim gets 404."""
    told = story(SLOW.replace("10ms", "600ms"))
    (attempt,) = told.attempts
    assert (attempt.app, attempt.at, attempt.result, attempt.reason) == ("", 1 * S, "ejected", "claim_timeout")
    assert [each.status for each in told.commands] == [404]
    assert told.outcomes == ["fallback"]


def test_who_is_away_is_not_asked() -> None:
    """An app whose connection broke does not hear of the offer, and the other gets the call."""
    told = story(f"{FAST}, {SLOW}", "[{drop: fast, at: 500ms, for: 9s}]")
    assert told.attempts[0].app == "Slow"
    assert {each.app for each in told.events if each.raised >= 1 * S} == {"Slow"}


def test_a_winner_whose_connection_breaks_before_its_claim() -> None:
    """Its claim wins, but its app is gone: the call is ejected, and the slower one does not get it."""
    told = story(f"{FAST}, {SLOW}", "[{drop: fast, at: 1003500us, for: 9s}]")
    assert [each.status for each in told.commands] == [204, 404]
    assert told.results == ["ejected forgotten"]
    assert told.attempts[0].app == "Fast"


def test_a_winner_that_dies_before_its_stasis_start() -> None:
    """The call is inside an app that will never hear of it: stranded, whoever else there is."""
    told = story(f"{FAST}, {SLOW}", "[{crash: fast, at: 1004500us, start: 5s}]")
    assert told.results == ["entered"]
    assert [each.fate for each in told.events if each.type == "StasisStart"] == ["lost"]
    assert told.outcomes == ["stranded"]


def test_a_caller_who_hangs_up_while_the_call_is_on_offer() -> None:
    """The offer is over, and the claim comes too late."""
    told = story(SLOW.replace("10ms", "300ms"), at="[1s]", profile="asterisk-22")
    assert told.results == ["entered"]
    impatient = Stage(told.scenario.where({"calls.0.patience": "100ms"}))
    assert impatient.results == ["ejected claim_timeout"]
    assert [each.status for each in impatient.commands] == [404]
    assert impatient.outcomes == ["abandoned"]


def test_16_has_no_broadcast() -> None:
    """The application is not there, and the call ends."""
    told = story(FAST, profile="asterisk-16")
    assert told.outcomes == ["untouched"]
