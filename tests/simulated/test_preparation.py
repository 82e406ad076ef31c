"""From a scenario to what runs it: what is refused, and what is only said."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from stasis_sim.errors import InputError
from stasis_sim.experiments.reopened import reopen
from stasis_sim.experiments.replications import run
from stasis_sim.experiments.reruns import rerun
from stasis_sim.report.pages import write_report
from stasis_sim.scenario import Scenario
from stasis_sim.simulated.preparation import prepare, stasis_apps

TEXT = """\
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
    exten => both,1,ExecIf($[1]?Stasis(Super-Conference,7))
     same => n,Stasis(${APP})
clients:
  ivr: {apps: [Intro-IVR, Super-Conference]}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 1min}
"""

GLOBAL = TEXT.replace("[default]", "[globals]\n    APP=Care\n    [default]").replace("Super-Conference]", "Care]")

ADMITTED = r"""
asterisk:
  ari: "[general]\n[a]\ntype=user\npassword=p\n"
  extensions: "[default]\nexten => ivr,1,Stasis(Intro-IVR)\n"
clients:
  ivr: {apps: Intro-IVR, user: a, password: p}
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 1min}
"""


def scenario(text: str = TEXT) -> Scenario:
    """A scenario by its text."""
    return Scenario.parse(text, name="s.yaml")


def refused(text: str) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(InputError) as caught:
        prepare(scenario(text))
    return str(caught.value).splitlines()


def test_apps_are_found_wherever_their_names_stand() -> None:
    """Also within ExecIf; a variable that gives the name stays, unless it is a global one."""
    assert stasis_apps(prepare(scenario()).configuration.dialplan) == ("Intro-IVR", "Super-Conference", "${APP}")
    assert stasis_apps(prepare(scenario(GLOBAL)).configuration.dialplan) == ("Intro-IVR", "Super-Conference", "Care")


def test_an_app_that_a_variable_names_in_part_is_not_known() -> None:
    """Half a name is no name."""
    text = TEXT.replace("Stasis(${APP})", "Stasis(Intro-${APP},1)")
    assert prepare(scenario(text)).apps == ("Intro-IVR", "Super-Conference")
    assert prepare(scenario(text)).warnings == ()


def test_an_app_that_a_global_variable_names_is_known() -> None:
    """Calls are handed to it, and one that nobody serves is said."""
    found = prepare(scenario(GLOBAL))
    assert found.apps == ("Intro-IVR", "Care", "Super-Conference")
    assert [warning.text for warning in found.warnings] == [
        "clients: the dialplan hands calls to Super-Conference, which no client serves"
    ]


@pytest.mark.parametrize(("served", "warned"), [("app-1-eu", False), ("bot-1-eu", True), ("app-1", True)])
def test_an_app_that_a_variable_may_name_is_no_slip(served: str, *, warned: bool) -> None:
    """What stands before and behind the variable fits, or does not."""
    text = TEXT.replace("${APP}", "app-${EXTEN}-eu").replace("[Intro-IVR,", f"[Intro-IVR, {served},")
    assert [f"hands calls to {served}" in each.text for each in prepare(scenario(text)).warnings] == [True] * warned


def test_what_a_hint_watches_is_no_application() -> None:
    """It runs nothing; what ExecIf runs does."""
    text = TEXT.replace(
        "    exten => both", "    exten => 5,hint,PJSIP/5\n    exten => 5,1,ExecIf(1?AGI(x))\n    exten => both"
    )
    assert [warning.text for warning in prepare(scenario(text)).warnings] == [
        "agi() is not in the model: calls end there, as if its module were not loaded"
    ]


def test_a_function_that_the_model_does_not_have_is_a_warning() -> None:
    """Each once, read or set, also where ExecIf sets it; those of another version too."""
    text = TEXT.replace(
        "Stasis(Intro-IVR)",
        "Stasis(Intro-IVR,${PJSIP_HEADER(read,X)},${LEN(${SHELL(ls)})})\n"
        "     same => n,Set(__TALK_DETECT(set)=)\n"
        "     same => n,ExecIf(1?Set(PJSIP_HEADER(add,Y)=${CALLERID(num)}))\n"
        "     same => n,ExecIf(1?Set(VOLUME(TX)=3))\n"
        "     same => n,Set(X=${TOLOWER(a)}(b)=c)",
    )
    found = [(warning.line, warning.text.split("()")[0]) for warning in prepare(scenario(text)).warnings]
    assert found == [(4, "PJSIP_HEADER"), (4, "SHELL"), (5, "TALK_DETECT"), (7, "VOLUME")]
    text = TEXT.replace("asterisk:", "asterisk:\n  profile: asterisk-16").replace("IVR)", "IVR,${TRIM(a)})", 1)
    old = prepare(scenario(text))
    assert [warning.text for warning in old.warnings] == [
        "TRIM() is no function of asterisk-16: it reads as empty, and what is set to it is lost"
    ]


def test_nothing_to_warn_of() -> None:
    """Every app stands on both sides."""
    assert prepare(scenario()).warnings == ()


def test_an_app_on_one_side_only_is_a_warning() -> None:
    """Both are legitimate, and both are often a slip; each at its place in the file."""
    warnings = prepare(scenario(TEXT.replace("[Intro-IVR, Super", "[intro-ivr, Super"))).warnings
    assert [str(warning) for warning in warnings] == [
        "s.yaml:8:9: clients.ivr.apps: no line of the dialplan hands calls to intro-ivr",
        "s.yaml:7:1: clients: the dialplan hands calls to Intro-IVR, which no client serves",
    ]


def test_a_fallback_that_is_nowhere_is_a_warning() -> None:
    """It would save nobody, and nothing else would tell; one of a dialplan that is loaded later is somewhere."""
    places = "fallback: [defaul, ivr@default, voicemail@default, late]\n"
    reload = 'faults: [{reload: asterisk, at: 1s, extensions: "[late]\\nexten => s,1,Hangup()\\n"}]\n'
    warnings = prepare(scenario(f"{TEXT}{places}{reload}")).warnings
    assert [warning.text for warning in warnings] == [
        "fallback.0: no context defaul in the dialplan, so it saves nobody; write default",
        "fallback.2: no extension voicemail in context default, so it saves nobody; write one that is there",
    ]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (
            "password: x",
            "6:35: clients.ivr.password: 401 Authentication required; write the password that ari.conf has for a",
        ),
        ("user: b, password: p", "6:26: clients.ivr.user: 401 Authentication required; write a user of ari.conf: a"),
        (
            "url: 'http://localhost:80/ari/events'",
            (
                "6:35: clients.ivr.url: connection refused: nobody listens at port 80, but at 8088; "
                "let url and http.conf agree"
            ),
        ),
        (
            "url: 'http://localhost:8088/ari/event'",
            "6:35: clients.ivr.url: 404 Resource not found; write a url that ends in /ari/events",
        ),
        (
            "url: 'https://localhost:8088/ari/events'",
            "6:35: clients.ivr.url: port 8088 is plain HTTP: the TLS handshake fails; let url and http.conf agree",
        ),
    ],
)
def test_a_client_that_is_never_let_in_is_a_warning(wrong: str, text: str) -> None:
    """With what Asterisk answers it, at the key that is to be looked at first."""
    keys = wrong if "user" in wrong else f"user: a, {wrong}"
    keys = keys if "password" in keys else f"{keys}, password: p"
    found = prepare(scenario(ADMITTED.replace("user: a, password: p", keys))).warnings
    assert [str(warning).replace("Asterisk never lets it in: ", "") for warning in found] == [f"s.yaml:{text}"]


def test_a_client_that_a_reload_lets_in_is_no_warning() -> None:
    """It comes back then; without the reload it never does."""
    shut = ADMITTED.replace("password: p}", "password: later}")
    reload = r'faults: [{reload: asterisk, at: 10s, ari: "[a]\ntype=user\npassword=later\n"}]'
    assert len(prepare(scenario(shut)).warnings) == 1
    assert prepare(scenario(f"{shut}{reload}\n")).warnings == ()


def test_a_fault_after_the_last_call_is_no_warning_where_the_run_waits_for_that() -> None:
    """With until: drained the end is not known."""
    late = TEXT.replace("run: {", "faults: [{drop: ivr, at: 2min}]\nrun: {")
    assert [warning.line for warning in prepare(scenario(late)).warnings] == [10]
    drained = late.replace("1min}", "1min, until: drained}").replace("{at: 1s}", "{at: 1s}, hold: 5s")
    assert prepare(scenario(drained)).warnings == ()


def test_all_calls_that_go_nowhere_are_said_together() -> None:
    """One line for each."""
    text = TEXT.replace("calls: [", "calls: [{to: a@default, arrivals: {at: 1s}}, {to: ivr@b, arrivals: {at: 1s}}, ")
    assert [line.partition(": ")[2] for line in refused(text)] == [
        "calls.0.to: no extension a in context default; write one that the dialplan has, or add it there",
        "calls.1.to: no context b in the dialplan; write one of its contexts: default",
    ]


def test_a_file_that_asterisk_discards_stops_the_run_unless_that_is_accepted() -> None:
    """accept_broken goes on without the file, as Asterisk would, and warns."""
    broken = TEXT.replace("asterisk:\n", 'asterisk:\n  ari: "[general\\nenabled = yes\\n"\n')
    (line,) = refused(broken)
    assert line.endswith("Asterisk uses nothing of this file")
    prepared = prepare(scenario(broken.replace("asterisk:\n", "asterisk:\n  accept_broken: true\n", 1)))
    assert any(str(warning) == line for warning in prepared.warnings)


def test_certificates_are_looked_for_only_on_demand() -> None:
    """`files: exist` takes them to be there; `check` finds that this one is not."""
    tls = 'asterisk:\n  files: FILES\n  http: "[general]\\nenabled=yes\\nbindaddr=0.0.0.0\\ntlsenable=yes\\n'
    tls += 'tlsbindaddr=0.0.0.0:8089\\ntlscertfile=/nowhere/asterisk.pem\\n"\n'
    usable = [
        prepare(scenario(TEXT.replace("asterisk:\n", tls.replace("FILES", files)))).configuration.http.tls_usable
        for files in ("exist", "check")
    ]
    assert usable == [True, False]


def test_each_engine_is_fresh() -> None:
    """Replications share the configuration and nothing else."""
    prepared = prepare(scenario())
    assert prepared.engine() is not prepared.engine()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("max_replications: 50", ["max_replications"]),
        ("precision_of: [missed_rate], max_replications: 50", ["precision_of", "max_replications"]),
        ("precision: 5%, precision_of: [missed_rate], max_replications: 50", []),
        ("precision_of: [ejection_rate], max_replications: 1000", []),
    ],
)
def test_what_belongs_to_a_precision_is_a_warning_without_one(keys: str, said: list[str]) -> None:
    """Nobody would ask for more replications; the defaults, which a scenario has that was written out, are no slip."""
    prepared = prepare(scenario(TEXT.replace("duration: 1min", f"duration: 1min, {keys}")))
    assert [str(warning).split(": ", 2)[1:] for warning in prepared.warnings] == [
        [f"run.{key}", "says nothing without precision; write precision: 5%, or remove it"] for key in said
    ]


def test_a_scenario_travels_to_other_processes() -> None:
    """It can be pickled, and is the same on the other side."""
    assert pickle.loads(pickle.dumps(scenario())) == scenario()  # noqa: S301 - our own bytes


LISTENING = """\
asterisk:
  profile: asterisk-22
  ari: |
    [general]
    [asterisk]
    type = user
    password = asterisk
    [out]
    type = outbound_websocket
    websocket_client_id = ivr
    apps = Intro-IVR,Super-Conference
    local_ari_user = asterisk
  websocket_client: |
    [ivr]
    type = websocket_client
    connection_type = per_call_config
    uri = ws://ivr:8765/
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Stasis(Super-Conference)
clients:
  ivr:
    apps: [Intro-IVR, Super-Conference]
    transport: outbound
