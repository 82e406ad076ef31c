"""The apps as the results see them: which ones Asterisk takes for active, and over which connection it reaches them.

An app that gets a WebSocket for each call is registered anew for each, as ``Intro-IVR:c1``. The results know it as
``Intro-IVR`` alone: Asterisk takes it for active as long as it runs, and it works while a connection could be made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stasis_sim.handoff.effects import Effect
    from stasis_sim.observe.trace import Recorder
    from stasis_sim.simulated.clock import Clock
    from stasis_sim.simulated.network import Connection

ACTIVE = frozenset({"created", "activated", "replaced"})


class Reachable(Protocol):
    """Who takes a connection for each call."""

    @property
    def reachable(self) -> bool:
        """Whether a connection could be made now."""
        ...


class Apps:
    """All apps of a world.

    Args:
        clock: The clock.
        recorder: Is told of each change.

    Attributes:
        opening: The connection that a client opens at this very instant, if any.
        cause: What ends the work of apps at this instant, if anything does.
        each_call: Who takes the connections of the apps that get one for each call.
    """

    def __init__(self, clock: Clock, recorder: Recorder) -> None:
        self._clock = clock
        self._recorder = recorder
        self._holders: dict[str, Connection] = {}
        self._registered: dict[str, bool] = {}
        # Apps that a persistent WebSocket of Asterisk's own handles.
        self._persistent: dict[str, None] = {}
        self.opening: Connection | None = None
        self.cause = "start"
        self.each_call: dict[str, Reachable] = {}

    def name(self, app: str) -> str:
        """Return the name by which the results know an app."""
        if not self.each_call:
            return app
        base = app.rpartition(":")[0]
        return base if base in self.each_call else app

    def know(self, app: str) -> None:
        """Write down from now on when an app is away: one that a client serves, or that a channel asks for."""
        if app not in self._registered:
            self._registered[app] = False
            self.changed(app)

    def changed(self, app: str) -> None:
        """Write down whether an app is registered, and whether messages reach it."""
        registered = self._registered[app]
        if app in self.each_call:
            working = registered and self.each_call[app].reachable
        else:
            holder = self._holders.get(app)
            working = registered and holder is not None and not holder.frozen and app not in holder.deaf
        self._recorder.app_state(app, self._clock.now, registered=registered, working=working, cause=self.cause)

    def registry(self, effect: Effect) -> None:
        """Asterisk's registry has changed."""
        _, app, change = effect
        if self.name(app) != app:
            return
        self.know(app)
        self._registered[app] = change in ACTIVE
        if self._registered[app]:
            self._handed(app)
        self.changed(app)

    def _handed(self, app: str) -> None:
        """An app has a new handler: the connection that is being opened, or a WebSocket that Asterisk opens."""
        opening = self.opening
        if opening is None:
            self._persistent[app] = None
            return
        self._persistent.pop(app, None)
        before = self._holders.get(app)
        self._holders[app] = opening
        if before is not None and before.open and before not in self._holders.values():
            before.row.how = "replaced"  # it stays open, and deaf

    def reached(self, apps: Iterable[str], connection: Connection) -> None:
        """A connection that Asterisk has opened stands."""
        for app in apps:
            if app in self._persistent:
                self._holders[app] = connection
                self.changed(app)

    def left(self, connection: Connection) -> list[str]:
        """A connection is gone; return the apps that it leaves behind."""
        mine = [app for app, holder in self._holders.items() if holder is connection]
        for app in mine:
            del self._holders[app]
        return mine

    def frozen(self, connection: Connection) -> None:
        """The link of a connection froze or thawed."""
        self._see_again(connection, "frozen")

    def unheard(self, connection: Connection) -> None:
        """Others than before hear of what comes over a connection, or nobody does."""
        self._see_again(connection, "no_consumer")

    def _see_again(self, connection: Connection, cause: str) -> None:
        for app, holder in self._holders.items():
            if holder is connection:
                self.cause = cause
                self.changed(app)

    def reach(self, apps: Iterable[str], cause: str) -> None:
        """Whether connections can be made for single calls may have changed."""
        for app in apps:
            if app in self.each_call:
                self.cause = cause
                self.changed(app)

    def down(self) -> None:
        """Asterisk is down, and has forgotten all."""
        self._persistent.clear()
        for app in list(self._registered):
            self._registered[app] = False

    def settle(self) -> None:
        """Write all states down."""
        for app in self._registered:
            self.changed(app)

    def booted(self) -> None:
        """Asterisk runs: it takes the apps for active that get a connection for each call."""
        for app in self.each_call:
            self.know(app)
            self._registered[app] = True
            self.changed(app)
