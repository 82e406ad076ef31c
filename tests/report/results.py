"""Results of a run, a comparison and a sweep on disk, for the tests of pages."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from stasis_sim.experiments.comparisons import compare, folder, variants_of
from stasis_sim.experiments.replications import run
from stasis_sim.experiments.sweeps import design, sweep
from stasis_sim.scenario import Scenario

STORY = """\
# The link breaks for a moment, and `Stasis` turns callers away. What it costs hangs on <how> the client returns, and on
# how long it is away.
#
# Asked in:
#   https://example.org/issues/7   a small question
#   https://example.org/issues/8   another one, which goes on
#     on a second line
"""

TEXT = """\
title: What does a moment's outage cost?
asterisk:
  profile: asterisk-22
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Hangup()
clients: {ivr: {apps: Intro-IVR, on StasisStart: [answer, {play: 4s}, continue], reconnect: {constant: 1s}}}
calls: [{to: ivr@default, arrivals: {poisson: 2/s}, hold: 5s, patience: 3s}]
faults: [{drop: ivr, at: 60s, for: 15s}]
run: {duration: 3min, warmup: 10s, replications: 3, seed: 3}
expect: [ejection_rate < 50%]
"""


class Folders(NamedTuple):
    """Where the results lie."""

    run: Path
    comparison: Path
    sweep: Path


def scenario(**overrides: object) -> Scenario:
    """Return the scenario, with other values of some keys."""
    return Scenario.parse(STORY + TEXT, name="moment.yaml").where(overrides)


def make(root: Path) -> Folders:
    """Make one of each kind."""
    command = ["stasis-sim", "run", "moment.yaml"]
    one = run(scenario(), out=root, command=command).tree.path
    variants = compare(variants_of(scenario(), {"faults.0.for": ["15s", "30s"]}), out=root, command=command)
    over = design(scenario(), {"faults.0.for": ["5s", "15s"], "clients.ivr.reconnect": ["at_once", {"constant": "2s"}]})
    return Folders(one, folder(variants), sweep(over, out=root, command=command).path)
