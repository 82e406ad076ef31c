"""Stories of operators who change files while Asterisk runs."""

from __future__ import annotations

import pytest

from stasis_sim.errors import InputError
from stasis_sim.experiments.inputs import conf_texts
from stasis_sim.scenario import Scenario
from stasis_sim.simulated.preparation import prepare
from tests.stories.stage import FORGETFUL, MS, PROFILES, S, Stage

TWO = """
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Wait(4)
     same => n,Stasis(Intro-IVR)
     same => n,Hangup()
clients:
  ivr: {apps: Intro-IVR, on StasisStart: [answer, {wait: 10s}, continue]}
  ivr-2: {apps: Intro-IVR-2, on StasisStart: [answer, {wait: 10s}, continue]}
calls: [{to: ivr@default, arrivals: {at: [1s, 8s, 12s]}, kind: local}]
faults:
  - reload: asterisk
    at: 10s
    extensions: |
      [default]
      exten => ivr,1,Wait(4)
       same => n,Stasis(Intro-IVR-2)
       same => n,Wait(1)
       same => n,Hangup(17)
run: {duration: 60s}
"""
"""At the reload the first call is inside, the second in its Wait(), and the third has not come."""


@pytest.mark.parametrize("profile", PROFILES)
def test_the_next_step_is_that_of_the_new_dialplan(profile: str) -> None:
    """Who is inside stays, and goes on in the new dialplan; who waits before Stasis() is handed to the new app."""
    story = Stage(TWO, profile)
    assert [attempt.app for attempt in story.attempts] == ["Intro-IVR", "Intro-IVR-2", "Intro-IVR-2"]
    assert {call.hangup_cause for call in story.calls} == {17}
    assert story.calls[0].attempts[0].left == story.calls[0].ended - 1 * S  # type: ignore[operator]
    assert story.touched == (1,)


def test_where_the_extension_is_gone_the_call_ends() -> None:
    """The one who waits in it, and the one whom the app sends back, find nothing there."""
    story = Stage(TWO.replace("      exten => ivr,1,Wait(4)\n", "      exten => other,1,Wait(4)\n"))
    assert [call.ended for call in story.calls] == [15 * S + 7 * MS, 12 * S, 12 * S]
    assert len(story.attempts) == 1


USERS = """
asterisk:
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Hangup()
  ari: |
    [general]
    [old]
    type = user
    password = asterisk
clients: {{ivr: {{apps: Intro-IVR, user: old, reconnect: {{constant: 2s}}{keys}}}}}
calls: [{{to: ivr@default, arrivals: {{at: [1s, 12s]}}, kind: local}}]
faults:
  - reload: asterisk
    at: 10s
    ari: |
      [general]
      [new]
      type = user
      password = asterisk
  - {{drop: ivr, at: {drop}}}
run: {{duration: 30s}}
"""


@pytest.mark.parametrize("profile", PROFILES)
def test_a_user_who_is_gone_hears_and_can_do_nothing(profile: str) -> None:
    """His WebSocket stands, calls enter and he hears of them, but each request is 401 from then on."""
    story = Stage(USERS.format(keys="", drop="1h"), profile)
    assert story.tries() == [(0, None, "")]
    assert story.results == ["entered", "entered"]
    assert [(path, status) for _, _, path, status in story.requests()] == [("c1/answer", 204), ("c2/answer", 401)]
    assert story.fates("StasisStart") == ["delivered", "delivered"]


@pytest.mark.parametrize("profile", FORGETFUL)
def test_a_user_who_is_gone_does_not_come_back(profile: str) -> None:
    """What nobody noticed at the reload shows with the next loss: every try is refused."""
    story = Stage(USERS.format(keys="", drop="20s"), profile)
    tries = story.tries()
    assert tries[0] == (0, 20 * S, "torn")
    assert [how for _, _, how in tries[1:]] == ["refused: bad_credentials"] * 4
    assert story.away()[1:] == [(20 * S, None, "torn")]


def test_a_program_that_catches_no_error_dies_of_a_missing_user() -> None:
    """Its next command is its last, and its supervisor cannot help it."""
    story = Stage(USERS.format(keys=", on_error: crashes, supervisor: 5s", drop="1h"), "asterisk-22")
    assert [cause for _, _, cause in story.away()] == ["start", "crash"]
    assert {how for _, _, how in story.tries()[1:]} == {"refused: bad_credentials"}


