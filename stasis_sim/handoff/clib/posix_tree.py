"""POSIX extended regular expressions as trees: how the C library reads them, and how Python writes the same.

What differs in writing: bracket expressions (``[[:digit:]]``, a backslash in a set is a backslash), a repetition of a
repetition (``a+?`` is ``(a+)?``), a brace that opens no repetition (an error), a ``)`` too many (itself).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

FLAGS: Final = re.ASCII | re.DOTALL
"""For Python: letters are those of the C locale, and a dot is any character."""

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


class NotPosixError(Exception):
    """The expression is not one."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A character, a set or an anchor, in Python's writing."""

    source: str
    is_anchor: bool = False

    def end(self, text: str, start: int) -> int | None:
        """Return where it ends if it stands at a place."""
        found = _leaf(self.source).match(text, start)
        return None if found is None else found.end()


@dataclass(frozen=True, slots=True)
class Group:
    """What stands in brackets; groups count from 1."""

    number: int
    inside: Node


@dataclass(frozen=True, slots=True)
class Repeat:
    """Something so many times; without a highest number any number of times."""

    inside: Node
    lowest: int
    highest: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Alternatives."""

    branches: tuple[Node, ...]


Node: TypeAlias = "Leaf | Group | Repeat | Row | Choice"


@lru_cache(maxsize=1024)
def _leaf(source: str) -> re.Pattern[str]:
    return re.compile(source, FLAGS)


def written(node: Node) -> str:
    """Return the expression as Python writes it."""
    if isinstance(node, Leaf):
        return node.source
    if isinstance(node, Group):
        return f"({written(node.inside)})"
    if isinstance(node, Row):
        return "".join(map(written, node.parts))
    if isinstance(node, Choice):
        return f"(?:{'|'.join(map(written, node.branches))})"
    highest = "" if node.highest is None else node.highest
    return f"(?:{written(node.inside)}){{{node.lowest},{highest}}}"


class Parser:
    """Reads an expression into a tree.

    Attributes:
        ambiguous: Of matches that begin at one place some may be longer than others.
        recalls: It asks for what a group has matched.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.groups = 0
        self.depth = 0
        self.ambiguous = False
        self.recalls = False

    def peek(self) -> str:
        """Return the next character, empty at the end."""
        return self.pattern[self.position : self.position + 1]

    def choice(self) -> Node:
        """Read alternatives, up to the end or the bracket that closes them."""
        branches = [self.row()]
        while self.peek() == "|":
            self.position += 1
            self.ambiguous = True
            branches.append(self.row())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def row(self) -> Node:
        """Read what stands one after the other."""
        parts: list[Node] = []
        while self.peek() not in {"", "|"} and not (self.peek() == ")" and self.depth):
            atom = self.atom()
            part = atom if isinstance(atom, Leaf) and atom.is_anchor else self.repeated(atom)
            last = parts[-1] if parts else None
            if isinstance(part, Leaf) and isinstance(last, Leaf):
                parts[-1] = Leaf(last.source + part.source)
            else:
                parts.append(part)
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def repeated(self, node: Node) -> Node:
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
            self.ambiguous = self.ambiguous or not isinstance(node, Leaf)
            node = Repeat(node, *limits)

    def interval(self) -> tuple[int, int | None]:
        """Read ``{2}``, ``{2,}``, ``{2,3}``, ``{,3}`` or ``{,}``."""
        match = _INTERVAL.match(self.pattern, self.position)
        if match is None:
            raise NotPosixError
        self.position = match.end()
        lowest = int(match[1] or 0)
        top = match[3] or match[5]
        highest = int(top) if top else None if match[2] or match[4] else lowest
        if max(lowest, highest or 0) > _REPEAT_LIMIT or (highest is not None and highest < lowest):
            raise NotPosixError
        return lowest, highest

    def atom(self) -> Node:
        """Read one thing that may be repeated."""
        char = self.peek()
        self.position += 1
        if char == "(":
            self.groups += 1
            number = self.groups
            self.depth += 1
            if self.depth > _DEPTH_LIMIT:
                raise NotPosixError
            inside = self.choice()
            if self.peek() != ")":
                raise NotPosixError
            self.position += 1
            self.depth -= 1
            return Group(number, inside)
        if char == "[":
            source, self.position = _bracket(self.pattern, self.position)
            return Leaf(source)
        if char == "\\":
            return self.escape()
        if char in "*+?{":
            raise NotPosixError
        if char in "^$":
            return Leaf(char.replace("$", r"\Z"), is_anchor=True)
        return Leaf(char if char == "." else re.escape(char))

    def escape(self) -> Node:
        """Read what follows a backslash: GNU's classes and anchors keep their meaning, all else is itself."""
        char = self.peek()
        if not char:
            raise NotPosixError
        self.position += 1
        if char.isascii() and char.isdigit() and char != "0":
            # What a group has matched, which only Python's search knows.
            self.recalls = True
            return Leaf(f"\\{char}")
        return Leaf(_ESCAPES.get(char) or re.escape(char), is_anchor=char in _ANCHORS)


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
                raise NotPosixError
            pieces.append(_CLASSES[name])
            index = end + 2
            continue
        char, index = _member(pattern, index)
        if pattern.startswith("-", index) and pattern[index + 1 : index + 2] not in {"", "]"}:
            last, index = _member(pattern, index + 1)
            if last < char or (pattern.startswith("-", index) and pattern[index + 1 : index + 2] not in {"", "]"}):
                raise NotPosixError
            pieces.append(f"{re.escape(char)}-{re.escape(last)}")
        else:
            pieces.append(re.escape(char))
    raise NotPosixError


def _member(pattern: str, index: int) -> tuple[str, int]:
    """Read one character of a set, which may be written ``[.a.]`` or ``[=a=]``; return it and where it ends."""
    match = _NAMED.match(pattern, index)
    if match is not None:
        return match[2], match.end()
    if pattern.startswith(("[.", "[="), index):
        raise NotPosixError
    return pattern[index], index + 1
