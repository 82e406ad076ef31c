"""Differences between a recording and the model, drawn for people: one line for each thing that only one has."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stasis_sim.conformance.recordings import Recording
from stasis_sim.conformance.referee import Difference, steps_agreeing

_SHOWN = 6


def render(recording: Recording, found: Sequence[Difference], limit: int = _SHOWN) -> str:
    """Draw the first differences of a recording: `-` is what Asterisk did, `+` what the model did.

    Args:
        recording: The recording.
        found: Its differences.
        limit: How many of them to draw.
    """
    lines: list[str] = []
    step = None
    for difference in found[:limit]:
        if difference.step != step:
            step = difference.step
            do = recording.steps[step].do
            lines.append(f"step {step} at {recording.steps[step].at_us / 1e6:.1f} s: {in_words(do)}")
        for place, asterisk, model in _parts(difference):
            lines.append(f"  {place}")
            lines += [f"    {line}" for line in _compare(asterisk, model)]
    if len(found) > limit:
        lines.append(f"and {len(found) - limit} more")
    return "\n".join(lines)


def verdict(path: Path, recording: Recording, found: Sequence[Difference]) -> str:
    """Say in one line how a recording fares."""
    name = f"{path.parent.name}/{recording.name}" if path.parent.name else recording.name
    if not found:
        return f"{name}: agrees ({len(recording.steps)} steps)"
    return (
        f"{name}: differs in {len(recording.steps) - steps_agreeing(recording, found)} of {len(recording.steps)} steps"
    )


def score(agree: int, recordings: int, steps_agree: int, steps: int) -> str:
    """The closing line."""
    return f"{agree} of {recordings} recordings agree ({steps_agree} of {steps} steps)"


def in_words(do: Mapping[str, Any]) -> str:
    """Write what a step does in one line: ``call id=c1 to=ivr@default``."""
    rest = " ".join(f"{key}={_compact(value)}" for key, value in do.items() if key != "do")
    return f"{do['do']} {rest}".rstrip()


def _parts(difference: Difference) -> Iterator[tuple[str, Any, Any]]:
    """Split a field that is a mapping into its entries, events into their streams."""
    depth = {"events": 2, "dialplan": 1, "missed": 1, "apps": 1, "channels": 1}.get(difference.field, 0)
    yield from _split(difference.field, difference.asterisk, difference.model, depth)


def _split(place: str, asterisk: Any, model: Any, depth: int) -> Iterator[tuple[str, Any, Any]]:
    if depth == 0:
        yield place, asterisk, model
        return
    left: Mapping[str, Any] = asterisk or {}
    right: Mapping[str, Any] = model or {}
    for key in sorted({**left, **right}):
        if left.get(key) != right.get(key):
            yield from _split(f"{place} {key}", left.get(key), right.get(key), depth - 1)


def _compare(asterisk: Any, model: Any) -> Iterator[str]:
    left, right = _lines(asterisk), _lines(model)
    for line in difflib.ndiff(left, right):
        if line[0] in "-+ ":
            yield line


def _lines(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        return [_event(one) if isinstance(one, Mapping) and "type" in one else _compact(one) for one in value]
    return [_compact(value)]


def _event(event: Mapping[str, Any]) -> str:
    words = [str(event["type"])]
    for key, value in event.items():
        if key in {"type", "application"}:
            continue
        if isinstance(value, Mapping) and "dialplan" in value:
            place = value["dialplan"]
            where = f"{place['context']},{place['exten']},{place['priority']} {place['app_name']}({place['app_data']})"
            extra = f" {_compact(value['channelvars'])}" if "channelvars" in value else ""
            words.append(f"{key}={value['id']} {value['state']} {where}{extra}")
        else:
            words.append(f"{key}={_compact(value)}")
    return " ".join(words)


def _compact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
