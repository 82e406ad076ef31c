"""From a scenario to what runs it: what is refused, and what is only said."""

from __future__ import annotations

import pickle

import pytest

from stasis_sim.errors import InputError
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


def scenario(text: str = TEXT) -> Scenario:
    """A scenario by its text."""
    return Scenario.parse(text, name="s.yaml")


def refused(text: str) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(InputError) as caught:
        prepare(scenario(text))
    return str(caught.value).splitlines()


def test_apps_are_found_wherever_their_names_stand() -> None:
    """Also within ExecIf; not where a variable gives the name."""
    assert stasis_apps(prepare(scenario()).configuration.dialplan) == ("Intro-IVR", "Super-Conference")


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


def test_a_scenario_travels_to_other_processes() -> None:
    """It can be pickled, and is the same on the other side."""
    assert pickle.loads(pickle.dumps(scenario())) == scenario()  # noqa: S301 - our own bytes
