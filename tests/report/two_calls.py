"""A small run whose story is known from first to last: one call is inside when its app is lost, one comes then."""

from __future__ import annotations

from functools import cache

from stasis_sim.api import Results, run
from stasis_sim.experiments.choosing import Asked, Choice, choose
from stasis_sim.experiments.retelling import Story, retell
from stasis_sim.observe.happenings import Happening
from stasis_sim.scenario import Scenario

TEXT = """\
asterisk:
  profile: asterisk-22
  extensions: |
    [default]
    exten => ivr,1,NoOp(hello)
     same => n,Stasis(Intro-IVR,a)
     same => n,VoiceMail(100)
clients:
  ivr:
    apps: Intro-IVR
    latency: 2ms
    reconnect: {constant: 1s}
    on StasisStart: [answer, {play: 6s}, continue]
calls: [{to: ivr@default, arrivals: {at: [9s, 12s]}, hold: 8s, patience: 5s, kind: local}]
faults: [{drop: ivr, at: 10s, for: 4500ms}]
run: {duration: 20s}
"""


@cache
def results() -> Results:
    """The run."""
    return run(Scenario.parse(TEXT, name="two-calls.yaml"))


@cache
def story() -> Story:
    """Its worst outage."""
    choice = choose(results(), Asked())
    assert choice is not None
    return retell(results(), choice)


def long_story(length: int, lanes: tuple[str, ...] = ("caller", "dialplan", "Stasis", "ivr")) -> Story:
    """A story of so many steps, each with a long text."""
    steps = tuple(
        Happening(at * 1000, lanes[1], lanes[1], "step", f"step {at} {'and on ' * 20}", 1) for at in range(length)
    )
    return Story(Choice(1, {1: "served"}, ("Intro-IVR",), 0, length * 1000), {1: "served"}, lanes, steps, 0)
