"""What known client libraries do in an outage: the results that were measured, and those that their sources give."""

from __future__ import annotations

import pickle
from itertools import accumulate, pairwise

import pytest

from stasis_sim.scenario.presets import PRESETS
from tests.stories.stage import MS, S, Stage
from tests.stories.test_reconnecting import TRIP, attempts


def outage(policy: str, fault: str, *, duration: str = "30min", latency: str = "1ms") -> Stage:
    """Let a client with a policy lose its connection at 10 s."""
    return Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, latency: {latency}, reconnect: {policy}}}}}
calls: [{{to: ivr@default, arrivals: {{every: 20s}}, hold: 30s, patience: 5s}}]
faults: [{{{fault}, at: 10s}}]
run: {{duration: {duration}}}
"""
    )


def back(policy: str, lasts: str) -> int | None:
    """How long after the loss a client with a policy is connected again, without the way there; None: never."""
    found = outage(policy, f"drop: ivr, for: {lasts}").tries()[-1]
    return found[0] - 10 * S if found[1:] == (None, "") else None


# ---- every preset ----------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_runs(name: str) -> None:
    """Each is known by its name alone, goes through a cut, a dead link and a crash, and all sums balance."""
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {name}, on StasisStart: [answer, {{play: 2s}}, continue]}}}}
calls: [{{to: ivr@default, arrivals: {{poisson: 1/s}}, hold: 30s, patience: 5s}}]
faults:
  - {{drop: ivr, at: 20s, for: 15s}}
  - {{freeze: ivr, at: 1min, for: 1min}}
  - {{restart: ivr, at: 3min, start: 2s, for: 5s, mode: blackhole}}
run: {{duration: 5min}}
"""
    )
    assert story.tries()[0][:2] == (0, 20 * S)
    assert story.touched[2] >= 1
    assert "served" in story.outcomes


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_crosses_over_to_another_process(name: str) -> None:
    """A scenario that names it comes out of a pickle as it went in."""
    scenario = Stage(f"clients: {{ivr: {{apps: Intro-IVR, reconnect: {name}}}}}\nrun: {{duration: 1s}}").scenario
    assert pickle.loads(pickle.dumps(scenario)) == scenario  # noqa: S301 - its own


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_a_preset_is_what_a_scenario_can_write_out(preset: object) -> None:
    """Written out with its own keys, a preset does the very same."""
    assert isinstance(preset, type(PRESETS["aioari"]))
    text = str(preset.reconnect).replace("'", "").replace("True", "true")
    fault = "drop: ivr, for: 100s, mode: blackhole"
    named, written = (outage(policy, fault, duration="10min") for policy in (preset.name, text))
    assert named.tries() == written.tries()
    assert named.calls[-1].ended == written.calls[-1].ended


def test_a_field_of_a_preset_can_be_overridden() -> None:
    """Twice the attempts outlast an outage that the library does not; the rest stays as it is."""
    assert back("node-ari-client", "60s") is None
    assert back("{node-ari-client: {attempts: 20}}", "60s") == 62_700 * MS + 11 * TRIP
    pinged = "{node-ari-client: {ping: {interval: 10s, timeout: 10s}}}"
    assert outage(pinged, "freeze: ivr, for: 60s").tries()[0][1:] == (20 * S + 2 * MS, "frozen")
    assert outage("{ava-ai-voice-agent: {ping: none}}", "freeze: ivr, for: 60s").tries() == [(0, None, "")]


# ---- known results ---------------------------------------------------------------

DELAYS = (100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000)
"""Of node-ari-client, in milliseconds, as its source has them."""


@pytest.mark.parametrize("latency", [0, 1, 3])
def test_attempts_of_node_ari_client_fall_on_the_sums_of_its_delays(latency: int) -> None:
    """Each begins a delay after the failure of the one before, which came a connect time after it began."""
    story = outage("node-ari-client", "drop: ivr, for: 60s", latency=f"{latency}ms")
    offsets = [opened - 10 * S for opened, _, _ in story.tries()[1:]]
    assert offsets == [total * MS + number * 2 * latency * MS for number, total in enumerate(accumulate(DELAYS))]


def test_the_attempts_that_were_measured_fall_on_the_same_sums() -> None:
    """What is measured beyond the delays is each attempt's connect time: above 0, and below the shortest delay."""
    measured = [round(offset * 1000) for offset in PRESETS["node-ari-client"].measured["attempt_offsets_s"]]
    beyond = [after - before - delay for (before, after), delay in zip(pairwise([0, *measured]), DELAYS, strict=True)]
    assert all(0 < each < min(DELAYS) for each in beyond)
    assert len(measured) == len(attempts("node-ari-client"))


def test_node_ari_client_never_returns_from_more_than_42_7_seconds() -> None:
    """From 40 s it comes back with its last attempt at 42.7 s; from a minute never: a zombie."""
    connecting = 9 * TRIP
    assert back("node-ari-client", "40s") == 42_700 * MS + connecting
    assert back("node-ari-client", "42700ms") == 42_700 * MS + connecting
    assert back("node-ari-client", "42800ms") is None
    story = outage("node-ari-client", "drop: ivr, for: 60s")
    assert len(story.tries()) == 11
    assert story.away()[1:] == [(10 * S, None, "torn")]
    assert not story.world.clients[0].dead


