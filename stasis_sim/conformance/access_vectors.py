"""Judges the vectors about http.conf and ari.conf: what each request was answered.

An Asterisk with the files of a case answers its requests one after the other. Judged are status, reason, headers but
Server and Date, body, and whether the connection was closed. What a resource that the model does not have would say is
taken from the record: there only who is let in is judged.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from stasis_sim.conf.ari import load_ari
from stasis_sim.conf.crypt import verify
from stasis_sim.conf.http import load_http
from stasis_sim.conf.syntax import Source
from stasis_sim.conformance.cases import Case, Difference, Item, compare, long_text, recorded
from stasis_sim.handoff.configuration import Configuration
from stasis_sim.handoff.dialplan.contexts import Dialplan
from stasis_sim.handoff.effects import RESPONSE
from stasis_sim.handoff.engine import Engine
from stasis_sim.handoff.http_server.access import Answer
from stasis_sim.handoff.http_server.messages import NOT_MODELLED, HttpRequest
from stasis_sim.handoff.http_server.server import dump, from_wire
from stasis_sim.handoff.profiles import Profile
from stasis_sim.handoff.stimuli import Closed, Open, Request

_SOCKETS = {"RAW", "PIPE", "IDLE", "HALF", "HOLD1", "HOLDWS", "WSTWO", "WSAPPS"}
"""Words in the place of a method that need real sockets: such requests are not judged."""

_PORT = 8188
_NOT_MODELLED = 501
_UNJUDGED = {"Server", "Date"}
_CUT = "(cut by recorder)"
_SILENT = {"tls_required", "session_limit"}
_LEFT_OUT: Final = frozenset(
    [
        "accountcode",
        "asterisk_id",
        "build",
        "caller",
        "connected",
        "creationtime",
        "language",
        "protocol_id",
        "tech_data",
        "timestamp",
    ]
)
"""What the model leaves out of what it tells of channels, bridges and itself."""

_PLACEHOLDER: Final = re.compile(r"\{[a-z_]+\}")
"""What stands in a record in the place of a value that no two runs share."""

_PEM = {
    "/etc/asterisk/both.pem": "BEGIN CERTIFICATE PRIVATE KEY",
    "/etc/asterisk/cert.pem": "BEGIN CERTIFICATE",
    "/etc/asterisk/key.pem": "PRIVATE KEY",
}
"""What lay on the recorder's machine, as far as it matters."""


def judge(case: Case, version: str, profile: Profile) -> Iterator[Item]:
    """Yield how each request of a case fares under a profile that stands for a version."""
    engine = start(case, profile)
    for number, request in enumerate(case["requests"]):
        if request["method"] not in _SOCKETS:
            differences = _differences(engine, number, wire(request), recorded(request, version))
            yield Item(f"{case['id']}/{number}", version, differences)


def start(case: Case, profile: Profile) -> Engine:
    """Start Asterisk with a case's files, after those that it was started with before a reload."""

    def source(key: str) -> Source | None:
        return None if case.get(key) is None else Source(long_text(case[key]), key)

    rules, http, ari = profile.access, None, None
    if "before_http" in case:
        http = load_http(source("before_http"), rules, _PEM.get)[0]
    if "before_ari" in case:
        ari = load_ari(source("before_ari"), rules)[0]
    http = load_http(source("http.conf"), rules, _PEM.get, http)[0]
    ari = load_ari(source("ari.conf"), rules, ari)[0]
    return Engine(Configuration(http, ari, Dialplan(), verify), profile, bodies=True)


def wire(request: Case) -> HttpRequest:
    """Return a request as the recorder sent it."""
    port = request.get("port", _PORT)
    headers = {} if request.get("nohost") else {"Host": f"127.0.0.1:{port}"}
    if "basic" in request:
        token = base64.b64encode(":".join(request["basic"]).encode()).decode()
        headers["Authorization"] = f"Basic {token}"
    headers |= {name: long_text(value) for name, value in request.get("headers", {}).items()}
    generated = request.get("generated_headers")
    if generated:
        names = (generated["name"].format(i=number) for number in range(generated["count"]))
        headers |= dict.fromkeys(names, generated["value"])
    content = long_text(request["body"]) if "body" in request else None
    if content is not None:
        headers.setdefault("Content-Length", str(len(content.encode())))
    return from_wire(
        request["method"],
        long_text(request["path"]),
        tuple(headers.items()),
        content,
        host=request.get("host", "127.0.0.1"),
        port=port,
        tls=request.get("tls", False),
    )


