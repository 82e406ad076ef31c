"""Which way calls go: what the ways ask, answered for many calls at once.

Ways ask few kinds of things: how a sum compares to 0, how a link was when something happened, what became of a message.
What several of them ask is answered once. A call goes the way to all of whose questions its answers are the right ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from stasis_sim.openloop.links import FOR_EVER, NOWHERE, TIED
from stasis_sim.openloop.moments import ClosedLoopError
from stasis_sim.openloop.values import Once

if TYPE_CHECKING:
    from stasis_sim.openloop.links import Ints, Link
    from stasis_sim.openloop.moments import Sum
    from stasis_sim.openloop.values import Bits, Values


class Kind(Enum):
    """What is asked; `other` is the second thing that a question names."""

    NEGATIVE = "whether a sum, the other, is below 0"
    ZERO = "whether a sum, the other, is 0"
    STATE = "whether the link was in a state, the other, at a look"
    RENEWED = "whether another connection has come between a look, the other, and a later one"
    DIED = "whether the program has died between a look, the other, and a later one"
    LASTS = "whether the connection of a look stands up to a sum, the other"
    LIVES = "whether the program lives from a look up to a sum, the other"


_OF_SUMS: Final = (Kind.NEGATIVE, Kind.ZERO, Kind.LASTS, Kind.LIVES)
_OF_LOOKS: Final = (Kind.RENEWED, Kind.DIED)


class Glimpse(NamedTuple):
    """A look at a link, whatever is seen.

    Attributes:
        client: Position of the link among all that a look may be at.
        at: Number of the sum of when.
        rank: What kind of happening it is.
    """

    client: int
    at: int
    rank: int


class Question(NamedTuple):
    """A question, and the answer that is the right one.

    Attributes:
        kind: What is asked.
        look: Number of the look; NOWHERE: none.
        other: Number of a sum or of a look before, or a state.
        right: The right answer.
    """

    kind: Kind
    look: int
    other: int
    right: bool


class Questions(Once[Question]):
    """The questions of all ways of a source.

    Attributes:
        looks: What they are about, of links.
    """

    def __init__(self) -> None:
        super().__init__()
        self.looks: Once[Glimpse] = Once()

    def look(self, client: int, at: int, rank: int) -> int:
        """Return the number of a look."""
        return self.looks.number(Glimpse(client, at, rank))

    def client(self, question: Question) -> int:
        """Return the link that a question is about."""
        return NOWHERE if question.look == NOWHERE else self.looks[question.look].client


def sign(made: Sum, *, negative: bool) -> tuple[Sum, bool]:
    """Return a sum and whether it must be negative, so that both sides of a condition ask about the same sum.

    Args:
        made: A sum of whole numbers.
        negative: Whether it must be negative.
    """
    constant, terms = made
    if terms and terms[0][1] < 0:
        return (-1 - constant, tuple((symbol, -factor) for symbol, factor in terms)), not negative
    return made, negative


class _Part(NamedTuple):
    """Questions of one kind about one link; each fact has a place for each of them.

    Attributes:
        kind: What is asked.
        client: Position of the link.
        looks: Rows of the looks among those at the link.
        others: Rows of sums, or of looks, or states.
        right: The right answers, as a column.
    """

    kind: Kind
    client: int
    looks: Ints
    others: Ints
    right: Bits


class Answers:
    """The answers of calls to the questions of a table.

    Args:
        right: For each question whether a call's answer is the right one.
        rows: Of the questions among them, by number.
        ties: Looks and calls where nothing says whether the call or the link goes first: (number of the look, place of
            the call).
        questions: Those of all ways.
    """

    def __init__(self, right: Bits, rows: dict[int, int], ties: list[tuple[int, int]], questions: Questions) -> None:
        self._right = right
        self._rows = rows
        self._ties = ties
        self._questions = questions

    def fit(self, asked: Sequence[int]) -> Bits:
        """Say which calls go a way.

        Args:
            asked: The numbers of its questions.

        Raises:
            ClosedLoopError: Nothing says whether a call that does and a change of a link go first.
        """
        fit: Bits = np.logical_and.reduce(self._right[[self._rows[number] for number in asked]])
        if self._ties:
            looks = {self._questions[number].look for number in asked}
            if any(look in looks and fit[call] for look, call in self._ties):
                raise ClosedLoopError(TIED)
        return fit


class Table:
    """Questions that are put to calls together.

    Args:
        questions: Those of all ways.
        asked: The numbers of some of them.
    """

    def __init__(self, questions: Questions, asked: Iterable[int]) -> None:
        self._questions = questions
        groups: defaultdict[tuple[int, Kind], list[int]] = defaultdict(list)
        for number in dict.fromkeys(asked):
            groups[questions.client(questions[number]), questions[number].kind].append(number)
        self._rows: dict[int, int] = {}
        self._sums: dict[int, int] = {}
        self._looks: defaultdict[int, dict[int, int]] = defaultdict(dict)
        self._parts = [self._part(kind, client, numbers) for (client, kind), numbers in groups.items()]

    def _part(self, kind: Kind, client: int, numbers: Sequence[int]) -> _Part:
        asked = [self._questions[number] for number in numbers]
        for number in numbers:
            self._rows[number] = len(self._rows)
        looks = [NOWHERE if client == NOWHERE else self._look(client, each.look) for each in asked]
        if kind in _OF_SUMS:
            others = [self._sum(each.other) for each in asked]
        elif kind in _OF_LOOKS:
            others = [self._look(client, each.other) for each in asked]
        else:
            others = [each.other for each in asked]
        right = np.array([[each.right] for each in asked], np.bool_)
        return _Part(kind, client, np.array(looks, np.int64), np.array(others, np.int64), right)

    def _look(self, client: int, look: int) -> int:
        self._sum(self._questions.looks[look].at)
        return self._looks[client].setdefault(look, len(self._looks[client]))

    def _sum(self, number: int) -> int:
        return self._sums.setdefault(number, len(self._sums))

    def put(self, values: Values, numbers: Ints, links: Sequence[Link]) -> Answers:
        """Put all questions to calls.

        Args:
            values: The sums of the calls.
            numbers: Of the calls.
            links: All that a look may be at.
        """
        sums = values.stack(list(self._sums))
        places: dict[int, Ints] = {NOWHERE: sums[:0]}
        ties: list[tuple[int, int]] = []
        for client, looks in self._looks.items():
            glimpses = [self._questions.looks[look] for look in looks]
            at = _instants(sums[[self._sums[each.at] for each in glimpses]])
            places[client], tied = links[client].find_all(at, [each.rank for each in glimpses], numbers)
            ties += [(list(looks)[row], call) for row, call in tied]
        right = [_right(part, sums, links[part.client], places[part.client], values.horizon) for part in self._parts]
        none = np.empty((0, len(numbers)), np.bool_)
        return Answers(np.concatenate([none, *right]), self._rows, ties, self._questions)


def _right(part: _Part, sums: Ints, link: Link, places: Ints, horizon: int) -> Bits:
    """Say of questions of one kind whether the answers are right: a row for each, a column for each call."""
    answers: Any
    if part.kind is Kind.NEGATIVE:
        answers = sums[part.others] < 0
    elif part.kind is Kind.ZERO:
        answers = sums[part.others] == 0
    elif part.kind is Kind.STATE:
        answers = link.states(places)[part.looks] == part.others[:, np.newaxis]
    elif part.kind is Kind.RENEWED:
        stood = link.stood(places)
        answers = stood[part.looks] != stood[part.others]
    elif part.kind is Kind.DIED:
        answers = link.died(places[part.looks], places[part.others])
    else:
        due = until(_instants(sums[part.others]), horizon)
        asked = link.lasts if part.kind is Kind.LASTS else link.survives
        answers = asked(places[part.looks], due)
    right: Bits = answers == part.right
    return right


def _instants(at: Ints) -> Ints:
    """Return instants without those of what does not happen: no way on which it does is that of the call."""
    at[at >= FOR_EVER] = 0
    return at


def until(due: Ints, horizon: int) -> Ints:
    """Return up to when something must last; what breaks after the end of the run has not broken."""
    return due if horizon == FOR_EVER else np.minimum(due, horizon + 1)
