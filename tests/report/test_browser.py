"""Reports in a real browser: headless Chromium, at the width of a desk and of a phone, in the light and in the dark."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By

from stasis_sim.report.tables import cell

BROWSER: Final = shutil.which("chromium")
DRIVER: Final = shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER) and not os.environ.get("CI"),
    reason="no chromium and chromedriver here; .ci/run installs them",
)

OPTIONS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

KINDS: Final = ("run", "comparison", "sweep")
WIDTHS: Final = {"desk": 1280, "phone": 375}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One browser for all tests of this module."""
    assert BROWSER is not None, "apt-get install chromium"
    assert DRIVER is not None, "apt-get install chromium-driver"
    options = ChromeOptions()
    options.binary_location = BROWSER
    for option in (*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=ChromeService(DRIVER))
    yield driver
    driver.quit()


def log(browser: Any, kind: str) -> list[Any]:
    """Return what the browser has logged of a kind since it was last asked."""
    entries: list[Any] = browser.get_log(kind)
    return entries


def open_page(browser: Chrome, page: Path, width: int, scheme: str) -> list[str]:
    """Open a page, and return the addresses that it asked for: the browser's own first page may still be loading."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width == WIDTHS["phone"]},
    )
    preference = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preference]})
    log(browser, "performance")
    log(browser, "browser")
    browser.get(page.as_uri())
    messages = [json.loads(entry["message"])["message"] for entry in log(browser, "performance")]
    sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
    return [params["request"]["url"] for params in sent if params["documentURL"] == page.as_uri()]


def look(browser: Chrome, script: str) -> Any:
    """Return what a script finds in the page."""
    return browser.execute_script(f"return {script}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_opens_without_network_errors_or_scrolling_aside(
    browser: Chrome, reports: dict[str, Path], kind: str, width: str, scheme: str
) -> None:
    """It asks for nothing but itself, the console is empty, and its paper is as dark as asked.

    Nothing sticks out, also when all is unfolded.
    """
    asked = open_page(browser, reports[kind], WIDTHS[width], scheme)
    assert [url for url in asked if not url.startswith("data:")] == [reports[kind].as_uri()]
    assert log(browser, "browser") == []
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert look(browser, "document.documentElement.scrollWidth") <= WIDTHS[width]
    paper = look(browser, "getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(part) for part in paper.removeprefix("rgb(").removesuffix(")").split(","))
    assert (brightness < 3 * 128) == (scheme == "dark")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_key_figures_of_a_run_can_be_read(browser: Chrome, reports: dict[str, Path], width: str) -> None:
    """The question, the answer with its uncertainty, and the same number as measures.json in the tiles."""
    open_page(browser, reports["run"], WIDTHS[width], "light")
    total = json.loads((reports["run"].parent / "measures.json").read_text("utf-8"))["measures"]["total"]
    rate = total["ejection_rate"]
    assert browser.find_element(By.TAG_NAME, "h1").text == "What does a moment's outage cost?"
    said = browser.find_element(By.ID, "answer").text
    assert " calls were ejected" in said
    assert f"With 95 % confidence such a run ejects {100 * rate['low']:.2f} % to {100 * rate['high']:.2f} %" in said
    tiles = [tile.text.split("\n")[:2] for tile in browser.find_elements(By.CSS_SELECTOR, ".tiles div")]
    assert ["Ejection rate", cell("ejection_rate", rate)] in [[label, number] for label, number in tiles]


@pytest.mark.parametrize(("width", "shown"), [("desk", "wide"), ("phone", "narrow")])
def test_pictures_are_as_wide_as_the_screen_asks_for(
    browser: Chrome, reports: dict[str, Path], width: str, shown: str
) -> None:
    """One of two pictures is shown, its text can be found and is not smaller than eight pixels."""
    open_page(browser, reports["run"], WIDTHS[width], "light")
    pictures = {kind: browser.find_element(By.CSS_SELECTOR, f"#pictures .{kind} svg") for kind in ("wide", "narrow")}
    assert {kind for kind, picture in pictures.items() if picture.is_displayed()} == {shown}
    text = pictures[shown].find_element(By.XPATH, ".//*[text()='0']")
    assert text.size["height"] >= 8


def test_a_comparison_and_a_sweep_say_what_they_found(browser: Chrome, reports: dict[str, Path]) -> None:
    """The paired difference with its interval, and where a measure is least and where most."""
    open_page(browser, reports["comparison"], WIDTHS["desk"], "light")
    assert browser.find_element(By.ID, "answer").text.startswith("30s ejects ")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".variants section")) == 2
    open_page(browser, reports["sweep"], WIDTHS["desk"], "light")
    assert browser.find_element(By.ID, "answer").text.startswith("The ejection rate is least, ")
    assert len(browser.find_elements(By.CSS_SELECTOR, "#points tbody tr")) == 4


def test_the_worst_outage_is_told_step_by_step(browser: Chrome, reports: dict[str, Path]) -> None:
    """Its table has the calls that were ejected in it, and says when the client was away and when it was back."""
    open_page(browser, reports["run"], WIDTHS["phone"], "light")
    outage = browser.find_element(By.CSS_SELECTOR, "#outages article")
    assert outage.find_element(By.TAG_NAME, "h3").text.startswith("Intro-IVR was away for ")
    said = outage.text
    assert "1:00.000 Intro-IVR is away" in said
    assert "ivr tries to connect and fails, " in said
    ejected = [column.text for column in outage.find_elements(By.CSS_SELECTOR, "tr.away td.bad:nth-of-type(2)")]
    assert f"{sum(int(number) for number in ejected if number != '·')} calls were ejected" in said
