"""Bridges: who is in them, which technology mixes them, and the messages on their topics.

As in Asterisk's main/bridge.c and bridge_channel.c, as far as an application can see.  The message about a channel
that enters or leaves shows the bridge before its technology is chosen anew; BRIDGEPEER is set after it on all that
are in, and deleted on one that leaves before the message.  A bridge that is destroyed sends its members away
first, and BridgeDestroyed comes last (delete-bridge-while-down).  It does so when nobody holds the bridge any more: the
loop of a channel that has moved on into another bridge does until its next command (bridge-held).
"""

from __future__ import annotations

from typing import Any, Final

from stasis_sim.handoff.channels.snapshots import Channel, Channels
from stasis_sim.handoff.clib.text import fold
from stasis_sim.handoff.dialplan.causes import NORMAL_CLEARING
from stasis_sim.handoff.dialplan.functions.caller import calling, connect
from stasis_sim.handoff.effects import BRIDGED
from stasis_sim.handoff.events import Bus
from stasis_sim.handoff.subscriptions import BRIDGE, App, Forward

_PAIR: Final = 2
_PEERS_NAMED: Final = 11

SIMPLE: Final = "simple_bridge"
SOFTMIX: Final = "softmix"
HOLDING: Final = "holding_bridge"


class Bridge:
    """One bridge.

    Attributes:
        ident: Its unique id.
        name: Its name or "".
        kind: `mixing` or `holding`.
        technology: What mixes it now.
        smart: The technology follows the number of channels.
        video_mode: `talker`, `sfu` or `single`.
        video_source: The channel whose picture all see, or "".
        unsourced: That is over, which nobody is told before something else happens in the bridge, and this will be the
            video mode then; else "" (video-source, video-source-leaves).
        members: The channels in it, in Asterisk's order.
        forwards: Who listens to it.
        dissolved: It is being destroyed.
        holders: How many loops hold it: they have followed a channel into it, or have yet to notice that it is out.
    """

    __slots__ = (
        "dissolved",
        "forwards",
        "holders",
        "ident",
        "kind",
        "members",
        "name",
        "smart",
        "technology",
        "unsourced",
        "video_mode",
        "video_source",
    )

    def __init__(self, ident: str, name: str, kind: str, video_mode: str) -> None:
        """Make an empty bridge."""
        self.ident = ident
        self.name = name
        self.kind = kind
        self.video_mode = video_mode
        self.video_source = ""
        self.unsourced = ""
        self.smart = kind == "mixing" and video_mode != "sfu"
        self.technology = HOLDING if kind == "holding" else SIMPLE if self.smart else SOFTMIX
        self.members: list[Channel] = []
        self.forwards: list[Forward] = []
        self.dissolved = False
        self.holders = 0

    def json(self) -> dict[str, Any]:
        """A bridge's JSON."""
        body: dict[str, Any] = {
            "id": self.ident,
            "technology": self.technology,
            "bridge_type": self.kind,
            "bridge_class": "stasis",
            "creator": "Stasis",
            "name": self.name,
            "channels": sorted(channel.ident for channel in self.members),
            "video_mode": self.video_mode,
        }
        if self.video_source:
            body["video_source_id"] = self.video_source
        return body


