"""Takes the README's pictures of the pages: `python -m tests.txn_api.browser.screenshots FOLDER`.

A local stack with simulated rows and a warehouse is started for them, so that the pictures show what a reader gets.
"""

import asyncio
import base64
import json
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Final

import httpx
from devkit.running_stack import RunningStack, running_stack
from selenium import webdriver

from tests.txn_api.browser.chromium import WIDTH_PX, chromium, missing, show_as
from tests.txn_api.browser.visitor import Visitor
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows

ROWS: Final = 20_000
CARDS: Final = 500
SPREAD: Final = 6
"""Every sixth row is taken, so that the rows are of some months."""
SEED: Final = 8
MARGIN_PX: Final = 24
BUILT_S_MAX: Final = 600.0
LOOK_EVERY_S: Final = 1.0


async def visit_insight(visitor: Visitor) -> None:
    """The twelve questions, all of them answered."""
    await visitor.open("#/insight")
    await visitor.give_key()
    drawn = "return document.querySelectorAll('#insight-cards svg').length"
    await visitor.until(lambda: visitor.script(drawn), "12")


async def visit_case(visitor: Visitor) -> None:
    """The most urgent case, claimed."""
    await visitor.open("#/alerts")
    await visitor.give_key()
    await visitor.click("queue-next")
    await visitor.until(lambda: visitor.text("case"), "Claimed by")
    await visitor.until(
        lambda: visitor.script("return document.querySelectorAll('#case-transactions svg').length"), "2"
    )


def picture(driver: webdriver.Chrome, last: str, *, width_px: int = WIDTH_PX) -> bytes:
    """The page from its top to the end of an element."""
    bottom = driver.execute_script(
        "return document.querySelector(arguments[0]).getBoundingClientRect().bottom + scrollY", last
    )
    clip = {"x": 0, "y": 0, "width": width_px, "height": bottom + MARGIN_PX, "scale": 1}
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    return base64.b64decode(taken["data"])


def wait_built(stack: RunningStack) -> None:
    """Wait until the warehouse has all rows, by the first question.

    Raises:
        RuntimeError: it has not after `BUILT_S_MAX`.
    """
    until = time.monotonic() + BUILT_S_MAX
    while time.monotonic() < until:
        # It is named once it answers, later than the stack is ready.
        url = json.loads((stack.data_dir / "ready.json").read_text())["insight_url"]
        asked = httpx.get(f"{url}/insight/questions/q05", headers=stack.headers, timeout=60) if url else None
        if asked is not None and asked.status_code == httpx.codes.OK:
            answer = asked.json()
            place = [column["name"] for column in answer["columns"]].index("transactions")
            if sum(row[place] or 0 for row in answer["rows"]) == ROWS:
                return
        time.sleep(LOOK_EVERY_S)
    raise RuntimeError(f"the warehouse has not all rows after {BUILT_S_MAX:.0f} s")


def take(target: Path) -> None:
    """Take the pictures into a folder."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.csv"
        with rows.open("w", newline="") as file:
            write_rows(islice(simulate_rows(rows=SPREAD * ROWS, cards=CARDS, seed=SEED), 0, None, SPREAD), file)
        data = Path(folder) / "data"
        with (
            running_stack(data, None, "--warehouse", TXN_WAREHOUSE_EVERY_S="5") as stack,
            chromium(Path(folder) / "profile") as driver,
        ):
            stack.txn("load", str(rows))
            stack.wait_caught_up()
            wait_built(stack)
            show_as(driver)
            visitor = Visitor(driver, f"{stack.ready['api_url']}/", stack.ready["api_key"])
            asyncio.run(visit_insight(visitor))
            (target / "insight.png").write_bytes(picture(driver, "#card-q03"))
            asyncio.run(visit_case(visitor))
            (target / "case.png").write_bytes(picture(driver, "#case-transactions"))


if __name__ == "__main__":
    if missing():
        sys.exit(f"not on this machine: {', '.join(missing())}")
    take(Path(sys.argv[1]))
