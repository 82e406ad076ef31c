"""POSIX extended regular expressions, as REGEX() and ``=~`` take them from the C library.

An expression is read into a tree. What cannot be ambiguous runs on Python's ``re``, which is quick. Where there are
alternatives or repeated groups, POSIX asks for the longest match that begins furthest to the left, and Python for the
first that its search meets; there the ends of all matches are computed from the tree, and the longest is taken. Within
it the C library makes the same first choices as Python (dialplan_asked:regex).

What differs in writing: bracket expressions (``[[:digit:]]``, a backslash in a set is a backslash), a repetition of a
repetition (``a+?`` is ``(a+)?``), a brace that opens no repetition (an error), a ``)`` too many (itself).
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

_CLASSES: Final = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r" \t\n\r\f\v",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "cntrl": r"\x00-\x1f\x7f",
    "graph": "!-~",
    "print": " -~",
    "xdigit": "0-9A-Fa-f",
}
_ESCAPES: Final = {
    **{char: f"\\{char}" for char in "wWsSbB"},
    "<": r"\b(?=\w)",
    ">": r"\b(?<=\w)",
    "`": r"\A",
    "'": r"\Z",
}
_INTERVAL: Final = re.compile(r"\{(?:([0-9]+)(?:(,)([0-9]*))?|(,)([0-9]*))\}")
_NAMED: Final = re.compile(r"\[([.=])(.)\1\]", re.DOTALL)
_ANCHORS: Final = frozenset("bB<>`'")
_REPEAT_LIMIT: Final = 32767
_DEPTH_LIMIT: Final = 50
"""Groups within groups that are taken; a limit of our own."""

_SIMPLE: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class Found(NamedTuple):
    """A match: where it begins and ends, and the text of the first group, None if that took no part."""

    start: int
    end: int
    group: str | None


class _NotPosixError(Exception):
    """The expression is not one."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A character, a set or an anchor, in Python's writing."""

    source: str
    flags: int
    is_anchor: bool = False

    def end(self, text: str, start: int) -> int | None:
        """Return where it ends if it stands at a place."""
        found = _leaf(self.source, self.flags).match(text, start)
        return None if found is None else found.end()


@dataclass(frozen=True, slots=True)
class _Group:
    """What stands in brackets; groups count from 1."""

    number: int
    inside: _Node


@dataclass(frozen=True, slots=True)
class _Repeat:
    """Something so many times; without a highest number any number of times."""

    inside: _Node
    lowest: int
    highest: int | None


@dataclass(frozen=True, slots=True)
class _Row:
    """One after the other."""

    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    """Alternatives."""

    branches: tuple[_Node, ...]


_Node: TypeAlias = "_Leaf | _Group | _Repeat | _Row | _Choice"


class Posix:
    """A compiled expression.

    Attributes:
        groups: How many groups it has.
    """

    __slots__ = ("_python", "_tree", "groups")

    def __init__(self, tree: _Node, python: re.Pattern[str], *, ambiguous: bool) -> None:
        """Keep the tree only where it is needed."""
        self.groups = python.groups
        self._python = python
        self._tree = tree if ambiguous else None

    def search(self, text: str) -> Found | None:
        """Return the longest of the matches that begin furthest to the left, None if there is none."""
        tree = self._tree
        if tree is None:
            found = self._python.search(text)
            group = found.group(1) if found is not None and self.groups else None
            return None if found is None else Found(found.start(), found.end(), group)
        walk = _Walk(text)
        places = range(len(text) + 1)
        if not walk.reach(tree, places):
            return None
        start = bisect_left(places, 1, key=lambda last: bool(walk.reach(tree, places[: last + 1])))
        end = max(walk.ends(tree, start))
        if self.groups:
            walk.keep(tree, start, end)
        return Found(start, end, walk.first)


@lru_cache(maxsize=1024)
def _leaf(source: str, flags: int) -> re.Pattern[str]:
    return re.compile(source, flags)


@lru_cache(maxsize=512)
def compile_posix(pattern: str, *, ignore_case: bool = False) -> Posix | None:
    """Return the compiled expression, None if it is wrong."""
    flags = re.ASCII | re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parser = _Parser(pattern, flags)
            tree = parser.whole()
            return Posix(tree, re.compile(_written(tree), flags), ambiguous=parser.ambiguous and not parser.recalls)
    except (re.error, _NotPosixError, Warning, OverflowError, RecursionError):
        return None


def _written(node: _Node) -> str:
    """Return the expression as Python writes it."""
    if isinstance(node, _Leaf):
        return node.source
    if isinstance(node, _Group):
        return f"({_written(node.inside)})"
    if isinstance(node, _Row):
        return "".join(map(_written, node.parts))
    if isinstance(node, _Choice):
        return f"(?:{'|'.join(map(_written, node.branches))})"
    highest = "" if node.highest is None else node.highest
    return f"(?:{_written(node.inside)}){{{node.lowest},{highest}}}"


