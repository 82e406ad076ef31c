"""A stage for stories: a scenario as text, run once, with all that happened at hand in whole microseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from stasis_sim.handoff.effects import Effect
from stasis_sim.handoff.engine import Engine
from stasis_sim.handoff.stimuli import Stimulus
from stasis_sim.observe.columns import TABLES
from stasis_sim.observe.ledger import Ledger
from stasis_sim.observe.metrics import Measures, measures
from stasis_sim.observe.timeline import Outage
from stasis_sim.observe.trace import Attempt, Call, Command, Connection, Event, Recorder
from stasis_sim.randomness import Streams
from stasis_sim.scenario import Scenario
from stasis_sim.simulated.preparation import prepare
from stasis_sim.simulated.world import World

MS = 1_000
S = 1_000_000
"""Microseconds."""

PROFILES = ("documented", "asterisk-16", "asterisk-22")
FORGETFUL = ("asterisk-16", "asterisk-22")
"""The profiles that eject where nobody listens."""

DIALPLAN = """
asterisk:
  profile: documented
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR,en,7)
     same => n,Hangup()
    exten => conference,1,Stasis(Super-Conference)
     same => n,Hangup()
"""
"""The first lines of most stories: two apps, and nothing but a hangup after them."""


def carried_out(profile: str, at: int, since: int) -> int:
    """When a silent channel carries a command out that comes `at`; 16 looks every 200 ms, counted from `since`."""
    return at if profile != "asterisk-16" else since + ((at - since) // (200 * MS) + 1) * 200 * MS


class Spy:
    """Stands before an engine and writes down what it does."""

    def __init__(self, engine: Engine, effects: list[tuple[int, Effect]]) -> None:
        self._engine = engine
        self._effects = effects

    def step(self, now: int, stimulus: Stimulus) -> list[Effect]:
        """Let the engine do it."""
        done = self._engine.step(now, stimulus)
        self._effects += [(now, effect) for effect in done]
        return done


class Stage:
    """Everything that one replication of a scenario left behind.

    Args:
        text: The scenario, as text, as data or read already; text without ``asterisk:`` is played on the dialplan of
            the stories.
        profile: In place of the scenario's.
        seed: In place of the scenario's.
        effects: Gathers all that Asterisk does, with the instants, if given.
    """

    def __init__(
        self,
        text: str | dict[str, Any] | Scenario,
        profile: str = "",
        *,
        seed: int | None = None,
        effects: list[tuple[int, Effect]] | None = None,
    ) -> None:
        if isinstance(text, str):
            whole = text if "asterisk:" in text else f"{DIALPLAN}\n{text}"
            self.scenario = Scenario.parse(whole, name="story.yaml")
        else:
            self.scenario = text if isinstance(text, Scenario) else Scenario.of(text)
        overrides = {"asterisk.profile": profile or None, "run.seed": seed}
        given = {key: value for key, value in overrides.items() if value is not None}
        if given:
            self.scenario = self.scenario.where(given)
        self.calls: list[Call] = []
        self.connections: list[Connection] = []
        self.outages: list[Outage] = []
        self._events: list[Event] = []
        self._commands: list[Command] = []
        run = self.scenario.run
        self.world = World(prepare(self.scenario), Streams(run.seed, 1), Recorder(1, run.warmup_us, self))
        if effects is not None:
            self.world.asterisk.engine = cast("Engine", Spy(self.world.asterisk.engine, effects))
        self.ledger: Ledger = self.world.run()
        self.touched = tuple(fault.touched for fault in self.world.faults)
        self.calls.sort(key=lambda call: call.number)

    # ---- what the recorder hands over ----------------------------------------------

    def call(self, call: Call) -> None:
        """Take a call."""
        self.calls.append(call)

    def loose(self, events: list[Event], commands: list[Command]) -> None:
        """Take what belongs to no call."""
        self._events += events
        self._commands += commands

    def rest(self, connections: list[Connection], outages: list[Outage]) -> None:
        """Take the connections and the outages."""
        self.connections += connections
        self.outages += outages

    # ---- what a story asks for -------------------------------------------------------

    @property
    def measures(self) -> Measures:
        """The measures of the replication."""
        return measures(self.ledger)

    @property
    def attempts(self) -> list[Attempt]:
        """All attempts, by call."""
        return [attempt for call in self.calls for attempt in call.attempts]

    @property
    def events(self) -> list[Event]:
        """All events, in the order in which they were raised."""
        found = [*self._events, *(event for call in self.calls for event in call.events)]
        return sorted(found, key=lambda event: event.serial)

    @property
    def commands(self) -> list[Command]:
        """All commands, in the order in which they were sent."""
        found = [*self._commands, *(command for call in self.calls for command in call.commands)]
        return sorted(found, key=lambda command: command.at)

    @property
    def outcomes(self) -> list[str]:
        """What became of each call."""
        return [call.outcome for call in self.calls]

    @property
    def results(self) -> list[str]:
        """What became of each attempt, with the reason of an ejection."""
        return [" ".join(filter(None, (attempt.result, attempt.reason))) for attempt in self.attempts]

    def fates(self, type_: str) -> list[str]:
        """What became of the events of a type."""
        return [event.fate for event in self.events if event.type == type_]

    def requests(self) -> list[tuple[int, str, str, int | None]]:
        """When each command was sent, its method, the path below /ari/channels, and the status of the answer."""
        return [(each.at, each.method, each.path.removeprefix("/ari/channels/"), each.status) for each in self.commands]

    def heard(self, app: str = "Intro-IVR") -> list[tuple[int, str, str, int | None]]:
        """When each event of an app was raised, its type, its fate, and when it reached the client."""
        return [(each.raised, each.type, each.fate, each.delivered) for each in self.events if each.app == app]

    def tries(self, client: str = "ivr") -> list[tuple[int, int | None, str]]:
        """When each connection of a client began and ended, and how; the reason where it was refused."""
        return [
            (each.opened, each.closed, f"{each.how}: {each.reason}" if each.reason else each.how)
            for each in self.connections
            if each.client == client
        ]

    def away(self, app: str = "Intro-IVR") -> list[tuple[int, int | None, str]]:
        """The outages of an app: from, to, cause."""
        return [(each.start, each.end, each.cause) for each in self.outages if each.app == app]

    def rows(self, table: str) -> list[tuple[object, ...]]:
        """The rows of a table as it stands on disk, without the columns that depend on who else there is."""
        rows: dict[str, Sequence[Any]] = {
            "calls": self.calls,
            "attempts": self.attempts,
            "events": self.events,
            "commands": self.commands,
            "connections": self.connections,
            "outages": self.outages,
        }
        columns = [column.read(rows[table]) for column in TABLES[table] if column.read is not None]
        return list(zip(*columns, strict=True))
