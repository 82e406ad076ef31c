"""The queue of a client's workers, by arithmetic, against a queue that is simulated step by step."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.observe.trace import Event
from stasis_sim.simulated.network import Message
from stasis_sim.simulated.service import Workers

JOBS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 40)), max_size=40)
"""Gap to the arrival before, and work, of each message."""


def message(number: int) -> Message:
    """A message without a caller."""
    return Event(number, "app", "StasisStart", 0), None, 0


def fifo(jobs: list[tuple[int, int]], workers: int) -> list[int]:
    """When each job is done, first come, first served: the textbook way."""
    free = [0] * workers
    done, now = [], 0
    for gap, work in jobs:
        now += gap
        free.sort()
        free[0] = max(free[0], now) + work
        done.append(free[0])
    return done


@given(JOBS, st.integers(1, 4))
def test_messages_are_done_first_come_first_served(jobs: list[tuple[int, int]], count: int) -> None:
    """Each message is done when a first-come-first-served queue would have it done, for any number of workers."""
    workers, now, done = Workers(count), 0, []
    for number, (gap, work) in enumerate(jobs):
        now += gap
        done.append(workers.take(now, work, message(number)))
    assert done == fifo(jobs, count)


@given(JOBS, JOBS, st.integers(1, 4), st.integers(0, 400))
def test_what_never_arrived_leaves_no_trace(
    first: list[tuple[int, int]], second: list[tuple[int, int]], count: int, cut: int
) -> None:
    """After a break the queue is as if the messages in flight had never been sent."""
    broken, whole, now = Workers(count), Workers(count), 0
    for number, (gap, work) in enumerate(first):
        now += gap
        broken.take(now, work, message(number))
        if now <= cut:
            whole.take(now, work, message(number))
    lost = broken.take_back(cut)
    assert len(lost) == sum(at > cut for at in arrivals(first))
    now = max(now, cut)
    for number, (gap, work) in enumerate(second):
        now += gap
        assert broken.take(now, work, message(number)) == whole.take(now, work, message(number))


def arrivals(jobs: list[tuple[int, int]]) -> list[int]:
    """When each message arrives."""
    return [sum(gap for gap, _ in jobs[: end + 1]) for end in range(len(jobs))]


@given(JOBS, st.integers(1, 4), st.integers(0, 400))
def test_a_crash_loses_exactly_what_is_not_done(jobs: list[tuple[int, int]], count: int, crash: int) -> None:
    """Who dies loses the messages whose work is not over, and comes back with free workers."""
    workers, now = Workers(count), 0
    for number, (gap, work) in enumerate(jobs):
        now += gap
        workers.take(now, work, message(number))
    lost = workers.abandon(crash)
    assert [event.serial for event, _, _ in lost] == [n for n, end in enumerate(fifo(jobs, count)) if end > crash]
    assert workers.take(max(now, crash), 5, message(99)) == max(now, crash) + 5


@given(JOBS, JOBS, st.integers(1, 4), st.integers(0, 400), st.integers(0, 400))
def test_a_stall_takes_time_out_of_the_workers_day(
    first: list[tuple[int, int]], second: list[tuple[int, int]], count: int, since: int, lasts: int
) -> None:
    """By a clock that stands still meanwhile, everything is done when it would have been."""
    workers, done, now = Workers(count), {}, 0
    came = [job for job, at in zip(first, arrivals(first), strict=True) if at <= since]
    for number, (gap, work) in enumerate(came):
        now += gap
        done[number] = workers.take(now, work, message(number))
    done |= {event.serial: finish for (event, _, _), finish in workers.stall(since, since + lasts)}
    rest = [(second[0][0] + since - now, second[0][1]), *second[1:]] if second else []
    for number, (gap, work) in enumerate(rest, len(came)):
        now += gap
        done[number] = workers.take(now + lasts, work, message(number))
    ends = enumerate(fifo([*came, *rest], count))
    # What comes at the very instant of the stall comes behind it.
    assert list(done.values()) == [end if end <= since and at < len(came) else end + lasts for at, end in ends]


def test_done_messages_are_taken_from_the_head() -> None:
    """Messages whose work is over are given back once, in the order in which they came."""
    workers = Workers(1)
    for number in range(3):
        workers.take(10 * number, 5, message(number))
    assert [event.serial for event, _, _ in workers.done(15)] == [0, 1]
    assert workers.done(15) == []
    assert workers.busy_until() == 25
