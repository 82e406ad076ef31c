"""stasis-sim: what happens to calls when the ARI application that should control them is away.

>>> from stasis_sim import Scenario, run
>>> results = run(Scenario.load("scenarios/connection-previously-existed.yaml"), seed=1)  # doctest: +SKIP
>>> results.measures["total"]["ejection_rate"]  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stasis_sim.api import Results, run
    from stasis_sim.scenario import Scenario

__version__ = "0.1.0"

__all__ = ["Results", "Scenario", "__version__", "run"]

_HOMES = {
    "Results": "stasis_sim.api",
    "Scenario": "stasis_sim.scenario",
    "run": "stasis_sim.api",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for: ``stasis-sim --help`` needs none of it."""
    if name in _HOMES:
        from importlib import import_module  # noqa: PLC0415 - see above

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name what is only loaded when it is asked for, too: Jupyter completes it."""
    return sorted({*globals(), *__all__})
