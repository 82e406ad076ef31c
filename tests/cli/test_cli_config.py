"""`check-config` and `dialplan` as a user meets them: what they print, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DIALPLAN = """\
[default]
exten => ivr,1,Answer()
 same => n,Wait(1.5)
 same => n,Stasis(Intro-IVR,a)
 same => n,GotoIf($["${STASISSTATUS}" = "FAILED"]?away)
 same => n,Hangup()
 same => n(away),Playback(sorry)
exten => _X.,1,NoOp(all)
exten => _1XX,1,NoOp(hundreds)
exten => _1XX/200,1,NoOp(${CALLERID(num)})
exten => _10X,2,NoOp(no start)
exten => loop,1,NoOp(in)
 same => n(again),NoOp(round)
 same => n,Goto(again)
exten => retry,1,Stasis(gone)
 same => n,Wait(10)
 same => n,Goto(1)
exten => echo,1,Echo()
exten => agi,1,AGI(x)
include => day,09:00-17:00,mon-fri,*,*
[day]
exten => desk,1,Busy()
[alone]
exten => desk,1,StasisBroadcast(1000)
"""

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command_line: Cli) -> Cli:
    """A folder with a dialplan, and a function that runs the command line there: exit code, output, errors."""
    (tmp_path / "extensions.conf").write_text(DIALPLAN, "utf-8")
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    monkeypatch.chdir(tmp_path)
    return command_line


# ---- check-config ----------------------------------------------------------------

EXAMPLE = """\
scenarios/asterisk/http.conf:2: finding: 0.0.0.0:8088 is HTTP without TLS: passwords and events can be read on their \
way; write tlsenable = yes and tlscertfile
scenarios/asterisk/ari.conf:9: finding: the password of user asterisk stands here in plain text; write \
password_format = crypt, and as password what mkpasswd -m sha-512 prints
scenarios/asterisk/extensions.conf:4: finding: nothing looks at ${STASISSTATUS} on the way from Stasis(Intro-IVR) to \
Hangup() at scenarios/asterisk/extensions.conf:5: callers are dropped while Intro-IVR is away; write \
GotoIf($["${STASISSTATUS}" != "SUCCESS"]?fallback) behind it
scenarios/asterisk/extensions.conf:8: finding: nothing looks at ${STASISSTATUS} on the way from \
Stasis(Super-Conference) to Hangup() at scenarios/asterisk/extensions.conf:9: callers are dropped while \
Super-Conference is away; write GotoIf($["${STASISSTATUS}" != "SUCCESS"]?fallback) behind it

0 errors, 0 warnings, 4 findings
"""


def test_the_example_files_have_four_findings(shell: Cli) -> None:
    """The exact text, and exit code 1."""
    assert shell("check-config", "scenarios/asterisk") == (1, EXAMPLE, "")


def test_findings_as_json(shell: Cli) -> None:
    """The same, for programs."""
    code, out, _ = shell("check-config", "scenarios/asterisk", "--json")
    findings = json.loads(out)["findings"]
    assert code == 1
    assert [(each["code"], each["line"]) for each in findings] == [
        ("tls-off", 2),
        ("password-plain", 9),
        ("no-fallback", 4),
        ("no-fallback", 8),
    ]
    assert list(findings[0]) == ["severity", "code", "file", "line", "text"]


def test_errors_end_with_2(shell: Cli) -> None:
    """A file that Asterisk throws away, and one that is not there."""
    Path("extensions.conf").write_text("[c\n", "utf-8")
    code, out, _ = shell("check-config", "extensions.conf")
    assert (code, out.splitlines()[-1]) == (2, "1 error, 0 warnings, 0 findings")
    text = "gone/ari.conf: there is no such file; write the path of an Asterisk .conf file\n"
    assert shell("check-config", "gone/ari.conf") == (2, "", text)


# ---- dialplan --------------------------------------------------------------------

AWAY = """\
ivr@default: ivr in [default] at extensions.conf:2, priority 1: Answer()

candidates, in Asterisk's order:
  1. ivr in [default] (extensions.conf:2): matches

steps:
  ivr@default
      0.000 s    1  Answer()
      0.500 s    2  Wait(1.5)
      2.000 s    3  Stasis(Intro-IVR,a)   ; Intro-IVR is not connected: STASISSTATUS=FAILED
      2.000 s    4  GotoIf(1?away)
      2.000 s    6  Playback(sorry)   ; falls off the end, UNKNOWN

