"""The recorder: what became of a call, and when its rows are let go, in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.observe.invariants import InvariantError
from stasis_sim.observe.timeline import Outage
from stasis_sim.observe.trace import Attempt, Call, Command, Connection, Event, Recorder, outcome
from stasis_sim.observe.vocabulary import OUTCOMES


class Rows:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.events: list[Event] = []
        self.commands: list[Command] = []
        self.connections: list[Connection] = []
        self.outages: list[Outage] = []

    @property
    def numbers(self) -> list[int]:
        """The calls in the order in which they came."""
        return [call.number for call in self.calls]

    def call(self, call: Call) -> None:
        """Keep a call."""
        self.calls.append(call)

    def loose(self, events: list[Event], commands: list[Command]) -> None:
        """Keep what belongs to no call."""
        self.events += events
        self.commands += commands

    def rest(self, connections: list[Connection], outages: list[Outage]) -> None:
        """Keep the rest."""
        self.connections += connections
        self.outages += outages


def ended(*attempts: Attempt, fates: str = "") -> Call:
    """A call that has ended, with a StasisStart of each of these fates."""
    call = Call(1, "calls.0", 0)
    call.ended = 100
    call.attempts.extend(attempts)
    for serial, fate in enumerate(fates.split()):
        event = Event(serial, "ivr", "StasisStart", 0)
        event.fate = fate
        call.events.append(event)
    return call


def entered(first_command: int | None = None) -> Attempt:
    """An attempt that went in, left at the end of the call, and had a command or not."""
    attempt = Attempt("ivr", (), 0, "entered")
    attempt.first_command = first_command
    attempt.left = 100
    return attempt


def ejected() -> Attempt:
    """An attempt that was turned away."""
    return Attempt("ivr", (), 0, "ejected", "not_active")


def end(recorder: Recorder, call: Call, at: int) -> None:
    """Let a call end."""
    call.ended = at
    recorder.ended(call)


def test_blocked_is_a_call_that_the_limit_turned_away() -> None:
    """A call beyond the limit on channels is blocked, though it has ended and its caller is gone."""
    call = ended()
    call.blocked = call.abandoned = True
    assert outcome(call) == "blocked"


def test_in_progress_is_a_call_that_has_not_ended() -> None:
    """A call that is still there at the end is in progress, served or not."""
    call = ended(entered(5))
    call.ended = None
    assert outcome(call) == "in_progress"


def test_served_is_a_call_with_a_command() -> None:
    """One command carried out serves a call, even after an ejection and without its StasisStart."""
    assert outcome(ended(ejected(), entered(5), fates="missed")) == "served"


@pytest.mark.parametrize("fate", ["missed", "lost"])
def test_stranded_is_a_call_that_the_app_never_heard_of(fate: str) -> None:
    """Inside, StasisStart missed or lost, no command: stranded, though the caller hung up in the end."""
    call = ended(entered(), fates=fate)
    call.abandoned = True
    assert outcome(call) == "stranded"


@pytest.mark.parametrize("fate", ["delivered", "late"])
def test_unanswered_is_a_call_that_the_app_heard_of(fate: str) -> None:
    """Inside, StasisStart delivered, no command: unanswered."""
    assert outcome(ended(entered(), fates=fate)) == "unanswered"


def test_fallback_is_an_ejected_call_that_the_dialplan_took_care_of() -> None:
    """Ejected, then a place of the scenario's fallback: fallback, though the caller hung up there."""
    call = ended(ejected())
    call.fallback = call.abandoned = True
    assert outcome(call) == "fallback"


def test_abandoned_is_a_call_whose_caller_hung_up_first() -> None:
    """Ejected and hung up by the caller before the dialplan ended it: abandoned."""
    call = ended(ejected())
    call.abandoned = True
    assert outcome(call) == "abandoned"


def test_dropped_is_a_call_that_was_ejected_and_ended_by_the_dialplan() -> None:
    """Ejected and nothing after it: dropped."""
    assert outcome(ended(ejected())) == "dropped"


def test_untouched_is_a_call_that_never_asked_for_stasis() -> None:
    """No attempt at all: untouched, even if its dialplan reached a place of the fallback."""
    call = ended()
    call.fallback = True
    assert outcome(call) == "untouched"


def test_a_start_in_the_queue_at_the_end_leaves_a_call_unanswered() -> None:
    """A call whose StasisStart still waits in a queue has not been heard of, and not been missed either."""
    assert outcome(ended(entered(), fates="pending")) == "unanswered"


calls = st.builds(
    ended,
    st.sampled_from([entered(), entered(5), ejected(), Attempt("ivr", (), 0, "in_progress")]),
    fates=st.sampled_from(["", "delivered", "late", "missed", "lost", "pending", "late lost"]),
)


