"""Applications of the call itself: Answer, Hangup, Busy, Playback, WaitExten, SendDTMF, Transfer and their like.

What takes time parks the thread. A hangup, or the end of TIMEOUT(absolute), cuts any wait short and ends the call
through ``h``. In ``h`` itself nothing waits: the channel is hung up, so that a wait fails at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import atoi, fold, scan_int, split_arguments, strip
from stasis_sim.handoff.dialplan import digits, endings, keys
from stasis_sim.handoff.dialplan.causes import CONGESTION, NORMAL_CLEARING, USER_BUSY, cause_by_name
from stasis_sim.handoff.dialplan.functions.channel import timeout_us
from stasis_sim.handoff.dialplan.functions.variables import named
from stasis_sim.handoff.dialplan.thread import (
    HANGUP,
    INCOMPLETE,
    JUMP,
    NEXT,
    NO_MEDIA_US,
    SIP,
    Application,
    Continuation,
)

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_EXPLICIT: Final = 32
"""The flag of a hangup that somebody has asked for, which is told as its cause."""

_SECOND_US: Final = 1_000_000
_MILLISECOND_US: Final = 1_000
_INT_MAX: Final = 2_147_483_647
_LENGTH: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))[ \t\n\v\f\r]*(\S{1,9})?")
_KEYS: Final = frozenset("0123456789*#aAbBcCdD")
_BETWEEN_KEYS_US: Final = 250_000
_SHORTEST_KEY_US: Final = 100_000
_UNITS_MS: Final = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}


def time_length(text: str, unit_ms: int = 1_000) -> int | None:
    """Read a length of time (``2``, ``0.5``, ``300ms``, ``1h``) in microseconds; None if it is none."""
    match = _LENGTH.match(text)
    if match is None:
        return None
    if match[2] is not None:
        if fold(match[2]) not in _UNITS_MS:
            return None
        unit_ms = _UNITS_MS[fold(match[2])]
    whole = min(_INT_MAX, int(float(match[1][:40]) * unit_ms))
    return whole * _MILLISECOND_US


def answer(pbx: Pbx, thread: Thread, data: str) -> int:
    """Answer([delay[,i]]): waits for the caller's media, half a second at most, or for the whole delay if longer."""
    arguments = [*split_arguments(data, 2), "", ""]
    if thread.hungup:
        return HANGUP
    if thread.state == "Up":
        return NEXT
    delay = max(0, atoi(arguments[0])) * _MILLISECOND_US
    at_once = arguments[1] == "i" and pbx.rules.answer_immediately
    return answer_first(pbx, thread, _go_on, delay_us=delay, at_once=at_once)


def _go_on(_pbx: Pbx, _thread: Thread, cut_short: bool) -> int:
    return HANGUP if cut_short else NEXT


