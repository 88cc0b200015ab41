"""A card's transactions on the page of its case: over time, on a map, and as a table."""

import pytest
from selenium.webdriver.common.keys import Keys

from fraud.review.recent_cases import SimilarCases
from tests.txn_api.browser.card_cases import travelled, used
from tests.txn_api.browser.chromium import LONG, WIDTH_PX, missing, show_as
from tests.txn_api.browser.test_alerts import at_queue
from tests.txn_api.browser.test_live_cases import colleague
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api
from tests.txn_api.raised_alerts import raised

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}"),
    LONG,
]
MARKS = "return arguments[0].querySelectorAll('svg')[%d].querySelectorAll('.mark').length"
PLACE = "case-transactions"


async def test_a_card_is_seen_over_time_and_on_a_map(visitor: Visitor, api: Api) -> None:
    """Each currency by itself, what is alerted by its shape, and the way that nobody travels in words."""
    alert = await travelled(api)
    await at_queue(visitor, f"#/cases/{alert.case_id}")
    shown = await visitor.until(lambda: visitor.text(PLACE), "As a table")
    assert "25 transactions." in shown
    assert "home, Moravian Falls, NC" in shown
    assert "Nobody travels like this:\n3,654 km in 60 min (3,654 km/h)" in shown
    assert [await visitor.script(MARKS % at, PLACE) for at in range(3)] == [22, 3, 25]
    alerted = (
        "return Array.from(arguments[0].querySelectorAll('.alerted path'), e => e.closest('svg').ariaLabel).join()"
    )
    assert await visitor.script(alerted, PLACE) == "Timeline of 22 transactions in USD,Map of 25 transactions"
    stops = "return arguments[0].querySelectorAll('.mark[tabindex=\"0\"]').length"
    assert await visitor.script(stops, PLACE) == 3
    await visitor.script("arguments[0].querySelector('.mark').focus()", PLACE)
    assert "2026-01-01 08:00: 9.00 USD, Kub and Mann 0" in await visitor.text(PLACE)
    await visitor.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert "-30.93 USD, Kub and Mann 3" in await visitor.text(PLACE)
    await visitor.press(Keys.END)
    assert ", alerted" in await visitor.text(PLACE)
    rows = "return arguments[0].querySelectorAll('tbody tr').length"
    assert await visitor.script(rows, PLACE) == 25
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("detail"), "Kub and Mann 24")


async def test_what_is_not_known_is_not_drawn(visitor: Visitor, api: Api) -> None:
    """No places, no map; no transactions, a sentence; no right to read them, what the key lacks."""
    alert = await raised(api, 1)
    await at_queue(visitor, f"#/cases/{alert.case_id}")
    await visitor.until(lambda: visitor.text(PLACE), "No transaction of these days is in the index.")
    await visitor.until(lambda: visitor.text("case-similar"), "No case is like this one.\nCases with alerts since ")
    card_id = await used(api, 2, hours=0, place=None)
    other = await raised(api, 2, card_id=card_id)
    closing = {"resolution": "legitimate", "reason": "It was her."}
    await colleague(api, "close", alert.case_id, closing)
    api.services.store(SimilarCases)._recent._kept.clear()
    await visitor.go(f"#/cases/{other.case_id}")
    assert "legitimate: It was her." in await visitor.until(
        lambda: visitor.text("case-similar"), "% alike: the reason"
    )
    assert "Places" not in await visitor.until(lambda: visitor.text(PLACE), "1 transaction.")
    header = await api.key("alerts:read")
    await visitor.open(f"#/cases/{other.case_id}")
    await visitor.give_key(header["Authorization"].removeprefix("Bearer "))
    assert "transactions:read" in await visitor.until(lambda: visitor.text(PLACE), "403")
    assert "Free to be claimed" in await visitor.text("case-head")


@pytest.mark.parametrize(("scheme", "width_px"), [("light", 320), ("dark", WIDTH_PX)])
async def test_the_pictures_are_accessible(visitor: Visitor, api: Api, scheme: str, width_px: int) -> None:
    alert = await travelled(api, 6)
    await visitor.do(lambda driver: show_as(driver, scheme=scheme, width_px=width_px))
    await at_queue(visitor, f"#/cases/{alert.case_id}")
    await visitor.until(lambda: visitor.text(PLACE), "As a table")
    await visitor.do(lambda driver: driver.find_element("css selector", f"#{PLACE} summary").click())
    assert await visitor.violations() == []
    assert await visitor.script("return document.documentElement.scrollWidth") == width_px
