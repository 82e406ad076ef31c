"""Lines of a dialplan that no call ever gets to, as Asterisk matches.

Whether one extension hides another is not reasoned out: numbers that it matches are looked up with the matcher that
calls use. Only where every number that was tried goes elsewhere is anything said.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Final, NamedTuple

from stasis_sim.conf.jumps import UNKNOWN, Jump, jumps, lines, number
from stasis_sim.conf.samples import many, samples
from stasis_sim.handoff.dialplan.contexts import Context, Dialplan, Extension, Include, Step
from stasis_sim.handoff.dialplan.patterns import matches

_TRIES: Final = 2_000
"""Numbers of an extension that are tried."""

_FEW_TRIES: Final = 20
_CALLERS: Final = ("", "~", "0")
"""Callers to try where an extension is for all: one without a number, one that nobody has thought of, a digit."""

_UNMARKED: Final = re.compile(r"(?=.*(?:[0-9XNZ]X|\[|[.!]$))[0-9XNZ*#+.!\[\]-]{2,}", re.ASCII)
"""What is meant for a pattern: signs that only patterns give a meaning to, and nothing else but digits."""

_ELSEWHERE: Final = re.compile(r"[GF]\(")
"""Options of Dial() that send a channel to a place of the dialplan."""


class Unreached(NamedTuple):
    """A line that no call gets to.

    Attributes:
        code: Why, in a word.
        step: The line; of an extension its first.
        text: Why.
    """

    code: str
    step: Step
    text: str


class _Source(NamedTuple):
    """A jump and where it stands."""

    extension: Extension
    step: Step
    jump: Jump


def unreached(dialplan: Dialplan) -> Iterator[Unreached]:
    """Yield what no call gets to, in the order of the contexts."""
    reach = _Reach(dialplan)
    for context in dialplan.contexts.values():
        for extension in context.extensions:
            yield from reach.extension(context, extension)


class _Reach:
    """Asks of each extension whether a call gets to it."""

    def __init__(self, dialplan: Dialplan) -> None:
        self.dialplan = dialplan
        self.includers: dict[str, list[tuple[Context, Include]]] = defaultdict(list)
        for context in dialplan.contexts.values():
            for include in context.includes:
                self.includers[include.name].append((context, include))

    def extension(self, context: Context, extension: Extension) -> Iterator[Unreached]:
        """Yield what is wrong with an extension: one thing, and its gaps."""
        numbers = sorted(priority for priority in extension.steps if priority > 0)
        if not numbers:
            return
        first, name = extension.steps[numbers[0]], extension.pattern
        if _UNMARKED.fullmatch(name):
            text = f"extension {name} has no _ in front, so that only who dials just these signs gets to it"
            yield Unreached("pattern-unmarked", first, f"{text}; write _{name}")
        elif next(samples(name), None) is None:
            yield Unreached("matches-nothing", first, f"extension {name} in [{context.name}] matches no number at all")
        elif first.priority == 1:
            winner = self.winner(context, context, extension)
            if winner is not None:
                where = f"{winner.pattern} at {winner.file}:{winner.line} comes first for each of its numbers"
                yield Unreached("shadowed", first, f"extension {name} in [{context.name}] is never used: {where}")
            else:
                yield from self.through_includes(context, extension, first)
        yield from self.gaps(context, extension, numbers)

    def winner(self, searched: Context, context: Context, extension: Extension) -> Step | None:
        """Return the line that calls get instead if they search a context; None if one gets to the extension."""
        if many(extension.pattern, _TRIES):
            # It would take too long to show that all of them go elsewhere.
            return None
        matcher = searched.new_match if self.dialplan.new_pattern_match else searched.matching
        winner: Step | None = None
        callers = (
            _CALLERS if extension.caller is None else tuple(islice(samples(extension.caller), _FEW_TRIES)) or ("",)
        )
        for dialled in samples(extension.pattern):
            for caller in callers:
                found = next((each for each in matcher(dialled, caller) if 1 in each.steps), None)
                if found is extension or (found is None and searched is not context):
                    return None
                winner = winner or (None if found is None else found.steps[1])
        return winner

    def through_includes(self, context: Context, extension: Extension, first: Step) -> Iterator[Unreached]:
        """Yield an extension of an included context that all contexts which include it hide."""
        includers = self.includers.get(context.name, ())
        if not includers or self.is_named(context.name):
            return
        winner: Step | None = None
        for includer, _ in includers:
            winner = self.winner(includer, context, extension)
            if winner is None:
                return
        if winner is not None:
            names = ", ".join(f"[{includer.name}]" for includer, _ in includers)
            where = f"{winner.pattern} at {winner.file}:{winner.line} comes first"
            text = f"extension {extension.pattern} in [{context.name}] is never used through {names}: {where}"
            yield Unreached("shadowed-include", first, text)

    def is_named(self, context: str) -> bool:
        """Decide whether a jump may lead into a context; calls may come into default without one."""
        return context == "default" or bool(self.jump_contexts & {context, UNKNOWN})

    @cached_property
    def sources(self) -> list[_Source]:
        """All jumps of the dialplan."""
        return list(self.find_sources())

    @cached_property
    def jump_contexts(self) -> frozenset[str]:
        """The contexts that jumps name."""
        return frozenset(source.jump.context for source in self.sources if source.jump.context is not None)

    def find_sources(self) -> Iterator[_Source]:
        """Yield all jumps of the dialplan, also those by an option of Dial(), which may lead anywhere."""
        for _, extension, step, call in lines(self.dialplan):
            targets = list(jumps(call))
            if call.name == "dial" and _ELSEWHERE.search(call.data):
                targets.append(Jump(UNKNOWN, UNKNOWN, UNKNOWN))
            yield from (_Source(extension, step, target) for target in targets if target is not None)

    def gaps(self, context: Context, extension: Extension, numbers: list[int]) -> Iterator[Unreached]:
        """Yield lines before which a priority is missing and that nothing jumps to."""
        for priority in numbers:
            step = extension.steps[priority]
            if priority == 1 or priority - 1 in extension.steps or step.label:
                continue
            if self.is_preceded(context, extension, priority - 1) or self.is_target(extension, priority):
                continue
            name = f"extension {extension.pattern} in [{context.name}]"
            if priority == numbers[0]:
                text = f"{name} begins with priority {priority}: no call gets in without a priority 1"
                yield Unreached("no-first-priority", step, text)
            else:
                text = f"{name} has no priority {priority - 1}: no call gets to priority {priority}"
                yield Unreached("unreachable-priority", step, text)

    def is_preceded(self, context: Context, extension: Extension, priority: int) -> bool:
        """Decide whether another extension has the priority before for the same number."""
        around = [context, *(includer for includer, _ in self.includers.get(context.name, ()))]
        around += [
            self.dialplan.contexts[each.name] for each in context.includes if each.name in self.dialplan.contexts
        ]
        return any(
            priority in other.steps
            for dialled in islice(samples(extension.pattern), _FEW_TRIES)
            for each in around
            for caller in _CALLERS
            for other in each.matching(dialled, caller)
        )

    def is_target(self, extension: Extension, priority: int) -> bool:
        """Decide whether a jump may lead to a line."""
        aimed = [*self.by_priority.get(priority, ()), *self.by_priority.get(None, ())]
        return any(self.leads(source, extension) for source in aimed)

    @cached_property
    def by_priority(self) -> dict[int | None, list[_Source]]:
        """The jumps by the priority that they lead to; None: only the call knows. Labels are their own way in."""
        found: dict[int | None, list[_Source]] = defaultdict(list)
        for source in self.sources:
            known = number(source.jump, source.step.priority)
            if known is not None or source.jump.priority == UNKNOWN:
                found[known].append(source)
        return found

    @staticmethod
    def leads(source: _Source, extension: Extension) -> bool:
        """Decide whether a jump may lead into an extension."""
        exten = source.jump.exten
        if exten is None:
            return source.extension is extension or matches(source.extension.pattern, _one(extension))
        return exten == UNKNOWN or matches(extension.pattern, exten)


def _one(extension: Extension) -> str:
    return next(samples(extension.pattern), extension.pattern)
