"""Functions that look into the dialplan: DIALPLAN_EXISTS, VALID_EXTEN, EVAL_EXTEN, HINT and EXCEPTION."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import fold, scan_int, split_arguments
from stasis_sim.handoff.dialplan.contexts import HINT
from stasis_sim.handoff.dialplan.places import parse_place

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread


def _dialplan_exists(pbx: Pbx, thread: Thread, data: str) -> str | None:
    arguments = [*split_arguments(data, 3), "", "", ""]
    context, exten, priority = arguments[:3]
    if priority:
        number = scan_int(priority)
        if number is not None and number > 0:
            return "1" if pbx.exists(thread, context, exten, number) else "0"
        return "1" if pbx.label(thread, context, exten, priority) else "0"
    if exten:
        return "1" if pbx.exists(thread, context, exten) else "0"
    if context:
        return "1" if context in pbx.dialplan.contexts else "0"
    pbx.host.log("ERROR", "DIALPLAN_EXISTS() requires an argument")
    return None


def _valid_exten(pbx: Pbx, thread: Thread, data: str) -> str | None:
    arguments = [*split_arguments(data, 3), "", "", ""]
    context, exten, priority = arguments[:3]
    if not exten:
        return None
    number = scan_int(priority) if priority else 1
    # A label is no priority here.
    return "1" if number and pbx.exists(thread, context or thread.context, exten, number) else "0"


def _eval_exten(pbx: Pbx, thread: Thread, data: str) -> str | None:
    """EVAL_EXTEN([[context,]extension,]priority): what the step there would get as its argument."""
    if not data:
        pbx.host.log("WARNING", "The EVAL_EXTEN function requires an extension")
        return None
    place = parse_place(pbx, thread, data.partition("(")[0])
    return None if place is None else pbx.data_at(thread, place)


def _exception(_pbx: Pbx, thread: Thread, data: str) -> str | None:
    return thread.extras.get(f"EXCEPTION({fold(data)})")


def _hint(pbx: Pbx, thread: Thread, data: str) -> str | None:
    exten, _, context = split_arguments(data)[0].partition("@") if data else ("", "", "")
    match = pbx.dialplan.find(context or "default", exten, HINT, caller=thread.caller_number, wall_us=pbx.host.wall())
    return None if match is None else match.step.application


DIALPLAN_READERS: Final[dict[str, Reader]] = {
    "DIALPLAN_EXISTS": _dialplan_exists,
    "VALID_EXTEN": _valid_exten,
    "EVAL_EXTEN": _eval_exten,
    "EXCEPTION": _exception,
    "HINT": _hint,
}
