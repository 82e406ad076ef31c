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
    from stasis_sim.openloop.history import History
    from stasis_sim.openloop.links import Ints
    from stasis_sim.openloop.paths import AttemptRow
    from stasis_sim.simulated.preparation import Prepared

REASONS: Final = (FORGOTTEN, NOT_ACTIVE)
"""What the numbers of :meth:`Standings.reasons` stand for."""

_TIE: Final = "two calls do something at one instant, and nothing says which goes first"
_NOBODY: Final = -1


class _Last:
    """For each change of a link who of those inside then is the last to leave, and when, as far as it is known."""

    def __init__(self) -> None:
        self.left = np.empty(0, np.int64)
        self.number = np.empty(0, np.int64)

    def widen(self, changes: int) -> None:
        """Have room for so many changes."""
        more = changes - len(self.left)
        self.left = np.concatenate([self.left, np.full(more, _NOBODY)])
        self.number = np.concatenate([self.number, np.full(more, _NOBODY)])

    def stay(self, changes: Ints, left: Ints, numbers: Ints) -> None:
        """Calls were inside at changes, and left at instants, which rise."""
        later = left > self.left[changes]
        # Of several values for one place the last one counts, which is the latest.
        self.left[changes[later]] = left[later]
        self.number[changes[later]] = numbers[later]

    def copy(self) -> _Last:
        """Return one of the same content."""
        other = _Last()
        other.left, other.number = self.left.copy(), self.number.copy()
        return other


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
        self._certain = {app: _Last() for app in self._links}
        self._now: dict[str, _Last] = {}

    def begin(self) -> None:
        """A window begins: what is certain by now is from calls that have left."""
        for app, link in self._links.items():
            self._certain[app].widen(len(link.times))
            self._now[app] = self._certain[app].copy()

    def follow(self, group: Group, numbers: Ints, end: int) -> None:
        """Note who was inside when a link changed; whoever leaves after the end of the window is inside until then."""
        for attempt in group.path.attempts:
            if attempt.result == "entered" and attempt.app in self._links:
                at, left = (self._values(group, each, numbers) for each in (attempt.when.at, attempt.left))
                # Who is killed with Asterisk is not inside any more when that forgets the app.
                self._stay(attempt, at, left - (attempt.left_by == RESTART), numbers, end)

    @staticmethod
    def _values(group: Group, sum_: int | None, numbers: Ints) -> Ints:
        return np.full(numbers.shape, FOR_EVER) if sum_ is None else group.values[sum_]

    def _stay(self, attempt: AttemptRow, at: Ints, left: Ints, numbers: Ints, end: int) -> None:
        certain, now = self._certain[attempt.app], self._now[attempt.app]
        times = np.array(self._links[attempt.app].times[: len(certain.left)], np.int64)
        times = np.append(times, FOR_EVER)
        changes = count_before(times, at, "left")
        inside = np.flatnonzero(times[changes] <= np.minimum(left, FOR_EVER - 1))
        inside = inside[np.argsort(left[inside], kind="stable")]
        changes, at, left, numbers = changes[inside], at[inside], left[inside], numbers[inside]
        while len(changes):
            if (times[changes] == at).any() or (times[changes] == left).any():
                raise ClosedLoopError(_TIE)
            gone = int(np.searchsorted(left, end, side="left"))
            certain.stay(changes[:gone], left[:gone], numbers[:gone])
            now.stay(changes, np.concatenate([left[:gone], np.full(len(left) - gone, FOR_EVER)]), numbers)
            on = times[changes + 1] <= np.minimum(left, FOR_EVER - 1)
            changes, at, left, numbers = changes[on] + 1, at[on], left[on], numbers[on]

    def reasons(self, bunch: Bunch) -> dict[int, Ints]:
        """Return for the ejected attempts of calls why they were: for each call a place in REASONS."""
        return {
            place: self._remembered(bunch, attempt)
            for place, attempt in enumerate(bunch.path.attempts)
            if attempt.reason in REASONS and attempt.app in self._links
        }

    def _remembered(self, bunch: Bunch, attempt: AttemptRow) -> Ints:
        last, at = self._now[attempt.app], bunch.at(attempt.when)
        change = self._links[attempt.app].look(at, attempt.when.rank, bunch.numbers)
        left, number = last.left[change], last.number[change]
        if ((left == at) & (number != bunch.numbers)).any():
            raise ClosedLoopError(_TIE)
        return (left > at).astype(np.int64)
