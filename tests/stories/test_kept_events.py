"""Stories of a bus that keeps events for consumers who are away, as RabbitMQ's durable queues do."""

from __future__ import annotations

from tests.stories.stage import MS, S, Stage


def told(story: Stage, *types: str) -> list[tuple[int, str, str, str, int | None]]:
    """When each event of some types was raised, which it was, to whom it was handed, its fate, and when it came."""
    return [
        (
            each.raised,
            each.type,
            each.connection.client if each.connection else "",
            each.fate,
            each.delivered,
        )
        for each in story.events
        if each.type in types
    ]


def test_what_nobody_is_there_to_take_comes_when_somebody_is() -> None:
    """Two callers meet a proxy whose only consumer is away: both are served late, and Asterisk knows nothing of it."""
    story = Stage(
        """
clients:
  proxy: {apps: Intro-IVR, keeps: 100}
  ivr: {apps: Intro-IVR, behind: proxy, reconnect: at_once}
calls: [{to: ivr@default, arrivals: {at: [6s, 7s]}, patience: 30s, hold: 2s}]
faults: [{drop: ivr, at: 5s, for: 5s}]
run: {duration: 30s}
""",
        "asterisk-22",
    )
    assert told(story, "StasisStart") == [
        (6 * S, "StasisStart", "ivr", "late", 10 * S + 2 * MS),
        (7 * S, "StasisStart", "ivr", "late", 10 * S + 2 * MS),
    ]
    assert story.outcomes == ["served", "served"]
    assert story.away()[1:] == [(5 * S, 10 * S + 1 * MS, "no_consumer")]
    assert [(row.client, row.missed) for row in story.connections] == [("proxy", 0), ("ivr", 0), ("ivr", 0)]


def test_a_full_queue_loses_the_oldest() -> None:
    """Of three callers the first one's StasisStart has gone when the consumer comes back."""
    story = Stage(
        """
clients:
  proxy: {apps: Intro-IVR, keeps: 2}
  ivr: {apps: Intro-IVR, behind: proxy, reconnect: at_once}
calls: [{to: ivr@default, arrivals: {at: [6s, 7s, 8s]}, patience: 30s, hold: 2s}]
faults: [{drop: ivr, at: 5s, for: 5s}]
run: {duration: 50s}
""",
        "asterisk-22",
    )
    assert story.fates("StasisStart") == ["lost", "late", "late"]
    assert story.outcomes == ["stranded", "served", "served"]


def test_events_wait_for_who_has_the_call_although_others_are_there() -> None:
    """A key is pressed while its owner is away and another consumer is there: it comes to the owner, late."""
    story = Stage(
        """
clients:
  proxy: {apps: Intro-IVR, keeps: 100}
  one: {apps: Intro-IVR, behind: proxy, reconnect: at_once}
  two: {apps: Intro-IVR, behind: proxy}
calls: [{to: ivr@default, arrivals: {at: [1s, 2s]}, hold: 15s, keys: [{after: 4s, press: "1"}]}]
faults: [{drop: one, at: 4s, for: 6s}]
run: {duration: 30s}
""",
        "asterisk-22",
    )
    assert [(client, fate) for _, _, client, fate, _ in told(story, "ChannelDtmfReceived")] == [
        ("one", "late"),
        ("two", "delivered"),
    ]
    assert [client for _, _, client, _, _ in told(story, "StasisStart")] == ["one", "two"]


def test_the_next_program_of_a_name_is_sent_what_was_kept_for_it() -> None:
    """After a crash the new process hears of the end of a call that it knows nothing of."""
    text = """
clients:
  proxy: {{apps: Intro-IVR{keeps}}}
  ivr: {{apps: Intro-IVR, behind: proxy}}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}, hold: 5s}}]
faults: [{{crash: ivr, at: 4s, start: 5s}}]
run: {{duration: 30s}}
"""
    kept, lost = (Stage(text.format(keeps=keeps), "asterisk-22") for keeps in (", keeps: 5", ""))
    assert told(kept, "StasisEnd") == [
        (6 * S + 6 * MS, "StasisEnd", "ivr", "misdelivered", 9 * S + 2 * MS),
    ]
    assert lost.fates("StasisEnd") == ["lost"]


def test_a_call_that_comes_back_meanwhile_is_nobodys_yet() -> None:
    """Its second StasisStart waits, and goes to the other consumer, who never had the call: misdelivered."""
    story = Stage(
        """
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Wait(4)
     same => n,Stasis(Intro-IVR)
     same => n,Hangup()
clients:
  proxy: {apps: Intro-IVR, keeps: 100}
  one: {apps: Intro-IVR, behind: proxy, on StasisStart: [answer, continue], reconnect: none}
  two: {apps: Intro-IVR, behind: proxy, on StasisStart: [answer, continue], start: 8s}
calls: [{to: ivr@default, arrivals: {at: 1s}, media: 20ms}]
faults: [{drop: one, at: 4s}]
run: {duration: 30s}
""",
        "asterisk-22",
    )
    assert [(client, fate) for _, _, client, fate, _ in told(story, "StasisStart")] == [
        ("one", "delivered"),
        ("two", "misdelivered"),
    ]


def test_what_nobody_ever_comes_for_is_pending() -> None:
    """At the end of the run it lies in the queue: neither lost nor handled."""
    story = Stage(
        """
clients:
  proxy: {apps: Intro-IVR, keeps: 100}
  ivr: {apps: Intro-IVR, behind: proxy, reconnect: none}
calls: [{to: ivr@default, arrivals: {at: 6s}, patience: 5s}]
faults: [{drop: ivr, at: 5s}]
run: {duration: 30s}
""",
        "asterisk-22",
    )
    assert {event.fate for event in story.events} == {"pending"}
    assert story.outcomes == ["abandoned"]
