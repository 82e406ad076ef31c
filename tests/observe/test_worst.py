"""The outages that cost most, and what happened in them, read off the tables."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from stasis_sim import Results, Scenario, run
from stasis_sim.observe.worst import Outage, Step, steps, worst
from stasis_sim.scenario.overrides import Overrides

TEXT = """\
asterisk:
  profile: PROFILE
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Hangup()
clients: {ivr: {apps: Intro-IVR, service: 0s, on StasisStart: [answer], reconnect: {constant: 2s}}}
calls: [{to: ivr@default, arrivals: {every: 1s}, hold: 3500ms}]
faults: [{drop: ivr, at: [20s, 60s], for: 5s}, {drop: ivr, at: 100s, for: 12s}]
run: {duration: 150s, warmup: 10s, replications: 2}
"""

SECOND = 1_000_000


def done(profile: str = "asterisk-22", changes: Overrides = ()) -> Results:
    """Run the scenario."""
    return run(Scenario.parse(TEXT.replace("PROFILE", profile), name="three.yaml").where(changes))


def found(results: Results, most: int = 10) -> list[Outage]:
    """Return the worst outages of a run."""
    directories = results.tree.directories(each.number for each in results.replications)
    return worst(directories, results.scenario.run.warmup_us, most)


def told(results: Results, outage: Outage) -> list[Step]:
    """Return the steps of an outage."""
    return steps(outage, results.replications[outage.replication - 1].notes["end_us"])


def test_what_an_outage_costs_is_ranked() -> None:
    """Who was not served counts most, then what else was lost, then whether it is over, then its length."""
    least = Outage(Path(), 1, 1, "ivr", "torn", 0, 10, 0, ejected=0, unheard=0, missed=0, orphaned=0)
    ranked = [
        least,
        least._replace(end=11),
        least._replace(end=None),
        least._replace(missed=1),
        least._replace(orphaned=2),
        least._replace(missed=2, orphaned=1),
        least._replace(unheard=1),
        least._replace(ejected=1, unheard=1),
    ]
    assert all(less.cost() < more.cost() for less, more in pairwise(ranked))


def test_the_worst_outage_is_the_one_that_ejected_most() -> None:
    """Numbers and times are those of the table; of equal ones the first one of the first replication comes first.

    Number 1 is the one up to the first connection, long before the end of the warm-up.
    """
    results = done()
    outages = found(results)
    assert [(each.replication, each.number) for each in outages] == [(1, 4), (2, 4), (1, 2), (1, 3), (2, 2), (2, 3)]
    rows = {(row["replication"], row["from_s"]): row for row in results.outages.to_dict("records")}
    for each in outages:
        row = rows[each.replication, each.start / SECOND]
        assert (each.ejected, each.missed, each.orphaned) == (row["ejected"], row["missed"], row["orphaned"])
        assert each.end is not None
        assert each.end / SECOND == row["to_s"]
    assert len(found(results, 2)) == 2


def test_callers_of_whom_nobody_heard_count_like_those_who_were_ejected() -> None:
    """As documented nobody is ejected, and the long outage is the worst one all the same."""
    worst_one, *_ = found(done("documented"))
    assert (worst_one.number, worst_one.ejected) == (4, 0)
    assert worst_one.unheard == found(done())[0].ejected


def test_outages_that_were_over_before_the_warm_up_do_not_count() -> None:
    """One that reaches beyond it does."""
    assert {each.number for each in found(done(changes={"run.warmup": "30s"}))} == {3, 4}
    assert {each.number for each in found(done(changes={"run.warmup": "21s"}))} == {2, 3, 4}


def test_the_steps_of_an_outage_sum_up_to_what_it_cost() -> None:
    """What was ejected and missed in it; before and after it calls enter, and those inside leave."""
    results = done()
    outage = found(results)[0]
    rows = told(results, outage)
    assert sum(row.ejected for row in rows) == outage.ejected
    assert sum(row.missed for row in rows) == outage.missed
    first, last = rows[0], rows[-1]
    assert first.start < outage.start
    assert outage.end is not None
    assert last.start > outage.end
    assert first.entered == last.entered == (rows[1].start - rows[0].start) // SECOND
    assert first.heard > 0
    inside = [row.inside for row in rows if outage.start <= row.start < outage.end - 2 * SECOND]
    assert inside == sorted(inside, reverse=True)


def test_levels_and_counts_are_those_of_the_tables() -> None:
    """Each step counts from its beginning up to the next one's, and calls inside at its end."""
    results = done()
    outage = found(results)[0]
    rows = told(results, outage)
    attempts = results.attempts[results.attempts["replication"] == outage.replication]
    commands = results.commands[results.commands["replication"] == outage.replication]
    for row, following in pairwise(rows):
        low, high = row.start / SECOND, following.start / SECOND
        within = attempts[(attempts["at_s"] >= low) & (attempts["at_s"] < high)]
        assert row.entered == (within["result"] == "entered").sum()
        there = attempts[(attempts["result"] == "entered") & (attempts["at_s"] < high)]
        assert row.inside == (~(there["left_s"] < high)).sum()
        sent = commands[(commands["at_s"] >= low) & (commands["at_s"] < high)]
        assert row.commands == ((sent["status"] > 0) & (sent["status"] < 400)).sum()


