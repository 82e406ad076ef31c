"""What a person should know about Asterisk's files is said, in these words, and nothing else is."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_sim.conf.checkup import check, exit_code, lines
from stasis_sim.conf.extensions import load_extensions
from stasis_sim.conf.findings import CODES, Finding, app_findings, extensions_findings
from stasis_sim.conf.profile_names import named_profile
from stasis_sim.conf.syntax import Source
from stasis_sim.conf.walk import walk
from stasis_sim.errors import InputError
from stasis_sim.handoff.dialplan.applications.table import APPLICATIONS
from stasis_sim.handoff.profiles import PROFILES

VECTORS = Path(__file__).parent.parent / "vectors"
GOOD_HTTP = "[general]\nenabled = yes\nbindaddr = 127.0.0.1\ntlsenable = yes\ntlscertfile = /etc/cert.pem\n"
GOOD_ARI = "[general]\n[ivr]\ntype = user\npassword = $6$a$b\npassword_format = crypt\n"
GOOD_DIALPLAN = (
    "[default]\nexten => ivr,1,Stasis(ivr)\n"
    ' same => n,GotoIf($["${STASISSTATUS}" != "SUCCESS"]?away)\n same => n,Hangup()\n'
    " same => n(away),Playback(sorry)\n same => n,Hangup()\n"
)
FILES = {"http.conf": GOOD_HTTP, "ari.conf": GOOD_ARI, "extensions.conf": GOOD_DIALPLAN}


def checked(folder: Path, **changed: str | None) -> list[Finding]:
    """Write good files but for those that are changed (None: not there), and check them."""
    for name, good in FILES.items():
        text = changed.get(name.partition(".")[0], good)
        if text is not None:
            (folder / name).write_text(text, "utf-8")
    return check([folder])


def said(folder: Path, **changed: str | None) -> list[str]:
    """Return what is said, as it is printed, without the folder, with its code."""
    return [f"{each.code} {each}".replace(f"{folder}/", "") for each in checked(folder, **changed)]


def steps(*lines: str) -> str:
    """One line of a dialplan and those behind it."""
    return "\n same => n,".join(lines)


def dialplan(text: str) -> list[tuple[int, str]]:
    """Return line and code of what there is to say about a dialplan."""
    loaded, _ = load_extensions(Source(text, "extensions.conf"))
    found = [*extensions_findings(loaded), *app_findings(loaded, None, "")]
    return [(each.line, each.code) for each in found]


def test_good_files_need_no_word(tmp_path: Path) -> None:
    """Nothing is found where nothing is."""
    found = checked(tmp_path)
    assert found == []
    assert list(lines(found)) == ["nothing to say"]
    assert exit_code(found) == 0


ONE_OF_EACH = [
    (
        {"http": None},
        (
            "http-missing http.conf: finding: there is no http.conf: the HTTP server is off, so that no "
            "application can "
            "connect"
        ),
    ),
    (
        {"http": "[general]\nenabled = no\n", "ari": None, "extensions": GOOD_DIALPLAN},
        (
            "http-disabled http.conf:2: finding: the HTTP server is off, so that no application can connect; write "
            "enabled = yes"
        ),
    ),
    (
        {"http": "[general]\nenabled = yes\nbindaddr = ::\n"},
        (
            "tls-off http.conf:2: finding: [::]:8088 is HTTP without TLS: passwords and events can be read on "
            "their way; "
            "write tlsenable = yes and tlscertfile"
        ),
    ),
    (
        {"http": "[genral]\nenabled = yes\nbindaddr = 127.0.0.1\n"},
        (
            "general-misspelt http.conf:1: finding: [genral] is no section that Asterisk reads: its options do "
            "nothing; write [general]"
        ),
    ),
    ({"ari": None}, "ari-missing ari.conf: finding: there is no ari.conf: ARI is off, and Stasis() fails"),
    (
        {"ari": "[general]\nenabled = no\n"},
        "ari-disabled ari.conf:2: finding: ARI is off: every request gets 404, and Stasis() fails; write enabled = yes",
    ),
    (
        {"http": "[general]\nenabled = no\n"},
        (
            "ari-without-http ari.conf:1: finding: ARI is on, but the HTTP server that carries it is off: nobody can "
            "connect; see http.conf"
        ),
    ),
    (
        {"ari": GOOD_ARI.replace("[general]\n", "[general]\nallowed_origins = *\n")},
        (
            "origins-any ari.conf:2: finding: allowed_origins = *: any web page may use ARI with the password that a "
            "browser knows; write the origins that need it"
        ),
    ),
    (
        {"ari": "[general]\n"},
        (
            "no-user ari.conf: finding: there is no user who can log in: every request gets 401; write a section with "
            "type = user and a password"
        ),
    ),
    (
        {"ari": "[general]\n[ivr]\ntype = user\npassword = x\n"},
        (
            "password-plain ari.conf:4: finding: the password of user ivr stands here in plain text; write "
            "password_format = crypt, and as password what mkpasswd -m sha-512 prints"
        ),
    ),
    (
        {"ari": GOOD_ARI + "read_only = yes\n"},
        (
            "read-only-user ari.conf:6: finding: user ivr is read-only, useful only for listening: the commands of an "
            "application that controls calls as this user get 403; write read_only = no if there is one"
        ),
    ),
    (
        {"extensions": None},
        (
            "extensions-missing extensions.conf: finding: there is no extensions.conf: no call is handed over by this "
            "dialplan"
        ),
    ),
    (
        {"extensions": "[c]\nexten => 1,1,Stasis(ivr)\n same => n,Hangup()\n"},
        (
            "no-fallback extensions.conf:2: finding: nothing looks at ${STASISSTATUS} on the way from Stasis(ivr) to "
            "Hangup() at extensions.conf:3: callers are dropped while ivr is away; write "
            'GotoIf($["${STASISSTATUS}" != "SUCCESS"]?fallback) behind it'
        ),
    ),
    (
        {"extensions": GOOD_DIALPLAN + GOOD_DIALPLAN.replace("Stasis(ivr)", "Stasis(IVR)").replace("=> ivr", "=> x")},
        (
            "app-case extensions.conf:8: finding: app IVR and app ivr differ only in letter case; to Asterisk they are "
            "two; write one of them"
        ),
    ),
    (
        {"extensions": "[c]\nexten => 1,1,Goto(clsoed,s,1)\n[closed]\nexten => s,1,Playback(sorry)\n"},
        (
            "jump-nowhere extensions.conf:2: finding: Goto() jumps to context clsoed, which is not there: calls end "
            "here; write closed"
        ),
    ),
    (
        {"extensions": "[c]\nexten => 1,1,Playbak(sorry)\n"},
        (
            "application-unknown extensions.conf:2: finding: Playbak() is none of Asterisk's own applications: calls "
            "end here if no other module has it; load its module, or write Playback"
        ),
    ),
    (
        {"extensions": "[c]\nexten => 1,1,NoOp(${EXTEN)\n"},
        ("unclosed extensions.conf:2: finding: a ${ in NoOp() has no }: all behind it counts as its name; write the }"),
    ),
    (
        {"extensions": "[c]\nexten => 1,2,NoOp()\n"},
        (
            "no-first-priority extensions.conf:2: finding: extension 1 in [c] begins with priority 2: no call gets in "
            "without a priority 1"
        ),
    ),
    (
        {"extensions": "[c]\nexten => 1,1,NoOp()\nexten => 1,3,NoOp()\n"},
        (
            "unreachable-priority extensions.conf:3: finding: extension 1 in [c] has no priority 2: no call gets to "
            "priority 3"
        ),
    ),
    (
        {"extensions": "[c]\nexten => _12,1,NoOp()\nexten => 12,1,NoOp()\n"},
        (
            "shadowed extensions.conf:2: finding: extension _12 in [c] is never used: 12 at extensions.conf:3 "
            "comes first "
            "for each of its numbers"
        ),
    ),
    (
        {"extensions": "[c]\nexten => _X.,1,NoOp()\ninclude => d\n[d]\nexten => 12,1,NoOp()\n"},
        (
            "shadowed-include extensions.conf:5: finding: extension 12 in [d] is never used through [c]: _X. at "
            "extensions.conf:2 comes first"
        ),
    ),
    (
        {"extensions": "[c]\nexten => _[9-1],1,NoOp()\n"},
        "matches-nothing extensions.conf:2: finding: extension _[9-1] in [c] matches no number at all",
    ),
    (
        {"extensions": "[c]\nexten => 9XXX,1,NoOp()\n"},
        (
            "pattern-unmarked extensions.conf:2: finding: extension 9XXX has no _ in front, so that only who "
            "dials just "
            "these signs gets to it; write _9XXX"
        ),
    ),
]


@pytest.mark.parametrize(("changed", "text"), ONE_OF_EACH, ids=[text.partition(" ")[0] for _, text in ONE_OF_EACH])
def test_each_finding_says_what_is_so_and_what_to_do(tmp_path: Path, changed: dict[str, str | None], text: str) -> None:
    """The exact text."""
    assert text in said(tmp_path, **changed)


def test_every_kind_of_finding_is_tested() -> None:
    """One of each."""
    assert [text.partition(" ")[0] for _, text in ONE_OF_EACH] == list(CODES)


def test_the_documentation_has_every_kind_and_no_other() -> None:
    """docs/check-config.md says of each code what it means and what to do, in the order in which they are found."""
    page = (Path(__file__).parents[2] / "docs" / "check-config.md").read_text("utf-8")
    sections = re.findall(r"^### `([a-z-]+)`\n\n(.+?)\n\nWhat to do: .+?\n(?=\n|\Z)", page, re.MULTILINE | re.DOTALL)
    assert [code for code, _ in sections] == list(CODES)


@pytest.mark.parametrize(
    "behind",
    [
        'GotoIf($["${STASISSTATUS}" = "FAILED"]?x)',
        "Goto(fallback-${STASISSTATUS},1)",
        'ExecIf($["${STASISSTATUS}" = "FAILED"]?Playback(sorry))',
        "Set(GOSUB_RESULT=${STASISSTATUS})",
        "Dial(SIP/operator)",
        "VoiceMail(1)",
        "Stasis(other)\n same => n,Queue(q)",
        "Goto(1)",
        "Wait(5)\n same => n,Goto(1)",
        "Goto(${NEXT})",
        "AGI(fallback.agi)",
        "Goto(away,1)\nexten => away,1,Playback(sorry)",
        "Goto(d,${EXTEN},1)\n[d]\nexten => _X,1,Playback(sorry)",
        "Gosub(sub,s,1)\n same => n,Hangup()\n[sub]\nexten => s,1,Playback(sorry)\n same => n,Return()",
        "Goto(7,1)\nexten => i,1,Playback(sorry)",
        "Macro(away)\n same => n,Hangup()",
        steps("If(1)", "Playback(sorry)", "Else()", "Queue(q)", "EndIf()", "Hangup()"),
        steps("If(1)", "NoOp()", "Else()", "Wait(1)", "EndIf()", "Dial(x)"),
        steps("If(1)", "ExitIf()", "Hangup()", "EndIf()", "Dial(x)"),
        steps(
            "If(1)", "Queue(q)", "If(1)", "NoOp()", "ElseIf(1)", "Hangup()", "EndIf()", "Else()", "Dial(x)", "EndIf()"
        ),
        # Both subroutines return to where they came from; where else one is called from does not matter.
        (
            "Gosub(a,s,1)\n same => n,Playback(sorry)\nexten => 2,1,Gosub(a,s,1)\n same => n,Hangup()\n"
            "[a]\nexten => s,1,Gosub(b,s,1)\n same => n,Return()\n[b]\nexten => s,1,Return()"
        ),
    ],
)
def test_who_looks_after_callers_hears_nothing(behind: str) -> None:
    """The status is looked at, something is done for callers, or only the call will tell."""
    assert [each for each in dialplan(f"[c]\nexten => 1,1,Stasis(a)\n same => n,{behind}\n") if "no-f" in each[1]] == []


@pytest.mark.parametrize(
    "behind",
    [
        "NoOp(status ${STASISSTATUS})",
        "Verbose(1,${STASISSTATUS})",
        "Set(X=1)",
        "Wait(1)",
        "Congestion()",
        "Goto(end,1)\nexten => end,1,Hangup()",
        "Goto(nowhere,1)",
        "Goto(2,)\nexten => 2,1,Playback(sorry)",
        "Wait(1)\nexten => i,1,Playback(sorry)",
        'ExecIf($["${X}" = "1"]?Playback(sorry))',
        'ExecIf($["${X}" = "1"]?Goto(good))\n same => n,Hangup()\n same => n(good),Playback(sorry)',
        "Gosub(sub,s,1)\n same => n,Playback(sorry)\n[sub]\nexten => s,1,ExecIf(${X}?Return())\n same => n,Hangup()",
        'GotoIf($["${X}" = "1"]?good)\n same => n,Hangup()\n same => n(good),Playback(sorry)',
        'GotoIf($["${X}" = "1"]?good:bad)\n same => n(bad),Hangup()\n same => n(good),Playback(sorry)',
        "GotoIfTime(09:00-17:00,mon-fri,*,*?good)\n same => n,Hangup()\n same => n(good),Playback(sorry)",
        "Gosub(sub,s,1)\n same => n,Hangup()\n[sub]\nexten => s,1,NoOp()\n same => n,Return()",
        "Hangup()\nexten => h,1,NoOp(${STASISSTATUS})",
        steps("If(1)", "Playback(sorry)", "Else()", "Hangup()", "EndIf()", "Dial(x)"),
        steps("If(1)", "Playback(sorry)", "ElseIf(1)", "Hangup()", "EndIf()"),
        steps("If(1)", "If(1)", "Queue(q)", "EndIf()", "Hangup()", "EndIf()", "Dial(x)"),
    ],
)
def test_each_path_that_drops_callers_is_found(behind: str) -> None:
    """Writing the status down, waiting and hanging up are no fallback, and one bad path is enough."""
    assert (2, "no-fallback") in dialplan(f"[c]\nexten => 1,1,Stasis(a)\n same => n,{behind}\n")


def test_a_stasis_inside_other_applications_is_one() -> None:
    """ExecIf(), TryExec() and subroutines, whose callers go on."""
    assert dialplan("[c]\nexten => 1,1,ExecIf(1?Stasis(a,x))\n") == [(2, "no-fallback")]
    assert dialplan("[c]\nexten => 1,1,TryExec(StasisBroadcast())\n") == [(2, "no-fallback")]
    assert dialplan("[c]\nexten => 1,1,Exec(TryExec(Stasis(a)))\n") == [(2, "no-fallback")]
    subroutine = "[sub]\nexten => s,1,Stasis(a)\n same => n,Return()\n[c]\nexten => 1,1,Gosub(sub,s,1)\n same => n,"
    assert dialplan(subroutine + "Hangup()\n") == [(2, "no-fallback")]
    assert dialplan(subroutine + "Playback(sorry)\n") == []


@pytest.mark.parametrize(
    "lines_of_context",
    [
        "exten => _X.,1,NoOp()\nexten => _X!,1,NoOp()",
        "exten => 1,1,NoOp()\nexten => _[12],1,NoOp()",
        "exten => 12/100,1,NoOp()\nexten => _12,1,NoOp()",
        "exten => _X,1,NoOp()\nexten => 1,2,NoOp()",
        "exten => 1,1,Goto(5)\nexten => 1,5,NoOp()",
        "exten => 1,1,GotoIf($[${X}]?101)\nexten => 1,101,NoOp()",
        "exten => 1,1,NoOp()\nexten => 1,102(label),NoOp()",
        "exten => 1,1,Dial(SIP/x,,G(c^1^7))\nexten => 1,7,NoOp()",
        "exten => 1,1,Dial(SIP/x,,F(c^1^7))\nexten => 1,7,NoOp()",
        "exten => 12/,1,NoOp()\nexten => _12,1,NoOp()",
        "exten => _XX,1,NoOp()\ninclude => d\n[d]\nexten => _X!,1,NoOp()",
        "exten => _X.,1,NoOp()\ninclude => default\n[default]\nexten => 12,1,NoOp()",
        "exten => 1,hint,SIP/1",
        "exten => X,1,NoOp()\nexten => _X.,1,NoOp()",
        "exten => _X.,1,Goto(d,12,1)\ninclude => d\n[d]\nexten => 12,1,NoOp()",
        "exten => _X.,1,NoOp()\ninclude => d\n[d]\nexten => 1,1,NoOp()",
        "exten => 1-800,1,NoOp()\nexten => NOW,1,NoOp()",
    ],
)
def test_what_a_call_can_get_to_is_left_alone(lines_of_context: str) -> None:
    """Another extension's priority before, a jump, another caller, one number of many: all of it is a way in."""
    assert dialplan(f"[c]\n{lines_of_context}\n") == []


