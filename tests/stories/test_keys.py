"""Stories of callers who press keys, and of those whom nobody hears."""

from __future__ import annotations

import pytest

from tests.stories.stage import MS, Stage

DTMF = "ChannelDtmfReceived"


def story(
    *, keys: str, faults: str = "", more: str = "", todo: str = "answer", after: str = "Hangup()", profile: str = ""
) -> Stage:
    """One caller comes at 1 s and is answered at 1.004 s."""
    return Stage(
        f"""
asterisk:
  profile: asterisk-22
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,{after}
    exten => 12,1,Wait(5)
    exten => t,1,Hangup(17)
clients:
  ivr:
    apps: Intro-IVR
    on StasisStart: {todo}
    on ChannelDtmfReceived: {{set: {{HEARD: yes}}}}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}, keys: {keys}, {more}}}]
faults: [{faults}]
run: {{duration: 60s}}
""",
        profile,
    )


def keys(story: Stage) -> list[tuple[int, str, int | None]]:
    """When each key was let go of inside Stasis, and what became of its event."""
    return [(at, fate, delivered) for at, type_, fate, delivered in story.heard() if type_ == DTMF]


def test_the_app_hears_of_each_key_when_it_is_let_go_of() -> None:
    """Each key takes 100 ms, from so long after the first command, or after the entry before."""
    found = story(keys='[{after: 2s, press: "12"}, {after: 3s, press: "#"}]')
    pressed = [3104 * MS, 3204 * MS, 6304 * MS]
    assert keys(found) == [(at, "delivered", at + 1 * MS) for at in pressed]
    done = [(at, path) for at, _, path, _ in found.requests() if path == "c1/variable"]
    assert done == [(at + 3 * MS, "c1/variable") for at in pressed]


def test_who_is_never_answered_presses_nothing() -> None:
    """There is nothing to press keys for before anybody has done anything."""
    assert keys(story(keys='[{after: 2s, press: "1"}]', todo="[]")) == []


AWAY = "{drop: ivr, at: 2s, for: 6s}"
"""The client is back at its try at 8 s, and connected 2 ms later."""


def test_a_key_that_is_pressed_while_the_app_is_away_is_missed() -> None:
    """Without `repeat` the caller waits for a reaction that never comes."""
    assert keys(story(keys='[{after: 2s, press: "1"}]', faults=AWAY)) == [(3104 * MS, "missed", None)]


def test_a_caller_whom_the_app_does_not_hear_presses_again() -> None:
    """All keys of the entry, so long after them, until the app is back; the next entry waits for that."""
    found = keys(story(keys='[{after: 2s, press: "12", repeat: 3s}, {after: 1s, press: "#"}]', faults=AWAY))
    assert [(at // MS, fate) for at, fate, _ in found] == [
        (3104, "missed"),
        (3204, "missed"),
        (6304, "missed"),
        (6404, "missed"),
        (9504, "delivered"),
        (9604, "delivered"),
        (12704, "delivered"),  # 9.604 s, the three seconds in which he would have pressed again, and 100 ms
    ]


def test_who_is_heard_half_presses_all_again() -> None:
    """The app was cut off between two keys, so it hears the first one twice."""
    found = keys(story(keys='[{after: 2s, press: "12", repeat: 3s}]', faults="{drop: ivr, at: 3150ms, for: 1s}"))
    assert [(at // MS, fate) for at, fate, _ in found] == [
        (3104, "delivered"),
        (3204, "missed"),
        (6304, "delivered"),
        (6404, "delivered"),
    ]


def test_keys_behind_a_frozen_link_come_late_and_twice() -> None:
    """Nobody reacts, so the caller presses again; when the link thaws the app hears both."""
    found = keys(story(keys='[{after: 2s, press: "1", repeat: 3s}]', faults="{freeze: ivr, at: 2s, for: 6s}"))
    assert [(at // MS, fate, (delivered or 0) // MS) for at, fate, delivered in found] == [
        (3104, "late", 8001),
        (6204, "late", 8001),
    ]


def test_keys_on_their_way_when_the_connection_breaks_are_pressed_again() -> None:
    """What was written and never arrived was not heard."""
    found = keys(story(keys='[{after: 2s, press: "1", repeat: 3s}]', faults="{drop: ivr, at: 3104500us}"))
    assert [(at // MS, fate) for at, fate, _ in found] == [(3104, "lost"), (6204, "delivered")]


@pytest.mark.parametrize(
    ("after", "cause", "ended"),
    [
        ("WaitExten(5)", 0, 8304 * MS),  # 12 is known as soon as it is dialled, and waits for 5 s
        ("Wait(9)", 0, 10_007 * MS),  # nobody reads them
    ],
)
def test_in_the_dialplan_keys_reach_what_reads_them(after: str, cause: int, ended: int) -> None:
    """They are no events for anybody then, and nobody presses them again."""
    found = story(
        keys='[{after: 2100ms, press: "12", repeat: 1s}]', todo="[answer, continue]", after=after, profile="asterisk-22"
    )
    assert keys(found) == []
    assert [(call.hangup_cause, call.ended) for call in found.calls] == [(cause, ended)]


def test_who_has_hung_up_or_vanished_presses_nothing_more() -> None:
    """He is not there any more."""
    entry = '[{after: 1s, press: "1"}, {after: 5s, press: "2", repeat: 1s}]'
    assert len(keys(story(keys=entry, more="hold: 3s"))) == 1
    assert len(keys(story(keys=entry, more="vanishes: 3s"))) == 1


def test_a_key_wakes_asterisk_16() -> None:
    """A silent channel looks at its commands at 200 ms, or when a key comes."""
    found = story(keys='[{after: 0s, press: "1"}]', todo="[ring, {wait: 95ms}, answer]", profile="asterisk-16")
    (call,) = found.calls
    states = [at for at, type_, _, _ in found.heard() if type_ == "ChannelStateChange"]
    # The ring is queued at 1.004 s, from where the key counts; the answer waits from 1.102 s on.
    assert states == [1104 * MS]
    assert call.outcome == "in_progress"
