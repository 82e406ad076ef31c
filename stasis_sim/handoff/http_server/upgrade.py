"""The WebSocket handshake as Asterisk holds it: which upgrades it takes, and which application names."""

from __future__ import annotations

import base64
import hashlib

from stasis_sim.handoff.clib.text import atoi, split_list
from stasis_sim.handoff.http_server.messages import Answer, Headers, HttpRequest, header
from stasis_sim.handoff.http_server.rules import AccessRules
from stasis_sim.handoff.http_server.server import HttpServer

SWITCHING = "Switching Protocols"
ORDINARY: Headers = (
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
)
"""The headers of an ordinary client, with the key of the standard's example."""

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_LIMIT = 8192
_QUOTES = "'\""
_VERSIONS = (7, 8, 13)


def negotiate(server: HttpServer, request: HttpRequest, protocol: str) -> Headers | Answer:
    """Return the headers of the 101 for an upgrade to a server that knows one protocol, or the answer that refuses it.

    Asterisk does not look at Connection, nor at Origin.
    """
    fields = {name.lower(): value for name, value in request.headers}
    upgrade = fields.get("upgrade", "")
    if upgrade.lower() != "websocket":
        return server.page(request, 426, "Upgrade Required", "", "no_upgrade")
    wanted = fields.get("sec-websocket-protocol", "")
    chosen = next((name.rstrip() for name in wanted.split(",") if name.strip().lower() == protocol), None)
    old = "sec-websocket-key1" in fields and "sec-websocket-key2" in fields
    if wanted and (chosen is None or old):
        return _refuse(server, request)
    key = fields.get("sec-websocket-key")
    if atoi(fields.get("sec-websocket-version", "")) not in _VERSIONS:
        return _refuse(server, request)
    if key is None or len(key) + len(_GUID) + 1 > _KEY_LIMIT:
        return _refuse(server, request)
    # A protocol out of a list keeps the space before it.
    agreed = () if chosen is None else (("Sec-WebSocket-Protocol", chosen),)
    return (("Upgrade", upgrade), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept(key)), *agreed)


def accept(key: str) -> str:
    """Return Sec-WebSocket-Accept for a key."""
    digest = hashlib.sha1(f"{key}{_GUID}".encode("utf-8", "surrogateescape"), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def switching(headers: Headers) -> Answer:
    """Return the 101: it has no Server header and no length."""
    return Answer(101, SWITCHING, headers, "", "")


def applications(server: HttpServer, request: HttpRequest, rules: AccessRules) -> tuple[str, ...] | Answer:
    """Return the applications that an upgrade of /ari/events asks for, or the answer that refuses them."""
    values = [value for name, value in request.query if (name.lower() if rules.fold_app else name) == "app"]
    asked = values[-1 if rules.last_app else 0] if values else None
    if asked is None or (not asked and rules.empty_app_is_none):
        return _bad_app(server, request, "HTTP request is missing param: [app]")
    if rules.apps_limit and any(len(value.split(",")) >= rules.apps_limit for value in values):
        return _bad_app(server, request, '{"message":"Too many values for app"}')
    names = [_unquote(name.strip()) for name in _separate(asked)] if rules.trim_apps else split_list(asked)
    if not all(names) and not rules.blank_apps_register:
        return _bad_app(server, request, "Invalid application provided in param [app].")
    longest = max(len(name.encode("utf-8", "surrogateescape")) for name in names)
    if not all(names) or (rules.app_bytes and longest > rules.app_bytes):
        return server.page(request, 500, "Internal Server Error", "Stasis app registration failed", "bad_app")
    return tuple(names)


def _separate(text: str) -> list[str]:
    """Split names at commas, but at none that stands in quotes or behind a backslash (lists-quoted)."""
    names = [""]
    quotes: list[str] = []
    escaped = False
    for char in text:
        if not escaped and char in _QUOTES:
            if quotes and quotes[-1] == char:
                quotes.pop()
            else:
                quotes.append(char)
        if char == "," and not quotes and not escaped:
            names.append("")
        else:
            names[-1] += char
        escaped = char == "\\" and not escaped
    return names


def _unquote(name: str) -> str:
    quoted = len(name) > 1 and name[0] == name[-1] and name[0] in _QUOTES
    return name[1:-1].strip() if quoted else name


def _bad_app(server: HttpServer, request: HttpRequest, text: str) -> Answer:
    return server.page(request, 400, "Bad Request", text, "bad_app")


def _refuse(server: HttpServer, request: HttpRequest) -> Answer:
    headers = (("Sec-WebSocket-Version", ", ".join(map(str, _VERSIONS))),)
    return server.answer(request, 400, "Bad Request", headers=headers, reason="bad_upgrade")


def asks(request: HttpRequest) -> bool:
    """Whether a request carries an Upgrade header at all."""
    return bool(request.headers) and header(request.headers, "Upgrade") is not None
