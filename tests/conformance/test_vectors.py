"""Vectors: files of Asterisk's, and what real Asterisks made of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stasis_sim import cli
from stasis_sim.conformance.cases import Difference, Item, long_text
from stasis_sim.conformance.vectors import find, judge, judge_file, load, score, verdict
from stasis_sim.errors import InputError
from stasis_sim.handoff.profiles import ASTERISK_16, ASTERISK_22

VECTORS = Path(__file__).parent.parent / "vectors"
CONF = "[t]\nexten => 1,1,NoOp(a)\n same => n,NoOp(b)\n"
FLOW = {"id": "f", "conf": CONF, "enter": "1@t", "originator_app": "Wait(3)"}
A, B = ["t", "1", 1, "NoOp", "a"], ["t", "1", 2, "NoOp", "b"]

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line: exit code, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["stasis-sim", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), out, err

    return run


def written(folder: Path, *cases: dict[str, Any]) -> Path:
    """A file of vectors."""
    file = folder / "made.json"
    file.write_text(json.dumps(cases), "utf-8")
    return file


def test_all_vectors_agree(record_property: Callable[[str, object], None]) -> None:
    """Each look-up, flow and request is what it was on both real Asterisks."""
    items = [item for file in find([VECTORS]) for item in judge_file(file)]
    record_property("score", f"vectors: {score(items)}")
    assert not [str(item) for item in items if item.differences]
    assert {item.version for item in items} == {"16", "22"}


def test_the_command_says_what_agrees(shell: Shell) -> None:
    """A line a file, and all of them in the last."""
    file = str(VECTORS / "dialplan_asked.json")
    code, out, err = shell("vectors", file)
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"{file}: 188 of 188 agree", "188 of 188 agree"]


def test_the_command_says_what_differs(shell: Shell, tmp_path: Path) -> None:
    """The case, the version, the field, what the model has for what Asterisk had; exit code 1."""
    file = written(tmp_path, {**FLOW, "steps": [A]}, {**FLOW, "id": "g", "steps_by_version": {"16": [A, B], "22": [B]}})
    code, out, _ = shell("vectors", str(file))
    assert code == 1
    assert out.splitlines() == [
        f"{file}: 1 of 4 agree",
        f"  f (16) steps, 2: {B} for nothing",
        f"  f (22) steps, 2: {B} for nothing",
        f"  g (22) steps, 1: {A} for {B}",
        "1 of 4 agree",
    ]
    code, out, _ = shell("vectors", str(file), "--json")
    found = json.loads(out)
    assert (code, found["agree"], found["of"]) == (1, 1, 4)
    assert [(item["id"], item["version"], item["ok"]) for item in found["items"]] == [
        ("f", "16", False),
        ("f", "22", False),
        ("g", "16", True),
        ("g", "22", False),
    ]
    assert found["items"][3]["differences"] == [{"field": "steps", "asterisk": [B], "model": [A, B]}]


def test_a_case_with_nothing_that_is_judged(tmp_path: Path, shell: Shell) -> None:
    """What a case shows of Asterisk's own command line is for reading."""
    file = written(tmp_path, {"id": "x", "commands": []})
    assert shell("vectors", str(tmp_path))[:2] == (0, f"{file}: nothing is judged\n0 of 0 agree\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "made.json:1:2: not JSON: Expecting value"),
        ("{}", "made.json: not vectors; they are a list of cases, each with an id"),
        ("[{}]", "made.json: not vectors; they are a list of cases, each with an id"),
        ("[]", "made.json: there is nothing to judge in it; vectors are a list of cases, each with an id"),
        ('[{"id": "x", "enter": "1@t"}]', "made.json: case x is no case of a vector (KeyError: 'conf')"),
    ],
)
def test_a_file_that_holds_no_vectors(tmp_path: Path, shell: Shell, text: str, message: str) -> None:
    """Said with its place, and exit code 2."""
    (tmp_path / "made.json").write_text(text, "utf-8")
    code, out, err = shell("vectors", str(tmp_path / "made.json"))
    assert (code, out) == (2, "")
    assert err.rstrip().endswith(message)


def test_a_place_with_no_vectors(tmp_path: Path) -> None:
    """A file that is not there, and a folder that is empty."""
    with pytest.raises(InputError, match=r"no vectors in this folder"):
        find([tmp_path])
    with pytest.raises(InputError, match=r"cannot be read: No such file or directory; write the path"):
        judge_file(tmp_path / "nowhere.json")


