"""Inside Stasis: an application's control over a channel, and the loop that runs its commands.

As in Asterisk's res_stasis.c and res/stasis/control.c.  A channel that enters gets a `Control` with a queue of
commands.  The loop, in this order each time round: a hangup ends it; a move is carried out; the application
follows the channel into and out of bridges with its subscription; commands run.  When it is over the channel is
taken out of its bridge, StasisEnd is sent, and the registry is swept.

Interest in a bridge is counted twice, once by the command that joins and once by the loop, and taken back twice;
a loop that ends at once (hangup, continue) takes back only one, so that the application stays subscribed to the
bridge its channel was in (bridge, bridge-continue).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from stasis_sim.handoff.channels.bridges import Bridge, Bridges
from stasis_sim.handoff.channels.snapshots import Channel, Channels, Snapshot
from stasis_sim.handoff.dialplan.causes import NORMAL_CLEARING
from stasis_sim.handoff.dialplan.keys import last, pick, wake
from stasis_sim.handoff.dialplan.places import Place
from stasis_sim.handoff.dialplan.thread import STASIS_ENTERED, STASIS_FAILED, STASIS_LEFT, Key
from stasis_sim.handoff.effects import FORGOTTEN, LEFT, NOT_ACTIVE, STASIS
from stasis_sim.handoff.events import Bus
from stasis_sim.handoff.profiles import Profile
from stasis_sim.handoff.registry import Registry
from stasis_sim.handoff.subscriptions import CHANNEL, App

Command: TypeAlias = tuple[Callable[..., None], tuple[Any, ...], Callable[[], None] | None]

CALLER: Final = "hangup"


class Control:
    """An application's control over one channel.

    Attributes:
        channel: Whose.
        app: The application object that the channel belongs to; it may be forgotten meanwhile.
        bridge: The bridge that the channel is in.
        followed: The bridge that the loop has subscribed the application to.
        behind: The bridge that it has come from, which the loop holds until it has carried out the next command.
        refused: The bridge that it last could not enter, which it holds.
        commands: What is to be done.
        looked: When the loop last looked at them, in microseconds.
        alarm: Serial of the timer that makes it look again, 0 for none.
        busy: A command takes time: what ends it at once where the channel is hung up, or does nothing where it cannot.
        heard: What a frame does to the command that takes time, given the key or an empty text; None: nothing.
        recordings: How many recordings of the channel are queued or go on.
        cut: The channel is hung up, or its time is over: commands that still wait find it so.
        cause: With which cause it is hung up; None: it is not.
        target: Where a move leads: (application, arguments).
        place: Where `continue` leads; None: to the next priority.
        how: Why it ends: continue, hangup, delete, move, redirect, failed.
        done: The loop is to end.
        failed: Stasis() is to report a failure.
        dialled: It is in a bridge that nobody sees, in which Asterisk has dialled it, up or not (created-cause).
    """

    __slots__ = (
        "alarm",
        "app",
        "behind",
        "bridge",
        "busy",
        "cause",
        "channel",
        "commands",
        "cut",
        "dialled",
        "done",
        "failed",
        "followed",
        "heard",
        "how",
        "looked",
        "place",
        "recordings",
        "refused",
        "target",
    )

    def __init__(self, channel: Channel, app: App) -> None:
        """Take control of a channel."""
        self.channel = channel
        self.app = app
        self.bridge: Bridge | None = None
        self.followed: Bridge | None = None
        self.behind: Bridge | None = None
        self.refused: Bridge | None = None
        self.commands: list[Command] | None = None
        self.looked = 0
        self.alarm = 0
        self.busy: Callable[[], None] | None = None
        self.heard: Callable[[str], None] | None = None
        self.recordings = 0
        self.cut = False
        self.cause: int | None = None
        self.target: tuple[str, Sequence[str]] | None = None
        self.place: Place | None = None
        self.how = ""
        self.done = False
        self.failed = False
        self.dialled = False

    def queue(self, command: Callable[..., None], args: tuple[Any, ...], cut: Callable[[], None] | None = None) -> None:
        """Have something done by the loop; `cut` is done instead on a channel that is hung up, None: nothing is."""
        if self.commands is None:
            # A list: there are seldom two, and an empty deque takes ten times the memory for every call.
            self.commands = []
        self.commands.append((command, args, cut))


class Floor:
    """Where applications have their channels: entering, the loop, leaving."""

    def __init__(self, bus: Bus, profile: Profile, registry: Registry, channels: Channels, bridges: Bridges) -> None:
        """Start with nobody inside."""
        self.bus = bus
        self.profile = profile
        self.registry = registry
        self.channels = channels
        self.bridges = bridges
        self.everyone = bus.channels

    # -- entering -------------------------------------------------------------------------------------------------

    def missing(self, channel: Channel, name: str, args: Sequence[str]) -> int:
        """Nobody is registered under the name: the dialplan goes on (never-connected)."""
        if self.profile.outbound:
            self.bus.log("WARNING", f"{channel.thread.name}: Stasis app '{name}' doesn't exist")
        else:
            self.bus.log("ERROR", f"Stasis app '{name}' not registered")
        self.bus.out.append((STASIS, channel.ident, name, tuple(args), "ejected", self.registry.why_missing(name)))
        return STASIS_FAILED

    def enter(self, channel: Channel, name: str, args: Sequence[str], label: str = "") -> int:
        """Hand a channel over to an application; `label` is the name that the dialplan gave, if another."""
        app = self.registry.apps.get(name)
        given = tuple(args)
        if app is None:
            self.bus.log("ERROR", f"Stasis app '{name}' not registered")
            # A name of its own was registered, and went with the WebSocket of an earlier visit.
            reason = FORGOTTEN if channel.state == "connecting" else self.registry.why_missing(name)
            self.bus.out.append((STASIS, channel.ident, label or name, given, "ejected", reason))
            return STASIS_FAILED
        if app.session is None:
            if not self.profile.enter_inactive:
                self.bus.log("ERROR", f"Stasis app '{name}' not active")
                self.bus.out.append((STASIS, channel.ident, label or name, given, "ejected", NOT_ACTIVE))
                return STASIS_FAILED
            self.bus.log("WARNING", f"Stasis app '{name}' has no connection: events are about to be missed")
        self.bus.out.append((STASIS, channel.ident, name, given, "entered", ""))
        channel.fire("enter")
        control = channel.control = Control(channel, app)
        self._start(control, args)
        return STASIS_LEFT if self.run(control, woken=False) else STASIS_ENTERED

    def _start(self, control: Control, args: Sequence[str]) -> None:
        channel, app = control.channel, control.app
        app.subscribe(CHANNEL, channel.ident, channel.forwards)
        body = None
        if self.bus.bodies:
            shown = self.channels.current(channel, running=True) if self.profile.fresh_blobs else None
            body = {"type": "StasisStart", "args": list(args), "channel": self.channels.json(channel, shown)}
        self.bus.raise_event(app.topic, "StasisStart", channel.ident, body)

    # -- the loop ---------------------------------------------------------------------------------------------------

    def run(self, control: Control, *, woken: bool = True) -> bool:
        """Go round until there is nothing to do; True: the channel has left Stasis.

        `woken`: somebody has asked for it. Where a command does not wait for a tick it comes with a frame of its own.
        """
        if control.channel.control is not control:
            return False  # it has left before, while a sound still played
        thread = control.channel.thread
        if woken and thread.stuck and not self.profile.command_tick_us:
            wake(thread)
        self._let_go(control)
        while self._dispatch(control):
            if control.done or thread.hungup:
                self._leave(control)
                return True
            if control.target is not None:
                self._move(control)
            if control.bridge is not control.followed:
                self._follow(control)
            if not control.commands:
                break
        if thread.unread:
            self.read(control.channel)
        return False

    def _dispatch(self, control: Control) -> bool:
        """Carry out what is queued, all of it even where one command ends the stay; False: one takes time."""
        commands = control.commands
        if control.busy is None and commands:
            while commands and control.busy is None:
                command, args, cut = commands.pop(0)
                if not control.cut:
                    command(*args)
                elif cut is not None:
                    cut()
            self._let_go(control)
            self.read(control.channel, only_one=True)
        return control.busy is None

    def read(self, channel: Channel, *, only_one: bool = False) -> None:
        """Read the keys that are queued, or one of them: the application hears of it."""
        while (key := pick(channel.thread)) is not None:
            self._tell(channel, key)
            if only_one:
                return

    def _tell(self, channel: Channel, key: Key) -> None:
        if not key.told:
            self.channels.key(channel, key)

    def _follow(self, control: Control) -> None:
        old = control.followed
        if old is not None:
            control.app.unsubscribe(old.ident)
        bridge = control.followed = control.bridge
        control.behind = old
        if bridge is None:
            if not control.channel.is_called:  # it would wait for frames, of which none comes (created-bridges)
                self._let_go(control)
        else:
            self.bridges.subscribe(control.app, bridge)
            self.bridges.hold(bridge)

    def _let_go(self, control: Control) -> None:
        if control.behind is not None:
            self.bridges.let_go(control.behind)
            control.behind = None

    def _move(self, control: Control) -> None:
        target, args = control.target or ("", ())
        control.target = None
        app = self.registry.apps.get(target)
        if app is None or (app.session is None and not self.profile.enter_inactive):
            why = "registered" if app is None else "active"
            self.bus.log("ERROR", f"Could not move to Stasis app '{target}' - not {why}")
            body = None
            if self.bus.bodies:
                body = {
                    "type": "ApplicationMoveFailed",
                    "channel": self.channels.json(control.channel),
                    "destination": target,
                    "args": list(args),
                }
            self.bus.send(control.app, "ApplicationMoveFailed", control.channel.ident, body)
            return
        if app.session is None:
            self.bus.log("WARNING", f"Stasis app '{target}' has no connection: events are about to be missed")
        self._end(control)
        control.channel.fire("move")
        channel = control.channel.ident
        self.bus.out.append((LEFT, channel, control.app.name, "move"))
        control.app = app
        self.registry.sweep()
        self.bus.out.append((STASIS, channel, target, tuple(args), "entered", ""))
        self._start(control, args)

    # -- leaving ----------------------------------------------------------------------------------------------------

    def hang_up(self, control: Control, how: str) -> None:
        """The channel is hung up: whatever it does ends, and it leaves its bridge first (bridge).

        What it does in a bridge goes on to its end all the same, and so does what waits behind that (busy-hung-up).
        """
        control.how = control.how or how
        control.done = control.cut = True
        if control.channel.thread.stuck:
            self._tell(control.channel, last(control.channel.thread))
        if control.busy is not None:
            control.busy()
        if control.bridge is not None:
            self.bridges.leave(control.bridge, control.channel)

    def _leave(self, control: Control) -> None:
        channel, app = control.channel, control.app
        if control.bridge is not None:
            self.bridges.leave(control.bridge, channel)
        self._leave_dialling(control)
        self._let_go(control)
        if control.followed is not None:
            self.bridges.let_go(control.followed)
        if control.refused is not None:
            self.bridges.let_go(control.refused)
        self._end(control)
        self.bus.out.append((LEFT, channel.ident, app.name, control.how or CALLER))
        if control.cut and control.place is not None:
            context, exten, priority = control.place
            channel.thread.context, channel.thread.exten = context, exten
            channel.thread.priority = priority - channel.walks
            control.place = None
        channel.fire("leave")
        channel.control = None
        self.registry.sweep()

    def _end(self, control: Control) -> None:
        channel, app = control.channel, control.app
        app.unsubscribe(channel.ident)
        body = None
        if self.bus.bodies:
            body = {"type": "StasisEnd", "channel": self.channels.json(channel, self._last_look(control))}
        self.bus.raise_event(app.topic, "StasisEnd", channel.ident, body)

    def _last_look(self, control: Control) -> Snapshot:
        channel = control.channel
        if not self.profile.fresh_blobs:
            return channel.shown
        now = self.channels.current(channel, running=True)
        walks = channel.walks or channel.nested is not None
        if control.place is None:
            later = 0 if walks or control.how != "continue" else 1
            return now._replace(priority=now.priority + later)
        # A dialplan that runs will add one before it goes on.
        context, exten, priority = control.place
        return now._replace(context=context, exten=exten, priority=priority - walks)

    # -- commands ---------------------------------------------------------------------------------------------------

    def go_on(self, control: Control, place: Place | None, how: str = "continue") -> None:
        """`continue`: leave the bridge, then the loop (bridge-continue)."""
        if control.bridge is not None:
            self.bridges.leave(control.bridge, control.channel)
        control.place = place
        control.how = how
        control.done = True

    def divert(self, control: Control, place: Place | None) -> None:
        """`continue` on a channel that is hung up: it says where `h` is looked for."""
        control.place = place

    def join(self, control: Control, bridge: Bridge, *, introduced: bool = True) -> None:
        """Put the channel into a bridge, out of the one it is in (bridge); `introduced` as in `Bridges.enter`."""
        if control.bridge is not None:
            self.bridges.leave(control.bridge, control.channel)
        if bridge.dissolved:
            return
        self._leave_dialling(control)
        self.bridges.subscribe(control.app, bridge)
        if control.channel.peer in bridge.members:
            # Two halves of a Local channel are not bridged with one another. Who has tried holds the bridge until it
            # leaves the application, or for good where it gets into another (bridge-halves-apps, bridge-halves-again).
            self.bridges.hold(bridge)
            control.refused = bridge
            return
        control.refused = None
        control.bridge = bridge
        self.bridges.enter(bridge, control.channel, introduced=introduced)
        wake(control.channel.thread)

    @staticmethod
    def _leave_dialling(control: Control) -> None:
        """Take the channel out of the bridge in which it was dialled: that gives it a cause, as leaving any does."""
        if control.dialled:
            control.dialled = False
            control.channel.thread.cause = control.channel.thread.cause or NORMAL_CLEARING

    def part(self, control: Control, bridge: Bridge) -> None:
        """Take the channel out of a bridge, if it is still in it."""
        if control.bridge is bridge:
            self.bridges.leave(bridge, control.channel)
