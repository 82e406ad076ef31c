"""The closed list of measures: what each is called, what it counts, how it is made and what it says.

docs/measures.md shows this list, :mod:`stasis_sim.observe.metrics` makes the numbers. A part of a name in capitals
stands for one word of many: ``events.missed.TYPE`` for ``events.missed.StasisStart``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final, Literal, TypeAlias

from stasis_sim.observe.vocabulary import FATES, HOWS, OUTCOMES, REASONS, RESULTS

Kind: TypeAlias = Literal["count", "share", "seconds"]

_APPS: Final = ("total", "apps")
_CLIENTS: Final = ("total", "clients")
_ALL: Final = ("total", "apps", "clients")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a measure is.

    Attributes:
        name: Its name.
        unit: What is counted; ``1`` for a share, ``s`` for a length of time.
        scopes: Where it is given: in total, for each app, for each client.
        formula: How it is made.
        meaning: What it says, in one sentence.
    """

    name: str
    unit: str
    scopes: tuple[str, ...]
    formula: str
    meaning: str

    @property
    def kind(self) -> Kind:
        """A count, a share from 0 to 1, or seconds."""
        return {"1": "share", "s": "seconds"}.get(self.unit, "count")  # type: ignore[return-value]


MEASURES: Final = (
    Measure("calls", "calls", _APPS, "calls that arrived after the warm-up", "How many calls traffic offered."),
    Measure("calls.outcome.OUTCOME", "calls", _APPS, "calls of this outcome", "How many calls came to this end."),
    Measure(
        "calls.share.OUTCOME", "1", _APPS, "calls.outcome.OUTCOME / calls", "Which part of calls came to this end."
    ),
    Measure("redials", "calls", _APPS, "calls that are redials", "How often callers whom nobody served called again."),
    Measure(
        "callers.lost",
        "callers",
        _APPS,
        "calls of the outcomes blocked, stranded, unanswered, abandoned and dropped, less those that are redialled",
        "How many callers nobody served, and do not try again.",
    ),
    Measure(
        "calls.final.ANSWER",
        "calls",
        _APPS,
        "calls of SIP callers whose final_answer begins so: a status, or BYE",
        "How many callers got this in the end.",
    ),
    Measure("attempts", "attempts", _APPS, "attempts of the calls", "How often a channel executed Stasis."),
    Measure("attempts.RESULT", "attempts", _APPS, "attempts of this result", "How many attempts went this way."),
    Measure(
        "attempts.reason.REASON",
        "attempts",
        _APPS,
        "ejected attempts of this reason",
        "How many attempts were ejected for this reason.",
    ),
    Measure(
        "ejection_rate",
        "1",
        _APPS,
        "attempts.ejected / (attempts.entered + attempts.ejected)",
        "Which part of the decided attempts Asterisk turned away.",
    ),
    Measure(
        "saved_rate",
        "1",
        _APPS,
        "calls.outcome.fallback / (calls.outcome.fallback + calls.outcome.dropped)",
        "Which part of the calls that no app took the dialplan still took care of.",
    ),
    Measure(
        "events.raised",
        "events",
        _APPS,
        "events raised after the warm-up",
        "How many messages Asterisk had for the apps.",
    ),
    Measure("events.FATE", "events", _ALL, "events of this fate", "How many events went this way."),
    Measure(
        "events.raised.TYPE",
        "events",
        _APPS,
        "events of this type",
        "How many messages of this type Asterisk had for the apps.",
    ),
    Measure(
        "events.FATE.TYPE",
        "events",
        _APPS,
        "events of this type and fate",
        "How many events of this type went this way.",
    ),
    Measure(
        "missed_rate",
        "1",
        _APPS,
        "(events.missed + events.lost) / (events.raised - events.pending)",
        "Which part of the settled events no client ever handled.",
    ),
    Measure(
        "stranded",
        "calls",
        _APPS,
        "calls of the outcome stranded",
        "How many calls were inside an app that never heard of them.",
    ),
    Measure(
        "stranded_s",
        "s",
        _APPS,
        "mean time inside until the first command or the end, over calls whose StasisStart was missed, lost or late",
        "How long a call waited inside for an app that had not heard of it, or too late.",
    ),
    Measure("stranded_s.max", "s", _APPS, "the longest of these times", "The longest such wait."),
    Measure("stranded_s.total", "s", _APPS, "the sum of these times", "All such waits together."),
    Measure(
        "stale_state",
        "calls",
        _APPS,
        "calls that the app knew of and that left it, of whose StasisEnd and ChannelDestroyed it heard neither",
        "How many calls an app takes for its own that are gone.",
    ),
    Measure(
        "orphaned",
        "calls",
        _APPS,
        "calls inside, after their first command, in an outage of their app",
        "How many calls lost the app that had begun to handle them.",
    ),
    Measure(
        "orphaned_s",
        "s",
        _APPS,
        "mean time inside, after the first command, in outages of the app, over orphaned calls",
        "How long an orphaned call was without its app.",
    ),
    Measure(
        "orphaned_s.max", "s", _APPS, "the longest of these times", "The longest time of one call without its app."
    ),
    Measure("orphaned_s.total", "s", _APPS, "the sum of these times", "All time of calls without their app."),
    Measure(
        "orphaned_s.talking",
        "s",
        _APPS,
        "the part of orphaned_s.total in a bridge with another channel",
        "How much of it callers did not notice, as they talked to each other.",
    ),
    Measure(
        "talked_s.total",
        "s",
        _APPS,
        "time of calls in a bridge with another channel",
        "How long callers talked to each other, each counted.",
    ),
    Measure(
        "handoff_s",
        "s",
        _APPS,
        "mean of (first command carried out - Stasis()), over attempts that had a command",
        "How long a caller waits in Stasis before the app does something.",
    ),
    Measure("handoff_s.p50", "s", _APPS, "median of these times, within 0.2 %", "Half of the callers wait no longer."),
    Measure(
        "handoff_s.p95",
        "s",
        _APPS,
        "95 % quantile of these times, within 0.2 %",
        "19 of 20 callers wait no longer.",
    ),
    Measure("handoff_s.max", "s", _APPS, "the longest of these times", "The longest wait that ended in a command."),
    Measure(
        "reached_s",
        "s",
        _APPS,
        "mean of (first command carried out - arrival), over calls that had a command",
        "How long a caller waits for the first command, with all that the dialplan did before.",
    ),
    Measure("reached_s.p50", "s", _APPS, "median of these times, within 0.2 %", "Half of the callers wait no longer."),
    Measure(
        "reached_s.p95",
        "s",
        _APPS,
        "95 % quantile of these times, within 0.2 %",
        "19 of 20 callers wait no longer.",
    ),
    Measure("reached_s.max", "s", _APPS, "the longest of these times", "The longest wait of a caller who was served."),
    Measure(
        "availability",
        "1",
        _APPS,
        "time with a working connection / time after the warm-up; in total the mean over apps",
        "Which part of the time the app could hear.",
    ),
    Measure(
        "registered",
        "1",
        _APPS,
        "time active in Asterisk's registry / time after the warm-up; in total the mean over apps",
        "Which part of the time Asterisk believed that the app could hear.",
    ),
    Measure(
        "outages",
        "outages",
        _APPS,
        "stretches without a working connection that reach beyond the warm-up",
        "How often the app was away.",
    ),
    Measure(
        "outages.in_progress",
        "outages",
        _APPS,
        "those of them that were not over at the end of the run",
        "How many outages the mean time to return leaves out, for the app did not return.",
    ),
    Measure("outages.longest_s", "s", _APPS, "the longest of them, after the warm-up", "The longest absence."),
    Measure("outages.total_s", "s", _APPS, "the sum of them, after the warm-up", "All absences together."),
    Measure(
        "recovery_s",
        "s",
        _APPS,
        "mean length of the outages that began after the warm-up and ended",
        "How long it takes until the app is back.",
    ),
    Measure(
        "inside_peak",
        "channels",
        _APPS,
        "most channels inside at one instant, when all that happens at it is done; 0 for stays of no length",
        "The peak of channels inside.",
    ),
    Measure(
        "inside_mean",
        "channels",
        _APPS,
        "time inside of all channels / time, after the warm-up",
        "How many channels are inside on average.",
    ),
    Measure("connections", "tries", _CLIENTS, "tries begun after the warm-up", "How often a client tried to connect."),
    Measure(
        "connections.established",
        "tries",
        _CLIENTS,
        "connections - connections.refused",
        "How often it succeeded, or is still about to.",
    ),
    Measure("connections.refused", "tries", _CLIENTS, "tries that failed", "How often it was refused."),
    Measure(
        "connections.refused.WHY", "tries", _CLIENTS, "tries that failed so", "How often it was refused like this."
    ),
    Measure(
        "connections.HOW",
        "connections",
        _CLIENTS,
        "connections that ended so",
        "How many connections came to this end.",
    ),
    Measure("commands", "commands", _CLIENTS, "requests after the warm-up", "How many REST requests clients sent."),
    Measure(
        "commands.failed",
        "commands",
        _CLIENTS,
        "requests with a status of 400 or more",
        "How many requests Asterisk refused.",
    ),
    Measure(
        "commands.unanswered",
        "commands",
        _CLIENTS,
        "requests without an answer",
        "How many requests were never answered.",
    ),
    Measure(
        "commands.status.STATUS",
        "commands",
        _CLIENTS,
        "requests of this status",
        "How many requests got this answer.",
    ),
)
"""All measures, in the order of reports."""

