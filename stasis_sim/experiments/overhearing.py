"""What Asterisk did with a few calls, and what became of programs, heard while their replication is run once more.

The tables do not say which steps of the dialplan a call went through, nor what stood in Asterisk's log, nor when a
program gave up. But the same scenario and seed give the same run, so it is run again, up to the instant that matters,
and listened to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from stasis_sim.handoff import effects, stimuli
from stasis_sim.handoff.dialplan.causes import cause_text
from stasis_sim.handoff.effects import Effect
from stasis_sim.handoff.stimuli import Stimulus
from stasis_sim.observe.happenings import CALLER, DIALPLAN, MISSED_WORDS, REGISTRY_WORDS, STASIS, Happening

if TYPE_CHECKING:
    from stasis_sim.simulated.overheard import Turn

TURNS: Final[dict[Turn, str]] = {
    "stays": "gives up for good; its program lives on without a connection",
    "returns": "gives up, and its program returns",
    "hangs": "gives up, and its program hangs",
    "crashes": "gives up, and its program crashes",
    "struck": "crashes",
    "failed": "crashes at an error in an answer",
    "replaced": "returns, as another program has its apps",
    "started": "is started again",
}
"""What is said of the turns in the lives of programs."""

_CHANNEL_AT: Final = {
    effects.STEP: 1,
    effects.STASIS: 1,
    effects.LEFT: 1,
    effects.ENDED: 1,
    effects.BRIDGED: 3,
    effects.MISSED: 4,
    effects.SEND: 5,
    effects.QUEUED: 5,
}
"""Where an effect says about which channel it is."""

_IN_PATH: Final = re.compile(r"/channels/([^/?]+)")


class Raised(NamedTuple):
    """An event about a call, as Asterisk raised it.

    Attributes:
        serial: Its number.
        app: For whom.
        type: Its type.
        at: When, in microseconds.
        place: How many happenings were heard before it.
        queued: Whether it had to wait for a connection.
    """

    serial: int
    app: str
    type: str
    at: int
    place: int
    queued: bool


class Tried(NamedTuple):
    """What became of an execution of Stasis.

    Attributes:
        app: The app that was asked for.
        result: entered or ejected.
        at: When that was decided, in microseconds.
    """

    app: str
    result: str
    at: int


class Ear:
    """Listens, and remembers what is about a few calls and apps.

    Args:
        calls: Numbers of the calls.
        apps: Names of the apps whose registration matters.
        each_call: Apps that get a WebSocket for each call, and are registered anew for each.

    Attributes:
        heard: What happened, in order; the events are not among them.
        turns: Those in the lives of programs.
        raised: For each call its events.
        tried: For each call what became of its executions of Stasis.
    """

    def __init__(self, calls: Sequence[int], apps: Sequence[str], each_call: frozenset[str]) -> None:
        self._numbers = {f"c{number}": number for number in calls}
        self._apps = frozenset(apps)
        self._each_call = each_call
        self._serials: set[int] = set()
        self.heard: list[Happening] = []
        self.turns: list[Happening] = []
        self.raised: dict[int, list[Raised]] = {number: [] for number in calls}
        self.tried: dict[int, list[Tried]] = {number: [] for number in calls}

    def program(self, now: int, name: str, apps: Sequence[str], turn: Turn) -> None:
        """Hear of a turn in the life of a program that serves apps."""
        if not self._apps.isdisjoint(apps):
            self.turns.append(Happening(now, name, name, "program", f"{name} {TURNS[turn]}"))

    def asterisk(self, now: int, stimulus: Stimulus, done: Sequence[Effect]) -> None:
        """Hear what happened to Asterisk, and what it did."""
        subject = self._subject(stimulus)
        about = self._numbers.get(subject or "")
        if about is not None:
            self._before(now, stimulus, about)
        elif isinstance(stimulus, stimuli.Kill | stimuli.Start | stimuli.Reload):
            self._asterisk(now, stimulus)
        for place, effect in enumerate(done):
            kind = effect[0]
            if kind == effects.LOG:
                number = about if subject is not None else self._numbers.get(_named_next(done[place:]) or "")
                if number is not None:
                    self._note(now, "log", f"{effect[1]}: {effect[2]}", number)
            elif kind == effects.REGISTRY:
                self._registry(now, effect)
            elif kind in _CHANNEL_AT:
                subject = effect[_CHANNEL_AT[kind]]
                about = self._numbers.get(subject or "")
                if about is not None:
                    self._after(now, effect, about)

    @staticmethod
    def _subject(stimulus: Stimulus) -> str | None:
        """Return the channel that a stimulus is about."""
        if isinstance(stimulus, stimuli.Request):
            found = _IN_PATH.search(stimulus.request.path)
            return found[1] if found else None
        return getattr(stimulus, "channel", None)

    def name(self, app: str) -> str:
        """Return the name by which the results know an app."""
        base = app.rpartition(":")[0]
        return base if base in self._each_call else app

    def _note(self, now: int, kind: str, text: str, call: int | None, lane: str = DIALPLAN) -> None:
        self.heard.append(Happening(now, lane, lane, kind, text, call))

    # ---- what happened to Asterisk ----------------------------------------------------------------------------------

    def _before(self, now: int, stimulus: Stimulus, call: int) -> None:
        match stimulus:
            case stimuli.Call():
                text = f"call {call} dials {stimulus.exten}@{stimulus.context}"
            case stimuli.Hangup():
                text = f"call {call} hangs up"
            case stimuli.Vanish():
                self._note(now, "caller", f"the phone of call {call} is gone without a word", call, CALLER)
                return
            case stimuli.Dtmf():
                text = f"call {call} presses {stimulus.digit}"
            case _:
                return
        self.heard.append(Happening(now, CALLER, DIALPLAN, "caller", text, call))

    def _asterisk(self, now: int, stimulus: Stimulus) -> None:
        text = "Asterisk reads its files again"
        if not isinstance(stimulus, stimuli.Reload):
            text = "Asterisk is killed" if isinstance(stimulus, stimuli.Kill) else "Asterisk has booted"
        self._note(now, "asterisk", text, None)

    # ---- what it did ------------------------------------------------------------------------------------------------

    def _registry(self, now: int, effect: Effect) -> None:
        _, app, change = effect
        name = self.name(app)
        call = self._numbers.get(app[len(name) + 1 :])
        # What is registered for single calls matters where it is one of these.
        if name in self._apps and (name == app or call is not None):
            self._note(now, "registry", f"VERBOSE: {REGISTRY_WORDS[change].format(app=app)}", call, STASIS)

    def _after(self, now: int, effect: Effect, call: int) -> None:
        kind = effect[0]
        if kind in {effects.MISSED, effects.SEND, effects.QUEUED}:
            self._event(now, effect, call)
        elif kind == effects.STEP:
            _, _, context, exten, priority, application, data = effect
            self._note(now, "step", f"[{exten}@{context}:{priority}] {application}({data})", call)
        elif kind == effects.STASIS:
            self._stasis(now, effect, call)
        elif kind == effects.LEFT:
            text = f"call {call} leaves {self.name(effect[2])}: {effect[3]}"
            self.heard.append(Happening(now, STASIS, DIALPLAN, "left", text, call))
        elif kind == effects.BRIDGED:
            _, bridge, channels, channel = effect
            verb = "enters" if channel in channels else "leaves"
            self._note(now, "entered" if channel in channels else "left", f"call {call} {verb} bridge {bridge}", call)
        else:
            self._ended(now, effect, call)

    def _stasis(self, now: int, effect: Effect, call: int) -> None:
        _, _, app, args, result, reason = effect
        name = self.name(app)
        if result == "in_progress":
            self._note(now, "waiting", f"call {call} waits for {name or 'somebody who claims it'}", call)
            return
        self.tried[call].append(Tried(name, result, now))
        if result == "ejected":
            self._note(now, "ejected", f"call {call} is ejected: {reason.replace('_', ' ')}, STASISSTATUS=FAILED", call)
            return
        given = f" with {','.join(args)}" if args else ""
        self.heard.append(Happening(now, DIALPLAN, STASIS, "entered", f"call {call} enters {name}{given}", call))

    def _event(self, now: int, effect: Effect, call: int) -> None:
        kind = effect[0]
        serial, app, type_ = effect[1:4] if kind == effects.MISSED else effect[2:5]
        if serial in self._serials:
            return  # it has waited in a queue, and is written now
        self._serials.add(serial)
        raised = Raised(serial, self.name(app), type_, now, len(self.heard), kind == effects.QUEUED)
        self.raised[call].append(raised)
        if kind == effects.MISSED:
            self._note(now, "log", f"VERBOSE: {MISSED_WORDS.format(app=app)}", call, STASIS)

    def _ended(self, now: int, effect: Effect, call: int) -> None:
        _, _, cause, answer = effect
        words = cause_text(cause)
        text = f"call {call} ends, cause {cause}{f' ({words})' if words else ''}{f': {answer}' if answer else ''}"
        self.heard.append(Happening(now, DIALPLAN, CALLER, "ended", text, call))


def _named_next(done: Sequence[Any]) -> str | None:
    """Return the channel of the next effect that is about one."""
    return next((effect[_CHANNEL_AT[effect[0]]] for effect in done if effect[0] in _CHANNEL_AT), None)
