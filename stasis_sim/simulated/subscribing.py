"""Subscriptions that a client makes by a request: to all channels or bridges, or to one channel.

Asterisk keeps them with the app. Where it forgets the app, or takes away what was subscribed to all, they are gone, and
what is not subscribed to is never raised: nobody is told that it is missing.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stasis_sim.simulated.clock import Rank
from stasis_sim.simulated.process import Process
from stasis_sim.simulated.statuses import CARRIED_OUT

if TYPE_CHECKING:
    from stasis_sim.simulated.callers import Caller
    from stasis_sim.simulated.clients import Client
    from stasis_sim.simulated.delays import Name
    from stasis_sim.simulated.process import Life
    from stasis_sim.simulated.programs import Program

SUBSCRIPTION = "/subscription"
"""How the path ends where an app is subscribed to something."""


def _path(app: str) -> str:
    return f"/applications/{quote(app, safe='')}{SUBSCRIPTION}"


def subscribe(client: Client, *, again: bool) -> None:
    """Let a client that has connected subscribe to what the scenario names, if it does.

    Args:
        client: The client.
        again: Its program has been connected before, and has made its subscriptions then.
    """
    kinds = client.spec.subscribe
    if kinds and (client.spec.reconnect.resubscribe or not again):
        process = Process(client.world.clock, Rank.CLIENT, 0)
        process.start(_subscribe(process, client, ",".join(f"{kind}:" for kind in kinds)))


def _subscribe(process: Process, client: Client, to: str) -> Life:
    """Subscribe one app after the other, up to the first that cannot be."""
    generation, sources = client.generation, (("eventSource", to),)
    for app in client.spec.apps:
        status = yield from client.rest("POST", _path(app), sources, None, process, name=("subscribe", app))
        if status not in CARRIED_OUT or client.generation != generation:
            return


def subscribe_to(
    process: Process, client: Program, caller: Caller, app: str, *, name: Name, last: bool
) -> Generator[int | None, Any, bool]:
    """Subscribe an app to the channel of a call; say whether that worked.

    Args:
        process: Who asks for it.
        client: For whom.
        caller: Whose channel.
        app: Which app.
        name: Its place in what the client does.
        last: Nothing follows.
    """
    source = (("eventSource", f"channel:{caller.channel}"),)
    status = yield from client.rest("POST", _path(app), source, caller, process, name=name, awaited=not last)
    return status in CARRIED_OUT
