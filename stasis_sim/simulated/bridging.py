"""Bridges that a client makes: rooms by name, and pairs of callers who find each other in their order.

A program remembers which bridges it has made, who waits for a partner, and whom it has put where, if it ever looks at
that; this memory dies with it, while the bridges stay in Asterisk with whoever is in them.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from stasis_sim.scenario import actions
from stasis_sim.simulated.originating import make_media
from stasis_sim.simulated.statuses import CARRIED_OUT

if TYPE_CHECKING:
    from stasis_sim.observe.trace import Attempt
    from stasis_sim.simulated.callers import Caller
    from stasis_sim.simulated.delays import Name
    from stasis_sim.simulated.process import Process
    from stasis_sim.simulated.programs import Program

CONFLICT = 409
NOT_FOUND = 404


class Rooms:
    """What one program knows of its bridges.

    Args:
        index: The program's position among all: bridges for pairs are named by it.
        disbands: Whether the program disbands any, and so remembers who is in them.
    """

    def __init__(self, index: int, *, disbands: bool) -> None:
        self._index = index
        self._disbands = disbands
        # By the numbers of calls the bridges that they are in, and by bridge the callers in their order.
        self._places: dict[int, str] = {}
        self._members: dict[str, list[Caller]] = {}
        self._made: set[str] = set()
        self._waiting: tuple[Attempt, str] | None = None
        self._numbered = 0

    def forget(self) -> None:
        """The program dies; it names no bridge again as it has named one before."""
        self._made.clear()
        self._waiting = None
        self._places.clear()
        self._members.clear()

    def _choose(self, action: actions.Bridge | actions.Pair, caller: Caller) -> str:
        """Return the id of the bridge that a caller is to enter."""
        if isinstance(action, actions.Bridge):
            return action.name
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting[0].left is None:
            return waiting[1]
        ident = self._new("pair")
        if caller.attempt is not None:
            self._waiting = caller.attempt, ident
        return ident

    def _new(self, kind: str) -> str:
        self._numbered += 1
        return f"{kind}-{self._index + 1}-{self._numbered}"

    def join(
        self,
        process: Process,
        client: Program,
        caller: Caller,
        action: actions.Bridge | actions.Pair,
        *,
        name: Name,
        last: bool,
    ) -> Generator[int | None, Any, bool]:
        """Put a caller into a bridge, and make it first if it is not known to be there; say whether that worked."""
        ident = self._choose(action, caller)
        if ident not in self._made and not (yield from self._make(process, client, ident, name=name)):
            return False
        return (yield from self._add(process, client, ident, (caller,), name=name, last=last))

    def give_media(
        self, process: Process, client: Program, caller: Caller, *, name: Name, last: bool
    ) -> Generator[int | None, Any, bool]:
        """Put a caller into a bridge of his own with a channel of external media; say whether that worked."""
        ident, generation = self._new("media"), client.generation
        if not (yield from self._make(process, client, ident, name=(*name, "bridge"))):
            return False
        media = yield from make_media(process, client, caller, str(name[0]), name=(*name, "media"))
        if media is None or client.generation != generation:
            return False
        return (yield from self._add(process, client, ident, (caller, media), name=name, last=last))

    def _make(self, process: Process, client: Program, ident: str, *, name: Name) -> Generator[int | None, Any, bool]:
        generation, kind = client.generation, (("type", "mixing"), ("bridgeId", ident))
        # A conflict says that it is there already.
        made = yield from client.rest("POST", "/bridges", kind, None, process, name=name, but=(CONFLICT,))
        if (made not in CARRIED_OUT and made != CONFLICT) or client.generation != generation:
            return False
        self._made.add(ident)
        return True

    def _add(
        self, process: Process, client: Program, ident: str, callers: Sequence[Caller], *, name: Name, last: bool
    ) -> Generator[int | None, Any, bool]:
        caller, who = callers[0], (("channel", ",".join(each.channel for each in callers)),)
        path = f"/bridges/{ident}/addChannel"
        status = yield from client.rest("POST", path, who, caller, process, name=name, awaited=not last)
        if status == NOT_FOUND:
            self._made.discard(ident)  # Asterisk has been restarted since
        if self._disbands and status in CARRIED_OUT:
            for each in callers:
                self._leave(each)
                self._places[each.trace.number] = ident
                self._members.setdefault(ident, []).append(each)
        return status in CARRIED_OUT

    def _leave(self, caller: Caller) -> str | None:
        ident = self._places.pop(caller.trace.number, None)
        if ident is not None:
            self._members[ident].remove(caller)
        return ident

    def disband(
        self, process: Process, client: Program, caller: Caller, *, name: Name
    ) -> Generator[int | None, Any, bool]:
        """Hang up who else is in a caller's bridge, and destroy it; who is gone already is no error."""
        ident = self._leave(caller)
        if ident is None:
            return True
        generation, normal = client.generation, (("reason", "normal"),)
        others = self._members.pop(ident)
        self._made.discard(ident)
        for other in others:
            del self._places[other.trace.number]
        for turn, other in enumerate(others):
            path = f"/channels/{other.channel}"
            yield from client.rest("DELETE", path, normal, other, process, name=(*name, turn), but=(NOT_FOUND,))
            if client.generation != generation:
                return False
        path = f"/bridges/{ident}"
        yield from client.rest("DELETE", path, (), None, process, name=(*name, len(others)), but=(NOT_FOUND,))
        return client.generation == generation
