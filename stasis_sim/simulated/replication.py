"""One replication of a scenario, from its seed to its sums."""

from __future__ import annotations

from stasis_sim.observe.ledger import Ledger
from stasis_sim.observe.trace import Recorder, Sink
from stasis_sim.randomness import Streams
from stasis_sim.simulated.preparation import Prepared
from stasis_sim.simulated.world import World


def simulate(prepared: Prepared, replication: int, sink: Sink | None = None) -> tuple[Ledger, tuple[int, ...]]:
    """Run one replication.

    Args:
        prepared: The scenario with its Asterisk configured.
        replication: Its number, from 1.
        sink: Takes the rows of the tables; None: only sums are kept.

    Returns:
        The sums, and how much each fault of the scenario has touched.
    """
    run = prepared.scenario.run
    recorder = Recorder(replication, run.warmup_us, sink)
    world = World(prepared, Streams(run.seed, replication), recorder)
    ledger = world.run()
    return ledger, tuple(fault.touched for fault in world.faults)
