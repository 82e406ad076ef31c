"""Access decides as Asterisk does: every judged request of the recorded configurations, and what speed needs."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stasis_sim.conf.ari import load_ari
from stasis_sim.conf.crypt import verify
from stasis_sim.conf.http import load_http
from stasis_sim.conf.syntax import Source
from stasis_sim.handoff.access import REASONS, Access, Answer, AriSettings, AriUser, Granted, HttpRequest, HttpSettings
from stasis_sim.handoff.http_server import from_wire
from stasis_sim.handoff.settings import Version

VECTORS = Path(__file__).parent.parent / "vectors"
SOCKETS = {"RAW", "PIPE", "IDLE", "HALF", "HOLD1", "HOLDWS", "WSTWO", "WSAPPS"}
"""Words in the place of a method that need real sockets."""

COMMANDS = {
    "Allocation failed",
    "Application not found",
    "Channel not found",
    "Endpoint must be specified",
    "app cannot be empty",
}
"""Errors that a command of ARI finds, not the access to it."""

PEM = {
    "/etc/asterisk/both.pem": "BEGIN CERTIFICATE PRIVATE KEY",
    "/etc/asterisk/cert.pem": "BEGIN CERTIFICATE",
    "/etc/asterisk/key.pem": "PRIVATE KEY",
}

NAMES: dict[Version, str] = {
    "16": "Asterisk/16.28.0~dfsg-0+deb11u4",
    "22": "Asterisk/22.10.1+dfsg+~cs6.17.60671434-1",
    "documented": "",
}


class Judged(NamedTuple):
    """A request of the vectors and what a version answered."""

    name: str
    case: dict[str, Any]
    request: dict[str, Any]
    version: Version
    expected: dict[str, Any]


def judged(file: str) -> Iterator[Judged]:
    """Yield every judged request of a file, once for each version that it was recorded with."""
    versions: tuple[Version, ...] = ("16", "22")
    for case in json.loads((VECTORS / file).read_text("utf-8")):
        for number, request in enumerate(case["requests"]):
            if request["method"] in SOCKETS:
                continue
            for version in versions:
                expected = request["expected"][version] if request.get("by_version") else request["expected"]
                yield Judged(f"{case['id']}-{number}-{version}", case, request, version, expected)


def long(text: Any) -> str:
    """Return a text that may be stored as a long run."""
    if isinstance(text, dict):
        return str(text["prefix"] + text["repeat"] * text["times"] + text["suffix"])
    return str(text)


def access_of(case: dict[str, Any], version: Version) -> Access:
    """Start Asterisk with a case's files, after those that it was started with before a reload."""

    def source(key: str) -> Source | None:
        return None if case.get(key) is None else Source(case[key], key)

    http = ari = None
    if "before_http" in case:
        http = load_http(source("before_http"), version, PEM.get)[0]
    if "before_ari" in case:
        ari = load_ari(source("before_ari"), version)[0]
    http = load_http(source("http.conf"), version, PEM.get, http)[0]
    return Access(http, load_ari(source("ari.conf"), version, ari)[0], verify)


def wire(request: dict[str, Any]) -> HttpRequest:
    """Return a request as the recorder sent it."""
    port = request.get("port", 8188)
    headers = {} if request.get("nohost") else {"Host": f"127.0.0.1:{port}"}
    if "basic" in request:
        token = base64.b64encode(":".join(request["basic"]).encode()).decode()
        headers["Authorization"] = f"Basic {token}"
    headers |= {name: long(value) for name, value in request.get("headers", {}).items()}
    generated = request.get("generated_headers")
    if generated:
        names = (generated["name"].format(i=number) for number in range(generated["count"]))
        headers |= dict.fromkeys(names, generated["value"])
    content = long(request["body"]) if "body" in request else None
    if content is not None:
        headers.setdefault("Content-Length", str(len(content.encode())))
    return from_wire(
        request["method"],
        long(request["path"]),
        tuple(headers.items()),
        content,
        host=request.get("host", "127.0.0.1"),
        port=port,
        tls=request.get("tls", False),
    )


def answer_to(access: Access, item: Judged) -> Answer:
    """Return the answer to a request; what a granted one's command says is taken from the recording."""
    found = access.check(wire(item.request))
    if isinstance(found, Answer):
        return found
    expected = item.expected
    message = expected.get("body_json")
    said = message.get("message", message.get("error")) if isinstance(message, dict) else None
    assert expected["status"] in {101, 200, 204} or said in COMMANDS, "granted what Asterisk refused"
    return access.respond(found, expected["status"], expected["reason"], message)


