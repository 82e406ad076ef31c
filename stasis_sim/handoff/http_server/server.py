"""Asterisk's HTTP server, without its sockets: reading requests, its own pages, and the headers around every answer."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from stasis_sim.handoff.clib.text import BLANKS, decode_uri, scan_int
from stasis_sim.handoff.http_server.messages import Answer, Headers, HttpRequest, Reason, header
from stasis_sim.handoff.http_server.settings import HTTP_PORT, HttpSettings, acl_allows

LINE_LIMIT = 4095
"""Bytes of a request line or header with its line end."""

HEADER_LIMIT = 100
BODY_LIMIT = 40960
"""Bytes of a body that somebody reads."""

TOO_LARGE = 413
TOO_LARGE_PHRASE = "Request Entity Too Large"

_ERRORS = 400
"""The least status of an error."""

NO_CACHE = ("Cache-Control", "no-cache, no-store")

_WORDS = re.compile(f"[{re.escape(BLANKS)}]+")
_CHUNK = re.compile(r"([0-9A-Fa-f]+)(?:;[^\n]*|\r)\n")
"""The line before a chunk: what follows a semicolon does not matter, and nothing else may follow the length."""

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

_STATUS_HEAD = (
    "<html><title>Asterisk HTTP Status</title>\r\n"
    '<body bgcolor="#ffffff">\r\n'
    '<table bgcolor="#f1f1f1" align="center"><tr><td bgcolor="#e0e0ff" colspan="2" width="500">\r\n'
    "<h2>&nbsp;&nbsp;Asterisk&trade; HTTP Status</h2></td></tr>\r\n"
)
_STATUS_RULE = '<tr><td colspan="2"><hr></td></tr>\r\n'
_STATUS_FOOT = (
    '</table><center><font size="-1"><i>Asterisk and Digium are registered trademarks of Digium, Inc.</i></font>'
    "</center></body></html>\r\n"
)


class Unreadable(Exception):  # noqa: N818 - what a request is, not a fault of the program
    """A body that cannot be used; carries what to answer."""

    def __init__(self, status: int, phrase: str, text: str, *, closes: bool = False) -> None:
        super().__init__(text)
        self.status, self.phrase, self.text, self.closes = status, phrase, text, closes


class HttpServer:
    """The server that http.conf describes: all that it answers without asking ARI."""

    def __init__(self, settings: HttpSettings) -> None:
        self.settings = settings
        self._server: Headers = (("Server", settings.servername),) if settings.servername else ()
        self._closes_always = settings.session_keep_alive_ms <= 0

    # -- answers

    def answer(
        self,
        request: HttpRequest,
        status: int,
        phrase: str,
        *,
        headers: Headers = (),
        body: str = "",
        reason: Reason = "",
        closes: bool = False,
    ) -> Answer:
        """Put Asterisk's headers around an answer; a HEAD gets the length of the body, and of an error the body too."""
        closes = closes or self._closes_always or wants_close(request)
        around = (
            *self._server,
            *((("Connection", "close"),) if closes else ()),
            NO_CACHE,
            *headers,
            ("Content-Length", str(byte_length(body))),
        )
        shown = "" if request.method.upper() == "HEAD" and status < _ERRORS else body
        return Answer(status, phrase, around, shown, reason, closes, body)

    def page(
        self,
        request: HttpRequest,
        status: int,
        phrase: str,
        text: str,
        reason: Reason,
        *,
        closes: bool = False,
    ) -> Answer:
        """Return one of Asterisk's pages for an error."""
        name = self.settings.servername
        address = f"<address>{_xml_escape(name)}</address>\r\n" if name else ""
        body = (
            '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\r\n'
            f"<html><head>\r\n<title>{status} {phrase}</title>\r\n</head><body>\r\n"
            f"<h1>{phrase}</h1>\r\n<p>{text}</p>\r\n<hr />\r\n{address}</body></html>\r\n"
        )
        headers = (("Content-type", "text/html"),)
        found = self.answer(request, status, phrase, headers=headers, body=body, reason=reason, closes=closes)
        return found._replace(text=text or phrase)

    def json(
        self,
        request: HttpRequest,
        status: int,
        phrase: str,
        message: Any,
        *,
        pretty: bool,
        headers: Headers = (),
        reason: Reason = "",
        closes: bool = False,
    ) -> Answer:
        """Return an answer of ARI: a JSON body, or none for None."""
        body = "" if message is None else dump(message, pretty=pretty)
        if message is not None:
            headers = (*headers, ("Content-type", "application/json"))
        return self.answer(request, status, phrase, headers=headers, body=body, reason=reason, closes=closes)

    # -- requests

    def limits(self, request: HttpRequest) -> Answer | None:
        """Return the answer to a request that is too long, or whose body can have no length; None for all others."""
        target, headers = request.target or request.path, request.headers
        if byte_length(request.method) + byte_length(target) + len("  HTTP/1.1\r\n") > LINE_LIMIT:
            return self._bad(request, "Request line too long")
        # Asterisk reads header after header and stops at the first that is wrong.
        if any(
            byte_length(name) + byte_length(value) + len(": \r\n") > LINE_LIMIT
            for name, value in headers[: HEADER_LIMIT + 1]
        ):
            return self._bad(request, "Header line too long")
        if len(headers) > HEADER_LIMIT:
            return self.page(request, TOO_LARGE, TOO_LARGE_PHRASE, "Too many headers", "too_large", closes=True)
        return self._lengths(request) if headers else None

    def _lengths(self, request: HttpRequest) -> Answer | None:
        encoding = (header(request.headers, "Transfer-Encoding") or "identity").lower()
        if encoding not in {"identity", "chunked"}:
            text = "Unsupported Transfer-Encoding."
            return self.page(request, 501, "Unimplemented", text, "unknown_encoding", closes=True)
        if encoding == "identity" and (content_length(request) or 0) < 0:
            return self._bad(request, "Invalid Content-Length in request!")
        return None

    def _bad(self, request: HttpRequest, text: str) -> Answer:
        return self.page(request, 400, "Bad Request", text, "bad_request", closes=True)

    def before_prefix(self, request: HttpRequest) -> Answer | None:
        """Return the answer to a path that is restricted or leads elsewhere, or None."""
        path = request.path
        for restriction in self.settings.restrictions:
            if path.startswith(restriction.path) and not acl_allows(restriction.acl, request.client):
                text = "Access denied by ACL"
                return self.page(request, 403, "Forbidden", text, "path_restricted", closes=True)
        for target, destination in self.settings.redirects:
            if path.lower() == target.lower():
                return self.answer(request, 302, "Moved Temporarily", headers=(("Location", destination),))
        return None

    def own_page(self, request: HttpRequest, path: str) -> Answer | None:
        """Return the answer of the server's own pages for a path behind the prefix, or None if none is there."""
        name, slash, rest = path.partition("/")
        if self.settings.enable_status and name.lower() == "httpstatus" and not rest:
            return self._unsupported(request) or self.answer(request, 200, "OK", body=self._status(request))
        if self.settings.enable_static and name.lower() == "static":
            return self._unsupported(request) or self._static(request, decode_uri(rest, plus=True) if slash else "")
        return None

    def missing(self, request: HttpRequest, reason: Reason) -> Answer:
        """Return the page for a path that nobody answers."""
        return self.page(request, 404, "Not Found", "The requested URL was not found on this server.", reason)

    def _unsupported(self, request: HttpRequest) -> Answer | None:
        if request.method.upper() in {"GET", "HEAD"}:
            return None
        text = "Attempt to use unimplemented / unsupported method"
        return self.page(request, 501, "Not Implemented", text, "no_such_page")

    def _static(self, request: HttpRequest, path: str) -> Answer:
        if not path or path[0] in "./|~@#$%^&*() \t" or "/.." in path:
            text = "You do not have permission to access the requested URL."
            return self.page(request, 403, "Access Denied", text, "no_such_page", closes=True)
        return self.missing(request, "no_such_page")

    def _status(self, request: HttpRequest) -> str:
        settings = self.settings
        plain, tls = settings.plain_listener, settings.tls_listener
        rows = [("Server", settings.servername), ("Prefix", settings.prefix)]
        if settings.rules.status_sockets:
            rows += [("Bind Address", str(plain))] if plain else []
            rows += [("TLS Bind Address", str(tls))] if tls else []
        else:
            rows += [("Bind Address", plain.address), ("Bind Port", str(plain.port))] if plain else []
            rows += [("SSL Bind Port", str(tls.port))] if tls else []
        escape = _html_escape if settings.rules.status_escapes else str
        lines = [f"<tr><td><i>{name}</i></td><td><b>{value}</b></td></tr>\r\n" for name, value in rows]
        lines.append(_STATUS_RULE)
        for name, value in request.query:
            label = f"Submitted GET Variable '{escape(name)}'"
            lines.append(f"<tr><td><i>{label}</i></td><td>{escape(value)}</td></tr>\r\n")
        lines.append(_STATUS_RULE)
        for name, value in _cookies(request.headers):
            lines.append(f"<tr><td><i>Cookie '{escape(name)}'</i></td><td>{escape(value)}</td></tr>\r\n")
        return "".join((_STATUS_HEAD, *lines, _STATUS_FOOT))


