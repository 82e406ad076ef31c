"""Stories of subscriptions that a program makes by a request: what it hears by them, and when they are gone."""

from __future__ import annotations

import pytest

from stasis_sim.scenario import Scenario
from stasis_sim.simulated.preparation import prepare
from tests.stories.stage import FORGETFUL, MS, S, Stage

WATCHED = """
asterisk:
  extensions: |
    [default]
    exten => plain,1,Wait(2)
     same => n,Hangup()
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Wait(1)
     same => n,Hangup()
"""


def ends(story: Stage, app: str) -> list[tuple[int, str]]:
    """When an app was to hear of each channel's end, and what became of that."""
    return [(raised, fate) for raised, type_, fate, _ in story.heard(app) if type_ == "ChannelDestroyed"]


def subscriptions(story: Stage, client: str) -> list[tuple[int, str, int | None]]:
    """When a client asked for a subscription, where, and the answer."""
    return [(each.at, each.path, each.status) for each in story.commands if each.client == client]


@pytest.mark.parametrize(
    ("profile", "once"),
    [
        # 16 keeps it over the outage, and counts what it misses.
        ("asterisk-16", [(3 * S, "delivered"), (12 * S, "missed"), (23 * S, "delivered")]),
        # 22 takes it away with the connection, and what is raised no more is no row of any table.
        ("asterisk-22", [(3 * S, "delivered")]),
    ],
)
def test_a_subscription_to_all_channels_is_gone_with_the_app(profile: str, once: list[tuple[int, str]]) -> None:
    """Two programs subscribe and lose their connection; one does so again, the other hears of nothing more in 22."""
    story = Stage(
        f"""{WATCHED}
clients:
  once: {{apps: Once, subscribe: channel, reconnect: {{constant: 5s}}}}
  again: {{apps: Again, subscribe: channel, reconnect: {{constant: {{delay: 5s, resubscribe: true}}}}}}
calls: [{{to: plain@default, arrivals: {{at: [1s, 10s, 21s]}}}}]
faults: [{{drop: once, at: 9s}}, {{drop: again, at: 9s}}]
run: {{duration: 30s}}
""",
        profile,
    )
    assert ends(story, "Once") == once
    assert [end for end in ends(story, "Again") if end[1] == "delivered"] == [
        (3 * S, "delivered"),
        (23 * S, "delivered"),
    ]
    assert subscriptions(story, "once") == [(2 * MS, "/ari/applications/Once/subscription", 200)]
    assert subscriptions(story, "again") == [
        (2 * MS, "/ari/applications/Again/subscription", 200),
        (14 * S + 2 * MS, "/ari/applications/Again/subscription", 200),
    ]


@pytest.mark.parametrize("profile", FORGETFUL)
def test_a_subscription_to_one_channel_lasts_as_long_as_the_channel(profile: str) -> None:
    """Three calls: an app that subscribes to each hears their ends; the one of the outage is missed, not forgotten."""
    story = Stage(
        f"""{WATCHED}
clients:
  ivr:
    apps: Intro-IVR
    on StasisStart: [subscribe, answer, {{wait: 3s}}, continue]
    reconnect: {{constant: 2s}}
calls: [{{to: ivr@default, arrivals: {{at: [1s, 5500ms, 12s]}}, media: 20ms}}]
faults: [{{drop: ivr, at: 8s}}]
run: {{duration: 30s}}
""",
        profile,
    )
    assert [fate for _, fate in ends(story, "Intro-IVR")] == ["delivered", "missed", "delivered"]
    assert subscriptions(story, "ivr")[0] == (1 * S + 3 * MS, "/ari/applications/Intro-IVR/subscription", 200)
    # It is no command on the call: what was carried out first is the answer.
    firsts = [attempt.first_command for attempt in story.attempts]
    answered = [event.raised for event in story.events if event.type == "ChannelStateChange"]
    assert firsts == answered
    # The channel that it left behind keeps the app registered.
    deactivated = [(outage.start, outage.noticed, outage.cause) for outage in story.outages if outage.start]
    assert deactivated == [(8 * S, 8 * S, "torn")]


def test_a_restart_of_asterisk_takes_all_subscriptions() -> None:
    """After it nothing is raised for who does not ask again, in every profile that knows a restart."""
    story = Stage(
        f"""{WATCHED}
clients: {{watcher: {{apps: Once, subscribe: [channel, bridge], reconnect: {{constant: 1s}}}}}}
calls: [{{to: plain@default, arrivals: {{at: [1s, 21s]}}}}]
faults: [{{restart: asterisk, at: 10s, for: 5s}}]
run: {{duration: 30s}}
""",
        "asterisk-16",
    )
    assert ends(story, "Once") == [(3 * S, "delivered")]


def test_a_program_that_starts_again_subscribes_again() -> None:
    """A crash ends the program, and the new one makes its subscriptions as the first did."""
    story = Stage(
        f"""{WATCHED}
clients: {{watcher: {{apps: Once, subscribe: channel}}}}
calls: [{{to: plain@default, arrivals: {{at: [1s, 21s]}}}}]
faults: [{{crash: watcher, at: 10s, start: 2s}}]
run: {{duration: 30s}}
""",
        "asterisk-22",
    )
    assert ends(story, "Once") == [(3 * S, "delivered"), (23 * S, "delivered")]


def test_who_watches_the_calls_of_others_needs_no_line_in_the_dialplan() -> None:
    """Its apps are named nowhere, and nothing is warned of; without the subscription that is most often a slip."""
    text = f"{WATCHED}\nclients: {{watcher: {{apps: Once, {{}}}}, ivr: {{apps: Intro-IVR}}}}\nrun: {{duration: 1s}}\n"
    watching, idle = (
        prepare(Scenario.parse(text.replace("{}", key), name="s.yaml")) for key in ("subscribe: channel", "start: 1s")
    )
    assert watching.warnings == ()
    assert [str(warning).rpartition(": ")[2] for warning in idle.warnings] == [
        "no line of the dialplan hands calls to Once"
    ]


def test_names_of_apps_are_quoted_in_the_path() -> None:
    """An app may have a name that is no part of a path."""
    story = Stage(
        f"""{WATCHED}
clients: {{watcher: {{apps: ["a/b c?"], subscribe: channel}}}}
calls: [{{to: plain@default, arrivals: {{at: 1s}}}}]
run: {{duration: 30s}}
""",
        "asterisk-22",
    )
    assert subscriptions(story, "watcher") == [(2 * MS, "/ari/applications/a%2Fb%20c%3F/subscription", 200)]
    assert ends(story, "a/b c?") == [(3 * S, "delivered")]
