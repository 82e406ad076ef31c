"""ARI's resources: which command, on what, answers what.

A request that is let in (access.py) comes to the handler of its method and resource.  A handler that queues a
command for a channel's loop replies at once, and the loop runs after the reply has gone out; a command that
Asterisk waits for (answer, addChannel, a variable) is run first, or, while the channel is busy with media, keeps
its requester waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from stasis_sim.handoff.ari.replies import NOT_MODELLED, Handler, Parameters, Reply
from stasis_sim.handoff.broadcast import Offers
from stasis_sim.handoff.channels.bridges import Bridges
from stasis_sim.handoff.channels.calls import Calls
from stasis_sim.handoff.channels.control import Control, Floor
from stasis_sim.handoff.channels.snapshots import Channels
from stasis_sim.handoff.configuration import Configuration
from stasis_sim.handoff.effects import RESPONSE
from stasis_sim.handoff.events import Bus
from stasis_sim.handoff.http_server.access import Access, Answer, HttpRequest
from stasis_sim.handoff.http_server.messages import Granted
from stasis_sim.handoff.profiles import Profile
from stasis_sim.handoff.registry import Registry
from stasis_sim.handoff.timers import Timers

_COMMANDS: Final = "/channels/{channelId}/"
_PARTS: Final = 5
"""Of a path such as /ari/channels/c1/answer."""

_WORDS: Final = frozenset({"create", "externalMedia"})
"""What stands in a channel's place in paths that are none of a channel's."""


class House:
    """The parts of one Asterisk that the resources work on."""

    def __init__(self, configuration: Configuration, profile: Profile, *, bodies: bool) -> None:
        """Build an empty house."""
        self.configuration = configuration
        self.profile = profile
        self.bus = Bus(bodies=bodies)
        self.timers = Timers(self.bus)
        self.registry = Registry(self.bus, profile)
        self.channels = Channels(self.bus, profile, configuration.ari.channelvars)
        self.bridges = Bridges(self.bus, self.channels)
        self.floor = Floor(self.bus, profile, self.registry, self.channels, self.bridges)
        self.offers = Offers(self.bus, self.channels)
        self.calls = Calls(configuration, self.channels, self.floor, self.offers, self.timers)
        self.loops = self.calls.loops
        # What parts that know of channels do when Asterisk restarts.
        self.resets: list[Callable[[], None]] = [self.calls.pbx.restart]
        # What runs once the reply to the present request has gone out.
        self.later: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        # The request that is being handled, and whether its handler has not returned yet.
        self.asked = 0
        self.open = False
        self._turn = 0
        self.reply: Callable[[int, Reply], None] = lambda _serial, _reply: None

    def begin(self, serial: int) -> None:
        """A request's handler begins."""
        self.asked = serial
        self._turn += 1
        self.open = True

    def after(self, action: Callable[..., None], *args: Any) -> None:
        """Have something done after the reply."""
        self.later.append((action, args))

    def wake(self, control: Control) -> None:
        """Have a loop look at its commands after the reply, or when it next does."""
        self.later.append((self.loops.notice, (control,)))

    def at_once(
        self, control: Control, reply: Reply, failure: Reply | None, command: Callable[..., None], *args: Any
    ) -> Reply | None:
        """Run a command that its requester waits for; the reply follows it (control).

        On a channel that is hung up it fails, or is carried out all the same if no failure is given.
        """
        if control.busy is None and not control.commands and not self.loops.asleep(control):
            # The ordinary case: nothing is before it.
            command(*args)
            self.loops.run(control)
            return reply
        finish, done = self._requester()

        def run() -> None:
            command(*args)
            finish(reply)

        control.queue(run, (), run if failure is None else partial(finish, failure))
        self.loops.notice(control)
        return done[0] if done else None

    def in_turn(
        self, controls: Sequence[Control], reply: Reply, command: Callable[..., None], *args: Any
    ) -> Reply | None:
        """Run a command on one channel after the other, each when the one before is through (bridge-order)."""
        if not any(map(self.loops.asleep, controls)):
            last: Reply | None = reply
            for control in controls:
                last = self.at_once(control, reply, reply, command, control, *args)
            return last
        finish, done = self._requester()
        left = list(controls)

        def begin(_: None) -> None:
            control = left.pop(0)
            if control.channel.control is not control:
                through()
                return
            control.queue(run, (control,), through)
            self.loops.notice(control)

        def run(control: Control) -> None:
            command(control, *args)
            through()

        def through() -> None:
            if left:
                self.timers.set(0, begin, None)
            else:
                finish(reply)

        begin(None)
        return done[0] if done else None

    def _requester(self) -> tuple[Callable[[Reply], None], list[Reply]]:
        """What answers the present request, and where the reply lies if it comes before the handler returns."""
        serial, turn = self.asked, self._turn
        done: list[Reply] = []

        def finish(reply: Reply) -> None:
            if self.open and self._turn == turn:
                done.append(reply)
            else:
                self.reply(serial, reply)

        return finish, done


