"""Replays a recording on the model in SimPy's time, and judges what was seen."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stasis_sim.conf.profile_names import named_profile
from stasis_sim.conformance import recordings
from stasis_sim.conformance.driver import SimulatedDriver
from stasis_sim.conformance.recordings import Recording, Saw
from stasis_sim.conformance.referee import Difference, differences, steps_agreeing
from stasis_sim.conformance.replay import replay
from stasis_sim.errors import InputError
from stasis_sim.handoff.profiles import Profile


@dataclass(frozen=True)
class Judgement:
    """How a recording fares.

    Attributes:
        file: Where it lies.
        recording: The recording.
        seen: What the model was seen to do, one entry a step.
        differences: Where that is not what Asterisk did.
    """

    file: Path
    recording: Recording
    seen: list[Saw]
    differences: list[Difference]

    @property
    def steps_agree(self) -> int:
        """How many of its steps agree."""
        return steps_agreeing(self.recording, self.differences)

    def json(self) -> dict[str, Any]:
        """Return its entry in the JSON of several recordings."""
        return {
            "id": self.recording.name,
            "version": self.recording.asterisk,
            "ok": not self.differences,
            "differences": [
                {"step": each.step, "field": each.field, "asterisk": each.asterisk, "model": each.model}
                for each in self.differences
            ],
        }


def find(paths: Iterable[Path]) -> list[Path]:
    """Return the recordings that paths name; a folder means all in it.

    Raises:
        InputError: There is nothing at a path.
    """
    found = []
    for path in paths:
        files = recordings.find([path])
        if not files:
            raise InputError.at(str(path), "no recording in this folder; name a folder with .json files, or a file")
        found += files
    return found


def judge(file: Path, profile: str | Profile | None = None) -> Judgement:
    """Replay a recording and judge it.

    Args:
        file: The recording.
        profile: The profile to replay it on, or its name; None: that of the version that was recorded.

    Raises:
        InputError: The file is no recording, or there is no such profile.
    """
    if isinstance(profile, str):
        profile = named_profile(profile)
    recording = _load(file)
    seen = replay(recording, SimulatedDriver, profile)
    return Judgement(file, recording, seen, differences(recording, seen))


def _load(file: Path) -> Recording:
    try:
        return recordings.load(file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError.at(str(file), f"cannot be read: {reason}; write the path of a recording") from None
    except json.JSONDecodeError as error:
        raise InputError.at(str(file), f"not JSON: {error.msg}", line=error.lineno, column=error.colno) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        text = f"not a recording ({type(error).__name__}: {error}); it needs name, asterisk, files and steps"
        raise InputError.at(str(file), text) from None
