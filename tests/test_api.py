"""What a user has in Python and Jupyter."""

from __future__ import annotations

import inspect
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stasis_sim
from stasis_sim import Scenario, api, experiments, run
from stasis_sim.errors import InputError
from stasis_sim.experiments import comparisons, replications
from stasis_sim.observe.columns import TABLES
from stasis_sim.scenario import show

TEXT = """\
title: A small question
asterisk:
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"
clients: {ivr: {apps: Intro-IVR, reconnect: {constant: 1s}}}
calls: [{to: ivr@default, arrivals: {poisson: 1/s}, hold: 5s, patience: 3s}]
faults: [{drop: ivr, at: 20s, for: 5s}]
run: {duration: 1min, replications: 2, seed: 3}
"""


def small() -> Scenario:
    """A scenario that takes a blink."""
    return Scenario.parse(TEXT, name="small.yaml")


def test_a_run_gives_six_tables_and_measures() -> None:
    """Each table is a DataFrame with the documented columns, times in seconds."""
    results = run(small())
    for name, columns in TABLES.items():
        frame = getattr(results, name)
        assert list(frame.columns) == [column.shown for column in columns]
        assert set(frame["replication"]) == {1, 2}
        assert results.table(name).equals(frame)
    calls = results.calls
    assert results.measures["total"]["calls"]["mean"] == len(calls) / 2
    assert calls["ended_s"].max() <= 60.0


def test_seed_and_replications_in_place_of_the_scenarios() -> None:
    """What is given counts, and the results say so; the scenario itself stays as it is."""
    scenario = small()
    results = run(scenario, seed=7, replications=1)
    assert results.json()["seed"] == 7
    assert results.json()["replications"] == 1
    assert (scenario.run.seed, scenario.run.replications) == (3, 2)
    assert not results.calls.equals(run(scenario, replications=1).calls)
    assert results.calls.equals(run(scenario, seed=7, replications=1).calls)


def test_results_without_a_folder_last_as_long_as_the_object() -> None:
    """Nothing is left behind in the current folder or elsewhere."""
    results = run(small(), replications=1)
    path = results.tree.path
    assert path.is_dir()
    del results
    assert not path.exists()


