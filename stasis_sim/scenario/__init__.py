"""Scenarios: a strict YAML file in, a frozen :class:`~stasis_sim.scenario.model.Scenario` out.

``Scenario.load("file.yaml", ["run.seed=3"])`` reads one; :func:`~stasis_sim.scenario.show.show` writes it back with
every default filled in. Whatever is wrong with a file comes at once, each fault with its line and column.
"""

from stasis_sim.scenario.model import Scenario, a_scenario
from stasis_sim.scenario.show import show

__all__ = ["Scenario", "a_scenario", "show"]