class Rest:
    """Answers requests."""

    def __init__(self, house: House, access: Access, handlers: Mapping[tuple[str, str], Handler]) -> None:
        """Take the handlers of all resources, by method and path."""
        self.house = house
        self.access = access
        self.handlers = handlers
        self._granted: dict[int, Granted] = {}
        self._short: dict[tuple[object, ...], tuple[Granted, Handler]] = {}
        house.reply = self._late

    def request(self, serial: int, request: HttpRequest) -> None:
        """Answer a request, and do what it asks for."""
        house = self.house
        short = None if house.bus.bodies else self._short_cut(request)
        if short is not None:
            granted, handler, variables = short
        else:
            found = self.access.check(request)
            if isinstance(found, Answer):
                self._refuse(serial, found)
                return
            granted, variables = found, found.variables
            request = found.request
            handler = self.handlers.get((request.method, found.route.pattern), _not_modelled)
            self._remember(found, handler)
        house.begin(serial)
        reply = handler(variables, Parameters(request))
        house.open = False
        if reply is None:
            self._granted[serial] = granted
        else:
            self._answer(serial, granted, reply)
        later = house.later
        if later:
            for action, args in later:
                action(*args)
            later.clear()

    # A command for a channel is let in like the one before it from the same user: only the channel's id differs.

    def _remember(self, granted: Granted, handler: Handler) -> None:
        request, pattern = granted.request, granted.route.pattern
        plain = not request.headers and request.content is None and not request.target
        if plain and pattern.startswith(_COMMANDS) and not granted.headers and not granted.closes:
            parts = request.path.split("/")
            if len(parts) == _PARTS:
                self._short[_about(request, parts)] = (granted, handler)

    def _short_cut(self, request: HttpRequest) -> tuple[Granted, Handler, tuple[str, ...]] | None:
        parts = request.path.split("/")
        if len(parts) != _PARTS:
            return None
        ident = parts[3]
        known = self._short.get(_about(request, parts))
        if known is None or not ident or "%" in ident or "+" in ident or ident in _WORDS:
            return None
        return known[0], known[1], (ident,)

    def admit(self, access: Access) -> None:
        """Let in by other rules from now on (reload-users)."""
        self.access = access
        self._short.clear()

    def forget(self) -> None:
        """Asterisk restarts: nobody waits for a reply any more."""
        self._granted.clear()
        self.house.later.clear()

    def _late(self, serial: int, reply: Reply) -> None:
        granted = self._granted.pop(serial, None)
        if granted is not None:
            self._answer(serial, granted, reply)

    def _answer(self, serial: int, granted: Granted, reply: Reply) -> None:
        status, phrase, message, headers = reply
        if not self.house.bus.bodies:
            self.house.bus.out.append((RESPONSE, serial, status, phrase, headers, message))
            return
        if headers:
            granted = granted._replace(headers=granted.headers + headers)
        answer = self.access.respond(granted, status, phrase, message)
        self.house.bus.out.append((RESPONSE, serial, status, phrase, answer.headers, answer.body))

    def _refuse(self, serial: int, answer: Answer) -> None:
        self.house.bus.out.append(
            (RESPONSE, serial, answer.status, answer.reason or answer.phrase, answer.headers, answer.body)
        )


def _about(request: HttpRequest, parts: Sequence[str]) -> tuple[object, ...]:
    """Return all that decides whether a request is let in but the channel's id; the slice begins at the headers."""
    _, root, resource, _, command = parts
    return request.method, root, resource, command, request.user, request[5:]


def _not_modelled(path: Sequence[str], parameters: Parameters) -> Reply:  # noqa: ARG001
    """Any resource that Asterisk has and the model has not."""
    return NOT_MODELLED
