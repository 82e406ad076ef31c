"""What decides the results: named, held fast, written down, and found again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from pathlib import Path

import pytest

from stasis_sim.experiments.inputs import (
    MODEL,
    digest,
    hold,
    model_files,
    portable,
    provenance,
    restore,
    scenario_digest,
)
from stasis_sim.scenario import Scenario
from stasis_sim.simulated.preparation import _lines, prepare

TEXT = """\
asterisk:
  extensions: "[default]\\n#include \\"parts/*.conf\\"\\n"
clients: {ivr: {apps: Intro-IVR, service: {empirical: {csv: service.csv}}}}
calls: [{to: ivr@default, arrivals: {csv: arrivals.csv}, hold: 5s}]
faults: [{drop: ivr, csv: outages.csv, for: 5s}]
run: {duration: 1min}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scenario whose dialplan and numbers stand in other files."""
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "a.conf").write_text("exten => ivr,1,Stasis(Intro-IVR)\n")
    (parts / "b.conf").write_text(" same => n,Hangup()\n")
    (tmp_path / "service.csv").write_text("0.002\n0.004\n")
    (tmp_path / "arrivals.csv").write_text("1\n2.5\n")
    (tmp_path / "outages.csv").write_text("2\n30\n")
    (tmp_path / "many-files.yaml").write_text(TEXT)
    return tmp_path


def test_a_digest_is_of_each_part_by_itself() -> None:
    """What stands in one text cannot pass for a part of another."""
    parts = [["a", "b"], ["ab"], ["ab", ""], ["", "ab"], ["b", "a"], ["a", "b", ""]]
    assert len({digest(each) for each in parts}) == len(parts)
    assert digest(["a", "bcd"]) == hashlib.sha256(b"1:a3:bcd").hexdigest()[:16]


@pytest.mark.parametrize("changed", ["parts/b.conf", "service.csv", "arrivals.csv", "outages.csv"])
def test_a_change_in_any_file_is_another_input(folder: Path, changed: str) -> None:
    """Included files and CSV files have part in the digest."""
    before = scenario_digest(Scenario.load(folder / "many-files.yaml"))
    text = (folder / changed).read_text()
    (folder / changed).write_text(text.replace("Hangup()", "Hangup(17)").replace("2", "3"))
    assert scenario_digest(Scenario.load(folder / "many-files.yaml")) != before


def test_a_file_that_is_gone_is_still_in_hand(folder: Path) -> None:
    """A scenario that is held is the same whatever becomes of the files that it includes."""
    held = hold(Scenario.load(folder / "many-files.yaml"))
    name, steps = scenario_digest(held), list(_lines(prepare(held).configuration.dialplan))
    assert steps == ["Stasis(Intro-IVR)", "Hangup()"]
    (folder / "parts" / "a.conf").unlink()
    (folder / "parts" / "b.conf").write_text(" same => n,Busy()\n")
    assert scenario_digest(held) == name
    assert list(_lines(prepare(held).configuration.dialplan)) == steps


def test_a_provenance_is_enough_to_repeat_a_run(folder: Path) -> None:
    """The scenario that it tells of has the same digest, on a machine that has none of the files."""
    scenario = Scenario.load(folder / "many-files.yaml")
    content = provenance(hold(scenario), ["stasis-sim", "run", "many-files.yaml"])
    name = scenario_digest(scenario)
    for path in sorted(folder.rglob("*.*")):
        path.unlink()
    restored = restore(content)
    assert scenario_digest(restored) == name
    assert scenario_digest(restored.where({"run.replications": 7})) == name
    assert restored.name == "many-files"
    assert content["command"] == ["stasis-sim", "run", "many-files.yaml"]
    assert content["packages"] == {each.name: each.version for each in importlib.metadata.distributions()}


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("HERE/my.yaml", "my.yaml"),
        ("/srv/with a space/my.yaml", "my.yaml"),
        ("--out=HERE/results", "--out=results"),
        (
            "asterisk={extensions: /srv/asterisk/extensions.conf, http: HERE/conf/http.conf}",
            "asterisk={extensions: extensions.conf, http: conf/http.conf}",
        ),
        ('faults.0={reload: asterisk, ari: "/srv/ari.conf"}', 'faults.0={reload: asterisk, ari: "ari.conf"}'),
        ("clients.ivr.url=http://127.0.0.1:8088/pbx", "clients.ivr.url=http://127.0.0.1:8088/pbx"),
        ("run.duration=1h", "run.duration=1h"),
    ],
)
def test_a_command_names_no_folder_of_this_machine(
    word: str, kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the working directory a path is relative to it, of any other its last name is left, also within values."""
    monkeypatch.chdir(tmp_path)
    assert portable(word.replace("HERE", str(tmp_path))) == kept


def test_a_model_is_named_by_all_of_its_code() -> None:
    """A module in a folder of a folder changes results as much as any other."""
    packages = tuple(f"stasis_sim.{folder}." for folder in MODEL)
    loaded = {Path(str(module.__file__)) for name, module in sys.modules.items() if name.startswith(packages)}
    assert {"pbx.py", "engine.py"} <= {file.name for file in loaded}
    assert loaded <= set(model_files())
