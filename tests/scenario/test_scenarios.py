"""A scenario file becomes a frozen object with units resolved, defaults filled in and files read."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from stasis_sim.errors import InputError
from stasis_sim.scenario import Scenario
from stasis_sim.scenario.actions import Answer, Continue, Hangup, Move, Play, Ring, Set, Wait
from stasis_sim.scenario.arrivals import At, Bursts, Daily, Every, FromCsv, Poisson
from stasis_sim.scenario.distributions import Constant, Exponential, Lognormal, Uniform
from stasis_sim.scenario.places import Place
from stasis_sim.scenario.quantities import Rate
from stasis_sim.scenario.reconnect import AtOnce, ConstantDelay, ExponentialBackoff, NoReconnect
from stasis_sim.scenario.service import Service
from stasis_sim.scenario.template import TEMPLATE

QUESTION = """\
title: What does a 20-second outage cost an IVR?
asterisk:
  profile: asterisk-22
  http: asterisk/http.conf
  ari: asterisk/ari.conf
  extensions: asterisk/extensions.conf
clients:
  ivr:
    apps: [Intro-IVR]
    url: http://asterisk:8088/ari/events
    user: asterisk
    password: asterisk
    service: {lognormal: {mean: 20ms, cv: 1}}
    on StasisStart: [answer, {play: {exponential: 4s}}, continue]
    reconnect: {exponential: {initial: 500ms, factor: 2, max: 30s, jitter: full}}
calls:
  - to: ivr@default
    arrivals: {poisson: 5/s}
    hold: {lognormal: {mean: 90s, cv: 1.2}}
faults:
  - drop: ivr
    every: {exponential: 10min}
    for: {exponential: 20s}
run: {duration: 1h, warmup: 5min, replications: 10, seed: 1}
expect:
  - Intro-IVR.ejection_rate <= 10% with 95%
"""
MINIMAL = "asterisk:\n  extensions: |\n    [default]\n    exten => s,1,Hangup()\nrun: {duration: 1h}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the three files beside which the question stands."""
    (tmp_path / "asterisk").mkdir()
    for name in ("http", "ari", "extensions"):
        (tmp_path / "asterisk" / f"{name}.conf").write_text(f"; {name}\n[general]\n")
    (tmp_path / "question.yaml").write_text(QUESTION)
    return tmp_path


def test_the_question_that_the_format_was_made_for_loads(folder: Path) -> None:
    """The example of the format loads as it stands, and means what it says."""
    scenario = Scenario.load(folder / "question.yaml")
    assert scenario.name == "question"
    assert scenario.asterisk.profile == "asterisk-22"
    assert scenario.asterisk.extensions.text == "; extensions\n[general]\n"
    assert scenario.asterisk.extensions.base == folder / "asterisk"
    client = scenario.clients["ivr"]
    assert client.apps == ("Intro-IVR",)
    assert client.service == Service(Lognormal(20_000, 1.0))
    assert [type(action) for action in client.on["StasisStart"]] == [Answer, Play, Continue]
    assert client.on["StasisStart"][1].time == Exponential(4_000_000)  # type: ignore[union-attr]
    policy = client.reconnect
    assert isinstance(policy, ExponentialBackoff)
    assert (policy.initial_us, policy.factor, policy.max_us, policy.jitter) == (500_000, 2.0, 30_000_000, "full")
    (source,) = scenario.calls
    assert (source.to, source.arrivals.rate) == (Place("default", "ivr"), Rate(5.0, "s"))  # type: ignore[union-attr]
    assert source.hold == Lognormal(90_000_000, 1.2)
    (fault,) = scenario.faults
    assert (fault.verb, fault.client, fault.every, fault.lasts) == (
        "drop",
        "ivr",
        Exponential(600_000_000),
        Exponential(20_000_000),
    )
    run = scenario.run
    assert (run.duration_us, run.warmup_us, run.replications, run.seed) == (3_600_000_000, 300_000_000, 10, 1)
    (line,) = scenario.expect
    assert (line.app, line.measure, line.op, line.value, line.confidence) == (
        "Intro-IVR",
        "ejection_rate",
        "<=",
        0.1,
        0.95,
    )


