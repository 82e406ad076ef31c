"""Stories of callers who talk to each other: the bridge is Asterisk's, and the program only makes it."""

from __future__ import annotations

import pytest

from tests.stories.stage import FORGETFUL, MS, PROFILES, S, Stage, carried_out

ROOM = """
clients: {{ivr: {{apps: Intro-IVR, on StasisStart: [answer, {action}], reconnect: {{constant: 1s}}{keys}}}}}
calls: [{{to: ivr@default, arrivals: {{at: [{at}]}}, hold: {hold}, kind: local}}]
faults: [{faults}]
run: {{duration: 60s}}
"""

MADE = 3 * MS
"""How much longer it takes who is the first: the bridge is made."""


def answered(profile: str, at: int) -> int:
    """When a caller is answered: the event, the work on it, and the way of the command."""
    return carried_out(profile, at + 4 * MS, since=at)


def joined(profile: str, at: int, longer: int = 0) -> int:
    """When a caller has come into the bridge: the answer's way back, and the way of the next command."""
    return carried_out(profile, answered(profile, at) + 3 * MS + longer, since=at)


def room(action: str = "{bridge: room}", at: str = "1s, 5s", hold: str = "20s", **more: str) -> str:
    """Return a scenario of callers in bridges."""
    return ROOM.format(action=action, at=at, hold=hold, faults=more.get("faults", ""), keys=more.get("keys", ""))


def talks(story: Stage) -> list[list[tuple[int, int | None]]]:
    """Return for each stay in Stasis when the caller was not alone."""
    return [attempt.talks or [] for attempt in story.attempts]


@pytest.mark.parametrize("profile", PROFILES)
def test_two_callers_meet_in_a_room(profile: str) -> None:
    """The first waits alone; they talk from the second's coming to the first's going, and then the second is alone."""
    story = Stage(room(), profile)
    begins, ends = joined(profile, 5 * S), answered(profile, 1 * S) + 20 * S
    assert talks(story) == [[(begins, ends)]] * 2
    assert story.outcomes == ["served", "served"]
    assert story.calls[1].ended == answered(profile, 5 * S) + 20 * S
    assert story.measures["total"]["talked_s.total"] == 2 * (ends - begins) / S


def test_the_bridge_is_made_once() -> None:
    """The first caller's handler makes it, and that request is about no call."""
    story = Stage(room())
    assert [(each.at - 1 * S, each.method, each.path) for each in story.commands[:3]] == [
        (3 * MS, "POST", "/ari/channels/c1/answer"),
        (6 * MS, "POST", "/ari/bridges"),
        (9 * MS, "POST", "/ari/bridges/room/addChannel"),
    ]
    assert [each.path for each in story.commands[3:]] == ["/ari/channels/c2/answer", "/ari/bridges/room/addChannel"]
    assert "/ari/bridges" not in [each.path for call in story.calls for each in call.commands]


@pytest.mark.parametrize("profile", PROFILES)
def test_callers_in_a_bridge_do_not_notice_a_crash(profile: str) -> None:
    """The program is away for ten seconds: both talk on, and all of the time without it is time in which they talk."""
    story = Stage(room(faults="{crash: ivr, at: 8s, start: 10s}"), profile)
    assert talks(story) == [[(joined(profile, 5 * S), answered(profile, 1 * S) + 20 * S)]] * 2
    assert story.away()[1:] == [(8 * S, 18 * S + 1 * MS, "crash")]
    total = story.measures["total"]
    assert (total["orphaned"], total["orphaned_s.total"], total["orphaned_s.talking"]) == (2, 20.002, 20.002)


def test_who_is_alone_in_a_bridge_does_notice() -> None:
    """Of the time without the app only that with another caller counts as talking."""
    story = Stage(room(at="1s", faults="{crash: ivr, at: 8s, start: 10s}"))
    total = story.measures["total"]
    assert (total["orphaned_s.total"], total["orphaned_s.talking"]) == (10.001, 0)


