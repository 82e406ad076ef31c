"""The grammar of .conf files: what Asterisk's parser hands on, line by line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stasis_sim.conf.ari import load_ari
from stasis_sim.conf.extensions import load_extensions
from stasis_sim.conf.http import load_http
from stasis_sim.conf.syntax import ConfigFile, Source, read
from stasis_sim.conf.websocket_client import load_websocket_clients
from stasis_sim.errors import InputError
from stasis_sim.handoff.profiles import PROFILES

VECTORS = Path(__file__).parent.parent / "vectors"
INSTALLED = Path("/etc/asterisk")
"""Where Debian's asterisk-config puts the sample files."""


def values(text: str) -> list[str]:
    """Return the values of the first section."""
    return [variable.value for variable in read(Source(text)).sections[0].variables]


def names(parsed: ConfigFile) -> list[str]:
    """Return the names of the sections."""
    return [section.name for section in parsed.sections]


def codes(parsed: ConfigFile) -> list[tuple[str, int, str]]:
    """Return severity, line and code of what was reported."""
    return [(entry.severity, entry.line, entry.code) for entry in parsed.diagnostics]


def in_folder(folder: Path, **files: str) -> ConfigFile:
    """Write files (``__`` stands for a slash) and read main.conf."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".conf")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    return read(Source.load(folder / "main.conf", name="main.conf"))


def test_positions_order_and_duplicates_are_kept() -> None:
    """Each variable knows its file and line; the same name may come again; => is told from =."""
    parsed = read(Source("[a]\nx = 1\n\nx => 2\ny=3\n", "f.conf"))
    section = parsed.sections[0]
    assert (section.name, section.file, section.line) == ("a", "f.conf", 1)
    assert [tuple(variable) for variable in section.variables] == [
        ("x", "1", "f.conf", 2, False),
        ("x", "2", "f.conf", 4, True),
        ("y", "3", "f.conf", 5, False),
    ]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("exten => 1,n(label),App(a\\;b)", "1,n(label),App(a;b)"),
        ("exten => 1,1,App(a\\\\;b)", "1,1,App(a\\;b)"),
        ('exten => 1,1,App("a;b")', '1,1,App("a'),
        ("exten => 1,1,App(a;-- x --;b)", "1,1,App(ab)"),
        ("exten => 1,1,App(a) ;--- not a block", "1,1,App(a)"),
        ("exten = > 6,1", "> 6,1"),
        ("exten == 7,1", "= 7,1"),
        ("exten =>  1 , 2  ", "1 , 2"),
        ("\\exten => 1", "1"),
        ("exten =>", ""),
    ],
)
def test_a_value_is_what_asterisk_hands_on(line: str, value: str) -> None:
    r"""Comments and outer white space go, \; is a semicolon, quotes and the rest stay."""
    assert values(f"[a]\n{line}\n") == [value]


def test_block_comments_nest_and_span_lines() -> None:
    """Text behind --; is read again."""
    assert values("[a]\nx=1\n;-- one\n;-- two --;\nx=2\n--; x=3\nx=4\n") == ["1", "3", "4"]


def test_a_block_that_is_never_closed_swallows_the_rest() -> None:
    """The file stays valid."""
    parsed = read(Source("[a]\nx=1\n;-- open\nx=2\n[b]\n"))
    assert parsed.valid
    assert names(parsed) == ["a"]
    assert codes(parsed) == [("warning", 3, "comment-unterminated")]


def test_a_stray_end_of_a_block_swallows_what_follows() -> None:
    """Its own line is read with the --; in it."""
    parsed = read(Source("[a]\nx=1 --; y\nx=2\n"))
    assert [variable.value for variable in parsed.sections[0].variables] == ["1 --; y"]
    assert codes(parsed) == [("warning", 0, "comment-unterminated")]


def test_templates_come_before_a_section_s_own_lines() -> None:
    """A template is invisible; copies keep the place where they were written; bases may be ordinary sections."""
    parsed = read(Source("[t](!)\nx=t\n[a](t)\nx=a\n[b](a,t)\n[T2](!,T)\n[c](t2)\n"))
    assert names(parsed) == ["a", "b", "c"]
    assert [[(v.value, v.line) for v in section.variables] for section in parsed.sections] == [
        [("t", 2), ("a", 4)],
        [("t", 2), ("a", 4), ("t", 2)],
        [("t", 2)],
    ]


def test_a_section_with_a_plus_goes_on_with_the_first_of_its_name() -> None:
    """A section opened again without it is another one."""
    parsed = read(Source("[a]\nx=1\n[a]\nx=2\n[A](+)\nx=3\n"))
    assert [[v.value for v in section.variables] for section in parsed.sections] == [["1", "3"], ["2"]]


def test_a_plus_can_ask_for_templates() -> None:
    """Without TEMPLATES=include a template is not found."""
    good = "[t](!)\nx=1\n[t](+TEMPLATES=include)\nx=2\n[a](t)\n"
    assert values(good) == ["1", "2"]
    assert not read(Source(good.replace("+TEMPLATES=include", "+"))).valid


def test_plus_equals_glues_onto_the_last_line_of_the_name() -> None:
    """The line's place stays; without such a line it is an ordinary one."""
    parsed = read(Source("[a]\nx = one\ny = 1\nx += -more\nz += 5\nz +=> 6\n"))
    assert [tuple(v)[:4] for v in parsed.sections[0].variables] == [
        ("x", "one -more", "<text>", 2),
        ("y", "1", "<text>", 3),
        ("z", "5> 6", "<text>", 5),
    ]