def test_defaults_are_these() -> None:
    """What a scenario does not say is filled in."""
    scenario = Scenario.parse(
        MINIMAL + "clients: {a: {apps: a}}\n"
        "calls: [{to: s@default, arrivals: {poisson: 1/s}}]\n"
        "faults: [{drop: a, at: 1s}, {crash: a, at: 1s}, {freeze: a, at: 1s}, {restart: asterisk, at: 1s}]\n"
    )
    asterisk, client, source = scenario.asterisk, scenario.clients["a"], scenario.calls[0]
    assert (asterisk.profile, asterisk.files, asterisk.accept_broken) == ("documented", "exist", False)
    assert (asterisk.sounds_us, asterisk.max_channels, asterisk.latency) == (
        {"default": 5_000_000},
        None,
        Constant(1000),
    )
    assert asterisk.clock_us == 1_767_571_200_000_000
    assert "enabled = yes" in asterisk.http.text
    assert "[asterisk]" in asterisk.ari.text
    assert (client.url, client.user, client.password) == ("http://localhost:8088/ari/events", "asterisk", "asterisk")
    assert (client.host, client.port, client.path, client.tls) == ("localhost", 8088, "/ari/events", False)
    assert (client.subscribe_all, client.start_us, client.instances, client.workers) == (False, 0, 1, 1)
    assert (client.service, client.latency, client.recover) == (Service(Constant(2000)), Constant(1000), "none")
    assert client.on == {"StasisStart": (Answer(),)}
    assert isinstance(client.reconnect, ConstantDelay)
    assert client.reconnect.delay_us(1000, 0.5) == 1_000_000
    assert (source.name, source.count, source.hold, source.patience, source.kind) == (
        "s@default",
        None,
        None,
        None,
        "sip",
    )
    assert (source.variables, source.caller_id) == ({}, "")
    assert [(fault.mode, fault.how, fault.start, fault.client) for fault in scenario.faults] == [
        ("refuse", "torn", None, "a"),
        ("refuse", None, Constant(1_000_000), "a"),
        (None, None, None, "a"),
        ("refuse", None, None, None),
    ]
    run = scenario.run
    assert (run.until, run.warmup_us, run.replications, run.seed, run.precision) == (None, 0, 1, 1, None)
    assert (run.record, run.engine) == ("all", "auto")
    assert (scenario.title, scenario.expect, scenario.fallback) == ("", (), ())


@pytest.mark.parametrize(
    ("clock", "wrong"),
    [
        ("1969-12-31", "before 1970 (got 1969-12-31)"),
        ("9999-12-31 23:59:59", "after 9000 (got 9999-12-31 23:59:59)"),
        ("2026-02-30", "not a date and time (got 2026-02-30)"),
    ],
)
def test_a_clock_that_no_calendar_has_during_the_run_is_refused(clock: str, wrong: str) -> None:
    """Asterisk counts from 1970 on, and years end with 9999."""
    with pytest.raises(InputError, match=re.escape(f"asterisk.clock: {wrong}; write ")):
        Scenario.parse(MINIMAL).where({"asterisk.clock": clock})


def test_every_kind_of_action_is_read() -> None:
    """Each action has its form, and the fields that it says."""
    scenario = Scenario.parse(
        MINIMAL + "clients:\n  a:\n    apps: [a, b]\n    on StasisStart:\n"
        "      - answer\n      - ring\n      - hangup\n      - hangup: busy\n      - continue\n"
        "      - continue: {context: c, extension: 100, label: x}\n      - play: 4s\n"
        "      - wait: {uniform: {low: 1s, high: 2s}}\n"
        "      - set: {A: 1, PIN: 0100}\n      - move: b\n      - answer:\n"
        "    on StasisEnd: hangup\n    on ChannelDtmfReceived: []\n"
    )
    on = scenario.clients["a"].on
    assert on["StasisStart"] == (
        Answer(),
        Ring(),
        Hangup(),
        Hangup(reason="busy"),
        Continue(),
        Continue(context="c", extension="100", label="x"),
        Play(time=Constant(4_000_000)),
        Wait(time=Uniform(1_000_000, 2_000_000)),
        Set(variables={"A": "1", "PIN": "0100"}),
        Move(app="b"),
        Answer(),
    )
    assert (on["StasisEnd"], on["ChannelDtmfReceived"]) == ((Hangup(),), ())


