"""Order in time, and at one instant."""

from __future__ import annotations

import random
from collections.abc import Generator

import simpy
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.simulated.clock import Clock, Rank

PUT_DOWN = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(Rank), st.integers(0, 2**40)), max_size=30, unique=True
)


def order(things: list[tuple[int, Rank, int]]) -> list[tuple[int, Rank, int]]:
    """What happens, in its order, when things are put down in the given order."""
    clock, log = Clock(), []
    for thing in things:
        clock.after(*thing, lambda happening: log.append(happening.payload), thing)
    clock.run()
    return log


@given(PUT_DOWN, st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_put_down_does_not_matter(
    things: list[tuple[int, Rank, int]], shuffle: random.Random
) -> None:
    """Things happen by instant, then rank, then key, whatever order they were put down in."""
    shuffled = list(things)
    shuffle.shuffle(shuffled)
    assert order(shuffled) == sorted(things)


def test_time_does_not_drift() -> None:
    """A hundred thousand steps of a tenth of a millisecond are ten seconds, to the microsecond."""
    clock = Clock()

    def walk() -> Generator[simpy.Event, None, None]:
        for _ in range(100_000):
            yield clock.sleep(100, Rank.CLIENT, 0)

    clock.env.process(walk())
    clock.run()
    assert clock.now == 10_000_000


def test_a_run_ends_with_all_that_happens_at_its_last_instant() -> None:
    """What is due at the very end still happens; what is due later does not."""
    clock, log = Clock(), []
    for at in (9, 10, 11):
        clock.after(at, Rank.ARRIVAL, 0, lambda happening: log.append(happening.payload), at)
    clock.run(until=10)
    assert log == [9, 10]
    assert clock.now == 10
