"""Stories of channels that a program makes: two halves, which no traffic has offered and nobody else ends."""

from __future__ import annotations

import pytest

from stasis_sim.errors import InputError
from stasis_sim.scenario import Scenario
from stasis_sim.simulated.preparation import prepare
from tests.stories.stage import PROFILES, Stage

LEGS = """
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Hangup()
    [phones]
    exten => one,1,Answer()
     same => n,Wait(60)
    exten => two,1,Answer()
     same => n,Stasis(Far)
     same => n,Hangup()
    exten => deaf,1,Wait(60)
clients:
  ivr: {{apps: Intro-IVR, on StasisStart: [answer, {{originate: {{endpoint: Local/{to}@phones, app: Near}}}}]}}
  near: {{apps: Near, on StasisStart: [{{play: 10s}}, hangup]{keys}}}
  far: {{apps: Far, on StasisStart: []}}
calls: [{{to: ivr@default, arrivals: {{at: {at}}}, hold: 5s, kind: local}}]
faults: [{faults}]
run: {{duration: 120s}}
"""


def legs(to: str = "two", at: str = "1s", faults: str = "", keys: str = "") -> str:
    """Return a scenario in which each caller makes the program originate a channel."""
    return LEGS.format(to=to, at=at, faults=faults, keys=keys)


def starts(story: Stage) -> list[str]:
    """Return the apps that were told of a StasisStart, in order."""
    return [event.app for event in story.events if event.type == "StasisStart"]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("to", "apps"), [("one", ["Near"]), ("two", ["Near", "Far"])])
def test_one_originate_is_two_channels(profile: str, to: str, apps: list[str]) -> None:
    """One StasisStart, or two where the far half's dialplan calls Stasis(); when the program hangs one up, both go."""
    story = Stage(legs(to), profile)
    assert sorted(starts(story)) == sorted(["Intro-IVR", *apps])
    assert [each.status for each in story.commands if each.path == "/ari/channels"] == [200]
    assert [each.path for each in story.commands if each.method == "DELETE"] == ["/ari/channels/o1"]
    assert not story.world.callers.live


def test_they_are_no_calls() -> None:
    """One call was offered, and one has rows: what is about the halves is about no call."""
    story = Stage(legs())
    assert [call.number for call in story.calls] == [1]
    assert {event.app for event in story.calls[0].events} == {"Intro-IVR"}
    assert story.measures["total"]["calls"] == story.measures["total"]["attempts.entered"] == 1
    assert story.measures["apps"]["Near"]["calls"] == 0


def test_they_are_inside() -> None:
    """Channels inside an app are counted, whoever made them."""
    story = Stage(legs(at="[1s, 2s]"))
    assert [story.measures["apps"][app]["inside_peak"] for app in ("Near", "Far")] == [2, 2]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_crash_leaves_both_halves_behind(profile: str) -> None:
    """The caller has gone by himself; the halves wait for a program that has forgotten them, up to the end."""
    story = Stage(legs(faults="{crash: near, at: 4s, start: 1s}"), profile)
    assert story.outcomes == ["served"]
    assert list(story.world.callers.live) == ["o1", "o1b"]
    assert story.measures["apps"]["Near"]["inside_mean"] > 0.9  # type: ignore[operator]


def test_who_lists_the_channels_takes_up_what_it_has_made() -> None:
    """The near half is inside its app like any other channel: it is played to again, and ended."""
    story = Stage(legs(faults="{crash: near, at: 4s, start: 1s}", keys=", recover: list-channels"))
    assert not story.world.callers.live
    assert [each.method for each in story.commands if each.client == "near"] == ["POST", "GET", "POST", "DELETE"]


def test_who_is_not_answered_has_no_near_half_inside() -> None:
    """ARI gives up after half a minute, and the app hears of no StasisStart."""
    story = Stage(legs("deaf"))
    assert starts(story) == ["Intro-IVR"]
    assert not story.world.callers.live


def test_where_asterisk_is_down_nothing_is_made() -> None:
    """A request that nobody answers leaves no channel."""
    text = legs(faults="{restart: asterisk, at: 3s, for: 20s}").replace("[answer, {orig", "[answer, {wait: 3s}, {orig")
    assert not Stage(text).world.callers.live


def test_their_times_belong_to_the_caller() -> None:
    """Where commands are carried out as fast, and beside another caller, his channel takes the same time."""
    text = legs("one", at="[1s, 2s]").replace("{play: 10s}", "{play: {uniform: {low: 1s, high: 50s}}}")

    def sounds(text: str, profile: str) -> dict[str, int]:
        story = Stage(text, profile)
        paths = {each.path: each.at for each in story.commands if each.method == "POST" and each.path.endswith("/play")}
        ends = {each.path: each.at for each in story.commands if each.method == "DELETE"}
        return {path: end - paths[f"{path}/play"] for path, end in ends.items()}

    both = sounds(text, "documented")
    assert both == sounds(text, "asterisk-22")
    assert len(set(both.values())) == 2
    alone = sounds(text.replace("[1s, 2s]", "1s"), "documented")
    assert alone.items() <= both.items()


def test_a_program_may_not_call_itself() -> None:
    """An app whose StasisStart originates would get the next channel too, without end; and a place must be there."""
    text = legs("nowhere").replace("app: Near}}", "app: Intro-IVR}}")
    with pytest.raises(InputError) as caught:
        prepare(Scenario.parse(text, name="story"))
    place, app = str(caught.value).splitlines()
    keys = "clients.ivr.on StasisStart.1.originate"
    hint = "write one that the dialplan has, or add it there"
    assert place == f"story:15:64: {keys}.endpoint: no extension nowhere in context phones; {hint}"
    hint = "whose StasisStart would originate again; write one that another client serves"
    assert app == f"story:15:96: {keys}.app: its own app (got Intro-IVR), {hint}"


def test_a_drained_run_ends_with_orphan_halves_inside() -> None:
    """Nothing is left that could end them, and the run does not wait for them for ever."""
    text = legs(faults="{crash: near, at: 4s, start: 1s}").replace("duration: 120s", "duration: 10s, until: drained")
    story = Stage(text)
    assert list(story.world.callers.live) == ["o1", "o1b"]
