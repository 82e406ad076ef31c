"""Calls that ARI makes itself: POST /channels with an application or an extension.

As in Asterisk's resource_channels.c, for Local endpoints, the only ones that the model has.  A Local channel has two
halves: `;1`, which ARI dials, and `;2`, which runs the dialplan of the endpoint.  The application is subscribed to
both from the start.  When the dialplan answers, `;1` is up and enters Stasis, or starts in the dialplan itself; when
one half ends the other is hung up (originate-app).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from stasis_sim.handoff.ari.replies import ALLOCATION_FAILED, Parameters, Reply, Routes, bad, error, ok, variables
from stasis_sim.handoff.ari.rest import House
from stasis_sim.handoff.channels.phones import put, speak_as, take_after
from stasis_sim.handoff.channels.snapshots import Channel
from stasis_sim.handoff.clib.text import atoi, fold, split_arguments, strip
from stasis_sim.handoff.dialplan.causes import NORMAL_CLEARING
from stasis_sim.handoff.dialplan.functions.caller import calling, connect, split_caller
from stasis_sim.handoff.dialplan.thread import STASIS_ENTERED, Thread
from stasis_sim.handoff.dialplan.variables import inherit
from stasis_sim.handoff.subscriptions import CHANNEL

DIALLING: Final = ("AppDial2", "(Outgoing Line)")
EXISTS: Final = error(409, "Conflict", "Channel with given unique ID already exists")
_TIMEOUT_S: Final = 30
_STATUSES: Final = {
    3: "CHANUNAVAIL",
    17: "BUSY",
    20: "CHANUNAVAIL",
    34: "CONGESTION",
}
"""What a Dial event says of a call that ended by a cause: 16 and 22 were asked for each of them."""
_FORMAT_NAMES: Final = """
codec2 g723 ulaw alaw gsm g726 g726aal2 adpcm slin slin12 slin16 slin24 slin32 slin44 slin48 slin96 slin192 lpc10 g729
speex speex16 speex32 ilbc g722 siren7 siren14 g719 opus amr amrwb jpeg png h261 h263 h263p h264 h265 mpeg4 vp8 vp9 red
t140 t38 silk8 silk12 silk16 silk24 none
"""
_FORMATS: Final = frozenset(_FORMAT_NAMES.split())
"""The formats that Debian's Asterisk knows, by their names (originate-formats); 16 has a ``testlaw`` besides."""


def _status(cause: int) -> str:
    return _STATUSES.get(cause, "NOANSWER")


def check_endpoint(technology: str, device: str, parameters: Parameters) -> Reply | None:
    """What is wrong with whom to call."""
    if not parameters.text("endpoint"):
        return bad("Endpoint must be specified")
    if parameters.text("originator") and parameters.text("formats"):
        return bad("Originator and formats can't both be specified")
    return None if technology and device else bad("Invalid endpoint specified")


def check_formats(formats: str) -> Reply | None:
    """What is wrong with the formats, with commas between, that a new channel should have."""
    named = [strip(one) for one in formats.split(",")] if formats else []
    unknown = next((one for one in named if fold(one) not in _FORMATS), None)
    return None if unknown is None else bad(f"Provided format ({unknown}) was not found")


class Origination:
    """A channel that is being dialled.

    Attributes:
        near: The half that ARI has.
        far: The half that runs the endpoint's dialplan.
        device: What is dialled, without `Local/`.
        app: The application that gets `near`, or "".
        args: Its arguments, as they were given.
        place: Where `near` starts in the dialplan if there is no application.
        inside: `near` has been with an application since it was made (creation.py).
        timer: Serial of the timer that ends the dialling.
    """

    __slots__ = ("app", "args", "device", "far", "inside", "near", "place", "timer")

    def __init__(self, near: Channel, far: Channel, device: str) -> None:
        self.near = near
        self.far = far
        self.device = device
        self.app = ""
        self.args = ""
        self.place = ("", "", 0)
        self.inside = False
        self.timer = 0


