"""Outages of an app, and sums of time in its states."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.observe.invariants import InvariantError
from stasis_sim.observe.timeline import Timeline
from stasis_sim.observe.trace import Recorder


def test_an_app_is_away_until_it_has_connected() -> None:
    """The time before the first connection is an outage with the cause start, known to Asterisk from the beginning."""
    timeline = Timeline("ivr", 0)
    timeline.change(0, False, False, "start")
    timeline.change(70, True, True, "")
    (outage,) = timeline.outages
    assert (outage.start, outage.end, outage.noticed, outage.cause) == (0, 70, 0, "start")


def test_an_app_that_is_there_from_the_first_instant_has_no_outage() -> None:
    """A connection at the very beginning leaves no outage of no length behind."""
    timeline = Timeline("ivr", 0)
    timeline.change(0, False, False, "start")
    timeline.change(0, True, True, "")
    assert timeline.outages == []
    assert timeline.down(100) == 0


def test_a_half_open_link_is_an_outage_before_asterisk_notices() -> None:
    """The outage begins when the link freezes, and is noticed when Asterisk takes the app for inactive."""
    timeline = Timeline("ivr", 0)
    timeline.change(0, True, True, "")
    timeline.change(100, True, False, "frozen")
    timeline.change(130, False, False, "write_timeout")
    timeline.change(150, True, True, "")
    (outage,) = timeline.outages
    assert (outage.start, outage.noticed, outage.end, outage.cause) == (100, 130, 150, "frozen")
    assert timeline.down_us(200) == 50
    assert timeline.registered_us(200) == 180


def test_an_outage_that_asterisk_never_noticed_says_so() -> None:
    """A link that thaws in time leaves noticed empty."""
    timeline = Timeline("ivr", 0)
    timeline.change(0, True, True, "")
    timeline.change(100, True, False, "frozen")
    timeline.change(120, True, True, "")
    assert timeline.outages[0].noticed is None


def test_an_outage_that_is_over_at_its_first_instant_is_one() -> None:
    """Asterisk saw the connection go, and calls of that instant were ejected."""
    timeline = Timeline("ivr", 0)
    timeline.change(0, True, True, "")
    timeline.change(50, False, False, "torn")
    timeline.change(50, True, True, "")
    assert [(outage.start, outage.end, outage.cause) for outage in timeline.outages] == [(50, 50, "torn")]


def test_a_stretch_that_ends_where_an_outage_begins_has_no_part_in_it() -> None:
    """Nor has one that begins where it ends."""
    timeline = Timeline("ivr", 0)
    timeline.change(0, True, True, "")
    timeline.change(50, False, False, "torn")
    timeline.change(70, True, True, "")
    assert [len(timeline.between(*stretch)) for stretch in ((20, 50), (70, 90), (20, 51), (69, 90))] == [0, 0, 1, 1]


def test_an_outage_is_noticed_once() -> None:
    """To say the same again changes nothing."""
    timeline = Timeline("ivr", 0)
    timeline.change(0, True, True, "")
    timeline.change(100, False, False, "torn")
    timeline.change(130, False, False, "torn")
    assert [(outage.start, outage.noticed) for outage in timeline.outages] == [(100, 100)]


def test_the_warm_up_is_left_out_of_sums() -> None:
    """Only time after the warm-up counts, in an outage that reaches across it too."""
    timeline = Timeline("ivr", 100)
    timeline.change(0, True, True, "")
    timeline.change(90, False, False, "torn")
    timeline.change(130, True, True, "")
    assert timeline.down_us(200) == 30
    assert timeline.registered_us(200) == 70
    assert timeline.down(200) == 40


def test_an_app_cannot_work_unregistered() -> None:
    """What Asterisk does not know cannot hear."""
    with pytest.raises(InvariantError, match=r"^ivr at 5 µs: works, but Asterisk does not know it$"):
        Timeline("ivr", 0).change(5, False, True, "")


def test_an_unknown_cause_is_refused() -> None:
    """Causes are a closed vocabulary."""
    timeline = Timeline("ivr", 0)
    timeline.change(0, True, True, "")
    with pytest.raises(InvariantError, match=r"^ivr at 9 µs: outage of unknown cause 'gremlins'; known: start, closed"):
        timeline.change(9, False, False, "gremlins")


def test_nobody_has_heard_of_an_app_that_never_had_a_state() -> None:
    """An app of which the recorder was told nothing has been down all the time."""
    assert Recorder().down("ivr", 50) == 50


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=12),
    st.integers(0, 70),
    st.integers(0, 70),
    st.integers(0, 40),
)
def test_sums_agree_with_a_count_of_every_microsecond(
    changes: list[tuple[int, bool]], one: int, two: int, warmup: int
) -> None:
    """Time down, looked up afterwards for any stretch, is what counting each microsecond gives."""
    timeline, now, up = Timeline("ivr", warmup), 0, [False] * 80
    for step, working in changes:
        now += step
        timeline.change(now, working, working, "torn")
        up[now:] = [working] * (80 - now)
    start, end = sorted((one, two))
    assert timeline.down(end) - timeline.down(start) == up[start:end].count(False)
    assert timeline.down_us(80) == up[warmup:].count(False)
    assert timeline.registered_us(80) == up[warmup:].count(True)
    touched = sum(min(end, outage.end or 80) - max(start, outage.start) for outage in timeline.between(start, end))
    assert touched == up[start:end].count(False)
    if start < 80 and not up[start]:
        assert timeline.outage(start) is not None
