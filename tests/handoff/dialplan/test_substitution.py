"""Variables and functions are replaced as Asterisk replaces them, within its limits."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stasis_sim.handoff.clib.text import ARGUMENT_LIMIT, cut, length, octets, scan_int, split_arguments, unoctets
from stasis_sim.handoff.dialplan.contexts import Dialplan, Step
from stasis_sim.handoff.dialplan.functions.table import READERS, WRITERS
from stasis_sim.handoff.dialplan.pbx import Pbx
from stasis_sim.handoff.dialplan.substitution import compile_template, substring
from stasis_sim.handoff.dialplan.thread import LoopError, SilentHost, Thread

ANY_TEXT = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
TRICKY = st.lists(
    st.sampled_from(["${", "$[", "}", "]", "(", ")", ":", "V", "LEN", "CUT", "IF", "1", "-", ",", "?", '"', "\\"]),
    max_size=20,
)


def expand(text: str, **variables: str) -> str:
    """Substitute on a channel with these variables."""
    pbx = Pbx(Dialplan(), SilentHost())
    thread = Thread("c1", "ctx", "100", variables=dict(variables), caller_number="555", caller_name="Bob")
    return pbx.substitute(thread, text)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${V} $V $ {V} ${ V }", "0123456789 $V $ {V} "),
        ("${V:3:2} ${V:-3} ${V:2:-2} ${V:20}${V:-20:3}", "34 789 234567 012"),
        ("${V:}|${V::2}|${V:a}|${V:1:b}|${V:0:0}", "0123456789|0123456789|0123456789|123456789|"),
        ("[${V", "[0123456789"),
        ("$[1+1 x", "2"),
        ("\\${N}", "\\2"),
        ("${${X}} ${${${X}}}", "Z end"),
        ("${V:${N}:1} ${LEN(${V})} ${LEN(V)}", "2 10 1"),
        ("$[${N}+$[1+1]]", "4"),
        ("${EXTEN}@${CONTEXT}:${PRIORITY} ${CHANNEL} ${HANGUPCAUSE}", "100@ctx:1 c1 0"),
        ("${CALLERID(all)} ${CALLERID(num):0:1}", '"Bob" <555> 5'),
        ("${NOSUCH}${NOSUCHFUNC(x)}${LEN}", ""),
    ],
)
def test_references(text: str, result: str) -> None:
    """Names, offsets, nesting, and what is not closed."""
    assert expand(text, V="0123456789", N="2", X="Y", Y="Z", Z="end") == result


def test_values_are_not_substituted_again() -> None:
    """What a variable holds is taken as it is; EVAL() looks once more."""
    assert expand("${A} ${EVAL(${A})}", A="${B}", B="x") == "${B} x"


def test_lengths_are_bytes() -> None:
    """LEN() and offsets count bytes; a half of a character survives."""
    assert expand("${LEN(${U})} ${U:0:2}", U="üx") == "3 ü"
    assert octets(expand("${U:1}", U="ü")) == octets("ü")[1:]


def test_the_inside_is_cut() -> None:
    """What is substituted inside ${} is cut at 4095 bytes, a whole argument is not."""
    assert expand("${LEN(${C})}", C="x" * 8000) == "4091"
    assert len(expand("${C}", C="x" * 8000)) == 8000


def test_text_without_references_is_not_compiled() -> None:
    """A constant argument costs nothing."""
    assert compile_template("a $ {b} $(c)") is None


@given(TRICKY.map("".join) | ANY_TEXT)
def test_no_text_raises(text: str) -> None:
    """Whatever is written, substitution gives text."""
    assert isinstance(expand(text, V="0123"), str)


@given(st.sampled_from(sorted(READERS)), ANY_TEXT | TRICKY.map("".join))
def test_no_function_raises(name: str, arguments: str) -> None:
    """Every function takes every argument."""
    expand("${" + name + "(" + arguments + ")}", V="a,b-c", L="1&2")


@given(st.sampled_from(sorted(WRITERS)), ANY_TEXT | TRICKY.map("".join), ANY_TEXT)
def test_no_function_raises_when_written(name: str, arguments: str, value: str) -> None:
    """Every function takes every value."""
    pbx = Pbx(Dialplan(), SilentHost())
    pbx.set_variable(Thread("c1", "ctx", "100"), f"{name}({arguments})", value)


@given(
    st.sampled_from(
        ["Set", "MSet", "Goto", "GotoIf", "Gosub", "GosubIf", "ExecIf", "Exec", "TryExec", "While", "Dial", "Read"]
    ),
    ANY_TEXT,
)
@example("Goto", "1")
def test_no_application_raises(name: str, data: str) -> None:
    """Every application takes every argument; one that leads back to itself is a loop, and is said to be one."""
    dialplan = Dialplan()
    dialplan.context("ctx").add(Step(1, "", name, data, pattern="100"))
    with suppress(LoopError):
        Pbx(dialplan, SilentHost()).start(Thread("c1", "ctx", "100"))


@given(ANY_TEXT, st.integers(-50, 50), st.integers(-50, 50))
def test_substring_is_a_slice_of_bytes(text: str, offset: int, size: int) -> None:
    """Offsets and lengths are Python's slices of the bytes."""
    data = text.encode()
    start = max(0, len(data) + offset) if offset < 0 else offset
    stop = start + size if size >= 0 else len(data) + size
    wanted = data[start : max(start, stop)] if start < len(data) else b""
    assert substring(text, offset, size).encode("utf-8", "surrogateescape") == wanted


