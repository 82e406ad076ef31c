"""websocket_client.conf (22) -> :class:`~stasis_sim.handoff.http_server.settings.WebsocketClient` by name."""

from __future__ import annotations

from typing import Any

from stasis_sim.conf.syntax import Diagnostic, Section, Source, read
from stasis_sim.conf.values import INT_MAX, whole_number
from stasis_sim.handoff.clib.text import fold, says_yes
from stasis_sim.handoff.http_server.settings import WebsocketClient

_TEXTS = frozenset({"uri", "protocols", "username", "password"})
_NUMBERS = {
    "connection_timeout": "connection_timeout_ms",
    "reconnect_interval": "reconnect_interval_ms",
    "reconnect_attempts": "reconnect_attempts",
}
_DEFAULT_TYPE = "persistent"
_IGNORED = frozenset(
    {
        "type",
        "ca_list_file",
        "ca_list_path",
        "cert_file",
        "priv_key_file",
        "verify_server_cert",
        "verify_server_hostname",
    }
)
"""Options that change nothing in the model: who may trust whose certificate."""


def load_websocket_clients(source: Source | None) -> tuple[dict[str, WebsocketClient], list[Diagnostic]]:
    """Read websocket_client.conf; a section that Asterisk cannot use is dropped with an error."""
    if source is None:
        return {}, []
    parsed = read(source)
    clients: dict[str, WebsocketClient] = {}
    for section in parsed.sections:
        kinds = [variable.value for variable in section.variables if fold(variable.name) == "type"]
        if kinds[:1] != ["websocket_client"]:
            continue
        fault = _fault(section)
        if fault:
            text = f"{fault}; Asterisk drops [{section.name}]"
            parsed.diagnostics.append(Diagnostic("error", section.file, section.line, text, "client-invalid"))
        else:
            clients[section.name] = _client(section)
    return clients, parsed.diagnostics


def _fault(section: Section) -> str:
    """Return what is wrong with a section, or nothing."""
    known = _TEXTS | _NUMBERS.keys() | _IGNORED | {"connection_type", "tls_enabled"}
    values = {fold(variable.name): variable.value for variable in section.variables}
    for name, value in values.items():
        if name not in known:
            return f"{name!r} is no option of a WebSocket client"
        if name in _NUMBERS and whole_number(value, -INT_MAX - 1, INT_MAX) is None:
            return f"{name} = {value!r} is no number"
    if values.get("connection_type", _DEFAULT_TYPE) not in {"persistent", "per_call_config"}:
        return "connection_type must be persistent or per_call_config"
    return "" if values.get("uri") else "there is no uri"


def _client(section: Section) -> WebsocketClient:
    values: dict[str, Any] = {"name": section.name, "connection_type": _DEFAULT_TYPE}
    for variable in section.variables:
        name = fold(variable.name)
        if name in _TEXTS or name == "connection_type":
            values[name] = variable.value
        elif name in _NUMBERS:
            values[_NUMBERS[name]] = whole_number(variable.value, -INT_MAX - 1, INT_MAX)
        elif name == "tls_enabled":
            values[name] = says_yes(variable.value)
    return WebsocketClient(**values)
