"""The connections of a client over time, as the open loop asks for them: how they were when something happened."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.openloop.searching import count_before
from stasis_sim.simulated.clock import KEY_BITS

if TYPE_CHECKING:
    from stasis_sim.openloop.stalls import Stalls
    from stasis_sim.openloop.thaws import Thaws

Ints = NDArray[np.int64]

NEVER, DOWN, UP, KILLED, FROZEN, DEAF = range(6)
"""States of a link: it has never stood; it stood and is gone; it stands; it is gone, and Asterisk was killed since; it
stands and passes nothing for now; Asterisk takes it for standing, and nothing that is written to it ever arrives."""

STANDING: Final = (UP, FROZEN, DEAF)
"""States in which Asterisk takes a link for standing."""

STOPPED: Final = (FROZEN, DEAF)
"""States in which nothing is read of what is written to it."""

NOWHERE: Final = -1
"""No change, no look, no sum: before all of them."""

TIED: Final = "a call and a connection change at one instant"
"""Nothing says which of them goes first."""

FOR_EVER: Final = 1 << 60
"""After all times, in microseconds."""


def priority(rank: int, key: int) -> int:
    """Return what orders happenings of one instant, as :mod:`stasis_sim.simulated.clock` has it."""
    return (rank << KEY_BITS) + key


class _Arrays(NamedTuple):
    """The changes of a link as arrays; behind the last one of them stands what was before the first.

    Attributes:
        times: With an end after all times.
        connections, states, ends, deaths, stood: Since each change.
        fatal: When the program died, with an end after all times.
    """

    times: Ints
    connections: Ints
    states: NDArray[np.int16]
    ends: Ints
    deaths: Ints
    stood: Ints
    fatal: Ints


class Glance(NamedTuple):
    """How a link was when something happened.

    Attributes:
        state: One of those of links.
        connection: The number of the connection that stood, 0 for none.
        deaths: How often the program had died.
        stood: How many connections there had been.
    """

    state: int
    connection: int
    deaths: int
    stood: int


@dataclass(eq=False)
class Link:
    """The connections of one client and the deaths of its program, as changes in the order of time.

    Attributes:
        reach: Lets all changes up to and with an instant be known.
        mortal: Whether its program can die at all, and take with it what it has not dealt with.
        stalls: When its client reads nothing.
        thaws: When it passes again after faults that froze it; None: that is nothing to it.
        times: When each change happened, in microseconds.
        priorities: Its place among what happens at that instant.
        kinds: The state since then.
        connections: The number of the connection that holds its apps since then, 0 if none does.
        ends: Up to when what has been written to it since then may still arrive; FOR_EVER as long as nobody knows. It
            stands on where another takes its apps.
        deaths: How often the program has died by then. What dies before its first connection knows of no call.
        stops: For changes to FROZEN and DEAF the one since which nothing has been read; for others NOWHERE.
        replaced: When the news was on its way that another connection had taken the apps, in microseconds.
        freezes: From when to when it passed nothing, in microseconds, where what was written meanwhile was passed then.
        recoveries: When the program, back again, was told which channels there are, in microseconds.
    """

    reach: Callable[[int], None]
    mortal: bool
    stalls: Stalls
    thaws: Thaws | None = None
    times: list[int] = field(default_factory=list)
    priorities: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    deaths: list[int] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)
    freezes: list[tuple[int, int]] = field(default_factory=list)
    recoveries: list[int] = field(default_factory=list)
    # The client's connection, and whether it passes anything; since which change it holds back what is written to it;
    # and whether that is the news, too, that another one has the apps.
    _seen: tuple[int, int] = (0, UP)
    _held: int | None = None
    _news: bool = False

    def change(self, at: int, place: int, connection: int) -> None:
        """Note that a connection holds the apps, or none does, 0."""
        self.note(at, place, UP if connection else DOWN, connection, self.deaths[-1] if self.deaths else 0)

    def close(self, at: int, place: int, connection: int) -> None:
        """Note that a connection is gone."""
        self._lose(at, connection)
        if self.connections and self.connections[-1] == connection:
            self.change(at, place, 0)

    def replace(self, at: int, place: int) -> None:
        """Note that another connection takes the apps, from whichever holds them."""
        if self.connections and self.connections[-1]:
            if self.kinds[-1] == UP:
                self.replaced.append(at)
            elif self.kinds[-1] == FROZEN:
                self._news = True
            self.change(at, place, 0)

    def see(self, at: int, place: int, connection: int, state: int) -> None:
        """Note whether the client's connection passes anything: UP, FROZEN, or DEAF where it never will again."""
        before = self._seen[1] if self._seen[0] == connection else UP
        if state != before:
            if state == UP:
                self._thaw(at)
            elif state == DEAF:
                self._lose_held(at)
            self._seen = connection, state
            if self.connections and self.connections[-1] == connection:
                self.note(at, place, state, connection, self.deaths[-1])
                if state == FROZEN:
                    self._held = len(self.times) - 1

    def give_up(self, at: int, place: int, connection: int) -> None:
        """Note that the client has given up a connection, of which Asterisk knows nothing."""
        self._lose(at, connection)
        if self.connections and self.connections[-1] == connection and self.kinds[-1] != DEAF:
            self.note(at, place, DEAF, connection, self.deaths[-1])

    def _thaw(self, at: int) -> None:
        """What is held back is on its way."""
        if self._held is not None:
            self.freezes.append((self.times[self._held], at))
        if self._news:
            self.replaced.append(at)
        self._held, self._news = None, False

    def _lose_held(self, at: int) -> None:
        """What is held back will never arrive."""
        if self._held is not None:
            if self.thaws is not None and self.thaws.between(at - 1, at):
                raise ClosedLoopError("a link breaks at the instant at which it thaws")
            self.ends[self._held] = at
        self._held, self._news = None, False

    def _lose(self, at: int, connection: int) -> None:
        """A connection is gone for its client, with all that is on its way."""
        if self.stalls.ends_at(at):
            raise ClosedLoopError("a link breaks at the instant at which its client reads again")
        if connection == self._seen[0]:
            self._lose_held(at)
        for change in range(len(self.times) - 1, -1, -1):
            if 0 < self.connections[change] < connection:
                break  # numbers rise
            if self.connections[change] == connection and self.ends[change] == FOR_EVER:
                self.ends[change] = at
        self.__dict__.pop("_arrays", None)

    def die(self, at: int, place: int) -> None:
        """Note that the program has died; its connection may have gone with it, just now."""
        if self.times:
            self._settle(at, place)
            self.deaths[-1] = 1 + (self.deaths[-2] if len(self.deaths) > 1 else 0)

    def kill(self, at: int, place: int) -> None:
        """Note that Asterisk was killed; the connection may have gone with it, just now."""
        if self.times:
            self._settle(at, place)
            self.kinds[-1] = KILLED

    def _settle(self, at: int, place: int) -> None:
        """Have a last change that is of an instant and a place."""
        self.__dict__.pop("_arrays", None)
        if (self.times[-1], self.priorities[-1]) != (at, place):
            self.note(at, place, self.kinds[-1], self.connections[-1], self.deaths[-1])

    def note(self, at: int, place: int, state: int, connection: int, deaths: int) -> None:
        """Note a change behind all others."""
        stopped = bool(self.kinds) and self.kinds[-1] in STOPPED
        if state in STOPPED:
            self.stops.append(self.stops[-1] if stopped else len(self.stops))
        else:
            self.stops.append(NOWHERE)
        self.times.append(at)
        self.priorities.append(place)
        self.kinds.append(state)
        self.connections.append(connection)
        self.ends.append(0 if state == DEAF else FOR_EVER)
        self.deaths.append(deaths)
        self.__dict__.pop("_arrays", None)

    @cached_property
    def _arrays(self) -> _Arrays:
        times = np.array([*self.times, FOR_EVER], np.int64)
        connections = np.array([*self.connections, 0], np.int64)
        states = np.array([*self.kinds, NEVER], np.int16)
        ends = np.array([*self.ends, FOR_EVER], np.int64)
        deaths = np.array([*self.deaths, 0], np.int64)
        new = (connections[:-1] > 0) & (np.diff(connections[:-1], prepend=0) != 0)
        stood = np.append(np.cumsum(new), 0)
        fatal = np.append(times[:-1][np.diff(deaths[:-1], prepend=0) > 0], FOR_EVER)
        return _Arrays(times, connections, states, ends, deaths, stood, fatal)

    def find_all(
        self, at: Ints, ranks: Sequence[int], numbers: Ints, since: Ints | None = None
    ) -> tuple[Ints, list[tuple[int, int]]]:
        """Find the last change before each of several things that happen to calls.

        Args:
            at: When they happen, in microseconds: a row for each thing, a column for each call.
            ranks: What kind of happening each of them is.
            numbers: Of the calls.
            since: Changes that were before, from which the search may start.

        Returns:
            Places in the list of changes, -1 for before all, and the row and column of those where both happen at one
            instant, and nothing says which goes first.
        """
        self.reach(int(at.max(initial=0)))
        times = self._arrays.times
        if since is None:
            found = count_before(times, at.ravel(), "right").reshape(at.shape) - 1
        else:
            found = since
            while (behind := times[found + 1] <= at).any():
                found = found + behind
        tied = []
        # Before the first change stands the end of all times, at which nothing happens.
        touching = times[found] == at
        if touching.any():
            found = found.copy()
            for row, call in np.argwhere(touching).tolist():
                place, ties = self._before(int(at[row, call]), priority(ranks[row], int(numbers[call])))
                found[row, call] = place
                if ties:
                    tied.append((row, call))
        return found, tied

    def _before(self, at: int, mine: int) -> tuple[int, bool]:
        """Find the last change before something that happens at an instant, and say whether nothing orders the two."""
        place = bisect_right(self.times, at) - 1
        while place >= 0 and self.times[place] == at and self.priorities[place] > mine:
            place -= 1
        return place, place >= 0 and self.times[place] == at and self.priorities[place] == mine

    def _place(self, at: int, rank: int, number: int) -> int:
        """Find the last change before one thing happens.

        Raises:
            ClosedLoopError: Both happen at one instant, and nothing says which goes first.
        """
        self.reach(at)
        place, tied = self._before(at, priority(rank, number))
        if tied:
            raise ClosedLoopError(TIED)
        return place

    def look(self, at: Ints, rank: int, numbers: Ints, since: Ints | None = None) -> Ints:
        """Find the last change before something happens to each call, as :meth:`find_all` does.

        Raises:
            ClosedLoopError: Both happen at one instant, and nothing says which goes first.
        """
        found, tied = self.find_all(at[np.newaxis], [rank], numbers, None if since is None else since[np.newaxis])
        if tied:
            raise ClosedLoopError(TIED)
        places: Ints = found[0]
        return places

    def one(self, at: int, rank: int, number: int) -> Glance:
        """Return how the link was when one thing happened."""
        place, arrays = self._place(at, rank, number), self._arrays
        return Glance(*(int(each[place]) for each in (arrays.states, arrays.connections, arrays.deaths, arrays.stood)))

    def holds(self, at: int, rank: int, number: int, until: int) -> bool:
        """Say whether the connection at a happening stands up to an instant."""
        return bool(self.lasts(np.array([self._place(at, rank, number)]), np.array([until], np.int64))[0])

    def lives(self, at: int, rank: int, number: int, until: int) -> bool:
        """Say whether the program lives from a happening up to an instant."""
        return bool(self.survives(np.array([self._place(at, rank, number)]), np.array([until], np.int64))[0])

    def unread(self, at: Ints, rank: int, numbers: Ints, latency: int) -> Ints:
        """Return for messages since when nothing is read, as the number of a change or of a stall; else NOWHERE."""
        if self.stalls.any:
            return self.stalls.unread(at, at + latency)
        return np.array(self.stops, np.int64)[self.look(at, rank, numbers)]

    def reads(self, at: Ints, latency: int) -> Ints:
        """Return when the client reads what is written at instants, and not lost."""
        return self.stalls.read(self.released(at) + latency, instant=not latency)

    def released(self, at: Ints) -> Ints:
        """Return when what is written at instants, and not lost, is on its way: where it is held back, at the thaw."""
        if not self.freezes:
            return at
        begins, ends = np.array(self.freezes, np.int64).T
        # Before the first freeze stands the last one, behind which it goes back to the instant itself.
        released: Ints = np.maximum(at, ends[count_before(begins, at, "right") - 1] * (at >= begins[0]))
        return released

    def recovered(self, at: Ints, number: int) -> Ints:
        """Return for instants the recovery of a number after them, from 0, as far as it is known; else FOR_EVER."""
        times = np.array(self.recoveries, np.int64)
        places = count_before(times, at, "right") + number
        return np.append(times, np.full(number + 1, FOR_EVER))[places]

    def states(self, places: Ints) -> NDArray[np.int16]:
        """Return the state that holds from each change on."""
        return self._arrays.states[places]

    def numbers(self, places: Ints) -> Ints:
        """Return the number of the connection that stands from each change on."""
        return self._arrays.connections[places]

    def died(self, places: Ints, since: Ints) -> NDArray[np.bool_]:
        """Say whether the program has died by changes, and not by earlier ones."""
        died: NDArray[np.bool_] = self._arrays.deaths[places] != self._arrays.deaths[since]
        return died

    def life(self, places: Ints) -> Ints:
        """Return how often the program had died by changes."""
        life: Ints = self._arrays.deaths[places]
        return life

    def stood(self, places: Ints) -> Ints:
        """Return how many connections there have been by changes."""
        return self._arrays.stood[places]

    def dies(self, life: int) -> int:
        """Return when a life of the program ends, by how often it has died before; FOR_EVER: not as far as known."""
        return int(self._arrays.fatal[life])

    def lived(self, until: Ints, *, instant: bool) -> Ints:
        """Return how often the program has died before instants; `instant`: or at them."""
        self.reach(int(until.max(initial=0)))
        return count_before(self._arrays.fatal, until, "right" if instant else "left")

    def stays(self, places: Ints, until: Ints) -> NDArray[np.bool_]:
        """Say whether nothing changes after changes, up to and with given instants."""
        self.reach(int(until.max(initial=0)))
        stays: NDArray[np.bool_] = self._arrays.times[places + 1] > until
        return stays

    def lasts(self, places: Ints, until: Ints) -> NDArray[np.bool_]:
        """Say whether the connections that hold the apps since changes stand up to instants, at which they may end."""
        self.reach(int(until.max(initial=0)))
        lasts: NDArray[np.bool_] = self._arrays.ends[places] >= until
        return lasts

    def breaks(self, begin: int, end: int) -> bool:
        """Say whether a connection is gone after an instant and before another."""
        self.reach(end)
        ends = self._arrays.ends
        return bool(((ends > begin) & (ends < end)).any())

    def survives(self, places: Ints, until: Ints) -> NDArray[np.bool_]:
        """Say whether the program lives from changes up to given instants, at which it may die."""
        self.reach(int(until.max(initial=0)))
        arrays = self._arrays
        survives: NDArray[np.bool_] = arrays.fatal[arrays.deaths[places]] >= until
        return survives
