"""From a scenario to what runs it: Asterisk's files read, and held against the scenario.

A configuration file is read as Asterisk reads it. What Asterisk would warn of is a warning here; where it would
discard a whole file, nothing worth simulating is left, and that is an error unless the scenario accepts it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stasis_sim.conf.ari import load_ari
from stasis_sim.conf.crypt import verify
from stasis_sim.conf.extensions import load_extensions
from stasis_sim.conf.files import printable
from stasis_sim.conf.handovers import asked_for
from stasis_sim.conf.http import load_http
from stasis_sim.conf.jumps import lines
from stasis_sim.conf.websocket_client import load_websocket_clients
from stasis_sim.errors import InputError, Problem
from stasis_sim.handoff.clib.text import fold
from stasis_sim.handoff.configuration import Configuration
from stasis_sim.handoff.dialplan.applications.table import APPLICATIONS
from stasis_sim.handoff.dialplan.contexts import Dialplan
from stasis_sim.handoff.dialplan.functions.table import READERS, WRITERS
from stasis_sim.handoff.engine import Engine
from stasis_sim.handoff.http_server.access import AriSettings
from stasis_sim.handoff.profiles import PROFILES, Profile
from stasis_sim.scenario.actions import Originate
from stasis_sim.scenario.clients import OFFER
from stasis_sim.scenario.misfit import choose
from stasis_sim.scenario.quantities import format_duration
from stasis_sim.simulated.actions import Sounds, Talks
from stasis_sim.simulated.admission import turned_away
from stasis_sim.simulated.endless import endless
from stasis_sim.simulated.overheard import Overheard, Witness
from stasis_sim.simulated.reloads import Reread, reread
from stasis_sim.simulated.transports import each_call, misfits

if TYPE_CHECKING:
    from stasis_sim.conf.syntax import Diagnostic
    from stasis_sim.scenario import Scenario
    from stasis_sim.scenario.clients import Client
    from stasis_sim.scenario.misfit import Keys

_VARIABLE = re.compile(r"\$\{(\w+)\}")

_FUNCTION = re.compile(r"\$\{(\w+)\(")

_SET_FUNCTION = re.compile(r"_*(\w+)\([^=]*=")

_BROADCAST = re.compile(r"\bStasisBroadcast\(", re.IGNORECASE)

_ANY_STASIS = re.compile(r"\bStasis(Broadcast)?\(", re.IGNORECASE)


@dataclass(frozen=True)
class Prepared:
    """A scenario with its Asterisk configured.

    Attributes:
        scenario: The scenario.
        configuration: What Asterisk's files say.
        warnings: What a person should know before believing the result.
        apps: The apps that its clients serve, and those that channels are handed to by a name that stands somewhere.
    """

    scenario: Scenario
    configuration: Configuration
    warnings: tuple[Problem, ...]
    apps: tuple[str, ...]

    def engine(self, witness: Witness | None = None) -> Engine:
        """Return an Asterisk that has just booted, and that somebody listens to or nobody does."""
        profile = PROFILES[self.scenario.asterisk.profile]
        if witness is None:
            return Engine(self.configuration, profile)
        return Overheard(self.configuration, profile, witness)

    @property
    def programs(self) -> tuple[str, ...]:
        """What its clients are called, each instance by itself."""
        return tuple(full for name, client in self.scenario.clients.items() for full in client.programs(name))

    @property
    def each_call(self) -> frozenset[str]:
        """Apps for which Asterisk opens a WebSocket for each call."""
        return each_call(self.configuration)


def prepare(scenario: Scenario) -> Prepared:
    """Read the files that a scenario names.

    Raises:
        InputError: Asterisk would discard a whole file, a certificate is missing that is to be checked, or calls go
            where the dialplan has nothing for them.
    """
    asterisk = scenario.asterisk
    rules = PROFILES[asterisk.profile].access
    http, http_diagnostics = load_http(asterisk.http, rules, _pem if asterisk.files == "check" else None)
    ari, ari_diagnostics = load_ari(asterisk.ari, rules)
    dialplan, dialplan_diagnostics = load_extensions(asterisk.extensions)
    websocket_clients, client_diagnostics = load_websocket_clients(asterisk.websocket_client)
    diagnostics = [*http_diagnostics, *ari_diagnostics, *client_diagnostics, *dialplan_diagnostics]
    reloads = {
        position: reread(fault, dialplan, ari)
        for position, fault in enumerate(scenario.faults)
        if fault.verb == "reload"
    }
    diagnostics += [found for reload in reloads.values() for found in reload.diagnostics]
    errors = [_problem(found) for found in diagnostics if found.discards and not asterisk.accept_broken]
    warnings = [_problem(found) for found in diagnostics if not found.discards or asterisk.accept_broken]
    listened = any(client.transport == "outbound" for client in scenario.clients.values())
    configuration = Configuration(
        http,
        ari,
        dialplan,
        verify,
        websocket_clients if listened else {},
        sounds=Sounds(asterisk.sounds_us),
        talks=Talks(),
        clock_us=asterisk.clock_us,
        rtp_timeout_us=asterisk.rtp_timeout_us,
    )
    if not errors:
        errors = [*_nowhere(scenario, dialplan), *_other_outbound(scenario, ari, reloads)]
        errors += _originates(scenario, dialplan)
        errors += misfits(scenario, configuration) if listened else ()
    if errors:
        raise InputError(errors)
    dialplans = [dialplan, *(each.dialplan for each in reloads.values() if each.dialplan is not None)]
    asked = _named(scenario, dialplans)
    named = tuple(app for app in asked if "$" not in app)
    if odd := next((app for app in named if printable(app) != app), None):
        text = f"no client can serve an app with bytes that are no UTF-8 (got {printable(odd)}); save the file as UTF-8"
        raise InputError([scenario.problem(("asterisk", "extensions"), text)])
    warnings += _odd(scenario, dialplans, asked)
    warnings += turned_away(scenario, configuration, [each.ari for each in reloads.values() if each.ari is not None])
    warnings += endless(scenario, configuration, PROFILES[asterisk.profile].dialplan)
    for outbound in () if listened else ari.outbound_websockets:
        text = f"[{outbound.name}] is an outbound WebSocket, and no client listens for it, so it is never there"
        warnings.append(scenario.problem(("asterisk", "ari"), text))
    served = (app for client in scenario.clients.values() for app in client.apps)
    return Prepared(scenario, configuration, tuple(dict.fromkeys(warnings)), tuple(dict.fromkeys((*served, *named))))


def _pem(name: str) -> str | None:
    """Return the text of a certificate's file on this machine."""
    try:
        return Path(name).read_text("utf-8", "replace")
    except OSError:
        return None


