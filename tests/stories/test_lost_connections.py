"""Stories of WebSockets that are cut: who gets in meanwhile, what is missed, and what comes back."""

from __future__ import annotations

import pytest

from tests.stories.stage import FORGETFUL, MS, PROFILES, S, Stage, carried_out

DROP = """
clients: {{ivr: {{apps: Intro-IVR, subscribe_all: {everything}, reconnect: none}}}}
calls:
  - {{to: ivr@default, arrivals: {{at: 1s}}, hold: {hold}}}
  - {{to: ivr@default, arrivals: {{at: 6s}}, patience: 3s}}
faults: [{{drop: ivr, at: 5s}}]
run: {{duration: 30s}}
"""


@pytest.mark.parametrize("everything", ["false", "true"])
@pytest.mark.parametrize("hold", ["2s", "20s"])
def test_as_documented_a_call_enters_an_app_that_was_connected_before(hold: str, everything: str) -> None:
    """The call enters whether somebody is inside or not, nobody hears of it, and it is stranded until patience ends."""
    story = Stage(DROP.format(hold=hold, everything=everything), "documented")
    assert story.results == ["entered", "entered"]
    assert story.outcomes == ["served", "stranded"]
    later = [(type_, fate) for at, type_, fate, _ in story.heard() if at == 6 * S]
    assert ("StasisStart", "missed") in later
    assert {fate for _, fate in later} == {"missed"}
    assert story.calls[1].ended == 9 * S
    assert story.measures["total"]["stranded_s"] == 3.0


@pytest.mark.parametrize("hold", ["2s", "20s"])
@pytest.mark.parametrize("everything", ["false", "true"])
@pytest.mark.parametrize("profile", FORGETFUL)
def test_real_asterisks_eject_after_a_drop(profile: str, everything: str, hold: str) -> None:
    """Forgotten if nothing kept the app: a channel inside, or in 16 the subscription to everything; else not active."""
    story = Stage(DROP.format(hold=hold, everything=everything), profile)
    everything_kept = everything == "true" and profile == "asterisk-16"
    somebody_kept = everything == "false" and hold == "20s"
    reason = "not_active" if everything_kept or somebody_kept else "forgotten"
    assert story.results == ["entered", f"ejected {reason}"]
    assert story.outcomes == ["served", "dropped"]
    missed = [event for event in story.events if event.fate == "missed"]
    assert bool(missed) == (reason == "not_active")
    if reason == "forgotten":
        assert not [event for event in story.events if event.raised > 5 * S]


def test_an_inactive_app_is_forgotten_with_its_last_channel() -> None:
    """After the drop the app is not active as long as somebody is inside; from his exit on it is forgotten."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: none}}
calls:
  - {to: ivr@default, arrivals: {at: 1s}, hold: 7s}
  - {to: ivr@default, arrivals: {at: [6s, 8s, 9s]}, patience: 3s}
faults: [{drop: ivr, at: 5s}]
run: {duration: 30s}
""",
        "asterisk-22",
    )
    assert story.results == ["entered", "ejected not_active", "ejected not_active", "ejected forgotten"]


@pytest.mark.parametrize("profile", PROFILES)
def test_events_flow_again_after_a_reconnect_and_nothing_is_replayed(profile: str) -> None:
    """With a call inside, what happens in the outage is missed for good, and what happens after it arrives."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: [answer, {play: 5s}, continue], reconnect: {constant: 2s}}}
calls: [{to: ivr@default, arrivals: {at: 1s}, hold: 20s, kind: local}]
faults: [{drop: ivr, at: 5s}]
run: {duration: 60s}
""",
        profile,
    )
    answered = carried_out(profile, 1 * S + 4 * MS, since=1 * S)
    began = carried_out(profile, answered + 3 * MS, since=1 * S)
    over = answered + 20 * S
    assert story.heard() == [
        (1 * S, "StasisStart", "delivered", 1 * S + 1 * MS),
        (answered, "ChannelStateChange", "delivered", answered + 1 * MS),
        (began, "PlaybackStarted", "delivered", began + 1 * MS),
        (began + 5 * S, "PlaybackFinished", "missed", None),
        (over, "ChannelHangupRequest", "delivered", over + 1 * MS),
        (over, "StasisEnd", "delivered", over + 1 * MS),
    ]
    assert story.tries() == [(0, 5 * S, "torn"), (7 * S, None, "")]
    assert story.away() == [(0, 1 * MS, "start"), (5 * S, 7 * S + 1 * MS, "torn")]
    # The client waits for the end of the sound for ever: no continue, and the caller has to end the call.
    assert [path for _, _, path, _ in story.requests()] == ["c1/answer", "c1/play"]
    assert (story.calls[0].ended, story.outcomes) == (over, ["served"])
    total = story.measures["total"]
    assert (total["orphaned"], total["orphaned_s"]) == (1, 2.001)
    assert [outage.orphaned for outage in story.outages] == [0, 1]