class OriginateResources:
    """Handlers of POST /channels."""

    def __init__(self, house: House) -> None:
        """Work on a house."""
        self.house = house
        self._made = 0
        self._dialled: dict[str, Origination] = {}
        # Those that were made and are not dialled yet (creation.py), by the id of `near`.
        self.made: dict[str, Origination] = {}
        house.calls.halves = self
        house.resets.append(self.forget)

    def routes(self) -> Routes:
        """The handlers by method and path."""
        return {("POST", "/channels"): self.originate, ("POST", "/channels/{channelId}"): self.originate}

    def forget(self) -> None:
        """Asterisk restarts."""
        self._dialled.clear()
        self.made.clear()
        self.house.calls.local_pairs = 0

    def originate(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST /channels and /channels/{id}."""
        technology, _, device = parameters.text("endpoint").partition("/")
        app = parameters.text("app")
        given = variables(parameters.body.get("variables"), objects=self.house.profile.variable_objects)
        if isinstance(given, Reply):
            return given
        place = self._check(technology, device, app, parameters)
        if isinstance(place, Reply):
            return place
        origination = self.make(path[0] if path else parameters.text("channelId"), device, parameters, dialled=True)
        if origination is None:
            return EXISTS
        self._set_off(origination, self.house.channels.live.get(parameters.text("originator")))
        origination.app, origination.args, origination.place = app, parameters.text("appArgs"), place
        caller = split_caller(parameters.text("callerId"))
        self._call_by(origination.near, caller)
        self._connect(origination.near, caller)
        for name, value in given.items():
            put(self.house.calls.pbx, origination.near.thread, name, value)
        self.subscribe(app, origination.near, origination.far)
        self._limit(origination, parameters.number("timeout"))
        self.house.after(self._run, origination)
        return ok(self.house.channels.json(origination.near))

    def subscribe(self, app: str, *channels: Channel) -> None:
        """Let an app, if it is registered, hear of channels."""
        registered = self.house.registry.apps.get(app)
        if registered is not None:
            for channel in channels:
                registered.subscribe(CHANNEL, channel.ident, channel.forwards)

    def _limit(self, origination: Origination, timeout: int) -> None:
        """Dial no longer than told, nor than a TIMEOUT(absolute) of its own allows; a timeout of -1 is none."""
        limits = [self.house.calls.pbx.left(origination.near.thread)]
        if timeout != -1:
            limits.append((timeout if timeout > 0 else _TIMEOUT_S) * 1_000_000)
        delay = min((limit for limit in limits if limit is not None), default=None)
        if delay is not None:
            origination.timer = self.house.timers.set(delay, self._expired, origination)

    def _check(self, technology: str, device: str, app: str, parameters: Parameters) -> tuple[str, str, int] | Reply:
        """Where the channel starts in the dialplan, nowhere if an application gets it, or what is wrong."""
        wrong = check_endpoint(technology, device, parameters)
        if wrong is not None:
            return wrong
        exten = parameters.text("extension")
        if not app and not exten:
            return bad("Application or extension must be specified")
        place = ("", "", 0) if app else self._place(exten, parameters)
        if isinstance(place, Reply):
            return place
        allocated = None if technology.lower() == "local" else ALLOCATION_FAILED
        return self._check_media(parameters) or allocated or place

    def _check_media(self, parameters: Parameters) -> Reply | None:
        """What is wrong with the channel or the formats that the new one should be like."""
        originator = parameters.text("originator")
        if originator and originator not in self.house.channels.live:
            return bad("Provided originator channel was not found")
        return check_formats(parameters.text("formats"))

    def _place(self, exten: str, parameters: Parameters) -> tuple[str, str, int] | Reply:
        """Where the channel starts; a priority below 0 leaves it at its first (originate-priorities)."""
        context, label = parameters.text("context") or "default", parameters.text("label")
        if not label:
            return context, exten, max(parameters.number("priority"), 1)
        if label.lstrip(" +-")[:1].isdigit():
            priority = atoi(label)
            return (context, exten, max(priority, 1)) if priority else bad("Requested priority is illegal")
        priority = self.house.calls.pbx.label(None, context, exten, label)
        if not priority:
            return error(404, "Not Found", "Requested label can not be found")
        return context, exten, priority

    def ident(self, wanted: str, half: int = 1) -> str:
        """The id of a new channel, as it is wanted or one that Asterisk makes."""
        if wanted:
            return wanted
        # Asterisk takes the time and a counter.
        self._made += 1
        return f"{(self.house.calls.wall()) // 1_000_000}.{self._made * 2 + half}"

    def _take_over(self, near: Channel, source: Channel) -> None:
        """A new channel is connected to its originator's caller, and speaks its language (originate-from)."""
        self._connect(near, calling(source.thread))
        speak_as(near.thread, source.thread)

    def make(self, ident: str, device: str, parameters: Parameters, *, dialled: bool) -> Origination | None:
        """Make both halves; None where there is a channel of that id, and ``;1`` has come in vain (originate-twice)."""
        far = parameters.text("otherChannelId") or (f"{ident};2" if ident else "")
        return self._pair(device, self.ident(ident), self.ident(far, 2), dialled=dialled)

    def _set_off(self, origination: Origination, source: Channel | None) -> None:
        """`;1` is about to be dialled; it takes over from its originator, if there is one."""
        near = origination.near
        self.house.channels.give(near, {} if source is None else inherit(source.thread))
        near.thread.resting = near.thread.application, near.thread.data = DIALLING
        self.house.channels.publish(near)
        self._dialled[near.ident] = origination
        if source is not None:
            self._take_over(near, source)

    def _pair(self, device: str, near: str, far: str, *, dialled: bool) -> Origination | None:
        exten, _, rest = device.partition("@")
        context = rest.partition("/")[0] or "default"
        exten = exten.partition("/")[0]
        name = f"Local/{exten}@{context}-{self.house.calls.new_pair():08x}"
        channels = self.house.channels
        if near in channels.live:
            return None
        one = Channel(near, Thread(near, context, exten, name=f"{name};1", state="Down"))
        one.walks = False
        one.created = not dialled
        if dialled:
            one.state = "dialled"
        if far in channels.live or far == near:
            channels.add(one)
            channels.gone(one, 0)
            return None
        two = Channel(far, Thread(far, context, exten, name=f"{name};2"))
        one.peer, two.peer = two, one
        channels.add(one)
        channels.add(two)
        return Origination(one, two, device)

    def _call_by(self, channel: Channel, caller: tuple[str, str]) -> None:
        """A half has the caller that was named, if one was (originate-caller-id)."""
        if any(caller):
            channel.thread.caller_name, channel.thread.caller_number = caller
            self.house.channels.called_by(channel)

    def _connect(self, channel: Channel, caller: tuple[str, str]) -> None:
        """A half is connected to a caller, if there is one (originate-caller-id)."""
        if any(caller):
            connect(channel.thread, *caller)
            self.house.channels.connected_to(channel)

    def _run(self, origination: Origination) -> None:
        """Dial: the other half takes after this one, and runs its dialplan if there is one for it."""
        near, far = origination.near, origination.far
        calls = self.house.calls
        take_after(self.house.channels, far, near.thread)
        if calls.pbx.exists(far.thread, far.thread.context, far.thread.exten):
            self._dial_event(origination, "")
            calls.start(far)
            return
        self._over(origination)
        near.peer = far.peer = None
        calls.ended(far.thread, 0)
        if origination.inside:
            calls.later.append((calls.outstayed, near))
        else:
            self._end(near, 0)

    # -- what becomes of it -------------------------------------------------------------------------------------

    def _call_to(self, far: Channel) -> Origination | None:
        """The call to a half, as long as it is dialled."""
        return None if far.peer is None else self._dialled.get(far.peer.ident)

    def _over(self, origination: Origination) -> None:
        """It is dialled no more."""
        del self._dialled[origination.near.ident]
        self.house.timers.cancel(origination.timer)

    def answered(self, far: Channel) -> None:
        """The dialplan has answered a half."""
        origination = self._call_to(far)
        if origination is None:
            return
        self._over(origination)
        self._up(origination)

    def dial_media(self, origination: Origination) -> None:
        """Dial what is up at once (external.py)."""
        self._dial_event(origination, "")
        self._up(origination)

    def _up(self, origination: Origination) -> None:
        """`;1` is up and goes where it was meant to go."""
        near = origination.near
        if not origination.inside:
            near.fire("answered")
        near.thread.state = "Up"
        self.house.channels.publish(near)
        self._dial_event(origination, "ANSWER")
        calls = self.house.calls
        if origination.inside:
            return
        if origination.app:
            self.hand_over(origination)
            return
        near.walks = True
        near.thread.context, near.thread.exten, near.thread.priority = origination.place
        calls.start(near)

    def hand_over(self, origination: Origination) -> None:
        """`;1` enters the application that it was made for."""
        near, calls = origination.near, self.house.calls
        data = origination.app + (f",{origination.args}" if origination.args else "")
        near.thread.application, near.thread.data = "Stasis", data
        self.house.channels.publish(near)
        self.house.channels.set_variable(near, "STASISSTATUS", "")
        app, *args = split_arguments(data) or [""]
        if calls.stasis(near.thread, app, args) != STASIS_ENTERED:
            calls.end_unserved(near)
        else:
            calls.retimed(near)

    def dial(self, origination: Origination, timeout: int, source: Channel | None) -> None:
        """Dial the other half of a channel that is inside an application already, for another one if there is one.

        What it takes over from that is older than what it has (create-and-dial, dial-for-caller).
        """
        origination.inside = True
        near = origination.near
        if source is not None and source is not near:
            own = dict(near.thread.variables)
            near.thread.variables.clear()
            self.house.channels.give(near, inherit(source.thread))
            near.thread.variables.update(own)
            self._take_over(near, source)
        del self.made[near.ident]
        self._dialled[near.ident] = origination
        if timeout > 0:
            origination.timer = self.house.timers.set(timeout * 1_000_000, self._expired, origination)
        self._run(origination)

    def signalled(self, far: Channel, sign: str) -> None:
        """The dialplan says that it rings, or goes on (originate-rings)."""
        origination = self._call_to(far)
        if origination is None:
            return
        near = origination.near
        if sign == "RINGING" and near.thread.state == "Down":
            near.thread.state = "Ringing"
            self.house.channels.publish(near)
        self._dial_event(origination, sign)

    def refused(self, far: Channel) -> None:
        """The dialplan says that it is busy, or congested: ARI gives up (originate-busy)."""
        origination = self._call_to(far)
        if origination is None:
            return
        near = origination.near
        if origination.inside:
            self._dial_event(origination, _status(far.thread.cause))
            return
        self._over(origination)
        self._dial_event(origination, _status(far.thread.cause))
        near.peer = far.peer = None
        self._end(near, 0)

    def given_up(self, near: Channel) -> None:
        """`;1` is hung up while it is dialled."""
        origination = self._dialled.get(near.ident)
        if origination is not None:
            self._over(origination)
            self._dial_event(origination, _status(near.thread.cause))

    def _dial_event(self, origination: Origination, status: str) -> None:
        """Dial: how far a call has come; told of the half that is dialled (originate-rings)."""
        near, channels = origination.near, self.house.channels
        if not (near.forwards or channels.everyone):
            return
        body: dict[str, Any] | None = None
        if self.house.bus.bodies:
            body = {
                "type": "Dial",
                "dialstatus": status,
                "forward": "",
                "dialstring": origination.device,
                "peer": channels.json(near),
            }
        self.house.bus.publish(near.forwards, channels.everyone, "Dial", near.ident, body)

    def parted(self, channel: Channel) -> None:
        """One half has ended: the other one is hung up."""
        other = channel.peer
        if other is None or other.ident not in self.house.channels.live:
            return
        other.peer = None
        status = channel.thread.variables.get("DIALSTATUS")
        if status is not None and channel.thread.name.endswith(";2") and self.house.profile.local_status:
            self.house.channels.set_variable(other, "CHANLOCALSTATUS", status)
        origination = self._dialled.get(other.ident)
        cause = channel.thread.cause
        mine = self._dialled.get(channel.ident)
        if mine is not None:
            self._over(mine)
        if origination is not None and origination.inside:
            self._over(origination)
            origination = None
        if self.made.pop(channel.ident, None) is not None:
            self.house.calls.ended(other.thread, 0)
        elif origination is None:
            self.house.calls.hangups.hang_up(other, cause)
        else:
            self._over(origination)
            self.house.channels.hangup_requested(other, {"cause": cause}, running=True)
            self._dial_event(origination, _status(cause))
            self._end(other, cause)

    def _expired(self, origination: Origination) -> None:
        self._over(origination)
        cause = self.house.profile.dial_timeout_cause
        if origination.inside:
            self.house.calls.hangups.delete(origination.near, cause or NORMAL_CLEARING)
        else:
            self._end(origination.near, cause)

    def _end(self, near: Channel, cause: int) -> None:
        near.thread.cause = cause
        self.house.calls.ended(near.thread, cause)
