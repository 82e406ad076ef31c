"""Scenarios in which the two engines once gave different results, found at random or by hand."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

from stasis_sim import Scenario
from stasis_sim.observe.metrics import measures
from stasis_sim.openloop.computation import OpenLoop
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.simulated.preparation import prepare
from stasis_sim.simulated.replication import simulate
from tests.openloop.test_equality import DIALPLANS, POLICIES, agree

USUAL = {"lognormal": {"mean": "3s", "cv": 1}}
PLAYS = ["answer", {"play": USUAL}, "continue"]


def of_old(faults: list[dict[str, Any]], run: dict[str, Any], **clients: dict[str, Any]) -> dict[str, Any]:
    """Return a scenario in which the engines once differed."""
    common = {"apps": ["Intro-IVR"], "latency": "0s", "service": "0s", "on StasisStart": PLAYS}
    dialplan, profile = run.pop("dialplan", DIALPLANS[0]), run.pop("profile", "documented")
    source = {"to": "ivr@default", "name": "a", "arrivals": {"poisson": "3/s"}, "count": run.pop("count", 3)}
    extensions = "[default]\n" + dialplan
    return {
        "asterisk": {"profile": profile, "extensions": extensions, "latency": "0s", "sounds": {"sorry": "1s"}},
        "clients": {name: {**common, **client} for name, client in clients.items()},
        "calls": [source | changes for changes in run.pop("calls", [{}])],
        "faults": faults,
        "run": run,
    }


def refused(content: dict[str, Any], why: str) -> None:
    """Hold that the open loop leaves a scenario to the event engine, and why."""
    with pytest.raises(ClosedLoopError, match=why):
        OpenLoop(prepare(Scenario.of(content))).compute(1)


DIFFERED = {
    "an app that Asterisk has forgotten stands and is gone again between two looks": of_old(
        [
            {"crash": "ivr", "start": "500ms", "every": {"exponential": "700ms"}},
            {"restart": "asterisk", "every": {"exponential": "700ms"}},
        ],
        {"duration": "30s", "seed": 1, "count": 5, "dialplan": DIALPLANS[3]},
        ivr={"reconnect": "none"},
        conference={"apps": ["Super-Conference"], "reconnect": "none"},
    ),
    "two clients make different durations of one stream": of_old(
        [],
        {"duration": "30s", "seed": 3},
        blue={"service": USUAL},
        green={"service": {"exponential": "10ms"}, "latency": "500ms"},
    ),
    "Asterisk is killed before the call, and not again": of_old(
        [{"drop": "ivr", "every": "500ms"}, {"restart": "asterisk", "at": "1s"}],
        {"duration": "20s", "until": "drained", "seed": 1, "count": 7, "calls": [{"kind": "local"}]},
        ivr={"service": USUAL, "reconnect": "node-ari-client"},
    ),
    "a call is taken up at the instant at which the client is back": of_old(
        [{"drop": "ivr", "every": "500ms"}, {"crash": "ivr", "start": "2s", "every": "2s"}],
        {"duration": "30s", "seed": 1, "count": 4, "calls": [{"kind": "local"}]},
        ivr={"subscribe_all": True, "service": "2ms", "recover": "list-channels", "reconnect": {"constant": "1s"}},
    ),
    "an app is another one after a reconnect that nobody saw": of_old(
        [{"drop": "ivr", "at": "2s"}, {"drop": "conference", "every": "500ms"}],
        {"duration": "20s", "until": "drained", "seed": 1, "profile": "asterisk-22"},
        ivr={"subscribe_all": True, "service": USUAL, "on StasisStart": ["answer", {"move": "Super-Conference"}]},
        conference={"apps": ["Super-Conference"], "reconnect": "none"},
    ),
    "a program dies after the last call, with messages on their way": of_old(
        [{"drop": "ivr", "every": "500ms"}],
        {
            "duration": "20s",
            "until": "drained",
            "seed": 1,
            "count": 1,
            "profile": "asterisk-16",
            "dialplan": DIALPLANS[4],
            "calls": [{}, {"name": "b", "arrivals": {"poisson": "0.5/s"}, "kind": "local", "media": "0s"}],
        },
        ivr={
            "apps": ["Intro-IVR", "Super-Conference"],
            "latency": "500ms",
            "service": "2ms",
            "start": "3s",
            "reconnect": POLICIES[6],
            "on StasisStart": ["answer", {"play": "0s"}, "continue"],
        },
    ),
    "a request finds the door shut behind a stall that later calls do not meet": of_old(
        [{"stall": "ivr", "at": "1s", "for": "2s"}, {"shut_out": "ivr", "at": "2s", "for": "2s"}],
        {"duration": "30s", "seed": 1, "count": 12},
        ivr={"service": USUAL},
    ),
}
"""Scenarios in which the engines once gave different results, by what made the difference."""


@pytest.mark.parametrize("content", DIFFERED.values(), ids=DIFFERED.keys())
def test_they_differ_no_more(content: dict[str, Any]) -> None:
    """What was found once is held again, whatever the random scenarios are."""
    agree(content, 2)


def test_two_calls_at_one_instant_are_not_put_in_an_order_that_nobody_knows() -> None:
    """What a call brings about at the instant at which it arrives is behind that, and not in front of the next call."""
    content = of_old(
        [],
        {"duration": "30s", "seed": 1, "calls": [{"arrivals": {"at": ["1s", "1s"]}, "count": 2, "hold": "0s"}]},
        ivr={"on StasisStart": ["answer", {"move": "Super-Conference"}]},
        conference={"apps": ["Super-Conference"], "service": USUAL},
    )
    refused(content, "two calls do something at one instant")


def test_a_death_with_the_last_messages_is_not_guessed_at() -> None:
    """A call that never ends, and a program that dies before it has come to its StasisStart: that ends the run."""
    content = of_old(
        [{"crash": "ivr", "every": "8s"}],
        {"until": "drained", "seed": 1, "calls": [{"arrivals": {"at": ["1s"]}, "count": 1, "kind": "local"}]},
        ivr={"service": "20s", "on StasisStart": ["answer"]},
    )
    refused(content, "a program that dies with the last messages")


def test_what_a_drop_takes_that_is_still_on_its_way_when_nothing_else_happens_any_more_is_not_guessed_at() -> None:
    """A call that never ends, whose last message takes seconds: the run would wait for it, if no drop took it."""
    slow = {"latency": USUAL, "reconnect": "node-ari-client", "on StasisStart": ["answer"]}
    content = of_old([{"drop": "ivr", "every": "500ms"}], {"until": "drained", "seed": 2, "count": 1}, ivr=slow)
    refused(content, "a drop right after the last thing")


def test_a_death_before_the_last_messages_arrive_ends_no_run() -> None:
    """The last call is over, and the program dies before it hears of that: the run waits as if it did not."""
    content = of_old(
        [{"crash": "ivr", "at": "7s"}],
        {"until": "drained", "seed": 1, "calls": [{"arrivals": {"at": ["5s"]}, "count": 1, "patience": "0s"}]},
        ivr={"latency": "3s", "service": "2ms", "on StasisStart": []},
    )
    agree(content, 1000)
    # Away up to 3 s, and from 7 s; three messages get there at 8 s.
    found = measures(OpenLoop(prepare(Scenario.of(content))).compute(1)[0])
    assert found["total"]["outages.total_s"] == 4.006


def test_a_death_as_the_last_call_ends_is_not_guessed_at() -> None:
    """A restart ends the last call and its program at one instant: which was first says when the run is over."""
    content = of_old(
        [{"restart": "asterisk", "at": "6s"}],
        {"until": "drained", "seed": 1, "calls": [{"arrivals": {"at": ["1s"]}, "count": 1}]},
        ivr={"service": "20s", "reconnect": POLICIES[8], "on StasisStart": []},
    )
    refused(content, "a program that dies at the instant at which the last call ends")


def test_a_death_that_is_known_only_later_is_not_overlooked() -> None:
    """A program whose apps another has taken dies with messages before the news: no message is another one for that."""
    content = of_old(
        [{"crash": "blue", "start": "0s", "at": "18500ms"}],
        {"duration": "30s", "seed": 1, "calls": [{"arrivals": {"at": ["3500ms", "9501ms"]}, "patience": "500ms"}]},
        blue={"service": "3s", "reconnect": "at_once", "on StasisStart": ["answer"]},
        green={"start": "10s", "latency": "500ms", "on StasisStart": []},
    )
    refused(content, "a program that dies before it has come to the news")


def test_what_was_held_back_long_before_the_end_is_not_waited_for() -> None:
    """Work that a frozen link holds back when the last call ends is none; windows that are over have counted it."""
    content = of_old(
        [{"freeze": "ivr", "at": "1s", "for": "20s"}],
        {"until": "drained", "seed": 1, "calls": [{"arrivals": {"every": "2s"}, "count": 5, "patience": "500ms"}]},
        ivr={"service": "1s", "on StasisStart": []},
    )
    with patch("stasis_sim.openloop.windows.CALLS", 2):
        refused(content, "a link that holds back what was written long before the last call ends")
    agree(content, 1000)


def test_news_on_its_way_as_the_last_call_ends_is_not_guessed_at() -> None:
    """It is about no call, and is waited for if it is not lost by then."""
    content = of_old(
        [],
        {"until": "drained", "seed": 1, "calls": [{"arrivals": {"at": ["2s"]}, "count": 1, "patience": "1100ms"}]},
        blue={"latency": "500ms", "on StasisStart": []},
        green={"start": "3s", "on StasisStart": []},
    )
    refused(content, "the news that another has its apps is on its way")


def test_a_door_is_not_looked_up_from_where_another_call_found_it() -> None:
    """Of calls that do not go a way, its first look at a door may be behind the others."""
    wait = {"wait": {"exponential": "4s"}}
    content = of_old(
        [{"shut_out": "ivr", "every": {"exponential": "4s"}, "for": {"exponential": "2s"}, "mode": "blackhole"}],
        {"duration": "30s", "seed": 1, "count": 16},
        ivr={"subscribe_all": True, "on StasisStart": [wait, "answer"], "on ChannelDialplan": [wait, "ring", "ring"]},
    )
    agree(content, 1000)


def test_a_sound_behind_continue_keeps_the_call() -> None:
    """On 16 both are carried out at one tick, and the call leaves when the sound is over; who hears of all is told."""
    content = of_old(
        [],
        {"duration": "30s", "seed": 1, "profile": "asterisk-16", "calls": [{"arrivals": {"at": ["1s"]}, "count": 1}]},
        ivr={"subscribe_all": True, "on StasisStart": ["continue", {"play": "5s"}]},
    )
    agree(content, window=1)
    result = simulate(prepare(Scenario.of(content)), 1)[0]
    assert measures(result)["total"]["events.delivered.PlaybackFinished"] == 1


def test_what_is_not_settled_yet_does_not_say_when_a_run_is_drained() -> None:
    """Of calls that go the same way only those that are through say when the last message about them arrives."""
    extensions = "exten => ivr,1,Progress()\n" + 3 * " same => n,Stasis(Super-Conference)\n"
    client = {
        "apps": ["Super-Conference"],
        "subscribe_all": True,
        "service": {"exponential": "10ms"},
        "on StasisStart": ["continue"],
    }
    content = {
        "asterisk": {"extensions": f"[default]\n{extensions}"},
        "clients": {"ivr": client},
        "calls": [{"to": "ivr@default", "arrivals": {"poisson": "3/s"}, "count": 14}],
        "run": {"until": "drained"},
    }
    agree(content, window=1)


def test_of_several_workers_the_last_message_is_not_the_last_that_is_dealt_with() -> None:
    """A program dies while one worker still has the StasisStart, and another was through with the StasisEnd."""
    content = of_old(
        [{"crash": "ivr", "every": "31s", "start": "1s"}],
        {"duration": "10min", "seed": 1, "count": 200, "calls": [{"patience": "2s", "arrivals": {"every": "4s"}}]},
        ivr={"workers": 2, "service": {"StasisStart": "5s", "other": "0s"}, "on StasisStart": []},
    )
    prepared = prepare(Scenario.of(content))
    loop = OpenLoop(prepared)
    first = loop.compute(1)[0]
    # Now the ways are known, and the most trodden one is looked at first.
    with patch.multiple("stasis_sim.openloop.cohort", FEW=2, SOME=2):
        again = loop.compute(1)[0]
    assert measures(again) == measures(first) == measures(simulate(prepared, 1)[0])
    assert measures(first)["total"]["events.lost.StasisStart"]


def test_a_key_that_a_dying_program_had_before_it_is_not_guessed_at() -> None:
    """Who presses again does not before the death, as if it had been heard, and does after it."""
    content = of_old(
        [{"crash": "ivr", "at": "10s", "start": "1s"}],
        {"duration": "30s", "seed": 1, "calls": [{"keys": [{"after": "1s", "press": "12", "repeat": "1s"}]}]},
        ivr={"service": {"exponential": "4s"}, "on StasisStart": ["answer"]},
    )
    refused(content, "a key that may be pressed again, and a program that dies")


@pytest.mark.parametrize("service", ["0s", {"exponential": "300ms"}])
def test_callers_who_press_again_until_they_are_heard_are_computed_at_once(service: Any) -> None:
    """A drop takes keys on their way, and hides others; those who pressed them try again, a way for each number."""
    content = of_old(
        [{"drop": "ivr", "every": {"exponential": "4s"}, "for": "3s"}],
        {
            "duration": "60s",
            "seed": 1,
            "count": 80,
            "calls": [{"hold": "20s", "keys": [{"after": "2s", "press": "12", "repeat": "1500ms"}]}],
        },
        ivr={"service": service, "latency": "50ms", "on StasisStart": ["answer"], "on ChannelDtmfReceived": ["ring"]},
    )
    agree(content, 20)


def test_few_calls_that_go_many_ways_are_soon_left_to_the_event_engine() -> None:
    """It has computed all of them before the laboratory has looked at each."""
    plays = ["answer", {"play": {"exponential": "1s"}}, "continue"]
    content = of_old(
        [{"drop": "ivr", "every": {"exponential": "2s"}, "for": "1s"}],
        {"duration": "60s", "seed": 1, "count": 100, "dialplan": DIALPLANS[3], "calls": [{"hold": USUAL}]},
        ivr={"service": {"exponential": "300ms"}, "latency": "50ms", "on StasisStart": plays},
    )
    refused(content, "calls that go in more than 16 ways")
