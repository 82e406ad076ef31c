"""When an app was registered and when it worked: the outages of one app, and sums over time.

The simulated world knows more than Asterisk does: it knows that a link is frozen. ``registered`` is what Asterisk
believes, ``working`` is the truth, and an outage is one stretch in which the app did not work.
"""

from __future__ import annotations

from bisect import bisect_right

from stasis_sim.observe.invariants import InvariantError
from stasis_sim.observe.vocabulary import CAUSES


class Outage:
    """One stretch in which an app had no working connection.

    Attributes:
        app: The app.
        start: When it began.
        end: When the app worked again; None: not before the end of the run.
        noticed: When Asterisk ceased to take the app for active; None: it never noticed.
        cause: What began it, one of :data:`~stasis_sim.observe.vocabulary.CAUSES`.
        ejected: Attempts that were ejected in it.
        missed: Events that were raised in it and missed or lost.
        orphaned: Calls that had had a command and were inside in it.
    """

    __slots__ = ("app", "cause", "ejected", "end", "missed", "noticed", "orphaned", "start")

    def __init__(self, app: str, start: int, cause: str) -> None:
        self.app = app
        self.start = start
        self.end: int | None = None
        self.noticed: int | None = None
        self.cause = cause
        self.ejected = 0
        self.missed = 0
        self.orphaned = 0


class Timeline:
    """The states of one app over time; they change a few times in a run, calls look them up.

    Attributes:
        app: The app.
        outages: All outages so far, the last one perhaps still open.
    """

    __slots__ = ("_before", "_registered_us", "_since", "_starts", "_warmup", "app", "outages", "registered", "working")

    def __init__(self, app: str, warmup: int) -> None:
        self.app = app
        self.outages: list[Outage] = []
        self.registered = False
        self.working = False
        self._warmup = warmup
        self._since = 0
        self._registered_us = 0
        self._starts: list[int] = []
        self._before: list[int] = []  # time down before each outage began
        self._open(0, "start")

    def change(self, now: int, registered: bool, working: bool, cause: str) -> None:
        """Note the state from now on; to say the same again changes nothing."""
        if working and not registered:
            raise InvariantError(f"{self.app} at {now} µs: works, but Asterisk does not know it")
        if self.registered:
            self._registered_us += self._counted(self._since, now)
        self._since = now
        self.registered = registered
        if working and not self.working:
            self._close(now)
        elif self.working and not working:
            self._open(now, cause)
        self.working = working
        if not working and not registered and self.outages[-1].noticed is None:
            self.outages[-1].noticed = now

    def _open(self, now: int, cause: str) -> None:
        if cause not in CAUSES:
            raise InvariantError(
                f"{self.app} at {now} µs: outage of unknown cause {cause!r}; known: {', '.join(CAUSES)}"
            )
        self._before.append(self.down(now))
        self._starts.append(now)
        self.outages.append(Outage(self.app, now, cause))

    def _close(self, now: int) -> None:
        last = self.outages[-1]
        last.end = now
        if last.cause == "start" and last.start == now:
            # The app was there from the first instant: no outage at all.
            del self.outages[-1], self._starts[-1], self._before[-1]

    def _counted(self, start: int, end: int) -> int:
        """The part of a stretch that lies after the warm-up."""
        return max(end - max(start, self._warmup), 0)

    def down(self, at: int) -> int:
        """The time without a working connection from the start of the run up to an instant of the past."""
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return 0
        end = self.outages[index].end
        return self._before[index] + (at if end is None or at < end else end) - self._starts[index]

    def outage(self, at: int) -> Outage | None:
        """The outage at an instant; one that ended at that very instant counts."""
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return None
        outage = self.outages[index]
        return outage if outage.end is None or at <= outage.end else None

    def between(self, start: int, end: int) -> list[Outage]:
        """The outages that have a stretch in common with [start, end]."""
        first = max(bisect_right(self._starts, start) - 1, 0)
        return [
            outage
            for outage in self.outages[first : bisect_right(self._starts, end)]
            if outage.start < end and (outage.end is None or outage.end > start)
        ]

    def down_us(self, end: int) -> int:
        """The time without a working connection, after the warm-up."""
        return self.down(end) - self.down(min(self._warmup, end))

    def registered_us(self, end: int) -> int:
        """The time in which Asterisk took the app for active, after the warm-up."""
        return self._registered_us + (self._counted(self._since, end) if self.registered else 0)
