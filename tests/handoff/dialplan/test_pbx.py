"""The interpreter runs the dialplan as real Asterisks did: every recorded flow, for both versions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stasis_sim.conf.extensions import load_extensions
from stasis_sim.conf.syntax import Source
from stasis_sim.conformance.cases import VERSIONS, Case
from stasis_sim.conformance.dialplan_vectors import Diary, judge_flow
from stasis_sim.conformance.vectors import load
from stasis_sim.handoff.dialplan.pbx import Pbx
from stasis_sim.handoff.dialplan.places import IllegalPriorityError, NoSuchLabelError, Place, continuation
from stasis_sim.handoff.dialplan.thread import Key, LoopError, SilentHost, Thread


class Clock(Diary):
    """Writes down more than what recordings judge, and that nothing happens to a channel that is gone."""

    def __init__(self, *, apps: Sequence[str] = (), wall: int = 0) -> None:
        """Make a host on which these applications are connected."""
        super().__init__(apps=apps, wall=wall)
        self.logged: list[tuple[str, str]] = []
        self.events: list[tuple[str, Sequence[tuple[str, str]]]] = []
        self.requests: list[int] = []
        self.left: list[str] = []
        self.broadcasts: list[tuple[int, str | None, tuple[str, ...], bool]] = []
        self.over = 0

    def variable(self, thread: Thread, name: str, value: str) -> None:
        """Write it down."""
        assert not thread.ended
        super().variable(thread, name, value)

    def state(self, thread: Thread, state: str) -> None:
        """Write it down."""
        assert thread.state == state
        super().state(thread, state)

    def broadcast(
        self, thread: Thread, timeout_us: int, pattern: str | None, args: Sequence[str], *, notify: bool
    ) -> None:
        """Write it down."""
        assert thread.then is None
        self.broadcasts.append((timeout_us, pattern, tuple(args), notify))

    def broadcast_over(self, thread: Thread) -> None:
        """Count it."""
        assert not thread.ended
        self.over += 1

    def leave(self, thread: Thread, how: str) -> int:
        """Write it down."""
        assert not thread.ended
        self.left.append(how)
        return 0

    def hangup_request(self, thread: Thread, flag: int) -> None:
        """Write it down."""
        assert not thread.ended
        self.requests.append(flag)

    def user_event(self, thread: Thread, name: str, fields: Sequence[tuple[str, str]]) -> None:
        """Write it down."""
        assert not thread.ended
        self.events.append((name, fields))

    def ending(self, thread: Thread, kind: str, status: str) -> None:
        """Write it down."""
        assert not thread.ended
        super().ending(thread, kind, status)

    def ended(self, thread: Thread, cause: int) -> None:
        """Write it down; it happens once."""
        assert thread.ended
        assert self.cause is None
        super().ended(thread, cause)

    def log(self, level: str, text: str) -> None:
        """Write it down."""
        self.logged.append((level, text))


VECTORS = Path(__file__).parents[2] / "vectors"
FLOWS = [
    (file, case, version)
    for file in ("dialplan_flow", "dialplan_asked")
    for case in load(VECTORS / f"{file}.json")
    for version in VERSIONS
    if case.get("only_version", version) == version
]


@pytest.mark.parametrize(
    ("case", "version"),
    [(case, version) for _, case, version in FLOWS],
    ids=[f"{file}-{case['id']}-{version}" for file, case, version in FLOWS],
)
def test_recorded_flow(case: Case, version: str) -> None:
    """A call runs the same steps, sets the same variables and ends for the same reason as on a real Asterisk."""
    (item,) = judge_flow(case, version, VERSIONS[version], Clock())
    assert not item.differences, "\n".join(map(str, item.differences))


def begin(conf: str, exten: str = "100", context: str = "t", **host: Any) -> tuple[Pbx, Thread, Clock, int | None]:
    """Start a call on a dialplan."""
    clock = Clock(**host)
    pbx = Pbx(
        load_extensions(Source(conf, "extensions.conf"))[0], clock, sounds={"default": 2_000_000, "beep": 500_000}
    )
    thread = Thread("c1", context, exten)
    return pbx, thread, clock, pbx.start(thread)


def data(clock: Clock) -> list[str]:
    """Return what the steps said."""
    return [step[4] for step in clock.steps if step[3] == "NoOp"]


def test_waits_are_told_and_resumed() -> None:
    """Answer() takes half a second, Wait() its time; a timer that fires early is told what is left."""
    pbx, thread, clock, wait = begin("[t]\nexten => 100,1,Answer()\n same => n,Wait(2)\n same => n,NoOp(x)\n")
    assert (wait, clock.states) == (500_000, ["Up"])
    clock.time = 500_000
    assert pbx.resume(thread) == 2_000_000
    clock.time = 700_000
    assert pbx.resume(thread) == 1_800_000
    clock.time = 2_500_000
    assert pbx.resume(thread) is None
    assert data(clock) == ["x"]
    assert (clock.cause, clock.requests) == (0, [16])


@pytest.mark.parametrize(("text", "wait"), [("${EPOCH}+2", 2_000_000), ("${EPOCH}+1.5", 1_500_000), ("0-1", None)])
def test_waituntil_says_afterwards_what_has_come_of_it(text: str, wait: int | None) -> None:
    """OK when the time has come, HANGUP where the caller did not wait for it, PAST where it is over."""
    conf = f"[t]\nexten => 100,1,WaitUntil($[{text}])\n same => n,NoOp(x)\n"
    for ends, status in ((True, "OK"), (False, "HANGUP")):
        pbx, thread, clock, told = begin(conf, wall=1_000_000)
        assert told == wait
        clock.time = wait or 0
        assert (pbx.resume(thread) if ends else pbx.hangup(thread)) is None
        assert clock.variables == [["WAITUNTILSTATUS", status if wait else "PAST"]]


@pytest.mark.parametrize(("media", "wait"), [(0, None), (200_000, 200_000), (9_000_000, 500_000)])
def test_answer_ends_with_the_first_media(media: int, wait: int | None) -> None:
    """Answer() goes on when the caller's media comes, after half a second at the latest."""
    clock = Clock()
    pbx = Pbx(load_extensions(Source("[t]\nexten => 100,1,Answer()\n"))[0], clock)
    thread = Thread("c1", "t", "100")
    thread.media_us = media
    assert pbx.start(thread) == wait


