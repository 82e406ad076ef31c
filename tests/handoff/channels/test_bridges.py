"""Bridges: who is in, what mixes them, who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from stasis_sim.handoff.effects import SEND
from stasis_sim.handoff.profiles import ASTERISK_16

if TYPE_CHECKING:
    from tests.handoff.conftest import Asterisk


@pytest.fixture
def room(asterisk: Asterisk) -> Asterisk:
    """Three channels inside, and a bridge."""
    asterisk.open("A", "Intro-IVR")
    for channel in ("c1", "c2", "c3"):
        asterisk.call(channel)
    asterisk.rest("POST", "/bridges/b1", type="mixing", name="room")
    asterisk.log.clear()
    return asterisk


def bridge(asterisk: Asterisk) -> dict[str, Any]:
    """The bridge as ARI shows it."""
    found: dict[str, Any] = asterisk.rest("GET", "/bridges/b1")[1]
    return found


def subscribed(asterisk: Asterisk) -> list[str]:
    """The bridges that the application is subscribed to."""
    found: list[str] = asterisk.rest("GET", "/applications/Intro-IVR")[1]["bridge_ids"]
    return found


def test_two_and_three(room: Asterisk) -> None:
    """Two are mixed simply, three need more; the message about the third still shows what was (bridge-order)."""
    room.rest("POST", "/bridges/b1/addChannel", channel="c1,c2")
    assert bridge(room)["technology"] == "simple_bridge"
    room.rest("POST", "/bridges/b1/addChannel", channel="c3")
    assert bridge(room)["technology"] == "softmix"
    entered = [effect[5] for effect in room.of(room.log, SEND) if effect[3] == "ChannelEnteredBridge"]
    assert [body["bridge"]["technology"] for body in entered] == ["simple_bridge"] * 3
    assert entered[-1]["bridge"]["channels"] == ["c1", "c2", "c3"]


def test_peers_know_each_other(room: Asterisk) -> None:
    """BRIDGEPEER names the others, and is deleted on one that leaves."""
    room.rest("POST", "/bridges/b1/addChannel", channel="c1,c2")
    assert room.rest("GET", "/channels/c1/variable", variable="BRIDGEPEER") == (200, {"value": "c2"})
    room.rest("POST", "/bridges/b1/addChannel", channel="c3")
    assert room.rest("GET", "/channels/c1/variable", variable="BRIDGEPEER") == (200, {"value": "c3,c2"})
    room.rest("POST", "/bridges/b1/removeChannel", channel="c1")
    assert room.rest("GET", "/channels/c1/variable", variable="BRIDGEPEER")[0] == 404


def test_of_many_peers_the_first_eleven_are_named(room: Asterisk) -> None:
    """Each of these is told of the ten others, and nobody of who came later."""
    channels = [f"c{number}" for number in range(1, 14)]
    for channel in channels[3:]:
        room.call(channel)
    room.rest("POST", "/bridges/b1/addChannel", channel=",".join(channels))
    told = [room.rest("GET", f"/channels/{each}/variable", variable="BRIDGEPEER")[1]["value"] for each in channels]
    assert sum(len(peers.split(",")) == 10 for peers in told) >= 11
    assert not {"c12", "c13"} & {name for peers in told for name in peers.split(",")}


def test_a_channel_that_is_taken_out_leaves_no_interest(room: Asterisk) -> None:
    """Its application is interested twice while it is in, and not at all when it was taken out."""
    room.rest("POST", "/bridges/b1/addChannel", channel="c1")
    assert subscribed(room) == ["b1"]
    room.rest("POST", "/bridges/b1/removeChannel", channel="c1")
    assert subscribed(room) == []


def test_a_channel_that_hangs_up_leaves_interest_behind(room: Asterisk) -> None:
    """After a hangup or `continue` inside a bridge the application stays subscribed to it (bridge-continue)."""
    room.rest("POST", "/bridges/b1/addChannel", channel="c1")
    effects = room.hangup("c1")
    assert room.types(effects) == ["ChannelHangupRequest", "ChannelLeftBridge", "StasisEnd"]
    assert subscribed(room) == ["b1"]


def test_the_end_of_a_bridge(room: Asterisk) -> None:
    """Its members stay inside; who was only interested through them does not hear of its end."""
    room.rest("POST", "/bridges/b1/addChannel", channel="c1,c2")
    room.log.clear()
    assert room.rest("DELETE", "/bridges/b1") == (204, None)
    assert room.types(room.log).count("ChannelLeftBridge") == 2
    assert "BridgeDestroyed" not in room.types(room.log)
    assert len(room.rest("GET", "/channels")[1]) == 3


def test_a_subscriber_hears_of_the_end(room: Asterisk) -> None:
    """An explicit subscription ends with BridgeDestroyed (bridge-keeps-app)."""
    room.rest("POST", "/applications/Intro-IVR/subscription", eventSource="bridge:b1")
    room.rest("DELETE", "/bridges/b1")
    assert room.types(room.log) == ["BridgeDestroyed"]
    assert subscribed(room) == []


def test_one_bridge_at_a_time(room: Asterisk) -> None:
    """A channel that is added to another bridge leaves the one it is in."""
    room.rest("POST", "/bridges/b2")
    room.rest("POST", "/bridges/b1/addChannel", channel="c1")
    room.rest("POST", "/bridges/b2/addChannel", channel="c1")
    assert bridge(room)["channels"] == []
    assert subscribed(room) == ["b2"]


def test_what_cannot_be_bridged(room: Asterisk) -> None:
    """Each fault has its answer (bridge-errors)."""
    room.call("w1", "wait")
    for method, path, query, status in (
        ("POST", "/bridges/b9/addChannel", {"channel": "c1"}, 404),
        ("POST", "/bridges/b1/addChannel", {}, 400),
        ("POST", "/bridges/b1/addChannel", {"channel": "nobody"}, 400),
        ("POST", "/bridges/b1/addChannel", {"channel": "w1"}, 422),
        ("POST", "/bridges/b1/removeChannel", {"channel": "c1"}, 422),
        ("POST", "/bridges/b1", {}, 409),
        ("POST", "/bridges/b2", {"type": "mixing,holding"}, 500),
        ("DELETE", "/bridges/b9", {}, 404),
        ("GET", "/bridges/b9", {}, 404),
    ):
        assert room.rest(method, path, None, "asterisk", **query)[0] == status


def test_a_second_post_in_16(make: Callable[..., Asterisk]) -> None:
    """The older version takes it for an update, which may change nothing (bridge-errors)."""
    asterisk = make(ASTERISK_16)
    asterisk.rest("POST", "/bridges/b1", name="room")
    assert asterisk.rest("POST", "/bridges/b1") == (200, None)
    assert asterisk.rest("POST", "/bridges/b1", name="other")[0] == 500
    assert asterisk.rest("POST", "/bridges/b1", type="mixing")[0] == 500
    assert asterisk.rest("POST", "/bridges", bridgeId="b1")[0] == 200


def test_kinds_of_bridges(asterisk: Asterisk) -> None:
    """A list of types makes the kind, the technology and the video mode (resource-errors)."""
    for types, kind, technology, video in (
        ("", "mixing", "simple_bridge", "talker"),
        ("holding", "holding", "holding_bridge", "talker"),
        ("mixing,video_sfu", "mixing", "softmix", "sfu"),
        ("video_single, mixing", "mixing", "simple_bridge", "single"),
    ):
        found = asterisk.rest("POST", "/bridges", type=types)[1]
        assert (found["bridge_type"], found["technology"], found["video_mode"]) == (kind, technology, video)


def test_a_holding_bridge_names_no_peers(room: Asterisk) -> None:
    """Who is held hears of nobody."""
    room.rest("POST", "/bridges/b2", type="holding")
    room.rest("POST", "/bridges/b2/addChannel", channel="c1,c2")
    assert room.rest("GET", "/channels/c1/variable", variable="BRIDGEPEER")[0] == 404