def test_a_reload_of_what_is_there_touches_nothing() -> None:
    """The operator forgot to change the file, and the second reload of the same file changes nothing more."""
    text = TWO.replace("    at: 10s\n", "    at: [10s, 20s]\n")
    assert Stage(text).touched == (1,)
    same = (
        "      [default]\n      exten => ivr,1,Wait(4)\n       same => n,Stasis(Intro-IVR)\n       same => n,Hangup()\n"
    )
    start = text.index("      [default]\n      exten")
    assert Stage(text[:start] + same + text[text.index("run:") :]).touched == (0,)


def test_global_variables_live_on() -> None:
    """What a call has set before the reload is there after it, unless the new file sets it."""
    story = Stage(
        """
asterisk:
  extensions: |
    [globals]
    APP = Intro-IVR
    [default]
    exten => ivr,1,Set(GLOBAL(TRIES)=7)
     same => n,Stasis(${APP})
     same => n,Hangup()
clients: {ivr: {apps: [Intro-IVR, Other], on StasisStart: [answer, continue]}}
calls: [{to: ivr@default, arrivals: {at: [1s, 12s]}, kind: local}]
faults:
  - reload: asterisk
    at: 10s
    extensions: |
      [globals]
      APP = Other
      [default]
      exten => ivr,1,Stasis(${APP},${TRIES})
       same => n,Hangup()
run: {duration: 30s}
"""
    )
    assert [(attempt.app, attempt.args) for attempt in story.attempts] == [("Intro-IVR", ()), ("Other", ("7",))]


def test_what_a_reload_stumbles_over_is_said_with_its_place() -> None:
    """A line of the new file is named as one of the scenario; where it is discarded whole, the run does not begin."""
    scenario = Scenario.parse(TWO.replace("same => n,Stasis(Intro-IVR-2)", "same => n,Nonsense()"), name="a.yaml")
    warnings = [str(each) for each in prepare(scenario).warnings]
    assert [text for text in warnings if "Nonsense" in text] == [
        "a.yaml:18: Nonsense() is not in the model: calls end there, as if its module were not loaded"
    ]
    branch = TWO.replace("same => n,Stasis(Intro-IVR-2)", "same => n,If(1)")
    for version, said in (("22", []), ("16", ["a.yaml:19: If() is no application of asterisk-16: calls end there"])):
        text = branch.replace("asterisk:\n", f"asterisk:\n  profile: asterisk-{version}\n", 1)
        scenario = Scenario.parse(text, name="a.yaml")
        assert [text for text in map(str, prepare(scenario).warnings) if " If() " in text] == said
    broken = Scenario.parse(TWO.replace("      [default]\n      exten", "      [default\n      exten"), name="a.yaml")
    with pytest.raises(InputError, match=r"a\.yaml:16: "):
        prepare(broken)


def test_asterisks_own_websockets_are_not_reloaded() -> None:
    """A reload that would open one is refused."""
    lines = ("[out]", "type = outbound_websocket", "websocket_client_id = x", "apps = a", "local_ari_user = new")
    outbound = "".join(f"      {line}\n" for line in lines)
    text = USERS.format(keys="", drop="1h").replace("      [new]\n", f"{outbound}      [new]\n")
    with pytest.raises(
        InputError, match=r"story:17:5: faults\.0\.ari: Asterisk's own WebSockets open at its start only"
    ):
        prepare(Scenario.parse(text, name="story"))


def test_what_a_reload_reads_decides_the_results() -> None:
    """Another file gives another digest, also where its name is the same."""
    one, two = Scenario.parse(TWO), Scenario.parse(TWO.replace("Hangup(17)", "Hangup(18)"))
    assert one.digest_source() != two.digest_source()
    assert "Hangup(17)" in conf_texts(one)["faults.0.extensions"]


def test_while_asterisk_boots_the_new_files_are_what_it_finds() -> None:
    """A change during the boot counts when it is back."""
    text = TWO.replace("faults:\n", "faults:\n  - {restart: asterisk, at: 9s, for: 2s}\n")
    assert [attempt.app for attempt in Stage(text).attempts] == ["Intro-IVR", "Intro-IVR-2"]