def _problem(found: Diagnostic) -> Problem:
    return Problem(found.file, found.line, 0, found.text)


def _nowhere(scenario: Scenario, dialplan: Dialplan) -> Iterator[Problem]:
    """Yield a dialplan that never asks for Stasis, and calls to an extension that nobody defined."""
    if not any(_ANY_STASIS.search(text) for text in _lines(dialplan)):
        text = "no Stasis() in the dialplan, so no call is ever handed over; write one, such as Stasis(Intro-IVR)"
        yield scenario.problem(("asterisk", "extensions"), text)
    for position, calls in enumerate(scenario.calls):
        to = calls.to
        if to.context not in dialplan.contexts:
            known = ", ".join(dialplan.contexts) or "none at all"
            text = f"no context {to.context} in the dialplan; write one of its contexts: {known}"
        elif (
            dialplan.find(to.context, to.exten or "s", caller=calls.caller_id, wall_us=scenario.asterisk.clock_us)
            is None
        ):
            text = f"no extension {to.exten} in context {to.context}; write one that the dialplan has, or add it there"
        else:
            continue
        yield scenario.problem(("calls", position, "to"), text)


def _originates(scenario: Scenario, dialplan: Dialplan) -> Iterator[Problem]:
    """Yield channels of clients whose far half has no place, or whose near half makes its own program make another."""
    for keys, client, action in _originating(scenario):
        extension, context = action.place
        if dialplan.find(context, extension, wall_us=scenario.asterisk.clock_us) is None:
            text = f"no extension {extension} in context {context}; write one that the dialplan has, or add it there"
            yield scenario.problem((*keys, "endpoint"), text)
        if action.app in client.apps:
            text = (
                f"its own app (got {action.app}), whose StasisStart would originate again; "
                "write one that another client serves"
            )
            yield scenario.problem((*keys, "app"), text)


