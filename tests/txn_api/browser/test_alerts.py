"""Cases as reviewers decide them: by keys and by buttons, and with others at the same case."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.builders import issued_card_number
from tests.txn_api.browser.chromium import LONG, WIDTH_PX, missing, show_as
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api
from tests.txn_api.raised_alerts import raised

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}")


async def at_queue(visitor: Visitor, fragment: str = "#/alerts") -> None:
    """Go there with a key."""
    await visitor.open(fragment)
    await visitor.give_key()


@LONG
async def test_the_queue_is_by_score_or_by_amount(visitor: Visitor, api: Api) -> None:
    """Amounts with their decimals, and never compared over currencies."""
    for number, score, currency in ((1, 700, "USD"), (2, 950, "EUR"), (3, 800, "USD"), (4, 800, "JPY")):
        await raised(api, number, score=score, currency=currency)
    await at_queue(visitor)
    await visitor.until(lambda: visitor.text("queue-news"), "4 cases.")
    scores = "return Array.from(arguments[0].rows, row => row.cells[0].textContent).join()"
    amounts = "return Array.from(arguments[0].rows, row => row.cells[2].textContent).join()"
    assert await visitor.script(scores, "queue-rows") == "950,800,800,700"
    choose = "arguments[0].value = 'amount'; arguments[0].dispatchEvent(new Event('change'))"
    await visitor.script(choose, "queue-order")
    assert await visitor.script(amounts, "queue-rows") == "20.00 EUR,4000 JPY,30.00 USD,10.00 USD"
    await visitor.script(
        "arguments[0].value = 'closed'; arguments[0].dispatchEvent(new Event('change'))", "queue-status"
    )
    await visitor.until(lambda: visitor.text("queue-news"), "There are no such cases.")


async def test_a_case_is_decided_in_two_keystrokes(visitor: Visitor, api: Api) -> None:
    """Next, claim, what and why: never a pointer; and the labels are there."""
    alert = await raised(api, 1, score=950)
    await raised(api, 2, score=700)
    await at_queue(visitor)
    await visitor.tab_to("queue-next")
    await visitor.press(Keys.ENTER)
    shown = await visitor.until(lambda: visitor.text("case"), "Claimed by key_")
    for part in ("10.00 USD", "950 of 999", "the amount is unusual for the card (speaks for fraud)", "critical"):
        assert part in shown
    await visitor.until(visitor.focused, "title-case")
    await visitor.press("f", "1")
    await visitor.until(lambda: visitor.text("case-head"), "Closed as fraud: The holder denies it.")
    assert not await visitor.text("decision")
    await visitor.do(lambda driver: driver.find_element("css selector", "#case-alerts summary").click())
    await visitor.until(lambda: visitor.text("case-alerts"), "fraud by analyst")
    labels = await api.client.get(f"/labels/{alert.transaction_id}")
    assert labels.json()["history"][-1]["value"] == "fraud"
    await visitor.script("arguments[0].focus()", "title-case")
    await visitor.press("n")
    await visitor.until(lambda: visitor.text("case-head"), "700 of 999")
    await visitor.until(visitor.focused, "title-case")
    await visitor.press("i", "2")
    await visitor.until(lambda: visitor.text("case-head"), "Closed as inconclusive")
    await visitor.press("n")
    await visitor.until(lambda: visitor.text("case-news"), "No case is free")


@LONG
async def test_a_case_that_changed_is_read_again(visitor: Visitor, api: Api) -> None:
    """Nothing is decided of what nobody saw; then it can be, by a reason of one's own, and reopened."""
    alert = await raised(api, 1)
    await at_queue(visitor, f"#/cases/{alert.case_id}")
    await visitor.until(lambda: visitor.text("case-head"), "Free to be claimed")
    await raised(api, 9, card_id=alert.card_id)
    await visitor.click("decide-legitimate")
    assert await visitor.focused() == "reasons-title"
    await visitor.write("reason", "The shop is next door.")
    await visitor.submit("reason-form")
    await visitor.until(lambda: visitor.text("case-problem"), "409")
    assert "2 alerts" in await visitor.text("case-head")
    await visitor.write("reason", "The shop is next door: f, l and i are letters here.")
    await visitor.submit("reason-form")
    await visitor.until(lambda: visitor.text("case-head"), "Closed as legitimate: The shop is next door")
    assert await visitor.text("case-problem") == ""
    await visitor.write("case-text", "The holder has called.")
    await visitor.click("case-reopen")
    await visitor.until(lambda: visitor.text("case-audit"), "reopened")
    await visitor.write("case-text", f"paid by {issued_card_number(3)}")
    await visitor.click("case-note")
    await visitor.until(lambda: visitor.text("case-problem"), "card_number_misplaced")
    await visitor.click("case-snooze")
    await visitor.until(lambda: visitor.text("case-head"), "Put off until")
    await visitor.click("case-claim")
    await visitor.until(lambda: visitor.text("case-head"), "Claimed by")
    await visitor.click("case-release")
    await visitor.until(lambda: visitor.text("case-head"), "Free to be claimed")


@LONG
async def test_a_key_that_may_not_review_is_told_so(visitor: Visitor, api: Api) -> None:
    header = await api.key("alerts:read")
    alert = await raised(api, 1)
    await visitor.open(f"#/cases/{alert.case_id}")
    await visitor.until(lambda: visitor.text("case-news"), "Give a key above")
    await visitor.give_key(header["Authorization"].removeprefix("Bearer "))
    await visitor.until(lambda: visitor.text("case-head"), "Free to be claimed")
    await visitor.click("case-claim")
    assert "cases:write" in await visitor.until(lambda: visitor.text("case-problem"), "403")
    await visitor.go("#/cases/cas_00000000000000000000000000000000")
    await visitor.until(lambda: visitor.text("case-problem"), "404")
    assert not await visitor.text("case")


@LONG
@pytest.mark.parametrize(("scheme", "width_px"), [("light", 320), ("dark", WIDTH_PX)])
async def test_review_is_accessible(visitor: Visitor, api: Api, scheme: str, width_px: int) -> None:
    alert = await raised(api, 1, score=950)
    await visitor.do(lambda driver: show_as(driver, scheme=scheme, width_px=width_px))
    await at_queue(visitor)
    await visitor.until(lambda: visitor.text("queue-news"), "1 case.")
    assert await visitor.violations() == []
    await visitor.go(f"#/cases/{alert.case_id}")
    await visitor.until(lambda: visitor.text("case-head"), "Free to be claimed")
    await visitor.click("decide-fraud")
    assert await visitor.violations() == []
    assert await visitor.script("return document.documentElement.scrollWidth") == width_px


async def test_a_key_that_is_forgotten_takes_what_it_showed_with_it(visitor: Visitor, api: Api) -> None:
    """The queue is of an account, and the next key may be another account's."""
    await raised(api, 1)
    await at_queue(visitor)
    await visitor.until(lambda: visitor.text("queue-news"), "1 case.")
    await visitor.click("forget")
    assert not await visitor.text("queue")
    assert await visitor.script("return arguments[0].rows.length", "queue-rows") == 0
    await visitor.go("#/sample")
    await visitor.go("#/alerts")
    await visitor.until(lambda: visitor.text("key-news"), "No key yet")
    assert await visitor.script("return arguments[0].rows.length", "queue-rows") == 0
