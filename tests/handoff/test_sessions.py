"""Sessions and the three lifecycles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from stasis_sim.handoff.effects import CLOSE, CONNECT, QUEUED, REGISTRY, SEND, STASIS, STEP
from stasis_sim.handoff.lifecycles import CHANNEL, REGISTRATION, SESSION, IllegalStimulusError, Table, fire
from stasis_sim.handoff.sessions import PERSISTENT, Session
from stasis_sim.handoff.stimuli import Closed, Connected, ConnectFailed, Kill, Start

if TYPE_CHECKING:
    from tests.handoff.conftest import Asterisk

TABLES = pytest.mark.parametrize("table", [CHANNEL, SESSION, REGISTRATION], ids=["channel", "session", "registration"])


@TABLES
def test_every_pair_is_in_the_table_or_refused(table: Table) -> None:
    """For each state and stimulus the table has a state of its own, or the stimulus is refused by name."""
    stimuli = sorted({stimulus for row in table.values() for stimulus in row})
    for state, row in table.items():
        for stimulus in stimuli:
            if stimulus in row:
                assert fire(table, state, stimulus, "it") in table
            else:
                with pytest.raises(IllegalStimulusError, match=f"it is {state}: {stimulus} is not possible"):
                    fire(table, state, stimulus, "it")


def test_an_illegal_stimulus_says_what_is_legal() -> None:
    """The message names the state, the stimulus and what would have been legal, and nothing has changed."""
    session = Session("out1", PERSISTENT)
    with pytest.raises(IllegalStimulusError) as caught:
        session.fire("retry")
    assert str(caught.value) == (
        "session out1 is connecting: retry is not possible; possible: connected, failed, close"
    )
    assert session.state == "connecting"
    session.fire("close")
    with pytest.raises(IllegalStimulusError, match="possible: nothing"):
        session.fire("lost")


def test_a_persistent_session_queues(make: Callable[..., Asterisk]) -> None:
    """While it is down channels enter; what waited is sent first, in order, then ApplicationRegistered."""
    asterisk = make(outbound="persistent")
    effects = asterisk.step(Start())
    assert asterisk.of(effects, REGISTRY) == [("Intro-IVR", "created")]
    assert asterisk.of(effects, CONNECT) == [("out1", "client1", "ws://app:1/", 500_000, ("Intro-IVR",))]
    assert asterisk.types(asterisk.step(Connected("out1"))) == ["ApplicationRegistered"]
    assert asterisk.of(asterisk.step(Closed("out1")), CONNECT)
    entered = asterisk.call("c1")
    assert asterisk.of(entered, STASIS)[0][3] == "entered"
    waiting = [effect[1] for effect in asterisk.of(entered + asterisk.key("c1", "1"), QUEUED)]
    again = asterisk.step(Connected("out1"))
    assert asterisk.types(again) == ["StasisStart", "ChannelDtmfReceived", "ApplicationRegistered"]
    assert [effect[1] for effect in asterisk.of(again, SEND)][:2] == waiting


def test_while_asterisk_is_down_it_connects_nowhere(make: Callable[..., Asterisk]) -> None:
    """Killed, it forgets its tries and what waits; started again, it registers the application and connects."""
    asterisk = make(outbound="persistent")
    asterisk.step(ConnectFailed("out1"))
    assert asterisk.of(asterisk.step(Kill()), CONNECT) == []
    assert asterisk.of(asterisk.run(1.0), CONNECT) == []
    effects = asterisk.step(Start())
    assert asterisk.of(effects, REGISTRY) == [("Intro-IVR", "created")]
    assert len(asterisk.of(effects, CONNECT)) == 1
    assert asterisk.step(Start()) == []


def test_a_persistent_session_tries_for_ever(make: Callable[..., Asterisk]) -> None:
    """After each failure it waits one interval and tries again."""
    asterisk = make(outbound="persistent")
    asterisk.step(Start())
    for _ in range(10):
        asterisk.step(ConnectFailed("out1"))
        assert asterisk.of(asterisk.run(0.2), CONNECT) == []
        assert len(asterisk.of(asterisk.run(0.1), CONNECT)) == 1


def test_a_connection_for_one_call(make: Callable[..., Asterisk]) -> None:
    """Stasis() makes a connection, looks every half second, and the application is called after the channel."""
    asterisk = make(outbound="per_call_config")
    effects = asterisk.call("c1")
    session = asterisk.of(effects, CONNECT)[0][0]
    assert asterisk.of(effects, STASIS) == [("c1", "Intro-IVR", (), "in_progress", "")]
    asterisk.step(Connected(session))
    assert asterisk.of(asterisk.run(0.4), STASIS) == []
    assert asterisk.of(asterisk.run(0.1), STASIS) == [("c1", "Intro-IVR:c1", (), "entered", "")]
    asterisk.rest("POST", "/channels/c1/continue")
    assert asterisk.of(asterisk.run(0.4), STEP) == []
    assert asterisk.of(asterisk.run(0.1), STEP)[0][5] == "SUCCESS"
    closing = asterisk.run(3)
    assert asterisk.of(closing, CLOSE) == [(session, "stasis_end")]
    assert asterisk.of(closing, REGISTRY)[-1] == ("Intro-IVR:c1", "forgotten")


def test_a_connection_that_cannot_be_made(make: Callable[..., Asterisk]) -> None:
    """After so many tries Stasis() fails and the dialplan goes on."""
    asterisk = make(outbound="per_call_config")
    session = asterisk.of(asterisk.call("c1"), CONNECT)[0][0]
    for _ in range(4):
        asterisk.step(ConnectFailed(session))
        asterisk.run(0.3)
    assert asterisk.of(asterisk.log, STASIS)[1:] == [("c1", "Intro-IVR", (), "ejected", "connect_failed")]
    assert asterisk.of(asterisk.log, CLOSE) == [(session, "connect_failed")]
    assert [step[5] for step in asterisk.of(asterisk.log, STEP)][2] == "FAILED"


def test_a_connection_that_breaks_for_good_ends_the_stay(make: Callable[..., Asterisk]) -> None:
    """If it cannot be made again the channel leaves, and Stasis() reports a failure."""
    asterisk = make(outbound="per_call_config")
    session = asterisk.of(asterisk.call("c1"), CONNECT)[0][0]
    asterisk.step(Connected(session))
    asterisk.run(0.5)
    asterisk.step(Closed(session))
    for _ in range(4):
        asterisk.step(ConnectFailed(session))
        asterisk.run(0.3)
    assert [effect[3] for effect in asterisk.log if effect[0] == "left"] == ["failed"]
    assert "FAILED" in [step[5] for step in asterisk.of(asterisk.log, STEP)]


def test_a_channel_of_ari_whose_dialplan_finds_no_connection_goes_on(make: Callable[..., Asterisk]) -> None:
    """Where `continue` has led it into a dialplan, that sees the failure as any other does."""
    asterisk = make(outbound="per_call_config")
    asterisk.open("A", "Other")
    asterisk.rest("POST", "/channels", endpoint="Local/answer@default", app="Other", channelId="c1")
    asterisk.run(0.5)
    asterisk.rest("POST", "/channels/c1/continue", context="default", extension="ivr", priority="1")
    session = asterisk.of(asterisk.log, CONNECT)[0][0]
    for _ in range(4):
        asterisk.step(ConnectFailed(session))
        asterisk.run(0.3)
    assert [step[5] for step in asterisk.of(asterisk.log, STEP) if step[0] == "c1"] == ["", "Intro-IVR", "FAILED", ""]


def test_nothing_is_left_of_calls_that_are_over(make: Callable[..., Asterisk]) -> None:
    """Connections for single calls leave no trace behind, however many there are."""
    asterisk = make(outbound="per_call_config")
    for number in range(20):
        session = asterisk.of(asterisk.call(f"c{number}"), CONNECT)[0][0]
        asterisk.step(Connected(session))
        asterisk.run(0.5)
        asterisk.hangup(f"c{number}")
        asterisk.run(4)
    house = asterisk.engine.house
    assert (house.registry.apps, dict(house.registry._topics), house.channels.live) == ({}, {}, {})
    assert (asterisk.engine.sessions, house.timers._pending, house.offers.open) == ({}, {}, {})


def test_too_many_connections(asterisk: Asterisk) -> None:
    """Over http.conf's sessionlimit a connection is closed without a word."""
    for number in range(100):
        assert asterisk.open(f"W{number}", "Intro-IVR") == 101
    assert asterisk.open("one more", "Intro-IVR") == 0


def test_outbound_sessions_are_not_in_16(make: Callable[..., Asterisk]) -> None:
    """The older version has none."""
    from stasis_sim.handoff.profiles import ASTERISK_16  # noqa: PLC0415 - only this test wants it

    asterisk = make(ASTERISK_16, outbound="persistent")
    assert asterisk.step(Start()) == []
