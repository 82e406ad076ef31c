"""Stories of clients whose worker needs longer for some events than for others."""

from __future__ import annotations

from tests.stories.stage import MS, S, Stage

KEYS = """
asterisk:
  profile: asterisk-22
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
clients:
  ivr: {{apps: Intro-IVR, latency: 0s, service: {service}, on StasisStart: [answer]}}
calls: [{{to: ivr@default, arrivals: {{at: [1s, 1s]}}, kind: local, hold: 10s}}]
run: {{duration: 30s}}
"""


def answered(service: str) -> list[int]:
    """When each of two calls that come at once is answered, in microseconds."""
    told = Stage(KEYS.format(service=service))
    return [command.at for call in told.calls for command in call.commands]


def test_an_event_takes_the_time_of_its_type() -> None:
    """Two StasisStart are dealt with one after the other, each in the time of its type; nothing else is in the way."""
    assert answered("{StasisStart: 300ms, other: 0ms}") == [1 * S + 300 * MS, 1 * S + 600 * MS]


def test_types_that_are_not_named_take_the_time_of_others() -> None:
    """Where only another type is named, StasisStart takes what other says, or 2 ms."""
    assert answered("{StasisEnd: 5s, other: 40ms}") == [1 * S + 40 * MS, 1 * S + 80 * MS]
    assert answered("{StasisEnd: 5s}") == [1 * S + 2 * MS, 1 * S + 4 * MS]


def test_what_is_said_of_another_type_moves_nothing() -> None:
    """Random times of a type are its own: another type that takes longer afterwards changes no answer."""
    one = answered("{StasisStart: {exponential: 200ms}, StasisEnd: 0ms}")
    assert one == answered("{StasisStart: {exponential: 200ms}, StasisEnd: {exponential: 3s}}")
    assert len(set(one)) == 2
