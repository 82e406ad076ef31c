"""Files that an operator changes while Asterisk runs, and lets it read again.

What a reload makes of a file depends on what was in force before, as in Asterisk: settings that the new file does not
mention stay, and a file that Asterisk would discard changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stasis_sim.conf.ari import load_ari
from stasis_sim.conf.extensions import load_extensions
from stasis_sim.handoff.stimuli import Reload
from stasis_sim.scenario.faults import RELOADED

if TYPE_CHECKING:
    from stasis_sim.conf.syntax import Diagnostic
    from stasis_sim.handoff.dialplan.contexts import Dialplan
    from stasis_sim.handoff.http_server.access import AriSettings
    from stasis_sim.scenario import Scenario
    from stasis_sim.scenario.faults import Fault
    from stasis_sim.simulated.asterisk import Asterisk


class Reread(NamedTuple):
    """What a reload makes of files.

    Attributes:
        dialplan: The dialplan from now on; None: that file is not read.
        ari: The settings of ari.conf from now on; None: likewise.
        diagnostics: All that Asterisk stumbles over.
    """

    dialplan: Dialplan | None
    ari: AriSettings | None
    diagnostics: list[Diagnostic]


def reread(fault: Fault, dialplan: Dialplan, ari: AriSettings) -> Reread:
    """Read the files of a reload.

    Args:
        fault: The reload.
        dialplan: What is in force before it.
        ari: The same of ari.conf.
    """
    new_dialplan, new_ari = None, None
    diagnostics: list[Diagnostic] = []
    if fault.extensions is not None:
        new_dialplan, found = load_extensions(fault.extensions, dialplan)
        diagnostics += found
    if fault.ari is not None:
        new_ari, found = load_ari(fault.ari, ari.rules, ari)
        diagnostics += found
    return Reread(new_dialplan, new_ari, diagnostics)


class Files:
    """The files as they lie on Asterisk's disk.

    Args:
        scenario: Which files it has at the start.
        asterisk: Who reads them.
    """

    def __init__(self, scenario: Scenario, asterisk: Asterisk) -> None:
        self._asterisk = asterisk
        self._texts: dict[str, str] = {name: getattr(scenario.asterisk, name).content for name in RELOADED}

    def change(self, fault: Fault) -> int:
        """Put new files there and let Asterisk read them; return how many differ from the old ones."""
        given: dict[str, str] = {name: file.content for name in RELOADED if (file := getattr(fault, name)) is not None}
        changed = sum(self._texts[name] != text for name, text in given.items())
        self._texts |= given
        engine = self._asterisk.engine
        read = reread(fault, engine.dialplan, engine.ari)
        self._asterisk.apply(Reload(read.dialplan, read.ari))
        return changed