def answer_first(pbx: Pbx, thread: Thread, then: Continuation, *, delay_us: int = 0, at_once: bool = False) -> int:
    """Answer a channel that is not up, then go on with ``then``; one that was hung up cannot be answered."""
    if thread.state == "Up":
        return then(pbx, thread, False)
    if thread.hungup:
        return then(pbx, thread, True)
    pbx.set_state(thread, "Up")
    media = NO_MEDIA_US if thread.media_us is None else min(thread.media_us, NO_MEDIA_US)
    wait = 0 if at_once else max(delay_us, NO_MEDIA_US) if delay_us else media

    def answered(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        if delay_us:
            keys.put_back(thread)
        return then(pbx, thread, cut_short)

    return pbx.wait(thread, wait, answered, listener=keys.keep if delay_us else keys.begin)


def hangup(pbx: Pbx, thread: Thread, data: str) -> int:
    """Hangup([cause]): a number or a name; without one a cause that is there already stays."""
    cause = 0
    if data:
        cause = cause_by_name(data) or scan_int(data) or 0
        if cause <= 0:
            pbx.host.log("WARNING", f'Invalid cause given to Hangup(): "{data}"')
            cause = 0
    thread.cause = cause or (thread.cause if thread.cause > 0 else NORMAL_CLEARING)
    thread.hungup = True
    return HANGUP


def busy(pbx: Pbx, thread: Thread, data: str) -> int:
    """Busy([seconds]): an answered caller hears the tone that long, or for ever; another is refused at once."""
    return endings.tone(pbx, thread, USER_BUSY, _tone_length(data), _ended)


def congestion(pbx: Pbx, thread: Thread, data: str) -> int:
    """Congestion([seconds]): as Busy."""
    return endings.tone(pbx, thread, CONGESTION, _tone_length(data), _ended)


def _tone_length(data: str) -> int | None:
    length = time_length(data) if data else None
    return length or None


def _ended(_pbx: Pbx, _thread: Thread, _cut_short: bool) -> int:
    return HANGUP


def sound_length(pbx: Pbx, names: str) -> int:
    """Return how long sounds, joined with ``&``, take one after the other."""
    default = pbx.sounds.get("default", 0)
    return sum(pbx.sounds.get(strip(name), default) for name in names.split("&") if strip(name))


def _is_missing(pbx: Pbx, names: str) -> bool:
    """Decide whether one of several sounds is not there (sounds-missing)."""
    return "default" not in pbx.sounds and any(strip(name) not in pbx.sounds for name in names.split("&"))


def playback(pbx: Pbx, thread: Thread, data: str) -> int:
    """Playback(sounds[,options]): answers first unless ``noanswer``; ``skip`` skips an unanswered call."""
    if not data:
        pbx.host.log("WARNING", "Playback requires an argument (filename)")
        return HANGUP
    arguments = [*split_arguments(data, 2), ""]
    options = fold(arguments[1])

    def play(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        if cut_short:
            return _unplayed(pbx, thread, "PLAYBACKSTATUS")
        if thread.hungup or _is_missing(pbx, arguments[0]):
            return _unopened(pbx, thread, "PLAYBACKSTATUS")
        length = sound_length(pbx, arguments[0])
        return pbx.wait(thread, length, _played, listener=keys.ignore)

    if thread.state == "Up" or "noanswer" in options:
        return play(pbx, thread, False)
    if "skip" in options:
        pbx.set_variable(thread, "PLAYBACKSTATUS", "SUCCESS")
        return NEXT
    return answer_first(pbx, thread, play)


def _played(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
    pbx.set_variable(thread, "PLAYBACKSTATUS", "SUCCESS")
    return HANGUP if cut_short else NEXT


def _unplayed(pbx: Pbx, thread: Thread, variable: str) -> int:
    """End the call that could not be answered; no sound has failed (dialplan_more:hh-sounds)."""
    pbx.set_variable(thread, variable, "SUCCESS")
    return HANGUP


def _unopened(pbx: Pbx, thread: Thread, variable: str) -> int:
    """Go on without the sounds: none begins on a channel that is up and was hung up (dialplan_more:hh-sounds)."""
    pbx.set_variable(thread, variable, "FAILED")
    return NEXT


def background(pbx: Pbx, thread: Thread, data: str) -> int:
    """Background(sounds[,options]): like Playback, but a key ends it and begins an extension."""
    if not data:
        pbx.host.log("WARNING", "Background requires an argument (filename)")
        return HANGUP
    arguments = [*split_arguments(data, 4), ""]
    options = fold(arguments[1])

    def play(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        if cut_short:
            return _unplayed(pbx, thread, "BACKGROUNDSTATUS")
        if thread.hungup or _is_missing(pbx, arguments[0]):
            return _unopened(pbx, thread, "BACKGROUNDSTATUS")
        return pbx.wait(thread, sound_length(pbx, arguments[0]), _background_over, listener=keys.hear)

    if thread.state == "Up" or options in {"noanswer", "n"}:
        return play(pbx, thread, False)
    if options in {"skip", "s"}:
        pbx.set_variable(thread, "BACKGROUNDSTATUS", "SUCCESS")
        return NEXT
    return answer_first(pbx, thread, play)


def _background_over(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
    pbx.set_variable(thread, "BACKGROUNDSTATUS", "SUCCESS")
    if cut_short:
        return HANGUP
    result = digits.first_key(pbx, thread)
    return NEXT if result is None else result


def control_playback(pbx: Pbx, thread: Thread, data: str) -> int:
    """ControlPlayback(sound[,skip[,forward[,rewind[,stop]]]]): of the keys those that stop count."""
    arguments = [*split_arguments(data, 9), *[""] * 5]
    if not arguments[0]:
        pbx.host.log("WARNING", "ControlPlayback requires an argument (filename)")
        return HANGUP
    stops, begun = arguments[4], pbx.host.now()

    def hear(_pbx: Pbx, thread: Thread, digit: str) -> bool:
        thread.digits = digit if digit in stops else ""
        return digit in stops

    def over(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        key, thread.digits = thread.digits, ""
        pbx.set_variable(thread, "CPLAYBACKSTATUS", "USERSTOPPED" if key else "ERROR" if cut_short else "SUCCESS")
        if key:
            pbx.set_variable(thread, "CPLAYBACKSTOPKEY", key)
        played = (pbx.host.now() - begun) // _MILLISECOND_US if key or cut_short else -1
        pbx.set_variable(thread, "CPLAYBACKOFFSET", str(played))
        return NEXT

    return pbx.wait(thread, sound_length(pbx, arguments[0]), over, listener=hear)


def waitexten(pbx: Pbx, thread: Thread, data: str) -> int:
    """WaitExten([seconds]): then the next priority if there is one, else ``t``, else ``e``, else the end."""
    arguments = [*split_arguments(data, 2), ""]
    delay = time_length(arguments[0]) or timeout_us(thread, "r")
    return pbx.wait(thread, delay, _waitexten_over, listener=keys.hear)


def _waitexten_over(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
    if cut_short:
        return HANGUP
    result = digits.first_key(pbx, thread)
    if result is not None:
        return result
    if pbx.exists(thread, thread.context, thread.exten, thread.priority + 1):
        return NEXT
    return digits.give_up(pbx, thread)


class _Reading:
    """One run of Read()."""

    def __init__(self, arguments: Sequence[str], timeout_us: int) -> None:
        self.name, self.sounds, limit, _, attempts = arguments[:5]
        self.limit = atoi(limit) or 255
        self.attempts = max(1, atoi(attempts))
        self.timeout_us = timeout_us

    def prompt(self, pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        """Play the sounds, and wait for keys meanwhile and afterwards."""
        if cut_short:
            # Nobody has answered, so that nothing is read: the variable stays as it is.
            pbx.set_variable(thread, "READSTATUS", "HANGUP")
            return NEXT
        length = sound_length(pbx, self.sounds) + self.timeout_us
        return pbx.wait(thread, length, self.finish, listener=self.listen)

    def listen(self, pbx: Pbx, thread: Thread, digit: str) -> bool:
        """Take a key; True if it is the last."""
        thread.digits += digit
        thread.wake = pbx.host.now() + self.timeout_us
        return digit == "#" or len(thread.digits) >= self.limit

    def finish(self, pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        """End an attempt: hand over the keys, or try again where there were none."""
        heard = thread.digits.partition("#")[0][: self.limit]
        thread.digits = ""
        pbx.set_variable(thread, self.name, heard)
        self.attempts -= 1
        if self.attempts and not heard and not cut_short:
            return self.prompt(pbx, thread, False)
        pbx.set_variable(thread, "READSTATUS", "HANGUP" if cut_short or thread.hungup else "OK" if heard else "TIMEOUT")
        return NEXT


def read(pbx: Pbx, thread: Thread, data: str) -> int:
    """Read(variable,sounds,digits,options,attempts,timeout): keys until ``#``, the number of digits, or the timeout."""
    pbx.set_variable(thread, "READSTATUS", "ERROR")
    arguments = [*split_arguments(data, 6), *[""] * 6]
    if not arguments[0]:
        pbx.host.log("WARNING", "Invalid! Usage: Read(variable[,filename][,maxdigits][,option][,attempts][,timeout])")
        return NEXT
    reading = _Reading(arguments, time_length(arguments[5]) or timeout_us(thread, "r"))
    if thread.state != "Up" and "s" in arguments[3]:
        pbx.set_variable(thread, arguments[0], "")
        pbx.set_variable(thread, "READSTATUS", "SKIPPED")
        return NEXT
    if "n" in arguments[3]:
        return reading.prompt(pbx, thread, False)
    return answer_first(pbx, thread, reading.prompt)


def music_on_hold(pbx: Pbx, thread: Thread, data: str) -> int:
    """MusicOnHold([class[,seconds]]): for ever without seconds; not where there are no sounds (sounds-missing)."""
    if not pbx.sounds:
        return NEXT
    arguments = [*split_arguments(data, 2), ""]
    return pbx.wait(thread, time_length(arguments[1]) if len(arguments) > 2 else None)  # noqa: PLR2004 - one was added


def echo(pbx: Pbx, thread: Thread, _data: str) -> int:
    """Echo(): until the caller presses ``#`` or hangs up."""
    return pbx.wait(thread, None, listener=keys.until_pound)


def milliwatt(pbx: Pbx, thread: Thread, _data: str) -> int:
    """Milliwatt(): a tone for ever."""
    return pbx.wait(thread, None, listener=keys.ignore)


def send_dtmf(pbx: Pbx, thread: Thread, data: str) -> int:
    """SendDTMF(keys[,between[,duration[,channel]]]): nobody but the caller hears them, but they take their time."""
    arguments = [*split_arguments(data, 4), "", "", "", ""]
    if not arguments[0]:
        pbx.host.log("WARNING", "SendDTMF requires an argument")
        return NEXT
    if arguments[3] and named(pbx, thread, arguments[3]) is None:
        pbx.host.log("WARNING", f"No such channel: {arguments[3]}")
        return NEXT
    between = time_length(arguments[1], 1) or _BETWEEN_KEYS_US
    duration = max(_SHORTEST_KEY_US, time_length(arguments[2], 1) or 0)
    length = _SHORTEST_KEY_US
    for sign in arguments[0]:
        if sign in _KEYS:
            length += between + duration
        elif sign in keys.PAUSES_US:
            length += keys.PAUSES_US[sign]
        else:
            pbx.host.log("WARNING", f"Illegal DTMF character '{sign}' in string. (0-9*#aAbBcCdD allowed)")
    return pbx.wait(thread, length)


def transfer(pbx: Pbx, thread: Thread, data: str) -> int:
    """Transfer([technology/]destination): Local channels cannot, and a SIP phone refuses."""
    technology, slash, _ = data.partition("/")
    own = "pjsip" if thread.kind == SIP else "local"
    if not data:
        pbx.host.log("WARNING", "Transfer requires an argument ([Tech/]destination)")
    strange = slash and technology and fold(technology) != own
    status = "FAILURE" if not data or strange or thread.kind == SIP else "UNSUPPORTED"
    pbx.set_variable(thread, "TRANSFERSTATUS", status)
    pbx.set_variable(thread, "TRANSFERSTATUSPROTOCOL", "0")
    return NEXT


def soft_hangup(pbx: Pbx, thread: Thread, data: str) -> int:
    """SoftHangup(channel[,a]): ends its own channel; of others the model ends none."""
    arguments = [*split_arguments(data, 2), "", ""]
    if not arguments[0]:
        pbx.host.log("WARNING", "SoftHangup requires an argument (Technology/resource)")
        return NEXT
    name = thread.name.rpartition("-")[0] if "a" in arguments[1] else thread.name
    if fold(name) == fold(arguments[0]) and not thread.hungup:
        pbx.host.hangup_request(thread, _EXPLICIT)
        thread.hungup = True
    return NEXT


def raise_exception(pbx: Pbx, thread: Thread, data: str) -> int:
    """RaiseException(reason): goes to ``e``."""
    pbx.exception(thread, data)
    return JUMP


def incomplete(pbx: Pbx, thread: Thread, data: str) -> int:
    """Incomplete([n]): more keys are collected after what was dialled, unless whoever runs it goes on (TryExec)."""
    return INCOMPLETE if "n" in data else answer_first(pbx, thread, _incomplete)


def _incomplete(_pbx: Pbx, _thread: Thread, _cut_short: bool) -> int:
    return INCOMPLETE


CALL_APPLICATIONS: Final[dict[str, Application]] = {
    "Answer": answer,
    "Hangup": hangup,
    "Busy": busy,
    "Congestion": congestion,
    "Playback": playback,
    "BackGround": background,
    "ControlPlayback": control_playback,
    "WaitExten": waitexten,
    "Read": read,
    "MusicOnHold": music_on_hold,
    "Echo": echo,
    "Milliwatt": milliwatt,
    "SendDTMF": send_dtmf,
    "Transfer": transfer,
    "SoftHangup": soft_hangup,
    "RaiseException": raise_exception,
    "Incomplete": incomplete,
}
