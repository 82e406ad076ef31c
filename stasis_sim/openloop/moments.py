"""Instants and durations that remember what they are made of.

A :class:`Moment` is a whole number of microseconds and, beside it, the sum that it stands for: so many times this
draw, so many times that one, plus a constant. Arithmetic keeps both. A comparison is decided by the number and noted
down as a :class:`Condition`. So what has been computed for one call with moments holds for every other call that
fulfils the same conditions, with its own draws put in.

Only what keeps a sum of whole numbers is allowed; all else raises :class:`ClosedLoopError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, Never, Self, TypeAlias

Sum: TypeAlias = tuple[int, tuple[tuple[int, int], ...]]
"""A constant, and (symbol, factor) in the order of the symbols."""

Relation: TypeAlias = Literal["<0", ">=0", "==0", "!=0"]


MOST_TURNS: Final = 64
"""Calls whose quotient is greater are not computed here: each quotient is a way of its own."""


class ClosedLoopError(Exception):
    """A call does something that the open-loop engine cannot compute; the message says what."""


class Condition(NamedTuple):
    """How a sum compares to 0."""

    sum: Sum
    relation: Relation

    @property
    def certain(self) -> bool:
        """Whether it holds for any values of the symbols, none of which is negative."""
        constant, terms = self.sum
        factors = [factor for _, factor in terms]
        if self.relation == ">=0":
            return constant >= 0 and all(factor >= 0 for factor in factors)
        if self.relation == "<0":
            return constant < 0 and all(factor <= 0 for factor in factors)
        if self.relation == "!=0":
            signs = [constant, *factors]
            return constant != 0 and (all(sign >= 0 for sign in signs) or all(sign <= 0 for sign in signs))
        return False


Conditions: TypeAlias = dict[Condition, None]
"""In the order in which they were met, each once."""


class Moment(int):
    """A number of microseconds that knows of which symbols it is the sum.

    Attributes:
        constant: The part that is no symbol's.
        factors: How often each symbol is in it; none is 0.
        conditions: Where comparisons are noted down.
    """

    constant: int
    factors: Mapping[int, int]
    conditions: Conditions

    def __new__(cls, value: int, constant: int, factors: Mapping[int, int], conditions: Conditions) -> Self:
        """Make one; a number has no ``__init__`` of its own."""
        self = super().__new__(cls, value)
        self.constant = constant
        self.factors = factors
        self.conditions = conditions
        return self

    @property
    def sum(self) -> Sum:
        """What it stands for."""
        return self.constant, tuple(sorted(self.factors.items()))

    @property
    def value(self) -> int:
        """The bare number."""
        return int.__add__(self, 0)

    # -- sums -----------------------------------------------------------------------------------------------------

    def _plus(self, other: object, sign: int) -> Moment:
        if not isinstance(other, int):
            raise ClosedLoopError("a duration is added to what is none")
        value = int.__add__(self, other) if sign > 0 else int.__sub__(self, other)
        if not isinstance(other, Moment):
            return Moment(value, self.constant + sign * int(other), self.factors, self.conditions)
        factors = dict(self.factors)
        for symbol, factor in other.factors.items():
            total = factors.get(symbol, 0) + sign * factor
            if total:
                factors[symbol] = total
            else:
                factors.pop(symbol, None)
        return Moment(value, self.constant + sign * other.constant, factors, self.conditions)

    def __add__(self, other: int) -> Moment:
        return self._plus(other, 1)

    __radd__ = __add__

    def __sub__(self, other: int) -> Moment:
        return self._plus(other, -1)

    def __rsub__(self, other: int) -> Moment:
        return (-self)._plus(other, 1)

    def __mod__(self, other: int) -> Moment:
        """Return the rest of a division by a plain number, for all that have the same quotient."""
        if isinstance(other, Moment) or int.__floordiv__(self, other) > MOST_TURNS:
            raise ClosedLoopError("a tick that is met at one of very many turns")
        rest = self - int.__floordiv__(self, other) * other
        if rest < 0 or rest >= other:
            raise AssertionError(f"{rest} left by {other}")
        return rest

    def __neg__(self) -> Moment:
        factors = {symbol: -factor for symbol, factor in self.factors.items()}
        return Moment(int.__neg__(self), -self.constant, factors, self.conditions)

    # -- comparisons ----------------------------------------------------------------------------------------------

    def _decide(self, other: int, relation: Relation, opposite: Relation, *, holds: bool) -> bool:
        """Note how the difference to another number compares to 0, and return whether the relation holds."""
        condition = Condition((self - other).sum, relation if holds else opposite)
        if not condition.certain and condition.sum[1]:
            self.conditions[condition] = None
        return holds

    def __lt__(self, other: int) -> bool:
        return self._decide(other, "<0", ">=0", holds=int.__lt__(self, other))

    def __ge__(self, other: int) -> bool:
        return self._decide(other, ">=0", "<0", holds=int.__ge__(self, other))

    def __gt__(self, other: int) -> bool:
        return (-self)._decide(-other, "<0", ">=0", holds=int.__gt__(self, other))

    def __le__(self, other: int) -> bool:
        return (-self)._decide(-other, ">=0", "<0", holds=int.__le__(self, other))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, int):
            return NotImplemented
        return self._decide(other, "==0", "!=0", holds=int.__eq__(self, other))

    def __ne__(self, other: object) -> bool:
        return NotImplemented if not isinstance(other, int) else not self == other

    def __bool__(self) -> bool:
        return self != 0

    __hash__ = int.__hash__

    # -- words ----------------------------------------------------------------------------------------------------

    def __format__(self, _: str) -> str:
        """Return a word that :func:`read` knows again: dialplan and ARI pass durations on as text."""
        return f"{int.__repr__(self)}{_MARK}{self.constant}{_MARK}" + _MARK.join(
            f"{symbol}*{factor}" for symbol, factor in self.factors.items()
        )

    def __str__(self) -> str:
        return format(self)

    __repr__ = __str__


_MARK: Final = "\N{MIDDLE DOT}"


def read(text: str, conditions: Conditions) -> int | None:
    """Return the moment that a word stands for, None if it is an ordinary text."""
    value, mark, rest = text.partition(_MARK)
    if not mark:
        return None
    constant, _, terms = rest.partition(_MARK)
    pairs = (term.split("*") for term in terms.split(_MARK) if term)
    return Moment(int(value), int(constant), {int(symbol): int(factor) for symbol, factor in pairs}, conditions)


def is_mentioned(text: str) -> bool:
    """Whether a text contains a moment."""
    return _MARK in text


def _refuse(*_: object) -> Never:
    raise ClosedLoopError("the time of day, or arithmetic with times")


for _name in (
    *("__mul__", "__rmul__", "__floordiv__", "__rfloordiv__", "__truediv__", "__rtruediv__", "__rmod__"),
    *("__divmod__", "__rdivmod__", "__pow__", "__float__", "__int__", "__round__", "__abs__", "__and__", "__or__"),
    *("__lshift__", "__rshift__", "__index__"),
):
    setattr(Moment, _name, _refuse)