@pytest.mark.parametrize(
    ("jump", "what"),
    [
        ("Goto(d,s,1)", "context d, which is not there: calls end here; write the context, or jump to one"),
        ("Goto(sub,t,1)", "extension t in [sub], which"),
        ("Goto(sub, s,1)", 'extension " s" in [sub], which is not there: calls end here; write s: Asterisk takes no'),
        ("Goto(2,1)", "extension 2 in [c], which"),
        ("Goto(dnoe)", "label dnoe of extension 1 in [c], which is not there: calls end here; write done"),
        ("Goto(0)", "priority 0 of extension 1 in [c], which"),
        ("Goto(1,)", 'label "" of extension 1 in [c], which is not there: calls end here; write the label, or jump to'),
        ("Goto(9)", "priority 9 of extension 1 in [c], which is not there: calls end here; write a priority that it"),
        ("Goto(+5)", "priority 6 of extension 1 in [c]"),
        ("GotoIf($[${X}]?done: done)", 'label " done" of extension 1 in [c], which'),
        ("GotoIfTime(09:00-17:00,mon-fri,*,*?sub,s,open)", "label open of extension s in [sub]"),
        ("ExecIf(1?Goto(nowhere,s,1))", "context nowhere"),
        (
            "Goto(sub|s|1)",
            "label sub|s|1 of extension 1 in [c], which is not there: calls end here; write sub,s,1: a |",
        ),
        ("Gosub(sub,s,start(1,2))", "label start of extension s in [sub]"),
        ("Gosub(caught,7,1)", "extension 7 in [caught]"),
    ],
)
def test_a_jump_to_what_is_not_there_is_found(jump: str, what: str) -> None:
    """Context, extension, label or priority; a space is part of a name, and no i takes up a subroutine."""
    text = (
        f"[c]\nexten => 1,1,{jump}\n same => n(done),NoOp()\n[sub]\nexten => s,1,Return()\n"
        "[caught]\nexten => i,1,Playback(invalid)\n"
    )
    loaded, _ = load_extensions(Source(text, "extensions.conf"))
    (found,) = extensions_findings(loaded)
    assert (found.line, found.code) == (2, "jump-nowhere")
    assert f"() jumps to {what}" in found.text


