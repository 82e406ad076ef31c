"""extensions.conf -> a Dialplan, line by line as Asterisk's pbx_config reads it.

``[general]`` and ``[globals]`` (in any letter case) are settings, every other section is a context; a section that is
opened again goes on where it was. Of two lines with the same extension and priority the first stays. ``n`` counts on
from the line before, whatever its extension was; ``same`` repeats the extension of the last ``exten`` line. Global
variables and expressions in the names of extensions, in includes and in ``[globals]`` are substituted here; everything
else is left for the call.
"""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from stasis_sim.conf.syntax import ConfigFile, Diagnostic, Section, Source, Variable, read
from stasis_sim.handoff.clib.text import BLANKS, atoi, cut, fold, says_yes, scan_int, strip, wrap_int
from stasis_sim.handoff.dialplan.contexts import HINT, PARKED_CALLS, Context, Dialplan, Include, Step, Switch
from stasis_sim.handoff.dialplan.pbx import Pbx
from stasis_sim.handoff.dialplan.thread import SilentHost
from stasis_sim.handoff.dialplan.timing import parse_time

_NAME_BYTES: Final = 255
_VALUE_BYTES: Final = 8191
_NO_PRIORITY: Final = -2
_CATCH_ALL: Final = {"_.": "_X.", "_!": "_X!"}
_SWITCHES: Final = frozenset({"switch", "lswitch", "eswitch"})


def load_extensions(source: Source, old: Dialplan | None = None) -> tuple[Dialplan, list[Diagnostic]]:
    """Read an extensions.conf.

    Args:
        source: The file.
        old: The dialplan before a reload: it stays if the new file is invalid, and so do settings that the new one
            does not mention; its global variables live on unless it said ``clearglobalvars=yes``.

    Returns:
        The dialplan that Asterisk ends up with, and all that it would have warned of, in order.
    """
    parsed = read(source)
    old = Dialplan() if old is None else old
    if old.clearglobalvars:
        # Asterisk clears them before it looks at the new file, whatever becomes of that.
        old = replace(old, globals=MappingProxyType({}))
    if not parsed.valid:
        return old, parsed.diagnostics
    loader = _Loader(parsed, old)
    loader.load()
    return loader.dialplan, loader.diagnostics


