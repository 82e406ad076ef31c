"""Dial, Queue, VoiceMail, ConfBridge and BridgeWait: simple models of what this simulator is not about.

- ``Dial(Local/exten@context)`` runs that extension on a channel of its own, in the same dialplan, with the inherited
  variables; it cannot enter Stasis there. The first to answer is bridged until it hangs up or the caller does.
- Other technologies have no endpoints here: DIALSTATUS=CHANUNAVAIL, HANGUPCAUSE 3 for PJSIP (no such endpoint), 66 for
  a technology that is not loaded.
- Of the options ``c``, ``f``, ``g``, ``G``, ``L``, ``r`` and ``S`` count.
- Queue() has no members: QUEUESTATUS=JOINEMPTY at once, as with joinempty=no. VoiceMail() answers, takes the time of
  the sound ``voicemail`` (or the default) and sets VMSTATUS=SUCCESS. In a ConfBridge() or BridgeWait() nobody is met.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import atoi, scan_float, split_arguments
from stasis_sim.handoff.dialplan import keys
from stasis_sim.handoff.dialplan.applications.call import answer_first, sound_length
from stasis_sim.handoff.dialplan.causes import (
    ANSWERED_ELSEWHERE,
    CHAN_NOT_IMPLEMENTED,
    CONGESTION,
    NO_ROUTE_DESTINATION,
    NORMAL_CLEARING,
    USER_BUSY,
)
from stasis_sim.handoff.dialplan.functions.caller import split_caller
from stasis_sim.handoff.dialplan.places import parse_place
from stasis_sim.handoff.dialplan.thread import HANGUP, JUMP, NEXT, Application, Host, LoopError, SilentHost, Thread

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx

_RESET: Final = (
    "DIALSTATUS",
    "DIALEDPEERNUMBER",
    "DIALEDPEERNAME",
    "ANSWEREDTIME",
    "ANSWEREDTIME_MS",
    "DIALEDTIME",
    "DIALEDTIME_MS",
    "RINGTIME",
    "RINGTIME_MS",
    "PROGRESSTIME",
    "PROGRESSTIME_MS",
)
_QUEUE_RESET: Final = ("ANSWEREDTIME", "ANSWEREDTIME_MS", "DIALEDTIME", "DIALEDTIME_MS", "QUEUEWAIT", "QUEUEWAIT_MS")
_QUIET_CAUSES: Final = frozenset({16, 19})
_CALLEES: Final = 1_000
_SECOND_US: Final = 1_000_000
_MILLISECOND_US: Final = 1_000
_SIGN_TIMES: Final = {"RINGING": "RINGTIME", "PROGRESS": "PROGRESSTIME"}
_OPTION: Final = re.compile(r"(\w)(?:\(([^)]*)\))?")


class _CalleeHost(SilentHost):
    """What a dialled channel's own dialplan does, as its caller hears it."""

    def __init__(self, outer: Host) -> None:
        self.outer = outer
        # All channels dialled below one caller share a count: those that dial twice each would never end.
        self.count: list[int] = outer.count if isinstance(outer, _CalleeHost) else [0]
        self.answered = False
        self.refused = 0
        self.signs: list[str] = []

    def now(self) -> int:
        return self.outer.now()

    def wall(self) -> int:
        return self.outer.wall()

    def log(self, level: str, text: str) -> None:
        self.outer.log(level, text)

    def threads(self) -> Iterable[Thread]:
        return self.outer.threads()

    def new_pair(self) -> int:
        return self.outer.new_pair()

    def signal(self, thread: Thread, sign: str) -> None:  # noqa: ARG002 - as the protocol says
        self.signs.append(sign)

    def state(self, thread: Thread, state: str) -> None:
        if state == "Up":
            self.answered = True
        elif state == "Busy":
            self.refused = thread.cause


class _Callee:
    """A dialled Local channel."""

    def __init__(self, pbx: Pbx, caller: Thread, resource: str, caller_id: tuple[str, str]) -> None:
        exten, context = _address(resource)
        number = pbx.host.new_pair()
        self.host = _CalleeHost(pbx.host)
        self.host.count[0] += 1
        if self.host.count[0] > _CALLEES:
            place = (caller.context, caller.exten, caller.priority, caller.application, caller.data)
            raise LoopError(caller.channel, [place])
        self.pbx = pbx.beside(self.host)
        self.number = resource
        name = f"Local/{exten}@{context}-{number:08x};2"
        self.thread = Thread(
            f"{caller.channel}/{number}",
            context,
            exten,
            variables={},
            caller_name=caller_id[0],
            caller_number=caller_id[1],
            name=name,
        )
        self.thread.extras["CHANNEL(max_forwards)"] = str(_forwards(caller) - 1)
        for plain, prefix in caller.prefixes.items():
            self.thread.variables[plain] = caller.variables.get(plain, "")
            if prefix.startswith("__"):
                self.thread.prefixes[plain] = prefix
        self.wait = self.pbx.start(self.thread)
        self.due = self._due()

    def _due(self) -> int | None:
        return None if self.wait is None else self.host.now() + self.wait

    def run(self) -> None:
        """Go on if it is time."""
        if self.due is not None and self.host.now() >= self.due:
            self.wait = self.pbx.resume(self.thread)
            self.due = self._due()

    def drop(self) -> None:
        """Hang it up."""
        if not self.thread.ended:
            self.pbx.hangup(self.thread)


