"""Stories of calls that are handed over, and of calls that are not, while nothing breaks."""

from __future__ import annotations

import pytest

from tests.stories.stage import MS, PROFILES, S, Stage, carried_out

IVR = "clients: {ivr: {apps: Intro-IVR, on StasisStart: [answer, {play: 2s}, continue]}}"


@pytest.mark.parametrize("profile", PROFILES)
def test_an_app_that_never_connected_gets_no_call(profile: str) -> None:
    """Where no WebSocket ever named the app, Stasis fails at once in every profile and the dialplan hangs up."""
    story = Stage("calls: [{to: ivr@default, arrivals: {at: 1s}}]\nrun: {duration: 10s}", profile)
    (call,) = story.calls
    assert (call.arrived, call.ended, call.outcome, call.hangup_cause) == (1 * S, 1 * S, "dropped", 16)
    assert story.results == ["ejected never_registered"]
    assert story.away() == [(0, None, "start")]
    assert story.events == []


@pytest.mark.parametrize("profile", PROFILES)
def test_a_call_is_handed_over_and_comes_back(profile: str) -> None:
    """The app hears of the call with its arguments, answers, plays, and lets it go on, each in its own time."""
    story = Stage(f"{IVR}\ncalls: [{{to: ivr@default, arrivals: {{at: 1s}}}}]\nrun: {{duration: 10s}}", profile)
    (attempt,) = story.attempts
    assert (attempt.app, attempt.args, attempt.result) == ("Intro-IVR", ("en", "7"), "entered")
    # One millisecond to the client, two of work, one back to Asterisk, one of Asterisk's, one to the client.
    answered = carried_out(profile, 1 * S + 4 * MS, since=1 * S)
    played = carried_out(profile, answered + 3 * MS, since=1 * S) + 2 * S
    left = carried_out(profile, played + 4 * MS, since=played)
    assert story.heard() == [
        (1 * S, "StasisStart", "delivered", 1 * S + 1 * MS),
        (answered, "ChannelStateChange", "delivered", answered + 1 * MS),
        (played - 2 * S, "PlaybackStarted", "delivered", played - 2 * S + 1 * MS),
        (played, "PlaybackFinished", "delivered", played + 1 * MS),
        (left, "StasisEnd", "delivered", left + 1 * MS),
    ]
    assert story.requests() == [
        (1 * S + 3 * MS, "POST", "c1/answer", 204),
        (answered + 2 * MS, "POST", "c1/play", 201),
        (played + 3 * MS, "POST", "c1/continue", 204),
    ]
    # The answer was waited for; that the others are queued is all that their requests were told.
    assert (attempt.first_command, attempt.left, attempt.left_by) == (answered, left, "continue")
    (call,) = story.calls
    assert (call.ended, call.outcome, call.hangup_cause) == (left, "served", 16)
    assert story.tries() == [(0, None, "")]
    assert story.away() == [(0, 1 * MS, "start")]


def test_the_caller_hangs_up_a_while_after_the_first_command() -> None:
    """Hold counts from the first command; patience ends with it."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR}}
calls: [{to: ivr@default, arrivals: {at: 1s}, hold: 5s, patience: 3s}]
run: {duration: 20s}
"""
    )
    assert [event for event in story.heard() if event[1] != "ChannelVarset"][-2:] == [
        (6 * S + 4 * MS, "ChannelHangupRequest", "delivered", 6 * S + 5 * MS),
        (6 * S + 4 * MS, "StasisEnd", "delivered", 6 * S + 5 * MS),
    ]
    assert [(call.ended, call.outcome, call.abandoned) for call in story.calls] == [(6 * S + 4 * MS, "served", False)]
    assert [attempt.left_by for attempt in story.attempts] == ["hangup"]


def test_a_caller_whom_nobody_serves_loses_patience() -> None:
    """The app hears of the call and does nothing: the call is unanswered when the caller hangs up."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: []}}
calls: [{to: ivr@default, arrivals: {at: 1s}, hold: 5s, patience: 3s}]
run: {duration: 20s}
"""
    )
    assert [(call.ended, call.outcome, call.abandoned) for call in story.calls] == [(4 * S, "unanswered", True)]


def test_an_app_hangs_up() -> None:
    """DELETE with a reason ends the stay and the call, with the cause of that reason."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: [answer, {hangup: busy}]}}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 20s}
"""
    )
    assert story.requests()[-1] == (1 * S + 6 * MS, "DELETE", "c1", 204)
    assert [attempt.left_by for attempt in story.attempts] == ["delete"]
    assert [(call.ended, call.outcome, call.hangup_cause) for call in story.calls] == [(1 * S + 7 * MS, "served", 17)]