def test_a_request_without_an_answer_was_neither_carried_out_nor_refused() -> None:
    """Asterisk was killed over it."""
    changes = {"faults": [{"restart": "asterisk", "at": "59002ms", "for": "5s"}], "asterisk.latency": "600ms"}
    results = done(changes=changes)
    rows = told(results, found(results)[0])
    sent = results.commands[results.commands["replication"] == 1]
    within = sent[(sent["at_s"] >= rows[0].start / SECOND) & (sent["at_s"] < rows[-1].start / SECOND)]
    assert within["status"].isna().any()
    assert sum(row.commands + row.refused for row in rows[:-1]) == within["status"].notna().sum()


def test_what_happened_once_is_told_in_order() -> None:
    """The client loses its connection, tries in vain every two seconds, and is back."""
    results = done()
    moments = [moment for row in told(results, found(results)[0]) for moment in row.moments]
    assert [moment.at for moment in moments] == sorted(moment.at for moment in moments)
    tries = [moment for moment in moments if moment.what == "refused"]
    assert len(tries) == 5
    assert {(moment.who, moment.reason) for moment in tries} == {("ivr", "network")}
    assert [moment.what for moment in moments if moment not in tries] == ["away", "torn", "opened", "back"]


@pytest.mark.parametrize(("seconds", "step"), [(1, 1), (15, 2), (116, 15), (600, 60), (20_000, 3600)])
def test_steps_have_round_lengths_and_are_few(seconds: int, step: int) -> None:
    """However long an outage is."""
    results = done(changes={"run.replications": 1})
    outage = found(results)[0]._replace(end=seconds * SECOND, start=0)
    rows = steps(outage, 2 * seconds * SECOND)
    assert {following.start - row.start for row, following in pairwise(rows)} == {step * SECOND}
    assert len(rows) <= 15


def test_an_outage_without_an_end_lasts_to_the_end_of_the_run() -> None:
    """An app that never comes back is told of up to there."""
    results = done(changes={"clients.ivr.reconnect": "none", "run.replications": 1})
    outage, *others = found(results)
    assert (outage.end, others) == (None, [])
    rows = told(results, outage)
    assert sum(row.ejected for row in rows) == outage.ejected
    assert rows[-1].start < 150 * SECOND


def test_an_app_that_no_client_has_ever_connected_for_is_told_of_too() -> None:
    """Its clients are not known, so no command counts."""
    results = done(changes={"clients.ivr.apps": "Other", "faults": [], "run.replications": 1})
    outage, *others = found(results)
    assert others == []
    rows = told(results, outage)
    assert sum(row.ejected for row in rows) == outage.ejected > 0
    assert sum(row.commands for row in rows) == 0
