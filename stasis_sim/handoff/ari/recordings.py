"""Recordings: what ARI records of a channel, what an application hears of it, and the files that are left.

As in Asterisk's res_stasis_recording.c and main/app.c.  POST record answers at once with a recording that is queued;
the channel's loop answers the channel, begins the recording with RecordingStarted, and does nothing else until
RecordingFinished.  What ends one: `stop`, DELETE, a key of `terminateOn`, the hangup, the limits of its time and of
silence, which are looked at whenever a frame comes, or that none has come for four seconds (record, record-frames).
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from stasis_sim.handoff.ari.channels import ChannelResources
from stasis_sim.handoff.ari.replies import (
    CREATED,
    DONE,
    NOT_MODELLED,
    Parameters,
    Reply,
    Routes,
    bad,
    created,
    error,
    ok,
)
from stasis_sim.handoff.ari.rest import House
from stasis_sim.handoff.channels.control import Control
from stasis_sim.handoff.dialplan.thread import NO_MEDIA_US

_NO_RECORDING: Final = error(404, "Not Found", "Recording not found")
_NOT_IN_SESSION: Final = error(409, "Conflict", "Recording not in session")
_UNKNOWN_FORMAT: Final = error(422, "Unprocessable Entity", "specified format is unknown on this system")
_BAD_NAME: Final = error(500, "Internal Server Error", "Error parsing request")
_BAD_COPY: Final = bad("Invalid destination recording name")
_COPY_EXISTS: Final = error(409, "Conflict", "A recording with the same name already exists on the system")
_FOLDER: Final = "/var/spool/asterisk/recording"

_NAMES: Final = """
al alaw alw au g719 g722 g723 g723sf g726-16 g726-24 g726-32 g726-40 g729 gsm ilbc mu ogg pcm raw siren7 siren14
sln sln12 sln16 sln24 sln32 sln44 sln48 sln96 sln192 ul ulaw vox wav WAV wav16 wav49
"""
_FORMATS: Final = frozenset(_NAMES.split())
"""The formats that the modules of Debian's package write."""

_KEYS: Final = {"": "", "none": "", "any": "0123456789*#ABCD", "*": "*", "#": "#"}
"""Which keys end a recording, by `terminateOn` in lower case."""

_EXISTING: Final = frozenset({"", "fail", "overwrite", "append"})
_QUIET_US: Final = 4_000_000
"""So long a recording goes on without a frame."""

_KEY_US: Final = 100_000
"""From the beginning of a key, which ends an answer, to its end."""

_SECOND_US: Final = 1_000_000


class Recording:
    """One recording of a channel.

    Attributes:
        name: Its name, which is the file's, without what tells the format.
        control: Whose channel is recorded.
        format: The format of the file.
        keys: The keys that end it.
        limit_us: It ends when the wall clock has begun so many microseconds' seconds more; 0: it has no limit.
        silence_us: So much silence ends it; 0: silence does not.
        beep: A sound comes before it.
        state: queued, recording, paused, canceled, done or failed.
        muted: It records silence.
        begun: When its first frame may have come, in microseconds; None: it waits for the answer or the sound.
        timer: Serial of the timer for what comes next, 0 for none.
        discarded: It leaves no file.
    """

    __slots__ = (
        "beep",
        "begun",
        "control",
        "discarded",
        "format",
        "keys",
        "limit_us",
        "muted",
        "name",
        "silence_us",
        "state",
        "timer",
    )

    def __init__(self, name: str, control: Control, parameters: Parameters) -> None:
        self.name = name
        self.control = control
        self.format = parameters.text("format")
        self.keys = _KEYS[parameters.text("terminateOn").lower()]
        self.limit_us = parameters.number("maxDurationSeconds") * _SECOND_US
        self.silence_us = parameters.number("maxSilenceSeconds") * _SECOND_US
        self.beep = parameters.flag("beep")
        self.state = "queued"
        self.muted = False
        self.begun: int | None = None
        self.timer = 0
        self.discarded = False

    def json(self) -> dict[str, Any]:
        """A live recording's JSON."""
        target = f"channel:{self.control.channel.ident}"
        return {"name": self.name, "format": self.format, "state": self.state, "target_uri": target}


