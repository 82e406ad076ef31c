"""ReadExten: reads keys as long as they could become an extension of a context, and goes nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import atoi, split_arguments
from stasis_sim.handoff.dialplan.applications.call import answer_first, sound_length
from stasis_sim.handoff.dialplan.functions.channel import timeout_us
from stasis_sim.handoff.dialplan.thread import NEXT, Application

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_SECOND_US: Final = 1_000_000
_STATUS: Final = "READEXTENSTATUS"


class _Reading:
    """One run of ReadExten()."""

    def __init__(self, arguments: Sequence[str], thread: Thread) -> None:
        self.name, self.sound, context, _, seconds = arguments[:5]
        self.context = context or thread.context
        whole = atoi(seconds)
        self.timeout_us = whole * _SECOND_US if whole > 0 else timeout_us(thread, "r")

    def begin(self, pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        """Play the sound, and wait for keys meanwhile and afterwards."""
        if cut_short:
            return self.finish(pbx, thread, True)
        return pbx.wait(thread, sound_length(pbx, self.sound) + self.timeout_us, self.finish, listener=self.listen)

    def listen(self, pbx: Pbx, thread: Thread, digit: str) -> bool:
        """Take a key; True if no other could make an extension of it."""
        thread.digits += digit
        thread.wake = pbx.host.now() + timeout_us(thread, "d")
        return not pbx.dialplan.more(self.context, thread.digits, pbx.host.wall())

    def finish(self, pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        """Say what was read; ``t`` stands for nothing, ``i`` for what is no extension."""
        read, thread.digits = thread.digits, ""
        if cut_short:
            status = "HANGUP"
        elif not read:
            status = "TIMEOUT"
            pbx.set_variable(thread, self.name, "t")
        elif pbx.exists(thread, self.context, read):
            status = "OK"
            pbx.set_variable(thread, self.name, read)
        else:
            status = "INVALID"
            pbx.set_variable(thread, self.name, "i")
            pbx.set_variable(thread, "INVALID_EXTEN", read.removesuffix("#"))
        pbx.set_variable(thread, _STATUS, status)
        return NEXT


def readexten(pbx: Pbx, thread: Thread, data: str) -> int:
    """ReadExten(variable[,sound[,context[,options[,seconds]]]]): keys until they are an extension, or none can be."""
    arguments = [*split_arguments(data, 5), *[""] * 5]
    if not arguments[0]:
        usage = "Usage: ReadExten(variable[,filename[,context[,options[,timeout]]]])"
        pbx.host.log("WARNING", usage if data else "ReadExten requires at least one argument")
        pbx.set_variable(thread, _STATUS, "ERROR")
        return NEXT
    if thread.state != "Up" and "s" in arguments[3]:
        pbx.set_variable(thread, arguments[0], "")
        pbx.set_variable(thread, _STATUS, "SKIP")
        return NEXT
    reading = _Reading(arguments, thread)
    return reading.begin(pbx, thread, False) if "n" in arguments[3] else answer_first(pbx, thread, reading.begin)


READEXTEN_APPLICATIONS: Final[dict[str, Application]] = {"ReadExten": readexten}
