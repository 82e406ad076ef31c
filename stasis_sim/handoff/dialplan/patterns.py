"""Extension patterns: what one matches, which comes first, and an index that finds all matches without a scan.

A pattern (``_9NXX.``) is compared position by position from the left. Each position has a rank: fewer characters
before more, then the set with the lower first character, then the set that has the lowest character the other lacks;
then ``.``, then ``!``, then the end of the pattern. So a longer pattern comes before its own beginning. Names without
``_`` come before all patterns. A :class:`PatternIndex` is a trie over these positions: walking it in rank order yields
the matches in Asterisk's order, in time that depends on the dialled number, not on the number of extensions.

Everything works on octets (see text.py): Asterisk compares bytes.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Generic, NamedTuple, TypeVar

from stasis_sim.handoff.clib.text import octets

T = TypeVar("T")
U = TypeVar("U")

Rank = tuple[int, int]
Key = tuple[Rank, ...]

_DOT: Final[Rank] = (0x18000, 0)
_BANG: Final[Rank] = (0x28000, 0)
_END: Final[Rank] = (0x30000, 0)
_BROKEN: Final[Rank] = (0x40000, 0)
_HOLLOW: Final[Rank] = (0, 0)
_WILD: Final = {
    **dict.fromkeys("nN", "23456789"),
    **dict.fromkeys("xX", "0123456789"),
    **dict.fromkeys("zZ", "123456789"),
}


class Position(NamedTuple):
    """One position of a pattern.

    Attributes:
        rank: What orders it.
        chars: What it matches; empty for ``.``, ``!``, the end and a set without its ``]``, which matches nothing.
        after_empty_set: Whether an empty set stands before it: the dialled number must not have ended there.
    """

    rank: Rank
    chars: frozenset[str]
    after_empty_set: bool = False


@lru_cache(maxsize=1024)
def positions(pattern: str) -> tuple[Position, ...]:
    """Take a pattern (without its ``_``, in octets) apart; the last position is the end."""
    found: list[Position] = []
    index = 0
    skipped = False
    while index < len(pattern):
        char = pattern[index]
        index += 1
        if char == "-":
            continue
        if char == "[":
            end = pattern.find("]", index)
            if end < 0:
                found.append(Position(_BROKEN, frozenset()))
                continue
            position = _set(pattern[index:end])
            skipped = skipped or end == index
            index = end + 1
            if position is None:
                continue
        else:
            position = _single(char)
        found.append(position._replace(after_empty_set=skipped) if skipped else position)
        skipped = False
    found.append(_STRICT_LAST if skipped else _LAST)
    return tuple(found)


_LAST: Final = Position(_END, frozenset())
_STRICT_LAST: Final = Position(_END, frozenset(), after_empty_set=True)


@lru_cache(maxsize=512)
def _single(char: str) -> Position:
    if char == ".":
        return Position(_DOT, frozenset())
    if char == "!":
        return Position(_BANG, frozenset())
    chars = _WILD.get(char, char)
    return Position((len(chars) << 8 | ord(chars[0]), _bits(chars)), frozenset(chars))


@lru_cache(maxsize=512)
def _set(inside: str) -> Position | None:
    """Read what stands between ``[`` and ``]``; None if it is empty (it is skipped then)."""
    chars: list[str] = []
    lowest = 0xFF
    index = 0
    while index < len(inside):
        first = last = ord(inside[index])
        if inside[index + 1 : index + 2] == "-" and index + 2 < len(inside):
            last = ord(inside[index + 2])
            index += 2
        lowest = min(lowest, first)
        chars.extend(map(chr, range(first, last + 1)))
        index += 1
    members = frozenset(chars)
    if not members:
        # `[9-1]` counts as empty when patterns are compared, but still matches nothing; `[]` is skipped by both.
        return Position(_HOLLOW, members) if inside else None
    return Position((len(members) << 8 | lowest, _bits(members)), members)


def _bits(chars: str | frozenset[str]) -> int:
    """Return a number that is smaller for the set with the lower characters."""
    return -sum(1 << (255 - ord(char)) for char in chars)


def pattern_key(name: str) -> Key:
    """Return the key that orders a pattern (with its ``_``); equal keys are the same pattern in two spellings."""
    return _key(positions(octets(name)[1:]))


def _key(parts: Iterable[Position]) -> Key:
    return tuple(part.rank for part in parts if part.rank != _HOLLOW)


def plain(name: str) -> str:
    """Return a name or dialled number as it is compared: ``-`` is ignored."""
    text = octets(name)
    return text.replace("-", "") if "-" in text else text


def _undashed(name: str) -> str:
    """Return a name without dashes in front of its ``_``: it is a pattern as well."""
    bare = name.lstrip("-")
    return bare if bare[:1] == "_" else name


@lru_cache(maxsize=1024)
def identity(name: str) -> str | Key:
    """Return what makes two spellings the same extension."""
    name = _undashed(name)
    return pattern_key(name) if name[:1] == "_" else plain(name)


def matches(pattern: str, dialled: str) -> bool:
    """Decide whether one name or pattern matches a dialled number; used for caller ids, which are not indexed."""
    if pattern[:1] != "_":
        return plain(pattern) == plain(dialled)
    index: PatternIndex[str] = PatternIndex()
    index.add(pattern, pattern)
    return bool(index.find(dialled))


class _Node(Generic[T]):
    """A position in the trie: where to go with one character, with a set, and what ends here.

    Most nodes have one branch only; what a node does not have is a shared empty tuple or dict.
    """

    __slots__ = ("bangs", "dots", "ends", "sets", "singles")

    def __init__(self) -> None:
        self.singles: Mapping[str, _Node[T]] = _NOTHING
        self.sets: Sequence[tuple[Rank, frozenset[str], _Node[T]]] = ()
        self.dots: Sequence[tuple[Key, T]] = ()
        self.bangs: Sequence[tuple[Key, bool, T]] = ()
        self.ends: Sequence[T] = ()


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def _first(item: tuple[Rank, frozenset[str], _Node[T]]) -> Rank:
    return item[0]


def _key_of_tail(item: tuple[Key, T]) -> Key:
    return item[0]


def _key_of_bang(item: tuple[Key, bool, T]) -> Key:
    return item[0]


class PatternIndex(Generic[T]):
    """Finds what matches a dialled number, in Asterisk's order; each key has one value."""

    def __init__(self) -> None:
        """Make an empty index."""
        self._root: _Node[T] = _Node()
        self._names: dict[str, T] = {}
        self._sorted: list[str] | None = None
        self._keys: dict[Key, T] = {}
        self._key_of: dict[int, Key] = {}

    def add(self, name: str, value: T) -> None:
        """Add a name or a pattern that is not there yet."""
        self._sorted = None
        name = _undashed(name)
        if name[:1] != "_":
            self._names[plain(name)] = value
            return
        parts = positions(octets(name)[1:])
        key = _key(parts)
        self._keys[key] = value
        self._key_of[id(value)] = key
        node = self._root
        for index, part in enumerate(parts):
            if part.chars:
                node = _child(node, part)
                continue
            rest = _key(parts[index + 1 :])
            if part.rank == _DOT:
                node.dots = _with(node.dots, (rest, value), _key_of_tail)
            elif part.rank == _BANG:
                node.bangs = _with(node.bangs, (rest, part.after_empty_set, value), _key_of_bang)
            elif part.rank == _END and not part.after_empty_set:
                node.ends = (*node.ends, value)
            return

    def find(self, dialled: str) -> list[T]:
        """Return what matches, first things first."""
        number = plain(dialled)
        exact = self._names.get(number)
        found: list[T] = [] if exact is None else [exact]
        if number[:1] == "_":
            found.extend(self._find_spelled(dialled, number))
        else:
            _walk(self._root, number, 0, found)
        return found

    def _find_spelled(self, dialled: str, number: str) -> list[T]:
        """Find what matches a number that looks like a pattern: the same pattern counts too, in its place."""
        matched: list[T] = []
        _walk(self._root, number, 0, matched)
        key = pattern_key(dialled)
        same = self._keys.get(key)
        if same is not None and not any(value is same for value in matched):
            insort(matched, same, key=lambda value: self._key_of[id(value)])
        return matched

    def more(self, dialled: str) -> bool:
        """Decide whether a longer number could match where this one is a beginning (Asterisk's "match more")."""
        number = plain(dialled)
        if self._sorted is None:
            self._sorted = sorted(self._names)
        index = bisect_right(self._sorted, number)
        if index < len(self._sorted) and self._sorted[index].startswith(number):
            return True
        return _more(self._root, number, 0) == 1


