"""``$[...]``: Asterisk's expressions, by a precedence parser that behaves as its generated one does on errors.

From lowest to highest: ``? ::``, ``|``, ``&``, comparisons, ``+ -``, ``* / %``, ``!`` and unary ``-``, ``: =~ ~~``.
All are read from the left but ``!`` and unary ``-``. A syntax error is not fatal: if everything up to the wrong token
is a whole expression, that is the value; if nothing was read yet, it is empty; in the middle of something it is 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from stasis_sim.handoff.clib import longdouble
from stasis_sim.handoff.clib.longdouble import Number
from stasis_sim.handoff.clib.posix import compile_posix
from stasis_sim.handoff.clib.text import length, octets, unoctets
from stasis_sim.handoff.dialplan.expression_functions import MATH
from stasis_sim.handoff.dialplan.expression_values import (
    Text,
    Value,
    compare,
    computed,
    holds,
    is_set,
    is_zero,
    make_text,
    to_number,
    to_text,
    unquoted,
)

Log = Callable[[str, str], None]
FunctionReader = Callable[[str], str | None]

_BLANK: Final = re.compile(r"[ \t\r\n]+")
_OPERATOR: Final = re.compile(r"\|\||&&|==|=~|~~|>=|<=|!=|::|[|&=><+,\-*/%?!:()]")
_QUOTED: Final = re.compile(r'"[^"]*"')
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_WORD: Final = re.compile(r"(?:[a-zA-Z0-9.';\\_^#@\x80-\xff]|\$[^{])+", re.DOTALL)
_SAME: Final = {"||": "|", "&&": "&", "==": "="}
_LEVEL: Final = {
    "?": 1,
    "|": 2,
    "&": 3,
    **dict.fromkeys(("=", "!=", "<", ">", "<=", ">="), 4),
    "+": 5,
    "-": 5,
    **dict.fromkeys("*/%", 6),
    **dict.fromkeys((":", "=~", "~~"), 8),
}
_UNARY_LEVEL: Final = 7
_DIVISION_BY_ZERO: Final = 2147483647
_DEPTH_LIMIT: Final = 200


class Token(NamedTuple):
    """An operator (``kind`` is its sign), a ``value``, or the ``end``."""

    kind: str
    value: Text


class _SyntaxError(Exception):
    """The expression stops making sense at a token."""

    def __init__(self, token: Token) -> None:
        super().__init__(token.kind)
        self.token = token


def evaluate(
    source: str, function: FunctionReader | None = None, log: Log | None = None, *, regex_bytes: bool = False
) -> str:
    """Return the value of an expression as text; never raises.

    Args:
        source: What stands between the brackets, substituted.
        function: Reads ``NAME(args)`` of a dialplan function, None if there is none; without it no function is known.
        log: Takes the level and text of warnings.
        regex_bytes: Whether regular expressions see bytes, not characters.
    """
    if "(" not in source:
        value, problems = _evaluate_pure(source, regex_bytes)
    else:
        value, problems = _evaluate(source, function, regex_bytes=regex_bytes)
    if log is not None:
        for problem in problems:
            log("WARNING", problem)
    return value


@lru_cache(maxsize=4096)
def _evaluate_pure(source: str, regex_bytes: bool) -> tuple[str, tuple[str, ...]]:
    return _evaluate(source, None, regex_bytes=regex_bytes)


def _evaluate(source: str, function: FunctionReader | None, *, regex_bytes: bool) -> tuple[str, tuple[str, ...]]:
    parser = _Parser(_tokens(octets(source)), function, regex_bytes=regex_bytes)
    value = parser.run()
    return unoctets(to_text(value)), tuple(parser.problems)


def _tokens(source: str) -> list[Token]:
    """Cut the text into tokens; characters that belong to none are skipped, as the generated scanner does."""
    tokens: list[Token] = []
    position = 0
    while position < len(source):
        if match := _BLANK.match(source, position):
            position = match.end()
            continue
        token, position = _token(source, position)
        if token is not None:
            tokens.append(token)
    tokens.append(Token("end", Text("", numeric=False)))
    return tokens


def _token(source: str, position: int) -> tuple[Token | None, int]:
    if match := _QUOTED.match(source, position):
        return Token("value", Text(match[0], numeric=False)), match.end()
    word = _WORD.match(source, position)
    number = _NUMBER.match(source, position)
    # The longer of the two counts; at the same length it is a number.
    if number is not None and (word is None or number.end() >= word.end()):
        return Token("value", Text(number[0], numeric=True)), number.end()
    if word is not None:
        return Token("value", Text(word[0], numeric=False)), word.end()
    if match := _OPERATOR.match(source, position):
        return Token(_SAME.get(match[0], match[0]), Text(match[0], numeric=False)), match.end()
    return None, position + 1


class _Parser:
    """One walk over the tokens of an expression."""

    def __init__(self, tokens: Sequence[Token], function: FunctionReader | None, *, regex_bytes: bool) -> None:
        self.tokens = tokens
        self.regex_bytes = regex_bytes
        self.position = 0
        self.function = function
        self.problems: list[str] = []

    def run(self) -> Value:
        """Return the value of the whole, or what an error leaves of it."""
        first = self.tokens[0].kind
        if first not in {"value", "(", "-", "!"}:
            if first != "end":
                self._complain(self.tokens[0])
            return Text("", numeric=False)
        try:
            value = self.expression(0, 0)
        except _SyntaxError as error:
            self._complain(error.token)
            return 0
        if self.tokens[self.position].kind != "end":
            self._complain(self.tokens[self.position])
        return value

    def _complain(self, token: Token) -> None:
        found = "$end" if token.kind == "end" else "<token>" if token.kind == "value" else token.kind
        self.problems.append(f"ast_yyerror():  syntax error: syntax error, unexpected '{found}'")

    def expression(self, lowest: int, depth: int) -> Value:
        """Read an expression whose operators all bind tighter than ``lowest``."""
        if depth > _DEPTH_LIMIT:
            raise _SyntaxError(self.tokens[self.position])
        left = self.operand(depth)
        while True:
            kind = self.tokens[self.position].kind
            level = _LEVEL.get(kind, 0)
            if level <= lowest:
                return left
            self.position += 1
            left = self.conditional(left, depth) if kind == "?" else self.binary(kind, left, level, depth)

    def operand(self, depth: int) -> Value:
        """Read a value, a call, brackets, or something with a sign before it."""
        token = self.tokens[self.position]
        self.position += 1
        if token.kind == "value":
            if self.tokens[self.position].kind == "(":
                return self.call(token.value.text, depth)
            return token.value
        if token.kind == "(":
            value = self.expression(0, depth + 1)
            self.expect(")")
            return value
        if token.kind == "-":
            return self.negative(self.expression(_UNARY_LEVEL, depth + 1))
        if token.kind == "!":
            return 0 if is_set(self.expression(_UNARY_LEVEL, depth + 1)) else 1
        raise _SyntaxError(token)

    def expect(self, kind: str) -> None:
        """Take a token that must be there."""
        token = self.tokens[self.position]
        if token.kind != kind:
            raise _SyntaxError(token)
        self.position += 1

    def conditional(self, condition: Value, depth: int) -> Value:
        """Read what follows ``?``; both branches are computed, one is taken."""
        yes = self.expression(0, depth + 1)
        self.expect("::")
        no = self.expression(1, depth + 1)
        return yes if holds(condition) else no

    def binary(self, kind: str, left: Value, level: int, depth: int) -> Value:
        """Read the right side of an operator and compute."""
        right = self.expression(level, depth + 1)
        if kind == "|":
            return right if is_zero(left) else computed(left)
        if kind == "&":
            return 0 if is_zero(left) or is_zero(right) else computed(left)
        if level == _LEVEL["="]:
            return int(compare(kind, left, right))
        if kind == "~~":
            return make_text(unquoted(to_text(left)) + unquoted(to_text(right)))
        if level == _LEVEL[":"]:
            return self.search(left, right, anchored=kind == ":")
        return self.arithmetic(kind, left, right)

    def negative(self, value: Value) -> Value:
        """Compute a unary minus."""
        number = to_number(value)
        if number is None:
            self.problems.append("non-numeric argument")
            return 0
        return longdouble.negative(number)

    def arithmetic(self, kind: str, left: Value, right: Value) -> Value:
        """Compute; text counts as 0 for ``+`` and ``-``, makes the others 0 (or what Asterisk takes for infinity)."""
        first, second = to_number(left), to_number(right)
        if first is None or second is None:
            self.problems.append("non-numeric argument")
            return _half_numeric(kind, first, second)
        if kind in "+-":
            return _sum(kind, first, second)
        if kind == "*":
            return longdouble.multiply(first, second)
        if not second:
            self.problems.append("division by zero" if kind == "/" else "div by zero")
            return _DIVISION_BY_ZERO if kind == "/" else second
        return longdouble.divide(first, second) if kind == "/" else longdouble.remainder(first, second)

    def search(self, left: Value, right: Value, *, anchored: bool) -> Value:
        """Match a regular expression: the first group, else the length of the match, else 0 (empty with a group)."""
        text, pattern = unquoted(to_text(left)), unquoted(to_text(right))
        if not self.regex_bytes:
            text, pattern = unoctets(text), unoctets(pattern)
        compiled = compile_posix(pattern)
        if compiled is None:
            self.problems.append("regcomp() error : Invalid regular expression")
            return Text("", numeric=False)
        found = compiled.search(text)
        if found is None or (anchored and found.start != 0):
            return Text("", numeric=False) if compiled.groups else 0
        if found.group is None:
            return length(text[found.start : found.end]) if not self.regex_bytes else found.end - found.start
        return make_text(found.group if self.regex_bytes else octets(found.group))

    def call(self, name: str, depth: int) -> Value:
        """Read a function's arguments and call it."""
        self.expect("(")
        arguments: list[Value] = [self.expression(0, depth + 1)]
        while self.tokens[self.position].kind == ",":
            self.position += 1
            if self.tokens[self.position].kind in {",", ")"}:
                arguments.append(Text("", numeric=False))
            else:
                arguments.append(self.expression(0, depth + 1))
        self.expect(")")
        return self._called(name, arguments)

    def _called(self, name: str, arguments: Sequence[Value]) -> Value:
        if re.fullmatch(r"[A-Z0-9_]*", name) is None:
            self.problems.append(f"Error! '{name}' is not possibly a function name!")
            return 0
        if name in MATH:
            result = MATH[name](arguments)
            if result is None:
                self.problems.append(f"Wrong args to {name}() function")
            return 0 if result is None else result
        spelled = f"{name}({','.join(map(to_text, arguments))})"
        read = None if self.function is None else self.function(unoctets(spelled))
        if read is None:
            self.problems.append(f"Error! '{name}' doesn't appear to be an available function!")
            return 0
        return longdouble.parse(read) if re.fullmatch(r"[-0-9. \t]*", read) else make_text(octets(read))


def _half_numeric(kind: str, first: Number | None, second: Number | None) -> Number:
    """Compute where at least one side is text; a number that is added to text comes back as it is."""
    left, right = 0 if first is None else first, 0 if second is None else second
    if kind == "+":
        return right if first is None else left
    if kind == "-":
        return longdouble.subtract(left, right)
    return _DIVISION_BY_ZERO if kind == "/" and first is not None else 0


def _sum(kind: str, left: Number, right: Number) -> Number:
    return longdouble.add(left, right) if kind == "+" else longdouble.subtract(left, right)
