"""Operations as whoever is on call sees them: what is red says what to do, and old figures say how old they are."""

import asyncio
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from operations.dead_letters.letter_desk import LetterDesk
from operations.http.examples import REPORT
from operations.report_desk import ReportDesk
from operations.shapes import OperationsReport
from tests.builders import body, json_bytes
from tests.operations.conftest import boxes
from tests.operations.dead_letters.box import Boxes
from tests.txn_api.browser.chromium import LONG, WIDTH_PX, be_offline, missing, show_as
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api
from workers.events.dead_letters import Seal

__all__ = ["boxes"]

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}")

RED: dict[str, Any] = deepcopy(REPORT) | {
    "state": "critical",
    "findings": [
        {
            "state": "critical",
            "figure": "unowned_shards",
            "subject": "index",
            "text": "No process reads 1 shard of index, for 3 min.",
            "runbook": "/runbook/unowned_shards",
        },
        {
            "state": "warning",
            "figure": "latency",
            "subject": None,
            "text": "One answer in a hundred takes 900 ms or more.",
            "runbook": "/runbook/latency",
        },
    ],
}


class SetReports:
    """A desk whose reports are set by a test. The dead letters are those of the real one."""

    def __init__(self, report: dict[str, Any], letters: LetterDesk) -> None:
        self.set, self.letters, self.asked = report, letters, 0

    async def report(self) -> OperationsReport:
        self.asked += 1
        return OperationsReport.model_validate(self.set)


def reporting(api: Api, report: dict[str, Any]) -> SetReports:
    """Let the service report this from now on."""
    services = api.app.state.services
    desk = SetReports(report, services.store(ReportDesk).letters)
    api.app.state.services = replace(services, stores={**services.stores, ReportDesk: desk})
    return desk


async def at_operations(visitor: Visitor) -> None:
    """Go there with a key."""
    await visitor.open("#/operations")
    await visitor.give_key()


async def test_what_is_red_says_what_to_do(visitor: Visitor, api: Api) -> None:
    """In words, with a page of the runbook; and when it is mended, the page says so by itself."""
    desk = reporting(api, RED)
    await visitor.open("#/operations")
    await visitor.until(lambda: visitor.text("key-news"), "No key yet")
    assert not await visitor.text("ops")
    await visitor.give_key()
    await visitor.until(lambda: visitor.text("ops-news"), "1 critical, 1 warning")
    found = await visitor.text("ops-findings")
    assert "Critical: No process reads 1 shard of index, for 3 min. What to do" in found
    assert "Warning: One answer in a hundred takes 900 ms or more. What to do" in found
    assert "41 ms: warning" in await visitor.text("ops-figures")
    assert "critical" in await visitor.text("ops-drain-rows")
    assert "9+ host-1234-ab 2026-01-02 03:03" in await visitor.text("ops-shard-rows")
    assert "3.75 $" in await visitor.text("ops-cost")
    link = "return arguments[0].querySelector('a').getAttribute('href')"
    assert await visitor.script(link, "ops-findings") == "/runbook/unowned_shards"
    desk.set = REPORT | {"findings": [], "state": "ok"}
    await visitor.until(lambda: visitor.text("ops-news"), "All is as it should be")
    assert await visitor.text("ops-findings") == ""


@LONG
async def test_a_dead_letter_is_sent_again_by_keyboard(visitor: Visitor, api: Api, boxes: Boxes) -> None:
    """It is shown, looked at, and sent once; what has the focus keeps it while the figures are read again."""
    letters = api.services.store(ReportDesk).letters
    letters.bucket._store, letters._seal = boxes.store, Seal.of(boxes.settings)
    admitted = api.services.admission.admit(json_bytes(body()), account=api.account, request_text="")
    await boxes.unwritable(1, bytes(admitted.data))
    desk = reporting(api, REPORT)
    await at_operations(visitor)
    await visitor.until(lambda: visitor.text("ops-news"), "1 warning")
    await visitor.tab_to("letters-reason")
    await visitor.press("unw")
    await visitor.tab_to("letters-show")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("letter-rows"), "ValidationException")
    asked = desk.asked
    while desk.asked == asked:  # noqa: ASYNC110 - a page has no events for tests
        await asyncio.sleep(0.02)
    assert await visitor.focused() == "letters-show"
    await visitor.press(Keys.TAB, Keys.TAB, Keys.TAB, Keys.ENTER)  # send all, the table, Look
    await visitor.until(lambda: visitor.text("letter-says"), "unwritable.")
    await visitor.tab_to("letter-send")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("letter-news"), "1 sent")
    assert await visitor.focused() == "letter-close"
    await visitor.press(Keys.ESCAPE)
    await visitor.click("letters-send")
    await visitor.until(lambda: visitor.text("letter-title"), "Send all unwritable again?")
    await visitor.click("letter-send")
    await visitor.until(lambda: visitor.text("letter-news"), "1 replayed. was sent before")
    await visitor.click("letter-close")


