"""Queues by running maxima are queues served one message after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.openloop.cohort import Messages
from stasis_sim.openloop.links import Link
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.openloop.queueing import Queues, Rule, in_order, waits
from stasis_sim.openloop.stalls import Stalls

MESSAGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), max_size=30)


@given(MESSAGES, st.lists(st.integers(0, 40), min_size=1, max_size=4))
def test_each_message_goes_to_the_worker_that_is_free_first(messages: list[tuple[int, int]], free: list[int]) -> None:
    """It waits for it, if it must: of one worker for the message before it."""
    messages.sort(key=lambda message: message[0])
    wanted, busy = [], sorted(free)
    for arrived, needs in messages:
        begin = max(arrived, busy[0])
        wanted.append(begin - arrived)
        busy = sorted([*busy[1:], begin + needs])
    arrives, service = (np.array([message[which] for message in messages], np.int64) for which in (0, 1))
    found, after = waits(arrives, service, tuple(sorted(free)))
    assert (found.tolist(), list(after)) == (wanted, busy)


HAPPENINGS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 6), st.integers(1, 3)), max_size=25)


@given(HAPPENINGS)
def test_happenings_of_one_instant_go_by_rank_then_number(happenings: list[tuple[int, int, int]]) -> None:
    """Where each call does one thing at an instant, rank decides, then the number of the call."""
    alone = list({(at, number): (at, rank, number) for at, rank, number in happenings}.values())
    at, rank, number = (np.array([each[which] for each in alone], np.int64) for which in (0, 1, 2))
    none = np.zeros(len(alone), np.int64)
    order = in_order(
        np.arange(len(alone)), at, lambda places: Rule(rank[places], number[places], none[places], none[places])
    )
    assert [alone[place] for place in order] == sorted(alone)


def test_happenings_of_one_call_keep_their_order() -> None:
    """Two events that one call raises at one instant stay as they are, also where another call does something then."""
    at = np.array([7, 7, 7], np.int64)
    rule = Rule(np.array([4, 4, 4]), np.array([2, 2, 1]), np.array([0, 0, 0]), np.array([0, 0, 0]))
    order = in_order(np.arange(3), at, lambda places: Rule(*(column[places] for column in rule)))
    assert order.tolist() == [2, 0, 1]


def test_who_goes_first_is_not_guessed() -> None:
    """Where rank and number do not decide between two calls, nothing is computed."""
    at = np.array([7, 7], np.int64)
    rule = Rule(np.array([4, 4]), np.array([1, 2]), np.array([0, 1]), np.array([1, 0]))
    with pytest.raises(ClosedLoopError, match="which goes first"):
        in_order(np.arange(2), at, lambda places: Rule(*(column[places] for column in rule)))


def test_who_goes_first_does_not_matter_where_nobody_waits() -> None:
    """Where no worker needs time for any of them, some order is as good as another."""
    at = np.array([7, 7], np.int64)
    rule = Rule(np.array([4, 4]), np.array([2, 1]), np.array([0, 1]), np.array([1, 1]))
    order = in_order(np.arange(2), at, lambda places: Rule(*(column[places] for column in rule)))
    assert sorted(order.tolist()) == [0, 1]


def test_each_instant_is_put_in_order_by_itself() -> None:
    """Ranks decide where several calls meet, places where all is about one call, whatever other instants need."""
    draw = np.random.default_rng(1)
    at, rank, number = (draw.integers(0, high, 2000) for high in (500, 3, 2))
    none = np.zeros(2000, np.int64)
    order = in_order(np.arange(2000), at, lambda places: Rule(rank[places], number[places], none[places], none[places]))
    expected: list[int] = []
    for instant in range(500):
        places = np.flatnonzero(at == instant).tolist()
        if len({int(number[place]) for place in places}) > 1:
            places.sort(key=lambda place: (rank[place], number[place], place))
        expected += places
    assert order.tolist() == expected


class Calls:
    """Calls of which each has one message, written at one instant to a client whose messages need no time of it.

    Args:
        latencies: How long each of the messages takes by itself.
        loose: For each whether its call's number does not say where it stands.
    """

    def __init__(self, latencies: list[int], loose: list[int]) -> None:
        self.numbers = np.arange(1, len(latencies) + 1)
        self.messages = Messages(varied=True)
        self.messages.widen(len(latencies))
        self.messages.row(0)
        self.messages.at[0] = 7
        self.messages.latency[0] = latencies
        self.messages.loose[0] = loose

    def __len__(self) -> int:
        return len(self.numbers)


def serve(calls: Calls, latency: int | None) -> list[int]:
    """Let the messages of calls queue on a link that stands, and return how long they are held up."""
    link = Link(lambda _: None, mortal=False, stalls=Stalls())
    link.change(0, 0, 1)
    Queues([latency], [1], [link], [calls]).serve(0, 10, 100)  # type: ignore[list-item]
    delays: list[int] = calls.messages.delays[0].tolist()
    return delays


def test_who_goes_first_matters_where_one_holds_up_another() -> None:
    """On its way a message waits behind a slow one, though no worker needs time for either."""
    assert serve(Calls([30, 10, 20, 40], [0, 0, 0, 0]), None) == [0, 20, 10, 0]
    assert serve(Calls([30, 10], [0, 1]), latency=5) == [0, 0]
    with pytest.raises(ClosedLoopError, match="which goes first"):
        serve(Calls([30, 10], [0, 1]), None)
