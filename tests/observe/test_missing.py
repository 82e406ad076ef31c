"""The ledger of missed events: it is what the tables say, and its sums are the measures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from stasis_sim import Results, Scenario, run
from stasis_sim.observe.missing import COLUMNS, FATES, KEYS, ledger, summary
from stasis_sim.observe.tables import Tables
from stasis_sim.observe.trace import Attempt, Connection, Event, Recorder
from stasis_sim.observe.vocabulary import CAUSES, MEANINGS

SCENARIO = """\
asterisk:
  profile: documented
  extensions: |
    [default]
    exten => ivr,1,Stasis(Intro-IVR)
     same => n,Stasis(Super-Conference)
     same => n,Hangup()
    exten => other,1,Stasis(Other)
     same => n,Hangup()
clients:
  ivr:
    apps: [Intro-IVR, Super-Conference]
    on StasisStart: [answer, {play: {exponential: 4s}}, {play: {exponential: 4s}}, continue]
    service: {exponential: 100ms}
    recover: list-channels
    reconnect: {constant: 1s}
  other: {apps: Other, latency: 300ms, on StasisStart: [answer, {play: 2s}, hangup], reconnect: {constant: 1s}}
calls:
  - {to: ivr@default, arrivals: {poisson: 1/s}, hold: {exponential: 12s}, patience: {exponential: 10s}}
  - {to: other@default, arrivals: {poisson: 1/s}, hold: {exponential: 5s}, patience: {exponential: 5s}}
faults:
  - {drop: ivr, every: {exponential: 20s}, for: {exponential: 5s}}
  - {FAULT: other, at: [15s, 45s, 70s]FOR}