@pytest.mark.parametrize(("profile", "answer"), [("documented", 409), ("asterisk-16", 200), ("asterisk-22", 409)])
def test_a_new_program_finds_the_old_room(profile: str, answer: int) -> None:
    """It makes the bridge again, which changes nothing, and its callers meet those of the dead program."""
    story = Stage(room(at="1s, 10s", faults="{crash: ivr, at: 5s, start: 2s}", keys=", on_error: crashes"), profile)
    assert [each.status for each in story.commands if each.path == "/ari/bridges"] == [200, answer]
    assert talks(story)[0] == talks(story)[1] == [(joined(profile, 10 * S, MADE), answered(profile, 1 * S) + 20 * S)]
    assert [cause for _, _, cause in story.away()] == ["start", "crash"]


def test_a_room_dies_with_asterisk() -> None:
    """The first to come to it after a restart meets a 404, and the next one has it made again."""
    story = Stage(room(at="1s, 20s, 21s, 22s", faults="{restart: asterisk, at: 5s, for: 5s}"))
    statuses = [(each.path, each.status) for each in story.commands if "bridges" in each.path]
    add, make = "/ari/bridges/room/addChannel", "/ari/bridges"
    assert statuses == [(make, 200), (add, 204), (add, 404), (make, 200), (add, 204), (add, 204)]
    assert [len(each) for each in talks(story)] == [0, 0, 1, 1]


def test_callers_are_paired_in_their_order() -> None:
    """Every second caller comes to the one who waits; the odd one waits on."""
    story = Stage(room("pair", at="1s, 2s, 3s, 4s, 5s"))
    paths = [each.path for each in story.commands if each.path.endswith("addChannel")]
    assert [path.split("/")[3] for path in paths] == ["pair-1-1", "pair-1-1", "pair-1-2", "pair-1-2", "pair-1-3"]
    assert [len(each) for each in talks(story)] == [1, 1, 1, 1, 0]


def test_who_has_left_is_paired_with_nobody() -> None:
    """The first hangs up before the second comes, who waits in his turn and meets the third."""
    story = Stage(room("pair", at="1s, 6s, 7s", hold="3s"))
    assert [len(each) for each in talks(story)] == [0, 1, 1]


def test_a_dead_program_forgets_who_waits() -> None:
    """The caller who waited stays alone; the next two find each other."""
    story = Stage(room("pair", at="1s, 6s, 7s", faults="{crash: ivr, at: 3s, start: 1s}"))
    assert [len(each) for each in talks(story)] == [0, 1, 1]


def test_the_other_of_a_pair_is_hung_up() -> None:
    """When one hangs up the program ends the other's call and destroys the bridge; then it has nothing left to do."""
    story = Stage(room("pair", at="1s, 5s", keys=", on StasisEnd: disband"))
    assert [attempt.left_by for attempt in story.attempts] == ["hangup", "delete"]
    assert [(each.method, each.path, each.status) for each in story.commands if each.method == "DELETE"] == [
        ("DELETE", "/ari/channels/c2", 204),
        ("DELETE", "/ari/bridges/pair-1-1", 204),
    ]


def test_the_next_ones_get_a_bridge_of_their_own() -> None:
    """A room that was disbanded is made again; of one who waited alone only the bridge is left to destroy."""
    story = Stage(room(at="1s, 2s, 30s", hold="5s", keys=", on StasisEnd: disband"))
    assert [each.status for each in story.commands if each.path == "/ari/bridges"] == [200, 200]
    gone = [each.path for each in story.commands if each.method == "DELETE"]
    assert gone == ["/ari/channels/c2", "/ari/bridges/room", "/ari/bridges/room"]


