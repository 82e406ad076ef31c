"""``$[...]`` computes what Asterisk's parser computes, also where it is wrong."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.handoff.clib import longdouble
from stasis_sim.handoff.clib.posix import compile_posix
from stasis_sim.handoff.dialplan.expressions import evaluate

VECTORS = Path(__file__).parents[2] / "vectors"


def recorded() -> list[tuple[str, str]]:
    """Return the recorded expressions that need no variables."""
    cases = json.loads((VECTORS / "dialplan_flow.json").read_text(encoding="utf-8"))
    pairs = [tuple(pair) for case in cases for pair in case.get("source_to_result", []) if isinstance(pair[0], str)]
    return [
        (source[2:-1], result)
        for source, result in pairs
        if source.startswith("$[") and source.endswith("]") and "${" not in source and source.count("$[") == 1
    ]


@pytest.mark.parametrize(("source", "result"), recorded())
def test_recorded_expressions(source: str, result: str) -> None:
    """An expression has the value that a real Asterisk gave it."""
    assert evaluate(source) == result


@pytest.mark.parametrize(
    ("source", "result"),
    [
        # A syntax error: what was reduced so far, empty if nothing was, 0 in the middle of something.
        ("a b = a b", "a"),
        ("1 2", "1"),
        ("1+", "0"),
        ("1?a:b", "0"),
        ("= 1", ""),
        ("+1", ""),
        ("*99", ""),
        ("", ""),
        ("(1", "0"),
        ('"a""b"', '"a"'),
        # Comparisons are numeric only between unquoted numbers.
        ('"1"=1', "0"),
        ('"10"<"9"', "1"),
        ("01=1", "1"),
        ("3>2>1", "0"),
        ("abc=ABC", "0"),
        # Text with operators in it is computed.
        ("a-b", "0"),
        ("12:30=12:30", "1"),
        # What | & ! and ? take for empty.
        ('""|def', '""'),
        ('"0"|7', '"0"'),
        ('""?1::2', "2"),
        ('!""', "1"),
        ("!abc", "1"),
        ("!1=1", "0"),
        # Numbers are long doubles.
        ("7/2", "3.5"),
        ("1/3", "0.333333333333333333"),
        ("0.1+0.2", "0.3"),
        ("5/0", "2147483647"),
        ("5%0", "0"),
        ("-7%3", "-1"),
        ("7.5%2", "1.5"),
        ("9223372036854775807+1", "9.22337203685477581e+18"),
        ("1e3+1", "1"),
        ("10.0", "10.0"),
        ("1.0+0", "1"),
        ("0*-1", "-0"),
        # Regular expressions.
        ('"abc" : "a(.)c"', "b"),
        ('"abc" : "b"', "0"),
        ('"abc" =~ "b"', "1"),
        ('"abc" =~ "(x)"', ""),
        ('"a" ~~ "b"', "ab"),
        # Functions of its own.
        ("ROUND(2.5)", "3"),
        ("SQRT(2)", "1.41421356237309505"),
        ("SIN(1)", "0.841470984807896507"),
        ("POW(2,100)", "1.2676506002282294e+30"),
        ("NOSUCH(1)", "0"),
    ],
)
def test_findings(source: str, result: str) -> None:
    """What surprised when real Asterisks were asked holds here."""
    assert evaluate(source) == result


def test_functions_of_the_dialplan() -> None:
    """A function is called without ${}; what it returns is a number if it looks like one."""
    read = {"LEN(abc)": "3", "NAME(x,2)": "text"}.get
    assert evaluate("LEN(abc)+1", read) == "4"
    assert evaluate("NAME(x,1+1)", read) == "text"


def test_warnings_are_logged() -> None:
    """A syntax error and a text in a sum are warned of."""
    log: list[tuple[str, str]] = []
    evaluate("1 + * 2", None, lambda level, text: log.append((level, text)))
    evaluate("a + 1", None, lambda level, text: log.append((level, text)))
    assert [level for level, _ in log] == ["WARNING", "WARNING"]
    assert "syntax error" in log[0][1]
    assert log[1][1] == "non-numeric argument"


PIECES = st.sampled_from([*"0123456789.+-*/%()=<>!&|?:~, \"'abc$#@", "::", "==", "=~", "~~", "ABS(", "POW(", '"a b"'])


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=40))
def test_no_text_raises(source: str) -> None:
    """Whatever stands between the brackets, there is a value."""
    assert isinstance(evaluate(source), str)


@pytest.mark.parametrize(
    "source", ["(" * 5000, "1" + "+1" * 5000, "-" * 5000 + "1", "!" * 4000, "1?" * 3000, "9" * 8000 + "*9", "a=" * 4000]
)
def test_long_text_does_not_hang(source: str) -> None:
    """Deep nesting and long numbers end in a value."""
    assert isinstance(evaluate(source), str)


@given(st.integers(-(10**17), 10**17), st.integers(-(10**17), 10**17))
def test_sums_of_whole_numbers_are_exact(left: int, right: int) -> None:
    """Counters never lose a digit."""
    assert evaluate(f"{left}+{right}").replace("-0", "0" if left + right == 0 else "-0") == str(left + right)


@given(st.fractions(max_denominator=10**6), st.fractions(max_denominator=10**6).filter(bool))
def test_rounding_is_to_64_bits(left: Fraction, right: Fraction) -> None:
    """A quotient is off by at most half a unit in the last of 64 binary places."""
    result = longdouble.divide(left, right)
    if result:
        assert isinstance(result, int | Fraction)
        assert abs(result - left / right) <= abs(left / right) / 2**64


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("[[:digit:]]+", "ab12", "12"),
        (r"[\d]", "d", "d"),
        ("[]a]", "]", "]"),
        ("[^]a]", "b", "b"),
        ("a{2}", "aaa", "aa"),
        (r"\.", "a.b", "."),
        ("^$", "", ""),
        ("a|b", "xb", "b"),
        ("a|ab", "abc", "ab"),
        ("(a?)(ab)?", "ab", "ab"),
        ("a+?", "baa", ""),
        ("a{2}{2}", "aaaaa", "aaaa"),
        ("a{,}", "aa", "aa"),
        ("a)", "aa)", "a)"),
        ("[[.a.]][[=b=]]", "ab", "ab"),
        (r"\`a\'", "a", "a"),
    ],
)
def test_posix_expressions(pattern: str, text: str, found: str) -> None:
    """POSIX writes some things differently from Python."""
    compiled = compile_posix(pattern)
    assert compiled is not None
    match = compiled.search(text)
    assert match is not None
    assert text[match.start : match.end] == found


@pytest.mark.parametrize(
    ("pattern", "text", "group"),
    [
        ("(a|ab)(c|bcd)", "abcd", "a"),
        ("([0-9]|[0-9][0-9])(.*)", "42x", "4"),
        ("(a|b)*", "aab", "b"),
        ("(x|yz){2}", "xyz", "yz"),
        ("(a*)*b", "b", ""),
        ("(a|b)?c", "c", None),
        ("a(b*)(c|bc)", "abbc", "bb"),
        (r"(a)\1|b", "aa", "a"),
    ],
)
def test_the_first_group(pattern: str, text: str, group: str | None) -> None:
    """Of the ways to the longest match the one of the first choices counts; of a repeated group the last time."""
    compiled = compile_posix(pattern)
    assert compiled is not None
    match = compiled.search(text)
    assert match is not None
    assert match.group == group


def test_no_expression_takes_for_ever() -> None:
    """What nests repetitions fails as quickly on a long text as on a short one."""
    compiled = compile_posix("((a+)+|b)+$")
    assert compiled is not None
    assert compiled.search("a" * 2000 + "c") is None


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", "[a", "a\\", "(?i)a", "[[:nosuch:]]", "a{", "a{x}", "a{2,1}", "a{32768}", "^*", "a|*b"),
        *("[b-a]", "[a-c-e]", "[[.ab.]]", "(" * 60 + "a" + ")" * 60),
    ],
)
def test_wrong_expressions(pattern: str) -> None:
    """What POSIX refuses is refused."""
    assert compile_posix(pattern) is None


@given(st.text(alphabet="ab01()[]{}*+?|^$.\\:-,", max_size=12))
def test_any_expression_compiles_or_is_refused(pattern: str) -> None:
    """No text makes the translation raise."""
    compile_posix(pattern)
