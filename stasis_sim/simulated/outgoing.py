"""WebSockets that Asterisk opens itself: its tries go to the clients that listen, and messages wait until one succeeds.

When to try, how long, and how often is the model's business (:mod:`stasis_sim.handoff.outbound`). A try asks the
client's end of the link, and what comes of it is told to Asterisk. Meanwhile what Asterisk raises waits in its queue;
it is written when the connection stands, and is then ``late``. What waits in a queue that ends is ``lost``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stasis_sim.handoff import stimuli
from stasis_sim.simulated.clock import Happening, Rank

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stasis_sim.handoff.effects import Effect
    from stasis_sim.simulated.listeners import Listener
    from stasis_sim.simulated.network import Connection, Message
    from stasis_sim.simulated.world import World


@dataclass(eq=False, slots=True)
class Try:
    """One try of Asterisk to open a WebSocket.

    Attributes:
        session: Asterisk's name for the WebSocket.
        apps: What it is for, as the results know it.
        timeout: How long the try may take, in microseconds.
    """

    session: str
    apps: tuple[str, ...]
    timeout: int


class Outgoing:
    """The WebSockets that Asterisk opens.

    Args:
        world: Where it runs.
        each_call: Apps that get a WebSocket for each call.

    Attributes:
        used: Whether any client listens.
    """

    def __init__(self, world: World, each_call: frozenset[str]) -> None:
        self._world = world
        self._each_call = each_call
        self.used = any(client.transport == "outbound" for client in world.scenario.clients.values())
        self._listeners: dict[str, Listener] = {}
        # The last try of each WebSocket that Asterisk has not closed.
        self._tries: dict[str, Try] = {}
        self._standing: dict[str, Connection] = {}
        self._queues: dict[str, dict[int, Message]] = {}

    def begin(self, listeners: Iterable[Listener]) -> None:
        """The run begins, and Asterisk with it: these clients listen."""
        self._listeners = {app: listener for listener in listeners for app in listener.spec.apps}
        self._world.apps.each_call = {app: self._listeners[app] for app in self._each_call}
        if self.used:
            self._boot()

    def _boot(self) -> None:
        self._world.apps.booted()
        self._world.asterisk.apply(stimuli.Start())

    # ---- what Asterisk does ------------------------------------------------

    def connect(self, effect: Effect) -> None:
        """Asterisk tries to connect."""
        _, session, _, _, timeout, apps = effect
        self._standing.pop(session, None)
        names = tuple(self._world.apps.name(app) for app in apps)
        attempt = self._tries[session] = Try(session, names, timeout)
        self._listeners[names[0]].dialled(attempt)

    def queued(self, effect: Effect) -> None:
        """A message waits for the connection."""
        message = self._world.message(effect[2:], self._world.clock.now)
        self._queues.setdefault(effect[1], {})[message[0].serial] = message

    def send(self, effect: Effect) -> None:
        """A message is written; it may have waited."""
        world, session = self._world, effect[1]
        queue = self._queues.get(session)
        message = queue.pop(effect[2], None) if queue else None
        if message is None:
            world.send(effect)
        else:
            self._standing[session].send(message, world.clock.now, "late")

    def closed(self, session: str) -> bool:
        """Asterisk closes a WebSocket in order, or gives it up; say whether it had opened it itself."""
        mine = self._tries.pop(session, None)
        if mine is None:
            return False
        self._forget(session)
        connection = self._standing.pop(session, None)
        if connection is not None:
            self._world.hung_up(connection)
            self._listeners[mine.apps[0]].hung_up(connection)
        return True

    def killed(self, boot: int) -> None:
        """Asterisk is dead, and its queues with it; it is there again after ``boot`` microseconds."""
        for session in list(self._queues):
            self._forget(session)
        self._tries.clear()
        self._standing.clear()
        if self.used:
            self._world.clock.after(boot, Rank.ASTERISK, 0, self._up_again)

    def _up_again(self, happening: Happening) -> None:
        del happening
        if not self._world.down:  # unless it was killed again while it booted
            self._boot()

    def _forget(self, session: str) -> None:
        for message in self._queues.pop(session, {}).values():
            self._world.lost(message)

    # ---- what comes of a try -----------------------------------------------

    def wants(self, attempt: Try) -> bool:
        """Whether Asterisk still waits for a try."""
        return self._tries.get(attempt.session) is attempt

    def succeeded(self, attempt: Try, connection: Connection) -> None:
        """The connection stands: let Asterisk write what has waited."""
        self._standing[attempt.session] = connection
        self._world.reached(attempt.apps, connection)

    def failed(self, attempt: Try) -> None:
        """A try has failed; let Asterisk know if it still waits for it."""
        if self.wants(attempt):
            self._world.asterisk.apply(stimuli.ConnectFailed(attempt.session))
