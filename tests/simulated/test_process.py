"""Processes that are cheap enough for one a call."""

from __future__ import annotations

from typing import Any

from stasis_sim.simulated.clock import Clock, Rank
from stasis_sim.simulated.process import Life, Process


def walker(clock: Clock, log: list[Any], *sleeps: int | None) -> Life:
    """Sleep several times, and note when it went on with what."""
    for sleep in sleeps:
        value = yield sleep
        log.append((clock.now, value))


def test_a_process_runs_at_once_up_to_its_first_sleep() -> None:
    """Nothing waits for the clock before that."""
    clock, log = Clock(), list[Any]()

    def life() -> Life:
        log.append("begun")
        yield 5
        log.append(clock.now)

    Process(clock, Rank.CLIENT, 1).start(life())
    assert log == ["begun"]
    clock.run()
    assert log == ["begun", 5]


def test_it_sleeps_as_long_as_it_says() -> None:
    """One sleep after the other, without a value."""
    clock, log = Clock(), list[Any]()
    Process(clock, Rank.CLIENT, 1).start(walker(clock, log, 5, 0, 7))
    clock.run()
    assert log == [(5, None), (5, None), (12, None)]


def test_without_a_time_it_sleeps_until_it_is_armed() -> None:
    """What it is armed with is what it goes on with."""
    clock, log = Clock(), list[Any]()
    process = Process(clock, Rank.CLIENT, 1)
    process.start(walker(clock, log, None, None))
    process.arm(3, "first")
    clock.run()
    process.arm(4, "second")
    clock.run()
    assert log == [(3, "first"), (7, "second")]


def test_to_arm_it_again_takes_the_place_of_the_alarm_before() -> None:
    """The last word counts, earlier or later than the one before, and it rings once."""
    clock, log = Clock(), list[Any]()
    late, early = Process(clock, Rank.CLIENT, 1), Process(clock, Rank.CLIENT, 2)
    late.start(walker(clock, log, None, None))
    late.arm(3, "forgotten")
    late.arm(9, "late")
    early.start(walker(clock, log, 50, None))
    early.arm(2, "early")
    clock.run()
    assert log == [(2, "early"), (9, "late")]


def test_who_is_killed_never_goes_on() -> None:
    """Neither by its alarm nor by being armed later."""
    clock, log = Clock(), list[Any]()
    process = Process(clock, Rank.CLIENT, 1)
    process.start(walker(clock, log, 5))
    process.kill()
    process.arm(1)
    clock.run()
    assert log == []


def test_at_one_instant_rank_and_key_decide() -> None:
    """Whatever the order in which they were started."""
    clock, log = Clock(), list[Any]()
    for rank, key in ((Rank.CLIENT, 2), (Rank.CLIENT, 1), (Rank.ASTERISK, 9)):

        def life(name: tuple[Rank, int] = (rank, key)) -> Life:
            yield 5
            log.append(name)

        Process(clock, rank, key).start(life())
    clock.run()
    assert log == [(Rank.ASTERISK, 9), (Rank.CLIENT, 1), (Rank.CLIENT, 2)]
