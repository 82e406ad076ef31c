"""What a path demands of the link of a client, the door of its requests, or the files that Asterisk has read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from stasis_sim.openloop.links import FOR_EVER, TIED
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.simulated.clock import Rank

if TYPE_CHECKING:
    from stasis_sim.openloop.happenings import Look, Message
    from stasis_sim.openloop.links import Ints, Link
    from stasis_sim.openloop.values import Bits, Seen, Values


class Watch:
    """What a path demands of the link of one client.

    Args:
        client: Position of the client.
        looks: At it, in the order of time.
        messages: What was written to it, in order.

    Attributes:
        client: As given.
        steady: Whether it is the same at every look.
    """

    def __init__(self, client: int, looks: Sequence[Look], messages: Sequence[Message]) -> None:
        self.client = client
        self._steps = [(look, [message for message in messages if message.when == look.when]) for look in looks]
        self._last = messages[-1] if messages else None
        states = {look.state for look in looks}
        kept = not any(message.lost or message.abandoned for message in messages)
        self.steady = len(states) == 1 and kept and not any(look.died or look.renewed for look in looks)

    def stays(self, link: Link, values: Values, numbers: Ints) -> Bits:
        """Say for which calls the link was as demanded because it did not change at all while they lasted.

        Args:
            link: The link.
            values: The sums of the calls.
            numbers: Of the calls.
        """
        first, last = self._steps[0][0], self._steps[-1][0]
        begin = link.look(values[first.when.at], first.when.rank, numbers)
        steady: Bits = link.stays(begin, values[last.when.at]) & (link.states(begin) == first.state)
        if self._last is not None:
            # None is through sooner than one that was written before it.
            due = self._last.arrives if self._last.finish is None else self._last.finish
            steady &= link.lasts(begin, _due(due, values))
        return steady

    def holds(self, link: Link, values: Values, numbers: Ints, asked: Bits) -> Bits:
        """Say for which calls the link was as demanded at every look at it, and for every message on it.

        Args:
            link: The link.
            values: The sums of the calls.
            numbers: Of the calls.
            asked: Of which calls it is asked; of the others it is not said.

        Raises:
            ClosedLoopError: Nothing says whether a call or a change of the link goes first.
        """
        mine = asked.copy()
        arrived: Ints | None = None
        before: Seen | None = None
        for look, messages in self._steps:
            seen = values.look(self.client, link, look.when, numbers, arrived)
            if seen.tied is not None and (seen.tied & mine).any():
                raise ClosedLoopError(TIED)
            mine &= seen.states == look.state
            if look.when.rank == Rank.ARRIVAL:
                arrived = seen.places  # the first look, but for doors: they are looked at when a request comes
            if before is not None:
                mine &= (seen.stood != before.stood) == look.renewed
                if link.mortal:
                    mine &= link.died(seen.places, before.places) == look.died
            if not mine.any():
                return mine
            for message in messages:
                mine &= link.lasts(seen.places, _due(message.arrives, values)) != message.lost
                if message.finish is not None:
                    mine &= link.survives(seen.places, _due(message.finish, values)) != message.abandoned
            before = seen
        return mine


def _due(sum_: int, values: Values) -> Ints:
    """Return up to when something must last; what breaks after the end of the run has not broken."""
    due = values[sum_]
    return due if values.horizon == FOR_EVER else np.minimum(due, values.horizon + 1)
