"""A line of expect: reads as app, measure, operator, value and confidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from stasis_sim.errors import InputError
from stasis_sim.observe.catalogue import MEASURES, lookup, spellings
from stasis_sim.scenario import Scenario
from stasis_sim.scenario.expect import expectation
from stasis_sim.scenario.measured import OPEN, scope_and_measure


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Intro-IVR.ejection_rate <= 10% with 95%", ("Intro-IVR", "ejection_rate", "<=", 0.1, 0.95)),
        ("calls.outcome.dropped == 0", (None, "calls.outcome.dropped", "==", 0.0, None)),
        ("ejection_rate<0.05", (None, "ejection_rate", "<", 0.05, None)),
        ("handoff_s.p95 < 300ms", (None, "handoff_s.p95", "<", 0.3, None)),
        ("handoff_s >= 0.3", (None, "handoff_s", ">=", 0.3, None)),
        ("outages.longest_s <= 2min with 99%", (None, "outages.longest_s", "<=", 120.0, 0.99)),
        ("calls.share.dropped > 5%", (None, "calls.share.dropped", ">", 0.05, None)),
        ("my.app.events.missed.StasisStart != 3", ("my.app", "events.missed.StasisStart", "!=", 3.0, None)),
        ("  ivr.commands.failed   ==   0  ", ("ivr", "commands.failed", "==", 0.0, None)),
    ],
)
def test_a_line_says_what_is_compared_with_what(
    text: str, parts: tuple[str | None, str, str, float, float | None]
) -> None:
    """A line reads as app or client, measure, operator, value in the measure's unit, and confidence."""
    line = expectation(text)
    assert (line.app, line.measure, line.op, line.value, line.confidence) == parts
    assert line.text == text.strip()


@pytest.mark.parametrize(
    ("op", "holds"),
    [("<=", "LE"), ("<", "L"), ("==", "E"), ("!=", "LG"), (">=", "EG"), (">", "G")],
)
def test_an_operator_compares_what_was_seen(op: str, holds: str) -> None:
    """Each operator holds for the numbers less than, equal to or greater than the value that it is for."""
    line = expectation(f"calls {op} 5")
    assert [line.holds(4), line.holds(5), line.holds(6)] == ["L" in holds, "E" in holds, "G" in holds]


def scenario(dialplan: str, expect: str, base: Path = Path()) -> Scenario:
    """Return a scenario with one client, and one line that it expects."""
    data = {
        "asterisk": {"extensions": f"[default]\n{dialplan}\n"},
        "clients": {"bot": {"apps": "Intro-IVR", "instances": 2, "on StasisStart": [{"move": "Moved"}]}},
        "run": {"duration": "1h"},
        "expect": expect,
    }
    return Scenario.of(data, base=base)


@pytest.mark.parametrize("scope", ["Intro-IVR", "bot", "bot#2", "Nobodys", "Second", "Moved"])
def test_apps_that_nobody_serves_have_measures_too(scope: str) -> None:
    """What the dialplan and the clients hand calls to may be expected something of, and each instance of a client."""
    lines = 'exten => ivr,1,Stasis(Nobodys)\nexten => ivr,2,ExecIf($["${X}"="1"]?Stasis("Second",x))'
    measure = "connections" if scope.startswith("bot") else "ejection_rate"
    assert scenario(lines, f"{scope}.{measure} <= 0.5").expect[0].app == scope


def test_an_app_that_only_the_call_will_tell_may_have_any_name() -> None:
    """With a variable in Stasis(), or a part of the dialplan that is not at hand, no name is refused."""
    with pytest.raises(InputError, match=r"no such app or client \(got Sales\)"):
        scenario("exten => ivr,1,Stasis(Intro-IVR)", "Sales.ejection_rate == 0")
    for lines in ("exten => ivr,1,Stasis(${APP})", "exten => ivr,1,Stasis(Intro-IVR)\n#include more/*.conf"):
        assert scenario(lines, "Sales.ejection_rate == 0").expect[0].app == "Sales"


def test_an_app_of_a_dialplan_that_is_included_or_loaded_later_is_known(tmp_path: Path) -> None:
    """A name in an included file counts, and one in a dialplan that a reload reads."""
    (tmp_path / "more.conf").write_text("exten => ivr,2,Stasis(Included)\n", "utf-8")
    found = scenario("#include more.conf", "Included.ejection_rate == 0", tmp_path)
    assert found.expect[0].app == "Included"
    later = {"reload": "asterisk", "at": "1s", "extensions": "[default]\nexten => ivr,1,Stasis(Later)\n"}
    assert found.where({"faults": [later], "expect": "Later.ejection_rate == 0"}).expect[0].app == "Later"


def test_every_name_that_a_measure_can_have_is_one() -> None:
    """What messages may suggest, an expectation may say, and the measure is the one of the list."""
    names = list(spellings(OPEN))
    assert {lookup(name) for name in names} == set(MEASURES)
    for name in names:
        assert scope_and_measure(f"my.app.{name}") == ("my.app", name)
