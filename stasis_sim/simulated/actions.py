"""What a client does about an event: its actions one after the other, as REST requests and waits.

Handling stops at the first request that fails, at the death of the client, and for good where it waits for the end of
a sound or a recording that never comes: that is how a call is orphaned.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from stasis_sim.scenario import actions
from stasis_sim.simulated.clock import Rank
from stasis_sim.simulated.originating import originate
from stasis_sim.simulated.process import Life, Process
from stasis_sim.simulated.statuses import CARRIED_OUT
from stasis_sim.simulated.subscribing import subscribe_to

if TYPE_CHECKING:
    from stasis_sim.simulated.callers import Caller
    from stasis_sim.simulated.delays import Name
    from stasis_sim.simulated.network import Message
    from stasis_sim.simulated.programs import Program

Query = tuple[tuple[str, str], ...]
Step = tuple[str, str, Query]
"""Method, what follows the channel in the path, query."""

Asked = tuple[str, str, Query]
"""The id of a sound or the name of a recording, what follows the channel in the path, query."""

CLAIM = "/events/claim"
"""Where a call is claimed that StasisBroadcast offers."""

Other = (
    actions.Claim
    | actions.Subscribe
    | actions.Bridge
    | actions.Pair
    | actions.ExternalMedia
    | actions.Disband
    | actions.Originate
)
"""Actions that are more than requests below the channel's path."""


def sound(duration: int) -> str:
    """Return the media URI of a sound that takes a given time in microseconds; see :class:`Sounds`."""
    return f"sound:{duration}us"


def _measured(name: str) -> int | None:
    """Return the time in microseconds that a name says, if it says one."""
    return int(name[:-2]) if name.endswith("us") and name[:-2].isdecimal() else None


class Sounds(Mapping[str, int]):
    """How long each sound takes, in microseconds: those of the scenario, and those that clients make to measure.

    Args:
        named: Those of the scenario, among them ``default``.
    """

    def __init__(self, named: Mapping[str, int]) -> None:
        self._named = named

    def __getitem__(self, name: str) -> int:
        """Return the time of any sound, that of ``default`` where nothing else is known."""
        if name in self._named:
            return self._named[name]
        measured = _measured(name)
        return self._named["default"] if measured is None else measured

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)


class Talks(Mapping[str, int]):
    """How long callers talk into recordings, in microseconds, which clients write into their names."""

    def __getitem__(self, name: str) -> int:
        """Return the time of a recording that a client has asked for.

        Raises:
            KeyError: It is none of these.
        """
        time = _measured(name.rpartition("-")[2])
        if time is None:
            raise KeyError(name)
        return time

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


ENDS = {
    "PlaybackFinished": ("playback", "id"),
    "RecordingFinished": ("recording", "name"),
    "RecordingFailed": ("recording", "name"),
}
"""The events that a handler waits for, and where each says what is over."""


class Pending:
    """A sound or a recording that a handler has asked for, and whose end it waits for."""

    __slots__ = ("_go_on", "_process", "awaited", "over")

    def __init__(self, process: Process, go_on: Callable[[], None]) -> None:
        self._process = process
        self._go_on = go_on
        self.over = False
        self.awaited = False

    def finish(self) -> None:
        """The client has dealt with the event of its end: the handler goes on, if it has come to wait for it."""
        self.over = True
        if self.awaited:
            self._go_on()
            self._process.arm(0)


def requests(action: actions.Action) -> tuple[Step, ...]:
    """Return the REST requests that an action stands for; none for those that take time."""
    steps: tuple[Step, ...] = ()
    match action:
        case actions.Answer() | actions.Ring():
            steps = (("POST", f"/{action.tag}", ()),)
        case actions.Hangup():
            steps = (("DELETE", "", (("reason", action.reason),)),)
        case actions.Move():
            steps = (("POST", "/move", (("app", action.app),)),)
        case actions.Continue():
            steps = (("POST", "/continue", _place(action)),)
        case actions.Set():
            pairs = action.variables.items()
            steps = tuple(("POST", "/variable", (("variable", name), ("value", value))) for name, value in pairs)
    return steps


def _place(action: actions.Continue) -> Query:
    query = (
        ("context", action.context),
        ("extension", action.extension),
        ("priority", action.priority),
        ("label", action.label),
    )
    return tuple((name, str(value)) for name, value in query if value is not None)


class Plan(NamedTuple):
    """One action, made ready: REST requests to send one after the other, something that takes time, or other."""

    requests: tuple[Step, ...]
    timed: actions.Wait | actions.Play | actions.Record | None
    other: Other | None


def plan(todo: Sequence[actions.Action]) -> tuple[Plan, ...]:
    """Make a list of actions ready to be carried out many times."""
    return tuple(
        Plan(
            requests(action),
            action if isinstance(action, actions.Wait | actions.Play | actions.Record) else None,
            action if isinstance(action, Other) else None,
        )
        for action in todo
    )