@pytest.mark.parametrize("action", ["continue", "hangup", "move: Super-Conference"])
def test_a_command_that_ends_the_stay_is_a_command_too(action: str) -> None:
    """Whoever only continues, hangs up or moves a call has served it, at the instant at which it leaves."""
    story = Stage(
        f"""
clients:
  ivr: {{apps: Intro-IVR, on StasisStart: [{{{action}}}]}}
  conference: {{apps: Super-Conference, on StasisStart: []}}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}}}]
run: {{duration: 20s}}
""".replace("{continue}", "continue").replace("{hangup}", "hangup")
    )
    first = story.attempts[0]
    assert first.first_command == first.left == 1 * S + 4 * MS
    assert [each.first_command for each in story.attempts[1:]] == [None] * action.startswith("move")
    assert story.measures["apps"]["Intro-IVR"]["handoff_s"] == 0.004


def test_a_worker_handles_one_event_at_a_time() -> None:
    """Of two calls at one instant the second waits until the only worker is through with the first."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, service: 100ms}}
calls: [{to: ivr@default, arrivals: {at: [1s, 1s]}}]
run: {duration: 3s}
"""
    )
    assert [at for at, *_ in story.requests()] == [1 * S + 101 * MS, 1 * S + 201 * MS]


@pytest.mark.parametrize("profile", PROFILES)
def test_two_clients_serve_an_app_each(profile: str) -> None:
    """Each hears of its own calls only, and the loss of one is nothing to the other."""
    story = Stage(
        """
clients:
  ivr: {apps: Intro-IVR}
  conference: {apps: Super-Conference, reconnect: none}
calls:
  - {to: ivr@default, arrivals: {at: [1s, 5s]}, hold: 1s, patience: 2s}
  - {to: conference@default, arrivals: {at: [2s, 6s]}, hold: 1s, patience: 2s}
faults: [{drop: conference, at: 4s}]
run: {duration: 20s}
""",
        profile,
    )
    lost = "stranded" if profile == "documented" else "dropped"
    assert story.outcomes == ["served", "served", "served", lost]
    assert {(each.client, each.path) for each in story.commands} == {
        ("ivr", "/ari/channels/c1/answer"),
        ("conference", "/ari/channels/c2/answer"),
        ("ivr", "/ari/channels/c3/answer"),
    }
    assert story.away() == [(0, 1 * MS, "start")]
    assert story.away("Super-Conference") == [(0, 1 * MS, "start"), (4 * S, None, "torn")]


@pytest.mark.parametrize("profile", PROFILES)
def test_one_connection_serves_two_apps(profile: str) -> None:
    """A client may serve several apps over one WebSocket; its loss takes both away."""
    story = Stage(
        """
clients: {both: {apps: [Intro-IVR, Super-Conference], reconnect: none}}
calls:
  - {to: ivr@default, arrivals: {at: 1s}, hold: 1s}
  - {to: conference@default, arrivals: {at: 2s}, hold: 1s}
faults: [{drop: both, at: 5s}]
run: {duration: 10s}
""",
        profile,
    )
    assert story.outcomes == ["served", "served"]
    assert [(row.apps, row.closed) for row in story.connections] == [(("Intro-IVR", "Super-Conference"), 5 * S)]
    assert story.away()[1:] == story.away("Super-Conference")[1:] == [(5 * S, None, "torn")]


def test_names_of_apps_are_case_sensitive() -> None:
    """An app that is connected as intro-ivr is not Intro-IVR."""
    story = Stage(
        "clients: {ivr: {apps: intro-ivr}}\ncalls: [{to: ivr@default, arrivals: {at: 1s}}]\nrun: {duration: 9s}"
    )
    assert story.results == ["ejected never_registered"]


def test_a_call_moves_to_another_app() -> None:
    """Move takes the channel out of one app and into the other, as a further attempt of the same call."""
    story = Stage(
        """
clients:
  ivr: {apps: Intro-IVR, on StasisStart: [answer, {move: Super-Conference}]}
  conference: {apps: Super-Conference, on StasisStart: [continue]}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 9s}
"""
    )
    moved = 1 * S + 7 * MS
    assert [(each.app, each.at, each.left, each.left_by) for each in story.attempts] == [
        ("Intro-IVR", 1 * S, moved, "move"),
        ("Super-Conference", moved, moved + 4 * MS, "continue"),
    ]
    assert [each.first_command for each in story.attempts] == [1 * S + 4 * MS, moved + 4 * MS]
    assert [event.type for event in story.events if event.app == "Super-Conference"] == ["StasisStart", "StasisEnd"]


