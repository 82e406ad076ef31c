"""Functions on lists and hashes: FIELDQTY, SHIFT, PUSH, SORT, ARRAY, HASH and their like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import fold, length, octets, scan_float, split_arguments, unoctets
from stasis_sim.handoff.dialplan.functions.text import WRONG_ESCAPE, encoded, encoded_text, fields_of, value_of

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread, Writer

_PREFIX: Final = re.compile(r"\A__?")


def _fieldqty(pbx: Pbx, thread: Thread, data: str) -> str:
    arguments = split_arguments(data, 2)
    if len(arguments) < 2:  # noqa: PLR2004 - name, delimiter
        return "1"
    value = octets(value_of(pbx, thread, arguments[0]))
    return str(len(fields_of(value, arguments[1])) if value else 0)


def _fieldnum(pbx: Pbx, thread: Thread, data: str) -> str | None:
    arguments = split_arguments(data, 3)
    if len(arguments) < 3:  # noqa: PLR2004 - name, delimiter, field
        return None
    if WRONG_ESCAPE.match(arguments[1]):
        pbx.host.log("ERROR", f"Illegal hex digits in {arguments[1]!r}")
        return None
    value = octets(value_of(pbx, thread, arguments[0]))
    wanted = fold(octets(arguments[2]))
    fields = [fold(field) for field in fields_of(value, arguments[1])] if arguments[1] and value else []
    return str(fields.index(wanted) + 1 if wanted in fields else 0)


def _listfilter(pbx: Pbx, thread: Thread, data: str) -> str | None:
    arguments = split_arguments(data, 3)
    if len(arguments) < 3:  # noqa: PLR2004 - name, delimiter, field
        return None
    value = value_of(pbx, thread, arguments[0])
    if not value:
        return None
    delimiter = unoctets(encoded_text(octets(arguments[1]))) or ","
    *fields, last = value.split(delimiter)
    kept = [field for field in fields if field != arguments[2]]
    # Asterisk looks for the end of the last field behind as much as the delimiter takes: one that is shorter stays.
    if last != arguments[2] or length(last) < length(delimiter):
        kept.append(last)
    return delimiter.join(kept)


def _shift(*, from_left: bool) -> Reader:
    """Make SHIFT and POP: take a field off a list and return it."""

    def take(pbx: Pbx, thread: Thread, data: str) -> str | None:
        arguments = [*split_arguments(data, 2), "", ""]
        before = octets(value_of(pbx, thread, arguments[0]))
        if not before:
            return None
        delimiter = encoded(octets(arguments[1]))[0] or ","
        if delimiter == "\0" and not from_left:
            return None
        fields = fields_of(before, arguments[1], ",")
        taken = fields.pop(0 if from_left else -1)
        pbx.set_variable(thread, arguments[0], unoctets(delimiter.join(fields)))
        return unoctets(taken)

    return take


def _push(*, at_left: bool) -> Writer:
    """Make UNSHIFT and PUSH: put a value, which may be several fields already, onto a list."""

    def put(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
        arguments = [*split_arguments(data, 2), "", ""]
        if not arguments[0]:
            pbx.host.log("WARNING", f"{'UNSHIFT' if at_left else 'PUSH'} requires a variable name")
            return
        delimiter = encoded(octets(arguments[1]))[0] or ","
        # What it is has no prefix, only what becomes of it.
        before = octets(value_of(pbx, thread, _PREFIX.sub("", arguments[0], count=1)))
        if before and delimiter == "\0":
            return
        parts = [octets(value), *([before] if before else [])]
        pbx.set_variable(thread, arguments[0], unoctets(delimiter.join(parts if at_left else reversed(parts))))

    return put


def _sort(pbx: Pbx, _thread: Thread, data: str) -> str | None:
    pairs = [pair for part in data.split(",") if (pair := part.partition(":"))[1]]
    if not pairs:
        pbx.host.log("ERROR", "SORT requires key:value pairs")
        return None
    return ",".join(key for key, _, _ in sorted(pairs, key=lambda pair: scan_float(pair[2]) or 0.0))


def _hash_name(table: str, key: str) -> str:
    return f"~HASH~{table}~{key}~"


def _hash(_pbx: Pbx, thread: Thread, data: str) -> str:
    arguments = split_arguments(data, 2)
    if len(arguments) == 2:  # noqa: PLR2004 - table and key
        return thread.variables.get(_hash_name(*arguments), "")
    values = (thread.variables.get(_hash_name(data, key), "") for key in _keys(thread, data))
    return ",".join(values)


def _keys(thread: Thread, table: str) -> list[str]:
    prefix = _hash_name(table, "")[:-1]
    return [name[len(prefix) : -1] for name in reversed(thread.variables) if name.startswith(prefix)]


def _hashkeys(_pbx: Pbx, thread: Thread, data: str) -> str:
    return ",".join(_keys(thread, data))


def _write_hash(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    arguments = split_arguments(data, 2)
    if len(arguments) == 2 and arguments[1]:  # noqa: PLR2004 - table and key
        name = _hash_name(*arguments)
        # What is set last is listed first.
        thread.variables.pop(name, None)
        pbx.set_variable(thread, name, value)


def _write_array(pbx: Pbx, thread: Thread, data: str, value: str) -> None:
    names = split_arguments(data, 100)
    values = split_arguments(value, 100)
    for index, name in enumerate(names):
        pbx.set_variable(thread, name, values[index] if index < len(values) else "")


def clear_hash(thread: Thread, table: str) -> None:
    """Forget a hash, for ClearHash(), which tells nobody."""
    for key in _keys(thread, table):
        del thread.variables[_hash_name(table, key)]


LIST_READERS: Final[dict[str, Reader]] = {
    "FIELDQTY": _fieldqty,
    "FIELDNUM": _fieldnum,
    "LISTFILTER": _listfilter,
    "SHIFT": _shift(from_left=True),
    "POP": _shift(from_left=False),
    "SORT": _sort,
    "HASH": _hash,
    "HASHKEYS": _hashkeys,
}

LIST_WRITERS: Final[dict[str, Writer]] = {
    "PUSH": _push(at_left=False),
    "UNSHIFT": _push(at_left=True),
    "HASH": _write_hash,
    "ARRAY": _write_array,
}