def test_a_call_that_does_not_end_is_a_difference() -> None:
    """A loop that takes no time, and a stay inside Stasis that Asterisk did not have."""
    steps: list[Any] = []
    for conf, said in (
        ("[t]\nexten => 1,1,Goto(1)\n", "the dialplan loops for ever"),
        ("[t]\nexten => 1,1,Stasis(recapp)\n", "inside Stasis, where Asterisk's was not"),
        ("[t]\nexten => 1,1,Wait(999999999)\n", ""),
    ):
        case = {**FLOW, "conf": conf, "steps": steps, "stasis": {}}
        (item,) = judge(case, "22", ASTERISK_22)
        assert said in str(item.differences[0])


def asked(path: str, status: int, phrase: str, body: str) -> Item:
    """Judge one request that was answered so."""
    headers = [["Cache-Control", "no-cache, no-store"], ["Content-type", "application/json"]]
    expected: dict[str, Any] = {"status": status, "reason": phrase, "body": body, "connection_closed": False}
    expected["headers"] = [*headers, ["Content-Length", "{body_length}"]]
    if body.startswith(("{", "[")):
        expected["body_json"] = json.loads(body)
    case = {
        "id": "a",
        "http.conf": "[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = 8188",
        "ari.conf": "[general]\n[a]\ntype = user\npassword = b",
        "requests": [{"method": "GET", "path": path, "basic": ["a", "b"], "expected": expected}],
    }
    (item,) = judge(case, "22", ASTERISK_22)
    return item


@pytest.mark.parametrize(
    ("path", "status", "phrase", "body", "ok"),
    [
        ("/ari/applications", 200, "OK", "[]", True),
        ("/ari/applications", 200, "OK", '[{"name":"x"}]', False),
        ("/ari/applications/x", 404, "Not Found", '{"message":"Application not found"}', True),
        ("/ari/applications/x", 404, "Not found", '{"message":"Application not found"}', False),
        ("/ari/applications/x", 404, "Not Found", '{"message":"Resource not found"}', False),
        ("/ari/applications/x", 401, "Unauthorized", '{"message":"Authentication required"}', False),
    ],
)
def test_a_resource_answers_for_itself(path: str, status: int, phrase: str, body: str, *, ok: bool) -> None:
    """A request that is let in is answered by what the model has of it, word for word."""
    assert (not asked(path, status, phrase, body).differences) is ok


@pytest.mark.parametrize(
    ("body", "ok"),
    [
        ('{"status":{"startup_time":"{timestamp}","last_reload_time":"{timestamp}"}}', True),
        ('{"status":{"startup_time":"{timestamp}","last_reload_time":"{timestamp}","up":1}}', False),
        ('{"status":{"startup_time":"{timestamp}"}}', False),
    ],
)
def test_what_no_two_runs_share_is_not_judged(body: str, *, ok: bool) -> None:
    """A placeholder stands for any value, and for nothing around it."""
    assert (not asked("/ari/asterisk/info?only=status", 200, "OK", body).differences) is ok


def test_what_the_model_does_not_have_is_taken_from_the_record() -> None:
    """There only who is let in is judged."""
    assert not asked("/ari/sounds/x", 404, "Not Found", '{"message":"Sound not found"}').differences
    assert asked("/ari/sounds/x/y", 200, "OK", "[]").differences


def test_a_profile_is_judged_by_its_rules() -> None:
    """The same case with another version's rules differs: the vectors tell the versions apart."""
    cases = {case["id"]: case for case in load(VECTORS / "ari_conf.json")}
    case = cases["no-general"]
    assert not any(item.differences for item in judge(case, "16", ASTERISK_16))
    assert all(item.differences for item in judge(case, "16", replace(ASTERISK_16, access=ASTERISK_22.access)))


def test_how_differences_are_said() -> None:
    """Lists by the first place where they part, all else whole; long ones are cut."""
    assert str(Difference("status", 200, 404)) == "status: 404 for 200"
    assert str(Difference("steps", ["a"], ["a", "b"])) == "steps, 2: 'b' for nothing"
    assert str(Difference("body", "x" * 1000, "y")).endswith("…")
    assert verdict(Path("f.json"), [Item("a", "22", ())]) == "f.json: 1 of 1 agree"


def test_long_texts_are_stored_as_runs() -> None:
    """A run is its beginning, so many times the same, and its end."""
    assert long_text({"prefix": "a", "repeat": "xy", "times": 2, "suffix": "b"}) == "axyxyb"
    assert long_text("a") == "a"
