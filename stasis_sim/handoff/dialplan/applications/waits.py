"""Applications that wait for something: Wait, WaitUntil, WaitDigit, WaitForSilence, AMD and their like.

Callers are silent: WaitForSilence() has what it wants, WaitForNoise() does not, and AMD() hears no greeting. No channel
is rung while it is in a dialplan, so that WaitForRing() waits until the end.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import atoi, is_true, scan_float, scan_int, split_arguments
from stasis_sim.handoff.dialplan.applications.call import answer_first, time_length
from stasis_sim.handoff.dialplan.thread import HANGUP, NEXT, Application

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_SECOND_US: Final = 1_000_000
_MILLISECOND_US: Final = 1_000
_SILENCE: Final = "1000"
_INTERVAL: Final = "0.5"
_WHOLE: Final = re.compile(r"\s*\d+")
_FRAME: Final = 20
_PATIENCE: Final = 100
_GREETING: Final = ("2500", "1500", "800", "5000")
"""What AMD() takes where it is not told, in milliseconds, as Asterisk's own amd.conf has it: silence before a greeting,
the greeting, silence after it, and all together."""


def wait(pbx: Pbx, thread: Thread, data: str) -> int:
    """Wait(seconds): fractions and units work; what is no number takes no time."""
    return pbx.wait(thread, time_length(data) or 0)


def wait_until(pbx: Pbx, thread: Thread, data: str) -> int:
    """WaitUntil(epoch): WAITUNTILSTATUS says afterwards what has come of it."""
    seconds = scan_float(data)
    if seconds is None:
        pbx.host.log("WARNING", "WaitUntil called with incorrect argument")
        pbx.set_variable(thread, "WAITUNTILSTATUS", "FAILURE")
        return NEXT
    delay = int(seconds * _SECOND_US) - pbx.host.wall()
    if delay < 0:
        pbx.host.log("NOTICE", f"WaitUntil called in the past (arg {data})")
        pbx.set_variable(thread, "WAITUNTILSTATUS", "PAST")
        return NEXT
    return pbx.wait(thread, delay, _until)


def _until(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
    pbx.set_variable(thread, "WAITUNTILSTATUS", "HANGUP" if cut_short else "OK")
    return HANGUP if cut_short else NEXT


def wait_digit(pbx: Pbx, thread: Thread, data: str) -> int:
    """WaitDigit(seconds[,keys]): WAITDIGITSTATUS says what came, WAITDIGITRESULT which key."""
    text, wanted = [*split_arguments(data, 2), "", ""][:2]
    seconds = scan_float(text)
    if seconds is None or seconds < 0:
        pbx.host.log("ERROR", "Invalid timeout provided")
        pbx.set_variable(thread, "WAITDIGITSTATUS", "ERROR")
        return NEXT

    def hear(_pbx: Pbx, thread: Thread, digit: str) -> bool:
        if wanted and digit not in wanted:
            return False
        thread.digits = digit
        return True

    return pbx.wait(thread, int(seconds * _SECOND_US), _digit_came, listener=hear)


def _digit_came(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
    digit, thread.digits = thread.digits, ""
    if digit:
        pbx.set_variable(thread, "WAITDIGITRESULT", digit)
    pbx.set_variable(thread, "WAITDIGITSTATUS", "DTMF" if digit else "CANCEL" if cut_short else "TIMEOUT")
    return HANGUP if cut_short else NEXT


class _Listening:
    """One run of WaitForSilence() or WaitForNoise()."""

    def __init__(self, length_us: int, times: int, timeout_us: int | None) -> None:
        self.length_us = length_us
        self.times = times
        self.timeout_us = timeout_us

    def silence(self, pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        """The line was silent for long enough, so many times."""
        if cut_short:
            return _hung_up(pbx, thread)
        return self.next_silence(pbx, thread)

    def heard(self, pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        """One stretch of silence is over."""
        if cut_short:
            return _hung_up(pbx, thread)
        pbx.set_variable(thread, "WAITSTATUS", "SILENCE")
        self.times -= 1
        return self.next_silence(pbx, thread) if self.times > 0 else NEXT

    def next_silence(self, pbx: Pbx, thread: Thread) -> int:
        """Wait for the next stretch, unless time is up before."""
        if self.timeout_us is not None and self.timeout_us < self.length_us:
            return pbx.wait(thread, self.timeout_us, _timed_out)
        if self.timeout_us is not None:
            self.timeout_us -= self.length_us
        return pbx.wait(thread, self.length_us, self.heard)

    def noise(self, pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        """Nobody says anything, so that only time ends the wait."""
        if cut_short:
            return _hung_up(pbx, thread)
        return pbx.wait(thread, self.timeout_us, _timed_out)


def wait_for_sound(kind: str, pbx: Pbx, thread: Thread, data: str) -> int:
    """WaitForSilence() and WaitForNoise([milliseconds[,times[,timeout]]]): answers first."""
    length, times, timeout = [*split_arguments(data, 3), "", "", ""][:3]
    if length and not _WHOLE.match(length):
        pbx.host.log("ERROR", f"Argument '{length}' must be an integer greater than or equal to zero.")
        return HANGUP
    listening = _Listening(
        int(length or _SILENCE) * _MILLISECOND_US,
        scan_int(times) or 1,
        (scan_int(timeout) or 0) * _SECOND_US or None,
    )
    return answer_first(pbx, thread, listening.silence if kind == "silence" else listening.noise)


def amd(pbx: Pbx, thread: Thread, data: str) -> int:
    """AMD([silence before a greeting,greeting,silence behind it,all together,...]): listens, and does not answer.

    Where nothing is heard it looks every 100 ms whether all the time is over (recording amd). Silence that is sent, in
    frames of 20 ms, is told to be an answering machine sooner.
    """
    given = [*split_arguments(data, len(_GREETING) + 1), *[""] * len(_GREETING)]
    before, _, _, total = (atoi(text or default) for text, default in zip(given, _GREETING, strict=False))
    if thread.state != "Up" or thread.media_us is None:
        length = _rounded(total, _PATIENCE)
        status, cause = "NOTSURE", f"TOOLONG-{max(0, length - _PATIENCE)}"
    elif total <= before:
        length = max(_FRAME, _rounded(total, _FRAME))
        status, cause = "NOTSURE", f"TOOLONG-{length}"
    else:
        length = max(_FRAME, _rounded(before, _FRAME))
        status, cause = "MACHINE", f"INITIALSILENCE-{length}-{before}"

    def over(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        pbx.set_variable(thread, "AMDSTATUS", "HANGUP" if cut_short else status)
        pbx.set_variable(thread, "AMDCAUSE", "" if cut_short else cause)
        return HANGUP if cut_short else NEXT

    return pbx.wait(thread, length * _MILLISECOND_US, over)


def _rounded(length: int, unit: int) -> int:
    """Return the first multiple of a unit that is no shorter than a length."""
    return -(-length // unit) * unit


def _timed_out(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
    if cut_short:
        return _hung_up(pbx, thread)
    pbx.set_variable(thread, "WAITSTATUS", "TIMEOUT")
    return NEXT


def _hung_up(pbx: Pbx, thread: Thread) -> int:
    pbx.set_variable(thread, "WAITSTATUS", "HANGUP")
    return NEXT


def wait_for_ring(pbx: Pbx, thread: Thread, data: str) -> int:
    """WaitForRing(seconds): no ring comes."""
    if scan_float(data) is None:
        pbx.host.log("WARNING", "WaitForRing requires an argument (minimum seconds)")
        return NEXT
    return pbx.wait(thread, None)


def wait_for_condition(pbx: Pbx, thread: Thread, data: str) -> int:
    """WaitForCondition(sign,condition[,timeout[,interval]]): looks again and again, with $ for the sign."""
    sign, condition, timeout, interval = [*split_arguments(data, 4), "", "", "", ""][:4]
    if len(sign) != 1 or sign not in condition:
        pbx.host.log("ERROR", "No expression detected. Did you forget to replace the $ signs?")
        pbx.set_variable(thread, "WAITFORCONDITIONSTATUS", "FAILURE")
        return NEXT
    limit = scan_float(timeout or "0")
    if limit is None:
        pbx.host.log("WARNING", f"Invalid timeout provided: {timeout}. No timeout set.")
        return HANGUP
    until = pbx.host.now() + int(limit * _SECOND_US) if limit > 0 else None
    pause = max(_MILLISECOND_US, int((scan_float(interval or _INTERVAL) or 0) * _SECOND_US))
    return _look(condition.replace(sign, "$"), until, pause, pbx, thread, False)


def _look(condition: str, until: int | None, pause: int, pbx: Pbx, thread: Thread, cut_short: bool) -> int:  # noqa: PLR0917
    if cut_short or thread.hungup:
        pbx.set_variable(thread, "WAITFORCONDITIONSTATUS", "HANGUP")
        return HANGUP
    if is_true(pbx.substitute(thread, condition)):
        pbx.set_variable(thread, "WAITFORCONDITIONSTATUS", "TRUE")
        return NEXT
    now = pbx.host.now()
    if until is not None and now >= until:
        pbx.set_variable(thread, "WAITFORCONDITIONSTATUS", "TIMEOUT")
        return NEXT
    wait = pause if until is None else min(pause, until - now)
    return pbx.wait(thread, wait, partial(_look, condition, until, pause))


WAIT_APPLICATIONS: Final[dict[str, Application]] = {
    "Wait": wait,
    "WaitUntil": wait_until,
    "WaitDigit": wait_digit,
    "WaitForSilence": partial(wait_for_sound, "silence"),
    "WaitForNoise": partial(wait_for_sound, "noise"),
    "AMD": amd,
    "WaitForRing": wait_for_ring,
    "WaitForCondition": wait_for_condition,
}
