"""A few calls of a run, told from first to last: what the tables know, and what is heard when it is run once more.

Both must agree. Where they do not, the results came from another model, and nothing is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from stasis_sim.conf.files import printable
from stasis_sim.errors import InputError
from stasis_sim.experiments.choosing import Choice, ends_us
from stasis_sim.experiments.overhearing import Ear
from stasis_sim.observe.happenings import CALLER, DIALPLAN, LANES, STASIS, Happening
from stasis_sim.simulated.preparation import prepare
from stasis_sim.simulated.replication import follow

if TYPE_CHECKING:
    import pandas as pd

    from stasis_sim.experiments.replications import Results

Rows = list[dict[str, Any]]

MOST_CLIENTS: Final = 4
"""So many clients have a lane: those with most to do with the calls and the outage."""

ABOUT_APPS: Final = ("ApplicationReplaced", "ApplicationRegistered", "ApplicationMoveFailed")
"""Events that are about an app, and about no call."""

ENDS: Final = {
    "closed": "WebSocket closed",
    "torn": "WebSocket torn",
    "frozen": "WebSocket given up, as nothing came over it",
    "replaced": "WebSocket closed, another one had taken its apps",
    "write_timeout": "WebSocket closed by Asterisk: websocket_write_timeout",
    "restart": "WebSocket torn, as Asterisk was killed",
}
"""What is said of the end of a connection."""

AWAY: Final = {
    "start": "not connected since the start",
    "closed": "its connection was closed",
    "torn": "its connection was torn",
    "frozen": "its link passes nothing",
    "crash": "its program has crashed",
    "replaced": "another program took its name",
    "write_timeout": "Asterisk gave its connection up",
    "restart": "Asterisk was killed",
    "no_consumer": "nobody is behind its proxy",
}
"""What is said of the cause of an outage."""


@dataclass(frozen=True, slots=True)
class Story:
    """What happened.

    Attributes:
        choice: What it tells of.
        outcomes: What became of each call, by its number.
        lanes: Who has a part in it, in the order in which they are drawn.
        happenings: What happened, in order.
        others: How many clients with a part in it have no lane.
    """

    choice: Choice
    outcomes: Mapping[int, str]
    lanes: tuple[str, ...]
    happenings: tuple[Happening, ...]
    others: int


def retell(results: Results, choice: Choice) -> Story:
    """Tell of calls.

    Args:
        results: Of the run.
        choice: Which calls, and what of the apps.

    Raises:
        InputError: What is heard now is not what the tables say.
    """
    tables = _Tables(results, choice)
    ear = Ear(list(choice.calls), choice.apps, tables.each_call)
    follow(tables.prepared, choice.replication, ear, tables.until)
    turns = [each for each in ear.turns if tables.within(each.at)]
    happenings = [*turns, *tables.before(), *_with_events(results, ear, tables)]
    happenings.sort(key=lambda happening: happening.at)
    lanes, others = _lanes(happenings, choice)
    # A line of the dialplan may have bytes that are no UTF-8, which nothing can draw.
    kept = tuple(
        each._replace(text=printable(each.text)) for each in happenings if each.source in lanes and each.target in lanes
    )
    return Story(choice, {row["call"]: row["outcome"] for row in tables.calls}, lanes, kept, others)


def _us(time: float | None) -> int | None:
    return None if time is None else round(time * 1e6)


class _Tables:
    """The rows that a story needs.

    Args:
        results: Of the run.
        choice: What is told of.
    """

    def __init__(self, results: Results, choice: Choice) -> None:
        self.choice = choice
        self.prepared = prepare(results.scenario)
        self.each_call = self.prepared.each_call
        here = {"replication": (choice.replication,)}
        mine = {**here, "call": tuple(choice.calls)}
        self.calls, self.attempts, self.events, self.commands = (
            _rows(results.table(name, None, mine)) for name in ("calls", "attempts", "events", "commands")
        )
        self.connections = _rows(results.table("connections", None, here))
        self.outages = _rows(results.table("outages", None, {**here, "app": choice.apps}))
        self.about_apps = _rows(results.table("events", None, {**here, "type": ABOUT_APPS, "app": choice.apps}))
        self.clients = {row["connection"]: row["client"] for row in self.connections}
        self._behind = {name: spec.behind for name, spec in results.scenario.clients.items() if spec.behind is not None}
        self.end = ends_us(results, choice.replication)
        last = [_us(row["ended_s"]) or self.end for row in self.calls]
        self.until = min(max([choice.end, *last]), self.end)

    def before(self) -> Iterator[Happening]:
        """Yield what the tables alone know, each kind in its order: of two things at one instant that comes first."""
        yield from self._outages()
        yield from _together(list(self._connections()))
        for row in self.about_apps:
            raised = _us(row["raised_s"]) or 0
            if self.within(raised) and row["app"] not in self.each_call:
                yield self.event(row, raised)
        for row in self.calls:
            if row["outcome"] == "blocked":
                text = f"call {row['call']} is turned away: Asterisk is down, or has no channel left"
                yield Happening(_us(row["arrived_s"]) or 0, CALLER, DIALPLAN, "caller", text, row["call"])

    def told(self, call: int) -> tuple[list[tuple[str, str, int | None]], list[tuple[str, str]]]:
        """Return the events of a call and what became of its executions of Stasis, to be held against what is heard."""
        events = [row for row in self.events if row["call"] == call]
        tries = [row for row in self.attempts if row["call"] == call and row["result"] != "in_progress"]
        return (
            [(row["app"], row["type"], _us(row["raised_s"])) for row in events],
            [(row["app"], row["result"]) for row in tries],
        )

    def commands_sent(self) -> Iterator[Happening]:
        """Yield the requests of the clients."""
        for row in self.commands:
            status = "no answer" if row["status"] is None else str(row["status"])
            why = f" {row['reason']}" if row["reason"] else ""
            text = f"{row['method']} {row['path']}: {status}{why}"
            yield Happening(_us(row["at_s"]) or 0, row["client"], DIALPLAN, "command", text, row["call"])

    def within(self, at: int) -> bool:
        """Whether what happens to apps at an instant is told."""
        return self.choice.start <= at <= min(self.choice.end, self.end)

    def _outages(self) -> Iterator[Happening]:
        for row in self.outages:
            start, end = _us(row["from_s"]) or 0, _us(row["to_s"])
            if self.within(start):
                yield Happening(start, STASIS, STASIS, "outage", f"{row['app']} is away: {AWAY[row['cause']]}")
            if end is not None and self.within(end):
                text = f"{row['app']} is back after {(end - start) / 1e6:.3f} s"
                yield Happening(end, STASIS, STASIS, "outage", text)

    def _connections(self) -> Iterator[Happening]:
        """Yield what became of the connections; tries that fail one after the other are told together."""
        mine = [row for row in self.connections if set(row["apps"].split(",")) & set(self.choice.apps)]
        for client in dict.fromkeys(row["client"] for row in mine):
            refused: Rows = []
            for row in (row for row in mine if row["client"] == client):
                if row["how"] == "refused":
                    if self.within(_us(row["opened_s"]) or 0):
                        refused.append(row)
                    continue
                yield from self._refused(client, refused)
                refused = []
                yield from self._connection(row)
            yield from self._refused(client, refused)

    def _other_end(self, client: str) -> str:
        """Return the lane to which a client connects: Asterisk's, or that of the proxy that it is behind."""
        return self._behind.get(client.partition("#")[0], STASIS)

    def _refused(self, client: str, rows: Rows) -> Iterator[Happening]:
        if rows:
            reasons = ", ".join(dict.fromkeys(row["reason"].replace("_", " ") for row in rows))
            times = "a try" if len(rows) == 1 else f"{len(rows)} tries"
            last = "" if len(rows) == 1 else f", the last at {stamp(_us(rows[-1]['opened_s']) or 0)}"
            text = f"{times} to connect refused: {reasons}{last}"
            yield Happening(_us(rows[0]["opened_s"]) or 0, client, self._other_end(client), "connection", text)

    def _connection(self, row: dict[str, Any]) -> Iterator[Happening]:
        opened, closed = _us(row["opened_s"]) or 0, _us(row["closed_s"])
        client, start, single = row["client"], self.choice.start, row["apps"] in self.each_call
        other = self._other_end(client)
        if self.within(opened):
            if not single:
                yield Happening(opened, client, other, "connection", f"opens a WebSocket for {row['apps']}")
        elif opened < start and (closed is None or closed > start):
            since = "" if single else f" since {stamp(opened)}"
            yield Happening(start, client, client, "connection", f"{client} is connected{since}")
        # One that was for a single call ends with it.
        if closed is not None and self.within(closed) and not (single and row["how"] == "closed"):
            yield Happening(closed, client, other, "connection", ENDS[row["how"]])

    def event(self, row: dict[str, Any], raised: int, *, queued: bool = False) -> Happening:
        """Return what became of an event; the client is the one to which it was written, or the app's last."""
        number, arrived, call = row["connection"], _us(row["delivered_s"]), row["call"]
        client = self._last_client(row["app"], raised) if number is None else self.clients[int(number)]
        about = None if call is None else int(call)
        text = f"{row['type']}{_fate(row['fate'], raised, arrived)}{', after it has waited for a connection' * queued}"
        return Happening(raised, STASIS, client, "event", text, about, row["fate"], arrived)

    def _last_client(self, app: str, at: int) -> str:
        """Return who was connected last for an app; nobody ever was: its registry."""
        served = [
            row["client"]
            for row in self.connections
            if row["how"] != "refused" and app in row["apps"].split(",") and (_us(row["opened_s"]) or 0) <= at
        ]
        return served[-1] if served else STASIS