@given(calls, st.booleans(), st.booleans(), st.booleans())
def test_every_call_has_one_outcome(call: Call, blocked: bool, abandoned: bool, fallback: bool) -> None:
    """Whatever happened to a call, one word of the closed list fits."""
    call.blocked, call.abandoned, call.fallback = blocked, abandoned, fallback
    assert outcome(call) in OUTCOMES


def test_rows_keep_the_order_of_ends() -> None:
    """A call that waits for an event holds back those that ended after it."""
    rows = Rows()
    recorder = Recorder(sink=rows)
    one, two, three = (recorder.call(number, "calls.0", 0) for number in (1, 2, 3))
    one.open = 1
    end(recorder, one, 10)
    end(recorder, two, 20)
    end(recorder, three, 30)
    assert rows.numbers == []
    one.open = 0
    recorder.settled(one)
    assert rows.numbers == [1, 2]
    recorder.finish(40)
    assert rows.numbers == [1, 2, 3]


def test_calls_that_end_at_one_instant_stand_by_number() -> None:
    """Rows of the same instant do not show in which order the calls ended within it."""
    rows = Rows()
    recorder = Recorder(sink=rows)
    made = {number: recorder.call(number, "calls.0", 0) for number in (1, 2, 3, 4)}
    for number in (3, 1, 2):
        end(recorder, made[number], 10)
    assert rows.numbers == []
    end(recorder, made[4], 11)
    assert rows.numbers == [1, 2, 3]


def test_unfinished_calls_stand_last() -> None:
    """What is unfinished at the end is a row too, after all others and by number."""
    rows = Rows()
    recorder = Recorder(sink=rows)
    made = {number: recorder.call(number, "calls.0", 0) for number in (1, 2, 3)}
    made[3].open = 1
    end(recorder, made[3], 5)
    recorder.finish(10)
    assert rows.numbers == [3, 1, 2]
    assert [call.outcome for call in rows.calls] == ["untouched", "in_progress", "in_progress"]


@given(st.permutations(range(8)), st.lists(st.integers(0, 3), min_size=8, max_size=8), st.permutations(range(8)))
def test_rows_come_by_end_and_number_however_they_settle(
    order: list[int], steps: list[int], settling: list[int]
) -> None:
    """The order of rows is (ended, call), in whatever order calls end within an instant and events are settled."""
    rows = Rows()
    recorder = Recorder(sink=rows)
    made = [recorder.call(number, "calls.0", 0) for number in range(8)]
    now = 0
    for number, step in zip(order, steps, strict=True):
        now += step
        made[number].open = 1
        end(recorder, made[number], now)
    for number in settling:
        made[number].open = 0
        recorder.settled(made[number])
    recorder.finish(now + 1)
    assert [(call.ended, call.number) for call in rows.calls] == sorted((call.ended, call.number) for call in made)


def test_without_a_sink_nobody_waits() -> None:
    """With measures only, a call is let go as soon as it is complete, and nothing is kept."""
    recorder = Recorder()
    one, two, three = (recorder.call(number, "calls.0", 0) for number in (1, 2, 3))
    one.open = 1
    end(recorder, one, 10)
    end(recorder, two, 20)
    end(recorder, three, 30)
    assert (one.released, two.released) == (False, True)
    one.open = 0
    recorder.settled(one)
    assert one.released
    ledger = recorder.finish(40)
    assert ledger.outcomes == {(None, "untouched"): 3}


def test_a_call_may_get_an_event_at_the_instant_of_its_end() -> None:
    """An event that is raised after the end of a call, at the same instant, is among its rows."""
    for sink in (None, Rows()):
        recorder = Recorder(sink=sink)
        call = recorder.call(1, "calls.0", 0)
        end(recorder, call, 10)
        call.events.append(Event(1, "ivr", "ChannelDestroyed", 10))
        call.open += 1
        end(recorder, recorder.call(2, "calls.0", 11), 11)
        assert not call.released
        call.open -= 1
        recorder.settled(call)
        assert call.released


def test_a_late_command_stands_at_the_end() -> None:
    """A command for a call whose rows are gone is a row without a call, not a lost one."""
    rows = Rows()
    recorder = Recorder(sink=rows)
    call = recorder.call(1, "calls.0", 0)
    early = recorder.command("ivr", "POST", "/ari/channels/c1/answer", 1, call)
    end(recorder, call, 2)
    end(recorder, recorder.call(2, "calls.0", 3), 3)
    late = recorder.command("ivr", "DELETE", "/ari/channels/c1", 4, call)
    recorder.finish(5)
    assert call.commands == [early]
    assert rows.commands == [late]


def test_loose_events_without_a_sink_are_counted_and_dropped() -> None:
    """Without rows, events of no call are dropped once they are settled, and counted all the same."""
    recorder = Recorder()
    for serial in range(10_000):
        recorder.event(serial, "ivr", "ApplicationReplaced", serial).fate = "missed"
        assert len(recorder._events) <= 4096
    for at in range(10_000):
        recorder.command("ivr", "GET", "/ari/channels", at).status = 200
        assert len(recorder._commands) <= 4096
    ledger = recorder.finish(20_000, raised=10_000)
    assert ledger.events == {("ivr", "ApplicationReplaced", "missed", None): 10_000}
    assert ledger.commands == {("ivr", 200): 10_000}