@pytest.mark.parametrize(
    "text",
    [
        "[c]\nexten => 1,1,Goto(${WHERE},s,1)",
        "[c]\nexten => 1,1,Goto(fallback-${X},1)",
        "[c]\nexten => 1,1,Goto(-5)",
        "[c]\nexten => 1,1,Goto(2,1)\ninclude => d\n[d]\nexten => _X,1,NoOp()",
        "[c]\nexten => 1,1,Goto(2,1)\ninclude => d,09:00-17:00,mon-fri,*,*\n[d]\nexten => 2,1,NoOp()",
        "[c]\ninclude => d\nexten => 2,1,NoOp()\n[d]\nexten => 1,1,Goto(2,1)",
        "[c]\nexten => 1,1,Goto(7,1)\nexten => i,1,NoOp()",
        "[c]\nexten => 1,1,Goto(7,1)\nexten => e,1,NoOp()",
        "[c]\nexten => 1,1,Goto(d,7,1)\n[d]\nswitch => Realtime/d@extensions",
        "[c]\nexten => 2/100,1,NoOp()\nexten => 1,1,Goto(2,1)",
        "[c]\nexten => _X.,1,Goto(d,${EXTEN},1)\n[d]\nexten => _1X,1,NoOp()",
        "[c]\nexten => _XX,1,Goto(here)\nexten => _1X,2(here),NoOp()",
        "[c]\nexten => _1X,1,Goto(here)\nexten => _X2,2(here),NoOp()",
        "[c]\nexten => 1,hint,Goto(nowhere,s,1)",
        "[c]\nexten => _7XX,1,Goto(parkedcalls,${EXTEN},1)",
        "[c]\nexten => 1,1,Gosub(d,s,start(a,b))\n[d]\nexten => s,1(start),Return()",
    ],
)
def test_a_jump_that_may_lead_somewhere_is_left_alone(text: str) -> None:
    """Only the call tells, an include may hold, a caller fits, or somebody takes the call up."""
    assert "jump-nowhere" not in [code for _, code in dialplan(f"{text}\n")]