run: {duration: 90s, warmup: 20s, replications: 2, seed: 7}
"""

FAULTS = {"drop": ", for: 4s", "crash": ", start: 6s", "freeze": ", for: 5s", "restart": ", start: 3s"}


@pytest.fixture(scope="module", params=FAULTS)
def results(request: pytest.FixtureRequest) -> Results:
    """A run in which events are missed, lost and late, some of them before the end of the warm-up."""
    fault = request.param
    text = SCENARIO.replace("FAULT", fault).replace("FOR", FAULTS[fault])
    return run(Scenario.parse(text, name=f"{fault}.yaml"))


def test_the_sums_are_the_measures(results: Results) -> None:
    """What counts by app, type and fate is the measure of that name, replication by replication."""
    rows = results.ledger()
    assert not rows["counted"].all()
    for replication in results.replications:
        counted = rows[rows["counted"] & (rows["replication"] == replication.number)]
        for app, measures in replication.measures["apps"].items():
            mine = counted[counted["app"] == app]
            found = ("events." + mine["fate"] + "." + mine["type"]).value_counts().to_dict()
            wanted = {
                name: value
                for name, value in measures.items()
                if name.split(".")[0] == "events" and name.count(".") == 2 and name.split(".")[1] in FATES
            }
            assert found == wanted


def test_each_event_falls_into_the_outage_that_counts_it(results: Results) -> None:
    """The rows of an outage that are missed or lost are as many as the table of outages says."""
    rows = results.ledger()
    gone = rows[rows["fate"].isin(["missed", "lost"])]
    found = gone.groupby(["replication", "app", "outage"]).size().to_dict()
    outages = results.outages
    numbers = outages.groupby(["replication", "app"]).cumcount() + 1
    for number, outage in zip(numbers, outages.to_dict("records"), strict=True):
        assert found.get((outage["replication"], outage["app"], number), 0) == outage["missed"]
        mine = rows[(rows["replication"] == outage["replication"]) & (rows["app"] == outage["app"])]
        mine = mine[mine["outage"] == number]
        assert set(mine["from_s"]) <= {outage["from_s"]}
        assert set(mine["cause"]) <= {outage["cause"]}


def test_stale_state_is_counted_as_the_ledger_tells_it(results: Results) -> None:
    """Calls that arrived after the warm-up and are stale in the ledger are the measure: nobody was forgotten here."""
    rows = results.ledger()
    calls = results.calls
    counted = calls[calls["arrived_s"] >= 20][["replication", "call"]]
    stale = rows[rows["meaning"] == "stale_state"].merge(counted, on=["replication", "call"])
    assert len(stale)
    for replication in results.replications:
        mine = stale[stale["replication"] == replication.number]
        assert mine["call"].nunique() == replication.measures["total"]["stale_state"]
        for app, measures in replication.measures["apps"].items():
            assert mine[mine["app"] == app]["call"].nunique() == measures["stale_state"]


def test_rows_are_the_events_of_the_table(results: Results) -> None:
    """The ledger has all events that were missed, lost, late or misdelivered, in their order, and words that exist."""
    rows = results.ledger()
    assert list(rows.columns) == list(COLUMNS)
    events = results.events
    unheard = events[events["fate"].isin(FATES)].reset_index(drop=True)
    shared = ["replication", "app", "call", "type", "raised_s", "fate", "delivered_s", "connection"]
    pd.testing.assert_frame_equal(rows[shared], unheard[shared], check_dtype=False)
    assert set(rows["meaning"]) <= set(MEANINGS)
    assert set(rows["cause"]) <= {*CAUSES, ""}
    late = rows["fate"] == "late"
    assert (rows["late_s"].notna() == late).all()
    assert (rows[late]["late_s"] == (rows["delivered_s"] - rows["raised_s"])[late].round(6)).all()


def test_summing_up_loses_no_event(results: Results) -> None:
    """Whatever it is summed up by, each event is counted once."""
    rows = results.ledger()
    for by, keys in KEYS.items():
        sums = summary(rows, by)
        assert not sums.duplicated(list(keys)).any()
        for fate in FATES:
            assert sums[fate].sum() == (rows["fate"] == fate).sum()


def written(folder: Path, *events: Event, connection: Connection, end: int, warmup: int = 0) -> pd.DataFrame:
    """Return the ledger of a run with one call, in which the app ``ivr`` dies at 10 µs and is back at 20 µs."""
    with Tables(1, folder) as sink:
        recorder = Recorder(sink=sink)
        recorder.app_state("ivr", 0, registered=True, working=True)
        own = recorder.connection("bot", ("ivr",), 0)
        own.closed, own.how = connection.closed, connection.how
        call = recorder.call(1, "calls.0", 1)
        attempt = Attempt("ivr", (), 1, "entered")
        attempt.left = end
        call.attempts.append(attempt)
        for event in events:
            event.connection = None if event.connection is None else own
            call.events.append(event)
        recorder.app_state("ivr", 10, registered=False, working=False, cause="crash")
        recorder.app_state("ivr", 20, registered=True, working=True)
        call.ended = end
        recorder.ended(call)
        recorder.finish(50)
    return ledger([folder], warmup)


def happened(type_: str, at: int, fate: str, connection: Connection | None = None) -> Event:
    """An event for ``ivr``."""
    event = Event(at, "ivr", type_, at)
    event.fate, event.connection = fate, connection
    return event


def link(closed: int | None, how: str) -> Connection:
    """A connection that ended."""
    connection = Connection(1, "bot", ("ivr",), 0)
    connection.closed, connection.how = closed, how
    return connection


def test_what_was_on_its_way_when_the_client_died_is_in_no_outage(tmp_path: Path) -> None:
    """It was raised before: the cause is that of the outage with which its connection ended."""
    broken = link(10, "closed")
    rows = written(tmp_path, happened("StasisStart", 9, "lost", broken), connection=broken, end=30)
    assert rows["outage"].isna().all()
    assert rows[["cause", "meaning"]].to_numpy().tolist() == [["crash", "unknown_call"]]


def test_without_an_outage_the_connection_says_why(tmp_path: Path) -> None:
    """One that was lost although its app was never away has the end of its connection for a cause."""
    replaced = link(40, "replaced")
    rows = written(tmp_path, happened("PlaybackFinished", 35, "lost", replaced), connection=replaced, end=41)
    assert rows["cause"].tolist() == ["replaced"]
    assert rows["outage"].isna().all()


def test_the_last_instant_of_an_outage_belongs_to_it(tmp_path: Path) -> None:
    """As in the table of outages."""
    rows = written(
        tmp_path,
        happened("StasisStart", 1, "delivered", link(10, "closed")),
        happened("ChannelDtmfReceived", 10, "missed"),
        happened("StasisEnd", 20, "missed"),
        connection=link(10, "closed"),
        end=20,
    )
    assert rows["outage"].tolist() == [1, 1]
    assert rows["from_s"].tolist() == [1e-5, 1e-5]
    assert rows["meaning"].tolist() == ["key_to_repeat", "stale_state"]


def test_the_last_instant_of_the_warm_up_counts(tmp_path: Path) -> None:
    """An event that is raised when the warm-up is over is counted, one of a microsecond before is not."""
    events = (happened("ChannelDtmfReceived", at, "missed") for at in (11, 12))
    rows = written(tmp_path, *events, connection=link(10, "torn"), end=13, warmup=12)
    assert rows["counted"].tolist() == [False, True]


def test_variables_right_before_a_hangup_are_statistics(tmp_path: Path) -> None:
    """Those of the same instant, with nothing but their like between; others are variables."""
    rows = written(
        tmp_path,
        happened("ChannelVarset", 11, "missed"),
        happened("ChannelVarset", 12, "missed"),
        happened("ChannelVarset", 12, "missed"),
        happened("ChannelHangupRequest", 12, "missed"),
        happened("ChannelVarset", 12, "missed"),
        connection=link(10, "closed"),
        end=12,
    )
    assert rows["meaning"].tolist() == ["information", "statistics", "statistics", "never_knew", "information"]


def test_a_run_in_which_all_was_heard_has_an_empty_ledger(tmp_path: Path) -> None:
    """Its columns are there, and it can be summed up."""
    rows = written(
        tmp_path, happened("StasisStart", 1, "delivered", link(10, "torn")), connection=link(10, "torn"), end=5
    )
    assert list(rows.columns) == list(COLUMNS)
    assert rows.empty
    for by, keys in KEYS.items():
        assert list(summary(rows, by).columns) == [*keys, *FATES, "calls", "latest_s"]


def test_only_what_is_needed_is_read(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls and commands are not opened, and events that everybody heard of are sorted out before they are rows."""
    asked: list[tuple[str, int]] = []
    original = pq.read_table

    def watched(source: Path, **options: object) -> object:
        found = original(source, **options)
        asked.append((source.stem, found.num_rows))
        return found

    monkeypatch.setattr(pq, "read_table", watched)
    results.ledger()
    assert {name for name, _ in asked} <= {"events", "attempts", "outages", "connections"}
    assert max(rows for name, rows in asked if name == "events") < len(results.events) / 3


def test_what_came_to_another_program_is_in_the_ledger(tmp_path: Path) -> None:
    """It was not heard by the program that works for the call, whatever its type; but the app knows of the call."""
    rows = written(
        tmp_path,
        happened("StasisStart", 1, "misdelivered", link(10, "closed")),
        happened("ChannelDtmfReceived", 2, "misdelivered", link(10, "closed")),
        happened("StasisEnd", 12, "missed"),
        connection=link(10, "closed"),
        end=12,
    )
    assert rows["fate"].tolist() == ["misdelivered", "misdelivered", "missed"]
    assert rows["meaning"].tolist() == ["wrong_program", "wrong_program", "stale_state"]
