"""Calls that nothing ever ends are warned of, and no others."""

from __future__ import annotations

import pytest

from stasis_sim.scenario import Scenario
from stasis_sim.simulated.preparation import prepare

TEXT = """\
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Answer()
     same => n,Stasis(Intro-IVR)
     same => n,Stasis(Queue)
     same => n,Hangup()
clients:
  ivr: {apps: Intro-IVR, on StasisStart: [answer, continue]}
  queue: {apps: Queue, on StasisStart: [answer]}
calls:
  - {to: ivr@default, arrivals: {poisson: 1/s}}
run: {duration: 1h}
"""

SAID = (
    "s.yaml:12:5: calls.0: nothing ever ends a call that queue has taken: its caller has no hold, so he never hangs up,"
    " and queue neither hangs up nor continues; write hold: 90s, or a hangup in on StasisStart of queue"
)


def warnings(*changes: tuple[str, str]) -> list[str]:
    """What is said of the calls of the scenario with some of its text replaced."""
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    said = [str(each) for each in prepare(Scenario.parse(text, name="s.yaml")).warnings]
    return [each for each in said if " calls.0: " in each]


def test_callers_who_are_kept_for_ever_are_warned_of() -> None:
    """Also where the first app sends them on to another one."""
    assert warnings() == [SAID]


@pytest.mark.parametrize(
    "change",
    [
        ("1/s}}", "1/s}, patience: 30s}"),
        ("Answer()", "Stasis(Nobody)"),
        ("[answer]", "[answer, {move: Queue}]"),
        ("{poisson: 1/s}}\nrun: {duration: 1h}", "{at: 1s}}\nrun: {until: drained}"),
        ("1/s}}", "1/s}, vanishes: 1min}"),
    ],
)
def test_what_ends_no_call_changes_nothing(change: tuple[str, str]) -> None:
    """Patience is over with the first command, and a phone that vanishes hangs up no more than before."""
    assert SAID in warnings(change)


@pytest.mark.parametrize(
    "change",
    [
        ("1/s}}", "1/s}, hold: 90s}"),
        ("[answer]", "[answer, hangup]"),
        ("[answer]", "[answer], on ChannelDtmfReceived: [hangup]"),
        ("[answer]", "[answer, {move: Intro-IVR}]"),
        ("[answer]", "[{set: {'TIMEOUT(absolute)': 60}}, answer]"),
        ("Answer()", "Set(TIMEOUT(absolute)=60)"),
        ("Stasis(Queue)", "NoOp()"),
        ("Stasis(Queue)", "StasisBroadcast()"),
        ("answer, continue", "answer, {continue: {extension: away}}"),
        ("run:", "faults: [{restart: asterisk, every: 10min, for: 30s}]\nrun:"),
        ("asterisk:", "asterisk:\n  rtp_timeout: 30s"),
        ("1/s}}", "1/s}, vanishes: 10min, session_expires: 90s}"),
        ("[answer]", "[{wait: 1s}]"),
    ],
)
def test_where_something_ends_them_nothing_is_said(change: tuple[str, str]) -> None:
    """The caller, the app, the dialplan or Asterisk."""
    patient = [("1/s}}", "1/s}, patience: 30s}")] if "wait" in change[1] else []
    assert warnings(change, *patient) == []


@pytest.mark.parametrize("few", ["{at: [1s, 2s]}", "{poisson: 1/s}, count: 10"])
def test_a_few_calls_that_are_looked_at_for_a_while_may_stay(few: str) -> None:
    """They do not pile up, and a run that has a duration ends all the same."""
    assert warnings(("{poisson: 1/s}", few)) == []
