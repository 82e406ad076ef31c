"""One replication, computed window by window.

A window holds the calls that arrive in a stretch of time, and those of earlier windows that are not over. Within it
two things are looked for until both agree: which way each call goes, given how long its messages wait in the queues of
the clients; and how long they wait, given when they are written. Nothing acts backwards in time, so there is one
answer, and it is that of the event engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from stasis_sim.handoff.dialplan.thread import LoopError
from stasis_sim.observe.trace import Recorder
from stasis_sim.openloop.batch import Bunch
from stasis_sim.openloop.cohort import Cohort, Group, Ways
from stasis_sim.openloop.history import History, without_calls
from stasis_sim.openloop.levels import Levels, Passages
from stasis_sim.openloop.links import FOR_EVER, Ints
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.openloop.queueing import Queues
from stasis_sim.openloop.rows import write
from stasis_sim.openloop.standings import Standings
from stasis_sim.openloop.sums import Sums
from stasis_sim.openloop.thaws import over
from stasis_sim.openloop.windows import windows
from stasis_sim.randomness import Streams
from stasis_sim.simulated.clock import Rank
from stasis_sim.simulated.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stasis_sim.observe.ledger import Ledger
    from stasis_sim.observe.tables import Tables
    from stasis_sim.openloop.values import Bits
    from stasis_sim.openloop.windows import Window
    from stasis_sim.simulated.faults import Fault
    from stasis_sim.simulated.preparation import Prepared

SOON: Final = 8
"""A window in which ways and waits do not agree by then is parted into stretches."""

MOST_ROUNDS: Final = 128
"""A stretch in which ways and waits do not agree by then is left to the event engine."""


class OpenLoop:
    """Computes replications of a scenario; what it has learnt from one serves the next.

    Args:
        prepared: The scenario with its Asterisk configured; nothing in it may close the loop.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._ways = [Ways() for _ in prepared.scenario.calls]

    def compute(self, replication: int, tables: Tables | None = None) -> tuple[Ledger, tuple[int, ...]]:
        """Compute one replication.

        Args:
            replication: Its number, from 1.
            tables: Takes the rows; None: only sums are kept.

        Returns:
            The sums, and how much each fault of the scenario has touched.

        Raises:
            ClosedLoopError: A call does something that cannot be computed for all calls at once.
        """
        try:
            return _Computation(self._prepared, replication, tables, self._ways).run()
        except LoopError as error:
            raise ClosedLoopError(str(error)) from None


class _Recorder(Recorder):
    """Writes down the world without callers; at the end, the sums of the callers are put in."""

    def __init__(self, replication: int, warmup: int, tables: Tables | None, computed: _Computation) -> None:
        super().__init__(replication, warmup, tables)
        self._computed = computed

    def finish(self, now: int, raised: int | None = None) -> Ledger:
        """Put the sums in and end the run."""
        sums, ledger = self._computed.sums, self.ledger
        for app, at in sorted(sums.strange.items(), key=lambda item: (item[1], item[0])):
            self.app_state(app, at, registered=False, working=False)
        sums.pour(ledger, self.connections())
        self._computed.levels.pour(ledger, now)
        ledger.counted(sums.calls, sums.raised)
        self.let_go(sums.calls)
        # It holds its recorders: now it goes when the replication is over, and not when garbage is looked for.
        del self._computed
        return super().finish(now, None if raised is None else raised + sums.raised)


