"""How well alerts work, as whoever leads reviewers sees it."""

import asyncio

import pytest
from selenium.webdriver.common.keys import Keys

from tests.txn_api.browser.chromium import LONG, WIDTH_PX, be_offline, missing, show_as
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api
from tests.txn_api.counted_scores import scored
from tests.txn_api.raised_alerts import raised

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}")


async def decided(api: Api, frauds: int, legitimate: int, *, first: int = 0, open_: int = 0) -> None:
    """Alerts of one rule with their labels."""

    async def one(number: int) -> None:
        hits = ("spree",) if number % 2 else ()
        alert = await raised(api, number, score=600 + number % 400, rule_hits=hits)
        place = number - first
        if place < frauds + legitimate:
            value = "fraud" if place < frauds else "legitimate"
            body = {"transaction_id": alert.transaction_id, "value": value}
            assert (await api.client.post("/labels", json=body)).is_success

    numbers = range(first, first + frauds + legitimate + open_)
    for start in range(0, len(numbers), 8):
        await asyncio.gather(*map(one, numbers[start : start + 8]))


async def at_quality(visitor: Visitor, fragment: str = "#/alerts/quality") -> None:
    """Go there with a key."""
    await visitor.open(fragment)
    await visitor.give_key()


async def test_the_threshold_that_fits_is_found_by_keyboard_alone(visitor: Visitor, api: Api) -> None:
    """From the queue and back; every proportion has its denominator, and the address says what is shown."""
    await scored(api)
    await decided(api, 12, 8, open_=4)
    await visitor.open("#/alerts")
    await visitor.give_key()
    await visitor.script("document.querySelector('#view-alerts .lead a').focus()", "view-alerts")
    await visitor.press(Keys.ENTER)
    await visitor.until(visitor.focused, "title-quality")
    await visitor.until(lambda: visitor.text("quality-news"), "24 alerts. 500 transactions were scored since")
    assert "Of 20 decided alerts 12 were frauds, 60.0 % (38.7 to 78.1)." in await visitor.text("quality-seen")
    rules = await visitor.text("quality-rows")
    for part in ("Three in one night", "live, alert", "20 of 500\n4.00 %", "6 of 10: 60.0 %", "0 by rules alone"):
        assert part in rules
    assert "shadow, alert" in rules
    assert "5 of 500\n1.00 %" in rules
    assert "alerts from 600\nscores now" in await visitor.text("quality-rows")
    assert "Say how many" in await visitor.text("quality-advice")
    await visitor.tab_to("quality-reviews")
    await visitor.press("24")
    shown = await visitor.until(lambda: visitor.text("quality-advice"), "at most 24 alerts")
    assert "is 600, which is in force now" in shown
    assert await visitor.fragment() == "#/alerts/quality?days=30&reviews=24"
    await visitor.press("0")
    shown = await visitor.until(lambda: visitor.text("quality-advice"), "at most 240 alerts")
    assert "not known: none were raised so far below" in shown
    assert await visitor.script("return document.querySelectorAll('#quality-plot circle').length", "quality") >= 1
    await visitor.do(lambda driver: driver.find_element("css selector", "#quality-table summary").click())
    await visitor.until(lambda: visitor.text("quality-points"), "600 (now)")
    assert "12 of 12: 100.0 %" in await visitor.text("quality-points")


@LONG
async def test_what_is_not_known_is_not_said(visitor: Visitor, api: Api) -> None:
    """No key, no alerts, and few of them."""
    await visitor.open("#/alerts/quality")
    assert not await visitor.text("quality")
    await visitor.give_key()
    await visitor.until(lambda: visitor.text("quality-news"), "There are no alerts of these days.")
    await decided(api, 1, 1)
    await visitor.script("arguments[0].value = '7'; arguments[0].dispatchEvent(new Event('change'))", "quality-days")
    await visitor.until(lambda: visitor.text("quality-news"), "2 alerts.")
    assert "2 of 2 alerts are decided: too few" in await visitor.text("quality-seen")
    assert "1 of 2: too few to say" in await visitor.text("quality-rows")
    assert await visitor.fragment() == "#/alerts/quality?days=7"


@LONG
async def test_a_key_that_may_not_read_alerts_and_a_service_that_is_away_are_told(visitor: Visitor, api: Api) -> None:
    header = await api.key("transactions:read")
    await visitor.open("#/alerts/quality")
    await visitor.give_key(header["Authorization"].removeprefix("Bearer "))
    await visitor.until(lambda: visitor.text("quality-problem"), "scope_missing")
    assert not await visitor.text("quality")
    await at_quality(visitor)
    await visitor.until(lambda: visitor.text("quality-age"), "Read just now")
    await visitor.do(be_offline)
    await visitor.click("quality-again")
    await visitor.until(lambda: visitor.text("quality-problem"), "No answer")
    await visitor.do(lambda driver: be_offline(driver, offline=False))
    await visitor.do(lambda driver: driver.find_element("css selector", "#quality-problem button").click())
    await visitor.until(lambda: visitor.text("quality-age"), "Read just now")
    await visitor.go("#/alerts/other")
    await visitor.until(visitor.fragment, "#/nowhere")


@LONG
async def test_a_report_that_is_old_is_marked(visitor: Visitor) -> None:
    await at_quality(visitor)
    await visitor.until(lambda: visitor.text("quality-age"), "Read just now")
    await visitor.script("const now = Date.now; Date.now = () => now() + 6 * 60000; return 0", "quality")
    await visitor.script("document.dispatchEvent(new Event('visibilitychange')); return 0", "quality")
    await visitor.until(lambda: visitor.text("quality-age"), "6 min ago: more may be known by now")


@LONG
@pytest.mark.parametrize(("scheme", "width_px"), [("light", 320), ("dark", WIDTH_PX)])
async def test_quality_is_accessible(visitor: Visitor, api: Api, scheme: str, width_px: int) -> None:
    await scored(api)
    await decided(api, 6, 6, open_=2)
    await visitor.do(lambda driver: show_as(driver, scheme=scheme, width_px=width_px))
    await at_quality(visitor, "#/alerts/quality?days=7&reviews=9")
    await visitor.until(lambda: visitor.text("quality-advice"), "at most 9 alerts")
    await visitor.do(lambda driver: driver.find_element("css selector", "#quality-table summary").click())
    assert await visitor.violations() == []
    assert await visitor.script("return document.documentElement.scrollWidth") == width_px
    assert await visitor.script("return arguments[0].getBoundingClientRect().width", "quality-plot") <= width_px
