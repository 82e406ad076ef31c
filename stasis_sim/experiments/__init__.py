"""From one run to an answer: replications, sweeps, comparisons, expectations, and results on disk.

:func:`replicate`, :func:`sweep` and :func:`compare` give DataFrames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stasis_sim.experiments.frames import compare, replicate, sweep

__all__ = ["compare", "replicate", "sweep"]


def __getattr__(name: str) -> Any:
    """Load pandas when something is asked for that needs it."""
    if name in __all__:
        from stasis_sim.experiments import frames  # noqa: PLC0415 - see above

        return getattr(frames, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name what is only loaded when it is asked for, too: Jupyter completes it."""
    return sorted({*globals(), *__all__})
