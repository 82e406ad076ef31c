"""`stasis-sim ledger` as a user meets it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stasis_sim import cli
from stasis_sim.observe.missing import KEYS
from stasis_sim.observe.vocabulary import MEANINGS
from stasis_sim.report.missed import EXPLAINED, SHOWN

SCENARIO = """\
title: What is missed?
asterisk:
  profile: asterisk-22
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Hangup()
    exten => all,1,Stasis(All)
     same => n,Hangup()
clients:
  ivr: {apps: Intro-IVR, on StasisStart: [answer, {play: 4s}, continue], service: 0s, reconnect: {constant: 1s}}
  all: {apps: All, subscribe_all: true, service: 0s, reconnect: {constant: 1s}}
calls:
  - {to: ivr@default, arrivals: {at: [1s, 7s, 8s, 9s, 17s]}, hold: 3s, name: ivr}
  - {to: all@default, arrivals: {at: [8s, 9s]}, hold: 3s, name: all}
faults:
  - {drop: ivr, at: [2s, 10s], for: 3s}
  - {drop: all, at: 10s, for: 3s}
run: {duration: 20s, warmup: 6s}
"""

TOLD = """\
What is missed?
asterisk-22, 1 replication, seed 1, digest DIGEST

24 events of 3 calls: 24 missed, 0 lost, 0 late.

                                   missed   calls
─────────────────────────────────────────────────
replication 1, Intro-IVR, outage 3 from 10 s on (torn)
  StasisEnd: stale_state                3       3
  PlaybackFinished: handler_waits       3       3
  ChannelVarset: statistics            15       3
  ChannelHangupRequest: repeated        3       3

stale_state: the call is gone, and the app still holds state of it
handler_waits: the sound or recording is over; its handler waits for ever, or
  has died
statistics: figures about the quality of the call's media are gone
repeated: harmless: another event, heard or in this list, says the same

Before the warm-up there were 8 more, which are not counted.

In all 5 calls are gone that an app still takes for its own (stale_state): of an
app that it has forgotten, or if it dies itself, Asterisk raises no events.