def test_every_kind_of_arrivals_is_read(tmp_path: Path) -> None:
    """Each kind of arrivals has its form, and the fields that it says."""
    (tmp_path / "times.csv").write_text("at_s,who\n2.5,a\n1,b\n")
    scenario = Scenario.parse(
        MINIMAL + "calls:\n"
        "  - {to: s@default, arrivals: {poisson: 300/min}}\n"
        "  - {to: s@default, arrivals: {every: 200ms}}\n"
        "  - {to: s@default, arrivals: {bursts: {on: 10s, off: {exponential: 1min}, rate: 20/s}}}\n"
        '  - {to: s@default, arrivals: {daily: {"08:00": 5/s, "00:00": 0/s}}}\n'
        "  - {to: s@default, arrivals: {at: [2s, 1s]}}\n"
        "  - {to: s@default, arrivals: {csv: times.csv}}\n"
        "  - {to: s@default, arrivals: {csv: {path: times.csv, column: at_s}}}\n"
        "  - {to: s@default, arrivals: {csv: times.csv, column: 1}}\n",
        base=tmp_path,
    )
    poisson, every, bursts, daily, at, *files = (source.arrivals for source in scenario.calls)
    assert isinstance(poisson, Poisson)
    assert poisson.rate == Rate(300.0, "min")
    assert isinstance(every, Every)
    assert every.gap == Constant(200_000)
    assert isinstance(bursts, Bursts)
    assert (bursts.on, bursts.off, bursts.rate) == (Constant(10_000_000), Exponential(60_000_000), Rate(20.0, "s"))
    assert isinstance(daily, Daily)
    assert daily.rates == ((0, Rate(0.0, "s")), (28_800_000_000, Rate(5.0, "s")))
    assert isinstance(at, At)
    assert at.at_us == (1_000_000, 2_000_000)
    for file in files:
        assert isinstance(file, FromCsv)
        assert file.at_us == (1_000_000, 2_500_000)
    assert [source.finite for source in scenario.calls] == [False] * 4 + [True] * 4


def test_sources_of_calls_have_names_of_their_own() -> None:
    """A source without a name is called what it dials, and numbered where that is taken."""
    source = "{to: s@default, arrivals: {poisson: 1/s}"
    scenario = Scenario.parse(MINIMAL + f"calls: [{source}}}, {source}, name: x}}, {source}}}, {source}}}]\n")
    assert [source.name for source in scenario.calls] == ["s@default", "x", "s@default (2)", "s@default (3)"]


def test_faults_happen_at_known_or_random_times(tmp_path: Path) -> None:
    """A fault happens at instants, or at intervals, or when a CSV file says."""
    (tmp_path / "times.csv").write_text("10\n5\n")
    scenario = Scenario.parse(
        MINIMAL + "clients: {a: {apps: a}}\nfaults:\n"
        "  - {drop: a, at: [10min, 5min], how: closed}\n  - {partition: a, every: 1h, for: 20s, mode: blackhole}\n"
        "  - {freeze: a, csv: times.csv, for: 5s}\n  - {restart: a, at: 1h, start: 3s}\n"
        "  - {restart: asterisk, at: 1h, for: 8s}\n",
        base=tmp_path,
    )
    drop, partition, freeze, restart, asterisk = scenario.faults
    assert (drop.at_us, drop.how) == ((300_000_000, 600_000_000), "closed")
    assert (partition.every, partition.lasts, partition.mode) == (
        Constant(3_600_000_000),
        Constant(20_000_000),
        "blackhole",
    )
    assert freeze.csv is not None
    assert freeze.csv.at_us == (5_000_000, 10_000_000)
    assert (restart.client, restart.start) == ("a", Constant(3_000_000))
    assert (asterisk.client, asterisk.target, asterisk.lasts) == (None, "asterisk", Constant(8_000_000))


