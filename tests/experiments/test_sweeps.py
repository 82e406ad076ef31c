"""Sweeps: which runs there are, and one tidy table of what they give."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.errors import InputError
from stasis_sim.experiments.replications import run
from stasis_sim.experiments.sweeps import design, label, read_over, sweep
from stasis_sim.scenario import Scenario
from stasis_sim.scenario.sweep import Range, number, values
from tests.experiments.small import TEXT, small
from tests.experiments.test_executors import files

OVER = {"faults.0.for": ["5s", "10s"], "clients.ivr.reconnect": ["at_once", {"constant": "2s"}]}


def test_a_sweep_runs_every_combination_and_each_as_a_run_by_itself(tmp_path: Path) -> None:
    """The table has the very measures of single runs, with the values of the keys beside them."""
    found = sweep(design(small(), OVER), out=tmp_path / "sweep", tables=True)
    table = found.table()
    assert found.columns["faults.0.for"] == ("faults.0.for_s", (5.0, 5.0, 10.0, 10.0))
    assert [label(point.settings["clients.ivr.reconnect"]) for point in found.points[:2]] == [
        "at_once",
        "{constant: 2s}",
    ]
    for number_, point in enumerate(found.points, 1):
        alone = run(small().where(point.settings), out=tmp_path / "alone")
        assert alone.tree.path.name == point.digest
        rows = table[(table["point"] == number_) & table["app"].isna() & table["client"].isna()]
        means = {name: each["mean"] for name, each in alone.measures["total"].items()}
        expected = {name: math.nan if mean is None else mean for name, mean in means.items()}
        found_here = dict(zip(rows["measure"], rows["mean"], strict=True))
        assert found_here == pytest.approx(expected, rel=0, abs=0, nan_ok=True)
    assert set(table["app"].dropna()) == {"Intro-IVR"}
    assert set(table["client"].dropna()) == {"ivr"}


def test_all_points_meet_the_same_callers(tmp_path: Path) -> None:
    """Common random numbers: what is swept changes what becomes of the calls, not who calls."""
    found = sweep(design(small(), OVER), out=tmp_path)
    calls = [[each["total"]["calls"] for each in found.replications(position)] for position in range(4)]
    assert calls[0] == calls[1] == calls[2] == calls[3]
    assert len(set(calls[0])) > 1


def test_a_sweep_does_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    """The table has the same bytes, and so has a sweep that is taken up again."""
    scenario = design(small(), OVER)
    one, two = sweep(scenario, out=tmp_path / "one"), sweep(scenario, out=tmp_path / "two", workers=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    told: list[int] = []
    again = sweep(scenario, out=tmp_path / "one", progress=lambda done, total: told.append(done + total))
    assert told == []
    assert again.json() == one.json() == two.json()


def test_a_sweep_keeps_no_tables_unless_asked(tmp_path: Path) -> None:
    """A thousand runs are a thousand folders of measures, not of rows."""
    sweep(design(small(), OVER), out=tmp_path)
    assert [path.name for path in tmp_path.rglob("*.parquet")] == ["sweep.parquet"]


def test_what_the_scenario_sweeps_is_no_part_of_its_runs() -> None:
    """The key changes no digest; nor does a run look at it."""
    swept = small(TEXT + "sweep: {over: {faults.0.for: [5s, 10s]}}\n")
    assert swept.digest_source() == small().digest_source()
    assert swept.sweep is not None
    assert swept.sweep.size == 2


@given(st.integers(1, 40), st.integers(0, 2**31))
def test_a_latin_hypercube_has_one_point_in_each_slice(n: int, seed: int) -> None:
    """Each key's range is cut into as many slices as there are points, and each slice has one."""
    from stasis_sim.experiments.sweeps import _spread  # noqa: PLC0415

    over = {"faults.0.for": "0s..1000s", "faults.0.at": "0s..20s", "asterisk.latency": ["1ms", "2ms"]}
    scenario = design(small(seed=seed), over, n)
    assert scenario.sweep is not None
    spread = _spread(scenario, scenario.sweep)
    assert spread is not None
    for dimension in range(3):
        assert sorted(int(point[dimension] * n) for point in spread) == list(range(n))
    assert spread == _spread(scenario, scenario.sweep)


@given(st.floats(0, 1))
def test_a_range_gives_values_of_its_own_kind(part: float) -> None:
    """Durations, rates, shares and numbers are read back as what they are, and lie between the ends, which are read."""
    narrow = ("119.6s..119.9s", "1.0001s..1.0005s", "1001/h..1004/h", "99.91%..99.97%", "9991..9999", "0.9991..0.9999")
    for text in ("250ms..2min", "1/min..5/s", "10%..90%", "1..50", "0.5..2.5", *narrow):
        found = values(text)
        assert isinstance(found, Range)
        read = number(found.at(part))
        assert read is not None
        assert found.low * (1 - 1e-12) <= read[1] <= found.high * (1 + 1e-12)
        wide = found.high - found.low
        assert abs(read[1] - (found.low + wide * part)) <= (1 if found.kind == "count" else wide / 50)
        assert read[0] == found.kind or {read[0], found.kind} == {"count", "number"}


