"""A headless Chromium of the machine's own, with nothing of its user and no word to anybody but the page's server."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

PROGRAMS: Final = ("chromium", "chromedriver")
WIDTH_PX: Final = 1100
_ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)


LONG: Final = pytest.mark.skipif("TEST_PAGES" not in os.environ, reason="one of the long ones: make test-pages")
"""Of a test that `make test` leaves out where there is a browser."""


def missing() -> list[str]:
    """The programs that are not on this machine; Debian has them as `chromium` and `chromium-driver`."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """A browser with an empty profile in a folder, for the time of the block."""
    browser, driver = (shutil.which(program) for program in PROGRAMS)
    options = webdriver.ChromeOptions()
    options.binary_location = browser or ""
    for argument in (*_ARGUMENTS, f"--user-data-dir={profile}", f"--window-size={WIDTH_PX},900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options, Service(driver))
    try:
        yield running
    finally:
        running.quit()


def keep_downloads(driver: webdriver.Chrome, folder: Path) -> None:
    """Have what pages download kept in a folder."""
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})


def be_offline(driver: webdriver.Chrome, *, offline: bool = True) -> None:
    """Take the network away, or give it back."""
    conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)


def show_as(
    driver: webdriver.Chrome, *, scheme: str = "light", width_px: int = WIDTH_PX, height_px: int = 900
) -> None:
    """Have pages shown in a colour scheme and a window of a size."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