class _LogHost(SilentHost):
    """Takes what substitution warns of, for the line at hand."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, level: str, text: str) -> None:
        if level != "VERBOSE":
            self.lines.append(text)


class _Loader:
    """Fills a dialplan from a parsed file."""

    def __init__(self, parsed: ConfigFile, old: Dialplan) -> None:
        self.parsed = parsed
        self.diagnostics = parsed.diagnostics
        self.dialplan = Dialplan(autofallthrough=old.autofallthrough, new_pattern_match=old.new_pattern_match)
        self.host = _LogHost()
        self.pbx = Pbx(self.dialplan, self.host)
        self.pbx.globals.update(old.globals)
        # Of the section at hand: the last `exten` with its caller id part, and the last priority.
        self.exten = ""
        self.priority = _NO_PRIORITY

    def load(self) -> None:
        """Read settings, then globals, then contexts: a context may use globals that stand below it."""
        self.settings()
        for section in self.parsed.sections:
            if fold(section.name) == "globals":
                for line in section.variables:
                    self.pbx.globals[line.name.lstrip("_")] = value = self.substituted(line.value, line)
                    self.dialplan.assigned.append((line.name, value))
        self.dialplan.globals = MappingProxyType(dict(self.pbx.globals))
        for section in self.parsed.sections:
            if fold(section.name) not in {"general", "globals"}:
                self.section(section)
        self.check_includes()

    def settings(self) -> None:
        """Take what counts of the first [general]; of several lines the first."""
        section = self.parsed.first("general")
        values: dict[str, str] = {}
        for line in () if section is None else section.variables:
            values.setdefault(fold(line.name), line.value)
        if "autofallthrough" in values:
            self.dialplan.autofallthrough = says_yes(values["autofallthrough"])
        if "extenpatternmatchnew" in values:
            self.dialplan.new_pattern_match = says_yes(values["extenpatternmatchnew"])
        self.dialplan.clearglobalvars = says_yes(values.get("clearglobalvars", ""))

    def section(self, section: Section) -> None:
        """Read one context."""
        context = self.dialplan.context(section.name, section.file, section.line)
        self.exten = ""
        self.priority = _NO_PRIORITY
        for line in section.variables:
            self.line(context, line)

    def line(self, context: Context, line: Variable) -> None:
        """Read one line of a context."""
        name = fold(line.name)
        if name.startswith("same"):
            self.same(context, line)
        elif name == "exten":
            exten, rest = split_extension(line.value)
            self.exten = cut(self.substituted(exten, line), _NAME_BYTES)
            self.step(context, line, rest)
        elif name == "include":
            self.include(context, line)
        elif name == "ignorepat":
            self.ignorepat(context, line)
        elif name in _SWITCHES:
            self.switch(context, line, name)
        elif name != "autohints":
            self.warn(line, f"unknown directive {line.name!r}; Asterisk ignores the line", "unknown-directive")

    def same(self, context: Context, line: Variable) -> None:
        """Read a line that repeats the extension before."""
        if not self.exten:
            text = f"{line.name!r} without an exten line before it in [{context.name}]; Asterisk drops the line"
            self.diagnostics.append(Diagnostic("error", line.file, line.line, text, "same-without-exten"))
            return
        self.step(context, line, line.value)

    def step(self, context: Context, line: Variable, rest: str) -> None:
        """Read ``priority[(label)],application(arguments)`` and add it."""
        exten, slash, caller_text = self.exten.partition("/")
        caller = shrink_number(caller_text) if slash else None
        priority_text, _, call = rest.partition(",")
        priority, label = self.read_priority(context, line, strip(priority_text), exten, caller)
        if priority is None:
            return
        application, data = self.split_call(line, call)
        self.priority = priority
        name = strip_blanks(exten)
        if name in _CATCH_ALL and context.extension(name, caller) is None:
            # Asterisk says it at each of its lines.
            what = f"extension {name} is h, i and t as well where there are none, and so runs again when a call ends"
            self.warn(line, f"{what}; Asterisk asks for {_CATCH_ALL[name]} instead", "catch-all")
        if not name:
            self.warn(line, "an extension without a name; Asterisk drops the line", "no-name")
            return
        if priority == HINT and "${" in application and not name.startswith("_"):
            application = self.pbx.substitute(None, application.replace("${EXTEN}", name))
        self.add(context, Step(priority, label, application, data, line.file, line.line, name), caller, line)

    def add(self, context: Context, step: Step, caller: str | None, line: Variable) -> None:
        """Add a step, or say why it is dropped."""
        added = context.add(step, caller)
        where = f"extension {step.pattern} priority {step.priority} in [{context.name}]"
        if added.taken is not None:
            alias = "" if added.taken.pattern == step.pattern else f" (as {added.taken.pattern})"
            first = f"{added.taken.file}:{added.taken.line}"
            self.warn(
                line, f"{where} is in use already{alias}, at {first}; Asterisk drops the line", "duplicate-priority"
            )
        elif added.labelled:
            text = f"{where}: label {step.label!r} is in use already at priority {added.labelled}; jumps go there"
            self.warn(line, text, "duplicate-label")

    def read_priority(
        self, context: Context, line: Variable, text: str, exten: str, caller: str | None
    ) -> tuple[int | None, str]:
        """Read ``n``, ``s``, ``hint``, a number or a label, each with ``+k`` and ``(label)``; None if it is wrong."""
        text, bracket, label = text.partition("(")
        if bracket:
            label, closing, _ = label.partition(")")
            if not closing:
                self.warn(line, "label without its ')'; Asterisk drops the line", "label-open")
                return None, ""
        text, plus, offset = text.partition("+")
        number = self.base_priority(context, line, text, exten, caller)
        if number is None:
            return None, ""
        # Asterisk drops, without a word, what has come to priority 0: `n` after a hint.
        if not number:
            return None, ""
        return wrap_int(number + (atoi(offset) if plus else 0)), label

    def base_priority(self, context: Context, line: Variable, text: str, exten: str, caller: str | None) -> int | None:
        """Read a priority without its offset."""
        if text == "hint":
            return HINT
        if text in {"n", "next", "s", "same"}:
            if self.priority <= _NO_PRIORITY:
                self.warn(
                    line, f"priority {text!r} on the first line of [{context.name}]; Asterisk drops it", "first-n"
                )
                return None
            return self.priority + (1 if text in {"n", "next"} else 0)
        number = scan_int(text)
        if number is None:
            number = next(
                (
                    extension.labels[text]
                    for extension in context.matching(strip_blanks(exten), caller or "")
                    if text in extension.labels
                ),
                0,
            )
            if not number:
                self.warn(
                    line, f"priority {text!r} is no number and no label here; Asterisk drops the line", "bad-priority"
                )
                return None
        if number < 1:
            self.warn(line, f"priority {text!r} is below 1; Asterisk drops the line", "bad-priority")
            return None
        return number

    def split_call(self, line: Variable, text: str) -> tuple[str, str]:
        """Take ``application(arguments)`` apart: up to the first opening and the last closing bracket."""
        call = text.lstrip(BLANKS)
        application, bracket, data = call.partition("(")
        if not bracket or "${" in application or "$[" in application:
            return call, ""
        inside, closing, behind = data.rpartition(")")
        if not closing:
            text = f"no closing bracket after {application}(; Asterisk takes the rest of the line as its argument"
            self.warn(line, text, "bracket-open")
            inside = data
        elif strip(behind):
            text = f"{strip(behind)!r} stands behind the last closing bracket of {application}(; Asterisk drops it"
            self.warn(line, text, "bracket-trailing")
        return application, inside

    def include(self, context: Context, line: Variable) -> None:
        """Read ``context[,times,weekdays,days,months[,zone]]``."""
        value = self.substituted(line.value, line)
        name, _, times = value.partition("|" if "|" in value else ",")
        condition = None
        if times:
            condition, warnings = parse_time(times)
            for warning in warnings:
                self.warn(line, f"{warning}; that part of the time holds never", "bad-time")
        if any(fold(include.text) == fold(value) for include in context.includes):
            self.warn(
                line, f"[{context.name}] includes {value!r} already; Asterisk drops the line", "duplicate-include"
            )
            return
        context.includes.append(Include(name, condition, value, line.file, line.line))

    def switch(self, context: Context, line: Variable, kind: str) -> None:
        """Read ``application/data``, with which other places are asked for extensions."""
        value = self.substituted(line.value, line) if kind == "switch" else line.value
        application, _, data = value.partition("/")
        if any((fold(old.name), fold(old.data)) == (fold(application), fold(data)) for old in context.switches):
            self.warn(
                line, f"[{context.name}] has the switch {value!r} already; Asterisk drops the line", "duplicate-switch"
            )
            return
        context.switches.append(Switch(application, data, kind, line.file, line.line))
        text = f"switch {value!r} asks elsewhere for extensions; a run does not, so that it matches nothing there"
        self.warn(line, text, "switch")

    def ignorepat(self, context: Context, line: Variable) -> None:
        """Read a prefix after which the dial tone goes on."""
        value = self.substituted(line.value, line)
        if value in context.ignorepats:
            self.warn(line, f"ignorepat {value!r} is there already; Asterisk drops the line", "duplicate-ignorepat")
        else:
            context.ignorepats.append(value)

    def check_includes(self) -> None:
        """Say which includes lead nowhere."""
        for context in self.dialplan.contexts.values():
            for include in context.includes:
                if include.name not in self.dialplan.contexts and include.name != PARKED_CALLS:
                    what = f"[{context.name}] includes [{include.name}], which does not exist"
                    text = f"{what}; Asterisk skips it, unless a module makes it (AEL, Lua, parking)"
                    self.diagnostics.append(Diagnostic("warning", include.file, include.line, text, "missing-include"))

    def substituted(self, text: str, line: Variable) -> str:
        """Substitute global variables and expressions."""
        if "$" not in text:
            return text
        result = cut(self.pbx.substitute(None, text), _VALUE_BYTES)
        for problem in self.host.lines:
            self.warn(line, f"{problem}; Asterisk goes on with {result!r}", "substitution")
        self.host.lines.clear()
        return result

    def warn(self, line: Variable, text: str, code: str) -> None:
        """Add a warning for a line."""
        self.diagnostics.append(Diagnostic("warning", line.file, line.line, text, code))


def split_extension(value: str) -> tuple[str, str]:
    """Split at the first comma that stands neither in square brackets nor after a backslash."""
    square = 0
    index = 0
    while index < len(value):
        char = value[index]
        if char == "[":
            square += 1
        elif char == "]":
            square = max(0, square - 1)
        elif char == "\\":
            index += 1
        elif char == "," and not square:
            return value[:index], value[index + 1 :]
        index += 1
    return value, ""


def strip_blanks(name: str) -> str:
    """Take the spaces out of an extension's name, except inside a pattern's sets."""
    if " " not in name:
        return name
    if not name.startswith("_"):
        return name.replace(" ", "")
    return "".join(part if part.startswith("[") else part.replace(" ", "") for part in re.split(r"(\[[^\]]*\]?)", name))


def shrink_number(number: str) -> str:
    """Take out of a caller's number what people write for the eye: ``( )``, ``-`` outside of sets, inner dots."""
    kept: list[str] = []
    square = 0
    for index, char in enumerate(number):
        if char in "[]":
            square += 1 if char == "[" else -1
        elif char in "( )" or (char == "-" and not square) or (char == "." and index + 1 < len(number)):
            continue
        kept.append(char)
    return "".join(kept)
