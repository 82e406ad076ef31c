"""What a call costs, beside a plain SimPy program that only counts: ratios of CPU time, in turn.

    run.py [CALLS [ROUNDS]]

Each round runs both programs as whole processes, one after the other, so that a machine that is slow for a while is
slow for both; the median of the ratios is what counts.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def cpu(command: list[str]) -> float:
    """Return the CPU seconds of a process, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


CASES = (("open-loop", "all"), ("open-loop", "measures"), ("events", "all"), ("events", "measures"))
"""Engines, and what they keep."""


def ours(calls: int, engine: str, record: str, out: str) -> list[str]:
    """Return the command that runs the workload here."""
    settings = {"calls.0.count": calls, "run.engine": engine, "run.record": record}
    options = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    program = "from stasis_sim.cli import main; main()"
    where = ["--out", out, "--workers", "1", "--no-picture"]
    return [sys.executable, "-c", program, "run", str(HERE / "w1.yaml"), *where, *options]


def main(calls: int, rounds: int) -> None:
    """Print the ratios."""
    plain = [sys.executable, str(HERE / "plain_simpy.py"), str(calls), "1"]
    ratios: dict[tuple[str, str], list[float]] = {case: [] for case in CASES}
    for _ in range(rounds):
        for engine, record in CASES:
            with tempfile.TemporaryDirectory() as out:
                ratios[engine, record].append(cpu(ours(calls, engine, record, out)) / cpu(plain))
    for (engine, record), found in ratios.items():
        spread = f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f}) times plain SimPy"
        print(f"{engine}, record: {record}, {calls:,} calls: {spread}")


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*given, *(100_000, 3)[len(given) :])
