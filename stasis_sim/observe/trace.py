"""What the simulated world writes down while it runs.

Four nouns explain it. A *call* is what traffic offers; its attempts, events and commands hang on it. A *connection*
is one try of a client to connect. An *app* has a state over time. The *recorder* hands out the first two, hears of
the third, and lets everything go as rows and sums as soon as nothing can change it any more.

All times are integer microseconds. The world appends and sets attributes directly::

    call = recorder.call(number, "calls.0", now)
    attempt = Attempt("Intro-IVR", ("room1",), now, "entered")
    call.attempts.append(attempt)
    recorder.inside("Intro-IVR", +1, now)

    event = Event(serial, "Intro-IVR", "StasisStart", now)     # its fate is "pending" ...
    call.events.append(event)
    call.open += 1
    event.fate, event.delivered, event.connection = "delivered", now, connection
    call.open -= 1                                              # ... until it is settled
    if not call.open and call.ended is not None:
        recorder.settled(call)

    call.ended, call.hangup_cause = now, 16
    recorder.ended(call)

`Call.open` counts whatever may still change the rows of a call: an unsettled event, a handler that may yet send a
command, a command on its way. A call is let go when it has ended and `open` is 0; rows keep the order of the calls'
ends, so a call also waits for those that ended before it.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from stasis_sim.observe.hearing import GONE, HEARD
from stasis_sim.observe.invariants import InvariantError, conserve
from stasis_sim.observe.ledger import Ledger
from stasis_sim.observe.timeline import Outage, Timeline


class Connection:
    """One connection of a client, or one try at it.

    Attributes:
        number: 1 for the first of the run, and so on.
        client: Who connects.
        apps: The apps it asks for.
        opened: When the try began.
        closed: When it ended; None: open at the end of the run.
        how: How it ended, one of :data:`~stasis_sim.observe.vocabulary.HOWS`; empty while it is open.
        reason: Why it was refused; empty if it was not.
        delivered: Events that came through it, late ones included; the world counts them.
        missed: Events that were written to it and lost; the world counts them.
    """

    __slots__ = ("apps", "client", "closed", "delivered", "how", "missed", "number", "opened", "reason")

    def __init__(self, number: int, client: str, apps: tuple[str, ...], opened: int) -> None:
        self.number = number
        self.client = client
        self.apps = apps
        self.opened = opened
        self.closed: int | None = None
        self.how = ""
        self.reason = ""
        self.delivered = 0
        self.missed = 0


class Attempt:
    """One execution of Stasis, or a StasisBroadcast, by a channel.

    Attributes:
        app: The name that was asked for, empty if none was.
        args: The arguments for the app.
        at: When.
        result: One of :data:`~stasis_sim.observe.vocabulary.RESULTS`; in_progress: not decided yet.
        reason: Why it was ejected, one of :data:`~stasis_sim.observe.vocabulary.REASONS`; else empty.
        left: When the channel left Stasis; None: it is inside, or was never.
        left_by: continue, hangup, delete, move, ..., as the effect ``left`` says; else empty.
        first_command: When the first command was carried out on the channel inside; None: none was.
        talks: From when to when it was in a bridge with another channel; None: until it left, or it never was.
    """

    __slots__ = ("app", "args", "at", "first_command", "left", "left_by", "reason", "result", "talks")

    def __init__(self, app: str, args: tuple[str, ...], at: int, result: str, reason: str = "") -> None:
        self.app = app
        self.args = args
        self.at = at
        self.result = result
        self.reason = reason
        self.left: int | None = None
        self.left_by = ""
        self.first_command: int | None = None
        self.talks: list[tuple[int, int | None]] | None = None

    def talk(self, now: int, *, together: bool) -> None:
        """Note whether it is in a bridge with another channel from now on; to say the same again changes nothing."""
        talks = self.talks
        if talks and talks[-1][1] is None:
            if not together:
                talks[-1] = (talks[-1][0], now)
        elif together:
            self.talks = [*(talks or ()), (now, None)]


class Event:
    """One message that the registry raised for an app.

    Attributes:
        serial: Its number.
        app: For whom.
        type: ``StasisStart`` and so on.
        raised: When.
        fate: One of :data:`~stasis_sim.observe.vocabulary.FATES`.
        delivered: When it reached the client; None: not.
        connection: The connection to which it was written; None: it was missed, or waits in a queue.
    """

    __slots__ = ("app", "connection", "delivered", "fate", "raised", "serial", "type")

    def __init__(self, serial: int, app: str, type_: str, raised: int) -> None:
        self.serial = serial
        self.app = app
        self.type = type_
        self.raised = raised
        self.fate = "pending"
        self.delivered: int | None = None
        self.connection: Connection | None = None


class Command:
    """One REST request of a client.

    Attributes:
        client: Who sent it.
        method: ``POST`` and so on.
        path: Without the query, such as ``/ari/channels/c1/answer``.
        at: When it was sent.
        status: Of the answer, such as 204; None or 0: none has come.
        reason: The reason of a failure; else empty.
    """

    __slots__ = ("at", "client", "method", "path", "reason", "status")

    def __init__(self, client: str, method: str, path: str, at: int) -> None:
        self.client = client
        self.method = method
        self.path = path
        self.at = at
        self.status: int | None = None
        self.reason = ""


class Call:
    """One call that traffic offered, and all that happened to it.

    Attributes:
        number: 1 for the first of the run, and so on.
        source: Which entry of the scenario's ``calls`` offered it.
        arrived: When.
        ended: When it was gone; None: it is still there.
        blocked: The limit on channels turned it away.
        abandoned: The caller hung up, before any command.
        fallback: After its last ejection it reached a place of the scenario's ``fallback``, or an application that
            takes care of the caller. Every ejection takes it back: set it to False there.
        redial: 0 for the caller's first call, n for his n-th redial.
        redialled: The caller calls again after it.
        hangup_cause: Asterisk's HANGUPCAUSE at the end.
        final_answer: What a SIP caller got in the end; None: nothing, or no SIP.
        attempts: In order.
        events: In order of their serials.
        commands: In order.
        open: How many things may still change the rows of this call.
        outcome: Set when the call is let go.
        released: True once the call is let go: what comes now is too late for its rows.
    """

    __slots__ = (
        "abandoned",
        "arrived",
        "attempts",
        "blocked",
        "commands",
        "ended",
        "events",
        "fallback",
        "final_answer",
        "hangup_cause",
        "number",
        "open",
        "outcome",
        "redial",
        "redialled",
        "released",
        "source",
    )

    def __init__(self, number: int, source: str, arrived: int) -> None:
        self.number = number
        self.source = source
        self.arrived = arrived
        self.ended: int | None = None
        self.blocked = False
        self.abandoned = False
        self.fallback = False
        self.redial = 0
        self.redialled = False
        self.hangup_cause: int | None = None
        self.final_answer: str | None = None
        self.attempts: list[Attempt] = []
        self.events: list[Event] = []
        self.commands: list[Command] = []
        self.open = 0
        self.outcome = ""
        self.released = False


def outcome(call: Call) -> str:
    """Say what became of a call: the first of the closed list that fits."""
    if call.blocked:
        return "blocked"
    if call.ended is None:
        return "in_progress"
    entered = ejected = False
    for attempt in call.attempts:
        if attempt.first_command is not None:
            return "served"
        if attempt.result == "entered":
            entered = True
        elif attempt.result == "ejected":
            ejected = True
    if entered:
        fates = [event.fate for event in call.events if event.type == "StasisStart"]
        if GONE.intersection(fates):
            return "stranded"
        if HEARD.intersection(fates):
            return "unanswered"
    return _unheard(call, entered, ejected)


def _unheard(call: Call, entered: bool, ejected: bool) -> str:
    """The outcome of a call of which no app has heard."""
    if ejected and call.fallback:
        return "fallback"
    if call.abandoned:
        return "abandoned"
    if entered:
        return "unanswered"  # its StasisStart still waits in a queue at the end of the run
    return "dropped" if call.attempts else "untouched"


class Sink(Protocol):
    """Who takes the rows, each once and in order."""

    def call(self, call: Call) -> None:
        """Take a call with its attempts, events and commands."""

    def loose(self, events: list[Event], commands: list[Command]) -> None:
        """Take, at the end, what belongs to no call."""

    def rest(self, connections: list[Connection], outages: list[Outage]) -> None:
        """Take, at the end, connections by number and outages by their start."""


# So many loose events or commands are kept before those that are settled are counted and dropped (without a sink).
_LOOSE = 4096


class Recorder:
    """Takes down one replication.

    Args:
        replication: Its number, from 1.
        warmup: What arrives, is raised or begins before this instant is a row but is not measured.
        sink: Takes the rows; None: measures only, and nothing is kept for rows.
    """

    def __init__(self, replication: int = 1, warmup: int = 0, sink: Sink | None = None) -> None:
        self.replication = replication
        self.warmup = warmup
        self.offered = 0
        self.timelines: dict[str, Timeline] = {}
        self.ledger = Ledger(warmup, self.timelines)
        self._sink = sink
        self._live: dict[int, Call] = {}
        self._ended: deque[Call] = deque()
        self._last_end = 0
        self._unsettled: dict[int, Call] = {}
        self._released = 0
        self._events: list[Event] = []
        self._commands: list[Command] = []
        self._connections: dict[int, Connection] = {}
        self._tries = 0
        self.inside = self.ledger.inside
        """``inside(app, +1 or -1, now)``: a channel entered or left an app."""

    def call(self, number: int, source: str, at: int) -> Call:
        """Return a new call; the numbers of a run are unique."""
        call = self._live[number] = Call(number, source, at)
        self.offered += 1
        return call

    def ended(self, call: Call) -> None:
        """The call is gone; ``call.ended`` and ``call.hangup_cause`` are set already."""
        del self._live[call.number]
        end = call.ended
        if end is None or end < self._last_end:
            raise InvariantError(f"call {call.number} ended at {end} µs, after one that ended at {self._last_end} µs")
        if end > self._last_end:
            self._last_end = end
            self._drain()
        # Calls that end at one instant stand in the order of their numbers.
        queue = self._ended
        index = len(queue)
        while index and queue[index - 1].ended == end and queue[index - 1].number > call.number:
            index -= 1
        queue.insert(index, call)

    def settled(self, call: Call) -> None:
        """``call.open`` came down to 0 after the end of the call."""
        if self._unsettled.pop(call.number, None) is not None:
            self._release(call)
        elif call is self._ended[0]:
            self._drain()

    def _drain(self) -> None:
        """Let go the calls whose turn it is; those that ended at the present instant wait until it is over."""
        queue, now = self._ended, self._last_end
        while queue and queue[0].ended != now:
            call = queue[0]
            if call.open:
                if self._sink is not None:
                    return
                # Sums need no order: nobody waits for this one.
                self._unsettled[call.number] = call
                queue.popleft()
            else:
                self._release(queue.popleft())

    def _release(self, call: Call) -> None:
        call.released = True
        call.outcome = outcome(call)
        self._released += 1
        self.ledger.add(call)
        if self._sink is not None:
            self._sink.call(call)

    def event(self, serial: int, app: str, type_: str, at: int) -> Event:
        """Return an event that belongs to no call, such as ApplicationReplaced."""
        event = Event(serial, app, type_, at)
        self._events.append(event)
        if self._sink is None and len(self._events) >= _LOOSE:
            settled = [event for event in self._events if event.fate != "pending"]
            self._events = [event for event in self._events if event.fate == "pending"]
            self.ledger.add_events(settled)
        return event

    def command(self, client: str, method: str, path: str, at: int, call: Call | None = None) -> Command:
        """Return a command; without a call, or too late for its rows, it stands at the end of the table."""
        command = Command(client, method, path, at)
        if call is not None and not call.released:
            call.commands.append(command)
            return command
        self._commands.append(command)
        if self._sink is None and len(self._commands) >= _LOOSE:
            settled = [command for command in self._commands if command.status is not None]
            self._commands = [command for command in self._commands if command.status is None]
            self.ledger.add_commands(settled)
        return command

    def connection(self, client: str, apps: tuple[str, ...], at: int) -> Connection:
        """Return the connection that a client now tries to make."""
        self._tries += 1
        connection = self._connections[self._tries] = Connection(self._tries, client, apps, at)
        return connection

    def connections(self) -> list[Connection]:
        """Return the connections whose rows may still change."""
        return list(self._connections.values())

    def let_go(self, calls: int) -> None:
        """So many calls have been offered and let go elsewhere."""
        self.offered += calls
        self._released += calls

    def refused(self, connection: Connection, at: int, reason: str) -> None:
        """The try at a connection failed: the row is complete."""
        connection.closed, connection.how, connection.reason = at, "refused", reason
        if self._sink is None:
            self.ledger.add_connection(self._connections.pop(connection.number))

    def app_state(self, app: str, now: int, *, registered: bool, working: bool, cause: str = "") -> None:
        """Note the state of an app from now on.

        To be called for every app of the scenario at the start, and at each change.

        Args:
            app: The app.
            now: The present instant.
            registered: Asterisk takes the app for active.
            working: And it is right: the link to the client passes messages.
            cause: What ended the work, one of :data:`~stasis_sim.observe.vocabulary.CAUSES`.
        """
        timeline = self.timelines.get(app)
        if timeline is None:
            timeline = self.timelines[app] = Timeline(app, self.warmup)
        timeline.change(now, registered, working, cause)
        self._balance()

    def down(self, app: str, now: int) -> int:
        """How long an app has been without a working connection so far."""
        timeline = self.timelines.get(app)
        return now if timeline is None else timeline.down(now)

    def _balance(self) -> None:
        """Hold the law that no call is forgotten."""
        waiting = len(self._ended) + len(self._unsettled)
        conserve("calls offered", self.offered, live=len(self._live), waiting=waiting, released=self._released)

    def finish(self, now: int, raised: int | None = None) -> Ledger:
        """End the run: let everything go, what is unfinished too, and return the sums.

        Args:
            now: The end of the run.
            raised: How many messages Asterisk raised; if given, there must be an event for each.
        """
        self._balance()
        self.ledger.end = now
        for call in (*self._unsettled.values(), *self._ended, *(call for _, call in sorted(self._live.items()))):
            self._release(call)
        for held in (self._unsettled, self._ended, self._live):
            held.clear()
        self.ledger.add_events(self._events)
        self.ledger.add_commands(self._commands)
        connections = self.connections()
        for connection in connections:
            self.ledger.add_connection(connection)
        if self._sink is not None:
            outages = [outage for timeline in self.timelines.values() for outage in timeline.outages]
            outages.sort(key=lambda outage: (outage.start, outage.app))
            self._sink.loose(self._events, self._commands)
            self._sink.rest(connections, outages)
        self.ledger.finish(self.offered, raised)
        return self.ledger
