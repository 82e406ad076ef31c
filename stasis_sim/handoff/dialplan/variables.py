"""Channel variables, global variables, and those that Asterisk makes up (``${EXTEN}``, ``${HANGUPCAUSE}``).

A name that ends with ``)`` is a function. ``_NAME`` is inherited by channels that this one dials, ``__NAME`` by theirs
too; both are read as ``NAME``. Made-up variables can be set but never read back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.dialplan.functions.caller import presentation
from stasis_sim.handoff.dialplan.functions.table import READERS, WRITERS

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

_MICROSECONDS: Final = 1_000_000

# What Asterisk reads from the channel itself, whatever was set under that name.
_BUILT_IN: Final[dict[str, Callable[[Thread], str]]] = {
    "EXTEN": lambda thread: thread.exten,
    "CONTEXT": lambda thread: thread.context,
    "PRIORITY": lambda thread: str(thread.priority),
    "CHANNEL": lambda thread: thread.name,
    "UNIQUEID": lambda thread: thread.channel,
    "HANGUPCAUSE": lambda thread: str(thread.cause),
    "CALLINGPRES": lambda thread: str(presentation(thread)),
    "CALLINGANI2": lambda _: "0",
    "CALLINGTON": lambda _: "0",
    "CALLINGTNS": lambda _: "0",
}
_DIRECTORIES: Final = {
    "SYSTEMNAME": "",
    "ASTETCDIR": "/etc/asterisk",
    "ASTMODDIR": "/usr/lib/x86_64-linux-gnu/asterisk/modules",
    "ASTVARLIBDIR": "/var/lib/asterisk",
    "ASTDBDIR": "/var/lib/asterisk",
    "ASTKEYDIR": "/var/lib/asterisk",
    "ASTDATADIR": "/usr/share/asterisk",
    "ASTAGIDIR": "/usr/share/asterisk/agi-bin",
    "ASTSPOOLDIR": "/var/spool/asterisk",
    "ASTRUNDIR": "/var/run/asterisk",
    "ASTLOGDIR": "/var/log/asterisk",
    "ASTSBINDIR": "/usr/sbin",
}


def split_name(name: str) -> tuple[str, str]:
    """Take a name apart into how it is inherited (``""``, ``_`` or ``__``) and the name under which it is read."""
    if not name.startswith("_"):
        return "", name
    prefix = "__" if name.startswith("__") else "_"
    return prefix, name[len(prefix) :]


def inherit(thread: Thread) -> dict[str, str]:
    """Return the variables that a channel made for this one gets: ``_NAME`` as ``NAME``, ``__NAME`` as it is."""
    kept = {"_": "", "__": "__"}
    return {kept[prefix] + name: thread.variables[name] for name, prefix in thread.prefixes.items()}


def set_variable(pbx: Pbx, thread: Thread | None, name: str, value: str | None) -> None:
    """Set a variable of the channel (without a channel: a global one), write a function, or delete with None."""
    if name.endswith(")"):
        write_function(pbx, thread, name, value or "")
        return
    if thread is None:
        set_global(pbx, name, value)
        return
    prefix, plain = split_name(name) if name.startswith("_") else ("", name)
    if value is None:
        thread.prefixes.pop(plain, None)
        if thread.variables.pop(plain, ""):
            pbx.host.variable(thread, name, "")
        return
    thread.variables[plain] = value
    if prefix:
        thread.prefixes[plain] = prefix
    elif thread.prefixes:
        thread.prefixes.pop(plain, None)
    pbx.host.variable(thread, name, value)


def set_global(pbx: Pbx, name: str, value: str | None) -> None:
    """Set or delete a global variable; it is told as it is written, with underscores."""
    _, plain = split_name(name)
    if value is not None:
        pbx.globals[plain] = value
        pbx.host.global_variable(name, value)
    elif pbx.globals.pop(plain, ""):
        pbx.host.global_variable(name, "")


def read_variable(pbx: Pbx, thread: Thread | None, name: str) -> str | None:
    """Return a variable's value: made up, the channel's, then global; None if there is none."""
    if thread is not None:
        value = thread.variables.get(name)
        if value is not None and name not in _BUILT_IN:
            return value
        built_in = _BUILT_IN.get(name)
        if built_in is not None:
            return built_in(thread)
        if name in {"HINT", "HINTNAME"}:
            return _hint(pbx, thread, name)
    if name == "EPOCH":
        return str(pbx.host.wall() // _MICROSECONDS)
    if name in _DIRECTORIES:
        return _DIRECTORIES[name]
    return pbx.globals.get(name)


def _hint(pbx: Pbx, thread: Thread, name: str) -> str | None:
    match = pbx.dialplan.find(thread.context, thread.exten, -1, caller=thread.caller_number, wall_us=pbx.host.wall())
    if match is None:
        return None
    return match.step.application if name == "HINT" else match.step.data


def _split_function(pbx: Pbx, spelled: str) -> tuple[str, str]:
    name, bracket, rest = spelled.partition("(")
    if not bracket:
        pbx.host.log("WARNING", f"Function '{name}' doesn't contain parentheses.  Assuming null argument.")
        return name, ""
    arguments, closing, _ = rest.rpartition(")")
    if not closing:
        pbx.host.log("WARNING", f"Can't find trailing parenthesis for function '{spelled}'?")
        return name, rest
    return name, arguments


def read_function(pbx: Pbx, thread: Thread | None, spelled: str) -> str | None:
    """Return the value of ``NAME(args)``; None, with a line in the log, if it cannot be read."""
    name, arguments = _split_function(pbx, spelled)
    reader = READERS.get(name)
    if reader is None or name in pbx.rules.missing_functions:
        problem = "cannot be read" if name in WRITERS else "not registered"
        pbx.host.log("ERROR", f"Function {name} {problem}")
        return None
    return None if thread is None and name not in _WITHOUT_CHANNEL else reader(pbx, thread, arguments)  # type: ignore[arg-type]


def try_function(pbx: Pbx, thread: Thread | None, spelled: str) -> str | None:
    """Return the value of a function that an expression calls; None if there is no such function."""
    name = spelled.partition("(")[0]
    return (read_function(pbx, thread, spelled) or "") if thread is not None and name in READERS else None


def write_function(pbx: Pbx, thread: Thread | None, spelled: str, value: str) -> None:
    """Set ``NAME(args)``."""
    name, arguments = _split_function(pbx, spelled)
    writer = WRITERS.get(name)
    if writer is None or name in pbx.rules.missing_functions:
        problem = "cannot be written to" if name in READERS else "not registered"
        pbx.host.log("ERROR", f"Function {name} {problem}")
    elif thread is not None:
        writer(pbx, thread, arguments, value)
    elif name == "GLOBAL":
        set_global(pbx, arguments, value)


# What a configuration file may use while it is loaded: functions that ask nothing of a channel.
_WITHOUT_CHANNEL: Final = frozenset(
    {"GLOBAL", "LEN", "IF", "ISNULL", "EXISTS", "MATH", "TOUPPER", "TOLOWER", "REGEX", "FILTER", "STRFTIME", "EVAL"},
)
