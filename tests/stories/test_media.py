"""Stories of callers who send media, and of callers who send none (sip-callers)."""

from __future__ import annotations

import pytest

from tests.stories.stage import MS, S, Stage

ANSWERED = """
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Answer({answer})
     same => n,Stasis(Intro-IVR)
clients: {{ivr: {{apps: Intro-IVR}}}}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}, media: {media}}}]
run: {{duration: 9s}}
"""


@pytest.mark.parametrize("profile", ["asterisk-16", "asterisk-22"])
@pytest.mark.parametrize(
    ("answer", "media", "held_ms"),
    [
        ("", "0s", 0),
        ("", "200ms", 200),
        ("", "450ms", 450),
        ("", "700ms", 500),
        ("", "none", 500),
        ("200", "0s", 500),
        ("1000", "0s", 1000),
    ],
)
def test_answer_waits_for_media(profile: str, answer: str, media: str, held_ms: int) -> None:
    """Answer() holds the dialplan until the first RTP comes, half a second at most; a delay of its own is a floor."""
    story = Stage(ANSWERED.format(answer=answer, media=media), profile)
    assert [attempt.at for attempt in story.attempts] == [1 * S + held_ms * MS]


def first_commands(profile: str, *, service: str, media: str = "none", answer: str = "") -> list[int]:
    """How long after Stasis() each call's first command was carried out, in milliseconds."""
    story = Stage(
        f"""
asterisk:
  extensions: "[default]\\nexten => ivr,1,NoOp()\\n{answer} same => n,Stasis(Intro-IVR)\\n"
clients: {{ivr: {{apps: Intro-IVR, service: {service}, on StasisStart: answer}}}}
calls: [{{to: ivr@default, arrivals: {{at: [1s, 5s]}}, media: {media}}}]
run: {{duration: 9s}}
""",
        profile,
    )
    return [(attempt.first_command or 0) // MS - attempt.at // MS for attempt in story.attempts]


@pytest.mark.parametrize(("service", "after"), [("2ms", 200), ("190ms", 200), ("250ms", 400)])
def test_16_looks_at_commands_every_200_ms(service: str, after: int) -> None:
    """A silent channel of 16 looks at its commands at a tick that counts from StasisStart."""
    assert first_commands("asterisk-16", service=service) == [after, after]


@pytest.mark.parametrize("profile", ["documented", "asterisk-22"])
def test_22_looks_at_commands_at_once(profile: str) -> None:
    """Two ways, two milliseconds of work, and nothing more."""
    assert first_commands(profile, service="2ms") == [4, 4]


@pytest.mark.parametrize(("service", "after"), [("2ms", 20), ("17ms", 20), ("30ms", 40)])
def test_media_wakes_16(service: str, after: int) -> None:
    """Where RTP comes in, the channel looks at its commands with the next frame, every 20 ms."""
    found = first_commands("asterisk-16", service=service, media="0s", answer=" same => n,Answer()\\n")
    assert found == [after, after]


def test_an_unanswered_caller_of_16_is_silent() -> None:
    """RTP begins with the answer, so the answer itself waits for the tick."""
    assert first_commands("asterisk-16", service="2ms", media="0s") == [200, 200]


def test_a_sound_of_16_begins_at_a_tick_and_its_end_begins_another() -> None:
    """What comes while it plays waits for its end; then the loop sleeps anew."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: [ring, {play: 1s}, continue]}}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 9s}
""",
        "asterisk-16",
    )
    assert [(at, type_) for at, type_, _, _ in story.heard()] == [
        (1 * S, "StasisStart"),
        (1 * S + 200 * MS, "PlaybackStarted"),
        (2 * S + 200 * MS, "PlaybackFinished"),
        (2 * S + 400 * MS, "StasisEnd"),
    ]
    assert [status for *_, status in story.requests()] == [204, 201, 204]


def test_delete_does_not_wait_for_the_tick() -> None:
    """A hangup by REST is no command of the queue."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: hangup}}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 9s}
""",
        "asterisk-16",
    )
    assert [call.ended for call in story.calls] == [1 * S + 4 * MS]


def test_a_caller_of_16_who_gives_up_before_the_tick_was_not_answered() -> None:
    """An answer that still waits when the CANCEL comes fails with 500, and the caller gets 487."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: answer}}
calls: [{to: ivr@default, arrivals: {at: 1s}, patience: 100ms}]
run: {duration: 9s}
""",
        "asterisk-16",
    )
    assert [(command.status, command.reason) for command in story.commands] == [(500, "Failed to answer channel")]
    assert [call.final_answer for call in story.calls] == ["487 Request Terminated"]