class _Computation:
    """One replication on its way."""

    def __init__(self, prepared: Prepared, replication: int, tables: Tables | None, ways: Sequence[Ways]) -> None:
        scenario = prepared.scenario
        self._prepared = prepared
        self._streams = Streams(scenario.run.seed, replication)
        self._tables = tables
        self._recorder = _Recorder(replication, scenario.run.warmup_us, tables, self)
        self._history = History(prepared, self._streams, self._recorder)
        self._cohorts = [
            Cohort(prepared, self._streams, self._history, source, each) for source, each in enumerate(ways)
        ]
        self._drained = scenario.run.until == "drained"
        self._horizon = FOR_EVER if self._drained else scenario.run.duration_us or 0
        self._latencies = self._history.latencies
        self._queues = Queues(self._latencies, self._history.workers, self._history.links, self._cohorts)
        self._begun = 0
        # When the last thing has happened about the calls that are through.
        self._over = 0
        # When the last message about them reached each client.
        self._heard = [0 for _ in self._latencies]
        self._standings = Standings(prepared, self._history)
        self.sums = Sums(scenario.run.warmup_us, self._history)
        self.levels = Levels(scenario.run.warmup_us)

    def run(self) -> tuple[Ledger, tuple[int, ...]]:
        """Compute it."""
        last = 0
        recovers = any(client.recover != "none" for client in self._prepared.scenario.clients.values())
        if recovers or any(link.stalls.any for link in self._history.links):
            # Whether one more comes in time is asked of instants that hang on when it does.
            self._history.reach(self._horizon)
        for window in windows(self._prepared.scenario, self._streams):
            self._agree(self._take(window), window.end)
            if window.end < FOR_EVER:
                self._close(window.end)
            last = window.last
        if self._drained:
            emptied = self._emptied(last)
            self._end_at(emptied)
            # The clients are still given time for what is on its way to them then, and not held back; a drop that comes
            # later takes none of it away, for this is when the end is set.
            through = [self._queues.busy_until(client, emptied) for client in range(len(self._latencies))]
            self._end_at(max(emptied, *through, *self._last_heard(emptied)))
        self._history.reach(self._horizon)
        self._close(FOR_EVER)
        return self._finish()

    def _take(self, window: Window) -> list[Ints]:
        """Give the calls of a window to the cohorts, which alone keep them."""
        fresh = [cohort.extend(*calls) for cohort, calls in zip(self._cohorts, window.arrivals, strict=True)]
        window.arrivals.clear()
        return fresh

    def _end_at(self, horizon: int) -> None:
        """Let the run end at an instant; what was over before it, and before where it was to end so far, stays."""
        if horizon == self._horizon:
            return
        sure = min(horizon, self._horizon)
        late = []
        for cohort in self._cohorts:
            rows = [
                group.rows if group.path.cut else group.rows[group.path.latest(group.values) > sure]
                for group in cohort.groups(self._horizon)
            ]
            late.append(np.sort(np.concatenate([np.empty(0, np.int64), *rows])))
        self._horizon = horizon
        self._agree(late, FOR_EVER)

    def _emptied(self, last: int) -> int:
        """Return when the last call has ended; where one never does, when nothing is left that could end it."""
        ended = last
        for group in (group for cohort in self._cohorts for group in cohort.groups(self._horizon)):
            if group.path.ended is None:
                return self._undisturbed(self._exhausted)
            ended = max(ended, _latest(group, group.path.ended))
        return ended

    def _last_heard(self, now: int, *, lost: bool = False) -> list[int]:
        """Return when the last message that is on its way at an instant reaches each client, or would."""
        groups = [group for cohort in self._cohorts for group in cohort.groups(self._horizon)]
        return [
            max(heard, *(group.path.heard(client, group.values, now, lost=lost) for group in groups), 0)
            for client, heard in enumerate(self._heard)
        ]

    def _undisturbed(self, end: int) -> int:
        """Return the end of a run that cannot be drained, if nothing breaks after it with what is under way then.

        That would end the wait of whoever would have handled it, and with that the run.
        """
        for client, (link, heard) in enumerate(zip(self._history.links, self._last_heard(end, lost=True), strict=True)):
            latency = self._latencies[client]
            if link.breaks(end, heard if latency is None else end + latency):
                raise ClosedLoopError("a drop right after the last thing that happens to calls that never end")
            place = link.look(np.array([end]), max(Rank), np.array([0]))
            if not link.survives(place, np.array([self._queues.busy_until(client, end)]))[0]:
                raise ClosedLoopError("a program that dies with the last messages about calls that never end")
        return end

    @property
    def _exhausted(self) -> int:
        """When the last thing happens, of those that do not go on for ever: something about a call, or a fault."""
        instants = over(self._prepared.scenario, self._streams)
        groups = (group for cohort in self._cohorts for group in cohort.groups(self._horizon))
        return max(0, self._over, *instants, *(_latest(group, at) for group in groups for at in group.path.left))

    def _finish(self) -> tuple[Ledger, tuple[int, ...]]:
        """End the world without callers, which puts in what the callers were."""
        ledger, faults = self._history.finish(self._horizon) or self._once_more()
        history = self._history
        return ledger, tuple(fault.touched + history.touched(number) for number, fault in enumerate(faults))

    def _once_more(self) -> tuple[Ledger, list[Fault]]:
        """Run the world without callers once more, up to the end that nobody knew."""
        self._cohorts.clear()  # All calls are counted, and there are two worlds now.
        recorder = _Recorder(self._streams.replication, self._prepared.scenario.run.warmup_us, self._tables, self)
        world = World(without_calls(self._prepared, self._horizon), self._streams, recorder)
        return world.run(), world.faults

    # -- ways and waits -------------------------------------------------------------------------------------------

    def _agree(self, changed: list[Ints], end: int) -> None:
        """Find ways and waits that agree, for all that happens before the end of the window."""
        begin = self._begun
        self._queues.go_back()
        changed = self._approach(changed, begin, end, SOON)
        if not any(map(len, changed)):
            return
        # Waits decide what is written later, and so on: a long queue agrees from its beginning on, bit by bit.
        for stop in self._queues.stretches(begin, end):
            changed = self._approach(changed, begin, stop, MOST_ROUNDS)
            if any(map(len, changed)):
                raise ClosedLoopError(f"queues that do not settle within {MOST_ROUNDS:,} rounds")
            begin = stop
            if stop < end:
                self._queues.go_on()

    def _approach(self, changed: list[Ints], begin: int, end: int, rounds: int) -> list[Ints]:
        """Find ways and waits by turns, and return the calls whose waits do not agree with their ways yet."""
        for _ in range(rounds):
            for cohort, rows in zip(self._cohorts, changed, strict=True):
                if len(rows):
                    cohort.settle(rows, self._horizon)
            changed = self._queues.serve(begin, end, self._horizon)
            if not any(map(len, changed)):
                break
        return changed

    # -- what is through ------------------------------------------------------------------------------------------

    def _close(self, end: int) -> None:
        """Count what has happened in the window, and let the calls go whose turn it is."""
        groups = [cohort.groups(self._horizon) for cohort in self._cohorts]
        limit = min(end, self._follow(groups, end))
        through: list[Bunch] = []
        staying: list[Ints] = []
        for cohort, source, parts in zip(self._cohorts, self._prepared.scenario.calls, groups, strict=True):
            left = [np.empty(0, np.int64)]
            for group in parts:
                bunch = Bunch(source.name, group.path, group.values, cohort.numbers[group.rows], {})
                go = self._goes(bunch, end, limit)
                left.append(group.rows[~go])
                if go.any():
                    gone = bunch if go.all() else bunch.of(np.flatnonzero(go))
                    if self._drained:
                        self._note_last(gone)
                    self._history.count(gone)
                    through.append(gone._replace(reasons=self._standings.reasons(gone)))
                    gone.values.forget()
                group.values.forget()
            staying.append(np.sort(np.concatenate(left)))
        self.sums.add(through, self._horizon, last=end == FOR_EVER)
        if self._tables is not None:
            write(self._tables, through, self._history.links)
        for cohort, rows in zip(self._cohorts, staying, strict=True):
            cohort.keep(rows)
        self._begun = end
        self._queues.advance()

    def _note_last(self, through: Bunch) -> None:
        """Note when the last things happen about calls that are through; of others that is not settled yet."""
        self._over = max(self._over, *(_latest(through, at) for at in through.path.left))
        for client, heard in enumerate(self._heard):
            self._heard[client] = max(heard, through.path.heard(client, through.values, FOR_EVER))

    def _goes(self, bunch: Bunch, end: int, limit: int) -> Bits:
        """Say which calls are through, and have none before them in the tables that is not."""
        if end == FOR_EVER:
            return np.ones(len(bunch.numbers), np.bool_)
        return (bunch.value(bunch.path.done) < end) & (bunch.value(bunch.path.ended) < limit)

    def _follow(self, groups: list[list[Group]], end: int) -> int:
        """Follow who is inside through the window.

        Returns:
            The first end of a call to whose rows something may still happen.
        """
        self._standings.begin()
        found: list[Passages] = []
        blocked = FOR_EVER
        for cohort, parts in zip(self._cohorts, groups, strict=True):
            for group in parts:
                numbers = cohort.numbers[group.rows]
                for app, change, when in group.path.passages:
                    at = group.values[when.at]
                    found.append(Passages(app, change, at[(at >= self._begun) & (at < end)]))
                self._standings.follow(group, numbers, end)
                if group.path.ended is not None:
                    waiting = group.values[group.path.ended][group.values[group.path.done] >= end]
                    blocked = min(blocked, int(waiting.min(initial=FOR_EVER)))
                group.values.forget()
        self.levels.add(found)
        return blocked


def _latest(calls: Group | Bunch, sum_: int) -> int:
    """Return the greatest value of a sum of calls that go the same way."""
    return int(np.max(calls.values.raw(sum_)))
