"""extensions.conf is read line by line as Asterisk reads it, and what it drops is said."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.conf.extensions import load_extensions, shrink_number, split_extension
from stasis_sim.conf.syntax import Source
from stasis_sim.handoff.dialplan.contexts import HINT, Dialplan

SAMPLES = [path for path in (Path("/etc/asterisk"), Path("/usr/share/asterisk")) if path.exists()]


def load(text: str) -> tuple[Dialplan, list[str]]:
    """Load a text; return the dialplan and the warnings as they are printed."""
    dialplan, diagnostics = load_extensions(Source(text, "extensions.conf"))
    return dialplan, [str(diagnostic) for diagnostic in diagnostics]


def steps(dialplan: Dialplan, context: str, exten: str) -> dict[int, str]:
    """Return an extension's steps as text."""
    extension = dialplan.contexts[context].extension(exten)
    assert extension is not None
    return {number: f"{step.application}({step.data})" for number, step in sorted(extension.steps.items())}


def test_priorities() -> None:
    """N counts on, s repeats, labels and offsets are added, and a number may have anything behind it."""
    dialplan, warnings = load(
        "[c]\nexten => 1,1,A\nexten => 1,n(lab),B\n same => n+2,C\nexten => 1,lab+1,D\n same => 6x,E\nexten => 2,n,F\n"
    )
    assert steps(dialplan, "c", "1") == {1: "A()", 2: "B()", 3: "D()", 5: "C()", 6: "E()"}
    assert steps(dialplan, "c", "2") == {7: "F()"}
    assert dialplan.contexts["c"].extension("1").labels == {"lab": 2}  # type: ignore[union-attr]
    assert warnings == []


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("exten => 1,0,A", "extensions.conf:3: warning: priority '0' is below 1; Asterisk drops the line"),
        (
            "exten => 1,x,A",
            "extensions.conf:3: warning: priority 'x' is no number and no label here; Asterisk drops the line",
        ),
        ("exten => 1,2(l,A", "extensions.conf:3: warning: label without its ')'; Asterisk drops the line"),
        (
            "exten => 9,1,B",
            (
                "extensions.conf:3: warning: extension 9 priority 1 in [c] is in use already, at extensions.conf:2; "
                "Asterisk drops the line"
            ),
        ),
        ("nonsense => 1", "extensions.conf:3: warning: unknown directive 'nonsense'; Asterisk ignores the line"),
        (
            "include => gone",
            (
                "extensions.conf:3: warning: [c] includes [gone], which does not exist; Asterisk skips it, "
                "unless a module makes it (AEL, Lua, parking)"
            ),
        ),
        (
            "exten => 1,1,A(x",
            (
                "extensions.conf:3: warning: no closing bracket after A(; "
                "Asterisk takes the rest of the line as its argument"
            ),
        ),
        (
            "exten => 1,1, Dial(SIP/1), tTm",
            ("extensions.conf:3: warning: ', tTm' stands behind the last closing bracket of Dial(; Asterisk drops it"),
        ),
        (
            "exten => _.,1,A",
            (
                "extensions.conf:3: warning: extension _. is h, i and t as well where there are none, "
                "and so runs again when a call ends; Asterisk asks for _X. instead"
            ),
        ),
        (
            "switch => Realtime/@x",
            (
                "extensions.conf:3: warning: switch 'Realtime/@x' asks elsewhere for extensions; "
                "a run does not, so that it matches nothing there"
            ),
        ),
        (
            "# parked calls",
            (
                "extensions.conf:3: warning: '# parked calls' is no directive, "
                "and a comment begins with ; and not #; the line is skipped"
            ),
        ),
        ("exten => ,1,A", "extensions.conf:3: warning: an extension without a name; Asterisk drops the line"),
    ],
)
def test_broken_lines(line: str, warning: str) -> None:
    """Each warning says where, what, and what Asterisk does."""
    _, warnings = load(f"[c]\nexten => 9,1,A\n{line}\n")
    assert warnings == [warning]


