"""How well two processes share the work: the efficiency of 200 replications of 5,000 calls, as a ratio of times.

    workers.py [REPLICATIONS [ROUNDS]]

Each round runs the same command with one worker and with two, one after the other, start-up included. The efficiency is
the time of one over twice the time of two: 1 means that nothing is lost. It needs two processors with nothing else to
do.
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


def seconds(replications: int, workers: int) -> float:
    """Return how long a run takes, by the wall clock."""
    settings = (f"calls.0.count={CALLS}", f"run.replications={replications}")
    options = [word for setting in settings for word in ("--set", setting)]
    program = "from stasis_sim.cli import main; main()"
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-c", program, "run", str(HERE / "w1.yaml"), "--out", out, "--no-picture"]
        begin = time.perf_counter()
        subprocess.run([*command, "--workers", str(workers), *options], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begin


def main(replications: int, rounds: int) -> None:
    """Print the efficiency."""
    found = []
    for _ in range(rounds):
        one, two = (seconds(replications, workers) for workers in (1, 2))
        found.append(one / two / 2)
    spread = f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"
    print(f"{replications} replications of {CALLS:,} calls on 2 workers: efficiency {spread}")


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*given, *(200, 3)[len(given) :])
