"""Stories of programs that do not catch the error of a request."""

from __future__ import annotations

import pytest

from tests.stories.stage import MS, S, Stage

LATE = """
clients:
  ivr:
    apps: Intro-IVR
    on StasisStart: [answer, {{wait: {wait}}}, continue]
    on StasisEnd: hangup
    reconnect: none
    {keys}
calls: [{{to: ivr@default, arrivals: {{at: [1s, 2s, 9s]}}, hold: 3s, kind: local}}]
run: {{duration: 20s}}
"""
"""Each caller hangs up three seconds after the answer, and the StasisEnd is answered with a hangup that is too late."""

HEARD = 4 * S + 12 * MS
"""When the program hears of the first 404: StasisEnd is raised at 4.004 s, handled behind another event."""


def test_an_error_ends_the_handling_alone() -> None:
    """A program that ignores errors goes on serving, with a 404 for each call."""
    story = Stage(LATE.format(wait="1h", keys="on_error: ignores"))
    assert [status for _, method, _, status in story.requests() if method == "DELETE"] == [404, 404, 404]
    assert story.tries() == [(0, None, "")]


def test_an_error_that_nobody_catches_ends_the_program() -> None:
    """It dies when the answer has reached it, and stays away: the second caller is orphaned, the third ejected."""
    story = Stage(LATE.format(wait="1h", keys="on_error: crashes"), "asterisk-22")
    assert story.tries() == [(0, HEARD, "closed")]
    assert story.away()[1:] == [(HEARD, None, "crash")]
    assert story.results == ["entered", "entered", "ejected forgotten"]
    assert story.fates("StasisEnd") == ["delivered", "missed"]
    assert story.world.clients[0].dead


def test_a_supervisor_makes_a_crash_loop_of_it() -> None:
    """The program is started again after each crash, and each call that ends crashes it once more."""
    story = Stage(LATE.format(wait="1h", keys="on_error: crashes\n    supervisor: 500ms"))
    starts = [opened for opened, _, _ in story.tries()]
    assert starts == [0, HEARD + 500 * MS, HEARD + 1 * S + 500 * MS, HEARD + 8 * S + 500 * MS]
    assert [cause for _, _, cause in story.away()] == ["start", "crash", "crash", "crash"]


def test_the_other_handlers_die_with_the_program() -> None:
    """What waits in the handler of another call is never sent, also when the program has been started again."""
    for keys, done in (("on_error: ignores", ["c1", "c2"]), ("on_error: crashes\n    supervisor: 1ms", ["c1"])):
        story = Stage(LATE.format(wait="2500ms", keys=keys).replace("at: [1s, 2s, 9s]", "at: [1s, 2s]"))
        assert [path[:2] for _, _, path, _ in story.requests() if path.endswith("continue")] == done


def test_the_last_request_of_a_list_counts_too() -> None:
    """Nothing follows a hangup, and yet its answer is waited for, as it may be an error."""
    story = Stage(LATE.format(wait="0s", keys="on_error: crashes"))
    assert [status for _, _, _, status in story.requests()] == [204, 204, 404]
    assert len(story.away()) == 2


def test_silence_is_no_error() -> None:
    """A request that nobody answers ends its handling, not the program."""
    text = LATE.format(wait="1s", keys="on_error: crashes")
    story = Stage(text.replace("run:", "faults: [{restart: asterisk, at: 1500ms, for: 20s}]\nrun:"))
    assert [status for _, _, _, status in story.requests()] == [204, 0]
    assert not story.world.clients[0].dead


def test_a_list_of_requests_ends_with_the_program() -> None:
    """Of several variables to set on a channel that is gone the first is the last request of the dead program."""
    text = LATE.format(wait="1h", keys="on_error: crashes")
    story = Stage(text.replace("StasisEnd: hangup", "StasisEnd: [{set: {A: x, B: y}}]"))
    assert [path for _, _, path, status in story.requests() if status == 404] == ["c1/variable"]


@pytest.mark.parametrize(("own", "back"), [("", 7 * S), (", supervisor: 1s", 6 * S)])
def test_the_supervisor_watches_all_ends_of_a_program(own: str, back: int) -> None:
    """It starts what its policy has ended too, unless the policy has a supervisor of its own."""
    policy = f"{{none: {{gives_up: crashes{own}}}}}"
    story = Stage(
        f"""
clients: {{ivr: {{apps: Intro-IVR, on_error: crashes, supervisor: 2s, reconnect: {policy}}}}}
faults: [{{drop: ivr, at: 5s}}]
run: {{duration: 20s}}
"""
    )
    assert story.tries() == [(0, 5 * S, "torn"), (back, None, "")]