def from_wire(
    method: str,
    target: str,
    headers: Headers,
    content: str | None = None,
    *,
    host: str = "localhost",
    port: int = HTTP_PORT,
    tls: bool = False,
) -> HttpRequest:
    """Return a request as it came over a wire, credentials and all in its headers."""
    # Asterisk reads up to the second blank and never looks at what follows, be it the version.
    line = f"{method} {target} HTTP/1.1"
    verb, uri = _WORDS.split(line.strip(BLANKS))[:2]
    path, mark, query = uri.partition("?")
    parameters = parse_query(query) if mark else ()
    trimmed = ((name.rstrip(BLANKS), value.strip(BLANKS)) for name, value in headers)
    known = tuple(pair for pair in trimmed if all(pair))
    return HttpRequest(verb, path, parameters, None, None, known, host, port, tls, content or None, target=target)


def read_body(request: HttpRequest) -> HttpRequest:
    """Return a request with its body parsed: JSON as `body`, form fields before the query's.

    Raises:
        Unreadable: The body is too long or not what its Content-Type says.
    """
    kind = (header(request.headers, "Content-Type") or "").partition(";")[0].lower()
    if not request.content or kind not in {"application/json", "application/x-www-form-urlencoded"}:
        return request
    text, length = request.content, content_length(request)
    if (header(request.headers, "Transfer-Encoding") or "").lower() == "chunked":
        text = _join_chunks(text)
    elif length is not None:
        if length > BODY_LIMIT:
            raise _too_large()
        text = _bytes(text)[:length].decode("utf-8", "surrogateescape")
    if byte_length(text) > BODY_LIMIT:
        raise _too_large()
    if kind == "application/json":
        return request._replace(body=load(text), content=None) if text else request
    # A form is a C string.
    return request._replace(query=parse_query(text.partition("\0")[0]) + request.query, content=None)


