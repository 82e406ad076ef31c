"""websocket_client.conf: which sections are clients, and which of them Asterisk can use."""

from __future__ import annotations

import pytest

from stasis_sim.conf.syntax import Source
from stasis_sim.conf.websocket_client import load_websocket_clients

GOOD = "type = websocket_client\nconnection_type = persistent\nuri = ws://ivr/\n"


def test_the_first_type_of_a_section_counts() -> None:
    """A section of another type, or of none, is not looked at."""
    clients, diagnostics = load_websocket_clients(
        Source(f"[a]\n{GOOD}[b]\ntype = other\n{GOOD}[c]\nuri = ws://ivr/\n[d]\n{GOOD}type = other\n")
    )
    assert (list(clients), diagnostics) == (["a", "d"], [])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("connection_type = now_and_then", "connection_type must be persistent or per_call_config"),
        ("uri =", "there is no uri"),
        ("colour = red", "'colour' is no option of a WebSocket client"),
        ("reconnect_interval = soon", "reconnect_interval = 'soon' is no number"),
    ],
)
def test_a_client_that_cannot_be_used_is_dropped(line: str, fault: str) -> None:
    """With an error, and the others stay."""
    clients, diagnostics = load_websocket_clients(Source(f"[a]\n{GOOD}{line}\n[b]\n{GOOD}", "websocket_client.conf"))
    assert list(clients) == ["b"]
    assert [str(each) for each in diagnostics] == [f"websocket_client.conf:1: error: {fault}; Asterisk drops [a]"]


def test_numbers_are_taken_as_they_stand() -> None:
    """In milliseconds, and with the names of the settings."""
    lines = "connection_timeout = 5\nreconnect_interval = 500\nreconnect_attempts = 3\n"
    clients, _ = load_websocket_clients(Source(f"[a]\n{GOOD}{lines}"))
    client = clients["a"]
    assert (client.connection_timeout_ms, client.reconnect_interval_ms, client.reconnect_attempts) == (5, 500, 3)
