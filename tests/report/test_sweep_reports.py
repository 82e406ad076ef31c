"""A sweep as a table, a sentence and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stasis_sim.errors import InputError
from stasis_sim.experiments.sweeps import Swept, design, sweep
from stasis_sim.observe.intervals import Interval
from stasis_sim.observe.metrics import Measures
from stasis_sim.report.pictures import save
from stasis_sim.report.sweep_figure import figure
from stasis_sim.report.sweeps import Place, answer, check_measures, first, listing, picture, places, telling
from tests.experiments.small import small

POLICIES = ["at_once", {"constant": "2s"}]


def swept(over: Mapping[str, object], latin_hypercube: int | None = None, **overrides: Any) -> Swept:
    """Return a small sweep."""
    return sweep(design(small(**overrides), over, latin_hypercube))


def test_the_table_has_a_row_for_each_point() -> None:
    """Keys are called by as much of their end as tells them apart; measures have their intervals."""
    found = swept({"faults.0.for": ["5s", "15s"], "clients.ivr.reconnect": POLICIES})
    head, rule, *rows = listing(found, ["ejection_rate", "Intro-IVR.orphaned"]).splitlines()
    assert head.split() == ["for", "reconnect", "ejection_rate", "Intro-IVR.orphaned"]
    assert set(rule) == {"─"}
    assert [row.split("   ")[0].strip() for row in rows] == ["5s", "5s", "15s", "15s"]
    assert "{constant: 2s}" in rows[1]
    assert all("±" in row for row in rows)


def test_keys_that_end_alike_are_told_apart() -> None:
    """Two faults have a `for` each."""
    scenario = small(warmup="1s").where({"faults.1": {"drop": "ivr", "at": "40s", "for": "2s"}})
    found = sweep(design(scenario, {"faults.0.for": ["5s"], "faults.1.for": ["2s", "3s"]}))
    assert listing(found, ["calls"]).split()[:2] == ["faults.0.for", "faults.1.for"]


def test_the_answer_names_the_best_and_the_worst_and_their_paired_difference() -> None:
    """With the same callers a difference is narrower than its parts, so it can be sure where intervals overlap."""
    said = answer(swept({"faults.0.for": ["5s", "15s"]}, replications=12), "ejection_rate")
    assert said.startswith("ejection_rate is least, ")
    assert "at for = 5s, and most, " in said
    assert "at for = 15s; with the same callers the difference is " in said
    assert said.endswith(" points.")


def test_the_answer_says_what_may_be_chance() -> None:
    """Where the interval of the difference has nought in it, and where one replication says nothing about that."""
    close = {"calls.0.patience": ["2900ms", "3s"]}
    assert "may be chance" in answer(swept(close), "handoff_s.max") or "at all points" in answer(
        swept(close), "handoff_s.max"
    )
    alone = answer(swept({"faults.0.for": ["5s", "15s"]}, replications=1), "ejection_rate")
    assert alone.endswith("one replication does not say how sure that is.")


def test_replications_without_a_pair_say_nothing_of_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the two points has the measure, in replications of which the other has none."""

    def replications(_: Swept, position: int) -> list[Measures]:
        values = [0.1, None] if position else [None, 0.1]
        return [{"total": {"ejection_rate": each}, "apps": {}, "clients": {}} for each in values]

    found = swept({"faults.0.for": ["5s", "15s"]})
    monkeypatch.setattr(Swept, "replications", replications)
    said = answer(found, "ejection_rate")
    assert said.endswith("; no replication has both, so that none says how sure that is.")


def test_who_never_comes_back_does_not_return_soonest() -> None:
    """The mean time to return leaves out outages that never end, and has no value where all are such: both are said."""
    scenario = small(warmup="1s").where({"faults.1": {"drop": "ivr", "at": "40s", "for": "2s"}, "faults.0.for": "1s"})
    once = {"constant": {"delay": "1s", "attempts": 1}}
    found = sweep(design(scenario, {"clients.ivr.reconnect": [once, {"constant": "4s"}], "faults.1.for": ["3s"]}))
    assert answer(found, "recovery_s").endswith(
        " Where it is least 1 of 2 outages were not over at the end, and are left out."
    )
    found = sweep(design(scenario, {"clients.ivr.reconnect": ["none", "at_once", {"constant": "4s"}]}))
    assert answer(found, "recovery_s").endswith(" At 1 of 3 points there is nothing to measure it by.")


def test_lost_callers_are_shown_where_ejections_do_not_tell() -> None:
    """A dialplan that tries again ejects more and loses fewer; without such a one ejections are enough."""
    dialplan = "[default]\nexten => ivr,1(try),Stasis(Intro-IVR)\n"
    again = f'{dialplan} same => n,GotoIf($["${{STASISSTATUS}}" = "SUCCESS"]?done)\n same => n,Wait(2)\n'
    again += " same => n,Goto(try)\n same => n(done),Hangup()\n"
    found = sweep(design(small(), {"asterisk.extensions": [dialplan, again]}))
    assert first(found) == ["callers.lost", "ejection_rate"]
    assert telling(found)[:2] == ["callers.lost", "ejection_rate"]
    least, most = (place.interval["mean"] for place in places(found, "ejection_rate"))
    lost, fewer = (place.interval["mean"] for place in places(found, "callers.lost"))
    assert None not in (least, most, lost, fewer)
    assert (least or 0) < (most or 0)
    assert (lost or 0) > (fewer or 0)
    assert first(swept({"faults.0.for": ["5s", "15s"]})) == ["ejection_rate"]


