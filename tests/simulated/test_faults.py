"""When faults strike."""

from __future__ import annotations

from pathlib import Path

from stasis_sim.scenario import Scenario
from tests.stories.stage import MS, S, Stage


def cuts(fault: str, duration: str = "60s", *, seed: int = 1) -> list[int]:
    """When an app went away, with a client that is back at once."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: at_once}}}}
faults: [{fault}]
run: {{duration: {duration}}}
""",
        seed=seed,
    )
    return [start for start, _, _ in story.away()[1:]]


def test_at_known_instants() -> None:
    """In order of time, however they are written."""
    assert cuts("{drop: ivr, at: [20s, 10s]}") == [10 * S, 20 * S]


def test_a_strike_while_the_last_one_lasts_waits_until_that_is_over() -> None:
    """One fault does one thing at a time."""
    assert cuts("{drop: ivr, at: [10s, 12s], for: 5s}") == [10 * S]
    assert cuts("{crash: ivr, at: [10s, 12s], for: 5s, start: 0s}") == [10 * S]


def test_times_from_a_file(tmp_path: Path) -> None:
    """One column of seconds, relative to the scenario."""
    (tmp_path / "times.csv").write_text("at_s\n10.5\n30\n", "utf-8")
    text = """
asterisk: {extensions: "[default]\\nexten => ivr,1,Stasis(Intro-IVR)\\n"}
clients: {ivr: {apps: Intro-IVR, reconnect: at_once}}
faults: [{drop: ivr, csv: times.csv}]
run: {duration: 60s}
"""
    story = Stage(Scenario.parse(text, base=tmp_path))
    assert [start for start, _, _ in story.away()[1:]] == [10_500 * MS, 30 * S]


def test_random_times_belong_to_the_seed() -> None:
    """The same seed gives the same outages, another one others."""
    fault = "{drop: ivr, every: {exponential: 30s}, for: {exponential: 3s}}"
    assert cuts(fault, "30min") == cuts(fault, "30min") != cuts(fault, "30min", seed=2)
    assert len(cuts(fault, "30min")) > 20


def test_a_fault_hits_all_instances_of_its_client_and_no_other_client() -> None:
    """A target is a name of the scenario, not of a process."""
    story = Stage(
        """
clients:
  ivr: {apps: Intro-IVR, instances: 2, reconnect: none}
  ivr2: {apps: Super-Conference, reconnect: none}
faults: [{drop: ivr, at: 5s}]
run: {duration: 9s}
"""
    )
    assert {row.client: row.closed for row in story.connections} == {"ivr": 5 * S, "ivr#2": 5 * S, "ivr2": None}
