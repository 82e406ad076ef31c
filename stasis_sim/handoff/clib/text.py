"""Text as Asterisk's C code sees it: bytes, ``atoi``, ``sscanf``, and the splitting of an application's arguments.

Strings here are Python strings, in which text that is no UTF-8 survives as surrogates. Where Asterisk counts or cuts
bytes, :func:`octets` gives one character per byte; plain ASCII, nearly everything, passes through untouched.
"""

from __future__ import annotations

import re
from typing import Final

_INTEGER: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,30})")
_LOCATION_NUMBER: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,30})[ \t\n\v\f\r]*\Z")
_EXACT_NUMBER: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,30})?\Z")
_HEX: Final = re.compile(rb"[ \t\n\v\f\r]*((?!0[xX])[0-9a-fA-F]{1,2}|[+-][0-9a-fA-F])")
_NUMBER: Final = re.compile(
    r"([+-]?(?:(0[xX](?:[0-9a-fA-F]+(?:\.[0-9a-fA-F]*)?|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?)"
    r"|(?!0[xX])(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:infinity|inf|nan)))"
)
_NUMBER_BYTES: Final = 30
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SIX_BITS: Final = {letter: index for index, letter in enumerate(_ALPHABET)}
_INT_LIMIT: Final = 1 << 31
_YES: Final = frozenset({"yes", "true", "y", "t", "1", "on"})
_NO: Final = frozenset({"no", "false", "n", "f", "0", "off"})
_SPECIAL: Final = re.compile(r'[()\[\]"\\]')
BLANKS: Final = "".join(map(chr, range(1, 33)))
"""What Asterisk trims: every character up to the space."""

ARGUMENT_LIMIT: Final = 128
"""Arguments of Stasis() and its like; the last takes the rest."""


def octets(text: str) -> str:
    """Return the text with one character for each byte of its UTF-8."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def unoctets(text: str) -> str:
    """Undo :func:`octets`; halves of a character survive as surrogates."""
    if text.isascii():
        return text
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def length(text: str) -> int:
    """Return the length in bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def cut(text: str, size: int) -> str:
    """Return at most ``size`` bytes of the text."""
    if len(text) * 4 <= size or length(text) <= size:
        return text
    return unoctets(octets(text)[:size])


def strip(text: str) -> str:
    """Trim what ``ast_strip`` trims: everything up to the space."""
    return text.strip(BLANKS)


def fold(text: str) -> str:
    """Return the text as Asterisk compares it without letter case: ASCII only, whatever the locale."""
    if text.isascii():
        return text.lower()
    return "".join(char.lower() if char.isascii() else char for char in text)


def scan_int(text: str) -> int | None:
    """Read a number as ``sscanf("%30d")`` does: blanks, a sign, digits, then anything; None if there is none."""
    match = _INTEGER.match(text)
    return None if match is None else wrap_int(int(match[1]))


def whole_int(text: str) -> int | None:
    """Read a number that only blanks may follow, as a jump's priority must be; None otherwise."""
    match = _LOCATION_NUMBER.match(text)
    return None if match is None else wrap_int(int(match[1]))


def exact_int(text: str) -> int | None:
    """Read a number that nothing may follow; blanks alone are 0, anything else is None."""
    match = _EXACT_NUMBER.match(text)
    return None if match is None else wrap_int(int(match[1] or 0))


def atoi(text: str) -> int:
    """Read a number as ``atoi`` does: 0 if there is none."""
    return scan_int(text) or 0


def scan_float(text: str) -> float | None:
    """Read a number as ``sscanf("%30lf")`` does, hexadecimal ones too; None if there is none."""
    text = text.lstrip(" \t\n\v\f\r")
    match = _NUMBER.match(text[:_NUMBER_BYTES])
    if match is None:
        return None
    return float.fromhex(match[1]) if match[2] else float(match[1])


