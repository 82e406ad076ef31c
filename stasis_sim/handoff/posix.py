"""POSIX extended regular expressions, as REGEX() and ``=~`` take them, on top of Python's ``re``.

Python writes a few things differently: bracket expressions (``[[:digit:]]``, a backslash in a set is a backslash),
and its own backslash classes and ``(?...)`` mean nothing special in POSIX. Alternatives are tried from the left
instead of taking the longest; no dialplan that we know depends on it.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Final

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
_WORD_ESCAPES: Final = "wWsSbB"


class _NotPosixError(Exception):
    """The expression is not one."""


@lru_cache(maxsize=512)
def compile_posix(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str] | None:
    """Return the compiled expression, None if it is wrong."""
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(_translate(pattern), flags)
    except (re.error, _NotPosixError, Warning, OverflowError, RecursionError):
        return None


def _translate(pattern: str) -> str:
    result: list[str] = []
    index = 0
    while index < len(pattern):
        char = pattern[index]
        if char == "[":
            piece, index = _bracket(pattern, index + 1)
            result.append(piece)
            continue
        if char == "\\":
            following = pattern[index + 1 : index + 2]
            if not following:
                raise _NotPosixError
            result.append(_escape(following))
            index += 2
            continue
        if char == "(" and pattern[index + 1 : index + 2] == "?":
            raise _NotPosixError
        # `a**` and `a*?` mean `a*` in POSIX; Python would refuse the first and take the second for a lazy star.
        if char in "*+?" and pattern[index - 1 : index] in {"*", "+", "?"} and index:
            index += 1
            continue
        result.append("\\Z" if char == "$" else char)
        index += 1
    return "".join(result)


def _escape(char: str) -> str:
    """Translate a backslash and what follows: GNU's word classes keep their meaning, all else is itself."""
    if char in _WORD_ESCAPES or (char.isdigit() and char != "0"):
        return f"\\{char}"
    if char in "<>":
        return "\\b"
    return re.escape(char)


def _bracket(pattern: str, index: int) -> tuple[str, int]:
    """Translate a bracket expression that began before ``index``; return it and where it ends."""
    negated = pattern[index : index + 1] == "^"
    index += negated
    start = index
    pieces: list[str] = []
    while index < len(pattern):
        char = pattern[index]
        if char == "]" and index > start:
            return f"[{'^' if negated else ''}{''.join(pieces)}]", index + 1
        if pattern.startswith("[:", index):
            end = pattern.find(":]", index)
            name = pattern[index + 2 : end]
            if end < 0 or name not in _CLASSES:
                raise _NotPosixError
            pieces.append(_CLASSES[name])
            index = end + 2
            continue
        is_range = char == "-" and start < index < len(pattern) - 1 and pattern[index + 1] != "]"
        pieces.append("-" if is_range else re.escape(char))
        index += 1
    raise _NotPosixError
