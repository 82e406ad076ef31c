"""Calls that nothing ever ends, when all goes well: the caller never hangs up, and whoever has the call keeps it.

That may be what a scenario is about, and is more often a ``hold`` that was forgotten: such calls pile up for as long as
the run goes on. Each source is followed through the dialplan to the app that takes its calls, as if all apps were
connected; where anything on the way could end them nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.dialplan.pbx import Pbx
from stasis_sim.handoff.dialplan.thread import STASIS_ENTERED, STASIS_FAILED, SilentHost, Thread
from stasis_sim.scenario.actions import Action, Claim, Continue, Disband, Hangup, Move, Originate, Set, Subscribe, Wait

if TYPE_CHECKING:
    from stasis_sim.errors import Problem
    from stasis_sim.handoff.configuration import Configuration
    from stasis_sim.handoff.dialplan.thread import DialplanRules
    from stasis_sim.scenario import Scenario
    from stasis_sim.scenario.calls import Calls
    from stasis_sim.scenario.clients import Client

_NO_COMMANDS: Final = (Wait, Claim, Subscribe, Disband, Originate)
"""Actions that are no command on the call, so that the caller's ``hold`` does not begin with them."""

_STEPS: Final = 200
"""Steps of a dialplan after which nobody looks further."""


def endless(scenario: Scenario, configuration: Configuration, rules: DialplanRules) -> Iterator[Problem]:
    """Yield the sources whose calls nothing ends.

    Args:
        scenario: The scenario.
        configuration: What Asterisk's files say at the start.
        rules: What its version does in a dialplan.
    """
    if any(fault.verb == "restart" and fault.target == "asterisk" for fault in scenario.faults):
        return  # that ends all calls
    handling = [client for client in scenario.clients.values() if client.deliver is None]
    served = {app: [client for client in handling if app in client.apps] for each in handling for app in each.apps}
    for position, calls in enumerate(scenario.calls):
        if calls.hold is not None or _bounded(scenario, calls) or _cut_off(scenario, calls):
            continue
        app = _Follower(scenario, configuration, served).keeper(calls, rules)
        if app is None:
            continue
        names = " and ".join(name for name, client in scenario.clients.items() if client in served[app])
        text = f"nothing ever ends a call that {names} has taken: its caller has no hold, so he never hangs up, and"
        text += f" {names} neither hangs up nor continues; write hold: 90s, or a hangup in on StasisStart of {names}"
        yield scenario.problem(("calls", position), text)


def _bounded(scenario: Scenario, calls: Calls) -> bool:
    """Whether the scenario wants no more than to look at a few calls for a while."""
    return calls.finite and scenario.run.until is None


def _cut_off(scenario: Scenario, calls: Calls) -> bool:
    """Whether Asterisk ends the calls of a phone that sends no media, or that has vanished."""
    gone = calls.vanishes is not None
    silent = scenario.asterisk.rtp_timeout_us is not None and (gone or calls.media is None)
    return calls.kind == "sip" and (silent or (gone and calls.session_expires_us is not None))


class _FoundError(Exception):
    """The walk has come to its end."""


class _Follower(SilentHost):
    """Follows a caller who presses no key and has all the time in the world."""

    def __init__(
        self, scenario: Scenario, configuration: Configuration, served: Mapping[str, Sequence[Client]]
    ) -> None:
        self._configuration = configuration
        self._served = served
        self._start = scenario.asterisk.clock_us
        self._time = 0
        self._steps = 0
        self._patient = False
        self._keeper: str | None = None

    def keeper(self, calls: Calls, rules: DialplanRules) -> str | None:
        """Return the app that gets a caller of a source and never lets go of him; None: there is none."""
        self._patient = calls.patience is None
        pbx = Pbx(self._configuration.dialplan, self, rules=rules, sounds=self._configuration.sounds)
        thread = Thread(
            "c1",
            calls.to.context,
            calls.to.exten or "s",
            variables=dict(calls.variables),
            caller_number=calls.caller_id,
            kind=calls.kind,
        )
        try:
            wait = pbx.start(thread)
            while not thread.ended and (wait is not None or thread.inside):
                self._time += wait or 0
                wait = pbx.resume(thread)
        except _FoundError:
            return self._keeper
        return None

    def now(self) -> int:
        return self._time

    def wall(self) -> int:
        return self._start + self._time

    def step(self, thread: Thread, application: str, data: str) -> None:  # noqa: ARG002 - as the protocol says
        self._steps += 1
        if self._steps > _STEPS:
            raise _FoundError

    def broadcast(self, *args: object, **options: object) -> None:  # noqa: ARG002 - as the protocol says
        # Who gets it is a matter of who is quick.
        raise _FoundError

    def stasis(self, thread: Thread, app: str, args: Sequence[str]) -> int:  # noqa: ARG002 - as the protocol says
        clients = self._served.get(app, ())
        if not clients:
            return STASIS_FAILED
        if thread.deadline is None and self._keeps(app, frozenset()):
            self._keeper = app
        elif any(isinstance(action, Continue) and not _elsewhere(action) for action in _actions(clients)):
            return STASIS_ENTERED
        raise _FoundError

    def _keeps(self, app: str, before: frozenset[str]) -> bool:
        """Whether the clients of an app never let go of a caller.

        Args:
            app: The app.
            before: Apps that he has been in.
        """
        clients = self._served.get(app, ())
        for action in _actions(clients):
            if isinstance(action, Hangup | Continue) or (isinstance(action, Set) and _timeout(action)):
                return False
            if isinstance(action, Move) and action.app not in before and not self._keeps(action.app, before | {app}):
                return False
        # Who gets no command goes when his patience is over.
        return bool(clients) and (self._patient or all(_takes(client) for client in clients))


def _actions(clients: Iterable[Client]) -> Iterator[Action]:
    """Yield all that clients ever do."""
    return (action for client in clients for todo in client.on.values() for action in todo)


def _takes(client: Client) -> bool:
    """Whether a caller has its first command with his StasisStart."""
    return any(not isinstance(action, _NO_COMMANDS) for action in client.on.get("StasisStart", ()))


def _elsewhere(action: Continue) -> bool:
    return not all(each is None for each in (action.context, action.extension, action.priority, action.label))


def _timeout(action: Set) -> bool:
    return any(name.upper().startswith("TIMEOUT(") for name in action.variables)
