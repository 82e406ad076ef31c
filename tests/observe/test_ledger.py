"""Running sums: exact, bounded in memory, and what is put down to whom."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.observe.invariants import InvariantError
from stasis_sim.observe.ledger import TOTAL, Ledger, Lengths, Level, bin_of, middle_of
from stasis_sim.observe.trace import Attempt, Call, Connection, Event, Recorder

YEAR = 365 * 24 * 3600 * 10**6


@given(st.integers(0, YEAR))
def test_a_bin_is_within_a_fifth_of_a_percent(length: int) -> None:
    """The middle of a length's bin is at most 0.2 % away from it, and exact below half a millisecond."""
    assert abs(middle_of(bin_of(length)) - length) <= (0 if length < 512 else length / 512)


@given(st.integers(0, YEAR), st.integers(0, YEAR))
def test_bins_stand_in_the_order_of_lengths(a: int, b: int) -> None:
    """A longer length never falls into an earlier bin."""
    low, high = sorted((a, b))
    assert bin_of(low) <= bin_of(high)


def test_bins_are_bounded() -> None:
    """All lengths up to a year fall into fewer than 10,000 bins, so memory does not grow with their number."""
    assert bin_of(YEAR) < 10_000


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60), st.sampled_from([50, 95]))
def test_quantiles_are_those_of_the_sorted_lengths(lengths: list[int], percent: int) -> None:
    """A quantile is the length of that rank, within 0.2 %."""
    sums = Lengths()
    for length in lengths:
        sums.add(length)
    exact = sorted(lengths)[math.ceil(len(lengths) * percent / 100) - 1]
    found = sums.quantile(percent)
    assert found is not None
    assert abs(found - exact) <= exact / 512
    assert found <= max(lengths)
    assert (sums.total, sums.longest) == (sum(lengths), max(lengths))


@given(st.lists(st.lists(st.integers(0, 10**8), max_size=9), max_size=5))
def test_merged_lengths_are_those_of_one_list(parts: list[list[int]]) -> None:
    """Merging sums gives what summing all would have given."""
    merged, whole = Lengths(), Lengths()
    for part in parts:
        sums = Lengths()
        for length in part:
            sums.add(length)
            whole.add(length)
        merged.merge(sums)
    assert (merged.n, merged.total, merged.longest, merged.bins) == (whole.n, whole.total, whole.longest, whole.bins)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=20), st.integers(0, 60))
def test_a_level_agrees_with_a_count_of_every_microsecond(steps: list[tuple[int, bool]], warmup: int) -> None:
    """Peak and area after the warm-up are what looking once at the end of each microsecond gives."""
    level, now, count = Level(warmup), 0, 0
    standing: list[int] = []
    for step, up in steps:
        standing += [count] * step
        change = 1 if up or not count else -1
        now += step
        count += change
        level.change(change, now)
    end = max(now, warmup) + 1
    level.close(end)
    standing += [count] * (end + 1 - now)
    assert (level.area, level.peak) == (sum(standing[warmup:end]), max(standing[warmup:]))


def test_who_enters_at_the_last_instant_is_inside_then() -> None:
    """An entry when the run ends counts, although no time is left for it; one that is taken back at once does not."""
    level = Level(0)
    level.change(1, 5)
    level.change(1, 5)
    level.change(-1, 5)
    level.close(5)
    assert (level.peak, level.area) == (1, 0)


def test_who_is_inside_when_a_run_ends_in_its_warm_up_does_not_count() -> None:
    """Nothing of it is measured."""
    level = Level(100)
    level.change(1, 50)
    level.close(60)
    assert (level.peak, level.area) == (0, 0)


def test_less_than_nobody_cannot_be_inside() -> None:
    """To leave without having entered is an error of the world."""
    with pytest.raises(InvariantError, match=r"^-1 channels inside at 3 µs$"):
        Level(0).change(-1, 3)


def served(number: int, at: int, first: int, left: int) -> Call:
    """A call inside ivr from one instant to another, with a first command."""
    call = Call(number, "calls.0", at)
    attempt = Attempt("ivr", (), at, "entered")
    attempt.first_command, attempt.left = first, left
    call.attempts.append(attempt)
    call.ended = left
    call.outcome = "served"
    return call


def outages(*stretches: tuple[int, int]) -> Recorder:
    """A recorder of an app that was away in these stretches."""
    recorder = Recorder()
    recorder.app_state("ivr", 0, registered=True, working=True)
    for start, end in stretches:
        recorder.app_state("ivr", start, registered=False, working=False, cause="torn")
        recorder.app_state("ivr", end, registered=True, working=True)
    return recorder


def test_orphaned_is_the_time_without_the_app_after_the_first_command() -> None:
    """A call with a command is orphaned while its app is away, in every outage that it lives through."""
    recorder = outages((10, 20), (30, 45), (60, 70))
    ledger = recorder.ledger
    ledger.add(served(1, at=5, first=15, left=40))
    ledger.add(served(2, at=46, first=47, left=59))
    assert (ledger.orphaned["ivr"].n, ledger.orphaned["ivr"].total) == (1, 5 + 10)
    assert [outage.orphaned for outage in recorder.timelines["ivr"].outages] == [1, 1, 0]