_WORDS: Final = {
    "OUTCOME": OUTCOMES,
    "RESULT": RESULTS,
    "REASON": REASONS,
    "FATE": FATES,
    "HOW": tuple(how for how in HOWS if how != "refused"),
}
"""What may stand for a part in capitals; the others (ANSWER, TYPE, WHY, STATUS) are open."""


@cache
def _place(name: str) -> int | None:
    """Where the measure of a name stands in the list."""
    parts = name.split(".")
    return next((at for at, measure in enumerate(MEASURES) if _fits(measure.name.split("."), parts)), None)


def _fits(pattern: list[str], parts: list[str]) -> bool:
    """Whether each part is the pattern's, or a word that may stand for it."""
    if len(pattern) != len(parts):
        return False
    return all(
        (part != "" and part in _WORDS.get(wanted, (part,))) if wanted.isupper() else part == wanted
        for wanted, part in zip(pattern, parts, strict=True)
    )


def spellings(open_words: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield every name that a measure can have.

    Args:
        open_words: What may stand for the parts in capitals whose words are not closed here.
    """
    words = {**_WORDS, **open_words}
    for measure in MEASURES:
        for parts in product(*(words.get(part, (part,)) for part in measure.name.split("."))):
            yield ".".join(parts)


def lookup(name: str) -> Measure | None:
    """The measure of a name as it stands in results, such as ``events.missed.StasisStart``; None: there is none."""
    place = _place(name)
    return None if place is None else MEASURES[place]


def rank(name: str) -> tuple[int, tuple[tuple[int, str], ...]]:
    """A key that sorts names as reports show them: by measure, then as the vocabularies stand, then by alphabet."""
    place = _place(name)
    if place is None:
        return len(MEASURES), ((0, name),)
    words = (_WORDS.get(wanted, ()) for wanted in MEASURES[place].name.split("."))
    parts = name.split(".")
    return place, tuple(
        (word.index(part) if part in word else 0, part) for word, part in zip(words, parts, strict=True)
    )
