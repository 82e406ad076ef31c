"""``pytest scenarios/``: each scenario that expects something is a test, with a failure that a user can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.experiments.small import TEXT

pytest_plugins = ["pytester"]


@pytest.fixture
def scenarios(pytester: pytest.Pytester) -> Path:
    """A scenario that holds, one that does not, one that cannot be read, one as Windows writes it, and other YAML."""
    folder = pytester.mkdir("scenarios")
    (folder / "good.yaml").write_text(TEXT, "utf-8")
    (folder / "bad.yaml").write_text(TEXT.replace("calls > 50", "calls > 5000"), "utf-8")
    (folder / "broken.yaml").write_text(TEXT.replace("hold: 5s", "hold: 5").replace("rate <", "rat <"), "utf-8")
    (folder / "windows.yaml").write_bytes(TEXT[TEXT.index("asterisk:") :].replace("\n", "\r\n").encode("utf-8-sig"))
    (folder / "compose.yaml").write_text("services: {web: {image: nginx}}\n", "utf-8")
    return folder


def test_each_scenario_is_a_test(pytester: pytest.Pytester, scenarios: Path) -> None:
    """What holds passes, what does not fails, and other YAML is left alone."""
    done = pytester.runpytest_subprocess("-p", "no:randomly", "-v", str(scenarios))
    done.assert_outcomes(passed=2, failed=2)
    done.stdout.fnmatch_lines(["*good.yaml::expect PASSED*", "*windows.yaml::expect PASSED*"])
    done.stdout.no_fnmatch_line("*compose.yaml*")


def test_a_failure_says_what_was_expected_and_what_was_seen(pytester: pytest.Pytester, scenarios: Path) -> None:
    """No traceback: the expectations, those that failed first, and the command that shows more."""
    done = pytester.runpytest_subprocess(str(scenarios))
    done.stdout.fnmatch_lines(
        [
            "scenarios/bad.yaml (asterisk-22): A small question",
            "  FAILED: expected calls > 5000; saw * (3 replications)",
            "  ok: expected ejection_rate < 50%; saw * % (3 replications)",
            "again: stasis-sim run scenarios/bad.yaml",
        ]
    )
    done.stdout.fnmatch_lines(["scenarios/broken.yaml:6:*calls.0.hold: no unit (got 5)*"])
    done.stdout.fnmatch_lines(["scenarios/broken.yaml:9:* expect.1: unknown measure (got ejection_rat); write *"])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_a_failure_says_what_may_be_amiss(pytester: pytest.Pytester, scenarios: Path) -> None:
    """What a run of it would warn of."""
    text = (scenarios / "good.yaml").read_text("utf-8")
    (scenarios / "bad.yaml").write_text(text.replace("apps:", "password: wrong, apps:"), "utf-8")
    done = pytester.runpytest_subprocess(str(scenarios / "bad.yaml"))
    done.stdout.fnmatch_lines(["  warning: scenarios/bad.yaml:*clients.ivr.password: Asterisk never lets it in: 401 *"])


def test_results_are_kept_where_the_option_says(pytester: pytest.Pytester, scenarios: Path) -> None:
    """Without it a test run leaves nothing behind."""
    pytester.runpytest_subprocess(str(scenarios / "good.yaml"))
    assert not list(pytester.path.rglob("measures.json"))
    pytester.runpytest_subprocess(str(scenarios / "good.yaml"), "--stasis-results", "kept")
    assert list(pytester.path.glob("kept/good/*/measures.json"))
