"""The handoff workload here and on other engines: what a call costs, as ratios to a plain SimPy program that counts.

    run.py [--rounds N] [--only NAME,NAME…] [--most CALLS] [--peers PYTHON] [--write]

W1 is `w1.yaml` with 100,000 calls, W2 with a million, W3 are 200 replications of 5,000. Every figure is the CPU, user
and system, of whole processes, start-up included. In each round all programs run one after the other, so that a
machine that is slow for a while is slow for all of them; ratios are taken within a round, and the median counts.
`--write` puts the table into README.md.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
PEERS = HERE / "peers"
W1, W2 = 100_000, 1_000_000
W3 = (200, 5_000)
SMALL = 10_000
BASE = "plain SimPy, a process a call"
BEGIN, END = "<!-- table of run.py -->\n", "<!-- end of table -->\n"


class Cost(NamedTuple):
    """What a process took: CPU seconds, and its greatest memory in MB."""

    cpu: float
    memory: float


@dataclass(frozen=True)
class Program:
    """A way to simulate the workload.

    Attributes:
        name: How the table calls it.
        run: Makes the command for so many calls; it may write into a folder.
        most: How many calls are still bearable.
        repeated: Makes the command of W3; None: it has none.
    """

    name: str
    run: Callable[[int, str], list[str]]
    most: int
    repeated: Callable[[str], list[str]] | None = None


def ours(engine: str, record: str, most: int) -> Program:
    """Return this simulator with one engine, keeping all tables or sums only."""

    def command(out: str, **settings: object) -> list[str]:
        told = {"run.engine": engine, "run.record": record, **settings}
        options = [word for key, value in told.items() for word in ("--set", f"{key}={value}")]
        program = "from stasis_sim.cli import main; main()"
        where = ["--out", out, "--workers", "1", "--no-picture"]
        return [sys.executable, "-c", program, "run", str(HERE / "w1.yaml"), *where, *options]

    return Program(
        f"stasis-sim, {engine}, {'all tables' if record == 'all' else 'sums only'}",
        lambda calls, out: command(out, **{"calls.0.count": calls}),
        most,
        (lambda out: command(out, **{"calls.0.count": W3[1], "run.replications": W3[0]})) if most > W1 else None,
    )


def peer(python: str, name: str, module: str, most: int = W2, *, repeats: bool = True) -> Program:
    """Return a program of the folder peers, run by an interpreter that has what it needs."""
    loop = f"import {module} as peer\nfor seed in range(1, {W3[0] + 1}): peer.run({W3[1]}, seed)"
    again = ["-c", f"import sys; sys.path.insert(0, {str(PEERS)!r}); sys.argv = ['']\n{loop}"]
    return Program(
        name,
        lambda calls, _: [python, str(PEERS / f"{module}.py"), str(calls), "1"],
        most,
        (lambda _: [python, *again]) if repeats else None,
    )


def compiled(folder: str) -> Iterator[Program]:
    """Yield the program in C++, if there is a compiler."""
    if shutil.which("g++") is None:
        print("left out: heap.cpp, for there is no g++", file=sys.stderr)
        return
    binary = f"{folder}/heap"
    subprocess.run(["g++", "-O2", "-march=native", str(PEERS / "heap.cpp"), "-o", binary], check=True)
    yield Program("a heap of events in C++", lambda calls, _: [binary, str(calls), "1"], W2)


def installed(python: str, program: Program, package: str) -> Iterator[Program]:
    """Yield a program, if the package that it needs is there."""
    if subprocess.run([python, "-c", f"import {package}"], check=False, stderr=subprocess.DEVNULL).returncode:
        print(f"left out: {program.name}; --peers names a Python that has {package}", file=sys.stderr)
        return
    yield program


def programs(folder: str, python: str) -> Iterator[Program]:
    """Yield all programs; the first one is what the others are compared with."""
    yield peer(python, BASE, "simpy_plain")
    yield ours("open-loop", "measures", W2)
    yield ours("open-loop", "all", W2)
    yield ours("events", "measures", W1)
    yield ours("events", "all", W1)
    yield peer(python, "SimPy, callbacks", "simpy_callbacks")
    yield peer(python, "a heap of tuples, no engine", "heap_python")
    yield peer(python, "open loop, call by call", "python_open")
    yield peer(python, "open loop in NumPy", "numpy_pass")
    yield from compiled(folder)
    yield from installed(python, peer(python, "salabim", "salabim_w1", SMALL, repeats=False), "salabim")
    yield from installed(python, peer(python, "Ciw", "ciw_w1", SMALL, repeats=False), "ciw")


def measure(command: list[str]) -> Cost:
    """Run a process to its end.

    Raises:
        RuntimeError: It failed.
    """
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"failed: {command}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


Found = dict[tuple[str, str], list[Cost]]
"""By program and workload, one a round."""


def rounds(chosen: list[Program], times: int, most: int) -> Found:
    """Run everything, in turn."""
    found: Found = defaultdict(list)
    for number in range(times):
        for size in (1, SMALL, W1, W2):
            for program in chosen:
                if size <= min(program.most, most):
                    with tempfile.TemporaryDirectory() as out:
                        found[program.name, str(size)].append(measure(program.run(size, out)))
        for program in chosen:
            if program.repeated is not None and W3[0] * W3[1] <= most:
                with tempfile.TemporaryDirectory() as out:
                    found[program.name, "W3"].append(measure(program.repeated(out)))
        print(f"round {number + 1} of {times} is done", file=sys.stderr)
    return found


def ratio(found: Found, name: str, what: str) -> str:
    """Return how many times as fast as the plain program, with the spread over the rounds."""
    mine, plain = found.get((name, what), []), found.get((BASE, what), [])
    ratios = [base.cpu / each.cpu for each, base in zip(mine, plain, strict=False)]
    if not ratios:
        return ""
    spread = f" ({min(ratios):.3g}-{max(ratios):.3g})" if len(ratios) > 1 else ""
    return f"{statistics.median(ratios):.3g}{spread}"


def marginal(found: Found, name: str, size: int) -> str:
    """Return the ratio without what a program takes for one call."""
    ratios = [
        (base.cpu - base_one.cpu) / (each.cpu - one.cpu)
        for each, one, base, base_one in zip(
            *(found.get(key, []) for key in ((name, str(size)), (name, "1"), (BASE, str(size)), (BASE, "1"))),
            strict=False,
        )
    ]
    return f"{statistics.median(ratios):.3g}" if ratios else ""


def growth(found: Found, name: str) -> str:
    """Return the exponent with which the cost grows from W1 to W2."""
    small, great = (found.get((name, str(size)), []) for size in (W1, W2))
    exponents = [math.log10(b.cpu / a.cpu) for a, b in zip(small, great, strict=False)]
    return f"{statistics.median(exponents):.2f}" if exponents else ""


def table(chosen: list[Program], found: Found) -> str:
    """Return the table, in Markdown."""
    head = ["program", "10,000 calls", "W1", "W2", "W2, start-up taken off", "W3", "MB", "growth"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for program in chosen:
        name = program.name
        biggest = max(int(size) for who, size in found if who == name and size != "W3")
        memory = statistics.median(each.memory for each in found[name, str(biggest)])
        cells = [name, *(ratio(found, name, what) for what in (str(SMALL), str(W1), str(W2)))]
        cells += [marginal(found, name, W2), ratio(found, name, "W3"), f"{memory:.0f}", growth(found, name)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="parts of names")
    parser.add_argument("--most", type=int, default=W2, help="how many calls at most")
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON", help="runs the other engines")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        known = list(programs(folder, asked.peers))
        wanted = [each for each in known if not asked.only or any(part in each.name for part in asked.only)]
        chosen = list(dict.fromkeys([known[0], *wanted]))
        found = rounds(chosen, asked.rounds, asked.most)
    made = datetime.now(tz=UTC).strftime("%Y-%m-%d")
    where = f"{os.cpu_count()} shared cores, {platform.machine()}, Python {platform.python_version()}"
    text = f"Measured on {made}: {where}; rounds: {asked.rounds}.\n\n{table(chosen, found)}"
    print(text)
    if asked.write:
        readme = HERE / "README.md"
        before, _, rest = readme.read_text("utf-8").partition(BEGIN)
        readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    main()