def test_a_sound_that_ends_after_the_reconnect_orphans_nobody_for_good() -> None:
    """The handler outlives its connection: the end of the sound comes over the next one, and the call goes on."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: [answer, {play: 8s}, continue], reconnect: {constant: 2s}}}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
faults: [{drop: ivr, at: 5s}]
run: {duration: 60s}
"""
    )
    assert story.requests()[-1] == (9 * S + 10 * MS, "POST", "c1/continue", 204)


def test_rest_goes_on_while_the_websocket_is_cut() -> None:
    """A handler that is at work during the outage still gets its commands through."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: [answer, {wait: 5s}, continue], reconnect: none}}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
faults: [{drop: ivr, at: 5s}]
run: {duration: 60s}
"""
    )
    assert story.requests()[-1] == (6 * S + 6 * MS, "POST", "c1/continue", 204)
    assert story.fates("StasisEnd") == ["missed"]
    assert story.calls[0].ended == 6 * S + 7 * MS


def test_what_is_on_the_wire_when_it_is_cut_is_lost() -> None:
    """Asterisk has written StasisStart, the client has not got it: lost, and the call is stranded though it entered."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, latency: 100ms, reconnect: none}}
calls: [{to: ivr@default, arrivals: {at: 1s}, patience: 3s}]
faults: [{drop: ivr, at: 1050ms}]
run: {duration: 60s}
"""
    )
    assert story.fates("StasisStart") == ["lost"]
    assert story.outcomes == ["stranded"]
    assert [(row.delivered, row.missed) for row in story.connections] == [(0, 1)]


def test_what_the_client_has_got_before_the_cut_is_handled_after_it() -> None:
    """A drop takes nothing out of the client's own queue."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, service: 2s, reconnect: none}}
calls: [{to: ivr@default, arrivals: {at: 1s}, patience: 5s, hold: 1s}]
faults: [{drop: ivr, at: 1500ms}]
run: {duration: 60s}
"""
    )
    assert story.requests() == [(3 * S + 1 * MS, "POST", "c1/answer", 204)]
    assert story.outcomes == ["served"]


@pytest.mark.parametrize("how", ["torn", "closed"])
def test_a_connection_says_how_it_ended(how: str) -> None:
    """A drop is torn or closed in order, in the row of the connection and in the cause of the outage."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: none}}}}
faults: [{{drop: ivr, at: 5s, how: {how}}}]
run: {{duration: 9s}}
"""
    )
    assert story.tries() == [(0, 5 * S, how)]
    assert story.away()[-1] == (5 * S, None, how)


def test_the_outage_lasts_as_long_as_returning_fails() -> None:
    """Until the outage is over each attempt is refused; the client returns by its own policy after that."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: {constant: 2s}}}
faults: [{drop: ivr, at: 10s, for: 5s}]
run: {duration: 30s}
"""
    )
    assert story.tries() == [
        (0, 10 * S, "torn"),
        (12 * S, 12 * S + 2 * MS, "refused: network"),
        (14 * S + 2 * MS, 14 * S + 4 * MS, "refused: network"),
        (16 * S + 4 * MS, None, ""),
    ]
    assert story.away()[-1] == (10 * S, 16 * S + 5 * MS, "torn")


def test_a_call_at_the_instant_of_the_cut_meets_what_it_has_left() -> None:
    """Things at one instant have an order: the fault comes first, the arrival last."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, reconnect: none}}
calls: [{to: ivr@default, arrivals: {at: 5s}}]
faults: [{drop: ivr, at: 5s}]
run: {duration: 9s}
""",
        "asterisk-22",
    )
    assert story.results == ["ejected forgotten"]
