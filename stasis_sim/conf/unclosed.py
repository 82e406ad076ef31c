"""References that never end: ``GotoIf($["${STASISSTATUS" != "SUCCESS"]?away)``.

Asterisk takes all that follows for a part of the name or of the expression, and says so only when a call comes by.
"""

from __future__ import annotations

from collections.abc import Iterator

from stasis_sim.handoff.dialplan.contexts import Dialplan, Step
from stasis_sim.handoff.dialplan.substitution import unclosed


def unclosed_references(dialplan: Dialplan) -> Iterator[tuple[Step, str]]:
    """Yield each line with a ``${`` or ``$[`` that lacks its end, and what comes of it."""
    for context in dialplan.contexts.values():
        for extension in context.extensions:
            for step in extension.steps.values():
                opening = unclosed(step.data)
                if opening:
                    end, what = ("}", "name") if opening == "${" else ("]", "expression")
                    text = f"a {opening} in {step.application}() has no {end}: all behind it counts as its {what}"
                    yield step, f"{text}; write the {end}"
