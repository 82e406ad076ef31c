"""One replication: how it begins, how it ends, and what it hands on."""

from __future__ import annotations

import pytest

from tests.stories.stage import MS, S, Stage


def test_drained_runs_until_the_last_call_has_ended() -> None:
    """And until the client has dealt with its last message; then no call is in progress."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR}}
calls: [{to: ivr@default, arrivals: {at: [1s, 2s]}, hold: 1h}]
run: {until: drained}
"""
    )
    assert [call.ended for call in story.calls] == [3601 * S + 4 * MS, 3602 * S + 4 * MS]
    assert {event.fate for event in story.events} == {"delivered"}
    assert story.ledger.end > 3602 * S + 4 * MS


def test_drained_ends_where_a_call_would_stay_for_ever() -> None:
    """Nobody hangs up and nothing is left to happen: the call is in progress, and the run is over."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR}}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {until: drained}
"""
    )
    assert story.outcomes == ["in_progress"]
    assert story.attempts[0].first_command == 1 * S + 4 * MS


DAY = 24 * 3600 * S

IN_VAIN = """
clients: {{ivr: {{apps: Intro-IVR, reconnect: {reconnect}, recover: {recover}}}}}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}, keys: [{{after: 5s, press: "1", repeat: {repeat}}}], hold: {hold}}}]
faults:
  - {{drop: ivr, at: 3s}}
  - {{reload: asterisk, at: 2s, ari: "[asterisk]\ntype = user\npassword = other\n"}}
run: {{until: drained}}
"""


@pytest.mark.parametrize(
    ("repeat", "recover", "reconnect"), [("1h", "none", "none"), ("none", "list-channels", "{constant: 1h}")]
)
def test_drained_ends_where_something_goes_on_in_vain(repeat: str, recover: str, reconnect: str) -> None:
    """Keys that nobody will ever hear, tries that are refused for ever: a day after the call began the run is over."""
    story = Stage(IN_VAIN.format(repeat=repeat, recover=recover, reconnect=reconnect, hold="none"))
    assert story.outcomes == ["in_progress"]
    assert 0 <= story.ledger.end - (DAY + 1 * S) <= 3600 * S


def test_drained_waits_longer_for_a_caller_who_will_hang_up() -> None:
    """He goes on pressing in vain for two days, and then his call is over."""
    story = Stage(IN_VAIN.format(repeat="1h", recover="none", reconnect="none", hold="2d"))
    assert story.outcomes == ["served"]
    assert story.calls[0].ended == 2 * DAY + 1 * S + 4 * MS


def test_drained_ends_where_programs_make_channels_for_each_other() -> None:
    """Two that originate to each other go on for ever: a day after the last call has ended the run is over."""
    story = Stage(
        """
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Stasis(One)
     same => n,Hangup()
    exten => phone,1,Answer()
     same => n,Wait(7200)
clients:
  one: {apps: One, on StasisStart: [{wait: 1h}, {originate: {endpoint: Local/phone@default, app: Two}}]}
  two: {apps: Two, on StasisStart: [{wait: 1h}, {originate: {endpoint: Local/phone@default, app: One}}]}
calls: [{to: ivr@default, arrivals: {at: 1s}, patience: 2h, kind: local}]
run: {until: drained}
"""
    )
    assert DAY <= story.ledger.end <= DAY + 4 * 3600 * S


def test_drained_with_a_duration_offers_calls_for_so_long() -> None:
    """The last call arrives before the duration is over, and may end after it."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR}}
calls: [{to: ivr@default, arrivals: {every: 1s}, hold: 10s}]
run: {duration: 5s, until: drained}
"""
    )
    assert [call.arrived // S for call in story.calls] == [1, 2, 3, 4]
    assert story.outcomes == ["served"] * 4


def test_drained_without_any_call_is_over_at_once() -> None:
    """There is nobody to wait for."""
    story = Stage("clients: {ivr: {apps: Intro-IVR}}\ncalls: []\nrun: {until: drained, duration: 5s}")
    assert story.calls == []


def test_what_is_unfinished_at_the_end_is_a_row_too() -> None:
    """A call inside is in progress, a message on its way is pending, a connection is open."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, latency: 100ms}}
calls: [{to: ivr@default, arrivals: {at: [1s, 4950ms]}}]
run: {duration: 5s}
"""
    )
    assert story.outcomes == ["in_progress", "in_progress"]
    assert story.fates("StasisStart") == ["delivered", "pending"]
    assert story.tries() == [(0, None, "")]


def test_the_warm_up_is_in_the_rows_and_not_in_the_measures() -> None:
    """A call counts if it arrived after the warm-up."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR}}
calls: [{to: ivr@default, arrivals: {at: [1s, 2s, 3s]}, hold: 1s}]
run: {duration: 9s, warmup: 2s}
"""
    )
    assert len(story.calls) == 3
    assert story.measures["total"]["calls"] == 2


@pytest.mark.parametrize(("patience", "ended"), [("2s", 3 * S), ("none", 6 * S)])
def test_a_caller_in_the_dialplan_has_patience_too(patience: str, ended: int) -> None:
    """A call that is ejected goes on in its dialplan with the patience that it came with."""
    story = Stage(
        f"""
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Wait(5)
calls: [{{to: ivr@default, arrivals: {{at: 1s}}, patience: {patience}}}]
run: {{duration: 30s}}
"""
    )
    assert story.calls[0].ended == ended
    assert story.outcomes == ["abandoned" if patience == "2s" else "dropped"]


def test_variables_come_with_the_call() -> None:
    """The dialplan sees what the scenario gives to its callers."""
    story = Stage(
        """
asterisk:
  extensions: "[default]\\nexten => ivr,1,Stasis(${APP},${CALLERID(num)})\\n"
calls: [{to: ivr@default, arrivals: {at: 1s}, variables: {APP: Intro-IVR}, caller_id: "0301234"}]
run: {duration: 9s}
"""
    )
    assert [(each.app, each.args) for each in story.attempts] == [("Intro-IVR", ("0301234",))]


def test_sources_are_numbered_as_they_arrive() -> None:
    """At one instant the source that stands first goes first."""
    story = Stage(
        """
calls:
  - {to: conference@default, arrivals: {at: [2s, 3s]}}
  - {to: ivr@default, arrivals: {at: [1s, 2s]}}
run: {duration: 9s}
"""
    )
    assert [(call.number, call.source, call.arrived // S) for call in story.calls] == [
        (1, "ivr@default", 1),
        (2, "conference@default", 2),
        (3, "ivr@default", 2),
        (4, "conference@default", 3),
    ]
