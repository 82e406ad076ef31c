"""The laws that hold in every run, whatever the scenario does, and the error that says which one broke."""

from __future__ import annotations


class InvariantError(Exception):
    """A law of the simulator broke: a defect of the program, never of a scenario. Carries the numbers."""


def conserve(law: str, whole: int, **parts: int) -> None:
    """Hold a conservation law: the whole is the sum of its parts.

    Args:
        law: The law in words.
        whole: What was counted on one side.
        parts: What was counted on the other side, by name.

    Raises:
        InvariantError: The sum differs from the whole.
    """
    if whole != sum(parts.values()):
        terms = " + ".join(f"{name} {count}" for name, count in parts.items())
        raise InvariantError(f"{law}: {whole} is not {terms} (= {sum(parts.values())})")