the call ends after 7 s, hangup cause 0
"""


def test_a_walk_says_where_a_call_starts_and_what_it_runs(shell: Cli) -> None:
    """The exact text, with the application away and connected."""
    assert shell("dialplan", "extensions.conf", "ivr@default") == (0, AWAY, "")
    _, out, _ = shell("dialplan", "extensions.conf", "ivr@default", "--connected", "Intro-IVR")
    assert out.splitlines()[6:] == [
        "  ivr@default",
        "      0.000 s    1  Answer()",
        "      0.500 s    2  Wait(1.5)",
        "      2.000 s    3  Stasis(Intro-IVR,a)   ; Intro-IVR is connected: entered, and left again by continue",
        "      2.000 s    4  GotoIf(0?away)",
        "      2.000 s    5  Hangup()",
        "",
        "the call ends after 2 s, hangup cause 16",
    ]


def test_candidates_stand_in_asterisk_s_order_with_why(shell: Cli) -> None:
    """Priority and caller id decide, then who comes first."""
    _, out, _ = shell("dialplan", "extensions.conf", "101@default", "--caller-id", "200")
    assert out.splitlines()[:6] == [
        "101@default: _1XX in [default] at extensions.conf:10, priority 1: NoOp(${CALLERID(num)})",
        "",
        "candidates, in Asterisk's order:",
        "  1. _10X in [default] (extensions.conf:11): has no priority 1",
        "  2. _1XX/200 in [default] (extensions.conf:10): matches",
        "  3. _1XX in [default] (extensions.conf:9): comes too late",
    ]
    _, out, _ = shell("dialplan", "extensions.conf", "101@default", "--caller-id", "7")
    assert "  2. _1XX/200 in [default] (extensions.conf:10): is for other callers than 7\n" in out
    _, out, _ = shell("dialplan", "extensions.conf", "101@default")
    assert "  2. _1XX/200 in [default] (extensions.conf:10): is for callers with a number\n" in out
    assert "      0.000 s    2  NoOp(no start)" in out


def test_the_clock_decides_on_timed_includes(shell: Cli) -> None:
    """Nothing at night, and why; by day the path through the include."""
    assert shell("dialplan", "extensions.conf", "desk@default") == (
        1,
        (
            "desk@default: nothing matches\n"
            "  [day] has it, but is reached from [default] at other times only\n"
            "  [alone] has it, but [default] does not include that context\n"
        ),
        "",
    )
    code, out, _ = shell("dialplan", "extensions.conf", "desk@default", "--clock", "2026-01-05 10:00:00")
    assert (code, out.splitlines()[0]) == (
        0,
        "desk@default: desk in [default] > [day] at extensions.conf:22, priority 1: Busy()",
    )
    code, out, _ = shell("dialplan", "extensions.conf", "1@gone")
    assert (code, out) == (
        1,
        "1@gone: nothing matches\n  there is no context gone; the contexts are: default, day, alone\n",
    )


@pytest.mark.parametrize(
    ("place", "steps", "last"),
    [
        ("loop@default", 5, "given up after 1,000 steps, in a loop that takes no time: Asterisk hangs in it"),
        ("retry@default", 6, "given up after 1,000 steps, in a loop"),
        ("echo@default", 1, "the call waits for the caller from 0 s on"),
        ("agi@default", 1, "the call ends after 0 s, hangup cause 0"),
        ("desk@alone", 1, "the call ends after 1 s, hangup cause 0"),
    ],
)
def test_each_walk_ends(shell: Cli, place: str, steps: int, last: str) -> None:
    """Also in a loop, where the caller would have to do something, and where the model knows no further."""
    _, out, _ = shell("dialplan", "extensions.conf", place)
    assert out.splitlines()[-1] == last
    code, out, _ = shell("dialplan", "extensions.conf", place, "--json")
    assert (code, len(json.loads(out)["steps"])) == (0, steps)


def test_a_walk_as_json(shell: Cli) -> None:
    """The shape that programs read."""
    code, out, _ = shell("dialplan", "extensions.conf", "desk@alone", "--json")
    assert code == 0
    assert json.loads(out) == {
        "match": {
            "context": "alone",
            "pattern": "desk",
            "priority": 1,
            "app": "StasisBroadcast",
            "data": "1000",
        },
        "steps": [
            {
                "at_s": 0.0,
                "context": "alone",
                "exten": "desk",
                "priority": 1,
                "app": "StasisBroadcast",
                "data": "1000",
                "note": (
                    "nobody claims it: STASISSTATUS=TIMEOUT; "
                    "Channel Local/desk@alone-00000000;2: not claimed within 1000ms timeout; "
                    "falls off the end, UNKNOWN"
                ),
            }
        ],
    }
    code, out, _ = shell("dialplan", "extensions.conf", "desk@default", "--json")
    assert (code, json.loads(out)) == (1, {"match": None, "steps": []})


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("gone.conf", "1@c"), "gone.conf: there is no such file; write the path of an Asterisk .conf file"),
        (("extensions.conf", "ivr"), "EXTEN@CONTEXT: no extension and context (got ivr); write them as ivr@default"),
        (("extensions.conf", "@c"), "EXTEN@CONTEXT: no extension and context (got @c); write them as ivr@default"),
        (
            ("extensions.conf", "1@c", "--clock", "noon"),
            "--clock: not a date and time since 1970 (got noon); write one such as 2026-01-05 00:00:00",
        ),
        (
            ("extensions.conf", "1@c", "--profile", "13"),
            "--profile: no profile 13; write one of documented, asterisk-16, asterisk-22",
        ),
        (
            ("extensions.conf", "ivr@default", "--connected", "intro-ivr,"),
            "--connected: no Stasis() in extensions.conf asks for it (got intro-ivr); write Intro-IVR, gone",
        ),
    ],
)
def test_bad_input_is_said_once(shell: Cli, arguments: tuple[str, ...], text: str) -> None:
    """The exact text, and exit code 2."""
    assert shell("dialplan", *arguments) == (2, "", f"{text}\n")


def test_a_dialplan_that_asterisk_throws_away_is_bad_input(shell: Cli) -> None:
    """There is nothing to walk in."""
    Path("extensions.conf").write_text("[c\n", "utf-8")
    code, out, err = shell("dialplan", "extensions.conf", "1@c")
    assert (code, out) == (2, "")
    assert err.startswith("extensions.conf:1: a section header without its closing ]")