def test_an_open_outage_orphans_until_the_call_leaves() -> None:
    """An outage that has no end yet lasts at least as long as the call."""
    recorder = outages()
    recorder.app_state("ivr", 50, registered=False, working=False, cause="crash")
    recorder.ledger.add(served(1, at=5, first=15, left=80))
    assert recorder.ledger.orphaned[TOTAL].total == 30


def stranded(fate: str, first: int | None = None) -> Ledger:
    """The sums of one call whose StasisStart had a fate."""
    recorder = outages((10, 20))
    call = served(1, at=12, first=0, left=112)
    call.attempts[0].first_command = first
    event = Event(1, "ivr", "StasisStart", 12)
    event.fate = fate
    call.events.append(event)
    recorder.ledger.add(call)
    assert recorder.timelines["ivr"].outages[0].missed == (fate in {"missed", "lost"})
    return recorder.ledger


@pytest.mark.parametrize("fate", ["missed", "lost", "late"])
def test_stranded_is_the_time_inside_until_the_first_command_or_the_end(fate: str) -> None:
    """Without its StasisStart, or with a late one, a call is stranded until its first command, else until it leaves."""
    assert stranded(fate).stranded["ivr"].total == 100
    assert stranded(fate, first=42).stranded[TOTAL].total == 30


@pytest.mark.parametrize("fate", ["delivered", "pending"])
def test_a_start_that_came_strands_nobody(fate: str) -> None:
    """A call whose StasisStart was delivered, or still waits, is not stranded."""
    assert not stranded(fate).stranded


def test_each_start_belongs_to_its_attempt() -> None:
    """Of two stays only the one whose own StasisStart was missed is stranded; a move's start is no attempt's."""
    recorder = outages()
    call = served(1, at=10, first=11, left=20)
    again = Attempt("menu", (), 30, "entered")
    again.left = 75
    call.attempts.append(again)
    for app, raised, fate in (("ivr", 10, "delivered"), ("other", 15, "missed"), ("menu", 30, "missed")):
        event = Event(raised, app, "StasisStart", raised)
        event.fate = fate
        call.events.append(event)
    recorder.ledger.add(call)
    assert {app: times.total for app, times in recorder.ledger.stranded.items()} == {"menu": 45, TOTAL: 45}


def test_a_call_that_is_stranded_twice_counts_once_in_total() -> None:
    """With all the time that it waited in vain."""
    recorder = outages()
    call = served(1, at=10, first=0, left=15)
    again = Attempt("menu", (), 30, "entered")
    again.left, call.attempts[0].first_command = 75, None
    call.attempts.append(again)
    for app, raised in (("ivr", 10), ("menu", 30)):
        event = Event(raised, app, "StasisStart", raised)
        event.fate = "missed"
        call.events.append(event)
    recorder.ledger.add(call)
    total = recorder.ledger.stranded[TOTAL]
    assert (total.n, total.total) == (1, 5 + 45)


def test_an_ejection_is_put_down_to_its_outage() -> None:
    """An outage knows how many attempts it cost, those at the instant of its end included."""
    recorder = outages((10, 20), (30, 45))
    for at in (9, 10, 20, 21, 44):
        call = Call(at, "calls.0", at)
        call.attempts.append(Attempt("ivr", (), at, "ejected", "not_active"))
        recorder.ledger.add(call)
    assert [outage.ejected for outage in recorder.timelines["ivr"].outages] == [2, 1]


def test_an_app_that_nobody_serves_is_away_from_first_to_last() -> None:
    """An app that only the dialplan knows gets its outage from its first ejection."""
    recorder = Recorder()
    call = Call(1, "calls.0", 7)
    call.attempts.append(Attempt("typo", (), 7, "ejected", "never_registered"))
    recorder.ledger.add(call)
    (outage,) = recorder.timelines["typo"].outages
    assert (outage.start, outage.end, outage.ejected) == (0, None, 1)


def test_no_app_is_away_for_who_named_none() -> None:
    """An ejection without a name is nobody's outage."""
    recorder = outages()
    call = Call(1, "calls.0", 7)
    call.attempts.append(Attempt("", (), 7, "ejected", "no_name"))
    recorder.ledger.add(call)
    assert list(recorder.timelines) == ["ivr"]


def test_an_event_counts_for_the_client_of_its_connection() -> None:
    """Events are counted by app, type, fate and the client to whose connection they were written."""
    ledger = Recorder(warmup=10).ledger
    late, early = Event(2, "ivr", "StasisEnd", 10), Event(1, "ivr", "StasisStart", 9)
    for event in (late, early):
        event.fate, event.connection = "late", Connection(1, "bot", ("ivr",), 0)
    ledger.add_events([late, early])
    assert ledger.events == {("ivr", "StasisEnd", "late", "bot"): 1}
