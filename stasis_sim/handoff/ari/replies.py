"""What ARI's resources take and give: a request's parameters and the reply to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from stasis_sim.handoff.clib.text import atoi, says_yes, split_list
from stasis_sim.handoff.http_server import messages
from stasis_sim.handoff.http_server.access import HttpRequest

_VALUES: Final = "Each value in 'variables' must be a string or an object with 'value' and optional 'report_events'"
_NOTHING: Final[Mapping[str, Any]] = {}


class Reply(NamedTuple):
    """A reply: `message` is its JSON, None for none."""

    status: int
    phrase: str
    message: Any = None
    headers: tuple[tuple[str, str], ...] = ()


DONE: Final = Reply(204, "No Content")
NO_CHANNEL: Final = Reply(404, "Not Found", {"message": "Channel not found"})
NOT_INSIDE: Final = Reply(409, "Conflict", {"message": "Channel not in Stasis application"})
NO_APPLICATION: Final = Reply(404, "Not Found", {"message": "Application not found"})
ALLOCATION_FAILED: Final = Reply(500, "Internal Server Error", {"error": "Allocation failed"})
NOT_MODELLED: Final = Reply(501, "Not Implemented", {"message": messages.NOT_MODELLED})


def ok(message: Any) -> Reply:
    """200 with a body."""
    return Reply(200, "OK", message)


CREATED: Final = Reply(201, "Created")
"""201 where nobody looks into bodies."""


def created(message: Any, location: str) -> Reply:
    """201 with a body, and where below ARI what was made can be found."""
    return Reply(201, "Created", message, (("Location", f"/ari{location}"),))


def error(status: int, phrase: str, text: str) -> Reply:
    """An error as ARI words it."""
    return Reply(status, phrase, {"message": text})


def bad(text: str) -> Reply:
    """400 with a message."""
    return error(400, "Bad Request", text)


class Parameters:
    """A request's parameters: those of the query, where the JSON body does not give others (ari_conf:bodies)."""

    __slots__ = ("_body", "_query", "json")

    def __init__(self, request: HttpRequest) -> None:
        # Of several of one name the last one counts.
        self._query: Mapping[str, str] = dict(request.query)
        # The JSON body, an object or an array; None for none.
        self.json: Any = request.body
        self._body: Mapping[str, Any] = self.json if isinstance(self.json, dict) else _NOTHING

    @property
    def empty(self) -> bool:
        """Whether nothing is given."""
        return not self._query and not self._body

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON body if it is an object, else an empty one."""
        return self._body

    def text(self, name: str) -> str:
        """A text; one that is missing is empty."""
        return self.given(name) or ""

    def given(self, name: str) -> str | None:
        """A text, None if it is missing."""
        if name in self._body:
            value = self._body[name]
            return value if isinstance(value, str) else None
        return self._query.get(name)

    def number(self, name: str) -> int:
        """A whole number; one that is missing or none is 0, and so is any text in the body (numbers-in-bodies)."""
        if name in self._body:
            value = self._body[name]
            return value if type(value) is int else 0
        text = self.text(name)
        return atoi(text) if text else 0

    def flag(self, name: str) -> bool:
        """A yes or no."""
        if name in self._body:
            return self._body[name] is True
        return says_yes(self.text(name))

    def many(self, name: str) -> list[str]:
        """A list: an array in the body, or in the query what commas separate, as in arguments (lists-quoted)."""
        if name in self._body:
            value = self._body[name]
            found = value if isinstance(value, list) else [value]
            return [one if isinstance(one, str) else "" for one in found]
        text = self.given(name)
        return [] if text is None else split_list(text)


def variables(found: object, *, objects: bool) -> dict[str, str] | Reply:
    """The variables in a body by their names, or what is wrong with them; what is no object counts as none.

    `objects`: each may be an object with its `value`.
    """
    given: dict[str, str] = {}
    for name, value in found.items() if isinstance(found, Mapping) else ():
        text = value
        if objects:
            if not isinstance(value, str | Mapping):
                return bad(_VALUES)
            text = value if isinstance(value, str) else value.get("value")
            if not isinstance(text, str):
                return bad("Each object value in 'variables' must include string field 'value'")
        elif not isinstance(value, str):
            return bad("Only string values in the 'variables' object allowed")
        given[name] = text
    return given


Handler: TypeAlias = Callable[[Sequence[str], Parameters], Reply | None]
"""Answers a request, given what stands in the path; None: the reply comes later."""

Routes: TypeAlias = Mapping[tuple[str, str], Handler]
