"""`stasis-sim compare` and `sweep` as a user meets them: what they print and what they leave behind."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.conftest import Cli
from tests.good import GOOD


def test_compare_sets_the_profiles_side_by_side(shell: Cli) -> None:
    """One column a profile, one sentence a profile, and the differences, within 80 columns."""
    code, out, _ = shell("compare", "good.yaml", "--replications", "1")
    assert code == 0
    heading = next(line for line in out.splitlines() if line.split() == ["documented", "asterisk-16", "asterisk-22"])
    assert heading
    rows = {line.split("  ")[0]: line.split() for line in out.splitlines()}
    assert rows["calls"] == ["calls", "55", "55", "55"]
    assert rows["ejection rate"] == ["ejection", "rate", "0", "%", "10.9", "%", "10.9", "%"]
    assert "asterisk-22 ejects 10.9 points more calls than documented; one replication" in out
    assert max(len(line) for line in out.splitlines() if not line.startswith("  results/")) <= 80


def test_compare_prints_json_of_the_documented_shape(shell: Cli) -> None:
    """Variants by name, and paired differences of each two."""
    _, out, _ = shell("compare", "good.yaml", "--json", "--replications", "1")
    content = json.loads(out)
    assert list(content) == ["variants", "differences"]
    assert list(content["variants"]) == ["documented", "asterisk-16", "asterisk-22"]
    assert list(content["variants"]["documented"]) == ["total", "apps", "clients"]
    first = content["differences"][0]
    assert list(first) == ["measure", "app", "client", "a", "b", "mean", "low", "high", "n"]
    scopes = list(dict.fromkeys((row["app"], row["client"]) for row in content["differences"]))
    assert scopes == [(None, None), ("Intro-IVR", None), (None, "ivr")]
    pairs = [(row["a"], row["b"]) for row in content["differences"] if (row["measure"], row["app"]) == ("calls", None)]
    assert pairs == [("documented", "asterisk-16"), ("documented", "asterisk-22"), ("asterisk-16", "asterisk-22")]


def test_compare_takes_several_scenarios_and_values_of_a_key(shell: Cli, tmp_path: Path) -> None:
    """Variants are called by their files, or by their values."""
    (tmp_path / "longer.yaml").write_text(GOOD.replace("for: 5s", "for: 15s"), "utf-8")
    options = ("--set", "asterisk.profile=asterisk-22", "--workers", "1", "--no-picture")
    code, out, _ = shell("compare", "good.yaml", "longer.yaml", *options)
    assert code == 0
    assert re.search(r"^longer ejects .* points more calls than good", out, re.MULTILINE)
    code, out, _ = shell("compare", "good.yaml", "--over", "faults.0.for=5s,15s", *options)
    assert re.search(r"^15s ejects .* points more calls than 5s", out, re.MULTILINE)
    code, _, err = shell("compare", "good.yaml", "longer.yaml", "--over", "faults.0.for=5s,15s")
    assert (code, err.splitlines()) == (
        2,
        ["--over: several scenarios are given; write one with --over, or several without"],
    )


def test_sweep_prints_a_table_and_an_answer_and_leaves_files(shell: Cli, tmp_path: Path) -> None:
    """The folder that is named at the end has the table, the picture and what they come from."""
    code, out, err = shell("sweep", "good.yaml", "--over", "faults.0.for=5s,10s", "--csv", "--workers", "1")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[1].startswith("documented, 2 points of 2 replications, seed 1, digest ")
    assert lines[4].split() == ["for", "ejection_rate"]
    folder = tmp_path / lines[-1].partition(": ")[2]
    names = ["ejection_rate.png", "provenance.json", "sweep.csv", "sweep.json", "sweep.parquet"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert (folder / "sweep.csv").read_text().startswith("point,faults.0.for_s,app,client,measure,mean,low,high,n\n")


def test_sweep_prints_json_of_the_documented_shape(shell: Cli) -> None:
    """A point has its settings, the digest of its run, and all measures."""
    code, out, _ = shell("sweep", "good.yaml", "--over", "faults.0.for=5s,10s", "--json", "--workers", "1")
    content = json.loads(out)
    assert code == 0
    assert list(content) == ["scenario", "digest", "points"]
    assert [point["settings"] for point in content["points"]] == [{"faults.0.for": "5s"}, {"faults.0.for": "10s"}]
    assert list(content["points"][0]["measures"]) == ["total", "apps", "clients"]


def test_a_latin_hypercube_spreads_over_the_keys_of_the_file(shell: Cli) -> None:
    """Where no --over names others."""
    swept = ("--set", "sweep={over: {faults.0.for: [5s, 10s]}}", "--json", "--workers", "1")
    code, out, _ = shell("sweep", "good.yaml", "--latin-hypercube", "3", *swept)
    assert code == 0
    assert [set(point["settings"]) for point in json.loads(out)["points"]] == 3 * [{"faults.0.for"}]
    code, _, err = shell("sweep", "good.yaml", "--latin-hypercube", "3")
    assert (code, err.split(";")[0]) == (2, "good.yaml: nothing is swept")


def test_a_sweep_that_cannot_be_leaves_no_folder(shell: Cli, tmp_path: Path) -> None:
    """What is wrong with it is found before one is made."""
    assert shell("sweep", "good.yaml")[0] == 2
    assert not (tmp_path / "results").exists()


def test_names_of_variants_have_no_folders_of_this_machine(shell: Cli, tmp_path: Path) -> None:
    """What was typed as an absolute path is told by as much of it as tells it apart, also on pages that are sent."""
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        for name in ("good.yaml", "extensions.conf"):
            (tmp_path / folder / name).write_bytes((tmp_path / name).read_bytes())
    files = [str(tmp_path / folder / "good.yaml") for folder in ("one", "other")]
    options = ("--workers", "1", "--replications", "1", "--no-picture", "--set", "run.record=measures", "--json")
    _, out, _ = shell("compare", *files, *options)
    assert list(json.loads(out)["variants"]) == ["one/good.yaml", "other/good.yaml"]
    dialplans = ",".join(str(tmp_path / place / "extensions.conf") for place in (".", "one"))
    _, out, _ = shell("compare", "good.yaml", "--over", f"asterisk.extensions={dialplans}", *options)
    assert list(json.loads(out)["variants"]) == ["extensions.conf", "one/extensions.conf"]
    _, out, _ = shell("sweep", "good.yaml", "--over", f"asterisk.extensions={dialplans}", *options)
    settings = [point["settings"]["asterisk.extensions"] for point in json.loads(out)["points"]]
    assert settings == ["extensions.conf", "one/extensions.conf"]
    for page in shell("report", "results/good")[1].splitlines():
        assert str(tmp_path) not in Path(page.removeprefix("report: ")).read_text("utf-8")