@given(ANY_TEXT)
def test_octets_can_be_undone(text: str) -> None:
    """One character for each byte, and back."""
    assert unoctets(octets(text)) == text
    assert len(octets(text)) == length(text)
    assert length(cut(text, 10)) <= 10


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", []),
        ("a,b", ["a", "b"]),
        ("a,", ["a", ""]),
        (",a", ["", "a"]),
        ('"a,b",c', ["a,b", "c"]),
        ('x"q"z', ["xqz"]),
        ("(a,b),[c,d]", ["(a,b)", "[c,d]"]),
        ("{a,b}", ["{a", "b}"]),
        (r"a\,b,\"k\"", ["a,b", '"k"']),
        (" a , b ", [" a ", " b "]),
    ],
)
def test_arguments(text: str, arguments: list[str]) -> None:
    """Commas split, quotes and brackets protect them, backslashes escape."""
    assert split_arguments(text) == arguments


def test_the_last_argument_takes_the_rest() -> None:
    """At most 128 arguments."""
    arguments = split_arguments(",".join(map(str, range(200))))
    assert len(arguments) == ARGUMENT_LIMIT
    assert arguments[-1].startswith("127,128,")


@pytest.mark.parametrize(
    ("text", "number"), [(" 12x", 12), ("-3", -3), ("x", None), ("", None), ("+5", 5), ("4294967296", 0)]
)
def test_numbers_are_read_as_scanf_does(text: str, number: int | None) -> None:
    """Blanks, a sign, digits, then anything; what does not fit into an int wraps."""
    assert scan_int(text) == number


@pytest.mark.parametrize(
    ("shape", "number", "printed"),
    [
        ("%#05o", 8, "00010"),
        ("%#.1o", 63, "077"),
        ("%-#6o|", 0, "0     |"),
        ("%05.3d", 8, "  008"),
        ("%5.0d|", 0, "     |"),
        ("%#.3x", 63, "0x03f"),
        ("%#X", 0, "0"),
    ],
)
def test_integers_are_printed_as_c_does(shape: str, number: int, printed: str) -> None:
    """What Python's ``%`` prints in another way: the prefix of ``#o``, and precisions (ISO C, 7.21.6.1)."""
    assert expand(f"${{SPRINTF({shape},{number})}}") == printed
