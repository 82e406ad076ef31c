"""Channels, as the rest of Asterisk sees them: their snapshots and the messages on their topics.

A channel publishes a *snapshot* of itself when a dialplan application begins, when its state changes, and at its
end; the difference between two snapshots makes ChannelCreated, ChannelDialplan, ChannelStateChange and
ChannelDestroyed.  All other messages carry a snapshot: the one published last, or (a rule of the profile) in some
messages the channel as it is at that moment (continue-elsewhere).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from stasis_sim.handoff.dialplan.causes import cause_text
from stasis_sim.handoff.dialplan.functions.caller import describe_presentation, presentation, redirected_from
from stasis_sim.handoff.dialplan.thread import Key, Thread
from stasis_sim.handoff.events import Bus
from stasis_sim.handoff.lifecycles import CHANNEL, fire
from stasis_sim.handoff.profiles import Profile
from stasis_sim.handoff.subscriptions import Forward

if TYPE_CHECKING:
    from stasis_sim.handoff.broadcast import Offer
    from stasis_sim.handoff.channels.control import Control
    from stasis_sim.handoff.channels.peers import SessionTimer

_NAMES_KEPT: Final = 1000
_OUTGOING: Final = frozenset({"Down", "Rsrvd", "Ringing"})


class Snapshot(NamedTuple):
    """What others see of a channel."""

    state: str
    context: str
    exten: str
    priority: int
    application: str
    data: str
    variables: tuple[tuple[str, str], ...] = ()
    redirected_from: str = ""


class Channel:
    """One channel.

    Attributes:
        ident: Its unique id.
        thread: Its walk through the dialplan.
        state: A state of `lifecycles.CHANNEL`.
        shown: The snapshot published last.
        forwards: Who listens to it.
        control: What makes it an application's while it is inside Stasis.
        offer: The broadcast that it waits in.
        waits: Serial of the timer that its dialplan waits for, 0 for none.
        peer: The other half of a Local channel that ARI originated.
        answered_at: When it was answered, in microseconds; None: it has not been.
        bridged: It has been in a bridge.
        muted: In which directions it is muted: `in`, `out`.
        answer: The final answer of a SIP caller who has hung up; None: he has not.
        vanished: Its SIP caller is gone without a word.
        session: The session timer that its SIP caller has asked for; None: none.
        walks: Its dialplan runs, or has run; one that ARI originated for an application has none.
        created: ARI made it for an application before it was dialled (creation.py).
        spied: Which channel it listens to, if it is a snoop channel.
        nested: ARI originated it for an application, and what runs, since it continued, is a dialplan within this
            Stasis(); None for any other.
    """

    __slots__ = (
        "answer",
        "answered_at",
        "bridged",
        "control",
        "created",
        "forwards",
        "ident",
        "muted",
        "nested",
        "offer",
        "peer",
        "session",
        "shown",
        "spied",
        "state",
        "thread",
        "vanished",
        "waits",
        "walks",
    )

    def __init__(self, ident: str, thread: Thread) -> None:
        """Make a channel that nobody has heard of yet."""
        self.ident = ident
        self.thread = thread
        thread.owner = self
        self.state = "dialplan"
        self.shown = Snapshot(thread.state, thread.context, thread.exten, thread.priority, "", "")
        self.forwards: list[Forward] = []
        self.control: Control | None = None
        self.offer: Offer | None = None
        self.waits = 0
        self.peer: Channel | None = None
        self.answered_at: int | None = None
        self.bridged = False
        self.muted: frozenset[str] = frozenset()
        self.answer: str | None = None
        self.vanished = False
        self.session: SessionTimer | None = None
        self.walks = True
        self.created = False
        self.spied: Channel | None = None
        self.nested: tuple[str, str] | None = None

    @property
    def is_called(self) -> bool:
        """Whether somebody is called by it who has not answered yet."""
        return self.thread.state in _OUTGOING

    def fire(self, stimulus: str) -> None:
        """Move to the state that follows."""
        self.state = fire(CHANNEL, self.state, stimulus, "channel", self.ident)


class Channels:
    """All channels, and what they publish."""

    def __init__(self, bus: Bus, profile: Profile, reported: Sequence[str] = ()) -> None:
        """Start with none; `reported` are ari.conf's channelvars."""
        self.bus = bus
        self.profile = profile
        self.reported = reported
        # What a channel has under a name of these.
        self.value_of: Callable[[Thread, str], str] = lambda thread, name: thread.variables.get(name, "")
        self.everyone = bus.channels
        self.live: dict[str, Channel] = {}
        # Snoop channels that have left and end with the channel that they listen to, with the cause of it: they are
        # still seen.
        self.lingering: dict[Channel, int] = {}
        # Snoop channels by the id of the channel that they listen to.
        self.listening: dict[str, list[Channel]] = {}
        # Names that are not the id, of the channels that ARI made last.
        self.names: dict[str, str] = {}

    def add(self, channel: Channel) -> None:
        """A channel comes into being: ChannelCreated (subscribe-all)."""
        self.live[channel.ident] = channel
        if channel.thread.name != channel.ident:
            self.names[channel.ident] = channel.thread.name
            if len(self.names) > _NAMES_KEPT:
                del self.names[next(iter(self.names))]
        if self.reported:
            channel.shown = channel.shown._replace(variables=self._reported(channel.thread))
        if self.everyone:
            self._publish(channel, "ChannelCreated")

    def json(self, channel: Channel, shown: Snapshot | None = None) -> dict[str, Any]:
        """A channel's JSON, of the snapshot published last unless another is given."""
        state, context, exten, priority, application, data, variables, rdnis = shown or channel.shown
        dialplan = {
            "context": context,
            "exten": exten,
            "priority": priority,
            "app_name": application,
            "app_data": data,
        }
        name = channel.thread.name
        body: dict[str, Any] = {"id": channel.ident, "name": name, "state": state, "dialplan": dialplan}
        if variables:
            # Under the names of the time when they were published (reload-channelvars).
            body["channelvars"] = dict(variables)
        if rdnis:
            body["caller_rdnis"] = rdnis
        return body

    # -- what happens to a channel --------------------------------------------------------------------------------

    def publish(self, channel: Channel) -> None:
        """Publish a new snapshot with the application that runs, and what its difference from the last one says."""
        thread = channel.thread
        old = channel.shown
        told = self._reported(thread) if self.reported else ()
        application, data = thread.application, thread.data
        new = channel.shown = Snapshot(
            thread.state, thread.context, thread.exten, thread.priority, application, data, told, self._rdnis(thread)
        )
        if channel.forwards or self.everyone:
            if old.state != new.state:
                self._publish(channel, "ChannelStateChange")
            self._walked(channel, old)

    def _walked(self, channel: Channel, old: Snapshot) -> None:
        """Tell that the channel is elsewhere than in the snapshot before; a place without an application is none."""
        new = channel.shown
        if new.application and (old[1:4] != new[1:4] or not old.application):
            extra = {"dialplan_app": new.application, "dialplan_app_data": new.data}
            self._publish(channel, "ChannelDialplan", extra)

    def variable(self, channel: Channel, name: str, value: str, *, published: bool = True) -> None:
        """A variable was set, or deleted if the value is empty, which may publish the channel (channelvars)."""
        if self.reported and published and self.profile.variables_publish:
            self.publish(channel)
        if channel.forwards or self.everyone:
            self._publish(channel, "ChannelVarset", {"variable": name, "value": value})

    def global_variable(self, name: str, value: str) -> None:
        """A global variable was set: who listens to all channels is told, of no channel (global-variables)."""
        if self.everyone:
            body = {"type": "ChannelVarset", "variable": name, "value": value} if self.bus.bodies else None
            self.bus.publish([], self.everyone, "ChannelVarset", None, body)

    def give(self, channel: Channel, variables: Mapping[str, str]) -> None:
        """Give a channel that is being made variables, last ones first; `_` and `__` let others inherit them."""
        thread = channel.thread
        for name, value in variables.items():
            plain = name.lstrip("_")
            thread.variables[plain] = value
            if plain != name:
                thread.prefixes[plain] = name[: len(name) - len(plain)]
        for name, value in reversed(list(variables.items())):
            self.variable(channel, name, value, published=False)

    def set_variable(self, channel: Channel, name: str, value: str | None, *, published: bool = True) -> None:
        """Set a plain variable from outside the dialplan; None deletes it, which is told if it said something."""
        if value is not None:
            channel.thread.variables[name] = value
            self.variable(channel, name, value, published=published)
        elif channel.thread.variables.pop(name, ""):
            self.variable(channel, name, "", published=published)

    def bridged_with(self, channel: Channel, peers: str | None) -> None:
        """A bridge names a channel's peers; it publishes the channel behind that, not with it (bridge-channelvars)."""
        if peers is not None or channel.thread.variables.get("BRIDGEPEER"):
            self.set_variable(channel, "BRIDGEPEER", peers, published=False)
            if self.reported:
                self.publish(channel)

    def connected_to(self, channel: Channel) -> None:
        """The connected line is another one (connected-line)."""
        self.publish(channel)
        self.tell(channel, "ChannelConnectedLine", {})

    def called_by(self, channel: Channel) -> None:
        """The caller is another one (caller-set)."""
        self.publish(channel)
        if channel.forwards or self.everyone:
            shown = presentation(channel.thread)
            extra = {"caller_presentation": shown, "caller_presentation_txt": describe_presentation(shown)}
            self._publish(channel, "ChannelCallerId", extra)

    def key(self, channel: Channel, key: Key) -> None:
        """The end of a key was read."""
        if channel.forwards or self.everyone:
            self._publish(channel, "ChannelDtmfReceived", {"digit": key.digit, "duration_ms": key.duration_ms})

    def hangup_requested(self, channel: Channel, extra: Mapping[str, Any], *, running: bool) -> None:
        """Somebody wants the channel to end; `running` says that an application has not returned yet."""
        if channel.forwards or self.everyone:
            shown = self.current(channel, running=running) if self.profile.fresh_blobs else channel.shown
            self._publish(channel, "ChannelHangupRequest", extra, shown)

    def gone(self, channel: Channel, cause: int) -> None:
        """A channel ends: ChannelDestroyed, and nobody is subscribed to it any more (subscribe-channel)."""
        self.live.pop(channel.ident, None)
        channel.thread.owner = None
        channel.fire("end")
        if not (channel.forwards or self.everyone):
            return
        old, channel.shown = channel.shown, self.current(channel, running=False)
        if self.profile.end_published:
            self._walked(channel, old)
        self._publish(channel, "ChannelDestroyed", {"cause": cause, "cause_txt": cause_text(cause)})
        if not self.profile.end_published:
            self._walked(channel, old)
        for forward in list(channel.forwards):
            app = forward.topic.listener
            if app is not None:
                app.unsubscribe(channel.ident, for_good=True)

    def linger(self, channel: Channel, cause: int) -> None:
        """A snoop channel is through, and the one that it listens to is not (snoop)."""
        del self.live[channel.ident]
        self.lingering[channel] = cause
        if not self.profile.end_published:
            channel.shown = self.current(channel, running=False)

    def current(self, channel: Channel, *, running: bool) -> Snapshot:
        """The channel as it is now, with the application that runs or, between two, without."""
        thread = channel.thread
        application, data = (thread.application, thread.data) if running else thread.resting
        told = self._reported(thread)
        return Snapshot(
            thread.state, thread.context, thread.exten, thread.priority, application, data, told, self._rdnis(thread)
        )

    def _rdnis(self, thread: Thread) -> str:
        return redirected_from(thread) if thread.extras and self.profile.rdnis_shown else ""

    def _reported(self, thread: Thread) -> tuple[tuple[str, str], ...]:
        return tuple([(name, self.value_of(thread, name)) for name in self.reported])

    def _publish(
        self, channel: Channel, event_type: str, extra: Mapping[str, Any] | None = None, shown: Snapshot | None = None
    ) -> None:
        body: dict[str, Any] | None = None
        if self.bus.bodies:
            body = {"type": event_type, **(extra or {}), "channel": self.json(channel, shown)}
        self.bus.publish(channel.forwards, self.everyone, event_type, channel.ident, body)

    def tell(self, channel: Channel, event_type: str, extra: Mapping[str, Any]) -> None:
        """Publish any other message on a channel's topic."""
        if channel.forwards or self.everyone:
            self._publish(channel, event_type, extra)
