"""Stories of what the caller's phone shows in the end."""

from __future__ import annotations

import pytest

from tests.stories.stage import Stage

EXTENSIONS = """
asterisk:
  profile: {profile}
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,{after}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}, kind: {kind}}}]
run: {{duration: 60s}}
"""


def story(after: str, *, profile: str = "documented", kind: str = "sip") -> tuple[int | None, str | None]:
    """Let one call be ejected: the cause and the final answer."""
    (call,) = Stage(EXTENSIONS.format(profile=profile, after=after, kind=kind)).calls
    return call.hangup_cause, call.final_answer


@pytest.mark.parametrize("profile", ["asterisk-16", "asterisk-22"])
@pytest.mark.parametrize(
    ("after", "cause", "answer"),
    [
        ("Hangup()", 16, "603 Decline"),
        ("NoOp()", 0, "603 Decline"),
        ("Hangup(17)", 17, "486 Busy Here"),
        ("Busy()", 17, "486 Busy Here"),
        ("Busy(2)", 17, "486 Busy Here"),
        ("Hangup(34)", 34, "503 Service Unavailable"),
        ("Congestion()", 34, "503 Service Unavailable"),
        ("Congestion(2)", 34, "503 Service Unavailable"),
        ("Playback(sorry)\n     same => n,Hangup()", 16, "BYE 16"),
        ("Playback(sorry,noanswer)\n     same => n,Hangup()", 16, "603 Decline"),
        ("Ringing()\n     same => n,Hangup()", 16, "603 Decline"),
        ("Progress()\n     same => n,Hangup()", 16, "603 Decline"),
        ("Answer()\n     same => n,Hangup()", 16, "BYE 16"),
        ("Answer()", 0, "BYE 0"),
        ("Answer()\n     same => n,Hangup(17)", 17, "BYE 17"),
        ("Answer()\n     same => n,Busy(2)", 0, "BYE 0"),
        ("Answer()\n     same => n,Congestion(2)", 0, "BYE 0"),
    ],
)
def test_the_end_of_the_dialplan_decides_what_an_ejected_caller_gets(
    profile: str, after: str, cause: int, answer: str
) -> None:
    """Each end that was measured behind a Stasis that failed gives the same cause and the same answer."""
    assert story(after, profile=profile) == (cause, answer)


def test_a_local_channel_gets_nothing() -> None:
    """No phone hears how a Local channel ends."""
    assert story("Hangup()", kind="local") == (16, None)


def test_each_caller_gets_his_own_and_measures_count_them() -> None:
    """One is ejected, one gives up, one says goodbye, a restart cuts one off, it blocks one, and one is still there."""
    found = Stage(
        """
asterisk: {extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n same => n,Hangup()\\n"}
clients: {ivr: {apps: Intro-IVR, start: 2s, service: 3s}}
calls:
  - {to: ivr@default, name: early, arrivals: {at: 1s}}
  - {to: ivr@default, name: hasty, arrivals: {at: 4s}, patience: 1s}
  - {to: ivr@default, name: happy, arrivals: {at: 8s}, hold: 2s}
  - {to: ivr@default, name: cut, arrivals: {at: 18s}}
  - {to: ivr@default, name: turned, arrivals: {at: 21s}}
  - {to: ivr@default, name: late, arrivals: {at: 40s}}
faults: [{restart: asterisk, at: 20s, for: 5s}]
run: {duration: 45s}
"""
    )
    answers = ["603 Decline", "487 Request Terminated", "200 OK", None, None, None]
    assert [call.final_answer for call in found.calls] == answers
    assert found.outcomes[4:] == ["blocked", "in_progress"]
    total = found.measures["total"]
    assert {name: count for name, count in total.items() if name.startswith("calls.final.")} == {
        "calls.final.200": 1,
        "calls.final.487": 1,
        "calls.final.603": 1,
    }


def test_a_bye_counts_whatever_its_cause() -> None:
    """The measure knows BYE, the table its cause."""
    found = Stage(
        """
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Answer()
     same => n,Stasis(Intro-IVR)
     same => n,Hangup(${CALLERID(num)})
calls:
  - {to: ivr@default, name: a, arrivals: {at: 1s}, caller_id: "17"}
  - {to: ivr@default, name: b, arrivals: {at: 1s}, caller_id: "34"}
run: {duration: 30s}
"""
    )
    assert [call.final_answer for call in found.calls] == ["BYE 17", "BYE 34"]
    assert found.measures["apps"]["Intro-IVR"]["calls.final.BYE"] == 2
