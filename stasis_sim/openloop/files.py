"""Which files Asterisk has read, over time: the same whatever calls there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stasis_sim.handoff.stimuli import Reload
from stasis_sim.openloop.links import Link
from stasis_sim.openloop.stalls import Stalls

if TYPE_CHECKING:
    from collections.abc import Callable

    from stasis_sim.handoff.dialplan.contexts import Dialplan
    from stasis_sim.handoff.engine import Engine
    from stasis_sim.handoff.http_server.access import AriSettings


class Files(Link):
    """The files in force, looked at as a link is: its states are the numbers of reloads.

    Args:
        reach: Lets all reloads up to and with an instant be known.
        any: Whether there are any reloads.

    Attributes:
        read: For each state what Asterisk has read, from what it started with on.
    """

    def __init__(self, reach: Callable[[int], None], *, any: bool) -> None:  # noqa: A002 - as of doors and thaws
        super().__init__(reach, mortal=False, stalls=Stalls())
        self.any = any
        self.read: list[Reload] = []
        self._in_force: tuple[Dialplan, AriSettings] | None = None

    def notice(self, at: int, place: int, engine: Engine) -> None:
        """Note what is in force after something has happened."""
        before, self._in_force = self._in_force, (engine.house.calls.pbx.dialplan, engine.ari)
        if before is None or any(one is not other for one, other in zip(before, self._in_force, strict=True)):
            if before is not None:
                self.note(at, place, len(self.read), 0, 0)
            self.read.append(Reload(engine.dialplan, engine.ari))
