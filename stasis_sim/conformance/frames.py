"""Recordings and how they fare as DataFrames, for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from stasis_sim.conformance.judgement import find, judge
from stasis_sim.conformance.recordings import Saw
from stasis_sim.conformance.render import in_words
from stasis_sim.handoff.profiles import Profile


def judgements(paths: Iterable[Path], profile: str | Profile | None = None) -> pd.DataFrame:
    """Replay recordings on the model and judge them.

    Args:
        paths: Recordings, or folders of them.
        profile: The profile to replay them on, or its name; None: that of the version that each was recorded on.

    Returns:
        One row a recording, in columns ``recording``, ``asterisk`` (the version that was recorded), ``profile`` (what
        it was replayed on), ``steps``, ``agree`` (how many of its steps show the same) and ``ok`` (whether all do).

    Raises:
        InputError: There is nothing at a path, a file is no recording, or there is no such profile.
    """
    judged = [judge(file, profile) for file in find(paths)]
    rows = [
        (
            each.recording.name,
            each.recording.asterisk,
            _name(each.recording.profile if profile is None else profile),
            len(each.recording.steps),
            each.steps_agree,
            not each.differences,
        )
        for each in judged
    ]
    return pd.DataFrame(rows, columns=["recording", "asterisk", "profile", "steps", "agree", "ok"])


def script(path: Path, profile: str | Profile | None = None) -> pd.DataFrame:
    """Return what a recording's script does, and what the real Asterisk did.

    Args:
        path: The recording.
        profile: The profile that the last column is about, or its name; None: that of the version that was recorded.

    Returns:
        One row a step, in columns ``at_s`` (seconds from the start), ``do`` (what is done), ``events`` (by connection),
        ``dialplan`` (the applications that each channel executes), ``missed`` (messages that Asterisk dropped, by app),
        ``applications`` (those that are registered afterwards), all as texts, and ``agrees``: whether the model shows
        the same.

    Raises:
        InputError: The file is no recording, or there is no such profile.
    """
    judged = judge(path, profile)
    differing = {difference.step for difference in judged.differences}
    rows = [
        (step.at_us / 1e6, in_words(step.do), *_seen(step.saw), number not in differing)
        for number, step in enumerate(judged.recording.steps)
    ]
    return pd.DataFrame(rows, columns=["at_s", "do", "events", "dialplan", "missed", "applications", "agrees"])


def _name(profile: str | Profile) -> str:
    return profile if isinstance(profile, str) else profile.name


def _seen(saw: Saw) -> tuple[str, str, str, str]:
    """Return events, dialplan, missed messages and applications of a step."""
    events = {ws: ", ".join(event["type"] for event in each) for ws, each in saw.get("events", {}).items()}
    dialplan = {
        channel: ", ".join(application for _, _, _, application, _ in each)
        for channel, each in saw.get("dialplan", {}).items()
    }
    return _joined(events), _joined(dialplan), _joined(saw.get("missed", {})), ", ".join(saw.get("apps", {}))


def _joined(parts: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}: {each}" for name, each in parts.items())
