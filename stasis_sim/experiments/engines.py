"""Which engine computes a replication: all calls at once where no call acts back on a connection, else event by event.

Both give the same rows and sums, to the byte; only the time that they take differs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from stasis_sim.errors import InputError
from stasis_sim.experiments.results import EVENTS, OPEN_LOOP
from stasis_sim.openloop.eligible import obstacle
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.simulated.preparation import Prepared

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from stasis_sim.observe.ledger import Ledger
    from stasis_sim.observe.tables import Tables
    from stasis_sim.openloop.computation import OpenLoop


class Computed(NamedTuple):
    """A replication that is done.

    Attributes:
        ledger: Its sums.
        touched: How much each fault of the scenario has touched.
        engine: EVENTS or OPEN_LOOP.
        closed: What closes the loop, where ``auto`` took EVENTS for it; else empty.
    """

    ledger: Ledger
    touched: tuple[int, ...]
    engine: str
    closed: str


class Engine:
    """Computes replications of a scenario, with the engine that it asks for.

    Args:
        prepared: The scenario with its Asterisk configured.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self._closed = "" if prepared.scenario.run.engine == EVENTS else obstacle(prepared)

    @cached_property
    def _open_loop(self) -> OpenLoop:
        from stasis_sim.openloop.computation import OpenLoop  # noqa: PLC0415 - not needed for events

        return OpenLoop(self.prepared)

    def examine(self) -> None:
        """Find out what closes the loop, as far as the scenario says it.

        Raises:
            InputError: The scenario asks for the open loop, and something in it closes the loop.
        """
        if self._closed:
            self._refuse(self._closed)

    def _refuse(self, closed: str) -> None:
        """Refuse to go on event by event where the scenario asks for the open loop."""
        scenario = self.prepared.scenario
        if scenario.run.engine == OPEN_LOOP:
            text = f"the loop is closed by {closed}; write auto or events"
            raise InputError([scenario.problem(("run", "engine"), text)])

    def compute(self, number: int, tables: Callable[[], AbstractContextManager[Tables | None]]) -> Computed:
        """Compute a replication.

        Args:
            number: Of the replication, from 1.
            tables: Makes what takes the rows, anew for each try.

        Raises:
            InputError: The scenario asks for the open loop, and something in it closes the loop.
        """
        wanted, closed = self.prepared.scenario.run.engine, self._closed
        if wanted != EVENTS and not closed:
            try:
                with tables() as rows:
                    return Computed(*self._open_loop.compute(number, rows), OPEN_LOOP, "")
            except ClosedLoopError as error:
                closed = str(error)
        self._refuse(closed)
        from stasis_sim.simulated.replication import simulate  # noqa: PLC0415 - not needed for the open loop

        with tables() as rows:
            return Computed(*simulate(self.prepared, number, rows), EVENTS, closed)