@pytest.mark.parametrize(
    ("text", "kind", "delays"),
    [
        ("none", NoReconnect, [None, None]),
        ("at_once", AtOnce, [0, 0]),
        ("{constant: 1s}", ConstantDelay, [1_000_000, 1_000_000, 1_000_000]),
        ("{constant: {delay: 1s, attempts: 2, jitter: equal}}", ConstantDelay, [750_000, 750_000, None]),
        ("{exponential: {initial: 1s, max: 5s}}", ExponentialBackoff, [1_000_000, 2_000_000, 4_000_000, 5_000_000]),
        (
            "{exponential: {initial: 1s, factor: 1.5, attempts: 3, jitter: full}}",
            ExponentialBackoff,
            [500_000, 750_000, 1_125_000, None],
        ),
        ("{exponential: 20s}", ExponentialBackoff, [20_000_000, 30_000_000]),
    ],
)
def test_a_reconnect_policy_says_how_long_to_wait(text: str, kind: type, delays: list[int | None]) -> None:
    """A policy says how long to wait before each attempt, and when to give up."""
    scenario = Scenario.parse(MINIMAL + f"clients: {{a: {{apps: a, reconnect: {text}}}}}\n")
    policy = scenario.clients["a"].reconnect
    assert isinstance(policy, kind)
    assert [policy.delay_us(attempt, 0.5) for attempt in range(1, len(delays) + 1)] == delays


def test_a_backoff_stays_at_its_maximum_for_ever() -> None:
    """A backoff does not overflow, however many attempts it has made."""
    policy = ExponentialBackoff.model_validate({"initial": "1s", "factor": 1000, "max": "30s"})
    assert policy.delay_us(10**6, 0.5) == 30_000_000


def test_text_inside_the_scenario_keeps_its_lines() -> None:
    """Messages about a block of text name the line of the scenario; the text itself is as written."""
    conf = Scenario.parse(MINIMAL, name="a.yaml").asterisk.extensions
    assert conf.name == "a.yaml"
    assert conf.text.splitlines()[3] == "exten => s,1,Hangup()"
    assert MINIMAL.splitlines()[3].strip() == "exten => s,1,Hangup()"
    assert conf.content == conf.written == "[default]\nexten => s,1,Hangup()\n"


def test_text_on_one_line_is_told_from_a_path() -> None:
    """A section's header makes a text of a value without line breaks."""
    conf = Scenario.parse(
        "asterisk: {extensions: '[default]'}\nrun: {duration: 1h}\n", name="a.yaml"
    ).asterisk.extensions
    assert (conf.name, conf.text, conf.embedded) == ("a.yaml asterisk.extensions", "[default]", True)


def test_keys_that_begin_with_x_are_for_anchors() -> None:
    """A top key that begins with x- holds anchors and says nothing itself."""
    scenario = Scenario.parse(
        "x-client: &client {apps: [a], workers: 3}\n"
        + MINIMAL
        + "clients: {a: {<<: *client}, b: {<<: *client, apps: [b]}}\n"
    )
    assert [(client.apps, client.workers) for client in scenario.clients.values()] == [(("a",), 3), (("b",), 3)]


def test_overrides_win_over_the_file(folder: Path) -> None:
    """Overrides are applied before validation, from the command line or from Python."""
    for overrides in (["run.seed=7", "faults.0.for=20s"], {"run.seed": 7, "faults.0.for": "20s"}):
        scenario = Scenario.load(folder / "question.yaml", overrides)
        assert scenario.run.seed == 7
        assert scenario.faults[0].lasts == Constant(20_000_000)


def test_a_scenario_can_be_varied(folder: Path) -> None:
    """where() gives the same scenario with other values, and leaves the first as it is."""
    scenario = Scenario.load(folder / "question.yaml")
    varied = scenario.where({"asterisk.profile": "asterisk-16", "faults": []})
    assert (varied.asterisk.profile, varied.faults, varied.clients) == ("asterisk-16", (), scenario.clients)
    assert scenario.asterisk.profile == "asterisk-22"
    assert scenario.where({}) == scenario
    with pytest.raises(InputError, match=r"^run.seed: not a whole number \(got x\)"):
        scenario.where(["run.seed=x"])


