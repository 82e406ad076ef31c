"""First come, first served, for all messages of a client at once: Lindley's recursion as running maxima.

Of one worker a message is done at ``max(arrives, done of the one before) + service``. With S the running sum of the
services that is ``S + max over all up to it of (arrives - S before it)``, which is two passes over an array, and exact
in whole numbers. Of several workers the first that is free takes the next message: there is no such sum, and where
they do not suffice for all at once, their messages are served one after the other.

Where messages do not all take as long to a client, those that are slow hold up those behind them on their connection:
another running maximum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heapreplace
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.openloop.searching import count_before

if TYPE_CHECKING:
    from stasis_sim.openloop.cohort import Cohort
    from stasis_sim.openloop.links import Ints, Link
    from stasis_sim.openloop.values import Bits


Free: TypeAlias = tuple[int, ...]
"""When each of a client's workers is free, rising, in microseconds."""

STRETCH: Final = 2048
"""About so many messages of a window are served at a time, where those of all of it do not soon agree with the ways."""


class Rule(NamedTuple):
    """What orders happenings of different calls at one instant: rank, then number of the call.

    Attributes:
        rank: Of each.
        number: Of its call.
        loose: Whether that is not all.
        idle: Whether nobody waits behind it.
    """

    rank: Ints
    number: Ints
    loose: Ints
    idle: Ints


def in_order(places: Ints, at: Ints, rule: Callable[[Ints], Rule]) -> Ints:
    """Put happenings in their order.

    Args:
        places: Which; those of one call rise in the order in which they happen.
        at: When each of them happens, in microseconds, in the order of `places`.
        rule: What decides between those of one instant.

    Raises:
        ClosedLoopError: Two calls do something at one instant, and their order matters and hangs on more than is known.
    """
    order = np.argsort(at, kind="stable")
    places, at = places[order], at[order]
    tied = at[1:] == at[:-1]
    if not tied.any():
        return places
    among = np.flatnonzero(np.append(tied, False) | np.append(False, tied))
    some, run = places[among], np.cumsum(np.diff(at[among], prepend=at[among[0]]) != 0)
    by = rule(some)
    several = np.zeros(run[-1] + 1, np.bool_)
    several[run[by.number != by.number[np.searchsorted(run, run)]]] = True
    mixed = several[run]
    matters = np.zeros(len(several), np.bool_)
    matters[run[by.idle == 0]] = True
    if by.loose[mixed & matters[run]].any():
        raise ClosedLoopError("two calls do something at one instant, and nothing says which goes first")
    # Of one call the order of places is the order of things, whatever their ranks.
    keys = (some, np.where(mixed, by.number, 0), np.where(mixed, by.rank, 0), run)
    places[among] = some[np.lexsort(keys)]
    return places


def waits(arrives: Ints, service: Ints, free: Free) -> tuple[Ints, Free]:
    """Return how long each message waits for a worker, in their order, and when the workers are free after them.

    Args:
        arrives: When they arrive, in microseconds, rising.
        service: How long a worker needs for each.
        free: When each worker is free before them, rising.
    """
    if not len(arrives):
        return arrives, free
    return _one(arrives, service, *free) if len(free) == 1 else _several(arrives, service, free)


def _one(arrives: Ints, service: Ints, free: int) -> tuple[Ints, Free]:
    served = np.cumsum(service)
    # `free` before the first one is no later for the others, so that taking it for all of them changes nothing.
    done = served + np.maximum.accumulate(np.maximum(arrives, free) - (served - service))
    return done - service - arrives, (int(done[-1]),)


def _several(arrives: Ints, service: Ints, free: Free) -> tuple[Ints, Free]:
    finish, works = arrives + service, service > 0
    # Nobody waits where fewer than all workers are busy whenever a message arrives, if nobody has waited before.
    ends = np.sort(np.concatenate([finish[works], free]))
    if (count_before(ends, arrives, "right") > np.cumsum(works) - works).all():
        return np.zeros(len(arrives), np.int64), tuple(np.sort(np.concatenate([finish, free]))[-len(free) :].tolist())
    busy, found = list(free), []
    for at, needs in zip(arrives.tolist(), service.tolist(), strict=True):
        begin = max(at, busy[0])
        found.append(begin - at)
        heapreplace(busy, begin + needs)
    return np.array(found, np.int64), tuple(sorted(busy))


