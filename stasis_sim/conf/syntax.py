r"""The grammar of Asterisk's .conf files, with the position of everything.

:func:`read` turns a :class:`Source` into a :class:`ConfigFile`::

    parsed = read(Source.load(Path("asterisk/extensions.conf")))
    for section in parsed.sections:              # in file order; a section opened twice is there twice
        for variable in section.variables:       # in Asterisk's order; duplicates kept
            variable.name, variable.value, variable.file, variable.line, variable.arrow

What a reader of the result can rely on:

* Names and values come out as Asterisk's parser hands them on: comments and the white space around are gone, ``\;`` is
  ``;``, everything else (quotes, inner spaces, ``(`` ``,`` ``;`` in ``n(label),App(a;b)``) is untouched. Section and
  variable names keep their letter case; who looks them up decides (see :func:`~stasis_sim.handoff.clib.text.fold`).
* ``=`` and ``=>`` differ only in ``Variable.arrow``.
* ``[x](base)`` holds copies of base's lines before its own; a copy keeps the file and line where it was written.
  ``[x](+)`` adds to the first section of that name and makes no new one. Templates (``!``) are not in ``sections``.
* ``name += value`` is already glued onto the last line of that name.
* ``valid`` is False where Asterisk throws the whole file away; ``sections`` is empty then, and ``diagnostics`` has the
  error that did it. Everything else that Asterisk only warns of is in ``diagnostics`` too, in the order it is met.
* Text that is no UTF-8 survives as surrogates (``surrogateescape``); limits on lengths count bytes as Asterisk does.
* ``#include`` is relative to ``Source.base``, the folder that stands for /etc/asterisk, never to the including file; so
  is a path that begins with /etc/asterisk/.

Nothing here raises for anything that stands in a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from stasis_sim.conf.comments import NESTING_LIMIT, Comments
from stasis_sim.conf.files import byte_length, cut_bytes, expand, read_regular, read_text, unquote
from stasis_sim.errors import InputError
from stasis_sim.handoff.clib.text import fold, strip

LINE_LIMIT = 8190
"""Bytes of a line, without its newline, that Asterisk's buffer of 8192 holds."""

SECTION_LIMIT = 79
"""Bytes of a section's name; the rest is cut off."""

INCLUDE_LIMIT = 10
"""Levels of #include below the file itself."""

READ_LIMIT = 10_000
"""Files that one may include, and a thousand times as many inherited lines: our own limits, so that none hangs us.

A long file counts as several of READ_LIMIT characters."""


class IncludedFile(NamedTuple):
    """A file that was included: its name as messages show it, and its text."""

    name: str
    text: str


