"""ARI's /channels: commands for channels that are inside Stasis, and a look at all of them.

Order of the checks as in Asterisk's resource_channels.c: is the channel inside (404, 409), is it in a state for the
command (412), are the parameters right (400), and then the command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from stasis_sim.handoff.ari.replies import (
    DONE,
    NO_CHANNEL,
    NOT_INSIDE,
    NOT_MODELLED,
    Parameters,
    Reply,
    Routes,
    bad,
    error,
    ok,
)
from stasis_sim.handoff.ari.rest import House
from stasis_sim.handoff.channels.control import Control
from stasis_sim.handoff.channels.snapshots import Channel
from stasis_sim.handoff.clib.text import scan_int
from stasis_sim.handoff.dialplan.keys import PAUSES_US
from stasis_sim.handoff.dialplan.places import IllegalPriorityError, NoSuchLabelError, Place, continuation
from stasis_sim.handoff.dialplan.thread import SIP

_INVALID_STATE = error(412, "Precondition Failed", "Channel in invalid state")
_ANSWER_FAILED = error(500, "Internal Server Error", "Failed to answer channel")
_DIRECTIONS = {"in": frozenset({"in"}), "out": frozenset({"out"}), "both": frozenset({"in", "out"})}
_DTMF_MS = 100
_FIRST_PAUSE_MS = 100
_KEYS = frozenset("0123456789*#aAbBcCdD")

REASONS = {
    "normal": 16,
    "busy": 17,
    "congestion": 34,
    "no_answer": 19,
    "timeout": 18,
    "rejected": 21,
    "unallocated": 1,
    "normal_unspecified": 31,
    "number_incomplete": 28,
    "codec_mismatch": 58,
    "interworking": 127,
    "failure": 38,
    "answered_elsewhere": 26,
}
"""What DELETE's `reason` says as a cause (sip-callers/DELETE; ast_ari_channels_hangup)."""