@pytest.mark.parametrize("at", [0, 400_000, 1_000_000])
def test_a_hangup_cuts_any_wait_short(at: int) -> None:
    """A caller who hangs up at any time goes through h with his cause, and nothing else runs."""
    conf = (
        "[t]\nexten => 100,1,Answer()\n same => n,Wait(5)\n same => n,NoOp(no)\nexten => h,1,NoOp(h ${HANGUPCAUSE})\n"
    )
    pbx, thread, clock, _ = begin(conf)
    if at >= 500_000:
        clock.time = 500_000
        pbx.resume(thread)
    clock.time = at
    assert pbx.hangup(thread, 127) is None
    assert (data(clock), clock.cause, clock.endings) == (["h 127"], 127, [("exited_nonzero", "")])
    assert pbx.hangup(thread, 16) is None
    assert pbx.resume(thread) is None
    assert clock.cause == 127


def test_a_hangup_inside_stasis_still_succeeds() -> None:
    """A hangup inside Stasis sets STASISSTATUS=SUCCESS, and h sees it."""
    conf = "[t]\nexten => 100,1,Stasis(a,b,c)\nexten => h,1,NoOp(${STASISSTATUS} ${HANGUPCAUSE})\n"
    pbx, thread, clock, wait = begin(conf, apps=["a"])
    assert wait is None
    assert thread.inside
    assert clock.entered == [("a", ("b", "c"))]
    pbx.hangup(thread, 16)
    assert (data(clock), clock.endings) == (["SUCCESS 16"], [])
    assert clock.variables == [["STASISSTATUS", ""], ["STASISSTATUS", "SUCCESS"]]