def decode_uri(text: str, *, plus: bool = False) -> str:
    """Decode %xx, and + as a blank if told so, as Asterisk does.

    A % that no two bytes follow stays. Of those that follow it skips two, and reads with ``sscanf("%2x")``: blanks
    before the number, a sign in it or a single digit do (dialplan_more:uri-decode); where there is none the % stays.
    """
    if "%" not in text and not (plus and "+" in text):
        return text
    source = text.encode("utf-8", "surrogateescape")
    out = bytearray()
    at = 0
    while at < len(source):
        found = _HEX.match(source, at + 1) if source[at] == ord("%") and at + 2 < len(source) else None
        if found is not None:
            out.append(int(found[1], 16) % 256)
            at += len(b"%xx")
        else:
            out.append(ord(" ") if plus and source[at] == ord("+") else source[at])
            at += 1
    # What comes after a NUL is lost in C.
    return out.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def decode_base64(text: str, limit: int) -> str:
    """Decode base64 as Asterisk does: a letter that is none counts as 63, and the result is cut like a C string."""
    out, bits, count = bytearray(), 0, 0
    for letter in octets(text):
        if letter == "=" or len(out) >= limit:
            break
        bits = (bits << 6 | _SIX_BITS.get(letter, 63)) & 0xFFFF
        count += 6
        if count >= 8:  # noqa: PLR2004 - bits of a byte
            count -= 8
            out.append(bits >> count & 0xFF)
    return out.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def says_yes(text: str) -> bool:
    """Whether a text is one of the words for yes (``ast_true``)."""
    return fold(text) in _YES


def says_no(text: str) -> bool:
    """Whether a text is one of the words for no (``ast_false``)."""
    return fold(text) in _NO


def is_true(condition: str) -> bool:
    """Decide a condition as GotoIf, ExecIf and While do: empty is false, a number counts, other text is true."""
    if not condition:
        return False
    number = scan_int(condition)
    return number is None or number != 0


def split_arguments(text: str, limit: int = ARGUMENT_LIMIT, *, delimiter: str = ",", raw: bool = False) -> list[str]:
    """Split an application's arguments at commas (or another delimiter).

    Double quotes, round and square brackets protect delimiters; quotes and backslashes are removed unless ``raw``.
    Argument number ``limit`` takes the rest as it stands. A delimiter at the end makes one more, empty argument.
    """
    if not text:
        return []
    if _SPECIAL.search(text) is None and text.count(delimiter) < limit:
        return text.split(delimiter)
    return _split_quoted(text, limit, delimiter, raw=raw)


def split_list(text: str) -> list[str]:
    """Split a list in a request as Asterisk splits arguments; one of nothing has one empty item."""
    return split_arguments(text) or [""]


def _split_quoted(text: str, limit: int, delimiter: str, *, raw: bool) -> list[str]:
    splitter = _Splitter(text, delimiter, raw=raw)
    arguments: list[str] = []
    while splitter.position < len(text) and len(arguments) < limit - 1:
        arguments.append(splitter.argument())
    if splitter.position < len(text) or splitter.at_delimiter or limit == 1:
        arguments.append(text[splitter.position :])
    return arguments


class _Splitter:
    """Where splitting stands; open brackets and quotes reach into the next argument, as in Asterisk."""

    def __init__(self, text: str, delimiter: str, *, raw: bool) -> None:
        self.text = text
        self.delimiter = delimiter
        self.raw = raw
        self.position = 0
        self.round = 0
        self.square = 0
        self.quoted = False
        self.at_delimiter = False

    def argument(self) -> str:
        """Read up to the next delimiter that counts."""
        piece: list[str] = []
        self.at_delimiter = False
        while self.position < len(self.text):
            char = self.text[self.position]
            self.position += 1
            if char == "\\":
                following = self.text[self.position : self.position + 1]
                piece.append(char + following if self.raw else following)
                self.position += 1
            elif char == '"' and self.delimiter != '"':
                self.quoted = not self.quoted
                piece.append(char if self.raw else "")
            elif char == self.delimiter and not (self.quoted or self.round or self.square):
                self.at_delimiter = True
                break
            else:
                self.nest(char)
                piece.append(char)
        return "".join(piece)

    def nest(self, char: str) -> None:
        """Count brackets; a closing one too many is ignored."""
        if char in "()":
            self.round = max(0, self.round + (1 if char == "(" else -1))
        elif char in "[]":
            self.square = max(0, self.square + (1 if char == "[" else -1))


def wrap_int(number: int) -> int:
    """Keep a number within a C int, as glibc's scanf does: it stops at the limits of a long, then drops high bits."""
    if -_INT_LIMIT <= number < _INT_LIMIT:
        return number
    number = max(-(1 << 63), min((1 << 63) - 1, number))
    return (number + _INT_LIMIT) % (2 * _INT_LIMIT) - _INT_LIMIT
