"""Calls that wait for a program which has lost its app to another one."""

from __future__ import annotations

import pytest

from stasis_sim.experiments.replications import Results, run
from stasis_sim.observe.elsewhere import told_elsewhere
from stasis_sim.report.missed import Asked, besides
from stasis_sim.scenario import Scenario

DEPLOY = """\
asterisk:
  profile: asterisk-22
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"
clients:
  old: {apps: Intro-IVR, on StasisStart: [answer, {play: 8s}, hangup]}
  new: {apps: Intro-IVR, on StasisStart: [answer, {play: 8s}, hangup], start: 20500ms}
calls: [{to: ivr@default, arrivals: {every: 1s}, hold: 30s}]
run: {duration: 1min, replications: 2, seed: 3}
"""

WAITING = 8
"""Calls that hear a sound of the old program when the new one comes."""


def done(**overrides: object) -> Results:
    """The deploy, with other values of some keys."""
    return run(Scenario.parse(DEPLOY, overrides=overrides))


def numbers(results: Results, proxies: tuple[str, ...] = ()) -> list[list[int]]:
    """Replication and call of each end of a sound that another program was told of."""
    found = told_elsewhere(results.directories(), results.scenario.run.warmup_us, proxies)
    return found[["replication", "call"]].sort_values(["replication", "call"]).astype(int).to_numpy().tolist()


def test_the_ends_of_sounds_come_to_who_has_the_app() -> None:
    """Calls that the old program works for when the new one takes its app wait for it, to the end of their hold."""
    results = done()
    expected = [[replication, call] for replication in (1, 2) for call in range(13, 13 + WAITING)]
    assert numbers(results) == expected
    calls = results.calls
    waiting = calls[calls["call"].between(13, 12 + WAITING)]
    assert waiting["held_s"].to_numpy() == pytest.approx(30)
    assert not len(results.ledger())
    (said,) = besides(results.ledger(), results, Asked())
    assert said.startswith("16 calls wait for a program whose app another one has taken")
    (said,) = besides(results.ledger(), results, Asked(call=14))
    assert said.startswith("2 calls wait")
    assert besides(results.ledger(), results, Asked(call=40)) == []


def test_one_program_that_starts_again_is_none_elsewhere() -> None:
    """Its handlers have died, which is told as a crash; nor does an app of a single program have any."""
    alone = {"clients": {"ivr": {"apps": "Intro-IVR", "on StasisStart": ["answer", {"play": "8s"}, "hangup"]}}}
    assert numbers(done(**alone)) == []
    assert numbers(done(**alone, faults=[{"crash": "ivr", "at": "20s", "start": "2s"}])) == []


def test_what_was_before_the_warm_up_does_not_count() -> None:
    """As nowhere else."""
    assert numbers(done(**{"run.warmup": "40s"})) == []
    assert len(numbers(done(**{"run.warmup": "24s"}))) < 2 * WAITING


def test_a_proxy_only_hands_events_on() -> None:
    """The program behind it that has begun a sound hears of its end."""
    clients = {
        "bus": {"apps": "Intro-IVR", "deliver": "owner"},
        "one": {"apps": "Intro-IVR", "behind": "bus", "on StasisStart": ["answer", {"play": "8s"}, "hangup"]},
        "two": {"apps": "Intro-IVR", "behind": "bus", "on StasisStart": ["answer", {"play": "8s"}, "hangup"]},
    }
    assert numbers(done(clients=clients), proxies=("bus",)) == []
