"""Somebody who looks at the questions in a browser, and with a clock in the hand."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypedDict

from selenium import webdriver
from selenium.webdriver.common.by import By

PAINTING: Final = Path(__file__).with_name("painting.js").read_text()
WAIT_S_MAX: Final = 120.0
LOOK_EVERY_S: Final = 0.01


class Painted(TypedDict):
    """A picture that is painted: how long ago, in ms, its answer began, it was asked for, the view was entered.

    And `cpu_ms`, the CPU time of the page's main thread since the view was entered: it tells of the page on a machine
    that others use, too.
    """

    question: str
    answered_ms: float
    asked_ms: float
    entered_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Looker:
    """Works the browser."""

    driver: webdriver.Chrome
    url: str
    key: str = field(repr=False)

    def open(self) -> None:
        """Load the page again, with nothing from a cache, and give the key."""
        self.driver.set_script_timeout(WAIT_S_MAX)
        self.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
        self.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        self.driver.get("about:blank")
        self.driver.get(self.url)
        self._until("return document.getElementById('ready').textContent", "yes")
        self.driver.execute_script(
            "arguments[0].value = arguments[1]; arguments[2].requestSubmit()",
            self.driver.find_element(By.ID, "key"), self.key, self.driver.find_element(By.ID, "key-form"),
        )  # fmt: skip
        self._until("return document.getElementById('key-news').textContent", "held in this tab's memory")

    def leave(self) -> None:
        """Go to the entrance, and let its view be there."""
        self.driver.execute_script("location.hash = '#/'")
        self._until("return String(document.getElementById('view-insight').hidden)", "true")

    def look(self, fragment: str, questions: Sequence[str]) -> list[Painted]:
        """Go to a place, and wait until the pictures of these questions are painted.

        Raises:
            selenium.common.exceptions.TimeoutException: one was not in time.
        """
        before_ms = self._cpu_ms()
        painted: list[Painted] = self.driver.execute_async_script(PAINTING, fragment, list(questions))
        cpu_ms = self._cpu_ms() - before_ms
        for each in painted:
            each["cpu_ms"] = cpu_ms
        return painted

    def _cpu_ms(self) -> float:
        """CPU time of all tasks of the page's main thread so far."""
        metrics = self.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return 1_000 * next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")

    def _until(self, script: str, wanted: str) -> None:
        deadline = time.monotonic() + WAIT_S_MAX
        seen: Any = ""
        while wanted not in (seen := str(self.driver.execute_script(script))):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{wanted!r} is not to be seen: {seen!r}")
            time.sleep(LOOK_EVERY_S)
