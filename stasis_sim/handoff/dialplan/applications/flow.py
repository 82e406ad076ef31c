"""Applications that jump or run others: Goto, Gosub, While, ExecIf, Exec and their like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import is_true, scan_int, split_arguments
from stasis_sim.handoff.dialplan import blocks, subroutines
from stasis_sim.handoff.dialplan.functions.variables import named
from stasis_sim.handoff.dialplan.places import parse_place
from stasis_sim.handoff.dialplan.thread import HANGUP, JUMP, NEXT, PARK, Application, Frame
from stasis_sim.handoff.dialplan.timing import parse_time

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_GOSUB_ARGUMENTS: Final = 100
_SECOND_US: Final = 1_000_000
_CALL: Final = re.compile(r"([^(]*)(?:\((.*))?\Z", re.DOTALL)


def goto(pbx: Pbx, thread: Thread, data: str) -> int:
    """Goto([[context,]extension,]priority|label)."""
    if not data:
        pbx.host.log("WARNING", "Goto requires an argument ([[context,]extension,]priority)")
        return HANGUP
    place = parse_place(pbx, thread, data)
    if place is None:
        return HANGUP
    thread.context, thread.exten, thread.priority = place
    return JUMP


def channel_redirect(pbx: Pbx, thread: Thread, data: str) -> int:
    """ChannelRedirect(channel,[[context,]extension,]priority): of all channels the model moves its own alone."""
    channel, _, text = data.partition(",")
    if not channel or not text:
        pbx.host.log("WARNING", "ChannelRedirect requires an argument (channel,[[context,]exten,]priority)")
        return HANGUP
    other = named(pbx, thread, channel)
    if other is None:
        pbx.host.log("WARNING", f"No such channel: {channel}")
        pbx.set_variable(thread, "CHANNELREDIRECT_STATUS", "NOCHANNEL")
        return NEXT
    place = parse_place(pbx, other, text)
    pbx.set_variable(thread, "CHANNELREDIRECT_STATUS", "FAILED" if place is None else "SUCCESS")
    if place is None or other is not thread:
        return NEXT
    thread.context, thread.exten, thread.priority = place
    return JUMP


def gotoif(pbx: Pbx, thread: Thread, data: str) -> int:
    """GotoIf(condition?place:place); a branch that is not there means going on."""
    if not data:
        pbx.host.log("WARNING", "Ignoring, since there is no variable to check")
        return NEXT
    condition, _, branches = data.partition("?")
    yes, _, no = branches.partition(":")
    branch = yes if is_true(condition) else no
    return goto(pbx, thread, branch) if branch else NEXT


def gotoiftime(pbx: Pbx, thread: Thread, data: str) -> int:
    """GotoIfTime(condition?place:place); TESTTIME replaces the clock."""
    if not data:
        pbx.host.log("WARNING", "GotoIfTime requires an argument")
        return HANGUP
    wall = pbx.host.wall()
    test = pbx.get_variable(thread, "TESTTIME")
    if test is not None:
        seconds = scan_int(test)
        if seconds is not None:
            wall = seconds * _SECOND_US
        else:
            pbx.host.log("WARNING", "Using current time to evaluate")
            pbx.set_variable(thread, "TESTTIME", None)
    condition, _, branches = data.partition("?")
    yes, _, no = branches.partition(":")
    branch = yes if _time_holds(pbx, condition, wall) else no
    return goto(pbx, thread, branch) if branch else NEXT


def _time_holds(pbx: Pbx, text: str, wall_us: int) -> bool:
    if not text:
        return False
    condition, warnings = parse_time(text)
    for warning in warnings:
        pbx.host.log("WARNING", warning)
    return condition.holds(wall_us)


def execiftime(pbx: Pbx, thread: Thread, data: str) -> int:
    """ExecIfTime(condition?application(arguments))."""
    condition, question, call = data.partition("?")
    if not question or not condition:
        pbx.host.log("WARNING", "ExecIfTime requires an argument")
        return HANGUP
    if not _time_holds(pbx, condition, pbx.host.wall()):
        return NEXT
    name, arguments = _split_call(call)
    if pbx.application(name) is None:
        pbx.host.log("WARNING", f"Could not find application ({name})")
        return HANGUP
    return pbx.run_inside(thread, name, arguments)


def _split_call(text: str) -> tuple[str, str]:
    """Take ``name(arguments)`` apart; the last closing bracket ends it."""
    match = _CALL.match(text)
    if match is None or match[2] is None:
        return text, ""
    arguments, bracket, _ = match[2].rpartition(")")
    return match[1], arguments if bracket else match[2]


def execif(pbx: Pbx, thread: Thread, data: str) -> int:
    """ExecIf(condition?application(arguments):application(arguments)); an unknown application ends the call."""
    question, comma = data.find("?"), data.find(",")
    if question < 0 or -1 < comma < question:
        parts = [*split_arguments(data, 3), "", "", ""]
        condition, branches = parts[0], [(parts[1], parts[2]), ("", "")]
        pbx.host.log(
            "WARNING", f"Deprecated syntax found.  Please upgrade to using ExecIf(<expr>?{parts[1]}({parts[2]}))"
        )
    else:
        halves = split_arguments(data, 2, delimiter="?", raw=True)
        if len(halves) < 2 or not halves[1]:  # noqa: PLR2004 - condition and branches
            pbx.host.log("ERROR", "Usage: ExecIf(<expr>?<appiftrue>(<args>)[:<appiffalse>(<args)])")
            return HANGUP
        condition = halves[0]
        branches = [_split_call(branch) for branch in [*split_arguments(halves[1], 2, delimiter=":", raw=True), ""][:2]]
    holds = is_true(condition)
    name, arguments = branches[0 if holds else 1]
    if not name and not holds:
        return NEXT
    if pbx.application(name) is None:
        pbx.host.log("WARNING", f"Could not find application! ({name})")
        return HANGUP
    return pbx.run_inside(thread, name, arguments)


def exec_(pbx: Pbx, thread: Thread, data: str) -> int:
    """Exec(application(arguments)); the arguments are substituted once more."""
    if not data:
        return NEXT
    name, arguments = _split_call(data)
    if pbx.application(name) is None:
        pbx.host.log("WARNING", f"Could not find application ({name})")
        return HANGUP
    return pbx.run_inside(thread, name, pbx.substitute(thread, arguments))


def tryexec(pbx: Pbx, thread: Thread, data: str) -> int:
    """TryExec(application(arguments)): goes on whatever comes of it, and says in TRYSTATUS what did."""
    if not data:
        return NEXT
    name, arguments = _split_call(data)
    if pbx.application(name) is None:
        pbx.host.log("WARNING", f"Could not find application ({name})")
        pbx.set_variable(thread, "TRYSTATUS", "NOAPP")
        return NEXT
    result = pbx.run_inside(thread, name, pbx.substitute(thread, arguments))
    if result == PARK:
        thread.outer.append(_tried)
        return PARK
    return _tried(pbx, thread, result)


def _tried(pbx: Pbx, thread: Thread, result: int) -> int:
    jumped = result == JUMP
    thread.priority -= jumped
    pbx.set_variable(thread, "TRYSTATUS", "SUCCESS" if result in {NEXT, JUMP} else "FAILED")
    thread.priority += jumped
    return JUMP if jumped else NEXT


def gosub(pbx: Pbx, thread: Thread, data: str, *, special: bool = False) -> int:
    """Gosub([[context,]extension,]priority[(arguments)]); arguments keep their quotes."""
    if not data:
        pbx.host.log("ERROR", "Gosub requires an argument: Gosub([[context,]exten,]priority[(arg1[,...][,argN])])")
        return HANGUP
    target, bracket, rest = data.partition("(")
    arguments: list[str] = []
    if bracket:
        inside, closing, _ = rest.rpartition(")")
        if not closing:
            pbx.host.log("WARNING", f"Ouch.  No closing paren: '{data}'?")
            inside = rest
        arguments = split_arguments(inside, _GOSUB_ARGUMENTS, raw=True)
    place = parse_place(pbx, thread, target) if target else None
    if place is None:
        pbx.host.log("ERROR", f"Gosub address is invalid: '{data}'")
        return HANGUP
    origin = f"{thread.context},{thread.exten},{thread.priority}"
    if not pbx.exists(thread, *place):
        where = ",".join(map(str, place))
        pbx.host.log("ERROR", f"Gosub attempted to reach non-existent destination '{where}' from '{origin}'")
        return HANGUP
    frame = Frame(thread.context, thread.exten, thread.priority + 1, special=special)
    thread.context, thread.exten, thread.priority = place[0], place[1], place[2] - 1
    subroutines.enter(pbx, thread, frame, arguments)
    thread.priority += 1
    return JUMP


def _close_handler(pbx: Pbx, thread: Thread) -> None:
    """Leave a hangup handler that ended without Return(): the channel is where it was before (hangup-handlers)."""
    if any(frame.special for frame in thread.frames):
        pbx.host.log("WARNING", f"{thread.name} Abnormal exit of a hangup handler.  Popping routine return locations.")
        while not (frame := subroutines.leave(pbx, thread)).special:
            pass
        pbx.set_variable(thread, "GOSUB_RETVAL", "")
        thread.context, thread.exten, thread.priority = frame.context, frame.exten, frame.priority - 1


def next_handler(pbx: Pbx, thread: Thread) -> bool:
    """Send a channel that was hung up to its next hangup handler; False if there is none."""
    thread.application, thread.data = thread.resting  # none runs in between (channelvars-ends)
    _close_handler(pbx, thread)
    while waiting := thread.extras.get("HANGUP_HANDLERS"):
        handler, _, rest = waiting.partition("\n")
        thread.extras["HANGUP_HANDLERS"] = rest
        if gosub(pbx, thread, handler, special=True) == JUMP:
            return True
    return False


def gosubif(pbx: Pbx, thread: Thread, data: str) -> int:
    """GosubIf(condition?place(arguments):place(arguments))."""
    if not data:
        pbx.host.log("WARNING", "GosubIf requires an argument: GosubIf(cond?label1(args):label2(args))")
        return NEXT
    halves = split_arguments(data, 2, delimiter="?", raw=True)
    if len(halves) != 2:  # noqa: PLR2004 - condition and branches
        pbx.host.log("WARNING", "GosubIf requires an argument: GosubIf(cond?label1(args):label2(args))")
        return NEXT
    branches = [*split_arguments(halves[1], 2, delimiter=":", raw=True), "", ""]
    branch = branches[0 if is_true(halves[0]) else 1]
    return gosub(pbx, thread, branch) if branch else NEXT


def return_(pbx: Pbx, thread: Thread, data: str) -> int:
    """Return([value]): to the step after the Gosub, with GOSUB_RETVAL."""
    if not thread.frames:
        pbx.host.log("ERROR", "Return without Gosub: stack is empty")
        return HANGUP
    frame = thread.frames[-1]
    thread.context, thread.exten, thread.priority = frame.context, frame.exten, frame.priority - 1
    subroutines.leave(pbx, thread)
    pbx.set_variable(thread, "GOSUB_RETVAL", data)
    if frame.special:
        return HANGUP
    thread.priority += 1
    return JUMP


def stackpop(pbx: Pbx, thread: Thread, _data: str) -> int:
    """StackPop(): forgets where to return to."""
    if not thread.frames:
        return NEXT
    if thread.frames[-1].special:
        return HANGUP
    subroutines.leave(pbx, thread)
    return NEXT


def while_(pbx: Pbx, thread: Thread, data: str) -> int:
    """While(condition): up to EndWhile as long as it holds. Its state is kept in variables, as in Asterisk."""
    loop = blocks.entered(pbx, thread, "WHILE")
    if not is_true(data):
        return _leave_while(pbx, thread, loop)
    blocks.begin(pbx, thread, loop)
    return NEXT


def endwhile(pbx: Pbx, thread: Thread, _data: str) -> int:
    """EndWhile(): back to While."""
    loop = blocks.innermost(pbx, thread, "WHILE")
    start = pbx.get_variable(thread, loop)
    if start is None:
        return NEXT
    if pbx.get_variable(thread, f"END_{loop}") is None:
        pbx.set_variable(thread, f"END_{loop}", f"{thread.context},{thread.exten},{thread.priority + 1}")
    return goto(pbx, thread, start)


def exitwhile(pbx: Pbx, thread: Thread, _data: str) -> int:
    """ExitWhile(): out of the innermost While."""
    return _leave_while(pbx, thread, blocks.innermost(pbx, thread, "WHILE"))


def continuewhile(pbx: Pbx, thread: Thread, _data: str) -> int:
    """ContinueWhile(): to the next round."""
    start = pbx.get_variable(thread, blocks.innermost(pbx, thread, "WHILE"))
    return NEXT if start is None else goto(pbx, thread, start)


def _leave_while(pbx: Pbx, thread: Thread, loop: str) -> int:
    pbx.set_variable(thread, loop, None)
    pbx.set_variable(thread, blocks.own_name(thread), None)
    after = pbx.get_variable(thread, f"END_{loop}")
    if after is not None:
        result = goto(pbx, thread, after)
        # It is on its way already, one step short of where it goes (channelvars-ends).
        jumped = int(result == JUMP)
        thread.priority -= jumped
        pbx.set_variable(thread, f"END_{loop}", None)
        thread.priority += jumped
        return result
    end = blocks.following(pbx, thread, "WHILE", "EndWhile")
    if end is None:
        place = f"{thread.context}@{thread.exten} priority {thread.priority}"
        pbx.host.log("WARNING", f"Couldn't find matching EndWhile? (While at {place})")
        return NEXT
    thread.priority = end + 1
    return JUMP


FLOW_APPLICATIONS: Final[dict[str, Application]] = {
    "Goto": goto,
    "ChannelRedirect": channel_redirect,
    "GotoIf": gotoif,
    "GotoIfTime": gotoiftime,
    "ExecIf": execif,
    "ExecIfTime": execiftime,
    "Exec": exec_,
    "TryExec": tryexec,
    "Gosub": gosub,
    "GosubIf": gosubif,
    "Return": return_,
    "StackPop": stackpop,
    "While": while_,
    "EndWhile": endwhile,
    "ExitWhile": exitwhile,
    "ContinueWhile": continuewhile,
}
