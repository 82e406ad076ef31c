"""``[APP.]measure``, as ``expect`` and ``run.precision_of`` name one: held against the list of all measures.

The list is :mod:`stasis_sim.observe.catalogue`. Where it leaves a word open, such as the type of an event, this module
knows what ARI and the simulation have, so that a slip in it is no measure of what never happens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import chain, takewhile
from typing import TYPE_CHECKING, Final

from stasis_sim.conf.extensions import load_extensions
from stasis_sim.conf.handovers import asked_for
from stasis_sim.conf.syntax import read
from stasis_sim.observe.catalogue import MEASURES, Kind, lookup, spellings
from stasis_sim.observe.vocabulary import WHYS
from stasis_sim.scenario.actions import Move, Originate
from stasis_sim.scenario.events import EVENT_TYPES
from stasis_sim.scenario.files import ConfFile
from stasis_sim.scenario.misfit import Keys, MisfitError, choose, got, nearest

if TYPE_CHECKING:
    from stasis_sim.scenario import Scenario

BEGINNINGS: Final = tuple(dict.fromkeys(measure.name.split(".")[0] for measure in MEASURES))
"""How the names of measures begin."""

OPEN: Final = {"TYPE": EVENT_TYPES, "WHY": WHYS, "STATUS": ("404",), "ANSWER": ("603", "BYE")}
"""What may stand for the parts that the list leaves open; of statuses an example."""

_FORMS: Final = {"STATUS": re.compile("[1-5][0-9]{2}", re.ASCII), "ANSWER": re.compile("[1-6][0-9]{2}|BYE", re.ASCII)}
"""What these parts look like where there are too many words to list."""

_MOST: Final = 12
"""Names that a message lists; of more it says how they are made."""


def scope_and_measure(name: str) -> tuple[str | None, str]:
    """Split ``[APP.]measure``: the app or client is what stands before the name of a measure.

    Raises:
        MisfitError: It names no measure.
    """
    parts = name.split(".")
    begins = [index for index, part in enumerate(parts) if part in BEGINNINGS]
    for index in begins:
        measure = ".".join(parts[index:])
        if _exists(measure) and all(parts):
            return ".".join(parts[:index]) or None, measure
    if begins and all(parts):
        raise MisfitError.at(f"unknown measure {got(name)}; {_meant(parts[begins[-1] :])}")
    word = next((part for part in parts if nearest(part, BEGINNINGS)), parts[-1])
    raise MisfitError.at(f"unknown measure {got(name)}; {choose(word, BEGINNINGS)}")


def kind_of(measure: str) -> Kind:
    """Return whether a measure that exists is a share, a time or a count."""
    found = lookup(measure)
    return "count" if found is None else found.kind


def _exists(measure: str) -> bool:
    found = lookup(measure)
    if found is None:
        return False
    parts = zip(found.name.split("."), measure.split("."), strict=True)
    return all(
        _FORMS[wanted].fullmatch(part) is not None if wanted in _FORMS else part in OPEN.get(wanted, (part,))
        for wanted, part in parts
    )


def _meant(parts: list[str]) -> str:
    """Return what to write instead of a name that begins like a measure and goes on like none."""
    names = [each.split(".") for each in spellings(OPEN)]
    shared = max(_shared(parts, each) for each in names)
    alike = [each for each in names if each[:shared] == parts[:shared]]
    words = dict.fromkeys(each[shared] for each in alike if len(each) > shared)
    near = nearest(parts[shared], words) if shared < len(parts) else None
    if near is not None:
        better = [*parts[:shared], near, *parts[shared + 1 :]]
        return f"write {'.'.join(better)}" if _exists(".".join(better)) else _meant(better)
    around = [each for each in alike if _within(parts, each)] if shared < len(parts) else []
    if not around and not words:
        return f"write {'.'.join(parts[:shared])}"
    listed = [".".join(each) for each in around or alike]
    if len(listed) > _MOST:
        listed = list(dict.fromkeys(found.name for each in listed if (found := lookup(each)) is not None))
    return f"write one of {', '.join(listed)}" if len(listed) > 1 else f"write {listed[0]}"


def _shared(some: list[str], others: list[str]) -> int:
    """Return how many parts two names share at their beginnings."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))


