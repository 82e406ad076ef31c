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


def ours(calls: int, record: str, out: str) -> list[str]:
    """Return the command that runs the workload here."""
    options = ["--set", f"calls.0.count={calls}", "--set", f"run.record={record}", "--workers", "1", "--no-picture"]
    program = "from stasis_sim.cli import main; main()"
    return [sys.executable, "-c", program, "run", str(HERE / "w1.yaml"), "--out", out, *options]


def main(calls: int, rounds: int) -> None:
    """Print the ratios."""
    plain = [sys.executable, str(HERE / "plain_simpy.py"), str(calls), "1"]
    for record in ("all", "measures"):
        ratios = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as out:
                ratios.append(cpu(ours(calls, record, out)) / cpu(plain))
        low, high = min(ratios), max(ratios)
        spread = f"{statistics.median(ratios):.1f} times plain SimPy ({low:.1f}-{high:.1f})"
        print(f"record: {record}, {calls:,} calls: {spread}")


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*given, *(100_000, 3)[len(given) :])
