"""The rules of an Asterisk, by the name that a user gives."""

from __future__ import annotations

from stasis_sim.errors import InputError
from stasis_sim.handoff.profiles import ASTERISK_22, PROFILES, Profile


def named_profile(name: str | None) -> Profile:
    """Return a profile by its name, asterisk-22 by none.

    Raises:
        InputError: There is no such profile.
    """
    if name is None:
        return ASTERISK_22
    if name not in PROFILES:
        raise InputError.at("--profile", f"no profile {name}; write one of {', '.join(PROFILES)}")
    return PROFILES[name]