def _differences(engine: Engine, number: int, request: HttpRequest, expected: Case) -> tuple[Difference, ...]:
    answer = _ask(engine, number, request)
    if answer.status == _NOT_MODELLED and NOT_MODELLED in answer.body and "status" in expected:
        answer = _as_recorded(answer, expected)
    if "outcome" in expected or answer.status == 0:
        return compare({"outcome": expected.get("outcome", "a response")}, {"outcome": _outcome(answer)})
    if request.method.upper() == "HEAD":
        # Who asks so reads no body, whatever Asterisk sends.
        answer, expected = answer._replace(body=""), {**expected, "body": ""}
    return compare(*_judged(answer, engine.profile.access.server_name, expected))


def _ask(engine: Engine, number: int, request: HttpRequest) -> Answer:
    """Return what a request is answered; the connection of a WebSocket is closed at once."""
    access = engine.access
    found = access.check(request)
    if isinstance(found, Answer):
        return found
    if found.apps:
        engine.step(number, Open(str(number), request))
        engine.step(number, Closed(str(number)))
        return access.respond(found, 101, "Switching Protocols")
    effects = engine.step(number, Request(number, request))
    _, _, status, phrase, headers, body = next(effect for effect in effects if effect[0] == RESPONSE)
    return Answer(status, phrase, headers, body, "", closes=("Connection", "close") in headers)


def _as_recorded(answer: Answer, expected: Case) -> Answer:
    """Return the answer of what the model does not have: Asterisk's words within the model's headers."""
    body = str(long_text(expected.get("body", "")))
    given = {"Content-Length": str(len(body.encode("utf-8", "surrogateescape"))), "Content-type": "application/json"}
    headers = tuple((name, given.get(name, value)) for name, value in answer.headers if body or name != "Content-type")
    return answer._replace(status=expected["status"], phrase=expected["reason"], headers=headers, body=body)


def _outcome(answer: Answer) -> str:
    if answer.status:
        return "a response"
    return "closed without a response" if answer.reason in _SILENT else "connection refused"


def _judged(answer: Answer, name: str, expected: Case) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is judged of an answer, as it was recorded and as the model has it."""
    seen: dict[str, Any] = {
        "status": answer.status,
        "reason": answer.phrase,
        "headers": [list(pair) for pair in answer.headers if pair[0] not in _UNJUDGED],
        "body": answer.body,
        "connection_closed": answer.closes,
    }
    wanted = {key: expected[key] for key in seen if key in expected}
    length = next((value for key, value in answer.headers if key == "Content-Length"), "")
    wanted["headers"] = [
        [key, length if "{" in value else value] for key, value in expected["headers"] if key not in _UNJUDGED
    ]
    body = str(long_text(expected.get("body", "")))
    if "{version}" in body:
        seen["body"] = seen["body"].replace(name, "Asterisk/{version}")
    if body.endswith(_CUT):
        # Only the beginning was written down, and the length in the headers.
        body = body.removesuffix(_CUT).rstrip(".")
        seen["body"] = seen["body"][: len(body)]
    names = frozenset(_unsteady(expected.get("body_json"))) | _LEFT_OUT
    if any(name in body for name in names):
        seen["body"], body = _without(seen["body"], names), _without(body, names)
    wanted["body"] = body
    return wanted, seen


def _unsteady(message: Any) -> Iterator[str]:
    """Yield the names of what differs from run to run: its value was replaced when it was recorded."""
    if isinstance(message, dict):
        for name, value in message.items():
            if isinstance(value, str) and _PLACEHOLDER.fullmatch(value):
                yield name
    for inner in message.values() if isinstance(message, dict) else message if isinstance(message, list) else ():
        yield from _unsteady(inner)


def _without(text: str, names: frozenset[str]) -> str:
    """Return JSON without what has one of some names; what is no JSON stays."""

    def prune(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {name: value for name, value in pairs if name not in names}

    try:
        return dump(json.loads(text, object_pairs_hook=prune), pretty="\n" in text)
    except ValueError:
        return text
