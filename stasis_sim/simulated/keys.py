"""The keys that callers press, and press again when nobody has heard them.

Asterisk tells an app of a key when it is let go of. What a caller presses inside Stasis while the app is away is
missed, and all that he can do about it is to press it again. What he presses in the dialplan is the business of that.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from stasis_sim.handoff.stimuli import Dtmf
from stasis_sim.simulated.clock import Rank
from stasis_sim.simulated.draws import durations
from stasis_sim.simulated.process import Life, Process

if TYPE_CHECKING:
    from stasis_sim.observe.trace import Event
    from stasis_sim.randomness import Durations, Streams
    from stasis_sim.scenario import keys
    from stasis_sim.scenario.distributions import Distribution
    from stasis_sim.simulated.callers import Caller
    from stasis_sim.simulated.world import World

_KEY_MS: Final = 100
_KEY_US: Final = _KEY_MS * 1_000
"""How long a key is held down."""

_HEARD: Final = ("delivered", "late")

Pressed: TypeAlias = list[list["Event"]]
"""For each key that was pressed inside Stasis, the events that told the caller's app of it: one, or none."""


class Entry(NamedTuple):
    """Keys that are pressed in one go."""

    after: Durations
    press: str
    repeat: Distribution | None
    name: str
    """What its streams of random numbers are called, with the caller's number behind it."""


class Keys:
    """What the callers of one source press.

    Args:
        streams: Where random numbers come from.
        source: The source's name in their names.
        entries: What the scenario says.
    """

    def __init__(self, streams: Streams, source: str, entries: Sequence[keys.Keys]) -> None:
        self._streams = streams
        self._entries: list[Entry] = []
        for place, entry in enumerate(entries):
            name = f"calls/{source}/keys/{place}"
            after = durations(streams, f"{name}/after", entry.after)
            self._entries.append(Entry(after, entry.press, entry.repeat, f"{name}/repeat"))

    def begin(self, world: World, caller: Caller) -> Process:
        """Let a caller press them, from now on; the end of his call kills the process."""
        process = Process(world.clock, Rank.CALLER, caller.trace.number)
        process.start(self._life(world, caller))
        return process

    def _life(self, world: World, caller: Caller) -> Life:
        clock = world.clock
        over = clock.now
        for after, press, repeat, name in self._entries:
            yield max(0, over + after[caller.index] - clock.now)
            pressed = yield from _enter(world, caller, press)
            over = clock.now
            if _ended(caller):
                return
            if repeat is None:
                continue
            # A stream of the caller's own: some press again a hundred times, most never.
            for wait in durations(self._streams, f"{name}/{caller.index}", repeat).in_order():
                yield wait
                if _heard(pressed, clock.now):
                    break
                pressed = yield from _enter(world, caller, press)
                over = clock.now
                if _ended(caller):
                    return


def _enter(world: World, caller: Caller, press: str) -> Generator[int | None, Any, Pressed]:
    """Press keys one after the other."""
    pressed: Pressed = []
    for key in press:
        yield _KEY_US
        events, attempt = caller.trace.events, caller.attempt
        before = len(events)
        world.asterisk.apply(Dtmf(caller.channel, key, _KEY_MS))
        if attempt is not None:
            told = [event for event in events[before:] if event.type == "ChannelDtmfReceived"]
            pressed.append([event for event in told if event.app == attempt.app])
    return pressed


def _ended(caller: Caller) -> bool:
    """Whether the key that he has pressed last has ended his call, and with it what presses keys."""
    return caller.pressing is None


def _heard(pressed: Pressed, now: int) -> bool:
    """Whether the app has heard each of the keys by now."""
    return all(
        any(event.fate in _HEARD and event.delivered is not None and event.delivered <= now for event in told)
        for told in pressed
    )
