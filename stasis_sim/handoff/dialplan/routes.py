"""Places of a dialplan, ready to run: what was looked up and compiled once is kept.

Asterisk looks every priority up afresh. Where neither the clock nor the caller's number decides, the answer is always
the same and is kept by context, extension and priority; elsewhere each step is looked up, and only its code is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from stasis_sim.handoff.clib.text import fold
from stasis_sim.handoff.dialplan.applications.table import APPLICATIONS
from stasis_sim.handoff.dialplan.contexts import Dialplan, Step
from stasis_sim.handoff.dialplan.substitution import Template, compile_template
from stasis_sim.handoff.dialplan.thread import Application, DialplanRules, Host, Thread

if TYPE_CHECKING:
    pass

_KEPT: Final = 65_536


class Code(NamedTuple):
    """A step, ready to run.

    Attributes:
        run: The application; None if there is none of that name.
        name: Its name as Asterisk prints it.
        data: Its argument, where there is nothing to substitute.
        template: Its argument, where there is.
    """

    run: Application | None
    name: str
    data: str
    template: Template | None


class Routes:
    """The code of a dialplan under the rules of a version."""

    def __init__(self, dialplan: Dialplan, rules: DialplanRules) -> None:
        """Know nothing yet."""
        self.dialplan = dialplan
        self.rules = rules
        self._routes: dict[tuple[str, str], dict[int, Code | None]] = {}
        self._codes: dict[int, tuple[Step, Code]] = {}

    def replace(self, dialplan: Dialplan) -> None:
        """Look up in another dialplan from now on."""
        self.dialplan = dialplan
        self._routes.clear()
        self._codes.clear()

    def application(self, name: str) -> tuple[str, Application] | None:
        """Return an application's canonical name and function, None if this Asterisk has none of that name."""
        key = fold(name)
        return None if key in self.rules.missing_applications else APPLICATIONS.get(key)

    def code(self, host: Host, thread: Thread | None, context: str, exten: str, priority: int) -> Code | None:
        """Return the code of a place for this caller now, None if there is no such place."""
        route = self._routes.get((context, exten))
        if route is None:
            if not self.dialplan.settled(context):
                return self._find(host, thread, context, exten, priority)
            if len(self._routes) >= _KEPT:
                self._routes.clear()
            route = self._routes[context, exten] = {}
        try:
            return route[priority]
        except KeyError:
            code = route[priority] = self._find(host, thread, context, exten, priority)
            return code

    def _find(self, host: Host, thread: Thread | None, context: str, exten: str, priority: int) -> Code | None:
        caller = "" if thread is None else thread.caller_number
        match = self.dialplan.find(context, exten, priority, caller=caller, wall_us=host.wall())
        return None if match is None else self._compile(match.step)

    def _compile(self, step: Step) -> Code:
        kept = self._codes.get(id(step))
        if kept is not None:
            return kept[1]
        found = self.application(step.application)
        name, run = (step.application, None) if found is None else found
        code = Code(run, name, step.data, compile_template(step.data))
        # The step is kept with its code, so that its id cannot come to mean another one.
        self._codes[id(step)] = (step, code)
        return code
