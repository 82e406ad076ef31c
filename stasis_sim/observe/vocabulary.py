"""The closed vocabularies of tables, measures and reports: these words, and no others for the same thing."""

from __future__ import annotations

from typing import Final

from stasis_sim.handoff.http_server.messages import REASONS as REFUSALS

OUTCOMES: Final = (
    "blocked",
    "in_progress",
    "served",
    "stranded",
    "unanswered",
    "fallback",
    "abandoned",
    "dropped",
    "untouched",
)
"""What became of a call; the first that fits. See :func:`stasis_sim.observe.trace.outcome`."""

UNSERVED: Final = ("blocked", "stranded", "unanswered", "abandoned", "dropped")
"""Outcomes of calls for which nobody has done anything: the caller is lost, unless he calls again."""

RESULTS: Final = ("entered", "ejected", "in_progress")
"""What became of one execution of Stasis."""

REASONS: Final = ("never_registered", "forgotten", "not_active", "connect_failed", "no_name", "claim_timeout")
"""Why Stasis ejected a call."""

FATES: Final = ("delivered", "late", "misdelivered", "missed", "lost", "pending")
"""What became of an event."""

HOWS: Final = ("closed", "torn", "frozen", "refused", "replaced", "write_timeout", "restart")
"""How a connection ended; of a refused one the column ``reason`` says why."""

WHYS: Final = (
    *("asterisk_down", "network", "timeout", "crash", "no_proxy", "not_listening", "withdrawn"),
    *filter(None, REFUSALS),
)
"""Why a try to connect was refused: something kept it from Asterisk or cut it short, or Asterisk itself refused it."""

CAUSES: Final = ("start", "closed", "torn", "frozen", "crash", "replaced", "write_timeout", "restart", "no_consumer")
"""What began an outage; ``start``: the app has not been connected since the beginning of the run."""

MEANINGS: Final = (
    "unknown_call",
    "stale_state",
    "handler_waits",
    "key_to_repeat",
    "offer_unheard",
    "stale_bridge",
    "statistics",
    "information",
    "repeated",
    "never_knew",
    "acted_late",
    "wrong_program",
)
"""What it means that an event was not simply delivered; see :mod:`stasis_sim.observe.hearing`."""
