"""What measures mean in plain words, for people who have not read docs/measures.md."""

from __future__ import annotations

from typing import Final

from stasis_sim.observe.catalogue import lookup
from stasis_sim.report.tables import LABELS
from stasis_sim.scenario.measured import scope_and_measure

OUTCOMES: Final = {
    "blocked": "Asterisk was full or down when the call came.",
    "in_progress": "The call is still there at the end of the run.",
    "served": "A client did something for the call.",
    "stranded": "The call was inside, and nobody ever heard of it.",
    "unanswered": "The app heard of the call, and did nothing for it.",
    "fallback": "No app took the call, and the dialplan took care of it.",
    "abandoned": "The caller hung up first.",
    "dropped": "The call was ejected, and the dialplan ended it.",
    "untouched": "The dialplan never asked for Stasis.",
}
"""What became of a call."""

REASONS: Final = {
    "never_registered": "Ejected: Asterisk had never heard of the app.",
    "forgotten": "Ejected: Asterisk had forgotten the app when its connection ended.",
    "not_active": "Ejected: Asterisk knew the app, and its connection was gone.",
    "connect_failed": "Ejected: no WebSocket could be made for this one call.",
    "no_name": "Ejected: Stasis was called without the name of an app.",
    "claim_timeout": "Ejected: nobody claimed the call in time.",
}
"""Why a call was ejected."""


def meaning(name: str) -> str:
    """Return what ``[APP.]measure`` means in a sentence; its own word where one of many stands at its end."""
    name = scope_and_measure(name)[1]
    head, _, word = name.rpartition(".")
    if head in {"calls.share", "calls.outcome"}:
        return OUTCOMES[word]
    if head == "attempts.reason":
        return REASONS[word]
    found = lookup(name)
    return "" if found is None else found.meaning


def title(name: str) -> str:
    """Return what a measure is called at the beginning of a sentence."""
    text = called(name)
    return text[:1].upper() + text[1:]


def called(name: str) -> str:
    """Return what ``[APP.]measure`` is called: ``ejection rate``, ``Intro-IVR: ejection rate``."""
    scope, measure = scope_and_measure(name)
    text = LABELS.get(measure, measure)
    return text if scope is None else f"{scope}: {text}"