class _Parser:
    """Reads an expression into a tree."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self.flags = flags
        self.position = 0
        self.groups = 0
        self.depth = 0
        self.ambiguous = False
        self.recalls = False

    def whole(self) -> _Node:
        """Read all of it."""
        return self.choice()

    def peek(self) -> str:
        """Return the next character, empty at the end."""
        return self.pattern[self.position : self.position + 1]

    def choice(self) -> _Node:
        """Read alternatives, up to the end or the bracket that closes them."""
        branches = [self.row()]
        while self.peek() == "|":
            self.position += 1
            self.ambiguous = True
            branches.append(self.row())
        return branches[0] if len(branches) == 1 else _Choice(tuple(branches))

    def row(self) -> _Node:
        """Read what stands one after the other."""
        parts: list[_Node] = []
        while self.peek() not in {"", "|"} and not (self.peek() == ")" and self.depth):
            atom = self.atom()
            part = atom if isinstance(atom, _Leaf) and atom.is_anchor else self.repeated(atom)
            last = parts[-1] if parts else None
            if isinstance(part, _Leaf) and isinstance(last, _Leaf):
                parts[-1] = _Leaf(last.source + part.source, self.flags)
            else:
                parts.append(part)
        return parts[0] if len(parts) == 1 else _Row(tuple(parts))

    def repeated(self, node: _Node) -> _Node:
        """Read the repetitions behind something; an anchor has none."""
        while True:
            limits = _SIMPLE.get(self.peek())
            if limits is not None:
                self.position += 1
            elif self.peek() == "{":
                limits = self.interval()
            else:
                return node
            # What a repeated thing takes decides what is left for those behind it, unless it is one character.
            self.ambiguous = self.ambiguous or not isinstance(node, _Leaf)
            node = _Repeat(node, *limits)

    def interval(self) -> tuple[int, int | None]:
        """Read ``{2}``, ``{2,}``, ``{2,3}``, ``{,3}`` or ``{,}``."""
        match = _INTERVAL.match(self.pattern, self.position)
        if match is None:
            raise _NotPosixError
        self.position = match.end()
        lowest = int(match[1] or 0)
        top = match[3] or match[5]
        highest = int(top) if top else None if match[2] or match[4] else lowest
        if max(lowest, highest or 0) > _REPEAT_LIMIT or (highest is not None and highest < lowest):
            raise _NotPosixError
        return lowest, highest

    def atom(self) -> _Node:
        """Read one thing that may be repeated."""
        char = self.peek()
        self.position += 1
        if char == "(":
            self.groups += 1
            number = self.groups
            self.depth += 1
            if self.depth > _DEPTH_LIMIT:
                raise _NotPosixError
            inside = self.choice()
            if self.peek() != ")":
                raise _NotPosixError
            self.position += 1
            self.depth -= 1
            return _Group(number, inside)
        if char == "[":
            source, self.position = _bracket(self.pattern, self.position)
            return _Leaf(source, self.flags)
        if char == "\\":
            return self.escape()
        if char in "*+?{":
            raise _NotPosixError
        if char in "^$":
            return _Leaf(char.replace("$", r"\Z"), self.flags, is_anchor=True)
        return _Leaf(char if char == "." else re.escape(char), self.flags)

    def escape(self) -> _Node:
        """Read what follows a backslash: GNU's classes and anchors keep their meaning, all else is itself."""
        char = self.peek()
        if not char:
            raise _NotPosixError
        self.position += 1
        if char.isascii() and char.isdigit() and char != "0":
            # What a group has matched, which only Python's search knows.
            self.recalls = True
            return _Leaf(f"\\{char}", self.flags)
        return _Leaf(_ESCAPES.get(char) or re.escape(char), self.flags, is_anchor=char in _ANCHORS)


def _bracket(pattern: str, index: int) -> tuple[str, int]:
    """Translate a bracket expression that began before ``index``; return it and where it ends."""
    negated = pattern.startswith("^", index)
    index += negated
    start = index
    pieces: list[str] = []
    while index < len(pattern):
        if pattern[index] == "]" and index > start:
            return f"[{'^' if negated else ''}{''.join(pieces)}]", index + 1
        if pattern.startswith("[:", index):
            end = pattern.find(":]", index)
            name = pattern[index + 2 : end]
            if end < 0 or name not in _CLASSES:
                raise _NotPosixError
            pieces.append(_CLASSES[name])
            index = end + 2
            continue
        char, index = _member(pattern, index)
        if pattern.startswith("-", index) and pattern[index + 1 : index + 2] not in {"", "]"}:
            last, index = _member(pattern, index + 1)
            if last < char or (pattern.startswith("-", index) and pattern[index + 1 : index + 2] not in {"", "]"}):
                raise _NotPosixError
            pieces.append(f"{re.escape(char)}-{re.escape(last)}")
        else:
            pieces.append(re.escape(char))
    raise _NotPosixError