@pytest.mark.parametrize(
    ("lines", "values"),
    [
        (["x=1", "x=1", "x+=2"], ["12", "1"]),
        (["x=1", "x=3", "x=1", "x+=2"], ["12", "3", "1"]),
        (["x=1", "x=1", "x+=2", "x+=3"], ["12", "13"]),
        (["x=1", "X=1", "x+=2"], ["12", "1"]),
    ],
)
def test_plus_equals_changes_the_first_line_that_has_the_last_ones_value(lines: list[str], values: list[str]) -> None:
    """Found by its value, which several lines may have."""
    parsed = read(Source("\n".join(["[a]", *lines])))
    assert [variable.value for variable in parsed.sections[0].variables] == values


@pytest.mark.parametrize(
    ("text", "line", "code", "message"),
    [
        ("x=1\n[a]\n", 1, "no-section", "a line before the first [section]"),
        ("[a]\n[b\n", 2, "header-unclosed", "a section header without its closing ]"),
        ("[a]\n[b](t\n", 2, "header-options-unclosed", "the options of [b] lack their closing )"),
        ("[a](t)\n", 1, "template-missing", "[a] inherits from 't', which does not exist"),
        ("[a](+)\n", 1, "section-missing", "[a](+) adds to a section that does not exist"),
        ("[a]\n#include no.conf\n", 2, "include-missing", "#include of 'no.conf': there is no such file"),
        ("[a]\n#include no*\n", 2, "include-missing", "#include of 'no*': there is no such file"),
        ("[a]\n\\ x=1\n", 2, "escape-invalid", "a \\ at the start of a line needs a visible ASCII character"),
        ("[a]\n[a](+,a)\n", 2, "inheritance-endless", "[a] inherits more than Asterisk's memory holds"),
    ],
)
def test_what_makes_a_whole_file_invalid(tmp_path: Path, text: str, line: int, code: str, message: str) -> None:
    """Nothing of it is used, and the error says where and why."""
    parsed = read(Source(text, "x.conf", tmp_path))
    assert not parsed.valid
    assert parsed.sections == []
    error = parsed.diagnostics[-1]
    assert (error.severity, error.line, error.code) == ("error", line, code)
    assert str(error) == f"x.conf:{line}: error: {message}; Asterisk uses nothing of this file"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("no equals sign", "no-equals"),
        ("= 5", "no-name"),
        ("#frob x", "directive-unknown"),
        ("#include", "include-empty"),
        ("#exec /bin/false", "exec-skipped"),
        ("[b] trailing", "header-trailing"),
        ("x = " + "y" * 8187, "line-too-long"),
    ],
)
def test_what_only_costs_its_own_line(line: str, code: str) -> None:
    """A warning with the line, and everything else is read."""
    parsed = read(Source(f"[a]\nx=1\n{line}\nx=2\n"))
    assert codes(parsed) == [("warning", 3, code)]
    assert [v.value for section in parsed.sections for v in section.variables] == ["1", "2"]