def test_a_jump_into_a_context_is_not_looked_for_around_it() -> None:
    """Who names a context does not get to those that include it."""
    text = "[c]\ninclude => d\nexten => 2,1,NoOp()\n[d]\nexten => 1,1,Goto(d,2,1)\n"
    assert dialplan(text) == [(5, "jump-nowhere")]


def test_an_application_that_another_version_has_is_said() -> None:
    """Macro() is no more in 22, and If() not yet in 16; what the model does not play but Asterisk has is none."""
    loaded, _ = load_extensions(
        Source("[c]\nexten => 1,1,Macro(x)\n same => n,If(1)\n same => n,ConfBridge(1)\n same => n,macro(y)\n", "e")
    )
    found = {name: [str(each) for each in extensions_findings(loaded, PROFILES[name])] for name in PROFILES}
    macro = "e:2: finding: Macro() is not in asterisk-22, but in asterisk-16: calls end here; write Gosub"
    when = "e:3: finding: If() is not in asterisk-16, but in asterisk-22: calls end here; write another application"
    assert found["asterisk-22"] == [macro]
    assert found["documented"] == [macro.replace("asterisk-22", "documented")]
    assert found["asterisk-16"] == [when]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Wait,3", "Wait,3 as a whole is no application: calls end here; write Wait(3)"),
        ("Dial|SIP/1|20", "Dial|SIP/1|20 as a whole is no application: calls end here; write Dial(SIP/1|20)"),
        (
            "DigitTimeout,5",
            "DigitTimeout,5() is none of Asterisk's own applications: calls end here if no other module has it; write",
        ),
        (
            "SetVar(X=1)",
            "SetVar() is none of Asterisk's own applications: calls end here if no other module has it; write Set",
        ),
        (
            "SIPAddHeader(X: 1)",
            "SIPAddHeader() is not in asterisk-22, but in asterisk-16: calls end here; write Set(PJSIP_",
        ),
        (
            "CoinDisposition(1)",
            (
                "CoinDisposition() is none of Asterisk's own applications: calls end here if no other module has it; "
                "load its module, or write another"
            ),
        ),
    ],
)
def test_of_an_application_that_is_not_there_it_is_said_what_to_write(line: str, text: str) -> None:
    """Arguments of old stand in brackets now; what is gone has a successor; somebody else's is no slip."""
    loaded, _ = load_extensions(Source(f"[c]\nexten => 1,1,{line}\n", "e"))
    (found,) = extensions_findings(loaded)
    assert found.code == "application-unknown"
    assert found.text.startswith(text)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("${A:1}$[${B}+1]}", ""),
        ('$["${A}" : "[^]]*"]', ""),
        ("${A", "a ${ in NoOp() has no }: all behind it counts as its name"),
        ("$[1+1", "a $[ in NoOp() has no ]: all behind it counts as its expression"),
        ('$["${A" != "B"]?c', "a ${ in NoOp() has no }: all behind it counts as its name"),
        ("${A${B}", "a ${ in NoOp() has no }: all behind it counts as its name"),
        ('$["${A}" : "[[]b"]', "a $[ in NoOp() has no ]: all behind it counts as its expression"),
    ],
)
def test_a_reference_without_its_end_is_found(data: str, text: str) -> None:
    """Asterisk logs of these, and of no other, that a bracket is missing."""
    loaded, _ = load_extensions(Source(f"[c]\nexten => 1,1,NoOp({data})\n", "e"))
    assert [each.text.split(";")[0] for each in extensions_findings(loaded)] == ([text] if text else [])


