"""Whether a scenario can be computed in bulk, and if not, which key of it lets calls act back on something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stasis_sim.scenario.distributions import Constant

if TYPE_CHECKING:
    from stasis_sim.scenario import Scenario
    from stasis_sim.scenario.clients import Client
    from stasis_sim.simulated.preparation import Prepared


DEADLY: Final = ("hangs", "crashes")
"""Ends of a policy after which nobody works for the calls any more."""


def obstacle(prepared: Prepared) -> str:
    """Return the first key that closes the loop, with the reason; empty where none does.

    What a dialplan does is seen only when a call does it, so a run may still turn out to be none for this engine.
    """
    return next(_obstacles(prepared), "")


def _obstacles(prepared: Prepared) -> Iterator[str]:
    scenario = prepared.scenario
    asterisk = scenario.asterisk
    if asterisk.max_channels is not None:
        yield "asterisk.max_channels: whether a call gets in depends on the others"
    if not isinstance(asterisk.latency, Constant):
        yield "asterisk.latency: its random times are drawn in the order of requests"
    for number, fault in enumerate(scenario.faults):
        if fault.verb != "drop":
            yield f"faults.{number}.{fault.verb}: only drop is computed in bulk"
    yield from _clients(scenario)
    for number, calls in enumerate(scenario.calls):
        if calls.redial is not None:
            yield f"calls.{number}.redial: one call makes another"
        if any(entry.repeat is not None for entry in calls.keys):
            yield f"calls.{number}.keys: how often a caller presses keys again is computed event by event"
        if calls.vanishes is not None and calls.session_expires_us is not None:
            yield f"calls.{number}.session_expires: how often the session was refreshed is computed event by event"
    if not scenario.calls:
        yield "calls: there are none"


def _clients(scenario: Scenario) -> Iterator[str]:
    served: dict[str, str] = {}
    everything = [name for name, client in scenario.clients.items() if client.subscribe_all]
    for name in everything[1:]:
        yield f"clients.{name}.subscribe_all: {everything[0]} has it too, and who hears first is who came first"
    for name, client in scenario.clients.items():
        for key, reason in _client(client):
            yield f"clients.{name}.{key}: {reason}"
        for app in client.apps:
            if served.setdefault(app, name) != name:
                yield f"clients.{name}.apps: {app} is served by {served[app]} too, and one replaces the other"


def _client(client: Client) -> Iterator[tuple[str, str]]:
    if client.transport == "outbound":
        yield "transport", "its events wait in a queue that calls fill"
    if client.instances > 1:
        yield "instances", "one replaces the other"
    if client.workers > 1:
        yield "workers", "several share one queue"
    if client.reconnect.gives_up in DEADLY or client.reconnect.supervisor_us is not None:
        yield "reconnect", "a program that ends takes the calls that it works for with it"
    if client.recover != "none":
        yield "recover", "what it finds depends on the other calls"
    if not isinstance(client.latency, Constant):
        yield "latency", "its random times are drawn in the order of messages"