def _child(node: _Node[T], part: Position) -> _Node[T]:
    """Return the branch for a position, made if it is not there."""
    if len(part.chars) == 1:
        (char,) = part.chars
        child = node.singles.get(char)
        if child is None:
            child = _Node()
            node.singles = {**node.singles, char: child}
        return child
    for rank, _, child in node.sets:
        if rank == part.rank:
            return child
    child = _Node()
    node.sets = _with(node.sets, (part.rank, part.chars, child), _first)
    return child


def _with(items: Sequence[U], item: U, key: Callable[[U], Any]) -> list[U]:
    """Put an item in its place; the shared empty tuple becomes a list."""
    kept = items if isinstance(items, list) else list(items)
    insort(kept, item, key=key)
    return kept


def _walk(node: _Node[T], number: str, index: int, found: list[T]) -> None:
    if index == len(number):
        found.extend(value for _, wants_more, value in node.bangs if not wants_more)
        found.extend(node.ends)
        return
    child = node.singles.get(number[index])
    if child is not None:
        _walk(child, number, index + 1, found)
    for _, chars, target in node.sets:
        if number[index] in chars:
            _walk(target, number, index + 1, found)
    found.extend(value for _, value in node.dots)
    found.extend(value for _, _, value in node.bangs)


def _more(node: _Node[T], number: str, index: int) -> int:
    """Return 1 if the first pattern that decides wants more digits, 2 if it ends with ``!`` and is final, else 0."""
    if index == len(number):
        return 1 if node.singles or node.sets or node.dots else 2 if node.bangs else 0
    decision = 0
    child = node.singles.get(number[index])
    if child is not None:
        decision = _more(child, number, index + 1)
    for _, chars, target in node.sets:
        if not decision and number[index] in chars:
            decision = _more(target, number, index + 1)
    if not decision:
        decision = 1 if node.dots else 2 if node.bangs else 0
    return decision