class ChannelResources:
    """Handlers of /channels."""

    def __init__(self, house: House) -> None:
        """Work on a house."""
        self.house = house
        self.live = house.channels.live

    def routes(self) -> Routes:
        """The handlers by method and path."""
        one = "/channels/{channelId}"
        quiet = self._quiet
        return {
            ("GET", "/channels"): self.list_all,
            ("GET", one): self.get,
            ("DELETE", one): self.delete,
            ("POST", f"{one}/continue"): self.go_on,
            ("POST", f"{one}/move"): self.move,
            ("POST", f"{one}/redirect"): self.redirect,
            ("POST", f"{one}/answer"): self.answer,
            ("POST", f"{one}/dtmf"): self.dtmf,
            ("POST", f"{one}/mute"): self.mute,
            ("DELETE", f"{one}/mute"): self.unmute,
            ("GET", f"{one}/variable"): self.get_variable,
            ("POST", f"{one}/variable"): self.set_variable,
            ("GET", f"{one}/rtp_statistics"): self.statistics,
            ("POST", f"{one}/transfer_progress"): self.other,
            ("POST", f"{one}/ring"): self.ring,
            ("POST", f"{one}/progress"): self.progress,
            **{("POST", f"{one}/{word}"): quiet for word in ("hold", "moh", "silence")},
            **{("DELETE", f"{one}/{word}"): quiet for word in ("ring", "hold", "moh", "silence")},
        }

    # -- looking ------------------------------------------------------------------------------------------------

    def list_all(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /channels."""
        channels = self.house.channels
        seen = {channel.ident: channel for channel in (*channels.lingering, *self.live.values())}
        return ok([channels.json(channel) for channel in seen.values()])

    def get(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /channels/{id} (list-channels-and-apps), also of a snoop channel that is through (snoop-through)."""
        channels = self.house.channels
        through = (channel for channel in reversed(channels.lingering) if channel.ident == path[0])
        channel = self.live.get(path[0]) or next(through, None)
        return NO_CHANNEL if channel is None else ok(channels.json(channel))

    def statistics(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /channels/{id}/rtp_statistics: a Local channel has no RTP."""
        if path[0] not in self.live:
            return NO_CHANNEL
        return error(403, "Forbidden", "Unsupported channel type")

    def get_variable(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """GET variable: also of a channel that is not inside (rest-on-outsiders)."""
        name = parameters.text("variable")
        if not name:
            return bad("Variable name is required")
        channel = self.live.get(path[0])
        if channel is None:
            return error(404, "Channel Not Found", "Provided channel was not found")
        value = self.house.calls.pbx.get_variable(channel.thread, name)
        if value is not None:
            return ok({"value": value})
        if name.endswith(")"):
            return error(500, "Error With Function", "Unable to read provided function")
        return error(404, "Variable Not Found", "Provided variable was not found")

    def other(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST transfer_progress, which the model does not have; a channel that is not there is missed all the same."""
        return NOT_MODELLED if path[0] in self.live else NO_CHANNEL

    # -- ending -------------------------------------------------------------------------------------------------

    def delete(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """DELETE /channels/{id}, inside or not; the channel's loop sees it after the reply."""
        channel = self.live.get(path[0])
        if channel is None:
            return NO_CHANNEL
        reason = parameters.text("reason")
        code = parameters.text("reason_code") if self.house.profile.reason_code else ""
        if reason and code:
            return bad("The reason and reason_code can't both be specified")
        cause = REASONS["normal"]
        if code:
            found = scan_int(code)
            if found is None:
                return error(400, "Invalid Reason Code", "Invalid reason for hangup reason code provided")
            cause = found
        elif reason:
            if reason not in REASONS:
                text = "Invalid reason for hangup reason provided"
                if not self.house.profile.reason_code:
                    text = "Invalid reason for hangup provided"
                return error(400, "Invalid Reason", text)
            cause = REASONS[reason]
        self.house.after(self.house.calls.hangups.delete, channel, cause)
        return DONE

    # -- commands -----------------------------------------------------------------------------------------------

    def control(self, ident: str, *, ready: bool = True) -> Control | Reply:
        """The control over a channel, or why there is none; `ready`: it must be in a state for commands."""
        channel = self.live.get(ident)
        if channel is None:
            return NO_CHANNEL
        control = channel.control
        if control is None:
            return NOT_INSIDE
        if ready and channel.is_called:
            return _INVALID_STATE
        return control

    def _command(self, ident: str, command: Callable[..., None], *args: object) -> Reply:
        control = self.control(ident)
        if isinstance(control, Reply):
            return control
        control.queue(command, args)
        self.house.wake(control)
        return DONE

    def _quiet(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """A command that an application hears nothing of, such as hold (control, play-and-stop)."""
        return self._command(path[0], _nothing)

    def ring(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST ring: heard of by whoever calls alone (control)."""
        return self._command(path[0], self._signal, path[0], "RINGING")

    def progress(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST progress, which came after 16."""
        return self._command(path[0], self._signal, path[0], "PROGRESS")

    def _signal(self, ident: str, sign: str) -> None:
        self.house.calls.signal(self.live[ident].thread, sign)

    def mute(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST mute."""
        return self._suppress(path, parameters, frozenset.union)

    def unmute(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """DELETE mute."""
        return self._suppress(path, parameters, frozenset.difference)

    def _suppress(
        self,
        path: Sequence[str],
        parameters: Parameters,
        change: Callable[[frozenset[str], frozenset[str]], frozenset[str]],
    ) -> Reply:
        control = self.control(path[0])
        if isinstance(control, Reply):
            return control
        direction = parameters.text("direction")
        if not direction:
            return bad("Direction is required")
        if direction not in _DIRECTIONS:
            return bad("Invalid direction specified")
        return self._command(path[0], self._mute, control, _DIRECTIONS[direction], change)

    def _mute(
        self,
        control: Control,
        directions: frozenset[str],
        change: Callable[[frozenset[str], frozenset[str]], frozenset[str]],
    ) -> None:
        """Mute or not: what does it is put before the channel once for both directions, which a bridge notices."""
        channel = control.channel
        before, channel.muted = channel.muted, change(channel.muted, directions)
        if bool(before) != bool(channel.muted) and control.bridge is not None:
            self.house.bridges.reconfigured(control.bridge)

    def dtmf(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST dtmf: the loop is busy while it presses the keys (originate-keys).

        `w` and `W` are pauses; what else is no key costs no time.
        """
        control = self.control(path[0])
        if isinstance(control, Reply):
            return control
        keys = parameters.text("dtmf")
        if not keys:
            return bad("DTMF is required")
        between = parameters.number("between") or _DTMF_MS
        duration = max(parameters.number("duration"), _DTMF_MS)  # or the other half would take it for noise
        at = _FIRST_PAUSE_MS + parameters.number("before")
        ends: list[tuple[str, int, int]] = []
        for key in keys:
            if key in _KEYS:
                at += duration
                ends.append((key, at, duration))
                at += between
            at += PAUSES_US.get(key, 0) // 1000
        control.queue(self._press, (control, (at + parameters.number("after")) * 1000, ends))
        self.house.wake(control)
        return DONE

    def _press(self, control: Control, delay_us: int, ends: Sequence[tuple[str, int, int]]) -> None:
        timers = self.house.timers
        channel = control.channel
        serials = [timers.set(delay_us, self._pressed, control, channel.ident)]
        if channel.peer is not None:
            serials += [
                timers.set(at * 1000, self._hear, (channel, key, duration), channel.ident) for key, at, duration in ends
            ]

        def stop() -> None:
            for serial in serials:
                timers.cancel(serial)
            control.busy = None

        # In a bridge another thread reads from the channel, and who presses the keys does not hear of the hangup.
        control.busy = stop if control.bridge is None else _nothing

    def _hear(self, pressed: tuple[Channel, str, int]) -> None:
        """The other half of a Local channel hears the end of a key (originate-keys)."""
        channel, key, duration = pressed
        if channel.peer is not None:
            self.house.calls.key(channel.peer, key, duration)

    def _pressed(self, control: Control) -> None:
        control.busy = None
        self.house.loops.run(control)

    def answer(self, path: Sequence[str], parameters: Parameters) -> Reply | None:  # noqa: ARG002
        """POST answer (control)."""
        control = self.control(path[0])
        if isinstance(control, Reply):
            return control
        return self.house.at_once(control, DONE, _ANSWER_FAILED, self._answer, control.channel)

    def _answer(self, channel: Channel) -> None:
        if channel.thread.state != "Up":
            channel.thread.state = "Up"
            self.house.calls.restated(channel)

    def set_variable(self, path: Sequence[str], parameters: Parameters) -> Reply | None:
        """POST variable (control)."""
        name = parameters.text("variable")
        if not name:
            return bad("Variable name is required")
        control = self.control(path[0], ready=False)
        if isinstance(control, Reply):
            return control
        value = parameters.given("value")
        if not self.house.profile.variables_wait:
            control.queue(self._set, (control.channel, name, value), partial(self._set, control.channel, name, value))
            self.house.wake(control)
            return DONE
        return self.house.at_once(control, DONE, None, self._set, control.channel, name, value)

    def _set(self, channel: Channel, name: str, value: str | None) -> None:
        before = channel.thread.deadline
        self.house.calls.pbx.set_variable(channel.thread, name, value)
        if channel.thread.deadline != before:
            self.house.calls.retimed(channel)

    def go_on(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST continue (continue, continue-elsewhere, continue-bad-label)."""
        control = self.control(path[0])
        if isinstance(control, Reply):
            return control
        place: Place | None = None
        if not parameters.empty:
            try:
                place = continuation(
                    self.house.calls.pbx,
                    control.channel.thread,
                    context=parameters.text("context"),
                    extension=parameters.text("extension"),
                    priority=parameters.number("priority"),
                    label=parameters.text("label"),
                )
            except NoSuchLabelError:
                return error(404, "Not Found", "Requested label can not be found")
            except IllegalPriorityError:
                return bad("Requested priority is illegal")
        floor = self.house.floor
        control.queue(floor.go_on, (control, place), partial(floor.divert, control, place))
        self.house.wake(control)
        return DONE

    def move(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST move (move, move-unknown)."""
        control = self.control(path[0], ready=False)
        if isinstance(control, Reply):
            return control
        app = parameters.text("app")
        args = [one for one in parameters.text("appArgs").split(",") if one]
        control.queue(_target, (control, app, args))
        self.house.wake(control)
        return DONE

    def redirect(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST redirect: only checked, for a Local channel cannot be sent elsewhere."""
        control = self.control(path[0])
        if isinstance(control, Reply):
            return control
        endpoint = parameters.text("endpoint")
        if not endpoint:
            return error(400, "Not Found", "Required parameter 'endpoint' not provided.")
        technology, slash, resource = endpoint.partition("/")
        if not slash or not technology:
            text = f"Endpoint parameter '{endpoint}' does not contain tech/resource"
            return error(422, "Unprocessable Entity", text)
        if not resource:
            text = f"No resource provided in endpoint parameter '{endpoint}'"
            return error(422, "Unprocessable Entity", text)
        own = "PJSIP" if control.channel.thread.kind == SIP else "Local"
        if technology.lower() != own.lower()[: len(technology)]:
            text = f"Endpoint technology '{technology}' does not match channel technology '{own}'"
            return error(422, "Unprocessable Entity", text)
        return self._command(path[0], _nothing)


def _nothing() -> None:
    """What a command does that nobody hears of."""


def _target(control: Control, app: str, args: list[str]) -> None:
    control.target = (app, args)
