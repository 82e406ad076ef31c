"""Why Asterisk turned calls away: whether an app that is gone was still remembered.

A real Asterisk remembers an app as inactive as long as a channel inside holds a subscription of it, and forgets it when
the last one leaves (semantics.md, drop-occupied-then-emptied). A call alone in the laboratory cannot see the others, so
the word is put in here. Those who were inside when the link broke decide: none enters while it is away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from stasis_sim.handoff.effects import FORGOTTEN, NOT_ACTIVE, RESTART
from stasis_sim.handoff.profiles import PROFILES
from stasis_sim.openloop.links import FOR_EVER
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.openloop.searching import count_before

if TYPE_CHECKING:
    from stasis_sim.openloop.batch import Bunch
    from stasis_sim.openloop.cohort import Group
    from stasis_sim.openloop.happenings import AttemptRow
    from stasis_sim.openloop.history import History
    from stasis_sim.openloop.links import Ints
    from stasis_sim.simulated.preparation import Prepared

REASONS: Final = (FORGOTTEN, NOT_ACTIVE)
"""What the numbers of :meth:`Standings.reasons` stand for."""

_TIE: Final = "two calls do something at one instant, and nothing says which goes first"
_NOBODY: Final = -1


class _Last:
    """For each change of a link the last to leave of those who entered between it and the change before it.

    Of those inside at a change, the last to leave is the last of all who entered before it: whoever of them left before
    the change is no later than those who did not.
    """

    def __init__(self) -> None:
        self._left = np.empty(0, np.int64)
        self._number = np.empty(0, np.int64)

    def widen(self, changes: int) -> None:
        """Have room for so many changes."""
        more = np.full(changes - len(self._left), _NOBODY)
        self._left, self._number = np.concatenate([self._left, more]), np.concatenate([self._number, more])

    def note(self, changes: Ints, left: Ints, numbers: Ints) -> None:
        """Calls that entered before changes, and after those before them, left at instants."""
        later = np.flatnonzero(left > self._left[changes])
        changes, left = changes[later], left[later]
        np.maximum.at(self._left, changes, left)
        last = left == self._left[changes]
        self._number[changes[last]] = numbers[later[last]]

    def inside(self) -> tuple[Ints, Ints]:
        """Return for each change when the last of those left who entered before it, and which call that was."""
        left = np.maximum.accumulate(self._left)
        rises = np.diff(left, prepend=_NOBODY) > 0
        return left, self._number[np.maximum.accumulate(np.where(rises, np.arange(len(left)), 0))]


class Standings:
    """For each app and each change of its link, when the last channel left that was inside then."""

    def __init__(self, prepared: Prepared, history: History) -> None:
        remembers = not PROFILES[prepared.scenario.asterisk.profile].never_forget
        self._links = {
            app: history.holders[app]
            for client in prepared.scenario.clients.values()
            if remembers and not client.subscribe_all
            for app in client.apps
        }
        self._last = {app: _Last() for app in self._links}
        self._times: dict[str, Ints] = {}
        # The first change since which somebody has been inside who leaves after the end of the window.
        self._occupied: dict[str, int] = {}

    def begin(self) -> None:
        """A window begins: of the calls of earlier ones, those that are through have left."""
        for app, link in self._links.items():
            # Nobody is inside at what stands behind the last change, not even who never leaves.
            self._times[app] = np.array([*link.times, FOR_EVER + 1], np.int64)
            self._last[app].widen(len(link.times))
            self._occupied[app] = len(link.times)

    def follow(self, group: Group, numbers: Ints, end: int) -> None:
        """Note who was inside when a link changed; whoever leaves after the end of the window is inside until then."""
        for attempt in group.path.attempts:
            if attempt.result == "entered" and attempt.app in self._links:
                at, left = (self._values(group, each, numbers) for each in (attempt.when.at, attempt.left))
                # Who is killed with Asterisk is not inside any more when that forgets the app.
                self._stay(attempt.app, at, left - (attempt.left_by == RESTART), numbers, end)

    @staticmethod
    def _values(group: Group, sum_: int | None, numbers: Ints) -> Ints:
        return np.full(numbers.shape, FOR_EVER) if sum_ is None else group.values[sum_]

    def _stay(self, app: str, at: Ints, left: Ints, numbers: Ints, end: int) -> None:
        times = self._times[app]
        changes = count_before(times, at, "left")
        inside = np.flatnonzero(times[changes] <= left)
        changes, at, left = changes[inside], at[inside], left[inside]
        if (times[changes] == at).any() or (times[count_before(times, left, "left")] == left).any():
            raise ClosedLoopError(_TIE)
        gone = left < end
        self._last[app].note(changes[gone], left[gone], numbers[inside[gone]])
        self._occupied[app] = int(changes[~gone].min(initial=self._occupied[app]))

    def reasons(self, bunch: Bunch) -> dict[int, Ints]:
        """Return for the ejected attempts of calls why they were: for each call a place in REASONS."""
        return {
            place: self._remembered(bunch, attempt)
            for place, attempt in enumerate(bunch.path.attempts)
            if attempt.reason in REASONS and attempt.app in self._links
        }

    def _remembered(self, bunch: Bunch, attempt: AttemptRow) -> Ints:
        at = bunch.at(attempt.when)
        change = self._links[attempt.app].look(at, attempt.when.rank, bunch.numbers)
        left, number = (each[change] for each in self._last[attempt.app].inside())
        occupied = change >= self._occupied[attempt.app]
        if ((left == at) & (number != bunch.numbers) & ~occupied).any():
            raise ClosedLoopError(_TIE)
        return (occupied | (left > at)).astype(np.int64)