class _Dialling:
    """One run of Dial()."""

    def __init__(self, caller: Thread, options: Mapping[str, str], begun: int, timeout_us: int | None) -> None:
        self.caller = caller
        self.goes_on = "g" in options
        # What a callee's cause is until its own end gives it another; the caller's becomes what the callee's is.
        self.no_cause = ANSWERED_ELSEWHERE if "c" in options else 0
        self.limit_us = _limit_us(options)
        # Option f says with which caller id is dialled, and G where the caller goes on once somebody has answered.
        own = (caller.caller_name, caller.caller_number)
        self.caller_id = split_caller(options["f"]) if options.get("f") else own
        self.elsewhere = options.get("G", "").replace("^", ",")
        self.begun = begun
        self.until = None if timeout_us is None else begun + timeout_us
        self.callees: list[_Callee] = []
        self.busy = self.congested = self.unavailable = 0
        self.tried = 0
        self.told: list[str] = []
        self.answered_at: int | None = None

    def go_on(self, pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        """See what has become of the callees; wait again, or end."""
        if cut_short:
            return self.cancel(pbx, thread)
        for callee in self.callees:
            callee.run()
            self.pass_on(pbx, thread, callee)
        if self.answered_at is None:
            self.sort_out(thread)
        if self.answered_at is None:
            winner = next((callee for callee in self.callees if callee.host.answered), None)
            if winner is not None:
                self.bridge(pbx, thread, winner)
                if self.elsewhere:
                    return self.go_elsewhere(pbx, thread, winner)
            elif not self.callees or (self.until is not None and pbx.host.now() >= self.until):
                return self.fail(pbx, thread)
        elif self.callees[0].thread.ended:
            return self.finish(pbx, thread, self.answered_at)
        elif self.limit_us is not None and pbx.host.now() >= self.answered_at + self.limit_us:
            self.callees[0].drop()
            return self.finish(pbx, thread, self.answered_at)
        return self.pause(pbx, thread)

    def pass_on(self, pbx: Pbx, thread: Thread, callee: _Callee) -> None:
        """Tell the caller of what a callee has told: of ringing and progress the first times are kept."""
        for sign in callee.host.signs:
            pbx.host.signal(thread, sign)
            name = _SIGN_TIMES.get(sign)
            if name is not None and name not in self.told:
                self.told.append(name)
                _set_time(pbx, thread, name, pbx.host.now() - self.begun)
        callee.host.signs.clear()

    def pause(self, pbx: Pbx, thread: Thread) -> int:
        """Wait for the next callee that has something to do, or for the timeout."""
        due = [callee.due for callee in self.callees if callee.due is not None]
        if self.answered_at is None:
            due += [] if self.until is None else [self.until]
        elif self.limit_us is not None:
            due.append(self.answered_at + self.limit_us)
        return pbx.wait(thread, max(1, min(due) - pbx.host.now()) if due else None, self.go_on)

    def sort_out(self, thread: Thread) -> None:
        """Count and drop the callees that will not answer."""
        for callee in self.callees:
            if callee.host.refused and not callee.host.answered:
                thread.cause = self.no_cause
                self.count(callee.host.refused)
            elif callee.thread.ended and not callee.host.answered:
                thread.cause = callee.thread.cause or self.no_cause
                self.count(callee.thread.cause)
            else:
                continue
            callee.drop()
        self.callees = [
            callee
            for callee in self.callees
            if callee.host.answered or not (callee.host.refused or callee.thread.ended)
        ]

    def count(self, cause: int) -> None:
        """Sort a failure by its cause; some causes say nothing."""
        if cause == USER_BUSY:
            self.busy += 1
        elif cause == CONGESTION:
            self.congested += 1
        elif cause not in _QUIET_CAUSES:
            self.unavailable += 1

    def bridge(self, pbx: Pbx, thread: Thread, winner: _Callee) -> None:
        """Connect the caller with who answered first, and drop the others."""
        for callee in self.callees:
            if callee is not winner:
                callee.drop()
        self.callees = [winner]
        self.answered_at = pbx.host.now()
        peer = winner.thread.name.replace(";2", ";1")
        pbx.set_variable(thread, "DIALSTATUS", "ANSWER")
        pbx.set_variable(thread, "DIALEDPEERNAME", peer)
        pbx.set_variable(thread, "DIALEDPEERNUMBER", winner.number)
        if not self.elsewhere:
            pbx.set_state(thread, "Up")
            pbx.set_variable(thread, "BRIDGEPEER", peer)

    def go_elsewhere(self, pbx: Pbx, thread: Thread, winner: _Callee) -> int:
        """Send the caller, who is not answered by that, where option G says (dial-around).

        The callee, who goes to the step behind it, is out of sight.
        """
        winner.drop()
        place = parse_place(pbx, thread, self.elsewhere)
        if place is None:
            return HANGUP
        thread.cause = NORMAL_CLEARING
        thread.context, thread.exten, thread.priority = place
        return JUMP

    def finish(self, pbx: Pbx, thread: Thread, answered_at: int) -> int:
        """End an answered call: the caller is hung up unless the option ``g`` says otherwise."""
        pbx.set_variable(thread, "BRIDGEPEER", "")
        now = pbx.host.now()
        for name, begun in (("ANSWEREDTIME", answered_at), ("DIALEDTIME", self.begun)):
            _set_time(pbx, thread, name, now - begun)
        pbx.set_variable(thread, "DIALSTATUS", "ANSWER")
        callee = self.callees[0].thread
        thread.cause = callee.cause if callee.ended and callee.cause and pbx.rules.callee_cause else NORMAL_CLEARING
        return NEXT if self.goes_on and not thread.hungup else HANGUP

    def fail(self, pbx: Pbx, thread: Thread) -> int:
        """Nobody answered: say why, and go on."""
        for callee in self.callees:
            callee.drop()
        status = "NOANSWER"
        if not self.callees and self.tried == self.busy + self.congested + self.unavailable:
            status = "BUSY" if self.busy else "CONGESTION" if self.congested else "CHANUNAVAIL"
        pbx.set_variable(thread, "DIALSTATUS", status)
        return NEXT

    def cancel(self, pbx: Pbx, thread: Thread) -> int:
        """The caller hung up."""
        if self.answered_at is None:
            pbx.set_variable(thread, "DIALSTATUS", "CANCEL")
            result = HANGUP
        else:
            result = self.finish(pbx, thread, self.answered_at)
        for callee in self.callees:
            callee.drop()
        return result


def dial(pbx: Pbx, thread: Thread, data: str) -> int:
    """Dial(technology/resource[&...][,timeout[,options]])."""
    for name in _RESET:
        pbx.set_variable(thread, name, "")
    if thread.hungup:
        pbx.set_variable(thread, "DIALSTATUS", "CANCEL")
        return HANGUP
    if _forwards(thread) <= 0:
        pbx.host.log("WARNING", f"Cannot place outbound call from channel '{thread.name}'. Max forwards exceeded")
        pbx.set_variable(thread, "DIALSTATUS", "BUSY")
        return HANGUP
    arguments = [*split_arguments(data, 4), "", "", ""]
    options = dict(_OPTION.findall(arguments[2]))
    if options.get("S") and not atoi(options["S"]):
        pbx.host.log("WARNING", f"Dial does not accept S({options['S']})")
        pbx.set_variable(thread, "DIALSTATUS", "INVALIDARGS")
        return HANGUP
    if options.get("L") and not atoi(options["L"]):
        return HANGUP
    if "r" in options:
        pbx.host.signal(thread, "RINGING")
    dialling = _Dialling(thread, options, pbx.host.now(), _timeout_us(pbx, arguments[1]))
    for destination in filter(None, arguments[0].split("&")):
        technology, _, resource = destination.partition("/")
        if not resource:
            pbx.host.log("WARNING", "Dial argument takes format (technology/resource)")
            pbx.set_variable(thread, "DIALSTATUS", "INVALIDARGS")
            return HANGUP
        dialling.tried += 1
        _call(pbx, thread, dialling, technology, resource)
    return dialling.go_on(pbx, thread, False)


def _timeout_us(pbx: Pbx, text: str) -> int | None:
    """Return how long is dialled; what is no number, or none above 0, sets no limit (dialplan_more:dial-timeout)."""
    seconds = atoi(text) if pbx.rules.whole_dial_timeout else scan_float(text) or 0
    return int(seconds * 1_000) * _MILLISECOND_US if 0 < seconds < math.inf else None


def _limit_us(options: Mapping[str, str]) -> int | None:
    """Return how long an answered call lasts at most: ``S(seconds)``, or ``L(milliseconds[:...])``."""
    limits = [atoi(options.get("S", "")) * _SECOND_US, atoi(options.get("L", "")) * _MILLISECOND_US]
    return min((limit for limit in limits if limit > 0), default=None)


def _call(pbx: Pbx, thread: Thread, dialling: _Dialling, technology: str, resource: str) -> None:
    if technology.lower() == "local":
        exten, context = _address(resource)
        if pbx.exists(None, context, exten):
            callee = _Callee(pbx, thread, resource, dialling.caller_id)
            dialling.callees.append(callee)
            return
        pbx.host.log("NOTICE", f"No such extension/context {exten}@{context} while calling Local channel")
        thread.cause = dialling.no_cause or thread.cause
        dialling.unavailable += 1
        return
    thread.cause = NO_ROUTE_DESTINATION if technology.lower() == "pjsip" else CHAN_NOT_IMPLEMENTED
    pbx.host.log("NOTICE", f"Unable to create channel of type '{technology}' (cause {thread.cause})")
    dialling.unavailable += 1


def _set_time(pbx: Pbx, thread: Thread, name: str, length_us: int) -> None:
    pbx.set_variable(thread, name, str(length_us // _SECOND_US))
    pbx.set_variable(thread, f"{name}_MS", str(length_us // _MILLISECOND_US))


def _forwards(thread: Thread) -> int:
    """Return how many more channels may dial one after the other from here on."""
    return atoi(thread.extras.get("CHANNEL(max_forwards)", "20"))


def _address(resource: str) -> tuple[str, str]:
    """Read ``exten@context/options``."""
    exten, _, context = resource.partition("/")[0].partition("@")
    return exten, context or "default"


def queue(pbx: Pbx, thread: Thread, data: str) -> int:
    """Queue(name,...): nobody is there to take the call."""
    for name in _QUEUE_RESET if pbx.rules.queue_times else ():
        pbx.set_variable(thread, name, "")
    if not data:
        pbx.host.log("WARNING", "Queue requires an argument: queuename[,options[,URL[,announceoverride[,timeout]]]]")
        return HANGUP
    pbx.set_variable(thread, "QUEUESTATUS", "JOINEMPTY")
    return NEXT


def voicemail(pbx: Pbx, thread: Thread, _data: str) -> int:
    """VoiceMail(box[,options]): answers, and takes a message."""

    def message(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        return HANGUP if cut_short else pbx.wait(thread, sound_length(pbx, "voicemail"), taken)

    def taken(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        pbx.set_variable(thread, "VMSTATUS", "SUCCESS")
        return HANGUP if cut_short else NEXT

    return answer_first(pbx, thread, message)


def confbridge(pbx: Pbx, thread: Thread, data: str) -> int:
    """ConfBridge(conference,...): answers, and nobody there says anything until the caller hangs up."""
    if not data:
        pbx.host.log("WARNING", "ConfBridge requires an argument (conference name[,options])")
        pbx.set_variable(thread, "CONFBRIDGE_RESULT", "FAILED")
        return HANGUP

    def join(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        return HANGUP if cut_short else pbx.wait(thread, None, left, listener=keys.ignore)

    def left(pbx: Pbx, thread: Thread, _cut_short: bool) -> int:
        thread.cause = thread.cause or NORMAL_CLEARING
        pbx.set_variable(thread, "CONFBRIDGE_RESULT", "HANGUP")
        return NEXT

    return answer_first(pbx, thread, join)


def bridgewait(pbx: Pbx, thread: Thread, data: str) -> int:
    """BridgeWait([name[,role[,options]]]): answers and waits until the caller hangs up, or for ``S(seconds)``."""
    options = dict(_OPTION.findall([*split_arguments(data, 3), "", "", ""][2]))
    limit = _limit_us({"S": options.get("S", "")})

    def join(pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        return HANGUP if cut_short else pbx.wait(thread, limit, left, listener=keys.ignore)

    def left(_pbx: Pbx, thread: Thread, cut_short: bool) -> int:
        thread.cause = thread.cause or (NORMAL_CLEARING if cut_short else 0)
        return HANGUP if cut_short else NEXT

    return answer_first(pbx, thread, join)


DIAL_APPLICATIONS: Final[dict[str, Application]] = {
    "Dial": dial,
    "Queue": queue,
    "VoiceMail": voicemail,
    "ConfBridge": confbridge,
    "BridgeWait": bridgewait,
}
