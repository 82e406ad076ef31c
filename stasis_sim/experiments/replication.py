"""One replication: computed, measured, and kept."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from stasis_sim.experiments.engines import Engine
from stasis_sim.experiments.results import Replication, ResultTree
from stasis_sim.observe.metrics import measures

if TYPE_CHECKING:
    from stasis_sim.observe.tables import Tables


def work_out(engine: Engine, tree: ResultTree, number: int) -> Replication:
    """Do one replication and keep it; or take it, where another run of the same inputs has just done it."""
    with tree.alone(number) as there:
        return there or _work_out(engine, tree, number)


def _work_out(engine: Engine, tree: ResultTree, number: int) -> Replication:
    def tables() -> AbstractContextManager[Tables | None]:
        if engine.prepared.scenario.run.record != "all":
            return nullcontext()
        from stasis_sim.observe.tables import Tables  # noqa: PLC0415 - loads pyarrow

        return Tables(number, tree.prepare(number))

    done = engine.compute(number, tables)
    notes = {
        "touched": list(done.touched),
        "end_us": done.ledger.end,
        "engine": done.engine,
        "closed": done.closed,
    }
    prepared = engine.prepared
    replication = Replication(number, measures(done.ledger, prepared.apps, prepared.programs), notes)
    tree.save(replication)
    return replication
