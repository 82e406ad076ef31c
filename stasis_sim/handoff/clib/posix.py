"""POSIX extended regular expressions, as REGEX() and ``=~`` take them from the C library.

An expression is read into a tree (posix_tree.py). What cannot be ambiguous runs on Python's ``re``, which is quick.
Where there are alternatives or repeated groups, POSIX asks for the longest match that begins furthest to the left, and
Python for the first that its search meets; there the ends of all matches are computed from the tree, and the longest is
taken. Within it the C library makes the same first choices as Python (dialplan_asked:regex).
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from stasis_sim.handoff.clib.posix_tree import (
    FLAGS,
    Choice,
    Group,
    Leaf,
    Node,
    NotPosixError,
    Parser,
    Repeat,
    Row,
    written,
)


class Found(NamedTuple):
    """A match: where it begins and ends, and the text of the first group, None if that took no part."""

    start: int
    end: int
    group: str | None


class Posix:
    """A compiled expression.

    Attributes:
        groups: How many groups it has.
    """

    __slots__ = ("_python", "_tree", "groups")

    def __init__(self, tree: Node, python: re.Pattern[str], *, ambiguous: bool) -> None:
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


@lru_cache(maxsize=512)
def compile_posix(pattern: str) -> Posix | None:
    """Return the compiled expression, None if it is wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parser = Parser(pattern)
            tree = parser.choice()
            return Posix(tree, re.compile(written(tree), FLAGS), ambiguous=parser.ambiguous and not parser.recalls)
    except (re.error, NotPosixError, Warning, OverflowError, RecursionError):
        return None


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

    def reach(self, node: Node, places: Iterable[int]) -> set[int]:
        """Return where all matches end that begin at one of some places."""
        if isinstance(node, Leaf):
            return {end for place in places if (end := node.end(self.text, place)) is not None}
        if isinstance(node, Group):
            return self.reach(node.inside, places)
        if isinstance(node, Choice):
            return set().union(*(self.reach(branch, places) for branch in node.branches))
        if isinstance(node, Row):
            return self._row(node.parts, places)
        return self._times(node, places)

    def _row(self, parts: Sequence[Node], places: Iterable[int]) -> set[int]:
        for part in parts:
            places = self.reach(part, places)
        return set(places)

    def _times(self, node: Repeat, places: Iterable[int]) -> set[int]:
        now, count = set(places), 0
        reached = set(now) if not node.lowest else set()
        while now and (node.highest is None or count < node.highest):
            now = self.reach(node.inside, now)
            count += 1
            if count >= node.lowest:
                now -= reached
                reached |= now
        return reached

    def ends(self, node: Node, start: int) -> set[int]:
        """Return where the matches end that begin at one place."""
        key = (id(node), start)
        if key not in self._ends:
            self._ends[key] = self.reach(node, (start,))
        return self._ends[key]

    def keep(self, node: Node, start: int, end: int) -> None:
        """Find what the first group has in a match: of the ways from place to place that of the first choices."""
        if isinstance(node, Group):
            if node.number == 1:
                self.first = self.text[start:end]
            self.keep(node.inside, start, end)
        elif isinstance(node, Choice):
            self.keep(next(branch for branch in node.branches if end in self.ends(branch, start)), start, end)
        elif isinstance(node, Row):
            for part, inside in enumerate(node.parts):
                rest = node.parts[part + 1 :]
                middle = next(place for place in self._order(inside, start) if end in self._row(rest, (place,)))
                self.keep(inside, start, middle)
                start = middle
        elif isinstance(node, Repeat):
            self._keep_times(node, start, end)

    def _keep_times(self, node: Repeat, start: int, end: int) -> None:
        """Find what the last repetition has; one that takes nothing counts where there is no other."""
        rest = node
        while rest.highest != 0:
            rest = Repeat(node.inside, max(0, rest.lowest - 1), None if rest.highest is None else rest.highest - 1)
            leading = self._leading(rest, start, end)
            middle = next((place for place in self._order(node.inside, start) if place in leading), None)
            if middle is None:
                return
            self.keep(node.inside, start, middle)
            if middle in {start, end}:
                return
            start = middle

    def _leading(self, rest: Repeat, start: int, end: int) -> set[int]:
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

    def _order(self, node: Node, start: int) -> Iterable[int]:
        """Return where matches end, first choices first: the first of alternatives, and as many times as possible."""
        if isinstance(node, Leaf):
            return self.ends(node, start)
        if isinstance(node, Group):
            return self._order(node.inside, start)
        if isinstance(node, Choice):
            return dict.fromkeys(end for branch in node.branches for end in self._order(branch, start))
        if isinstance(node, Repeat):
            return self._order_times(node, start)
        places: Iterable[int] = (start,)
        for part in node.parts:
            places = dict.fromkeys(end for place in places for end in self._order(part, place))
        return places

    def _order_times(self, node: Repeat, start: int) -> Iterable[int]:
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
