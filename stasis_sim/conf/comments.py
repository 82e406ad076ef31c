"""Comments of .conf files: ``;`` to the end of the line, and blocks ``;-- ... --;`` that nest over many lines."""

from __future__ import annotations

NESTING_LIMIT = 128
"""Levels of block comments."""


class Comments:
    """Takes comments out of lines; remembers open block comments from line to line, as deep as they nest.

    The depth may become negative: a stray ``--;`` counts down, and everything after it is swallowed.
    """

    __slots__ = ("depth", "opened", "too_deep")

    def __init__(self) -> None:
        self.depth = 0
        self.opened: dict[int, int] = {}
        self.too_deep = False

    def strip(self, line: str, number: int) -> str | None:
        """Return what is left of a line, or None where it lies inside a block comment."""
        if ";" not in line:
            return line if self.depth == 0 else None
        return self._scan(line, number)

    def _scan(self, line: str, number: int) -> str | None:
        # `start` is where the text that counts begins (None: nowhere yet), `cut` where it ends.
        start: int | None = 0 if self.depth == 0 else None
        cut: int | None = None
        position = 0
        while (at := line.find(";", position)) >= 0:
            if at > position and line[at - 1] == "\\":
                line, position = line[: at - 1] + line[at:], at
            elif line.startswith("--", at + 1) and line[at + 3 : at + 4] != "-":
                position = at + 3
                if self._open(number) and cut is None:
                    cut = at
            elif at >= position + 2 and line[at - 2 : at] == "--":
                position = at + 1
                self.depth -= 1
                if self.depth == 0:
                    if start is None:
                        start = position
                    else:
                        line = line[:cut] + line[position:]
                        position = len(line) if cut is None else cut
                    cut = None
            elif self.depth == 0:
                cut = at if cut is None else cut
                break
            else:
                position = at + 1
        return None if start is None else line[start:cut]

    def _open(self, number: int) -> bool:
        if self.depth >= NESTING_LIMIT:
            self.too_deep = True
            return False
        self.depth += 1
        self.opened[self.depth] = number
        return True
