"""Tables: the same rows give the same bytes, on disk and in memory, and memory stays bounded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from stasis_sim.observe import tables
from stasis_sim.observe.columns import TABLES
from stasis_sim.observe.tables import ROW_GROUP, Tables, read, write_csv
from stasis_sim.observe.trace import Attempt, Event, Recorder


def fill(sink: Tables, calls: int) -> None:
    """Let a small world write: every call has two attempts, three events and one command."""
    recorder = Recorder(sink=sink)
    recorder.app_state("ivr", 0, registered=True, working=True)
    connection = recorder.connection("bot", ("ivr", "menu"), 0)
    recorder.refused(recorder.connection("bot", ("ivr",), 5), 6, "bad_credentials")
    recorder.event(1, "ivr", "ApplicationReplaced", 3).fate = "missed"
    for number in range(1, calls + 1):
        now = number * 10
        call = recorder.call(number, "calls.0", now)
        call.attempts.append(Attempt("menu", (), now, "ejected", "never_registered"))
        attempt = Attempt("ivr", ("room", str(number)), now, "entered")
        attempt.first_command, attempt.left, attempt.left_by = now + 2, now + 7, "hangup"
        call.attempts.append(attempt)
        for type_ in ("StasisStart", "ChannelVarset", "StasisEnd"):
            event = Event(number, "ivr", type_, now + 1)
            event.fate, event.delivered, event.connection = "delivered", now + 2, connection
            call.events.append(event)
        recorder.command("bot", "POST", f"/ari/channels/c{number}/answer", now + 2, call).status = 204
        if number < calls:
            call.ended, call.hangup_cause, call.final_answer = now + 9, 16, "603 Decline"
            recorder.ended(call)
    recorder.app_state("ivr", 10 * calls, registered=False, working=False, cause="torn")
    recorder.finish(10 * calls + 5)


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    """Two runs of the same write the same bytes, and only the six tables."""
    for name in ("one", "two"):
        with Tables(1, tmp_path / name) as sink:
            fill(sink, 3000)
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(f"{name}.parquet" for name in TABLES)
    for name in TABLES:
        one, two = ((tmp_path / side / f"{name}.parquet").read_bytes() for side in ("one", "two"))
        assert one == two


def test_the_size_of_batches_does_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many calls wait before they become columns changes no byte on disk."""
    for name, batch in (("one", 1024), ("two", 7)):
        monkeypatch.setattr(tables, "_BATCH", batch)
        with Tables(1, tmp_path / name) as sink:
            fill(sink, 12_000)
    one, two = ((tmp_path / side / "events.parquet").read_bytes() for side in ("one", "two"))
    assert one == two


def test_row_groups_have_a_fixed_size(tmp_path: Path) -> None:
    """Every row group but the last has the same number of rows."""
    with Tables(1, tmp_path) as sink:
        fill(sink, 25_000)
    file = pq.ParquetFile(tmp_path / "events.parquet")
    sizes = [file.metadata.row_group(index).num_rows for index in range(file.num_row_groups)]
    assert sizes == [ROW_GROUP, ROW_GROUP, 75_001 - 2 * ROW_GROUP]


@pytest.mark.parametrize("name", list(TABLES))
def test_a_row_group_knows_its_least_and_greatest_numbers(tmp_path: Path, name: str) -> None:
    """A search for a time skips row groups by them; nobody searches for words between two."""
    with Tables(1, tmp_path) as sink:
        fill(sink, 100)
    file = pq.ParquetFile(tmp_path / f"{name}.parquet")
    if file.num_row_groups:
        columns = [file.metadata.row_group(0).column(place) for place in range(len(TABLES[name]))]
        known = [column.path_in_schema for column in columns if column.is_stats_set]
        assert known == [column.name for column in TABLES[name] if column.type is int]


def test_times_are_whole_microseconds_on_disk(tmp_path: Path) -> None:
    """On disk times are int64 microseconds, and words are strings."""
    with Tables(1, tmp_path) as sink:
        fill(sink, 2)
    table = pq.ParquetFile(tmp_path / "calls.parquet").read()
    assert {str(field.type) for field in table.schema} == {"int64", "string"}
    assert table.column("arrived_us").to_pylist() == [10, 20]
    assert table.column("ended_us").to_pylist() == [19, None]