def _member(pattern: str, index: int) -> tuple[str, int]:
    """Read one character of a set, which may be written ``[.a.]`` or ``[=a=]``; return it and where it ends."""
    match = _NAMED.match(pattern, index)
    if match is not None:
        return match[2], match.end()
    if pattern.startswith(("[.", "[="), index):
        raise _NotPosixError
    return pattern[index], index + 1


class _Walk:
    """The matches of a tree in a text.

    Attributes:
        first: What the first group has, None if it takes no part.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.first: str | None = None
        self._ends: dict[tuple[int, int], set[int]] = {}
        self._paths: dict[tuple[int, int], set[int]] = {}

    def reach(self, node: _Node, places: Iterable[int]) -> set[int]:
        """Return where all matches end that begin at one of some places."""
        if isinstance(node, _Leaf):
            return {end for place in places if (end := node.end(self.text, place)) is not None}
        if isinstance(node, _Group):
            return self.reach(node.inside, places)
        if isinstance(node, _Choice):
            return set().union(*(self.reach(branch, places) for branch in node.branches))
        if isinstance(node, _Row):
            return self._row(node.parts, places)
        return self._times(node, places)

    def _row(self, parts: Sequence[_Node], places: Iterable[int]) -> set[int]:
        for part in parts:
            places = self.reach(part, places)
        return set(places)

    def _times(self, node: _Repeat, places: Iterable[int]) -> set[int]:
        now, count = set(places), 0
        reached = set(now) if not node.lowest else set()
        while now and (node.highest is None or count < node.highest):
            now = self.reach(node.inside, now)
            count += 1
            if count >= node.lowest:
                now -= reached
                reached |= now
        return reached

    def ends(self, node: _Node, start: int) -> set[int]:
        """Return where the matches end that begin at one place."""
        key = (id(node), start)
        if key not in self._ends:
            self._ends[key] = self.reach(node, (start,))
        return self._ends[key]

    def keep(self, node: _Node, start: int, end: int) -> None:
        """Find what the first group has in a match: of the ways from place to place that of the first choices."""
        if isinstance(node, _Group):
            if node.number == 1:
                self.first = self.text[start:end]
            self.keep(node.inside, start, end)
        elif isinstance(node, _Choice):
            self.keep(next(branch for branch in node.branches if end in self.ends(branch, start)), start, end)
        elif isinstance(node, _Row):
            for part, inside in enumerate(node.parts):
                rest = node.parts[part + 1 :]
                middle = next(place for place in self._order(inside, start) if end in self._row(rest, (place,)))
                self.keep(inside, start, middle)
                start = middle
        elif isinstance(node, _Repeat):
            self._keep_times(node, start, end)

    def _keep_times(self, node: _Repeat, start: int, end: int) -> None:
        """Find what the last repetition has; one that takes nothing counts where there is no other."""
        rest = node
        while rest.highest != 0:
            rest = _Repeat(node.inside, max(0, rest.lowest - 1), None if rest.highest is None else rest.highest - 1)
            leading = self._leading(rest, start, end)
            middle = next((place for place in self._order(node.inside, start) if place in leading), None)
            if middle is None:
                return
            self.keep(node.inside, start, middle)
            if middle in {start, end}:
                return
            start = middle

    def _leading(self, rest: _Repeat, start: int, end: int) -> set[int]:
        """Return from where the remaining repetitions can come to the end."""
        if rest.lowest or rest.highest is not None:
            return {place for place in self.ends(rest.inside, start) if end in self._times(rest, (place,))}
        key = (id(rest.inside), end)
        if key not in self._paths:
            good = self._paths[key] = {end}
            for place in sorted(self._times(rest, (start,)), reverse=True):
                if not good.isdisjoint(self.ends(rest.inside, place)):
                    good.add(place)
        return self._paths[key]

    def _order(self, node: _Node, start: int) -> Iterable[int]:
        """Return where matches end, first choices first: the first of alternatives, and as many times as possible."""
        if isinstance(node, _Leaf):
            return self.ends(node, start)
        if isinstance(node, _Group):
            return self._order(node.inside, start)
        if isinstance(node, _Choice):
            return dict.fromkeys(end for branch in node.branches for end in self._order(branch, start))
        if isinstance(node, _Repeat):
            return self._order_times(node, start)
        places: Iterable[int] = (start,)
        for part in node.parts:
            places = dict.fromkeys(end for place in places for end in self._order(part, place))
        return places

    def _order_times(self, node: _Repeat, start: int) -> Iterable[int]:
        found: dict[int, None] = {}
        seen: set[tuple[int, int]] = set()
        waiting = [(start, 0, iter(self._order(node.inside, start)))]
        while waiting:
            place, count, following = waiting[-1]
            more = node.highest is None or count < node.highest
            further = next(following, None) if more else None
            if further is None:
                waiting.pop()
                if count >= node.lowest:
                    found.setdefault(place)
                continue
            key = (further, count if node.highest is not None or count < node.lowest else -1)
            if key not in seen:
                seen.add(key)
                waiting.append((further, count + 1, iter(self._order(node.inside, further))))
        return found