def _originating(scenario: Scenario) -> Iterator[tuple[Keys, Client, Originate]]:
    for name, client in scenario.clients.items():
        for event, todo in client.on.items():
            for position, action in enumerate(todo):
                if isinstance(action, Originate):
                    yield ("clients", name, f"on {event}", position, "originate"), client, action


def stasis_apps(dialplan: Dialplan) -> tuple[str, ...]:
    """Return the apps that a dialplan hands channels to, each once.

    A variable in a name is replaced by the global one, and stays where only the call will tell it.
    """
    named = (_VARIABLE.sub(lambda found: dialplan.globals.get(found[1], found[0]), app) for app in asked_for(dialplan))
    return tuple(dict.fromkeys(app for app in named if app))


def _may_be(app: str, named: str) -> bool:
    """Decide whether a name with a variable in it may become an app's: by what stands before and behind."""
    before, variable, rest = named.partition("$")
    behind = re.split(r"[}\]]", rest)[-1]
    return bool(variable) and app.startswith(before) and app.endswith(behind)


def _lines(dialplan: Dialplan) -> Iterator[str]:
    """Yield every step as ``Application(data)``."""
    for context in dialplan.contexts.values():
        for extension in context.extensions:
            for step in extension.steps.values():
                yield f"{step.application}({step.data})"


def _other_outbound(scenario: Scenario, ari: AriSettings, reloads: Mapping[int, Reread]) -> Iterator[Problem]:
    """Yield reloads that would open or close WebSockets, which only a start does here."""
    for position, reload in reloads.items():
        if reload.ari is not None and reload.ari.outbound_websockets != ari.outbound_websockets:
            text = "Asterisk's own WebSockets open at its start only; write the sections outbound_websocket as before"
            yield scenario.problem(("faults", position, "ari"), text)


def _named(scenario: Scenario, dialplans: Sequence[Dialplan]) -> tuple[str, ...]:
    """Return the apps that channels are handed to: in a dialplan, in one that is loaded later, by clients."""
    named = [app for each in dialplans for app in stasis_apps(each)]
    return tuple(dict.fromkeys((*named, *(action.app for _, _, action in _originating(scenario)))))


def _odd(scenario: Scenario, dialplans: Sequence[Dialplan], named: tuple[str, ...]) -> Iterator[Problem]:
    """Yield what is perhaps not meant in a dialplan or one that is loaded later, and what never happens."""
    yield from _unknown_applications(dialplans, PROFILES[scenario.asterisk.profile])
    yield from _unknown_functions(dialplans, PROFILES[scenario.asterisk.profile])
    offers = any(_BROADCAST.search(text) for each in dialplans for text in _lines(each))
    yield from _unmatched(scenario, named, offers=offers)
    yield from _fallback_nowhere(scenario, dialplans)
    yield from (late.problem for late in too_late(scenario))
    yield from _without_precision(scenario)


def _fallback_nowhere(scenario: Scenario, dialplans: Sequence[Dialplan]) -> Iterator[Problem]:
    """Yield places that save callers and that no dialplan has: as in a comparison of dialplans, or by a slip."""
    for position, place in enumerate(scenario.fallback):
        known = list(dict.fromkeys(name for each in dialplans for name in each.contexts))
        there = [each for each in dialplans if place.context in each.contexts]
        if not there:
            text = f"no context {place.context} in the dialplan, so it saves nobody; {choose(place.context, known)}"
        elif place.exten is not None and not any(_has(each, place.context, place.exten) for each in there):
            text = f"no extension {place.exten} in context {place.context}, so it saves nobody; write one that is there"
        else:
            continue
        yield scenario.problem(("fallback", position), text)


def _has(dialplan: Dialplan, context: str, exten: str) -> bool:
    """Whether a context has an extension for some caller at some time."""
    return any(True for _, visited in dialplan.visit(context, None) for _ in visited.named(exten))