def test_memory_and_disk_give_the_same_frames(tmp_path: Path) -> None:
    """A DataFrame is the same, whether its table was kept or written and read back."""
    with Tables(1) as kept:
        fill(kept, 50)
    with Tables(1, tmp_path) as written:
        fill(written, 50)
    for name, columns in TABLES.items():
        frame = kept.frame(name)
        assert list(frame.columns) == [column.shown for column in columns]
        assert_frame_equal(frame, read(name, [tmp_path]))
    with pytest.raises(TypeError, match="read it from there"):
        written.frame("calls")


def test_frames_show_seconds() -> None:
    """A DataFrame has times in seconds, missing ones as NaN, and whole numbers whole where some are missing."""
    with Tables(1) as kept:
        fill(kept, 2)
    calls, events, connections = kept.frame("calls"), kept.frame("events"), kept.frame("connections")
    assert calls["arrived_s"].tolist() == [10e-6, 20e-6]
    assert np.isnan(calls["ended_s"][1])
    assert calls["held_s"][0] == pytest.approx(7e-6)
    assert calls[["call", "outcome", "attempts", "first_app"]].to_numpy().tolist() == [
        [1, "served", 2, "menu"],
        [2, "in_progress", 2, "menu"],
    ]
    assert str(calls["hangup_cause"].dtype) == "Int64"
    assert events["call"].tolist() == [1, 1, 1, 2, 2, 2, pd.NA]
    assert kept.frame("attempts")["args"].tolist() == ["", "room,1", "", "room,2"]
    assert connections[["apps", "how", "reason"]].to_numpy().tolist() == [
        ["ivr,menu", "", ""],
        ["ivr", "refused", "bad_credentials"],
    ]
    assert kept.frame("outages")[["app", "from_s", "cause"]].to_numpy().tolist() == [
        ["menu", 0.0, "start"],
        ["ivr", 20e-6, "torn"],
    ]


def test_replications_are_read_one_after_the_other(tmp_path: Path) -> None:
    """Tables of several replications become one frame, in the order given."""
    for number in (1, 2):
        with Tables(number, tmp_path / str(number)) as sink:
            fill(sink, 3)
    assert read("calls", [tmp_path / "2", tmp_path / "1"])["replication"].tolist() == [2, 2, 2, 1, 1, 1]
    assert read("calls", []).empty


def test_an_interrupted_run_leaves_no_table(tmp_path: Path) -> None:
    """A file has its name only when it is whole."""

    def run() -> None:
        with Tables(1, tmp_path) as sink:
            fill(sink, 3)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert list(tmp_path.iterdir()) == []


def test_csv_on_demand(tmp_path: Path) -> None:
    """A frame becomes CSV with the names of its columns."""
    with Tables(1) as kept:
        fill(kept, 2)
    write_csv(kept.frame("outages"), tmp_path / "outages.csv")
    assert (tmp_path / "outages.csv").read_text() == (
        "replication,app,from_s,to_s,noticed_s,cause,ejected,missed,orphaned\n"
        "1,menu,0.0,,,start,2,0,0\n"
        "1,ivr,2e-05,,2e-05,torn,0,0,1\n"
    )


def test_memory_does_not_grow_with_the_number_of_calls(tmp_path: Path) -> None:
    """Ten times as many calls, written to disk, take at most a few megabytes more."""
    script = (
        "import resource, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "from test_tables import fill; from stasis_sim.observe.tables import Tables\n"
        "with Tables(1, Path(sys.argv[2])) as sink: fill(sink, int(sys.argv[3]))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for calls in ("15000", "150000"):
        command = [sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path / calls), calls]
        peaks.append(int(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    assert peaks[1] - peaks[0] < 30_000  # kB


def test_the_trace_loads_no_library() -> None:
    """A run that only counts loads none of numpy, pandas, scipy and pyarrow."""
    script = (
        "import sys, stasis_sim.observe.trace, stasis_sim.observe.metrics, stasis_sim.observe.intervals,"
        " stasis_sim.observe.tables, stasis_sim.experiments.results\n"
        "print([name for name in ('numpy', 'pandas', 'scipy', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
