"""Stories of callers whom nobody served, and who call again."""

from __future__ import annotations

import pytest

from stasis_sim.observe.trace import Call
from stasis_sim.randomness import Streams
from stasis_sim.scenario.distributions import Exponential
from tests.stories.stage import MS, S, Stage

CONNECTED = "clients: {{ivr: {{apps: Intro-IVR, start: {start}, on StasisStart: {todo}}}}}"


def story(
    *, start: str = "10s", todo: str = "[answer]", redial: str = "{after: 4s, times: 3}", more: str = "", rest: str = ""
) -> Stage:
    """One caller comes at 1 s; his app is there from `start` on."""
    return Stage(
        f"""
{CONNECTED.format(start=start, todo=todo)}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}, redial: {redial}, {more}}}]
run: {{duration: 30s}}
{rest}
""",
        "asterisk-22",
    )


def calls(story: Stage) -> list[tuple[int, int, str]]:
    """When each call came, in milliseconds, the how manieth of its caller it was, and what became of it."""
    return [(call.arrived // MS, call.redial, call.outcome) for call in story.calls]


def test_who_is_ejected_calls_again_until_he_is_served() -> None:
    """The app is away; each redial comes so long after the end of the call before, and the third meets the app."""
    found = story(more="hold: 2s")
    assert calls(found) == [
        (1000, 0, "dropped"),
        (5000, 1, "dropped"),
        (9000, 2, "dropped"),
        (13000, 3, "served"),
    ]
    assert [call.number for call in found.calls] == [1, 2, 3, 4]
    assert {call.source for call in found.calls} == {"ivr@default"}
    total = found.measures["total"]
    assert (total["calls"], total["redials"], total["callers.lost"]) == (4, 3, 0)


def test_who_has_tried_in_vain_so_often_is_lost() -> None:
    """He calls at 1, 5 and 9 s, and gives up."""
    found = story(redial="{after: 4s, times: 2}")
    assert calls(found) == [(1000, 0, "dropped"), (5000, 1, "dropped"), (9000, 2, "dropped")]
    assert (found.measures["total"]["redials"], found.measures["total"]["callers.lost"]) == (2, 1)
    assert found.measures["apps"]["Intro-IVR"]["callers.lost"] == 1


def test_without_redial_each_unserved_caller_is_lost() -> None:
    """There is one call, and that is that."""
    found = story(redial="none")
    assert calls(found) == [(1000, 0, "dropped")]
    assert (found.measures["total"]["redials"], found.measures["total"]["callers.lost"]) == (0, 1)


def test_who_would_call_again_after_the_end_of_the_run_is_not_lost_yet() -> None:
    """He still tries."""
    found = story(redial="{after: 40s, times: 1}")
    assert calls(found) == [(1000, 0, "dropped")]
    assert found.measures["total"]["callers.lost"] == 0


def test_who_lost_patience_does_not_call_again() -> None:
    """His own hangup ended the call, after three seconds inside an app that does nothing."""
    found = story(start="0s", todo="[]", more="patience: 3s")
    assert calls(found) == [(1000, 0, "unanswered")]
    assert found.measures["total"]["callers.lost"] == 1


@pytest.mark.parametrize("todo", ["hangup", "{hangup: busy}", "[answer, hangup]", "[answer, continue]"])
def test_whom_the_app_has_sent_away_does_not_call_again(todo: str) -> None:
    """That very command served him, also where it is the first one and ends the call."""
    found = story(start="0s", todo=todo)
    assert calls(found) == [(1000, 0, "served")]


def test_whom_the_dialplan_takes_care_of_does_not_call_again() -> None:
    """He was ejected, and heard an announcement."""
    rest = 'asterisk: {extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n same => n,Playback(sorry)\\n"}'
    found = story(rest=rest)
    assert calls(found) == [(1000, 0, "fallback")]
    assert found.measures["total"]["callers.lost"] == 0


def test_blocked_callers_and_those_whom_a_restart_cuts_off_call_again() -> None:
    """One has not been answered when Asterisk is killed, one comes while it is down, one finds no channel free."""
    found = Stage(
        f"""
asterisk: {{max_channels: 1, extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n same => n,Hangup()\\n"}}
{CONNECTED.format(start="0s", todo="[{wait: 5s}, answer]")}
calls:
  - {{to: ivr@default, name: cut, arrivals: {{at: 1s}}, hold: 1s, redial: {{after: 4s, times: 1}}}}
  - {{to: ivr@default, name: down, arrivals: {{at: 3s}}, hold: 1s, redial: {{after: 20s, times: 1}}}}
  - {{to: ivr@default, name: full, arrivals: {{at: 1500ms}}, hold: 1s, redial: {{after: 500ms, times: 1}}}}
faults: [{{restart: asterisk, at: 2500ms, for: 2s}}]
run: {{duration: 60s}}
""",
        "asterisk-22",
    )
    assert [(call.source, *row) for call, row in zip(found.calls, calls(found), strict=True)] == [
        ("cut", 1000, 0, "unanswered"),
        ("full", 1500, 0, "blocked"),
        ("full", 2000, 1, "blocked"),
        ("down", 3000, 0, "blocked"),
        ("cut", 6500, 1, "served"),
        ("down", 23_000, 1, "served"),
    ]
    total = found.measures["total"]
    assert (total["redials"], total["callers.lost"]) == (3, 1)


def test_a_run_until_all_have_gone_waits_for_redials() -> None:
    """The last call ends at 1 s, its caller comes back at 41 s, and is served for two seconds."""
    found = story(start="20s", redial="{after: 40s, times: 1}", more="hold: 2s", rest="").scenario
    drained = Stage(found.where({"run.until": "drained", "run.duration": "10s"}))
    assert calls(drained) == [(1000, 0, "dropped"), (41_000, 1, "served")]
    assert drained.calls[-1].ended == 43 * S + 4 * MS
    assert drained.ledger.end >= 43 * S + 4 * MS


def test_a_run_until_all_have_gone_ends_with_the_last_redial_in_vain() -> None:
    """Nobody is there any more at 5 s; the redial is blocked, as Asterisk boots."""
    drained = Stage(
        story(start="1h", redial="{after: 4s, times: 1}").scenario.where(
            {"run.until": "drained", "faults": [{"restart": "asterisk", "at": "4s", "for": "10s"}]}
        )
    )
    assert calls(drained) == [(1000, 0, "dropped"), (5000, 1, "blocked")]
    assert drained.ledger.end == 5 * S


def test_a_redial_has_draws_of_its_own() -> None:
    """First calls come as without redials; how long the n-th redial of a caller holds is his in a stream of its own."""

    def play(redial: str) -> list[Call]:
        return Stage(
            f"""
clients: {{ivr: {{apps: Intro-IVR, on StasisStart: [answer], service: {{exponential: 20ms}}}}}}
calls: [{{to: ivr@default, arrivals: {{poisson: 1/s}}, hold: {{exponential: 3s}}, redial: {redial}}}]
faults: [{{drop: ivr, at: 10s, for: 20s}}]
run: {{duration: 90s}}
""",
            "asterisk-22",
        ).calls

    found = play("{after: 5s, times: 9}")
    first = [call.arrived for call in found if not call.redial]
    assert first == [call.arrived for call in play("none")]
    tried = set()
    for call in found:
        if call.redial and call.outcome == "served":
            # Who is ejected is hung up at the same instant.
            caller = first.index(call.arrived - call.redial * 5 * S)
            name = f"calls/ivr@default/redial-{call.redial}/hold"
            hold = Streams(1, 1).durations(name, Exponential(3 * S).quantile_us)[caller]
            assert call.ended == (call.attempts[0].first_command or 0) + hold
            tried.add(call.redial)
    assert tried >= {1, 2, 3, 4}
