"""The other matcher: what ``extenpatternmatchnew=yes`` in ``[general]`` switches on.

It walks a tree of characters and takes the first extension that it meets, and that does not give the results of the
ordinary matcher: names and patterns are branches of equal standing, of which the one that was defined last comes
first, so that a pattern can beat an exact name; ``!`` matches no character only where nothing else could follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Generic, TypeVar

from stasis_sim.handoff.text import octets

T = TypeVar("T")

_PART: Final = re.compile(r"\[([^\]]*)\]|(.)", re.DOTALL)
_RANKS: Final = {"N": 0x0832, "Z": 0x0931, "X": 0x0A30, ".": 0x18000, "!": 0x28000}
_WILD: Final = {"N": "23456789", "Z": "123456789", "X": "0123456789"}


class _Node(Generic[T]):
    """A branch: the characters it takes, what ends at it, and what follows, in the order in which it is tried."""

    __slots__ = ("chars", "following", "is_pattern", "rank", "sign", "value")

    def __init__(self, sign: str, *, is_pattern: bool) -> None:
        self.sign = sign
        self.is_pattern = is_pattern
        self.rank = len(sign) << 8 | ord(sign[0]) if len(sign) > 1 else 1
        self.chars = sign
        if is_pattern and sign in _RANKS:
            self.rank = _RANKS[sign]
            self.chars = _WILD.get(sign, "")
        self.value: T | None = None
        self.following: list[_Node[T]] = []


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
        for sign in _signs(text[1:] if is_pattern else text, is_pattern=is_pattern):
            node = next((other for other in branches if other.sign == sign and other.is_pattern == is_pattern), None)
            if node is None:
                node = _Node(sign, is_pattern=is_pattern)
                place = next((index for index, other in enumerate(branches) if other.rank > node.rank), len(branches))
                branches.insert(place, node)
            branches = node.following
        if node is not None:
            node.value = value

    def find(self, dialled: str, caller: str = "") -> T | None:
        """Return what the number leads to; None for no match."""
        number = octets(dialled).replace("-", "")
        return _find(self._root, number, caller) if number else None


def _signs(text: str, *, is_pattern: bool) -> list[str]:
    if not is_pattern:
        return list(text.replace("-", ""))
    signs: list[str] = []
    for match in _PART.finditer(text):
        if match[1] is not None:
            signs.append(_members(match[1]))
        elif match[2] != "-":
            signs.append(match[2].upper() if match[2] in "nxz" else match[2])
    return [sign for sign in signs if sign]


def _members(inside: str) -> str:
    """Return the characters of a set, sorted."""
    chars: list[str] = []
    index = 0
    while index < len(inside):
        last = inside[index + 1 : index + 2] == "-" and inside[index + 2 : index + 3]
        if last:
            chars.extend(map(chr, range(ord(inside[index]), ord(last) + 1)))
            index += 3
        else:
            chars.append(inside[index])
            index += 1
    return "".join(sorted(dict.fromkeys(chars)))


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
        return _find(node.following, rest, caller)
    return _follow_caller(node, caller)


def _follow_caller(node: _Node[T], caller: str) -> T | None:
    """Go on with the caller's number where the extension asks for it; only if nothing else comes first."""
    if node.following and node.following[0].sign == "/" and caller:
        return _find(node.following[0].following, caller, "")
    return None