def disagreements(answer: Answer, item: Judged) -> list[str]:
    """Return in which fields an answer differs from the recorded one."""
    expected = item.expected
    if "outcome" in expected:
        silent = answer.reason in {"tls_required", "session_limit"}
        outcome = "closed without a response" if silent else "connection refused"
        return [] if answer.status == 0 and outcome == expected["outcome"] else [f"{answer} for {expected['outcome']}"]
    name = NAMES[item.version]
    seen = {
        "status": answer.status,
        "reason": answer.phrase,
        "headers": [list(pair) for pair in answer.headers if pair[0] not in {"Server", "Date"}],
        "body": answer.body.replace(name, "Asterisk/{version}"),
        "connection_closed": answer.closes,
    }
    wanted = {key: expected[key] for key in seen if key in expected}
    wanted["headers"] = [
        ["Content-Length", str(len(answer.body.encode()))] if "{" in value else [key, value]
        for key, value in expected["headers"]
        if key not in {"Server", "Date"}
    ]
    cut = "(cut by recorder)"
    if wanted["body"].endswith(cut):
        # Only the beginning was written down, and the length in the headers.
        wanted["body"] = wanted["body"].removesuffix(cut).rstrip(".")
        seen["body"] = answer.body[: len(wanted["body"])]
    if "{timestamp}" in wanted["body"]:
        seen["body"] = wanted["body"]
    return [f"{key}: {seen[key]!r} for {wanted[key]!r}" for key in wanted if seen[key] != wanted[key]]


@pytest.mark.parametrize("file", ["http_conf.json", "ari_conf.json", "access_more.json"])
def test_every_recorded_request_gets_the_recorded_answer(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Status, reason, headers, body and whether the connection closes are those of the real Asterisks."""
    total, wrong = 0, []
    started: dict[tuple[str, str], Access] = {}
    for item in judged(file):
        key = item.case["id"], item.version
        access = started.get(key) or started.setdefault(key, access_of(item.case, item.version))
        total += 1
        wrong += [f"{item.name}: {text}" for text in disagreements(answer_to(access, item), item)[:1]]
    with capsys.disabled():
        sys.stdout.write(f"\n{file}: {total - len(wrong)} of {total} agree\n")
    assert not wrong, "\n".join(wrong)


HTTP = HttpSettings(enabled=True, bindaddr="0.0.0.0")  # noqa: S104 - an Asterisk of everywhere
ARI = AriSettings(users=(AriUser("a", "p"), AriUser("viewer", "v", read_only=True), AriUser("c", "$6$", crypted=True)))
ASKED = HttpRequest("POST", "/ari/channels/c1/answer", user=("a", "p"), host="asterisk")


def access(http: HttpSettings = HTTP, ari: AriSettings = ARI) -> Access:
    """Return an access where a hash's password is its beginning."""
    return Access(http, ari, lambda password, stored: stored.startswith(password))


def test_a_granted_request_knows_who_asks_for_what() -> None:
    """The user, the resource, and what stands in the path for its wildcards - at the first time and at every other."""
    door = access()
    for _ in range(2):
        found = door.check(ASKED)
        assert isinstance(found, Granted)
        assert (found.user, found.read_only, found.route.pattern, found.variables) == (
            "a",
            False,
            "/channels/{channelId}/answer",
            ("c1",),
        )


@pytest.mark.parametrize(
    ("reason", "http", "ari", "change"),
    [
        ("http_disabled", {"enabled": False}, {}, {}),
        ("http_disabled", {"bindaddr": None}, {}, {}),
        ("http_disabled", {"bindaddr": "x.invalid"}, {}, {}),
        ("wrong_port", {}, {}, {"port": 9000}),
        ("unreachable_address", {"bindaddr": "127.0.0.1"}, {}, {}),
        ("tls_required", {"tlsenable": True, "tlsbindaddr": "0.0.0.0:8443"}, {}, {"port": 8443}),
        ("tls_not_spoken", {}, {}, {"tls": True}),
        ("tls_not_spoken", {}, {}, {"tls": True, "port": 8089}),
        ("wrong_prefix", {"prefix": "/pbx"}, {}, {}),
        ("wrong_prefix", {}, {}, {"path": "/pbx/ari/channels"}),
        ("ari_disabled", {}, {"enabled": False}, {}),
        ("no_such_page", {}, {}, {"path": "/"}),
        ("bad_credentials", {}, {}, {"user": ("a", "x")}),
        ("bad_credentials", {}, {}, {"user": None}),
        ("bad_credentials", {}, {"users": ()}, {}),
        ("read_only", {}, {}, {"user": ("viewer", "v")}),
        ("no_such_resource", {}, {}, {"path": "/ari/nosuch"}),
        ("no_such_resource", {}, {}, {"path": "/ari/channels/"}),
        ("wrong_method", {}, {}, {"method": "PUT"}),
        ("no_upgrade", {}, {}, {"method": "GET", "path": "/ari/events"}),
        ("bad_request", {}, {}, {"content": "{", "headers": (("Content-Type", "application/json"),)}),
        ("unknown_encoding", {}, {}, {"headers": (("Transfer-Encoding", "gzip"),)}),
    ],
)
def test_each_refusal_has_its_word(
    reason: str, http: dict[str, Any], ari: dict[str, Any], change: dict[str, Any]
) -> None:
    """Out of REASONS, with a status unless the server was not even reached, and a text for people."""
    found = access(replace(HTTP, **http), replace(ARI, **ari)).check(ASKED._replace(**change))
    assert isinstance(found, Answer)
    assert found.reason == reason
    assert reason in REASONS
    assert found.text
    assert (found.status == 0) == (reason in UNREACHED)


UNREACHED = {"http_disabled", "wrong_port", "unreachable_address", "tls_required", "tls_not_spoken", "session_limit"}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"port": 9000}, "connection refused: nobody listens at port 9000, but at 8088"),
        ({"tls": True}, "port 8088 is plain HTTP: the TLS handshake fails"),
        ({"tls": True, "port": 1}, "connection refused: http.conf does not say tlsenable = yes"),
    ],
)
def test_a_server_that_is_not_reached_says_why(change: dict[str, Any], text: str) -> None:
    """The exact text."""
    found = access().check(ASKED._replace(**change))
    assert isinstance(found, Answer)
    assert (found.status, found.text) == (0, text)


