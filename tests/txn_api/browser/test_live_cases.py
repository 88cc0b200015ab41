"""Cases that others change while somebody looks at them: told at once, politely, and without a row that jumps."""

import asyncio

import pytest
from selenium.webdriver.common.keys import Keys

from tests.txn_api.browser.chromium import LONG, be_offline, missing, show_as
from tests.txn_api.browser.test_alerts import at_queue
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api
from tests.txn_api.raised_alerts import raised
from txn_api.case_events import case_feeds

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}")
SCORES = "return Array.from(arguments[0].rows, row => row.cells[0].textContent).join()"
STATES = "return Array.from(arguments[0].rows, row => row.cells[5].textContent).join()"
LIVE = "return document.querySelector('.view:not([hidden]) .live').textContent"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_feeds, "LOOK_EVERY_S", 0.05)


async def colleague(api: Api, action: str, case_id: object, body: object = None) -> None:
    """What another reviewer does."""
    header = await api.key("alerts:read", "cases:write")
    answer = await api.client.post(f"/cases/{case_id}/{action}", json=body, headers=header | {"If-Match": "*"})
    assert answer.status_code == 200


async def test_the_queue_changes_in_place_and_says_so(visitor: Visitor, api: Api) -> None:
    """New cases come where they belong; the row that has the focus keeps it, and its place on the screen."""
    first = await raised(api, 1, score=700)
    await raised(api, 2, score=600)
    await visitor.do(lambda driver: show_as(driver, height_px=300))
    await at_queue(visitor)
    await visitor.until(lambda: visitor.text("queue-news"), "2 cases.")
    await visitor.until(lambda: visitor.script(LIVE), "Live")
    link = "arguments[0].querySelector('a').focus(); return arguments[0].rows[0].getBoundingClientRect().top"
    top = await visitor.script(link, "queue-rows")
    await raised(api, 3, score=950)
    await visitor.until(lambda: visitor.script(SCORES, "queue-rows"), "950,700,600")
    held = "return document.activeElement.closest('tr').getBoundingClientRect().top"
    assert abs(await visitor.script(held) - top) < 2
    await colleague(api, "claim", first.case_id)
    await visitor.until(lambda: visitor.script(STATES, "queue-rows"), "open,claimed,open")
    assert await visitor.script("return document.activeElement.closest('tr').cells[5].textContent") == "claimed"
    await visitor.until(lambda: visitor.text("queue-news"), "1 new. 3 cases.")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("case-head"), "Claimed by key_")
    await visitor.until(lambda: visitor.script(LIVE), "Live")
    await colleague(api, "note", first.case_id, {"text": "The shop was called."})
    await visitor.until(lambda: visitor.text("case-changed"), "This case has changed: it is claimed by key_")
    await visitor.do(lambda driver: driver.find_element("css selector", "#case-changed button").click())
    await visitor.until(lambda: visitor.text("case-audit"), "The shop was called.")
    assert await visitor.text("case-changed") == ""
    assert await visitor.focused() == "title-case"


@LONG
async def test_it_says_when_it_is_not_live_and_comes_back(visitor: Visitor, api: Api) -> None:
    """Without a network, in a hidden tab, and with a key that ends; nothing is missed meanwhile."""
    await raised(api, 1, score=700)
    await at_queue(visitor)
    await visitor.until(lambda: visitor.script(LIVE), "Live")
    feeds = api.services.store(case_feeds.CaseFeeds)
    hide = """
      Object.defineProperty(document, 'hidden', { value: arguments[0], configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    """
    await visitor.do(lambda driver: driver.execute_script(hide, True))
    await visitor.until(lambda: visitor.script(LIVE), "Not live while this tab is hidden")
    await until_nobody(feeds)
    await raised(api, 2, score=950)
    await visitor.do(lambda driver: driver.execute_script(hide, False))
    await visitor.until(lambda: visitor.script(SCORES, "queue-rows"), "950,700")
    await visitor.until(lambda: visitor.script(LIVE), "Live")
    await visitor.do(be_offline)
    feeds._watched[api.account].feed.end()
    await visitor.until(lambda: visitor.script(LIVE), "Not live: reading again in")
    await visitor.do(lambda driver: be_offline(driver, offline=False))
    await visitor.until(lambda: visitor.script(LIVE), "Live")
    await raised(api, 3, score=800)
    await visitor.until(lambda: visitor.script(SCORES, "queue-rows"), "950,800,700")
    await visitor.click("forget")
    assert await visitor.script(LIVE) == ""
    await visitor.go("#/")
    await until_nobody(feeds)


async def until_nobody(feeds: case_feeds.CaseFeeds) -> None:
    """Wait until nobody listens."""
    async with asyncio.timeout(60):
        while feeds._listeners:  # noqa: ASYNC110 - a heartbeat finds out who has gone
            await asyncio.sleep(0.01)


@LONG
async def test_a_case_is_assigned_and_among_ones_own(visitor: Visitor, api: Api) -> None:
    """To oneself, by the name that the stream tells; another one who assigns is seen at once; and to nobody."""
    alert = await raised(api, 1, score=700)
    await at_queue(visitor)
    await visitor.until(lambda: visitor.script(LIVE), "Live")
    own = "key_" + visitor.key.split("_")[1]
    choose = "arguments[0].value = 'mine'; arguments[0].dispatchEvent(new Event('change'))"
    await visitor.script(choose, "queue-status")
    await visitor.until(lambda: visitor.text("queue-news"), "There are no such cases.")
    await colleague(api, "assign", alert.case_id, {"assignee": own})
    await visitor.until(lambda: visitor.text("queue-rows"), f"for {own}")
    await visitor.go(f"#/cases/{alert.case_id}")
    await visitor.until(lambda: visitor.text("case-head"), f"Assigned to {own} (you) until")
    await visitor.write("assignee", "anna")
    await visitor.click("case-assign")
    assert not await visitor.script("return arguments[0].checkValidity()", "assignee")
    await visitor.write("assignee", "key_00112233445566aa")
    await visitor.submit("assign-form")
    await visitor.until(lambda: visitor.text("case-head"), "Assigned to key_00112233445566aa until")
    assert await visitor.text("case-changed") == ""
    await visitor.script("arguments[0].value = ''", "assignee")
    await visitor.submit("assign-form")
    await visitor.until(lambda: visitor.text("case-audit"), "unassigned")
    assert await visitor.script("return arguments[0].value", "assignee") == own
    assert await visitor.violations() == []
