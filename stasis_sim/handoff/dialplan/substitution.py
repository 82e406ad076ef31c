"""``${VARIABLE}``, ``${VARIABLE:offset:length}``, ``${FUNCTION(args)}`` and ``$[expression]`` inside text.

Text is compiled once: a :class:`Template` is a list of literal pieces and references. Where a reference contains
others, its inside is substituted first and then read anew, because the name, the offsets or the function may have
come out of it. Values are not substituted again. What is missing its ``}`` or ``]`` takes the rest of the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.clib.text import cut, length, octets, unoctets, wrap_int
from stasis_sim.handoff.dialplan.expressions import evaluate
from stasis_sim.handoff.dialplan.variables import read_function, read_variable, try_function

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Thread

DATA_BYTES: Final = 8191
"""What an application's argument can hold after substitution."""

INNER_BYTES: Final = 4095
"""What the inside of ``${}`` and ``$[]`` can hold after substitution, and what a value can."""

_WHOLE: Final = 2147483647
_DEPTH_LIMIT: Final = 60
_SLICE: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,30})(?::[ \t\n\v\f\r]*([+-]?[0-9]{1,30}))?")
_INTERESTING: Final = re.compile(r"\$[{\[]")


class Variable:
    """A reference whose name is known: a variable or a function, perhaps with an offset and a length."""

    __slots__ = ("is_function", "name", "offset", "size")

    def __init__(self, inside: str) -> None:
        """Read what stands between the braces."""
        name, self.offset, self.size = _split_slice(inside)
        self.name = name
        self.is_function = "(" in name

    def expand(self, pbx: Pbx, thread: Thread | None) -> str:
        """Return the value."""
        if self.is_function:
            value = cut(read_function(pbx, thread, self.name) or "", INNER_BYTES)
        else:
            value = read_variable(pbx, thread, self.name) or ""
        if self.offset == 0 and self.size == _WHOLE:
            return value
        return substring(value, self.offset, self.size)


class Nested:
    """A reference that contains others."""

    __slots__ = ("inside",)

    def __init__(self, inside: Template) -> None:
        """Keep the compiled inside."""
        self.inside = inside

    def expand(self, pbx: Pbx, thread: Thread | None) -> str:
        """Substitute the inside, then read what came out."""
        return _variable(cut(self.inside.expand(pbx, thread), INNER_BYTES)).expand(pbx, thread)


class Expression:
    """``$[...]``."""

    __slots__ = ("inside", "source")

    def __init__(self, source: str, depth: int = 0) -> None:
        """Compile the references inside."""
        self.source = source
        self.inside = compile_template(source, depth + 1)

    def expand(self, pbx: Pbx, thread: Thread | None) -> str:
        """Return the value."""
        source = self.source if self.inside is None else cut(self.inside.expand(pbx, thread), INNER_BYTES)
        return evaluate(
            source,
            lambda spelled: try_function(pbx, thread, spelled),
            pbx.host.log,
            regex_bytes=pbx.rules.regex_bytes,
        )


Piece = str | Variable | Nested | Expression


class Template:
    """Text with references in it."""

    __slots__ = ("pieces",)

    def __init__(self, pieces: Sequence[Piece]) -> None:
        """Keep the pieces."""
        self.pieces = tuple(pieces)

    def expand(self, pbx: Pbx, thread: Thread | None) -> str:
        """Return the text with all references replaced."""
        text = "".join([piece if type(piece) is str else piece.expand(pbx, thread) for piece in self.pieces])  # type: ignore[union-attr]
        # Halves of a character that come from two pieces are one character again.
        return text if text.isascii() else unoctets(octets(text))


@lru_cache(maxsize=4096)
def _variable(inside: str) -> Variable:
    return Variable(inside)


def compile_template(text: str, depth: int = 0) -> Template | None:
    """Compile text; None where nothing is to be substituted, or where references are nested beyond all reason."""
    if depth > _DEPTH_LIMIT:
        return None
    match = _INTERESTING.search(text)
    if match is None:
        return None
    pieces: list[Piece] = []
    position = 0
    while match is not None:
        if match.start() > position:
            pieces.append(text[position : match.start()])
        begin = match.end()
        if match[0] == "${":
            end, has_inner = _closing(text, begin, "{", "}")
            pieces.append(_reference(text[begin:end], depth, has_inner=has_inner))
        else:
            end, _ = _closing(text, begin, "[", "]")
            pieces.append(Expression(text[begin:end], depth))
        position = end + 1
        match = _INTERESTING.search(text, position)
    if position < len(text):
        pieces.append(text[position:])
    return Template(pieces)


def unclosed(text: str) -> str:
    """Return the first ``${`` or ``$[`` of a text that lacks its end, or nothing."""
    match = _INTERESTING.search(text)
    while match is not None:
        end, _ = _closing(text, match.end(), *("{}" if match[0] == "${" else "[]"))
        # Of two that lack it the inner one has taken the end of the outer.
        found = unclosed(text[match.end() : end]) or (match[0] if end == len(text) else "")
        if found:
            return found
        match = _INTERESTING.search(text, end + 1)
    return ""


def _reference(inside: str, depth: int, *, has_inner: bool) -> Piece:
    inner = compile_template(inside, depth + 1) if has_inner else None
    return Variable(inside) if inner is None else Nested(inner)


def _closing(text: str, position: int, opening: str, closing: str) -> tuple[int, bool]:
    """Find where a reference ends (the end of the text if it is not closed), and whether it contains others."""
    depth = 1
    has_inner = False
    while position < len(text):
        char = text[position]
        if char == "$" and text[position + 1 : position + 2] in {"{", "["}:
            has_inner = True
        elif char == opening:
            depth += 1
        elif char == closing:
            depth -= 1
            if not depth:
                return position, has_inner
        position += 1
    return len(text), has_inner


def _split_slice(inside: str) -> tuple[str, int, int]:
    """Take ``NAME:offset:length`` apart; a colon inside round brackets belongs to the name."""
    depth = 0
    for index, char in enumerate(inside):
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == ":" and not depth:
            match = _SLICE.match(inside, index + 1)
            if match is None:
                return inside[:index], 0, _WHOLE
            return inside[:index], wrap_int(int(match[1])), _WHOLE if match[2] is None else wrap_int(int(match[2]))
    return inside, 0, _WHOLE


def substring(value: str, offset: int, size: int) -> str:
    """Return part of a value: negative offsets count from the end, a negative size leaves that much off the end."""
    total = length(value)
    start = max(0, total + offset) if offset < 0 else offset
    if start >= total:
        return ""
    stop = min(total, start + size) if size >= 0 else total + size
    if value.isascii():
        return value[start : max(start, stop)]
    return unoctets(octets(value)[start : max(start, stop)])
