"""The dialplan as data, and the look-up of a place in it.

A :class:`Dialplan` is filled once, by conf/extensions.py or a test, through :meth:`Dialplan.context` and
:meth:`Context.add`, and not changed afterwards. :meth:`Dialplan.find` answers as Asterisk does: the context's own
extensions in the order of patterns.py, each only if it has the priority (or label) asked for and its caller id fits;
then its includes in file order, depth first, each context once, timed ones only while they hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from stasis_sim.handoff.clib.text import cut, fold
from stasis_sim.handoff.dialplan.newmatcher import NewMatcher
from stasis_sim.handoff.dialplan.patterns import Key, PatternIndex, identity, matches
from stasis_sim.handoff.dialplan.timing import TimeCondition

NAME_BYTES: Final = 79
"""What fits into the name of a context or an extension; what is dialled is cut to it."""

STACK_LIMIT: Final = 512
"""Contexts that one look-up visits at most."""

HINT: Final = -1
"""The priority under which an extension's hint is kept."""

PARKED_CALLS: Final = "parkedcalls"
"""The context that Asterisk makes for parked calls, under the name that its own res_parking.conf gives it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an extension.

    Attributes:
        priority: Its number.
        label: Its label or "".
        application: The application as it was written.
        data: Its argument as it was written.
        file, line: Where it stands.
        pattern: The extension as it was written there; one pattern may have two spellings.
    """

    priority: int
    label: str
    application: str
    data: str
    file: str = ""
    line: int = 0
    pattern: str = ""


@dataclass(slots=True)
class Extension:
    """A name or pattern, with a caller id pattern if it is for certain callers only.

    Attributes:
        pattern: As first written.
        caller: Pattern of the caller's number; None for all callers, "" for callers without a number.
        steps: By priority; a hint stands under HINT.
        labels: Priority by label; of two equal labels the first counts.
    """

    pattern: str
    caller: str | None = None
    steps: dict[int, Step] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)

    def admits(self, caller: str) -> bool:
        """Decide whether a caller with this number (or "" for none) may use it."""
        if self.caller is None:
            return True
        if not caller:
            return not self.caller
        return matches(self.caller, caller)


@dataclass(frozen=True, slots=True)
class Include:
    """An included context, and when it holds."""

    name: str
    condition: TimeCondition | None = None
    text: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Switch:
    """A ``switch``, ``lswitch`` or ``eswitch`` line; the model knows none of them, so that they match nothing."""

    name: str
    data: str
    kind: str
    file: str = ""
    line: int = 0


class Added(NamedTuple):
    """What became of an added step.

    Attributes:
        taken: The step that has the priority already, so that the new one was dropped; None if it was added.
        labelled: The priority that has the label already, so that jumps find that one; 0 if none.
    """

    taken: Step | None = None
    labelled: int = 0


class Match(NamedTuple):
    """What a look-up found.

    Attributes:
        step: The step.
        extension: The extension that it belongs to.
        path: The contexts from the one asked to the one that has it.
    """

    step: Step
    extension: Extension
    path: tuple[str, ...]

    @property
    def context(self) -> str:
        """The context that has the extension."""
        return self.path[-1]


class Context:
    """A context: its extensions, includes, switches and ignored prefixes."""

    __slots__ = ("_groups", "_index", "_new", "file", "ignorepats", "includes", "line", "name", "switches")

    def __init__(self, name: str, file: str = "", line: int = 0) -> None:
        """Make an empty context."""
        self.name = name
        self.file = file
        self.line = line
        self.includes: list[Include] = []
        self.switches: list[Switch] = []
        self.ignorepats: list[str] = []
        self._groups: dict[str | Key, list[Extension]] = {}
        self._index: PatternIndex[list[Extension]] = PatternIndex()
        self._new: NewMatcher[Extension] | None = None

    @property
    def extensions(self) -> Iterator[Extension]:
        """All extensions, in the order of the file."""
        for group in self._groups.values():
            yield from group

    def extension(self, name: str, caller: str | None = None) -> Extension | None:
        """Return the extension that is the same as this name, whatever its spelling."""
        same = None if caller is None else identity(caller)
        for extension in self._groups.get(identity(name), ()):
            if (None if extension.caller is None else identity(extension.caller)) == same:
                return extension
        return None

    def add(self, step: Step, caller: str | None = None) -> Added:
        """Add a step under ``step.pattern``; of two with the same extension and priority the first stays."""
        extension = self.extension(step.pattern, caller)
        if extension is None:
            extension = self._new_extension(step.pattern, caller)
        if step.priority in extension.steps:
            return Added(taken=extension.steps[step.priority])
        extension.steps[step.priority] = step
        if step.label:
            first = extension.labels.setdefault(step.label, step.priority)
            if first != step.priority:
                return Added(labelled=first)
        return Added()

    def _new_extension(self, name: str, caller: str | None) -> Extension:
        extension = Extension(name, caller)
        key = identity(name)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = []
            self._index.add(name, group)
        group.append(extension)
        group.sort(key=_caller_order)
        return extension

    def matching(self, exten: str, caller: str = "") -> Iterator[Extension]:
        """Yield the context's own extensions that match, first things first, whatever their priorities."""
        for group in self._index.find(exten):
            for extension in group:
                if extension.caller is None or extension.admits(caller):
                    yield extension

    def named(self, exten: str) -> Iterator[Extension]:
        """Yield the context's own extensions that match for some caller, first things first."""
        for group in self._index.find(exten):
            yield from group

    def new_match(self, exten: str, caller: str = "") -> Iterator[Extension]:
        """Yield the one extension that the other matcher finds, if any."""
        if self._new is None:
            self._new = NewMatcher((item.pattern, item.caller, item) for item in self.extensions)
        found = self._new.find(exten, caller)
        if found is not None:
            yield found

    def more(self, exten: str) -> bool:
        """Decide whether more digits could make another match among the context's own extensions."""
        return self._index.more(exten)

    @property
    def asks_caller(self) -> bool:
        """Whether any extension is for certain callers only."""
        return any(extension.caller is not None for extension in self.extensions)