def _without_precision(scenario: Scenario) -> Iterator[Problem]:
    """Yield keys that only say how far a precision goes, where there is none."""
    run = scenario.run
    for key in ("precision_of", "max_replications") if run.precision is None else ():
        # A scenario that was written out has all keys with their defaults.
        if getattr(run, key) != type(run).model_fields[key].default:
            yield scenario.problem(("run", key), "says nothing without precision; write precision: 5%, or remove it")


class TooLate(NamedTuple):
    """A fault that is due at an instant after the end of the run.

    Attributes:
        position: Among the faults.
        problem: What is to be said.
        never: Whether it is due at no other instant.
    """

    position: int
    problem: Problem
    never: bool


def too_late(scenario: Scenario) -> Iterator[TooLate]:
    """Yield the faults that do not happen, or not as often as the scenario says, as the run is over before."""
    end = scenario.run.duration_us
    if end is None or scenario.run.until is not None:
        return
    for position, fault in enumerate(scenario.faults):
        instants = fault.at_us or (fault.csv.at_us if fault.csv is not None else ())
        late = [at for at in instants if at > end]
        if late:
            text = f"{fault.verb} {fault.target} at {format_duration(late[0])} never happens"
            text += f": the run ends after {format_duration(end)}; write an earlier instant, or a longer run.duration"
            problem = scenario.problem(("faults", position, "at" if fault.csv is None else "csv"), text)
            yield TooLate(position, problem, len(late) == len(instants))


def _unknown_applications(dialplans: Iterable[Dialplan], profile: Profile) -> Iterator[Problem]:
    """Yield the first line of each application that the model does not have, or this Asterisk."""
    known = APPLICATIONS.keys() - profile.dialplan.missing_applications
    for _, _, step, call in chain.from_iterable(map(lines, dialplans)):
        if call.name and call.name not in known:
            known.add(call.name)
            text = "is not in the model: calls end there, as if its module were not loaded"
            if call.name in APPLICATIONS:
                text = f"is no application of {profile.name}: calls end there"
            written = step.application if fold(step.application) == call.name else call.name
            yield Problem(step.file, step.line, 0, f"{written}() {text}")


def _unknown_functions(dialplans: Iterable[Dialplan], profile: Profile) -> Iterator[Problem]:
    """Yield the first line of each function that the model does not have, or this Asterisk."""
    known = (READERS.keys() | WRITERS.keys()) - profile.dialplan.missing_functions
    for _, _, step, call in chain.from_iterable(map(lines, dialplans)):
        named = _FUNCTION.findall(step.data)
        if call.name == "set" and (target := _SET_FUNCTION.match(call.data)):
            named.append(target[1])
        for name in named:
            if name not in known:
                known.add(name)
                what = f"no function of {profile.name}" if name in {*READERS, *WRITERS} else "not in the model"
                text = f"{name}() is {what}: it reads as empty, and what is set to it is lost"
                yield Problem(step.file, step.line, 0, text)


def _is_named(app: str, named: tuple[str, ...]) -> bool:
    """Decide whether calls may be handed to an app; one that differs from another in letter case alone is a slip."""
    alike = any(fold(app) == fold(other) for other in named)
    return app in named or (not alike and any(_may_be(app, other) for other in named))


def _unmatched(scenario: Scenario, named: tuple[str, ...], *, offers: bool) -> Iterator[Problem]:
    """Yield apps that stand on one side only; both are legitimate, and both are often a slip."""
    clients = scenario.clients
    served = [app for client in clients.values() for app in client.apps]
    for name, client in clients.items():
        behind = {app for each in clients.values() if each.behind == name for app in each.apps}
        for app in client.apps:
            if client.deliver is not None and app not in behind:
                text = f"no client behind it serves {app}: what Asterisk raises for it is lost"
                yield scenario.problem(("clients", name, "apps"), text)
            # It may be there for calls that are offered to all, or to hear of the calls of others.
            watches = (offers and OFFER in client.on) or bool(client.subscribe)
            if not (watches or client.behind is not None or _is_named(app, named)):
                yield scenario.problem(("clients", name, "apps"), f"no line of the dialplan hands calls to {app}")
    for app in named:
        if app not in served and "$" not in app:
            yield scenario.problem(("clients",), f"the dialplan hands calls to {app}, which no client serves")
