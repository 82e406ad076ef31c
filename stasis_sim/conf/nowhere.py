"""Jumps to a place that the dialplan does not have: ``Goto(clsoed,s,1)`` ends the call.

Only what stands in the file is held against it. A jump may come from each context that includes its own, a timed
include may hold, and a context with a switch may have any extension; where ``i`` or ``e`` takes the call up, all is
well.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from stasis_sim.conf.jumps import SUBROUTINES, UNKNOWN, Jump, Line, jumps, lines, number
from stasis_sim.conf.samples import samples
from stasis_sim.handoff.dialplan.contexts import PARKED_CALLS, Context, Dialplan, Extension, Step
from stasis_sim.handoff.dialplan.patterns import matches

_CATCHERS: Final = ("i", "e")
"""Extensions that take up a call whose own is not there; not that of a subroutine."""


class Nowhere(NamedTuple):
    """A line that jumps nowhere, and why."""

    step: Step
    text: str


def nowhere(dialplan: Dialplan) -> Iterator[Nowhere]:
    """Yield each line that jumps to a place which is not there, in the order of the contexts."""
    search = _Search(dialplan)
    for line in lines(dialplan):
        for jump in jumps(line.call):
            missing = None if jump is None else search.missing(line, jump)
            if missing is not None:
                what, remedy = missing
                text = f"{line.step.application}() jumps to {what}, which is not there: calls end here"
                yield Nowhere(line.step, f"{text}; {remedy}")


class _Search:
    """Looks for the places that jumps name."""

    def __init__(self, dialplan: Dialplan) -> None:
        self.dialplan = dialplan

    def missing(self, line: Line, jump: Jump) -> tuple[str, str] | None:
        """Return what a jump leads to and is not there, and what to write; None if it is, or may be."""
        context, extension, step, call = line
        wanted = number(jump, step.priority)
        # Below 0 means the next line.
        if UNKNOWN in jump or (wanted is not None and wanted < 0) or jump.context == PARKED_CALLS:
            return None
        stays = jump.context is None and jump.exten is None
        if stays and _missing_priority([extension], jump.priority, wanted, "") is None:
            return None
        if jump.context is not None and jump.context not in self.dialplan.contexts:
            return f"context {_shown(jump.context)}", _remedy(jump.context, self.dialplan.contexts, "context")
        visited = self.visited(context.name if jump.context is None else jump.context, around=jump.context is None)
        if any(each.switches for each in visited):
            return None
        name = extension.pattern if jump.exten is None else jump.exten
        place = f"{_shown(name)} in [{jump.context or context.name}]"
        found = list(self.candidates(visited, extension, jump))
        if found:
            return _missing_priority(found, jump.priority, wanted, f"extension {place}")
        catchers = () if call.name in SUBROUTINES else _CATCHERS
        caught = any(next(each.named(catcher), None) for each in visited for catcher in catchers)
        # Of the number dialled only the pattern is known.
        dialled = jump.exten is None and name.startswith("_")
        known = () if dialled else (each.pattern for other in visited for each in other.extensions)
        what = f"{'a number of' if dialled else 'extension'} {place}"
        return None if caught else (what, _remedy(name, known, "extension"))

    @staticmethod
    def candidates(visited: list[Context], extension: Extension, jump: Jump) -> Iterator[Extension]:
        """Yield the extensions that a jump from an extension may lead into."""
        for context in visited:
            if jump.exten is not None:
                yield from context.named(jump.exten)
            else:
                yield from (each for each in context.extensions if _may_be_one(each, extension))

    def visited(self, start: str, *, around: bool) -> list[Context]:
        """Return the contexts in which a place is looked for.

        Args:
            start: Where the search starts.
            around: It may start as well in each context that includes this one.
        """
        starts = [start]
        for name in starts if around else ():
            for context in self.dialplan.contexts.values():
                if context.name not in starts and any(each.name == name for each in context.includes):
                    starts.append(context.name)
        found = {each.name: each for name in starts for _, each in self.dialplan.visit(name, None)}
        return list(found.values())


def _missing_priority(found: list[Extension], label: str, wanted: int | None, where: str) -> tuple[str, str] | None:
    """Return the priority or label that none of the extensions has, and what to write; None if one has it."""
    if wanted is not None:
        there = any(wanted in each.steps for each in found)
        return None if there else (f"priority {wanted} of {where}", "write a priority that it has, or a label")
    labels = [name for each in found for name in each.labels]
    return None if label in labels else (f"label {_shown(label)} of {where}", _remedy(label, labels, "label"))


def _may_be_one(one: Extension, other: Extension) -> bool:
    """Decide whether a number may get to both; of two patterns that is taken for granted."""
    if one is other or one.pattern[:1] == other.pattern[:1] == "_":
        return True
    return any(
        matches(first.pattern, next(samples(second.pattern), second.pattern))
        for first, second in ((one, other), (other, one))
    )


def _shown(name: str) -> str:
    return name if name and name == name.strip() else f'"{name}"'


def _remedy(name: str, known: Iterable[str], kind: str) -> str:
    """Return what to write instead of the name of a context, an extension or a label."""
    names = list(dict.fromkeys(known))
    if "|" in name:
        return f"write {name.replace('|', ',')}: a | separates nothing"
    if name.strip() in names:
        return f"write {name.strip()}: Asterisk takes no space away"
    near = difflib.get_close_matches(name, names, n=1)
    return f"write {near[0]}" if near else f"write the {kind}, or jump to one that is there"
