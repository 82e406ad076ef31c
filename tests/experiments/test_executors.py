"""Who works: this process, processes of our own, or any executor; the results are the same, whoever dies meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from stasis_sim.errors import WorkError
from stasis_sim.experiments import jobs, pools
from stasis_sim.experiments.inputs import hold
from stasis_sim.experiments.replications import run
from stasis_sim.experiments.results import ResultTree
from tests.experiments.small import TEXT, small

UNGUARDED = f"""\
import sys
from stasis_sim import Scenario, run
print("here")
scenario = Scenario.parse({TEXT!r}, name="small.yaml")
print(run(scenario, workers=2, out=sys.argv[1]).measures["total"]["calls"]["n"])
"""


def files(folder: Path) -> dict[str, bytes]:
    """The bytes that a run promises to be the same."""
    found = [*folder.rglob("*.parquet"), *folder.rglob("measures.json")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(found)}


def test_any_executor_gives_the_same_bytes(tmp_path: Path) -> None:
    """Results do not depend on where the work ran; of an executor's workers no file is expected to be seen here."""
    run(small(), out=tmp_path / "here")
    with ThreadPoolExecutor(3) as threads:
        run(small(), out=tmp_path / "threads", executor=threads)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        run(small(), out=tmp_path / "processes", executor=processes)
    run(small(), out=tmp_path / "ours", workers=2)
    expected = files(tmp_path / "here")
    assert len(expected) == 3 * 6 + 1
    for other in ("threads", "processes", "ours"):
        assert files(tmp_path / other) == expected


def test_the_death_of_a_worker_loses_nothing_but_what_it_was_at(tmp_path: Path) -> None:
    """A worker that is killed is replaced, and every replication is done."""
    killed: list[int] = []

    def kill(done: int, total: int) -> None:
        del done, total
        if not killed:
            children = [child.pid for child in multiprocessing.active_children() if child.pid is not None]
            killed.append(children[0])
            os.kill(children[0], signal.SIGKILL)

    scenario = small(replications=8)
    run(scenario, out=tmp_path / "killed", workers=2, progress=kill)
    assert killed
    run(scenario, out=tmp_path / "whole")
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_workers_that_always_die_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not start new ones for ever, and says what may help."""

    class Doomed(pools.Processes):
        def _fresh(self) -> ProcessPoolExecutor:
            return ProcessPoolExecutor(1, mp_context=pools._Fresh(), initializer=os._exit, initargs=(9,))

    monkeypatch.setattr(pools, "Processes", Doomed)
    with pytest.raises(WorkError, match=r"worker processes died 4 times in a row .* write --workers 1"):
        run(small(), workers=2)


def test_a_worker_loads_only_what_it_works_with(tmp_path: Path) -> None:
    """A worker that only counts loads no library of tables, pictures, statistics or the command line."""
    job = jobs.Job(hold(small(record="measures")), ResultTree(tmp_path, "small", "digest"), 1)
    with ProcessPoolExecutor(1, mp_context=pools._Fresh()) as pool:
        assert pool.submit(jobs.work, job).result().notes["engine"] == "open-loop"
        loaded = pool.submit(eval, "set(__import__('sys').modules)").result()
    assert "numpy" in loaded
    assert not loaded & {"pandas", "pyarrow", "matplotlib", "scipy", "typer", "rich", "numpy.ma", "stasis_sim.cli"}


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    """Several workers can be asked for at the top of a script: no worker runs the script again."""
    script = tmp_path / "unguarded.py"
    script.write_text(UNGUARDED, "utf-8")
    arguments: list[Any] = [sys.executable, script, tmp_path / "results"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "here\n3\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX keeps a signal waiting, Windows cannot")
def test_a_worker_that_is_interrupted_while_it_loads_says_nothing() -> None:
    """Ctrl-C waits until the worker can leave without a traceback; whoever starts it hears it all the time."""
    with ProcessPoolExecutor(1, mp_context=pools._Fresh()) as loading:
        assert signal.SIGINT in loading.submit(_blocked).result()
    with ProcessPoolExecutor(1, mp_context=pools._Fresh(), initializer=pools._belong) as ready:
        assert signal.SIGINT not in ready.submit(_blocked).result()
        assert ready.submit(signal.getsignal, signal.SIGINT).result() == signal.SIG_DFL
    assert signal.SIGINT not in _blocked()


def _blocked() -> set[int]:
    return {int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, ())}


def test_workers_end_with_who_gives_out_the_work(tmp_path: Path) -> None:
    """Who is killed leaves no worker behind: the output, which they hold open too, comes to its end."""
    script = (
        "import os, signal, sys\n"
        "from stasis_sim import Scenario, run\n"
        f"scenario = Scenario.parse({TEXT!r}, name='small.yaml')\n"
        "run(scenario, workers=2, out=sys.argv[1], progress=lambda done, total: os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    arguments: list[Any] = [sys.executable, "-c", script, tmp_path / "results"]
    done = subprocess.run(arguments, capture_output=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_a_dask_cluster_survives_the_death_of_a_worker(tmp_path: Path) -> None:
    """Two workers of a real cluster, one of which is killed in the middle: the bytes are those of one process."""
    script = tmp_path / "cluster.py"
    script.write_text(
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from distributed import Client, LocalCluster\n"
        "from stasis_sim import Scenario, run\n"
        f"scenario = Scenario.parse({TEXT!r}, name='small.yaml', overrides={{'run.replications': 40}})\n"
        "def main():\n"
        "    killed = []\n"
        "    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:\n"
        "        with Client(cluster) as client:\n"
        "            def kill(done, total):\n"
        "                if done >= 4 and not killed:\n"
        "                    pids = list(client.run(os.getpid, nanny=False).values())\n"
        "                    killed.append(pids[0])\n"
        "                    os.kill(pids[0], signal.SIGKILL)\n"
        "            run(scenario, out=sys.argv[1], executor=client.get_executor(), progress=kill)\n"
        "    assert killed\n"
        "if __name__ == '__main__':\n"
        "    main()\n",
        "utf-8",
    )
    arguments: list[Any] = [sys.executable, script, tmp_path / "cluster"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=250)
    assert done.returncode == 0, done.stderr
    run(small(replications=40), out=tmp_path / "here")
    assert files(tmp_path / "cluster") == files(tmp_path / "here")
