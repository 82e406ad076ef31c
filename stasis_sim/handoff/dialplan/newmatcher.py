"""The other matcher: what ``extenpatternmatchnew=yes`` in ``[general]`` switches on.

It walks a tree of characters and takes the first extension that it meets, and that does not give the results of the
ordinary matcher: names and patterns are branches of equal standing, of which the one that was defined last comes
first, so that a pattern can beat an exact name; ``!`` matches no character only where nothing else could follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Generic, TypeVar

from stasis_sim.handoff.clib.text import octets

T = TypeVar("T")

_RANKS: Final = {"N": 0x0832, "Z": 0x0931, "X": 0x0A30, ".": 0x18000, "!": 0x28000}
_WILD: Final = {"N": "23456789", "Z": "123456789", "X": "0123456789"}


class _Node(Generic[T]):
    """A branch: the characters it takes, what ends at it, and what follows, in the order in which it is tried."""

    __slots__ = ("chars", "following", "is_pattern", "rank", "sign", "value")

    def __init__(self, sign: str, *, is_pattern: bool, is_set: bool) -> None:
        self.sign = sign
        self.is_pattern = is_pattern
        self.rank = len(sign) << 8 | ord(sign[0]) if len(sign) > 1 else 1
        self.chars = sign
        if is_pattern and sign in _RANKS:
            # A set of one letter means what the letter means, but ranks as one character.
            self.rank = self.rank if is_set else _RANKS[sign]
            self.chars = _WILD.get(sign, "")
        self.value: T | None = None
        self.following: list[_Node[T]] = []

    def same(self, other: _Node[T]) -> bool:
        """Decide whether two extensions go on by one branch here."""
        return (self.sign, self.is_pattern, self.rank) == (other.sign, other.is_pattern, other.rank)


class NewMatcher(Generic[T]):
    """The tree of one context."""

    def __init__(self, items: Iterable[tuple[str, str | None, T]]) -> None:
        """Build the tree.

        Args:
            items: Name or pattern, caller's pattern or None, and value; in the order of the file.
        """
        self._root: list[_Node[T]] = []
        for name, caller, value in reversed(list(items)):
            self._add(name if caller is None else f"{name}/{caller}", value)

    def _add(self, name: str, value: T) -> None:
        text = octets(name)
        is_pattern = text.startswith("_")
        branches = self._root
        node: _Node[T] | None = None
        for sign, is_set in _signs(text[1:] if is_pattern else text, is_pattern=is_pattern):
            made = _Node[T](sign, is_pattern=is_pattern, is_set=is_set)
            node = next((other for other in branches if other.same(made)), None)
            if node is None:
                node = made
                place = next((index for index, other in enumerate(branches) if other.rank > node.rank), len(branches))
                branches.insert(place, node)
            branches = node.following
        if node is not None:
            node.value = value

    def find(self, dialled: str, caller: str = "") -> T | None:
        """Return what the number leads to; None for no match."""
        # A dash is ignored everywhere but at the beginning.
        number = octets(dialled)[:1] + octets(dialled)[1:].replace("-", "")
        return _find(self._root, number, caller) if number else None


def _signs(text: str, *, is_pattern: bool) -> list[tuple[str, bool]]:
    """Return what stands at each place, and whether it was written as a set."""
    if not is_pattern:
        return [(char, False) for char in text.replace("-", "")]
    signs: list[tuple[str, bool]] = []
    index = 0
    while index < len(text):
        char = text[index]
        index += 1
        if char == "[" and "]" in text[index:]:
            members, index = _members(text, index)
            signs.append((members, True))
        elif char != "-":
            signs.append((char.upper() if char in "nxz" else char, False))
    return [sign for sign in signs if sign[0]]


def _members(text: str, index: int) -> tuple[str, int]:
    """Return the characters of a set that begins at ``index``, sorted, and where the pattern goes on.

    A range takes whatever stands behind its dash, be it the closing bracket; of a reversed one the first remains.
    """
    chars: list[str] = []
    while index < len(text) and text[index] != "]":
        first = ord(text[index])
        last = first
        if text[index + 1 : index + 2] == "-" and index + 2 < len(text):
            last = ord(text[index + 2])
            index += 2
        chars.extend(map(chr, range(first, max(first, last) + 1)))
        index += 1
    return "".join(sorted(dict.fromkeys(chars))), index + 1


def _find(branches: list[_Node[T]], number: str, caller: str) -> T | None:
    for node in branches:
        found = _try(node, number, caller)
        if found is not None:
            return found
    return None


def _try(node: _Node[T], number: str, caller: str) -> T | None:
    if node.is_pattern and node.sign in ".!":
        if node.value is not None:
            return node.value
        return _follow_caller(node, caller)
    if not number or number[0] not in node.chars:
        return None
    rest = number[1:]
    if not rest and node.value is not None:
        return node.value
    if rest or (node.following and node.following[0].sign == "!"):
        found = _find(node.following, rest, caller)
        if found is not None:
            return found
    # Where a pattern asks for the caller, digits that are left over do not matter.
    return _follow_caller(node, caller, rest)


def _follow_caller(node: _Node[T], caller: str, rest: str = "") -> T | None:
    """Go on with the caller's number where a pattern asks for it, if nothing else comes first.

    A name that asks for callers without a number takes them all; no other one takes any.
    """
    following = node.following[0] if node.following else None
    if following is None or following.sign != "/":
        return None
    if following.is_pattern:
        return _find(following.following, caller, "") if caller else None
    return None if rest else following.value
