"""The judge: holds what the model did against what a real Asterisk was seen to do.

Judged are answers, events, closed connections, dialplan steps, missed messages, applications and channels; what a
recording lists as not judged is passed over.  Events are compared in order for each client, application and subject
(a channel, a bridge, a playback, or the application itself): how the events of two channels mix within a step is
the scheduler's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from stasis_sim.conformance.recordings import Recording, Saw

JUDGED: Final = ("answer", "events", "closed", "dialplan", "missed", "apps", "channels")
_SUBJECTS: Final = ("channel", "bridge", "playback")


class Difference(NamedTuple):
    """A field in which model and Asterisk differ.

    Attributes:
        step: Number of the step, from 0.
        field: Which field.
        asterisk: What Asterisk was seen to do, in canonical form; None for nothing.
        model: What the model did.
    """

    step: int
    field: str
    asterisk: Any
    model: Any


def subject(event: Mapping[str, Any]) -> str:
    """What an event is about."""
    for key in _SUBJECTS:
        about = event.get(key)
        if isinstance(about, Mapping) and "id" in about:
            return str(about["id"])
    return ""


def canonical(field: str, value: Any) -> Any:
    """Return a field's value as it is compared: events sorted into streams, nothing as None."""
    if field != "events" or not value:
        return value or None
    streams: dict[str, dict[str, list[Any]]] = {}
    for client, events in value.items():
        for event in events:
            stream = f"{event.get('application', '')}/{subject(event)}"
            streams.setdefault(client, {}).setdefault(stream, []).append(event)
    return streams or None


def differences(recording: Recording, replayed: Sequence[Saw]) -> list[Difference]:
    """Return all differences, step by step."""
    found: list[Difference] = []
    for number, (step, saw) in enumerate(zip(recording.steps, replayed, strict=True)):
        for field in JUDGED:
            if field in step.not_judged:
                continue
            asterisk, model = canonical(field, step.saw.get(field)), canonical(field, saw.get(field))
            if asterisk != model:
                found.append(Difference(number, field, asterisk, model))
    return found


def steps_agreeing(recording: Recording, found: Sequence[Difference]) -> int:
    """Return how many steps of a recording agree."""
    return len(recording.steps) - len({difference.step for difference in found})