def _too_large() -> Unreadable:
    return Unreadable(TOO_LARGE, TOO_LARGE_PHRASE, "Request body too large", closes=True)


def _join_chunks(text: str) -> str:
    """Return the text of a chunked body."""
    whole, rest = b"", _bytes(text)
    while True:
        match = _CHUNK.match(rest.decode("latin-1"))
        if match is None:
            raise Unreadable(400, "Bad Request", "Error parsing request body", closes=True)
        length, start = int(match[1], 16), match.end()
        if length == 0:
            return whole.decode("utf-8", "surrogateescape")
        if len(whole) + length > BODY_LIMIT:
            raise _too_large()
        whole += rest[start : start + length]
        if rest[start + length : start + length + 2] != b"\r\n":
            raise Unreadable(400, "Bad Request", "Error parsing request body", closes=True)
        rest = rest[start + length + 2 :]


def load(text: str) -> Any:
    """Parse JSON as Asterisk does: an object or an array, strictly.

    Raises:
        Unreadable: It is none.
    """
    try:
        value = json.loads(text, parse_constant=_no_json, parse_int=_integer, parse_float=_real)
        # Half a surrogate pair is no text, and no string may hold a NUL.
        json.dumps(value, ensure_ascii=False).encode()
        if _NUL.search(text):
            _no_json("NUL")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict | list):
        raise Unreadable(400, "Bad Request", "Error parsing request body")
    return value


def _no_json(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _integer(text: str) -> int:
    number = int(text)
    return number if -(2**63) <= number < 2**63 else int(_no_json(text))


def _real(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else float(_no_json(text))


def dump(message: Any, *, pretty: bool) -> str:
    """Write JSON as Asterisk does."""
    if pretty:
        return json.dumps(message, indent=2, ensure_ascii=False)
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


def parse_query(text: str) -> tuple[tuple[str, str], ...]:
    """Return the decoded parameters of a query or a form; a name without = has an empty value."""
    pairs = (part.partition("=") for part in text.split("&"))
    return tuple((decode_uri(name, plus=True), decode_uri(value, plus=True)) for name, _, value in pairs)


def content_length(request: HttpRequest) -> int | None:
    """Return what Content-Length says, -1 where it is no number, None where there is none."""
    text = header(request.headers, "Content-Length")
    if text is None:
        return None
    number = scan_int(text)
    return -1 if number is None else number


def wants_close(request: HttpRequest) -> bool:
    """Whether the client asks for the connection to be closed."""
    return bool(request.headers) and (header(request.headers, "Connection") or "").lower() == "close"


def byte_length(text: str) -> int:
    """Return the length of a text on the wire."""
    return len(text) if text.isascii() else len(_bytes(text))


def _bytes(text: str) -> bytes:
    """Return a text as it is on the wire; a surrogate that stands for no byte has three."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _cookies(headers: Headers) -> list[tuple[str, str]]:
    """Return the cookies of the last Cookie header as Asterisk lists them: the last comes first."""
    text = next((value for name, value in reversed(headers) if name.lower() == "cookie"), "")
    pairs = (part.partition("=") for part in text.split(";"))
    cookies = [(name.strip(), value.strip().removeprefix('"').removesuffix('"')) for name, _, value in pairs]
    return [cookie for cookie in reversed(cookies) if all(cookie)]


def _html_escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _xml_escape(text: str) -> str:
    return _html_escape(text).replace("'", "&apos;")