def test_long_lines_are_counted_in_bytes() -> None:
    """8190 bytes still fit."""
    assert [len(value) for value in values("[a]\nx=" + "y" * 8188 + "\nx=" + "ä" * 4094 + "\nx=ä" + "ä" * 4094)] == [
        8188,
        4094,
    ]


def test_section_names_keep_their_spaces_and_79_bytes() -> None:
    """The header's name is what stands between [ and the first ]."""
    assert names(read(Source(f"[ a b ]\n[]\n[{'n' * 90}]\n"))) == [" a b ", "", "n" * 79]


def test_line_ends_and_byte_order_mark() -> None:
    """CRLF is fine, a bare CR is no line end, the mark at the start is skipped, text behind a NUL is lost."""
    assert values("\ufeff[a]\r\nx = 1\r\nx = 2\0 3\r\n") == ["1", "2"]
    assert read(Source("[a]\rx = 1\r")).sections[0].variables == []


def test_bytes_that_are_no_utf8_survive(tmp_path: Path) -> None:
    """They come back as they were when the value is encoded again."""
    (tmp_path / "x.conf").write_bytes(b"[a]\nx = \xff\xe9\n")
    value = read(Source.load(tmp_path / "x.conf")).sections[0].variables[0].value
    assert value.encode("utf-8", "surrogateescape") == b"\xff\xe9"


def test_include_goes_on_in_the_open_section(tmp_path: Path) -> None:
    """An included file starts in the section that was opened last anywhere; its own sections end with it."""
    parsed = in_folder(
        tmp_path,
        main='[a]\nx=1\n#include one.conf\nx=3\n#include "two.conf"\nx=5\n#include <sub/three.conf>\nx=7\n',
        one="x=2\n",
        two="[b]\nx=4\n",
        sub__three="x=6\n",
    )
    assert [(section.name, [v.value for v in section.variables]) for section in parsed.sections] == [
        ("a", ["1", "2", "3", "5", "7"]),
        ("b", ["4", "6"]),
    ]
    assert [v.file for v in parsed.sections[1].variables] == ["two.conf", "sub/three.conf"]


def test_include_takes_globs_relative_to_the_base(tmp_path: Path) -> None:
    """In the order of their names; a nested include is relative to the base too, not to its file."""
    parsed = in_folder(
        tmp_path,
        main="[a]\n#include d/*.conf\n#include d/{2,1}.conf\n#tryinclude none.conf\n",
        d__2="x=2\n",
        d__1="x=1\n#include other.conf\n",
        other="x=o\n",
    )
    assert [v.value for v in parsed.sections[0].variables] == ["1", "o", "2", "2", "1", "o"]
    assert parsed.diagnostics == []


def test_asterisks_own_folder_is_the_base(tmp_path: Path) -> None:
    """A path below /etc/asterisk is one below the base: files are read beside the one that includes them."""
    parsed = in_folder(
        tmp_path,
        main="[a]\n#include /etc/asterisk/d/*.conf\n#include </etc/asterisk/x.conf>\n",
        d__1="x=1\n",
        x="x=2\n",
    )
    assert [(v.value, v.file) for v in parsed.sections[0].variables] == [("1", "d/1.conf"), ("2", "x.conf")]


def test_a_fault_in_an_included_file_ends_that_file_only(tmp_path: Path) -> None:
    """What stood before the fault counts."""
    parsed = in_folder(tmp_path, main="[a]\n#include bad.conf\nx=2\n", bad="x=1\n[oops\nx=9\n")
    assert parsed.valid
    assert [v.value for v in parsed.sections[0].variables] == ["1", "2"]
    assert codes(parsed) == [("error", 2, "header-unclosed")]
    assert str(parsed.diagnostics[0]).endswith("; Asterisk reads no further in this file")


