"""Takes the README's picture of the page: `python -m tests.txn_api.browser.screenshot FILE`.

A local stack with simulated rows is started for it, so that the picture shows what a reader gets.
"""

import asyncio
import base64
import csv
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from devkit.running_stack import running_stack
from selenium.webdriver.common.keys import Keys

from tests.txn_api.browser.chromium import WIDTH_PX, chromium, missing, show_as
from tests.txn_api.browser.visitor import Visitor
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows

ROWS: Final = 2_000
CARDS: Final = 25
SEED: Final = 8


async def visit(visitor: Visitor, key: str, card: str) -> None:
    """Use the page as a newcomer would: a key, a sample, a card."""
    await visitor.open()
    await visitor.give_key(key)
    await visitor.script("arguments[0].requestSubmit()", "sample-form")
    await visitor.until(lambda: visitor.text("sample-news"), "found by look-ups")
    await visitor.script("arguments[0].value = '10'", "limit")
    await visitor.write("card", card)
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("results-news"), "Page 1")
    # What was typed is a made-up number; a picture of one invites to paste real ones into tickets.
    await visitor.script("arguments[0].value = ''", "card")
    await visitor.click("refresh")
    await visitor.until(lambda: visitor.text("put"), f"{ROWS + 1:,}")


def take(file: Path) -> None:
    """Take the picture, from the top of the page to the end of the results."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.csv"
        with rows.open("w", newline="") as target:
            write_rows(simulate_rows(rows=ROWS, cards=CARDS, seed=SEED), target)
        with rows.open(newline="") as source:
            ((card, _),) = Counter(row["cc_num"] for row in csv.DictReader(source)).most_common(1)
        with running_stack(Path(folder) / "data") as stack, chromium(Path(folder) / "profile") as driver:
            stack.txn("load", str(rows))
            stack.wait_caught_up()
            show_as(driver)
            asyncio.run(visit(Visitor(driver, f"{stack.ready['api_url']}/"), stack.ready["api_key"], card))
            bottom = driver.execute_script(
                "return document.querySelector('nav').getBoundingClientRect().bottom + scrollY"
            )
            clip = {"x": 0, "y": 0, "width": WIDTH_PX, "height": bottom + 24, "scale": 1}
            picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(base64.b64decode(picture["data"]))


if __name__ == "__main__":
    if missing():
        sys.exit(f"not on this machine: {', '.join(missing())}")
    take(Path(sys.argv[1]))
