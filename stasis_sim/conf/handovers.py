"""Where the dialplan hands channels to applications, and what it does for those that nobody takes.

``Stasis()`` returns at once where its application is away, and the dialplan goes on. Every path behind it is followed
as it stands in the file: one that neither looks at ``${STASISSTATUS}`` nor does anything for the caller drops callers.
A path whose way only the call will tell (``Goto(${NEXT})``, a macro, an application of another module) is given the
benefit.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

from stasis_sim.conf.jumps import SUBROUTINES, UNKNOWN, Jump, Line, calls, jumps, lines, number
from stasis_sim.conf.samples import samples
from stasis_sim.handoff.clib.text import fold, split_arguments
from stasis_sim.handoff.dialplan.applications.table import APPLICATIONS
from stasis_sim.handoff.dialplan.contexts import Context, Dialplan, Extension, Step

_STASIS: Final = frozenset({"stasis", "stasisbroadcast"})
_STATUS: Final = re.compile(r"\bSTASISSTATUS\b")
_LOGGING: Final = frozenset({"noop", "verbose", "log", "userevent", "celgenuserevent"})
"""Who only writes the status down does not look at it."""

_FALLBACKS: Final = frozenset(
    {
        "answer",
        "background",
        "bridgewait",
        "confbridge",
        "controlplayback",
        "datetime",
        "dial",
        "echo",
        "incomplete",
        "musiconhold",
        "playback",
        "queue",
        "raiseexception",
        "read",
        "sayalpha",
        "sayalphacase",
        "saydigits",
        "saynumber",
        "sayordinal",
        "sayphonetic",
        "sayunixtime",
        "transfer",
        "voicemail",
        "waitdigit",
        "waitexten",
    }
)
"""Applications that do something for a caller."""

_UNFOLLOWED: Final = frozenset({"macro", "macroexclusive", "macroif"})
"""Applications that run lines which are not looked at."""

_ENDINGS: Final = frozenset({"hangup", "busy", "congestion"})
_CONDITIONS: Final = frozenset({"if", "elseif"})
_BRANCHES: Final = _CONDITIONS | {"else", "exitif"}
_NODES_LIMIT: Final = 5_000
_RETURNS_LIMIT: Final = 8
_SAMPLES: Final = 50


class Handover(NamedTuple):
    """A line that hands channels to an application.

    Attributes:
        step: The line.
        application: ``Stasis`` or ``StasisBroadcast``.
        app: The name in it, which may be a variable; empty for a broadcast, or where there is none.
        end: The line with which callers are dropped while the application is away; None if they are not.
    """

    step: Step
    application: str
    app: str
    end: Step | None


class _Node(NamedTuple):
    """A place on a path, and where the subroutines that it is in return to."""

    context: str
    exten: str
    priority: int
    returns: tuple[tuple[str, str, int], ...] = ()


def handovers(dialplan: Dialplan) -> Iterator[Handover]:
    """Yield every line that hands channels over, in the order of the contexts."""
    paths = _Paths(dialplan)
    yield from (_handover(paths, line) for line in lines(dialplan) if line.call.name in _STASIS)


def asked_for(dialplan: Dialplan) -> Iterator[str]:
    """Yield the name in every ``Stasis()``, as it stands in the file: it may be a variable."""
    yield from (_app(line) for line in lines(dialplan) if line.call.name == "stasis")


def _app(line: Line) -> str:
    """Return the name in a ``Stasis()``."""
    return next(iter(split_arguments(line.call.data)), "")


def _handover(paths: _Paths, line: Line) -> Handover:
    context, extension, step, call = line
    broadcast = call.name == "stasisbroadcast"
    app = "" if broadcast else _app(line)
    end = paths.end(_Node(context.name, sample(context, extension), step.priority), step)
    return Handover(step, "StasisBroadcast" if broadcast else "Stasis", app, end)


def sample(context: Context, extension: Extension) -> str:
    """Return a number that leads to an extension, or its name where none does."""
    first = extension.pattern
    for index, dialled in enumerate(islice(samples(extension.pattern), _SAMPLES)):
        first = first if index else dialled
        if next(context.matching(dialled), None) is extension:
            return dialled
    return first


@dataclass
class _Paths:
    """Follows paths through a dialplan."""

    dialplan: Dialplan
    callers: dict[tuple[str, str], list[_Node]] | None = field(default=None)

    def end(self, start: _Node, step: Step) -> Step | None:
        """Return the line with which a path behind a line drops its callers, None if there is no such path."""
        waiting = [(node, step) for node in self.following(start, step)]
        seen: set[_Node] = set()
        while waiting and len(seen) < _NODES_LIMIT:
            node, before = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            match = self.dialplan.find(node.context, node.exten, node.priority)
            if match is None:
                invalid = node._replace(exten="i", priority=1)
                exists = self.dialplan.find(node.context, node.exten) is not None
                if exists or node.exten == "i" or self.dialplan.find(node.context, "i") is None:
                    return before
                waiting.append((invalid, before))
                continue
            found = match.step
            if self.is_good(found):
                continue
            if self.ends(found):
                return found
            waiting += [(following, found) for following in reversed(self.following(node, found))]
        return None

    @staticmethod
    def is_good(step: Step) -> bool:
        """Decide whether whoever comes to a line is looked after."""
        for call in calls(step):
            if call.certain and (call.name not in APPLICATIONS or call.name in _FALLBACKS | _UNFOLLOWED | _STASIS):
                return True
            if call.name not in _LOGGING and _STATUS.search(call.data):
                return True
        return False

    @staticmethod
    def ends(step: Step) -> bool:
        """Decide whether a line may hang up."""
        return any(call.name in _ENDINGS for call in calls(step))

    def following(self, node: _Node, step: Step) -> list[_Node]:
        """Return where a path may go on; what only the call knows is left out."""
        after = node._replace(priority=node.priority + 1)
        found: list[_Node] = []
        goes_on = True
        for call in calls(step):
            if call.name == "return":
                found += self.returning(node)
                goes_on = goes_on and not call.certain
                continue
            if call.name in _BRANCHES and call.certain:
                other = self.other_branch(node, call.name)
                found += [] if other is None else [other]
                goes_on = goes_on and (other is None or call.name in _CONDITIONS)
                continue
            targets = list(jumps(call))
            entered = [self.jump(node, step, target) for target in targets if target is not None]
            if call.name in SUBROUTINES:
                back = ((after.context, after.exten, after.priority), *node.returns)[:_RETURNS_LIMIT]
                entered = [None if each is None else each._replace(returns=back) for each in entered]
            found += [each for each in entered if each is not None]
            if targets and None not in targets and call.certain:
                goes_on = False
        return [*found, after] if goes_on else found

    def other_branch(self, node: _Node, name: str) -> _Node | None:
        """Return where a line of a branch may lead but to the next: If() to the next branch, Else() past the end."""
        level, step = 1, node
        while level:
            step = step._replace(priority=step.priority + 1)
            match = self.dialplan.find(step.context, step.exten, step.priority)
            if match is None:
                return None
            found = fold(match.step.application)
            level += 1 if found == "if" else -1 if found == "endif" else 0
            if level == 1 and name in _CONDITIONS and found == "elseif":
                return step
            if level == 1 and name in _CONDITIONS and found == "else":
                break
        return step._replace(priority=step.priority + 1)

    def jump(self, node: _Node, step: Step, jump: Jump) -> _Node | None:
        """Return where a jump leads, None if only the call knows."""
        if UNKNOWN in jump:
            return None
        context, exten = jump.context or node.context, jump.exten or node.exten
        priority = number(jump, step.priority)
        if priority is None:
            match = self.dialplan.find(context, exten, label=jump.priority)
            # A label that is not there ends the call, and Asterisk says so.
            priority = 0 if match is None else match.step.priority
        return node._replace(context=context, exten=exten, priority=priority)

    def returning(self, node: _Node) -> list[_Node]:
        """Return where a subroutine returns to: to its caller if the path came from there, else to all of them."""
        if node.returns:
            (context, exten, priority), *outer = node.returns
            return [_Node(context, exten, priority, tuple(outer))]
        if self.callers is None:
            self.callers = self.find_callers()
        return self.callers.get((node.context, node.exten), [])

    def find_callers(self) -> dict[tuple[str, str], list[_Node]]:
        """Return what follows each line that calls a subroutine, by the subroutine's context and extension."""
        callers: dict[tuple[str, str], list[_Node]] = defaultdict(list)
        for context, extension, step, call in lines(self.dialplan):
            if call.name not in SUBROUTINES:
                continue
            here = _Node(context.name, sample(context, extension), step.priority)
            for jump in jumps(call):
                target = None if jump is None else self.jump(here, step, jump)
                if target is not None:
                    callers[target.context, target.exten].append(here._replace(priority=here.priority + 1))
        return callers
