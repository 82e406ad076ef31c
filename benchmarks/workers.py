"""How well two processes share the work: the efficiency of 200 replications of 5,000 calls, as a ratio of times.

    workers.py [REPLICATIONS [ROUNDS]]

Each round runs the same command with one worker, with two, and twice with half of the replications side by side, one
after the other, start-up included. The efficiency is the time of one worker over twice the time of two: 1 means that
nothing is lost. What two separate programs lose is what the machine takes: processors that share caches, or a core.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
CALLS = 5_000


def command(replications: int, workers: int, out: str, seed: int = 1) -> list[str]:
    """Return the command of a run."""
    settings = (f"calls.0.count={CALLS}", f"run.replications={replications}", f"run.seed={seed}")
    options = [word for setting in settings for word in ("--set", setting)]
    program = "from stasis_sim.cli import main; main()"
    where = ["--out", out, "--workers", str(workers), "--no-picture"]
    return [sys.executable, "-c", program, "run", str(HERE / "w1.yaml"), *where, *options]


def seconds(*commands: list[str]) -> float:
    """Return how long commands take side by side, by the wall clock."""
    begin = time.perf_counter()
    running = [subprocess.Popen(each, stdout=subprocess.DEVNULL) for each in commands]
    codes = [each.wait() for each in running]
    if any(codes):
        raise RuntimeError("a run has failed")
    return time.perf_counter() - begin


def main(replications: int, rounds: int) -> None:
    """Print the efficiencies."""
    found: dict[str, list[float]] = {"2 workers": [], "2 programs beside each other": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as out:
            one = seconds(command(replications, 1, f"{out}/one"))
            found["2 workers"].append(one / seconds(command(replications, 2, f"{out}/two")) / 2)
            halves = (command(replications // 2, 1, f"{out}/half", seed) for seed in (1, 2))
            found["2 programs beside each other"].append(one / seconds(*halves) / 2)
    for what, each in found.items():
        spread = f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"
        print(f"{replications} replications of {CALLS:,} calls, {what}: efficiency {spread}")


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*given, *(200, 3)[len(given) :])