class Busy(NamedTuple):
    """How far a client's workers are.

    Attributes:
        free: When they are through with what has been written to them; 0: nothing has.
        life: How often its program had died when that came. Who has died is busy with nothing any more.
        heard: When the last of it arrives; what a link holds back does so long after it was written.
        connection: Over which that comes, and nothing before it, if not all of it takes as long; 0: nothing has come.
    """

    free: Free
    life: int = 0
    heard: int = 0
    connection: int = 0

    @property
    def until(self) -> int:
        """When the last of them is free, in microseconds."""
        return self.free[-1]

    def in_life(self, life: int) -> Free:
        """Return when the workers of a life of the program are free."""
        return self.free if life == self.life else (0,) * len(self.free)


class Served(NamedTuple):
    """The messages of a window that a client was served last.

    Attributes:
        horizon: End of the run, as far as it was known.
        order: Their places among all messages, in their order.
        facts: All that their waits hang on: when each was written, and the like.
    """

    horizon: int
    order: Ints
    facts: tuple[Ints, ...]


class Queues:
    """The queues of all clients, window by window.

    Args:
        latencies: How long a message takes to each client, in microseconds; None: not all take as long.
        workers: How many each client has.
        links: The links of the clients.
        cohorts: Whose messages they are.
    """

    def __init__(
        self, latencies: Sequence[int | None], workers: Sequence[int], links: Sequence[Link], cohorts: Sequence[Cohort]
    ) -> None:
        # Before the window, before the stretch of it that is served, and with what was written in that.
        self._before = [Busy((0,) * count) for count in workers]
        self._here = list(self._before)
        self._after = list(self._before)
        self._latencies = latencies
        self._varied = np.array([latency is None for latency in latencies])
        self._more = ("latency", "lost") if None in latencies else ()
        self._links = links
        self._cohorts = cohorts
        self._served: dict[int, Served] = {}
        self._size = 0

    def advance(self) -> None:
        """The window is over."""
        self.go_on()
        self._before = list(self._here)

    def go_on(self) -> None:
        """The stretch is over: what is served next comes after it."""
        self._here = list(self._after)
        self._served.clear()

    def go_back(self) -> None:
        """What is served next comes from the beginning of the window."""
        if self._here != self._before:
            self._here = list(self._before)
            self._served.clear()

    def stretches(self, begin: int, end: int) -> list[int]:
        """Return instants, the end the last of them, that part what is written from one instant up to the end."""
        at = np.sort(self._flat("at"))
        within = at[np.searchsorted(at, begin) : np.searchsorted(at, end)]
        return [*dict.fromkeys(within[STRETCH::STRETCH].tolist()), end]

    def busy_until(self, client: int, now: int) -> int:
        """Return when a client is through with what was written by an instant, if that is all; 0: its program died.

        Raises:
            ClosedLoopError: It dies at that very instant; or its link holds back what was written in windows that are
                over, with which it was taken to be busy; or what is on its way is not only about calls.
        """
        busy, link, latency = self._after[client], self._links[client], self._latencies[client]
        link.reach(now)
        if latency is not None and self._before[client].heard > now + latency:
            raise ClosedLoopError("a link that holds back what was written long before the last call ends")
        if latency is not None and any(at <= now < at + latency for at in link.replaced):
            raise ClosedLoopError("the news that another has its apps is on its way as the last call ends")
        if not link.mortal:
            return busy.until
        before, life = (int(link.lived(np.array([now]), instant=instant)[0]) for instant in (False, True))
        if before <= busy.life and before != life and busy.until > now:
            raise ClosedLoopError("a program that dies at the instant at which the last call ends")
        return busy.until if busy.life == life else 0

    def serve(self, begin: int, end: int, horizon: int) -> list[Ints]:
        """Let the messages of a stretch queue, and write down how long they wait.

        Args:
            begin: Its first instant: that of the window, or the end of the stretch before.
            end: First instant after it.
            horizon: End of the run, FOR_EVER while it is not known: who dies after that does not die.

        Returns:
            For each cohort the calls of which a message waits, or is held up, for another time than before.
        """
        at, service, *more = (self._flat(name) for name in ("at", "service", "rank", "loose", *self._more))
        within = (at >= begin) & (at < end)
        client = self._flat("client") if len(self._links) > 1 else None
        if len(at) != self._size:
            self._served.clear()
            self._size = len(at)
        changed = [np.zeros(len(cohort), np.bool_) for cohort in self._cohorts]
        for number, latency in enumerate(self._latencies):
            mine = within if client is None else within & (client == number)
            if self._is_known(number, mine, (at, service, *more), horizon):
                continue
            order = self._order(number, at, mine)
            facts = tuple(each[order] for each in (at, service, *more))
            self._served[number] = served = Served(horizon, order, facts)
            if latency is None:
                found, delays = self._wait_behind(number, served)
                self._write("delays", order, delays, changed)
            else:
                found = self._wait(number, self._links[number].reads(facts[0], latency), facts[1], horizon)
            self._write("waits", order, found, changed)
        return [np.flatnonzero(each) for each in changed]

    def _is_known(self, client: int, mine: Bits, facts: Sequence[Ints], horizon: int) -> bool:
        """Say whether the messages to a client are those that it was served last: then they wait as long."""
        served, link = self._served.get(client), self._links[client]
        return (
            served is not None
            # When a program dies that has news to come to may be known by now, and was not in the round before.
            and not (link.mortal and link.replaced)
            and served.horizon == horizon
            and np.count_nonzero(mine) == len(served.order)
            and bool(mine[served.order].all())
            and all(np.array_equal(now[served.order], before) for now, before in zip(facts, served.facts, strict=True))
        )

    def _wait_behind(self, client: int, served: Served) -> tuple[Ints, Ints]:
        """Let messages wait for each other, on their way to a client and for its workers.

        Returns:
            How long each message waits for a worker, and how long those before it hold it up on its way there.
        """
        busy, link, order = self._here[client], self._links[client], served.order
        at, service, rank, _, latency, lost = served.facts
        if not len(order):
            self._after[client] = busy
            return order, order
        places = self._places(link, at, rank, order)
        connections, due = link.numbers(places), at + latency
        if connections[0] == busy.connection:
            due[0] = max(due[0], busy.heard)
        begins = np.flatnonzero(connections[1:] != connections[:-1]) + 1
        arrives = np.concatenate([np.maximum.accumulate(part) for part in np.split(due, begins)])
        # What is lost is behind all on its connection that is not, so that nothing waits for it.
        there = np.flatnonzero(lost == 0)
        found = np.zeros(len(order), np.int64)
        found[there] = self._wait_in_lives(client, arrives[there], service[there], link.life(places[there]))
        last = int(arrives[-1]), int(connections[-1])
        self._after[client] = self._after[client]._replace(heard=last[0], connection=last[1])
        return found, arrives - at - latency

    def _places(self, link: Link, at: Ints, rank: Ints, order: Ints) -> Ints:
        """Find the last change of a link before messages were written."""
        numbers, places = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
        for cohort, mine, local in self._parts(order):
            numbers[mine] = cohort.numbers[local % len(cohort)]
        for each in set(rank.tolist()):
            some = np.flatnonzero(rank == each)
            places[some] = link.look(at[some], each, numbers[some])
        return places

    def _wait(self, client: int, arrives: Ints, service: Ints, horizon: int) -> Ints:
        """Return how long each message waits for a worker of a client, in order."""
        busy, link = self._here[client], self._links[client]
        if not link.mortal or not len(arrives):
            found, free = link.stalls.shift(waits, arrives, service, busy.free)
            heard = int(arrives[-1]) if len(arrives) else busy.heard
            self._after[client] = busy._replace(free=free, heard=heard)
            return found
        # Without a latency, what comes at the instant of a death comes to the one who lives again.
        instant = not self._latencies[client]
        lives = link.lived(np.minimum(arrives, horizon if instant else horizon + 1), instant=instant)
        found = self._wait_in_lives(client, arrives, service, lives)
        if link.replaced:
            self._tell_news(client, lives, arrives, arrives + found + service)
        return found

    def _wait_in_lives(self, client: int, arrives: Ints, service: Ints, lives: Ints) -> Ints:
        """Return how long each message waits for a worker of a client, who serves in each of its lives those of it."""
        busy, link = self._here[client], self._links[client]
        parts = [arrives[:0]]
        begins = np.flatnonzero(lives[1:] != lives[:-1]) + 1
        for mine, times, work in zip(*(np.split(each, begins) for each in (lives, arrives, service)), strict=True):
            if len(times):
                life = int(mine[0])
                found, free = link.stalls.shift(waits, times, work, busy.in_life(life))
                busy = busy._replace(free=free, life=life, heard=int(times[-1]))
                parts.append(found)
        self._after[client] = busy
        return np.concatenate(parts)

    def _tell_news(self, client: int, lives: Ints, arrives: Ints, finish: Ints) -> None:
        """See that the news that another has its apps comes to a worker of a client, if it arrives.

        Raises:
            ClosedLoopError: It waits behind messages about calls when the program dies; or there are several workers.
        """
        if len(self._here[client].free) > 1:
            raise ClosedLoopError("news that another has its apps, for a program of several workers that may die")
        latency, link, before = self._latencies[client] or 0, self._links[client], self._here[client]
        news = link.stalls.read(np.array(link.replaced, np.int64) + latency, instant=not latency)
        for at, life in zip(news.tolist(), link.lived(news, instant=not latency).tolist(), strict=True):
            last = int(np.searchsorted(arrives, at, side="right")) - 1
            if last >= 0 and lives[last] == life:
                free = int(finish[last])
            else:
                (free,) = before.in_life(life)
            if at <= link.dies(life) < free:
                raise ClosedLoopError("a program that dies before it has come to the news that another has its apps")

    def _flat(self, name: str) -> Ints:
        """Return one fact of all messages."""
        parts = [getattr(cohort.messages, name).reshape(-1) for cohort in self._cohorts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _order(self, client: int, at: Ints, mine: Bits) -> Ints:
        """Return the messages to a client in their order; the one of the round before is nearly it, and soon sorted."""
        served = self._served.get(client)
        if served is None:
            places = np.flatnonzero(mine)
        else:
            before, fresh = served.order, mine.copy()
            fresh[before] = False
            places = np.concatenate([before[mine[before]], np.flatnonzero(fresh)])
        return in_order(places, at[places], self._rule)

    def _rule(self, places: Ints) -> Rule:
        rule = Rule(*(np.zeros(len(places), np.int64) for _ in Rule._fields))
        for cohort, mine, local in self._parts(places):
            messages = cohort.messages
            rule.rank[mine], rule.loose[mine] = messages.rank.reshape(-1)[local], messages.loose.reshape(-1)[local]
            rule.idle[mine] = messages.service.reshape(-1)[local] == 0
            if self._more:
                rule.idle[mine] &= ~self._varied[messages.client.reshape(-1)[local]]
            rule.number[mine] = cohort.numbers[local % len(cohort)]
        return rule

    def _write(self, name: Literal["waits", "delays"], order: Ints, values: Ints, changed: Sequence[Bits]) -> None:
        """Write down one fact of messages, and mark the calls of which it has changed."""
        new = np.flatnonzero(values != self._flat(name)[order])
        for (cohort, mine, local), calls in zip(self._parts(order[new]), changed, strict=True):
            getattr(cohort.messages, name).reshape(-1)[local] = values[new[mine]]
            calls[local % len(cohort)] = True

    def _parts(self, places: Ints) -> Iterator[tuple[Cohort, Ints, Ints]]:
        """Yield for each cohort which of messages are its own, and their places among those."""
        begin = 0
        for cohort in self._cohorts:
            stop = begin + cohort.messages.at.size
            mine = np.flatnonzero((places >= begin) & (places < stop))
            yield cohort, mine, places[mine] - begin
            begin = stop
