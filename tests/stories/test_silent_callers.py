"""Stories of callers who are gone without a word (sip-callers, silent callers)."""

from __future__ import annotations

import pytest

from tests.stories.stage import FORGETFUL, PROFILES, S, Stage


def story(profile: str = "asterisk-22", *, todo: str = "answer", rtp_timeout: str = "none", **keys: str) -> Stage:
    """One caller comes at 1 s; the app does something and leaves him alone."""
    caller = ", ".join(f"{key}: {value}" for key, value in keys.items())
    return Stage(
        f"""
asterisk:
  rtp_timeout: {rtp_timeout}
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Hangup()
clients: {{ivr: {{apps: Intro-IVR, on StasisStart: {todo}}}}}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}, {caller}}}]
run: {{duration: 10min}}
""",
        profile,
    )


def end(story: Stage) -> tuple[int | None, int | None, str | None, str]:
    """How long after the answer the only call was over for its app, its cause, what the phone got, and how it left."""
    (call,), (attempt,) = story.calls, story.attempts
    left = None if attempt.left is None or attempt.first_command is None else attempt.left - attempt.first_command
    return left, call.hangup_cause, call.final_answer, attempt.left_by


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("todo", ["[]", "ring", "answer"])
def test_by_default_nothing_ends_the_call_of_a_caller_who_is_gone(profile: str, todo: str) -> None:
    """He neither gives up nor says goodbye, and Asterisk's endpoint has no rtp_timeout and no session timer."""
    found = story(profile, todo=todo, vanishes="2s", hold="5s", patience="3s", media="20ms")
    assert found.outcomes == ["in_progress"]


def test_a_caller_who_vanishes_later_has_hung_up_before() -> None:
    """Who said goodbye is not there to vanish."""
    assert end(story(hold="5s", vanishes="10s")) == (5 * S, 0, "200 OK", "hangup")


@pytest.mark.parametrize("profile", FORGETFUL)
def test_rtp_timeout_ends_a_call_so_long_after_the_last_rtp(profile: str) -> None:
    """Asterisk asks for a hangup, the cause is 44, and the BYE has it as its reason; the app hears of no quality."""
    found = story(profile, rtp_timeout="5s", vanishes="10s", media="20ms")
    (call,), (attempt,) = found.calls, found.attempts
    assert attempt.left == 16 * S
    assert (call.ended, call.hangup_cause, call.final_answer) == (16 * S, 44, "BYE 44")
    assert attempt.left_by == "rtp_timeout"
    told = [(at, type_) for at, type_, _, _ in found.heard()]
    assert told[-2:] == [(16 * S, "ChannelHangupRequest"), (16 * S, "StasisEnd")]
    assert [type_ for _, type_ in told if type_ == "ChannelVarset"] == []


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        ({}, 5 * S),  # none ever came, though he is there
        ({"media": "6s"}, 5 * S),  # the first was too late
        ({"media": "5s"}, None),  # it came in time, and goes on
        ({"media": "5s", "vanishes": "3s"}, 5 * S),  # gone before the first
        ({"media": "0s", "vanishes": "0s"}, 5 * S),  # gone before the answer
    ],
)
def test_rtp_timeout_counts_from_the_answer_where_no_rtp_ever_came(keys: dict[str, str], left: int | None) -> None:
    """It does not matter whether the caller is there, only whether he sends RTP."""
    assert end(story(rtp_timeout="5s", **keys))[0] == left


def test_rtp_timeout_does_not_count_before_the_answer() -> None:
    """An unanswered caller who is gone stays for ever."""
    assert story(rtp_timeout="5s", vanishes="2s", todo="ring").outcomes == ["in_progress"]


def test_rtp_timeout_is_none_of_local_channels() -> None:
    """A Local channel has no RTP of its own."""
    assert story(rtp_timeout="5s", kind="local").outcomes == ["in_progress"]


@pytest.mark.parametrize("profile", FORGETFUL)
def test_a_200_that_nobody_acks_ends_the_call_after_64_s(profile: str) -> None:
    """Who was gone before the answer is Up for 64 s; the app has seen the state change as usual."""
    found = story(profile, vanishes="1ms")
    assert end(found) == (64 * S, 18, "408 Request Timeout", "dead")
    assert found.fates("ChannelStateChange") == ["delivered"]
    assert found.fates("ChannelVarset") == (["delivered"] * 5 if profile == "asterisk-22" else [])


@pytest.mark.parametrize(
    ("profile", "refresher", "vanishes", "left_s"),
    [
        # 90 s without a third, and 32 s for the BYE.
        ("asterisk-22", "uac", "10s", 92),
        ("asterisk-16", "uac", "10s", 92),
        # Gone after the caller's own first refresh, at 45 s.
        ("asterisk-22", "uac", "60s", 45 + 92),
        # An UPDATE at 45 s, 32 s for it, and on 22 another 32 s for the BYE.
        ("asterisk-22", "uas", "10s", 109),
        ("documented", "uas", "10s", 109),
        ("asterisk-16", "uas", "10s", 77),
        ("asterisk-22", "uas", "100s", 2 * 45 + 109),
    ],
)
def test_a_session_timer_ends_the_call_of_a_caller_who_is_gone(
    profile: str, refresher: str, vanishes: str, left_s: int
) -> None:
    """By the formulas that were measured with a Session-Expires of 90 s."""
    found = story(profile, session_expires="90s", refresher=refresher, vanishes=vanishes)
    assert end(found) == (left_s * S, 18, "408 Request Timeout", "dead")


def test_a_session_timer_does_nothing_while_the_caller_is_there() -> None:
    """He refreshes, or answers the UPDATE."""
    assert story(session_expires="90s", refresher="uas").outcomes == ["in_progress"]
    assert story(session_expires="90s").outcomes == ["in_progress"]


def test_the_app_can_end_the_call_of_a_caller_who_is_gone() -> None:
    """DELETE does not wait for anybody's answer."""
    assert end(story(vanishes="2s", todo="[answer, {wait: 3s}, hangup]"))[1:] == (16, "BYE 16", "delete")


def test_while_the_app_is_away_silent_callers_pile_up() -> None:
    """Two callers vanish while the app is away: one is cut off by rtp_timeout, one was never answered and stays."""
    found = Stage(
        """
asterisk: {rtp_timeout: 5s, extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n same => n,Hangup()\\n"}
clients: {ivr: {apps: Intro-IVR, on StasisStart: [{wait: 1s}, answer], reconnect: none}}
calls:
  - {to: ivr@default, name: answered, arrivals: {at: 1s}, media: 20ms, vanishes: 4s}
  - {to: ivr@default, name: waiting, arrivals: {at: 2s}, media: 20ms, vanishes: 1s}
faults: [{crash: ivr, at: 2500ms, start: 1h}]
run: {duration: 30min, until: drained}
""",
        "asterisk-22",
    )
    assert [(call.outcome, call.ended) for call in found.calls] == [("served", 10 * S), ("in_progress", None)]
    assert found.fates("ChannelHangupRequest") == ["missed"]
