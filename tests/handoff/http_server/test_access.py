"""Access decides as Asterisk does: every judged request of the recorded configurations, and what speed needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stasis_sim.conformance.vectors import judge_file, score
from stasis_sim.handoff.http_server.access import (
    REASONS,
    Access,
    Answer,
    AriSettings,
    AriUser,
    Granted,
    HttpRequest,
    HttpSettings,
)

VECTORS = Path(__file__).parents[2] / "vectors"


FILES = ["http_conf", "ari_conf", "access_more", "access_files", "access_rest", "access_wire"]


@pytest.mark.parametrize("file", [f"{name}.json" for name in FILES])
def test_every_recorded_request_gets_the_recorded_answer(
    file: str, record_property: Callable[[str, object], None]
) -> None:
    """Status, reason, headers, body and whether the connection closes are those of the real Asterisks."""
    items = judge_file(VECTORS / file)
    record_property("score", f"{file}: {score(items)}")
    wrong = [f"{item.id} {item.version}: {item.differences[0]}" for item in items if item.differences]
    assert items
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
