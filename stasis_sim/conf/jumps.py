"""What a line of the dialplan says it will do, read without running it: which applications, and where it jumps.

Only what stands in the file counts. What a variable will say is unknown until the call, and an :class:`Jump` says so
with :data:`UNKNOWN`; who asks whether something *can* happen has to take it for anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from stasis_sim.handoff.clib.text import fold, whole_int
from stasis_sim.handoff.dialplan.contexts import Context, Dialplan, Extension, Step

UNKNOWN: Final = "$"
"""A context, extension or priority that only the call will tell."""

SUBROUTINES: Final = frozenset({"gosub", "gosubif"})
"""Applications that come back from where they jump to."""

_OPENING: Final = {"(": ")", "[": "]", "{": "}"}
_RUNNERS: Final = frozenset({"exec", "tryexec"})
_CONDITIONAL_RUNNERS: Final = frozenset({"execif", "execiftime"})
_CONDITIONAL_JUMPS: Final = frozenset({"gotoif", "gotoiftime", "gosubif"})
_DEPTH: Final = 10
_LONGEST: Final = 3


class Call(NamedTuple):
    """An application that a line runs.

    Attributes:
        name: The application in lower case.
        data: Its argument as it stands in the file.
        certain: Whether it runs whenever the line does.
    """

    name: str
    data: str
    certain: bool


class Jump(NamedTuple):
    """Where a line may go.

    Attributes:
        context: The context; None for the one at hand.
        exten: The extension; None for the one at hand.
        priority: A number, with ``+`` or ``-`` in front if it counts from here, or a label.
    """

    context: str | None
    exten: str | None
    priority: str


class Line(NamedTuple):
    """An application that a line runs, and where the line stands."""

    context: Context
    extension: Extension
    step: Step
    call: Call


def lines(dialplan: Dialplan) -> Iterator[Line]:
    """Yield what the lines of a dialplan run, in the order of the contexts; a hint runs nothing."""
    for context in dialplan.contexts.values():
        for extension in context.extensions:
            for step in extension.steps.values():
                if step.priority > 0:
                    yield from (Line(context, extension, step, call) for call in calls(step))


def calls(step: Step) -> Iterator[Call]:
    """Yield what a line runs, also by way of ExecIf() and its like; the outer one first."""
    yield from _calls(step.application, step.data, certain=True, depth=0)


def _calls(application: str, data: str, *, certain: bool, depth: int) -> Iterator[Call]:
    name = fold(application.strip())
    yield Call(name, data, certain)
    if depth == _DEPTH:
        return
    if name in _RUNNERS:
        inner, arguments = _take_apart(data)
        yield from _calls(inner, arguments, certain=certain, depth=depth + 1)
    elif name in _CONDITIONAL_RUNNERS:
        for branch in branches(data):
            if branch:
                inner, arguments = _take_apart(branch)
                yield from _calls(inner, arguments, certain=False, depth=depth + 1)


def jumps(call: Call) -> Iterator[Jump | None]:
    """Yield where an application may go; None for the line that follows, where a branch is not there."""
    if call.name == "goto":
        yield place(call.data)
    elif call.name == "gosub":
        yield place(_target(call.data))
    elif call.name in _CONDITIONAL_JUMPS:
        for branch in branches(call.data):
            target = _target(branch) if call.name == "gosubif" else branch
            yield place(target) if target else None


def branches(data: str) -> tuple[str, str]:
    """Return what stands behind the question mark of a condition, for yes and for no, with its spaces."""
    _, rest = _split(data, "?")
    return _split(rest, ":")


def place(text: str) -> Jump:
    """Read ``[[context,]extension,]priority``; spaces are part of a name, as to Asterisk."""
    parts = text.split(",")[:_LONGEST]
    priority = parts[-1]
    exten = parts[-2] if len(parts) > 1 else None
    context = parts[0] if len(parts) == _LONGEST else None
    return Jump(_known(context, "${CONTEXT}"), _known(exten, "${EXTEN}"), UNKNOWN if UNKNOWN in priority else priority)


def number(jump: Jump, here: int) -> int | None:
    """Return the priority that a jump from a priority leads to, None for a label or what is unknown."""
    sign = jump.priority[:1] if jump.priority[:1] in {"+", "-"} else ""
    found = whole_int(jump.priority.removeprefix(sign))
    if found is None:
        return None
    return here + (found if sign == "+" else -found) if sign else found


def _known(text: str | None, here: str) -> str | None:
    if not text or text == here:
        return None
    return UNKNOWN if UNKNOWN in text else text


def _target(text: str) -> str:
    """Take the arguments of a subroutine away."""
    return _split(text, "(")[0]


def _take_apart(text: str) -> tuple[str, str]:
    name, _, rest = text.partition("(")
    return name, rest.rpartition(")")[0] if ")" in rest else rest


def _split(text: str, at: str) -> tuple[str, str]:
    """Split at the first such character that stands in no brackets."""
    waiting: list[str] = []
    for index, char in enumerate(text):
        if char == at and not waiting:
            return text[:index], text[index + 1 :]
        if waiting and char == waiting[-1]:
            waiting.pop()
        elif char in _OPENING:
            waiting.append(_OPENING[char])
    return text, ""
