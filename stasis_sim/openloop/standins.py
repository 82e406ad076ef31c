"""What stands in the laboratory for what all calls share, or for what is not wanted there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Never

from stasis_sim.observe import trace
from stasis_sim.openloop.moments import ClosedLoopError, Conditions, Moment, read
from stasis_sim.simulated.actions import Sounds

if TYPE_CHECKING:
    from stasis_sim.openloop.records import Subject
    from stasis_sim.openloop.symbols import Symbols
    from stasis_sim.randomness import Quantile, Stream, Streams


class Measured(Sounds):
    """Sounds that clients make to measure give back the very duration that they were made with."""

    def __init__(self, named: dict[str, int], conditions: Conditions) -> None:
        super().__init__(named)
        self._conditions = conditions

    def __getitem__(self, name: str) -> int:
        moment = read(name.removesuffix("us"), self._conditions)
        return super().__getitem__(name) if moment is None else moment


class Draws:
    """The draws of one call, as symbols; stands in for :class:`~stasis_sim.randomness.Streams`."""

    def __init__(self, streams: Streams, symbols: Symbols, conditions: Conditions, subject: Subject) -> None:
        self.streams = streams
        self.symbols = symbols
        self.conditions = conditions
        self.subject = subject

    def stream(self, name: str) -> Stream:
        """Return what only clients without a life ask for."""
        return self.streams.stream(name)

    def durations(self, name: str, quantile: Quantile) -> _Draw:
        """Return the durations of a stream."""
        return _Draw(self, name, quantile)


class _Draw:
    """One stream of durations, of which only the call's own may be asked."""

    def __init__(self, draws: Draws, name: str, quantile: Quantile) -> None:
        self._draws = draws
        self._name = name
        self._quantile = quantile

    def __getitem__(self, number: int) -> int:
        draws = self._draws
        if number != draws.subject.index:
            raise ClosedLoopError(f"{self._name} is not drawn by call")
        symbol = draws.symbols.draw(self._name, self._quantile)
        return Moment(draws.subject.draw(symbol), 0, {symbol: 1}, draws.conditions)

    def in_order(self) -> Iterator[int]:
        """Return durations that belong to no call."""
        raise ClosedLoopError(f"{self._name} is drawn in order")


class Notes:
    """Stands in for the recorder: hands out rows and keeps nothing."""

    def __init__(self) -> None:
        self.passed: Callable[[str, int], None] = _nobody
        self.row = trace.Call(0, "", 0)

    def call(self, number: int, source: str, at: int) -> trace.Call:
        """Return a new call."""
        self.row = trace.Call(number, source, at)
        return self.row

    def ended(self, call: trace.Call) -> None:
        """A call is gone."""

    def settled(self, call: trace.Call) -> None:
        """Nothing can change any more."""

    def inside(self, app: str, change: int, now: int) -> None:
        """A channel entered or left an app."""
        del now
        self.passed(app, change)

    def command(self, client: str, method: str, path: str, at: int, call: trace.Call | None = None) -> trace.Command:
        """Return a command, which must be about the call."""
        if call is None:
            raise ClosedLoopError("a request that is about no call")
        command = trace.Command(client, method, path, at)
        call.commands.append(command)
        return command

    def event(self, *_: object) -> Never:
        """Refuse an event about no call."""
        raise ClosedLoopError("a message that is about no call")

    def app_state(self, *_: object, **__: object) -> None:
        """The states of apps are known already."""


def _nobody(app: str, change: int) -> None:
    """Hear of passages before anybody wants to."""


class Sealed(dict[Any, Any]):
    """What all calls share: it may be read, and not be changed."""

    def __init__(self, what: str, content: dict[Any, Any]) -> None:
        super().__init__(content)
        self._what = what

    def _refuse(self, *_: object) -> Never:
        raise ClosedLoopError(self._what)

    __setitem__ = __delitem__ = pop = setdefault = clear = update = _refuse  # type: ignore[assignment]