def test_more_calls_than_channels_are_blocked() -> None:
    """A call over the limit is turned away before the dialplan, and a channel that ends makes room."""
    story = Stage(
        """
asterisk:
  max_channels: 2
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"
clients: {ivr: {apps: Intro-IVR}}
calls: [{to: ivr@default, arrivals: {at: [1s, 2s, 3s, 6s]}, hold: 4s}]
run: {duration: 20s}
"""
    )
    assert story.outcomes == ["served", "served", "blocked", "served"]
    blocked = story.calls[2]
    assert (blocked.arrived, blocked.ended, blocked.attempts, blocked.hangup_cause) == (3 * S, 3 * S, [], None)
    assert story.measures["total"]["inside_peak"] == 2


@pytest.mark.parametrize(
    ("after", "fallback", "outcome"),
    [
        ("Goto(overflow,s,1)", "[s@overflow]", "fallback"),
        ("Goto(overflow,s,1)", "[overflow]", "fallback"),
        ("Goto(overflow,s,1)", "[t@overflow]", "dropped"),
        ("Goto(overflow,s,1)", "[]", "dropped"),
        ("Answer()", "[]", "fallback"),
        ("Playback(sorry)", "[]", "fallback"),
        ("NoOp()", "[]", "dropped"),
    ],
)
def test_a_dialplan_may_save_whom_stasis_ejects(after: str, fallback: str, outcome: str) -> None:
    """Who gets to a place that the scenario names, or to an application that cares for callers, is not dropped."""
    story = Stage(
        f"""
asterisk:
  extensions: |
    [default]
    exten => ivr,1,NoOp()
     same => n,Stasis(Intro-IVR)
     same => n,{after}
     same => n,Hangup()
    [overflow]
    exten => s,1,Hangup()
calls: [{{to: ivr@default, arrivals: {{at: 1s}}}}]
fallback: {fallback}
run: {{duration: 30s}}
"""
    )
    assert story.outcomes == [outcome]


def test_a_second_ejection_takes_the_fallback_back() -> None:
    """What counts is where the caller gets after the last ejection; and another app may take the call over."""
    text = """
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Answer()
     same => n,Stasis(Super-Conference)
     same => n,Hangup()
calls: [{to: ivr@default, arrivals: {at: 1s}, patience: 5s}]
run: {duration: 30s}
"""
    assert Stage(text).outcomes == ["dropped"]
    served = Stage(f"{text}\nclients: {{backup: {{apps: Super-Conference, on StasisStart: [continue]}}}}")
    assert served.outcomes == ["served"]
    assert served.results == ["ejected never_registered", "entered"]


def test_a_dialplan_without_stasis_on_the_way_leaves_the_call_untouched() -> None:
    """A call that never asks for Stasis is no attempt."""
    story = Stage(
        """
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
    exten => time,1,Wait(2)
     same => n,Busy()
calls: [{to: time@default, arrivals: {at: 1s}, patience: 30s}]
run: {duration: 60s}
"""
    )
    assert story.outcomes == ["untouched"]
    assert story.attempts == []


def test_a_caller_waits_from_arrival_to_the_first_command() -> None:
    """What the dialplan does before, a vain try and the wait after it are in reached_s, and not in handoff_s."""
    story = Stage(
        """
asterisk:
  profile: asterisk-22
  extensions: |
    [default]
    exten => ivr,1,Wait(2)
     same => n,Stasis(Nobody)
     same => n,Wait(5)
     same => n,Stasis(Intro-IVR)
clients: {ivr: {apps: Intro-IVR}}
calls: [{to: ivr@default, arrivals: {at: [1s, 2s]}, hold: 1s}]
run: {duration: 20s}
"""
    )
    apps = story.measures["apps"]
    assert (apps["Nobody"]["reached_s"], apps["Nobody"]["reached_s.max"]) == (7.004, 7.004)
    assert (apps["Intro-IVR"]["reached_s"], apps["Intro-IVR"]["handoff_s"]) == (None, 0.004)
    assert story.measures["total"]["reached_s"] == 7.004