def test_the_number_dialled_is_said_by_its_pattern() -> None:
    """Goto(d,${EXTEN},1) leads nowhere if d has none of the numbers; what else d has is no remedy."""
    loaded, _ = load_extensions(Source("[c]\nexten => _8XX,1,Goto(d,${EXTEN},1)\n[d]\nexten => 70,1,Wait(1)\n", "e"))
    (found,) = extensions_findings(loaded)
    assert found.text == (
        "Goto() jumps to a number of _8XX in [d], which is not there: calls end here; "
        "write the extension, or jump to one that is there"
    )


def test_what_the_model_plays_is_an_application_of_asterisk() -> None:
    """The list of names has all of them; some are those of 16."""
    removed = {"importvar", "monitor", "nocdr", "sendurl", "setamaflags", "stopmonitor"}
    names = sorted(set(APPLICATIONS) - removed - {"macro", "macroexclusive", "macroexit", "macroif"})
    text = "[c]\n" + "".join(f"exten => 1,{number},{name}()\n" for number, name in enumerate(names, 1))
    assert "application-unknown" not in [code for _, code in dialplan(text)]


def test_several_names_hide_a_pattern_together() -> None:
    """Each number of the pattern is somebody else's."""
    text = "[c]\nexten => _[12],1,NoOp()\nexten => 1,1,NoOp()\nexten => 2,1,NoOp()\n"
    assert dialplan(text) == [(2, "shadowed")]


