"""One replication of a scenario, from its seed to its sums."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from stasis_sim.errors import InputError
from stasis_sim.handoff.dialplan.thread import LoopError
from stasis_sim.observe.ledger import Ledger
from stasis_sim.observe.trace import Recorder, Sink
from stasis_sim.randomness import Streams
from stasis_sim.simulated.clock import StandstillError
from stasis_sim.simulated.overheard import Witness
from stasis_sim.simulated.preparation import Prepared
from stasis_sim.simulated.world import World

WAY_OUT = "let it take time, with Wait() or Stasis(), or leave the loop"

TAKE_TIME = "let a client that answers its own doings take time: give it a latency or a service time"

COLLECT_AFTER = 200_000
"""Objects made and not freed before Python looks for cycles."""


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Let Python look for cycles seldom: a call makes none, and going over all live calls costs a sixth of a run."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def simulate(prepared: Prepared, replication: int, sink: Sink | None = None) -> tuple[Ledger, tuple[int, ...]]:
    """Run one replication.

    Args:
        prepared: The scenario with its Asterisk configured.
        replication: Its number, from 1.
        sink: Takes the rows of the tables; None: only sums are kept.

    Returns:
        The sums, and how much each fault of the scenario has touched.

    Raises:
        InputError: The dialplan, or a client and Asterisk between them, go on for ever without taking time.
    """
    run = prepared.scenario.run
    recorder = Recorder(replication, run.warmup_us, sink)
    with _told_where(prepared), _seldom_collected():
        world = World(prepared, Streams(run.seed, replication), recorder)
        ledger = world.run()
    return ledger, tuple(fault.touched for fault in world.faults)


def follow(prepared: Prepared, replication: int, witness: Witness, until: int) -> None:
    """Run one replication once more up to an instant, and let somebody listen.

    Args:
        prepared: The scenario with its Asterisk configured.
        replication: Its number, from 1.
        witness: Who listens.
        until: In microseconds; not after the end of the run.

    Raises:
        InputError: As in :func:`simulate`.
    """
    run = prepared.scenario.run
    with _told_where(prepared), _seldom_collected():
        recorder = Recorder(replication, run.warmup_us)
        World(prepared, Streams(run.seed, replication), recorder, witness).clock.run(until)


@contextmanager
def _told_where(prepared: Prepared) -> Iterator[None]:
    """Say where in the scenario the fault is if something goes on for ever."""
    try:
        yield
    except LoopError as error:
        place = prepared.scenario.problem(("asterisk", "extensions"), f"{error}; {WAY_OUT}")
        raise InputError([place]) from None
    except StandstillError as error:
        raise InputError([prepared.scenario.problem(("clients",), f"{error}; {TAKE_TIME}")]) from None
