"""What a path demands of the link of a client, the door of its requests, or the files that Asterisk has read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stasis_sim.openloop.happenings import Look, Message
from stasis_sim.openloop.questions import Kind, Question, Questions, until

if TYPE_CHECKING:
    from stasis_sim.openloop.links import Ints, Link
    from stasis_sim.openloop.values import Bits, Values


_Step = tuple[Look, list[Message]]
"""A look, and what was written then."""


class _Run(NamedTuple):
    """Looks one after the other that saw the same, and what was written meanwhile.

    Attributes:
        first, last: The first of them and the last one.
        due: Up to when its messages need the link, as the numbers of sums of which each may be the greatest.
    """

    first: Look
    last: Look
    due: tuple[int, ...]


class Watch:
    """What a path demands of the link of one client.

    Args:
        client: Position of the client.
        looks: At it, in the order of time.
        messages: What was written to it, in order.
        mortal: Whether the program of the client can die.
        serial: Whether it has one worker.

    Attributes:
        client: As given.
        kept: Whether everything arrived that was written to it, and was dealt with.
    """

    def __init__(
        self, client: int, looks: Sequence[Look], messages: Sequence[Message], *, mortal: bool, serial: bool
    ) -> None:
        self.client = client
        self._mortal = mortal
        self._steps = [(look, [message for message in messages if message.when == look.when]) for look in looks]
        self.kept = not any(message.lost or message.abandoned for message in messages)
        self._runs = [_run(steps, serial=serial) for steps in _alike(self._steps)]

    def stays(self, link: Link, values: Values, numbers: Ints) -> Bits:
        """Say for which calls the link was as demanded because it did not change while it had to be the same.

        Args:
            link: The link.
            values: The sums of the calls.
            numbers: Of the calls.
        """
        stays = np.ones(len(numbers), np.bool_)
        before: Ints | None = None
        for first, last, due in self._runs:
            place = link.look(values[first.when.at], first.when.rank, numbers, before)
            stays &= link.states(place) == first.state
            stays &= link.stays(place, values[last.when.at])
            for instant in due:
                stays &= link.lasts(place, until(values[instant], values.horizon))
            if before is not None:
                stays &= (link.stood(place) != link.stood(before)) == first.renewed
                if self._mortal:
                    stays &= link.died(place, before) == first.died
            before = place
        return stays

    def questions(self, questions: Questions) -> Iterator[Question]:
        """Yield what is asked of the link at every look at it, and of every message on it.

        Args:
            questions: Those of all ways, for the numbers of looks.
        """
        before: int | None = None
        for each, messages in self._steps:
            look = questions.look(self.client, each.when.at, each.when.rank)
            yield Question(Kind.STATE, look, each.state, right=True)
            if before is not None:
                yield Question(Kind.RENEWED, look, before, right=each.renewed)
                if self._mortal:
                    yield Question(Kind.DIED, look, before, right=each.died)
            for message in messages:
                yield Question(Kind.LASTS, look, message.arrives, right=not message.lost)
                if message.finish is not None:
                    yield Question(Kind.LIVES, look, message.finish, right=not message.abandoned)
            before = look


def _alike(steps: Sequence[_Step]) -> Iterator[list[_Step]]:
    """Yield looks with what was written then, as many at a time as saw the same one after the other."""
    alike = [steps[0]]
    for step in steps[1:]:
        look = step[0]
        if look.state != alike[-1][0].state or look.renewed or look.died:
            yield alike
            alike = []
        alike.append(step)
    yield alike


def _run(steps: Sequence[_Step], *, serial: bool) -> _Run:
    written = [message for _, messages in steps for message in messages]
    due = dict.fromkeys(each.arrives if each.finish is None else each.finish for each in written)
    # None arrives sooner than one that was written before it, and one worker is not through with it sooner.
    ordered = serial or all(each.finish is None for each in written)
    return _Run(steps[0][0], steps[-1][0], tuple(due)[-1:] if ordered else tuple(due))