def test_a_pattern_of_too_many_numbers_is_given_the_benefit() -> None:
    """A thousand numbers are tried; ten thousand would take too long."""
    names = ("_[0-4]XX", "_[5-9]XX", "_XXX")
    found = [dialplan("[c]\n" + "".join(f"exten => {name}{more},1,NoOp()\n" for name in names)) for more in ("", "X")]
    assert found == [[(4, "shadowed")], []]


def test_an_application_that_only_the_call_tells_is_left_alone() -> None:
    """What stands in a variable may be one of Asterisk's."""
    assert dialplan("[c]\nexten => 1,1,${APP}(x)\n") == []


def test_an_app_in_another_case_is_said_once() -> None:
    """Where it stands first."""
    loaded, _ = load_extensions(
        Source("[c]\nexten => 1,1,Stasis(ivr)\n same => n,Stasis(IVR)\n same => n,Stasis(IVR)\n", "e")
    )
    assert [each.line for each in app_findings(loaded, None, "")] == [3]


def test_a_server_without_an_address_is_not_told_to_use_tls(tmp_path: Path) -> None:
    """It listens nowhere, which is an error of its own."""
    assert [each.code for each in checked(tmp_path, http="[general]\nenabled = yes\n")][:1] == ["bindaddr-missing"]
    assert "tls-off" not in [each.code for each in check([tmp_path])]


def test_the_line_that_counts_is_named(tmp_path: Path) -> None:
    """Of two equal options the last one counts."""
    found = checked(tmp_path, http="[general]\nenabled = yes\nenabled = no\n")
    assert (3, "http-disabled") in [(each.line, each.code) for each in found]


