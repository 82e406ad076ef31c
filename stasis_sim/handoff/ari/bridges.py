"""ARI's /bridges: made, filled, emptied and destroyed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from stasis_sim.handoff.ari.replies import (
    ALLOCATION_FAILED,
    DONE,
    Parameters,
    Reply,
    Routes,
    bad,
    error,
    ok,
    variables,
)
from stasis_sim.handoff.ari.rest import House
from stasis_sim.handoff.channels.bridges import Bridge
from stasis_sim.handoff.channels.control import Control

_NO_BRIDGE = error(404, "Not Found", "Bridge not found")
_NO_STASIS_BRIDGE = error(409, "Conflict", "Bridge not in Stasis application")
_NO_BRIDGE_TO_CHANGE = error(404, "Not found", "Bridge not found")
_CACHE_BUCKETS = 563
_HASH_FACTOR = 13
_SNAPSHOTS = "ast_bridge_snapshot_type"
_NO_MUSIC = error(409, "Conflict", "Bridge isn't playing music")
_NO_PLAYBACK_CHANNEL = error(500, "Internal Error", "Could not create playback channel")
_NO_RECORDING_CHANNEL = error(500, "Internal Server Error", "Failed to create recording channel")
_NO_CHANNELS = bad("Missing parameter channel")
_NOT_INSIDE = error(422, "Unprocessable Entity", "Channel not in Stasis application")
_NOT_IN_BRIDGE = error(422, "Unprocessable Entity", "Channel not in this bridge")


class BridgeResources:
    """Handlers of /bridges."""

    def __init__(self, house: House) -> None:
        """Work on a house."""
        self.house = house
        self.bridges = house.bridges
        self._made = 0

    def routes(self) -> Routes:
        """The handlers by method and path."""
        one = "/bridges/{bridgeId}"
        return {
            ("GET", "/bridges"): self.list_all,
            ("POST", "/bridges"): self.create,
            ("GET", one): self.get,
            ("POST", one): self.create,
            ("DELETE", one): self.destroy,
            ("POST", f"{one}/addChannel"): self.add,
            ("POST", f"{one}/removeChannel"): self.remove,
            ("POST", f"{one}/moh"): self.music,
            ("DELETE", f"{one}/moh"): self.no_music,
            ("POST", f"{one}/play"): self.play,
            ("POST", f"{one}/play/{{playbackId}}"): self.play,
            ("POST", f"{one}/record"): self.record,
            ("POST", f"{one}/videoSource/{{channelId}}"): self.show,
            ("DELETE", f"{one}/videoSource"): self.show_nobody,
        }

    def list_all(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /bridges, in the order of Asterisk's container: by id, or as the cache has them (bridges-listed)."""
        if self.house.profile.bridge_cache:
            cached = self.bridges.cached
            return ok([cached[ident].json() for ident in sorted(cached, key=_cache_place)])
        return ok([bridge.json() for _, bridge in sorted(self.bridges.live.items())])

    def get(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """GET /bridges/{id}."""
        bridge = self._seen.get(path[0])
        return _NO_BRIDGE if bridge is None else ok(bridge.json())

    def create(self, path: Sequence[str], parameters: Parameters) -> Reply:
        """POST /bridges and /bridges/{id} (bridge, bridge-errors, bridge-bodies)."""
        ident = path[0] if path else parameters.text("bridgeId")
        name, types = parameters.text("name"), parameters.text("type")
        old = self.bridges.live.get(ident)
        if old is not None and (path or not self.house.profile.bridge_update):
            if path or "bridgeId" not in parameters.body:
                return self._again(old, name, types)
            return self._failed(path, parameters)  # the body is read only behind the look for such a bridge
        if self.bridges.known(ident) and not self.house.profile.bridge_cache:
            return _exists(ident)  # destroyed, and still held (bridge-held), or of other letter case
        if not ident:
            # Asterisk takes a random one.
            self._made += 1
            ident = f"{self._made:08x}-0000-4000-8000-000000000000"
        bridge = self.bridges.create(ident, name, types)
        if bridge is None:
            return self._failed(path, parameters)
        if self.house.profile.variable_objects:
            # Where the path has no id the whole body is taken for variables. What is wrong with them undoes nothing.
            given = variables(parameters.body.get("variables") if path else parameters.body, objects=True)
            if isinstance(given, Reply):
                return given
        return ok(bridge.json())

    def _failed(self, path: Sequence[str], parameters: Parameters) -> Reply:
        text = "Unable to create bridge"
        if not path and not self.house.profile.bridge_update:
            named = parameters.given("bridgeId")
            text += f". Possible duplicate bridge id '{'(null)' if named is None else named}'"
        return error(500, "Internal Error", text)

    def _again(self, bridge: Bridge, name: str, types: str) -> Reply:
        if not self.house.profile.bridge_update:
            return _exists(bridge.ident)
        if name and name != bridge.name:
            return error(500, "Internal Error", "Changing bridge name is not implemented")
        if types:
            return error(500, "Internal Error", "Supplying a bridge type when updating a bridge is not allowed.")
        return Reply(200, "OK")

    def destroy(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """DELETE /bridges/{id}: its channels stay with their applications (delete-bridge-while-down)."""
        bridge = self._bridge(path[0])
        if isinstance(bridge, Reply):
            return bridge
        for channel in self.bridges.dissolve(bridge):
            if channel.control is not None:
                self.house.loops.run(channel.control)
        self.bridges.destroyed(bridge)
        return DONE

    def add(self, path: Sequence[str], parameters: Parameters) -> Reply | None:
        """POST addChannel: one after the other, and the last one replies."""
        bridge = self._bridge(path[0])
        if isinstance(bridge, Reply):
            return bridge
        controls = self._controls(parameters)
        if isinstance(controls, Reply):
            return controls
        quiet = self.house.profile.introductions_inhibited and parameters.flag("inhibitConnectedLineUpdates")
        join = partial(self.house.floor.join, introduced=not quiet)
        reply = DONE
        for place, control in enumerate(controls):
            if control.recordings:
                # Who is recorded is not put into a bridge, nor are those behind him (record-in-bridge).
                reply = error(409, "Conflict", f"Channel {control.channel.ident} currently recording")
                controls = controls[:place]
                break
        return self.house.in_turn(controls, reply, join, bridge) if controls else reply

    def remove(self, path: Sequence[str], parameters: Parameters) -> Reply | None:
        """POST removeChannel: all must be in this bridge."""
        bridge = self._bridge(path[0])
        if isinstance(bridge, Reply):
            return bridge
        controls = self._controls(parameters)
        if isinstance(controls, Reply):
            return controls
        if any(control.bridge is not bridge for control in controls):
            return _NOT_IN_BRIDGE
        return self.house.in_turn(controls, DONE, self.house.floor.part, bridge)

    def show(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST videoSource (video-source)."""
        bridge = self._bridge(path[0])
        if isinstance(bridge, Reply):
            return bridge
        channel = self.house.channels.live.get(path[1])
        if channel is None:
            return bad("Channel not found")
        if channel.control is None:
            return _NOT_INSIDE
        if channel not in bridge.members:
            return _NOT_IN_BRIDGE
        self.bridges.show(bridge, channel.ident)
        return DONE

    def show_nobody(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """DELETE videoSource."""
        bridge = self._bridge(path[0])
        if isinstance(bridge, Reply):
            return bridge
        bridge.unsourced = "talker" if bridge.video_source else ""
        return DONE

    # A bridge plays and records by a channel of its own, which needs the module chan_bridge_media. As at the recorder's
    # there is none (bridge-media).

    def music(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST moh."""
        return self._none(path[0]) or ALLOCATION_FAILED

    def no_music(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """DELETE moh."""
        return self._none(path[0]) or _NO_MUSIC

    def play(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST play, which looks for the channel before it looks at what is to be played."""
        return self._none(path[0]) or _NO_PLAYBACK_CHANNEL

    def record(self, path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG002
        """POST record (record-in-bridge)."""
        return self._none(path[0]) or _NO_RECORDING_CHANNEL

    def _bridge(self, ident: str) -> Bridge | Reply:
        """A bridge that something can be done with, or why there is none."""
        return self._none(ident) or self.bridges.live[ident]

    def _none(self, ident: str) -> Reply | None:
        """Why there is no bridge, or None; the cache may have one that is destroyed and held (created-bridges)."""
        if ident in self.bridges.live:
            return None
        return _NO_STASIS_BRIDGE if ident in self._seen else _NO_BRIDGE_TO_CHANGE

    @property
    def _seen(self) -> Mapping[str, Bridge]:
        return self.bridges.cached if self.house.profile.bridge_cache else self.bridges.live

    def _controls(self, parameters: Parameters) -> list[Control] | Reply:
        controls: list[Control] = []
        for ident in parameters.many("channel"):
            if not ident:
                continue
            channel = self.house.channels.live.get(ident)
            if channel is None:
                return bad("Channel not found")
            if channel.control is None:
                return _NOT_INSIDE
            controls.append(channel.control)
        return controls or _NO_CHANNELS


def _cache_place(ident: str) -> int:
    """Where the cache of snapshots has a bridge: by the hashes of what it keeps there and of the id.

    The cache and its size are in 16's main/stasis_cache.c, the hash is ast_hashtab_hash_string().
    """
    place = 0
    for name in (_SNAPSHOTS, ident):
        value = 0
        for byte in name.encode():
            value = (value * _HASH_FACTOR + byte) & 0xFFFFFFFF
        place += value
    return (place & 0xFFFFFFFF) % _CACHE_BUCKETS


def _exists(ident: str) -> Reply:
    return error(409, "Conflict", f"Bridge with id '{ident}' already exists")
