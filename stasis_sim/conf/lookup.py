"""Why a call starts where it does: all extensions that match a number, in the order in which Asterisk asks them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stasis_sim.handoff.dialplan.contexts import Context, Dialplan, Extension, Step


@dataclass(frozen=True, slots=True)
class Candidate:
    """An extension that matches a number.

    Attributes:
        extension: The extension.
        path: The contexts from the one asked to the one that has it.
        verdict: Why it is taken or not.
        taken: Whether the call starts here.
    """

    extension: Extension
    path: tuple[str, ...]
    verdict: str
    taken: bool = False

    def __str__(self) -> str:
        first = _first(self.extension)
        caller = "" if self.extension.caller is None else f"/{self.extension.caller}"
        where = " > ".join(f"[{name}]" for name in self.path)
        place = f" ({first.file}:{first.line})" if first is not None else ""
        return f"{self.extension.pattern}{caller} in {where}{place}: {self.verdict}"


def candidates(dialplan: Dialplan, context: str, exten: str, caller: str, wall_us: int) -> Iterator[Candidate]:
    """Yield the extensions that match a number, first things first, each with why it is taken or not."""
    match = dialplan.find(context, exten, caller=caller, wall_us=wall_us)
    over = False
    for path, visited in dialplan.visit(context, wall_us):
        for extension in _named(dialplan, visited, exten, caller):
            if not extension.admits(caller):
                verdict = f"is for other callers than {caller}" if caller else "is for callers with a number"
                verdict = verdict if extension.caller else "is for callers without a number"
            elif 1 not in extension.steps:
                verdict = "has no priority 1"
            elif over:
                verdict = "comes too late"
            else:
                over = True
                verdict = "matches"
            taken = verdict == "matches" and match is not None and match.extension is extension
            yield Candidate(extension, path, verdict, taken)


def why_not(dialplan: Dialplan, context: str, exten: str, wall_us: int) -> Iterator[str]:
    """Yield what else there is to say where nothing matches."""
    if context not in dialplan.contexts:
        known = ", ".join(dialplan.contexts) or "none at all"
        yield f"there is no context {context}; the contexts are: {known}"
        return
    visited = {each.name for _, each in dialplan.visit(context, wall_us)}
    timed = {each.name: path for path, each in dialplan.visit(context, None)}
    for name, path in timed.items():
        if name not in visited and any(dialplan.contexts[name].named(exten)):
            yield f"[{name}] has it, but is reached from [{path[-2]}] at other times only"
    for other in dialplan.contexts.values():
        if other.name not in timed and any(other.named(exten)):
            yield f"[{other.name}] has it, but [{context}] does not include that context"


def _named(dialplan: Dialplan, context: Context, exten: str, caller: str) -> Iterator[Extension]:
    return context.new_match(exten, caller) if dialplan.new_pattern_match else context.named(exten)


def _first(extension: Extension) -> Step | None:
    return min(extension.steps.values(), key=lambda step: step.priority, default=None)