def test_results_with_a_folder_stay_and_are_taken_up_again(tmp_path: Path) -> None:
    """A second run of the same inputs does nothing again, and says so by its progress."""
    told: list[tuple[int, int]] = []
    run(small(), out=tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    run(small(), out=tmp_path, replications=3, progress=lambda done, total: told.append((done, total)))
    assert (tmp_path / "small").is_dir()


def test_any_executor_will_do() -> None:
    """The results are those of this process."""
    with ThreadPoolExecutor(2) as pool:
        assert run(small(), executor=pool).calls.equals(run(small()).calls)


def test_measures_only_leave_no_tables() -> None:
    """Who asks for a table nevertheless is told what to set; the measures are the same."""
    results = run(small().where({"run.record": "measures"}))
    assert results.measures == run(small()).measures
    with pytest.raises(ValueError, match=r"run\.record is measures, so there are no tables; set it to all"):
        _ = results.calls
    with pytest.raises(ValueError, match=r"run\.record is measures, so there are no tables; set it to all"):
        results.plot_swimlane()


def test_input_that_does_not_fit_is_an_input_error() -> None:
    """Files and scenario are held against each other before anything runs."""
    with pytest.raises(InputError, match=r"small.yaml:5:10: calls.0.to: no extension sales in context default"):
        run(Scenario.parse(TEXT.replace("ivr@", "sales@"), name="small.yaml"))


def test_a_picture_of_a_replication() -> None:
    """plot() gives a figure that notebooks show, and so do its likes."""
    results = run(small())
    figure = results.plot(2)
    assert figure.get_supxlabel() == "seconds since the start (replication 2; grey: an app is away)"
    assert "of 114 attempts was ejected, though" in results.plot_ejections().get_suptitle()
    assert "handoffs took" in results.plot_handoff().get_suptitle()
    assert "stranded" in results.plot_stranded().get_suptitle()
    assert results.plot_swimlane(call=1).get_suptitle().startswith("Call 1, ")


def test_the_package_offers_what_it_says() -> None:
    """Every name of __all__ is there, and Jupyter completes it before it is loaded."""
    for module in (stasis_sim, experiments):
        for name in module.__all__:
            assert getattr(module, name)
    said = "import stasis_sim, stasis_sim.experiments as e; print({*stasis_sim.__all__} <= {*dir(stasis_sim)}, "
    said += "{*e.__all__} <= {*dir(e)})"
    assert subprocess.run([sys.executable, "-c", said], capture_output=True, check=True).stdout.split() == [b"True"] * 2


def test_what_may_be_given_is_in_the_signature() -> None:
    """Jupyter shows it; and it is what the functions below take."""
    for mine, below in ((run, replications.run), (api.compare, comparisons.compare)):
        assert inspect.signature(mine).parameters == inspect.signature(below).parameters
        assert mine.__doc__ == below.__doc__


def test_what_a_notebook_shows_of_results_is_one_line() -> None:
    """Not all of the scenario and of the numbers."""
    assert repr(run(small())) == "<results of small: documented, 2 replications, seed 3>"


def test_what_a_notebook_shows_of_a_scenario_is_one_line() -> None:
    """Not all that its files say, nor the passwords of its clients."""
    assert repr(small()) == str(small()) == "<scenario small: documented, A small question>"
    untitled = Scenario.parse(TEXT.partition("\n")[2], name="small.yaml")
    assert repr(untitled) == "<scenario small: documented, without a title>"


def test_errors_name_the_key_that_was_given(tmp_path: Path) -> None:
    """There is no --set in Python."""
    (tmp_path / "small.yaml").write_text(TEXT, "utf-8")
    with pytest.raises(InputError, match=r"^run\.sed: unknown key; write seed$"):
        Scenario.load(tmp_path / "small.yaml", {"run.sed": 3})
    with pytest.raises(InputError, match=r"^run\.sed: unknown key; write seed$"):
        small().where({"run.sed": 3})
    with pytest.raises(InputError, match=r"^run\.replications: too small \(got 0\); write 1 or more$"):
        run(small(), replications=0)
    with pytest.raises(InputError, match=r"^replication: no such replication \(got 3\); write a number from 1 to 2$"):
        run(small()).plot(3)


@pytest.mark.parametrize("given", ["small.yaml", Path("small.yaml")])
def test_a_path_where_a_scenario_belongs_is_one_clear_error(given: Any) -> None:
    """In every function that takes a scenario: it says how to read one."""
    over = {"faults.0.for": ["5s", "9s"]}
    for wrong in (
        lambda: run(given),
        lambda: api.compare({"one": small(), "other": given}),
        lambda: experiments.replicate(given),
        lambda: experiments.sweep(given, over),
        lambda: experiments.sweep(given),
        lambda: experiments.compare(given, over),
        lambda: experiments.compare(given),
        lambda: show(given),
    ):
        with pytest.raises(TypeError, match=r"^not a scenario .*; write Scenario.load\('small.yaml'\)$"):
            wrong()


def test_what_else_is_no_scenario_is_said() -> None:
    """Plain data is made one, and nothing at all is read from a file; variants have names, values have keys."""
    wrong: Any
    for wrong, said in (
        (lambda: run({"run": {}}), r"got a dict\); write Scenario.of"),  # type: ignore[arg-type]
        (lambda: run(None), r"got a NoneType\); write Scenario.load"),  # type: ignore[arg-type]
        (lambda: api.compare([small()]), r"no scenarios by name \(got a list\); write "),  # type: ignore[arg-type]
        (lambda: experiments.sweep(small(), "run.seed=1"), r"no values by key \(got a str\); write "),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match=said):
            wrong()
    for wrong, said in (
        (lambda: api.compare({}), "nothing to compare; write a scenario or more"),
        (lambda: experiments.compare(small()), "no key says what to vary; write "),
    ):
        with pytest.raises(ValueError, match=said):
            wrong()


def test_numbers_of_numpy_and_ranges_are_values() -> None:
    """An analyst sweeps over np.arange() and range() as over a list, and sets a key to what came out of an array."""
    listed = experiments.sweep(small(), {"clients.ivr.workers": [1, 2]})
    for values in (np.arange(1, 3), range(1, 3), (np.int64(1), 2)):
        assert experiments.sweep(small(), {"clients.ivr.workers": values}).equals(listed)
    assert small().where({"run.seed": np.int64(5)}).run.seed == 5


def test_a_table_or_a_column_that_is_not_there_is_named() -> None:
    """With those that are there; of a column that is spelled wrong nothing at all came."""
    results = run(small(), replications=1)
    with pytest.raises(ValueError, match="no table 'cals'; there are calls, attempts, "):
        results.table("cals")
    with pytest.raises(ValueError, match="no column 'outcom'; there are replication, call, source, arrived_s, "):
        results.table("calls", ["call", "outcom"])
    with pytest.raises(ValueError, match="no column 'arrived_s'; there are replication, call, source, arrived_us, "):
        results.table("calls", where={"arrived_s": [1]})