def test_what_is_so_of_a_whole_extension_is_said_once() -> None:
    """_. catches h with each of its lines; it is said of the first in each context."""
    text = "[c]\nexten => _.,1,A\n same => n,B\nexten => _!,1,A\n[d]\nexten => _.,1,A\n same => n,B\n"
    assert [warning.split(": ")[0] for warning in load(text)[1]] == [f"extensions.conf:{line}" for line in (2, 4, 6)]


def test_the_context_of_parked_calls_is_there() -> None:
    """Asterisk makes it, under the name that the sample of res_parking.conf has."""
    assert load("[c]\ninclude => parkedcalls\n")[1] == []


def test_first_lines_that_need_one_before() -> None:
    """N without a priority before it and same without an exten are dropped."""
    _, warnings = load("[c]\nsame => n,A\nexten => 1,n,A\n")
    assert warnings == [
        "extensions.conf:2: error: 'same' without an exten line before it in [c]; Asterisk drops the line",
        "extensions.conf:3: warning: priority 'n' on the first line of [c]; Asterisk drops it",
    ]


def test_aliases_and_labels() -> None:
    """The same pattern in two spellings and a label given twice: the first counts."""
    dialplan, warnings = load("[c]\nexten => _X.,1,A\nexten => _[0-9].,1,B\nexten => 1,1(l),A\n same => n(l),B\n")
    assert dialplan.contexts["c"].extension("1").labels == {"l": 1}  # type: ignore[union-attr]
    assert [warning.split(": ", 2)[2] for warning in warnings] == [
        "extension _[0-9]. priority 1 in [c] is in use already (as _X.), at extensions.conf:2; Asterisk drops the line",
        "extension 1 priority 2 in [c]: label 'l' is in use already at priority 1; jumps go there",
    ]


def test_application_text() -> None:
    """Up to the first and last bracket; spaces inside stay, and a space before the bracket belongs to the name."""
    dialplan, _ = load(
        "[c]\nexten => 1,1,A( x )y\n same => n,A(a)(b)\n same => n,A (x)\n same => n,A,x\n same => n,  A\n"
    )
    assert list(steps(dialplan, "c", "1").values()) == ["A( x )", "A(a)(b)", "A (x)", "A,x()", "A()"]


def test_globals_are_substituted_at_load() -> None:
    """In names of extensions, includes and globals; never in applications."""
    dialplan, _ = load("[globals]\nA=1\nB=${A}2\n[c]\nexten => ${B}$[1+1],1,NoOp(${A})\ninclude => d${A}\n[d1]\n")
    assert dict(dialplan.globals) == {"A": "1", "B": "12"}
    assert steps(dialplan, "c", "122") == {1: "NoOp(${A})"}
    assert dialplan.contexts["c"].includes[0].name == "d1"


def test_callers_and_spaces() -> None:
    """A caller's number loses what is for the eye; an extension's name its spaces."""
    dialplan, _ = load("[c]\nexten => 1 2/(030) 55-1,1,A\nexten => _[ ]7 8,1,B\n")
    context = dialplan.contexts["c"]
    assert context.extension("12", "030551") is not None
    assert context.extension("_[ ]78") is not None
    assert shrink_number("(1) 2-3.4[5-6].") == "1234[5-6]."


def test_hints_and_settings() -> None:
    """A hint stands beside the steps; [general] is read in any letter case."""
    dialplan, _ = load(
        "[GENERAL]\nautofallthrough=no\nclearglobalvars=yes\n[c]\nexten => 1,hint,SIP/a\nexten => 1,1,A\n"
    )
    assert (dialplan.autofallthrough, dialplan.clearglobalvars, dialplan.new_pattern_match) == (False, True, False)
    assert steps(dialplan, "c", "1")[HINT] == "SIP/a()"
    assert dialplan.find("c", "1", 1) is not None


def test_timed_includes_and_switches() -> None:
    """A time that cannot be read is warned of; the same include twice is dropped; a switch matches nothing."""
    dialplan, warnings = load("[c]\ninclude => c,25:00\ninclude => c\ninclude => c\nswitch => IAX2/x\nignorepat => 9\n")
    context = dialplan.contexts["c"]
    assert [include.text for include in context.includes] == ["c,25:00", "c"]
    assert [(switch.name, switch.data, switch.kind) for switch in context.switches] == [("IAX2", "x", "switch")]
    assert context.ignorepats == ["9"]
    assert len(warnings) == 3