results: results/missed/DIGEST
"""

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command_line: Cli) -> Cli:
    """A folder with the results of a small scenario, and a function that runs the command line there."""
    (tmp_path / "missed.yaml").write_text(SCENARIO, "utf-8")
    monkeypatch.chdir(tmp_path)

    command_line("run", "missed.yaml", "--no-picture", "--workers", "1")
    return command_line


def told(shell: Cli, *arguments: str) -> str:
    """Return what the command says of the results, with DIGEST for the digest."""
    code, out, err = shell("ledger", "results/missed", *arguments)
    assert (code, err) == (0, "")
    (folder,) = Path("results/missed").iterdir()
    return out.replace(folder.name, "DIGEST")


def test_the_ledger_says_what_was_missed_and_what_that_means(shell: Cli) -> None:
    """By outage and type, with meanings in plain words; what lies before the warm-up, or was never raised, is said."""
    assert told(shell) == TOLD


@pytest.mark.parametrize(
    ("by", "line"),
    [
        ("type", "ChannelVarset: statistics            15       3"),
        ("meaning", "statistics         15       3"),
        ("app", "  ChannelVarset: statistics            15       3"),
        ("call", "  ChannelVarset: statistics             5"),
    ],
)
def test_it_can_be_summed_up_by_other_things(shell: Cli, by: str, line: str) -> None:
    """Types and meanings over all outages, apps, or each call by itself."""
    assert line in told(shell, "--by", by).splitlines()


def test_calls_have_a_heading_each(shell: Cli) -> None:
    """It says which call of which replication, and of which app."""
    headings = [line for line in told(shell, "--by", "call").splitlines() if line.startswith("replication 1, ")]
    assert headings == [f"replication 1, call {number}, Intro-IVR" for number in (2, 3, 5)]


def test_one_call_alone(shell: Cli) -> None:
    """Only its events are counted."""
    assert "\n8 events about call 3: 8 missed, 0 lost, 0 late.\n" in told(shell, "--call", "3")
    assert "\nNo event about call 6 was missed, lost, late or misdelivered.\n" in told(shell, "--call", "6")


def test_a_call_that_is_not_there_is_no_call_that_missed_nothing(shell: Cli) -> None:
    """Which calls there are is said."""
    code, out, err = shell("ledger", "results/missed", "--call", "8")
    assert (code, out) == (2, "")
    assert re.fullmatch(r"--call: no call 8 in results/missed/\w+; there are 1 to 7\n", err)


def test_an_app_that_missed_nothing_may_believe_in_calls_that_are_gone(shell: Cli) -> None:
    """Asterisk has forgotten it with its subscription to everything, and raised nothing while its calls ended."""
    said = " ".join(told(shell, "--app", "All").split())
    assert "No event for All was missed, lost, late or misdelivered. In all 5 calls are gone" in said
    assert "In all" not in told(shell, "--app", "Intro-IVR")


def test_json_has_the_documented_shape(shell: Cli) -> None:
    """One entry for each result, with the keys that were asked for and the counts of each."""
    for by, keys in KEYS.items():
        _, out, _ = shell("ledger", "results/missed", "--json", "--by", by, "--app", "Intro-IVR")
        (result,) = json.loads(out)["results"]
        asked = ["by", "app", "call", "events", "rows"]
        assert list(result) == ["scenario", "digest", "profile", "seed", "replications", *asked]
        assert (result["by"], result["app"], result["call"]) == (by, "Intro-IVR", None)
        assert result["events"] == {"missed": 24, "lost": 0, "late": 0, "misdelivered": 0}
        assert sum(row["missed"] for row in result["rows"]) == 24
        for row in result["rows"]:
            assert list(row) == [*keys, "missed", "lost", "late", "misdelivered", "calls", "latest_s"]
    assert {"replication", "call", "app"} < set(row)
    assert row["latest_s"] is None


def test_several_results_stand_one_after_the_other(shell: Cli) -> None:
    """Each with its own title; a folder of a scenario means all of its results."""
    shell("run", "missed.yaml", "--no-picture", "--workers", "1", "--set", "faults=[]")
    _, out, _ = shell("ledger", "results/missed")
    assert out.count("What is missed?\n") == 2
    assert out.count("\nNo event was missed, lost, late or misdelivered.\n") == 1
    _, out, _ = shell("ledger", "results/missed", "--json")
    assert sorted(len(result["rows"]) for result in json.loads(out)["results"]) == [0, 4]


def test_a_long_ledger_is_cut(shell: Cli) -> None:
    """The first outages are shown, and of the others how many events they have."""
    faults = f"faults=[{{drop: ivr, at: [{', '.join(f'{second}s' for second in range(1, 20))}]}}]"
    changes = (
        "calls.0.arrivals={every: 100ms}",
        "clients.ivr.reconnect={constant: 200ms}",
        "run.warmup=0s",
        "calls.0.hold=3500ms",
    )
    settings = [word for change in (faults, *changes) for word in ("--set", change)]
    shell("run", "missed.yaml", "--no-picture", "--out", "long", *settings)
    _, out, _ = shell("ledger", "long/missed")
    assert sum(line.startswith("replication") for line in out.splitlines()) == SHOWN
    _, whole, _ = shell("ledger", "long/missed", "--json")
    outages: dict[int, int] = {}
    for row in json.loads(whole)["results"][0]["rows"]:
        outages[row["outage"]] = outages.get(row["outage"], 0) + row["missed"] + row["lost"]
    rest = list(outages.values())[SHOWN:]
    assert rest
    assert f"... and {len(rest)} more with {sum(rest)} events; --json lists all\n" in out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ("results/missing",),
            (
                "results/missing: no such folder; name the folder that run, compare or sweep has written, as "
                "results/SCENARIO/DIGEST"
            ),
        ),
        (("results/missed", "--by", "cal"), "--by: unknown (got cal); write call"),
        (("results/missed", "--app", "al"), "--app: no such app in results/missed/THIS (got al); write All"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(shell: Cli, arguments: tuple[str, ...], text: str) -> None:
    """Exactly this text, nothing on standard output, and exit code 2."""
    (folder,) = Path("results/missed").iterdir()
    for json_ in ((), ("--json",)):
        assert shell("ledger", *arguments, *json_) == (2, "", f"{text.replace('THIS', folder.name)}\n")


def test_measures_alone_have_no_ledger(shell: Cli) -> None:
    """Who recorded no tables is told how to get them."""
    shell("run", "missed.yaml", "--out", "alone", "--set", "run.record=measures")
    code, out, err = shell("ledger", "alone/missed")
    assert (code, out) == (2, "")
    assert "recorded with record: measures, so there are no tables; run it again with --set run.record=all" in err


def test_every_meaning_is_explained() -> None:
    """The closed list, in its order."""
    assert tuple(EXPLAINED) == MEANINGS


PROXY = """\
title: What reaches the wrong program?
asterisk:
  profile: asterisk-22
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
clients:
  proxy: {apps: Intro-IVR, deliver: any}
  one: {apps: Intro-IVR, behind: proxy, on StasisStart: [answer, {play: 4s}, continue]}
  two: {apps: Intro-IVR, behind: proxy, on StasisStart: [answer, {play: 4s}, continue]}
calls: [{to: ivr@default, arrivals: {at: 1s}, kind: local}]
run: {duration: 20s}
"""


def test_misdelivered_events_are_told_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a bus has brought to another program than has the call is in the sentence, the table and the legend."""
    (tmp_path / "proxy.yaml").write_text(PROXY, "utf-8")
    monkeypatch.chdir(tmp_path)
    for arguments in (["run", "proxy.yaml", "--no-picture"], ["ledger", "results/proxy", "--by", "type"]):
        monkeypatch.setattr(sys, "argv", ["stasis-sim", *arguments])
        with pytest.raises(SystemExit):
            cli.main()
    said = capsys.readouterr().out
    assert "\n2 events of 1 call: 0 missed, 0 lost, 0 late, 2 misdelivered.\n" in said
    assert "\n                                   misdelivered   calls\n" in said
    assert "\nPlaybackFinished: wrong_program               1       1\n" in said
    assert "\nwrong_program: another program of the app got it than works for the call; that" in said


def test_a_run_without_calls_has_none_to_ask_for(shell: Cli) -> None:
    """Nobody arrives before its end."""
    shell(
        "run", "missed.yaml", "--no-picture", "--set", "run.warmup=0s", "--set", "run.duration=500ms", "--out", "none"
    )
    for command in ("ledger", "trace"):
        code, _, err = shell(command, "none/missed", "--call", "1")
        assert (code, err.split("; ")[1]) == (2, "there are none\n")