def test_refused_tries_are_counted_and_dropped_without_a_sink() -> None:
    """A retry storm takes no memory where no rows are wanted, and is a row each where they are."""
    rows = Rows()
    for recorder in (Recorder(), Recorder(sink=rows)):
        open_ = recorder.connection("other", ("menu",), 0)
        for at in range(3):
            recorder.refused(recorder.connection("ivr", ("ivr",), at), at + 1, "bad_credentials")
        assert recorder.finish(10).connections == {
            ("ivr", "refused", "bad_credentials"): 3,
            ("other", "", ""): 1,
        }
        assert open_.number == 1
    assert [(row.number, row.how) for row in rows.connections] == [
        (1, ""),
        (2, "refused"),
        (3, "refused"),
        (4, "refused"),
    ]


def test_a_forgotten_call_is_an_error() -> None:
    """The recorder notices at the end that a call of its number took the place of another."""
    recorder = Recorder()
    recorder.call(1, "calls.0", 0)
    recorder.call(1, "calls.0", 0)
    with pytest.raises(InvariantError, match=r"^calls offered: 2 is not live 1 \+ waiting 0 \+ released 0 \(= 1\)$"):
        recorder.finish(1)


def test_time_does_not_run_back() -> None:
    """A call that ends before one that has ended already is an error of the world."""
    recorder = Recorder()
    one, two = recorder.call(1, "calls.0", 0), recorder.call(2, "calls.0", 0)
    end(recorder, one, 10)
    with pytest.raises(InvariantError, match=r"^call 2 ended at 9 µs, after one that ended at 10 µs$"):
        end(recorder, two, 9)


def test_a_lost_message_is_an_error() -> None:
    """Every message that Asterisk raised is an event at the end, or the run fails with the numbers."""
    recorder = Recorder()
    recorder.event(1, "ivr", "StasisStart", 0)
    with pytest.raises(InvariantError, match=r"^messages raised: 2 is not rows 1 \(= 1\)$"):
        recorder.finish(1, raised=2)


def test_a_call_that_never_left_is_an_error() -> None:
    """A call with a command that has ended has left its app."""
    recorder = Recorder()
    call = recorder.call(1, "calls.0", 0)
    attempt = Attempt("ivr", (), 0, "entered")
    attempt.first_command = 5
    call.attempts.append(attempt)
    end(recorder, call, 10)
    with pytest.raises(InvariantError, match=r"^call 1 ended at 10 µs and never left ivr$"):
        recorder.finish(20)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("fate", "unknown fate: eaten; known: delivered, late, misdelivered, missed, lost, pending"),
        ("how", "unknown end of a connection: bored; known: closed, torn, frozen, refused"),
        ("reason", "unknown reason: tired; known: never_registered, forgotten"),
        ("why", "unknown reason of a refusal: tired; known: asterisk_down, network"),
    ],
)
def test_words_outside_the_vocabulary_are_errors(what: str, text: str) -> None:
    """A word that measures.md does not know never reaches the results."""
    recorder = Recorder()
    call = recorder.call(1, "calls.0", 0)
    if what == "fate":
        recorder.event(1, "ivr", "StasisStart", 0).fate = "eaten"
    elif what == "how":
        recorder.connection("ivr", ("ivr",), 0).how = "bored"
    elif what == "why":
        recorder.refused(recorder.connection("ivr", ("ivr",), 0), 1, "tired")
    else:
        call.attempts.append(Attempt("ivr", (), 0, "ejected", "tired"))
    with pytest.raises(InvariantError, match=f"^{text}"):
        recorder.finish(1)


def test_channels_inside_an_app_without_a_state_are_an_error() -> None:
    """The world must say whether an app is there before it lets a channel in."""
    recorder = Recorder()
    recorder.inside("ivr", 1, 5)
    with pytest.raises(InvariantError, match=r"^1 channels inside ivr, which has no state: call app_state first$"):
        recorder.finish(10)


def test_outages_stand_in_the_order_of_their_beginnings() -> None:
    """Those of all apps together, and of one instant by name."""
    rows = Rows()
    recorder = Recorder(sink=rows)
    for app in ("menu", "ivr"):
        recorder.app_state(app, 0, registered=True, working=True)
    for app, at in (("menu", 10), ("ivr", 20), ("menu", 20)):
        recorder.app_state(app, at, registered=False, working=False, cause="torn")
        recorder.app_state(app, at + 5, registered=True, working=True)
    recorder.finish(100)
    assert [(outage.start, outage.app) for outage in rows.outages] == [(10, "menu"), (20, "ivr"), (20, "menu")]
