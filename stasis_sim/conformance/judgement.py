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
from stasis_sim.conformance.replay import actions, replay
from stasis_sim.errors import InputError
from stasis_sim.handoff.profiles import PROFILES, Profile
from stasis_sim.scenario.misfit import got


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
    _hold(file, recording, profile)
    seen = replay(recording, SimulatedDriver, profile)
    return Judgement(file, recording, seen, differences(recording, seen))


def _hold(file: Path, recording: Recording, profile: Profile | None) -> None:
    """Refuse what cannot be replayed.

    Raises:
        InputError: A step does what the model does not know, or nothing says which Asterisk it is of.
    """
    version = f"asterisk-{recording.asterisk.partition('.')[0]}"
    if profile is None and version not in PROFILES:
        text = f"of Asterisk {recording.asterisk}, which is none of the model's; write --profile asterisk-22"
        raise InputError.at(str(file), text)
    for number, step in enumerate(recording.steps, 1):
        if step.do.get("do") not in actions():
            what, known = step.do.get("do"), ", ".join(sorted(actions()))
            raise InputError.at(str(file), f"step {number}: unknown {got(what)}; write one of {known}")


def _load(file: Path) -> Recording:
    try:
        return recordings.load(file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError.at(str(file), f"cannot be read: {reason}; write the path of a recording") from None
    except json.JSONDecodeError as error:
        raise InputError.at(str(file), f"not JSON: {error.msg}", line=error.lineno, column=error.colno) from None
    except UnicodeDecodeError as error:
        raise InputError.at(str(file), f"not UTF-8 ({error.reason}); recordings are JSON in UTF-8") from None
    except ValueError as error:
        raise InputError.at(str(file), f"not a recording: {error}") from None