def test_continue_goes_where_ari_says() -> None:
    """The parameters of continue: nothing, each alone, a label, and what is refused."""
    conf = "[t]\nexten => 100,1,Stasis(a)\nexten => 100,5(lab),NoOp(5)\n[u]\nexten => s,1,NoOp(s)\n"
    pbx, thread, clock, _ = begin(conf, apps=["a"])
    assert continuation(pbx, thread) == Place("t", "100", 2)
    assert continuation(pbx, thread, context="u") == Place("u", "s", 1)
    assert continuation(pbx, thread, extension="7") == Place("t", "7", 1)
    assert continuation(pbx, thread, priority=5) == Place("t", "100", 5)
    assert continuation(pbx, thread, label="lab") == Place("t", "100", 5)
    assert continuation(pbx, thread, label="7") == Place("t", "100", 7)
    assert continuation(pbx, thread, context="u", extension="7", priority=-3) == Place("u", "7", 2)
    assert continuation(pbx, thread, label="-3") == Place("t", "100", 2)
    with pytest.raises(NoSuchLabelError):
        continuation(pbx, thread, label="nosuch")
    with pytest.raises(IllegalPriorityError):
        continuation(pbx, thread, label="0")
    pbx.resume(thread, Place("t", "100", 5))
    assert data(clock) == ["5"]


def test_an_absolute_timeout_ends_a_stay_in_stasis() -> None:
    """TIMEOUT(absolute) is a wait even inside Stasis; the channel leaves and goes to T."""
    conf = "[t]\nexten => 100,1,Set(TIMEOUT(absolute)=3)\n same => n,Stasis(a)\nexten => T,1,NoOp(T ${STASISSTATUS})\n"
    pbx, thread, clock, wait = begin(conf, apps=["a"])
    assert wait == 3_000_000
    clock.time = 3_000_000
    pbx.resume(thread)
    assert (clock.left, data(clock)) == (["absolute_timeout"], ["T SUCCESS"])


def test_a_broadcast_is_claimed_or_times_out() -> None:
    """A claim within the time hands the channel over; else STASISSTATUS is TIMEOUT."""
    conf = "[t]\nexten => 100,1,StasisBroadcast(300,^a,x:y,yes)\n same => n,NoOp(${STASISSTATUS})\n"
    pbx, thread, clock, wait = begin(conf, apps=["a"])
    assert (wait, clock.broadcasts) == (300_000, [(300_000, "^a", ("x", "y"), True)])
    assert pbx.claimed(thread, "a", ("x", "y")) is None
    assert clock.entered == [("a", ("x", "y"))]
    pbx.resume(thread)
    assert data(clock) == ["SUCCESS"]
    pbx, thread, clock, wait = begin(conf)
    clock.time = 300_000
    pbx.resume(thread)
    assert (data(clock), clock.over) == (["TIMEOUT"], 1)


def test_an_endless_loop_is_shown() -> None:
    """A loop that takes no time is stopped with the steps of one round."""
    conf = "[t]\nexten => 100,1,Goto(u,s,1)\n[u]\nexten => s,1,NoOp(a)\n same => n,Set(X=1)\n same => n,Goto(1)\n"
    with pytest.raises(LoopError) as caught:
        begin(conf)
    assert sorted(step[2] for step in caught.value.steps) == [1, 2, 3]
    assert "s@u:3 Goto(1)" in str(caught.value)


