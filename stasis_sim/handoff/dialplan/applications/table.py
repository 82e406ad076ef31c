"""The registry of dialplan applications, and those that neither jump nor take time.

An application gets the interpreter, the thread and its argument (substituted), and returns NEXT, JUMP, HANGUP or PARK
(see thread.py). Those that jump stand in flow.py, branches.py and macro.py, those of the call itself in call.py,
waits.py and say.py, Dial and its like in dial.py, Stasis and StasisBroadcast in stasis.py.

Not modelled: what needs more than the dialplan (AGI, MeetMe, ODBC ...). A dialplan that uses one of these
meets it as Asterisk meets an application whose module is not loaded: the call ends.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import fold, scan_int, split_arguments, strip
from stasis_sim.handoff.dialplan.applications.branches import IF_APPLICATIONS
from stasis_sim.handoff.dialplan.applications.call import CALL_APPLICATIONS
from stasis_sim.handoff.dialplan.applications.dial import DIAL_APPLICATIONS
from stasis_sim.handoff.dialplan.applications.flow import FLOW_APPLICATIONS
from stasis_sim.handoff.dialplan.applications.macro import MACRO_APPLICATIONS
from stasis_sim.handoff.dialplan.applications.readexten import READEXTEN_APPLICATIONS
from stasis_sim.handoff.dialplan.applications.say import SAY_APPLICATIONS
from stasis_sim.handoff.dialplan.applications.stasis import STASIS_APPLICATIONS
from stasis_sim.handoff.dialplan.applications.waits import WAIT_APPLICATIONS
from stasis_sim.handoff.dialplan.functions.channel_items import ama_flag
from stasis_sim.handoff.dialplan.functions.lists import clear_hash
from stasis_sim.handoff.dialplan.functions.variables import named
from stasis_sim.handoff.dialplan.thread import HANGUP, NEXT, Application

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_SET_LIMIT: Final = 99
_MONITOR: Final = "/var/spool/asterisk/monitor"
_LEVELS: Final = {"error": "ERROR", "warning": "WARNING", "notice": "NOTICE", "debug": "DEBUG", "verbose": "VERBOSE"}


def noop(_pbx: Pbx, _thread: Thread, _data: str) -> int:
    """NoOp(text): nothing but a line in the log, which the step itself is."""
    return NEXT


def signal(sign: str, pbx: Pbx, thread: Thread, _data: str) -> int:
    """Ringing(), Progress() and Proceeding(): only who calls hears of it."""
    pbx.host.signal(thread, sign)
    return NEXT


def set_(pbx: Pbx, thread: Thread, data: str) -> int:
    """Set(name=value): everything after the first = is the value, as it stands."""
    name, equals, value = data.partition("=")
    if not equals:
        wants = "an '=' to be a valid assignment" if data else "one variable name/value pair"
        pbx.host.log("WARNING", f"Set requires {wants}.")
        return NEXT
    _warn_of_spaces(pbx, name, value)
    pbx.set_variable(thread, name, value)
    return NEXT


def mset(pbx: Pbx, thread: Thread, data: str) -> int:
    """MSet(name=value,name=value): splits at commas and takes quotes away."""
    if not data:
        pbx.host.log("WARNING", "MSet requires at least one variable name/value pair.")
    for pair in split_arguments(data, _SET_LIMIT):
        parts = split_arguments(pair, 2, delimiter="=")
        if len(parts) < 2:  # noqa: PLR2004 - name and value
            pbx.host.log("WARNING", f"MSet: ignoring entry '{pair}' with no '='")
            continue
        _warn_of_spaces(pbx, parts[0], parts[1])
        pbx.set_variable(thread, parts[0], parts[1])
    return NEXT


def _warn_of_spaces(pbx: Pbx, name: str, value: str) -> None:
    if " " in name:
        pbx.host.log(
            "WARNING",
            "Please avoid unnecessary spaces on variables as it may lead to unexpected results "
            f"('{name}' set to '{value}').",
        )


def verbose(pbx: Pbx, _thread: Thread, data: str) -> int:
    """Verbose([level,]text)."""
    level, comma, text = data.partition(",")
    if not comma:
        text = data
    elif scan_int(level) is None:
        pbx.host.log("WARNING", f"'{level}' is not a verboser number")
    if data:
        pbx.host.log("VERBOSE", text)
    return NEXT


def log(pbx: Pbx, _thread: Thread, data: str) -> int:
    """Log(level,text)."""
    level, comma, text = data.partition(",")
    known = _LEVELS.get(fold(level))
    if known is None:
        pbx.host.log("ERROR", f"Unknown log level: '{level}'")
    elif comma:
        pbx.host.log(known, text)
    return NEXT


def user_event(pbx: Pbx, thread: Thread, data: str) -> int:
    """UserEvent(name[,key:value...])."""
    if not data:
        pbx.host.log("WARNING", "UserEvent requires an argument (eventname,optional event body)")
        return -1
    arguments = split_arguments(data, 100)
    fields: list[tuple[str, str]] = []
    for argument in arguments[1:]:
        key, colon, value = argument.partition(":")
        if colon:
            fields.append((strip(key), strip(value)))
    pbx.host.user_event(thread, arguments[0], fields)
    return NEXT


def import_var(pbx: Pbx, thread: Thread, data: str) -> int:
    """ImportVar(name=channel,variable): a variable of another channel, or of none."""
    name, equals, source = data.partition("=")
    if not equals:
        pbx.host.log("WARNING", "Ignoring, since there is no variable to set")
        return NEXT
    channel, variable = [*split_arguments(source, 2), "", ""][:2]
    other = named(pbx, thread, channel)
    pbx.set_variable(thread, name, "" if other is None else pbx.get_variable(other, variable) or "")
    return NEXT


def set_ama_flags(_pbx: Pbx, thread: Thread, data: str) -> int:
    """SetAMAFlags(flag)."""
    thread.extras["CHANNEL(amaflags)"] = ama_flag(data)
    return NEXT


def send_text(pbx: Pbx, thread: Thread, _data: str) -> int:
    """SendText(text): nobody reads it."""
    pbx.set_variable(thread, "SENDTEXTTYPE", "BASIC")
    pbx.set_variable(thread, "SENDTEXTSTATUS", "SUCCESS")
    return NEXT


def mix_monitor(pbx: Pbx, thread: Thread, data: str) -> int:
    """MixMonitor(file[,options]): nothing is recorded, but the file has its name."""
    file, options = [*split_arguments(data, 2), "", ""][:2]
    if not file and not options:
        pbx.host.log("WARNING", "MixMonitor requires an argument (filename or ,t(filename) and/or r(filename)")
        return HANGUP
    if file:
        pbx.set_variable(thread, "MIXMONITOR_FILENAME", file if file.startswith("/") else f"{_MONITOR}/{file}")
    return NEXT


def db_delete_tree(pbx: Pbx, _thread: Thread, data: str) -> int:
    """DBdeltree(family[/key])."""
    for key in [key for key in pbx.database if key == data or key.startswith(f"{data}/")]:
        del pbx.database[key]
    return NEXT


def system(pbx: Pbx, thread: Thread, data: str, *, failure: int) -> int:
    """System() and TrySystem(command): none is run, and each is taken to have done its work."""
    if not data:
        pbx.host.log("WARNING", "System requires an argument(command)")
    pbx.set_variable(thread, "SYSTEMSTATUS", "SUCCESS" if data else "FAILURE")
    return NEXT if data else failure


def clearhash(_pbx: Pbx, thread: Thread, data: str) -> int:
    """ClearHash(table)."""
    clear_hash(thread, data)
    return NEXT


_PLAIN_APPLICATIONS: Final[dict[str, Application]] = {
    "NoOp": noop,
    "Set": set_,
    "MSet": mset,
    "Verbose": verbose,
    "Log": log,
    "UserEvent": user_event,
    "ImportVar": import_var,
    "SetAMAFlags": set_ama_flags,
    "SendText": send_text,
    "MixMonitor": mix_monitor,
    "DBdeltree": db_delete_tree,
    "ClearHash": clearhash,
    "System": partial(system, failure=HANGUP),
    "TrySystem": partial(system, failure=NEXT),
    **{name: partial(signal, name.upper()) for name in ("Ringing", "Progress", "Proceeding")},
    # What has no effect that the model could show.
    **dict.fromkeys(
        (
            "CELGenUserEvent",
            "DumpChan",
            "Monitor",
            "PlayTones",
            "ResetCDR",
            "NoCDR",
            "ForkCDR",
            "HangupCauseClear",
            "SendURL",
            "StartMusicOnHold",
            "StopMixMonitor",
            "StopMonitor",
            "StopMusicOnHold",
            "StopPlayTones",
        ),
        noop,
    ),
}

APPLICATIONS: Final[dict[str, tuple[str, Application]]] = {
    fold(name): (name, run)
    for name, run in {
        **_PLAIN_APPLICATIONS,
        **FLOW_APPLICATIONS,
        **IF_APPLICATIONS,
        **MACRO_APPLICATIONS,
        **READEXTEN_APPLICATIONS,
        **CALL_APPLICATIONS,
        **WAIT_APPLICATIONS,
        **SAY_APPLICATIONS,
        **DIAL_APPLICATIONS,
        **STASIS_APPLICATIONS,
    }.items()
}
"""By name in lower case: the name as Asterisk prints it, and what runs."""
