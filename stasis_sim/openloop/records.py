"""What the laboratory is asked, and what it answers: the call to be looked at, and a record of what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from stasis_sim.observe import trace
    from stasis_sim.openloop.doors import Door
    from stasis_sim.openloop.files import Files
    from stasis_sim.openloop.links import Link
    from stasis_sim.openloop.moments import Conditions
    from stasis_sim.openloop.thaws import Thaws


class Happening(NamedTuple):
    """Something that happens about a call.

    Attributes:
        at: When.
        rank: What kind of thing it is.
        loose: Whether it does not stand among others of its instant by rank and number of its call alone.
    """

    at: int
    rank: int
    loose: bool


class Look(NamedTuple):
    """A look at a client's link, the door of its requests, or the files, when something happened.

    Attributes:
        client: Position of the client; those of doors stand behind those of links, and that of the files behind these.
        happening: What happened.
        state: Of the link, of the door, or of the files.
        died: Whether the program had died since the look before.
        renewed: Whether there had been another connection since then.
    """

    client: int
    happening: Happening
    state: int
    died: bool
    renewed: bool


@dataclass
class Sent:
    """A message that was written to a connection.

    Attributes:
        client: Position of the client.
        event: Its row.
        happening: When it was written.
        leaves: When it is on its way: at once, or when a link thaws that holds it back.
        arrives: When it arrives, if nothing breaks before.
        latency: How long it takes, held up by nothing; None: as long as all others, none of which can hold it up.
        service: How long the client's worker needs for it.
        wait: The symbol of how long it waits for a worker; none if the connection broke before it arrived.
        finish: When a worker would be through with it; none likewise.
        abandoned: Whether the program died after that, and before it was dealt with.
    """

    client: int
    event: trace.Event
    happening: Happening
    leaves: int
    arrives: int
    latency: int | None
    service: int
    wait: int | None
    finish: int | None
    abandoned: bool

    @property
    def lost(self) -> bool:
        """Whether the connection broke before it arrived."""
        return self.wait is None


class Knock(NamedTuple):
    """A request to which the door of a client was shut when it came."""

    client: int
    happening: Happening


class Pile(NamedTuple):
    """A message that is written to a client's link while nothing may be read of it: how many octets it has."""

    client: int
    happening: Happening
    octets: int


class Passage(NamedTuple):
    """A call entered (+1) or left (-1) an app."""

    app: str
    change: int
    happening: Happening


@dataclass
class Record:
    """What became of a call in the laboratory.

    Attributes:
        call: Its rows.
        conditions: Under which all of this holds.
        looks: States of links on which it depends.
        sent: Messages, in order.
        passages: Entries and exits, in order.
        asked: When each attempt was made.
        knocks: Requests that came to a door that was shut.
        piles: What was written to links of which nothing may have been read.
        done: When nothing could change its rows any more; the horizon where that is never.
        last: The last thing that happened.
        happened: When things happened that need not happen to every call: Asterisk was killed, a client recovered.
        killed: Whether it ended with Asterisk.
        cut: Whether the horizon came first.
        following: What would have happened next, where the horizon came first.
        left: When what is still to happen about the call will, though it changes nothing: timers that nobody needs.
    """

    call: trace.Call
    conditions: Conditions
    looks: list[Look] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    asked: list[Happening] = field(default_factory=list)
    knocks: list[Knock] = field(default_factory=list)
    piles: list[Pile] = field(default_factory=list)
    done: int = 0
    last: Happening = field(default_factory=lambda: Happening(0, 0, loose=False))
    happened: list[int] = field(default_factory=list)
    killed: bool = False
    cut: bool = False
    following: int | None = None
    left: tuple[int, ...] = ()


@dataclass(frozen=True)
class Subject:
    """The call to be looked at.

    Attributes:
        number: Its number in the run.
        source: Position of its source.
        index: Its number within the source.
        arrives: When, in microseconds.
        horizon: When the run ends.
        restarts: Whether Asterisk is ever killed.
        draw: Gives its draw for a symbol, or its value, in microseconds.
        wait: Gives how long one of its messages waits for a worker, by its number.
        delay: Gives how long one of its messages is held up by those before it, likewise.
        links: For each client its link.
        thaws: For each client when its link thaws.
        doors: For each client the door of its requests.
        files: What Asterisk has read.
    """

    number: int
    source: int
    index: int
    arrives: int
    horizon: int
    restarts: bool
    draw: Callable[[int], int]
    wait: Callable[[int], int]
    delay: Callable[[int], int]
    links: Sequence[Link]
    thaws: Sequence[Thaws]
    doors: Sequence[Door]
    files: Files