@pytest.mark.parametrize("profile", ["asterisk-16", "asterisk-22"])
def test_a_user_without_a_password_is_none(tmp_path: Path, profile: str) -> None:
    """16 keeps him, 22 drops him: nobody can log in."""
    (tmp_path / "ari.conf").write_text("[general]\n[ivr]\ntype = user\n", "utf-8")
    assert "no-user" in [each.code for each in check([tmp_path], named_profile(profile))]


def test_outbound_websockets_name_apps_and_need_plain_passwords(tmp_path: Path) -> None:
    """Their user's password is no finding; their apps count for letter case."""
    ari = (
        "[general]\n[u]\ntype = user\npassword = x\n[o]\ntype = outbound_websocket\nwebsocket_client_id = w\n"
        "apps = IVR\nlocal_ari_user = u\n"
    )
    assert [each.code for each in checked(tmp_path, ari=ari)] == ["app-case"]


def test_what_is_said_of_an_included_file_stands_behind_that_of_the_file(tmp_path: Path) -> None:
    """Each by line; what two contexts have from one template is said once."""
    (tmp_path / "more.conf").write_text("exten => 2,1,Stasis(ivr)\n", "utf-8")
    text = "[t](!)\nexten => 1,1,Stasis(ivr)\n[c](t)\n[d](t)\n#include more.conf\n"
    found = checked(tmp_path, extensions=text)
    places = [(Path(each.file).name, each.line) for each in found if each.code == "no-fallback"]
    assert places == [("extensions.conf", 2), ("more.conf", 1)]


def test_severities_are_grouped_and_counted(tmp_path: Path) -> None:
    """Errors first, then warnings, then findings; the last line counts, the exit code is that of the worst."""
    found = checked(tmp_path, ari="[general]\n[ivr]\ntype = user\n", http="[general]\nenabled = maybe\n")
    printed = [line.replace(f"{tmp_path}/", "") for line in lines(found)]
    assert printed == [
        "ari.conf:2: error: user ivr has no password; Asterisk drops [ivr]",
        "",
        "http.conf:2: warning: enabled = 'maybe' counts as no; write yes or no",
        "",
        "http.conf:2: finding: the HTTP server is off, so that no application can connect; write enabled = yes",
        (
            "ari.conf: finding: there is no user who can log in: every request gets 401; write a section with "
            "type = user and a password"
        ),
        (
            "ari.conf:1: finding: ARI is on, but the HTTP server that carries it is off: nobody can connect; see "
            "http.conf"
        ),
        "",
        "1 error, 1 warning, 3 findings",
    ]
    assert exit_code(found) == 2


def test_many_of_a_kind_do_not_hide_the_rest(tmp_path: Path) -> None:
    """The first are told one by one, the others by their lines; all are counted, and a few are all told."""
    text = "[c]\n" + "".join(f"include => c{number}\n" for number in range(13)) + "exten => 1,0,NoOp()\n"
    found = checked(tmp_path, extensions=text)
    printed = [line.replace(f"{tmp_path}/", "") for line in lines(found)]
    assert printed[7:] == [
        (
            "extensions.conf:9: warning: [c] includes [c7], which does not exist; Asterisk skips it, "
            "unless a module makes it (AEL, Lua, parking)"
        ),
        "extensions.conf: warning: 5 more missing-include, at lines 10, 11, 12, 13, 14; --json tells of each",
        "extensions.conf:15: warning: priority '0' is below 1; Asterisk drops the line",
        "",
        "0 errors, 14 warnings, 0 findings",
    ]
    few = [each for each in found if each.line != 14]
    assert len(list(lines(few))) == 15


def test_a_profile_decides_how_files_are_read(tmp_path: Path) -> None:
    """16 declines all of ARI for a section that 22 does not look at."""
    (tmp_path / "ari.conf").write_text(GOOD_ARI + "[x]\nfoo = 1\n", "utf-8")
    codes = {
        name: [(each.severity, each.code) for each in check([tmp_path / "ari.conf"], named_profile(name))]
        for name in ("asterisk-16", "asterisk-22")
    }
    assert codes == {"asterisk-16": [("error", "type-unknown")], "asterisk-22": [("warning", "type-unknown")]}


