"""A scenario that takes a blink, for the tests of experiments."""

from __future__ import annotations

from typing import Any

from stasis_sim.scenario import Scenario

TEXT = """\
title: A small question
asterisk:
  profile: asterisk-22
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"
clients: {ivr: {apps: Intro-IVR, reconnect: {constant: 1s}}}
calls: [{to: ivr@default, arrivals: {poisson: 1/s}, hold: 5s, patience: 3s}]
faults: [{drop: ivr, at: 20s, for: 5s}]
run: {duration: 1min, replications: 3, seed: 3}
expect: [calls > 50, ejection_rate < 50%]
"""


def small(text: str = TEXT, name: str = "small.yaml", **overrides: Any) -> Scenario:
    """Return the scenario, with other values of ``run``."""
    return Scenario.parse(text, name=name, overrides={f"run.{key}": value for key, value in overrides.items()})