def test_ari4java_never_returns_from_more_than_87_seconds() -> None:
    """2, 5 and 8 times 10 s are its ten attempts; one that hears nothing costs it 10 s more."""
    assert back("ari4java", "80s") == 87 * S + 9 * TRIP
    assert back("ari4java", "87s") == 87 * S + 9 * TRIP
    assert back("ari4java", "88s") is None
    story = outage("ari4java", "drop: ivr, for: 1h, mode: blackhole", duration="10min")
    assert story.tries()[-1] == (10 * S + 87 * S + 90 * S, 10 * S + 87 * S + 100 * S, "refused: timeout")


def test_asyncari_crashes() -> None:
    """At the first loss the program is dead, with what it was doing; an outage of no length is enough."""
    story = outage("asyncari", "drop: ivr")
    assert len(story.tries()) == 1
    assert story.world.clients[0].dead
    assert story.world.clients[0].generation == 1


def test_aioari_returns_silently() -> None:
    """It makes no attempt, and what it had received it has handled: nobody is told that it is gone."""
    text = """
clients: {{ivr: {{apps: Intro-IVR, service: 2s, reconnect: {policy}}}}}
calls: [{{to: ivr@default, arrivals: {{at: 9s}}, patience: 20s, hold: 1s}}]
faults: [{{drop: ivr, at: 10s}}]
run: {{duration: 60s}}
"""
    returned, crashed = (Stage(text.format(policy=policy)) for policy in ("aioari", "asyncari"))
    assert returned.tries() == crashed.tries() == [(0, 10 * S, "torn")]
    assert (returned.outcomes, crashed.outcomes) == (["served"], ["stranded"])


@pytest.mark.parametrize(
    ("name", "bound_s"),
    [
        ("ava-ai-voice-agent", 20),
        ("dograh", 40),
        ("ari-client-py", 40),
        ("ari4java", 310),
        ("cycore-ari-go", 150),
        ("ari-proxy-go", 150),
    ],
)
def test_a_dead_link_is_noticed_within_its_bound(name: str, bound_s: int) -> None:
    """Whenever it dies, the client gives it up by then; and where it dies right after a ping, not much earlier."""
    noticed = [
        closed - at * S
        for at in range(700, 1000, 7)
        for _, closed, how in Stage(
            f"""
clients: {{ivr: {{apps: Intro-IVR, reconnect: {name}}}}}
faults: [{{freeze: ivr, at: {at}s, for: 1h}}]
run: {{duration: 25min}}
"""
        ).tries()
        if how == "frozen" and closed is not None
    ]
    assert len(noticed) == 43
    assert max(noticed) <= bound_s * S
    assert max(noticed) > (bound_s - 7) * S


@pytest.mark.parametrize(
    "name",
    [name for name, preset in PRESETS.items() if not {"ping", "keepalive"} & {*next(iter(preset.reconnect.values()))}],
)
def test_others_notice_no_dead_link(name: str) -> None:
    """A library that looks for no pong stays on the link, as long as it takes."""
    assert outage(name, "freeze: ivr, for: 1h", duration="20min").tries() == [(0, None, "frozen")]


def test_ipcom_goes_through_its_attempts_thirty_times() -> None:
    """Each round begins with an attempt that waits for nothing but the outer series; 127.75 s a round on average."""
    waits = attempts("ipcom-asterisk-ari", outage="3h", duration="3h")
    assert len(waits) == 900
    assert waits[0] == 0
    assert all(wait <= 10 * S for wait in waits)
    # The mean of 900 uniform delays: 3960.25 s, with a standard deviation of 80 s; five of them on either side.
    assert abs(sum(waits) - 3_960_250 * MS) < 400 * S


def test_dograh_parks_after_an_hour() -> None:
    """1, 2, 4 … 256 and then 300 s: the first failure after an hour is the last."""
    waits = attempts("dograh", duration="3h", outage="3h")
    assert waits == [2**power * S for power in range(9)] + [300 * S] * 11
    assert sum(waits[:-1]) < 3600 * S < sum(waits)


def test_ari_proxy_registers_the_app_for_programs_that_are_dead() -> None:
    """Back after a lost connection in 10 ms, it lets callers in while nobody behind it is there: none is ejected."""
    story = Stage(
        """
clients:
  proxy: {apps: Intro-IVR, reconnect: ari-proxy-go}
  ivr: {apps: Intro-IVR, behind: proxy}
calls: [{to: ivr@default, arrivals: {at: [6s, 11s]}, patience: 3s}]
faults: [{crash: ivr, at: 5s, start: 1h}, {drop: proxy, at: 10s}]
run: {duration: 30s}
""",
        "asterisk-22",
    )
    assert story.tries("proxy") == [(0, 10 * S, "torn"), (10 * S + 10 * MS, None, "")]
    assert story.outcomes == ["stranded", "stranded"]
