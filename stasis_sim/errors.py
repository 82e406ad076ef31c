"""The errors a user sees: where, what was found, what to do.

Every fault of an input file is a :class:`Problem`; all problems of a run are raised together as one
:class:`InputError`, which the command line prints without a traceback and answers with exit code 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

Thing = TypeVar("Thing")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong in an input, and where.

    Attributes:
        file: Path as the user wrote it, or ``--set`` and the like for input that is no file.
        line: 1-based line, 0 where a line says nothing (a missing file).
        column: 1-based column, 0 where a column says nothing.
        text: What is wrong, what was found, what to write.
    """

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        return f"{place}: {self.text}"


class InputError(Exception):
    """Input that cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order of their places, each once."""
        self.problems: tuple[Problem, ...] = tuple(dict.fromkeys(sorted(problems)))
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        """Cross the border between processes whole."""
        return type(self), (self.problems,)

    @classmethod
    def at(cls, file: str, text: str, *, line: int = 0, column: int = 0) -> InputError:
        """Return an error with a single problem."""
        return cls([Problem(file, line, column, text)])


def each_of(things: Iterable[Thing], read: Callable[[Thing], Found]) -> list[Found]:
    """Read several things, and say at once what is wrong with any of them.

    Raises:
        InputError: Some cannot be used; it carries the problems of all.
    """
    found: list[Found] = []
    problems: list[Problem] = []
    for thing in things:
        try:
            found.append(read(thing))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return found


class WorkError(Exception):
    """The work could not be done, though nothing is wrong with the input; the command line exits with 3."""
