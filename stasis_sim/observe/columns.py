"""The columns of the six tables: names, types and meanings, and how the rows of a call are made of its trace.

On disk times are whole microseconds (``arrived_us``); a DataFrame shows seconds (``arrived_s``). docs/measures.md
shows these lists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, TypeAlias

from stasis_sim.observe.trace import Attempt, Call, Command, Connection, Event

Rows: TypeAlias = Sequence[Any]
"""What a table is made of: calls, attempts, events, commands, connections or outages."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        name: Its name on disk.
        type: ``int`` or ``str``.
        null: Whether values may be missing.
        meaning: What it says.
        read: Makes its values of rows; None: they don't say it (``replication``, the ``call`` of an attempt).
        distinct: Whether hardly any value of it is there twice. All others of ``str`` are the same few words.
    """

    name: str
    type: type[int | str]
    null: bool
    meaning: str
    read: Callable[[Rows], list[Any]] | None
    distinct: bool = False

    @property
    def shown(self) -> str:
        """Its name in a DataFrame."""
        return self.name.removesuffix("_us") + "_s" if self.name.endswith("_us") else self.name


def _of(attribute: str) -> Callable[[Rows], list[Any]]:
    """Read an attribute of each row."""
    get = attrgetter(attribute)
    return lambda rows: list(map(get, rows))


def _first_app(calls: Sequence[Call]) -> list[str | None]:
    return [call.attempts[0].app if call.attempts else None for call in calls]


def _held(calls: Sequence[Call]) -> list[int | None]:
    return [_held_by(call) for call in calls]


def _held_by(call: Call) -> int | None:
    """From the first command on the call to its end."""
    if call.ended is not None:
        for attempt in call.attempts:
            if attempt.first_command is not None:
                return call.ended - attempt.first_command
    return None


def _written_to(events: Sequence[Event]) -> list[int | None]:
    return [None if event.connection is None else event.connection.number for event in events]


def _status(commands: Sequence[Command]) -> list[int | None]:
    return [command.status or None for command in commands]


def _args(attempts: Sequence[Attempt]) -> list[str]:
    return [",".join(attempt.args) if attempt.args else "" for attempt in attempts]


def _apps(connections: Sequence[Connection]) -> list[str]:
    return [",".join(connection.apps) for connection in connections]


def _int(name: str, meaning: str, read: Callable[[Rows], list[Any]] | None, *, null: bool = False) -> Column:
    return Column(name, int, null, meaning, read)


def _str(name: str, meaning: str, read: Callable[[Rows], list[Any]] | None, *, null: bool = False) -> Column:
    return Column(name, str, null, meaning, read)


_REPLICATION: Final = _int("replication", "Number of the replication, from 1.", None)
_FINAL_ANSWER: Final = (
    "What a SIP caller got in the end: a refusal, a BYE with its cause, or 200 OK to his own BYE; else none."
)

TABLES: Final[dict[str, tuple[Column, ...]]] = {
    "calls": (
        _REPLICATION,
        _int("call", "Number of the call, in order of arrival.", _of("number")),
        _str("source", "Which entry of the scenario's calls offered it.", _of("source")),
        _int("arrived_us", "When it arrived.", _of("arrived")),
        _int("ended_us", "When it was gone; none: not before the end of the run.", _of("ended"), null=True),
        _str("outcome", "What became of it.", _of("outcome")),
        _int("attempts", "How often it executed Stasis.", lambda calls: [len(call.attempts) for call in calls]),
        _str("first_app", "The app that it asked for first.", _first_app, null=True),
        _int("held_us", "From the first command on it to its end.", _held, null=True),
        _int("hangup_cause", "Asterisk's HANGUPCAUSE at its end.", _of("hangup_cause"), null=True),
        _str("final_answer", _FINAL_ANSWER, _of("final_answer"), null=True),
        _int("redial", "0 for the caller's first call, n for his n-th redial.", _of("redial")),
    ),
    "attempts": (
        _REPLICATION,
        _int("call", "Number of the call.", None),
        _str("app", "The app that was asked for; empty: Stasis without a name.", _of("app")),
        _str("args", "The arguments for the app, joined by commas.", _args),
        _int("at_us", "When Stasis was executed.", _of("at")),
        _str("result", "entered, ejected or in_progress.", _of("result")),
        _str("reason", "Why it was ejected; else empty.", _of("reason")),
        _int("left_us", "When the channel left the app.", _of("left"), null=True),
        _str("left_by", "How it left: continue, hangup, delete, move, ...; else empty.", _of("left_by")),
        _int("first_command_us", "When the first command was carried out on it.", _of("first_command"), null=True),
    ),
    "events": (
        _REPLICATION,
        _str("app", "For whom it was raised.", _of("app")),
        _int("call", "Number of the call; none: it belongs to no call.", None, null=True),
        _str("type", "Its type, such as StasisStart.", _of("type")),
        _int("raised_us", "When it was raised.", _of("raised")),
        _str("fate", "What became of it.", _of("fate")),
        _int("delivered_us", "When it reached the client.", _of("delivered"), null=True),
        _int("connection", "Number of the connection to which it was written.", _written_to, null=True),
    ),
    "commands": (
        _REPLICATION,
        _str("client", "Who sent it.", _of("client")),
        _int("call", "Number of the call; none: it is about no call, or about one long gone.", None, null=True),
        _str("method", "GET, POST, DELETE, ...", _of("method")),
        Column("path", str, False, "Path without the query.", _of("path"), distinct=True),
        _int("at_us", "When it was sent.", _of("at")),
        _int("status", "Status of the answer; none: there was no answer.", _status, null=True),
        _str("reason", "Why it failed; else empty.", _of("reason")),
    ),
    "connections": (
        _REPLICATION,
        _int("connection", "Number of the try, from 1.", _of("number")),
        _str("client", "Who connected.", _of("client")),
        _str("apps", "The apps it asked for, joined by commas.", _apps),
        _int("opened_us", "When the try began.", _of("opened")),
        _int("closed_us", "When it ended; none: open at the end of the run.", _of("closed"), null=True),
        _str("how", "How it ended; empty: it has not.", _of("how")),
        _str("reason", "Why it was refused; else empty.", _of("reason")),
        _int("delivered", "Events that came through it.", _of("delivered")),
        _int("missed", "Events that were written to it and lost.", _of("missed")),
    ),
    "outages": (
        _REPLICATION,
        _str("app", "The app that was away.", _of("app")),
        _int("from_us", "When it began.", _of("start")),
        _int("to_us", "When it was over; none: not before the end of the run.", _of("end"), null=True),
        _int("noticed_us", "When Asterisk ceased to take the app for active; none: never.", _of("noticed"), null=True),
        _str("cause", "What began it.", _of("cause")),
        _int("ejected", "Attempts that were ejected in it.", _of("ejected")),
        _int("missed", "Events that were raised in it and missed or lost.", _of("missed")),
        _int("orphaned", "Calls that were inside in it after their first command.", _of("orphaned")),
    ),
}
"""The tables and their columns."""