def test_files_are_told_by_their_names(tmp_path: Path) -> None:
    """A file alone is checked alone; a name that says nothing, an empty folder and no such profile are errors."""
    good = tmp_path / "my-extensions.conf.sample"
    good.write_text(GOOD_DIALPLAN, "utf-8")
    assert check([good]) == []
    (tmp_path / "safari.conf").touch()
    for path, text in {
        tmp_path / "nowhere": "there is no such file or folder; name Asterisk's files, or a folder with them",
        tmp_path / "safari.conf": (
            "its name tells neither http, ari nor extensions; name it http.conf, ari.conf or extensions.conf"
        ),
        tmp_path: (
            "none of http.conf, ari.conf and extensions.conf is in this folder; name one that has them, or a file"
        ),
        tmp_path / "ari.conf": "there is no such file; write the path of an Asterisk .conf file",
    }.items():
        with pytest.raises(InputError) as caught:
            check([path])
        assert str(caught.value) == f"{path}: {text}"
    with pytest.raises(InputError) as caught:
        named_profile("asterisk-7")
    expected = "--profile: no profile asterisk-7; write one of documented, asterisk-16, asterisk-22"
    assert str(caught.value) == expected


def test_bytes_that_are_no_text_can_be_printed(tmp_path: Path) -> None:
    """A file in another encoding is read, and what is said of it can be printed."""
    (tmp_path / "extensions.conf").write_bytes(b"[c]\nexten => 1,1,Stasis(B\xfcro\x1b[0m)\n")
    (finding,) = check([tmp_path / "extensions.conf"])
    assert "Stasis(B\ufffdro\ufffd[0m)" in str(finding).encode("utf-8").decode("utf-8")
    assert json.dumps(finding.json(), ensure_ascii=False).encode("utf-8")


# ---- nothing that stands in a file ends in a traceback or hangs ------------------

PIECES = st.sampled_from(
    [
        *(
            "exten => ",
            " same => ",
            "1",
            "_X",
            "s",
            ",",
            "n",
            "(a)",
            "+2",
            "2",
            "[c]\n",
            "[d]\n",
            "\n",
            "/1",
            "_[",
            "]",
        ),
        *("Stasis(a)", "Goto(", "GotoIf(", "Gosub(", "Return()", "ExecIf(", "TryExec(", "?", ":", ")", "a", "${X}"),
        *("${STASISSTATUS}", "$[", "Dial(x,,G(1))", "Wait(1)", "include => d", ".", "!", "-", "\udcff", "While(1)"),
    ]
)
REAL = [
    case["conf"] if "conf" in case else case["files"]["extensions.conf"]
    for file in ("dialplan_flow.json", "dialplan_patterns.json")
    for case in json.loads((VECTORS / file).read_text("utf-8"))
    if isinstance(case.get("conf") or case.get("files", {}).get("extensions.conf"), str)
]


@st.composite
def dialplans(draw: st.DrawFn) -> str:
    """Return pieces of a dialplan, or a real one with some cut out and put in."""
    if draw(st.booleans()):
        return "[c]\n" + draw(st.lists(PIECES, max_size=60).map("".join))
    text: str = draw(st.sampled_from(REAL))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.lists(PIECES, max_size=4).map("".join)) + text[at + draw(st.integers(0, 6)) :]
    return text


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(dialplans().map(lambda text: text.encode("utf-8", "surrogateescape")), st.binary()),
    st.sampled_from(["extensions.conf", "http.conf", "ari.conf"]),
    st.sampled_from(sorted(PROFILES)),
)
def test_nothing_in_a_file_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str, profile: str
) -> None:
    """Whatever stands there is checked, walked and printed."""
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_bytes(content)
    found = check([file], PROFILES[profile])
    assert "\n".join(lines(found)).encode("utf-8")
    if name == "extensions.conf":
        try:
            walked = walk(file, "1@c", connected=["a"], profile=PROFILES[profile])
        except InputError:
            return
        assert walked.text().encode("utf-8")
        assert json.dumps(walked.json(), ensure_ascii=False).encode("utf-8")


# ---- Asterisk's own samples ------------------------------------------------------

INSTALLED = Path("/etc/asterisk")
PACKED = Path("/usr/share/doc/asterisk-config/examples/configs")
SAMPLES = [
    *(path for name in FILES for path in [INSTALLED / name] if path.exists()),
    *sorted(path for name in ("http", "ari", "extensions") for path in PACKED.rglob(f"{name}.conf*.gz")),
]


@pytest.mark.skipif(not SAMPLES, reason="no sample files of Asterisk on this machine (Debian's asterisk-config)")
def test_asterisk_s_own_samples_can_be_checked(tmp_path: Path) -> None:
    """They are read without an error, and what is said of them can be printed."""
    for sample in SAMPLES:
        content = gzip.decompress(sample.read_bytes()) if sample.suffix == ".gz" else sample.read_bytes()
        file = tmp_path / f"{sample.name.partition('.')[0]}.conf"
        file.write_bytes(content)
        found = check([file])
        assert [str(each) for each in found if each.severity == "error"] == []
        assert list(lines(found))[-1]
