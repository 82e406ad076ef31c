"""External media: POST /channels/externalMedia makes a channel that exchanges RTP with a program, for an application.

As in Asterisk's resource_channels.c and chan_rtp.c: it is dialled like any other channel that ARI makes, is up at once
and enters its application.  Nothing hangs it up but a request: not the end of the caller that it is bridged with, nor
the loss of the WebSocket (external-media).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stasis_sim.handoff.ari.originate import DIALLING, EXISTS, OriginateResources, Origination, check_formats
from stasis_sim.handoff.ari.replies import NOT_MODELLED, Parameters, Reply, Routes, bad, error, ok, variables
from stasis_sim.handoff.ari.rest import House
from stasis_sim.handoff.channels.phones import put
from stasis_sim.handoff.channels.snapshots import Channel
from stasis_sim.handoff.dialplan.thread import Thread

_FAILED: Final = error(500, "Internal Server Error", "An internal error prevented this request from being handled")
_UNSUPPORTED: Final = error(501, "Not Implemented", "The encapsulation and/or transport is not supported")
_OTHERS: Final = frozenset({("audiosocket", "tcp"), ("none", "websocket")})
"""Encapsulations and transports that 22 has and the model has not."""

_DIRECTIONS: Final = frozenset({"", "both", "in", "out"})
_FIRST_PORT: Final = 10000
_PORTS: Final = 5000
"""RTP takes two ports each of those from 10000 to 20000 (rtp.conf)."""


class ExternalMediaResources:
    """Handlers of POST /channels/externalMedia."""

    def __init__(self, house: House, originating: OriginateResources) -> None:
        """Work on a house; `originating` is who names channels and gives them to applications."""
        self.house = house
        self.originating = originating
        self._made = 0

    def routes(self) -> Routes:
        """The handlers by method and path."""
        return {("POST", "/channels/externalMedia"): self.create}

    def create(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST externalMedia (external-media-errors)."""
        newer = self.house.profile.media_transports
        given = variables(parameters.body.get("variables"), objects=self.house.profile.variable_objects)
        if isinstance(given, Reply):
            return given
        wrong = _check_newer(parameters) if newer else _check(parameters)
        if wrong is not None:
            return wrong
        channels = self.house.channels
        ident = self.originating.ident(parameters.text("channelId"))
        if ident in channels.live:
            return _FAILED if newer else EXISTS
        channel = Channel(ident, Thread(ident, "default", "s", state="Down"))
        channel.walks = False
        channel.state = "dialled"
        channels.add(channel)
        port = _FIRST_PORT + 2 * (self._made % _PORTS)
        self._made += 1
        channels.set_variable(channel, "UNICASTRTP_LOCAL_ADDRESS", "127.0.0.1")
        channels.set_variable(channel, "UNICASTRTP_LOCAL_PORT", str(port))
        channel.thread.resting = channel.thread.application, channel.thread.data = DIALLING
        channels.publish(channel)
        for name, value in given.items():
            put(self.house.calls.pbx, channel.thread, name, value)
        origination = Origination(channel, channel, parameters.text("external_host"))
        origination.app, origination.args = parameters.text("app"), parameters.text("data") if newer else ""
        self.originating.subscribe(origination.app, channel)
        self.house.after(self.originating.dial_media, origination)
        return ok(channels.json(channel))


def _check(parameters: Parameters) -> Reply | None:
    """Return what is wrong with the parameters, in the order of 16; None: nothing."""
    for name in ("app", "external_host", "format"):
        if not parameters.text(name):
            return bad(f"{name} cannot be empty")
    if not all(parameters.text("external_host").partition(":")):
        return bad("external_host must be <host>:<port>")
    if _means(parameters) != ("rtp", "udp"):
        return _UNSUPPORTED
    return check_formats(parameters.text("format"))


def _check_newer(parameters: Parameters) -> Reply | None:
    """Return what is wrong with the parameters, in the order of 22; None: nothing."""
    host, means = parameters.text("external_host"), _means(parameters)
    checks = (
        (not parameters.text("app"), bad("app cannot be empty")),
        (means in _OTHERS, NOT_MODELLED),
        (not host, bad("external_host is required for all but websocket server connections")),
        (not parameters.text("format"), bad("format cannot be empty")),
        (
            parameters.text("connection_type") == "server",
            bad("'server' connection_type can only be used with the websocket transport"),
        ),
        (means[0] != "rtp", _UNSUPPORTED),
        (means[1] != "udp", bad("transport must be 'udp' for rtp encapsulation")),
        (
            not all(host.partition(":")),
            bad("external_host must be <host>:<port> for all transports other than websocket"),
        ),
        (parameters.text("direction") not in _DIRECTIONS, bad("Invalid direction specified")),
        (check_formats(parameters.text("format")) is not None, _FAILED),
    )
    return next((reply for wrong, reply in checks if wrong), None)


def _means(parameters: Parameters) -> tuple[str, str]:
    return parameters.text("encapsulation") or "rtp", parameters.text("transport") or "udp"
