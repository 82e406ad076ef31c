"""When the connections of the clients stood: the world of a scenario without its callers, run once.

Where no call acts back on a connection, this is how it stands in the world with callers too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from stasis_sim.observe.trace import Recorder
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.simulated.clock import KEY_BITS
from stasis_sim.simulated.preparation import Prepared
from stasis_sim.simulated.statuses import SWITCHING_PROTOCOLS
from stasis_sim.simulated.world import World

if TYPE_CHECKING:
    from stasis_sim.handoff.access import HttpRequest
    from stasis_sim.observe.timeline import Timeline
    from stasis_sim.randomness import Streams
    from stasis_sim.simulated.network import Connection

Ints = NDArray[np.int64]

NEVER, DOWN, UP = range(3)
"""States of a link: it has never stood, it stood and is gone, it stands."""

FOR_EVER: Final = 1 << 60
"""After all times, in microseconds."""


def priority(rank: int, key: int) -> int:
    """Return what orders happenings of one instant, as :mod:`stasis_sim.simulated.clock` has it."""
    return (rank << KEY_BITS) + key


@dataclass
class Link:
    """The connections of one client, as changes in the order of time.

    Attributes:
        reach: Lets all changes up to and with an instant be known.
        times: When each change happened, in microseconds.
        priorities: Its place among what happens at that instant.
        connections: The number of the connection that stands since then, 0 if none does.
    """

    reach: Callable[[int], None]
    times: list[int] = field(default_factory=list)
    priorities: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)

    def change(self, at: int, place: int, connection: int) -> None:
        """Note a change."""
        self.times.append(at)
        self.priorities.append(place)
        self.connections.append(connection)
        self.__dict__.pop("_arrays", None)

    @cached_property
    def _arrays(self) -> tuple[Ints, Ints, NDArray[np.int8]]:
        """Times with an end after all times, connections, and states; the last of the latter two are of before."""
        times = np.array([*self.times, FOR_EVER], np.int64)
        connections = np.array([*self.connections, 0], np.int64)
        states = np.where(connections > 0, UP, DOWN).astype(np.int8)
        states[-1] = NEVER
        return times, connections, states

    def look(self, at: Ints, rank: int, numbers: Ints, since: Ints | None = None) -> Ints:
        """Find the last change before something happens.

        Args:
            at: When it happens, in microseconds.
            rank: What kind of happening it is.
            numbers: Of which calls.
            since: Changes that were before, from which the search may start.

        Returns:
            Places in the list of changes, -1 for before all.

        Raises:
            ClosedLoopError: Both happen at one instant, and nothing says which goes first.
        """
        self.reach(int(at.max(initial=0)))
        times = self._arrays[0]
        if since is None:
            found = np.searchsorted(times, at, side="right") - 1
        else:
            found = since
            while (behind := times[found + 1] <= at).any():
                found = found + behind
        # Before the first change stands the end of all times, at which nothing happens.
        touching = np.flatnonzero(times[found] == at)
        if len(touching):
            found = found.copy()
        for each in touching:
            place, mine = int(found[each]), priority(rank, int(numbers[each]))
            while place >= 0 and times[place] == at[each] and self.priorities[place] >= mine:
                if self.priorities[place] == mine:
                    raise ClosedLoopError("a call and a connection change at one instant")
                place -= 1
            found[each] = place
        return found

    def one(self, at: int, rank: int, number: int) -> tuple[int, int]:
        """Return for one happening the state of the link and the number of its connection."""
        place = self.look(np.array([at], np.int64), rank, np.array([number], np.int64))
        return int(self.states(place)[0]), int(self.numbers(place)[0])

    def holds(self, at: int, rank: int, number: int, until: int) -> bool:
        """Say whether the state at a happening lasts up to and with an instant."""
        place = self.look(np.array([at], np.int64), rank, np.array([number], np.int64))
        return bool(self.lasts(place, np.array([until], np.int64))[0])

    def states(self, places: Ints) -> NDArray[np.int8]:
        """Return the state that holds from each change on."""
        return self._arrays[2][places]

    def numbers(self, places: Ints) -> Ints:
        """Return the number of the connection that stands from each change on."""
        return self._arrays[1][places]

    def stays(self, places: Ints, until: Ints) -> NDArray[np.bool_]:
        """Say whether nothing changes after changes, up to and with given instants."""
        self.reach(int(until.max(initial=0)))
        stays: NDArray[np.bool_] = self._arrays[0][places + 1] > until
        return stays

    def lasts(self, places: Ints, until: Ints) -> NDArray[np.bool_]:
        """Say whether the states that begin with changes last up to and with given instants."""
        self.reach(int(until.max(initial=0)))
        lasts: NDArray[np.bool_] = self._arrays[0][places + 1] >= until
        return lasts


class History:
    """The links of all clients, known as far as somebody has asked.

    Args:
        prepared: The scenario.
        streams: Random numbers of the replication.

    Attributes:
        clients: Names of the clients.
        links: By position of the client in the scenario.
    """

    def __init__(self, prepared: Prepared, streams: Streams) -> None:
        self.clients = tuple(prepared.scenario.clients)
        self.links = [Link(self.reach) for _ in prepared.scenario.clients]
        run = prepared.scenario.run
        self._known = -1
        self._recorder = Recorder(streams.replication, run.warmup_us)
        self._world = _Unattended(without_calls(prepared), streams, self._recorder, self.links)

    @property
    def timelines(self) -> dict[str, Timeline]:
        """The states of the apps so far."""
        return self._recorder.timelines

    def reach(self, until: int) -> None:
        """Know all that happens up to and with an instant."""
        if until > self._known:
            # A good deal further each time, so that what is asked step by step is not put in order at every step.
            self._known = until + (until >> 3)
            self._world.advance(self._known)


class _Unattended(World):
    """The world without callers; notes when connections come and go."""

    def __init__(self, prepared: Prepared, streams: Streams, recorder: Recorder, links: list[Link]) -> None:
        self._links = dict(zip(prepared.scenario.clients, links, strict=True))
        self._place = 0
        super().__init__(prepared, streams, recorder)

    def advance(self, until: int) -> None:
        """Let time pass."""
        env = self.clock.env
        queue = env._queue  # noqa: SLF001 - SimPy shows the instant of what is next, not its priority
        while queue and queue[0][0] <= until:
            self._place = int(queue[0][1])
            env.step()

    def open(self, connection: Connection, request: HttpRequest) -> tuple[int, str]:
        """Note a connection that stands."""
        answer = super().open(connection, request)
        if answer[0] == SWITCHING_PROTOCOLS:
            self._note(connection, connection.row.number)
        return answer

    def closed(self, connection: Connection, how: str, cause: str) -> None:
        """Note a connection that is gone."""
        self._note(connection, 0)
        super().closed(connection, how, cause)

    def _note(self, connection: Connection, number: int) -> None:
        self._links[connection.row.client].change(self.clock.now, self._place, number)


def without_calls(prepared: Prepared, end: int | None = None) -> Prepared:
    """Return the scenario without its callers; with an end in microseconds, one that stops there."""
    changes: dict[str, object] = {"calls": ()}
    if end is not None:
        changes["run"] = prepared.scenario.run.model_copy(update={"until": None, "duration_us": end})
    return replace(prepared, scenario=prepared.scenario.model_copy(update=changes))
