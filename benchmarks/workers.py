"""How well two processes share the work: the efficiency of 200 replications of 5,000 calls, as a ratio of times.

    workers.py [ENGINE [REPLICATIONS [ROUNDS]]]

The engine is `events`, unless `open-loop` is asked for, which is through with all of them before a second process has
begun to help much.

Each round runs the same command with one worker, with two, and twice with half of the replications side by side, one
after the other, start-up included. The efficiency is the time of one worker over twice the time of two: 1 means that
nothing is lost. What two separate programs lose is what the machine takes: processors that share caches, or a core.
The wall clock knows of everything else that the machine does meanwhile. Processor time hardly does: what one worker
needs over what two need together is the efficiency that two processors of their own would allow them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
CALLS = 5_000

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""An installed package is compiled; a clone is too, from its first run on, where nothing forbids it."""


def command(engine: str, replications: int, workers: int, out: str, seed: int = 1) -> list[str]:
    """Return the command of a run."""
    run = {"engine": engine, "replications": replications, "seed": seed}
    settings = (f"calls.0.count={CALLS}", *(f"run.{key}={value}" for key, value in run.items()))
    options = [word for setting in settings for word in ("--set", setting)]
    program = "from stasis_sim.cli import main; main()"
    where = ["--out", out, "--workers", str(workers), "--no-picture"]
    return [sys.executable, "-c", program, "run", str(HERE / "w1.yaml"), *where, *options]


class Took(NamedTuple):
    """How long commands took side by side, in seconds: by the wall clock, and of processors, workers included."""

    wall: float
    cpu: float


def took(*commands: list[str]) -> Took:
    """Return how long commands take side by side."""
    before, begin = os.times(), time.perf_counter()
    running = [subprocess.Popen(each, stdout=subprocess.DEVNULL, env=ENVIRONMENT) for each in commands]
    codes = [each.wait() for each in running]
    if any(codes):
        raise RuntimeError("a run has failed")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(time.perf_counter() - begin, cpu)


def main(engine: str, replications: int, rounds: int) -> None:
    """Print the efficiencies."""
    found: dict[str, list[float]] = {"2 workers": [], "2 programs beside each other": [], "2 workers, by CPU time": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as out:
            one = took(command(engine, replications, 1, f"{out}/one"))
            two = took(command(engine, replications, 2, f"{out}/two"))
            halves = took(*(command(engine, replications // 2, 1, f"{out}/half", seed) for seed in (1, 2)))
        for each, efficiency in zip(
            found.values(), (one.wall / two.wall / 2, one.wall / halves.wall / 2, one.cpu / two.cpu), strict=True
        ):
            each.append(efficiency)
    for what, each in found.items():
        spread = f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"
        print(f"{engine}, {replications} replications of {CALLS:,} calls, {what}: efficiency {spread}")


if __name__ == "__main__":
    engine, replications, rounds = (*sys.argv[1:], *("events", 200, 3)[len(sys.argv) - 1 :])
    main(engine, int(replications), int(rounds))
