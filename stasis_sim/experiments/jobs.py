"""Replications to be done, and how a worker does one, wherever it is."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, TypeAlias

from stasis_sim.experiments.engines import Engine
from stasis_sim.experiments.replication import work_out
from stasis_sim.experiments.results import Replication, ResultTree
from stasis_sim.scenario import Scenario
from stasis_sim.simulated.preparation import prepare


class Job(NamedTuple):
    """One replication to be done.

    Attributes:
        scenario: With its files in hand.
        tree: Where the results go.
        number: Of the replication, from 1.
    """

    scenario: Scenario
    tree: ResultTree
    number: int


Done: TypeAlias = tuple[Job, Replication]


def work(job: Job, tree: ResultTree | None = None) -> Replication:
    """Do a job in a worker that sees this machine's files; in another, results go to a tree of its own."""
    return work_out(_engine(_Inputs(job)), tree or job.tree, job.number)


class _Inputs:
    """A scenario as the key of a cache: what decides its results has a digest, by which its results are named."""

    def __init__(self, job: Job) -> None:
        self.scenario = job.scenario
        self._digest = job.tree.path.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Inputs) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)


@lru_cache(maxsize=4)
def _engine(inputs: _Inputs) -> Engine:
    """Return what computes a scenario; a worker reads Asterisk's files once for many replications."""
    return Engine(prepare(inputs.scenario))