def test_a_scenario_can_be_given_another_dialplan(folder: Path) -> None:
    """As a path, or as its text, which is no YAML: with a section first, a comment, or several lines."""
    scenario = Scenario.load(folder / "question.yaml")
    (folder / "other.conf").write_text("[default]\nexten => 1,1,NoOp()\n", "utf-8")
    assert scenario.where({"asterisk.extensions": Path("other.conf")}).asterisk.extensions.written == "other.conf"
    for text in ("[default]\nexten => 1,1,Stasis(a)\n", "; mine\n[default]\nexten => 1,1,Stasis(a)", "[default]"):
        for overrides in ({"asterisk.extensions": text}, [f"asterisk.extensions={text}"]):
            assert scenario.where(overrides).asterisk.extensions.content == text
    block = scenario.where(["asterisk.extensions=|\n  [default]\n  exten => 1,1,Stasis(a)\n"])
    assert block.asterisk.extensions.content == "[default]\nexten => 1,1,Stasis(a)\n"
    again = {"reload": "asterisk", "at": "1min", "extensions": "other.conf"}
    varied = scenario.where({"faults": [again]}).where({"faults.0.extensions": "[default]\nexten => 2,1,NoOp()\n"})
    assert varied.faults[0].extensions is not None
    assert varied.faults[0].extensions.content.endswith("exten => 2,1,NoOp()\n")


def test_a_scenario_can_be_made_from_plain_data() -> None:
    """What a file would say can come from Python."""
    data = {"asterisk": {"extensions": "[default]\n"}, "run": {"duration": "1h"}}
    assert Scenario.of(data) == Scenario.parse("asterisk: {extensions: '[default]\n\n'}\nrun: {duration: 1h}\n")
    with pytest.raises(InputError) as caught:
        Scenario.of({**data, "run": {"duration": 30}}, name="notebook")
    assert str(caught.value) == "notebook: run.duration: no unit (got 30); write 30s"


def test_problems_found_later_have_their_place(folder: Path) -> None:
    """Whoever finds a fault in a value later can say where it stands."""
    scenario = Scenario.load(folder / "question.yaml")
    problem = scenario.problem(("calls", 0, "to"), "no such extension (got ivr@default); write one of 100, 200")
    assert str(problem) == (
        f"{folder / 'question.yaml'}:17:5: calls.0.to: no such extension (got ivr@default); write one of 100, 200"
    )


def test_a_scenario_is_frozen() -> None:
    """Nothing can be assigned to a scenario."""
    scenario = Scenario.parse(MINIMAL)
    with pytest.raises(ValidationError, match="frozen"):
        scenario.run.seed = 5


def test_a_scenario_travels_between_processes(folder: Path) -> None:
    """A scenario can be pickled, and is equal on the other side."""
    scenario = Scenario.load(folder / "question.yaml")
    assert pickle.loads(pickle.dumps(scenario)) == scenario  # noqa: S301 - our own bytes


def test_the_starter_scenario_loads() -> None:
    """The scenario that `stasis-sim new` writes loads as it stands."""
    assert Scenario.parse(TEMPLATE).clients["ivr"].apps == ("Intro-IVR",)


def test_the_digest_is_of_what_decides_the_results(folder: Path) -> None:
    """Title, expectations, comments and names of files change no digest; values and what files hold do."""
    scenario = Scenario.load(folder / "question.yaml")
    source = scenario.digest_source()
    (folder / "asterisk" / "again.conf").write_text("; extensions\n[general]\n")
    same = {"title": "Other", "expect": [], "asterisk.extensions": "asterisk/again.conf"}
    assert scenario.where(same).digest_source() == source
    assert scenario.where({"run.seed": 2}).digest_source() != source
    assert scenario.where({"asterisk.profile": "asterisk-16"}).digest_source() != source
    (folder / "asterisk" / "extensions.conf").write_text("; other\n[general]\n")
    assert Scenario.load(folder / "question.yaml").digest_source() != source


def test_loading_takes_none_of_the_heavy_libraries() -> None:
    """Reading a scenario loads neither pandas nor SciPy, pyarrow, matplotlib or SimPy."""
    code = (
        "import sys; from stasis_sim.scenario import Scenario; from stasis_sim.scenario.template import TEMPLATE;"
        "Scenario.parse(TEMPLATE);"
        "print([name for name in ('pandas', 'scipy', 'pyarrow', 'matplotlib', 'simpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