def test_a_connection_over_the_session_limit_is_closed_without_a_word() -> None:
    """WebSockets count like all others."""
    door = access(replace(HTTP, sessionlimit=2))
    assert door.full(1) is None
    over = door.full(2)
    assert over is not None
    assert (over.status, over.reason, over.closes) == (0, "session_limit", True)


def test_an_open_needs_no_headers_but_an_application() -> None:
    """What a client of the simulation leaves out is taken to be ordinary."""
    door = access()
    asked = ASKED._replace(method="GET", path="/ari/events", query=(("app", "x,y"),))
    found = door.open(asked)
    assert isinstance(found, Granted)
    assert found.apps == ("x", "y")
    assert door.respond(found, 101, "Switching Protocols").headers[0] == ("Upgrade", "websocket")
    refused = door.open(asked._replace(query=()))
    assert isinstance(refused, Answer)
    assert (refused.status, refused.reason) == (400, "bad_app")


def test_a_read_only_user_may_open_a_websocket_and_look() -> None:
    """Only what changes something is refused."""
    door = access()
    asked = ASKED._replace(method="GET", path="/ari/events", query=(("app", "x"),), user=("viewer", "v"))
    assert isinstance(door.open(asked), Granted)
    assert isinstance(door.check(asked._replace(path="/ari/channels/c1")), Granted)


def test_crypt_is_asked_once_for_a_pair() -> None:
    """A right password and a wrong one are both remembered."""
    asked: list[str] = []

    def verify_once(password: str, stored: str) -> bool:
        asked.append(password)
        return stored.startswith(password)

    door = Access(HTTP, ARI, verify_once)
    for _ in range(3):
        assert isinstance(door.check(ASKED._replace(user=("c", "$6"))), Granted)
        assert isinstance(door.check(ASKED._replace(user=("c", "no"))), Answer)
    assert asked == ["$6", "no"]


def test_a_known_client_costs_microseconds() -> None:
    """The check is made for every request of a simulation: far less than the rest of a request."""
    door = access()
    door.check(ASKED)
    best = min(_seconds(door) for _ in range(5))
    assert best < 20e-6, f"{best * 1e6:.1f} µs for one check"


def _seconds(door: Access) -> float:
    count = 2000
    start = time.perf_counter()
    for _ in range(count):
        door.check(ASKED)
    return (time.perf_counter() - start) / count
