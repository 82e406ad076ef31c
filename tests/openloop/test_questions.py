"""What is asked of many calls together is answered as it would be for each of them by itself."""

from __future__ import annotations

from collections.abc import Sequence
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim import Scenario
from stasis_sim.openloop.computation import OpenLoop
from stasis_sim.openloop.links import DOWN, FOR_EVER, UP, Ints, Link, priority
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.openloop.questions import Answers, Kind, Question, Questions, Table, sign
from stasis_sim.openloop.stalls import Stalls
from stasis_sim.openloop.values import Numbered, Values
from stasis_sim.simulated.clock import Rank
from stasis_sim.simulated.preparation import prepare
from tests.openloop.test_equality import FROZEN, agree

ARRIVALS = st.lists(st.integers(1, 60), min_size=1, max_size=6)


def link(changes: list[int]) -> Link:
    """Return a link that comes and goes at instants."""
    made = Link(lambda _: None, mortal=False, stalls=Stalls())
    for number, at in enumerate(sorted(changes)):
        made.change(at, priority(Rank.FAULT, 0), number // 2 + 1 if number % 2 == 0 else 0)
        if number % 2:
            made.close(at, priority(Rank.FAULT, 0), number // 2 + 1)
    return made


@given(ARRIVALS, st.sets(st.integers(1, 80), max_size=6), st.integers(1, 30), st.integers(0, 90))
def test_together_is_as_one_by_one(arrivals: list[int], changes: set[int], later: int, horizon: int) -> None:
    """Looks at arrival and some time after it, a message between them, and how long the call lasts."""
    numbered, questions, line = Numbered(), Questions(), link(list(changes))
    begin, end = numbered.number((0, ((0, 1),))), numbered.number((later, ((0, 1),)))
    early = numbered.number((-30, ((0, 1),)))
    first, second = questions.look(0, begin, Rank.ARRIVAL), questions.look(0, end, Rank.ARRIVAL)
    asked = [
        Question(Kind.NEGATIVE, -1, early, right=False),
        Question(Kind.STATE, first, UP, right=True),
        Question(Kind.STATE, second, DOWN, right=True),
        Question(Kind.RENEWED, second, first, right=True),
        Question(Kind.LASTS, first, end, right=False),
        Question(Kind.ZERO, -1, early, right=True),
    ]
    numbers = [questions.number(each) for each in asked]
    at = np.array(sorted(arrivals), np.int64)
    values = Values(numbered, {0: at}.__getitem__, np.arange(len(at)), horizon)
    answers = Table(questions, numbers).put(values, np.arange(len(at)) + 1, [line])
    for number, question in zip(numbers, asked, strict=True):
        alone = []
        for call, arrival in enumerate(at.tolist(), 1):
            before = line.one(arrival, Rank.ARRIVAL, call)
            after = line.one(arrival + later, Rank.ARRIVAL, call)
            until = min(arrival + later, horizon + 1)
            alone.append(
                {
                    Kind.NEGATIVE: arrival < 30,
                    Kind.ZERO: arrival == 30,
                    Kind.STATE: (before if question.look == first else after).state == question.other,
                    Kind.RENEWED: before.stood != after.stood,
                    Kind.LASTS: line.holds(arrival, Rank.ARRIVAL, call, until),
                }[question.kind]
                is question.right
            )
        assert answers.fit([number]).tolist() == alone
    assert (answers.fit(numbers) == np.logical_and.reduce([answers.fit([number]) for number in numbers])).all()


@given(st.integers(-5, 5), st.sampled_from([-1, 1]), st.booleans(), st.integers(-9, 9))
def test_both_sides_of_a_condition_ask_about_one_sum(constant: int, factor: int, negative: bool, value: int) -> None:
    """It is never turned into another condition, and the first factor is never negative."""
    (stated, terms), right = sign((constant, ((0, factor),)), negative=negative)
    assert terms[0][1] > 0
    assert ((stated + terms[0][1] * value < 0) is right) == ((constant + factor * value < 0) is negative)


def test_what_never_happens_is_looked_up_nowhere() -> None:
    """An instant that is none asks for no changes: the link would have to be known up to the end of all times."""
    numbered, questions = Numbered(), Questions()
    look = questions.look(0, numbered.number((0, ((0, 1),))), Rank.ARRIVAL)
    reached: list[int] = []
    line = Link(reached.append, mortal=False, stalls=Stalls())
    number = questions.number(Question(Kind.STATE, look, UP, right=True))
    at = np.array([FOR_EVER, FOR_EVER + 5, 3], np.int64)
    values = Values(numbered, {0: at}.__getitem__, np.arange(3), FOR_EVER)
    assert not Table(questions, [number]).put(values, np.arange(3), [line]).fit([number]).any()
    assert reached == [3]


def test_a_tie_matters_to_calls_that_go_the_way() -> None:
    """A call that nothing puts before or behind a change stops the computation; if it goes elsewhere, it does not."""
    numbered, questions = Numbered(), Questions()
    begin = numbered.number((0, ((0, 1),)))
    look = questions.look(0, begin, Rank.ARRIVAL)
    line = Link(lambda _: None, mortal=False, stalls=Stalls())
    line.change(3, priority(Rank.ARRIVAL, 1), 1)
    state = questions.number(Question(Kind.STATE, look, UP, right=True))
    other = questions.number(Question(Kind.NEGATIVE, -1, begin, right=True))
    values = Values(numbered, {0: np.array([3], np.int64)}.__getitem__, np.arange(1), FOR_EVER)
    answers = Table(questions, [state, other]).put(values, np.array([1]), [line])
    assert not answers.fit([state, other]).any()
    with pytest.raises(ClosedLoopError, match="at one instant"):
        answers.fit([state])


def test_all_calls_go_a_way_that_asks_nothing() -> None:
    """Where nothing can differ, there is one way."""
    nothing: dict[int, Ints] = {}
    values = Values(Numbered(), nothing.__getitem__, np.arange(3), FOR_EVER)
    assert Table(Questions(), []).put(values, np.arange(3), []).fit([]).tolist() == [True, True, True]


def test_ways_that_ask_much_are_asked_of_fewer_calls_at_a_time() -> None:
    """What is asked takes no more room than it may, as soon as it is known; one call is asked at least."""
    sizes = []

    class Watched(Table):
        def put(self, values: Values, numbers: Ints, links: Sequence[Link]) -> Answers:
            sizes.append((len(numbers), len(self._rows)))
            return super().put(values, numbers, links)

    with patch("stasis_sim.openloop.cohort.Table", Watched), patch("stasis_sim.openloop.cohort.ANSWERS", 1000):
        OpenLoop(prepare(Scenario.of(FROZEN))).compute(1)
    known = max(asked for _, asked in sizes)
    assert len(sizes) > FROZEN["calls"][0]["count"] // (1000 // known)
    assert all(calls * asked <= 1000 for calls, asked in sizes if asked == known)
    with patch("stasis_sim.openloop.cohort.ANSWERS", 1):
        agree(FROZEN, window=1000)
