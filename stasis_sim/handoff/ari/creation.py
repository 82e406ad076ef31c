"""Calls that ARI makes in two steps: POST /channels/create, and then POST dial.

The half that ARI has enters its application as soon as it is made, Down, and stays there while the other half is
dialled: that it rings, or is up, is a change of its state (create-and-dial).  What is said of Local channels in
originate.py holds here too.
"""

from __future__ import annotations

from collections.abc import Sequence

from stasis_sim.handoff.ari.channels import ChannelResources
from stasis_sim.handoff.ari.originate import EXISTS, OriginateResources, check_endpoint, check_formats
from stasis_sim.handoff.ari.replies import ALLOCATION_FAILED, DONE, Parameters, Reply, Routes, error, ok, variables
from stasis_sim.handoff.ari.rest import House
from stasis_sim.handoff.channels.control import Control
from stasis_sim.handoff.channels.phones import put
from stasis_sim.handoff.channels.snapshots import Channel

_NOT_DOWN = error(409, "Conflict", "Channel is not in the 'Down' state")

_NOBODY = "(null)"
"""What Asterisk takes for the name of an application that is not given."""


class CreateResources:
    """Handlers of POST /channels/create and POST dial."""

    def __init__(self, house: House, channels: ChannelResources, originating: OriginateResources) -> None:
        """Work on a house; `originating` is who makes and dials the halves of Local channels."""
        self.house = house
        self.channels = channels
        self.originating = originating

    def routes(self) -> Routes:
        """The handlers by method and path."""
        return {("POST", "/channels/create"): self.create, ("POST", "/channels/{channelId}/dial"): self.dial}

    def create(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST /channels/create."""
        technology, _, device = parameters.text("endpoint").partition("/")
        given = variables(parameters.body.get("variables"), objects=self.house.profile.variable_objects)
        if isinstance(given, Reply):
            return given
        wrong = check_endpoint(technology, device, parameters) or check_formats(parameters.text("formats"))
        if wrong is not None:
            return wrong
        named = parameters.given("app")
        app = _NOBODY if named is None else named
        source = self.house.channels.live.get(parameters.text("originator"))
        if source is not None:
            self.originating.subscribe(app, source)  # also where no channel can be made (create-from-refused)
        if technology.lower() != "local":
            return ALLOCATION_FAILED
        origination = self.originating.make(parameters.text("channelId"), device, parameters, dialled=False)
        if origination is None:
            return EXISTS
        near = origination.near
        self.originating.made[near.ident] = origination
        origination.app, origination.args = app, parameters.text("appArgs")
        self.originating.subscribe(app, near)
        for name, value in given.items():
            put(self.house.calls.pbx, near.thread, name, value)
        self.house.after(self.originating.hand_over, origination)
        return ok(self.house.channels.json(near))

    def dial(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST dial."""
        control = self.channels.control(path[0], ready=False)
        if isinstance(control, Reply):
            return control
        if control.channel.thread.state != "Down":
            return _NOT_DOWN
        source = self.house.channels.live.get(parameters.text("caller"))
        control.queue(self._dial, (control, parameters.number("timeout"), source))
        self.house.wake(control)
        return DONE

    def _dial(self, control: Control, timeout: int, source: Channel | None) -> None:
        origination = self.originating.made.get(control.channel.ident)
        if origination is not None:
            control.dialled = control.bridge is None
            self.originating.dial(origination, timeout, source)