def test_what_no_point_changes_is_said() -> None:
    """As is what was nowhere there to be measured."""
    found = swept({"faults.0.for": ["5s", "15s"]})
    assert answer(found, "calls").endswith(" at all points.")
    assert answer(found, "stranded_s") == "stranded_s: nothing to measure it by at any point."


@pytest.mark.parametrize(
    ("over", "points", "labels"),
    [
        ({"faults.0.for": ["5s", "15s", "25s"]}, None, ("for (s)", "ejection rate (%)")),
        ({"faults.0.for": ["5s", "15s"], "clients.ivr.reconnect": POLICIES}, None, ("for (s)", "ejection rate (%)")),
        ({"clients.ivr.reconnect": POLICIES}, None, ("ejection rate (%)", "reconnect")),
        ({"faults.0.for": ["5s", "10s", "15s"], "calls.0.hold": ["1s", "5s", "9s"]}, None, ("for", "hold")),
        ({"faults.0.for": "5s..20s", "calls.0.hold": "1s..9s"}, 5, ("for (s)", "ejection rate (%)")),
        ({"faults.0.for": ["5s"]}, None, ("ejection rate (%)", "")),
    ],
    ids=["curve", "curves", "intervals", "map", "clouds", "one point"],
)
def test_each_kind_of_sweep_has_its_picture(
    over: dict[str, object], points: int | None, labels: tuple[str, str], tmp_path: Path
) -> None:
    """Axes have their units, the title is the answer, and equal pictures are equal files."""
    found = swept(over, points)
    drawn = picture(found, "ejection_rate")
    axes = drawn.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == labels
    own = picture(found, "Intro-IVR.ejection_rate")
    assert "Intro-IVR: ejection rate (%)" in {axes.get_xlabel() for axes in own.axes} | {
        axes.get_ylabel() for axes in own.axes
    }
    title = drawn.get_suptitle().replace("\n", " ")
    assert title == answer(found, "ejection_rate")
    for name in ("a.png", "b.png"):
        save(picture(found, "ejection_rate"), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    "over", [{"faults.0.for": ["5s", "15s"]}, {"clients.ivr.reconnect": POLICIES}], ids=["curve", "intervals"]
)
def test_an_axis_of_shares_ends_where_shares_do(over: dict[str, object]) -> None:
    """However wide the interval of a few replications is."""
    found, wide = swept(over), Interval(mean=0.5, low=-1.5, high=2.5, n=2)
    short = {key: key for key in over}
    shown = [Place(place.settings, wide) for place in places(found, "ejection_rate")]
    axes = figure(found, "ejection_rate", shown, short, "").axes[0]
    assert (axes.get_ylim() if "faults.0.for" in over else axes.get_xlim()) == (-5.0, 105.0)
    axes = figure(found, "calls", shown, short, "").axes[0]
    low, high = axes.get_ylim() if "faults.0.for" in over else axes.get_xlim()
    assert (low, high) == pytest.approx((-0.05 * high, high))
    assert 2.5 <= high < 3


def test_points_of_a_hypercube_end_where_shares_do() -> None:
    """Their axis need not begin at nought, but no share is below it."""
    over = {"faults.0.for": "5s..20s", "calls.0.hold": "1s..9s"}
    found, short = swept(over, 4), {key: key for key in over}
    wide = Interval(mean=0.5, low=-1.5, high=2.5, n=2)
    shown = [Place(place.settings, wide) for place in places(found, "ejection_rate")]
    assert figure(found, "ejection_rate", shown, short, "").axes[0].get_ylim() == (-5.0, 105.0)


@pytest.mark.parametrize("measure", ["calls.share.blocked", "commands.failed"])
def test_an_axis_of_what_never_happens_has_no_room_below_nought(measure: str) -> None:
    """Nobody is to wonder what a share or a count of less than 0 would be."""
    for hypercube, over in ((None, {"faults.0.for": ["5s", "15s"]}), (2, {"faults.0.for": "5s..15s"})):
        axes = picture(swept(over, hypercube), measure).axes[0]
        assert axes.get_ylim() == (-0.05, 1.0)


def test_a_measure_that_does_not_exist_is_refused() -> None:
    """The message names the option and what to write."""
    assert check_measures(["Intro-IVR.ejection_rate"]) == ["Intro-IVR.ejection_rate"]
    with pytest.raises(InputError, match=r"--measure: unknown measure .*ejection_rate"):
        check_measures(["ejection_rat"])
    with pytest.raises(InputError, match=r"--measure: unknown measure \(got calls\.final\); write one of calls\.final"):
        check_measures(["calls.final"])
    with pytest.raises(InputError, match=r"--measure: no such app or client \(got Intro-IRV\); write Intro-IVR"):
        check_measures(["Intro-IRV.ejection_rate"], small())
