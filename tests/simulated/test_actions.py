"""What a client does about an event."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from stasis_sim.scenario.actions import Action
from stasis_sim.simulated.actions import Sounds, requests, sound
from tests.stories.stage import MS, PROFILES, S, Stage

ADAPTER: TypeAdapter[Action] = TypeAdapter(Action)


@pytest.mark.parametrize(
    ("action", "steps"),
    [
        ("answer", (("POST", "/answer", ()),)),
        ("ring", (("POST", "/ring", ()),)),
        ("hangup", (("DELETE", "", (("reason", "normal"),)),)),
        ({"hangup": "busy"}, (("DELETE", "", (("reason", "busy"),)),)),
        ("continue", (("POST", "/continue", ()),)),
        (
            {"continue": {"context": "c", "extension": "e", "priority": 3}},
            (("POST", "/continue", (("context", "c"), ("extension", "e"), ("priority", "3"))),),
        ),
        ({"move": "Other"}, (("POST", "/move", (("app", "Other"),)),)),
        (
            {"set": {"A": "1", "B": "2"}},
            (
                ("POST", "/variable", (("variable", "A"), ("value", "1"))),
                ("POST", "/variable", (("variable", "B"), ("value", "2"))),
            ),
        ),
        ({"wait": "1s"}, ()),
    ],
)
def test_an_action_is_a_request_of_ari(action: object, steps: tuple[object, ...]) -> None:
    """Method, path and query are those of ARI's documentation."""
    assert requests(ADAPTER.validate_python(action)) == steps


def test_sounds_have_the_times_of_the_scenario_and_those_that_clients_ask_for() -> None:
    """By whatever way they are looked up; the rest takes the default."""
    sounds = Sounds({"hello": 3 * S, "default": 5 * S, "7us": 1})
    for name, time in (("hello", 3 * S), ("bye", 5 * S), ("us", 5 * S), ("7us", 1), ("1500000us", 1_500_000)):
        assert sounds[name] == time
        assert sounds.get(name, 99) == time
    assert sound(1_500_000) == "sound:1500000us"


@pytest.mark.parametrize("seconds", [1, 2, 9])
def test_a_sound_takes_the_time_that_the_action_says(seconds: int) -> None:
    """And not that of any other sound of the scenario."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, on StasisStart: [{{play: {seconds}s}}]}}}}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}}}]
run: {{duration: 30s}}
"""
    )
    begun, over = (event.raised for event in story.events if event.type.startswith("Playback"))
    assert over - begun == seconds * S


def test_handling_stops_at_the_first_request_that_fails() -> None:
    """What comes after a command for a channel that is gone is not sent."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: [answer, {wait: 10s}, answer, continue]}}
calls: [{to: ivr@default, arrivals: {at: 1s}, hold: 2s}]
run: {duration: 30s}
"""
    )
    assert [(path, status) for _, _, path, status in story.requests()] == [
        ("c1/answer", 204),
        ("c1/answer", 404),
    ]


def test_the_rest_of_several_variables_is_not_set_after_a_refusal() -> None:
    """Each variable is a request, and a request that fails ends the handling wherever it stands."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: [answer, {wait: 10s}, {set: {A: "1", B: "2", C: "3"}}, continue]}}
calls: [{to: ivr@default, arrivals: {at: 1s}, hold: 2s}]
run: {duration: 30s}
"""
    )
    assert [(path, status) for _, _, path, status in story.requests()] == [
        ("c1/answer", 204),
        ("c1/variable", 404),
    ]


def test_actions_on_the_end_of_a_sound_do_not_keep_its_handler_from_going_on() -> None:
    """Who names actions for PlaybackFinished has them done, and play ends nevertheless."""
    story = Stage(
        """
clients:
  ivr: {apps: Intro-IVR, on StasisStart: [{play: 1s}, continue], on PlaybackFinished: [{set: {HEARD: "1"}}]}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 30s}
"""
    )
    assert sorted(path for _, _, path, _ in story.requests()) == ["c1/continue", "c1/play", "c1/variable"]
    assert story.calls[0].ended is not None


def test_two_sounds_of_one_call_are_played_one_after_the_other() -> None:
    """Each handler goes on when its own sound is over."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: [{play: 2s}, {play: 3s}, continue]}}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 30s}
"""
    )
    assert [at for at, _, path, _ in story.requests() if path == "c1/play"] == [1 * S + 3 * MS, 3 * S + 7 * MS]
    assert story.calls[0].ended == 6 * S + 12 * MS


def test_a_recording_goes_on_as_long_as_the_caller_talks() -> None:
    """It answers, waits half a second for media where none comes, and what follows waits for its end."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, latency: 0ms, service: 0ms, on StasisStart: [{record: 7s}, hangup]}}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 30s}
""",
        "asterisk-22",
    )
    raised = {event.type: event.raised for event in story.events}
    assert raised["RecordingStarted"] - raised["ChannelStateChange"] == 500 * MS
    assert raised["RecordingFinished"] - raised["RecordingStarted"] == 7 * S
    assert raised["StasisEnd"] - raised["RecordingFinished"] < 10 * MS


def test_who_hangs_up_ends_his_recording() -> None:
    """RecordingFinished comes before StasisEnd, and the handler does nothing more."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: [answer, {record: 20s}, continue]}}
calls: [{to: ivr@default, arrivals: {at: 1s}, hold: 5s}]
run: {duration: 30s}
""",
        "asterisk-22",
    )
    assert [(path, status) for _, _, path, status in story.requests()] == [("c1/answer", 204), ("c1/record", 201)]
    assert [event.type for event in story.events][-3:] == ["ChannelHangupRequest", "RecordingFinished", "StasisEnd"]


@pytest.mark.parametrize("profile", PROFILES)
def test_who_hangs_up_ends_the_sound_that_he_hears(profile: str) -> None:
    """The handler goes on with PlaybackFinished and meets a 404; one that nobody catches ends the program."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on_error: crashes, on StasisStart: [answer, {play: 20s}, continue]}}
calls: [{to: ivr@default, arrivals: {at: [1s, 10s]}, hold: 5s}]
run: {duration: 30s}
""",
        profile,
    )
    assert [(path, status) for _, _, path, status in story.requests()] == [
        ("c1/answer", 204),
        ("c1/play", 201),
        ("c1/continue", 404),
    ]


def test_a_recording_whose_end_is_missed_orphans_its_call() -> None:
    """As a sound does: the handler waits for ever for RecordingFinished, and the caller waits for the app."""
    story = Stage(
        """
clients: {ivr: {apps: Intro-IVR, on StasisStart: [answer, {record: 5s}, continue], reconnect: none}}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
faults: [{drop: ivr, at: 3s}]
run: {duration: 30s}
""",
        "asterisk-22",
    )
    assert [event.fate for event in story.events if event.type == "RecordingFinished"] == ["missed"]
    assert [path for _, _, path, _ in story.requests()] == ["c1/answer", "c1/record"]
    (call,) = story.calls
    assert call.ended is None