def _together(happenings: list[Happening]) -> Iterator[Happening]:
    """Yield happenings, and once, with their number, what happened several times at one instant."""
    times = Counter(happenings)
    for each, count in times.items():
        yield each if count == 1 else each._replace(text=f"{each.text} ({count} of them)")


def _rows(table: pd.DataFrame) -> Rows:
    """Return the rows of a table as mappings."""
    names = list(table.columns)
    values = table.astype(object).where(table.notna(), None)
    return [dict(zip(names, row, strict=True)) for row in values.itertuples(index=False, name=None)]


def _fate(fate: str, raised: int, arrived: int | None) -> str:
    """Say what became of an event, and how long it took where it took long."""
    if fate == "pending":
        return " is on its way at the end of the run"
    if arrived is None:
        return f" is {fate}"
    return "" if fate == "delivered" else f" is {fate}, {(arrived - raised) / 1e6:.3f} s on its way"


def stamp(at: int) -> str:
    """Write an instant as a clock that began with the run: ``1:02:03.456``, ``2:03.456``."""
    thousandths = at // 1000
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
    return f"{hours}:{clock}" if hours else clock.removeprefix("0")


def _with_events(results: Results, ear: Ear, tables: _Tables) -> list[Happening]:
    """Return what was heard, with the events as the tables know them and the requests of the clients."""
    found: list[tuple[int, int, Happening]] = [
        (each.at, 2 * place + 1, each)
        for place, each in enumerate(ear.heard)
        if each.call is not None or tables.within(each.at)
    ]
    for call, raised in ear.raised.items():
        rows = [row for row in tables.events if row["call"] == call]
        heard = [each for each in raised if each.at <= tables.until]
        told = [(each.app, each.type, each.at) for each in heard], [(each.app, each.result) for each in ear.tried[call]]
        if told != tables.told(call):
            text = f"call {call} does not go as its tables say, so they are of another version; run the scenario again"
            raise InputError.at(str(results.tree.path), text)
        for each, row in zip(heard, rows, strict=True):
            event = tables.event(row, each.at, queued=each.queued)
            found.append((each.at, 2 * each.place, event))
    found += [(each.at, 2 * len(ear.heard) + 2, each) for each in tables.commands_sent()]
    return [each for _, _, each in sorted(found, key=itemgetter(0, 1))]


def _lanes(happenings: list[Happening], choice: Choice) -> tuple[tuple[str, ...], int]:
    """Return the lanes, and how many clients have none."""
    counts: dict[str, int] = {}
    for each in happenings:
        for lane in {each.source, each.target}.difference(LANES):
            counts[lane] = counts.get(lane, 0) + 1 + 10 * (each.call is not None)
    most = sorted(counts, key=lambda lane: -counts[lane])[:MOST_CLIENTS]
    callers = LANES if choice.calls else LANES[2:]
    return (*callers, *(lane for lane in counts if lane in most)), len(counts) - len(most)
