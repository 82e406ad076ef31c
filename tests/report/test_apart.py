"""What sets variants apart in single apps and clients."""

from __future__ import annotations

from functools import cache

from stasis_sim.api import Results, compare
from stasis_sim.experiments.comparisons import variants_of
from stasis_sim.report.apart import MOST_ROWS, OF_CLIENTS, apart_table, of_each
from stasis_sim.report.page_parts import apart
from stasis_sim.scenario import Scenario

TEXT = """\
asterisk:
  profile: asterisk-22
  extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\nexten => talk,1,Stasis(Super-Conference)\\n"
clients:
  ivr: {apps: Intro-IVR, reconnect: {constant: 1s}}
  talk: {apps: Super-Conference}
calls:
  - {to: ivr@default, arrivals: {poisson: 2/s}, hold: 5s, patience: 3s}
  - {to: talk@default, arrivals: {poisson: 2/s}, hold: 5s, patience: 3s}
faults: [{drop: ivr, at: 20s, for: 20s}]
run: {duration: 1min, replications: 4, record: measures}
"""


@cache
def variants(key: str, *values: str) -> dict[str, Results]:
    """The scenario with some values of a key."""
    return compare(variants_of(Scenario.parse(TEXT, name="two.yaml"), {key: list(values)}))


def lengths() -> dict[str, Results]:
    """Two lengths of the outage."""
    return variants("faults.0.for", "10s", "20s")


def test_only_who_is_apart_is_told_of() -> None:
    """A longer outage of one client is seen in its app and its tries; of the others nothing is said."""
    found = {each.label: each for each in of_each(lengths())}
    assert {
        "Intro-IVR: callers lost",
        "Intro-IVR: ejection rate",
        "Intro-IVR: mean time to return",
        "ivr: tries to connect",
    } <= set(found)
    assert all(label.startswith(("Intro-IVR: ", "ivr: ")) for label in found)
    tries = found["ivr: tries to connect"]
    assert (tries.app, tries.client, tries.measure) == (None, "ivr", "connections")
    assert (tries.differences["20s"]["mean"], tries.differences["20s"]["low"]) == (10, 10)


def test_what_chance_explains_is_not_told() -> None:
    """An outage that is a millisecond longer ejects nobody more, and is no try more."""
    labels = [each.label for each in of_each(variants("faults.0.for", "20s", "20001ms"))]
    assert "Intro-IVR: ejection rate" not in labels
    assert "ivr: tries to connect" not in labels


def test_the_same_is_apart_in_nothing() -> None:
    """Then there is no table."""
    same = variants("faults.0.for", "20s", "20001ms")["20s"]
    assert of_each({"one": same, "other": same}) == []
    assert apart_table({"one": same, "other": same}) == ""


def test_a_single_app_is_the_total() -> None:
    """Only its clients are told of."""
    calls = [next(iter(lengths().values())).scenario.data()["calls"][0]]
    done = compare({name: found.scenario.where({"calls": calls}) for name, found in lengths().items()})
    assert {each.client for each in of_each(done)} == {"ivr"}


def test_the_table_as_it_is_printed() -> None:
    """The means of each variant with their intervals, in the columns of the table above it."""
    lines = apart_table(lengths()).splitlines()
    assert lines[0].split() == ["they", "differ", "in", "10s", "20s"]
    assert [line.split() for line in lines if line.startswith("ivr: tries to connect")] == [
        ["ivr:", "tries", "to", "connect", "11", "21"]
    ]


def test_the_page_has_them_after_the_total() -> None:
    """With the sign of the difference and the meaning of the measure."""
    rows = {row.label: row for row in apart(lengths())}
    assert list(rows).index("ejection rate") < list(rows).index("ivr: tries to connect")
    assert rows["ivr: tries to connect"].cells == ["+10"]
    assert rows["ivr: tries to connect"].meaning == "How often a client tried to connect."


def test_many_clients_are_not_all_printed() -> None:
    """The terminal shows some and says how many more there are."""
    clients = {f"bot{number:02}": {"apps": f"app{number:02}", "reconnect": {"constant": "1s"}} for number in range(9)}
    faults = [{"drop": name, "at": "20s", "for": "5s"} for name in clients]
    scenario = Scenario.parse(TEXT, name="many.yaml").where({"clients": clients, "faults": faults})
    done = compare({"short": scenario, "long": scenario.where({f"faults.{at}.for": "15s" for at in range(9)})})
    found = of_each(done)
    assert len(found) == 2 * 9 > MOST_ROWS
    assert {each.measure for each in found} == {"connections", "connections.refused"} <= set(OF_CLIENTS)
    lines = apart_table(done).splitlines()
    assert len(lines) == 2 + MOST_ROWS + 1
    assert lines[-1] == f"and {18 - MOST_ROWS} more of single apps and clients; --json has all"
