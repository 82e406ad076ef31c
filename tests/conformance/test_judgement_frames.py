"""Recordings and how they fare as DataFrames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from stasis_sim.conformance.frames import judgements, script
from stasis_sim.errors import InputError
from stasis_sim.handoff.profiles import ASTERISK_22

RECORDINGS: Final = Path(__file__).parent.parent / "recordings"
OCCUPIED: Final = RECORDINGS / "asterisk-22" / "drop-occupied.json"


def test_a_row_says_how_a_recording_fares() -> None:
    """Its name, version and profile; how many steps there are and how many agree; whether all do."""
    own, other = judgements([OCCUPIED]), judgements([OCCUPIED], "documented")
    assert own.to_dict("records") == [
        {
            "recording": "drop-occupied",
            "asterisk": "22.10.1",
            "profile": "asterisk-22",
            "steps": 5,
            "agree": 5,
            "ok": True,
        }
    ]
    assert other[["profile", "agree", "ok"]].to_numpy().tolist() == [["documented", 3, False]]


def test_a_profile_may_be_made_up() -> None:
    """A profile with one wrong rule is judged like any other."""
    wrong = judgements([OCCUPIED], replace(ASTERISK_22, enter_inactive=True))
    assert wrong[["profile", "ok"]].to_numpy().tolist() == [["asterisk-22", False]]


def test_a_script_is_told_step_by_step() -> None:
    """What was done, what was seen, and whether the model shows the same."""
    rows = script(OCCUPIED, "documented")
    assert rows["do"].to_list()[:2] == ["ws_open ws=A app=Intro-IVR", "call id=c1 to=ivr@default"]
    assert rows["at_s"].to_list() == [0.0, 0.4, 0.8, 1.2, 1.6]
    assert rows["events"].to_list() == ["", "A: StasisStart", "", "", ""]
    assert rows["dialplan"].to_list() == ["", "c1: NoOp, Stasis", "", "c2: NoOp, Stasis, Hangup", ""]
    assert rows["missed"].to_list() == ["", "", "", "", "Intro-IVR: 2"]
    assert rows["applications"].to_list() == ["Intro-IVR", "Intro-IVR", "Intro-IVR", "Intro-IVR", ""]
    assert rows["agrees"].to_list() == [True, True, True, False, False]


def test_a_connection_that_another_version_would_refuse_is_a_difference() -> None:
    """A replay goes on where the profile does not open what the recording closes later."""
    assert not judgements([RECORDINGS / "asterisk-22" / "outbound-and-inbound.json"], "asterisk-16")["ok"].any()


def test_a_profile_that_there_is_not_is_refused() -> None:
    """The message names those that there are."""
    with pytest.raises(InputError, match="no profile asterisk-13; write one of documented, asterisk-16, asterisk-22"):
        judgements([OCCUPIED], "asterisk-13")
