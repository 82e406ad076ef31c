"""Stories of random delays: they belong to the call, whatever happens to others and whatever the rules are."""

from __future__ import annotations

import itertools

from tests.stories.stage import MS, S, Stage

RANDOM = """
asterisk:
  profile: {profile}
  latency: {{exponential: 20ms}}
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Hangup()
clients:
  ivr:
    apps: Intro-IVR
    latency: {{exponential: 30ms}}
    on StasisStart: [answer, {{set: {{A: 1, B: 2}}}}, {{play: 1s}}, continue]
    reconnect: {reconnect}
calls: [{{to: ivr@default, arrivals: {{every: 10s}}, kind: local}}]
faults: [{{drop: ivr, at: [25s, 72s], for: 2s}}]
run: {{duration: 200s}}
"""


def played(profile: str, reconnect: str = "at_once") -> Stage:
    """Calls one after the other, two of which meet an outage."""
    return Stage(RANDOM.format(profile=profile, reconnect=reconnect))


def delays(told: Stage) -> dict[int, tuple[list[int], list[int]]]:
    """How long the messages of each call that was served took, and when its commands were sent, from its arrival on."""
    return {
        call.number: (
            [each.delivered - each.raised for each in call.events if each.delivered is not None],
            [each.at - call.arrived for each in call.commands],
        )
        for call in told.calls
        if call.outcome == "served"
    }


def test_a_message_takes_the_same_time_under_every_profile_and_policy() -> None:
    """What one call meets changes nothing about the delays of those after it."""
    one = delays(played("documented", "{constant: 7s}"))
    other = delays(played("asterisk-22"))
    both = one.keys() & other.keys()
    assert len(one) < len(other) == 19
    assert {number: one[number] for number in both} == {number: other[number] for number in both}
    assert len({tuple(times) for times, _ in other.values()}) == len(other)


def test_each_way_has_a_time_of_its_own() -> None:
    """Message, request, answer and the next request are drawn apart, for every call anew."""
    told = played("asterisk-22")
    gaps = [after - before for _, sent in delays(told).values() for before, after in itertools.pairwise(sent)]
    assert len(set(gaps)) == len(gaps)
    assert min(gaps) >= 0


def test_no_message_overtakes_another() -> None:
    """One that would be faster than what was written before it arrives at the same instant."""
    told = Stage(
        """
clients: {ivr: {apps: Intro-IVR, latency: {uniform: {low: 0s, high: 10s}}}}
calls: [{to: ivr@default, arrivals: {every: 100ms}, count: 200, kind: local}]
run: {duration: 60s}
"""
    )
    arrived = [each.delivered for each in told.events if each.delivered is not None]
    assert arrived == sorted(arrived)
    assert len(set(arrived)) < len(arrived) / 2


def test_what_is_about_no_call_is_numbered_by_client() -> None:
    """The newer connection takes the app, and each ApplicationReplaced takes a time of its own."""
    told = Stage(
        """
clients: {ivr: {apps: Intro-IVR, latency: {uniform: {low: 1ms, high: 1s}}, instances: 2, reconnect: at_once}}
faults: [{drop: ivr, at: [10s, 20s, 30s]}]
run: {duration: 60s}
"""
    )
    times = [each.delivered - each.raised for each in told.events if each.delivered is not None]
    assert len(set(times)) == len(times) > 1
    assert all(1 * MS <= each <= 1 * S for each in times)
