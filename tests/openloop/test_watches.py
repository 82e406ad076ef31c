"""What a path demands of a link is met by those who would see the same, and surely by those who see no change."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_sim.openloop.happenings import Look, Message, When
from stasis_sim.openloop.links import FOR_EVER, Link, priority
from stasis_sim.openloop.questions import Questions, Table
from stasis_sim.openloop.stalls import Stalls
from stasis_sim.openloop.values import Numbered, Values
from stasis_sim.openloop.watches import Watch
from stasis_sim.simulated.clock import Rank

LATENCY = 2
SERVICE = 3
FIRST_CALL = 1
CHANGES = st.lists(st.tuples(st.integers(1, 15), st.sampled_from(["crash", "drop"])), min_size=1, max_size=4)
LOOKS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([True, False])), min_size=1, max_size=4)


def link(changes: list[tuple[int, str]], *, mortal: bool) -> Link:
    """Return a link that stands from 0 on, and is there again 2 us after each drop or crash."""
    made = Link(lambda _: None, mortal=mortal, stalls=Stalls())
    place, now, number = priority(Rank.FAULT, 0), 0, 1
    made.change(0, place, number)
    for after, what in changes:
        now += after
        made.close(now, place, number)
        if mortal and what == "crash":
            made.die(now, place)
        now, number = now + 2, number + 1
        made.change(now, place, number)
    return made


def seen(
    line: Link, numbered: Numbered, arrival: int, looks: list[tuple[int, bool]], horizon: int
) -> tuple[list[Look], list[Message]]:
    """Look at a link some time after an arrival, and write to it at some of the looks, as the laboratory does."""
    found: list[Look] = []
    messages: list[Message] = []
    before = None
    for offset, (_, writes) in zip(accumulate(after for after, _ in looks), looks, strict=True):
        at, arrives, finish, service = arrival + offset, offset + LATENCY, offset + LATENCY + SERVICE, (SERVICE, ())
        now = line.one(at, Rank.ARRIVAL, FIRST_CALL)
        when = When(numbered.number((offset, ((0, 1),))), Rank.ARRIVAL, loose=False)
        changed = (now.deaths != before.deaths, now.stood != before.stood) if before else (False, False)
        found.append(Look(0, when, now.state, *changed))
        before = now
        if writes and now.connection:
            lost = not line.holds(at, Rank.ARRIVAL, FIRST_CALL, min(arrival + arrives, horizon + 1))
            dies = not lost and not line.lives(at, Rank.ARRIVAL, FIRST_CALL, min(arrival + finish, horizon + 1))
            numbers = [numbered.number((sum_, ((0, 1),))) for sum_ in (arrives, finish)]
            over = numbers[1] if line.mortal and not lost else None
            messages.append(Message(0, when, numbers[0], numbered.number(service), over, when.at, None, lost, dies))
    return found, messages


@settings(max_examples=400)
@given(CHANGES, LOOKS, st.integers(0, 39), st.sampled_from([FOR_EVER, 20]), st.booleans())
def test_who_would_see_the_same_goes_the_same_way(
    changes: list[tuple[int, str]], looks: list[tuple[int, bool]], one: int, horizon: int, mortal: bool
) -> None:
    """That is asked look by look; runs of looks without a change find only such calls, and all that see no change."""
    line, numbered, questions, arrivals = link(changes, mortal=mortal), Numbered(), Questions(), np.arange(1, 41)
    all_seen = [seen(line, numbered, arrival, looks, horizon) for arrival in arrivals.tolist()]
    same = np.array([each == all_seen[one] for each in all_seen])
    watch = Watch(0, *all_seen[one], mortal=mortal, serial=True)
    asked = [questions.number(each) for each in watch.questions(questions)]
    numbers = np.full(len(arrivals), FIRST_CALL)
    values = Values(numbered, {0: arrivals}.__getitem__, np.arange(len(arrivals)), horizon)
    assert Table(questions, asked).put(values, numbers, [line]).fit(asked).tolist() == same.tolist()
    assert watch.kept == (not any(message.lost or message.abandoned for message in all_seen[one][1]))
    if watch.kept:
        sure = watch.stays(line, values, numbers)
        assert not sure[~same].any()
        over = arrivals + sum(after for after, _ in looks) + LATENCY + SERVICE
        times = np.array(line.times)
        calm = ~((times >= arrivals[:, np.newaxis]) & (times <= over[:, np.newaxis])).any(axis=1)
        assert sure[calm & same].all()
