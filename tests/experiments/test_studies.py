"""Many scenarios by one crew; what was killed goes on where it stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

from stasis_sim.errors import InputError
from stasis_sim.experiments.engines import Computed, Engine
from stasis_sim.experiments.executors import Alone
from stasis_sim.experiments.pools import Processes
from stasis_sim.experiments.replications import run
from stasis_sim.experiments.studies import Study, carry_out
from stasis_sim.files import claimed
from tests.experiments.small import TEXT, small
from tests.experiments.test_executors import files

HOLDER: Final = """\
import pathlib, sys, time
from stasis_sim.files import claimed
with claimed(pathlib.Path(sys.argv[1])):
    print("mine", flush=True)
    time.sleep(60)
"""
"""A program that keeps a file to itself."""


def test_studies_of_the_same_inputs_follow_one_another(tmp_path: Path) -> None:
    """Two that would write the same files are not under way at one time; the second takes what the first has left."""
    told: list[tuple[int, int]] = []
    studies = [Study(small(), tmp_path), Study(small(replications=5), tmp_path), Study(small(seed=4), tmp_path)]
    people = Processes(2)
    over = list(carry_out(studies, people, lambda done, total: told.append((done, total)), expected=11))
    people.close(wait=True)
    assert sorted(study.done for study in over) == [3, 3, 5]
    assert studies[0].tree.path == studies[1].tree.path != studies[2].tree.path
    # Three of the second were there already.
    assert len(told) == 3 + 2 + 3
    assert told[-1] == (11, 11)


def test_two_runs_into_one_folder_do_not_get_into_each_others_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each replication is done by one of them, while the other waits, and taken by both."""
    done: list[int] = []
    compute = Engine.compute

    def slowly(engine: Engine, number: int, tables: Any) -> Computed:
        done.append(number)
        time.sleep(0.05)
        return compute(engine, number, tables)

    monkeypatch.setattr(Engine, "compute", slowly)
    with ThreadPoolExecutor(2) as people:
        one, other = (people.submit(run, small(replications=4), out=tmp_path) for _ in range(2))
    assert one.result().replications == other.result().replications
    assert sorted(done) == [1, 2, 3, 4]
    monkeypatch.undo()
    run(small(replications=4), out=tmp_path / "alone")
    assert files(tmp_path / "small") == files(tmp_path / "alone" / "small")


def test_who_waits_for_another_run_says_so_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It may have been stopped and forgotten; it lets go when it ends, however it ends."""
    monkeypatch.setattr("stasis_sim.files.PATIENCE_S", 0.0)
    path = tmp_path / "replications" / ".0001"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"mine\n"

    def claim() -> None:
        with claimed(path):
            pass

    waiting = threading.Thread(target=claim)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    holder.kill()
    holder.communicate()
    waiting.join(60)
    assert caplog.messages == [f"another run is at work in {path.parent}; waiting for it"]
    assert not path.exists()


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    """What writes tables cannot take it."""
    with pytest.raises(InputError, match="below a name that is not UTF-8; rename it"):
        run(small(), out=tmp_path / os.fsdecode(b"d\xf6"))


def test_studies_are_taken_up_when_there_is_room(tmp_path: Path) -> None:
    """However many there are, only those are made for which there is work to give."""
    made: list[int] = []

    def source() -> Iterator[Study]:
        for seed in range(1, 6):
            made.append(seed)
            yield Study(small(seed=seed, replications=1), tmp_path)

    for finished, study in enumerate(carry_out(source(), Alone()), 1):
        assert study.done == 1
        assert len(made) == finished


def test_more_replications_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    """The number of replications is no input of any of them."""
    few = run(small(), out=tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    many = run(small(replications=5), out=tmp_path)
    assert many.tree.path == few.tree.path
    assert many.replications[:3] == few.replications
    assert all(path.stat().st_mtime_ns == before[path] for path in before)
    assert many.measures["total"]["calls"]["n"] == 5
    assert run(small(), out=tmp_path).measures == few.measures


def test_a_run_that_is_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Kill -9 of the program and its workers loses the runs in flight, and nothing that was done."""
    (tmp_path / "small.yaml").write_text(TEXT, "utf-8")
    arguments = [sys.executable, "-c", "from stasis_sim.cli import main; main()"]
    arguments += ["run", "small.yaml", "--replications", "60", "--workers", "2", "--out", "killed", "--no-picture"]
    program = subprocess.Popen(
        arguments, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while len(list(tmp_path.rglob("replication.json"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(program.pid, signal.SIGKILL)
    program.wait()
    marks = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("replication.json")}
    assert 5 <= len(marks) < 60
    assert not list(tmp_path.rglob("measures.json"))
    scenario = small(replications=60)
    told: list[int] = []
    run(scenario, out=tmp_path / "killed", progress=lambda done, total: told.append(total - done))
    assert len(told) == 60 - len(marks)
    assert all(path.stat().st_mtime_ns == time_ns for path, time_ns in marks.items())
    run(scenario, out=tmp_path / "whole")
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