class Bridges:
    """All bridges."""

    def __init__(self, bus: Bus, channels: Channels) -> None:
        """Start with none."""
        self.bus = bus
        self.channels = channels
        self.live: dict[str, Bridge] = {}
        # By their id those behind one of the same id, whose place the first takes when that is gone (bridge-same-id).
        self.behind: dict[str, list[Bridge]] = {}
        # Destroyed ones that somebody still holds.
        self.held: list[Bridge] = []
        # By its id each bridge that Asterisk's cache of snapshots has. Where the id is new to it a change of a bridge
        # is told as BridgeCreated; BridgeDestroyed takes the id out, whichever bridge has it then (bridge-held). Where
        # there is no cache, each has a topic instead, whose name ignores letter case (bridge-letter-case).
        self.cached: dict[str, Bridge] = {}

    def forget_all(self) -> None:
        """Asterisk restarts: there are none."""
        self.live.clear()
        self.behind.clear()
        self.held.clear()
        self.cached.clear()

    def create(self, ident: str, name: str, types: str) -> Bridge | None:
        """Make a bridge of a list of types; None: the types cannot be had together (stasis_app_bridge_create).

        One of an id that another one has is what is seen under that id, but nobody gets to it before that one is gone.
        """
        wanted = [one.strip() for one in (types or "mixing").split(",")]
        mixing, holding = "mixing" in wanted, "holding" in wanted
        video_mode = "talker"
        for one in wanted:
            video_mode = {"video_sfu": "sfu", "video_single": "single"}.get(one, video_mode)
        if video_mode == "sfu":
            mixing, holding = True, False
        if mixing == holding:
            return None
        bridge = Bridge(ident, name, "mixing" if mixing else "holding", video_mode)
        if self.live.setdefault(ident, bridge) is not bridge:
            self.behind.setdefault(ident, []).append(bridge)
        self._changed(bridge)
        return bridge

    def known(self, ident: str) -> bool:
        """Whether there is a bridge of an id, be it one that was destroyed and that somebody still holds."""
        return self._key(ident) in self.cached

    def _key(self, ident: str) -> str:
        return ident if self.channels.profile.bridge_cache else fold(ident)

    def subscribe(self, app: App, bridge: Bridge) -> None:
        """Subscribe an application to a bridge."""
        app.subscribe(BRIDGE, bridge.ident, bridge.forwards)

    def enter(self, bridge: Bridge, channel: Channel, *, introduced: bool = True) -> None:
        """A channel comes in; `introduced`: two hear of each other's caller."""
        bridge.members.append(channel)
        channel.bridged = True
        self._tell(bridge, channel)
        self.channels.publish(channel)
        source = self._unsource(bridge)
        self._publish(bridge, "ChannelEnteredBridge", channel)
        self._tell_source(bridge, source)
        before = bridge.technology
        self._choose(bridge)
        if bridge.technology != before:
            # A new technology takes over those who were in before behind the one who has just joined.
            bridge.members.insert(0, bridge.members.pop())
        self._name_peers(bridge)
        self._changed(bridge)
        if introduced:
            self._connect(bridge)

    def reconfigured(self, bridge: Bridge) -> None:
        """Something else has come between the bridge and a channel: all hear again who the others are (mute)."""
        self._name_peers(bridge)

    def show(self, bridge: Bridge, ident: str) -> None:
        """All see a channel's picture from now on (video-source)."""
        old, bridge.unsourced = bridge.video_source, ""
        bridge.video_mode, bridge.video_source = "single", ident
        if old != ident:
            self._publish(bridge, "BridgeVideoSourceChanged", source=old)

    def _unsource(self, bridge: Bridge) -> str:
        """Let a picture that is shown no more go; return whose it was."""
        if not bridge.unsourced:
            return ""
        old, bridge.video_mode = bridge.video_source, bridge.unsourced
        bridge.video_source = bridge.unsourced = ""
        return old

    def _tell_source(self, bridge: Bridge, source: str) -> None:
        if source:
            self._publish(bridge, "BridgeVideoSourceChanged", source=source)

    def leave(self, bridge: Bridge, channel: Channel) -> None:
        """A channel goes, and the application that controls it is interested in the bridge once less.

        A channel without a cause gets one, which is seen when it ends (bridge-leaves-cause).
        """
        channel.thread.cause = channel.thread.cause or NORMAL_CLEARING
        self.channels.bridged_with(channel, None)
        bridge.members.remove(channel)
        self._tell(bridge, channel)
        self.channels.publish(channel)
        self._tell_source(bridge, self._unsource(bridge))
        self._publish(bridge, "ChannelLeftBridge", channel)
        if channel.ident == bridge.video_source:
            bridge.unsourced = bridge.video_mode
        if not bridge.dissolved:
            self._choose(bridge)
            self._name_peers(bridge)
            self._changed(bridge)
            self._connect(bridge)
        control = channel.control
        if control is not None and control.bridge is bridge:
            control.app.unsubscribe(bridge.ident)
            control.bridge = None

    def dissolve(self, bridge: Bridge) -> list[Channel]:
        """Begin to destroy a bridge: send its members away; they are returned."""
        del self.live[bridge.ident]
        behind = self.behind.get(bridge.ident)
        if behind:
            self.live[bridge.ident] = behind.pop(0)
        bridge.dissolved = True
        members = list(bridge.members)
        for channel in members:
            channel.thread.cause = NORMAL_CLEARING
            self.channels.bridged_with(channel, None)
        for channel in members:
            self.leave(bridge, channel)
        return members

    def hold(self, bridge: Bridge) -> None:
        """The loop of a channel has followed that into the bridge, and holds it for now."""
        bridge.holders += 1

    def let_go(self, bridge: Bridge) -> None:
        """It does so no more."""
        bridge.holders -= 1
        if not bridge.holders and bridge in self.held:
            self.held.remove(bridge)
            self.destroyed(bridge)

    def destroyed(self, bridge: Bridge) -> None:
        """Once the last who held the bridge has let go of it, nobody is subscribed to it any more."""
        if bridge.holders:
            self.held.append(bridge)
            return
        shown = self.cached.pop(self._key(bridge.ident), None)
        if shown is not None:  # or it was told already of this id (created-bridges)
            self._publish(bridge, "BridgeDestroyed", shown=shown)
        for forward in list(bridge.forwards):
            app = forward.topic.listener
            if app is not None:
                app.unsubscribe(bridge.ident, for_good=True)

    def _changed(self, bridge: Bridge) -> None:
        known = self.known(bridge.ident)
        self.cached[self._key(bridge.ident)] = bridge
        if not known:
            self._publish(bridge, "BridgeCreated")

    def _choose(self, bridge: Bridge) -> None:
        """Choose the technology anew (smart_bridge_operation)."""
        if bridge.smart:
            bridge.technology = SOFTMIX if len(bridge.members) > _PAIR else SIMPLE

    def _name_peers(self, bridge: Bridge) -> None:
        """Tell all who are in who the others are (set_bridge_peer_vars)."""
        members = bridge.members
        if bridge.kind == "holding":
            for channel in members:
                self.channels.bridged_with(channel, None)
        elif len(members) >= _PAIR:
            names = [member.thread.name for member in members[:_PEERS_NAMED]]
            peers = ",".join(names)
            for at, channel in enumerate(members):
                if at < len(names):
                    peers = ",".join(names[:at] + names[at + 1 :])
                self.channels.bridged_with(channel, peers)

    def _connect(self, bridge: Bridge) -> None:
        """Connect two that are alone with each other's caller (bridge-connects)."""
        if bridge.technology != SIMPLE or len(bridge.members) != _PAIR:
            return
        for channel, other in (bridge.members, bridge.members[::-1]):
            if connect(channel.thread, *calling(other.thread)):
                self.channels.connected_to(channel)

    def _tell(self, bridge: Bridge, channel: Channel) -> None:
        self.bus.out.append((BRIDGED, bridge.ident, tuple(member.ident for member in bridge.members), channel.ident))

    def _publish(
        self,
        bridge: Bridge,
        event_type: str,
        channel: Channel | None = None,
        shown: Bridge | None = None,
        source: str = "",
    ) -> None:
        if not (bridge.forwards or self.bus.bridges):
            return
        body: dict[str, Any] | None = None
        if self.bus.bodies:
            body = {"type": event_type, "bridge": (shown or bridge).json()}
            if channel is not None:
                body["channel"] = self.channels.json(channel)
            if source:
                body["old_video_source_id"] = source
        ident = None if channel is None else channel.ident
        self.bus.publish(bridge.forwards, self.bus.bridges, event_type, ident, body)