def test_playback_answers_and_takes_its_time() -> None:
    """Playback answers first, and takes the time of its sounds; others take the default."""
    pbx, thread, clock, wait = begin("[t]\nexten => 100,1,Playback(beep&welcome)\n same => n,NoOp(${PLAYBACKSTATUS})\n")
    assert (wait, clock.states) == (500_000, ["Up"])
    clock.time = 500_000
    assert pbx.resume(thread) == 2_500_000
    clock.time = 3_000_000
    pbx.resume(thread)
    assert data(clock) == ["SUCCESS"]


def test_a_key_ends_background() -> None:
    """A key during Background begins an extension; the digit timeout decides when it is over."""
    conf = "[t]\nexten => 100,1,Background(welcome,noanswer)\nexten => 1,1,NoOp(one)\nexten => 12,1,NoOp(twelve)\n"
    pbx, thread, clock, wait = begin(conf)
    assert wait == 2_000_000
    clock.time = 1_000_000
    assert pbx.dtmf(thread, Key("1")) == 5_000_000
    clock.time = 6_000_000
    pbx.resume(thread)
    assert data(clock) == ["one"]


def test_a_key_in_answer_is_heard_by_who_waits_afterwards() -> None:
    """The key ends the wait of Answer(), and its end comes 100 ms later: to Wait() here, which forgets it."""
    conf = "[t]\nexten => 100,1,Answer()\n same => n,%s\n same => n,NoOp(on)\nexten => 7,1,NoOp(seven)\n"
    for what, heard, ends in (("WaitExten(2)", ["seven"], 500_000), ("Wait(2)", ["on"], 2_400_000)):
        pbx, thread, clock, wait = begin(conf % what)
        assert wait == 500_000
        clock.time = 400_000
        assert pbx.dtmf(thread, Key("7")) == 100_000
        clock.time = 500_000
        pbx.resume(thread)
        clock.time = ends
        pbx.resume(thread)
        assert data(clock) == heard


def test_a_key_behind_an_answer_that_took_no_time_is_not_one_in_it() -> None:
    """Where media is there at once Playback() plays at once, and a key does not end it."""
    pbx, _, clock, _ = begin("[t]\nexten => 100,1,Playback(welcome)\n same => n,NoOp(on)\n")
    thread = Thread("c2", "t", "100")
    thread.media_us = 0
    assert pbx.start(thread) == 2_000_000
    clock.time = 500_000
    assert pbx.dtmf(thread, Key("7")) == 1_500_000


def test_keys_that_a_long_answer_puts_back_wait_for_another_frame() -> None:
    """Who collects keys reads them at once; Wait() and what follows it only when one more key comes."""
    conf = (
        "[t]\nexten => 100,1,Answer(1000)\n same => n,%sWaitExten(2)\n same => n,NoOp(none)\nexten => 7,1,NoOp(seven)\n"
    )
    pbx, thread, clock, _ = begin(conf % "")
    pbx.dtmf(thread, Key("7"))
    clock.time = 1_000_000
    pbx.resume(thread)
    assert data(clock) == ["seven"]
    for pressed, heard in ((1, ["none"]), (2, ["seven"])):
        pbx, thread, clock, _ = begin(conf % "Wait(1)\n same => n,")
        pbx.dtmf(thread, Key("7"))
        for clock.time in (1_000_000, 2_000_000):
            pbx.resume(thread)
        clock.time = 3_000_000
        if pressed > 1:
            pbx.dtmf(thread, Key("5"))
        clock.time = 4_000_000
        pbx.resume(thread)
        assert data(clock) == heard


def test_a_sound_reads_the_keys_that_a_long_answer_puts_back() -> None:
    """Playback() forgets them, so that a later key brings no end of theirs to who collects then."""
    conf = (
        "[t]\nexten => 100,1,Answer(1000)\n same => n,Playback(beep)\n same => n,WaitExten(2)\n"
        "exten => 5,1,NoOp(five)\nexten => 7,1,NoOp(seven)\n"
    )
    pbx, thread, clock, _ = begin(conf)
    pbx.dtmf(thread, Key("7"))
    for clock.time in (1_000_000, 1_500_000):
        pbx.resume(thread)
    pbx.dtmf(thread, Key("5"))
    assert data(clock) == ["five"]


