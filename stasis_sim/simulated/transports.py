"""Which apps Asterisk connects for itself, held against the clients that listen.

A section of ari.conf with ``type = outbound_websocket`` names apps and, by ``websocket_client_id``, a section of
websocket_client.conf with the address and the timers. In a scenario it leads to the client that serves these apps with
``transport: outbound``, whatever the address says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from stasis_sim.scenario.clients import DEFAULT_RECONNECT
from stasis_sim.scenario.distributions import Constant
from stasis_sim.scenario.quantities import format_duration

if TYPE_CHECKING:
    from stasis_sim.errors import Problem
    from stasis_sim.handoff.configuration import Configuration
    from stasis_sim.handoff.http_server.access import OutboundWebSocket, WebsocketClient
    from stasis_sim.scenario import Scenario


def each_call(configuration: Configuration) -> frozenset[str]:
    """Return the apps that get a WebSocket for each call."""
    sections = configuration.ari.outbound_websockets
    clients = configuration.websocket_clients
    kinds = [(section, clients.get(section.websocket_client_id)) for section in sections]
    return frozenset(
        app
        for section, client in kinds
        if client is not None and client.connection_type == "per_call_config"
        for app in section.apps
    )


def misfits(scenario: Scenario, configuration: Configuration) -> Iterator[Problem]:
    """Yield what does not fit between the sections of Asterisk's files and the clients."""
    listening = {
        app: name for name, client in scenario.clients.items() if client.transport == "outbound" for app in client.apps
    }
    led: dict[str, str] = {}
    for section in configuration.ari.outbound_websockets:
        fault = _fault(section, configuration.websocket_clients, listening, led)
        if fault:
            yield scenario.problem(("asterisk", "ari"), f"[{section.name}] {fault}")
        led.update(dict.fromkeys(section.apps, section.name))
    for app, name in listening.items():
        if app not in led:
            text = f"no outbound_websocket of ari.conf names {app}; add one, or write transport: inbound"
            yield scenario.problem(("clients", name, "transport"), text)
    yield from _idle_keys(scenario)
    yield from _too_far(scenario, configuration)


def _fault(
    section: OutboundWebSocket,
    clients: Mapping[str, WebsocketClient],
    listening: Mapping[str, str],
    led: Mapping[str, str],
) -> str:
    """Return what is wrong with a section, or nothing."""
    if section.websocket_client_id not in clients:
        known = ", ".join(clients) or "none at all"
        return (
            f"has no section {section.websocket_client_id} in websocket_client.conf (got {known}); "
            "write one under asterisk.websocket_client"
        )
    for app in section.apps:
        if app not in listening:
            return f"connects for {app}, and no client listens; give one apps: [{app}] and transport: outbound"
        if app in led:
            return f"names {app} like [{led[app]}]; let one section name it"
    names = dict.fromkeys(listening[app] for app in section.apps)
    if len(names) > 1:
        return f"leads to {' and '.join(names)}; let it name apps of one client"
    return ""


def _idle_keys(scenario: Scenario) -> Iterator[Problem]:
    """Yield keys that say nothing of a client that listens."""
    for name, client in scenario.clients.items():
        if client.transport == "outbound" and client.reconnect != DEFAULT_RECONNECT:
            text = "says nothing of a client that listens; remove it, and write the timers into websocket_client.conf"
            yield scenario.problem(("clients", name, "reconnect"), text)
        if client.transport == "outbound" and client.on_replaced != "stays":
            text = "says nothing of a client that listens: Asterisk alone ends its WebSockets; remove it"
            yield scenario.problem(("clients", name, "on_replaced"), text)
        if client.transport == "outbound" and client.subscribe:
            text = "not simulated of a client that listens; remove it, or write subscribe_all = yes into ari.conf"
            yield scenario.problem(("clients", name, "subscribe"), text)
        if client.transport == "outbound" and client.subscribe_all:
            text = "says nothing of a client that listens; remove it, and write subscribe_all = yes into ari.conf"
            yield scenario.problem(("clients", name, "subscribe_all"), text)


def _too_far(scenario: Scenario, configuration: Configuration) -> Iterator[Problem]:
    """Yield clients that no try can reach in time: Asterisk would try for ever."""
    for section in configuration.ari.outbound_websockets:
        dialled = configuration.websocket_clients.get(section.websocket_client_id)
        for name, client in scenario.clients.items():
            latency = client.latency
            if dialled is None or section.apps[0] not in client.apps or not isinstance(latency, Constant):
                continue
            way, timeout = 2 * latency.value_us, dialled.connection_timeout_ms * 1000
            if way > timeout:
                text = (
                    f"there and back is longer than connection_timeout of [{dialled.name}] (got "
                    f"{format_duration(way)} and {format_duration(timeout)}); write less, or raise connection_timeout"
                )
                yield scenario.problem(("clients", name, "latency"), text)
