"""How long events are, and when a write finds room."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from statistics import median_high
from typing import Any

import pytest

from stasis_sim.scenario.events import EVENT_TYPES
from stasis_sim.simulated.buffers import BYTES
from stasis_sim.simulated.service import Workers

RECORDINGS = Path(__file__).parent.parent / "recordings" / "asterisk-22"

RAISED = '"timestamp":"2026-01-05T08:00:00.000+0000","asterisk_id":"00:00:5e:00:53:00",'
CHANNEL = (
    '"protocol_id":"","caller":{"name":"","number":""},"connected":{"name":"","number":""},"accountcode":"",'
    '"creationtime":"2026-01-05T08:00:00.000+0000","language":"en",'
)
"""What recordings leave out: of every event, and of each channel in it (ARI's reference: Message, Event, Channel)."""


def channels(value: Any) -> int:
    """How many channels there are in a JSON value."""
    if isinstance(value, dict):
        return ("dialplan" in value) + sum(map(channels, value.values()))
    return sum(map(channels, value)) if isinstance(value, list) else 0


def test_events_are_as_long_as_recordings_show() -> None:
    """Each type has the median of all recorded events of it, and no type has a length that no recording shows."""
    seen = defaultdict(list)
    for path in RECORDINGS.glob("*.json"):
        for step in json.loads(path.read_text("utf-8"))["steps"]:
            for events in step["saw"].get("events", {}).values():
                for event in events:
                    text = json.dumps(event, separators=(",", ":"))
                    length = len(text.encode()) + len(RAISED) + channels(event) * len(CHANNEL)
                    seen[event["type"]].append(length)
    assert {type_: median_high(seen[type_]) for type_ in EVENT_TYPES if type_ in seen} == BYTES


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_inbox_is_read_into_when_one_is_done(workers: int) -> None:
    """There is room when fewer than the bound are not done; an inbox that is not full takes at once."""
    queue = Workers(workers)
    assert queue.room(5, 2) == 5
    finishes = [queue.take(0, duration, (None, None, 0)) for duration in (10, 20, 30)]  # type: ignore[arg-type]
    for bound in (1, 2, 3):
        last = sorted(finishes)[-bound]
        assert queue.room(0, bound) == last
        assert queue.room(last + 1, bound) == last + 1
    assert queue.room(0, 4) == 0
