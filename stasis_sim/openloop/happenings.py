"""What happens on a path, and its rows: all instants and durations are numbers of sums."""

from __future__ import annotations

from typing import NamedTuple


class When(NamedTuple):
    """A happening whose instant is a sum.

    Attributes:
        at: Number of the sum.
        rank: What kind of happening it is.
        loose: See :class:`~stasis_sim.openloop.records.Happening`.
    """

    at: int
    rank: int
    loose: bool


class Message(NamedTuple):
    """A message that is written to a connection.

    Attributes:
        client: Position of the client.
        when: When it is written.
        arrives: Number of the sum of when it arrives.
        service: Number of the sum of how long a worker needs for it.
        finish: Number of the sum of when a worker is through with it; None: nothing hangs on that.
        leaves: Number of the sum of when it is on its way.
        latency: Number of the sum of how long it takes if nothing holds it up; None: as long as all others.
        lost: Whether the connection broke before it arrived.
        abandoned: Whether the program died after that, and before a worker was through with it.
        queues: Whether it matters in the queue of the client: it keeps a worker busy, its wait decides something, or it
            may hold up others on their way there.
    """

    client: int
    when: When
    arrives: int
    service: int
    finish: int | None
    leaves: int
    latency: int | None
    lost: bool
    abandoned: bool
    queues: bool = False


class Look(NamedTuple):
    """How the link of a client must have been: as :class:`~stasis_sim.openloop.records.Look` has it."""

    client: int
    when: When
    state: int
    died: bool
    renewed: bool


class Passage(NamedTuple):
    """A call enters (+1) or leaves (-1) an app."""

    app: str
    change: int
    when: When


class AttemptRow(NamedTuple):
    """A row of attempts; what is an instant is the number of a sum."""

    app: str
    args: str
    when: When
    result: str
    reason: str
    left: int | None
    left_by: str
    first_command: int | None


class EventRow(NamedTuple):
    """A row of events; `link`: to the connection of which client it was written."""

    app: str
    type: str
    when: When
    fate: str
    delivered: int | None
    link: int | None


class CommandRow(NamedTuple):
    """A row of commands; the path in front of and behind the name of the channel."""

    client: str
    method: str
    before: str
    after: str
    at: int
    status: int | None
    reason: str