@pytest.mark.parametrize("fault", ["{drop: ivr, at: 10s}", "{crash: ivr, at: 10s, start: 2s}"])
@pytest.mark.parametrize("profile", FORGETFUL)
def test_who_does_not_hear_or_does_not_know_disbands_nothing(profile: str, fault: str) -> None:
    """The other one stays alone in the bridge until he hangs up himself."""
    keys = ", on StasisEnd: disband, on_error: ignores"
    story = Stage(room("pair", at="1s, 5s", faults=fault, keys=keys).replace("constant: 1s", "constant: 30s"), profile)
    assert [attempt.left_by for attempt in story.attempts] == ["hangup", "hangup"]
    assert not [each for each in story.commands if each.method == "DELETE"]


def media(story: Stage) -> list[str]:
    """Return the channels of external media that are left at the end."""
    return [channel for channel, caller in story.world.callers.live.items() if caller.media]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_bot_hangs_its_media_up(profile: str) -> None:
    """It makes a bridge for both; when the caller is gone it ends the media, of whose StasisStart it does nothing."""
    story = Stage(room("external_media", at="1s", hold="5s", keys=", on StasisEnd: disband"), profile)
    assert [(each.method, each.path.removeprefix("/ari"), each.status) for each in story.commands] == [
        ("POST", "/channels/c1/answer", 204),
        ("POST", "/bridges", 200),
        ("POST", "/channels/externalMedia", 200),
        ("POST", "/bridges/media-1-1/addChannel", 204),
        ("DELETE", "/channels/m1", 204),
        ("DELETE", "/bridges/media-1-1", 204),
    ]
    assert media(story) == []
    assert len(talks(story)[0]) == 1
    assert len(story.calls) == len(story.attempts) == 1


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        ("{drop: ivr, at: 3s}", ["m1", "m2"]),
        ("{crash: ivr, at: 3s, start: 1s}", ["m1", "m2"]),
        ("{restart: asterisk, at: 3s, for: 1s}", []),
    ],
)
@pytest.mark.parametrize("profile", PROFILES)
def test_media_outlives_an_outage(profile: str, fault: str, left: list[str]) -> None:
    """Nobody hangs up the media of callers whose end is not heard, or not understood; a restart of Asterisk does."""
    keys = ", on StasisEnd: disband, recover: list-channels"
    text = room("external_media", at="1s, 2s", hold="5s", faults=fault, keys=keys)
    story = Stage(text.replace("constant: 1s", "constant: 30s"), profile)
    assert media(story) == left


def test_a_move_takes_nobody_out_of_a_bridge() -> None:
    """Who is handed to another app talks on, and the time counts for the app that has him."""
    story = Stage(
        """
clients:
  ivr: {apps: Intro-IVR, on StasisStart: [answer, {bridge: room}, {wait: 10s}, {move: Super-Conference}]}
  conference: {apps: Super-Conference, on StasisStart: []}
calls: [{to: ivr@default, arrivals: {at: [1s, 5s]}, hold: 20s, kind: local}]
run: {duration: 60s}
"""
    )
    first, second = story.calls[0].attempts
    assert first.talks == [(5 * S + 7 * MS, first.left)]
    assert second.talks == [(first.left, 21 * S + 4 * MS)]


def test_a_talk_that_goes_on_at_the_end_is_counted_to_the_end() -> None:
    """Nothing is dropped at the horizon."""
    story = Stage(room(hold="1h"))
    assert talks(story) == [[(5 * S + 7 * MS, None)]] * 2
    assert story.measures["total"]["talked_s.total"] == 2 * (60 * S - 5 * S - 7 * MS) / S


@pytest.mark.parametrize("profile", FORGETFUL)
def test_a_bridge_keeps_the_app_in_the_registry(profile: str) -> None:
    """Whoever listens to a bridge is not forgotten: calls that come while the program is away find it not active."""
    story = Stage(room(at="1s, 10s", faults="{crash: ivr, at: 5s, start: 20s}"), profile)
    assert story.results == ["entered", "ejected not_active"]
