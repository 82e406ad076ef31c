"""Functions on strings: LEN, CUT, FILTER, REGEX, REPLACE, BASENAME, SPRINTF, MD5 and their like.

Those that take the *name* of a variable read it as ``${name}``, so that the name may be a function or have an offset.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_from_bytes

from stasis_sim.handoff.clib.posix import compile_posix
from stasis_sim.handoff.clib.text import (
    BLANKS,
    atoi,
    decode_base64,
    decode_uri,
    length,
    octets,
    split_arguments,
    unoctets,
)
from stasis_sim.handoff.dialplan.functions.sprintf import sprintf

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx
    from stasis_sim.handoff.dialplan.thread import Reader, Thread

_RANGE: Final = re.compile(r"\s*([+-]?\d+)-\s*(\d+)")
_UP_TO: Final = re.compile(r"-\s*(\d+)")
_ONWARDS: Final = re.compile(r"\s*(\d+)-")
_SINGLE: Final = re.compile(r"\s*([+-]?\d+)")
_LAST_FIELD: Final = 2147483647
_DECODED_LIMIT: Final = 4095
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_HEX_DIGITS: Final = re.compile(r"[0-9a-fA-F]{1,2}")
_OCTAL_DIGITS: Final = re.compile(r"[0-7]+")
WRONG_ESCAPE: Final = re.compile(r"\\x(?![0-9a-fA-F])")
_KEYPAD: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")


def value_of(pbx: Pbx, thread: Thread, name: str) -> str:
    """Read a variable that was given by name."""
    return pbx.substitute(thread, "${" + name + "}")


def encoded(text: str) -> tuple[str, int]:
    """Read one character, in octets, that may be written as an escape; return it and how much was read.

    An escape that is none gives a NUL: a backslash at the end, or one with an x and no digits.
    """
    if text[:1] != "\\":
        return text[:1], 1
    if text[1:2] == "x":
        match = _HEX_DIGITS.match(text, 2)
        return (chr(int(match[0], 16)), 2 + len(match[0])) if match else ("\0", 2)
    if text[1:2] == "0":
        # All the octal digits that there are, of which a char keeps what fits.
        match = _OCTAL_DIGITS.match(text, 1)
        return (chr(int(match[0], 8) % 256), 1 + len(match[0])) if match else ("\0", 2)
    return _ESCAPES.get(text[1:2], text[1:2]) or "\0", 2


def encoded_text(text: str) -> str:
    """Read text, in octets, with its escapes; a NUL ends it."""
    result: list[str] = []
    while text:
        char, read = encoded(text)
        if char == "\0":
            break
        result.append(char)
        text = text[read:]
    return "".join(result)


def fields_of(value: str, delimiter: str, default: str = "") -> list[str]:
    """Split a value, in octets, at the character that an argument stands for; a NUL, and no character, is nowhere."""
    char = encoded(octets(delimiter))[0] or default
    return value.split(char) if char not in {"", "\0"} else [value]


def _len(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return str(length(data))


def _cut(pbx: Pbx, thread: Thread, data: str) -> str | None:
    arguments = split_arguments(data, 3)
    if len(arguments) < 3:  # noqa: PLR2004 - name, delimiter, fields
        pbx.host.log("ERROR", "Syntax: CUT(<varname>,<char-delim>,<range-spec>) - missing argument!")
        return None
    value = octets(value_of(pbx, thread, arguments[0]))
    if not value:
        return ""
    fields = fields_of(value, arguments[1], "-")
    taken: list[str] = []
    position = 1
    for part in arguments[2].split("&"):
        if position > len(fields):
            # What follows is not even looked at.
            break
        limits = _limits(part)
        if limits is None:
            pbx.host.log("ERROR", "Usage: CUT(<varname>,<char-delim>,<range-spec>)")
            return None
        position = max(position, limits[0])
        taken.extend(fields[position - 1 : limits[1]])
        position = max(position, limits[1] + 1)
    return unoctets((encoded(octets(arguments[1]))[0] or "-").join(taken))


def _limits(part: str) -> tuple[int, int] | None:
    """Read ``2``, ``2-4``, ``-4`` or ``2-``."""
    if match := _RANGE.match(part):
        return int(match[1]), int(match[2])
    if match := _UP_TO.match(part):
        return 1, int(match[1])
    if match := _ONWARDS.match(part):
        return int(match[1]), _LAST_FIELD
    if match := _SINGLE.match(part):
        return int(match[1]), int(match[1])
    return None


def _filter(pbx: Pbx, _thread: Thread, data: str) -> str | None:
    arguments = split_arguments(data, 2, raw=True)
    if len(arguments) < 2:  # noqa: PLR2004 - allowed, string
        pbx.host.log("ERROR", "Usage: FILTER(<allowed-chars>,<string>)")
        return None
    if WRONG_ESCAPE.search(arguments[0].replace("\\\\", "")):
        pbx.host.log("ERROR", f"Illegal hex digits in {arguments[0]!r}")
        return None
    allowed = _allowed(octets(arguments[0]))
    return unoctets("".join(char for char in octets(arguments[1]) if char in allowed))


def _allowed(text: str) -> frozenset[str]:
    chars: set[str] = set()
    while text:
        first, read = encoded(text)
        text = text[read:]
        if text[:1] != "-":
            chars.add(first)
            continue
        last, read = encoded(text[1:]) if len(text) > 1 else (first, 0)
        text = text[1 + read :]
        code = ord(first)
        chars.add(first)
        while code != ord(last):
            code = (code + 1) % 256
            chars.add(chr(code))
    return frozenset(chars)


def _regex(pbx: Pbx, _thread: Thread, data: str) -> str | None:
    parts = split_arguments(data, 3, delimiter='"')
    if len(parts) != 3:  # noqa: PLR2004 - what stands before, between and after the quotes
        pbx.host.log("ERROR", "Unexpected arguments: should have been in the form '\"<regex>\" <string>'")
        return None
    text = parts[2][1:] if parts[2][:1] in {" ", "\t"} else parts[2]
    text, pattern = (octets(text), octets(parts[1])) if pbx.rules.regex_bytes else (text, parts[1])
    compiled = compile_posix(pattern)
    if compiled is None:
        pbx.host.log("WARNING", f"Malformed input REGEX({data}): Invalid regular expression")
        return None
    return "1" if compiled.search(text) else "0"


def _replace(pbx: Pbx, thread: Thread, data: str) -> str | None:
    arguments = [*split_arguments(data, 3), ""]
    if len(arguments) < 3 or not arguments[0] or not arguments[1]:  # noqa: PLR2004 - name, characters
        pbx.host.log("ERROR", "Usage: REPLACE(<varname>,<search-chars>[,<replace-char>])")
        return None
    value = octets(value_of(pbx, thread, arguments[0]))
    searched = encoded_text(octets(arguments[1]))
    if not value or not searched:
        return None
    replacement = encoded(octets(arguments[2]))[0].replace("\0", "")
    return unoctets(value.translate(dict.fromkeys(map(ord, searched), replacement)))


def _strreplace(pbx: Pbx, thread: Thread, data: str) -> str | None:
    arguments = [*split_arguments(data, 5), "", ""]
    if len(arguments) < 4 or not arguments[0] or not arguments[1]:  # noqa: PLR2004 - name, text
        return None
    most = atoi(arguments[3]) if len(arguments) > 5 else 0  # noqa: PLR2004 - the fourth was given
    return value_of(pbx, thread, arguments[0]).replace(arguments[1], arguments[2], most if most > 0 else -1)


def _strbetween(pbx: Pbx, thread: Thread, data: str) -> str | None:
    """STRBETWEEN(name,text): puts a text between all characters."""
    arguments = split_arguments(data, 3)
    if len(arguments) != 2 or not arguments[0]:  # noqa: PLR2004 - name, text
        pbx.host.log("ERROR", "Usage: STRBETWEEN(<varname>,<insert-string>)")
        return None
    return unoctets(octets(arguments[1]).join(octets(value_of(pbx, thread, arguments[0]))))


def _basename(_pbx: Pbx, _thread: Thread, data: str) -> str:
    """As basename(3)."""
    bare = data.rstrip("/")
    return bare.rpartition("/")[2] if bare else data[:1] or "."


def _dirname(_pbx: Pbx, _thread: Thread, data: str) -> str:
    """As dirname(3), which keeps two slashes at the beginning where there is nothing else."""
    folder, slash, _ = data.rstrip("/").rpartition("/")
    if not data.strip("/") and data:
        return data[:2] if len(data) == 2 else "/"  # noqa: PLR2004 - these two
    return folder.rstrip("/") or "/" if slash else "."


def _quote(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return '"' + data.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _csv_quote(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return '"' + data.replace('"', '""') + '"'


def _upper(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return "".join(char.upper() if char.isascii() else char for char in data)


def _lower(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in data)


def _keypad(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return "".join(char for char in data.upper() if char.isascii() and char.isalnum()).translate(_KEYPAD)


def _trim(*, left: bool, right: bool) -> Reader:
    """Make TRIM, LTRIM and RTRIM."""

    def trim(_pbx: Pbx, _thread: Thread, data: str) -> str:
        if left:
            data = data.lstrip(BLANKS)
        return data.rstrip(BLANKS) if right else data

    return trim


def _passthru(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return data


def _eval(pbx: Pbx, thread: Thread, data: str) -> str | None:
    if not data:
        pbx.host.log("WARNING", "EVAL requires an argument: EVAL(<string>)")
        return None
    return pbx.substitute(thread, data)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _digest(name: str) -> Reader:
    return lambda _pbx, _thread, data: (
        hashlib.new(name, _bytes(data), usedforsecurity=False).hexdigest() if data else ""
    )


def _base64_encode(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return base64.b64encode(_bytes(data)).decode("ascii")


def _base64_decode(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return decode_base64(data, _DECODED_LIMIT)


def _uri_encode(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return quote_from_bytes(_bytes(data), safe="-_.~()!*'")


def _uri_decode(_pbx: Pbx, _thread: Thread, data: str) -> str:
    return decode_uri(data)


TEXT_READERS: Final[dict[str, Reader]] = {
    "LEN": _len,
    "CUT": _cut,
    "FILTER": _filter,
    "REGEX": _regex,
    "REPLACE": _replace,
    "STRREPLACE": _strreplace,
    "STRBETWEEN": _strbetween,
    "BASENAME": _basename,
    "DIRNAME": _dirname,
    "QUOTE": _quote,
    "CSV_QUOTE": _csv_quote,
    "TOUPPER": _upper,
    "TOLOWER": _lower,
    "TRIM": _trim(left=True, right=True),
    "LTRIM": _trim(left=True, right=False),
    "RTRIM": _trim(left=False, right=True),
    "KEYPADHASH": _keypad,
    "PASSTHRU": _passthru,
    "EVAL": _eval,
    "SPRINTF": sprintf,
    "MD5": _digest("md5"),
    "SHA1": _digest("sha1"),
    "BASE64_ENCODE": _base64_encode,
    "BASE64_DECODE": _base64_decode,
    "URIENCODE": _uri_encode,
    "URIDECODE": _uri_decode,
}