class RecordingResources:
    """Handlers of record and of /recordings.

    Attributes:
        live: The recordings that are queued or go on, by their names.
        stored: The formats of the files, by their names; they outlast a restart.
    """

    def __init__(self, house: House, channels: ChannelResources) -> None:
        """Work on a house."""
        self.house = house
        self.channels = channels
        self.live: dict[str, Recording] = {}
        self.stored: dict[str, str] = {}
        house.resets.append(self.live.clear)

    def routes(self) -> Routes:
        """The handlers by method and path."""
        stored, live = "/recordings/stored/{recordingName}", "/recordings/live/{recordingName}"
        return {
            ("POST", "/channels/{channelId}/record"): self.record,
            ("GET", "/recordings/stored"): self.list_stored,
            ("GET", stored): self.get_stored,
            ("DELETE", stored): self.delete_stored,
            ("GET", f"{stored}/file"): self.file,
            ("POST", f"{stored}/copy"): self.copy,
            ("GET", live): self.get,
            ("DELETE", live): self.cancel,
            ("POST", f"{live}/stop"): self.stop,
            ("POST", f"{live}/pause"): self.pause,
            ("DELETE", f"{live}/pause"): self.unpause,
            ("POST", f"{live}/mute"): self.mute,
            ("DELETE", f"{live}/mute"): self.unmute,
        }

    # -- asking for one -------------------------------------------------------------------------------------------

    def record(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST record (record-errors)."""
        control = self.channels.control(path[0], ready=False)
        if isinstance(control, Reply):
            return control
        wrong = _check(parameters)
        if wrong is not None:
            return wrong
        name = parameters.text("name")
        file = _file(name)
        if not file:
            return _BAD_NAME
        exists = self._exists(name, file, parameters.text("ifExists").lower())
        if exists:
            self.house.bus.log("WARNING", exists)
            return error(409, "Conflict", f"Recording '{name}' already exists and can not be overwritten")
        recording = self.live[name] = Recording(name, control, parameters)
        control.recordings += 1
        begin = partial(self._begin, recording)
        control.queue(begin, (), begin)
        self.house.wake(control)
        if not self.house.bus.bodies:
            return CREATED
        return created(recording.json(), f"/recordings/live/{quote(name, safe='')}")

    def _exists(self, name: str, file: str, if_exists: str) -> str:
        if name in self.live:
            return f"Recording {name} already in progress"
        if file in self.stored and if_exists in {"", "fail"}:
            return f"Recording file '{_FOLDER}/{name}' already exists and ifExists option is failure."
        return ""

    # -- what is recorded now -------------------------------------------------------------------------------------

    def get(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /recordings/live/{name}."""
        recording = self.live.get(path[0])
        return _NO_RECORDING if recording is None else ok(recording.json())

    def stop(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST stop."""
        return self._end_by_request(path[0], discard=False)

    def cancel(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """DELETE /recordings/live/{name}: it is stopped and leaves no file."""
        return self._end_by_request(path[0], discard=True)

    def _end_by_request(self, name: str, *, discard: bool) -> Reply:
        recording = self.live.get(name)
        if recording is None:
            return _NO_RECORDING
        if recording.state == "queued":
            recording.state = "canceled"  # when its turn comes it is recorded all the same (record-queued)
        elif recording.state == "canceled":
            return _NOT_IN_SESSION
        else:
            recording.discarded = discard
            self.house.after(self._stopped, recording)
        return DONE

    def pause(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST pause."""
        return self._change(path[0], state="paused")

    def unpause(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """DELETE pause."""
        return self._change(path[0], state="recording")

    def mute(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST mute."""
        return self._change(path[0], muted=True)

    def unmute(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """DELETE mute."""
        return self._change(path[0], muted=False)

    def _change(self, name: str, *, state: str | None = None, muted: bool | None = None) -> Reply:
        """Pause or mute, or no more: the recording hears of it by a frame if that changes anything (record-frames)."""
        recording = self.live.get(name)
        if recording is None:
            return _NO_RECORDING
        if recording.state not in {"recording", "paused"}:
            return _NOT_IN_SESSION
        before = recording.state, recording.muted
        recording.state = state or recording.state
        recording.muted = recording.muted if muted is None else muted
        if before != (recording.state, recording.muted):
            self.house.after(self._heard, recording, "")
        return DONE

    # -- files ----------------------------------------------------------------------------------------------------

    def list_stored(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /recordings/stored."""
        return ok([_stored(name, self.stored[name]) for name in sorted(self.stored)])

    def get_stored(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /recordings/stored/{name}."""
        file = _file(path[0])
        found = self.stored.get(file)
        return _NO_RECORDING if found is None else ok(_stored(file, found))

    def delete_stored(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """DELETE /recordings/stored/{name}: also of one that goes on, which then leaves nothing (record-files)."""
        return _NO_RECORDING if self.stored.pop(_file(path[0]), None) is None else DONE

    def file(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET file, of which the model has nothing to give."""
        return NOT_MODELLED if _file(path[0]) in self.stored else _NO_RECORDING

    def copy(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST copy (record-files)."""
        found = self.stored.get(_file(path[0]))
        if found is None:
            return _NO_RECORDING
        file = _file(parameters.text("destinationRecordingName"))
        if not file:
            return _BAD_COPY
        if file in self.stored:
            return _COPY_EXISTS
        self.stored[file] = found
        return ok(_stored(file, found))

    # -- recording ------------------------------------------------------------------------------------------------

    def _begin(self, recording: Recording) -> None:
        """Its turn has come, perhaps on a channel that is hung up meanwhile (record-cut, record-queued)."""
        control = recording.control
        channel = control.channel
        if control.bridge is not None or control.dialled:
            # A channel that ARI has dialled is in a bridge of Asterisk's own (record-dialled).
            self.house.bus.log("ERROR", "Cannot record channel while in bridge")
            self._fail(recording, "Cannot record channel while in bridge")
            return
        control.busy = lambda: self._interrupted(recording)
        control.heard = lambda digit: self._heard(recording, digit)
        if control.cut and channel.thread.state != "Up":
            self._interrupted(recording)
        elif channel.thread.state == "Up" or channel.is_called:
            self._start(recording)  # who is called answers himself
        else:
            channel.thread.state = "Up"
            self.house.calls.restated(channel)
            media = channel.thread.media_us
            self._await(recording, NO_MEDIA_US if media is None else min(media, NO_MEDIA_US), self._start)

    def _start(self, recording: Recording) -> None:
        recording.state = "recording"
        self._publish("RecordingStarted", recording)
        sounds = self.house.configuration.sounds
        if not recording.beep:
            self._first(recording)
        elif "default" not in sounds:
            self._over(recording)
        else:
            self._await(recording, sounds.get("beep", sounds["default"]), self._first)

    def _first(self, recording: Recording) -> None:
        recording.begun = self.house.calls.clock
        self.stored[_file(recording.name)] = recording.format
        self._await_end(recording, recording.begun)

    def _await_end(self, recording: Recording, begun: int) -> None:
        """Nothing more may happen until it ends: set the timer for that."""
        calls = self.house.calls
        channel = recording.control.channel
        talk = self.house.configuration.talks.get(recording.name)
        media = channel.thread.media_us
        ends = [calls.clock + _QUIET_US]
        if recording.control.cut or channel.vanished:
            pass
        elif talk is not None:
            ends = [begun + talk]
        elif media is not None and channel.answered_at is not None and channel.answered_at + media <= ends[0]:
            # Frames come all the time, and the caller is silent.
            ends = []
            if recording.limit_us:
                over = begun + self._left_us(recording, begun)
                ends.append(max(over, channel.answered_at + media))
            if recording.silence_us:
                ends.append(max(begun, channel.answered_at + media) + recording.silence_us)
        if ends:
            self._await(recording, max(0, min(ends) - calls.clock), self._ended)

    def _left_us(self, recording: Recording, begun: int) -> int:
        """How long after its beginning the limit of its time is passed, which is counted in whole seconds."""
        return recording.limit_us + _SECOND_US - (self.house.calls.started() + begun) % _SECOND_US

    def _heard(self, recording: Recording, digit: str) -> None:
        """A frame has come, of a key if a digit is given."""
        if recording.control.heard is None or self.live.get(recording.name) is not recording:
            return  # it is over
        if recording.state not in {"recording", "paused"}:
            # A key ends the wait for the answer with its beginning.
            if digit:
                self._cancel(recording)
                self._start(recording)
                channel = recording.control.channel.ident
                self.house.timers.set(_KEY_US, lambda late: self._heard(*late), (recording, digit), channel)
            return
        begun = recording.begun
        if begun is None:
            return
        passed = recording.limit_us and self.house.calls.clock >= begun + self._left_us(recording, begun)
        self._cancel(recording)
        if recording.control.cut or passed or (digit and digit in recording.keys):
            self._ended(recording)
        else:
            self._await_end(recording, begun)

    def _await(self, recording: Recording, delay_us: int, then: Any) -> None:
        def fire(recording: Recording) -> None:
            recording.timer = 0
            then(recording)

        recording.timer = self.house.timers.set(delay_us, fire, recording, recording.control.channel.ident)

    def _cancel(self, recording: Recording) -> None:
        if recording.timer:
            self.house.timers.cancel(recording.timer)
            recording.timer = 0

    # -- ending ---------------------------------------------------------------------------------------------------

    def _stopped(self, recording: Recording) -> None:
        self._cancel(recording)
        self._ended(recording)

    def _ended(self, recording: Recording) -> None:
        self._over(recording)
        self.house.loops.run(recording.control)

    def _interrupted(self, recording: Recording) -> None:
        """The channel is hung up (record-hung-up)."""
        self._cancel(recording)
        if recording.state in {"recording", "paused"}:
            self._over(recording)
        else:
            self._fail(recording, "Failed to answer channel")

    def _over(self, recording: Recording) -> None:
        recording.state = "done"
        if recording.discarded:
            self.stored.pop(_file(recording.name), None)
        self._release(recording)
        self._publish("RecordingFinished", recording, **self._lengths(recording))

    def _fail(self, recording: Recording, cause: str) -> None:
        recording.state = "failed"
        self._release(recording)
        self._publish("RecordingFailed", recording, cause=cause)

    def _release(self, recording: Recording) -> None:
        self.live.pop(recording.name, None)
        control = recording.control
        control.recordings -= 1
        control.busy = control.heard = None

    def _lengths(self, recording: Recording) -> dict[str, int]:
        """What is told of how long media has come into it, in seconds; a pause counts, which it does not in truth."""
        channel = recording.control.channel
        if recording.begun is None:
            return {}
        seconds = 0
        if channel.answered_at is not None and channel.thread.media_us is not None:
            since = max(recording.begun, channel.answered_at + channel.thread.media_us)
            seconds = max(0, self.house.calls.clock - since) // _SECOND_US
        talked = {"talking_duration": 0, "silence_duration": seconds} if recording.silence_us else {}
        return {"duration": seconds, **talked}

    def _publish(self, event_type: str, recording: Recording, **more: Any) -> None:
        channels, bus = self.house.channels, self.house.bus
        channel = recording.control.channel
        if channel.forwards or channels.everyone:
            # Clients tell recordings apart by their names, so a message has at least that.
            body: dict[str, Any] = {"recording": {"name": recording.name}}
            if bus.bodies:
                body = {"type": event_type, "recording": {**recording.json(), **more}}
            bus.publish(channel.forwards, channels.everyone, event_type, channel.ident, body)


def _check(parameters: Parameters) -> Reply | None:
    """Return what is wrong with the parameters, in Asterisk's order; None: nothing (record-errors)."""
    if parameters.number("maxDurationSeconds") < 0:
        return bad("max_duration_seconds cannot be negative")
    if parameters.number("maxSilenceSeconds") < 0:
        return bad("max_silence_seconds cannot be negative")
    if parameters.text("terminateOn").lower() not in _KEYS:
        return bad("terminateOn invalid")
    if parameters.text("ifExists").lower() not in _EXISTING:
        return bad("ifExists invalid")
    return None if parameters.text("format") in _FORMATS else _UNKNOWN_FORMAT


def _file(name: str) -> str:
    """Where a recording of a name lies below the folder; empty for none, or one that is not below it."""
    file = posixpath.normpath(f"./{name.lstrip('/')}")
    return "" if file == "." or file.startswith("../") else file


def _stored(file: str, kind: str) -> dict[str, str]:
    return {"name": file, "format": kind}