@LONG
async def test_a_key_that_may_read_alone_is_told_so(visitor: Visitor, api: Api) -> None:
    """It sees the figures, and a letter is not sent by it; one with neither right sees the problem alone."""
    reporting(api, REPORT)
    reader = await api.key("operations:read")
    await visitor.open("#/operations")
    await visitor.give_key(reader["Authorization"].removeprefix("Bearer "))
    await visitor.until(lambda: visitor.text("ops-news"), "1 warning")
    await visitor.click("letters-send")
    await visitor.click("letter-send")
    assert "operations:write" in await visitor.until(lambda: visitor.text("letter-problem"), "scope_missing")
    other = await api.key("transactions:read")
    await visitor.open("#/operations")
    await visitor.give_key(other["Authorization"].removeprefix("Bearer "))
    assert "operations:read" in await visitor.until(lambda: visitor.text("ops-problem"), "scope_missing")
    assert not await visitor.text("ops")


@LONG
async def test_figures_that_get_old_say_so(visitor: Visitor, api: Api) -> None:
    """While the service is away the last ones stay, with their age; then they are read again by themselves."""
    reporting(api, REPORT)
    await at_operations(visitor)
    await visitor.until(lambda: visitor.text("ops-news"), "1 warning")
    await visitor.do(be_offline)
    await visitor.until(lambda: visitor.text("ops-problem"), "No answer")
    await visitor.until(lambda: visitor.text("ops-age"), "These figures are")
    assert "251" in await visitor.text("ops-figures")
    await visitor.do(lambda driver: be_offline(driver, offline=False))
    await visitor.until(lambda: visitor.text("ops-age"), "Read every 2 seconds")
    assert await visitor.text("ops-problem") == ""


@LONG
async def test_a_part_that_is_missing_leaves_the_others(visitor: Visitor, api: Api) -> None:
    """And with nothing at all the page still stands."""
    finding = {
        "state": "warning",
        "figure": "missing",
        "subject": "drains",
        "text": "Nothing is known of drains: a store does not answer.",
        "runbook": "/runbook/missing",
    }
    away = {"drains": None, "missing": [{"part": "drains", "reason": "store_unavailable"}], "findings": [finding]}
    desk = reporting(api, REPORT | away)
    await at_operations(visitor)
    await visitor.until(lambda: visitor.text("ops-findings"), "Nothing is known of drains")
    assert not await visitor.text("ops-drains")
    assert await visitor.text("ops-api")
    desk.set = REPORT | away | {"api": None, "dead_letters": None, "cost": None}
    await visitor.until(lambda: visitor.text("ops"), "Nothing is known of drains")
    async with asyncio.timeout(30):
        while await visitor.text("ops-api"):  # noqa: ASYNC110 - a page has no events for tests
            await asyncio.sleep(0.02)


@LONG
async def test_it_reads_while_somebody_looks_alone(visitor: Visitor, api: Api) -> None:
    """The reading that was planned when the view was left is the last one, until somebody comes back."""
    desk = reporting(api, REPORT)
    await visitor.open("#/operations")
    planning = "window.setTimeout = (work) => { window.planned = work; return 1; }"
    await visitor.do(lambda driver: driver.execute_script(planning))
    await visitor.give_key()
    goes_on = (
        "const work = window.planned; window.planned = null; await work(); return String(window.planned !== null)"
    )

    async def went_on() -> str:
        return str(await visitor.do(lambda driver: driver.execute_script(f"return (async () => {{ {goes_on} }})()")))

    await visitor.until(lambda: visitor.text("ops-news"), "1 warning")
    assert await went_on() == "true"
    await visitor.click("go-sample")
    await visitor.until(visitor.focused, "title-sample")
    assert await went_on() == "false"
    asked = desk.asked
    await visitor.click("go-operations")
    async with asyncio.timeout(30):
        while desk.asked == asked:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.02)


@LONG
@pytest.mark.parametrize(
    ("scheme", "width_px"), [("light", WIDTH_PX), ("dark", WIDTH_PX), ("light", 320), ("dark", 390)]
)
async def test_it_is_for_everybody(visitor: Visitor, api: Api, scheme: str, width_px: int) -> None:
    """No finding of axe-core, and no scrolling to the side."""
    reporting(api, RED)
    await visitor.do(lambda driver: show_as(driver, scheme=scheme, width_px=width_px))
    await at_operations(visitor)
    await visitor.until(lambda: visitor.text("ops-news"), "1 critical")
    assert await visitor.violations() == []
    assert (
        await visitor.do(lambda driver: driver.execute_script("return document.documentElement.scrollWidth"))
        <= width_px
    )
    await visitor.click("letters-send")
    await visitor.until(lambda: visitor.text("letter-title"), "Send all")
    assert await visitor.violations() == []