def handle(process: Process, client: Program, message: Message, todo: Sequence[Plan], finish: int) -> Life:
    """Handle one event once a worker is through with it."""
    event, caller, number = message
    if caller is None:
        return
    world = client.world
    world.keep(caller)
    yield finish - world.clock.now
    client.begin(event.serial)
    client.known.add(caller.trace.number)
    yield from _carry_out(process, client, caller, todo, (event.app, number, event.type))
    world.release(caller)


def recover(process: Process, client: Program, todo: Sequence[Plan]) -> Life:
    """Ask for all channels, and do for each that is inside and that nobody works for what a StasisStart asks for."""
    generation = client.generation
    status = yield from client.rest("GET", "/channels", (), None, process, name=())
    if status in CARRIED_OUT and client.generation == generation:
        client.world.found(client, todo)


def take_up_unknown(client: Program, todo: Sequence[Plan]) -> None:
    """Do something for each channel that is inside, and that nobody works for."""
    world = client.world
    for caller in world.callers.inside(client.spec.apps):
        number = caller.trace.number
        if number not in client.known and caller.attempt is not None and not caller.media:
            client.take_up(caller, caller.attempt.app)
            worker = Process(world.clock, Rank.CLIENT, number)
            worker.start(_take_up(worker, client, caller, todo, caller.attempt.app))


def _take_up(process: Process, client: Program, caller: Caller, todo: Sequence[Plan], app: str) -> Life:
    client.world.keep(caller)
    yield from _carry_out(process, client, caller, todo, (app, "recover"))
    client.world.release(caller)


def _carry_out(process: Process, client: Program, caller: Caller, todo: Sequence[Plan], name: Name) -> Life:
    """Carry out a list of actions on a call.

    Args:
        process: Who does it.
        client: For whom.
        caller: On whose channel.
        todo: The actions.
        name: What the times that it takes belong to, beside the call and the place in the list.
    """
    generation = client.generation
    last = len(todo) - 1
    for position, (steps, timed, other) in enumerate(todo):
        done, place = True, (*name, position)
        if timed is not None:
            duration = client.duration((timed.tag, *place), timed.time, caller)
            if isinstance(timed, actions.Wait):
                yield from client.awake()
                yield duration
            else:
                asked = _asked(timed, client, duration, last=position == last)
                done = yield from _await_end(process, client, caller, asked, name=place, last=position == last)
        if other is not None:
            done = yield from _other(process, client, caller, other, name=place, last=position == last)
        for number, (method, suffix, query) in enumerate(steps):
            path = f"/channels/{caller.channel}{suffix}"
            # Nothing follows the last request, so its answer need not be waited for.
            awaited = position < last or number < len(steps) - 1
            sent = client.rest(method, path, query, caller, process, name=(*place, number), awaited=awaited)
            status = yield from sent
            done = status in CARRIED_OUT
            if not done or client.generation != generation:
                return
        if not done or client.generation != generation:
            return


def _other(
    process: Process, client: Program, caller: Caller, action: Other, *, name: Name, last: bool
) -> Generator[int | None, Any, bool]:
    """Carry out an action that is more than requests below the channel's path; say whether the handling goes on."""
    app = str(name[0])
    match action:
        case actions.Claim():
            offer = (("channelId", caller.channel), ("application", app))
            return (yield from client.rest("POST", CLAIM, offer, caller, process, name=name)) in CARRIED_OUT
        case actions.Subscribe():
            return (yield from subscribe_to(process, client, caller, app, name=name, last=last))
        case actions.ExternalMedia():
            return (yield from client.rooms.give_media(process, client, caller, name=name, last=last))
        case actions.Disband():
            return (yield from client.rooms.disband(process, client, caller, name=name))
        case actions.Originate():
            return (yield from originate(process, client, caller, action, name=name, last=last))
        case _:
            return (yield from client.rooms.join(process, client, caller, action, name=name, last=last))


def _await_end(
    process: Process, client: Program, caller: Caller, asked: Asked, *, name: Name, last: bool
) -> Generator[int | None, Any, bool]:
    """Play a sound or record, and wait for the end, if anything follows; say whether the handling goes on."""
    ident, verb, query = asked
    path = f"/channels/{caller.channel}/{verb}"
    if last:
        return (yield from client.rest("POST", path, query, caller, process, name=name, awaited=False)) in CARRIED_OUT
    pending = Pending(process, partial(client.world.keep, caller))
    client.pending.setdefault(caller.trace.number, {})[ident] = pending
    status = yield from client.rest("POST", path, query, caller, process, name=name)
    if status not in CARRIED_OUT:
        client.pending.get(caller.trace.number, {}).pop(ident, None)
        return False
    if not pending.over:
        pending.awaited = True
        # It may wait for ever, and the rows of the call shall not; they wait again as soon as it is to go on.
        client.world.release(caller)
        yield None
    return True


def _asked(action: actions.Play | actions.Record, client: Program, duration: int, *, last: bool) -> Asked:
    """Return what to ask for; of a sound that is played last the end is nobody's."""
    if isinstance(action, actions.Record):
        name = f"{client.pending_id()}-{duration}us"
        return name, action.tag, (("name", name), ("format", "wav"))
    media = ("media", sound(duration))
    if last:
        return "", action.tag, (media,)
    ident = client.pending_id()
    return ident, action.tag, (media, ("playbackId", ident))