def test_what_a_connected_line_has_and_the_model_does_not_keep_is_no_error() -> None:
    """Only a word that Asterisk does not know is one."""
    for member, logged in (("tag", []), ("tog", [("ERROR", "Unknown connectedline data type 'tog'.")])):
        conf = f"[t]\nexten => 100,1,Set(CONNECTEDLINE({member})=x)\n same => n,Wait(1)\n"
        assert begin(conf)[2].logged == logged


def test_a_step_that_reads_itself_comes_to_an_end() -> None:
    """EVAL_EXTEN() of its own place would go on for ever; it is empty where it is too deep."""
    _, _, clock, _ = begin("[t]\nexten => 100,1,NoOp(x${EVAL_EXTEN(1)})\n")
    assert set(data(clock)[0]) == {"x"}
    assert ("WARNING", "substitution is nested too deeply") in clock.logged


def test_group_counts_end_with_the_channel() -> None:
    """GROUP_COUNT counts channels that are there, so that a limit on calls works."""
    conf = "[t]\nexten => 100,1,Set(GROUP()=in)\n same => n,NoOp(${GROUP_COUNT(in)})\n same => n,Stasis(a)\n"
    pbx, first, clock, _ = begin(conf, apps=["a"])
    second = Thread("c2", "t", "100")
    pbx.start(second)
    assert data(clock) == ["1", "2"]
    pbx.hangup(first, 16)
    assert pbx.get_variable(second, "GROUP_COUNT(in)") == "1"


def test_user_event_and_variables_for_ari() -> None:
    """UserEvent() reaches the host; variables and functions can be read and set from outside."""
    pbx, thread, clock, _ = begin("[t]\nexten => 100,1,UserEvent(call,a:1,b: 2)\n same => n,Stasis(a)\n", apps=["a"])
    assert clock.events == [("call", [("a", "1"), ("b", "2")])]
    pbx.set_variable(thread, "CALLERID(num)", "555")
    assert pbx.get_variable(thread, "CALLERID(num)") == "555"
    assert pbx.get_variable(thread, "NOSUCH") is None


def test_an_ordinary_call_costs_microseconds() -> None:
    """The interpreter's share of an ordinary call is a small part of what the engine may spend on it."""
    host = SilentHost()
    dialplan, _ = load_extensions(Source("[t]\nexten => 100,1,NoOp()\n same => n,Stasis(a)\n same => n,Hangup()\n"))
    pbx = Pbx(dialplan, host)
    best = 1.0
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(1_000):
            pbx.start(Thread("c1", "t", "100"))
        best = min(best, (time.perf_counter() - start) / 1_000)
    assert best < 40e-6


@pytest.mark.parametrize(
    ("arguments", "after_us", "status"),
    [
        ("", 2_500_000, "MACHINE INITIALSILENCE-2500-2500"),
        ("1010", 1_020_000, "MACHINE INITIALSILENCE-1020-1010"),
        (",,,1150", 1_160_000, "NOTSURE TOOLONG-1160"),
        ("x", 20_000, "MACHINE INITIALSILENCE-20-0"),
    ],
)
def test_amd_takes_silence_that_is_sent_for_a_machine(arguments: str, after_us: int, status: str) -> None:
    """Unless all its time is over before; measured with an Asterisk that transmits silence."""
    pbx, thread, clock, _ = begin(f"[t]\nexten => 100,1,Answer()\n same => n,AMD({arguments})\n same => n,Wait(9)\n")
    thread.media_us = 0
    clock.time = 500_000
    assert pbx.resume(thread) == after_us
    clock.time += after_us
    pbx.resume(thread)
    assert dict(clock.variables) == dict(zip(("AMDSTATUS", "AMDCAUSE"), status.split(), strict=True))
    assert thread.application == "Wait"