def _caller_order(extension: Extension) -> tuple[int, str | Key]:
    """Order one name's variants: exact callers, then patterns of callers, then the one for everybody."""
    if extension.caller is None:
        return (2, "")
    return (1 if extension.caller[:1] == "_" else 0, identity(extension.caller))


@dataclass(slots=True)
class Dialplan:
    """All contexts, and the settings of ``[general]`` that change how calls run.

    Attributes:
        contexts: By name; letter case counts.
        globals: ``[globals]``, substituted.
        assigned: The lines of ``[globals]`` one by one, each of which sets a variable.
        autofallthrough: Whether a call that falls off the end is hung up; otherwise it waits for digits.
        clearglobalvars: Whether a reload forgets global variables.
        new_pattern_match: ``extenpatternmatchnew``: the other matcher.
    """

    contexts: dict[str, Context] = field(default_factory=dict)
    globals: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    assigned: list[tuple[str, str]] = field(default_factory=list)
    autofallthrough: bool = True
    clearglobalvars: bool = False
    new_pattern_match: bool = False
    _settled: dict[str, bool] = field(default_factory=dict)

    def context(self, name: str, file: str = "", line: int = 0) -> Context:
        """Return a context, made if it is not there."""
        name = cut(name, NAME_BYTES)
        context = self.contexts.get(name)
        if context is None:
            context = self.contexts[name] = Context(name, file, line)
        return context

    def find(
        self,
        context: str,
        exten: str,
        priority: int = 1,
        *,
        label: str | None = None,
        caller: str = "",
        wall_us: int = 0,
    ) -> Match | None:
        """Look a place up, by priority or, if given, by label.

        Args:
            context: Where to start.
            exten: What is dialled.
            priority: The priority wanted.
            label: The label wanted instead.
            caller: The caller's number, "" for none.
            wall_us: The wall clock, for timed includes.
        """
        for path, visited in self.visit(context, wall_us):
            matcher = visited.new_match if self.new_pattern_match else visited.matching
            for extension in matcher(exten, caller):
                number = priority if label is None else extension.labels.get(label, 0)
                step = extension.steps.get(number)
                if step is not None:
                    return Match(step, extension, path)
        return None

    def more(self, context: str, exten: str, wall_us: int = 0) -> bool:
        """Decide whether more digits could make another match (for collecting digits)."""
        return any(visited.more(exten) for _, visited in self.visit(context, wall_us))

    def settled(self, context: str) -> bool:
        """Decide whether look-ups from a context depend on neither the clock nor the caller: they can be kept then."""
        answer = self._settled.get(context)
        if answer is None:
            answer = self._settled[context] = self._is_settled(context)
        return answer

    def _is_settled(self, context: str) -> bool:
        for _, visited in self.visit(context, None):
            if visited.asks_caller or any(include.condition is not None for include in visited.includes):
                return False
        return True

    def visit(self, start: str, wall_us: int | None) -> Iterator[tuple[tuple[str, ...], Context]]:
        """Yield a context and what it includes, depth first, each once; without a clock, timed includes as well."""
        waiting: list[tuple[str, ...]] = [(cut(start, NAME_BYTES),)]
        seen: dict[str, None] = {}
        while waiting and len(seen) < STACK_LIMIT:
            path = waiting.pop()
            context = self.contexts.get(path[-1])
            if context is None or fold(path[-1]) in seen:
                continue
            seen[fold(path[-1])] = None
            yield path, context
            waiting.extend(
                (*path, include.name)
                for include in reversed(context.includes)
                if wall_us is None or include.condition is None or include.condition.holds(wall_us)
            )
