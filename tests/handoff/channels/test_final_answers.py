"""What a SIP caller gets in the end: every row that was measured on 16.28.0 and 22.10.1."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stasis_sim.handoff.channels.final_answers import final_answer
from stasis_sim.handoff.effects import ENDED
from stasis_sim.handoff.profiles import ASTERISK_16, ASTERISK_22, Profile
from stasis_sim.handoff.stimuli import Call, Hangup
from tests.handoff.conftest import Asterisk

REFUSALS = {
    302: [23],
    403: [21],
    404: [1, 2, 3],
    408: [18],
    410: [22],
    480: [19, 20, 31],
    484: [28],
    486: [17],
    488: [58],
    500: [38, 127],
    501: [29],
    502: [27],
    503: [34, 42, 66],
}
"""Statuses for the causes that DELETE's reason_code gave to callers who were not answered; all others got 603."""

REASONS = {
    "normal": "603 Decline",
    "busy": "486 Busy Here",
    "congestion": "503 Service Unavailable",
    "no_answer": "480 Temporarily Unavailable",
    "timeout": "408 Request Timeout",
    "rejected": "403 Forbidden",
    "unallocated": "404 Not Found",
    "normal_unspecified": "480 Temporarily Unavailable",
    "number_incomplete": "484 Address Incomplete",
    "codec_mismatch": "488 Not Acceptable Here",
    "interworking": "500 Server Internal Error",
    "failure": "500 Server Internal Error",
    "answered_elsewhere": "603 Decline",
}

BOTH = pytest.mark.parametrize("profile", [ASTERISK_16, ASTERISK_22])


@pytest.mark.parametrize("cause", range(128))
def test_each_cause_refuses_as_it_was_measured(cause: int) -> None:
    """A caller who was never answered gets the status of the cause, 603 for 0 and every cause without one."""
    wanted = next((status for status, causes in REFUSALS.items() if cause in causes), 603)
    assert int(final_answer(cause, answered=False, by_caller=False).split()[0]) == wanted


def test_an_answered_caller_gets_a_bye_with_the_cause() -> None:
    """The cause stands in seven bits: 999, which DELETE takes, became 103."""
    causes = (0, 16, 17, 44, 999)
    found = [final_answer(cause, answered=True, by_caller=False) for cause in causes]
    assert found == ["BYE 0", "BYE 16", "BYE 17", "BYE 44", "BYE 103"]


def ended(asterisk: Asterisk) -> tuple[int, str | None]:
    """The cause and the final answer of the only call that has ended."""
    ((_, cause, answer),) = asterisk.of(asterisk.log, ENDED)
    return cause, answer


@BOTH
@pytest.mark.parametrize("reason", REASONS)
def test_delete_says_it_to_the_caller(make: Callable[..., Asterisk], profile: Profile, reason: str) -> None:
    """DELETE with a reason refuses a caller who is not answered, and sends BYE to one who is."""
    for answered in (False, True):
        asterisk = make(profile)
        asterisk.open("A", "Intro-IVR")
        asterisk.step(Call("s1", "ivr", "default", {}, "", "sip"))
        if answered:
            asterisk.rest("POST", "/channels/s1/answer")
        asterisk.rest("DELETE", "/channels/s1", reason=reason)
        cause, answer = ended(asterisk)
        assert answer == (f"BYE {cause}" if answered else REASONS[reason])


@BOTH
def test_who_hangs_up_first_gets_no_refusal(make: Callable[..., Asterisk], profile: Profile) -> None:
    """A CANCEL before the answer brings 487, a BYE after it 200, whatever the cause of the channel is."""
    for extension, answer in (("wait", "487 Request Terminated"), ("answer", "200 OK")):
        asterisk = make(profile)
        asterisk.step(Call("s1", extension, "default", {}, "", "sip"))
        asterisk.run(1)
        asterisk.step(Hangup("s1"))
        assert ended(asterisk)[1] == answer


def test_a_local_channel_has_no_final_answer(asterisk: Asterisk) -> None:
    """Behind a Local channel there is no phone."""
    asterisk.call("c1")
    assert ended(asterisk) == (16, None)
