"""`stasis-sim baseline save` and `diff` as a user meets them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from tests.conftest import Cli
from tests.good import DIALPLAN, GOOD


def test_a_baseline_is_kept_and_held(shell: Cli) -> None:
    """What has not changed has not moved; what has is named, and the exit code says so."""
    options = ("--set", "asterisk.profile=asterisk-22", "--replications", "10", "--workers", "1")
    code, out, _ = shell("baseline", "save", "good.yaml", *options)
    assert (code, out) == (0, "good.yaml: kept in results/baselines/good.json\n")
    code, out, _ = shell("baseline", "diff", "good.yaml", *options)
    assert (code, out) == (0, "good.yaml: no measure differs\n")
    code, out, _ = shell("baseline", "diff", "good.yaml", *options, "--set", "faults.0.for=15s")
    assert code == 1
    assert re.search(r"^  ejection_rate  \+0\.1\d* \(\+0", out, re.MULTILINE)
    code, out, _ = shell("baseline", "diff", "good.yaml", *options, "--set", "faults.0.for=15s", "--json")
    content = json.loads(out)
    assert (code, content["ok"]) == (1, False)
    found = content["scenarios"][0]
    assert list(found) == ["scenario", "ok", "model", "changed", "not_compared", "moved"]
    assert list(found["moved"][0]) == ["app", "client", "measure", "mean", "low", "high", "beyond_noise", "alone"]
    tries = [row for row in found["moved"] if (row["client"], row["measure"]) == ("ivr", "connections")]
    assert [(row["mean"], row["beyond_noise"]) for row in tries] == [(10, True)]


def test_with_exact_nothing_may_differ(shell: Cli) -> None:
    """What may be chance is a fault then, and is named; without a change there is none."""
    random = ("--set", "calls.0.arrivals={poisson: 1/s}", "--set", "asterisk.profile=asterisk-22")
    options = (*random, "--set", "calls.0.hold={exponential: 5s}", "--replications", "2", "--workers", "1")
    shell("baseline", "save", "good.yaml", *options)
    assert shell("baseline", "diff", "good.yaml", *options, "--exact")[:2] == (0, "good.yaml: no measure differs\n")
    later = (*options, "--set", "calls.0.hold={exponential: 5.1s}")
    code, out, _ = shell("baseline", "diff", "good.yaml", *later)
    assert code == 0
    assert out.startswith("good.yaml: 0 of ")
    code, out, _ = shell("baseline", "diff", "good.yaml", *later, "--exact")
    assert code == 1
    assert re.search(r"^  inside_mean  \+0\.\d+ \(", out, re.MULTILINE)
    content = json.loads(shell("baseline", "diff", "good.yaml", *later, "--exact", "--json")[1])
    assert (content["ok"], content["scenarios"][0]["ok"]) == (False, False)


def test_few_replications_are_said_to_see_little(shell: Cli) -> None:
    """What would have moved if it were the only measure is counted in a note; it is not called noise in silence."""
    random = ("--set", "calls.0.arrivals={poisson: 1/s}", "--set", "asterisk.profile=asterisk-22")
    options = (*random, "--replications", "3", "--workers", "1")
    shell("baseline", "save", "good.yaml", *options)
    later = (*options, "--set", "faults.0.for=15s")
    moved = json.loads(shell("baseline", "diff", "good.yaml", *later, "--json")[1])["scenarios"][0]["moved"]
    alone, beyond = (sum(row[which] for row in moved) for which in ("alone", "beyond_noise"))
    assert alone > beyond
    _, out, _ = shell("baseline", "diff", "good.yaml", *later)
    assert f"  note: looked at one by one, {alone} would have; more replications than 3 tell\n" in out


def test_a_baseline_of_what_has_changed_says_so(shell: Cli, tmp_path: Path) -> None:
    """Which keys and which files; what says nothing about the measures is no change."""
    options = ("--set", "run.record=measures", "--workers", "1")
    shell("baseline", "save", "good.yaml", *options)
    same = (*options, "--set", "title=Another", "--set", "run.engine=events", "--replications", "1")
    assert shell("baseline", "diff", "good.yaml", *same)[1].splitlines()[1:] == []
    (tmp_path / "extensions.conf").write_text(f"{DIALPLAN};\n", "utf-8")
    changed = (*options, "--set", "faults.0.for=6s", "--set", "run.duration=2min")
    _, out, _ = shell("baseline", "diff", "good.yaml", *changed)
    text = "the scenario has changed since this baseline was saved: extensions.conf, faults.0, run.duration"
    assert out.splitlines()[1] == f"  note: {text}"
    content = json.loads(shell("baseline", "diff", "good.yaml", *changed, "--json")[1])
    assert content["scenarios"][0]["changed"] == ["extensions.conf", "faults.0", "run.duration"]


def test_a_measure_that_is_newer_than_a_baseline_has_not_moved(shell: Cli, tmp_path: Path) -> None:
    """Nor has one that is no more: neither was 0. They are named, and all others are compared."""
    options = ("--set", "run.record=measures", "--workers", "1")
    shell("baseline", "save", "good.yaml", *options)
    kept = tmp_path / "results" / "baselines" / "good.json"
    content = json.loads(kept.read_text("utf-8"))
    content["measures"].remove("calls.final.ANSWER")
    content["measures"].append("souls")
    for replication in content["replications"]:
        for name in [name for name in replication["total"] if name.startswith("calls.final.")]:
            del replication["total"][name]
        replication["total"]["souls"] = 21
    kept.write_text(json.dumps(content), "utf-8")
    code, out, _ = shell("baseline", "diff", "good.yaml", *options)
    assert code == 0
    assert out.splitlines() == [
        "good.yaml: no measure differs",
        "  note: not measured both then and now: calls.final.ANSWER, souls; save the baseline again to hold them",
    ]
    found = json.loads(shell("baseline", "diff", "good.yaml", *options, "--json")[1])["scenarios"][0]
    assert found["not_compared"] == ["calls.final.ANSWER", "souls"]


def test_a_baseline_is_not_lost_to_another_file_of_the_name(shell: Cli, tmp_path: Path) -> None:
    """As long as the file that it is of is there; nothing is run, and of what it is a comparison says."""
    shutil.copytree(tmp_path, tmp_path / "other")
    options = ("--set", "run.record=measures", "--workers", "1")
    shell("baseline", "save", "good.yaml", *options)
    kept = tmp_path / "results" / "baselines" / "good.json"
    before = kept.read_bytes()
    code, out, err = shell("baseline", "save", "other/good.yaml", *options)
    text = (
        "other/good.yaml: results/baselines/good.json is the baseline of good.yaml, which has the same name;"
        " rename one of the files, or write another folder with --out\n"
    )
    assert (code, out, err, kept.read_bytes()) == (2, "", text, before)
    assert shell("baseline", "diff", "other/good.yaml", *options)[1].count("\n") == 1
    _, out, _ = shell("baseline", "diff", "other/good.yaml", *options, "--set", "faults.0.for=6s")
    assert out.splitlines()[1] == "  note: this baseline is of good.yaml, which is another scenario: faults.0"
    assert shell("baseline", "save", "other/good.yaml", *options, "--out", "other/results")[0] == 0
    (tmp_path / "good.yaml").rename(tmp_path / "moved.yaml")
    assert shell("baseline", "save", "other/good.yaml", *options)[0] == 0
    assert kept.read_bytes() != before


def test_two_scenarios_of_one_name_have_no_two_baselines(shell: Cli, tmp_path: Path) -> None:
    """The second would be kept in place of the first; nothing is run."""
    (tmp_path / "other").mkdir()
    for name in ("good.yaml", "extensions.conf"):
        shutil.copy(tmp_path / name, tmp_path / "other")
    code, out, err = shell("baseline", "save", "good.yaml", "other/good.yaml", "--workers", "1")
    text = "other/good.yaml: its baseline has the same name as that of good.yaml; rename one of the files\n"
    assert (code, out, err) == (2, "", text)


def test_what_no_baseline_is_there_for_is_said_before_anything_is_run(shell: Cli, tmp_path: Path) -> None:
    """Of all scenarios at once, with an option that there is."""
    (tmp_path / "other.yaml").write_text(GOOD, "utf-8")
    shell("baseline", "save", "other.yaml", "--workers", "1")
    shutil.rmtree(tmp_path / "results" / "other")
    code, out, err = shell("baseline", "diff", "good.yaml", "other.yaml", "--set", "asterisk.profile=asterisk-16")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "results/baselines/good.json: no baseline; write stasis-sim baseline save good.yaml",
        (
            "results/baselines/other.json: made with profile documented, this run has asterisk-16; write "
            "--set asterisk.profile=documented"
        ),
    ]
    assert not list(tmp_path.glob("results/*/*/replications"))
