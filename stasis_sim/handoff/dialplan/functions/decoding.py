"""JSON_DECODE: a value out of a variable that holds JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from stasis_sim.handoff.clib.text import exact_int, split_arguments, wrap_int

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _json_decode(pbx: Pbx, thread: Thread, data: str) -> str | None:
    """JSON_DECODE(name,key[,separator[,c]]); 16 has neither nested keys nor counts, and no words for true and false."""
    most = 4 if pbx.rules.json_paths else 2
    name, key, separator, options = [*split_arguments(data, most), "", "", "", ""][:4]
    if not name or not key:
        pbx.host.log("WARNING", f"JSON_DECODE requires a {'key' if name else 'variable name'}")
        return None
    text = pbx.substitute(thread, "${" + name + "}")
    if not text:
        return None
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict | list):
        pbx.host.log("WARNING", f"Failed to parse as JSON: {text}")
        return None
    if not pbx.rules.json_paths:
        return _dumped(value[key]) if isinstance(value, dict) and key in value else None
    keys = key.split(separator if len(separator) == 1 else ".")
    if isinstance(value, list) and exact_int(key) is None:
        return None
    return _at(value, keys, counts="c" in options)


def _at(value: Any, keys: list[str], *, counts: bool) -> str | None:
    """Follow keys and indices; what is left of them behind a plain value is of no account."""
    for key in keys:
        if isinstance(value, dict):
            if key not in value:
                return None
            value = value[key]
        elif isinstance(value, list):
            index = exact_int(key)
            if index is None or not 0 <= index < len(value):
                return ""
            value = value[index]
    if isinstance(value, list) and counts:
        return str(len(value))
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.17g}"
    return "" if value is None else _dumped(value)


def _dumped(value: Any) -> str:
    """Print a value; a bare ``true``, ``null`` or number with a fraction has no text of its own."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return str(wrap_int(value)) if isinstance(value, int) and not isinstance(value, bool) else "(null)"


JSON_READERS: Final[dict[str, Reader]] = {"JSON_DECODE": _json_decode}
