"""YAML becomes plain data with places, and overrides take their places in it."""

from __future__ import annotations

from typing import Any

import pytest

from stasis_sim.errors import InputError
from stasis_sim.scenario.document import Document, Place, parse, plain_value
from stasis_sim.scenario.overrides import apply


def read(text: str) -> Document:
    """Read a text that has no faults."""
    document = parse(text, "a.yaml")
    assert document.problems == []
    return document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("0100", "0100"),
        ("12:30", "12:30"),
        ("2026-01-05", "2026-01-05"),
        ("0x1F", 31),
        ("0o17", 15),
        ("-5", -5),
        ("1e3", 1000.0),
        ("1.", 1.0),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("~", None),
        ("", None),
        ("1" * 5000, "1" * 5000),
    ],
)
def test_a_plain_scalar_is_what_people_expect(text: str, value: Any) -> None:
    """A scalar is a number only if it is written as people write numbers; all else is text."""
    assert plain_value(text) == value
    assert type(plain_value(text)) is type(value)


def test_quotes_and_str_make_text() -> None:
    """Quotes and !!str make text of what looks like a number."""
    assert read("a: '5'\nb: \"true\"\nc: !!str 5\nd: !!int 5\n").data == {"a": "5", "b": "true", "c": "5", "d": 5}


def test_every_key_and_item_has_its_place() -> None:
    """Each key and each item of a list has its line and column."""
    document = read("a:\n  b: [1, {c: 2}]\nd: 3\n")
    places = {keys: place[1:3] for keys, place in document.places.items()}
    assert places == {
        (): (1, 1),
        ("a",): (1, 1),
        ("a", "b"): (2, 3),
        ("a", "b", 0): (2, 7),
        ("a", "b", 1): (2, 10),
        ("a", "b", 1, "c"): (2, 11),
        ("d",): (3, 1),
    }
    assert str(document.problem(("a", "b", 1, "x", "y"), "wrong")) == "a.yaml:2:10: a.b.1.x.y: wrong"


def test_an_alias_is_a_copy_of_its_own() -> None:
    """An override below one alias leaves the anchor and other aliases alone."""
    document = read("a: &x {k: 1, l: [2]}\nb: *x\nc: *x\n")
    apply(document, ["b.k=5", "c.l.0=6"])
    assert document.data == {"a": {"k": 1, "l": [2]}, "b": {"k": 5, "l": [2]}, "c": {"k": 1, "l": [6]}}


def test_a_merge_key_gives_what_is_not_there() -> None:
    """What stands beside << wins over what it brings, and an earlier mapping over a later one."""
    document = read("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4, <<: *x}\nz: {<<: [*x, *y], a: 9}\nw: {<<: *y}\n")
    assert document.data["z"] == {"a": 9, "b": 2, "c": 4}
    assert document.data["w"] == {"b": 3, "c": 4, "a": 1}
    assert document.places["z", "c"] == Place("a.yaml", 2, 14)


def test_a_bomb_of_aliases_is_refused() -> None:
    """Aliases that multiply without end are refused, not expanded."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(InputError, match="more than 200000 values; use fewer aliases"):
        parse("\n".join(lines), "a.yaml")


def test_deep_nesting_is_refused() -> None:
    """Nesting that no scenario has is refused, however deep it is."""
    for depth in (60, 5000):
        with pytest.raises(InputError, match="nested deeper than 50 levels; write a flatter file"):
            parse("[" * depth + "]" * depth, "a.yaml")


def test_an_override_replaces_adds_and_appends() -> None:
    """An override replaces a value, adds keys that are not there, and appends to a list."""
    document = read("a: {b: 1}\nl: [1, 2]\n")
    apply(document, ["a.b=2", "a.c.d={e: 3}", "l.0=x", "l.2=[y]", "l.3.k=z", "n=", "m.0.a=1"])
    assert document.data == {
        "a": {"b": 2, "c": {"d": {"e": 3}}},
        "l": ["x", 2, ["y"], {"k": "z"}],
        "n": None,
        "m": [{"a": 1}],
    }


def test_an_override_of_an_empty_document_makes_one() -> None:
    """An override of an empty document makes one."""
    document = read("")
    apply(document, {"a.b": 1})
    assert document.data == {"a": {"b": 1}}


def test_an_override_finds_a_key_with_dots() -> None:
    """The longest key of the file that fits the way counts."""
    document = read("v: {a.b: 1, a: {b: 2}}\n")
    apply(document, ["v.a.b=3"])
    assert document.data == {"v": {"a.b": 3, "a": {"b": 2}}}


def test_a_value_from_python_is_taken_as_it_is() -> None:
    """Text in a mapping of overrides is read as YAML, anything else is taken as it is, as a copy."""
    document = read("a: 1\n")
    value = [1]
    apply(document, {"a": value, "b": "[1, 2]"})
    value.append(2)
    assert document.data == {"a": [1], "b": [1, 2]}


def test_faults_of_an_override_stand_at_the_override() -> None:
    """A fault in an overridden value is placed at --set, and names the key only where it is another."""
    document = read("a: {b: 1}\n")
    apply(document, ["a.b={c: 1}"])
    assert str(document.problem(("a", "b"), "wrong")) == "--set a.b: wrong"
    assert str(document.problem(("a", "b", "c"), "wrong")) == "--set a.b: a.b.c: wrong"
    assert str(document.problem(("a",), "wrong")) == "a.yaml:1:1: a: wrong"


def test_faults_of_what_an_override_has_made_stand_at_the_override() -> None:
    """The mapping or list around an overridden key is in no file, and is named."""
    document = read("a: {b: 1}\nl: []\n")
    apply(document, ["c.d.e=1", "l.0.f=1"])
    assert str(document.problem(("c",), "wrong")) == "--set c.d.e: c: wrong"
    assert str(document.problem(("c", "d"), "wrong")) == "--set c.d.e: c.d: wrong"
    assert str(document.problem(("c", "d", "e"), "wrong")) == "--set c.d.e: wrong"
    assert str(document.problem(("l", 0), "wrong")) == "--set l.0.f: l.0: wrong"


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("a.b.c=1", "--set a.b.c: a.b has no keys below it (got 1); write a.b=VALUE"),
        ("l.5=1", "--set l.5: l is a list of 2 (got 5); write a position from 0 to 2"),
        ("l.x=1", "--set l.x: l is a list of 2 (got x); write a position from 0 to 2"),
        (
            "a={b: [1",
            "--set a: not YAML: a bracket that is not closed (got {b: [1); write , or the closing bracket here",
        ),
        ("a={b: 1, b: 2}", "--set a: b: a second time, after line 1; remove one"),
    ],
)
def test_an_override_that_leads_nowhere_is_a_problem(override: str, text: str) -> None:
    """An override that leads nowhere, or holds no YAML, is said among the document's problems."""
    document = read("a: {b: 1}\nl: [1, 2]\n")
    apply(document, [override])
    assert [str(problem) for problem in document.problems] == [text]


def test_an_override_needs_a_key_and_a_value() -> None:
    """An override without = is refused at once, all of them together."""
    with pytest.raises(InputError) as caught:
        apply(read("a: 1\n"), ["seed", "=3", "a=2"])
    assert str(caught.value) == (
        "--set: not an override (got =3); write KEY=VALUE as in run.seed=3\n"
        "--set: not an override (got seed); write KEY=VALUE as in run.seed=3"
    )