def test_a_file_that_includes_itself_is_stopped(tmp_path: Path) -> None:
    """Ten levels are read, as in Asterisk; and nine includes of itself, which make 9^10 files, do not hang."""
    parsed = in_folder(tmp_path, main="[a]\nx=1\n#include main.conf\n")
    assert len(parsed.sections) == 11
    assert [code for _, _, code in codes(parsed)] == ["include-nesting"]
    wild = in_folder(tmp_path, main="[a]\n" + "#tryinclude main.conf\n" * 9)
    assert "include-endless" in {code for _, _, code in codes(wild)}


def test_a_file_that_is_not_there_says_what_to_write(tmp_path: Path) -> None:
    """The exact text."""
    with pytest.raises(InputError) as caught:
        Source.load(tmp_path / "no.conf", name="no.conf")
    assert str(caught.value) == "no.conf: there is no such file; write the path of an Asterisk .conf file"


ALPHABET = st.sampled_from([*'ab=>+;-[]()!,#\\"<> \t\r\n\0{}*?1é\ud800', "#include ", "[a]\n", ";--", "--;", "=>"])
REAL = [
    text
    for file in ("http_conf.json", "ari_conf.json")
    for case in json.loads((VECTORS / file).read_text("utf-8"))
    for text in (case["http.conf"], case["ari.conf"])
    if text
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A real file with a few pieces cut out or put in."""
    text: str = draw(st.sampled_from(REAL))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.lists(ALPHABET).map("".join)) + text[at + draw(st.integers(0, 4)) :]
    return text


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), st.lists(ALPHABET, max_size=200).map("".join), mutated()))
@example("[a]\n#include [\n")
@example("[a](+x=[)\n[a](+[=x)\n")
@example("[general]\nenabled=yes\ntlsenable=yes\ntlsbindaddr=[::1\nbindaddr=[\nbindport=" + "9" * 5000)
def test_no_text_makes_a_reader_raise(text: str) -> None:
    """Whatever stands in a file is read or reported, by the grammar and by the three readers above it."""
    source = Source(text, "fuzz.conf", Path(__file__).parent / "nowhere")
    read(source)
    for profile in PROFILES.values():
        http, _ = load_http(source, profile.access)
        assert (http.plain_listener is None) or http.enabled
        load_ari(source, profile.access)
    load_websocket_clients(source)


FOLDER = ["a.conf", "b.conf", "sub/c.conf"]
LINES = st.one_of(
    st.sampled_from([*FOLDER, "*.conf", "*/*.conf", "{a,b}.conf", "sub", "."]).map(lambda name: f"#include {name}\n"),
    st.sampled_from(["#tryinclude a.conf\n", "[a]\n", "[b](a)\n", "[a](+)\n", "x=1\n", "x+=2\n", ";--\n", "--;\n"]),
    st.sampled_from([8_190, 8_191, 100_000]).map(lambda size: "x=" + "y" * (size - 2) + "\n"),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(st.lists(LINES, max_size=12).map(lambda lines: "".join(lines).encode()), st.binary()),
        min_size=len(FOLDER),
        max_size=len(FOLDER),
    )
)
def test_files_that_include_each_other_end(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> None:
    """In circles, by globs, with long lines and bytes of any kind: what is read is bounded."""
    folder = tmp_path_factory.getbasetemp() / "including"
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    for name, content in zip(FOLDER, contents, strict=True):
        (folder / name).write_bytes(content)
    source = Source.load(folder / FOLDER[0])
    assert read(source).name == source.name
    load_http(source)
    load_ari(source)
    load_extensions(source)


def test_only_regular_files_are_included(tmp_path: Path) -> None:
    """A pipe is none: nobody waits for what may never come."""
    os.mkfifo(tmp_path / "pipe.conf")
    parsed = in_folder(tmp_path, main="[a]\nx=1\n#include pipe.conf\n")
    assert [code for _, _, code in codes(parsed)] == ["include-unreadable", "include-missing"]


@pytest.mark.skipif(not INSTALLED.is_dir(), reason="no sample files of Asterisk in /etc/asterisk (asterisk-config)")
def test_the_sample_files_of_asterisk_can_be_read() -> None:
    """Not one of them is invalid."""
    for path in sorted(INSTALLED.glob("*.conf")):
        assert read(Source.load(path)).valid, path
