"""A caller, from the first ring to the end of the call: what the simulation keeps about one live call."""

from __future__ import annotations

from stasis_sim.observe import trace


class Caller:
    """One call while it lives.

    Attributes:
        trace: What the results will say of it; its ``number`` is unique in the run.
        channel: The id of its channel.
        source: Position of its source of traffic in the scenario.
        index: Its number within the source; it decides all draws that are made for this caller.
        hold: How long after the first command the caller hangs up, in microseconds; None: never.
        attempt: The stay in Stasis that it is in, if any.
        ejected: Whether Stasis has ejected it.
        served: Whether a command has been carried out on it.
        raised: For each app, how many events were raised about this call.
    """

    __slots__ = ("attempt", "channel", "ejected", "hold", "index", "raised", "served", "source", "trace")

    def __init__(self, row: trace.Call, channel: str, source: int, index: int, hold: int | None) -> None:
        self.trace = row
        self.channel = channel
        self.source = source
        self.index = index
        self.hold = hold
        self.attempt: trace.Attempt | None = None
        self.ejected = False
        self.served = False
        self.raised: dict[str, int] = {}