def test_an_invalid_file_keeps_the_old_dialplan() -> None:
    """At a reload; at the start there is none."""
    old, _ = load("[globals]\nG=1\n[c]\nexten => 1,1,A\n")
    again, diagnostics = load_extensions(Source("[c\n"), old)
    assert again is old
    assert diagnostics[0].severity == "error"
    assert load_extensions(Source("[c\n"))[0].contexts == {}
    assert dict(load_extensions(Source("[d]\n"), old)[0].globals) == {"G": "1"}


def test_settings_outlive_a_reload_that_does_not_mention_them() -> None:
    """The first line of a setting counts, of the first [general]; a reload without it changes nothing."""
    old, _ = load("[general]\nautofallthrough=no\nautofallthrough=yes\nextenpatternmatchnew=yes\n[general]\nx=y\n")
    assert (old.autofallthrough, old.new_pattern_match) == (False, True)
    new, _ = load_extensions(Source("[general]\nextenpatternmatchnew=maybe\n"), old)
    assert (new.autofallthrough, new.new_pattern_match) == (False, False)


def test_clearing_globals_does_not_wait_for_a_valid_file() -> None:
    """With clearglobalvars the next reload forgets global variables, even if it keeps the old contexts."""
    old, _ = load("[general]\nclearglobalvars=yes\n[globals]\nA=1\n[c]\nexten => 1,1,NoOp(x)\n")
    assert dict(old.globals) == {"A": "1"}
    kept, _ = load_extensions(Source("garbage\n"), old)
    assert dict(kept.globals) == {}
    assert steps(kept, "c", "1") == {1: "NoOp(x)"}


def test_a_switch_twice_is_one() -> None:
    """Of two switches to the same place, in any letter case and of any kind, the first stays."""
    dialplan, warnings = load("[c]\nswitch => Loopback/a@b\neswitch => LOOPBACK/A@b\nlswitch => Loopback/a\n")
    assert [switch.data for switch in dialplan.contexts["c"].switches] == ["a@b", "a"]
    assert "extensions.conf:3: warning: [c] has the switch 'LOOPBACK/A@b' already; Asterisk drops the line" in warnings


def test_split_extension() -> None:
    """Commas in square brackets and after a backslash do not count."""
    assert split_extension("_[1,2]3,1,A") == ("_[1,2]3", "1,A")
    assert split_extension("a\\,b,1,A") == ("a\\,b", "1,A")
    assert split_extension("abc") == ("abc", "")


def test_a_long_file_loads_in_linear_time() -> None:
    """Ten times the lines take about ten times as long."""

    def seconds(lines: int) -> float:
        text = "[c]\n" + "".join(
            f"exten => {n},1,NoOp({n})\nexten => _{n}X.,1,NoOp({n})\n same => n,Hangup()\n" for n in range(lines // 3)
        )
        gc.collect()
        start = time.process_time()
        load_extensions(Source(text))
        return time.process_time() - start

    seconds(1_000)
    assert seconds(30_000) < 40 * max(seconds(3_000), 0.01)


@given(
    st.text(max_size=80)
    | st.lists(
        st.sampled_from(
            [
                "exten",
                "same",
                "include",
                "=>",
                " ",
                "\n",
                "[c]",
                "(",
                ")",
                ",",
                "1",
                "n",
                "_X.",
                "${A}",
                "$[",
                "hint",
                "/",
                "[",
                "]",
            ]
        ),
        max_size=40,
    ).map("".join)
)
def test_no_text_raises(text: str) -> None:
    """Whatever stands in the file, there is a dialplan."""
    assert isinstance(load_extensions(Source("[c]\n" + text))[0], Dialplan)


@pytest.mark.skipif(not SAMPLES, reason="no Asterisk is installed on this machine")
def test_asterisks_own_samples() -> None:
    """The sample file that comes with Asterisk loads without an error."""
    for folder in SAMPLES:
        for path in folder.glob("**/extensions.conf*"):
            assert not [item for item in load_extensions(Source.load(path))[1] if item.severity == "error"]
