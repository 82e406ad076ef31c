"""The callers: who is there, what each does by himself, and what becomes of him in Asterisk.

A caller arrives, waits for a first command, and hangs up when his patience is over or he has got what he called for.
All that is random about him is drawn when he arrives, by his number within his source of traffic.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from stasis_sim.handoff import stimuli
from stasis_sim.handoff.channels.peers import SessionTimer
from stasis_sim.observe import trace
from stasis_sim.simulated.clock import Happening, Rank
from stasis_sim.simulated.draws import durations
from stasis_sim.simulated.keys import Keys
from stasis_sim.simulated.process import Life, Process
from stasis_sim.simulated.traffic import arrivals, instants

if TYPE_CHECKING:
    from stasis_sim.handoff.effects import Effect
    from stasis_sim.randomness import Durations
    from stasis_sim.scenario.distributions import Distribution
    from stasis_sim.simulated.proxies import Owner
    from stasis_sim.simulated.world import World

CARING = frozenset({"Dial", "Queue", "VoiceMail", "Playback", "Answer"})
"""Applications that take care of a caller whom Stasis ejected."""

_DRAWN = ("hold", "patience", "media", "vanishes")
"""What is drawn for each caller, as the scenario and the streams call it."""


MADE = 1 << 40
"""The numbers of channels that clients make begin here, behind those of all calls."""


class Caller:
    """One call while it lives, or a channel that a client has made.

    Attributes:
        trace: What the results will say of it; its ``number`` is unique in the run. That of a channel which a client
            has made is ``released`` from the beginning, as no row of it is ever kept.
        channel: The id of its channel.
        source: Position of its source of traffic in the scenario.
        index: Its number within the source; it decides all draws that are made for this caller.
        hold: How long after the first command the caller hangs up, in microseconds; None: never.
        attempt: The stay in Stasis that it is in, if any.
        ejected: Whether Stasis has ejected it.
        served: Whether a command has been carried out on it.
        vanished: Whether the caller's phone is gone: he does nothing any more.
        pressing: What presses his keys; None: nothing does, or not yet.
        raised: For each app, how many events were raised about this call.
        taken: For each app behind a proxy that has raised a StasisStart, who took it; None: no such app.
        together: Whether its channel is in a bridge with another one.
        media: Whether its channel is one of external media.
    """

    __slots__ = (
        "attempt",
        "channel",
        "ejected",
        "hold",
        "index",
        "media",
        "pressing",
        "raised",
        "served",
        "source",
        "taken",
        "together",
        "trace",
        "vanished",
    )

    def __init__(self, row: trace.Call, channel: str, source: int, index: int, hold: int | None) -> None:
        self.trace = row
        self.channel = channel
        self.source = source
        self.index = index
        self.hold = hold
        self.attempt: trace.Attempt | None = None
        self.ejected = False
        self.served = False
        self.vanished = False
        self.pressing: Process | None = None
        self.raised: dict[str, int] = {}
        self.taken: dict[str, Owner | None] | None = None
        self.together = False
        self.media = False


class Source(NamedTuple):
    """A source of traffic, made ready; the redials of its callers are sources of their own.

    Attributes:
        name: As the scenario calls it.
        streams: As its streams of random numbers are called.
        entry: Its position in the scenario.
        redial: 0, or the number of the redial.
        again: How long after the end of an unserved call the next redial comes; None: never.
        dials: Extension, context, variables, number of the caller, kind of channel.
    """

    name: str
    streams: str
    entry: int
    redial: int
    again: Durations | None
    hold: Durations | None
    patience: Durations | None
    media: Durations | None
    vanishes: Durations | None
    dials: tuple[str, str, dict[str, str], str, str]
    session: SessionTimer | None
    keys: Keys | None


class Callers:
    """The callers of one replication.

    Args:
        world: Where they live.

    Attributes:
        live: Those whose call has not ended, by channel, in the order of their arrival.
        limit: So many calls there may be at one time.
        expected: Up to when a call has begun or ended, or its caller will have hung up, in microseconds.
    """

    def __init__(self, world: World) -> None:
        scenario = world.scenario
        self._world = world
        self._sources = [self._source(entry, 0) for entry in range(len(scenario.calls))]
        self._redials: dict[tuple[int, int], int] = {}
        self._fallback = frozenset((place.context, place.exten) for place in scenario.fallback)
        self.live: dict[str, Caller] = {}
        self._offered = 0
        self.expected = 0
        self._first_calls_over = False
        self._calling_again = 0
        self.limit = scenario.asterisk.max_channels or sys.maxsize
        self._made = 0
        # How many channels each caller has been the reason for.
        self._made_for: dict[int, int] = {}
        # Positions of what clients make for callers, by name: sources behind those of the scenario.
        self._numbers: dict[str, int] = {}

    @property
    def all_offered(self) -> bool:
        """Whether nobody will arrive any more."""
        return self._first_calls_over and not self._calling_again

    def _source(self, entry: int, redial: int) -> Source:
        calls = self._world.scenario.calls[entry]
        streams = _streams(calls.name, redial)
        times = {what: self._times(streams, what, getattr(calls, what)) for what in _DRAWN}
        to, expires, redialled = calls.to, calls.session_expires_us, calls.redial
        dials = (to.exten or "s", to.context, calls.variables, calls.caller_id, calls.kind)
        session = None if expires is None else SessionTimer(expires, calls.refresher or "uac")
        keys = Keys(self._world.streams, streams, calls.keys) if calls.keys else None
        again = None
        if redialled is not None and redial < redialled.times:
            again = self._times(_streams(calls.name, redial + 1), "after", redialled.after)
        return Source(calls.name, streams, entry, redial, again, **times, dials=dials, session=session, keys=keys)

    def _times(self, source: str, what: str, distribution: Distribution | None) -> Durations | None:
        if distribution is None:
            return None
        return durations(self._world.streams, f"calls/{source}/{what}", distribution)

    def source_name(self, source: int) -> str:
        """Return what a source of traffic is called in the names of streams."""
        return self._sources[source].streams

    def inside(self, apps: tuple[str, ...]) -> list[Caller]:
        """Return the callers inside some apps, in the order of their arrival."""
        return [caller for caller in self.live.values() if caller.attempt is not None and caller.attempt.app in apps]

    # ---- what they do ------------------------------------------------------

    def begin(self) -> None:
        """The run begins."""
        Process(self._world.clock, Rank.ARRIVAL, 0).start(self._traffic())

    def _traffic(self) -> Life:
        """Offer one call after the other."""
        world = self._world
        scenario, clock = world.scenario, world.clock
        sources = [
            instants(calls.arrivals, world.streams, calls.name, scenario.asterisk.clock_us, calls.count)
            for calls in scenario.calls
        ]
        end = scenario.run.duration_us
        for at, position, index in arrivals(sources):
            if end is not None and at >= end:
                break
            yield at - clock.now
            self._offered += 1
            self.arrive(self._offered, at, position, index)
        self._first_calls_over = True
        world.check_drained()

    def arrive(self, number: int, now: int, position: int, index: int) -> None:
        """A call of a source arrives: all its draws are made now, used or not."""
        world, source = self._world, self._sources[position]
        self.expected = max(self.expected, now)
        row = world.recorder.call(number, source.name, now)
        row.redial = source.redial
        hold = None if source.hold is None else source.hold[index]
        media = None if source.media is None else source.media[index]
        channel = f"c{number}"
        caller = Caller(row, channel, position, index, hold)
        if world.down or len(self.live) >= self.limit:
            row.blocked = True
            row.ended = now
            world.recorder.ended(row)
            self._think_it_over(caller)
            return
        self.live[channel] = caller
        if source.patience is not None:
            patience = source.patience[index]
            self.expected = max(self.expected, now + patience)
            world.clock.after(patience, Rank.CALLER, number, self._impatient, caller)
        if source.vanishes is not None:
            world.clock.after(source.vanishes[index], Rank.CALLER, number, self._vanish, caller)
        world.asterisk.dial(number, stimuli.Call(channel, *source.dials, media, source.session))

    def _impatient(self, happening: Happening) -> None:
        """No command has come in time: the caller hangs up."""
        caller: Caller = happening.payload
        if not caller.served and not caller.vanished and caller.channel in self.live:
            caller.trace.abandoned = True
            self._world.asterisk.apply(stimuli.Hangup(caller.channel))

    def _satisfied(self, happening: Happening) -> None:
        """The caller has got what he called for, and hangs up."""
        caller: Caller = happening.payload
        if not caller.vanished and caller.channel in self.live:
            self._world.asterisk.apply(stimuli.Hangup(caller.channel))

    def make(self, caller: Caller) -> tuple[str, str]:
        """Return the ids of a Local channel's halves, which a client is about to make on behalf of a caller.

        Their draws belong to that caller, to how many there have been for him before, and to the half.
        """
        turn = self._next_made(caller)
        halves = f"o{self._made}", f"o{self._made}b"
        for half, channel in enumerate(halves, 1):
            self._make(caller, f"originated/{turn};{half}", channel, half)
        return halves

    def make_media(self, caller: Caller) -> Caller:
        """Return a channel of external media that a client is about to make on behalf of a caller."""
        turn = self._next_made(caller)
        media = self._make(caller, f"media/{turn}", f"m{self._made}", 1)
        media.media = True
        return media

    def _next_made(self, caller: Caller) -> int:
        self._made += 1
        turn = self._made_for[caller.trace.number] = self._made_for.get(caller.trace.number, 0) + 1
        return turn

    def _make(self, caller: Caller, name: str, channel: str, half: int) -> Caller:
        source = self._source_made(f"{self._sources[caller.source].streams}/{name}")
        row = trace.Call(MADE + 2 * self._made + half, self._sources[source].name, self._world.clock.now)
        row.released = True
        made = self.live[channel] = Caller(row, channel, source, caller.index, None)
        return made

    def _source_made(self, name: str) -> int:
        """Return the position of the source that channels of a name belong to: one that offers no calls."""
        position = self._numbers.setdefault(name, len(self._sources))
        if position == len(self._sources):
            nothing = dict.fromkeys(("again", *_DRAWN, "session", "keys"))
            self._sources.append(Source(name, name, entry=-1, redial=0, dials=("", "", {}, "", "local"), **nothing))
        return position

    def unmake(self, *channels: str) -> None:
        """Asterisk has not made them."""
        for channel in channels:
            self.live.pop(channel, None)

    def _vanish(self, happening: Happening) -> None:
        """The caller's phone is gone."""
        caller: Caller = happening.payload
        caller.vanished = True
        _stop_pressing(caller)
        self._world.asterisk.apply(stimuli.Vanish(caller.channel))

    # ---- what happens to them ----------------------------------------------

    def commanded(self, caller: Caller, attempt: trace.Attempt | None) -> None:
        """A client's command was carried out on the channel, which was in this stay when the command came."""
        clock = self._world.clock
        if attempt is not None and attempt.first_command is None:
            attempt.first_command = clock.now
        if not caller.served:
            caller.served = True
            if caller.hold is not None:
                self.expected = max(self.expected, clock.now + caller.hold)
                clock.after(caller.hold, Rank.CALLER, caller.trace.number, self._satisfied, caller)
            keys = self._sources[caller.source].keys
            if keys is not None and not caller.vanished and caller.channel in self.live:
                caller.pressing = keys.begin(self._world, caller)

    def stasis(self, effect: Effect) -> None:
        """Stasis() was tried, and has let a caller in or not."""
        _, channel, app, args, result, reason = effect
        world, caller = self._world, self.live[channel]
        now, app = world.clock.now, world.apps.name(app)
        if app:
            world.apps.know(app)
        attempts = caller.trace.attempts
        if attempts and attempts[-1].result == "in_progress":
            attempt = attempts[-1]
            # It has waited for a WebSocket, or for somebody who claims it.
            attempt.app, attempt.result, attempt.reason = app, result, reason
        else:
            attempt = trace.Attempt(app, args, now, result, reason)
            attempts.append(attempt)
        if result == "entered":
            caller.attempt = attempt
            if caller.together:  # a move takes nobody out of a bridge
                attempt.talk(now, together=True)
            world.recorder.inside(app, 1, now)
        elif result == "ejected":
            caller.ejected = True
            caller.trace.fallback = False

    def left(self, effect: Effect) -> None:
        """A caller has left Stasis."""
        _, channel, app, how = effect
        world, caller = self._world, self.live[channel]
        attempt, caller.attempt = caller.attempt, None
        if attempt is not None:
            attempt.left = world.clock.now
            attempt.left_by = how
            if attempt.talks:
                attempt.talk(world.clock.now, together=False)
            world.recorder.inside(world.apps.name(app), -1, world.clock.now)

    def bridged(self, effect: Effect) -> None:
        """A channel has entered or left a bridge: callers find themselves with others, or alone."""
        _, _, channels, channel = effect
        for each in (*channels, *(() if channel in channels else (channel,))):
            caller = self.live.get(each)
            if caller is not None:
                caller.together = each in channels and len(channels) > 1
                if caller.attempt is not None:
                    caller.attempt.talk(self._world.clock.now, together=caller.together)

    def step(self, effect: Effect) -> None:
        """Watch where a caller gets to whom Stasis has ejected."""
        caller = self.live.get(effect[1])  # a channel that Dial() makes is nobody's
        if caller is not None and caller.ejected and not caller.trace.fallback:
            _, _, context, exten, _, application, _ = effect
            places = self._fallback
            caller.trace.fallback = application in CARING or (context, exten) in places or (context, None) in places

    def ended(self, effect: Effect) -> None:
        """A call is over."""
        _, channel, cause, answer = effect
        caller = self.live.pop(channel, None)
        if caller is None:
            return
        _stop_pressing(caller)
        world, row = self._world, caller.trace
        row.ended = world.clock.now
        row.hangup_cause, row.final_answer = cause, answer
        self._made_for.pop(row.number, None)
        if not row.released:
            self.expected = max(self.expected, row.ended)
            world.recorder.ended(row)
        for client in world.clients:
            client.forget(row.number)
        self._think_it_over(caller)
        world.check_drained()

    # ---- calling again -----------------------------------------------------

    def _think_it_over(self, caller: Caller) -> None:
        """A call is over. The caller may call again, if nobody has served him: it may be that very command."""
        row = caller.trace
        taken_care_of = row.fallback or row.abandoned or caller.vanished or not (row.blocked or row.attempts)
        if self._sources[caller.source].again is not None and not taken_care_of:
            self._calling_again += 1
            self._world.clock.after(0, Rank.ARRIVAL, row.number, self._decide, caller)

    def _decide(self, happening: Happening) -> None:
        """All that belongs to the end of a call has happened: the caller will call again, or has been served."""
        caller: Caller = happening.payload
        again = self._sources[caller.source].again
        if again is None or caller.served:
            self._calling_again -= 1
            self._world.check_drained()
            return
        caller.trace.redialled = True
        self._world.clock.after(again[caller.index], Rank.ARRIVAL, caller.trace.number, self._call_again, caller)

    def _call_again(self, happening: Happening) -> None:
        """The caller calls again: a call of its own."""
        caller: Caller = happening.payload
        before = self._sources[caller.source]
        key = (before.entry, before.redial + 1)
        if key not in self._redials:
            self._redials[key] = len(self._sources)
            self._sources.append(self._source(*key))
        self._calling_again -= 1
        self._offered += 1
        self.arrive(self._offered, self._world.clock.now, self._redials[key], caller.index)
        self._world.check_drained()


def _streams(source: str, redial: int) -> str:
    """Return what the random numbers of a source's callers belong to, for one of their calls."""
    return f"{source}/redial-{redial}" if redial else source


def _stop_pressing(caller: Caller) -> None:
    if caller.pressing is not None:
        caller.pressing.kill()
        caller.pressing = None