def _within(parts: list[str], name: list[str]) -> bool:
    """Whether a name has all parts, in their order, among its own."""
    rest = iter(name)
    return all(part in rest for part in parts)


class Scopes:
    """What a scenario has measures of, beside the total: apps and clients.

    Args:
        scenario: The scenario.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario

    @cached_property
    def clients(self) -> tuple[str, ...]:
        """The programs, each instance by itself."""
        clients = self._scenario.clients.items()
        return tuple(chain.from_iterable(client.programs(name) for name, client in clients))

    @cached_property
    def served(self) -> dict[str, str]:
        """The apps that a client serves, and which one does."""
        return {app: name for name, client in reversed(self._scenario.clients.items()) for app in client.apps}

    @cached_property
    def unserved(self) -> frozenset[str]:
        """Apps that calls may be handed to although nobody serves them."""
        todo = chain.from_iterable(chain(*client.on.values()) for client in self._scenario.clients.values())
        return self._asked_for | {each.app for each in todo if isinstance(each, Move | Originate)}

    @cached_property
    def any_app(self) -> bool:
        """Whether only a call will tell which app it is handed to, or a part of the dialplan is not at hand."""
        absent = any(not files for source in self._dialplans for files in read(source).included.values())
        return absent or any("$" in app for app in self._asked_for)

    @cached_property
    def _asked_for(self) -> frozenset[str]:
        return frozenset(app for source in self._dialplans for app in asked_for(load_extensions(source)[0]))

    @cached_property
    def _dialplans(self) -> list[ConfFile]:
        loaded = (fault.extensions for fault in self._scenario.faults)
        return [self._scenario.asterisk.extensions, *(each for each in loaded if each is not None)]

    def misfit(self, scope: str | None, measure: str) -> str:
        """Return what is wrong with a measure of an app or client; empty if nothing is.

        Args:
            scope: The app or client; None: the total, which has all measures.
            measure: The name of a measure that exists.
        """
        found = lookup(measure)
        if scope is None or found is None:
            return ""
        given = [kind for kind, names in (("apps", self.served), ("clients", self.clients)) if scope in names]
        if not given and (scope in self.unserved or self.any_app):
            given = ["apps"]
        if not given:
            known = list(dict.fromkeys((*self.served, *self._scenario.clients)))
            return f"no such app or client {got(scope)}; " + (
                choose(scope, known) if known else f"write {measure}, the total"
            )
        return "" if set(given) & set(found.scopes) else self._other_scope(scope, measure, found.scopes)

    def _other_scope(self, scope: str, measure: str, scopes: tuple[str, ...]) -> str:
        """Return what to write instead of a measure of an app that only clients have, or the other way round."""
        asked = got(f"{scope}.{measure}")
        if "apps" in scopes:
            return f"not measured of a client {asked}; write {self._apps_of(scope)[0]}.{measure}"
        better = f"{self.served[scope]}.{measure}" if scope in self.served else measure
        return f"not measured of an app {asked}; write {better}"

    def _apps_of(self, client: str) -> tuple[str, ...]:
        names = (client, client.rpartition("#")[0])
        return next(self._scenario.clients[name].apps for name in names if name in self._scenario.clients)


def strangers(scenario: Scenario) -> Iterator[tuple[Keys, str]]:
    """Yield measures of apps and clients that a scenario does not have."""
    scopes = Scopes(scenario)
    named: list[tuple[Keys, str | None, str]] = [
        *((("expect", at), each.app, each.measure) for at, each in enumerate(scenario.expect)),
        *((("run", "precision_of", at), *scope_and_measure(each)) for at, each in enumerate(scenario.run.precision_of)),
    ]
    for keys, scope, measure in named:
        text = scopes.misfit(scope, measure)
        if text:
            yield keys, text
