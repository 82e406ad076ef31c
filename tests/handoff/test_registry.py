"""Applications: active, inactive, forgotten; what they are subscribed to; who hears of what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stasis_sim.handoff.effects import REGISTRY, SEND, STASIS
from stasis_sim.handoff.profiles import ASTERISK_16, ASTERISK_22, DOCUMENTED
from stasis_sim.handoff.subscriptions import App, AppTopic, Forward, bucket

if TYPE_CHECKING:
    from tests.handoff.conftest import Asterisk


def changes(asterisk: Asterisk) -> list[tuple[str, str]]:
    """What the registry did so far."""
    return [(app, change) for app, change in asterisk.of(asterisk.log, REGISTRY)]


def test_an_application_is_forgotten_with_its_connection(asterisk: Asterisk) -> None:
    """With nobody inside, the end of the connection forgets the application (drop-empty)."""
    asterisk.open("A", "Intro-IVR")
    asterisk.close("A")
    assert changes(asterisk) == [("Intro-IVR", name) for name in ("created", "deactivated", "forgotten")]


def test_a_channel_inside_keeps_it(asterisk: Asterisk) -> None:
    """With somebody inside it is inactive until the last one leaves (drop-occupied)."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    asterisk.close("A")
    assert changes(asterisk)[-1] == ("Intro-IVR", "deactivated")
    assert asterisk.missed(asterisk.hangup("c1")) == ["ChannelHangupRequest", "StasisEnd"]
    assert changes(asterisk)[-1] == ("Intro-IVR", "forgotten")


def test_a_new_connection_takes_over(asterisk: Asterisk) -> None:
    """The old connection is told ApplicationReplaced, and its later end does not touch the application (replaced)."""
    asterisk.open("A", "Intro-IVR")
    asterisk.open("B", "Intro-IVR")
    assert asterisk.of(asterisk.log, SEND)[-1][0] == "A"
    assert asterisk.types(asterisk.log) == ["ApplicationReplaced"]
    assert asterisk.close("A") == []
    assert asterisk.of(asterisk.call("c1"), STASIS)[0][3] == "entered"


def test_a_connection_for_several_applications(asterisk: Asterisk) -> None:
    """One connection serves several names and lets go of all (two-apps-one-socket)."""
    asterisk.open("A", "Intro-IVR,Super-Conference")
    asterisk.close("A")
    assert [app for app, change in changes(asterisk) if change == "forgotten"] == ["Intro-IVR", "Super-Conference"]


def test_one_bad_name_spoils_the_handshake(asterisk: Asterisk) -> None:
    """The names before it have been registered for a moment, and taken from whoever had them (blank-app)."""
    asterisk.open("A", "Intro-IVR")
    assert asterisk.open("B", "Intro-IVR,") == 500
    assert [change for _, change in changes(asterisk)] == ["created", "replaced", "deactivated", "forgotten"]


def test_documented_never_forgets(make: Callable[..., Asterisk]) -> None:
    """In the user's document an application that once was connected lets channels enter, with a warning."""
    asterisk = make(DOCUMENTED)
    asterisk.open("A", "Intro-IVR")
    asterisk.close("A")
    effects = asterisk.call("c1")
    assert asterisk.of(effects, STASIS)[0][3] == "entered"
    assert asterisk.missed(effects) == ["StasisStart"]
    assert next(effect for effect in effects if effect[0] == "log")[1] == "WARNING"


def test_documented_keeps_subscribe_all(make: Callable[..., Asterisk]) -> None:
    """It keeps its subscription to everything too, and takes up where it was."""
    asterisk = make(DOCUMENTED)
    asterisk.open("A", "Watcher", subscribeAll="true")
    asterisk.close("A")
    asterisk.call("c1", "wait")
    asterisk.open("B", "Watcher")
    assert asterisk.types(asterisk.key("c1", "1")) == ["ChannelDtmfReceived"]


def test_subscribe_all_and_the_end_of_the_connection(make: Callable[..., Asterisk]) -> None:
    """In 16 the subscription to everything keeps the application, in 22 it is taken away first (subscribe-all)."""
    last = []
    for profile in (ASTERISK_16, ASTERISK_22):
        asterisk = make(profile)
        asterisk.open("A", "Watcher", subscribeAll="true")
        asterisk.close("A")
        last.append(changes(asterisk)[-1][1])
    assert last == ["deactivated", "forgotten"]


def test_a_filter_is_asked_when_a_message_is_written(asterisk: Asterisk) -> None:
    """What is filtered out is not sent, but an inactive application misses it all the same (event-filter)."""
    asterisk.open("A", "Intro-IVR")
    asterisk.rest("PUT", "/applications/Intro-IVR/eventFilter", {"disallowed": [{"type": "ChannelDtmfReceived"}]})
    asterisk.call("c1")
    assert asterisk.types(asterisk.key("c1", "1")) == []
    asterisk.close("A")
    assert asterisk.missed(asterisk.key("c1", "2")) == ["ChannelDtmfReceived"]


def test_device_states_outlive_the_application(asterisk: Asterisk) -> None:
    """A subscription to a device does not keep an application, but comes back with its name."""
    asterisk.open("A", "Intro-IVR")
    asterisk.rest("POST", "/applications/Intro-IVR/subscription", eventSource="deviceState:Stasis:lamp")
    asterisk.close("A")
    assert changes(asterisk)[-1][1] == "forgotten"
    asterisk.open("B", "Intro-IVR")
    effects = asterisk.log
    asterisk.rest("PUT", "/deviceStates/Stasis:lamp", deviceState="INUSE")
    assert asterisk.types(effects)[-1] == "DeviceStateChanged"


def test_a_subscription_counts() -> None:
    """Subscribed twice must be unsubscribed twice, and for good is for good (subscribe-twice)."""
    app, topic = App("Intro-IVR", AppTopic()), list[Forward]()
    app.subscribe("channel", "c1", topic)
    app.subscribe("channel", "c1", topic)
    assert len(topic) == 1
    assert app.unsubscribe("c1")
    assert topic
    assert app.unsubscribe("c1")
    assert not topic
    assert not app.unsubscribe("c1")
    app.subscribe("bridge", "b1", topic)
    app.subscribe("bridge", "b1", topic)
    assert app.unsubscribe("b1", for_good=True)
    assert not topic


def test_all_of_a_kind_is_enough() -> None:
    """An application that hears of all channels is not subscribed to a single one (subscribe-all-while-inside)."""
    app, everyone, one = App("Watcher", AppTopic()), list[Forward](), list[Forward]()
    app.subscribe("channel", "__AST_CHANNEL_ALL_TOPIC", everyone)
    app.subscribe("channel", "c1", one)
    assert (len(everyone), len(one)) == (1, 0)


def test_an_old_owner_speaks_to_the_new_application(asterisk: Asterisk) -> None:
    """A channel of a forgotten application ends, and the one since registered under that name hears StasisEnd."""
    asterisk.open("A", "Intro-IVR")
    asterisk.call("c1")
    asterisk.rest("DELETE", "/applications/Intro-IVR/subscription", eventSource="channel:c1")
    asterisk.close("A")
    asterisk.open("B", "Intro-IVR")
    assert asterisk.of(asterisk.hangup("c1"), SEND)[0][3] == "StasisEnd"


def test_buckets_are_those_of_asterisk() -> None:
    """Names go into hash buckets as Asterisk puts them."""
    assert bucket("Stasis:lamp", 37) in range(37)
    assert bucket("", 37) == 5381 % 37
