"""Channels that a client makes: the two halves of a Local channel, or external media, which no traffic has offered.

They live among the callers, and a client handles their events like those of any caller; but they are no calls. They
have no rows of their own: their events and commands are about no call, and only the channels inside an app count them.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from stasis_sim.simulated.statuses import CARRIED_OUT

if TYPE_CHECKING:
    from stasis_sim.scenario.actions import Originate
    from stasis_sim.simulated.callers import Caller
    from stasis_sim.simulated.delays import Name
    from stasis_sim.simulated.process import Process
    from stasis_sim.simulated.programs import Program


def originate(
    process: Process, client: Program, caller: Caller, action: Originate, *, name: Name, last: bool
) -> Generator[int | None, Any, bool]:
    """Have Asterisk make a Local channel on behalf of a caller; say whether it did.

    Args:
        process: Who asks for it.
        client: For whom.
        caller: Whose draws the new channels share.
        action: Where its halves go.
        name: Its place in what the client does.
        last: Nothing follows.
    """
    callers = client.world.callers
    near, far = callers.make(caller)
    query = (("endpoint", action.endpoint), ("app", action.app), ("channelId", near), ("otherChannelId", far))
    answers: list[int] = []
    sent = client.rest("POST", "/channels", query, None, process, name=name, awaited=not last, done=answers.append)
    status = yield from sent
    if not answers or answers[0] not in CARRIED_OUT:
        callers.unmake(near, far)
    return status in CARRIED_OUT


def make_media(
    process: Process, client: Program, caller: Caller, app: str, *, name: Name
) -> Generator[int | None, Any, Caller | None]:
    """Have Asterisk make a channel of external media for an app, on behalf of a caller; return it if it has.

    The program knows it by its id, and does for it none of what its actions say of callers.
    """
    callers = client.world.callers
    media = callers.make_media(caller)
    query = (("app", app), ("external_host", "127.0.0.1:9999"), ("format", "ulaw"), ("channelId", media.channel))
    answers: list[int] = []
    status = yield from client.rest(
        "POST", "/channels/externalMedia", query, None, process, name=name, done=answers.append
    )
    if not answers or answers[0] not in CARRIED_OUT:
        callers.unmake(media.channel)
    return media if status in CARRIED_OUT else None