Included: TypeAlias = Mapping[str, Sequence[IncludedFile]]
"""For each pattern behind an ``#include`` the files that it stands for, in their order."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a .conf file and where it comes from.

    Attributes:
        text: The whole file; line ends are as in the file.
        name: The file as messages show it.
        base: The folder that ``#include`` starts from, Asterisk's /etc/asterisk.
        included: What each ``#include`` finds, where it is not to be looked for in the folder.
    """

    text: str
    name: str = "<text>"
    base: Path = field(default_factory=Path)
    included: Included | None = None

    @classmethod
    def load(cls, path: Path, *, name: str | None = None, base: Path | None = None) -> Source:
        """Read a file; its own folder is the base unless another is given.

        Raises:
            InputError: The file cannot be read.
        """
        shown = name if name is not None else str(path)
        try:
            text = read_text(path)
        except FileNotFoundError:
            raise InputError.at(shown, "there is no such file; write the path of an Asterisk .conf file") from None
        except OSError as error:
            raise InputError.at(shown, f"cannot be read: {error.strerror}; Asterisk needs a readable file") from None
        return cls(text, shown, path.parent if base is None else base)


Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something in a file that Asterisk stumbles over, or a person should know.

    Attributes:
        severity: ``error`` where Asterisk drops more than the line itself, else ``warning``.
        file: The file as messages show it.
        line: 1-based line; 0 for the whole file.
        text: What is wrong and what Asterisk does with it.
        code: A short stable name of the kind.
        discards: Whether Asterisk discards the whole file for it.
    """

    severity: Severity
    file: str
    line: int
    text: str
    code: str
    discards: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.severity}: {self.text}"


class Variable(NamedTuple):
    """One ``name = value`` of a section, with the place where it was written."""

    name: str
    value: str
    file: str
    line: int
    arrow: bool = False


@dataclass(slots=True)
class Section:
    """A ``[name]`` with its variables in Asterisk's order.

    Attributes:
        name: The name as written, with its spaces, cut to 79 bytes.
        file: Where its header stands.
        line: Line of its header.
        variables: Inherited ones first, then its own, then those of ``[name](+)``.
        template: Whether it was opened with ``(!)``; only bases are.
    """

    name: str
    file: str
    line: int
    variables: list[Variable] = field(default_factory=list)
    template: bool = False


@dataclass(slots=True)
class ConfigFile:
    """What Asterisk's parser made of a file and all that it includes.

    Attributes:
        name: The file as messages show it.
        valid: False where Asterisk uses nothing of the file.
        sections: All sections but templates, in order.
        diagnostics: What was wrong, in the order it was met.
        included: The files that it includes, by the pattern that stands for them.
    """

    name: str
    valid: bool
    sections: list[Section]
    diagnostics: list[Diagnostic]
    included: dict[str, list[IncludedFile]]

    def first(self, name: str) -> Section | None:
        """Return the first section of a name, without regard to letter case: the one most modules look at."""
        wanted = fold(name)
        return next((section for section in self.sections if fold(section.name) == wanted), None)


def read(source: Source) -> ConfigFile:
    """Read a .conf file with all its includes as Asterisk does."""
    reader = _Reader(source.base, source.included)
    valid = reader.read_group([IncludedFile(source.name, source.text)])
    sections = [section for section in reader.sections if not section.template] if valid else []
    return ConfigFile(source.name, valid, sections, reader.diagnostics, reader.included)


class _Invalid(Exception):  # noqa: N818 - it is how a file ends, not a fault of the program
    """The rest of the file at hand is not read; at the top the whole of it counts for nothing."""


class _Reader:
    """Reads one file and what it includes into sections."""

    def __init__(self, base: Path, known: Included | None) -> None:
        self.base = base
        self.known = known
        self.sections: list[Section] = []
        self.diagnostics: list[Diagnostic] = []
        # The section that was opened or added to last, in any file: an included file starts in it.
        self.latest: Section | None = None
        self.level = 0
        self.files = 0
        self.included: dict[str, list[IncludedFile]] = {}
        self.inherited = 0
        self.by_name: dict[str, list[Section]] = {}
        # Where we are, for messages.
        self.file = ""
        self.line = 0
        # The section that the file at hand is in.
        self.section: Section | None = None

    def report(self, severity: Severity, code: str, text: str, line: int | None = None) -> None:
        """Note something about the line at hand."""
        self.diagnostics.append(Diagnostic(severity, self.file, self.line if line is None else line, text, code))

    def invalid(self, code: str, text: str) -> _Invalid:
        """Note what makes the file at hand invalid; the caller raises the result."""
        fate = "Asterisk uses nothing of this file" if self.level == 1 else "Asterisk reads no further in this file"
        place = (self.file, self.line)
        self.diagnostics.append(Diagnostic("error", *place, f"{text}; {fate}", code, discards=self.level == 1))
        return _Invalid()

    def read_group(self, files: list[IncludedFile]) -> bool:
        """Read the files of one #include (several for a glob), or the file that all begins with.

        Asterisk treats the files of a glob as one: a section or a block comment goes on from one to the next.
        """
        place = (self.file, self.line, self.section)
        self.level += 1
        self.section = self.latest
        comments = Comments()
        try:
            for index, file in enumerate(files):
                self._read_file(file, comments, first=index == 0)
        except _Invalid:
            # Asterisk forgets to count the level down here, so includes that follow may nest less deep.
            return False
        finally:
            self.file, self.line, self.section = place
        self.level -= 1
        return True

    def _read_file(self, file: IncludedFile, comments: Comments, *, first: bool) -> None:
        self.file = file.name
        try:
            for self.line, line in enumerate(_lines(file.text, first=first), 1):
                if len(line) > LINE_LIMIT // 4 and byte_length(line) > LINE_LIMIT:
                    self.report("warning", "line-too-long", f"a line of more than {LINE_LIMIT} bytes is skipped")
                    continue
                text = comments.strip(line, self.line)
                if text is not None and (text := strip(text)):
                    self._take(text)
        finally:
            self._report_comments(comments)

    def _report_comments(self, comments: Comments) -> None:
        if comments.too_deep:
            text = f"block comments nest deeper than {NESTING_LIMIT}; Asterisk hangs on such a file"
            self.report("error", "comment-nesting", text)
            comments.too_deep = False
        if comments.depth:
            opened = comments.opened.get(comments.depth, 0)
            why = "this block comment is never closed" if opened else "a --; closes a block comment that nobody opened"
            self.report("warning", "comment-unterminated", f"{why}; the rest of the file is swallowed", opened)

    def _take(self, text: str) -> None:
        first = text[0]
        if first == "[":
            self._header(text)
        elif first == "#":
            self._directive(text)
        else:
            self._assign(text)

    # -- [section](options)

    def _header(self, text: str) -> None:
        close = text.find("]")
        if close < 0:
            raise self.invalid("header-unclosed", "a section header without its closing ]")
        name = text[1:close]
        new: Section | None = Section(cut_bytes(name, SECTION_LIMIT), self.file, self.line)
        if text.startswith("(", close + 1):
            end = text.find(")", close + 2)
            if end < 0:
                raise self.invalid("header-options-unclosed", f"the options of [{name}] lack their closing )")
            new = self._options(name, new, text[close + 2 : end].split(","))
        elif strip(text[close + 1 :]):
            rest = strip(text[close + 1 :])
            self.report("warning", "header-trailing", f"{rest!r} behind [{name}] is ignored")
        if new is not None:
            self.section = self.latest = new
            self.sections.append(new)
            self.by_name.setdefault(fold(new.name), []).append(new)

    def _options(self, name: str, new: Section | None, options: list[str]) -> Section | None:
        """Apply what stands in ( ) behind a header; return the new section, or None where it went into an old one."""
        target = new
        for option in options:
            if option == "!":
                if target is not None:
                    target.template = True
            elif option.startswith("+"):
                target = self._find(name, option[1:])
                if target is None:
                    raise self.invalid("section-missing", f"[{name}](+) adds to a section that does not exist")
                if new is not None:
                    target.template |= new.template
                    target.variables += new.variables
                    self.section = self.latest = target
                    new = None
            else:
                base = self._find(option, "TEMPLATES=include")
                if base is None:
                    raise self.invalid("template-missing", f"[{name}] inherits from {option!r}, which does not exist")
                if target is not None:
                    self._inherit(name, target, base)
        return new

    def _inherit(self, name: str, target: Section, base: Section) -> None:
        self.inherited += len(base.variables)
        if target is base or self.inherited > READ_LIMIT * 1000:
            raise self.invalid("inheritance-endless", f"[{name}] inherits more than Asterisk's memory holds")
        target.variables += base.variables

    def _find(self, name: str, conditions: str) -> Section | None:
        """Return the first section of a name that meets the conditions; an empty name is any section's."""
        candidates = self.by_name.get(fold(name), []) if name else self.sections
        return next((section for section in candidates if _meets(section, conditions)), None)

    # -- #include and the like

    def _directive(self, text: str) -> None:
        end = next((at for at, letter in enumerate(text) if not "!" <= letter <= "\x7f"), len(text))
        word, argument = text[1:end], strip(text[end + 1 :])
        kind = fold(word)
        if kind == "exec":
            self.report("warning", "exec-skipped", "#exec is skipped: Asterisk runs it only with execincludes = yes")
        elif kind not in {"include", "tryinclude"}:
            text = f"{_short(text)!r} is no directive, and a comment begins with ; and not #; the line is skipped"
            self.report("warning", "directive-unknown", text)
        elif not argument:
            self.report("warning", "include-empty", f"#{word} needs a file name; the line is skipped")
        else:
            self._include(unquote(argument), optional=kind == "tryinclude")

    def _include(self, pattern: str, *, optional: bool) -> None:
        deep = self.level > INCLUDE_LIMIT
        files = [] if deep else list(self._included(pattern))
        self.files += sum(1 + len(file.text) // READ_LIMIT for file in files)
        if self.files > READ_LIMIT:
            raise self.invalid("include-endless", f"#include of {pattern!r}: more than {READ_LIMIT} files in all")
        if not deep:
            self.included[pattern] = files
        if files:
            # A fault in an included file ends that file only.
            self.read_group(files)
        elif not optional:
            why = f"nested deeper than {INCLUDE_LIMIT} levels" if deep else "there is no such file"
            raise self.invalid("include-nesting" if deep else "include-missing", f"#include of {pattern!r}: {why}")

    def _included(self, pattern: str) -> Iterator[IncludedFile]:
        if self.known is not None:
            yield from self.known.get(pattern, ())
            return
        for path in expand(self.base, pattern.removeprefix("/etc/asterisk/")):
            try:
                yield IncludedFile(path, read_regular(self.base / path))
            except (OSError, ValueError):
                self.report("warning", "include-unreadable", f"{path!r} cannot be read as a file and is ignored")

    # -- name = value

    def _assign(self, text: str) -> None:
        section = self.section
        if section is None:
            raise self.invalid("no-section", "a line before the first [section]")
        escaped = text[0] == "\\"
        if escaped:
            text = text[1:]
            if not "!" <= text[:1] <= "\x7f":
                raise self.invalid("escape-invalid", "a \\ at the start of a line needs a visible ASCII character")
        at = text.find("=", 1 if escaped else 0)
        if at < 0:
            self.report("warning", "no-equals", f"no '=' in {_short(text)!r}; the line is skipped")
            return
        glue = at > escaped and text[at - 1] == "+"
        name = strip(text[: at - 1 if glue else at])
        value = text[at + 1 :]
        arrow = not glue and value.startswith(">")
        if glue and self._glue(section, name, value):
            return
        if not name:
            self.report("warning", "no-name", f"no name before '=' in {_short(text)!r}; the line is skipped")
            return
        value = strip(value[1:] if arrow else value)
        section.variables.append(Variable(name, value, self.file, self.line, arrow))

    @staticmethod
    def _glue(section: Section, name: str, more: str) -> bool:
        """Append to the value of the last variable of that name; False where there is none.

        Asterisk takes the value of the last variable of this very name, but then changes the first one that has this
        value, and the name in any letter case; if the value is empty, the first of the name.
        """
        variables = section.variables
        old = next((variable for variable in reversed(variables) if variable.name == name), None)
        if old is None:
            return False
        wanted, value = fold(name), fold(old.value)
        for index, variable in enumerate(variables):
            if fold(variable.name) == wanted and (not value or fold(variable.value) == value):
                glued = strip(old.value + more)
                variables[index] = variable._replace(name=name, value=glued)
                break
        return True


def _lines(text: str, *, first: bool) -> Iterator[str]:
    """Yield the lines of a file; a line ends at a newline only, and counts up to a NUL only."""
    if first and text.startswith("\ufeff"):
        text = text[1:]
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    if "\0" in text:
        return (line.partition("\0")[0] for line in lines)
    return iter(lines)


def _short(text: str) -> str:
    """Return the beginning of a text for a message."""
    limit = 40
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _meets(section: Section, conditions: str) -> bool:
    """Whether a section meets ``name=pattern&...``; without conditions any but a template does.

    ``TEMPLATES=include`` lets templates in, ``TEMPLATES=restrict`` nothing else.
    """
    if not conditions:
        return not section.template
    allowed = not section.template
    for condition in conditions.split("&"):
        name, equals, value = map(strip, condition.partition("="))
        if not equals:
            return False
        if name == "TEMPLATES":
            kind = fold(value)
            if kind not in {"include", "restrict"} or (kind == "restrict" and not section.template):
                return False
            allowed = True
        elif not _has(section, name, value):
            return False
    return allowed


def _has(section: Section, name: str, value: str) -> bool:
    """Whether a section has a variable whose name and value match two regular expressions."""
    try:
        names, values = re.compile(name), re.compile(value)
    except re.error:
        return False
    return any(names.search(variable.name) and values.search(variable.value) for variable in section.variables)
