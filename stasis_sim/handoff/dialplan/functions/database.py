"""Functions on Asterisk's database: DB, DB_EXISTS, DB_KEYS, DB_KEYCOUNT and DB_DELETE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread, Writer


def _db_keys(pbx: Pbx, _thread: Thread, data: str) -> str:
    """Return the next parts of the keys below a prefix."""
    prefix = f"{data.strip('/')}/" if data.strip("/") else ""
    keys = (key[len(prefix) :].partition("/")[0] for key in sorted(pbx.database) if key.startswith(prefix))
    return ",".join(dict.fromkeys(keys))


def _db_keycount(pbx: Pbx, thread: Thread, data: str) -> str:
    """Count what DB_KEYS() lists."""
    keys = _db_keys(pbx, thread, data)
    return str(len(keys.split(","))) if keys else "0"


def _db(pbx: Pbx, thread: Thread, data: str) -> str | None:
    value = pbx.database.get(data)
    if value is not None:
        pbx.set_variable(thread, "DB_RESULT", value)
    return value


def _write_db(pbx: Pbx, _thread: Thread, data: str, value: str) -> None:
    if "/" in data:
        pbx.database[data] = value
    else:
        pbx.host.log("WARNING", "DB requires an argument, DB(<family>/<key>)=<value>")


def _db_exists(pbx: Pbx, thread: Thread, data: str) -> str | None:
    if "/" not in data:
        pbx.host.log("WARNING", "DB_EXISTS requires an argument, DB(<family>/<key>)")
        return None
    value = pbx.database.get(data)
    if value is None:
        return "0"
    pbx.set_variable(thread, "DB_RESULT", value)
    return "1"


def _db_delete(pbx: Pbx, thread: Thread, data: str) -> str | None:
    if "/" not in data:
        pbx.host.log("WARNING", "DB_DELETE requires an argument, DB_DELETE(<family>/<key>)")
        return None
    value = pbx.database.pop(data, "")
    pbx.set_variable(thread, "DB_RESULT", value)
    return value


def _write_db_delete(pbx: Pbx, thread: Thread, data: str, _value: str) -> None:
    _db_delete(pbx, thread, data)


DATABASE_READERS: Final[dict[str, Reader]] = {
    "DB": _db,
    "DB_EXISTS": _db_exists,
    "DB_KEYS": _db_keys,
    "DB_KEYCOUNT": _db_keycount,
    "DB_DELETE": _db_delete,
}

DATABASE_WRITERS: Final[dict[str, Writer]] = {"DB": _write_db, "DB_DELETE": _write_db_delete}
