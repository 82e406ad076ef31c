"""Whether a scenario can be computed in bulk, and if not, which key of it lets calls act back on something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stasis_sim.openloop.thaws import FREEZING, STOPPING
from stasis_sim.scenario.actions import Bridge, Disband, ExternalMedia, Originate, Pair, Record, Subscribe
from stasis_sim.scenario.distributions import Constant

if TYPE_CHECKING:
    from stasis_sim.scenario import Scenario
    from stasis_sim.scenario.clients import Client
    from stasis_sim.scenario.faults import Fault
    from stasis_sim.simulated.preparation import Prepared


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
    yield from _faults(scenario)
    yield from _clients(scenario)
    for number, calls in enumerate(scenario.calls):
        if calls.redial is not None:
            yield f"calls.{number}.redial: one call makes another"
        again = [entry.repeat for entry in calls.keys if entry.repeat is not None]
        if not all(isinstance(repeat, Constant) for repeat in again):
            yield f"calls.{number}.keys: each caller has random numbers of his own for when he presses keys again"
        elif again and scenario.run.until == "drained":
            yield f"calls.{number}.keys: until: drained does not wait for who presses them for ever"
        if calls.vanishes is not None and calls.session_expires_us is not None:
            yield f"calls.{number}.session_expires: how often the session was refreshed is computed event by event"
    if not scenario.calls:
        yield "calls: there are none"


def _faults(scenario: Scenario) -> Iterator[str]:
    for number, fault in enumerate(scenario.faults):
        if fault.verb == "reload" and fault.every is not None:
            yield f"faults.{number}.every: each reload makes further files of those before it"
        elif fault.how == "power_cut":
            yield f"faults.{number}.how: what Asterisk had written before its power was cut still arrives"
        elif fault.client is None and fault.every is not None and scenario.run.until == "drained":
            yield f"faults.{number}.every: it ends calls, and until: drained does not wait for it"
        elif fault.verb in STOPPING and _varies(scenario.clients[fault.target]):
            yield f"faults.{number}.{fault.verb}: {fault.target} has a random latency, and what is held back goes on"
        elif fault.verb == "stall":
            yield from (f"faults.{number}.stall: {reason}" for reason in _stall(scenario, fault))


def _stall(scenario: Scenario, fault: Fault) -> Iterator[str]:
    """Yield what makes a stall act on more than when a program reads and works."""
    if scenario.run.until == "drained":
        yield "until: drained waits for its end"
    if any(other.target == fault.target and other.verb in FREEZING for other in scenario.faults):
        yield "what comes first of it and of a freeze decides what is late"


def _clients(scenario: Scenario) -> Iterator[str]:
    everything = [name for name, client in scenario.clients.items() if client.subscribe_all]
    for name in everything[1:]:
        yield f"clients.{name}.subscribe_all: {everything[0]} has it too, and who hears first is who came first"
    for name, client in scenario.clients.items():
        if client.recover != "none" and scenario.run.until == "drained":
            yield f"clients.{name}.recover: what it does may end calls for ever, which until: drained waits for"
        for key, reason in (*_client(client), *_actions(client)):
            yield f"clients.{name}.{key}: {reason}"
        for other, its in scenario.clients.items():
            shared = other != name or client.instances > 1
            if shared and not set(its.apps).isdisjoint(client.apps):
                yield from (f"clients.{name}.{key}: {reason}" for key, reason in _sharing(client, other, its))


def _sharing(client: Client, other: str, its: Client) -> Iterator[tuple[str, str]]:
    """Yield what of a client closes the loop because another one serves apps of it too."""
    if client.apps != its.apps:
        yield "apps", f"{other} serves some of them, and not just the same"
    if client.on_replaced != "stays":
        yield "on_replaced", f"when it hears of {other} hangs on the messages before that"
    if _varies(client):
        yield "latency", f"the news that {other} has its apps holds up what is behind it"
    if client.subscribe_all:
        yield "subscribe_all", f"it counts only if {other} has not been there before"


def _client(client: Client) -> Iterator[tuple[str, str]]:
    if client.behind is not None:
        yield "behind", "who gets an event depends on who is there when the proxy hands it on"
    if client.deliver is not None:
        yield "deliver", "it hands events on to whoever is there"
    yield from _links(client)
    if client.on_error == "crashes":
        yield "on_error", "a call can end the program that others need"


def _links(client: Client) -> Iterator[tuple[str, str]]:
    if client.transport == "outbound":
        yield "transport", "its events wait in a queue that calls fill"
    if client.subscribe:
        yield "subscribe", "what it hears of hangs on when its request is carried out"
    if client.inbox is not None:
        yield "inbox", "what it does not read may end its connection"
    if client.idle_timeout is not None:
        yield "idle_timeout", "messages about calls keep its connection alive"
    if client.subscribe_all and _varies(client):
        yield "latency", "what is about no call holds up what is behind it too"


def _varies(client: Client) -> bool:
    """Whether not all messages take as long to a client."""
    return not isinstance(client.latency, Constant)


def _actions(client: Client) -> Iterator[tuple[str, str]]:
    for event, todo in client.on.items():
        for action in todo:
            if isinstance(action, Subscribe):
                yield f"on {event}", "a channel to which it is subscribed keeps its app registered"
            elif isinstance(action, Bridge | Disband | Pair):
                yield f"on {event}", "who is in a bridge hears of the others"
            elif isinstance(action, Record):
                yield f"on {event}", "each frame of a caller bears on how long he is recorded"
            elif isinstance(action, ExternalMedia | Originate):
                yield f"on {event}", "it makes channels beside the calls"