calls: [{to: ivr@default, arrivals: {at: 1s}}]
run: {duration: 1min}
"""


def test_a_client_that_listens_is_led_to_by_both_files() -> None:
    """Nothing to warn of; both apps get a WebSocket for each call."""
    prepared = prepare(scenario(LISTENING))
    assert prepared.warnings == ()
    assert prepared.each_call == {"Intro-IVR", "Super-Conference"}


@pytest.mark.parametrize(
    ("old", "new", "texts"),
    [
        (
            "apps = Intro-IVR,Super-Conference",
            "apps = Intro-IVR",
            [
                (
                    "25:5: clients.ivr.transport: no outbound_websocket of ari.conf names Super-Conference; "
                    "add one, or write "
                    "transport: inbound"
                )
            ],
        ),
        (
            "apps: [Intro-IVR, Super-Conference]",
            "apps: [Intro-IVR]",
            [
                (
                    "3:3: asterisk.ari: [out] connects for Super-Conference, and no client listens; give one apps: "
                    "[Super-Conference] and transport: outbound"
                )
            ],
        ),
        (
            "websocket_client_id = ivr",
            "websocket_client_id = irv",
            [
                (
                    "3:3: asterisk.ari: [out] has no section irv in websocket_client.conf (got ivr); write one under "
                    "asterisk.websocket_client"
                )
            ],
        ),
        (
            "    [out]",
            (
                "    [first]\n    type = outbound_websocket\n    websocket_client_id = ivr\n    apps = Intro-IVR\n"
                "    local_ari_user = asterisk\n    [out]"
            ),
            ["3:3: asterisk.ari: [out] names Intro-IVR like [first]; let one section name it"],
        ),
        (
            "    apps: [Intro-IVR, Super-Conference]",
            "    apps: [Intro-IVR]\n    transport: outbound\n  bridge:\n    apps: [Super-Conference]",
            ["3:3: asterisk.ari: [out] leads to ivr and bridge; let it name apps of one client"],
        ),
        (
            "    transport: outbound",
            "    transport: outbound\n    reconnect: {constant: 2s}\n    subscribe_all: true\n    latency: 251ms",
            [
                (
                    "26:5: clients.ivr.reconnect: says nothing of a client that listens; remove it, and write "
                    "the timers into "
                    "websocket_client.conf"
                ),
                (
                    "27:5: clients.ivr.subscribe_all: says nothing of a client that listens; remove it, and write "
                    "subscribe_all = yes into ari.conf"
                ),
                (
                    "28:5: clients.ivr.latency: there and back is longer than connection_timeout of [ivr] "
                    "(got 502ms and "
                    "500ms); write less, or raise connection_timeout"
                ),
            ],
        ),
    ],
)
def test_what_does_not_lead_to_a_client_that_listens(old: str, new: str, texts: list[str]) -> None:
    """Sections and clients that do not fit are refused, each at its place."""
    assert refused(LISTENING.replace(old, new)) == [f"s.yaml:{text}" for text in texts]


def test_sections_that_nobody_listens_for_are_a_warning() -> None:
    """Where no client listens at all, Asterisk is taken not to connect."""
    prepared = prepare(scenario(LISTENING.replace("transport: outbound", "transport: inbound")))
    assert [str(warning) for warning in prepared.warnings] == [
        "s.yaml:3:3: asterisk.ari: [out] is an outbound WebSocket, and no client listens for it, so it is never there"
    ]
    assert prepared.each_call == frozenset()


def test_a_dialplan_need_not_be_utf_8_but_for_the_names_of_apps(tmp_path: Path) -> None:
    """Its bytes decide what the results are called; no client could write such a name into its URL."""
    plan = tmp_path / "extensions.conf"
    plan.write_bytes(b"[default]\nexten => ivr,1,NoOp(Gr\xfc\xdfe)\n same => n,Stasis(Intro-IVR)\n")
    text = TEXT[TEXT.index("clients:") :].replace(", Super-Conference", "").replace("at: 1s}", "at: 1s}, hold: 5s")
    found = Scenario.parse(f"asterisk: {{extensions: extensions.conf}}\n{text}", name="s.yaml", base=tmp_path)
    results = run(found, out=tmp_path / "results")
    assert list(results.calls["outcome"]) == ["served"]
    assert rerun(results.tree.path).same
    assert "Gr\ufffd\ufffde" in write_report(reopen([results.tree.path])[0]).read_text("utf-8").replace("?", "\ufffd")
    plan.write_bytes(b"[default]\nexten => ivr,1,Stasis(Gr\xfc)\n")
    other = Scenario.parse(f"asterisk: {{extensions: extensions.conf}}\n{text}", name="s.yaml", base=tmp_path)
    with pytest.raises(InputError, match=r"no client can serve an app with bytes that are no UTF-8 \(got Gr"):
        prepare(other)