def test_what_a_notebook_shows_of_a_sweep_is_one_line() -> None:
    """Not each of its points."""
    swept = sweep(design(small(replications=1), {"faults.0.for": ["5s", "9s"]}))
    assert repr(swept) == "<sweep of small over faults.0.for: asterisk-22, 2 points>"


def test_each_count_of_a_range_has_an_equal_part_of_it() -> None:
    """So that of many points as many have the ends as what lies between."""
    found = values("1..4")
    assert isinstance(found, Range)
    assert [found.at((each + 0.5) / 12) for each in range(12)] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert [found.at(part) for part in (0, 1)] == [1, 4]


def test_values_of_a_narrow_range_are_told_apart() -> None:
    """Three digits would make one of them, which lies outside."""
    found = values("119.6s..119.9s")
    assert isinstance(found, Range)
    assert [found.at(part) for part in (0, 0.5, 1)] == ["119.6s", "119.75s", "119.9s"]


def test_a_duration_of_a_range_can_be_read_at_a_glance() -> None:
    """In seconds from one second on, and in a larger unit where it is whole."""
    found = values("250ms..2min")
    assert isinstance(found, Range)
    assert [found.at(part) for part in (0, 0.003, 0.1, 1)] == ["250ms", "609ms", "12.2s", "2min"]


def test_values_behind_over_are_yaml() -> None:
    """Commas separate values; what has braces of its own is one value."""
    over = read_over(["a=5s,20s", "b={exponential: {initial: 1s, max: 10s}},none", "c=1s..2min"])
    assert over == {
        "a": ["5s", "20s"],
        "b": [{"exponential": {"initial": "1s", "max": "10s"}}, "none"],
        "c": "1s..2min",
    }


@pytest.mark.parametrize(
    ("over", "text"),
    [
        ({"faults.7.for": ["5s", "6s"]}, r"--over faults\.7\.for: faults is a list of 1"),
        ({"faults.0.for": ["5s", "5"]}, r"--over faults\.0\.for: .*no unit"),
        (
            {"faults.0.for": "5s..20s"},
            r"--over faults\.0\.for: a range .*write latin_hypercube: 50",
        ),
        ({"faults.0.for": []}, r"no value .*write a list such as"),
        ({"faults.0.for": ["5s", "5s"]}, r"named twice"),
        ({"title": ["a", "b"]}, r"title changes nothing about a run"),
        ({"run.replications": [2, 3]}, r"--over run\.replications: run\.replications changes nothing about a run"),
        ({"run.precision_of.0": ["calls"]}, r"changes nothing about a run"),
        ({"run.seed": [1, 2]}, r"--over run\.seed: another seed has other callers"),
    ],
)
def test_a_sweep_of_nothing_is_refused(over: dict[str, object], text: str) -> None:
    """The message names the option, the key and what to write."""
    with pytest.raises(InputError, match=text):
        sweep(design(small(), over))


@pytest.mark.parametrize("text", ["5s", "5s..1", "20s..5s", "a..b", 7, "5s..20s..30s"])
def test_a_range_has_two_ends_of_one_kind(text: object) -> None:
    """From low to high."""
    with pytest.raises(InputError):
        design(small(), {"faults.0.for": text}, 5)


def test_a_scenario_that_sweeps_nothing_says_what_to_write() -> None:
    """On the command line or in the file."""
    with pytest.raises(InputError, match=r"small\.yaml: nothing is swept; write --over .* or sweep:"):
        sweep(small())


def test_the_file_of_a_sweep_tells_what_was_run(tmp_path: Path) -> None:
    """sweep.json has keys, values and the digest of each run; the provenance has the command."""
    found = sweep(design(small(), OVER), out=tmp_path, command=["stasis-sim", "sweep"])
    content = json.loads((found.path / "sweep.json").read_text())
    assert content["over"] == OVER
    assert [point["digest"] for point in content["points"]] == [point.digest for point in found.points]
    assert json.loads((found.path / "provenance.json").read_text())["command"] == ["stasis-sim", "sweep"]
    assert all((found.path.parent / point.digest / "measures.json").exists() for point in found.points)


PEAK = f"""\
import resource, sys
from stasis_sim import Scenario
from stasis_sim.experiments.sweeps import design, sweep
scenario = Scenario.parse({TEXT!r}, name="small.yaml", overrides={{"run.replications": 1, "run.duration": "10s"}})
delays = [f"{{5000 + each}}ms" for each in range(int(sys.argv[2]))]
sweep(design(scenario, {{"faults.0.for": delays}}), out=sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_runs(tmp_path: Path) -> None:
    """Nine hundred runs more take less than 20 KB each at the peak: what is kept of a run is its settings."""
    peaks = []
    for runs in (100, 1000):
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(tmp_path / str(runs)), str(runs)],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout))
    assert (peaks[1] - peaks[0]) / 900 < 20


def test_a_scenario_can_be_swept_without_its_folder(tmp_path: Path) -> None:
    """Results that nobody keeps last as long as the object."""
    found = sweep(design(Scenario.parse(TEXT), {"faults.0.for": ["5s", "6s"]}))
    path = found.path
    assert path.exists()
    assert not list(tmp_path.iterdir())
    del found
    assert not path.exists()
