"""Reports as files: what they say, and that they are the same bytes for the same results."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from stasis_sim.errors import InputError
from stasis_sim.experiments.comparisons import compare, folder
from stasis_sim.experiments.reopened import reopen
from stasis_sim.experiments.replications import run
from stasis_sim.experiments.reruns import rerun
from stasis_sim.observe.vocabulary import CAUSES, HOWS, OUTCOMES, REASONS
from stasis_sim.report import outages, words
from stasis_sim.report.page_parts import apart
from stasis_sim.report.pages import write_report
from stasis_sim.report.sentences import outcome
from stasis_sim.scenario import Scenario
from tests.report.results import TEXT, scenario

KINDS: Final = ("run", "comparison", "sweep")

LEADS_OUT: Final = re.compile(
    r"""\b(?:src|href|action)=(?!["']?(?:\#|data:|https://example\.org))|url\((?!\#)|@import|<script"""
)
"""What makes a browser ask for something, but for links that a person follows."""


def page(path: Path) -> str:
    """Return the report of a folder."""
    (found,) = reopen([path])
    return write_report(found).read_text("utf-8")


def seen(text: str) -> str:
    """Return what a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_results_give_the_same_bytes(reports: dict[str, Path], tmp_path: Path, kind: str) -> None:
    """Made again, from a copy of the results elsewhere."""
    folder_of = reports[kind].parent
    root = folder_of.parent.parent
    shutil.copytree(root, tmp_path / "copy", ignore=shutil.ignore_patterns("report.html"))
    assert page(tmp_path / "copy" / folder_of.relative_to(root)) == reports[kind].read_text("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_stands_alone(reports: dict[str, Path], kind: str) -> None:
    """No script, no style sheet, picture or font from elsewhere; every id stands once."""
    text = reports[kind].read_text("utf-8")
    assert not LEADS_OUT.findall(text)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', text)) <= set(ids)


@pytest.mark.parametrize("kind", KINDS)
def test_wide_tables_scroll_by_themselves(reports: dict[str, Path], kind: str) -> None:
    """Many apps make a table wide, and not the page."""
    lines = reports[kind].read_text("utf-8").splitlines()
    around = [before for before, line in itertools.pairwise(lines) if line.startswith("<table ")]
    assert around
    assert set(around) == {'<div class="scroll">'}


def test_numbers_stay_with_their_units(reports: dict[str, Path]) -> None:
    """In cells that are narrow as well."""
    cells = re.findall(r'<td data-column="[^"]*"><span>([^<]*)', reports["run"].read_text("utf-8"))
    assert any("\u00a0±\u00a0" in text and text.endswith("\u00a0%") for text in cells)
    assert not [text for text in cells if " " in text]


def test_a_run_has_all_its_parts(reports: dict[str, Path]) -> None:
    """Question, story, answer, pictures, measures, missed events, outages, inputs, and how to repeat it."""
    text = reports["run"].read_text("utf-8")
    said = seen(text)
    for part in ("answer", "story", "pictures", "measures", "missed", "outages", "inputs", "repeat"):
        assert f'id="{part}"' in text
    assert "What does a moment&#39;s outage cost?" in said
    assert "ejection rate Which part of the decided attempts Asterisk turned away." in said
    assert "dropped The call was ejected, and the dialplan ended it." in said
    assert "exten =&gt; ivr,1,Stasis(Intro-IVR)" in said
    assert "holds ejection_rate &lt; 50%" in said
    assert f"stasis-sim rerun results/moment/{reports['run'].parent.name}" in said
    assert "As it was made stasis-sim run moment.yaml" in said


def test_passwords_are_not_shown(tmp_path: Path) -> None:
    """Neither those of Asterisk's files, plain or hashed, nor those of clients: a page is sent around."""
    told = TEXT.replace(
        "asterisk:\n",
        """asterisk:
  ari: |
    [general]
    enabled = yes
    [ivr]
    type = user
    password = Tr0ub4dor
    [other]
    type = user
    password_format = crypt
    password=>$6$salt$x
""",
    ).replace("{apps: Intro-IVR,", "{apps: Intro-IVR, user: ivr, password: Tr0ub4dor,")
    parsed = Scenario.parse(told, name="secret.yaml").where({"run.record": "measures", "run.replications": 1})
    text = page(run(parsed, out=tmp_path).tree.path)
    assert "Tr0ub4dor" not in text
    assert "$6$salt" not in text
    assert text.count("password = (not shown)") == text.count("password=&gt;(not shown)") == 2
    assert "password: (not shown)" in text


def test_a_page_names_no_folder_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths below the working directory are relative to it, of others the name is left, and a rerun goes on working."""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    (home / "study").mkdir(parents=True)
    elsewhere.mkdir()
    monkeypatch.chdir(home)
    text = TEXT.replace("3min", "2min").replace("replications: 3", "replications: 1, record: measures")
    (home / "study" / "moment.yaml").write_text(
        text.replace("default]", "default]\n    #include ../../elsewhere/more.conf"), "utf-8"
    )
    (elsewhere / "more.conf").write_text("[default]\n", "utf-8")
    command = ["stasis-sim", "run", f"{home}/study/moment.yaml", f"--out={elsewhere}/results"]
    command += ["--set", f"asterisk.ari={elsewhere}/ari.conf"]
    results = run(Scenario.load(home / "study" / "moment.yaml"), out=elsewhere / "results", command=command)
    said = page(results.tree.path)
    assert str(tmp_path) not in said
    assert "stasis-sim run study/moment.yaml --out=results --set asterisk.ari=ari.conf" in seen(said)
    assert rerun(results.tree.path).same


def test_the_story_is_told_as_it_was_written(reports: dict[str, Path]) -> None:
    """Its lines are joined, addresses are links, code is code, and what looks like a tag is none."""
    text = reports["run"].read_text("utf-8")
    assert "<p>The link breaks for a moment, and <code>Stasis</code> turns callers away." in text
    assert "hangs on &lt;how&gt; the client returns, and on how long" in text
    assert '<li><a href="https://example.org/issues/7">example.org/issues/7</a> a small question</li>' in text
    assert "another one, which goes on on a second line</li>" in text


def test_more_columns_than_a_page_is_wide_flow(reports: dict[str, Path], tmp_path: Path) -> None:
    """Six of them would be cut off on a screen, and on paper for good."""
    done = compare(
        {f"{at}s": scenario().where({"faults.0.for": f"{at}s", "run.record": "measures"}) for at in range(1, 7)},
        out=tmp_path,
    )
    wide = page(folder(done))
    assert 'class="measures several many"' in wide
    assert ".many tr { display: grid;" in wide
    assert ' many"' not in reports["comparison"].read_text("utf-8")


def test_text_in_pictures_is_text(reports: dict[str, Path]) -> None:
    """It can be searched for, and a reader of the screen is told what the picture shows."""
    text = reports["run"].read_text("utf-8")
    assert re.search(r"<text[^>]*>calls inside</text>|<text[^>]*>calls</text>", text)
    pictures = re.findall(r'<svg [^>]*aria-label="([^"]*)"', text)
    assert pictures
    assert all(pictures)


def test_a_comparison_has_each_variant(reports: dict[str, Path]) -> None:
    """The paired difference with its sign and its interval, and a part for each variant."""
    said = seen(reports["comparison"].read_text("utf-8"))
    assert re.search(r"30s ejects [\d.]+ ± [\d.]+ points more calls than 15s\.", said)
    assert re.search(
        r"ejection rate Which part of the decided attempts Asterisk turned away\. \+[\d.]+ ± [\d.]+ points", said
    )
    assert said.count("The worst outage") == 2
    assert f"stasis-sim rerun results/moment/{reports['comparison'].parent.name}" in said


def test_what_there_is_nothing_of_is_no_difference_of_nought(tmp_path: Path) -> None:
    """A variant without an outage has no mean time to return, so that it differs from no other's."""
    variants = {
        "15s": scenario(),
        "30s": scenario(**{"faults.0.for": "30s"}),
        "none": scenario(faults=[]),
        "again": scenario(title="The same again"),
    }
    rows = {row.name: row.cells for row in apart(compare(variants, out=tmp_path))}
    assert rows["recovery_s"] == ["+15 s", "-", "0"]
    assert rows["outages"] == ["0", "\N{MINUS SIGN}1", "0"]


def test_scenarios_that_are_compared_keep_their_own_questions(tmp_path: Path) -> None:
    """Variants that come from several files are told apart by what each asks."""
    text = TEXT.replace("a moment's outage cost", "a longer one cost").replace("for: 15s", "for: 30s")
    both = {"short": scenario(), "long": Scenario.parse(text, name="other.yaml")}
    measured = {name: each.where({"run.record": "measures"}) for name, each in both.items()}
    variants = compare(measured, out=tmp_path)
    said = seen(page(folder(variants)))
    assert "long What does a longer one cost?" in said
    assert "short What does a moment&#39;s outage cost?" in said


def test_a_sweep_has_each_point(reports: dict[str, Path]) -> None:
    """A row a point, with the keys and every measure that tells the points apart."""
    text = reports["sweep"].read_text("utf-8")
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", text)
    assert [seen(f"<th>{row}").split(" ")[0] for row in rows] == ["5s", "5s", "15s", "15s"]
    assert "A sweep of 4 points" in seen(text)


def test_the_page_of_a_sweep_is_about_what_is_asked_for(reports: dict[str, Path], tmp_path: Path) -> None:
    """Lead, pictures, table and the command that makes it; a measure that is not there is refused."""
    path = tmp_path / "results" / "moment" / reports["sweep"].parent.name
    shutil.copytree(reports["sweep"].parent.parent, path.parent)
    (found,) = reopen([path])
    asked = ["Intro-IVR.recovery_s", "calls.share.dropped"]
    text = write_report(found, asked).read_text("utf-8")
    said = seen(text)
    assert "Intro-IVR: mean time to return is least, " in said
    assert re.findall(r"<th scope=\"col\" class=\"number\">(.*?)</th>", text) == [
        "Intro-IVR: mean time to return",
        "Dropped",
    ]
    assert f"{path.name} --measure Intro-IVR.recovery_s --measure calls.share.dropped" in said
    with pytest.raises(InputError, match="unknown measure"):
        write_report(found, ["recovery"])


def test_a_page_has_fewer_elements_than_there_are_calls(tmp_path: Path) -> None:
    """Pictures and tables sum up: nothing is drawn call by call."""
    many = run(scenario(**{"calls.0.arrivals": {"poisson": "60/s"}, "run.replications": 1}), out=tmp_path)
    assert len(many.calls) > 10_000
    assert page(many.tree.path).count("<") < len(many.calls)


def test_measures_alone_make_a_page(tmp_path: Path) -> None:
    """It says what is not there, and how to get it."""
    found = run(scenario(**{"run.record": "measures", "run.replications": 1}), out=tmp_path)
    said = seen(page(found.tree.path))
    assert "run it again with --set run.record=all" in said
    assert "How sure that is one replication does not say" in said
    assert "The worst outages" not in said


def test_a_run_without_calls_has_a_page(tmp_path: Path) -> None:
    """Nothing happened, and that can be read."""
    quiet = scenario(**{"calls.0.arrivals": {"at": "5min"}, "faults": []})
    said = seen(page(run(quiet, out=tmp_path).tree.path))
    assert "No call arrived after the warm-up." in said
    assert "No app was ever away." in said
    assert "No event was missed, lost, late or misdelivered." in said


def test_a_damaged_table_is_said(reports: dict[str, Path], tmp_path: Path) -> None:
    """In one line, with what to do."""
    path = tmp_path / "results" / "moment" / reports["run"].parent.name
    shutil.copytree(reports["run"].parent, path)
    (path / "replications" / "0002" / "events.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError) as error:
        page(path)
    assert str(error.value).startswith(f"{path}: ")
    assert str(error.value).endswith("run the scenario again")
    assert "\n" not in str(error.value)


def test_a_damaged_point_of_a_sweep_is_said(reports: dict[str, Path], tmp_path: Path) -> None:
    """In one line, with what to do."""
    folder_of = reports["sweep"].parent
    shutil.copytree(folder_of.parent, tmp_path / "moment")
    for mark in (tmp_path / "moment").glob("*/replications/0001/replication.json"):
        mark.write_text("{}")
    with pytest.raises(InputError, match=r"its checksum does not match; .*run the scenario again$"):
        page(tmp_path / "moment" / folder_of.name)


def test_variants_may_have_any_name(tmp_path: Path) -> None:
    """Also one with a colon, and one that is the same run as another."""
    same = scenario(**{"run.record": "measures", "run.replications": 1})
    variants = compare({"{constant: 1s}": same, "again: the same": same}, out=tmp_path)
    said = seen(page(folder(variants)))
    sentence = outcome("", variants["again: the same"].replications).removeprefix(": ")
    assert f"{{constant: 1s}} {sentence}" in said
    assert f"again: the same {sentence}" in said
    assert "again: the same and {constant: 1s} give the same rates." in said
    assert "There is only one replication, so how sure they are is not known." in said


def test_a_comparison_of_one_variant_has_a_page(tmp_path: Path) -> None:
    """A script may compare whatever it has: there are no differences to draw then."""
    done = compare({"only": scenario(**{"run.record": "measures"})}, out=tmp_path)
    assert f"{outcome('', done['only'].replications).removeprefix(': ')}" in seen(page(folder(done)))


def test_every_word_is_explained() -> None:
    """The closed lists of outcomes, reasons, causes and ends of connections."""
    assert tuple(words.OUTCOMES) == OUTCOMES
    assert tuple(words.REASONS) == REASONS
    assert tuple(outages.CAUSES) == CAUSES
    assert {*outages.ENDED, "refused"} == set(HOWS)
