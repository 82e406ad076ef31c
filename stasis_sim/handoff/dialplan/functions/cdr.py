"""CDR: what a channel's call detail record says of who calls, and what the dialplan writes into it.

How long a call has taken and what became of it is not modelled: those parts read as empty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import fold, split_arguments
from stasis_sim.handoff.dialplan.functions.channel_items import ama_flag

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread, Writer

_FLAGS: Final = {"1": "OMIT", "2": "BILLING", "3": "DOCUMENTATION"}
_DEFAULT_FLAG: Final = "3"
_FROM_CALL: Final[dict[str, Callable[[Thread], str]]] = {
    "src": lambda thread: thread.caller_number,
    "clid": lambda thread: thread.caller_text(),
    "dcontext": lambda thread: thread.context,
    "channel": lambda thread: thread.name,
    "uniqueid": lambda thread: thread.channel,
    "linkedid": lambda thread: thread.channel,
}
_OF_CHANNEL: Final = frozenset({"accountcode", "amaflags"})
_NOT_MODELLED: Final = frozenset(
    {
        *("answer", "billsec", "disposition", "dst", "dstchannel", "duration", "end"),
        *("lastapp", "lastdata", "peeraccount", "sequence", "start"),
    }
)


def _cdr(pbx: Pbx, thread: Thread, data: str) -> str | None:
    """CDR(name[,u]): with u a number where others read a word."""
    name, option = [*split_arguments(data, 2), "", ""][:2]
    name = fold(name)
    if not name:
        pbx.host.log("WARNING", "CDR requires a variable (CDR(variable[,option]))")
        return None
    if name in _FROM_CALL:
        return _FROM_CALL[name](thread)
    if name == "amaflags":
        flag = thread.extras.get("CHANNEL(amaflags)", _DEFAULT_FLAG)
        return flag if "u" in option else _FLAGS.get(flag, "Unknown")
    return thread.extras.get(f"CHANNEL({name})" if name in _OF_CHANNEL else f"CDR({name})", "")


def _write_cdr(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    name = fold(split_arguments(data, 2)[0]) if data else ""
    if name in _FROM_CALL or name in _NOT_MODELLED:
        pbx.host.log("ERROR", f"Attempt to set the '{name}' read-only variable!")
    elif name == "amaflags":
        thread.extras["CHANNEL(amaflags)"] = ama_flag(value)
    elif name:
        thread.extras[f"CHANNEL({name})" if name in _OF_CHANNEL else f"CDR({name})"] = value


def _write_property(_pbx: Pbx, _thread: Thread, _data: str, _value: str) -> None:
    """CDR_PROP(): nothing that a dialplan sees."""


CDR_READERS: Final[dict[str, Reader]] = {"CDR": _cdr}
CDR_WRITERS: Final[dict[str, Writer]] = {"CDR": _write_cdr, "CDR_PROP": _write_property}
