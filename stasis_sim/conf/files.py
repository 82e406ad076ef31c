"""What the .conf grammar needs of the file system: texts by their bytes, and the files that an #include names."""

from __future__ import annotations

import errno
import glob
import re
from pathlib import Path

_BRACES_LIMIT = 1000
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def read_text(path: Path) -> str:
    """Return a file's text; bytes that are no UTF-8 become surrogates, so that nothing is lost."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def read_regular(path: Path) -> str:
    """Return the text of an included file; as in Asterisk it must be a regular one, so that no pipe or device hangs us.

    Raises:
        OSError: It cannot be read, or is something else.
    """
    if not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file")
    return read_text(path)


def byte_length(text: str) -> int:
    """Return how many bytes a text has in the file it came from."""
    return len(text) if text.isascii() else len(_encode(text))


def cut_bytes(text: str, limit: int) -> str:
    """Return the text cut to a number of bytes, as a C buffer cuts it: in the middle of a character if need be."""
    if byte_length(text) <= limit:
        return text
    return _encode(text)[:limit].decode("utf-8", "surrogateescape")


def _encode(text: str) -> bytes:
    """Return the bytes of a text; one with surrogates that stand for no byte has three for each, which is close."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def printable(text: str) -> str:
    """Return a text that can be printed: bytes that are no UTF-8, and what a terminal would obey, are replaced."""
    whole = text if text.isascii() else _encode(text).decode("utf-8", "replace")
    return _CONTROLS.sub("\ufffd", whole)


def unquote(argument: str) -> str:
    """Return the name in "name" or <name>; a quote without its partner is part of the name."""
    partner = {'"': '"', "<": ">"}.get(argument[:1])
    if partner is None or argument[-1] != partner:
        return argument
    return argument[1:-1]


def expand(base: Path, pattern: str) -> list[str]:
    """Return the files that an #include names, as Asterisk reads them: those of a glob in the order of their bytes.

    A relative pattern starts at the base and gives names relative to it.
    """
    return [path for plain in _braces(pattern) for path in _glob(base, plain)]


def _glob(base: Path, pattern: str) -> list[str]:
    try:
        # Not Path.glob: it refuses absolute patterns and gives ** a meaning that glob(3) does not know.
        found = glob.glob(pattern, root_dir=base)  # noqa: PTH207
    except (OSError, ValueError, re.error):
        # A pattern that no file system takes (a NUL, a bad range) matches nothing.
        return []
    return sorted(found, key=_encode)


def _braces(pattern: str) -> list[str]:
    """Expand ``{a,b}`` as glob(3) does with GLOB_BRACE; an unbalanced brace is an ordinary character."""
    waiting, done = [pattern], list[str]()
    while waiting and len(waiting) + len(done) < _BRACES_LIMIT:
        head = waiting.pop()
        match = re.search(r"\{([^{}]*,[^{}]*)\}", head)
        if match is None:
            done.append(head)
        else:
            before, after = head[: match.start()], head[match.end() :]
            waiting += [before + choice + after for choice in reversed(match[1].split(","))]
    return done
